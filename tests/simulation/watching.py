"""What must hold in every night, whatever happened: looked at when something changes, and once more in the morning."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.core import auditing_steps, events, incidents, moves
from bot.core.errors import Permanent
from bot.core.ids import ApprovalId, IncidentId, StepId, UserId
from bot.core.incidents import Incident, Step
from bot.core.operations import Effect, Operation, Replay, Tier
from bot.core.plans import Verdict
from bot.core.states import State
from bot.ports import Commit, Delivery
from tests import builders as b
from tests.fakes.journal import MemoryStore
from tests.fakes.world import plain_render
from tests.simulation import surroundings
from tests.simulation.surroundings import Cluster, People, Slack

WITHIN_SECONDS = 2.0
"""How soon a freeze holds every new step (F67)."""

PASSING_SECONDS = 2.0
"""How long a claim may lie between the look at its voters and its intent: another look-up and waiting for a turn."""

MOST_EVENTS = 500
"""What no incident comes to in a night, even when it is begun anew again and again."""

AT_REST = frozenset({State.ESCALATED, State.UNCLEAR, State.CLOSED})
"""Where an incident may be in the morning, hours after anything happened: with people, or over."""


@dataclass(slots=True)
class Promises:
    """What the bot has said to somebody: it must be true in the morning."""

    votes: list[tuple[IncidentId, ApprovalId, UserId]] = field(default_factory=list)
    accepted: list[Delivery] = field(default_factory=list)


@dataclass(slots=True)
class Watch:
    """Reads the store behind the bot's back. Times are virtual seconds; a freeze is (from, until or None)."""

    store: MemoryStore
    people: People
    violations: list[str] = field(default_factory=list)
    freezes: list[list[float | None]] = field(default_factory=list)
    effects: dict[str, int] = field(default_factory=dict)
    started: dict[str, float] = field(default_factory=dict)
    unclear: dict[tuple[IncidentId, int], float] = field(default_factory=dict)
    glass: set[IncidentId] = field(default_factory=set)
    _folded: dict[IncidentId, Incident] = field(default_factory=dict)

    def stored(self, commit: Commit) -> None:
        """Each transaction, the moment it is durable."""
        now = asyncio.get_running_loop().time()
        for row in commit.events:
            match row.event:
                case events.StepStarted(step=step, approval=approval):
                    self.started[f"{commit.incident}/{step}"] = now
                    if approval is not None:
                        self._look_at_voters(commit.incident, now)
                case events.GlassBroken():
                    self.glass.add(commit.incident)
        if commit.head.version == MOST_EVENTS:
            self.violations.append(f"{commit.incident}: {MOST_EVENTS} events, it goes round in circles")
            self.store.outage = Permanent("enough")
        if commit.head.state is State.UNCLEAR:
            self.unclear.setdefault((commit.incident, commit.head.version), now)

    def _look_at_voters(self, name: IncidentId, now: float) -> None:
        """Who had left the group for longer than a claim takes can not have been counted (F42)."""
        incident = self.fold(name)
        for vote in incident.step(incident.current or StepId("")).approved_by:
            left = self.people.left_at.get(vote.voter)
            if vote.voter not in {b.ANA, b.BEN}:
                self.violations.append(f"{name}: {vote.voter} approved and may not")
            if left is not None and now - left > PASSING_SECONDS:
                self.violations.append(f"{name}: {vote.voter} had left {now - left:.1f} s before it was claimed")

    def fold(self, name: IncidentId) -> Incident:
        """What is stored of it now."""
        known = self._folded.get(name) or Incident(name)
        for row in self.store.events[name][known.version :]:
            known = incidents.apply(known, row)
        self._folded[name] = known
        return known

    def changing(self, key: str, operation: Operation) -> None:
        """Something is about to change: is that what is stored, and may it?"""
        name, run, step_id = key.split("/")
        incident = self.fold(IncidentId(name))
        if (incident.state, incident.current, str(incident.runs)) != (State.RUNNING, StepId(step_id), run):
            self.violations.append(f"{key}: changes with {incident.state} stored, not as a running step")
            return
        step = incident.step(StepId(step_id))
        self.violations += [f"{key}: {problem}" for problem in self._problems(incident, step, operation, key)]
        self.effects[key] = self.effects.get(key, 0) + 1

    def _problems(self, incident: Incident, step: Step, operation: Operation, key: str) -> list[str]:
        found = []
        if step.plan.operation.text != operation.text:
            found.append(f"{operation.text} is not what is stored")
        if step.plan.judgement.effect is not Effect.READ and not step.approved_by:
            found.append("ran without approval")
        if step.plan.tier is not Tier.LOW and step.plan.decision.verdict is not Verdict.ASK:
            found.append(f"ran as {step.plan.decision.verdict}")
        if self._is_frozen(incident, self.started[f"{incident.id}/{step.plan.id}"]):
            found.append("was started while frozen")
        if step.plan.judgement.replay is not Replay.IDEMPOTENT and self.effects.get(key, 0) > self._reruns(
            incident, step
        ):
            found.append("happened twice")
        return found

    def _reruns(self, incident: Incident, step: Step) -> int:
        """How often a person has said that it should run again."""
        settled = (each.event for each in self.store.events[incident.id])
        return sum(
            isinstance(each, events.OutcomeSettled) and each.step == step.plan.id and each.rerun for each in settled
        )

    def lifting(self) -> None:
        """Somebody is about to lift every freeze: from here on none is counted on."""
        for each in self.freezes:
            each[1] = each[1] or asyncio.get_running_loop().time()

    def _is_frozen(self, incident: Incident, since: float) -> bool:
        if incident.id in self.glass:
            return False
        return any(
            begun is not None and begun + WITHIN_SECONDS < since and (ended is None or since < ended)
            for begun, ended in self.freezes
        )


def in_the_morning(watch: Watch, promises: Promises, *, cluster: Cluster, slack: Slack, now: datetime) -> list[str]:
    """What is wrong hours later, when everything around works again."""
    found = [*watch.violations, *cluster.violations, *_broken_promises(watch, promises)]
    for name in watch.store.events:
        history = watch.store.events[name]
        incident = watch.fold(name)
        found += [str(each) for each in auditing_steps.steps(name, history, is_whole=True)]
        found += [f"{name}: {problem}" for problem in _unrest(incident, now)]
        found += [f"{name}: {problem}" for problem in _seen_wrongly(incident, slack)]
        found += [f"{name}: {problem}" for problem in _beyond_limits(incident, watch, cluster)]
        found += [
            f"{name}: paged {len(call.pages)} times for one call" for call in incident.calls if len(call.pages) > 1
        ]
    return found


def _beyond_limits(incident: Incident, watch: Watch, cluster: Cluster) -> list[str]:
    """One restart in an incident, and one more for each that a person has settled or begun anew."""
    keys = (effect.key.split("/")[0] for effect in cluster.effects if effect.text == surroundings.RESTART)
    restarts = sum(key == incident.id for key in keys)
    settled = sum(isinstance(each.event, events.OutcomeSettled) for each in watch.store.events[incident.id])
    allowed = settled + max(incident.runs, 1)
    return [f"{restarts} restarts where {allowed} may be"] if restarts > allowed else []


def _broken_promises(watch: Watch, promises: Promises) -> list[str]:
    found = []
    for name, approval, user in promises.votes:
        votes = ((each.event, each.actor.id) for each in watch.store.events[name])
        if not any(
            isinstance(event, events.VoteCast) and event.approval == approval and by == user for event, by in votes
        ):
            found.append(f"{name}: the vote of {user} was answered and is not stored")
    settled = {watch.store.inbox[item].delivery.key for item in watch.store.settlements}
    found += [f"alert {each.key} was accepted and lost" for each in promises.accepted if each.key not in settled]
    found += [
        f"alert row {item} came to {each.became}"
        for item, each in watch.store.settlements.items()
        if each.became == "quarantined"
    ]
    return found


def _unrest(incident: Incident, now: datetime) -> list[str]:
    if incident.state not in AT_REST and not (incident.state is State.RESOLVED and incident.firing):
        return [f"is still {incident.state} in the morning"]
    move = moves.next_move(incident, now=now, pagers=("PagerDuty",))
    if incident.state is not State.CLOSED and isinstance(move, moves.Wait) and move.until is None:
        return [f"waits for ever as {incident.state}"]
    return []


def _seen_wrongly(incident: Incident, slack: Slack) -> list[str]:
    """What stands in Slack is what is stored, once."""
    found = []
    for key, card in plain_render(incident):
        shown = slack.shown(key, incident.id)
        if (incident.id, key) in slack.deleted and (not shown or (incident.id, key) in slack.unsearchable):
            continue  # nobody has had a reason to touch it since: that it is gone is not known
        if len(shown) != 1 and (incident.id, key) not in slack.unsearchable:
            found.append(f"{key} stands in Slack {len(shown)} times")
        elif card not in shown:
            found.append(f"{key} does not show what is stored")
    return found


def told_after(watch: Watch, told: Mapping[tuple[IncidentId, int], float]) -> list[float]:
    """Seconds from each unknown outcome until it could be read in Slack, where it was read before anything else."""
    return [told[which] - at for which, at in watch.unclear.items() if which in told]
