"""Small Slack things for the tests."""

from typing import Any

Json = dict[str, Any]  # Any: Slack's payloads are open JSON


def plain(text: str) -> Json:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str, **more: object) -> Json:
    """A mrkdwn object."""
    return {"type": "mrkdwn", "text": text, **more}


def section(text: str = "hello", **more: object) -> Json:
    """A section."""
    return {"type": "section", "text": mrkdwn(text), **more}


def button(action_id: str = "go", **more: object) -> Json:
    """A button."""
    return {"type": "button", "action_id": action_id, "text": plain("Go"), **more}


def actions(*elements: Json, **more: object) -> Json:
    """An actions block."""
    return {"type": "actions", "elements": list(elements), **more}


def text_input(action_id: str = "typed", block_id: str = "typed", **more: object) -> Json:
    """An input block with one line of text."""
    element = {"type": "plain_text_input", "action_id": action_id, **more}
    return {"type": "input", "block_id": block_id, "label": plain("Label"), "element": element}


def options(count: int) -> list[Json]:
    """So many options."""
    return [{"text": plain(f"Option {number}"), "value": str(number)} for number in range(count)]


def modal(*blocks: Json, **more: object) -> Json:
    """A modal with a submit button."""
    view: Json = {"type": "modal", "title": plain("Title"), "submit": plain("Submit")}
    return view | {"callback_id": "form", "blocks": list(blocks) or [text_input()]} | more


def home(*blocks: Json) -> Json:
    """An App Home."""
    return {"type": "home", "blocks": list(blocks) or [section()]}
