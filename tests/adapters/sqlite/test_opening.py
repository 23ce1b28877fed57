"""Opening a file: new, older, newer, damaged, unreachable; and what is said about the linked SQLite."""

import sqlite3
from pathlib import Path

import pytest

from bot.adapters.sqlite import connections, migrations, queries
from bot.adapters.sqlite.archive import Archive
from bot.adapters.sqlite.store import Store
from bot.adapters.system_clock import SystemClock
from bot.core import errors


def version_of(path: Path) -> int:
    with sqlite3.connect(path) as found:
        (number,) = found.execute("PRAGMA user_version").fetchone()
    found.close()
    return int(number)


def files_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def change(path: Path, *statements: str) -> None:
    with sqlite3.connect(path) as changing:
        for statement in statements:
            changing.execute(statement)
    changing.close()


async def test_a_new_file_gets_the_latest_schema(tmp_path: Path) -> None:
    path = tmp_path / "new.db"

    await (await Store.open(path, SystemClock())).close()

    assert version_of(path) == len(migrations.scripts())


async def test_each_opening_is_a_new_epoch(tmp_path: Path) -> None:
    path = tmp_path / "pageturner.db"
    for _ in range(3):
        await (await Store.open(path, SystemClock())).close()

    with sqlite3.connect(path) as found:
        assert found.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone() == (3,)
    found.close()


async def test_later_migrations_are_applied_once_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "pageturner.db"
    steps = ("CREATE TABLE one (n);", "ALTER TABLE one RENAME TO two;", "INSERT INTO two VALUES (3);")
    connection = await connections.open_writer(path)
    try:
        await migrations.migrate(connection, path, steps=steps[:1])
        await migrations.migrate(connection, path, steps=steps)
        await migrations.migrate(connection, path, steps=steps)

        assert await migrations.version(connection) == 3
        assert list(await connection.execute_fetchall("SELECT n FROM two")) == [(3,)]
    finally:
        await connection.close()


async def test_F12_a_migration_that_fails_half_way_leaves_the_old_schema_and_no_open_transaction(
    tmp_path: Path,
) -> None:
    path = tmp_path / "pageturner.db"
    connection = await connections.open_writer(path)
    try:
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await migrations.migrate(
                connection, path, steps=("CREATE TABLE half (n); INSERT INTO missing VALUES (1);",)
            )

        assert await migrations.version(connection) == 0
        assert list(await connection.execute_fetchall("SELECT name FROM sqlite_master")) == []
        assert not connection.in_transaction
    finally:
        await connection.close()


async def test_a_file_from_a_newer_program_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "pageturner.db"
    await (await Store.open(path, SystemClock())).close()
    change(path, "PRAGMA user_version = 99")

    with pytest.raises(errors.Permanent, match=r"newer version of pageturner \(schema 99, this one knows \d+\)"):
        await Store.open(path, SystemClock())
    with pytest.raises(errors.Permanent, match="newer version"):
        await Archive.read_only(path)

    assert version_of(path) == 99


async def test_a_reader_refuses_an_older_schema_because_it_may_not_migrate(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    change(path, "CREATE TABLE t (n)")

    with pytest.raises(errors.Permanent, match="older schema 0: start the bot once"):
        await Archive.read_only(path)


async def test_a_reader_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(errors.Permanent, match="cannot be opened"):
        await Archive.read_only(tmp_path / "missing.db")

    assert files_in(tmp_path) == []


async def test_F19_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"this is not a database " * 100)

    with pytest.raises(errors.Permanent, match="damaged or no database"):
        await Store.open(path, SystemClock())

    assert path.read_bytes().startswith(b"this is not a database")


async def test_F19_a_damaged_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pageturner.db"
    await (await Store.open(path, SystemClock())).close()
    content = bytearray(path.read_bytes())
    content[4096 * 2 : 4096 * 4] = b"\xff" * 8192
    path.write_bytes(content)

    with pytest.raises(errors.Permanent, match="damaged"):
        await Store.open(path, SystemClock())


async def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(errors.Permanent, match=r"lock file .*missing.*No such file"):
        await Store.open(tmp_path / "missing" / "pageturner.db", SystemClock())


async def test_a_refused_opening_leaves_the_file_free_for_the_next(tmp_path: Path) -> None:
    path = tmp_path / "pageturner.db"
    change(path, "PRAGMA user_version = 99")
    with pytest.raises(errors.Permanent):
        await Store.open(path, SystemClock())
    change(path, "PRAGMA user_version = 0")

    await (await Store.open(path, SystemClock())).close()


@pytest.mark.parametrize(
    ("version", "is_warned"),
    [
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 0), False),
    ],
)
def test_F20_a_sqlite_with_the_wal_reset_bug_is_warned_about(version: tuple[int, int, int], is_warned: bool) -> None:
    said = connections.warnings(version)

    assert [".".join(map(str, version)) in sentence for sentence in said] == [True] * is_warned


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (sqlite3.SQLITE_FULL, errors.Transient, "the disk is full"),
        (sqlite3.SQLITE_IOERR_FSYNC, errors.Transient, "the disk reports an error"),
        (sqlite3.SQLITE_IOERR_WRITE, errors.Transient, "the disk reports an error"),
        (sqlite3.SQLITE_READONLY, errors.Transient, "read-only"),
        (sqlite3.SQLITE_READONLY_DBMOVED, errors.Transient, "read-only"),
        (sqlite3.SQLITE_BUSY, errors.Transient, "another program has locked it"),
        (sqlite3.SQLITE_LOCKED, errors.Transient, "another program has locked it"),
        (sqlite3.SQLITE_CANTOPEN, errors.Transient, "cannot be opened"),
        (sqlite3.SQLITE_NOMEM, errors.Transient, "memory is short"),
        (sqlite3.SQLITE_CORRUPT, errors.Permanent, "damaged"),
        (sqlite3.SQLITE_NOTADB, errors.Permanent, "no database"),
        (sqlite3.SQLITE_ERROR, errors.Permanent, "cannot be written"),
        (sqlite3.SQLITE_TOOBIG, errors.Permanent, "cannot be written"),
    ],
)
def test_each_error_of_the_file_says_what_to_do_next(code: int, kind: type[Exception], words: str) -> None:
    problem = sqlite3.OperationalError("as SQLite says it")
    problem.sqlite_errorcode = code

    said = connections.translate(problem, path=Path("pageturner.db"))

    assert type(said) is kind
    assert words in str(said)
    assert "as SQLite says it" in str(said)


async def test_every_named_statement_is_valid_for_the_schema(tmp_path: Path) -> None:
    connection = await connections.open_writer(tmp_path / "pageturner.db")
    try:
        await migrations.migrate(connection, tmp_path)
        for name, statement in queries._statements().items():
            marks = statement.count("?")
            plan = await connection.execute_fetchall(f"EXPLAIN {statement}", [None] * marks)
            assert list(plan), name
    finally:
        await connection.close()


def test_an_unknown_statement_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        queries.sql("no_such_statement")
