"""A simulated Slack, a client to it, and a desk that stands in for the flow: it remembers what it was asked."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack import connection, questions
from bot.adapters.slack.chat import Chat
from bot.adapters.slack.connection import Workspace
from bot.adapters.slack.gateway import Gateway
from bot.core import events, summary
from bot.core.approvals import Approval
from bot.core.card_home import Home
from bot.core.cards import Audience, Card
from bot.core.errors import Refused
from bot.core.freezes import Scope, Wish
from bot.core.ids import ApprovalId, IncidentId, RunbookName, StepId, UserId
from bot.core.incidents import Incident, Step
from bot.core.matching import Candidate
from bot.core.operations import Tier
from bot.core.runbooks import Library, Parameter
from bot.core.statistics import Numbers, Tally
from bot.core.track_records import Row
from bot.flow import desk as flow_desk
from bot.ports import Message, Posted
from bot.sim.slack.server import SlackSim
from bot.sim.slack.settings import RateMode, Settings
from tests import builders as b

MANIFEST = Path(__file__).parents[3] / "manifest.yml"


class RealClock:
    """Slack's client keeps its own time, so these tests run on real seconds, few of them."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def token(self) -> str:
        return "token-0123456789"

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    incident: IncidentId | None = None


@dataclass
class FakeDesk:
    """`asked` is what reached the desk; `refuses` is raised by the next question; `delay` makes the desk slow."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)
    refuses: Exception | None = None
    delay: float = 0.0
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)
    incident: Incident = field(default_factory=lambda: waiting(Tier.MEDIUM))

    async def _note(self, *question: object) -> Answer:
        self.asked.append(question)
        self.was_asked.set()
        if self.delay:
            await asyncio.sleep(self.delay)
        refuses, self.refuses = self.refuses, None
        if refuses is not None:
            raise refuses
        return Answer(f"Done: {question[0]}.", self.incident.id)

    async def vote_approve(self, approval: ApprovalId, user: UserId, *, typed: str = "", reason: str = "") -> Answer:
        return await self._note("approve", approval, user, typed, reason)

    async def vote_reject(self, approval: ApprovalId, user: UserId, *, reason: str) -> Answer:
        return await self._note("reject", approval, user, reason)

    async def confirmation(self, approval: ApprovalId, user: UserId) -> tuple[Incident, Step, Approval]:
        await self._note("confirmation", approval, user)
        assert self.incident.approval is not None
        return self.incident, self.incident.steps[0], self.incident.approval

    async def look(self, incident: IncidentId) -> Incident:
        if incident != self.incident.id:
            raise Refused(f"There is no {incident}.", rule="incident.unknown")
        return self.incident

    async def bring(self, incident: IncidentId) -> Answer:
        await self._note("bring", incident)
        return Answer(f"{incident} is next.", incident)

    async def take(self, incident: IncidentId, user: UserId) -> Answer:
        return await self._note("take", incident, user)

    async def escalate(self, incident: IncidentId, user: UserId) -> Answer:
        return await self._note("escalate", incident, user)

    async def resolve(self, incident: IncidentId, user: UserId, *, reason: str) -> Answer:
        return await self._note("resolve", incident, user, reason)

    async def choose(self, incident: IncidentId, user: UserId, runbook: RunbookName | None) -> Answer:
        return await self._note("choose", incident, user, runbook)

    async def settle(self, incident: IncidentId, step: StepId, user: UserId, *, worked: bool | None) -> Answer:
        return await self._note("settle", incident, step, user, worked)

    async def freeze(self, wish: Wish, user: UserId) -> Answer:
        return await self._note("freeze", wish, user)

    async def unfreeze(self, scope: Scope, user: UserId) -> Answer:
        return await self._note("unfreeze", scope, user)

    async def grant_level(self, incident: IncidentId, user: UserId, *, reason: str) -> Answer:
        return await self._note("grant", incident, user, reason)

    async def decline_level(self, incident: IncidentId, user: UserId, *, reason: str) -> Answer:
        return await self._note("decline", incident, user, reason)

    async def ask_to_break_glass(self, incident: IncidentId, user: UserId, *, reason: str) -> Answer:
        return await self._note("ask_to_break_glass", incident, user, reason)

    async def break_glass(self, incident: IncidentId, user: UserId, *, reason: str) -> Answer:
        return await self._note("break_glass", incident, user, reason)

    async def home(self, user: UserId) -> Home:
        await self._note("home", user)
        return Home()

    def levels(self) -> list[Row]:
        return []

    async def history(self, wanted: str) -> list[Incident]:
        await self._note("history", wanted)
        return [self.incident]

    async def numbers(self) -> Numbers:
        await self._note("numbers")
        return Tally().numbers()

    def troubles(self) -> list[str]:
        return []

    def freezes(self) -> list[str]:
        return []

    async def run(self, name: str, parameters: Mapping[str, str], user: UserId) -> Answer:
        return await self._note("run", name, dict(parameters), user)

    def library(self) -> Library:
        namespace = Parameter("namespace", "[a-z0-9-]{1,63}", default="production")
        return Library(
            {each.name: each for each in (b.runbook(parameters={"namespace": namespace}), b.runbook(name="api"))}
        )

    async def overview(self) -> list[Incident]:
        return [self.incident]


def waiting(tier: Tier) -> Incident:
    """An incident whose only step waits for approval."""
    step = b.step(1, tier)
    history = b.planned(step).then(events.StepPrepared(step))
    asked = b.approval(step, at=datetime.now(UTC))
    incident = history.then(events.ApprovalRequested(asked)).incident
    candidates = tuple(Candidate(RunbookName(name), name, 0.7) for name in ("redis", "api"))
    return replace(incident, candidates=candidates)


def root() -> Card:
    return card("root", waiting(Tier.MEDIUM))


def card(key: str, incident: Incident) -> Card:
    return dict(summary.messages(incident, now=datetime.now(UTC), audience=Audience(("S0SRE",))))[key]


def same_shape(real: flow_desk.Desk, fake: FakeDesk) -> tuple[questions.Desk, questions.Desk]:
    """For the type checker: the desk that is asked in production and the one here have the shape that the edge asks."""
    return real, fake


@dataclass
class Office:
    """`show` posts an incident's messages the way the announcer would."""

    sim: SlackSim
    client: AsyncWebClient
    workspace: Workspace
    chat: Chat
    desk: FakeDesk
    gateway: Gateway

    async def show(self, key: str = "step-1") -> Posted:
        first = await self.chat.post(Message(b.INC, "root", card("root", self.desk.incident)), channel="incidents")
        if key == "root":
            return first
        message = Message(b.INC, key, card(key, self.desk.incident))
        return await self.chat.post(message, channel=first.channel, thread=first.ts)

    async def press(self, user: str, at: Posted, action: str, value: str = "") -> Any:
        picked = {"value": value} if value else None
        return await self.sim.click(user, channel=at.channel, message_ts=at.ts, action_id=action, value=picked)


@asynccontextmanager
async def slack(settings: Settings | None = None) -> AsyncIterator[SlackSim]:
    manifest = yaml.safe_load(MANIFEST.read_text())
    sim = SlackSim(manifest=manifest, settings=settings or Settings(rate_mode=RateMode.OFF))
    await sim.start()
    try:
        yield sim
    finally:
        await sim.stop()


@asynccontextmanager
async def office(settings: Settings | None = None, *, is_open: bool = True) -> AsyncIterator[Office]:
    """Everything wired and, unless told otherwise, connected."""
    async with slack(settings) as sim, connection.open_session() as session:
        client = connection.open_client(sim.bot_token, base_url=sim.api_url, session=session)
        workspace, desk, clock = Workspace(client), FakeDesk(), RealClock()
        gateway = Gateway(
            client, sim.app_token, desk=desk, workspace=workspace, clock=clock, channel="incidents", ping_seconds=1.0
        )
        chat = Chat(client, workspace, on_spoken=gateway.expect_echo)
        if is_open:
            await gateway.start()
        try:
            yield Office(sim, client, workspace, chat, desk, gateway)
        finally:
            await gateway.stop(2.0)
