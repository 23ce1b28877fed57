"""One command about several named objects, as two: the first alone, then the others.

The words of the command stay as they were written but for the names. What could not be narrowed to exactly the same
command with fewer names is not narrowed at all. It must not know when this is wanted.
"""

from collections.abc import Sequence

from bot.core.commands import parsing, tokens
from bot.core.errors import Invalid
from bot.core.operations import Family, Operation


def names(operation: Operation) -> tuple[str, ...]:
    """The objects that a Kubernetes command names one by one; empty where it takes a selector, a file, or one thing."""
    named = operation.arguments.get("names")
    if operation.family is not Family.KUBERNETES or not isinstance(named, list):
        return ()
    return tuple(str(each) for each in named)


def to(operation: Operation, keep: Sequence[str]) -> Operation | None:
    """The same command for these of its names; None when its words cannot be told apart well enough for that."""
    dropped = set(names(operation)) - set(keep)
    try:
        first, *filters = tokens.pipeline(operation.text)
        words = tuple(word for word in first if word.rpartition("/")[2] not in dropped)
        narrowed = parsing.assemble((words, *filters))
    except Invalid:
        return None
    wanted = {**operation.arguments, "names": list(keep)}
    is_same = narrowed.kind == operation.kind and narrowed.arguments == wanted and narrowed.stages == operation.stages
    return narrowed if is_same else None
