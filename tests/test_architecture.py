"""Rules about the code itself: sizes, borders, and pages that are rendered from code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.core import states
from bot.core.states import State

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "bot").rglob("*.py"))
FILE_LINES, FUNCTION_LINES, POSITIONAL = 400, 50, 4

BROAD_EXCEPTS = {"bot/flow/supervising.py", "bot/flow/performing.py", "bot/adapters/slack/listeners.py"}
"""The three named borders: the supervisor, the step runner, the listener."""


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_file_has_one_subject_and_says_which(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= FILE_LINES
    assert ast.get_docstring(ast.parse(text)), "a module opens with a docstring"


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_function_fits_in_view(path: Path) -> None:
    long = [node.name for node in _functions(path) if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES]
    assert long == []


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_function_takes_few_positional_arguments(path: Path) -> None:
    def count(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
        names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
        return len([name for name in names if name not in {"self", "cls"}])

    def is_called_by_us(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        """Constructors are called by the composition root, commands by the command line: both by name."""
        return node.name != "__init__" and not any("command" in ast.unparse(each) for each in node.decorator_list)

    wide = [
        f"{node.name}:{node.lineno}" for node in _functions(path) if is_called_by_us(node) and count(node) > POSITIONAL
    ]
    assert wide == []


def test_broad_excepts_stand_at_the_three_named_borders_only() -> None:
    found = {
        _name(path) for path in SOURCES for node in ast.walk(ast.parse(path.read_text("utf-8"))) if _swallows(node)
    }
    assert found == BROAD_EXCEPTS


def _swallows(node: ast.AST) -> bool:
    """A handler of everything that does not hand it on: cleaning up and raising again is no border."""
    if not isinstance(node, ast.ExceptHandler):
        return False
    is_broad = node.type is None or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
    last = node.body[-1]
    return is_broad and not (isinstance(last, ast.Raise) and last.exc is None)


def test_only_settings_read_the_environment() -> None:
    readers = {_name(path) for path in SOURCES if re.search(r"os\.(environ|getenv)", path.read_text("utf-8"))}
    assert readers == {"bot/settings.py"}


def test_core_is_pure() -> None:
    forbidden = {"asyncio", "logging", "time", "random", "secrets", "os", "socket", "subprocess", "pathlib"}
    guilty = {
        (_name(path), name)
        for path in sorted((ROOT / "bot" / "core").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in _imported(node)
        if name.partition(".")[0] in forbidden
    }
    assert guilty == set()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def test_nothing_is_left_open_in_the_code() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX)\b|NotImplementedError|pragma: no cover")
    assert [_name(path) for path in SOURCES if marks.search(path.read_text("utf-8"))] == []


def transitions() -> str:
    """The table of legal moves as the architecture page shows it."""
    rows = ["| event | possible while | leads to |", "|---|---|---|"]
    for kind, (allowed, leads_to) in states.TRANSITIONS.items():
        shown = "any" if set(allowed) == set(State) else " ".join(allowed)
        rows.append(f"| {kind.__name__} | {shown} | {leads_to or 'stays'} |")
    return "\n".join(rows)


def test_the_architecture_page_shows_the_table_of_moves() -> None:
    page = (ROOT / "bot" / "ARCHITECTURE.md").read_text("utf-8")
    shown = page.partition("<!-- transitions:begin -->")[2].partition("<!-- transitions:end -->")[0]
    assert shown.strip() == transitions()
