"""App Home: published for a person when they open it, and again after whatever they press in it."""

import logging
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


class Homes:
    def __init__(self, desk: Desk, web: Web, clock: Clock) -> None:
        self._desk = desk
        self._web = web
        self._clock = clock

    async def publish(self, user: UserId, said: Card | None = None) -> None:
        """Shown anew as things are now. A failure is only logged: the next opening shows it again."""
        try:
            card = card_home.home(await self._desk.home(user), now=self._clock.now(), said=said)
            shown = blocks.render(card, total=limits.MODAL_TEXT, most=limits.MODAL_BLOCKS)
            view: dict[str, Any] = {"type": "home", "blocks": shown}
            await self._web.write("views.publish", {"user_id": user, "view": view}, repeatable=True)
        except PageturnerError as error:
            _log.warning("slack.home_lost user=%s error=%s", user, error)
