"""`plan`: what the bot would do, and why, without an incident and without running anything.

Previews go to the same executors that `serve` uses; none of them changes anything, and `--offline` asks nobody at all.
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot import outside, settings
from bot.adapters.alerts import documents, sources
from bot.adapters.cedar.policies import PolicyFiles
from bot.adapters.runbook_files.calendar import CalendarFile
from bot.adapters.runbook_files.library import RunbookFiles
from bot.adapters.system_clock import SystemClock
from bot.cli import cards, screen
from bot.core import correlation, matching, parameters, rehearsals
from bot.core.alerts import Alert
from bot.core.errors import Invalid
from bot.core.ids import RunbookName
from bot.core.operations import Family, Json, Operation
from bot.core.plans import Plan
from bot.core.previews import Outcome, Performed, Preview
from bot.core.runbooks import Library, Runbook
from bot.flow import rehearsing
from bot.flow.previewing import Previewer
from bot.ports import Executor
from bot.settings import Settings

LARGEST_FILE = 8 * 1024 * 1024
HOME_KUBECONFIG = Path(".kube") / "config"


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked on the command line. `runbook` may be empty when there is an alert to match."""

    runbook: str
    typed: Mapping[str, str]
    alert: Alert | None
    more_alerts: int
    is_offline: bool


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """`plan` is None when nothing fits, or the bot could not have made one: `problem` says why."""

    match: matching.Match | None
    plan: Plan | None
    problem: str = ""
    is_offline: bool = False

    @property
    def is_stopped(self) -> bool:
        """Something would keep this run from going through by itself and the people whom it asks."""
        undecided = self.match is not None and self.match.chosen is None
        return self.plan is None or undecided or bool(rehearsals.blocked(self.plan))


class Unasked:
    """Stands in for every executor when nothing is to be looked up. It runs nothing either."""

    async def preview(self, operation: Operation, *, timeout: timedelta) -> Preview:  # noqa: ARG002 the port has them
        return Preview(promise="not looked up")

    async def perform(self, operation: Operation, preview: Preview, *, key: str, timeout: timedelta) -> Performed:  # noqa: ARG002 the port has them
        return Performed(Outcome.REFUSED, detail="nothing is run here")


def run(words: Sequence[str], *, alert: Path | None, source: str | None, is_offline: bool, as_json: bool) -> None:
    name, pairs = _split(words)
    if not name and alert is None:
        screen.fail("name a runbook, or give an alert with --alert FILE")
    if source is not None and source not in sources.PARSERS:
        screen.fail(f"there is no source {source}; choose one of: {', '.join(sorted(sources.PARSERS))}")
    read, more = _alert(alert, source) if alert else (None, 0)
    wish = Wish(name, _typed(pairs), read, more, is_offline)
    configured = settings.read_local()
    if not configured.runbooks.is_dir():
        screen.fail(f"there is no folder of runbooks at {configured.runbooks}: set PAGETURNER_RUNBOOKS")
    library = RunbookFiles(configured.runbooks).current()
    for problem in library.problems:
        screen.note(str(problem))
    rehearsed = asyncio.run(_rehearse(wish, configured, library))
    (_print if as_json else _show)(wish, rehearsed)
    screen.finish(found=rehearsed.is_stopped)


# --- what was asked --------------------------------------------------------------------------------------------------


def _split(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The first word is the runbook, unless it is a parameter already."""
    return ("", words) if not words or "=" in words[0] else (words[0], words[1:])


def _typed(pairs: Sequence[str]) -> dict[str, str]:
    typed: dict[str, str] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key:
            screen.fail(f"{pair!r} is not a parameter: write it as name=value")
        if key in typed:
            screen.fail(f"the parameter {key} is given twice")
        typed[key] = value
    return typed


def _alert(path: Path, source: str | None) -> tuple[Alert, int]:
    """The first alert that would open an incident, and how many others do not belong to it."""
    document = documents.read(_content(path))
    found = sources.PARSERS[source or sources.guess(document)](document).alerts
    firing = [each for each in found if each.is_firing]
    if not firing:
        screen.fail(f"no alert in {path} is firing: the bot would open no incident")
    first = firing[0]
    same = set(correlation.keys(first))
    return first, sum(same.isdisjoint(correlation.keys(each)) for each in firing)


def _content(path: Path) -> bytes:
    try:
        if str(path) == "-":
            return sys.stdin.buffer.read(LARGEST_FILE)
        with path.open("rb") as file:
            return file.read(LARGEST_FILE)
    except OSError as problem:
        screen.fail(f"{path} cannot be read: {problem.strerror}")


# --- the rehearsal ---------------------------------------------------------------------------------------------------


async def _rehearse(wish: Wish, configured: Settings, library: Library) -> Rehearsed:
    found = matching.match(matching.Index(library), wish.alert) if wish.alert and not wish.runbook else None
    runbook = _runbook(wish, library, found)
    if runbook is None:
        return Rehearsed(found, None, "No runbook fits this alert.")
    clock, progress = SystemClock(), screen.Progress("loading")
    async with AsyncExitStack() as stack:
        # The very executors of the running bot, so that what is previewed here is what would be previewed there.
        executors: Mapping[Family, Executor] = outside.executors(configured, clock, stack, library=lambda: library)
        if wish.is_offline:
            executors = dict.fromkeys(Family, Unasked())
        elif not _has_cluster(configured):
            screen.note("no cluster is configured (KUBECONFIG): its steps are shown without their dry run")
            executors = {**executors, Family.KUBERNETES: Unasked()}
        await stack.enter_async_context(screen.telling(progress))
        previewer = Previewer(
            executors,
            frozenset(configured.approvers),
            trust=outside.trust(
                configured,
                clock,
                policies=PolicyFiles(configured.runbooks),
                calendar=CalendarFile(configured.runbooks, configured.zone),
                library=lambda: library,
            ),
        )
        try:
            plan = await rehearsing.rehearse(
                runbook, wish.alert, wish.typed, previewer=previewer, now=clock.now(), tell=progress.tell
            )
        except Invalid as problem:
            if wish.typed or not wish.alert:
                raise
            return Rehearsed(found, None, f"{runbook.name} cannot be planned, it would be escalated: {problem}.")
    return Rehearsed(found, plan, is_offline=wish.is_offline)


def _runbook(wish: Wish, library: Library, found: matching.Match | None) -> Runbook | None:
    """The named one, the chosen one, or the best of those that a person would choose from."""
    if wish.runbook:
        known = library.runbooks.get(RunbookName(wish.runbook))
        if known is None:
            names = ", ".join(sorted(library.runbooks)) or "none"
            raise Invalid(f"there is no runbook {wish.runbook}", remedy=f"known: {names}")
        parameters.resolve(known, wish.alert, wish.typed)
        return known
    if found is None or not found.candidates:
        return None
    return library.runbooks[found.chosen or found.candidates[0].runbook]


def _has_cluster(configured: Settings) -> bool:
    """A kubeconfig, the one of the home folder, or the cluster that this runs in."""
    return bool(configured.kubeconfig) or outside.IN_CLUSTER.exists() or (Path.home() / HOME_KUBECONFIG).exists()


# --- the answer ------------------------------------------------------------------------------------------------------


def _print(wish: Wish, rehearsed: Rehearsed) -> None:
    shown: dict[str, Json] = {"offline": wish.is_offline}
    if wish.alert is not None and rehearsed.match is not None:
        shown["match"] = rehearsals.match_document(wish.alert, rehearsed.match)
        shown["other_alerts"] = wish.more_alerts
    shown["plan"] = rehearsals.plan_document(rehearsed.plan) if rehearsed.plan else None
    shown["problem"] = rehearsed.problem
    screen.document(shown)


def _show(wish: Wish, rehearsed: Rehearsed) -> None:
    if wish.alert is not None and rehearsed.match is not None:
        cards.show(rehearsals.match_card(wish.alert, rehearsed.match))
        if wish.more_alerts:
            screen.say(f"{wish.more_alerts} more alerts in the file belong to other incidents and are left out.\n")
    plan = rehearsed.plan
    if plan is None:
        screen.say(rehearsed.problem)
        return
    if rehearsed.match is not None and rehearsed.match.chosen is None:
        screen.say(f"Nothing would run until a person chooses. If {plan.runbook} is chosen:\n")
    cards.show(rehearsals.head_card(plan))
    for turn in rehearsals.turns(plan):
        cards.show(rehearsals.step_card(plan, turn))
    cards.show(rehearsals.closing_card(plan, is_offline=rehearsed.is_offline))
