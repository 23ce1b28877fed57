"""The manifest declares exactly what the code uses, both ways."""

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.adapters import slack
from bot.adapters.slack import commands
from tests.adapters.slack import office

CODE = Path(slack.__file__).parent

SCOPES: dict[str, tuple[str, ...]] = {
    # method: scopes, from docs.slack.dev/reference/methods; conversations.* for public and for private channels
    "auth.test": (),
    "chat.postMessage": ("chat:write",),
    "chat.update": ("chat:write",),
    "chat.delete": ("chat:write",),
    "chat.postEphemeral": ("chat:write",),
    "conversations.list": ("channels:read", "groups:read"),
    "conversations.history": ("channels:history", "groups:history"),
    "conversations.replies": ("channels:history", "groups:history"),
    "users.info": ("users:read",),
    "users.lookupByEmail": ("users:read.email",),
    "usergroups.users.list": ("usergroups:read",),
    "views.open": (),
    "views.publish": (),
    "views.update": (),
}
EVENT_SCOPES = {"message.channels": "channels:history", "message.groups": "groups:history", "app_home_opened": ""}


def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(office.MANIFEST.read_text())
    return loaded


def methods() -> set[str]:
    """Every Web API method that the code names in a call of Web.read or Web.write."""
    calls = [node for path in CODE.glob("*.py") for node in ast.walk(ast.parse(path.read_text()))]
    named = [
        node.args[0].value
        for node in calls
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"read", "write"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ]
    return {name for name in named if isinstance(name, str)}


def test_every_method_that_is_called_is_known_and_no_other() -> None:
    assert methods() == set(SCOPES)


def test_the_scopes_are_those_of_the_methods_and_the_command() -> None:
    needed = {scope for method in methods() for scope in SCOPES[method]} | {"commands"}

    assert set(manifest()["oauth_config"]["scopes"]["bot"]) == needed


def test_the_command_is_the_one_that_is_listened_to_and_its_hint_names_its_verbs() -> None:
    declared = manifest()["features"]["slash_commands"]

    assert [each["command"] for each in declared] == [commands.COMMAND]
    assert {part.split()[0] for part in declared[0]["usage_hint"].split("|")} == set(commands.VERBS)


def test_every_subscribed_event_has_its_scope() -> None:
    settings, scopes = manifest()["settings"], manifest()["oauth_config"]["scopes"]["bot"]

    asked = settings["event_subscriptions"]["bot_events"]
    assert set(asked) == set(EVENT_SCOPES)
    assert {EVENT_SCOPES[event] for event in asked if EVENT_SCOPES[event]} <= set(scopes)
    assert settings["socket_mode_enabled"] is True
    assert settings["interactivity"] == {"is_enabled": True}
    assert manifest()["features"]["app_home"]["home_tab_enabled"] is True


@pytest.mark.parametrize(
    ("path", "least", "most"),
    [
        # https://docs.slack.dev/reference/app-manifest
        (("display_information", "name"), 1, 35),
        (("display_information", "description"), 1, 140),
        (("display_information", "long_description"), 174, 4_000),
        (("features", "bot_user", "display_name"), 1, 80),
    ],
)
def test_the_texts_are_within_slacks_limits(path: tuple[str, ...], least: int, most: int) -> None:
    value: Any = manifest()
    for key in path:
        value = value[key]

    assert least <= len(value) <= most
