"""`serve` and `demo`: what runs until it is told to stop."""

import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

import typer

from bot import settings
from bot.cli import screen
from bot.core.errors import PageturnerError
from bot.core.redaction import Redactor

Main = Callable[[asyncio.Event], Coroutine[None, None, None]]


def serve() -> None:
    """Run the bot with the settings of the environment."""
    settings.provide_home()
    from bot import app
    from bot.adapters import logs

    configured = settings.read()
    logs.set_up(configured.log_level, Redactor(configured.secrets))
    for sentence in settings.unknown():
        print(f"pageturner: {sentence}", file=sys.stderr)
    _run(lambda stop: app.serve(configured, stop=stop, on_ready=_say_ready))


def _say_ready(bot: object) -> None:
    gc.freeze()  # what the start made stays: walking it again and again was an eighth of the work in a burst of alerts
    print(f"pageturner: ready, alerts on port {getattr(bot, 'port', '?')}", file=sys.stderr, flush=True)


def demo(*, port: int, scenario: str, no_open: bool, runbooks: Path, manifest: Path, verbose: bool) -> None:
    """The bot and the local world, with a browser on the page unless `no_open`."""
    settings.provide_home()
    from bot import demo as local
    from bot.adapters import logs
    from bot.sim import scenarios
    from bot.sim.world import LocalWorld

    known = [each.name for each in scenarios.SCENARIOS]
    if scenario not in {*known, "none"}:
        screen.fail(f"there is no scenario {scenario}; choose one of: {', '.join(known)}, none")
    logs.set_up("info" if verbose else "error", Redactor(()))

    def ready(world: LocalWorld) -> None:
        print(f"pageturner demo: open {world.slack.page_url}", flush=True)
        print("  You are Ana (on-call). Tap the incident, read the step, approve it. Stop with Ctrl-C.", flush=True)
        if not no_open:
            typer.launch(world.slack.page_url)

    _run(
        lambda stop: local.run(
            port=port,
            scenario=None if scenario == "none" else scenario,
            runbooks=runbooks,
            manifest=manifest,
            stop=stop,
            on_ready=ready,
        )
    )


def _run(make: Main) -> None:
    """Run until SIGTERM or Ctrl-C, then let it finish in its own time; a second signal ends it at once."""
    try:
        asyncio.run(_until_signalled(make))
    except* PageturnerError as group:
        screen.fail(str(_first(group)))


async def _until_signalled(make: Main) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def signalled(number: signal.Signals) -> None:
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, signalled, number)
    await make(stop)


def _first(group: BaseExceptionGroup[PageturnerError]) -> BaseException:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
