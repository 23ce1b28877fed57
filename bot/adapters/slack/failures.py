"""Slack's errors in our words, in one place: the class says what to do next, the message is for a person.

Codes are those of SLACK.md 1.9 and 1.10 (docs.slack.dev, the "Errors" table of each method).
"""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.core.errors import Invalid, PageturnerError, Permanent, Transient, Unclear

TOKEN_RETRY_SECONDS = 30.0
"""A revoked token is replaced by a person: nothing may be dropped meanwhile, and nobody needs to ask every second."""

DEFAULT_RETRY_SECONDS = 30.0
"""For a 429 whose Retry-After cannot be read; Slack's own client waits as long."""

TOKEN: Mapping[str, str] = MappingProxyType(
    {
        "invalid_auth": "Slack does not know this token: copy it again from the app's page",
        "not_authed": "Slack got no token: set SLACK_BOT_TOKEN and SLACK_APP_TOKEN",
        "account_inactive": "the bot's account is deactivated, or the app was removed: install it again",
        "token_revoked": "the token was revoked: install the app again and set the new token",
        "token_expired": "the token has expired: set a new one, or switch token rotation off",
        "not_allowed_token_type": "the wrong kind of token: xoxb- belongs in SLACK_BOT_TOKEN, xapp- in SLACK_APP_TOKEN",
        "user_removed_from_team": "the bot was removed from the workspace: install the app again",
        "team_disabled": "this Slack workspace is disabled",
        "missing_scope": "the app lacks a permission: update it from manifest.yml and install it again",
        "no_permission": "the token has no permission for this: update the app from manifest.yml and install it again",
    }
)

GONE: Mapping[str, str] = MappingProxyType(
    {
        "channel_not_found": "the channel does not exist, or it is private and the bot is not in it: invite the bot",
        "not_in_channel": "the bot is not in the channel: invite it with /invite",
        "is_archived": "the channel is archived: unarchive it or name another one",
        "is_inactive": "the channel is archived: unarchive it or name another one",
        "message_not_found": "the message was deleted",
        "thread_not_found": "the thread's first message was deleted",
        "cant_update_message": "the message belongs to another app",
        "cant_delete_message": "the message belongs to another app",
        "edit_window_closed": "the workspace does not allow edits of messages that are this old",
        "restricted_action": "the workspace's settings keep the bot from posting there",
        "restricted_action_read_only_channel": "the channel is read-only for the bot",
        "restricted_action_thread_only_channel": "only threads may be written in this channel",
        "user_not_in_channel": "the person is not in the channel",
        "user_not_found": "Slack knows nobody with this id",
        "users_not_found": "Slack knows nobody with this id",
        "no_such_subteam": "Slack knows no user group with this id",
        "expired_trigger_id": "that took longer than the three seconds that Slack allows: press the button again",
        "exchanged_trigger_id": "this press was already answered: press the button again",
        "invalid_trigger_id": "Slack does not accept this press: press the button again",
    }
)

# The request reached Slack and its end is not known: https://docs.slack.dev/reference/methods/chat.postMessage
_BROKEN = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
_LIMITED = frozenset({"ratelimited", "rate_limited"})


def translate(error: Exception, *, method: str, repeatable: bool) -> PageturnerError:
    """What a failed call means. `repeatable`: twice is the same as once, so a lost answer is only Transient."""
    if isinstance(error, SlackApiError):
        return _answered(error, method, repeatable=repeatable)
    if isinstance(error, aiohttp.ClientConnectorError):
        return Transient("Slack cannot be reached.")
    if isinstance(error, (asyncio.TimeoutError, aiohttp.ClientError, SlackClientError, OSError)):
        return _lost(method, repeatable=repeatable)
    raise error


def _lost(method: str, *, repeatable: bool) -> PageturnerError:
    if repeatable:
        return Transient("Slack did not answer.")
    return Unclear(f"Slack did not answer {method}: it may or may not have happened.")


def _answered(error: SlackApiError, method: str, *, repeatable: bool) -> PageturnerError:
    status, code = _status(error), error_code(error)
    if status == 429 or code in _LIMITED:
        return Transient("Slack asks to wait.", retry_after_seconds=_retry_after(error))
    if status >= 500 or code in _BROKEN or not code:
        return _lost(method, repeatable=repeatable)
    if code in TOKEN:
        return Transient(f"{method}: {TOKEN[code]}{_scope(error)}.", retry_after_seconds=TOKEN_RETRY_SECONDS)
    return Permanent(f"{method}: {GONE.get(code, f'Slack refused it ({code})')}.")


def refusal(error: SlackApiError, *, token: str) -> Invalid | None:
    """For the first call of a start-up: a token that will never work is a mistake in the settings, not a bad moment."""
    sentence = TOKEN.get(error_code(error))
    return Invalid(sentence + _scope(error), place=token) if sentence else None


def error_code(error: SlackApiError) -> str:
    try:
        code = error.response.get("error", "")
    except (AttributeError, TypeError, ValueError):
        return ""  # the answer was no JSON object
    return code if isinstance(code, str) else ""


def _scope(error: SlackApiError) -> str:
    needed = error.response.get("needed") if error_code(error) == "missing_scope" else None
    return f" (needs {needed})" if isinstance(needed, str) else ""


def _status(error: SlackApiError) -> int:
    status = getattr(error.response, "status_code", None) or getattr(error.response, "status", None)
    return status if isinstance(status, int) else 0


def _retry_after(error: SlackApiError) -> float:
    headers = getattr(error.response, "headers", None) or {}
    value = next((headers[key] for key in headers if key.lower() == "retry-after"), "")
    try:
        return max(1.0, float(value))
    except (TypeError, ValueError):
        return DEFAULT_RETRY_SECONDS
