"""What every command says in the same way: words on the screen, one JSON document, one line when something is wrong.

Text goes through `safe` before it is shown: alerts and outputs may hold what moves a cursor or hides a word. Rich is
loaded with the first table, so that `explain --json` starts without it.
"""

import asyncio
import contextlib
import json
import shutil
import sys
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bot.core.inert import inert

if TYPE_CHECKING:
    from rich.console import Console

OK, FINDINGS, BAD_INPUT = 0, 1, 2
WIDTH = 100
"""Columns that every table fits into; fewer on a narrower terminal."""

PATIENCE_SECONDS = 2.0
"""Whatever takes longer says on standard error how far it is."""

LONGEST = 1_000_000

AsJson = Annotated[bool, typer.Option("--json", help="For programs: JSON on standard output.")]


def fail(sentence: str) -> NoReturn:
    """Bad usage or input: one line, exit 2."""
    print(f"pageturner: {' '.join(safe(sentence).split())}", file=sys.stderr)
    sys.exit(BAD_INPUT)


def finish(*, found: bool) -> None:
    """Exit 1 when there are findings."""
    if found:
        raise typer.Exit(FINDINGS)


def safe(text: str) -> str:
    return inert(text, LONGEST)


def say(text: str = "") -> None:
    """One line or several, as they are."""
    encoding = sys.stdout.encoding or "utf-8"
    print(safe(text).encode(encoding, "replace").decode(encoding))


def note(text: str) -> None:
    """Beside the answer, on standard error."""
    print(f"pageturner: {safe(text)}", file=sys.stderr, flush=True)


def document(value: object) -> None:
    """One JSON document on one line, in ASCII: whatever it holds, no terminal and no line reader trips over it."""
    print(json.dumps(value, ensure_ascii=True))


@cache
def columns() -> int:
    return min(WIDTH, max(40, shutil.get_terminal_size((WIDTH, 24)).columns))


def console() -> "Console":
    """Made anew each time, since tests and pipes exchange standard output. No markup: text is only text."""
    from rich.console import Console

    return Console(width=columns(), markup=False, emoji=False, highlight=False)


def put(shown: object) -> None:
    """Print what rich lays out, without the blanks that it fills lines with."""
    made = console()
    with made.capture() as capture:
        made.print(shown)
    for line in capture.get().splitlines():
        print(line.rstrip())


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Iterable[str] = ()) -> None:
    """Aligned columns that wrap in themselves; `numbers` names the columns that stand to the right."""
    from rich.table import Table
    from rich.text import Text

    right = set(numbers)
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in head:
        justify, is_number = ("right" if name in right else "left"), name in right
        shown.add_column(name, justify=justify, overflow="fold", no_wrap=is_number)  # type: ignore[arg-type]  # literals
    for row in rows:
        shown.add_row(*(Text(safe(cell)) for cell in row))
    put(shown)


def entries(rows: Iterable[tuple[str, str]], *, label_width: int = 8) -> None:
    """A label and its text, wrapped beside it; an empty label continues the one before."""
    from rich.table import Table
    from rich.text import Text

    shown = Table.grid(padding=(0, 2, 0, 0))
    shown.add_column(min_width=label_width, no_wrap=True, style="bold")
    shown.add_column(overflow="fold", ratio=1)
    for label, text in rows:
        shown.add_row(Text(safe(label)), Text(safe(text)))
    put(shown)


class Progress:
    """How far a command is; `text` may be changed at any time by whoever works."""

    def __init__(self, text: str) -> None:
        self.text = text

    def tell(self, text: str) -> None:
        self.text = text


@asynccontextmanager
async def telling(progress: Progress) -> AsyncIterator[Progress]:
    """Say how far it is every two seconds, on standard error: in place on a terminal, else line by line."""
    teller = asyncio.create_task(_tell(progress), name="progress")
    try:
        yield progress
    finally:
        teller.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await teller


async def _tell(progress: Progress) -> None:
    is_terminal = sys.stderr.isatty()
    try:
        while True:
            await asyncio.sleep(PATIENCE_SECONDS)
            text = f"pageturner: {safe(progress.text)} ..."
            print(
                f"\r\x1b[K{text}" if is_terminal else text, end="" if is_terminal else "\n", file=sys.stderr, flush=True
            )
    finally:
        if is_terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
