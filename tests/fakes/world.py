"""Everything around flow, in memory: fakes that keep state, wired as the composition root wires the real ones."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from bot.core import errors
from bot.core.actors import Person, Standing
from bot.core.alerts import Alert
from bot.core.authorization import Surroundings
from bot.core.cards import Card
from bot.core.events import PageAction
from bot.core.freezes import Freeze
from bot.core.ids import GroupId, IncidentId, UserId
from bot.core.incidents import Incident
from bot.core.operations import Family, Operation, Stage
from bot.core.previews import Outcome, Performed, Preview, Target
from bot.core.redaction import Redactor
from bot.core.runbooks import Library, Runbook
from bot.flow.accounting import Accountant
from bot.flow.advancing import Advancer
from bot.flow.announcing import Announcer
from bot.flow.approving import Approver
from bot.flow.closing import Closer
from bot.flow.desk import Desk
from bot.flow.earning import Earner
from bot.flow.escalating import Escalator
from bot.flow.executing import Runner
from bot.flow.freezing import Freezer
from bot.flow.intake import Intake
from bot.flow.own_steps import OwnSteps
from bot.flow.performing import Performer
from bot.flow.planning import Planner
from bot.flow.previewing import Previewer
from bot.flow.recording import Recorder
from bot.flow.storming import Storm
from bot.flow.trusting import Trust
from bot.ports import Delivery, Executor, Message, Page, Posted
from tests import builders as b
from tests.fakes.journal import MemoryStore

ESCALATE_TO = ("S0SRE",)


class FakeClock:
    """Time stands still; whoever sleeps moves it."""

    def __init__(self) -> None:
        self.time = b.T0
        self.tokens = 0

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return (self.time - b.T0).total_seconds()

    def token(self) -> str:
        self.tokens += 1
        return f"token{self.tokens}"

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        await asyncio.sleep(0)


class FakeRunbooks:
    def __init__(self, *known: Runbook) -> None:
        self.library = Library({each.name: each for each in known})

    def current(self) -> Library:
        return self.library

    def replace(self, *known: Runbook) -> None:
        self.library = Library({each.name: each for each in known})


class FakePeople:
    """`failing` makes every look-up fail; `members` may change between click and claim."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {each: Person(each, each.lower()) for each in (b.ANA, b.BEN, b.CHI)}
        self.members: dict[str, set[str]] = {b.SRE: {b.ANA, b.BEN}}
        self.failing = False

    async def standing(self, user: UserId) -> Standing:
        if self.failing or user not in self.people:
            raise errors.Transient("users.info failed")
        groups = frozenset(GroupId(group) for group, members in self.members.items() if user in members)
        return Standing(self.people[user], groups)


class FakeExecutor:
    """A small world: what exists is in `targets`, what was done is in `receipts`, what comes back is in `answers`."""

    def __init__(self) -> None:
        self.targets: tuple[Target, ...] = (Target("Pod", "web-1", "production", uid="uid-1"),)
        self.problems: tuple[str, ...] = ()
        self.counters: dict[str, int] = {}
        self.undo = ""
        self.answers: dict[str, list[Performed]] = {}
        self.receipts: list[tuple[str, str]] = []
        self.previews: list[str] = []
        self.before_perform: Callable[[], Awaitable[None]] | None = None
        self.before_preview: Callable[[], None] | None = None

    def answer(self, text: str, *answers: Performed) -> None:
        """What this command answers, one after another; the last one again and again."""
        self.answers[text] = list(answers)

    async def preview(self, operation: Operation, *, timeout: timedelta) -> Preview:
        self.previews.append(operation.text)
        if self.before_preview is not None:
            self.before_preview()
        return Preview(
            targets=self.targets,
            promise="dry run accepted",
            problems=self.problems,
            counters=self.counters,
            undo=self.undo,
        )

    async def perform(self, operation: Operation, preview: Preview, *, key: str, timeout: timedelta) -> Performed:
        if self.before_perform is not None:
            await self.before_perform()
        self.receipts.append((key, operation.text))
        answers = self.answers.get(operation.text, [Performed(Outcome.SUCCEEDED, "OK")])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    @property
    def performed(self) -> list[str]:
        return [text for _, text in self.receipts]


class FakeFilters:
    async def apply(self, stages: tuple[Stage, ...], text: str, *, timeout: timedelta) -> Performed:
        return Performed(Outcome.SUCCEEDED, f"{text}|{len(stages)}")


class FakeChat:
    """Messages by channel and ts. `fault` is raised by the next call; `lose_answer` posts, then says it is unclear."""

    def __init__(self) -> None:
        self.messages: dict[str, tuple[Message, Posted]] = {}
        self.fault: errors.PageturnerError | None = None
        self.lose_answer = False
        self.calls: list[str] = []

    async def post(self, message: Message, *, channel: str, thread: str = "") -> Posted:
        self._raise("post")
        ts = f"{len(self.calls)}.000001"
        posted = Posted(message.incident, message.key, channel, ts, "", thread)
        self.messages[ts] = (message, posted)
        if self.lose_answer:
            self.lose_answer = False
            raise errors.Unclear("the answer was lost")
        return posted

    async def update(self, message: Message, at: Posted) -> Posted:
        self._raise("update")
        if at.ts not in self.messages:
            raise errors.Permanent("message_not_found")
        self.messages[at.ts] = (message, at)
        return at

    async def find(self, incident: IncidentId, key: str, *, channel: str, thread: str = "") -> Posted | None:
        self._raise("find")
        found = (at for message, at in self.messages.values() if (message.incident, message.key) == (incident, key))
        return next(found, None)

    def shown(self, key: str, incident: IncidentId = b.INC) -> list[Card]:
        return [
            message.card for message, _ in self.messages.values() if (message.incident, message.key) == (incident, key)
        ]

    def _raise(self, call: str) -> None:
        self.calls.append(call)
        fault, self.fault = self.fault, None
        if fault is not None:
            raise fault


class FakePager:
    target = "PagerDuty"

    def __init__(self) -> None:
        self.pages: list[Page] = []
        self.updates: list[tuple[str, PageAction]] = []
        self.problems: list[errors.PageturnerError] = []

    async def page(self, page: Page) -> str:
        if self.problems:
            raise self.problems.pop(0)
        self.pages.append(page)
        return "accepted"

    async def update(self, key: str, action: PageAction) -> str:
        if self.problems:
            raise self.problems.pop(0)
        self.updates.append((key, action))
        return "accepted"


def plain_render(incident: Incident) -> tuple[tuple[str, Card], ...]:
    """A view that is enough to test the announcer: the root, and one message for each prepared step."""
    root = Card(f"{incident.id} {incident.state} v{incident.version}", ())
    steps = [
        (f"step-{step.plan.id}", Card(f"{step.plan.id} {step.outcome}", ()))
        for step in incident.steps
        if step.prepared_at
    ]
    return (("root", root), *steps)


class World:
    """One life of the process; `again()` is the next one on the same store, Slack and cluster."""

    def __init__(
        self, *known: Runbook, store: MemoryStore | None = None, per_second: float = 0, storm_threshold: int = 0
    ) -> None:
        self.per_second = per_second
        self.storm_threshold = storm_threshold
        self.clock = FakeClock()
        self.store = store or MemoryStore()
        self.runbooks = FakeRunbooks(*known)
        self.people = FakePeople()
        self.executor = FakeExecutor()
        self.chat = FakeChat()
        self.pager = FakePager()
        self.pagers = True
        self.executors: Mapping[Family, Executor] = {Family.KUBERNETES: self.executor, Family.BOT: OwnSteps()}
        self.secrets: tuple[str, ...] = ("hunter2hunter2",)
        self.rules = b.RULES
        self.calendar: list[Freeze] = []
        self.around = Surroundings()
        self.tasks: list[asyncio.Task[None]] = []
        self._wire()

    def _wire(self) -> None:
        executors = self.executors
        to = {"escalate_to": ESCALATE_TO}
        self.recorder = Recorder(self.store, self.clock)
        self.accountant = Accountant(self.recorder, self.store, self.clock)
        trust = Trust(lambda: self.rules, self.clock.now, lambda: self.around)
        self.approver = Approver(self.recorder, self.people, self.clock, trust=trust, **to)
        self.earner = Earner(
            self.recorder,
            self.store,
            self.runbooks,
            self.clock,
            standing=self.approver.standing,
            trust=trust,
            **to,
        )
        previewer = Previewer(
            executors,
            frozenset(ESCALATE_TO),
            trust=trust,
            lately=self.accountant.lately,
            standing=self.earner.standing,
        )
        self.freezer = Freezer(
            self.store,
            self.runbooks,
            self.clock,
            standing=self.approver.standing,
            trust=trust,
            calendar=lambda: self.calendar,
            escalate_to=ESCALATE_TO,
        )
        self.runner = Runner(
            self.recorder, self.runbooks, previewer, self.people, self.clock,
            accountant=self.accountant,
            freezer=self.freezer,
            trust=trust,
            performer=Performer(previewer, self.clock, executors=executors, filters=FakeFilters()),
            redactor=Redactor(self.secrets), **to,
        )  # fmt: skip
        self.advancer = Advancer(
            self.recorder, self.store, self.clock,
            planner=Planner(self.recorder, self.runbooks, previewer, self.clock, **to),
            approver=self.approver,
            runner=self.runner,
            escalator=Escalator(self.recorder, self.clock, pagers=(self.pager,) if self.pagers else (), **to),
            closer=Closer(self.recorder, self.clock),
            earner=self.earner,
        )  # fmt: skip
        self.intake = Intake(self.store, self.store, self.recorder, self.runbooks, self.clock, trust=trust, **to)
        self.announcer = Announcer(
            self.recorder,
            self.store,
            self.chat,
            self.clock,
            channel="incidents",
            render=plain_render,
            per_second=self.per_second,
        )
        self.desk = Desk(
            self.recorder,
            self.store,
            self.approver,
            self.runbooks,
            self.clock,
            freezer=self.freezer,
            earner=self.earner,
            trust=trust,
            escalate_to=ESCALATE_TO,
            bring=self.announcer.bring,
        )
        self.storm = Storm(
            self.recorder,
            self.store,
            self.chat,
            self.clock,
            announcer=self.announcer,
            channel="incidents",
            threshold=self.storm_threshold,
            told=ESCALATE_TO,
        )

    def again(self) -> None:
        """The process is gone; a new one starts on what was stored."""
        self._wire()

    @asynccontextmanager
    async def alive(self) -> AsyncIterator["World"]:
        await self.recorder.start()
        await self.accountant.start()
        await self.freezer.start()
        await self.earner.start()
        await self.intake.start()
        await self.advancer.start()
        await self.storm.start()
        await self.announcer.inherit(self.store)
        await self.announcer.catch_up(self.store)
        runs = (self.intake.run(), self.advancer.run(), self.announcer.run(), self.storm.run())
        self.tasks = [asyncio.create_task(run) for run in runs]
        try:
            yield self
        finally:
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)

    def delivery(self, alert: Alert | None = None) -> Delivery:
        return Delivery(alert or b.alert(), self.clock.now())

    async def fire(self, alert: Alert | None = None) -> None:
        await self.intake.receive([self.delivery(alert)])
        await self.rest()

    async def death(self) -> None:
        """Until something outside has ended one of the tasks for good; then the others end as well."""
        await asyncio.wait(self.tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def rest(self) -> None:
        """Until nobody has anything to do; bounded, so that a busy loop is a failure."""
        for _ in range(20_000):
            await asyncio.sleep(0)
            if self.is_idle:
                await asyncio.sleep(0)
                if self.is_idle:
                    return
        raise AssertionError("it never came to rest")

    @property
    def is_idle(self) -> bool:
        return self.advancer.is_idle and self.announcer.is_idle and self.intake.is_idle

    async def later(self, **by: float) -> None:
        """Time passes and everything that has become due happens."""
        self.clock.time += timedelta(**by)
        await self.advancer.tick()
        await self.storm.tick()
        await self.rest()

    async def incident(self, number: int = 1) -> Incident:
        return await self.recorder.load(IncidentId(f"INC-{number}"))
