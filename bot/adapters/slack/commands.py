"""`/runbook`: the one slash command, read the way people type it on a phone."""

import re
import shlex
from collections.abc import Awaitable, Callable

from bot.adapters.slack import modals, payloads, texts
from bot.adapters.slack.connection import Web
from bot.adapters.slack.payloads import Command
from bot.adapters.slack.questions import Desk
from bot.adapters.slack.replies import Reply
from bot.core import card_history, card_levels, card_library, card_root, freezes
from bot.core.cards import Audience, Buttons, Card
from bot.core.errors import Invalid
from bot.core.ids import RunbookName

COMMAND = "/runbook"
VERBS = ("run", "list", "show", "status", "levels", "freeze", "unfreeze", "break-glass", "history", "stats", "help")

# What phones make of quotation marks and dashes.
_TYPOGRAPHY = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "—": "--", " ": " "})
_INCIDENT = re.compile(r"(?:INC-)?([1-9]\d{0,8})", re.IGNORECASE)


class Commands:
    """`channel` is where incidents are shown, for the answer to a run."""

    def __init__(self, desk: Desk, web: Web, *, channel: str) -> None:
        self._desk = desk
        self._web = web
        self._channel = channel.removeprefix("#")
        answers: tuple[Callable[[Command, list[str]], Awaitable[Reply]], ...] = (
            self._run,
            self._list,
            self._show,
            self._status,
            self._levels,
            self._freeze,
            self._unfreeze,
            self._break_glass,
            self._history,
            self._stats,
            self._help,
        )
        self._table = dict(zip(VERBS, answers, strict=True))

    async def answer(self, command: Command) -> Reply:
        words = split(command.text)
        verb = words[0].lower() if words else "help"
        answer = self._table.get(verb)
        return await answer(command, words[1:]) if answer else Reply(texts.usage(unknown=verb))

    async def _run(self, command: Command, words: list[str]) -> Reply:
        if not words:
            view = modals.run(self._desk.library(), None, metadata=modals.place_only(command.place))
            await self._web.write("views.open", {"trigger_id": command.trigger, "view": view}, repeatable=True)
            return Reply()
        answer = await self._desk.run(words[0], pairs(words[1:]), command.user)
        return Reply(texts.started(answer.text, self._channel))

    async def _list(self, _command: Command, _words: list[str]) -> Reply:
        return Reply(card_library.listing(self._desk.library()))

    async def _show(self, _command: Command, words: list[str]) -> Reply:
        if not words:
            return Reply(texts.said(texts.NO_NAME))
        runbook = self._desk.library().runbooks.get(RunbookName(words[0]))
        if runbook is None:
            raise Invalid(f"there is no runbook {words[0]}", remedy="see /runbook list")
        return Reply(card_library.shown(runbook))

    async def _status(self, _command: Command, words: list[str]) -> Reply:
        if not words:
            return Reply(
                card_library.overview(await self._desk.overview(), self._desk.freezes(), self._desk.troubles())
            )
        named = _INCIDENT.fullmatch(words[0])
        if named is None:
            raise Invalid(f"{words[0]} is no incident", remedy="write it as INC-42")
        incident = await self._desk.look(payloads.incident(f"INC-{named[1]}"))
        await self._desk.bring(incident.id)
        card = card_root.root(incident, audience=Audience())
        return Reply(Card(card.fallback, tuple(part for part in card.parts if not isinstance(part, Buttons))))

    async def _levels(self, _command: Command, _words: list[str]) -> Reply:
        return Reply(card_levels.listing(self._desk.levels()))

    async def _freeze(self, command: Command, words: list[str]) -> Reply:
        answer = await self._desk.freeze(freezes.parse(words), command.user)
        return Reply(texts.told_to_all(answer.text), is_public=True)

    async def _unfreeze(self, command: Command, words: list[str]) -> Reply:
        answer = await self._desk.unfreeze(freezes.parse_scope(words), command.user)
        return Reply(texts.told_to_all(answer.text), is_public=True)

    async def _break_glass(self, command: Command, words: list[str]) -> Reply:
        named = _INCIDENT.fullmatch(words[0]) if words else None
        if named is None:
            raise Invalid("no incident is named", remedy="write /runbook break-glass INC-42 REASON")
        incident = payloads.incident(f"INC-{named[1]}")
        answer = await self._desk.ask_to_break_glass(incident, command.user, reason=" ".join(words[1:]))
        return Reply(texts.told_to_all(answer.text), is_public=True)

    async def _history(self, _command: Command, words: list[str]) -> Reply:
        if len(words) > 1:
            raise Invalid(f"{' '.join(words)} is more than one name", remedy="name one runbook, service or environment")
        wanted = words[0] if words else ""
        found = await self._desk.history(wanted)
        return Reply(card_history.history(found, wanted=wanted[:80], days=card_history.DAYS))

    async def _stats(self, _command: Command, _words: list[str]) -> Reply:
        return Reply(card_history.numbers(await self._desk.numbers(), days=card_history.DAYS))

    async def _help(self, _command: Command, _words: list[str]) -> Reply:
        return Reply(texts.usage())


def split(text: str) -> list[str]:
    """Words, with quotation marks keeping blanks together. Raise Invalid for one that is not closed."""
    try:
        return shlex.split(text.translate(_TYPOGRAPHY))
    except ValueError as error:
        raise Invalid(texts.QUOTES, remedy='write key="a value"') from error


def pairs(words: list[str]) -> dict[str, str]:
    """`key=value` words. Raise Invalid for a word without `=` and for a key that stands there twice."""
    found: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise Invalid(f"{word} is not understood", remedy="write parameters as key=value")
        if key in found:
            raise Invalid("given twice", place=key, remedy="give it once")
        found[key] = value
    return found
