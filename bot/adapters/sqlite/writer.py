"""The only task that changes the file. Writes that wait while the disk syncs are stored together by the next sync.

A caller that is cancelled only stops waiting: its write is stored all the same, as whoever asked may have answered
for it. One refused write never disturbs its neighbours in the group.
"""

import asyncio
import copy
import json
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import aiosqlite

from bot.adapters.sqlite import connections, ownership, writes
from bot.adapters.sqlite.links import Links
from bot.adapters.sqlite.queries import sql
from bot.adapters.sqlite.writes import Batch, Known, Questions, Write
from bot.core import errors
from bot.core.chaining import End

T = TypeVar("T")

_LARGEST_GROUP = 2_000  # writes; keeps one transaction near 100 ms, so that nobody waits long behind a storm


class _Ticket(Generic[T]):
    """One write on its way, with the answer that its caller gets once the group is durable."""

    def __init__(self, write: Write[T]) -> None:
        self.write = write
        self.future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._answers: list[T] = []
        self._refusal: errors.Conflict | None = None

    @property
    def questions(self) -> Questions:
        return self.write.questions

    def decide(self, known: Known, batch: Batch) -> None:
        self._answers, self._refusal = [], None
        try:
            self._answers = [self.write.decide(known, batch)]
        except errors.Conflict as refusal:
            self._refusal = refusal

    def resolve(self) -> None:
        if self.future.done():
            return
        if self._refusal is not None:
            self.future.set_exception(self._refusal)
        else:
            self.future.set_result(self._answers[0])

    def fail(self, problem: errors.PageturnerError) -> None:
        if not self.future.done():
            self.future.set_exception(problem)


class _Waiting(Protocol):
    """A ticket whose answer's type does not matter."""

    @property
    def questions(self) -> Questions: ...
    def decide(self, known: Known, batch: Batch) -> None: ...
    def resolve(self) -> None: ...
    def fail(self, problem: errors.PageturnerError) -> None: ...


class Writer:
    """`epoch` is the number under which this process took the file over: another one there means that we lost it."""

    def __init__(self, connection: aiosqlite.Connection, *, path: Path, epoch: int, links: Links) -> None:
        self._connection = connection
        self._path = path
        self._epoch = epoch
        self._links = links
        self._identity = ownership.identity(path)
        self._queue: asyncio.Queue[_Waiting | None] = asyncio.Queue()
        self._is_closed = False
        self.task = asyncio.create_task(self._run(), name="store writer")

    @property
    def end(self) -> End:
        """The last entry of the chain that is durable."""
        return self._links.end

    async def submit(self, write: Write[T]) -> T:
        """Durable on return. Raises Conflict from the write's own decision, Transient or Permanent from the disk."""
        if self._is_closed or self.task.done():
            raise errors.Transient("the store is closed")
        ticket = _Ticket(write)
        self._queue.put_nowait(ticket)
        return await ticket.future

    async def close(self) -> None:
        """Store what was submitted so far, then end."""
        if not self._is_closed:
            self._is_closed = True
            self._queue.put_nowait(None)
        await self.task

    async def _run(self) -> None:
        group: list[_Waiting] = []
        try:
            while group := await self._next_group():
                await self._store(group)
        finally:
            self._is_closed = True
            left = [self._queue.get_nowait() for _ in range(self._queue.qsize())]
            for ticket in (*group, *left):
                if ticket is not None:
                    ticket.fail(errors.Transient("the store is closed"))

    async def _next_group(self) -> list[_Waiting]:
        """All that wait, at least one; empty once the queue is closed and drained."""
        first = await self._queue.get()
        if first is None:
            return []
        await asyncio.sleep(0)  # callers that became ready in the same turn of the loop join this group
        group = [first]
        while len(group) < _LARGEST_GROUP and not self._queue.empty():
            ticket = self._queue.get_nowait()
            if ticket is None:
                self._queue.put_nowait(None)
                break
            group.append(ticket)
        return group

    async def _store(self, group: Sequence[_Waiting]) -> None:
        try:
            await self._transact(group)
        except sqlite3.IntegrityError as problem:
            await self._store_apart(group, problem)
        except sqlite3.Error as problem:
            _fail(group, connections.translate(problem, path=self._path))
        except errors.PageturnerError as problem:
            _fail(group, problem)
        else:
            for ticket in group:
                ticket.resolve()

    async def _store_apart(self, group: Sequence[_Waiting], problem: sqlite3.IntegrityError) -> None:
        """The file's own constraints refused somebody: find out whom, and let the others pass."""
        if len(group) == 1:
            _fail(group, errors.Permanent(f"the store refused a row that breaks its rules: {problem}"))
            return
        for ticket in group:
            await self._store([ticket])

    async def _transact(self, group: Sequence[_Waiting]) -> None:
        self._check_file()
        try:
            await self._connection.execute_fetchall("BEGIN IMMEDIATE")
            await self._check_fence()
            known = await self._look_up([ticket.questions for ticket in group])
            batch = Batch()
            for ticket in group:
                ticket.decide(known, batch)
            links, end = self._links.made(batch.statements["add_event"], batch.statements["put_freeze"])
            batch.statements["add_link"] = links
            for name in writes.ORDER:
                if rows := batch.statements[name]:
                    await self._connection.executemany(sql(name), rows)
            await self._connection.execute_fetchall("COMMIT")
            self._links.end = end
        except BaseException:
            if self._connection.in_transaction:
                await self._connection.execute_fetchall("ROLLBACK")
            raise

    def _check_file(self) -> None:
        """A deleted or replaced file would swallow every row without an error."""
        try:
            is_ours = ownership.identity(self._path) == self._identity
        except OSError:
            is_ours = False
        if not is_ours:
            raise errors.Permanent(f"{self._path} was removed or replaced while in use: restart with the right file")

    async def _check_fence(self) -> None:
        ((epoch,),) = await self._connection.execute_fetchall(sql("epoch"))
        if epoch != self._epoch:
            raise errors.Permanent(f"another process took {self._path} over: this one may not write any more")

    async def _look_up(self, asked: Sequence[Questions]) -> Known:
        known = Known()
        if incidents := _json(each for questions in asked for each in questions.incidents):
            for incident, version in await self._rows("versions", incidents):
                known.versions[incident] = version
        if items := _json(each for questions in asked for each in questions.items):
            for number, tries, became in await self._rows("inbox_rows", items):
                known.tries[number] = tries
                if became is None:
                    known.pending.add(number)
        if keys := _json(each for questions in asked for each in questions.keys):
            for source, key, at in await self._rows("seen_keys", keys):
                known.seen[source, key] = at
        if any(questions.adds_items for questions in asked):
            ((known.last_item,),) = await self._rows("last_inbox_id")
        return known

    async def _rows(self, name: str, *parameters: str) -> list[sqlite3.Row]:
        return list(await self._connection.execute_fetchall(sql(name), parameters))


def _json(asked: Iterable[object]) -> str:
    """One JSON array for a statement, or nothing to ask."""
    values = list(asked)
    return json.dumps(values) if values else ""


def _fail(group: Sequence[_Waiting], problem: errors.PageturnerError) -> None:
    for ticket in group:
        ticket.fail(copy.copy(problem))  # one instance raised in many tasks would collect all their tracebacks
