"""The executor before each database that this machine has."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.sql import sessions
from bot.adapters.sql.executor import Sql
from bot.core.commands import parsing
from bot.core.operations import Json, Operation
from bot.core.previews import Performed, Preview
from bot.core.runbooks import SqlStatement
from tests.adapters.sql import servers
from tests.adapters.sql.servers import Server

SOON = timedelta(seconds=10)
KINDS = ("postgres", "mysql", "sqlite")


def operation(
    statement: str, values: Mapping[str, Json] | None = None, *, max_rows: int = 100, rehearse: bool = True
) -> Operation:
    return parsing.sql_operation(SqlStatement("shop", statement, values or {}, max_rows, rehearse), {})


@dataclass(slots=True)
class Database:
    server: Server
    executor: Sql

    async def preview(self, statement: str, **values: Json) -> Preview:
        return await self.executor.preview(operation(statement, values), timeout=SOON)

    async def perform(self, statement: str, shown: Preview, **values: Json) -> Performed:
        return await self.executor.perform(operation(statement, values), shown, key="k", timeout=SOON)

    async def run(self, statement: str, **values: Json) -> Performed:
        shown = await self.preview(statement, **values)
        assert shown.problems == ()
        return await self.perform(statement, shown, **values)

    async def admin(self, *texts: str) -> None:
        """Straight to the database, past the executor."""
        session = await sessions.open_session(self.server.write, is_read=False, seconds=10)
        try:
            for text in texts:
                await session.change(text, {})
            await session.commit()
        finally:
            await session.close()


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """Each server is started when the first test wants it and stopped with the last."""
    with ExitStack() as stack:
        yield _Started(stack, tmp_path_factory)


class _Started(dict[str, Server]):
    def __init__(self, stack: ExitStack, factory: pytest.TempPathFactory) -> None:
        super().__init__()
        self._stack, self._factory = stack, factory

    def __missing__(self, kind: str) -> Server:
        folder = self._factory.mktemp(kind)
        start = {"postgres": servers.postgres, "mysql": servers.mariadb}[kind]
        self[kind] = self._stack.enter_context(start(folder))
        return self[kind]


@pytest.fixture(params=[pytest.param(kind, marks=pytest.mark.xdist_group(f"sql-{kind}")) for kind in KINDS])
async def database(request: pytest.FixtureRequest, started: dict[str, Server], tmp_path: Path) -> Database:
    kind = str(request.param)
    if kind == "sqlite":
        (tmp_path / "shop.db").touch()
        server = Server("sqlite", f"sqlite://{tmp_path}/shop.db", f"sqlite://{tmp_path}/shop.db")
    else:
        present = servers.postgres_binaries() if kind == "postgres" else servers.mariadb_binary()
        if present is None:
            pytest.skip(f"{kind} is not installed: postgresql and mariadb-server are Debian's packages")
        server = started[kind]

    def url(name: str, *, is_read: bool) -> str:
        if name != "shop":
            raise KeyError(f"PAGETURNER_SQL_{name.upper()}")
        return server.read if is_read else server.write

    here = Database(server, Sql(url))
    await here.admin(
        "drop table if exists jobs",
        "create table jobs (id integer primary key, state varchar(20), note text, cost numeric(8, 2), done boolean)",
        "insert into jobs values (1, 'stuck', 'one', 1.50, false), (2, 'stuck', null, 2, true)",
        "insert into jobs values (3, 'ok', 'x', 3, true)",
    )
    return here
