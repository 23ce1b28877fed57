"""From a validation error to a sentence that names the place in the sender's JSON. Pure, shared by all parsers."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from bot.core import errors

M = TypeVar("M", bound=BaseModel)


def model(shape: type[M], raw: bytes) -> M:
    """Raise Invalid with the first place that does not fit; what the sender wrote there is not repeated."""
    try:
        return shape.model_validate_json(raw)
    except ValidationError as problem:
        found = problem.errors(include_url=False, include_context=False, include_input=False)
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise errors.Invalid(f"{found[0]['msg']}{more}", place=place(found[0]["loc"])) from problem


def place(location: tuple[str | int, ...]) -> str:
    """`alerts[0].labels.severity`, as a person would point at it."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part[:100]}"
    return path.removeprefix(".")
