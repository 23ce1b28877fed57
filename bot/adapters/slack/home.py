"""App Home: published for a person when they open it, after whatever they press in it, and while it may still be open.

Slack does not tell when it is closed.
"""

import json
import logging
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any

from bot.adapters.slack import blocks, limits
from bot.adapters.slack.connection import Web
from bot.adapters.slack.questions import Desk
from bot.core import card_home
from bot.core.cards import Card
from bot.core.errors import PageturnerError
from bot.core.ids import UserId
from bot.ports import Clock

_log = logging.getLogger(__name__)


OPEN_FOR = timedelta(minutes=15)
"""After that nobody is taken to look any more; opening it again shows it as it is."""

MOST_OPEN = 20
"""People whose page is kept up to date. `views.publish` is Tier 4: 100 a minute and more."""


class Homes:
    def __init__(self, desk: Desk, web: Web, clock: Clock) -> None:
        self._desk = desk
        self._web = web
        self._clock = clock
        self._seen: OrderedDict[UserId, tuple[datetime, str]] = OrderedDict()  # when they came, what they were shown
        self._is_stale = False

    def mark(self) -> None:
        """Something has changed that a page may show."""
        self._is_stale = True

    async def refresh(self) -> None:
        """Called every few seconds: pages that may be open and would show something else are published anew."""
        if not self._is_stale:
            return
        self._is_stale = False
        since = self._clock.now() - OPEN_FOR
        for user, (at, _) in list(self._seen.items()):
            if at < since:
                del self._seen[user]
            else:
                await self._show(user, None)

    async def publish(self, user: UserId, said: Card | None = None) -> None:
        """Shown anew as things are now, to somebody who is looking."""
        self._seen.pop(user, None)
        self._seen[user] = (self._clock.now(), "")
        if len(self._seen) > MOST_OPEN:
            self._seen.popitem(last=False)
        await self._show(user, said)

    async def _show(self, user: UserId, said: Card | None) -> None:
        """A failure is only logged: the next opening, or the next change, shows it again."""
        try:
            card = card_home.home(await self._desk.home(user), now=self._clock.now(), said=said)
            shown = blocks.render(card, total=limits.MODAL_TEXT, most=limits.MODAL_BLOCKS)
            view: dict[str, Any] = {"type": "home", "blocks": shown}
            at, before = self._seen.get(user, (self._clock.now(), ""))
            if json.dumps(shown) == before:
                return
            await self._web.write("views.publish", {"user_id": user, "view": view}, repeatable=True)
            if user in self._seen:
                self._seen[user] = (at, json.dumps(shown))
        except PageturnerError as error:
            _log.warning("slack.home_lost user=%s error=%s", user, error)
