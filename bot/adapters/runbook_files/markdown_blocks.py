"""Markdown as a flat list of headings, code and lines of text, each with its line in the file.

Layout is forgiven here: bold, bullets, nesting, a fence that nobody closed. Meaning is judged elsewhere; nothing here
knows what a runbook is, except that a heading or a new fence ends a fence left open.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from markdown_it import MarkdownIt
from markdown_it.token import Token

MAX_NESTING = 20


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Code:
    """`lines` with the number that each has in the file. `language` is lower-case, "" where none is named."""

    language: str
    lines: tuple[tuple[str, int], ...]
    line: int


@dataclass(frozen=True, slots=True)
class Line:
    """Text without bold and the like; what was code stands in backticks. `is_item`: it stands in a list."""

    text: str
    line: int
    is_item: bool


Block: TypeAlias = Heading | Code | Line

_LINE_END = re.compile(r"\r\n?|\n")
_FENCE = re.compile(r"\s*(?:[-*+]\s+|\d{1,9}[.)]\s+)?(`{3,}|~{3,})\s*([^`]*)$")
_SECTION = re.compile(r" {0,3}(?:#{2,6}\s+\S|#\s+Runbook\b)", re.IGNORECASE)  # a single # is a comment in a shell


def read(text: str) -> list[Block]:
    closed, numbers = _with_fences_closed(_LINE_END.split(text))
    parser = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING}).disable("lheading")  # `---` below text is a rule
    return list(_blocks(parser.parse("\n".join(closed)), numbers))


def _with_fences_closed(lines: list[str]) -> tuple[list[str], list[int]]:
    """The lines with missing closing fences put in, and the original number (from 1) of each."""
    closed: list[str] = []
    numbers: list[int] = []
    fence = ""
    for number, line in enumerate(lines, start=1):
        mark = _FENCE.match(line)
        if fence and (_SECTION.match(line) or (mark and mark[2] and mark[1] == fence)):
            closed.append(fence)
            numbers.append(number)
            fence = ""
        closed.append(line)
        numbers.append(number)
        if mark and not fence:
            fence = mark[1]
        elif mark and not mark[2] and mark[1][0] == fence[0] and len(mark[1]) >= len(fence):
            fence = ""
    return closed, [*numbers, len(lines) + 1]


def _blocks(tokens: list[Token], numbers: list[int]) -> Iterator[Block]:
    heading = 0
    lists = 0
    for token in tokens:
        first = token.map[0] if token.map else 0
        match token.type:
            case "heading_open":
                heading = int(token.tag[1:])
            case "list_item_open":
                lists += 1
            case "list_item_close":
                lists -= 1
            case "fence" | "code_block":
                yield _code(token, first, numbers)
            case "inline" if heading:
                yield Heading(heading, " ".join(_texts(token)), numbers[first])
                heading = 0
            case "inline":
                for offset, text in enumerate(_texts(token)):
                    if text:
                        yield Line(text, numbers[first + offset], is_item=lists > 0)


def _code(token: Token, first: int, numbers: list[int]) -> Code:
    start = first + (1 if token.type == "fence" else 0)
    lines = token.content.removesuffix("\n").split("\n")
    numbered = tuple((line, numbers[min(start + offset, len(numbers) - 1)]) for offset, line in enumerate(lines))
    return Code(token.info.strip().split(" ")[0].lower(), numbered, numbers[first])


def _texts(inline: Token) -> list[str]:
    """One text for each line of the source."""
    texts = [""]
    for child in inline.children or []:
        match child.type:
            case "softbreak" | "hardbreak":
                texts.append("")
            case "code_inline":
                texts[-1] += f"`{child.content}`"
            case "html_inline" if child.content.startswith("<!--"):
                continue
            case _:
                texts[-1] += child.content
    return [text.strip() for text in texts]
