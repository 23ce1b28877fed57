"""Named SQL: `queries.sql` read once, each statement under the name that stands above it.

Kept out of the Python so that it can be read, explained and tried in any SQLite shell.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def _statements() -> Mapping[str, str]:
    text = resources.files(__package__).joinpath("queries.sql").read_text(encoding="utf-8")
    _, *parts = _NAME.split(text)
    return MappingProxyType({name: sql.strip() for name, sql in zip(parts[::2], parts[1::2], strict=True)})


def sql(name: str) -> str:
    """Raise KeyError for a name that `queries.sql` does not have."""
    return _statements()[name]
