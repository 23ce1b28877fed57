"""Does what is stored add up? Folds the events of an incident again and holds them against what was promised.

That nobody changed what stands there is the chain's business (`chaining`); what neither can say stands in `limits`, and
every report of an audit carries it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core import evidence, incidents
from bot.core.auditing_steps import steps as audit_steps
from bot.core.errors import Conflict, Invalid
from bot.core.events import AlertJoined, IncidentOpened, Recorded
from bot.core.evidence import Finding, InboxRow, IndexRow, StoredEvent
from bot.core.ids import IncidentId
from bot.core.incidents import Incident

_ALWAYS = (
    "whether the times are right: they are those of the machine's clock",
    "whether what a cluster, a program or a person answered was true",
    "whether inbox, index and what was shown in Slack were changed together: the chain is over events and freezes",
)


def limits(*, is_keyed: bool, unseen: int, counted: int | None, count: int) -> tuple[str, ...]:
    """What a check could not say. `counted`: up to where the last checkpoint vouches; None without checkpoints."""
    found = []
    if unseen:
        found.append(
            f"whether {unseen} entries are as they were written: their key is not at hand (PAGETURNER_CHAIN_KEY)"
        )
    if not is_keyed:
        found.append("whether somebody who may write the file computed its chain anew: it has no key")
    if counted is None:
        found.append("whether something was cut off at the end: no checkpoints were given (--checkpoints FILE)")
    elif counted < count:
        found.append(f"whether something was cut off after entry {count}: the last checkpoint is of entry {counted}")
    else:
        found.append(f"whether something came after entry {count} and was cut off before a checkpoint told of it")
    return (*found, *_ALWAYS)


ROUTED_WITHIN = timedelta(minutes=1)
"""A running bot routes an alert in well under a second; one that waits longer than this is stuck, or nobody runs."""


@dataclass(frozen=True, slots=True)
class Refolded:
    """What the stored events of one incident come to. `incident` is None when they could not be folded to the end."""

    id: str
    history: tuple[Recorded, ...]
    incident: Incident | None
    findings: tuple[Finding, ...]


def refold(row: IndexRow | None, name: str, stored: Sequence[StoredEvent]) -> Refolded:
    """The fold once more, compared with the index row (state, version)."""
    findings = evidence.gaps(stored)
    history = []
    for each in stored:
        try:
            history.append(evidence.recorded(each))
        except Invalid as problem:
            findings.append(Finding(name, problem.place, problem.problem, each.sequence))
    folded = None
    if not findings:
        folded, problems = _folded(name, history)
        findings += problems
    findings += _index(row, name, stored, folded)
    return Refolded(name, tuple(history), folded, tuple(findings))


def _folded(name: str, history: Sequence[Recorded]) -> tuple[Incident | None, list[Finding]]:
    incident = Incident(IncidentId(name))
    if history and not isinstance(history[0].event, IncidentOpened):
        kind = type(history[0].event).__name__
        return None, [Finding(name, "move", f"begins with {kind} instead of IncidentOpened", 1)]
    for each in history:
        try:
            incident = incidents.apply(incident, each)
        except Conflict as problem:
            return None, [Finding(name, "move", f"illegal move: {problem}", each.sequence)]
        except (LookupError, ValueError, TypeError, AttributeError, StopIteration):
            # Readable, but about things that are not there: a step of no plan, a plan without steps.
            kind = type(each.event).__name__
            return None, [Finding(name, "move", f"{kind} does not fit what happened before it", each.sequence)]
    return incident, []


def _index(row: IndexRow | None, name: str, stored: Sequence[StoredEvent], folded: Incident | None) -> list[Finding]:
    if row is None:
        return [Finding(name, "index", f"has {len(stored)} events but no index row")]
    if not stored:
        return [Finding(name, "index", "has an index row but no events")]
    found = []
    last = stored[-1].sequence
    if row.version != last:
        found.append(Finding(name, "index", f"the index says version {row.version}, the last event is {last}"))
    if folded is not None and row.state != folded.state.value:
        found.append(Finding(name, "index", f"the index says {row.state}, the events come to {folded.state.value}"))
    return found


def audit(refolded: Refolded, *, joined: int = 0) -> tuple[Finding, ...]:
    """All findings of one incident. `joined`: how many inbox rows say that their alert became part of it."""
    found = list(refolded.findings)
    found += audit_steps(refolded.id, refolded.history, is_whole=refolded.incident is not None)
    alerts = sum(isinstance(each.event, AlertJoined) for each in refolded.history)
    if joined > alerts:
        text = f"the inbox says that {joined} alerts joined, the events know {alerts}"
        found.append(Finding(refolded.id, "inbox", text))
    return tuple(found)


def inbox(rows: Sequence[InboxRow], *, now: datetime) -> list[Finding]:
    """Rows that were never routed, and routed ones whose outcome says nothing. `rows` need not hold the good ones."""
    found = []
    for row in rows:
        text = _problem_of(row, now)
        if text:
            origin = f"(from {row.source}, {row.received_at:%Y-%m-%d %H:%M:%S} UTC)"
            found.append(Finding(f"inbox {row.id}", "inbox", f"{text} {origin}"))
    return found


def _problem_of(row: InboxRow, now: datetime) -> str:
    if not row.became:
        return "has no outcome: it was received and not routed" if now - row.received_at > ROUTED_WITHIN else ""
    if row.became in {"incident", "joined"}:
        return "" if row.incident else f"became {row.became}, but of no incident"
    return "" if row.reason else f"was {row.became} without a reason"


def totals(findings: Sequence[Finding]) -> Mapping[str, int]:
    """How many of each rule, by name."""
    rules = [each.rule for each in findings]
    return {rule: rules.count(rule) for rule in sorted(set(rules))}
