"""`check`: what is wrong with runbooks, and when asked with the settings, before the bot meets it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot import settings
from bot.adapters.alerts import admission
from bot.adapters.cedar import policies
from bot.adapters.runbook_files import report
from bot.cli import screen
from bot.core.card_words import plural
from bot.core.errors import Invalid
from bot.core.runbooks import Problem


@dataclass(frozen=True, slots=True)
class Found:
    """`advice` never counts as a finding."""

    problems: tuple[Problem, ...]
    advice: tuple[Problem, ...]
    settings: tuple[str, ...]


def run(paths: Sequence[Path], *, with_settings: bool, as_json: bool) -> None:
    chosen = list(paths) or [settings.read_local().runbooks]
    missing = [path for path in chosen if not path.exists()]
    if missing:
        screen.fail(f"{missing[0]} does not exist")
    found = asyncio.run(_look(chosen, with_settings=with_settings))
    if as_json:
        screen.document(_document(found))
    else:
        _show(found)
    screen.finish(found=bool(found.problems or found.settings))


async def _look(paths: list[Path], *, with_settings: bool) -> Found:
    async with screen.telling(screen.Progress("reading runbooks")):
        problems = await asyncio.to_thread(report.check, paths)
        folders = [path for path in paths if path.is_dir()]
        problems += [each for folder in folders for each in await asyncio.to_thread(policies.check, folder)]
        advice = await asyncio.to_thread(report.advise, paths)
    return Found(tuple(problems), tuple(advice), _settings() if with_settings else ())


def _settings() -> tuple[str, ...]:
    """What would keep `serve` from starting, as far as it can be seen without connecting anywhere."""
    found = list(settings.problems())
    if found:
        return tuple(found)
    configured = settings.read()
    tokens = configured.webhook_token.get_secret_value().split() if configured.webhook_token else ()
    try:
        admission.check(configured.host, tuple(tokens))
    except Invalid as problem:
        found.append(str(problem))
    if not configured.runbooks.is_dir():
        found.append(f"PAGETURNER_RUNBOOKS: there is no folder {configured.runbooks}")
    if configured.kubeconfig and not all(Path(each).is_file() for each in configured.kubeconfig.split(":") if each):
        found.append("KUBECONFIG: names a file that does not exist")
    if configured.kubeconfig_reader and not Path(configured.kubeconfig_reader).is_file():
        found.append("PAGETURNER_KUBECONFIG_READER: names a file that does not exist")
    if not configured.database.absolute().parent.is_dir():
        found.append(f"PAGETURNER_DATABASE: there is no folder {configured.database.absolute().parent}")
    return tuple(found)


def _document(found: Found) -> list[dict[str, object]]:
    """One object for each; `kind` is problem, setting or advice."""
    rows = [{"kind": "problem", **_row(each)} for each in found.problems]
    rows += [{"kind": "setting", **_row(Problem("", 0, "", each, ""))} for each in found.settings]
    return [*rows, *({"kind": "advice", **_row(each)} for each in found.advice)]


def _row(problem: Problem) -> dict[str, object]:
    names = ("path", "line", "key", "message", "remedy")
    return {name: getattr(problem, name) for name in names}


def _show(found: Found) -> None:
    for each in found.problems:
        screen.say(str(each))
    for sentence in found.settings:
        screen.say(f"settings: {sentence}")
    for each in found.advice:
        screen.say(f"advice: {each}")
    count = len(found.problems) + len(found.settings)
    screen.say(plural(count, "finding") if count else "nothing to complain about")
