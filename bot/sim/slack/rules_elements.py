"""Tables of Block Kit elements and composition objects with their limits.

https://docs.slack.dev/reference/block-kit/block-elements and /composition-objects
"""

from collections.abc import Mapping
from types import MappingProxyType

from bot.sim.slack.rules_checks import (
    Check,
    Problems,
    Shape,
    anything,
    boolean,
    integer,
    items,
    one_of,
    record,
    string,
    text,
    typed,
)
from bot.sim.slack.wire import Json

ID_LIMIT = 255
_ID = string(ID_LIMIT, least=1)
_PLACEHOLDER = text(150, plain=True)
_URL = string(3000, least=1)

_CONFIRM = record(
    Shape(
        required={
            "title": text(100, plain=True),
            "text": text(300),
            "confirm": text(30, plain=True),
            "deny": text(30, plain=True),
        },
        optional={"style": one_of("primary", "danger")},
    )
)


def _option(*, plain: bool = True, with_url: bool = False) -> Check:
    optional: dict[str, Check] = {"description": text(75, plain=plain)}
    if with_url:
        optional["url"] = _URL
    return record(Shape(required={"text": text(75, plain=plain), "value": string(150)}, optional=optional))


_OPTION = _option()
_GROUP = record(Shape(required={"label": text(75, plain=True), "options": items(_OPTION, most=100, least=1)}))
_COMMON: Mapping[str, Check] = {"action_id": _ID, "confirm": _CONFIRM, "focus_on_load": boolean}
_SELECT: Mapping[str, Check] = {**_COMMON, "placeholder": _PLACEHOLDER}
_MULTI: Mapping[str, Check] = {**_SELECT, "max_selected_items": integer(1, 1_000_000)}
_INPUT: Mapping[str, Check] = {
    "action_id": _ID,
    "focus_on_load": boolean,
    "placeholder": _PLACEHOLDER,
    "dispatch_action_config": record(
        Shape(
            required={
                "trigger_actions_on": items(one_of("on_enter_pressed", "on_character_entered"), most=2, least=1),
            }
        )
    ),
}
_SLACK_FILE = record(Shape(optional={"id": string(), "url": string(3000)}))
_IDS = items(string(least=1), most=1000)


def _options_or_groups(element: Json, pointer: str, problems: Problems) -> None:
    has_options, has_groups = element.get("options") is not None, element.get("option_groups") is not None
    if has_options == has_groups:
        problems.add("must define either `options` or `option_groups`, not both", pointer)


def _initial_is_offered(element: Json, pointer: str, problems: Problems) -> None:
    _options_or_groups(element, pointer, problems)
    groups = element.get("option_groups") or [{"options": element.get("options") or []}]
    offered = [option for group in groups if isinstance(group, dict) for option in group.get("options") or ()]
    _check_initial(element, offered, pointer, problems)


def _initial_is_among_options(element: Json, pointer: str, problems: Problems) -> None:
    offered = element.get("options")
    _check_initial(element, offered if isinstance(offered, list) else [], pointer, problems)


def _check_initial(element: Json, offered: list[object], pointer: str, problems: Problems) -> None:
    if element.get("initial_option") is not None and element["initial_option"] not in offered:
        problems.add("initial_option must match one of the options", f"{pointer}/initial_option")
    if isinstance(element.get("initial_options"), list):
        for index, option in enumerate(element["initial_options"]):
            if option not in offered:
                problems.add("initial_options must match the options", f"{pointer}/initial_options/{index}")


def _lengths_agree(element: Json, pointer: str, problems: Problems) -> None:
    low, high = element.get("min_length"), element.get("max_length")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        problems.add("min_length must not be greater than max_length", f"{pointer}/min_length")


def check_image(value: Json, pointer: str, problems: Problems) -> None:
    """An image comes from a URL or from Slack, not from both."""
    if (value.get("image_url") is None) == (value.get("slack_file") is None):
        problems.add("must define either `image_url` or `slack_file`, not both", pointer)


def _static(extra: Mapping[str, Check], base: Mapping[str, Check]) -> Shape:
    choices: dict[str, Check] = {
        "options": items(_OPTION, most=100, least=1),
        "option_groups": items(_GROUP, most=100, least=1),
    }
    return Shape(optional={**base, **choices, **extra}, also=_initial_is_offered)


ELEMENTS: Mapping[str, Shape] = MappingProxyType(
    {
        "button": Shape(
            required={"text": text(75, plain=True)},
            optional={
                "action_id": _ID,
                "value": string(2000),
                "url": _URL,
                "style": one_of("primary", "danger"),
                "confirm": _CONFIRM,
                "accessibility_label": string(75),
            },
        ),
        "workflow_button": Shape(
            required={"text": text(75, plain=True), "workflow": anything},
            optional={
                "action_id": _ID,
                "style": one_of("primary", "danger"),
                "accessibility_label": string(75),
            },
        ),
        "static_select": _static({"initial_option": _OPTION}, _SELECT),
        "multi_static_select": _static({"initial_options": items(_OPTION, most=100)}, _MULTI),
        "external_select": Shape(optional={**_SELECT, "initial_option": _OPTION, "min_query_length": integer(0, 1000)}),
        "multi_external_select": Shape(
            optional={**_MULTI, "initial_options": items(_OPTION, most=100), "min_query_length": integer(0, 1000)}
        ),
        "users_select": Shape(optional={**_SELECT, "initial_user": string(least=1)}),
        "multi_users_select": Shape(optional={**_MULTI, "initial_users": _IDS}),
        "channels_select": Shape(
            optional={**_SELECT, "initial_channel": string(least=1), "response_url_enabled": boolean}
        ),
        "multi_channels_select": Shape(optional={**_MULTI, "initial_channels": _IDS}),
        "conversations_select": Shape(
            optional={
                **_SELECT,
                "initial_conversation": string(least=1),
                "default_to_current_conversation": boolean,
                "response_url_enabled": boolean,
                "filter": anything,
            }
        ),
        "multi_conversations_select": Shape(
            optional={
                **_MULTI,
                "initial_conversations": _IDS,
                "default_to_current_conversation": boolean,
                "filter": anything,
            }
        ),
        "overflow": Shape(
            required={"options": items(_option(with_url=True), most=5, least=1)},
            optional={"action_id": _ID, "confirm": _CONFIRM},
        ),
        "checkboxes": Shape(
            required={"options": items(_option(plain=False), most=10, least=1)},
            optional={**_COMMON, "initial_options": items(_option(plain=False), most=10)},
            also=_initial_is_among_options,
        ),
        "radio_buttons": Shape(
            required={"options": items(_option(plain=False), most=10, least=1)},
            optional={**_COMMON, "initial_option": _option(plain=False)},
            also=_initial_is_among_options,
        ),
        "datepicker": Shape(optional={**_SELECT, "initial_date": string(10, least=10)}),
        "timepicker": Shape(optional={**_SELECT, "initial_time": string(5, least=5), "timezone": string()}),
        "datetimepicker": Shape(optional={**_COMMON, "initial_date_time": integer(1_000_000_000, 9_999_999_999)}),
        "plain_text_input": Shape(
            optional={
                **_INPUT,
                "initial_value": string(3000),
                "multiline": boolean,
                "min_length": integer(0, 3000),
                "max_length": integer(1, 3000),
            },
            also=_lengths_agree,
        ),
        "email_text_input": Shape(optional={**_INPUT, "initial_value": string()}),
        "url_text_input": Shape(optional={**_INPUT, "initial_value": string()}),
        "number_input": Shape(
            required={"is_decimal_allowed": boolean},
            optional={**_INPUT, "initial_value": string(), "min_value": string(), "max_value": string()},
        ),
        "file_input": Shape(
            optional={"action_id": _ID, "filetypes": items(string(least=1), most=100), "max_files": integer(1, 10)}
        ),
        "rich_text_input": Shape(
            optional={
                **_INPUT,
                "initial_value": anything,
                "min_lines": integer(1, 100),
                "max_lines": integer(1, 100),
            }
        ),
        "image": Shape(
            required={"alt_text": string(2000)},
            optional={"image_url": _URL, "slack_file": _SLACK_FILE},
            also=check_image,
        ),
        "feedback_buttons": Shape(
            required={"positive_button": anything, "negative_button": anything}, optional={"action_id": _ID}
        ),
        "icon_button": Shape(
            required={"icon": string(least=1), "text": text(75, plain=True)},
            optional={
                "action_id": _ID,
                "value": string(2000),
                "confirm": _CONFIRM,
                "accessibility_label": string(75),
                "visible_to_user_ids": _IDS,
            },
        ),
    }
)

_SELECTS = tuple(name for name in ELEMENTS if name.endswith("_select"))
_PICKERS = ("datepicker", "timepicker", "datetimepicker")
_CHOICES = ("checkboxes", "radio_buttons")
_INPUTS = tuple(name for name in ELEMENTS if name.endswith("_input"))

IN_ACTIONS = typed(ELEMENTS, "button", "workflow_button", "overflow", *_CHOICES, *_PICKERS, *_SELECTS)
IN_ACCESSORY = typed(ELEMENTS, "button", "workflow_button", "overflow", "image", *_CHOICES, *_PICKERS, *_SELECTS)
IN_INPUT = typed(ELEMENTS, *_INPUTS, *_CHOICES, *_PICKERS, *_SELECTS)
IN_CONTEXT_ACTIONS = typed(ELEMENTS, "feedback_buttons", "icon_button")
CONTEXT_IMAGE = ELEMENTS["image"]
SLACK_FILE = _SLACK_FILE
BUTTON = typed(ELEMENTS, "button")
