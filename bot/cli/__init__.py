"""The command line. Exit 0 ok, 1 findings, 2 bad usage or input; `--json` where a program might read it.

Here stand the commands with their words and options; each is done by its own module, imported when it is called, so
that `explain` does not pay for Kubernetes and Slack.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from bot import __version__
from bot.cli import screen
from bot.cli.screen import AsJson
from bot.core.errors import PageturnerError

# Typer carries its own copy of click: this is click's UsageError, reached through a child of it that typer exports.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


class Commands(typer.core.TyperGroup):
    """Everything that is wrong with usage or input is one line on standard error and exit 2, never a traceback."""

    def main(self, *args: Any, **extra: Any) -> Any:  # Any: click's own signature
        extra["standalone_mode"] = False
        try:
            code = super().main(*args, **extra)
        except PageturnerError as problem:
            screen.fail(str(problem))
        except typer.Abort:
            sys.exit(130)
        except _UsageError as problem:
            screen.fail(f"{getattr(problem, 'message', problem)} (see pageturner --help)")
        sys.exit(code if isinstance(code, int) else screen.OK)


class Verbatim(typer.core.TyperCommand):
    """A command whose arguments are a command line of their own: only what stands first or last can be ours.

    `kubectl get pods -o json --json`: the last word is ours, `-o json` is not.
    """

    own = frozenset({"--json", "--help"})

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # Any: click's Context, which typer does not export
        words, mine = list(args), []
        while words and words[0] in self.own:
            mine.append(words.pop(0))
        has_mark = bool(words) and words[0] == "--"
        while not has_mark and words and words[-1] in self.own:
            mine.append(words.pop())
        return super().parse_args(ctx, [*mine, "--", *words[has_mark:]])


application = typer.Typer(
    name="pageturner",
    cls=Commands,
    help="Fix production from Slack: every step shown, approved, bounded and recorded.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Database = Annotated[
    Path | None, typer.Option(help="The bot's database; PAGETURNER_DATABASE when left out. It is only read.")
]


def main() -> None:
    application()


@application.callback(invoke_without_command=True)
def _root(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        print(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(screen.BAD_INPUT)


@application.command()
def serve() -> None:
    """Run the bot with the settings of the environment."""
    from bot.cli import serving

    serving.serve()


@application.command()
def demo(
    *,
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
    from bot.cli import serving

    serving.demo(port=port, scenario=scenario, no_open=no_open, runbooks=runbooks, manifest=manifest, verbose=verbose)


@application.command(cls=Verbatim, context_settings={"help_option_names": ["--help"]})
def explain(
    command: Annotated[
        list[str] | None, typer.Argument(metavar="COMMAND...", help="As it stands in a runbook; - reads one per line.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What a command is: its tier and why, effect, operation, replay class, counters. Runs nothing."""
    from bot.cli import explaining

    explaining.run(command or [], as_json=as_json)


@application.command()
def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="Runbooks or folders; PAGETURNER_RUNBOOKS when left out."),
    ] = None,
    with_settings: Annotated[
        bool, typer.Option("--settings", help="Also the settings of the environment, as `serve` would read them.")
    ] = False,
    explain: Annotated[
        str, typer.Option(metavar="RUNBOOK/STEP", help="What is decided about this step now, why, and who may approve.")
    ] = "",
    environment: Annotated[str, typer.Option(help="With --explain: where.")] = "production",
    service: Annotated[str, typer.Option(help="With --explain: of which service.")] = "",
    level: Annotated[
        int | None, typer.Option(min=0, max=3, help="With --explain: as if this level had been earned.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read runbooks and policies as strictly as the bot does: what is wrong, where, and what to write instead.

    Advice is printed as such and changes nothing about the exit code.
    """
    if explain:
        from bot.cli import deciding

        deciding.explain(deciding.Asked(explain, service, environment, level), as_json=as_json)
        return
    from bot.cli import checking

    checking.run(paths or [], with_settings=with_settings, as_json=as_json)


@application.command(name="import")
def import_(
    *,
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE.md|DIR...", help="Markdown runbooks, or folders of them.")
    ],
    into: Annotated[Path, typer.Option(help="Where the made runbooks go; created when missing.")] = Path("imported"),
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make level-0 runbooks of ordinary Markdown: reads become steps, changes are only shown, and every line is told.

    Runs nothing. Exit 1 when a file gave nothing that can be used.
    """
    from bot.cli import importing

    importing.run(paths, into=into, force=force, as_json=as_json)


@application.command()
def plan(
    *,
    runbook: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RUNBOOK] [NAME=VALUE]...", help="A runbook's name, and its parameters."),
    ] = None,
    alert: Annotated[
        Path | None, typer.Option(help="An alert as a source sends it (JSON), or - for standard input.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="alertmanager or generic; found out when left out.", show_default=False)
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Look nothing up: no dry runs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Dry run in the terminal: what would match and why, every step as it would be shown and asked. Runs nothing.

    Exit 1 when something would stop the run: nothing fits, a person must choose, a step is blocked.
    """
    from bot import settings

    settings.provide_home()
    from bot.cli import planning

    planning.run(runbook or [], alert=alert, source=source, is_offline=offline, as_json=as_json)


@application.command()
def replay(
    incident: Annotated[str | None, typer.Argument(metavar="[INCIDENT]", help="INC-42; all when left out.")] = None,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Fold the stored events again: the timeline of one incident, or whether all match the index."""
    from bot.cli import replaying

    replaying.run(incident, database=database, as_json=as_json)


@application.command()
def export(
    *,
    incident: Annotated[str | None, typer.Argument(metavar="[INCIDENT]", help="INC-42.")] = None,
    is_all: Annotated[bool, typer.Option("--all", help="Every incident.")] = False,
    since: Annotated[str | None, typer.Option(help="With --all: opened since then (7d, 24h, 2026-03-14, ...).")] = None,
    form: Annotated[str, typer.Option("--format", help="json (one event per line) or markdown.")] = "json",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    database: Database = None,
) -> None:
    """Complete events as JSON lines, or a readable page to begin a post-mortem with."""
    from bot.cli import exporting

    exporting.run(incident, is_all=is_all, since=since, form="json" if as_json else form, database=database)


@application.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="A new file; it must not be there yet.")],
    database: Database = None,
) -> None:
    """Copy the database while the bot is running. A restored copy asks people before anything goes on."""
    from bot.cli import keeping

    keeping.run(target, database=database)


@application.command()
def verify(
    database: Database = None,
    checkpoints: Annotated[
        Path | None, typer.Option(help="A file of checkpoints that was kept apart from the database.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the whole database: what adds up, what does not, and what nobody could know from it."""
    from bot.cli import verifying

    verifying.run(database=database, checkpoints=checkpoints, as_json=as_json)


@application.command()
def stats(
    days: Annotated[int, typer.Option(min=1, max=3650, help="How far to look back.")] = 30,
    database: Database = None,
    as_json: AsJson = False,
) -> None:
    """Incidents and runbooks in numbers: how they ended, how long people took, how fast they approved."""
    from bot.cli import counting

    counting.run(days=days, database=database, as_json=as_json)
