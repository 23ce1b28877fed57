"""`stats`: incidents and runbooks of the last days in numbers."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from bot.cli import archives, screen
from bot.core import auditing, card_history, card_words, statistics
from bot.core.evidence import IndexRow, StoredEvent
from bot.core.statistics import Numbers, RunbookNumbers

_HEAD = ("runbook", "runs", "done", "failed", "unknown", "people", "open", "approve", "resolve", "<3 s")

_LEGEND = "done: all steps done, and resolved with them; people: handed over; approve, resolve: medians"


def run(*, days: int, database: Path | None, as_json: bool) -> None:
    path = archives.place(database)
    since = archives.now() - timedelta(days=days)
    numbers, left_out = asyncio.run(_count(path, since))
    for each in left_out:
        screen.note(f"{each} is left out, its events do not fold: look with pageturner verify")
    if as_json:
        screen.document({"days": days, **_document(numbers), "left_out": left_out})
    else:
        _show(numbers, days)


async def _count(path: Path, since: datetime) -> tuple[Numbers, list[str]]:
    tally = statistics.Tally()
    left_out: list[str] = []

    def look(name: str, row: IndexRow | None, stored: Sequence[StoredEvent]) -> None:
        refolded = auditing.refold(row, name, stored)
        if refolded.incident is None:
            left_out.append(name)
        else:
            tally.add(refolded.history)

    async with archives.opened(path) as archive:
        await archives.each(archive, look, since=since)
    return tally.numbers(), left_out


def _document(numbers: Numbers) -> dict[str, object]:
    runbooks = [
        {
            "runbook": each.runbook,
            "runs": each.runs,
            "succeeded": each.succeeded,
            "failed": each.failed,
            "unknown": each.unknown,
            "handed_over": each.handed_over,
            "running": each.running,
            **_medians(each),
        }
        for each in numbers.runbooks
    ]
    return {
        "incidents": numbers.incidents,
        "resolved": numbers.resolved,
        "escalated": numbers.escalated,
        "reasons_copied": numbers.copied,
        **_medians(numbers),
        "runbooks": runbooks,
    }


def _medians(of: Numbers | RunbookNumbers) -> dict[str, object]:
    return {
        "approvals": of.approvals,
        "approvals_under_3_seconds": of.quick,
        "median_seconds_to_approve": _seconds(of.median_to_approve),
        "median_seconds_to_resolve": _seconds(of.median_to_resolve),
    }


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else round(span.total_seconds(), 3)


def _show(numbers: Numbers, days: int) -> None:
    for sentence in card_history.sentences(numbers, days):
        screen.say(sentence)
    if numbers.runbooks:
        screen.say()
        screen.table(_HEAD, [_row(each) for each in numbers.runbooks], numbers=_HEAD[1:])
        screen.say(_LEGEND)


def _row(each: RunbookNumbers) -> tuple[str, ...]:
    counts = (each.runs, each.succeeded, each.failed, each.unknown, each.handed_over, each.running)
    spans = (card_words.span(each.median_to_approve), card_words.span(each.median_to_resolve))
    return (each.runbook, *map(str, counts), *spans, f"{each.quick} of {each.approvals}")
