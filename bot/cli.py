"""The command line. Exit 0 ok, 1 findings, 2 bad usage or input; `--json` where a program might read it."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from bot import __version__, settings
from bot.core.commands import explaining
from bot.core.errors import PageturnerError
from bot.core.operations import Json
from bot.core.redaction import Redactor

application = typer.Typer(
    name="pageturner",
    help="Fix production from Slack: every step shown, approved, bounded and recorded.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Main = Callable[[asyncio.Event], Coroutine[None, None, None]]

FINDINGS, BAD_INPUT = 1, 2
WIDTH = 100
"""Columns that every table fits into."""

out = Console(width=WIDTH, highlight=False, soft_wrap=False)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, for programs.")]


def main() -> None:
    try:
        application()
    except PageturnerError as problem:
        _fail(str(problem))


def _fail(sentence: str) -> NoReturn:
    print(f"pageturner: {sentence}", file=sys.stderr)
    sys.exit(BAD_INPUT)


@application.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(__version__)
        raise typer.Exit


@application.command()
def serve() -> None:
    """Run the bot with the settings of the environment."""
    from bot import app
    from bot.adapters import logs

    configured = settings.read()
    logs.set_up(configured.log_level, Redactor(configured.secrets))
    for sentence in settings.unknown():
        print(f"pageturner: {sentence}", file=sys.stderr)
    _run(lambda stop: app.serve(configured, stop=stop, on_ready=_say_ready))


def _say_ready(bot: object) -> None:
    print(f"pageturner: ready, alerts on port {getattr(bot, 'port', '?')}", file=sys.stderr, flush=True)


@application.command()
def demo(
    port: Annotated[int, typer.Option(help="Port of the page; 0 takes a free one.")] = 8765,
    scenario: Annotated[
        str, typer.Option(help="What breaks first; `none` lets you choose on the page.")
    ] = "redis-pool",
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")] = False,
    runbooks: Annotated[Path, typer.Option(help="Folder of runbooks.")] = Path("runbooks"),
    manifest: Annotated[Path, typer.Option(help="The Slack app's manifest.")] = Path("manifest.yml"),
    verbose: Annotated[bool, typer.Option("--verbose", help="Log every event.")] = False,
) -> None:
    """Try it: the bot with a simulated Slack, cluster and pager on this machine. Nothing leaves it."""
    from bot import demo as local
    from bot.adapters import logs
    from bot.sim import scenarios
    from bot.sim.world import LocalWorld

    known = [each.name for each in scenarios.SCENARIOS]
    if scenario not in {*known, "none"}:
        _fail(f"there is no scenario {scenario}; choose one of: {', '.join(known)}, none")
    logs.set_up("info" if verbose else "warning", Redactor(()))

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


@application.command()
def explain(
    command: Annotated[
        list[str] | None, typer.Argument(help="A command as it stands in a runbook, or - to read lines.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What a command is: its tier and why, effect, operation, replay class, counters. Runs nothing."""
    text = " ".join(command or [])
    if not text:
        _fail("give a command, e.g. pageturner explain 'kubectl delete pod web-1 -n production'")
    lines = (line.rstrip("\n") for line in sys.stdin) if text == "-" else iter([text])
    for line in lines:
        told = explaining.explain(line)
        if as_json:
            print(json.dumps(told, ensure_ascii=False))
        else:
            _show_explanation(told)


def _show_explanation(told: dict[str, Json]) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in told.items():
        if value in (None, "", [], {}):
            continue
        shown = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
        if isinstance(value, dict):
            shown = ", ".join(f"{name} {count}" for name, count in value.items())
        table.add_row(key.replace("_", " "), shown)
    out.print(table)


@application.command()
def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Runbooks or folders; `runbooks` when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read runbooks as strictly as the bot does: what is wrong, where, and what to write instead."""
    from bot.adapters.runbook_files import report

    chosen = paths or [Path("runbooks")]
    missing = [path for path in chosen if not path.exists()]
    if missing:
        _fail(f"{missing[0]} does not exist")
    found = report.check(chosen)
    if as_json:
        print(json.dumps([_problem(each) for each in found], ensure_ascii=False))
    else:
        for each in found:
            print(each)
        print(f"{len(found)} findings" if found else "nothing to complain about")
    if found:
        raise typer.Exit(FINDINGS)


def _problem(problem: object) -> dict[str, object]:
    names = ("path", "line", "key", "message", "remedy")
    return {name: getattr(problem, name) for name in names}


def _run(make: Main) -> None:
    """Run until SIGTERM or Ctrl-C, then let it finish in its own time; a second signal ends it at once."""
    try:
        asyncio.run(_until_signalled(make))
    except* PageturnerError as group:
        _fail(str(_first(group)))


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
