"""The values that people put into elements: `state.values` of messages and views."""

from collections.abc import Mapping

from bot.sim.slack.wire import Json, elements_of, present

# element type -> (key of its value in state, key of its initial value in the element, value when empty)
STATEFUL: Mapping[str, tuple[str, str, object]] = {
    "plain_text_input": ("value", "initial_value", None),
    "email_text_input": ("value", "initial_value", None),
    "url_text_input": ("value", "initial_value", None),
    "number_input": ("value", "initial_value", None),
    "rich_text_input": ("rich_text_value", "initial_value", None),
    "static_select": ("selected_option", "initial_option", None),
    "external_select": ("selected_option", "initial_option", None),
    "radio_buttons": ("selected_option", "initial_option", None),
    "checkboxes": ("selected_options", "initial_options", ()),
    "multi_static_select": ("selected_options", "initial_options", ()),
    "multi_external_select": ("selected_options", "initial_options", ()),
    "users_select": ("selected_user", "initial_user", None),
    "multi_users_select": ("selected_users", "initial_users", ()),
    "channels_select": ("selected_channel", "initial_channel", None),
    "multi_channels_select": ("selected_channels", "initial_channels", ()),
    "conversations_select": ("selected_conversation", "initial_conversation", None),
    "multi_conversations_select": ("selected_conversations", "initial_conversations", ()),
    "datepicker": ("selected_date", "initial_date", None),
    "timepicker": ("selected_time", "initial_time", None),
    "datetimepicker": ("selected_date_time", "initial_date_time", None),
    "file_input": ("files", "", ()),
}


def values(blocks: list[Json], given: Json | None = None, kept: Json | None = None) -> Json:
    """`state.values` for these blocks: what was given, else what was kept, else the initial or empty value."""
    state: Json = {}
    for block, element in elements_of(blocks):
        if element.get("type") in STATEFUL:
            in_block = state.setdefault(block["block_id"], {})
            in_block[element["action_id"]] = _value(block["block_id"], element, given, kept)
    return state


def _value(block_id: str, element: Json, given: Json | None, kept: Json | None) -> Json:
    key, initial_key, empty = STATEFUL[element["type"]]
    for source in (given, kept):
        found = ((source or {}).get(block_id) or {}).get(element["action_id"])
        if found is not None:
            return {"type": element["type"], key: found.get(key, _empty(empty))}
    return {"type": element["type"], key: element.get(initial_key, _empty(empty))}


def _empty(empty: object) -> object:
    return [] if empty == () else empty


def kept_inputs(old: Json, blocks: list[Json]) -> Json:
    """What views.update keeps: the values of input blocks whose block_id and action_id are unchanged."""
    inputs = {block["block_id"] for block in old["blocks"] if block["type"] == "input"}
    stays = {block["block_id"] for block in blocks if block["type"] == "input"}
    return {block_id: held for block_id, held in old["state"]["values"].items() if block_id in inputs & stays}


def complaints(view: Json, state: Json) -> dict[str, str]:
    """What Slack's own client objects to before it submits: required inputs left empty, lengths out of bounds."""
    found: dict[str, str] = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        complaint = _complaint(block, state[block["block_id"]][block["element"]["action_id"]])
        if complaint:
            found[block["block_id"]] = complaint
    return found


def _complaint(block: Json, held: Json) -> str | None:
    element = block["element"]
    content = held[STATEFUL[element["type"]][0]]
    if content in (None, "", []):
        return None if block.get("optional") else "Please complete this required field."
    if not isinstance(content, str):
        return None
    if len(content) < element.get("min_length", 0):
        return f"Please use at least {element['min_length']} characters."
    if len(content) > element.get("max_length", 3000):
        return f"Please use at most {element.get('max_length', 3000)} characters."
    return None


def action(block: Json, element: Json, *, action_ts: str, value: Mapping[str, object] | None) -> Json:
    """One entry of `actions` in block_actions, with the keys that this type of element carries."""
    entry: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "action_ts": action_ts,
    }
    if element["type"] == "button":
        entry |= present({key: element.get(key) for key in ("text", "value", "style", "url")})
    elif element["type"] == "overflow":
        entry["selected_option"] = (value or {}).get("selected_option")
    elif element["type"] in STATEFUL:
        key, _, empty = STATEFUL[element["type"]]
        entry[key] = (value or {}).get(key, _empty(empty))
    return entry
