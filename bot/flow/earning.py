"""How runbooks earn levels and lose them: the track record as it stands, proposals to owners, their word, and demotion.

A view of the stored incidents, kept in memory because every decision asks it. Grants and losses are events of the very
incidents that they came from, so the timeline explains them.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.core import actors, approvals, events, guards, levels, track_records
from bot.core.authorization import Action, Entity
from bot.core.errors import Refused
from bot.core.ids import GroupId, IncidentId, UserId
from bot.core.incidents import Incident
from bot.core.levels import NEVER_EARNED, Grant, Key, Standing
from bot.core.moves import LoseLevel, ProposeLevel
from bot.core.runbooks import ApproverRule, Level, Runbook
from bot.core.states import State
from bot.core.steps import LevelLoss, Promotion
from bot.core.track_records import KEPT_FOR, Row, Run, TrackRecord
from bot.flow.recording import Draft, Recorder
from bot.flow.trusting import Trust
from bot.ports import Clock, Journal, Runbooks

SHORTEST_REASON = approvals.MINIMUM_REASON


@dataclass(frozen=True, slots=True)
class _Share:
    """What one incident adds: its run, and what became of a level in it."""

    run: Run | None = None
    promotion: Promotion | None = None
    losses: tuple[LevelLoss, ...] = ()


_NOTHING = _Share()


class Earner:
    def __init__(
        self,
        recorder: Recorder,
        journal: Journal,
        runbooks: Runbooks,
        clock: Clock,
        *,
        standing: Callable[[UserId], Awaitable[actors.Standing]],
        trust: Trust,
        escalate_to: tuple[str, ...],
    ) -> None:
        self._recorder = recorder
        self._journal = journal
        self._runbooks = runbooks
        self._clock = clock
        self._person = standing
        self._trust = trust
        self._escalate_to = escalate_to
        self._shares: dict[Key, dict[IncidentId, _Share]] = defaultdict(dict)
        recorder.listeners.insert(0, self._learn)  # before whoever decides by it

    async def start(self) -> None:
        """Find the record again: every incident that did something within the time that a record reaches back."""
        for incident in await self._journal.acted_since(self._clock.now() - KEPT_FOR):
            self._learn(await self._recorder.load(incident))

    def _learn(self, incident: Incident) -> None:
        for runbook in track_records.runbooks(incident):
            asked, key = incident.promotion, Key(runbook, incident.service, incident.environment)
            share = _Share(
                track_records.run_of(incident, runbook),
                asked if asked and asked.runbook == runbook else None,
                tuple(each for each in incident.losses if each.runbook == runbook),
            )
            if share != _NOTHING or incident.id in self._shares[key]:
                self._shares[key][incident.id] = share

    # --- what has been earned --------------------------------------------------------------------------------------

    def standing(self, runbook: Runbook, incident: Incident) -> Standing:
        """What this runbook has earned where the incident is."""
        key = Key(runbook.name, incident.service, incident.environment)
        if key not in self._shares:
            return NEVER_EARNED
        return self._standing(key)

    def _standing(self, key: Key) -> Standing:
        cures = self.record(key).cures_since(self._clock.now() - guards.CURED_WITHIN)
        losses = [loss for share in self._shares[key].values() for loss in share.losses]
        last = max(losses, key=lambda each: each.at, default=None)
        return Standing(self._grant(key), cures, lost=last.reason if last else "")

    def record(self, key: Key) -> TrackRecord:
        shares = self._shares[key].values() if key in self._shares else ()
        return track_records.record((each.run for each in shares if each.run), since=_since(shares))

    def _grant(self, key: Key) -> Grant | None:
        """The newest grant, unless something was lost after it or it is older than a record reaches."""
        shares = self._shares[key].values() if key in self._shares else ()
        granted = [each.promotion for each in shares if each.promotion and each.promotion.is_granted]
        newest = max(granted, key=_settled_at, default=None)
        if newest is None or newest.frame is None or newest.by is None:
            return None
        at = _settled_at(newest)
        is_lost = any(loss.at >= at for each in shares for loss in each.losses)
        if is_lost or at < self._clock.now() - KEPT_FOR:
            return None
        return Grant(newest.level, newest.frame, newest.steps, newest.by, newest.reason, at)

    def due(self, incident: Incident) -> ProposeLevel | LoseLevel | None:
        """What this incident changes about its runbook's level now."""
        for trouble in incident.troubles:
            grant = self._grant(Key(trouble.runbook, incident.service, incident.environment))
            if grant is not None and trouble.at >= grant.at:
                return LoseLevel(trouble.runbook, grant.level, trouble.reason)
        key = _key(incident)
        return self._proposal(incident, key, self._grant(key)) if key is not None else None

    def _proposal(self, incident: Incident, key: Key, grant: Grant | None) -> ProposeLevel | None:
        runbook = self._runbooks.current().runbooks.get(key.runbook)
        if runbook is None or incident.promotion is not None or incident.firing:
            return None
        if incident.state not in {State.RESOLVED, State.CLOSED}:
            return None
        has = min(runbook.max_level, Standing(grant).of_plan(runbook)[0])
        level = min(runbook.max_level, self.record(key).deserves(self._clock.now()))
        is_open = any(
            each.promotion and each.promotion.is_granted is None for each in self._shares.get(key, {}).values()
        )
        return ProposeLevel(level) if level > max(has, levels.GIVEN_UNEARNED) and not is_open else None

    def rows(self) -> list[Row]:
        """Every runbook that asks for more than level 1, where it ran, and what it has earned."""
        found = []
        for key in sorted(self._shares, key=str):
            runbook = self._runbooks.current().runbooks.get(key.runbook)
            if runbook is not None and any(each.run for each in self._shares[key].values()):
                level, reasons = self._standing(key).of_plan(runbook)
                found.append(Row(key, level, reasons, self.record(key)))
        return found

    # --- changes ---------------------------------------------------------------------------------------------------

    async def propose(self, incident: Incident, level: Level) -> None:
        key = _key(incident)
        runbook = self._runbooks.current().runbooks.get(key.runbook) if key else None
        if key is None or runbook is None:
            return
        owners = (runbook.owner,) if runbook.owner else self._escalate_to
        proposed = events.LevelProposed(level, self.record(key).evidence(self._clock.now()), owners)
        draft = Draft(proposed, actors.BOT)
        await self._recorder.record(incident.id, lambda now: [] if now.promotion is not None else [draft])

    async def lose(self, incident: Incident, move: LoseLevel) -> None:
        draft = Draft(events.LevelLost(move.runbook, move.level, move.reason), actors.BOT)
        await self._recorder.record(incident.id, lambda now: [draft] if now.version == incident.version else [])

    async def grant(self, incident: IncidentId, user: UserId, *, reason: str) -> Level:
        """Durable on return. Raises Refused for who is no owner, for a thin reason, and when it is settled already."""
        current = await self._recorder.load(incident)
        runbook, asked = await self._settling(current, user, reason)
        given = levels.grant(runbook, asked.level, by=user, reason=reason.strip(), at=self._clock.now())
        granted = events.LevelGranted(given.level, given.frame, given.steps, given.reason)
        await self._settle(incident, Draft(granted, actors.person(user)))
        return asked.level

    async def decline(self, incident: IncidentId, user: UserId, *, reason: str) -> None:
        current = await self._recorder.load(incident)
        await self._settling(current, user, reason)
        await self._settle(incident, Draft(events.LevelDeclined(reason.strip()), actors.person(user)))

    async def _settling(self, incident: Incident, user: UserId, reason: str) -> tuple[Runbook, Promotion]:
        asked, key = incident.promotion, _key(incident)
        runbook = self._runbooks.current().runbooks.get(key.runbook) if key else None
        if asked is None or runbook is None:
            raise Refused("No level is proposed here.", rule="level.none", remedy="See /runbook levels.")
        await self._check_owner(runbook, asked.level, user)
        if asked.is_granted is not None:
            by = f"<@{asked.by}>"
            raise Refused(
                f"{by} has already {'granted' if asked.is_granted else 'declined'} this.", rule="level.settled"
            )
        if len(reason.strip()) < SHORTEST_REASON:
            text = f"Give a reason of at least {SHORTEST_REASON} characters; it is kept for the record."
            raise Refused(text, rule="reason")
        return runbook, asked

    async def _check_owner(self, runbook: Runbook, level: Level, user: UserId) -> None:
        standing = await self._person(user)
        rule = self.owners(runbook)
        remedy = f"Allowed: {rule}."
        approvals.check_member(standing, doing="grant levels", remedy=remedy)
        if user not in rule.users and not (standing.groups & rule.groups):
            raise Refused("Only the owner of a runbook grants it a level.", rule="level.owner", remedy=remedy)
        resource, more = Entity("Runbook", runbook.name), {"named": True, "level": level.value}
        self._trust.check(standing, Action.PROMOTE, resource, doing="grant levels", more=more)

    def owners(self, runbook: Runbook) -> ApproverRule:
        """The runbook's owner, else whoever incidents are escalated to."""
        named = (runbook.owner,) if runbook.owner else self._escalate_to
        return ApproverRule(
            frozenset(UserId(each) for each in named if not each.startswith("S")),
            frozenset(GroupId(each) for each in named if each.startswith("S")),
        )

    async def _settle(self, incident: IncidentId, draft: Draft) -> None:
        def decide(now: Incident) -> list[Draft]:
            if now.promotion is None or now.promotion.is_granted is not None:
                raise Refused("Somebody else was first; look at the newest card.", rule="level.settled")
            return [draft]

        await self._recorder.record(incident, decide)


def _key(incident: Incident) -> Key | None:
    """The runbook that was planned last, where the incident is."""
    if incident.plan is None:
        return None
    return Key(incident.plan.runbook, incident.service, incident.environment)


def _settled_at(promotion: Promotion) -> datetime:
    return promotion.settled_at or promotion.at


def _since(shares: Iterable[_Share]) -> datetime | None:
    """When a row of successes begins anew: after a level was lost or not granted."""
    known = [*shares]
    lost = [loss.at for each in known for loss in each.losses]
    declined = [_settled_at(each.promotion) for each in known if each.promotion and each.promotion.is_granted is False]
    return max([*lost, *declined], default=None)
