"""Ordinary Markdown runbooks, as teams have written them for years, drafted as runbooks of ours at level 0.

What is a command is judged as `explain` judges it: reads that can be run become steps, changes that can be run become
steps that level 0 only shows, everything else is kept as text with the reason. Nothing is executed, and nothing that is
not understood becomes a step. Writing files and reading them is the caller's business.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from bot.adapters.runbook_files import markdown_blocks, markdown_steps, yaml_models
from bot.adapters.runbook_files.markdown_blocks import Block, Code, Heading, Line
from bot.adapters.runbook_files.markdown_commands import Shell
from bot.core import alerts, risk
from bot.core.alerts import Severity
from bot.core.commands import explaining, parsing, placeholders
from bot.core.commands.wordlists import words
from bot.core.errors import Invalid
from bot.core.operations import Effect, Judgement
from bot.core.runbooks import Capture

MOST_STEPS = 100
NOTES_CHARACTERS = 6_000
NAME_CHARACTERS = 120
TITLE_CHARACTERS = 150


class Kept(StrEnum):
    """What became of one piece of a file."""

    STEP = "step"  # a read: it runs
    SHOWN = "shown"  # a change: level 0 shows it to copy
    BY_HAND = "by hand"  # not something that can be run as a step: kept in the notes, with the reason
    SAMPLE = "sample"  # output, a file's content or another language: not a command
    PROSE = "prose"  # kept in the notes as far as there is room


@dataclass(frozen=True, slots=True)
class Piece:
    """`line` is where it stands in the file; `why` says what it was judged to be, or why it is no step."""

    line: int
    kept: Kept
    text: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class DraftStep:
    name: str
    command: str
    capture: Capture | None = None


@dataclass(slots=True)
class Draft:
    """One runbook as far as it could be read. Without steps there is nothing to use."""

    name: str
    title: str
    alert_names: list[str] = field(default_factory=list)
    severity: list[str] = field(default_factory=list)
    service: list[str] = field(default_factory=list)
    steps: list[DraftStep] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)

    def count(self, kept: Kept) -> int:
        return sum(piece.kept is kept for piece in self.pieces)

    @property
    def parameters(self) -> dict[str, str]:
        """Each parameter's name with the place in an alert where its value usually stands, or nothing."""
        found = {step.capture.name for step in self.steps if step.capture}
        named = dict.fromkeys(name for step in self.steps for name in _names(step.command))
        return {name: origin(name) for name in named if name not in found}

    @property
    def notes(self) -> str:
        """Prose and what is to be done by hand, in the order of the file, as far as there is room."""
        kept = [piece for piece in self.pieces if piece.kept in {Kept.PROSE, Kept.BY_HAND}]
        lines = [f"By hand: {each.text}" if each.kept is Kept.BY_HAND else each.text for each in kept]
        text = "\n".join(dict.fromkeys(lines))
        return text if len(text) <= NOTES_CHARACTERS else f"{text[:NOTES_CHARACTERS]}\n(cut: see the original)"


# --- words -----------------------------------------------------------------------------------------------------------

_ALERT = re.compile(r"[A-Z][a-z0-9]+(?:[A-Z0-9]+[a-z0-9]*)+")
"""How alerts are named: KubePodCrashLooping."""

_FACT = re.compile(r"(?P<label>alert ?name|alerts?|severity|service)\s*(?:is)?\s*[:=]\s*(?P<value>.+)", re.IGNORECASE)
_PLACEHOLDERS = (
    re.compile(r"\{\{-?\s*\$?\.?(?:labels|Labels)?\.?(?P<name>[A-Za-z_]\w*)\s*-?\}\}"),
    re.compile(r"(?<![<\w])<(?P<name>[A-Za-z][\w .:/-]{0,60})>(?!>)"),
    re.compile(r"(?<=[\s=/])\[(?P<name>[A-Za-z][\w -]{0,40})\](?=\s|$|/)"),
    re.compile(
        r"(?<=[\s=/])(?P<name>(?:POD|NODE|NAMESPACE|DEPLOYMENT|SERVICE|CONTAINER|CLUSTER)(?:_?NAME)?)(?=\s|$|/)"
    ),
)
_VARIABLES = (re.compile(r"\$\{(?P<name>[A-Za-z_]\w*)\}"), re.compile(r"(?<!\\)\$(?P<name>[A-Za-z_]\w*)"))
_USUAL = words(
    """namespace pod node deployment statefulset daemonset service container job job_name instance cluster
    persistentvolumeclaim horizontalpodautoscaler replicaset cronjob queue device"""
)
_SHORT = {"ns": "namespace", "pvc": "persistentvolumeclaim", "deploy": "deployment", "svc": "service"}
_PROMPT = re.compile(r"^\s*(?:\$|#|>|❯|%)\s+(?=\S)")
_COMMENT = re.compile(r"^\s*#+\s*(?P<text>\S.*)")
_HANGING = re.compile(r"(?:[\s,;:]+(?:via|with|using|by|and|then|or|run|see|:))+\s*$", re.IGNORECASE)
_INLINE = re.compile(r"`([^`]{4,400})`")
_STARTS = frozenset(["kubectl", "oc"])
"""Programs whose command line inside a sentence is taken for a command."""

_OTHER_LANGUAGES = frozenset(
    ["yaml", "yml", "json", "sql", "promql", "text", "txt", "log", "output", "diff", "hcl", "xml"]
)
_OTHER_LANGUAGES_REMEDY = {"sql": "write it as an sql: step", "promql": "look at it in Prometheus"}


def origin(parameter: str) -> str:
    """`labels.pod` for `pod_name`: where an alert usually says it."""
    plain = re.sub(r"_?name$", "", parameter.lower()) or parameter.lower()
    plain = {"ns": "namespace", "pvc": "persistentvolumeclaim", "deploy": "deployment", "svc": "service"}.get(
        plain, plain
    )
    return f"labels.{plain}" if plain in _USUAL else ""


def _named(command: str, gaps: tuple[re.Pattern[str], ...] = _PLACEHOLDERS) -> str:
    """The ways in which people leave a gap, as `{name}`."""

    def put(match: re.Match[str]) -> str:
        name = re.sub(r"\W+", "_", match["name"].strip()).strip("_").lower()[:60] or "value"
        return f"{{{name if name[0].isalpha() else 'value_' + name}}}"

    for pattern in gaps:
        command = pattern.sub(put, command)
    return command


def _names(command: str) -> tuple[str, ...]:
    try:
        return placeholders.names(command)
    except Invalid:
        return ()


# --- reading ---------------------------------------------------------------------------------------------------------


def draft(text: str, *, stem: str) -> Draft:
    """Never raises: what cannot be used is a piece that says so. `stem` is the file's name without its ending."""
    blocks = markdown_blocks.read(text)
    title = next((each.text for each in blocks if isinstance(each, Heading) and each.text), "") or stem
    named = _ALERT.findall(f"{stem} {title}")
    made = Draft(_slug(named[0] if named else title) or "imported", title[:TITLE_CHARACTERS])
    _Reader(made).read(blocks)
    if _ALERT.fullmatch(stem) and stem not in made.alert_names:
        made.alert_names.append(stem)
    return made


def _slug(text: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", text)
    slug = re.sub(r"[^a-z0-9]+", "-", spaced.lower()).strip("-")[:63].strip("-")
    return slug if yaml_models.NAME.fullmatch(slug) else ""


class _Reader:
    """Goes through the blocks with the last words that were said, which name the next command."""

    def __init__(self, made: Draft) -> None:
        self.made = made
        self.said = made.title
        self.shell = Shell()

    def read(self, blocks: list[Block]) -> None:
        for block in blocks:
            match block:
                case Heading():
                    self._heading(block)
                case Line():
                    self._line(block)
                case Code():
                    self._code(block)

    def _heading(self, heading: Heading) -> None:
        self.said = heading.text or self.said
        self.made.alert_names += [name for name in _ALERT.findall(heading.text) if name not in self.made.alert_names]
        self._prose(heading.text, heading.line)

    def _line(self, line: Line) -> None:
        fact = _FACT.fullmatch(line.text.strip().rstrip("."))
        if fact is not None:
            self._fact(fact["label"].lower(), fact["value"])
            self._prose(line.text, line.line)
            return
        commands = [inner for inner in _INLINE.findall(line.text) if inner.split(" ")[0] in _STARTS and " " in inner]
        self.said = _INLINE.sub("", line.text).strip(" :.") or self.said
        if commands:
            for command in commands:
                self._command(command, line.line)
        else:
            self._prose(line.text, line.line)

    def _fact(self, label: str, value: str) -> None:
        if label.startswith("alert"):
            found = [name for name in _ALERT.findall(value) if name not in self.made.alert_names]
            self.made.alert_names += found
        elif label == "severity":
            known = [str(alerts.severity(word)) for word in re.findall(r"[A-Za-z]+", value)]
            self.made.severity = [each for each in dict.fromkeys(known) if each != Severity.UNKNOWN]
        else:
            named = re.findall(r"[a-z0-9][a-z0-9-]{1,62}", value.lower())
            self.made.service = [part for part in named if part not in ("and", "or")][:8]

    def _code(self, code: Code) -> None:
        if code.language in _OTHER_LANGUAGES:
            why = _OTHER_LANGUAGES_REMEDY.get(code.language, f"{code.language} is not a command")
            self._sample([text for text, _ in code.lines], code.line, why)
            return
        has_prompts = any(_PROMPT.match(text) and not text.lstrip().startswith("#") for text, _ in code.lines)
        is_shell = code.language in markdown_steps.SHELLS
        samples: list[str] = []
        for text, line in _joined(code):
            comment = _COMMENT.match(text)
            is_prompted = bool(_PROMPT.match(text)) and not comment
            if comment is not None:
                self.said = comment["text"]
            elif is_prompted or (is_shell and not has_prompts and _looks_like_a_command(text)):
                self._command(_PROMPT.sub("", text), line)
            else:
                samples.append(text)
        if samples:
            self._sample(samples, code.line, "output, or nothing that is known as a command")

    def _sample(self, lines: list[str], line: int, why: str) -> None:
        shown = next((text.strip() for text in lines if text.strip()), "")
        more = f" (and {len(lines) - 1} more lines)" if len(lines) > 1 else ""
        self.made.pieces.append(Piece(line, Kept.SAMPLE, f"{shown[:80]}{more}", why))

    def _prose(self, text: str, line: int) -> None:
        if text.strip():
            self.made.pieces.append(Piece(line, Kept.PROSE, text.strip()[:1_000]))

    # --- commands ----------------------------------------------------------------------------------------------------

    def _command(self, text: str, line: int) -> None:
        """As many steps as a shell would run commands, or none of them: half a line would mean something else."""
        try:
            parts = [(_named(each, _VARIABLES), capture) for each, capture in self.shell.steps(_named(text.strip()))]
        except RecursionError:
            self._by_hand(text, line, "it is nested too deeply")
            return
        judged = [(command, capture, *_judged(command)) for command, capture in parts]
        refusal = next((why for *_, judgement, why in judged if judgement is None), "")
        if refusal:
            self._by_hand(text, line, refusal)
            return
        if len(self.made.steps) + len(judged) > MOST_STEPS:
            self._by_hand(text, line, f"a runbook holds at most {MOST_STEPS} steps")
            return
        for command, capture, judgement, _ in judged:
            assert judgement is not None  # sorted out above  # noqa: S101
            self._step(command, capture, judgement, line)

    def _step(self, command: str, capture: Capture | None, judgement: Judgement, line: int) -> None:
        is_read = judgement.effect is Effect.READ
        kept = Kept.STEP if is_read else Kept.SHOWN
        self.made.pieces.append(Piece(line, kept, command, f"{judgement.tier}: {judgement.reasons[0]}"))
        said = _as_name(self.said)
        is_used = any(step.name == said for step in self.made.steps)
        name = judgement.summary[:NAME_CHARACTERS] if is_used or not said else said
        self.made.steps.append(DraftStep(name, command, capture if is_read else None))

    def _by_hand(self, text: str, line: int, why: str) -> None:
        self.made.pieces.append(Piece(line, Kept.BY_HAND, text.strip()[:500], why))


def _as_name(said: str) -> str:
    """What was said before a command, as the name of its step: no table bars, nothing left hanging at the end."""
    words_said = " ".join(said.replace("|", " ").split())
    return _HANGING.sub("", words_said).strip(" ,;:.-")[:NAME_CHARACTERS]


def _joined(code: Code) -> Iterator[tuple[str, int]]:
    """Lines that end with a backslash or a bar go on in the next one; empty ones are left out."""
    open_text, start = "", 0
    for text, line in code.lines:
        if not text.strip():
            continue
        whole = f"{open_text} {text.strip()}" if open_text else text
        first = start or line
        if whole.rstrip().endswith(("\\", "|")):
            open_text, start = whole.rstrip().removesuffix("\\").rstrip(), first
            continue
        open_text, start = "", 0
        yield whole, first
    if open_text:
        yield open_text, start


def _looks_like_a_command(text: str) -> bool:
    """Known to `explain`, or an assignment: a line of output is neither."""
    told = explaining.explain(_named(_named(text.strip()), _VARIABLES))
    return bool(told["runnable"]) or told["effect"] != "unknown" or bool(re.match(r"\s*(?:export\s+)?[A-Z_]+=", text))


def _judged(command: str) -> tuple[Judgement | None, str]:
    """What the command is, or why it cannot be a step."""
    try:
        judgement = risk.judge(parsing.parse(command))
    except Invalid as error:
        return None, str(error)
    return (judgement, "") if judgement.is_runnable else (None, judgement.refused_because)
