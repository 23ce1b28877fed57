"""Tables of Block Kit blocks: their limits, and the surfaces that they may appear on.

https://docs.slack.dev/reference/block-kit/blocks
"""

from collections.abc import Mapping
from types import MappingProxyType

from bot.sim.slack import rules_elements as elements
from bot.sim.slack import rules_rich as rich
from bot.sim.slack.rules_checks import (
    Check,
    Problems,
    Shape,
    anything,
    boolean,
    items,
    one_of,
    string,
    text,
)
from bot.sim.slack.wire import Json

_BLOCK_ID: Mapping[str, Check] = {"block_id": string(elements.ID_LIMIT)}


def _in_context(value: object, pointer: str, problems: Problems) -> None:
    """An image, or a text object."""
    if isinstance(value, dict) and value.get("type") == "image":
        elements.CONTEXT_IMAGE.check(value, pointer, problems)
    else:
        text()(value, pointer, problems)


def _text_or_fields(block: Json, pointer: str, problems: Problems) -> None:
    if block.get("text") is None and block.get("fields") is None:
        problems.add("missing required field: text", pointer)


def _card_says_something(block: Json, pointer: str, problems: Problems) -> None:
    if not any(block.get(name) for name in ("hero_image", "title", "actions", "body")):
        problems.add("must define at least one of: hero_image, title, actions, body", pointer)


def _columns_agree(block: Json, pointer: str, problems: Problems) -> None:
    """Every row has as many cells as the first one."""
    rows = [row for row in block.get("rows") or () if isinstance(row, list)]
    for index, row in enumerate(rows):
        if len(row) != len(rows[0]):
            problems.add("must have the same number of cells in every row", f"{pointer}/rows/{index}")


def _shape(
    required: Mapping[str, Check] | None = None, optional: Mapping[str, Check] | None = None, **rest: object
) -> Shape:
    shape = Shape(required=required or {}, optional={**_BLOCK_ID, **(optional or {})})
    also = rest.get("also")
    return Shape(shape.required, shape.optional, also) if callable(also) else shape


BLOCKS: Mapping[str, Shape] = MappingProxyType(
    {
        "header": _shape({"text": text(150, plain=True)}, {"level": one_of(1, 2, 3, 4)}),
        "section": _shape(
            optional={
                "text": text(3000),
                "fields": items(text(2000), most=10, least=1),
                "accessory": elements.IN_ACCESSORY,
                "expand": boolean,
            },
            also=_text_or_fields,
        ),
        "context": _shape({"elements": items(_in_context, most=10, least=1)}),
        "actions": _shape({"elements": items(elements.IN_ACTIONS, most=25, least=1)}),
        "context_actions": _shape({"elements": items(elements.IN_CONTEXT_ACTIONS, most=5, least=1)}),
        "divider": _shape(),
        "file": _shape({"external_id": string(255), "source": one_of("remote")}),
        "image": _shape(
            {"alt_text": string(2000)},
            {"image_url": string(3000, least=1), "slack_file": elements.SLACK_FILE, "title": text(2000, plain=True)},
            also=elements.check_image,
        ),
        "input": _shape(
            {"label": text(2000, plain=True), "element": elements.IN_INPUT},
            {"hint": text(2000, plain=True), "optional": boolean, "dispatch_action": boolean},
        ),
        "markdown": _shape({"text": string(12_000, least=1)}),
        "rich_text": _shape({"elements": rich.RICH_ELEMENTS}),
        "table": _shape({"rows": rich.ROWS}, {"column_settings": rich.COLUMN_SETTINGS}, also=_columns_agree),
        "alert": _shape({"text": text(200)}, {"level": one_of("default", "info", "warning", "error", "success")}),
        "card": _shape(
            optional={
                "title": text(150),
                "subtitle": text(150),
                "body": text(200),
                "actions": items(elements.BUTTON, most=3, least=1),
                "hero_image": anything,
                "icon": anything,
            },
            also=_card_says_something,
        ),
        "carousel": _shape({"elements": items(anything, most=10, least=1)}),
        "container": _shape({"child_blocks": items(anything, most=10, least=1)}, {"title": text(150)}),
        "video": _shape(
            {
                "alt_text": string(2000),
                "title": text(199, plain=True),
                "thumbnail_url": string(3000),
                "video_url": string(3000),
            },
            {
                "author_name": string(49),
                "description": text(200, plain=True),
                "provider_icon_url": string(3000),
                "provider_name": string(),
                "title_url": string(3000),
            },
        ),
    }
)

_MODAL = ("actions", "alert", "card", "context", "divider", "header", "image", "input", "rich_text", "section", "video")
_HOME = (*(name for name in _MODAL if name != "alert"), "carousel", "container", "table")

# surface -> block types that may appear on it
SURFACES: Mapping[str, frozenset[str]] = MappingProxyType(
    {"message": frozenset(BLOCKS), "modal": frozenset(_MODAL), "home": frozenset(_HOME)}
)
