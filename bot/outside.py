"""Everything of the running bot that touches the outside: opened here, closed by the exit stack that opened it."""

import logging
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot import settings as configuration
from bot.adapters.cedar.policies import PolicyFiles
from bot.adapters.http_calls.executor import HttpCalls
from bot.adapters.kubernetes.by_kubectl import Kubectl
from bot.adapters.kubernetes.client import Credentials
from bot.adapters.kubernetes.executor import Kubernetes
from bot.adapters.kubernetes.identities import ReaderAndOperator
from bot.adapters.pagerduty.events import PagerDuty
from bot.adapters.pagerduty.oncall import OnCalls
from bot.adapters.programs.executor import Programs
from bot.adapters.programs.running import run as run_program
from bot.adapters.runbook_files.calendar import CalendarFile
from bot.adapters.runbook_files.library import RunbookFiles
from bot.adapters.slack import connection
from bot.adapters.slack.people import People
from bot.adapters.sql.executor import Sql
from bot.adapters.sqlite.store import Store
from bot.adapters.system_clock import SystemClock
from bot.core.authorization import Surroundings
from bot.core.ids import GroupId
from bot.core.operations import Family
from bot.core.runbooks import Library
from bot.flow import attesting
from bot.flow.own_steps import OwnSteps
from bot.flow.trusting import Trust
from bot.ports import Clock, Executor, Pager, Recalling
from bot.settings import Settings

log = logging.getLogger(__name__)

IN_CLUSTER = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
BUILT_IN_PROGRAMS = ("echo", "true")


@dataclass(frozen=True, slots=True)
class Edges:
    """Everything that touches the outside; each closes with the exit stack that opened it."""

    clock: Clock
    store: Store
    runbooks: RunbookFiles
    policies: PolicyFiles
    calendar: CalendarFile
    executors: Mapping[Family, Executor]
    recalling: Mapping[Family, Recalling]
    pagers: tuple[Pager, ...]
    client: AsyncWebClient
    workspace: connection.Workspace
    people: People
    on_calls: OnCalls | None
    trust: Trust


async def open_edges(settings: Settings, stack: AsyncExitStack) -> Edges:
    clock = SystemClock()
    keys = attesting.keys_of(settings.chain_keys)
    store = await Store.open(settings.database, clock, keys[0] if keys else None)
    stack.push_async_callback(store.close)
    for warning in store.warnings():
        log.warning("store", extra={"problem": warning})
    runbooks = RunbookFiles(settings.runbooks)
    for problem in runbooks.current().problems:
        log.warning("runbook", extra={"problem": str(problem)})
    session = await stack.enter_async_context(connection.open_session())
    token = settings.slack_bot_token.get_secret_value()
    client = connection.open_client(token, base_url=settings.slack_api_url, session=session)
    workspace = connection.Workspace(client)
    people = People(client, clock, workspace, groups=lambda: _groups(settings, runbooks))
    policies, calendar = PolicyFiles(settings.runbooks), CalendarFile(settings.runbooks, settings.zone)
    on_calls = _on_calls(settings, session, clock, runbooks=runbooks, people=people)
    found = executors(settings, clock, stack, library=runbooks.current)
    return Edges(
        clock=clock,
        store=store,
        runbooks=runbooks,
        policies=policies,
        calendar=calendar,
        executors=found,
        recalling={family: each for family, each in found.items() if isinstance(each, Programs)},
        pagers=_pagers(settings, session),
        client=client,
        workspace=workspace,
        people=people,
        on_calls=on_calls,
        trust=trust(settings, clock, policies=policies, calendar=calendar, library=runbooks.current, on_calls=on_calls),
    )


def _on_calls(
    settings: Settings, session: aiohttp.ClientSession, clock: Clock, *, runbooks: RunbookFiles, people: People
) -> OnCalls | None:
    token = settings.pagerduty_api_token
    if token is None:
        return None

    def wanted() -> set[str]:
        rules = [rule for each in runbooks.current().runbooks.values() for rule in each.approvers.values()]
        return {name for rule in rules for name in rule.oncall}

    return OnCalls(
        session,
        settings.pagerduty_api_url,
        token.get_secret_value(),
        clock=clock,
        wanted=wanted,
        slack_user=people.by_email,
    )


def trust(
    settings: Settings,
    clock: Clock,
    *,
    policies: PolicyFiles,
    calendar: CalendarFile,
    library: Callable[[], Library],
    on_calls: OnCalls | None = None,
) -> Trust:
    """The policies in force, with the organisation's clock, its windows and what it says of its services."""

    def local() -> datetime:
        return clock.now().astimezone(settings.zone)

    def around() -> Surroundings:
        people = on_calls.current() if on_calls else {}
        return Surroundings(calendar.open_windows(local()), library().tiers, people)

    return Trust(policies.rules, local, around)


def executors(
    settings: Settings, clock: Clock, stack: AsyncExitStack, *, library: Callable[[], Library]
) -> dict[Family, Executor]:
    in_cluster = not settings.kubeconfig and IN_CLUSTER.exists()
    credentials = Credentials(settings.kubeconfig or None, in_cluster=in_cluster)
    kubectl = Kubectl.found(run_program)
    operator = Kubernetes(credentials, clock=clock, kubectl=kubectl)
    stack.push_async_callback(operator.close)
    kubernetes: Executor = operator
    if settings.kubeconfig_reader:
        reader = Kubernetes(Credentials(settings.kubeconfig_reader), clock=clock, kubectl=kubectl)
        stack.push_async_callback(reader.close)
        kubernetes = ReaderAndOperator(reader, operator)
    http = HttpCalls(settings.http_allow, secret=configuration.secret)
    programs = Programs(
        lambda: {*BUILT_IN_PROGRAMS, *(each.template[0] for each in library().programs)},
        kept=settings.database.parent / "programs",
    )
    return {
        Family.KUBERNETES: kubernetes,
        Family.HTTP: http,
        Family.PROGRAM: programs,
        Family.SQL: Sql(configuration.sql_url),
        Family.BOT: OwnSteps(),
    }


def _pagers(settings: Settings, session: aiohttp.ClientSession) -> tuple[Pager, ...]:
    key = settings.pagerduty_routing_key
    return (PagerDuty(session, settings.pagerduty_url, key.get_secret_value()),) if key else ()


def _groups(settings: Settings, runbooks: RunbookFiles) -> frozenset[GroupId]:
    """The user groups that count: those of the settings and of every approver rule."""
    rules = [rule for each in runbooks.current().runbooks.values() for rule in each.approvers.values()]
    named = frozenset(group for rule in rules for group in rule.groups)
    return named | frozenset(GroupId(each) for each in settings.approvers if each.startswith("S"))
