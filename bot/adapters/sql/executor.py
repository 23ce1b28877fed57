"""Executor for SQL steps: reads in a read-only session, changes rehearsed in a transaction that is rolled back.

A change runs in one transaction and is committed only if it touches no more rows than its dry run found. It must not
know what a statement means: that was judged when the runbook was read.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Protocol, TypeVar

from bot.adapters.sql import rendering, sessions
from bot.adapters.sql.sessions import Ending, Session, Trouble
from bot.core.errors import Invalid, Transient
from bot.core.operations import Json, Operation
from bot.core.previews import Outcome, Performed, Preview, Target

T = TypeVar("T")

REHEARSED = {"sql.insert": "adds", "sql.update": "changes", "sql.delete": "deletes"}
"""What a transaction can try and take back; everything else may reach beyond it."""

READ = "sql.select"
ROWS = "rows"


class Address(Protocol):
    def __call__(self, name: str, *, is_read: bool) -> str: ...


class Sql:
    """Implements `ports.Executor`. `url` gives the URL of a named connection, for reading or for writing.

    It raises KeyError, naming the setting, when there is none.
    """

    def __init__(self, url: Address) -> None:
        self._url = url

    async def preview(self, operation: Operation, *, timeout: timedelta) -> Preview:
        refused = operation.arguments.get("refused")
        if refused:
            return Preview(problems=(str(refused),))
        try:
            async with self._session(operation, timeout) as session:
                return await _in_time(_previewed(session, operation), timeout)
        except Invalid as problem:
            return Preview(problems=(f"{problem}.",))
        except Trouble as trouble:
            if trouble.ending is Ending.ANSWERED:
                return Preview(problems=(f"The database refused the dry run: {trouble.message}. Correct the step.",))
            raise Transient(f"The database could not be asked: {trouble.message}") from trouble

    async def perform(self, operation: Operation, preview: Preview, *, key: str, timeout: timedelta) -> Performed:  # noqa: ARG002 no database takes a key
        if preview.problems or not preview.targets:
            return Performed(Outcome.REFUSED, detail="There is no dry run of this statement. Nothing was run.")
        committing = _Committing()
        try:
            async with self._session(operation, timeout) as session:
                return await _in_time(_performed(session, operation, preview, committing), timeout)
        except Invalid as problem:
            return Performed(Outcome.REFUSED, detail=f"{problem}. Nothing was run.")
        except Trouble as trouble:
            return _ended(trouble, operation, committing)

    @asynccontextmanager
    async def _session(self, operation: Operation, timeout: timedelta) -> AsyncIterator[Session]:
        name, is_read = str(operation.arguments["connection"]), operation.kind == READ
        try:
            url = self._url(name, is_read=is_read)
        except KeyError as missing:
            remedy = f"ask the operator to set {missing.args[0]}"
            raise Invalid(f"the connection {name} is not set up here", remedy=remedy) from None
        session = await sessions.open_session(url, is_read=is_read, seconds=timeout.total_seconds())
        try:
            yield session
        finally:
            await session.close()


class _Committing:
    """Whether the commit was asked for: before it, a lost connection proves that nothing was kept."""

    def __init__(self) -> None:
        self.has_begun = False


async def _in_time(asked: Awaitable[T], timeout: timedelta) -> T:
    try:
        async with asyncio.timeout(timeout.total_seconds()):
            return await asked
    except TimeoutError:
        raise Trouble(Ending.LOST, f"no answer within {timeout.total_seconds():.0f} s") from None


# --- the dry run -----------------------------------------------------------------------------------------------------


async def _previewed(session: Session, operation: Operation) -> Preview:
    arguments = operation.arguments
    who, name = await session.identity(), str(arguments["connection"])
    target = Target("database", name, note=str(arguments.get("table") or ""))
    if operation.kind == READ:
        most = f"at most {arguments['max_rows']} rows"
        return Preview(targets=(target,), promise=f"only reads, in a read-only session; {most}", identity=who)
    if operation.kind not in REHEARSED or arguments.get("rehearse") is False:
        promise = "This is not tried before: what it touches is known only when it runs."
        return Preview(targets=(target,), change=("runs the statement as shown",), promise=promise, identity=who)
    return await _rehearsed(session, operation, target, who)


async def _rehearsed(session: Session, operation: Operation, target: Target, who: str) -> Preview:
    table = str(operation.arguments.get("table") or "")
    unsafe = await session.unsafe_to_rehearse(table) if table else ""
    if unsafe:
        problem = f"This cannot be tried before it runs: {unsafe}. Write rehearse: false to run it all the same."
        return Preview(targets=(target,), identity=who, problems=(problem,))
    touched = await session.change(str(operation.arguments["statement"]), _values(operation))
    whole = await session.count(table) if table else 0
    verb, where = REHEARSED[operation.kind], f" of {table}" if table else ""
    share = f", about {whole} in all" if whole else ""
    return Preview(
        targets=(target,),
        change=(f"{verb} {_rows(touched)}{where}{share}",),
        promise="tried in a transaction that was rolled back; triggers ran, and sequences may have moved on",
        counters={"rows_affected": touched},
        totals={"rows_affected": max(whole, touched)} if whole else {},
        identity=who,
        facts={ROWS: str(touched)},
    )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _values(operation: Operation) -> Mapping[str, Json]:
    values = operation.arguments.get("values")
    return values if isinstance(values, dict) else {}


# --- the run ---------------------------------------------------------------------------------------------------------


async def _performed(session: Session, operation: Operation, preview: Preview, committing: _Committing) -> Performed:
    statement, values = str(operation.arguments["statement"]), _values(operation)
    if operation.kind == READ:
        most = operation.arguments.get("max_rows")
        table = await session.rows(statement, values, most=most if isinstance(most, int) else 100)
        return Performed(Outcome.SUCCEEDED, output=rendering.rendered(table), is_truncated=table.is_cut)
    committing.has_begun = operation.kind not in REHEARSED  # some statements commit by themselves
    touched = await session.change(statement, values)
    expected = preview.facts.get(ROWS)
    if expected is not None and touched > int(expected):
        detail = f"It would now touch {_rows(touched)}, the dry run found {expected}. It was rolled back."
        return Performed(Outcome.REFUSED, detail=detail)
    committing.has_begun = True
    await session.commit()
    verb = REHEARSED.get(operation.kind)
    said = _rows(touched) if verb else "done"
    return Performed(Outcome.SUCCEEDED, output=said, change=(f"{verb} {said}",) if verb else ())


def _ended(trouble: Trouble, operation: Operation, committing: _Committing) -> Performed:
    """What a call that went wrong proves (F68)."""
    said = trouble.message.rstrip(".")
    match trouble.ending:
        case Ending.NOT_SENT:
            detail = f"The database could not be reached: {said}. Nothing was sent."
            return Performed(Outcome.FAILED, detail=detail, is_repeatable=True)
        case Ending.ANSWERED:
            return Performed(Outcome.FAILED, detail=f"The database refused: {said}.")
        case Ending.LOST if operation.kind == READ:
            return Performed(Outcome.FAILED, detail=f"{said}.", is_repeatable=True)
        case Ending.LOST if committing.has_begun:
            return Performed(Outcome.UNKNOWN, detail=f"{said}; it may or may not have been committed.")
        case Ending.LOST:
            return Performed(Outcome.FAILED, detail=f"{said}. Nothing was committed.")
