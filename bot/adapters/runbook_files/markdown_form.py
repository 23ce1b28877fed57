"""A Markdown runbook, in the form that teams already write, to the core model.

Forgiving in layout, strict in meaning: see `markdown_blocks` for what may vary and `markdown_steps` and
`markdown_sections` for what must be understood.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from bot.adapters.runbook_files import (
    durations,
    findings,
    markdown_blocks,
    markdown_facts,
    markdown_sections,
    markdown_steps,
    yaml_models,
)
from bot.adapters.runbook_files.findings import Findings, Loaded
from bot.adapters.runbook_files.markdown_blocks import Block, Code, Heading, Line
from bot.adapters.runbook_files.markdown_facts import Labels
from bot.core.commands import placeholders
from bot.core.errors import Invalid
from bot.core.ids import Digest, RunbookName
from bot.core.runbooks import DEFAULT_APPROVAL_WINDOW, DEFAULT_TIME_LIMIT, Command, Level, Parameter, Runbook, StepSpec

_SECTIONS = {
    "trigger conditions": "trigger", "trigger condition": "trigger", "trigger": "trigger", "triggers": "trigger",
    "match": "trigger",
    "blast radius": "blast radius", "limits": "blast radius", "blast radius limits": "blast radius",
    "steps": "steps", "step": "steps", "procedure": "steps", "remediation": "steps", "remediation steps": "steps",
    "escalation": "escalation", "escalation path": "escalation",
    "parameters": "parameters", "parameter": "parameters",
    "approvers": "approvers", "approval": "approvers", "approvals": "approvers",
    "notes": "notes", "background": "notes", "overview": "notes", "summary": "notes", "description": "notes",
    "references": "notes", "links": "notes",
}  # fmt: skip
_KEYS = {"trigger": "match", "blast radius": "limits"}  # what the model calls these sections
_TITLE = re.compile(r"(?:runbook\s*[:–—-]\s*)?(?P<name>.*\S)", re.IGNORECASE)
_ESCALATE_TO = re.compile(r"(?:escalate to|policy|chain)\s*[:=]\s*`?([a-z0-9][a-z0-9-]*)`?\.?", re.IGNORECASE)
_HEAD = Labels.of({"owner": "owner", "time limit": "time_limit", "approval window": "approval_window"})
_TOP_HEADING = 2


@dataclass(slots=True)
class _Sheet:
    """The file, sorted by section ("" before the first; `unknown X` for one that nobody reads)."""

    title: Heading | None = None
    blocks: dict[str, list[Block]] = field(default_factory=dict)
    headings: dict[str, int] = field(default_factory=dict)

    def lines(self, section: str) -> list[Line]:
        return [block for block in self.blocks.get(section, []) if isinstance(block, Line)]


def load(text: str, *, path: str, digest: Digest) -> Loaded:
    found = Findings(path)
    sheet = _sorted(markdown_blocks.read(text), found)
    _refuse_stray_commands(sheet, found)
    if sheet.title is None:
        found.on(1, "the runbook has no name", remedy="begin with # Runbook: name-of-the-runbook")
    if "steps" not in sheet.blocks:
        found.on(1, "the section Steps is missing", key="steps", remedy="add ## Steps with ### Step 1: ...")
    runbook = _runbook(sheet, path=path, digest=digest, found=found)
    return Loaded(None if found.problems else runbook, found.problems, sheet.headings)


def _sorted(blocks: Iterable[Block], found: Findings) -> _Sheet:
    sheet, section = _Sheet(), ""
    for block in blocks:
        known = _section(block)
        if isinstance(block, Heading) and block.level == 1 and sheet.title is None and known is None:
            sheet.title, section = block, ""
        elif known is not None:
            section = known
            sheet.blocks.setdefault(section, [])
            sheet.headings.setdefault(_KEYS.get(section, section), block.line)
        elif isinstance(block, Heading) and markdown_steps.step_title(block.text, is_heading=False):
            section = "steps"
            sheet.blocks.setdefault(section, []).append(block)
        elif isinstance(block, Heading) and block.level <= _TOP_HEADING:
            section = f"unknown {block.text}"
            near = findings.nearest(_normal(block.text), _SECTIONS, alike=0.8)
            if near:
                found.on(block.line, f'the section "{block.text}" is not known', remedy=f'did you mean "{near}"?')
        else:
            sheet.blocks.setdefault(section, []).append(block)
    return sheet


def _section(block: Block) -> str | None:
    return _SECTIONS.get(_normal(block.text)) if isinstance(block, Heading) else None


def _normal(heading: str) -> str:
    return " ".join(re.sub(r"[^a-z ]", " ", heading.lower()).split())


def _refuse_stray_commands(sheet: _Sheet, found: Findings) -> None:
    """Commands that would never run, though their author may think so."""
    for section, blocks in sheet.blocks.items():
        for block in blocks:
            is_read = section in ("steps", "escalation", "notes")
            if not is_read and isinstance(block, Code) and markdown_steps.is_shell(block):
                name = section.removeprefix("unknown ") or "the beginning"
                remedy = "move them to ## Steps, or mark the block as ```text"
                found.on(block.line, f"commands under {name} would never run", key=name, remedy=remedy)


def _runbook(sheet: _Sheet, *, path: str, digest: Digest, found: Findings) -> Runbook:
    written = _TITLE.fullmatch(sheet.title.text) if sheet.title else None
    title = markdown_facts.unquoted(written["name"])[0] if written else "runbook"
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    if yaml_models.NAME.fullmatch(name) is None:
        line = sheet.title.line if sheet.title else 1
        found.on(line, f'"{title[:60]}" is not a runbook name', key="name", remedy="use at most 63 letters and digits")
    bounds = markdown_sections.blast_radius(sheet.lines("blast radius"), found)
    head = _head(sheet.lines(""), found)
    times: dict[str, timedelta] = {**bounds.durations, **{k: v for k, v in head.items() if isinstance(v, timedelta)}}
    steps = markdown_steps.read(sheet.blocks.get("steps", []), found)
    return Runbook(
        name=RunbookName(name),
        title=title.replace("-", " ").capitalize() if title == name else title,
        digest=digest,
        path=path,
        match=markdown_sections.trigger(sheet.lines("trigger"), found),
        steps=steps,
        owner=str(head.get("owner", "")),
        parameters=_parameters(sheet, steps, found),
        max_level=Level.ASSISTED if bounds.level is None else bounds.level,
        limits=dict(sorted(bounds.limits.items())),
        time_limit=times.get("time_limit", DEFAULT_TIME_LIMIT),
        approval_window=times.get("approval_window", DEFAULT_APPROVAL_WINDOW),
        approvers=markdown_sections.approvers(sheet.lines("approvers"), found),
        escalation=_escalation(sheet),
        notes=_notes(sheet),
    )


def _head(lines: Iterable[Line], found: Findings) -> dict[str, str | timedelta]:
    """`Owner: S0SRE`, `Time limit: 10m` between the title and the first section; other prose is free."""
    head: dict[str, str | timedelta] = {}
    for line in lines:
        for fact in _HEAD.facts(line.text):
            text = markdown_facts.unquoted(fact.value)[0]
            try:
                head[fact.label] = text if fact.label == "owner" else durations.parse(text)
            except Invalid as error:
                found.on(line.line, error.problem, key=fact.label, remedy=error.remedy)
    return head


def _parameters(sheet: _Sheet, steps: Iterable[StepSpec], found: Findings) -> dict[str, Parameter]:
    parameters = markdown_sections.parameters(sheet.lines("parameters"), found)
    captured = {step.capture.name for step in steps if step.capture}
    for step in steps:
        for action in (step.action, step.undo):
            if isinstance(action, Command):
                for name in _placeholders(action.text):
                    if name in captured:
                        continue
                    parameters.setdefault(name, markdown_sections.implied(name))
    return dict(sorted(parameters.items()))


def _placeholders(text: str) -> tuple[str, ...]:
    try:
        return placeholders.names(text)
    except Invalid:  # the check of the commands says what is wrong with it
        return ()


def _escalation(sheet: _Sheet) -> str:
    named = (_ESCALATE_TO.fullmatch(line.text) for line in sheet.lines("escalation"))
    return next((match[1].lower() for match in named if match), "")


def _notes(sheet: _Sheet) -> str:
    """The prose of Escalation first, then of Notes, as plain text."""
    texts: list[str] = []
    for section in ("escalation", "notes"):
        for block in sheet.blocks.get(section, []):
            if isinstance(block, Code):
                texts.extend(f"    {text}" for text, _ in block.lines)
            elif isinstance(block, Line):
                texts.append(f"- {block.text}" if block.is_item else block.text)
    return "\n".join(texts)
