"""`replay`: fold the stored events again, and compare what they come to with what the index says."""

import asyncio
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

from bot.adapters.sqlite.archive import Archive
from bot.cli import archives, screen
from bot.core import auditing, card_words, exporting, timeline
from bot.core.auditing import Refolded
from bot.core.evidence import Finding, IndexRow, StoredEvent


def run(incident: str | None, *, database: Path | None, as_json: bool) -> None:
    path = archives.place(database)
    found = asyncio.run(_one(path, incident, as_json=as_json) if incident else _all(path, as_json=as_json))
    screen.finish(found=bool(found))


async def _one(path: Path, given: str, *, as_json: bool) -> Sequence[Finding]:
    async with archives.opened(path) as archive:
        row, stored = await archives.one(archive, given, path)
    refolded = auditing.refold(row, archives.name(given), stored)
    if as_json:
        screen.document(_document(refolded, row))
    else:
        _show(refolded, row)
    return refolded.findings


async def _all(path: Path, *, as_json: bool) -> Sequence[Finding]:
    async with archives.opened(path) as archive:
        incidents, events, findings = await _refold_all(archive)
    if as_json:
        differences = [finding_document(each) for each in findings]
        screen.document({"incidents": incidents, "events": events, "differences": differences})
        return findings
    for each in findings:
        screen.say(str(each))
    counted = f"{card_words.plural(incidents, 'incident')}, {card_words.plural(events, 'event')}"
    good = "all fold to what the index says" if not findings else card_words.plural(len(findings), "difference")
    screen.say(f"{counted}: {good}")
    return findings


async def _refold_all(archive: Archive) -> tuple[int, int, list[Finding]]:
    findings: list[Finding] = []
    events = 0

    def look(name: str, row: IndexRow | None, stored: Sequence[StoredEvent]) -> None:
        nonlocal events
        events += len(stored)
        findings.extend(auditing.refold(row, name, stored).findings)

    return await archives.each(archive, look), events, findings


def _document(refolded: Refolded, row: IndexRow | None) -> dict[str, object]:
    entries = timeline.entries(refolded.history)
    lines = [{"at": exporting.moment(each.at), "who": each.who, "what": each.what} for each in entries]
    incident = refolded.incident
    return {
        "incident": refolded.id,
        "state": incident.state.value if incident else None,
        "version": incident.version if incident else None,
        "index": {"state": row.state, "version": row.version} if row else None,
        "timeline": lines,
        "differences": [finding_document(each) for each in refolded.findings],
    }


def finding_document(finding: Finding) -> dict[str, object]:
    return {
        "subject": finding.subject,
        "event": finding.sequence or None,
        "rule": finding.rule,
        "text": finding.text,
    }


def _show(refolded: Refolded, row: IndexRow | None) -> None:
    incident = refolded.incident
    screen.say(f"{refolded.id}  {incident.title} ({incident.severity})" if incident else refolded.id)
    rows, day = [], ""
    for entry in timeline.entries(refolded.history):
        today = f"{entry.at.astimezone(UTC):%Y-%m-%d} UTC"
        rows += [("", today)] if today != day else []
        day = today
        by = f" by {entry.who}" if entry.who else ""
        rows.append((f"{entry.at.astimezone(UTC):%H:%M:%S}", card_words.plain(entry.what + by)))
    screen.entries(rows)
    for each in refolded.findings:
        screen.say(f"difference: {each}")
    if incident is not None:
        same = "" if refolded.findings else ", as the index says"
        screen.say(f"comes to: {incident.state}, version {incident.version}{same}")
    elif row is not None:
        screen.say(f"cannot be folded to the end; the index says {row.state}, version {row.version}")
