"""The limits table of Block Kit, each at n and at n+1."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bot.sim.slack import rules
from bot.sim.slack.errors import SlackError
from tests.sim.slack import builders as b

Json = dict[str, Any]  # Any: Slack's payloads are open JSON
Build = Callable[[int], list[Json]]


def select(**more: object) -> Json:
    return {"type": "static_select", "action_id": "s", **more}


def confirm(title: int = 1, text: int = 1, yes: int = 1, no: int = 1) -> Json:
    return {
        "title": b.plain("x" * title),
        "text": b.plain("x" * text),
        "confirm": b.plain("x" * yes),
        "deny": b.plain("x" * no),
    }


def image(**more: object) -> Json:
    return {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a", **more}


def rows(count: int, cells: int = 1) -> list[Json]:
    cell = {"type": "raw_text", "text": "x"}
    return [{"type": "table", "rows": [[cell] * cells for _ in range(count)]}]


def rich_list(indent: int) -> list[Json]:
    inner = {"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}
    return [
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_list", "style": "bullet", "indent": indent, "elements": [inner]}],
        }
    ]


def choices(kind: str, count: int) -> list[Json]:
    return [b.actions({"type": kind, "action_id": "c", "options": b.options(count)})]


def groups(count: int, each: int = 1) -> list[Json]:
    one = {"label": b.plain("Group"), "options": b.options(each)}
    return [b.actions(select(option_groups=[one] * count))]


def option(**more: object) -> list[Json]:
    return [b.actions(select(options=[{"text": b.plain("Option"), "value": "v", **more}]))]


def overflow_url(length: int) -> list[Json]:
    item = {"text": b.plain("Open"), "value": "v", "url": "x" * length}
    return [b.actions({"type": "overflow", "action_id": "o", "options": [item]})]


MESSAGE_LIMITS: dict[str, tuple[int, Build]] = {
    "blocks": (50, lambda n: [b.section() for _ in range(n)]),
    "section text": (3000, lambda n: [b.section("x" * n)]),
    "section fields": (10, lambda n: [{"type": "section", "fields": [b.mrkdwn("x")] * n}]),
    "section field text": (2000, lambda n: [{"type": "section", "fields": [b.mrkdwn("x" * n)]}]),
    "header": (150, lambda n: [{"type": "header", "text": b.plain("x" * n)}]),
    "context elements": (10, lambda n: [{"type": "context", "elements": [b.mrkdwn("x")] * n}]),
    "context text": (3000, lambda n: [{"type": "context", "elements": [b.plain("x" * n)]}]),
    "actions elements": (25, lambda n: [b.actions(*(b.button(f"a{i}") for i in range(n)))]),
    "block_id": (255, lambda n: [b.section(block_id="x" * n)]),
    "action_id": (255, lambda n: [b.actions(b.button("x" * n))]),
    "button text": (75, lambda n: [b.actions(b.button(text=b.plain("x" * n)))]),
    "button value": (2000, lambda n: [b.actions(b.button(value="x" * n))]),
    "button url": (3000, lambda n: [b.actions(b.button(url="x" * n))]),
    "button accessibility label": (75, lambda n: [b.actions(b.button(accessibility_label="x" * n))]),
    "confirm title": (100, lambda n: [b.actions(b.button(confirm=confirm(title=n)))]),
    "confirm text": (300, lambda n: [b.actions(b.button(confirm=confirm(text=n)))]),
    "confirm yes": (30, lambda n: [b.actions(b.button(confirm=confirm(yes=n)))]),
    "confirm no": (30, lambda n: [b.actions(b.button(confirm=confirm(no=n)))]),
    "select options": (100, lambda n: [b.actions(select(options=b.options(n)))]),
    "select groups": (100, groups),
    "group options": (100, lambda n: groups(1, n)),
    "select placeholder": (150, lambda n: [b.actions(select(options=b.options(1), placeholder=b.plain("x" * n)))]),
    "option text": (75, lambda n: option(text=b.plain("x" * n))),
    "option value": (150, lambda n: option(value="x" * n)),
    "option description": (75, lambda n: option(description=b.plain("x" * n))),
    "overflow options": (5, lambda n: choices("overflow", n)),
    "overflow url": (3000, overflow_url),
    "checkboxes": (10, lambda n: choices("checkboxes", n)),
    "radio buttons": (10, lambda n: choices("radio_buttons", n)),
    "image alt text": (2000, lambda n: [image(alt_text="x" * n)]),
    "image url": (3000, lambda n: [image(image_url="x" * n)]),
    "image title": (2000, lambda n: [image(title=b.plain("x" * n))]),
    "table rows": (100, rows),
    "table cells": (20, lambda n: rows(1, n)),
    "rich list indent": (8, rich_list),
    "alert": (200, lambda n: [{"type": "alert", "text": b.plain("x" * n)}]),
    "card title": (150, lambda n: [{"type": "card", "title": b.plain("x" * n)}]),
}

VIEW_LIMITS: dict[str, tuple[int, Callable[[int], Json]]] = {
    "blocks": (100, lambda n: b.modal(*(b.section() for _ in range(n)))),
    "title": (24, lambda n: b.modal(title=b.plain("x" * n))),
    "submit": (24, lambda n: b.modal(submit=b.plain("x" * n))),
    "close": (24, lambda n: b.modal(close=b.plain("x" * n))),
    "private metadata": (3000, lambda n: b.modal(private_metadata="x" * n)),
    "callback id": (255, lambda n: b.modal(callback_id="x" * n)),
    "external id": (255, lambda n: b.modal(external_id="x" * n)),
    "input label": (2000, lambda n: b.modal(b.text_input() | {"label": b.plain("x" * n)})),
    "input hint": (2000, lambda n: b.modal(b.text_input() | {"hint": b.plain("x" * n)})),
    "placeholder": (150, lambda n: b.modal(b.text_input(placeholder=b.plain("x" * n)))),
    "min length": (3000, lambda n: b.modal(b.text_input(min_length=n))),
    "max length": (3000, lambda n: b.modal(b.text_input(max_length=n))),
    "initial value": (3000, lambda n: b.modal(b.text_input(initial_value="x" * n))),
    "files": (10, lambda n: b.modal(b.text_input() | {"element": {"type": "file_input", "max_files": n}})),
}


@pytest.mark.parametrize("name", MESSAGE_LIMITS)
def test_a_message_at_the_limit_passes_and_one_above_is_refused(name: str) -> None:
    limit, build = MESSAGE_LIMITS[name]
    rules.check_message(build(limit), None)

    with pytest.raises(SlackError) as refused:
        rules.check_message(build(limit + 1), None)

    assert refused.value.code == "invalid_blocks"
    assert all("[json-pointer:/blocks" in message for message in refused.value.messages)


@pytest.mark.parametrize("name", VIEW_LIMITS)
def test_a_view_at_the_limit_passes_and_one_above_is_refused(name: str) -> None:
    limit, build = VIEW_LIMITS[name]
    rules.check_view(build(limit), surface="modal")

    with pytest.raises(SlackError) as refused:
        rules.check_view(build(limit + 1), surface="modal")

    assert refused.value.code == "invalid_arguments"
    assert all("[json-pointer:/view" in message for message in refused.value.messages)


def test_a_too_long_text_is_refused_in_the_very_words_of_slack() -> None:
    with pytest.raises(SlackError) as refused:
        rules.check_message([b.section("x" * 3001)], None)

    expected = [
        "failed to match all allowed schemas [json-pointer:/blocks/0/text]",
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ]
    assert refused.value.body() == {
        "ok": False,
        "error": "invalid_blocks",
        "errors": expected,
        "response_metadata": {"messages": [f"[ERROR] {line}" for line in expected]},
    }


def test_too_many_elements_are_refused_in_the_very_words_of_slack() -> None:
    blocks = [b.section(), b.actions(*(b.button(f"a{number}") for number in range(26)))]

    with pytest.raises(SlackError) as refused:
        rules.check_message(blocks, None)

    assert refused.value.messages == ("no more than 25 items allowed [json-pointer:/blocks/1/elements]",)


BROKEN: dict[str, list[Json]] = {
    "mrkdwn in a header": [{"type": "header", "text": b.mrkdwn("x")}],
    "an empty text": [b.section("")],
    "an unknown block": [{"type": "sektion"}],
    "an unknown element": [b.actions({"type": "knob", "action_id": "k"})],
    "an input in actions": [b.actions({"type": "plain_text_input", "action_id": "k"})],
    "an unknown property": [b.section(colour="red")],
    "emoji in mrkdwn": [{"type": "section", "text": {**b.mrkdwn("x"), "emoji": True}}],
    "verbatim in plain text": [{"type": "section", "text": {**b.plain("x"), "verbatim": True}}],
    "a section without text": [{"type": "section"}],
    "a button without text": [b.actions({"type": "button", "action_id": "k"})],
    "an unknown style": [b.actions(b.button(style="default"))],
    "mrkdwn on a button": [b.actions(b.button(text=b.mrkdwn("x")))],
    "no elements": [b.actions()],
    "an image without alt text": [{"type": "image", "image_url": "https://example.com/a.png"}],
    "an image from two places": [image(slack_file={"id": "F1"})],
    "options and groups": [b.actions(select(options=b.options(1), option_groups=[]))],
    "neither options nor groups": [b.actions(select())],
    "an initial option that is not offered": [
        b.actions(select(options=b.options(1), initial_option=b.options(2)[1])),
    ],
    "two blocks with one id": [b.section(block_id="same"), b.section(block_id="same")],
    "two elements with one id": [b.actions(b.button("same"), b.button("same"))],
    "a number for a text": [{"type": "section", "text": {"type": "mrkdwn", "text": 5}}],
    "a string for a block": ["section"],  # type: ignore[list-item]
    "ragged rows": [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * n for n in (1, 2)]}],
    "zero selectable items": [
        b.actions({"type": "multi_users_select", "action_id": "u", "max_selected_items": 0}),
    ],
    "an unknown rich element": [{"type": "rich_text", "elements": [{"type": "rich_text_poem", "elements": []}]}],
    "an unknown broadcast": [
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "broadcast", "range": "all"}]}],
        }
    ],
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_malformed_message_is_refused(name: str) -> None:
    with pytest.raises(SlackError) as refused:
        rules.check_message(BROKEN[name], None)

    assert refused.value.code == "invalid_blocks"
    assert refused.value.messages


def test_the_same_action_id_may_return_in_another_block() -> None:
    assert rules.check_message([b.actions(b.button("same")), b.actions(b.button("same"))], None) == 4


@pytest.mark.parametrize("total", [13_200, 13_201])
def test_the_text_of_all_blocks_together_is_limited(total: int) -> None:
    blocks = [b.section("x" * 2640) for _ in range(4)] + [b.section("x" * (total - 4 * 2640))]

    if total == 13_200:
        assert rules.check_message(blocks, None) == total
    else:
        with pytest.raises(SlackError, match="msg_blocks_too_long"):
            rules.check_message(blocks, None)


def test_only_one_table_is_allowed() -> None:
    with pytest.raises(SlackError) as refused:
        rules.check_message(rows(1) + rows(1), None)

    assert (refused.value.code, refused.value.messages) == ("invalid_attachments", ("only_one_table_allowed",))


def test_a_hundred_attachments_pass_and_one_more_is_too_many() -> None:
    rules.check_message(None, [{"text": "x"}] * 100)

    with pytest.raises(SlackError, match="too_many_attachments"):
        rules.check_message(None, [{"text": "x"}] * 101)


BROKEN_VIEWS: dict[str, object] = {
    "no object": "view",
    "no title": {key: value for key, value in b.modal().items() if key != "title"},
    "no blocks": {key: value for key, value in b.modal().items() if key != "blocks"},
    "an input without submit": {key: value for key, value in b.modal().items() if key != "submit"},
    "a home for a modal": b.home(),
    "a table in a modal": b.modal(*rows(1)),
    "markdown in a modal": b.modal({"type": "markdown", "text": "x"}),
    "mrkdwn in the title": b.modal(title=b.mrkdwn("x")),
    "crossed lengths": b.modal(b.text_input(min_length=5, max_length=4)),
    "two that want the focus": b.modal(
        b.text_input("a", "a", focus_on_load=True), b.text_input("b", "b", focus_on_load=True)
    ),
}


@pytest.mark.parametrize("name", BROKEN_VIEWS)
def test_a_malformed_view_is_refused(name: str) -> None:
    with pytest.raises(SlackError, match="invalid_arguments"):
        rules.check_view(BROKEN_VIEWS[name], surface="modal")


def test_a_home_has_no_submit_button() -> None:
    with pytest.raises(SlackError) as refused:
        rules.check_view(b.home() | {"submit": b.plain("x")}, surface="home")

    assert refused.value.messages == ("invalid additional property: submit [json-pointer:/view]",)


def test_a_view_larger_than_250_kilobytes_is_too_large() -> None:
    def view(per_option: int) -> Json:
        blocks = [
            b.actions(*(select(action_id=f"s{n}", options=wide(per_option)) for n in range(6)), block_id=f"b{k}")
            for k in range(2)
        ]
        return b.modal(*blocks)

    def wide(length: int) -> list[Json]:
        return [{"text": b.plain("x" * 75), "value": "v" * length} for _ in range(100)]

    assert len(json.dumps(view(10))) < rules.VIEW_BYTES < len(json.dumps(view(150)))
    rules.check_view(view(10), surface="modal")
    with pytest.raises(SlackError, match="view_too_large"):
        rules.check_view(view(150), surface="modal")
