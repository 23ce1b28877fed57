"""Whom a message would notify, by Slack's formatting rules, so that an injected mention is seen in a demo.

https://docs.slack.dev/messaging/formatting-message-text. Three doors: `<...>` control sequences in mrkdwn, automatic
parsing of bare `@here` (in mrkdwn objects unless `verbatim`, in the top-level text only with link_names or parse=full),
and the typed elements of rich text. plain_text objects and rich text's own text elements are never parsed.
Top-level text counts even beside blocks: it is what the notification is made of.
"""

import re
from collections.abc import Iterable, Iterator

from bot.sim.slack.channels import Channel
from bot.sim.slack.people import People
from bot.sim.slack.wire import Json

_CONTROL = re.compile(r"<([@!])([^<>|]*)(?:\|[^<>]*)?>")
_BARE_SPECIAL = re.compile(r"(?<![\w<!|])@(here|channel|everyone)\b")
_BARE_NAME = re.compile(r"(?<![\w<|])@([\w.-]+)")
_SPECIAL = ("here", "channel", "everyone")


def notified(message: Json, channel: Channel, people: People, *, link_names: bool = False) -> tuple[str, ...]:
    """The ids of the people whom this message would notify by mention, sorted; never its author."""
    targets = set(_targets(message, people if link_names else None))
    if not targets:
        return ()
    users: set[str] = set()
    for target in targets:
        users.update(_members(target, channel, people))
    users.discard(message.get("user", ""))
    return tuple(sorted(user for user in users if user in people.users and people.users[user].can_be_notified))


def is_broadcast(message: Json) -> bool:
    """Whether it mentions a whole channel or the whole workspace."""
    return any(target in _SPECIAL for target in _targets(message, None))


def _members(target: str, channel: Channel, people: People) -> Iterable[str]:
    if target == "everyone":
        return people.users if channel.is_general else channel.members
    if target in ("here", "channel"):
        return channel.members
    if target in people.usergroups:
        group = people.usergroups[target]
        return () if group.disabled else group.users
    return (target,)


def _targets(message: Json, names: People | None) -> Iterator[str]:
    """`names` are the people and groups whose bare names count, where names are linked."""
    text = message.get("text") or ""
    yield from _controls(text)
    if names is not None:
        yield from _bare(text, names)
    for block in message.get("blocks") or ():
        yield from _in_block(block)
    for attachment in message.get("attachments") or ():
        for block in attachment.get("blocks") or ():
            yield from _in_block(block)


def _controls(text: str) -> Iterator[str]:
    if "<" not in text:
        return
    for sign, body in _CONTROL.findall(text):
        if sign == "@" or body in _SPECIAL:
            yield body
        elif body.startswith("subteam^"):
            yield body.removeprefix("subteam^")


def _bare(text: str, people: People) -> Iterator[str]:
    """link_names also turns names of people and handles of groups into mentions."""
    if "@" not in text:
        return
    by_name = {user.name: user.id for user in people.users.values()}
    by_name |= {group.handle: group.id for group in people.usergroups.values()}
    for name in _BARE_NAME.findall(text):
        if name in _SPECIAL:
            yield name
        elif name in by_name:
            yield by_name[name]


def _in_block(block: Json) -> Iterator[str]:
    kind = block.get("type")
    if kind == "rich_text":
        yield from _in_rich_text(block)
    elif kind == "section":
        for text in (block.get("text"), *(block.get("fields") or ())):
            yield from _in_text_object(text)
    elif kind == "context":
        for text in block.get("elements") or ():
            yield from _in_text_object(text)
    elif kind == "markdown":
        yield from _controls(block.get("text") or "")
    elif kind == "table":
        for row in block.get("rows") or ():
            for cell in row:
                yield from _in_rich_text(cell)
    elif kind in ("alert", "card"):
        for text in (block.get("text"), block.get("body")):
            yield from _in_text_object(text)


def _in_text_object(text: Json | None) -> Iterator[str]:
    if not text or text.get("type") != "mrkdwn":
        return
    body = text.get("text") or ""
    yield from _controls(body)
    if not text.get("verbatim") and "@" in body:
        yield from _BARE_SPECIAL.findall(body)


def _in_rich_text(node: Json) -> Iterator[str]:
    kind = node.get("type")
    if kind == "user":
        yield node.get("user_id") or ""
    elif kind == "usergroup":
        yield node.get("usergroup_id") or ""
    elif kind == "broadcast":
        yield node.get("range") or ""
    for child in node.get("elements") or ():
        yield from _in_rich_text(child)
