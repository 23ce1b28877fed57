"""Who somebody is and in which groups, from Slack, at most half a minute ago. What is not known is not guessed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.connection import Web, Workspace
from bot.core.actors import Person, Standing
from bot.core.errors import Permanent, Transient
from bot.core.ids import GroupId, UserId
from bot.ports import Clock

FRESH_SECONDS = 30.0
"""FAULTS.md allows 60; usergroups.users.list is Tier 2 (20 a minute), so half of it still serves ten groups."""

LOOKUP_SECONDS = 2.0
"""A person waits and Slack wants its ack within 3 s: a look-up that is slower than this has failed."""

_log = logging.getLogger(__name__)


class People:
    """ports.People over users.info and usergroups.users.list."""

    def __init__(
        self,
        client: AsyncWebClient,
        clock: Clock,
        workspace: Workspace,
        *,
        groups: Callable[[], Collection[GroupId]],
    ) -> None:
        """`groups` tells which user groups count for approvals now: those that runbooks and settings name."""
        self._web = Web(client)
        self._clock = clock
        self._workspace = workspace
        self._groups = groups
        self._known: dict[str, tuple[float, Any]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def standing(self, user: UserId) -> Standing:
        """Raise Transient when anything of it cannot be learned in time: the caller must then deny."""
        wanted = sorted(set(self._groups()))
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                person, members = await self._look_up(user, wanted)
        except TimeoutError as error:
            raise Transient("Slack did not say in time who you are.") from error
        groups = frozenset(group for group, users in zip(wanted, members, strict=True) if user in users)
        return Standing(person, groups)

    async def by_email(self, address: str) -> UserId | None:
        """Whose account has this address; None where nobody's does. Raise Transient when that cannot be learned."""
        found: UserId | None = await self._fresh(f"address {address.lower()}", partial(self._addressed, address))
        return found

    async def _addressed(self, address: str) -> UserId | None:
        try:
            answer = await self._web.read("users.lookupByEmail", email=address)
        except Permanent:
            return None  # users_not_found: nobody is let in by an address that Slack does not know
        found = answer.get("user")
        return UserId(str(found["id"])) if isinstance(found, dict) and found.get("id") else None

    async def _look_up(self, user: UserId, wanted: list[GroupId]) -> tuple[Person, list[frozenset[str]]]:
        answers = await asyncio.gather(
            self._fresh(f"user {user}", partial(self._person, user)),
            *(self._fresh(f"group {group}", partial(self._members, group)) for group in wanted),
            return_exceptions=True,  # so that no look-up is left running when another one fails
        )
        found: list[Any] = []
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            found.append(answer)
        return found[0], found[1:]

    async def _fresh(self, key: str, look_up: Callable[[], Awaitable[Any]]) -> Any:
        """The remembered answer, or a new one; whoever asks meanwhile waits for the same look-up."""
        async with self._locks.setdefault(key, asyncio.Lock()):
            at, answer = self._known.get(key, (float("-inf"), None))
            if self._clock.monotonic() - at >= FRESH_SECONDS:
                asked_at = self._clock.monotonic()
                answer = await look_up()
                self._known[key] = (asked_at, answer)
            return answer

    async def _person(self, user: UserId) -> Person:
        home = (await self._workspace.identity()).team
        try:
            answer = await self._web.read("users.info", user=user)
        except Permanent as error:
            raise Transient(f"Slack could not say who {user} is.") from error
        found = answer.get("user")
        if not isinstance(found, dict) or found.get("id") != user:
            raise Transient(f"Slack's answer about {user} is not understood.")
        return _person(found, home)

    async def _members(self, group: GroupId) -> frozenset[str]:
        try:
            answer = await self._web.read("usergroups.users.list", usergroup=group)
        except Permanent:
            _log.warning("slack.group_unknown group=%s", group)
            return frozenset()  # a group that does not exist has no members: nobody is let in by it
        users = answer.get("users")
        if not isinstance(users, list):
            raise Transient(f"Slack's answer about the group {group} is not understood.")
        return frozenset(each for each in users if isinstance(each, str))


def _person(found: Mapping[str, Any], home: str) -> Person:
    profile = found.get("profile")
    shown = profile.get("display_name") if isinstance(profile, dict) else ""
    return Person(
        id=UserId(str(found["id"])),
        name=str(shown or found.get("real_name") or found.get("name") or found["id"]),
        is_bot=bool(found.get("is_bot") or found.get("is_workflow_bot")) or found["id"] == "USLACKBOT",
        is_deleted=bool(found.get("deleted")),
        is_guest=bool(found.get("is_restricted") or found.get("is_ultra_restricted")),
        is_foreign=found.get("team_id") != home or bool(found.get("is_stranger")),
    )
