"""Is the socket deaf? Slack sends the bot's own messages back as events; one that stays away tells.

Pings prove only that the line is up. The check arms itself with the first echo: a workspace whose app does not
subscribe to messages never sends any, and then there is nothing to conclude.
"""

from bot.ports import Clock

OVERDUE_SECONDS = 30.0
"""FAULTS F29: a silent socket is noticed within 60 s."""

MOST_EXPECTED = 200
MOST_REBUILDS = 3


class Echoes:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._expected: dict[tuple[str, str], float] = {}
        self.is_armed = False
        self._rebuilds = 0

    def expect(self, channel: str, ts: str) -> None:
        """Slack accepted this message just now."""
        if len(self._expected) >= MOST_EXPECTED:
            self._expected.pop(next(iter(self._expected)))
        self._expected[(channel, ts)] = self._clock.monotonic()

    def hear(self, channel: str, ts: str) -> None:
        """A message event came. Whatever was expected before it is not overdue either: the socket delivers."""
        at = self._expected.pop((channel, ts), None)
        if at is not None:
            self.is_armed, self._rebuilds = True, 0
            self._expected = {key: since for key, since in self._expected.items() if since > at}

    def is_overdue(self) -> bool:
        oldest = min(self._expected.values(), default=None)
        return self.is_armed and oldest is not None and self._clock.monotonic() - oldest >= OVERDUE_SECONDS

    @property
    def is_hopeless(self) -> bool:
        """Rebuilding the socket has not helped, again and again."""
        return self._rebuilds >= MOST_REBUILDS

    def forget(self) -> None:
        """The socket is being rebuilt: what was sent into the old one says nothing any more.

        When that has not helped a few times, either this process stays deaf or echoes are switched off in Slack: after
        a start anew the check is not armed until one comes, so it cannot go round in circles.
        """
        self._expected.clear()
        self._rebuilds += 1
        self.is_armed = self._rebuilds < MOST_REBUILDS
