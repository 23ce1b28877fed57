"""The composition root: settings in, a running bot out. One exit stack, one task group; nothing is created on import.

Start: own the store, load the runbooks, listen for alerts, connect to Slack, then look at everything that was open.
Stop in reverse, with a running step allowed to finish first.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry

from bot import outside
from bot.adapters import metrics
from bot.adapters.alerts.server import Listening, Webhooks
from bot.adapters.cedar.policies import PolicyFiles
from bot.adapters.checkpoint_file import CheckpointFile
from bot.adapters.pagerduty.oncall import OnCalls
from bot.adapters.pipelines.filters import Filters
from bot.adapters.programs.running import run as run_program
from bot.adapters.runbook_files.calendar import CalendarFile
from bot.adapters.runbook_files.library import RunbookFiles
from bot.adapters.slack.chat import Chat
from bot.adapters.slack.gateway import Gateway
from bot.adapters.sqlite.store import Store
from bot.adapters.ticking import TICK_SECONDS, Ticker
from bot.core import summary
from bot.core.cards import Audience
from bot.core.errors import Permanent
from bot.core.redaction import Redactor
from bot.flow import attesting, restoring, supervising
from bot.flow.accounting import Accountant
from bot.flow.advancing import Advancer
from bot.flow.announcing import Announcer
from bot.flow.approving import Approver
from bot.flow.attesting import Attester
from bot.flow.closing import Closer
from bot.flow.desk import Desk
from bot.flow.earning import Earner
from bot.flow.escalating import Escalator
from bot.flow.executing import Runner
from bot.flow.freezing import Freezer
from bot.flow.intake import Intake
from bot.flow.performing import Performer
from bot.flow.planning import Planner
from bot.flow.previewing import Previewer
from bot.flow.recording import Recorder
from bot.flow.storming import Storm
from bot.flow.trusting import Trust
from bot.ports import Clock
from bot.settings import Settings

log = logging.getLogger(__name__)

RELOAD_SECONDS = 2.0
HOME_SECONDS = 5.0
LAST_WORDS_SECONDS = 5.0
"""How long a stopping bot goes on telling Slack what it has decided; the rest is told after the next start."""


@dataclass(slots=True)
class Bot:
    """What runs; `port` is known once it listens."""

    settings: Settings
    clock: Clock
    store: Store
    runbooks: RunbookFiles
    policies: PolicyFiles
    calendar: CalendarFile
    recorder: Recorder
    accountant: Accountant
    freezer: Freezer
    earner: Earner
    intake: Intake
    advancer: Advancer
    announcer: Announcer
    storm: Storm
    desk: Desk
    on_calls: OnCalls | None
    attester: Attester
    gateway: Gateway
    registry: CollectorRegistry
    port: int = 0
    is_connected: bool = False

    async def reload(self) -> None:
        """Take up edited runbooks and policies; what is broken is logged, and its last good version stays in use."""
        if await asyncio.to_thread(self.runbooks.reload_if_changed):
            for problem in self.runbooks.current().problems:
                log.warning("runbook", extra={"problem": str(problem)})
        if await asyncio.to_thread(self.policies.reload_if_changed):
            for problem in self.policies.problems:
                log.error("policy", extra={"problem": str(problem), "remedy": "the last good policies stay in force"})

        if await asyncio.to_thread(self.calendar.reload_if_changed):
            for problem in self.calendar.problems:
                log.error(
                    "calendar", extra={"problem": str(problem), "remedy": "the last good calendar stays in force"}
                )

    def readiness(self) -> dict[str, str]:
        """For each part a sentence on what is wrong, or nothing."""
        runbooks = self.runbooks.current().runbooks
        policies, calendar = self.policies.problems, self.calendar.problems
        crowd, water = self.intake.backlog, self.intake.high_water
        return {
            "record": self.attester.trouble,
            "policies": f"{policies[0]}; until then the last good ones stay in force" if policies else "",
            "calendar": f"{calendar[0]}; until then the last good one stays in force" if calendar else "",
            "inbox": f"{crowd} alerts wait to be routed" if crowd >= water else "",
            "store": "" if not self.store.writer.task.done() else "the store's writer has stopped",
            "slack": "" if self.is_connected else "not connected to Slack",
            "channel": self.announcer.trouble,
            "runbooks": "" if runbooks else f"no runbook could be loaded from {self.settings.runbooks}",
        }


def _nothing(_: Bot) -> None:
    pass


async def serve(
    settings: Settings,
    *,
    stop: asyncio.Event,
    on_ready: Callable[[Bot], None] = _nothing,
) -> None:
    """Run until `stop` is set, or Slack stays deaf. Raises what ended it otherwise: Invalid and Permanent say why."""
    async with _built(settings) as bot, asyncio.TaskGroup() as roots:
        tasks = [roots.create_task(_forever(run, name), name=name) for name, run in _roots(bot).items()]
        await _resume(bot)
        on_ready(bot)
        await supervising.either(stop, bot.gateway.deaf)
        await _drain(bot)
        for task in tasks:
            task.cancel()
    if bot.gateway.deaf.is_set() and not stop.is_set():
        raise Permanent("Slack takes what is posted and delivers nothing that people press: start it again")


async def _recall(bot: Bot) -> None:
    """What is stored is known before anything new comes in: numbers are not given twice, no row is routed twice."""
    await bot.recorder.start()
    await bot.accountant.start()
    await bot.attester.start()  # what it finds wrong is a freeze, which must hold before anything runs
    await bot.freezer.start()
    await bot.earner.start()
    if bot.store.backup_at is not None:
        await restoring.hand_over(
            bot.recorder, bot.store, backup_at=bot.store.backup_at, escalate_to=bot.settings.approvers
        )
        await bot.store.forget_backup()
    await bot.intake.start()
    await bot.storm.start()
    await bot.announcer.inherit(bot.store)


async def _resume(bot: Bot) -> None:
    """Connect, then take up every open incident where it was."""
    await bot.gateway.start()
    bot.is_connected = await bot.gateway.is_connected()
    await bot.advancer.start()
    await bot.announcer.catch_up(bot.store)


def _roots(bot: Bot) -> dict[str, Callable[[], Coroutine[None, None, None]]]:
    async def watch_connection() -> None:
        while True:
            await bot.clock.sleep(TICK_SECONDS)
            bot.is_connected = await bot.gateway.is_connected()

    async def watch_store() -> None:
        await asyncio.shield(bot.store.writer.task)

    return {
        **({"on call": bot.on_calls.run} if bot.on_calls else {}),
        "intake": bot.intake.run,
        "advance": bot.advancer.run,
        "announce": bot.announcer.run,
        "storm": bot.storm.run,
        "connection": watch_connection,
        "store": watch_store,
    }


async def _forever(run: Callable[[], Coroutine[None, None, None]], name: str) -> None:
    """A root task that ends takes the process with it: half a bot is worse than none."""
    await run()
    raise RuntimeError(f"the root task {name} has ended")


async def _drain(bot: Bot) -> None:
    """Take nothing new in, let running steps finish, tell Slack what is known."""
    log.info("stopping")
    bot.advancer.drain()
    await bot.gateway.stop(LAST_WORDS_SECONDS)
    until = partial(supervising.until, clock=bot.clock)
    await until(lambda: bot.intake.is_idle and bot.advancer.is_idle, bot.settings.grace_seconds)
    await until(lambda: bot.announcer.is_idle, LAST_WORDS_SECONDS)


@asynccontextmanager
async def _built(settings: Settings) -> AsyncIterator[Bot]:
    async with AsyncExitStack() as stack:
        edges = await outside.open_edges(settings, stack)
        bot = _wired(settings, edges)
        _observe(bot)
        await _recall(bot)
        await _listen(bot, stack)
        ticker = Ticker()
        ticker.every(TICK_SECONDS, bot.advancer.tick, name="deadlines")
        ticker.every(RELOAD_SECONDS, bot.reload, name="runbooks")
        ticker.every(TICK_SECONDS, bot.attester.tick, name="checkpoints")
        ticker.every(TICK_SECONDS, bot.storm.tick, name="storm")
        ticker.every(HOME_SECONDS, bot.gateway.homes.refresh, name="homes")
        ticker.start()
        stack.callback(ticker.stop)
        yield bot


def _wired(settings: Settings, edges: outside.Edges) -> Bot:
    """The stages over the edges. Nothing runs yet."""
    to, clock, store, runbooks = settings.approvers, edges.clock, edges.store, edges.runbooks
    recorder = Recorder(store, clock)
    trust = edges.trust
    approver = Approver(recorder, edges.people, clock, trust=trust, escalate_to=to)
    earner = Earner(recorder, store, runbooks, clock, standing=approver.standing, trust=trust, escalate_to=to)
    freezer = Freezer(
        store, runbooks, clock, standing=approver.standing, trust=trust, calendar=edges.calendar.freezes, escalate_to=to
    )
    desk = Desk(
        recorder, store, approver, runbooks, clock, freezer=freezer, earner=earner, trust=trust, escalate_to=to,
        bring=lambda incident: announcer.bring(incident),  # noqa: PLW0108 - made further below
        troubles=lambda: [f"{name}: {problem}" for name, problem in bot.readiness().items() if problem],
    )  # fmt: skip
    app_token = settings.slack_app_token.get_secret_value()
    gateway = Gateway(
        edges.client, app_token, desk=desk, workspace=edges.workspace, clock=clock, channel=settings.channel
    )
    recorder.listeners.append(lambda _: gateway.homes.mark())
    chat = Chat(edges.client, edges.workspace, on_spoken=gateway.expect_echo)
    announcer = _announcer(settings, edges, recorder, chat)
    accountant = Accountant(recorder, store, clock)
    advancer = _advancer(
        settings, edges, recorder, approver, accountant=accountant, freezer=freezer, trust=trust, earner=earner
    )  # hears of a change after the announcer: people first
    bot = Bot(
        settings=settings,
        clock=clock,
        store=store,
        runbooks=runbooks,
        policies=edges.policies,
        calendar=edges.calendar,
        recorder=recorder,
        accountant=accountant,
        freezer=freezer,
        earner=earner,
        intake=Intake(store, store, recorder, runbooks, clock, trust=trust, escalate_to=to),
        advancer=advancer,
        announcer=announcer,
        storm=_storm(settings, edges, recorder, chat, announcer=announcer),
        desk=desk,
        on_calls=edges.on_calls,
        attester=_attester(settings, edges, chat),
        gateway=gateway,
        registry=CollectorRegistry(),
    )
    return bot


def _advancer(
    settings: Settings,
    edges: outside.Edges,
    recorder: Recorder,
    approver: Approver,
    *,
    accountant: Accountant,
    freezer: Freezer,
    trust: Trust,
    earner: Earner,
) -> Advancer:
    to, clock, runbooks = settings.approvers, edges.clock, edges.runbooks
    previewer = Previewer(
        edges.executors,
        frozenset(to),
        trust=trust,
        lately=accountant.lately,
        standing=earner.standing,
    )
    runner = Runner(
        recorder,
        runbooks,
        previewer,
        edges.people,
        clock,
        accountant=accountant,
        freezer=freezer,
        trust=trust,
        performer=Performer(
            previewer, clock, executors=edges.executors, filters=Filters(run_program), recalling=edges.recalling
        ),
        redactor=Redactor(settings.secrets),
        escalate_to=to,
    )
    return Advancer(
        recorder,
        edges.store,
        clock,
        planner=Planner(recorder, runbooks, previewer, clock, escalate_to=to),
        approver=approver,
        runner=runner,
        escalator=Escalator(recorder, clock, pagers=edges.pagers, escalate_to=to),
        closer=Closer(recorder, clock),
        earner=earner,
    )


async def _listen(bot: Bot, stack: AsyncExitStack) -> None:
    settings = bot.settings
    tokens = settings.webhook_token.get_secret_value().split() if settings.webhook_token else ()
    webhooks = Webhooks(
        bot.intake.receive,
        bot.clock,
        tokens=tuple(tokens),
        checks=bot.readiness,
        registry=bot.registry,
        secrets=settings.signing,
        take=bot.desk.taken_elsewhere,
    )
    listening = await Listening.start(webhooks, settings.host, settings.port)
    stack.push_async_callback(listening.stop)
    bot.port = listening.port


def _announcer(settings: Settings, edges: outside.Edges, recorder: Recorder, chat: Chat) -> Announcer:
    audience = Audience(settings.approvers, tuple(pager.target for pager in edges.pagers))
    return Announcer(
        recorder,
        edges.store,
        chat,
        edges.clock,
        channel=settings.channel,
        render=lambda incident: summary.messages(incident, now=edges.clock.now(), audience=audience),
        per_second=settings.posts_per_second,
    )


def _storm(settings: Settings, edges: outside.Edges, recorder: Recorder, chat: Chat, *, announcer: Announcer) -> Storm:
    return Storm(
        recorder,
        edges.store,
        chat,
        edges.clock,
        announcer=announcer,
        channel=settings.channel,
        threshold=settings.storm_threshold,
        told=settings.approvers,
    )


def _attester(settings: Settings, edges: outside.Edges, chat: Chat) -> Attester:
    return Attester(
        edges.store,
        edges.store,
        CheckpointFile(settings.checkpoints),
        chat,
        edges.clock,
        end=lambda: edges.store.end,
        is_rechained=edges.store.is_rechained,
        keys=attesting.keys_of(settings.chain_keys),
        channel=settings.audit_channel,
        alarms=settings.channel,
    )


def _observe(bot: Bot) -> None:
    metrics.observe(
        bot.registry,
        {
            "inbox_backlog": ("Alerts received and not yet routed.", lambda: bot.intake.backlog),
            "announcements_backlog": ("Incidents whose Slack view is behind.", lambda: bot.announcer.backlog),
            "slack_connected": ("1 while the socket to Slack is up.", lambda: bot.is_connected),
            "policy_problems": ("What is wrong with the policies now.", lambda: len(bot.policies.problems)),
            "record_trouble": (
                "1 while the record or its checkpoints are not right.",
                lambda: bool(bot.attester.trouble),
            ),
            "runbooks": ("Runbooks that are loaded.", lambda: len(bot.runbooks.current().runbooks)),
        },
    )
    metrics.observe_parts(bot.registry, bot.readiness)
