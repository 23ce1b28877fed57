"""An incident for the world outside: every event as one line of JSON, or a page to begin a post-mortem with.

Both are complete and inert. JSON is ASCII, so nothing in it can move a cursor or break a line. In Markdown, whatever
did not come from this program stands in code, where no link, mention, image or HTML can come to life.
"""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from bot.core import card_words, checks, timeline
from bot.core.events import Recorded
from bot.core.evidence import StoredEvent
from bot.core.incidents import Incident, Step
from bot.core.inert import inert

LONGEST_TEXT = 100_000
"""Characters of one text on the page; the JSON has all of it."""

_BACKTICKS = re.compile(r"`+")


def json_line(stored: StoredEvent) -> str:
    """One event as it is stored, also of a kind that this version does not know. `at` is RFC 3339 in UTC."""
    actor = {"kind": stored.actor_kind, "id": stored.actor_id}
    head = {"incident": stored.incident, "sequence": stored.sequence, "at": moment(stored.at), "actor": actor}
    return json.dumps({**head, "kind": stored.kind, "body": json.loads(stored.body)}, ensure_ascii=True)


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def markdown(incident: Incident, history: Sequence[Recorded]) -> str:
    """Facts, timeline, steps with commands and outputs, and the questions that a post-mortem answers."""
    parts = [f"# {incident.id}: {span(incident.title)}", _facts(incident), "## Timeline", _timeline(history)]
    if incident.steps:
        parts.append("## Steps")
        parts += [_step(incident, step) for step in incident.steps]
    parts += ["## To be written", _QUESTIONS]
    return "\n\n".join(parts) + "\n"


_QUESTIONS = "\n".join(
    (
        "- What did users notice, and for how long?",
        "- What was the cause, and what made it worse or better?",
        "- Which step of the runbook helped, and which one is missing?",
        "- What is done about it, by whom, until when?",
    )
)


def span(text: str) -> str:
    """Untrusted text within a line: code, with enough backticks around it (CommonMark 6.1)."""
    line = " ".join(inert(text, LONGEST_TEXT).split())
    if not line:
        return "(nothing)"
    ticks = "`" * (1 + max((len(run) for run in _BACKTICKS.findall(line)), default=0))
    return f"{ticks} {line} {ticks}" if len(ticks) > 1 else f"`{line}`"


def fence(text: str) -> str:
    """Untrusted lines: a code block whose fence is longer than any in it (CommonMark 4.5)."""
    body = inert(text, LONGEST_TEXT).rstrip("\n")
    ticks = "`" * max(3, 1 + max((len(run) for run in _BACKTICKS.findall(body)), default=0))
    return f"{ticks}text\n{body}\n{ticks}"


def _facts(incident: Incident) -> str:
    ended = incident.resolved_at
    took = card_words.duration(ended - incident.opened_at) if ended and incident.opened_at else ""
    rows = [
        ("State", str(incident.state)),
        ("Severity", str(incident.severity)),
        ("Service", span(incident.service) if incident.service else ""),
        ("Environment", span(incident.environment) if incident.environment else ""),
        ("Opened", _clock(incident.opened_at)),
        ("Resolved", _clock(ended) + (f", after {took}" if took else "")),
        ("Runbook", span(incident.runbook) if incident.runbook else "none"),
        ("Matched because", span(incident.match_reason) if incident.match_reason else ""),
        ("Alerts", str(len(incident.alerts))),
        ("Escalated", card_words.plural(len(incident.calls), "time")),
        ("Ended because", span(card_words.plain(incident.resolution)) if incident.resolution else ""),
    ]
    return "\n".join(f"- {label}: {text}" for label, text in rows if text)


def _clock(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else ""


def _timeline(history: Iterable[Recorded]) -> str:
    lines, day = [], ""
    for entry in timeline.entries(history):
        today = f"{entry.at.astimezone(UTC):%Y-%m-%d} (UTC)"
        lines += [today] if today != day else []
        day = today
        lines.append(card_words.plain(timeline.line(entry)))
    return fence("\n".join(lines))


def _step(incident: Incident, step: Step) -> str:
    heading = f"### {card_words.position(incident, step.plan.id)}: {span(step.plan.name)}"
    approved = ", ".join(f"{span('@' + vote.voter)}{_because(vote.reason)}" for vote in step.approved_by)
    rows = [
        ("Outcome", str(step.outcome or "not run")),
        ("Tier", str(step.plan.tier)),
        ("Approved by", approved),
        ("Started", _clock(step.started_at)),
        ("Finished", _clock(step.finished_at)),
        ("Result", span(card_words.plain(step.detail)) if step.detail else ""),
        ("Changed", "; ".join(span(line) for line in step.change)),
        ("Expected", span(checks.describe(step.plan.expect))),
    ]
    facts = "\n".join(f"- {label}: {text}" for label, text in rows if text)
    parts = [heading, fence(step.plan.operation.text), facts]
    return "\n\n".join([*parts, *([fence(step.output)] if step.output.strip() else [])])


def _because(reason: str) -> str:
    return f" ({span(reason)})" if reason else ""
