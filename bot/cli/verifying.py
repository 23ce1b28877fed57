"""`verify`: everything that this file alone can tell about whether the promises were kept, and what it cannot tell."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bot.cli import archives, screen
from bot.cli.replaying import finding_document
from bot.core import auditing, card_words
from bot.core.evidence import Finding, IndexRow, StoredEvent

CHECKED = (
    "no event is missing in a sequence, and each can be read",
    "every move was legal, and the index says what the events come to",
    "every step that was started has an outcome",
    "every change had an approval with enough votes, in time, for exactly what ran, used once",
    "nothing was repeated that must not be",
    "every alert that was received has an outcome",
)


def run(*, database: Path | None, as_json: bool) -> None:
    path = archives.place(database)
    incidents, findings = asyncio.run(_verify(path))
    if as_json:
        screen.document(
            {
                "incidents": incidents,
                "findings": [finding_document(each) for each in findings],
                "totals": dict(auditing.totals(findings)),
                "cannot_know": list(auditing.LIMITS),
            }
        )
    else:
        _show(incidents, findings)
    screen.finish(found=bool(findings))


async def _verify(path: Path) -> tuple[int, list[Finding]]:
    findings: list[Finding] = []
    async with archives.opened(path) as archive:
        joined = await archive.joined_counts()

        def look(name: str, row: IndexRow | None, stored: Sequence[StoredEvent]) -> None:
            findings.extend(auditing.audit(auditing.refold(row, name, stored), joined=joined.get(name, 0)))

        incidents = await archives.each(archive, look)
        findings += auditing.inbox(await archive.inbox_doubts(), now=archives.now())
    return incidents, findings


def _show(incidents: int, findings: Sequence[Finding]) -> None:
    for each in findings:
        screen.say(str(each))
    counted = card_words.plural(incidents, "incident")
    if findings:
        by_rule = ", ".join(f"{rule} {count}" for rule, count in auditing.totals(findings).items())
        screen.say(f"{counted}: {card_words.plural(len(findings), 'finding')} ({by_rule})")
    else:
        screen.say(f"{counted}: nothing to complain about. Checked:")
        screen.entries([("-", each) for each in CHECKED], label_width=1)
    screen.say("This cannot know:")
    screen.entries([("-", each) for each in auditing.LIMITS], label_width=1)
