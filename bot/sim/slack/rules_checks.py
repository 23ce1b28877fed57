"""What a rule is made of: checks of one value that note problems, each with a JSON pointer, in Slack's wording."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.sim.slack.wire import Json


@dataclass(slots=True)
class Problems:
    """What was found wrong so far, in order."""

    messages: list[str] = field(default_factory=list)

    def add(self, message: str, pointer: str) -> None:
        """Notes one problem at one place."""
        self.messages.append(f"{message} [json-pointer:{pointer}]")


Check: TypeAlias = Callable[[object, str, Problems], None]


@dataclass(frozen=True, slots=True)
class Shape:
    """An object of one type: its required and optional fields, and rules that concern several of them.

    Fields that are in neither table are refused, `type` excepted.
    """

    required: Mapping[str, Check] = field(default_factory=dict)
    optional: Mapping[str, Check] = field(default_factory=dict)
    also: Callable[[Json, str, Problems], None] | None = None

    def check(self, value: Json, pointer: str, problems: Problems) -> None:
        """Checks presence, then every given field, then what concerns several."""
        for name, check in self.required.items():
            if value.get(name) is None:
                problems.add(f"missing required field: {name}", pointer)
            else:
                check(value[name], f"{pointer}/{name}", problems)
        for name, given in value.items():
            if name in self.required or name == "type" or given is None:
                continue
            optional = self.optional.get(name)
            if optional is None:
                problems.add(f"invalid additional property: {name}", pointer)
            else:
                optional(given, f"{pointer}/{name}", problems)
        if self.also is not None:
            self.also(value, pointer, problems)


def string(most: int | None = None, *, least: int = 0) -> Check:
    """A string of `least` to `most` characters."""

    def check(value: object, pointer: str, problems: Problems) -> None:
        if not isinstance(value, str):
            problems.add("must provide a string", pointer)
        elif most is not None and len(value) > most:
            problems.add(f"must be less than {most + 1} characters", pointer)
        elif len(value) < least:
            problems.add(f"must be more than {least - 1} characters", pointer)

    return check


def integer(low: int, high: int) -> Check:
    """A whole number within bounds."""

    def check(value: object, pointer: str, problems: Problems) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            problems.add("must provide an integer", pointer)
        elif not low <= value <= high:
            problems.add(f"must be between {low} and {high}", pointer)

    return check


def boolean(value: object, pointer: str, problems: Problems) -> None:
    """true or false, nothing that merely looks like it."""
    if not isinstance(value, bool):
        problems.add("must provide a boolean", pointer)


def anything(_: object, __: str, ___: Problems) -> None:
    """Not checked; coverage.py says where."""


def one_of(*choices: object) -> Check:
    """One of a few values."""

    def check(value: object, pointer: str, problems: Problems) -> None:
        if value not in choices:
            problems.add(f"must be one of: {', '.join(str(choice) for choice in choices)}", pointer)

    return check


def items(check_item: Check, *, most: int, least: int = 0) -> Check:
    """A list of `least` to `most` items, each of which is checked."""

    def check(value: object, pointer: str, problems: Problems) -> None:
        if not isinstance(value, list):
            problems.add("must provide an array", pointer)
            return
        if len(value) > most:
            problems.add(f"no more than {most} items allowed", pointer)
            return
        if len(value) < least:
            problems.add(f"no fewer than {least} items allowed", pointer)
        for index, item in enumerate(value):
            check_item(item, f"{pointer}/{index}", problems)

    return check


def record(shape: Shape) -> Check:
    """An object of a fixed shape."""

    def check(value: object, pointer: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            problems.add("must provide an object", pointer)
        else:
            shape.check(value, pointer, problems)

    return check


def typed(shapes: Mapping[str, Shape], *allowed: str) -> Check:
    """An object whose `type` names its shape; only the `allowed` ones if any are named."""

    def check(value: object, pointer: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            problems.add("must provide an object", pointer)
            return
        kind = value.get("type")
        if not isinstance(kind, str):
            problems.add("missing required field: type", pointer)
        elif kind not in shapes or (allowed and kind not in allowed):
            problems.add(f"unsupported type: {kind}", f"{pointer}/type")
        else:
            shapes[kind].check(value, pointer, problems)

    return check


def text(most: int = 3000, *, plain: bool = False, least: int = 1) -> Check:
    """A text object. When something is wrong inside, Slack first says that no schema matched."""
    check_text = string(most, least=least)

    def check(value: object, pointer: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            problems.add("must provide an object", pointer)
            return
        inner = Problems()
        _check_text_object(value, pointer, inner, is_plain=plain)
        if "text" in value:
            check_text(value["text"], f"{pointer}/text", inner)
        if inner.messages:
            problems.add("failed to match all allowed schemas", pointer)
            problems.messages.extend(inner.messages)

    return check


_TEXT_FIELDS = {"plain_text": ("type", "text", "emoji"), "mrkdwn": ("type", "text", "verbatim")}


def _check_text_object(value: Json, pointer: str, problems: Problems, *, is_plain: bool) -> None:
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in _TEXT_FIELDS or (is_plain and kind != "plain_text"):
        allowed = "plain_text" if is_plain else "plain_text, mrkdwn"
        problems.add(f"must be one of: {allowed}", f"{pointer}/type")
        return
    if "text" not in value:
        problems.add("missing required field: text", pointer)
    for name in value:
        if name not in _TEXT_FIELDS[kind]:
            problems.add(f"invalid additional property: {name}", pointer)
    for name in ("emoji", "verbatim"):
        if value.get(name) is not None:
            boolean(value[name], f"{pointer}/{name}", problems)
