"""The chain's rows: made in the writer's own transaction, and read again for whoever checks them."""

import json
from collections.abc import Iterable

import aiosqlite

from bot.adapters.sqlite import rows
from bot.adapters.sqlite.queries import sql
from bot.core import chaining
from bot.core.chaining import Content, End, Entry, Key

EVENT, FREEZE = "event", "freeze"


class Links:
    """`end` is the last entry that is durable; `key` signs new ones."""

    def __init__(self, end: End, key: Key | None) -> None:
        self.end = end
        self._key = key

    def made(self, events: Iterable[rows.Row], freezes: Iterable[rows.Row]) -> tuple[list[rows.Row], End]:
        """The rows for what is about to be stored, and the head once it is."""
        head, found = self.end, []
        for subject, covered in (*((EVENT, each) for each in events), *((FREEZE, each) for each in freezes)):
            head = chaining.follow(head, (subject, *covered), self._key)
            found.append(self._row(subject, covered, head))
        return found, head

    def _row(self, subject: str, covered: rows.Row, head: End) -> rows.Row:
        sequence, content = (covered[1], None) if subject == EVENT else (0, json.dumps(covered))
        return (head.number, subject, covered[0], sequence, self._key.id if self._key else "", head.value, content)


async def begin(connection: aiosqlite.Connection, key: Key | None) -> tuple[Links, bool]:
    """The chain as it stands, and whether it had to be made: of what stood in the file before, in one transaction."""
    await connection.execute_fetchall("BEGIN IMMEDIATE")
    try:
        ((is_unchained,),) = await connection.execute_fetchall(sql("is_unchained"))
        links = Links(await _head(connection), key)
        if is_unchained:
            events = await connection.execute_fetchall(sql("all_events"))
            freezes = await connection.execute_fetchall(sql("all_freezes"))
            added, links.end = links.made(map(tuple, events), map(tuple, freezes))
            await connection.executemany(sql("add_link"), added)
            await connection.execute_fetchall(sql("chained_now"))
        await connection.execute_fetchall("COMMIT")
    except BaseException:
        if connection.in_transaction:
            await connection.execute_fetchall("ROLLBACK")
        raise
    return links, bool(is_unchained)


async def _head(connection: aiosqlite.Connection) -> End:
    found = list(await connection.execute_fetchall(sql("chain_head")))
    return End(*found[0]) if found else End()


def entry_from(row: rows.Fetched) -> Entry:
    number, subject, name, sequence, key, value, content, *event = row
    covered = _event(event) if subject == EVENT else _freeze(content)
    return Entry(number, subject, name, sequence, key, value, covered)


def _event(columns: rows.Fetched) -> Content | None:
    return (EVENT, *columns) if columns[0] is not None else None


def _freeze(content: object) -> Content | None:
    try:
        found = json.loads(str(content))
    except ValueError:
        return None
    return (FREEZE, *found) if isinstance(found, list) else None
