"""Tables of rich text and of tables. https://docs.slack.dev/reference/block-kit/blocks/rich-text-block"""

from collections.abc import Mapping
from types import MappingProxyType

from bot.sim.slack.rules_checks import (
    Check,
    Problems,
    Shape,
    boolean,
    integer,
    items,
    one_of,
    record,
    string,
    typed,
)

_MANY = 10_000  # Slack names no limit; the payload's size bounds it

_STYLES = ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink")
_STYLE = record(Shape(optional=dict.fromkeys(_STYLES, boolean)))

PARTS: Mapping[str, Shape] = MappingProxyType(
    {
        "text": Shape(required={"text": string(least=1)}, optional={"style": _STYLE}),
        "link": Shape(
            required={"url": string(3000, least=1)}, optional={"text": string(), "unsafe": boolean, "style": _STYLE}
        ),
        "user": Shape(required={"user_id": string(least=1)}, optional={"style": _STYLE}),
        "usergroup": Shape(required={"usergroup_id": string(least=1)}, optional={"style": _STYLE}),
        "channel": Shape(required={"channel_id": string(least=1)}, optional={"style": _STYLE}),
        "broadcast": Shape(required={"range": one_of("here", "channel", "everyone")}, optional={"style": _STYLE}),
        "emoji": Shape(
            required={"name": string(least=1)},
            optional={"unicode": string(), "skin_tone": integer(1, 6), "style": _STYLE},
        ),
        "color": Shape(required={"value": string(least=1)}, optional={"style": _STYLE}),
        "date": Shape(
            required={"timestamp": integer(0, 10**11), "format": string(least=1)},
            optional={"url": string(3000), "fallback": string(), "style": _STYLE},
        ),
    }
)

_PARTS = items(typed(PARTS), most=_MANY)
_BORDER = one_of(0, 1)
_SECTION = Shape(required={"elements": _PARTS})

_CONTAINERS: dict[str, Shape] = {
    "rich_text_section": _SECTION,
    "rich_text_list": Shape(
        required={
            "style": one_of("bullet", "ordered"),
            "elements": items(typed({"rich_text_section": _SECTION}), most=_MANY, least=1),
        },
        optional={"indent": integer(0, 8), "offset": integer(0, 1_000_000), "border": _BORDER},
    ),
    "rich_text_quote": Shape(required={"elements": _PARTS}, optional={"border": _BORDER}),
    "rich_text_preformatted": Shape(
        required={"elements": items(typed(PARTS, "text", "link"), most=_MANY)},
        optional={"border": _BORDER, "language": string()},
    ),
}
RICH_ELEMENTS: Check = items(typed(_CONTAINERS), most=_MANY)


def _number(value: object, pointer: str, problems: Problems) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        problems.add("must provide a number", pointer)


_CELLS: dict[str, Shape] = {
    "raw_text": Shape(required={"text": string(least=1)}),
    "raw_number": Shape(required={"value": _number}),
    "rich_text": Shape(required={"elements": RICH_ELEMENTS}, optional={"block_id": string(255)}),
}


ROWS: Check = items(items(typed(_CELLS), most=20, least=1), most=100, least=1)
COLUMN_SETTINGS: Check = items(
    record(Shape(optional={"align": one_of("left", "center", "right"), "is_wrapped": boolean})), most=20
)
