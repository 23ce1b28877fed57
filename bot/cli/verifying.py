"""`verify`: everything that this file alone can tell about whether the promises were kept, and what it cannot tell."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot import settings
from bot.adapters.checkpoint_file import CheckpointFile
from bot.cli import archives, screen
from bot.cli.replaying import finding_document
from bot.core import auditing, card_words
from bot.core import checkpoints as checkpoint_lines
from bot.core.errors import Invalid, Permanent
from bot.core.evidence import Finding, IndexRow, StoredEvent
from bot.flow import attesting

CHECKED = (
    "no event or freeze was changed, taken out, put in or moved: the chain over them holds",
    "no event is missing in a sequence, and each can be read",
    "every move was legal, and the index says what the events come to",
    "every step that was started has an outcome",
    "every change had an approval with enough votes, in time, for exactly what ran, used once",
    "nothing was repeated that must not be",
    "every alert that was received has an outcome",
)


@dataclass(frozen=True, slots=True)
class Verified:
    """`entries` of the chain were read; `limits` are what could not be said."""

    incidents: int
    entries: int
    findings: tuple[Finding, ...]
    limits: tuple[str, ...]


def run(*, database: Path | None, checkpoints: Path | None, as_json: bool) -> None:
    path = archives.place(database)
    text = _text(checkpoints) if checkpoints else None
    verified = asyncio.run(_verify(path, text))
    if as_json:
        screen.document(
            {
                "incidents": verified.incidents,
                "entries": verified.entries,
                "findings": [finding_document(each) for each in verified.findings],
                "totals": dict(auditing.totals(verified.findings)),
                "cannot_know": list(verified.limits),
            }
        )
    else:
        _show(verified)
    screen.finish(found=bool(verified.findings))


def _text(path: Path) -> str:
    if not path.is_file():
        screen.fail(f"there is no file of checkpoints at {path}")
    try:
        return asyncio.run(CheckpointFile(path).read())
    except Permanent as problem:
        screen.fail(str(problem))


async def _verify(path: Path, text: str | None) -> Verified:
    """The chain first: it says where what stands there is not what was written."""
    keys = {key.id: key for key in attesting.keys_of(settings.chain_keys())}
    async with archives.opened(path) as archive:
        findings, walked = await attesting.walk(archive, keys)
        findings += await attesting.against(archive, text, keys) if text is not None else []
        joined = await archive.joined_counts()

        def look(name: str, row: IndexRow | None, stored: Sequence[StoredEvent]) -> None:
            findings.extend(auditing.audit(auditing.refold(row, name, stored), joined=joined.get(name, 0)))

        incidents = await archives.each(archive, look)
        findings += auditing.inbox(await archive.inbox_doubts(), now=archives.now())
    counted = _counted(text) if text is not None else None
    limits = auditing.limits(is_keyed=walked.was_keyed, unseen=walked.unseen, counted=counted, count=walked.end.number)
    return Verified(incidents, walked.end.number, tuple(findings), limits)


def _counted(text: str) -> int:
    """Up to where the last checkpoint vouches; 0 for none, or for a file that is none of ours."""
    try:
        return max((each.count for each in checkpoint_lines.read(text)), default=0)
    except Invalid:
        return 0


def _show(verified: Verified) -> None:
    findings = verified.findings
    for each in findings:
        screen.say(str(each))
    counted = f"{card_words.plural(verified.incidents, 'incident')}, {verified.entries} entries of the record"
    if findings:
        by_rule = ", ".join(f"{rule} {count}" for rule, count in auditing.totals(findings).items())
        screen.say(f"{counted}: {card_words.plural(len(findings), 'finding')} ({by_rule})")
    else:
        screen.say(f"{counted}: nothing to complain about. Checked:")
        screen.entries([("-", each) for each in CHECKED], label_width=1)
    screen.say("This cannot know:")
    screen.entries([("-", each) for each in verified.limits], label_width=1)
