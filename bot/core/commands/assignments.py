"""Shell variables as runbooks use them: `POD=$(kubectl get ...)`, then `$POD`. They become captures and parameters.

Nothing is executed: a substitution becomes a step of its own, whose output is the value. Only plain uses are
understood; what is not stays as it is, and is refused with its own remedy when the command is read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_ASSIGNMENT = re.compile(r"(?:(?:export|local|readonly|declare)\s+)?([A-Za-z_]\w{0,63})=(.*)", re.DOTALL)
_USE = r"\$(?:\{%(name)s\}|%(name)s(?!\w))"
_CONSTANT = re.compile(r"[A-Za-z0-9._:/@-]{1,253}")


@dataclass(frozen=True, slots=True)
class Assignment:
    """`command` finds the value; without one it is the constant `value`."""

    name: str
    command: str = ""
    value: str = ""


def read(text: str) -> Assignment | None:
    """The whole line is one assignment of a command's output or of a plain constant; None for anything else."""
    found = _ASSIGNMENT.fullmatch(text.strip())
    if found is None:
        return None
    name, given = found[1], found[2].strip()
    quoted = len(given) > 1 and given[0] == given[-1] and given[0] in "'\""
    inner = given[1:-1] if quoted else given
    if given[:1] != "'":
        end = _closing(inner, 0) if inner.startswith("$(") else -1
        if end == len(inner) - 1 and end > 2:
            return Assignment(name, command=inner[2:-1].strip())
        if len(inner) > 2 and inner[0] == inner[-1] == "`" and "`" not in inner[1:-1]:
            return Assignment(name, command=inner[1:-1].strip())
    return Assignment(name, value=inner) if _CONSTANT.fullmatch(inner) else None


def use(text: str, known: Mapping[str, str]) -> str:
    """`$POD` and `${POD}` of known names replaced, except inside single quotes, where a shell keeps them too."""
    for name, replacement in known.items():
        parts = re.split(r"('[^']*')", text)  # every second part is quoted
        pattern = re.compile(_USE % {"name": re.escape(name)})
        literal = replacement.replace("\\", r"\\")
        text = "".join(part if index % 2 else pattern.sub(literal, part) for index, part in enumerate(parts))
    return text


def take_out(text: str, name: str) -> tuple[str, str] | None:
    """The first `$(...)` outside single quotes, and the command with `{name}` in its place; None without one."""
    at, quote = 0, ""
    while at < len(text):
        character = text[at]
        if character == "\\" and quote != "'":
            at += 1
        elif character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
        elif quote != "'" and text.startswith("$(", at) and not text.startswith("$((", at):
            end = _closing(text, at)
            if end < 0:
                return None
            return text[at + 2 : end].strip(), f"{text[:at]}{{{name}}}{text[end + 1 :]}"
        at += 1
    return None


def _closing(text: str, start: int) -> int:
    """Where the bracket of the `$(` at `start` is closed; -1 if nowhere."""
    depth, quote, at = 0, "", start + 1
    while at < len(text):
        character = text[at]
        if character == "\\" and quote != "'":
            at += 1
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "()":
            depth += 1 if character == "(" else -1
            if depth == 0:
                return at
        at += 1
    return -1
