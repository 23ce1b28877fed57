"""Run one jq program over standard input, as a process of its own: `python -I jq_child.py [FLAGS] PROGRAM`.

A process because the jq library holds the interpreter's lock while it computes: in a thread, `last(range(1e12))`
would stop every incident, and no timeout could end it. It imports nothing of the bot, so that it starts in 30 ms.
Exit codes are jq's own (https://jqlang.org/manual/#invoking-jq): 2 bad input, 3 bad program, 4 no output, 5 failed.
"""

import json
import resource
import sys
from collections.abc import Sequence

MEMORY_BYTES = 256 * 1024 * 1024
BAD_INPUT, BAD_PROGRAM, NO_OUTPUT, FAILED = 2, 3, 4, 5


_LONG = {
    "--raw-output": "r",
    "--compact-output": "c",
    "--exit-status": "e",
    "--sort-keys": "S",
    "--slurp": "s",
    "--join-output": "j",
    "--ascii": "a",
}


def main(arguments: Sequence[str]) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    import jq  # after the limit, so that it counts

    flags, source = _read(arguments)
    text = sys.stdin.read()
    try:
        program = jq.compile(source)
    except ValueError as error:
        return _complain(error, BAD_PROGRAM)
    try:
        values = list(program.input_text(text, slurp="s" in flags))
    except ValueError as error:
        return _complain(error, BAD_INPUT if "parse error" in str(error) else FAILED)
    for value in values:
        sys.stdout.write(_shown(value, flags))
    if "e" not in flags:
        return 0
    if not values:
        return NO_OUTPUT
    return 1 if values[-1] is None or values[-1] is False else 0


def _read(arguments: Sequence[str]) -> tuple[str, str]:
    """The switches as letters, and the program: the first word, `.` when there is none."""
    letters = [_LONG.get(word) or word[1:] for word in arguments if _is_switch(word)]
    words = [word for word in arguments if not _is_switch(word) and word != "--"]
    return "".join(letters), words[0] if words else "."


def _is_switch(word: str) -> bool:
    return word.startswith("-") and word not in ("-", "--")


def _shown(value: object, flags: str) -> str:
    end = "" if "j" in flags else "\n"
    if isinstance(value, str) and ("r" in flags or "j" in flags):
        return value + end
    is_compact = "c" in flags or "j" in flags
    text = json.dumps(
        value,
        ensure_ascii="a" in flags,
        sort_keys="S" in flags,
        indent=None if is_compact else 2,
        separators=(",", ":") if is_compact else None,
    )
    return text + end


def _complain(error: ValueError, code: int) -> int:
    sys.stderr.write(f"jq: {error}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
