"""What happens around the bot in a night: alerts, people with and without rights, and everything that breaks."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

from bot.core.alerts import Alert
from bot.core.errors import Transient
from bot.core.freezes import Scope, Wish
from bot.core.ids import ApprovalId, IncidentId, RunbookName, UserId
from bot.core.incidents import Incident
from bot.core.states import State
from bot.ports import Delivery
from tests import builders as b
from tests.simulation.scene import Scene

GRACE_SECONDS = 20.0
ALERTS = 4
REASON = "it is broken, I looked"


class Bot(Protocol):
    """How the outside reaches whatever life is there: True when it answered, False for a no, None for silence."""

    async def press(self, what: str, *args: Any, **words: Any) -> bool | None: ...

    async def receive(self, delivery: Delivery) -> bool | None: ...

    def kill(self) -> None: ...

    async def stop(self, grace_seconds: float) -> None: ...


class Happenings:
    def __init__(self, scene: Scene, bot: Bot) -> None:
        self.scene = scene
        self.bot = bot
        self.chance = scene.chance
        self.asked: list[ApprovalId] = []
        self.is_calm = False

    def _incidents(self, *states: State) -> list[Incident]:
        known = [self.scene.watch.fold(name) for name in self.scene.store.events]
        return [each for each in known if not states or each.state in states]

    # --- alerts ------------------------------------------------------------------------------------------------------

    async def alert_fires(self) -> None:
        await self._send(self._alert(firing=True))

    async def alert_ends(self) -> None:
        await self._send(self._alert(firing=False))

    def _alert(self, *, firing: bool) -> Alert:
        number = self.chance.randrange(ALERTS)
        made = b.alert(labels={"instance": str(number)}, starts_at=self.scene.clock.now(), firing=firing)
        return replace(made, environment=self.chance.choice(("staging", "production")))

    async def _send(self, alert: Alert) -> None:
        """A sender that tries until it hears a yes, and now and then once more."""
        delivery = Delivery(alert, self.scene.clock.now(), f"{self.chance.getrandbits(64):x}")
        times = self.chance.choice((1, 1, 2))
        while times:
            if await self.bot.receive(delivery):
                self.scene.promises.accepted.append(delivery)
                times -= 1
            await asyncio.sleep(self.chance.uniform(0.5, 5))

    # --- people who may ----------------------------------------------------------------------------------------------

    async def on_call(self, until: float) -> None:
        """A person who is awake, mostly careful, and looks at what is asked every few seconds."""
        while self.scene.loop.time() < until:
            await asyncio.sleep(self.chance.uniform(1, 25))
            for incident in self._incidents(State.WAITING, State.UNCLEAR):
                await self._answer(incident)

    async def _answer(self, incident: Incident) -> None:
        if incident.approval is not None:
            self.asked.append(incident.approval.id)
            await self._approve(incident, self.chance.choice((b.ANA, b.BEN)))
        elif incident.current is not None:
            worked = self.chance.choice((True, False, None))
            await self.bot.press("settle", incident.id, incident.current, b.ANA, worked=worked)

    async def _approve(self, incident: Incident, who: UserId) -> None:
        asked = incident.approval
        if asked is None:
            return
        if await self.bot.press("vote_approve", asked.id, who, typed=asked.typed_name, reason=REASON):
            self.scene.promises.votes.append((incident.id, asked.id, who))

    async def two_vote_at_once(self) -> None:
        for incident in self._incidents(State.WAITING)[:1]:
            asked = incident.approval
            no = self.bot.press("vote_reject", asked.id if asked else "", b.BEN, reason="not now")
            await self._at_once(self._approve(incident, b.ANA), no)

    async def double_click(self) -> None:
        for incident in self._incidents(State.WAITING):
            await self._at_once(self._approve(incident, b.ANA), self._approve(incident, b.ANA))

    async def _at_once(self, *works: Awaitable[Any]) -> None:
        await asyncio.gather(*self.chance.sample(works, len(works)))

    async def somebody_chooses(self) -> None:
        for incident in self._incidents(State.ESCALATED, State.CHOOSING):
            await self.bot.press("choose", incident.id, b.ANA, RunbookName("redis"))

    async def somebody_escalates(self) -> None:
        for incident in self._incidents()[:1]:
            await self.bot.press("escalate", incident.id, b.BEN)

    async def somebody_resolves(self) -> None:
        for incident in self._incidents()[-1:]:
            await self.bot.press("resolve", incident.id, b.ANA, reason="done by hand")

    async def somebody_takes_it(self) -> None:
        for incident in self._incidents()[-1:]:
            await self.bot.press("take", incident.id, b.ANA)

    async def freeze(self) -> None:
        if await self.bot.press("freeze", Wish(Scope(), "moving", None), b.CHI):
            self.scene.watch.freezes.append([self.scene.loop.time(), None])
        await asyncio.sleep(self.chance.uniform(5, 120))
        for _ in range(20):
            self.scene.watch.lifting()
            lifted = await self.bot.press("unfreeze", Scope(), b.ANA)
            if lifted is not False:
                self.scene.watch.lifting()  # also what was frozen while this was under way
            if lifted or self.is_calm:
                return
            await asyncio.sleep(5)

    async def glass_is_broken(self) -> None:
        for incident in self._incidents():
            await self.bot.press("ask_to_break_glass", incident.id, b.ANA, reason="it is all down")
            await self.bot.press("break_glass", incident.id, b.BEN, reason="I see it as well")

    # --- people who may not ------------------------------------------------------------------------------------------

    async def old_button(self) -> None:
        if self.asked:
            who = self.chance.choice((b.ANA, b.BEN, b.CHI))
            await self.bot.press("vote_approve", self.chance.choice(self.asked), who, typed="api", reason=REASON)

    async def stranger_presses(self) -> None:
        for incident in self._incidents(State.WAITING, State.UNCLEAR):
            if incident.approval is not None:
                await self.bot.press("vote_approve", incident.approval.id, b.CHI, typed="api", reason=REASON)
            elif incident.current is not None:
                await self.bot.press("settle", incident.id, incident.current, b.CHI, worked=None)

    async def foreign_button(self) -> None:
        """The approval of one incident with the name of another, as a forged payload would have it."""
        for incident in self._incidents(State.WAITING):
            if incident.approval is not None:
                forged = ApprovalId(f"9{incident.approval.id}")
                await self.bot.press("vote_approve", forged, b.ANA, typed="api", reason=REASON)
                await self.bot.press("settle", IncidentId("INC-99"), "1", b.ANA, worked=None)

    # --- what changes or breaks --------------------------------------------------------------------------------------

    async def runbook_is_edited(self) -> None:
        self.scene.edition = self.chance.choice("def")
        self.scene.put_runbook()

    async def target_is_made_anew(self) -> None:
        self.scene.cluster.uids[self.chance.choice(("api", "node-1"))] += 1

    async def approver_leaves(self) -> None:
        who = self.chance.choice((b.ANA, b.BEN))
        self.scene.people.leave(who)
        await asyncio.sleep(self.chance.uniform(1, 60))
        self.scene.people.come_back(who)

    async def approver_votes_and_leaves(self) -> None:
        """Their yes must not outlive them, least of all while the bot is away."""
        for incident in self._incidents(State.WAITING)[:1]:
            await self._approve(incident, b.BEN)
            self.scene.people.leave(b.BEN)
            self.bot.kill()
            await asyncio.sleep(self.chance.uniform(5, 60))
            self.scene.people.come_back(b.BEN)

    async def people_cannot_be_asked(self) -> None:
        self.scene.people.failing = True
        await asyncio.sleep(self.chance.uniform(1, 40))
        self.scene.people.failing = False

    async def clock_jumps(self) -> None:
        self.scene.clock.jump(timedelta(seconds=self.chance.choice((-3600, -30, 30, 3600))))

    async def disk_is_full(self) -> None:
        self.scene.store.outage = Transient("disk is full")
        await asyncio.sleep(self.chance.uniform(0.1, 40))
        self.scene.store.outage = None

    async def slack_is_down(self) -> None:
        self.scene.slack.is_down = True
        await asyncio.sleep(self.chance.uniform(1, 120))
        self.scene.slack.is_down = False

    async def message_is_deleted(self) -> None:
        self.scene.slack.delete_one()

    async def bot_is_killed(self) -> None:
        self.bot.kill()

    async def bot_is_stopped(self) -> None:
        await self.bot.stop(self.chance.choice((0.5, GRACE_SECONDS)))


ALL = (
    Happenings.alert_fires, Happenings.alert_fires, Happenings.alert_fires, Happenings.alert_ends,
    Happenings.two_vote_at_once, Happenings.double_click, Happenings.somebody_chooses, Happenings.somebody_chooses,
    Happenings.somebody_escalates, Happenings.somebody_resolves, Happenings.somebody_takes_it, Happenings.freeze,
    Happenings.glass_is_broken, Happenings.old_button, Happenings.stranger_presses, Happenings.foreign_button,
    Happenings.runbook_is_edited, Happenings.target_is_made_anew, Happenings.approver_leaves,
    Happenings.people_cannot_be_asked, Happenings.clock_jumps, Happenings.disk_is_full, Happenings.slack_is_down,
    Happenings.approver_votes_and_leaves, Happenings.message_is_deleted, Happenings.bot_is_killed,
    Happenings.bot_is_killed, Happenings.bot_is_stopped,
)  # fmt: skip
"""What one draw of chance may bring; what stands twice is twice as likely."""
