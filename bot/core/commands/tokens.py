"""Splits command text into words as a shell would, and executes nothing.

A step is one command or one pipeline. Everything else that a shell would do (chaining, substitution, variables,
redirection, background jobs) is found and named, so that a runbook's author is told what to write instead and `explain`
can still judge every part. Quoting rules follow POSIX 2.2 (https://pubs.opengroup.org/onlinepubs/9799919799/).
It must not know what any program means.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from bot.core import errors

MAX_CHARACTERS = 16_384
"""Longer command text is refused: nobody can read it before approving it."""

Argv = tuple[str, ...]
Pipeline = tuple[Argv, ...]

_OPERATOR = re.compile(r"&&|\|\||;;|\|&|&>>|&>|<<<|<<-|<<|<\(|>\(|>>|>\||>&|<&|<>|[;&|<>()\n]")
_PLAIN = re.compile(r"[^\s'\"\\$`|&;<>()#]+")
_DOUBLE_PLAIN = re.compile(r'[^"\\$`]+')
_VARIABLE = re.compile(r"\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?!$-])")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_DESCRIPTOR = re.compile(r"[0-9]{1,4}\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")

_OWN_STEP = "write it as its own step"
_SEPARATORS = {
    "&&": ("`&&` joins two commands", f"{_OWN_STEP}; a failed step stops the run by itself"),
    "||": ("`||` runs a second command on failure", f"{_OWN_STEP} and use on_failure"),
    ";": ("`;` joins two commands", _OWN_STEP),
    ";;": ("`;;` is shell syntax", _OWN_STEP),
    "&": ("`&` starts a background job", f"leave it out; {_OWN_STEP}"),
    "\n": ("the command has more than one line", f"{_OWN_STEP}, or end the line with a backslash"),
    "(": ("`(` opens a subshell", f"{_OWN_STEP}, or quote the bracket"),
    ")": ("`)` closes a subshell", f"{_OWN_STEP}, or quote the bracket"),
    "|&": ("`|&` pipes both streams", "write `|`: the error stream is kept anyway"),
}
_KEYWORDS = frozenset(["if", "then", "else", "elif", "fi", "do", "done", "while", "until", "esac", "{", "}", "!"])
_LOOPS = frozenset(["for", "while", "until", "select"])
_HEADERS = frozenset(["for", "case", "select", "function"])
"""Keywords whose own line holds words, not a command; what they loop over is found as a substitution."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of shell syntax that a step cannot hold. `position` counts characters from 0."""

    problem: str
    remedy: str
    position: int


@dataclass(frozen=True, slots=True)
class Redirection:
    operator: str
    target: str


@dataclass(frozen=True, slots=True)
class Script:
    """Everything found in a text. `substitutions` are the texts inside `$(...)`, backquotes and `<(...)`."""

    parts: tuple[Pipeline, ...]
    findings: tuple[Finding, ...] = ()
    substitutions: tuple[str, ...] = ()
    redirections: tuple[Redirection, ...] = ()
    assignments: tuple[str, ...] = ()
    has_loop: bool = False
    is_broken: bool = False


@lru_cache(maxsize=2_048)
def pipeline(text: str) -> Pipeline:
    """The stages of one command line, first the command, then its filters. Raise Invalid for anything else.

    Remembered, because a runbook's texts are read again for every dry run, vote and claim.
    """
    script = scan(text)
    if script.findings:
        first = script.findings[0]
        raise errors.Invalid(first.problem, place=f"character {first.position + 1}", remedy=first.remedy)
    if len(script.parts) != 1:
        raise errors.Invalid("the command is empty", remedy="write one command")
    return script.parts[0]


def sequence(text: str) -> tuple[Pipeline, ...]:
    """The command lines of a text that only strings them together (`&&`, `;`, line breaks), one after another.

    Raise Invalid for anything else that a step cannot hold. A step that fails stops the run, as `&&` would.
    """
    script = scan(text)
    joins = {_SEPARATORS[sign][0] for sign in ("&&", ";", "\n")}
    for finding in script.findings:
        if finding.problem not in joins:
            raise errors.Invalid(finding.problem, place=f"character {finding.position + 1}", remedy=finding.remedy)
    if not script.parts:
        raise errors.Invalid("the command is empty", remedy="write one command")
    return script.parts


def scan(text: str) -> Script:
    """Never raises for syntax: what does not belong in a step stands in `findings`. Raise Invalid only for text that
    no person could check: too long, or with control or direction-changing characters."""
    if len(text) > MAX_CHARACTERS:
        raise errors.Invalid(f"the command is longer than {MAX_CHARACTERS} characters", remedy="split it into steps")
    text = text.replace("\r\n", "\n")
    if control := _CONTROL.search(text):
        problem = f"the command holds the control character U+{ord(control[0]):04X}"
        raise errors.Invalid(problem, place=f"character {control.start() + 1}", remedy="remove it")
    return _Scanner(text).run()


class _Scanner:
    """One pass over the text; state is the open word, stage and part."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.word: list[str] | None = None
        self.word_start = 0
        self.words: list[str] = []
        self.stages: list[Argv] = []
        self.parts: list[Pipeline] = []
        self.findings: list[Finding] = []
        self.substitutions: list[str] = []
        self.redirections: list[Redirection] = []
        self.assignments: list[str] = []
        self.redirecting: tuple[str, int] | None = None
        self.separator: Finding | None = None
        self.skips_part = False
        self.has_loop = False
        self.is_broken = False

    def run(self) -> Script:
        while self.at < len(self.text):
            self._step()
        self._end_part()
        return Script(
            tuple(self.parts),
            tuple(sorted(self.findings, key=lambda finding: finding.position)),
            tuple(self.substitutions),
            tuple(self.redirections),
            tuple(self.assignments),
            self.has_loop,
            self.is_broken,
        )

    def _step(self) -> None:
        character = self.text[self.at]
        if plain := _PLAIN.match(self.text, self.at):
            self._add(plain[0])
            self.at = plain.end()
        elif character == "#":
            self._hash()
        elif character in " \t":
            self._end_word()
            self.at += 1
        elif character == "\\":
            self._escape()
        elif character == "'":
            self._single_quotes()
        elif character == '"':
            self._double_quotes()
        elif character == "$":
            self._dollar()
        elif character == "`":
            self._backquotes()
        elif operator := _OPERATOR.match(self.text, self.at):
            self._operator(operator[0])
        else:  # any other Unicode space: part of a word, as in a shell
            self._add(character)
            self.at += 1

    # --- words -------------------------------------------------------------------------------------------------------

    def _add(self, text: str) -> None:
        if self.word is None:
            self.word = []
            self.word_start = self.at
        self.word.append(text)

    def _end_word(self) -> None:
        if self.word is None:
            return
        word, raw = "".join(self.word), self.text[self.word_start : self.at]
        self.word = None
        if self.redirecting is not None:
            self._end_redirection(self.redirecting, word)
            self.redirecting = None
        elif not self.words and _ASSIGNMENT.match(raw):
            self.assignments.append(word)
            self._find("a variable is set before the command", "declare a parameter instead", self.word_start)
        elif not self.words and raw in _KEYWORDS | _HEADERS:
            self.skips_part = self.skips_part or raw in _HEADERS
            self.has_loop = self.has_loop or raw in _LOOPS
            self._find(f"`{raw}` is shell syntax", f"steps have no loops and branches; {_OWN_STEP}", self.word_start)
        else:
            self._note_separator()
            self.words.append(word)

    def _end_stage(self) -> None:
        self._end_word()
        if self.redirecting is not None:
            self._find("a redirection has no target", "leave it out", self.at)
            self.redirecting = None
        if self.words and not self.skips_part:
            self.stages.append(tuple(self.words))
        self.words = []

    def _end_part(self) -> None:
        self._end_stage()
        if self.stages:
            self.parts.append(tuple(self.stages))
        self.stages = []
        self.skips_part = False

    def _find(self, problem: str, remedy: str, position: int) -> None:
        self.findings.append(Finding(problem, remedy, position))

    def _note_separator(self) -> None:
        if self.separator is not None:
            self.findings.append(self.separator)
            self.separator = None

    # --- operators ---------------------------------------------------------------------------------------------------

    def _hash(self) -> None:
        """A comment where a word would begin, else part of the word."""
        if self.word is not None:
            self._add("#")
            self.at += 1
            return
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end

    def _operator(self, operator: str) -> None:
        position = self.at
        if operator in "()" and self.word is not None and operator == "(":
            self._find(*_SEPARATORS["("], position)  # only legal inside quotes; kept as text so that it can be judged
            self._add(operator)
            self.at += 1
        elif operator in ("<(", ">("):
            self._find(f"`{operator}...)` runs another command", _OWN_STEP, position)
            self._add(self._bracketed(position + 1))
        elif operator[0] in "<>" or operator in ("&>", "&>>"):
            self._redirect(operator)
        elif operator == "|":
            self.at += 1
            self._pipe(position)
        else:
            self._separate(operator)

    def _pipe(self, position: int) -> None:
        self._end_word()
        if not self.words and not self.skips_part:
            self._find("the pipe has nothing before it", "write the command first", position)
        self._end_stage()
        if not self.text[self.at :].strip():
            self._find("the pipe has nothing after it", "write a filter or leave the pipe out", position)

    def _separate(self, operator: str) -> None:
        finding = Finding(*_SEPARATORS[operator], self.at)
        if operator == "|&":
            self.findings.append(finding)
            self._end_stage()
        else:
            self._end_part()
            if operator != "\n":
                self.findings.append(finding)
            elif self.parts and self.separator is None:
                self.separator = finding  # a line break matters only when something follows
        self.at += len(operator)

    def _redirect(self, operator: str) -> None:
        if self.word is not None and _DESCRIPTOR.match(self.text[self.word_start : self.at]):
            self.word = None
        self._end_word()
        self.redirecting = operator, self.at
        self.at += len(operator)

    def _end_redirection(self, redirecting: tuple[str, int], target: str) -> None:
        """What only merges or hides output is dropped: a step keeps and shows both streams anyway."""
        operator, position = redirecting
        self.redirections.append(Redirection(operator, target))
        hides = target == "/dev/null" and not operator.startswith("<<")
        merges = operator == ">&" and target in ("1", "2")
        if hides or merges:
            return
        remedy = "leave it out: both output streams are kept and shown"
        if operator.startswith("<<"):
            remedy = "give the text as a file or as the body of an http step"
        self._find(f"`{operator}` redirects a stream", remedy, position)

    # --- quoting and substitution ------------------------------------------------------------------------------------

    def _escape(self) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if following != "\n":
            self._add(following or "\\")
        self.at += 2

    def _single_quotes(self) -> None:
        end = self.text.find("'", self.at + 1)
        self._add(self.text[self.at + 1 : end if end >= 0 else None])
        self._close_at(end, "'")

    def _close_at(self, end: int, quote: str) -> None:
        """Move behind the closing mark; without one the text is broken."""
        if end < 0:
            self._find(f"a {quote} is never closed", f"add the closing {quote}", self.at)
            self.is_broken = True
            self.at = len(self.text)
        else:
            self.at = end + 1

    def _double_quotes(self) -> None:
        start = self.at
        self._add("")
        self.at += 1
        while self.at < len(self.text) and self.text[self.at] != '"':
            if plain := _DOUBLE_PLAIN.match(self.text, self.at):
                self._add(plain[0])
                self.at = plain.end()
            elif self.text[self.at] == "\\":
                self._escape_in_double_quotes()
            elif self.text[self.at] == "$":
                self._dollar(is_quoted=True)
            else:
                self._backquotes()
        if self.at >= len(self.text):
            self.at = start
            self._close_at(-1, '"')
        else:
            self.at += 1

    def _escape_in_double_quotes(self) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if following != "\n":
            self._add(following if following and following in '$`"\\' else "\\" + following)
        self.at += 2

    def _dollar(self, *, is_quoted: bool = False) -> None:
        position, text = self.at, self.text
        if text.startswith("$(", position):
            self._find("`$(...)` runs another command", _OWN_STEP, position)
            self._add("$" + self._bracketed(position + 1))
        elif text.startswith("${", position):
            end = text.find("}", position)
            self._variable(text[position : end + 1] if end >= 0 else text[position:])
        elif not is_quoted and text.startswith("$'", position):
            self._find("`$'...'` is shell syntax", "write the characters plainly in single quotes", position)
            self.at += 1
            self._single_quotes()
        elif variable := _VARIABLE.match(text, position):
            self._variable(variable[0])
        else:
            self._add("$")
            self.at += 1

    def _variable(self, variable: str) -> None:
        self._find(f"`{variable}` is a shell variable", "declare a parameter and write {name}", self.at)
        self._add(variable)
        self.at += len(variable)
        if "$(" in variable or "`" in variable:
            self.substitutions.append(variable[2:].rstrip("}"))

    def _bracketed(self, start: int) -> str:
        """The text from the bracket at `start` to its partner, noted as a substitution; moves behind it."""
        depth, at, quote = 0, start, ""
        while at < len(self.text):
            character = self.text[at]
            if character == "\\" and quote != "'":
                at += 1
            elif quote:
                quote = "" if character == quote else quote
            elif character in "'\"":
                quote = character
            elif character in "()":
                depth += 1 if character == "(" else -1
            at += 1
            if depth == 0:
                break
        else:
            self._find("a bracket is never closed", "add the closing bracket", start)
            self.is_broken = True
        self.substitutions.append(self.text[start + 1 : at].removesuffix(")"))
        self.at = at
        return self.text[start:at]

    def _backquotes(self) -> None:
        end = self.text.find("`", self.at + 1)
        self._find("backquotes run another command", _OWN_STEP, self.at)
        inner = self.text[self.at + 1 : end if end >= 0 else None]
        self._add(f"`{inner}`")
        self.substitutions.append(inner)
        self._close_at(end, "`")
