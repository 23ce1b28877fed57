"""Local programs that a step may run, and the filters that may stand behind a pipe: allow-lists, nothing else.

A program that operators add is declared with its whole command line as a template; only the declared placeholders vary,
each inside its own argument and within its pattern. It must not know how programs are run.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.commands import flags, placeholders, special
from bot.core.operations import Effect, Family, Json, Operation, Replay, Tier
from bot.core.runbooks import AllowedProgram


@dataclass(frozen=True, slots=True)
class _Filter:
    """`most_words` bounds what is not a flag: patterns and programs, never files."""

    flags: flags.Table
    most_words: int


_FILTERS: Mapping[str, _Filter] = {
    "jq": _Filter(
        flags.table("raw-output/r compact-output/c exit-status/e sort-keys/S slurp/s join-output/j ascii/a"), 1
    ),
    "head": _Filter(flags.table("lines/n= bytes/c= quiet/q"), 0),
    "tail": _Filter(flags.table("lines/n= bytes/c= quiet/q"), 0),
    "sort": _Filter(
        flags.table(
            "reverse/r numeric-sort/n human-numeric-sort/h unique/u key/k= field-separator/t= ignore-case/f stable/s "
            "version-sort/V ignore-leading-blanks/b general-numeric-sort/g month-sort/M"
        ),
        0,
    ),
    "tac": _Filter(flags.table(""), 0),
    "rev": _Filter(flags.table(""), 0),
    "nl": _Filter(flags.table("body-numbering/b= number-width/w= number-separator/s= starting-line-number/v="), 0),
    "fold": _Filter(flags.table("width/w= spaces/s bytes/b"), 0),
    "column": _Filter(flags.table("table/t separator/s= output-separator/o="), 0),
    "paste": _Filter(flags.table("serial/s delimiters/d="), 0),
    "base64": _Filter(flags.table("decode/d wrap/w= ignore-garbage/i"), 0),
    "uniq": _Filter(flags.table("count/c repeated/d unique/u ignore-case/i skip-fields/f= skip-chars/s="), 0),
    "wc": _Filter(flags.table("lines/l words/w bytes/c chars/m max-line-length/L"), 0),
    "cut": _Filter(flags.table("delimiter/d= fields/f= characters/c= bytes/b= only-delimited/s output-delimiter="), 0),
    "tr": _Filter(flags.table("delete/d squeeze-repeats/s complement/c truncate-set1/t"), 2),
    "grep": _Filter(
        flags.table(
            "ignore-case/i invert-match/v count/c extended-regexp/E fixed-strings/F only-matching/o word-regexp/w "
            "line-regexp/x max-count/m= regexp/e= quiet/q line-number/n after-context/A= before-context/B= context/C= "
            "no-messages/s text/a color?"
        ),
        1,
    ),
}

_FILTERS_OF_LANGUAGE: Mapping[str, _Filter] = {
    "awk": _Filter(flags.table("field-separator/F= assign/v="), 1),
    "sed": _Filter(flags.table("quiet/n regexp-extended/E r/r expression/e= unbuffered/u"), 1),
}
"""Filters whose one word is a program: `_AWK_REACHES` and sed's own sandbox keep it from files and other programs."""

FILTERS = frozenset(_FILTERS) | frozenset(_FILTERS_OF_LANGUAGE)

_REMEDIES: Mapping[str, str] = {
    "xargs": "write one step for each command, with parameters",
    "tee": "leave it out: the output is kept in the timeline",
    "sh": "write each command as its own step",
    "bash": "write each command as its own step",
    "egrep": "write grep -E",
    "fgrep": "write grep -F",
    "gawk": "write awk",
    "mawk": "write awk",
    "less": "leave it out: the output is cut and shown",
    "more": "leave it out: the output is cut and shown",
    "python": "declare it as an allowed program",
    "python3": "declare it as an allowed program",
}

_COUNT = re.compile(r"-(\d+)")
_JQ_OUTSIDE = re.compile(
    r"""\$ENV\b|(?<![.\w"$])env\b(?!\s*:)|\A\s*(?:import|include)\b|\b(?:input_filename|get_search_list|modulemeta)\b"""
)
"""jq's ways to the environment and to files; `.env` as a field stays allowed."""


def stage_problem(argv: Sequence[str]) -> str:
    """Why this filter cannot stand behind a pipe, with the remedy; empty when it can."""
    name = argv[0]
    filter_ = _FILTERS.get(name) or _FILTERS_OF_LANGUAGE.get(name)
    if filter_ is None:
        remedy = _REMEDIES.get(name.rsplit("/", 1)[-1], f"use one of {', '.join(sorted(FILTERS))}")
        return f"`| {name}` is not a filter that is allowed here: {remedy}."
    reading = flags.read([_counted(token) for token in argv[1:]], filter_.flags)
    if reading.problems:
        return f"`| {name}`: {reading.problems[0]}."
    operands = [*reading.words, *(reading.after or ())]
    has_program = {"grep": "regexp", "sed": "expression"}.get(name, "") in reading.flags
    if len(operands) > (0 if has_program else filter_.most_words):
        return f"`| {name}` may not read files: leave `{operands[-1]}` out."
    if name in _FILTERS_OF_LANGUAGE:
        return _language_problem(argv, operands, reading)
    if name == "jq" and any(_JQ_OUTSIDE.search(program) for program in operands):
        return "`| jq` may not read the environment or other files: use the input only."
    return ""


_AWK_REACHES = re.compile(r"system|getline|close|fflush|ENVIRON|ARG[CV]|ARGIND|PROCINFO|@")
_AWK_PRINTED_AWAY = re.compile(r"print.*(?:>|\|)", re.DOTALL)
_LONGEST_PROGRAM = 1_000


def _language_problem(argv: Sequence[str], operands: Sequence[str], reading: flags.Reading) -> str:
    """A text program may only read its input and print: what could reach further is refused, even inside a string.

    awk sends output elsewhere only by `>` or `|` behind a print; everything else that reaches out has a name.
    """
    name = argv[0]
    programs = [*operands, *(value for flag, value in reading.given if flag == "expression")]
    if not programs or sum(map(len, programs)) > _LONGEST_PROGRAM:
        return f"`| {name}` needs one short program: write it behind the name."
    assigned = [value for flag, value in reading.given if flag == "assign"]
    text = "\n".join([*programs, *assigned])
    if name == "awk" and (_AWK_REACHES.search(text) or _AWK_PRINTED_AWAY.search(text.replace("||", ""))):
        return "`| awk` may only read its input and print: no system, getline, `|` or `>` behind print; use jq or cut."
    if name == "sed" and special.RATERS["sed"](argv[1:]).verdicts != ("read",):
        return "`| sed` may only print, delete or substitute lines of its input: use tr, cut or jq for the rest."
    return ""


def _counted(word: str) -> str:
    """`head -20` is the old spelling of `head -n20`."""
    count = _COUNT.fullmatch(word)
    return f"-n{count[1]}" if count else word


def operation(
    argv: Sequence[str], *, text: str, allowed: Sequence[AllowedProgram] = (), is_template: bool = False
) -> Operation:
    """A typed operation for a local program. One that is not allowed says so and is judged by what it looks like."""
    for program in allowed:
        if _fits(argv, program, is_template=is_template):
            return _run(argv, text, program)
    if argv[0] == "echo":
        return _run(argv, text, AllowedProgram("echo", (), Effect.READ, Tier.LOW, Replay.READ), is_own=True)
    if argv[0] == "jq" and "-n" in argv and not stage_problem([word for word in argv if word != "-n"]):
        return _run(argv, text, AllowedProgram("jq", (), Effect.READ, Tier.LOW, Replay.READ), is_own=True)
    refused = f"`{argv[0]}` is not an allowed program: declare it with its whole command line, or do it by hand."
    arguments: dict[str, Json] = {"argv": [*argv], "refused": refused}
    return Operation(Family.PROGRAM, "program.unlisted", text, arguments)


def _run(argv: Sequence[str], text: str, program: AllowedProgram, *, is_own: bool = False) -> Operation:
    """`is_own` marks what is allowed without anybody's declaration."""
    arguments: dict[str, Json] = {
        "argv": [*argv],
        "program": program.name,
        "effect": program.effect.value,
        "risk": program.risk.value,
        "replay": program.replay.value,
        **({"is_own": True} if is_own else {}),
    }
    return Operation(Family.PROGRAM, "program.run", text, arguments)


def _fits(argv: Sequence[str], program: AllowedProgram, *, is_template: bool) -> bool:
    return len(argv) == len(program.template) and all(
        re.fullmatch(_expression(wanted, program, is_template=is_template), given, re.DOTALL)
        for given, wanted in zip(argv, program.template, strict=True)
    )


def _expression(wanted: str, program: AllowedProgram, *, is_template: bool) -> str:
    """A template token as a regular expression: literal text, with each placeholder's own pattern."""
    parts, at = [], 0
    for match in placeholders.PLACEHOLDER.finditer(wanted):
        parameter = program.parameters.get(match[1])
        pattern = parameter.pattern if parameter else r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
        unfilled = "|" + placeholders.PLACEHOLDER.pattern if is_template else ""
        parts += [re.escape(wanted[at : match.start()]), f"(?:{pattern}{unfilled})"]
        at = match.end()
    return "".join(parts) + re.escape(wanted[at:])
