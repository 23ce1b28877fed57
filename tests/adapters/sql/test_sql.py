"""SQL steps against real databases: reads cannot write, dry runs leave nothing, a change is what was shown."""

from dataclasses import replace

import pytest

from bot.adapters.sql import sessions
from bot.adapters.sql.executor import Sql
from bot.adapters.sql.sessions import Trouble
from bot.core.errors import Transient
from bot.core.previews import Outcome
from tests.adapters.sql.conftest import SOON, Database, operation
from tests.core.hostile import VALUES

pytestmark = pytest.mark.database

REQUEUE = "update jobs set state = :to where state = :from"


async def count(database: Database, state: str) -> str:
    return (await database.run("select count(*) from jobs where state = :state", state=state)).output


async def test_a_read_answers_with_a_table_and_one_cell_with_its_value(database: Database) -> None:
    assert await count(database, "stuck") == "2"
    table = await database.run("select id, state, note from jobs order by id")
    assert table.output.splitlines() == [
        "id  state  note",
        "1   stuck  one",
        "2   stuck  NULL",
        "3   ok     x",
        "(3 rows)",
    ]


async def test_a_read_brings_back_only_so_many_rows_and_says_so(database: Database) -> None:
    read = operation("select id from jobs order by id", max_rows=2)
    shown = await database.executor.preview(read, timeout=SOON)
    done = await database.executor.perform(read, shown, key="k", timeout=SOON)
    assert done.is_truncated and done.output.splitlines() == ["id", "1", "2", "(the first 2 rows; there are more)"]


async def test_the_dry_run_of_a_change_counts_its_rows_and_leaves_nothing(database: Database) -> None:
    shown = await database.preview(REQUEUE, **{"to": "queued", "from": "stuck"})
    assert (shown.problems, shown.counters, shown.facts) == ((), {"rows_affected": 2}, {"rows": "2"})
    assert shown.change[0].startswith("changes 2 rows of jobs")
    assert "secret" not in str(shown)
    assert await count(database, "stuck") == "2"


async def test_a_change_that_was_shown_runs_once_and_says_what_it_did(database: Database) -> None:
    done = await database.run(REQUEUE, **{"to": "queued", "from": "stuck"})
    assert (done.outcome, done.output, done.change) == (Outcome.SUCCEEDED, "2 rows", ("changes 2 rows",))
    assert (await count(database, "queued"), await count(database, "stuck")) == ("2", "0")


async def test_F64_a_change_that_would_touch_more_rows_than_was_shown_is_rolled_back(database: Database) -> None:
    values = {"to": "queued", "from": "stuck"}
    shown = await database.preview(REQUEUE, **values)
    await database.admin("insert into jobs values (4, 'stuck', 'new', 1, false)")
    done = await database.perform(REQUEUE, shown, **values)
    assert done.outcome is Outcome.REFUSED and "3 rows, the dry run found 2" in done.detail
    assert await count(database, "stuck") == "3"


async def test_fewer_rows_than_was_shown_are_no_reason_to_refuse(database: Database) -> None:
    values = {"to": "queued", "from": "stuck"}
    shown = await database.preview(REQUEUE, **values)
    await database.admin("delete from jobs where id = 1")
    assert (await database.perform(REQUEUE, shown, **values)).output == "1 row"


async def test_inserts_and_deletes_are_rehearsed_as_well(database: Database) -> None:
    added = await database.preview("insert into jobs (id, state) values (:id, :state)", id=9, state="new")
    gone = await database.preview("delete from jobs where state = :state", state="stuck")
    assert added.change[0].startswith("adds 1 row") and gone.change[0].startswith("deletes 2 rows")
    assert await database.run("select count(*) from jobs") is not None
    assert (await database.run("select count(*) from jobs")).output == "3"


async def test_a_change_that_is_not_to_be_rehearsed_says_so_and_runs(database: Database) -> None:
    step = operation("update jobs set state = 'x' where id = 1", rehearse=False)
    shown = await database.executor.preview(step, timeout=SOON)
    assert "not tried before" in shown.promise and shown.counters == {}
    assert (await database.executor.perform(step, shown, key="k", timeout=SOON)).outcome is Outcome.SUCCEEDED


async def test_F76_a_read_session_cannot_write_whatever_the_statement(database: Database) -> None:
    session = await sessions.open_session(database.server.write, is_read=True, seconds=5)
    with pytest.raises(Trouble):
        await session.change("update jobs set state = 'x' where id = 1", {})
    await session.close()
    assert await count(database, "x") == "0"


@pytest.mark.parametrize("values", [VALUES[start : start + 60] for start in range(0, len(VALUES), 60)])
async def test_F76_hostile_values_arrive_as_values_and_nothing_else(database: Database, values: list[str]) -> None:
    plain = operation("select count(*) from jobs where note = :note", {"note": "x"})
    shown = await database.executor.preview(plain, timeout=SOON)
    for value in values:
        if "\x00" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
            continue  # no database keeps these in text, and parameters refuse them before
        asked = replace(plain, arguments={**plain.arguments, "values": {"note": value}})
        assert (await database.executor.perform(asked, shown, key="k", timeout=SOON)).output == "0", value
    assert (await database.run("select count(*) from jobs")).output == "3"


async def test_F76_a_hostile_value_is_kept_letter_for_letter(database: Database) -> None:
    value = "x'); drop table jobs; -- \\' \" ` %s %(a)s $1 :id ü \N{FIRE}"
    await database.run("update jobs set note = :note where id = :id", note=value, id=1)
    assert (await database.run("select note from jobs where id = 1")).output == value


async def test_a_statement_that_the_database_refuses_is_told_before_anybody_is_asked(database: Database) -> None:
    shown = await database.preview("update nowhere set a = 1 where b = 2")
    assert shown.problems and "refused the dry run" in shown.problems[0]


async def test_a_read_that_the_database_refuses_has_failed(database: Database) -> None:
    done = await database.run("select nothing from jobs")
    assert done.outcome is Outcome.FAILED and "The database refused" in done.detail


async def test_a_connection_that_is_not_set_up_names_its_setting(database: Database) -> None:
    def url(name: str, *, is_read: bool) -> str:
        raise KeyError(f"PAGETURNER_SQL_{name.upper()}")

    shown = await Sql(url).preview(operation("select 1"), timeout=SOON)
    assert "PAGETURNER_SQL_SHOP" in shown.problems[0]


async def test_F68_a_database_that_cannot_be_reached_proves_that_nothing_was_sent(database: Database) -> None:
    nowhere = {
        "postgres": "postgresql://u:topsecret@127.0.0.1:9/x",
        "mysql": "mysql://u:topsecret@127.0.0.1:9/x",
        "sqlite": "sqlite:///nowhere/at/all.db",
    }[database.server.kind]

    def address(name: str, *, is_read: bool) -> str:
        return nowhere

    lost = Sql(address)
    with pytest.raises(Transient) as unasked:
        await lost.preview(operation("select 1"), timeout=SOON)
    shown = await database.preview("select 1")
    done = await lost.perform(operation("select 1"), shown, key="k", timeout=SOON)
    assert (done.outcome, done.is_repeatable) == (Outcome.FAILED, True)
    assert "Nothing was sent" in done.detail and "topsecret" not in f"{done}{unasked.value}"


async def test_a_rehearsal_never_waits_long_for_a_lock(database: Database) -> None:
    holder = await sessions.open_session(database.server.write, is_read=False, seconds=30)
    await holder.change("update jobs set note = 'held' where id = 1", {})
    try:
        shown = await database.preview("update jobs set note = 'mine' where id = :id", id=1)
        said = shown.problems[0]
    except Transient as problem:  # SQLite cannot even begin
        said = str(problem)
    finally:
        await holder.close()
    assert "lock" in said.lower()


async def test_values_of_every_kind_are_bound_and_shown(database: Database) -> None:
    change = "update jobs set cost = :cost, note = :note where id = :id and done = :done"
    done = await database.run(change, cost="9.75", note=None, id="1", done=False)
    assert done.output == "1 row"
    shown = await database.run("select cost, note from jobs where id = 1")
    assert "9.75" in shown.output and "NULL" in shown.output
