"""The `Steps` section of a Markdown runbook: fenced commands with what is expected of them.

Every line of a fence is one step; the expectation after a fence is about its last line, the failure action about all.
What is not understood is a problem: a step must never mean something else than its author thought.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.adapters.runbook_files import durations, findings, markdown_facts
from bot.adapters.runbook_files.findings import Findings
from bot.adapters.runbook_files.markdown_blocks import Block, Code, Heading, Line
from bot.adapters.runbook_files.markdown_commands import Shell
from bot.adapters.runbook_files.markdown_facts import Fact, Labels
from bot.core import patterns
from bot.core.errors import Invalid
from bot.core.operations import Tier
from bot.core.runbooks import (
    DEFAULT_EVERY,
    DEFAULT_STEP_TIMEOUT,
    LONGEST_WAIT,
    SHORTEST_EVERY,
    Checkpoint,
    Command,
    Expectation,
    OnFailure,
    Patience,
    Pause,
    StepSpec,
)

LABELS = Labels.of({
    "expected output": "expected output", "expected result": "expected output", "expected": "expected output",
    "expect": "expected output", "expects": "expected output",
    "failure action": "failure action", "on failure": "failure action", "if it fails": "failure action",
    "run": "command", "command": "command",
    "checkpoint": "checkpoint", "wait": "wait",
    "risk": "risk", "undo": "undo", "rollback": "undo", "timeout": "timeout", "attempts": "attempts",
})  # fmt: skip
_MARKS = frozenset({"expected output", "failure action"})

SHELLS = frozenset({"", "bash", "sh", "shell", "zsh", "console", "shell-session", "shellsession"})
_PROSE = frozenset({"text", "txt", "plain", "plaintext", "output", "log", "json", "yaml", "diff", "markdown"})
_ACTIONS = {
    "continue": OnFailure.CONTINUE, "escalate": OnFailure.ESCALATE,
    "undo": OnFailure.UNDO, "roll back": OnFailure.UNDO, "rollback": OnFailure.UNDO,
}  # fmt: skip
_STEP = re.compile(r"step\s*\d{1,3}[a-z]?\s*(?P<colon>[:.)–—-]\s*)*(?P<title>.*)", re.IGNORECASE)
_NUMBERED = re.compile(r"\d{1,3}\s*[.):]\s*(?P<title>.+)")
_WORD = re.compile(r"\S+")
_WAIT = re.compile(
    r"(?:for )?(?:up to|at most|within)?\s*(?P<within>[0-9][\w ]*?)(?:,?\s*every\s+(?P<every>[0-9][\w ]*))?",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"(?:the )?(?:output )?(?:"
    r"(?P<contains>contains?|containing|includes?)|(?P<equals>equals?|is|exactly|be)|(?P<regex>match(?:es)?|regex)|"
    r"(?P<exit_code>exit (?:code|status))"
    r")\s*[:=]?\s+(?P<value>\S.*)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Group:
    """Commands that stand together, and the facts about them with their lines."""

    commands: list[tuple[str, int]] = field(default_factory=list)
    facts: dict[str, tuple[str, int]] = field(default_factory=dict)


@dataclass(slots=True)
class _Draft:
    title: str
    line: int
    groups: list[_Group] = field(default_factory=lambda: [_Group()])


def step_title(text: str, *, is_heading: bool) -> str | None:
    """The title when this text begins a step (`Step 1: Flush`; as a heading also `1. Flush` or `Flush`)."""
    numbered = _STEP.fullmatch(text)
    if numbered and (is_heading or numbered["colon"]):
        return numbered["title"].strip() or text
    if not is_heading:
        return None
    other = _NUMBERED.fullmatch(text)
    return other["title"].strip() if other else text


def is_shell(code: Code) -> bool:
    return code.language in SHELLS


def read(blocks: Iterable[Block], found: Findings) -> tuple[StepSpec, ...]:
    reader = _Reader(found)
    for block in blocks:
        reader.read(block)
    shell = Shell()
    return tuple(step for number, draft in enumerate(reader.drafts, 1) for step in _steps(draft, number, found, shell))


class _Reader:
    """Sorts blocks into drafts of steps."""

    def __init__(self, found: Findings) -> None:
        self.drafts: list[_Draft] = []
        self._found = found
        self._expects_code = False

    def read(self, block: Block) -> None:
        title = None if isinstance(block, Code) else step_title(block.text, is_heading=isinstance(block, Heading))
        if title is not None:
            self.drafts.append(_Draft(title, block.line))
            self._expects_code = False
        elif isinstance(block, Code):
            self._code(block)
        elif isinstance(block, Line):
            self._line(block.text, block.line)

    def _code(self, code: Code) -> None:
        draft = self._draft(code.line)
        if self._expects_code:
            self._expects_code = False
            text = "\n".join(line for line, _ in code.lines).strip()
            self._fact(Fact("exact output", text), code.line)
        elif is_shell(code):
            self._commands(draft, code)
        elif code.language not in _PROSE:
            message = f"a block of {code.language} cannot be run"
            self._found.on(code.line, message, key=draft.title, remedy="use ```bash for commands, ```text for the rest")

    def _commands(self, draft: _Draft, code: Code) -> None:
        if draft.groups[-1].commands:
            draft.groups.append(_Group())
        lines = []
        for text, line in code.lines:
            if any(fact.label in _MARKS for fact in LABELS.facts(text)[:1]) and _begins_with_label(text):
                self._line(text.strip(), line)
            else:
                lines.append((text, line))
        draft.groups[-1].commands.extend(_joined(lines))

    def _line(self, text: str, line: int) -> None:
        facts = LABELS.facts(text)
        for fact in facts:
            self._fact(fact, line)
        shaped = markdown_facts.label_shaped(text)
        near = findings.nearest(shaped[0], LABELS.known, alike=0.8) if shaped and not facts else ""
        if shaped and near:
            self._found.on(line, f'"{shaped[0]}" is not known in a step', remedy=f'did you mean "{near}"?')

    def _fact(self, fact: Fact, line: int) -> None:
        draft = self._draft(line)
        group = draft.groups[-1]
        if fact.label == "command":
            draft.groups.append(_Group()) if group.commands else None
            draft.groups[-1].commands.append((markdown_facts.unquoted(fact.value)[0], line))
        elif fact.label == "expected output" and not fact.value:
            self._expects_code = True
        elif fact.label in group.facts:
            self._found.on(line, f"a second {fact.label}", key=draft.title, remedy="keep one of them")
        else:
            group.facts[fact.label] = (fact.value, line)

    def _draft(self, line: int) -> _Draft:
        if not self.drafts:
            self.drafts.append(_Draft("Step 1", line))
        return self.drafts[-1]


def _begins_with_label(text: str) -> bool:
    """A command may hold a label somewhere (`grep "expected: 3"`); it never begins with one."""
    start = text.strip().lower().replace("_", " ").replace("*", "")
    return any(start.startswith(label) for label, canonical in LABELS.known.items() if canonical in _MARKS)


def _joined(lines: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Commands: prompts and comments dropped, lines that end with a backslash or a bar joined with the next."""
    commands: list[tuple[str, int]] = []
    is_open = False
    for raw, line in lines:
        text = raw.strip().removeprefix("$ ").strip()
        if not text or text.startswith("#"):
            continue
        if commands and (is_open or text.startswith("|")):
            before, first = commands.pop()
            text, line = f"{before} {text}", first  # noqa: PLW2901 - one command over several lines
        is_open = text.endswith(("\\", "|"))
        commands.append((text.removesuffix("\\").rstrip(), line))
    return commands


# --- drafts to steps -------------------------------------------------------------------------------------------------


def _steps(draft: _Draft, number: int, found: Findings, shell: Shell) -> list[StepSpec]:
    commands = [
        (group, text, line, capture)
        for group in draft.groups
        for written, line in group.commands
        for text, capture in shell.steps(written)
    ]
    if not commands and (own := _own_step(draft, found)):
        return [own]
    if not commands:
        remedy = "add a fenced block: ```bash, one command a line, ```"
        found.on(draft.line, "the step has no command", key=draft.title, remedy=remedy)
        return []
    actions = {action for group in draft.groups if (action := _on_failure(group, found))}
    usual = actions.pop() if len(actions) == 1 else OnFailure.ESCALATE
    steps = []
    for position, (group, text, line, capture) in enumerate(commands):
        name = draft.title if len(commands) == 1 else f"{draft.title} ({number}{_letter(position)})"
        step = StepSpec(name[:200], Command(text), on_failure=_on_failure(group) or usual, line=line, capture=capture)
        is_last = all(later is not group for later, *_ in commands[position + 1 :])
        steps.append(_with_facts(step, group, found) if is_last else step)
    return steps


def _own_step(draft: _Draft, found: Findings) -> StepSpec | None:
    """A step without a command: a question to a person, or a while to wait."""
    facts = {label: fact for group in draft.groups for label, fact in group.facts.items()}
    if "checkpoint" in facts:
        question, line = facts["checkpoint"]
        return StepSpec(draft.title[:200], Checkpoint(markdown_facts.unquoted(question)[0][:200]), line=line)
    if "wait" not in facts:
        return None
    value, line = facts["wait"]
    try:
        length = durations.parse(markdown_facts.unquoted(value)[0])
    except Invalid as error:
        found.on(line, error.problem, key="wait", remedy=error.remedy)
        length = DEFAULT_STEP_TIMEOUT
    return StepSpec(draft.title[:200], Pause(length), patience=Patience(length, length), line=line)


def _letter(position: int) -> str:
    return chr(ord("a") + position) if position < 26 else f".{position + 1}"


def _on_failure(group: _Group, found: Findings | None = None) -> OnFailure | None:
    value, line = group.facts.get("failure action", ("", 0))
    if not line:
        return None
    word = " ".join(markdown_facts.unquoted(value)[0].lower().split())
    action = _ACTIONS.get(word)
    if action is None and found:
        remedy = findings.did_you_mean(word, ("continue", "escalate", "undo"))
        found.on(line, f'the failure action "{value[:60]}" is not known', key="failure action", remedy=remedy)
    return action


def _with_facts(step: StepSpec, group: _Group, found: Findings) -> StepSpec:
    for label, (value, line) in group.facts.items():
        try:
            step = _with_fact(step, label, value)
        except Invalid as error:
            found.on(line, error.problem, key=label, remedy=error.remedy)
    return step


def _with_fact(step: StepSpec, label: str, value: str) -> StepSpec:
    text, _ = markdown_facts.unquoted(value)
    match label:
        case "expected output":
            return replace(step, expect=expectation(value))
        case "exact output":
            return replace(step, expect=Expectation(equals=value))
        case "risk":
            if text.lower() not in set(Tier):
                raise Invalid(f'"{text}" is not a tier', remedy="write low, medium or high")
            return replace(step, risk=Tier(text.lower()))
        case "undo":
            return replace(step, undo=Command(text))
        case "timeout":
            return replace(step, timeout=_timeout(text))
        case "attempts":
            return replace(step, attempts=number(text, most=10))
        case "wait":
            return _waiting(step, text)
        case "checkpoint":
            raise Invalid("a checkpoint is a step of its own", remedy="give it its own ### Step, without a command")
    return step


def _waiting(step: StepSpec, text: str) -> StepSpec:
    """`up to 5m, every 15s`: the command is looked at again until its expected output is there."""
    match = _WAIT.fullmatch(text)
    if match is None:
        raise Invalid(f'"{text[:60]}" is not a wait', remedy="write up to 5m, or up to 5m, every 15s")
    within = durations.parse(match["within"])
    every = durations.parse(match["every"]) if match["every"] else DEFAULT_EVERY
    if every < SHORTEST_EVERY or within > LONGEST_WAIT:
        raise Invalid(f'"{text[:60]}" is out of range', remedy="look at most every 5s, and wait at most 1h")
    return replace(step, patience=Patience(within, every))


def _timeout(text: str) -> timedelta:
    return durations.parse(text) if text else DEFAULT_STEP_TIMEOUT


def number(text: str, *, least: int = 1, most: int = 1_000_000) -> int:
    if re.fullmatch(r"[0-9]{1,7}", text) is None or not least <= int(text) <= most:
        raise Invalid(f'"{text[:40]}" is not a number from {least} to {most}', remedy="write digits only")
    return int(text)


# --- expectations ----------------------------------------------------------------------------------------------------


def expectation(value: str) -> Expectation:
    """`"OK"`, `contains "connected"`, `matches /ready/`, `exit code 0`, joined by `and`. Raise Invalid otherwise."""
    wanted: dict[str, str | int] = {}
    for _, clause in markdown_facts.split(value, r"\s+and\s+|[;,]\s+"):
        kind, expected = _clause(clause)
        if kind in wanted:
            raise Invalid(
                f"two values for {kind.replace('_', ' ')}", remedy="write two steps, or one regular expression"
            )
        wanted[kind] = expected
    if not wanted:
        raise Invalid("the expectation is empty", remedy='write "OK", contains "...", matches /.../ or exit code 0')
    return replace(Expectation(), **wanted)  # type: ignore[arg-type]


def _clause(clause: str) -> tuple[str, str | int]:
    text, was_quoted = markdown_facts.unquoted(clause)
    if was_quoted:
        return "equals", text
    if text.lower() in ("empty", "no output", "nothing"):
        return "equals", ""
    match = _CLAUSE.fullmatch(text)
    if match is None:
        return "equals", _single(text, quoted=False)
    kind = str(match.lastgroup if match.lastgroup != "value" else next(k for k, v in match.groupdict().items() if v))
    expected, quoted = markdown_facts.unquoted(match["value"])
    match kind:
        case "exit_code":
            return kind, number(expected, least=0, most=255)
        case "regex":
            pattern = expected[1:-1] if len(expected) > 1 and expected[0] == expected[-1] == "/" else expected
            patterns.parse(pattern)
            return kind, pattern
    return kind, _single(expected, quoted=quoted)


def _single(text: str, *, quoted: bool) -> str:
    """Unquoted text is taken as it stands only when it is one word: a sentence would be a guess."""
    if quoted or _WORD.fullmatch(text):
        return text
    remedy = 'put the exact output in quotes, or write contains "...", matches /.../ or exit code 0'
    raise Invalid(f'"{text[:60]}" can be read in more than one way', remedy=remedy)
