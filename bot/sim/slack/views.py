"""Modals and App Home views: stacks of at most three, hashes, and what people typed into them.

https://docs.slack.dev/surfaces/modals
"""

from bot.sim.slack import stateful
from bot.sim.slack.errors import SlackError
from bot.sim.slack.feed import Feed
from bot.sim.slack.ids import Ids
from bot.sim.slack.people import Seed
from bot.sim.slack.wire import Json

STACK_LIMIT = 3
_FIELDS = ("type", "title", "submit", "close", "private_metadata", "callback_id", "external_id")


class Views:
    """Every view that somebody has open, and every published home."""

    def __init__(self, seed: Seed, *, feed: Feed, ids: Ids) -> None:
        self._seed, self._feed, self._ids = seed, feed, ids
        self.open_views: dict[str, Json] = {}  # by id
        self.owners: dict[str, str] = {}  # view id -> user
        self.stacks: dict[str, list[str]] = {}  # user -> view ids, bottom first
        self.homes: dict[str, str] = {}  # user -> view id

    def find(self, view_id: str = "", external_id: str = "") -> Json:
        """The view as it stands, or not_found."""
        if view_id in self.open_views:
            return self.open_views[view_id]
        for view in self.open_views.values():
            if external_id and view["external_id"] == external_id:
                return view
        raise SlackError("not_found")

    def stack(self, user: str) -> list[Json]:
        """This person's open modals, bottom first."""
        return [self.open_views[view_id] for view_id in self.stacks.get(user, ())]

    def home(self, user: str) -> Json | None:
        """The home last published to this person."""
        view_id = self.homes.get(user)
        return self.open_views[view_id] if view_id else None

    def open(self, user: str, definition: Json) -> Json:
        """A new root modal; whatever the person had open is gone."""
        self._check_external(definition)
        for view_id in self.stacks.pop(user, []):
            self._forget(view_id)
        view = self._build(definition, previous=None)
        self._put(view, user)
        self.stacks[user] = [view["id"]]
        self._tell(user, "view.opened", {"view": view})
        return view

    def push(self, user: str, definition: Json) -> Json:
        """One modal on top of what is open; push_limit_reached above three."""
        self._check_external(definition)
        stack = self.stacks.get(user)
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= STACK_LIMIT:
            raise SlackError("push_limit_reached")
        view = self._build(definition, previous=self.open_views[stack[-1]])
        self._put(view, user)
        stack.append(view["id"])
        self._tell(user, "view.pushed", {"view": view})
        return view

    def update(self, old: Json, definition: Json, *, given_hash: str = "") -> Json:
        """Replaces a view in place; a stale hash is hash_conflict. What people typed into unchanged inputs stays."""
        if given_hash and given_hash != old["hash"]:
            raise SlackError("hash_conflict")
        self._check_external(definition, itself=old["id"])
        view = self._build(definition, previous=None) | {
            key: old[key] for key in ("id", "root_view_id", "previous_view_id")
        }
        kept = stateful.kept_inputs(old, view["blocks"])
        view["state"] = {"values": stateful.values(view["blocks"], kept=kept)}
        user = self.owners[old["id"]]
        self._put(view, user)
        self._tell(user, "home.published" if view["type"] == "home" else "view.updated", {"view": view})
        return view

    def publish(self, user: str, definition: Json, *, given_hash: str = "") -> Json:
        """Sets this person's App Home."""
        old = self.home(user)
        if old is not None:
            return self.update(old, definition, given_hash=given_hash)
        if given_hash:
            raise SlackError("hash_conflict")
        self._check_external(definition)
        view = self._build(definition, previous=None)
        self._put(view, user)
        self.homes[user] = view["id"]
        self._tell(user, "home.published", {"view": view})
        return view

    def remember(self, view: Json, state: Json) -> Json:
        """Stores what the person has typed so far; the hash stays, for the app has not changed anything."""
        changed = view | {"state": {"values": stateful.values(view["blocks"], given=state, kept=_held(view))}}
        self.open_views[view["id"]] = changed
        return changed

    def close(self, view: Json) -> None:
        """Closes one view; the one below reappears. Views above it go with it."""
        user = self.owners[view["id"]]
        stack = self.stacks.get(user, [])
        while view["id"] in stack:
            top = stack.pop()
            self._forget(top)
            self._tell(user, "view.closed", {"view_id": top})

    def clear(self, user: str) -> None:
        """Closes everything this person has open."""
        for view_id in self.stacks.pop(user, []):
            self._forget(view_id)
        self._tell(user, "views.cleared", {})

    def _tell(self, user: str, kind: str, body: Json) -> None:
        self._feed.publish(kind, body, audience=frozenset((user,)))

    def _put(self, view: Json, user: str) -> None:
        self.open_views[view["id"]] = view
        self.owners[view["id"]] = user

    def _forget(self, view_id: str) -> None:
        self.open_views.pop(view_id, None)
        self.owners.pop(view_id, None)

    def _check_external(self, definition: Json, *, itself: str = "") -> None:
        external = definition.get("external_id")
        for view in self.open_views.values():
            if external and view["external_id"] == external and view["id"] != itself:
                raise SlackError("duplicate_external_id")

    def _build(self, definition: Json, *, previous: Json | None) -> Json:
        view_id = self._ids.make("V")
        blocks = identified(definition["blocks"], self._ids)
        seconds = self._ids.ts().partition(".")[0]
        view: Json = {"id": view_id, "team_id": self._seed.team_id}
        view |= {field: definition.get(field) for field in _FIELDS}
        for field in ("private_metadata", "callback_id", "external_id"):
            view[field] = view[field] or ""
        return view | {
            "blocks": blocks,
            "state": {"values": stateful.values(blocks)},
            "hash": f"{seconds}.{self._ids.short(8)}",
            "clear_on_close": bool(definition.get("clear_on_close")),
            "notify_on_close": bool(definition.get("notify_on_close")),
            "submit_disabled": bool(definition.get("submit_disabled")),
            "root_view_id": previous["root_view_id"] if previous else view_id,
            "previous_view_id": previous["id"] if previous else None,
            "app_id": self._seed.app_id,
            "app_installed_team_id": self._seed.team_id,
            "bot_id": self._seed.bot_id,
        }


def _held(view: Json) -> Json:
    values: Json = view["state"]["values"]
    return values


def identified(blocks: list[Json], ids: Ids) -> list[Json]:
    """The blocks with Slack's own ids where the app gave none; blocks that lack nothing are shared, not copied."""
    return [_identified(block, ids) for block in blocks]


def _identified(block: Json, ids: Ids) -> Json:
    changes: Json = {}
    if not block.get("block_id"):
        changes["block_id"] = ids.short()
    for key in ("element", "accessory"):
        element = block.get(key)
        if element and element.get("type") != "image" and not element.get("action_id"):
            changes[key] = {**element, "action_id": ids.short()}
    if block["type"] == "actions":
        elements = block["elements"]
        if any(not element.get("action_id") for element in elements):
            changes["elements"] = [{"action_id": ids.short(), **element} for element in elements]
    return {**block, **changes} if changes else block
