"""The command lines of a fenced block as steps: what a shell would string together becomes several, each shown.

`POD=$(...)` becomes a step that finds a value, `$POD` that value, `a && b` two steps. It executes nothing and forgives
nothing: what it does not understand stays as written, and the check of the commands says what to write instead.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.core.commands import assignments, parsing, tokens
from bot.core.errors import Invalid
from bot.core.runbooks import Capture

FOUND_VALUE = "[A-Za-z0-9]([A-Za-z0-9._/:@-]{0,251}[A-Za-z0-9])?"
"""What a command in `$(...)` may find when nothing more is said: a name, perhaps with its type before it."""

MOST_NESTED = 5


@dataclass(slots=True)
class Shell:
    """What the blocks of one runbook have set so far: each variable's name and what stands for it."""

    variables: dict[str, str] = field(default_factory=dict)
    found: int = 0

    def steps(self, text: str) -> Iterator[tuple[str, Capture | None]]:
        """The commands of one line in order; those with a Capture find a value for what follows."""
        assigned = assignments.read(text)
        if assigned is not None and not assigned.command:
            self.variables[assigned.name] = assignments.use(assigned.value, self.variables)
            return
        if assigned is not None:
            yield from self._finding(assigned.command, assigned.name)
            return
        yield from self._plain(assignments.use(text, self.variables))

    def _finding(self, command: str, name: str) -> Iterator[tuple[str, Capture | None]]:
        *before, last = self._plain(assignments.use(command, self.variables))
        yield from before
        yield last[0], Capture(name, FOUND_VALUE)
        self.variables[name] = f"{{{name}}}"

    def _plain(self, text: str) -> Iterator[tuple[str, Capture | None]]:
        for _ in range(MOST_NESTED):
            name = f"found_{self.found + 1}"
            taken = assignments.take_out(text, name)
            if taken is None:
                break
            self.found += 1
            yield from self._finding(taken[0], name)
            text = taken[1]
        for command in _apart(text):
            yield command, None


def _apart(text: str) -> list[str]:
    try:
        lines = tokens.sequence(text)
    except Invalid:  # the check of the commands says what is wrong with it
        return [text]
    if len(lines) == 1:
        return [text]
    return [_QUOTED_GAP.sub(r"\1", parsing.render(each)) for each in lines]


_QUOTED_GAP = re.compile(r"(?<= )'(\{[A-Za-z_]\w*\})'(?= |$)")
"""A placeholder needs no quotes: its value never leaves its word."""
