"""Who is on call by PagerDuty's schedules, asked for ahead, so that a decision never waits for it.

GET /oncalls of the REST API v2 (https://developer.pagerduty.com/api-reference/, `List all of the on-calls`). What could
not be learned within a minute is not known: an approver rule that names such a schedule then lets nobody in by it.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

import aiohttp

from bot.core.errors import PageturnerError, Transient
from bot.core.ids import UserId
from bot.core.schedules import PAGERDUTY
from bot.ports import Clock

FRESH_SECONDS = 60.0
"""FAULTS.md: whatever authority rests on is looked up again after a minute at most."""

REFRESH_SECONDS = 20.0
MOST = 100
"""People on call at once by one schedule that are read; there is hardly ever more than one."""

_TIMEOUT = aiohttp.ClientTimeout(total=8, connect=4)
_log = logging.getLogger(__name__)

FindUser = Callable[[str], Awaitable[UserId | None]]


class OnCalls:
    """`wanted` tells which schedules count now; `slack_user` finds a person by e-mail address."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        token: str,
        *,
        clock: Clock,
        wanted: Callable[[], Collection[str]],
        slack_user: FindUser,
    ) -> None:
        self._session = session
        self._url = f"{base_url.rstrip('/')}/oncalls"
        self._headers = {"Authorization": f"Token token={token}", "Accept": "application/vnd.pagerduty+json;version=2"}
        self._clock = clock
        self._wanted = wanted
        self._slack_user = slack_user
        self._known: dict[str, tuple[float, frozenset[UserId]]] = {}

    def current(self) -> Mapping[str, frozenset[UserId]]:
        """By the schedule's name in approver rules; without those that could not be asked for lately."""
        since = self._clock.monotonic() - FRESH_SECONDS
        return {name: people for name, (at, people) in sorted(self._known.items()) if at >= since}

    async def run(self) -> None:
        """Ask again and again."""
        while True:
            await self.refresh()
            await self._clock.sleep(REFRESH_SECONDS)

    async def refresh(self) -> None:
        """A failure is logged and forgotten: what is known grows old by itself."""
        for name in sorted({name for name in self._wanted() if name.startswith(PAGERDUTY)}):
            asked_at = self._clock.monotonic()
            try:
                people = await self._people(name.removeprefix(PAGERDUTY))
            except PageturnerError as problem:
                _log.warning("pagerduty.oncall_unknown schedule=%s error=%s", name, problem)
            else:
                self._known[name] = (asked_at, people)

    async def _people(self, schedule: str) -> frozenset[UserId]:
        found = [await self._slack_user(address) for address in await self._addresses(schedule)]
        return frozenset(user for user in found if user is not None)

    async def _addresses(self, schedule: str) -> list[str]:
        asked = {"schedule_ids[]": schedule, "include[]": "users", "limit": str(MOST)}
        try:
            async with self._session.get(
                self._url, params=asked, headers=self._headers, timeout=_TIMEOUT, allow_redirects=False
            ) as answer:
                if answer.status != 200:
                    raise Transient(f"PagerDuty answered {answer.status}")
                document = json.loads(await answer.read())
        except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
            raise Transient(f"PagerDuty cannot be asked: {type(problem).__name__}") from problem
        return _addresses(document, schedule)


def _addresses(document: Any, schedule: str) -> list[str]:
    """Raise Transient for an answer that is not what the API promises: half understood, it lets in the wrong people."""
    rows = document.get("oncalls") if isinstance(document, dict) else None
    if not isinstance(rows, list) or document.get("more"):
        raise Transient("PagerDuty's answer is not understood")
    found = []
    for row in rows:
        place = row.get("schedule") if isinstance(row, dict) else None
        user = row.get("user") if isinstance(row, dict) else None
        if not isinstance(place, dict) or place.get("id") != schedule or not isinstance(user, dict):
            raise Transient("PagerDuty's answer is about something else")
        if isinstance(user.get("email"), str):
            found.append(user["email"])
    return list(dict.fromkeys(found))
