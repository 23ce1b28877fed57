"""The app's manifest as the simulated workspace reads it: commands, shortcuts, subscribed events, granted scopes.

Without a manifest everything is allowed, which suits small scripts. https://docs.slack.dev/reference/app-manifest
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.sim.slack.wire import Json


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command of the app."""

    command: str
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = False


@dataclass(frozen=True, slots=True)
class Shortcut:
    """An entry of the message menu (`message`) or of the search box (`global`)."""

    name: str
    type: str
    callback_id: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an app declared; None for events or scopes means all."""

    commands: tuple[Command, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    events: frozenset[str] | None = None
    scopes: frozenset[str] | None = None
    home_tab: bool = True
    messages_tab: bool = True
    interactivity: bool = True
    any_command: bool = False

    def command(self, name: str) -> Command | None:
        """The declared command, or any where nothing was declared."""
        for command in self.commands:
            if command.command == name:
                return command
        return Command(name) if self.any_command else None

    def subscribes(self, event: str) -> bool:
        """Whether events of this name are delivered."""
        return self.events is None or event in self.events

    def granted(self, scopes: tuple[str, ...]) -> bool:
        """Whether one of these scopes was granted; a method without scopes needs none."""
        return not scopes or self.scopes is None or any(scope in self.scopes for scope in scopes)

    def scope_list(self) -> str:
        """As the x-oauth-scopes header and `provided` show them."""
        return ",".join(sorted(self.scopes or ()))


def read(document: Mapping[str, object] | None) -> Manifest:
    """The parts of a manifest that the simulation obeys; unknown parts are ignored, absent ones are off."""
    if document is None:
        return Manifest(any_command=True)
    features = _section(document, "features")
    settings = _section(document, "settings")
    home = _section(features, "app_home")
    bot_scopes = _section(_section(document, "oauth_config"), "scopes").get("bot")
    return Manifest(
        commands=tuple(_command(entry) for entry in _entries(features, "slash_commands")),
        shortcuts=tuple(_shortcut(entry) for entry in _entries(features, "shortcuts")),
        events=frozenset(_section(settings, "event_subscriptions").get("bot_events") or ()),
        scopes=frozenset(bot_scopes or ()),
        home_tab=home.get("home_tab_enabled") is True,
        messages_tab=home.get("messages_tab_enabled") is True,
        interactivity=_section(settings, "interactivity").get("is_enabled") is True,
    )


def _section(parent: Mapping[str, object], key: str) -> Json:
    value = parent.get(key)
    return dict(value) if isinstance(value, Mapping) else {}


def _entries(parent: Mapping[str, object], key: str) -> list[Json]:
    value = parent.get(key)
    return [dict(entry) for entry in value if isinstance(entry, Mapping)] if isinstance(value, list | tuple) else []


def _command(entry: Json) -> Command:
    return Command(
        str(entry.get("command", "")),
        description=str(entry.get("description", "")),
        usage_hint=str(entry.get("usage_hint", "")),
        should_escape=entry.get("should_escape") is True,
    )


def _shortcut(entry: Json) -> Shortcut:
    return Shortcut(
        name=str(entry.get("name", "")),
        type=str(entry.get("type", "message")),
        callback_id=str(entry.get("callback_id", "")),
        description=str(entry.get("description", "")),
    )
