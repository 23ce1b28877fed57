"""The record cannot be changed unseen: ways of editing it, checkpoints outside of it, and what happens at start."""

import asyncio
import json
import random
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.checkpoint_file import CheckpointFile
from bot.adapters.sqlite.archive import Archive
from bot.adapters.sqlite.store import Store
from bot.core import chaining, checkpoints, freezes
from bot.core.chaining import Key
from bot.core.errors import Invalid, Transient
from bot.core.evidence import Finding
from bot.core.freezes import Freeze, Scope
from bot.core.ids import IncidentId, UserId
from bot.flow import attesting
from bot.flow.attesting import Attester
from bot.ports import Message, Posted
from tests import builders as b
from tests.contracts import journal
from tests.fakes.world import FakeClock

KEY = chaining.key_of(b"a key that is kept elsewhere")
KEYS = {KEY.id: KEY}
INCIDENTS, EACH = 6, 8


async def filled(path: Path, key: Key | None = KEY) -> None:
    """Some incidents side by side, and a freeze that was lifted."""
    store = await Store.open(path, FakeClock(), key)
    try:
        for after in range(0, EACH, 2):
            commits = [journal.commit(number, after=after, count=2) for number in range(1, INCIDENTS + 1)]
            await asyncio.gather(*(store.commit(each) for each in commits))
        frozen = Freeze("f1", Scope(), "stop", b.ANA, journal.NOW)
        await store.put_freeze(frozen)
        await store.put_freeze(replace(frozen, lifted_by=b.BEN, lifted_at=journal.NOW))
    finally:
        await store.close()


Opening = Callable[[Path, FakeClock], Awaitable[Store]]


@pytest.fixture
async def opened() -> AsyncIterator[Opening]:
    """Opens stores that are closed with the test, whatever becomes of it: their threads would outlive it."""
    async with AsyncExitStack() as stack:

        async def open_one(path: Path, clock: FakeClock) -> Store:
            store = await Store.open(path, clock, KEY)
            stack.push_async_callback(store.close)
            return store

        yield open_one


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A good database in one file, to be copied and edited."""
    path = tmp_path_factory.mktemp("record") / "whole.db"
    asyncio.run(filled(path))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    return path.read_bytes()


WHICH = "incident = 'INC-3' AND sequence = 4"
"""What `@ROW` stands for in the statements of these tests."""


async def found(path: Path, keys: dict[str, Key] | None = None) -> list[Finding]:
    async with await Archive.read_only(path) as archive:
        return (await attesting.walk(archive, KEYS if keys is None else keys))[0]


def edited(path: Path, whole: bytes, *statements: str) -> Path:
    path.write_bytes(whole)
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            assert connection.execute(statement.replace("@ROW", WHICH)).rowcount != 0, statement
    connection.close()
    return path


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        (("UPDATE events SET body = '{}' WHERE @ROW",), "was changed"),
        (("UPDATE events SET at = at + 1 WHERE @ROW",), "was changed"),
        (("UPDATE events SET actor_id = 'U0BEN' WHERE @ROW",), "was changed"),
        (("DELETE FROM events WHERE @ROW",), "is missing, and the chain has it"),
        (
            ("INSERT INTO events SELECT 'INC-3', 99, at, actor_kind, actor_id, kind, body FROM events WHERE @ROW",),
            "stands in no chain",
        ),
        (
            (
                "UPDATE events SET sequence = 1004 WHERE incident = 'INC-3' AND sequence = 4",
                "UPDATE events SET sequence = 4 WHERE incident = 'INC-3' AND sequence = 5",
                "UPDATE events SET sequence = 5 WHERE incident = 'INC-3' AND sequence = 1004",
            ),
            "was changed",
        ),
        (("DELETE FROM events WHERE @ROW", "DELETE FROM chain WHERE name = 'INC-3' AND sequence = 4"), "missing"),
        (("UPDATE chain SET value = '00' WHERE number = 7",), "was changed"),
        (("UPDATE chain SET key = '' WHERE number = 7",), "without the key"),
        (("UPDATE freezes SET reason = 'other'",), "is not what the chain says of it"),
        (("DELETE FROM freezes",), "is not what the chain says of it"),
        (("INSERT INTO freezes VALUES ('x', 'all', '', 'r', 'U0ANA', 1, NULL, NULL, NULL)",), "is not what"),
    ],
)
async def test_F85_every_way_of_changing_the_record_is_found(
    tmp_path: Path, whole: bytes, statements: tuple[str, ...], says: str
) -> None:
    findings = await found(edited(tmp_path / "edited.db", whole, *statements))
    assert findings and any(says in each.text for each in findings), findings


async def test_what_nobody_changed_has_no_findings_with_its_key_and_without_any(tmp_path: Path, whole: bytes) -> None:
    (tmp_path / "whole.db").write_bytes(whole)
    assert await found(tmp_path / "whole.db") == []
    assert await found(tmp_path / "whole.db", {}) == []  # nothing can be said without the key, and nothing is


async def test_F85_a_thousand_random_edits_are_all_found(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "whole.db"
    path.write_bytes(whole)
    async with await Archive.read_only(path) as archive:
        entries = await archive.chain_after(0, 10_000)
    chance, missed = random.Random(20261127), []
    for number in range(1_000):
        wrong = list(entries)
        what = _edit(wrong, chance)
        if not list(chaining.Walk(KEYS).findings(wrong)):
            missed.append((number, what))
    assert missed == []


def _edit(entries: list[chaining.Entry], chance: random.Random) -> str:
    """One thing that a hand with write access could do, but for cutting off the end."""
    at = chance.randrange(len(entries) - 1)
    entry, other = entries[at], entries[at + 1]
    content = list(entry.content or ())
    kind = chance.choice(["content", "delete", "duplicate", "swap", "value", "key", "gone"])
    match kind:
        case "content":
            place = chance.randrange(1, len(content))
            old = content[place]
            content[place] = old + 1 if isinstance(old, int) else f"{old}x"
            entries[at] = replace(entry, content=tuple(content))
        case "delete":
            del entries[at]
        case "duplicate":
            entries.insert(at, entry)
        case "swap":
            entries[at], entries[at + 1] = replace(entry, content=other.content), replace(other, content=entry.content)
        case "value":
            entries[at] = replace(entry, value=other.value)
        case "key":
            entries[at + 1] = replace(other, key="")
        case "gone":
            entries[at] = replace(entry, content=None)
    return f"{kind} at {at}"


async def test_F85_an_end_that_was_cut_off_is_found_by_a_checkpoint_only(tmp_path: Path, whole: bytes) -> None:
    path = edited(tmp_path / "cut.db", whole, "DELETE FROM chain WHERE number > 40")
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            "DELETE FROM events WHERE NOT EXISTS (SELECT 1 FROM chain c WHERE c.name = incident AND "
            "c.sequence = events.sequence)"
        )
        connection.execute("DELETE FROM freezes")
    connection.close()
    assert await found(path) == []
    (tmp_path / "whole.db").write_bytes(whole)
    async with await Archive.read_only(tmp_path / "whole.db") as archive:
        end = chaining.End(await archive.chain_length(), await archive.chain_value(await archive.chain_length()) or "")
    line = checkpoints.made(end, at=journal.NOW, before=chaining.GENESIS, key=KEY).line() + "\n"
    async with await Archive.read_only(path) as archive:
        (finding,) = await attesting.against(archive, line, KEYS)
    assert "its end was cut off, or it is an older copy" in finding.text


async def test_F12_what_stood_there_before_the_chain_is_chained_at_once_and_only_once(
    tmp_path: Path, opened: Opening
) -> None:
    path = tmp_path / "old.db"
    await filled(path)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("DELETE FROM chain")
        connection.execute("INSERT INTO meta (name, value) VALUES ('unchained', 1)")
    connection.close()
    store = await opened(path, FakeClock())
    assert store.end.number == INCIDENTS * EACH + 1  # the freeze has one row by now
    await store.close()
    assert await found(path) == []
    again = await opened(path, FakeClock())
    assert again.end.number == INCIDENTS * EACH + 1
    await again.close()


# --- checkpoints -----------------------------------------------------------------------------------------------------


def lines(count: int = 3) -> list[checkpoints.Checkpoint]:
    made, before = [], chaining.GENESIS
    for number in range(1, count + 1):
        made.append(checkpoints.made(chaining.End(number, f"{number:064}"), at=journal.NOW, before=before, key=KEY))
        before = made[-1].seal
    return made


VALUES = {number: f"{number:064}" for number in range(1, 4)}
Change = Callable[[list[checkpoints.Checkpoint]], list[checkpoints.Checkpoint]]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda known: known[1:], "does not follow"),
        (lambda known: [known[0], known[2]], "does not follow"),
        (lambda known: [replace(known[0], count=2), *known[1:]], "seal does not fit"),
        (lambda known: [replace(known[0], at="2020-01-01T00:00:00+00:00"), *known[1:]], "seal does not fit"),
        (lambda known: [known[0], known[0], *known[1:]], "does not follow"),
    ],
)
def test_a_list_of_checkpoints_cannot_be_edited_either(change: Change, says: str) -> None:
    text = "".join(each.line() + "\n" for each in change(lines()))
    findings = checkpoints.judge(checkpoints.read(text), VALUES, count=3, keys=KEYS)
    assert findings and says in findings[0].text


def test_a_record_that_was_written_anew_does_not_fit_its_checkpoints() -> None:
    assert checkpoints.judge(lines(), VALUES, count=3, keys=KEYS) == ()
    (finding,) = checkpoints.judge(lines(), {**VALUES, 2: "f" * 64}, count=3, keys=KEYS)
    assert finding.subject == "checkpoint 2" and "written anew" in finding.text


@pytest.mark.parametrize("line", ["x", "[]", '{"count":1}', '{"count":"1","head":"","at":"","key":"","before":""}'])
def test_what_is_no_checkpoint_is_named_with_its_line(line: str) -> None:
    with pytest.raises(Invalid) as refused:
        checkpoints.read(f"{lines()[0].line()}\n{line}\n")
    assert refused.value.place == "line 2"


async def test_a_line_that_a_crash_cut_off_spoils_none_but_itself(tmp_path: Path) -> None:
    path, (first, second, _) = tmp_path / "checkpoints", lines()
    path.write_text(first.line() + "\n" + second.line()[:40], "utf-8")
    file = CheckpointFile(path)
    await file.append(second.line())
    assert checkpoints.read(await file.read()) == (first, second)


# --- the running bot -------------------------------------------------------------------------------------------------


@dataclass
class Told:
    """A Slack that keeps what it was told, and a place for checkpoints that can be full."""

    messages: list[tuple[str, str]] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    fails: bool = False

    async def post(self, message: Message, *, channel: str, thread: str = "") -> Posted:
        if self.fails:
            raise Transient("away")
        self.messages.append((channel, message.card.fallback))
        return Posted(message.incident, message.key, channel, "1.1", "")

    async def update(self, message: Message, at: Posted) -> Posted:
        return at

    async def find(self, incident: IncidentId, key: str, *, channel: str, thread: str = "") -> Posted | None:
        return None

    async def read(self) -> str:
        return "".join(each + "\n" for each in self.kept)

    async def append(self, line: str) -> None:
        if self.fails:
            raise Transient("the disk is full")
        self.kept.append(line)


def attester(store: Store, told: Told, clock: FakeClock) -> Attester:
    return Attester(
        store, store, told, told, clock, end=lambda: store.end, keys=(KEY,), channel="audit", alarms="incidents"
    )


async def test_checkpoints_are_kept_and_told_as_the_record_grows_and_go_on_after_a_restart(
    tmp_path: Path, opened: Opening
) -> None:
    told, clock, path = Told(), FakeClock(), tmp_path / "record.db"
    for life in range(2):
        store = await opened(path, clock)
        watching = attester(store, told, clock)
        await watching.start()
        await store.commit(journal.commit(life + 1, count=2))
        await watching.tick()
        assert len(told.kept) == life  # neither many entries nor much time
        clock.time += attesting.WITHIN
        await watching.tick()
        await watching.tick()
        assert len(told.kept) == life + 1
        await store.close()
    assert [channel for channel, _ in told.messages] == ["audit", "audit"]
    async with await Archive.read_only(path) as archive:
        assert await attesting.against(archive, await told.read(), KEYS) == []


async def test_a_hundred_entries_are_worth_a_checkpoint_at_once(tmp_path: Path, opened: Opening) -> None:
    told, clock = Told(), FakeClock()
    store = await opened(tmp_path / "record.db", clock)
    watching = attester(store, told, clock)
    await watching.start()
    await store.commit(journal.commit(1, count=2))
    for number in range(2, 2 + attesting.EVERY // 2):
        await store.commit(journal.commit(number, count=2))
    await watching.tick()
    assert [json.loads(line)["count"] for line in told.kept] == [attesting.EVERY + 2]
    await store.close()


async def test_F86_checkpoints_that_cannot_be_kept_are_tried_again_and_told_loudly_later(
    tmp_path: Path, opened: Opening
) -> None:
    told, clock = Told(fails=True), FakeClock()
    store = await opened(tmp_path / "record.db", clock)
    watching = attester(store, told, clock)
    await watching.start()
    await store.commit(journal.commit(1))
    clock.time += attesting.WITHIN
    await watching.tick()
    assert watching.trouble == ""
    clock.time += attesting.LOUD_AFTER
    await watching.tick()
    assert "checkpoints cannot be kept" in watching.trouble
    told.fails = False
    await watching.tick()
    assert [text for _, text in told.messages] == ["Checkpoints cannot be kept: the disk is full"]
    clock.time += attesting.RETRY_AFTER
    await watching.tick()
    assert (watching.trouble, len(told.kept)) == ("", 1)
    await store.close()


async def test_F84_F19_a_record_that_does_not_add_up_freezes_everything_until_a_person_lifts_it(
    tmp_path: Path, whole: bytes, opened: Opening
) -> None:
    told, clock, path = Told(), FakeClock(), tmp_path / "record.db"
    edited(path, whole, "UPDATE events SET body = '{}' WHERE @ROW")
    store = await opened(path, clock)
    watching = attester(store, told, clock)
    await watching.start()
    (frozen,) = await store.freezes()
    assert frozen.by == freezes.RECORD and "INC-3 event 4" in frozen.reason
    assert freezes.describe(frozen, clock.now()).startswith("The bot froze everything until it is lifted")
    assert "run pageturner verify" in watching.trouble
    await watching.tick()
    await watching.tick()
    assert [channel for channel, text in told.messages if "frozen" in text] == ["incidents"]
    await store.put_freeze(replace(frozen, lifted_by=UserId("U0ANA"), lifted_at=clock.now()))
    await store.close()
    again = await opened(path, clock)
    await attester(again, told, clock).start()
    assert await again.freezes() == []  # somebody has looked at this very thing and decided
    await again.close()


async def test_F19_an_older_copy_than_the_checkpoints_know_is_stopped(tmp_path: Path, opened: Opening) -> None:
    told, clock, path = Told(), FakeClock(), tmp_path / "record.db"
    store = await opened(path, clock)
    await store.commit(journal.commit(1, count=2))
    await store.close()
    older = path.read_bytes()
    store = await opened(path, clock)
    watching = attester(store, told, clock)
    await watching.start()
    await store.commit(journal.commit(2, count=2))
    clock.time += attesting.WITHIN + timedelta(seconds=1)
    await watching.tick()
    await store.close()
    path.write_bytes(older)
    restored = await opened(path, clock)
    await attester(restored, told, clock).start()
    (frozen,) = await restored.freezes()
    assert "it is an older copy" in frozen.reason
    await restored.close()


# --- what somebody without the key could try -------------------------------------------------------------------------


async def frozen_at_start(path: Path, opened: Opening, told: Told | None = None) -> list[Freeze]:
    store = await opened(path, FakeClock())
    watching = Attester(
        store, store, told or Told(), told or Told(), FakeClock(), end=lambda: store.end,
        is_rechained=store.is_rechained, keys=(KEY,), channel="", alarms="incidents",
    )  # fmt: skip
    await watching.start()
    found = await store.freezes()
    await store.close()
    return found


EDIT = "UPDATE events SET body = '{}' WHERE @ROW"


async def test_F84_a_key_that_nobody_knows_is_no_way_around_the_chain(
    tmp_path: Path, whole: bytes, opened: Opening
) -> None:
    path = edited(tmp_path / "record.db", whole, EDIT, "UPDATE chain SET key = 'deadbeef0000'")
    (frozen,) = await frozen_at_start(path, opened)
    assert "none of ours" in frozen.reason


async def test_F84_a_chain_that_was_computed_anew_without_the_key_is_stopped(tmp_path: Path, opened: Opening) -> None:
    path = tmp_path / "record.db"
    await filled(path, None)
    (frozen,) = await frozen_at_start(path, opened)
    assert "have no key" in frozen.reason
    (again,) = await frozen_at_start(path, opened)  # what was added since has one, and seals what stands before it
    assert again.id == frozen.id


async def test_F84_a_chain_that_was_taken_away_is_made_anew_and_said_so(
    tmp_path: Path, whole: bytes, opened: Opening
) -> None:
    forget = "INSERT INTO meta (name, value) VALUES ('unchained', 1)"
    path = edited(tmp_path / "record.db", whole, EDIT, "DELETE FROM chain", forget)
    (frozen,) = await frozen_at_start(path, opened)
    assert "was chained anew" in frozen.reason


async def test_F84_a_lifted_freeze_that_was_planted_does_not_count(
    tmp_path: Path, whole: bytes, opened: Opening
) -> None:
    path = edited(tmp_path / "record.db", whole, EDIT)
    number = attesting.freeze_id(await found(path))
    planted = "INSERT INTO freezes VALUES ('@ID', 'all', '', 'r', 'record', 1, NULL, 'U0ANA', 2)"
    path = edited(tmp_path / "record.db", whole, EDIT, planted.replace("@ID", number))
    frozen = await frozen_at_start(path, opened)
    assert len(frozen) == 1 and frozen[0].by == freezes.RECORD


async def test_F84_what_was_accepted_once_does_not_hide_the_next_edit(
    tmp_path: Path, whole: bytes, opened: Opening
) -> None:
    path, clock = edited(tmp_path / "record.db", whole, EDIT), FakeClock()
    (frozen,) = await frozen_at_start(path, opened)
    store = await opened(path, clock)
    await store.put_freeze(replace(frozen, lifted_by=b.ANA, lifted_at=clock.now()))
    await store.close()
    assert await frozen_at_start(path, opened) == []
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE events SET body = '{}' WHERE incident = 'INC-5' AND sequence = 2")
    connection.close()
    assert len(await frozen_at_start(path, opened)) == 1


async def test_F19_an_older_copy_that_was_accepted_does_not_freeze_again_at_each_start(
    tmp_path: Path, whole: bytes, opened: Opening
) -> None:
    path, clock, told = tmp_path / "record.db", FakeClock(), Told()
    path.write_bytes(whole)
    told.kept = [checkpoints.made(chaining.End(500, "f" * 64), at=journal.NOW, before=chaining.GENESIS, key=KEY).line()]
    (frozen,) = await frozen_at_start(path, opened, told)
    store = await opened(path, clock)
    await store.put_freeze(replace(frozen, lifted_by=b.ANA, lifted_at=clock.now()))
    await store.commit(journal.commit(90))
    await store.close()
    assert await frozen_at_start(path, opened, told) == []


async def test_a_start_with_nothing_new_keeps_no_checkpoint(tmp_path: Path, opened: Opening) -> None:
    told, clock, path = Told(), FakeClock(), tmp_path / "record.db"
    for _ in range(3):
        store = await opened(path, clock)
        watching = attester(store, told, clock)
        await watching.start()
        if store.end.number == 0:
            await store.commit(journal.commit(1))
        clock.time += attesting.WITHIN
        await watching.tick()
        await store.close()
    assert len(told.kept) == 1
