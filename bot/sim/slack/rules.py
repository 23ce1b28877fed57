"""What Slack accepts as the blocks of a message and as a view; refusals are worded as Slack words them.

Written from Slack's documentation alone, without a glance at any app's own limits, so that it can find their mistakes.
"""

import json

from bot.sim.slack.errors import SlackError
from bot.sim.slack.rules_blocks import BLOCKS, SURFACES
from bot.sim.slack.rules_checks import Check, Problems, Shape, boolean, one_of, string, text
from bot.sim.slack.wire import Json, elements_of

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
ATTACHMENTS = 100
# Undocumented; found in practice to be 12,000 and some room for containers (bolt-js issues 2509 and 2867).
MESSAGE_TEXT = 13_200
MARKDOWN_TEXT = 12_000  # over all markdown blocks of a message
VIEW_BYTES = 250_000

_VIEW_FIELDS: dict[str, Check] = {
    "callback_id": string(255),
    "private_metadata": string(3000),
    "external_id": string(255),
}
_MODAL = Shape(
    required={"title": text(24, plain=True)},
    optional={
        **_VIEW_FIELDS,
        "submit": text(24, plain=True),
        "close": text(24, plain=True),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
        # Returned by views.*; apps send whole views back.
        "blocks": lambda *_: None,
    },
)
# The documented home view lacks the dialog's furniture.
_HOME = Shape(optional={**_VIEW_FIELDS, "blocks": lambda *_: None})


def check_message(blocks: object, attachments: object) -> int:
    """The number of characters in the blocks.

    Raises invalid_blocks, invalid_attachments, too_many_attachments or msg_blocks_too_long as Slack does.
    """
    if attachments is not None:
        _check_attachments(attachments)
    if blocks is None or blocks == []:
        return 0
    problems = Problems()
    checked = _check_blocks(blocks, "/blocks", surface="message", problems=problems)
    if len(checked) > MESSAGE_BLOCKS:
        problems.add(f"no more than {MESSAGE_BLOCKS} items allowed", "/blocks")
    if problems.messages:
        raise SlackError("invalid_blocks", messages=problems.messages)
    _check_tables(checked)
    return _check_total(checked)


def check_view(definition: object, *, surface: str) -> Json:
    """The view, if Slack would take it for this surface (modal, home); else invalid_arguments or view_too_large."""
    if not isinstance(definition, dict):
        raise SlackError("invalid_arguments", messages=["must provide an object [json-pointer:/view]"])
    problems = Problems()
    if definition.get("type") != surface:
        one_of(surface)(definition.get("type"), "/view/type", problems)
    (_MODAL if surface == "modal" else _HOME).check(definition, "/view", problems)
    blocks = _view_blocks(definition, surface, problems)
    has_input = any(block.get("type") == "input" for block in blocks)
    if surface == "modal" and has_input and definition.get("submit") is None:
        problems.add("missing required field: submit", "/view")
    if problems.messages:
        raise SlackError("invalid_arguments", messages=problems.messages)
    if len(json.dumps(definition).encode()) > VIEW_BYTES:
        raise SlackError("view_too_large")
    return definition


def _view_blocks(definition: Json, surface: str, problems: Problems) -> list[Json]:
    if "blocks" not in definition:
        problems.add("missing required field: blocks", "/view")
        return []
    blocks = _check_blocks(definition["blocks"], "/view/blocks", surface=surface, problems=problems)
    if len(blocks) > VIEW_BLOCKS:
        problems.add(f"no more than {VIEW_BLOCKS} items allowed", "/view/blocks")
    return blocks


def _check_blocks(blocks: object, pointer: str, *, surface: str, problems: Problems) -> list[Json]:
    if not isinstance(blocks, list):
        problems.add("must provide an array", pointer)
        return []
    sound: list[Json] = []
    for index, block in enumerate(blocks):
        place = f"{pointer}/{index}"
        if not isinstance(block, dict):
            problems.add("must provide an object", place)
            continue
        kind = block.get("type")
        if not isinstance(kind, str) or kind not in SURFACES[surface]:
            problems.add(f"unsupported type: {kind}", f"{place}/type")
            continue
        BLOCKS[kind].check(block, place, problems)
        sound.append(block)
    if not problems.messages:
        _check_ids(sound, pointer, problems)
    return sound


def _check_ids(blocks: list[Json], pointer: str, problems: Problems) -> None:
    """block_id is unique in the payload, action_id in its block; only one element may take the focus."""
    seen: set[str] = set()
    focused = 0
    for index, block in enumerate(blocks):
        block_id = block.get("block_id")
        if block_id and block_id in seen:
            problems.add(f"`block_id` {block_id} already exists", f"{pointer}/{index}/block_id")
        seen.add(block_id or "")
        actions: set[str] = set()
        for number, (_, element) in enumerate(elements_of([block])):
            action_id = element.get("action_id")
            if action_id and action_id in actions:
                place = f"{pointer}/{index}/elements/{number}/action_id"
                problems.add(f"`action_id` {action_id} already exists for this block", place)
            actions.add(action_id or "")
            focused += element.get("focus_on_load") is True
    if focused > 1:
        problems.add("only one element may have focus_on_load", pointer)


def _check_attachments(attachments: object) -> None:
    if not isinstance(attachments, list) or not all(isinstance(one, dict) for one in attachments):
        raise SlackError("invalid_attachments")
    if len(attachments) > ATTACHMENTS:
        raise SlackError("too_many_attachments")
    problems = Problems()
    for index, attachment in enumerate(attachments):
        if attachment.get("blocks"):
            _check_blocks(attachment["blocks"], f"/attachments/{index}/blocks", surface="message", problems=problems)
    if problems.messages:
        raise SlackError("invalid_attachments", messages=problems.messages)


def _check_tables(blocks: list[Json]) -> None:
    if sum(block["type"] == "table" for block in blocks) > 1:
        raise SlackError("invalid_attachments", messages=["only_one_table_allowed"])


def _check_total(blocks: list[Json]) -> int:
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MARKDOWN_TEXT:
        raise SlackError("msg_blocks_too_long")
    total = _text_length(blocks)
    if total > MESSAGE_TEXT:
        raise SlackError("msg_blocks_too_long")
    return total


def _text_length(blocks: list[Json]) -> int:
    """Characters of every text that people read in the blocks, however deep; not ids, values and addresses."""
    total = 0
    nodes: list[object] = [blocks]
    while nodes:
        node = nodes.pop()
        if isinstance(node, list):
            nodes.extend(node)
        elif isinstance(node, dict):
            text_here = node.get("text")
            if isinstance(text_here, str):
                total += len(text_here)
            nodes.extend(value for value in node.values() if isinstance(value, dict | list))
    return total
