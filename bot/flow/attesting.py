"""The record under watch: checked at start, and its length and last value told to the outside as it grows.

A record that does not add up stops everything until a person lets it go on: what was approved may not be what stands
there.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.core import chaining, checkpoints, freezes
from bot.core.cards import Card, Heading, Line, Mono
from bot.core.chaining import GENESIS, End, Key, Walk
from bot.core.errors import Invalid, PageturnerError
from bot.core.evidence import Finding
from bot.core.freezes import Freeze, Scope
from bot.core.ids import IncidentId
from bot.ports import Chat, Clock, Freezes, Message, Record, Sink

log = logging.getLogger(__name__)

EVERY = 100
"""Entries between two checkpoints ..."""
WITHIN = timedelta(minutes=5)
"""... or so long, when there is anything new."""
LOUD_AFTER = timedelta(minutes=15)
MOST_AT_START = 50_000
"""The newest entries are walked through before anything runs, in about a second; `verify` reads all."""
PAGE = 2_000
RETRY_AFTER = timedelta(seconds=30)
UNKEYED = "its newest entries have no key: if PAGETURNER_CHAIN_KEY was set only now, that is why"
RECHAINED = "had no chain when it was opened, and was chained anew: what stood there before is not vouched for"
RECORD = IncidentId("record")
"""What messages about the record itself are filed under: no incident."""


async def walk(record: Record, keys: Mapping[str, Key], *, newest: int | None = None) -> tuple[list[Finding], Walk]:
    """All that is wrong with the chain, or with its newest entries, in their order."""
    length = await record.chain_length()
    first = max(0, length - newest) if newest is not None else 0
    before = End(first, await record.chain_value(first) or GENESIS) if first else End()
    walked, found = Walk(keys, before), list[Finding]()
    while page := await record.chain_after(walked.end.number, PAGE):
        found += walked.findings(page)
    outside = await record.outside_the_chain()
    found += [Finding(name, "chain", "stands in no chain: it was put in", sequence) for name, sequence in outside]
    if keys and walked.end.number and not walked.last_key:
        found.append(Finding(str(RECORD), "chain", UNKEYED))
    changed = await record.changed_freezes()
    found += [Finding(f"freeze {name}", "chain", "is not what the chain says of it") for name in changed]
    return found, walked


async def against(record: Record, text: str, keys: Mapping[str, Key]) -> list[Finding]:
    """What checkpoints say that does not fit the chain as it stands."""
    try:
        known = checkpoints.read(text)
    except Invalid as problem:
        return [Finding("checkpoints", "checkpoint", str(problem))]
    values = {each.count: await record.chain_value(each.count) or "" for each in known}
    return list(checkpoints.judge(known, values, count=await record.chain_length(), keys=keys))


class Attester:
    """`end` is the last entry that is durable; `is_rechained` says that the file had lost its chain.

    `channel` is where checkpoints are posted, "" for nowhere; `alarms` is where people are told what is wrong.
    """

    def __init__(
        self,
        record: Record,
        stored: Freezes,
        sink: Sink,
        chat: Chat,
        clock: Clock,
        *,
        end: Callable[[], End],
        is_rechained: bool = False,
        keys: tuple[Key, ...],
        channel: str,
        alarms: str,
    ) -> None:
        self._record = record
        self._stored = stored
        self._sink = sink
        self._chat = chat
        self._clock = clock
        self._end = end
        self._is_rechained = is_rechained
        self._is_loud = False
        self._retry_at: datetime | None = None
        self._keys = keys
        self._channel = channel
        self._alarms = alarms
        self._last = End()
        self._seal = GENESIS
        self._told_at: datetime | None = None
        self._failing_since: datetime | None = None
        self._alarm: tuple[str, str, str] | None = None
        self.problem = ""

    @property
    def trouble(self) -> str:
        """A sentence on what is wrong with the record or with its checkpoints, or nothing."""
        now = self._clock.now()
        if self.problem:
            return self.problem
        if self._failing_since is not None and now - self._failing_since >= LOUD_AFTER:
            return f"checkpoints cannot be kept since {self._failing_since:%H:%M} UTC"
        return ""

    async def start(self) -> None:
        """Before anything runs: a record that does not add up freezes everything, until a person lifts it."""
        keys = {key.id: key for key in self._keys}
        text = await self._sink.read()
        findings, _ = await walk(self._record, keys, newest=MOST_AT_START)
        findings += await against(self._record, text, keys)
        findings += [Finding(str(RECORD), "chain", RECHAINED)] if self._is_rechained else []
        if findings:
            await self._stop(findings)
        self._go_on_from(text)
        self._told_at = self._clock.now()

    def _go_on_from(self, text: str) -> None:
        try:
            known = checkpoints.read(text)
        except Invalid:
            return
        self._seal = checkpoints.last_seal(known)
        if known and known[-1].count <= self._end().number:
            self._last = End(known[-1].count, known[-1].head)
        elif not known and self._end().number > EVERY:
            log.error(
                "checkpoints", extra={"problem": f"none are known, and the record has {self._end().number} entries"}
            )

    async def _stop(self, findings: list[Finding]) -> None:
        more = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
        self.problem = f"the record does not add up: {findings[0]}{more}; run pageturner verify"
        log.error("record", extra={"problem": str(findings[0]), "findings": len(findings)})
        number = freeze_id(findings)
        is_forged = any(each.subject == f"freeze {number}" for each in findings)
        if await self._record.has_freeze(number) and not is_forged:
            return  # somebody has looked at these very things and decided, or it holds already
        reason = self.problem[: freezes.LONGEST_REASON]
        await self._stored.put_freeze(Freeze(number, Scope(), reason, freezes.RECORD, self._clock.now()))
        way = "Nothing runs until an approver has looked and lifts it with /runbook unfreeze."
        self._alarm = ("Everything is frozen", reason, way)

    async def tick(self) -> None:
        """Called every second: tell what has to be told, keep a checkpoint when it is time for one."""
        await self._sound_alarm()
        now, end = self._clock.now(), self._end()
        is_due = self._told_at is None or now - self._told_at >= WITHIN
        if end.number <= self._last.number or not (is_due or end.number - self._last.number >= EVERY):
            return
        if self._retry_at is not None and now < self._retry_at:
            return
        made = checkpoints.made(end, at=now, before=self._seal, key=self._keys[0] if self._keys else None)
        try:
            await self._sink.append(made.line())
        except PageturnerError as problem:
            self._not_kept(now, problem)
            return
        self._last, self._seal, self._told_at, self._failing_since = end, made.seal, now, None
        self._retry_at, self._is_loud = None, False
        if self._channel:
            await self._post(made)

    def _not_kept(self, now: datetime, problem: PageturnerError) -> None:
        """Tried again every half minute; after a while people are told, once."""
        self._failing_since, self._retry_at = self._failing_since or now, now + RETRY_AFTER
        log.warning("checkpoint", extra={"problem": str(problem)})
        if self._is_loud or now - self._failing_since < LOUD_AFTER:
            return
        self._is_loud = True
        log.error("checkpoints", extra={"problem": self.trouble})
        way = "Everything goes on; look at the disk that they are kept on."
        self._alarm = ("Checkpoints cannot be kept", str(problem), way)

    async def _post(self, made: checkpoints.Checkpoint) -> None:
        """Beside the file: a failure is only logged, the next checkpoint says as much."""
        said = f"Checkpoint: {made.count} entries, sealed {made.seal[:16]}"
        parts = (Heading("Checkpoint", f"{made.count} entries"), Line((Mono(made.line()),)))
        await self._tell(Message(RECORD, f"checkpoint-{made.count}", Card(said, parts)), self._channel)

    async def _sound_alarm(self) -> None:
        if self._alarm is None:
            return
        alarm, self._alarm = self._alarm, None
        title, text, way = alarm
        card = Card(f"{title}: {text}", (Heading(title, "record"), Line((text,)), Line((way,))))
        if not await self._tell(Message(RECORD, "alarm", card), self._alarms):
            self._alarm = alarm

    async def _tell(self, message: Message, channel: str) -> bool:
        try:
            await self._chat.post(message, channel=channel)
        except PageturnerError as problem:
            log.warning("record not told", extra={"problem": str(problem)})
            return False
        return True


def freeze_id(findings: Sequence[Finding]) -> str:
    """The same for the same things, whatever their words say of now; other things are another freeze."""
    about = sorted({f"{each.subject}|{each.rule}|{each.sequence}" for each in findings})
    return "record-" + hashlib.sha256("\n".join(about).encode()).hexdigest()[:12]


def keys_of(secrets: tuple[str, ...]) -> tuple[Key, ...]:
    """The first signs; all of them are known when the record is read."""
    return tuple(chaining.key_of(each.encode()) for each in secrets)
