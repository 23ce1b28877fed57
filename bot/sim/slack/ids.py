"""Identifiers in Slack's shapes. Seeded, so that two runs of the same story produce the same ids."""

import random
import string

from bot.sim.slack.clocks import SimClock

_LETTERS = string.ascii_uppercase + string.digits
_SHORT = string.ascii_letters + string.digits


class Ids:
    """A source of ids; message timestamps are unique and rising over the whole workspace."""

    def __init__(self, seed: int, clock: SimClock) -> None:
        self._random = random.Random(seed)
        self._clock = clock
        self._last_microseconds = 0

    def ts(self) -> str:
        """`<10 digits>.<6 digits>`, greater than every one before."""
        self._last_microseconds = max(self._last_microseconds + 1, int(self._clock.now() * 1_000_000))
        return f"{self._last_microseconds // 1_000_000}.{self._last_microseconds % 1_000_000:06d}"

    def make(self, prefix: str) -> str:
        """An object id such as C…, V…, F…: the prefix and ten capitals or digits."""
        return prefix + "".join(self._random.choices(_LETTERS, k=10))

    def short(self, length: int = 5) -> str:
        """What Slack fills in for a missing block_id or action_id, and the tail of a view's hash."""
        return "".join(self._random.choices(_SHORT, k=length))

    def secret(self) -> str:
        """32 hexadecimal digits."""
        return f"{self._random.getrandbits(128):032x}"

    def uuid(self) -> str:
        """A version 4 UUID, as envelope and client message ids are."""
        digits = self.secret()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"

    def trigger(self) -> str:
        """`<digits>.<digits>.<32 hex>`."""
        return f"{self._random.randrange(10**12, 10**13)}.{self._random.randrange(10**11, 10**12)}.{self.secret()}"

    def color(self) -> str:
        """Six hexadecimal digits, as user profiles carry."""
        return f"{self._random.getrandbits(24):06x}"
