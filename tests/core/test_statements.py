"""What an SQL statement is, in every dialect that can read it: no change is ever a plain read."""

import pytest

from bot.core import risk
from bot.core.commands import parsing, statements
from bot.core.errors import Invalid
from bot.core.operations import Effect, Judgement, Replay, Tier
from bot.core.runbooks import SqlStatement

READS = """
select 1
select * from jobs where id = :id
select count(*), max(created_at) from jobs group by state having count(*) > 5 order by 1 limit 10
select a::text, b ->> 'c' from t where d = :d
select * from t where x like '%a%' and y in (1, 2) union all select 1, 2
with old as (select * from jobs where id < 5) select * from old
select 'a''b; drop table x'
select "order", `key` from t
select case when a > 1 then coalesce(b, 'x') else upper(c) end from t
select row_number() over (partition by a order by b) from t
select now() - interval '1 day'
select pg_size_pretty(pg_database_size(current_database()))
explain select * from jobs
show tables
show max_connections
describe jobs
""".strip().splitlines()

CHANGES = {
    "insert into t (a) values (:a)": ("insert", Tier.MEDIUM),
    "insert into t select * from x where a = 1": ("insert", Tier.MEDIUM),
    "update jobs set state = :s where id = :id": ("update", Tier.MEDIUM),
    "update a set x = 1 from b where a.id = b.id and b.n = :n": ("update", Tier.MEDIUM),
    "update t set a = 1 where id in (select id from x where b = 2)": ("update", Tier.MEDIUM),
    "update jobs set state = :to where state = :from": ("update", Tier.MEDIUM),
    "update jobs set a = 1": ("update", Tier.HIGH),
    "update jobs set a = 1 where true": ("update", Tier.HIGH),
    "update jobs set a = 1 where 1 = 1": ("update", Tier.HIGH),
    "update jobs set a = 1 where (1 = 1)": ("update", Tier.HIGH),
    "update jobs set a = 1 where id = id": ("update", Tier.HIGH),
    "update jobs set a = 1 where id = 1 or 1 = 1": ("update", Tier.HIGH),
    "delete from jobs where id = :id": ("delete", Tier.HIGH),
    "delete from jobs": ("delete", Tier.HIGH),
    "with d as (delete from jobs where id = 1 returning *) select * from d": ("delete", Tier.HIGH),
    "select * into t2 from t": ("ddl", Tier.HIGH),
    "select * from t into outfile '/tmp/x'": ("unknown", Tier.HIGH),
    "select * from t for update": ("update", Tier.HIGH),
    "explain analyze delete from t": ("unknown", Tier.HIGH),
    "explain (analyze) delete from t": ("unknown", Tier.HIGH),
    "select pg_terminate_backend(5)": ("call", Tier.HIGH),
    "select pg_sleep(5)": ("call", Tier.HIGH),
    "select sleep(5)": ("call", Tier.HIGH),
    "select nextval('x')": ("call", Tier.HIGH),
    "select set_config('a', 'b', false)": ("call", Tier.HIGH),
    "select load_file('/etc/passwd')": ("call", Tier.HIGH),
    "select pg_read_file('/etc/passwd')": ("call", Tier.HIGH),
    "select lo_import('/etc/passwd')": ("call", Tier.HIGH),
    "select * from dblink('x', 'delete from t')": ("call", Tier.HIGH),
    "select query_to_xml('delete from t', true, true, '')": ("call", Tier.HIGH),
    "select my_function(1)": ("call", Tier.HIGH),
    "call p(1)": ("call", Tier.HIGH),
    "drop table x": ("ddl", Tier.HIGH),
    "truncate jobs": ("ddl", Tier.HIGH),
    "create index concurrently i on t (a)": ("ddl", Tier.HIGH),
    "alter table t add column a int": ("ddl", Tier.HIGH),
    "create table a as select 1": ("ddl", Tier.HIGH),
    "grant all on t to x": ("admin", Tier.HIGH),
    "vacuum jobs": ("admin", Tier.HIGH),
    "kill 5": ("admin", Tier.HIGH),
    "copy t to program 'sh'": ("admin", Tier.HIGH),
    "pragma journal_mode = wal": ("admin", Tier.HIGH),
    "set role x": ("unknown", Tier.HIGH),
    "attach database 'x' as y": ("unknown", Tier.HIGH),
    "replace into t values (1)": ("unknown", Tier.HIGH),
    "lock table t": ("unknown", Tier.HIGH),
    "nonsense": ("unknown", Tier.HIGH),
}

REFUSED = [
    "",
    "   ",
    "select 1; drop table x",
    "select 1;;",
    "select 1 -- and more",
    "select 1 /* and more */",
    "select /*! 1 */",
    "select 1 # and more",
    "select '\\' or 1=1",
    "do $$ begin end $$",
    "select $1",
    "select @a",
    "select ?",
    "select {name}",
    "select %(name)s",
    "select 'never closed",
    'select "never closed',
    "select " + "1," * 6000 + "1",
]


def judge(text: str) -> Judgement:
    values = dict.fromkeys(statements.parameters(text), "1")
    return risk.judge(parsing.sql_operation(SqlStatement("orders", text, values), {}))


@pytest.mark.parametrize("text", READS)
def test_a_plain_read_is_low(text: str) -> None:
    judgement = judge(text)
    assert (judgement.effect, judgement.tier, judgement.replay) == (Effect.READ, Tier.LOW, Replay.READ)


@pytest.mark.parametrize("text", CHANGES)
def test_a_change_is_what_it_is_and_never_low(text: str) -> None:
    kind, tier = CHANGES[text]
    judgement = judge(text)
    assert statements.read(text).kind == kind
    assert (judgement.tier, judgement.replay) == (tier, Replay.ONCE)
    assert judgement.effect is not Effect.READ and judgement.reasons


@pytest.mark.parametrize("text", REFUSED)
def test_F76_what_databases_read_differently_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        statements.read(text)
    assert refused.value.remedy


def test_a_change_that_is_not_rehearsed_is_high() -> None:
    step = SqlStatement("orders", "update t set a = 1 where id = 2", rehearse=False)
    assert risk.judge(parsing.sql_operation(step, {})).tier is Tier.HIGH


def test_reading_passwords_is_high() -> None:
    assert judge("select usename, passwd from pg_shadow").tier is Tier.HIGH


@pytest.mark.parametrize(
    ("text", "mark", "marked", "names"),
    [
        ("a = :a and b = ':x' and c::text = :a", "${}", "a = $1 and b = ':x' and c::text = $1", ("a",)),
        ("a = :a and b = :b and c = :a", "?{}", "a = ?1 and b = ?2 and c = ?1", ("a", "b")),
        ("a % 2 = :a and b like '%x' and c = :a", "%s", "a %% 2 = %s and b like '%%x' and c = %s", ("a", "a")),
        ("a = 'it''s :no' and \":no\" = :yes", "${}", "a = 'it''s :no' and \":no\" = $1", ("yes",)),
    ],
)
def test_parameters_become_marks_outside_of_strings_only(
    text: str, mark: str, marked: str, names: tuple[str, ...]
) -> None:
    assert statements.numbered(text, mark) == (marked, names)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (SqlStatement("orders", "select :a"), ":a has no value"),
        (SqlStatement("orders", "select 1", {"a": 1}), "a is not used"),
        (SqlStatement("Orders; x", "select 1"), "not a connection name"),
        (SqlStatement("orders", "select :a", {"a": [1]}), "not one value"),
        (SqlStatement("orders", "select :a", {"a": "{nope}"}), "no value"),
    ],
)
def test_values_and_parameters_must_fit(step: SqlStatement, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        parsing.sql_operation(step, {})


def test_people_see_the_statement_and_every_value_that_is_bound() -> None:
    step = SqlStatement("orders", "update t set a = :a where id = :id", {"a": "it's {who}", "id": 7})
    operation = parsing.sql_operation(step, {"who": "x'; drop table t"})
    assert operation.text == (
        "-- on orders\nupdate t set a = :a where id = :id\n  :a = \"it's x'; drop table t\"\n  :id = 7"
    )
