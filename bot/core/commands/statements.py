"""What one SQL statement is: a typed judgement from its parse tree, in every dialect that can read it.

The text is the author's, its values are bound and never seen here. Spellings that two databases read differently
(comments, backslashes, dollar quotes) are refused, so that what is judged is what runs. sqlglot only parses; it is
imported on first use, because it costs a tenth of a second.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.core.commands import queries
from bot.core.commands.wordlists import words
from bot.core.errors import Invalid

if TYPE_CHECKING:
    from sqlglot import expressions as sql

DIALECTS = ("postgres", "mysql", "sqlite")
LONGEST = 10_000

_STRINGS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`")
_PARAMETER = re.compile(r"(?<![:\w]):([A-Za-z_]\w{0,63})")
_READ_DIFFERENTLY = (
    (re.compile(r"--|/\*|#"), "a comment", "leave it out; # also as an operator"),
    (re.compile(r"\\"), "a backslash", "bind the value instead"),
    (re.compile(r"\$"), "a dollar sign", "write parameters as :name, and strings in single quotes"),
    (re.compile(r"[{}]"), "a brace", "write parameters as :name and fill them under values"),
    (re.compile(r"@"), "an at sign", "session variables are not understood here"),
    (re.compile(r"%\("), "a percent sign before a bracket", "write parameters as :name"),
    (re.compile(r"\?"), "a question mark", "write parameters as :name"),
)
_ORDER = ("select", "insert", "update", "delete", "call", "admin", "ddl", "unknown")
"""From narrow to wide: of two readings of one text the wider counts."""

_KINDS = {
    "Select": "select", "Union": "select", "Intersect": "select", "Except": "select", "Values": "select",
    "Show": "select", "Describe": "select", "Insert": "insert", "Update": "update", "Delete": "delete",
    "Merge": "update", "Create": "ddl", "Drop": "ddl", "Alter": "ddl", "AlterTable": "ddl", "TruncateTable": "ddl",
    "Grant": "admin", "Revoke": "admin", "Kill": "admin", "Set": "admin", "Analyze": "admin", "Transaction": "admin",
    "Commit": "admin", "Rollback": "admin", "Use": "admin", "Pragma": "admin", "Copy": "admin", "LoadData": "admin",
}  # fmt: skip

_HARMLESS_FUNCTIONS = words(
    """count sum avg min max abs ceil ceiling floor round trunc mod power sqrt coalesce nullif greatest least ifnull
    if case cast convert upper lower length char_length substring substr trim ltrim rtrim replace concat concat_ws
    left right lpad rpad split_part position instr strpos reverse repeat md5 sha256 format to_char to_number to_date
    to_timestamp date date_trunc date_part extract age now current_date current_time current_timestamp
    localtimestamp clock_timestamp unix_timestamp from_unixtime timestampdiff datediff date_add date_sub date_format
    strftime julianday datetime year month day hour minute second epoch interval row_number rank dense_rank ntile lag
    lead first_value last_value array_agg string_agg json_agg jsonb_agg group_concat json_extract json_value
    json_build_object jsonb_build_object json_object json_array json_array_length jsonb_array_length
    jsonb_extract_path jsonb_extract_path_text json_extract_path_text unnest any all some exists array array_length
    cardinality regexp_replace regexp_matches regexp_like like similar between generate_series current_database
    current_schema current_user session_user database version pg_size_pretty pg_database_size
    pg_total_relation_size pg_relation_size pg_table_size pg_indexes_size pg_is_in_recovery
    pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_wal_lsn_diff
    pg_current_wal_lsn pg_blocking_pids pg_backend_pid pg_postmaster_start_time obj_description to_json to_jsonb
    row_to_json bool_and bool_or every stddev variance percentile_cont percentile_disc random_uuid total
    changes last_insert_rowid typeof hex ifnull iif nvl sign exp ln log log10 pi radians degrees ascii chr char"""
)
"""Functions that only compute. Any other may do anything: reads that call one are not plain."""


@dataclass(frozen=True, slots=True)
class Statement:
    """`kind` is the registry key's last part. `is_bounded`: a change that says which rows by more than a constant.

    `reasons` are the remarks that raise it; `table` is the one that a change touches, where that is clear.
    """

    kind: str
    is_bounded: bool
    reasons: tuple[str, ...] = ()
    table: str = ""
    shows_secrets: bool = False


def parameters(text: str) -> tuple[str, ...]:
    """Names of the `:name` parameters outside of strings, in order, each once."""
    bare = _STRINGS.sub(lambda quoted: " " * len(quoted[0]), text)
    return tuple(dict.fromkeys(_PARAMETER.findall(bare)))


def numbered(text: str, mark: str) -> tuple[str, tuple[str, ...]]:
    """The text with `mark` (such as `${}` or `%s`) for each parameter, and their names in the order of the marks.

    A mark with `{}` is numbered, and a name used twice keeps its number; otherwise every use is a mark of its own.
    """
    names: list[str] = []
    parts: list[str] = []
    at = 0
    for quoted in [*_STRINGS.finditer(text), None]:
        end = quoted.start() if quoted else len(text)
        parts.append(_marked(text[at:end], mark, names))
        if quoted:
            parts.append(quoted[0] if mark != "%s" else quoted[0].replace("%", "%%"))
            at = quoted.end()
    return "".join(parts), tuple(names)


def _marked(text: str, mark: str, names: list[str]) -> str:
    if mark == "%s":
        text = text.replace("%", "%%")

    def put(found: re.Match[str]) -> str:
        name = found[1]
        if "{}" not in mark:
            names.append(name)
            return mark
        if name not in names:
            names.append(name)
        return mark.format(names.index(name) + 1)

    return _PARAMETER.sub(put, text)


def read(text: str) -> Statement:
    """Raise Invalid, with the remedy, for text that is not one statement which every database reads the same way."""
    bare = _checked(text)
    if _TELLS.fullmatch(bare.strip()):
        return Statement("select", is_bounded=True)
    plain, _ = numbered(text, ":p{}")  # a parameter may be named like a keyword
    found = [each for dialect in DIALECTS if (each := _parsed(plain, dialect)) is not None]
    if not found:
        first = (bare.split() or [""])[0].lower()
        return Statement("admin" if first in _ADMIN else "unknown", is_bounded=False, reasons=(_NOT_UNDERSTOOD,))
    widest = max(found, key=lambda each: (_ORDER.index(each.kind), not each.is_bounded))
    reasons = tuple(dict.fromkeys(reason for each in found for reason in each.reasons))
    return Statement(
        widest.kind,
        is_bounded=all(each.is_bounded for each in found),
        reasons=reasons,
        table=next((each.table for each in found if each.table), ""),
        shows_secrets=queries.shows_secrets(text),
    )


_TELLS = re.compile(r"(?:show\s+[\w\s.=']+|explain\s+(?!analy[sz]e\b|\(|verbose\b)[^;]*);?", re.IGNORECASE | re.DOTALL)
"""Plans and settings: EXPLAIN runs nothing as long as it does not ANALYZE."""

_NOT_UNDERSTOOD = "the statement is not understood"
_ADMIN = frozenset(
    ["vacuum", "reindex", "cluster", "checkpoint", "flush", "optimize", "analyze", "kill", "reset", "load"]
)


def _checked(text: str) -> str:
    """The text without its strings, once nothing in it is read differently by different databases."""
    if len(text) > LONGEST:
        raise Invalid(f"the statement is longer than {LONGEST} characters", remedy="make it shorter, or a view")
    bare = _STRINGS.sub("''", text)
    for pattern, what, remedy in _READ_DIFFERENTLY:
        if (what == "a backslash" and "\\" in text) or pattern.search(bare):
            raise Invalid(f"the statement holds {what}, which databases read differently", remedy=remedy)
    if "'" in bare.replace("''", "") or '"' in bare:
        raise Invalid("a quote is never closed", remedy="close it")
    if ";" in bare.strip().removesuffix(";"):
        raise Invalid("several statements in one step", remedy="write one step for each")
    if not bare.strip():
        raise Invalid("the statement is empty", remedy="write one statement")
    return bare


def _parsed(text: str, dialect: str) -> Statement | None:
    """None where this dialect cannot read it."""
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        trees = [tree for tree in sqlglot.parse(text, read=dialect) if tree is not None]
    except (SqlglotError, RecursionError):
        return None
    if len(trees) != 1 or type(trees[0]).__name__ == "Command":
        return None if not trees else Statement(_of_command(trees), is_bounded=False, reasons=(_NOT_UNDERSTOOD,))
    return _judged(trees[0])


def _of_command(trees: Sequence[object]) -> str:
    """What sqlglot takes as it stands: its first word says what it is, else nobody knows."""
    word = str(getattr(trees[0], "this", "")).lower()
    return {"call": "call", "do": "call", "execute": "call", "explain": "unknown"}.get(
        word, "admin" if word in _ADMIN else "unknown"
    )


def _judged(tree: "sql.Expr") -> Statement:
    from sqlglot import expressions as sql

    kind = _KINDS.get(type(tree).__name__, "unknown")
    reasons: list[str] = []
    for inner in tree.walk():
        name = type(inner).__name__
        if (
            inner is not tree
            and _KINDS.get(name, "select") not in ("select", "unknown")
            and isinstance(inner, sql.DML | sql.DDL)
        ):
            kind = _wider(kind, _KINDS[name])
            reasons.append(f"a part of it is {name.lower()}")
        if isinstance(inner, sql.Into):
            kind = _wider(kind, "ddl")
            reasons.append("writes its result somewhere (INTO)")
        if isinstance(inner, sql.Lock):
            kind = _wider(kind, "update")
            reasons.append("locks the rows that it reads")
    for function in _functions(tree):
        kind = _wider(kind, "call")
        reasons.append(f"calls {function}, which may do anything")
    bounded = _is_bounded(tree) if kind in ("update", "delete") else kind in ("select", "insert")
    if kind in ("update", "delete") and not bounded:
        reasons.append("says no rows: every row of the table is changed")
    return Statement(kind, bounded, tuple(dict.fromkeys(reasons)), _table(tree))


def _wider(one: str, other: str) -> str:
    return max(one, other, key=_ORDER.index)


def _functions(tree: "sql.Expr") -> Iterator[str]:
    """Names of called functions that are not known to only compute."""
    from sqlglot import expressions as sql

    for inner in tree.find_all(sql.Func):
        name = (inner.name if isinstance(inner, sql.Anonymous) else inner.sql_name()).lower()
        is_known = not isinstance(inner, sql.Anonymous) or name in _HARMLESS_FUNCTIONS
        if not is_known or name in _REACHING:
            yield name[:60]


_REACHING = frozenset(["read_csv", "load_file", "sleep", "benchmark", "xmltable", "openjson"])
"""Functions that sqlglot has a type for and that are more than a computation."""


def _is_bounded(tree: "sql.Expr") -> bool:
    """The WHERE names a column: `where true` and `where 1 = 1` pick out nothing."""
    from sqlglot import expressions as sql

    where = tree.args.get("where")
    if where is None:
        return False
    condition = where.this
    while isinstance(condition, sql.Paren):
        condition = condition.this
    if isinstance(condition, sql.Or):
        return all(_names_a_column(each) for each in condition.flatten())
    return _names_a_column(condition)


def _names_a_column(condition: "sql.Expr") -> bool:
    from sqlglot import expressions as sql

    columns = {column.sql() for column in condition.find_all(sql.Column)}
    if isinstance(condition, sql.EQ | sql.GTE | sql.LTE | sql.Is) and condition.left == condition.right:
        return False
    return bool(columns)


def _table(tree: "sql.Expr") -> str:
    from sqlglot import expressions as sql

    if not isinstance(tree, sql.Update | sql.Delete | sql.Insert):
        return ""
    target = tree.this.this if isinstance(tree.this, sql.Schema) else tree.this
    return target.sql() if isinstance(target, sql.Table) and not target.args.get("joins") else ""
