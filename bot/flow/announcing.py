"""Slack is a view: what should be visible is computed from the incident, and only what differs is posted or updated.

Nothing waits for it. Slack down, slow or rate limited delays what people see, never what is decided. What is worth a
push is posted before what is not, and the newest state is rendered at the moment of sending, so bursts coalesce.
"""

import asyncio
import contextlib
import hashlib
import heapq
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

from bot.core.cards import Card
from bot.core.errors import PageturnerError, Permanent, Transient, Unclear
from bot.core.ids import IncidentId
from bot.core.incidents import Incident
from bot.core.states import State
from bot.flow import supervising
from bot.flow.pacing import Bucket
from bot.flow.recording import Recorder
from bot.ports import Board, Chat, Clock, Head, Journal, Message, Posted

log = logging.getLogger(__name__)

SPEAKERS = 16
"""Incidents told side by side; Slack answers in 50 to 200 ms."""

POST_BURST = 2
"""Slack tolerates a small burst in a channel; one more is kept for the digest of a storm, which must not wait."""

UPDATES_PER_SECOND = 50 / 60
UPDATE_BURST = 12
"""chat.update is Tier 3: 50 a minute for the whole workspace, bursts tolerated."""

FIRST = -1
"""The urgency of what somebody has asked to see."""

CAUGHT_UP = timedelta(hours=24)
MOST_CAUGHT_UP = 500
"""How long ago an incident may have been closed whose thread is still put right after a start, and how many: each takes
about a millisecond of the start."""

REMEMBERED = 4096
SEARCHES = 4
"""Tries to find a post whose answer was lost; then a second one is better than none."""

LOST_PAUSE_SECONDS = 30.0
RETRY_PAUSE_SECONDS = 1.0
WAITS_FOR_PEOPLE = frozenset({State.CHOOSING, State.WAITING, State.UNCLEAR, State.ESCALATED})

Render = Callable[[Incident], tuple[tuple[str, Card], ...]]


@dataclass(frozen=True, slots=True)
class Due:
    """A message that is not shown, or not like this."""

    message: Message
    digest: str

    def stands_in(self, shown: Mapping[str, Posted]) -> bool:
        posted = shown.get(self.message.key)
        return posted is not None and posted.shown == self.digest


class Announcer:
    """`per_second`: posts in one channel; 0 switches all pacing off. `render` gives (key, card) in thread order."""

    def __init__(
        self,
        recorder: Recorder,
        board: Board,
        chat: Chat,
        clock: Clock,
        *,
        channel: str,
        render: Render,
        per_second: float,
    ) -> None:
        self._recorder = recorder
        self._board = board
        self._chat = chat
        self._clock = clock
        self._channel = channel
        self._render = render
        self._posts = Bucket(per_second, POST_BURST)
        self._updates = Bucket(UPDATES_PER_SECOND if per_second else 0, UPDATE_BURST)
        self._shown: OrderedDict[IncidentId, dict[str, Posted]] = OrderedDict()
        self._search: set[tuple[IncidentId, str]] = set()
        self._failed_searches: dict[tuple[IncidentId, str], int] = {}
        self._inherited: set[IncidentId] = set()
        self._waiting: list[tuple[int, int, IncidentId]] = []
        self._queued: dict[IncidentId, int] = {}
        self._order = count()
        self._wake = asyncio.Semaphore(0)
        self._turn = asyncio.Lock()
        self._busy: dict[IncidentId, bool] = {}
        self._held_until = 0.0
        self.trouble = ""
        recorder.listeners.append(self.mark)

    async def inherit(self, journal: Journal) -> None:
        """Incidents of an earlier life of this process: a message that is not on record may still have been posted."""
        self._inherited.update([head.incident for head in await self._recent(journal)])

    async def catch_up(self, journal: Journal) -> None:
        """Show what an earlier life did not come to, the last words on closed incidents among it."""
        for head in await self._recent(journal):
            self.mark(await self._recorder.load(head.incident))

    async def _recent(self, journal: Journal) -> list[Head]:
        """All that is open, and what was closed lately."""
        heads = await journal.heads(closed_since=self._clock.now() - CAUGHT_UP)
        closed = [each for each in heads if each.state is State.CLOSED]
        return [each for each in heads if each.state is not State.CLOSED] + closed[-MOST_CAUGHT_UP:]

    def mark(self, incident: Incident) -> None:
        """Show it soon; what waits for a person comes first."""
        urgency = 0 if incident.state in WAITS_FOR_PEOPLE else 1
        if incident.id in self._busy:
            self._busy[incident.id] = True
            return
        known = self._queued.get(incident.id)
        if known is None or urgency < known:
            self._queued[incident.id] = urgency
            heapq.heappush(self._waiting, (urgency, next(self._order), incident.id))
            self._wake.release()

    def bring(self, incident: Incident) -> None:
        """Somebody wants to see this one now: it comes before all others."""
        if incident.id in self._busy or self._queued.get(incident.id) == FIRST:
            return
        self._queued[incident.id] = FIRST
        heapq.heappush(self._waiting, (FIRST, next(self._order), incident.id))
        self._wake.release()

    def has_root(self, incidents: Iterable[IncidentId]) -> set[IncidentId]:
        """Those of them whose thread stands in Slack, as far as is remembered."""
        return {each for each in incidents if "root" in self._shown.get(each, {})}

    async def aside(self, *, is_new: bool) -> None:
        """Before something is said that is no incident's message: it is counted, and only an edit waits its turn."""
        seconds = (self._posts if is_new else self._updates).take(self._clock.monotonic())
        await self._wait(0.0 if is_new else seconds)

    @property
    def is_idle(self) -> bool:
        return not self._queued and not self._busy

    @property
    def backlog(self) -> int:
        return len(self._queued)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as speakers:
            for number in range(SPEAKERS):
                speakers.create_task(self._speak(), name=f"announce-{number}")

    async def _speak(self) -> None:
        while True:
            urgency, incident = await self._most_urgent()
            if self._queued.get(incident) != urgency:
                continue  # queued again with more urgency, and shown since
            del self._queued[incident]
            self._busy[incident] = False
            problem = await supervising.caught(self._show(incident))
            if problem is not None:
                # Still marked as busy: nobody else may post for this incident meanwhile.
                known = isinstance(problem, PageturnerError)
                await self._clock.sleep(RETRY_PAUSE_SECONDS if known else LOST_PAUSE_SECONDS)
            again = self._busy.pop(incident, False)
            if problem is not None or again:
                self.mark(await self._recorder.load(incident))

    async def _most_urgent(self) -> tuple[int, IncidentId]:
        """Chosen only when Slack would take a post: what became urgent while others waited still comes first."""
        await self._wake.acquire()
        async with self._turn:
            await self._wait(self._posts.wait(self._clock.monotonic()))
            urgency, _, incident = heapq.heappop(self._waiting)
        return urgency, incident

    async def _show(self, incident: IncidentId) -> None:
        """Deliver what differs, one message after another, looking at the newest state before each."""
        shown = await self._known(incident)
        while True:
            current = await self._recorder.load(incident)
            due = self._due(current, shown)
            if not due:
                return
            first, *others = due
            waited = await self._pause(self._updates if first.message.key in shown else self._posts)
            if waited and first not in self._due(await self._recorder.load(incident), shown)[:1]:
                continue
            await self._deliver(first, shown)
            if not others and first.stands_in(shown):
                return  # what changed meanwhile has marked the incident again; no need to render it all once more

    def _due(self, incident: Incident, shown: dict[str, Posted]) -> list[Due]:
        rendered = (Due(Message(incident.id, key, card), digest(card)) for key, card in self._render(incident))
        return [each for each in rendered if not each.stands_in(shown)]

    async def _deliver(self, due: Due, shown: dict[str, Posted]) -> None:
        message = due.message
        incident, key = message.incident, message.key
        posted = shown.get(key)
        try:
            if posted is None and self._may_exist(incident, key):
                posted = await self._adopt(incident, key, shown)
            if posted is None:
                posted = await self._post(message, shown)
            else:
                await self._doubt(shown, posted)
                posted = await self._chat.update(message, posted)
        except Permanent as problem:
            await self._lost(message, shown, problem)
            return
        except Unclear:
            self._search.add((incident, key))
            raise
        except Transient as problem:
            self._held_until = self._clock.monotonic() + problem.retry_after_seconds
            raise
        self.trouble = ""
        await self._note(shown, replace(posted, shown=due.digest))

    async def _post(self, message: Message, shown: dict[str, Posted]) -> Posted:
        root = shown.get("root")
        if root is None:
            return await self._chat.post(message, channel=self._channel)
        return await self._chat.post(message, channel=root.channel, thread=root.ts)

    def _may_exist(self, incident: IncidentId, key: str) -> bool:
        return (incident, key) in self._search or incident in self._inherited

    async def _adopt(self, incident: IncidentId, key: str, shown: dict[str, Posted]) -> Posted | None:
        """A post whose answer was lost is found again by its metadata, so that nothing stands there twice."""
        root, which = shown.get("root"), (incident, key)
        try:
            found = await self._chat.find(
                incident, key, channel=root.channel if root else self._channel, thread=root.ts if root else ""
            )
        except PageturnerError as problem:
            tries = self._failed_searches.pop(which, 0) + 1
            if isinstance(problem, Transient) and tries < SEARCHES:
                self._failed_searches[which] = tries
                raise
            log.warning("cannot search for an earlier post", extra={"incident": incident, "problem": str(problem)})
            found = None
        self._search.discard(which)
        if found is not None:
            await self._note(shown, found)  # at once: what comes next may fail, and would look for it no more
        return found

    async def _doubt(self, shown: dict[str, Posted], posted: Posted) -> None:
        """Until an edit is noted nobody knows which of the two stands there: the next life shows it again.

        Without this a message whose edit was never noted is taken for current once the incident comes back to what it
        was before. A store that cannot be written does not keep people from seeing what is known.
        """
        with contextlib.suppress(Transient):
            await self._note(shown, replace(posted, shown=""))

    async def _note(self, shown: dict[str, Posted], posted: Posted) -> None:
        """On record as well as in mind; what cannot be noted is delivered once more."""
        shown[posted.key] = posted
        try:
            await self._board.note(posted)
        except Transient:
            shown[posted.key] = replace(posted, shown="")
            raise

    async def _lost(self, message: Message, shown: dict[str, Posted], problem: Permanent) -> None:
        """A deleted message is posted anew, a thread whose root is gone starts again, a lost channel is waited for."""
        incident, key = message.incident, message.key
        self.trouble = str(problem)
        if shown.pop(key, None) is not None:
            log.warning("message lost, posting anew", extra={"incident": incident, "key": key})
            return
        if key != "root" and shown:
            log.warning("thread lost, starting anew", extra={"incident": incident})
            shown.clear()
            return
        log.error("cannot post", extra={"incident": incident, "problem": self.trouble})
        await self._clock.sleep(LOST_PAUSE_SECONDS)

    async def _pause(self, bucket: Bucket) -> bool:
        """Take a token and wait for its turn; whether there was anything to wait for."""
        return await self._wait(bucket.take(self._clock.monotonic()))

    async def _wait(self, seconds: float) -> bool:
        held = max(seconds, self._held_until - self._clock.monotonic())
        if held > 0:
            await self._clock.sleep(held)
        return held > 0

    async def _known(self, incident: IncidentId) -> dict[str, Posted]:
        if incident not in self._shown:
            rows = await self._board.posted(incident) if incident in self._inherited else []
            self._shown[incident] = {row.key: row for row in rows}
            while len(self._shown) > REMEMBERED:
                self._forget_oldest()
        self._shown.move_to_end(incident)
        return self._shown[incident]

    def _forget_oldest(self) -> None:
        oldest, _ = self._shown.popitem(last=False)
        self._inherited.add(oldest)


def digest(card: Card) -> str:
    """What was delivered, in 16 hexadecimal characters: dataclass reprs are complete and stable."""
    return hashlib.blake2b(repr(card).encode(), digest_size=8).hexdigest()
