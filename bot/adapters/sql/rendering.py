"""A result as text: one cell alone as its plain value, anything else as an aligned table."""

import json
from collections.abc import Sequence
from datetime import date, datetime, time

from bot.adapters.sql.sessions import Table

CELL_CHARACTERS = 200
OUTPUT_CHARACTERS = 64_000


def rendered(table: Table) -> str:
    """Of one row with one column the value itself, so that `expect: {equals: '3'}` means what it says."""
    rows = [[cell(value) for value in row] for row in table.rows]
    if len(table.columns) == 1 and len(rows) == 1 and not table.is_cut:
        return rows[0][0]
    widths = [max(map(len, column)) for column in zip(table.columns, *rows, strict=True)] if table.columns else []
    lines = [_line(row, widths) for row in (table.columns, *rows)]
    count = f"({len(rows)} row{'' if len(rows) == 1 else 's'})"
    lines.append(f"(the first {len(rows)} rows; there are more)" if table.is_cut else count)
    return "\n".join(lines)[:OUTPUT_CHARACTERS]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip()


def cell(value: object) -> str:
    """One value on one line."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes | bytearray | memoryview):
        raw = bytes(value)
        text = "0x" + raw[: CELL_CHARACTERS // 2].hex()
    elif isinstance(value, datetime | date | time):
        text = value.isoformat()
    elif isinstance(value, dict | list | tuple):
        text = json.dumps(value, default=str, ensure_ascii=False)
    else:
        text = str(value)
    one_line = " ".join(text.split()) if any(sign in text for sign in "\r\n\t") else text
    return one_line if len(one_line) <= CELL_CHARACTERS else one_line[: CELL_CHARACTERS - 1] + "…"
