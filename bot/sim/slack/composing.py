"""What Slack makes of text: the server's clean-up of an app's text, and the composer's of what a person typed."""

import re

from bot.sim.slack.people import People
from bot.sim.slack.wire import Json

_SPECIAL = re.compile(r"&(?!amp;|lt;|gt;)|<(?:[@#!][^<>]*|(?:https?|mailto|tel)[^<>]*)>|[<>]|https?://[^\s<>|]+")
_TYPED = re.compile(
    r"<(?P<control>@[UW]\w+|#C\w+|!subteam\^S\w+)(?:\|[^<>]*)?>|@(?P<name>[\w.-]*\w)|(?P<url>https?://[^\s<>|]+)"
)
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escape(text: str) -> str:
    """The three control characters, in the documented order."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def sanitised(text: str, *, parse_none: bool = False) -> str:
    """What Slack stores of an app's top-level text: bare control characters escaped, URLs linked.

    Control sequences in angle brackets stay as they are: that is how mentions work, and how they are forged.
    """
    if "&" not in text and "<" not in text and ">" not in text and "://" not in text:
        return text

    def replacement(match: re.Match[str]) -> str:
        found = match.group()
        if found in _ESCAPES:
            return _ESCAPES[found]
        return found if found.startswith("<") or parse_none else f"<{found}>"

    return _SPECIAL.sub(replacement, text)


def typed(text: str, people: People) -> tuple[str, list[Json]]:
    """(text, rich_text blocks) of a message from the composer: @names become mentions, everything else is literal.

    Control sequences for users, channels and groups are taken as picked from the composer's menu; a typed
    `<!channel>` stays literal, while a typed `@channel` becomes one, as in Slack's own clients.
    """
    parts: list[str] = []
    elements: list[Json] = []
    position = 0
    for match in _TYPED.finditer(text):
        element = _element(match, people)
        if element is None:
            continue
        _literal(text[position : match.start()], parts, elements)
        parts.append(_control(element))
        elements.append(element)
        position = match.end()
    _literal(text[position:], parts, elements)
    section = {"type": "rich_text_section", "elements": elements}
    return "".join(parts), [{"type": "rich_text", "elements": [section]}]


def _literal(text: str, parts: list[str], elements: list[Json]) -> None:
    if text:
        parts.append(escape(text))
        elements.append({"type": "text", "text": text})


def _element(match: re.Match[str], people: People) -> Json | None:
    if match["url"]:
        return {"type": "link", "url": match["url"]}
    control = match["control"]
    if control:
        if control.startswith("@"):
            return {"type": "user", "user_id": control[1:]}
        if control.startswith("#"):
            return {"type": "channel", "channel_id": control[1:]}
        return {"type": "usergroup", "usergroup_id": control.removeprefix("!subteam^")}
    return _named(match["name"], people)


def _named(name: str, people: People) -> Json | None:
    if name in ("here", "channel", "everyone"):
        return {"type": "broadcast", "range": name}
    for user in people.users.values():
        if user.name == name:
            return {"type": "user", "user_id": user.id}
    for group in people.usergroups.values():
        if group.handle == name:
            return {"type": "usergroup", "usergroup_id": group.id}
    return None


def _control(element: Json) -> str:
    match element["type"]:
        case "link":
            return f"<{element['url']}>"
        case "user":
            return f"<@{element['user_id']}>"
        case "channel":
            return f"<#{element['channel_id']}>"
        case "usergroup":
            return f"<!subteam^{element['usergroup_id']}>"
        case _:
            return f"<!{element['range']}>"
