"""Freezes as they stand: stored before they are answered, asked in memory by every claim and once more before a run.

Any full member of the workspace may stop; only an approver may let go again.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.core import approvals, freezes
from bot.core.actors import Standing
from bot.core.authorization import Action
from bot.core.errors import PageturnerError, Refused
from bot.core.freezes import Freeze, Scope, ScopeKind, Wish
from bot.core.ids import UserId
from bot.core.incidents import Incident
from bot.core.runbooks import ApproverRule
from bot.flow.trusting import Trust
from bot.ports import Clock, Freezes, Runbooks

log = logging.getLogger(__name__)


class Freezer:
    def __init__(
        self,
        stored: Freezes,
        runbooks: Runbooks,
        clock: Clock,
        *,
        standing: Callable[[UserId], Awaitable[Standing]],
        trust: Trust,
        calendar: Callable[[], Sequence[Freeze]] = tuple,
        escalate_to: tuple[str, ...],
    ) -> None:
        self._stored = stored
        self._standing = standing
        self._trust = trust
        self._calendar = calendar
        self._runbooks = runbooks
        self._clock = clock
        self._escalate_to = escalate_to
        self._freezes: list[Freeze] = []

    async def start(self) -> None:
        """A freeze outlives the process that took it."""
        self._freezes = await self._stored.freezes()

    def active(self) -> list[Freeze]:
        now = self._clock.now()
        return [each for each in self._all() if each.is_on(now)]

    def _all(self) -> list[Freeze]:
        """Those that people took first: they say more than the calendar."""
        return [*self._freezes, *self._calendar()]

    def why_held(self, incident: Incident) -> str:
        """A sentence on what keeps this incident's steps from starting, with the way out; "" for nothing."""
        now = self._clock.now()
        is_broken = incident.glass is not None and incident.glass.is_broken(now)
        # broken glass is a record, too: where the record does not add up, it opens nothing
        known = [each for each in self._all() if not is_broken or each.by == freezes.RECORD]
        found = freezes.holding(known, incident, now)
        if found is None:
            return ""
        way = "It ends by itself" if found.is_of_calendar else f"Lift it with {freezes.lifting(found)}"
        return f"{freezes.describe(found, now)}. {way}."

    async def freeze(self, wish: Wish, user: UserId) -> Freeze:
        """Durable and in force on return. Raises Refused for guests, bots, strangers and an unknown runbook."""
        standing = await self._standing(user)
        approvals.check_member(standing, doing="freeze")
        self._check(standing, Action.FREEZE, wish.scope)
        if wish.scope.kind is ScopeKind.RUNBOOK and wish.scope.name not in self._runbooks.current().runbooks:
            raise Refused(f"There is no runbook {wish.scope.name}.", rule="freeze.scope", remedy="See /runbook list.")
        now = self._clock.now()
        until = now + wish.span if wish.span else None
        made = Freeze(self._clock.token(), wish.scope, wish.reason, user, now, until)
        self._freezes.append(made)  # in force at once: stopping need not wait for the disk
        try:
            await self._stored.put_freeze(made)
        except PageturnerError:  # only these say that it is not stored: a caller that is cancelled still has stopped it
            self._freezes.remove(made)
            raise
        log.warning("frozen", extra={"scope": str(made.scope), "user": user, "reason": made.reason})
        return made

    async def unfreeze(self, scope: Scope, user: UserId) -> list[Freeze]:
        """Lift every freeze of exactly this scope. Raises Refused when there is none, or for who is no approver."""
        standing = await self._standing(user)
        approvals.check_authority(standing, self._rule(), None)
        self._check(standing, Action.UNFREEZE, scope)
        now = self._clock.now()
        same = [each for each in self.active() if _same(each.scope, scope)]
        meant = [each for each in same if not each.is_of_calendar]
        if same and not meant:
            text = f"The calendar freezes {scope}; nobody lifts that from here."
            raise Refused(text, rule="freeze.calendar", remedy="It ends by itself, or by an edit of calendar.yaml.")
        if not meant:
            raise Refused(f"Nothing is frozen for {scope}.", rule="freeze.none", remedy=self._remedy())
        for each in meant:
            await self._lift(each, user, now)
        return meant

    def _check(self, standing: Standing, action: Action, scope: Scope) -> None:
        named = bool(standing.groups & self._rule().groups) or standing.person.id in self._rule().users
        self._trust.check(standing, action, freezes.resource(scope), doing=action.value, more={"named": named})

    async def _lift(self, freeze: Freeze, user: UserId, now: datetime) -> None:
        lifted = replace(freeze, lifted_by=user, lifted_at=now)
        await self._stored.put_freeze(lifted)
        self._freezes = [each for each in self._freezes if each.id != freeze.id]  # two people may lift it at once
        log.warning("unfrozen", extra={"scope": str(freeze.scope), "user": user})

    def _remedy(self) -> str:
        others = [freezes.lifting(each) for each in self.active() if not each.is_of_calendar]
        return f"In force: {', '.join(others)}." if others else "No freeze is in force."

    def _rule(self) -> ApproverRule:
        """Whoever may approve a step of any runbook, and whoever incidents are escalated to."""
        rules = [rule for each in self._runbooks.current().runbooks.values() for rule in each.approvers.values()]
        return approvals.anyone_of(rules, self._escalate_to)


def _same(one: Scope, other: Scope) -> bool:
    return one.kind is other.kind and one.name.casefold() == other.name.casefold()
