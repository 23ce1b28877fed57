"""What an answer, or none, means for a step: the one place, as a table of cases.

Answered is proof, whatever the answer. Never connected is proof of no effect. Everything in between is unclear for a
request that may have changed something, and plainly failed for one that only reads.
"""

from enum import StrEnum

from bot.core.previews import Outcome, Performed


class Trouble(StrEnum):
    """How a request ended without an answer."""

    NOT_CONNECTED = "not connected"  # refused, no such name, TLS said no: nothing was sent
    NOT_ALLOWED = "not allowed"  # our own rule about addresses: nothing was sent
    LOST = "lost"  # the connection broke after sending
    HALF = "half"  # the answer began and broke off
    LATE = "late"  # no answer in time


FIRST_ERROR = 400
TOO_MANY_REQUESTS = 429


def of_status(status: int) -> tuple[Outcome, bool]:
    """Outcome and whether it may be repeated: only 429 says of itself that nothing was done (RFC 6585)."""
    if status < FIRST_ERROR:
        return Outcome.SUCCEEDED, False
    return Outcome.FAILED, status == TOO_MANY_REQUESTS


def of_trouble(trouble: Trouble, *, is_read: bool, reason: str = "") -> Performed:
    because = f" ({reason})" if reason else ""
    match trouble:
        case Trouble.NOT_ALLOWED:
            return Performed(Outcome.REFUSED, detail=reason)
        case Trouble.NOT_CONNECTED:
            detail = f"The host could not be reached{because}. Nothing was sent."
            return Performed(Outcome.FAILED, detail=detail, is_repeatable=True)
        case Trouble.LOST | Trouble.HALF | Trouble.LATE:
            what = {
                Trouble.LOST: "The connection broke before an answer came",
                Trouble.HALF: "The answer broke off in the middle",
                Trouble.LATE: "No answer came in time",
            }[trouble]
            if is_read:
                return Performed(Outcome.FAILED, detail=f"{what}{because}.", is_repeatable=True)
            return Performed(Outcome.UNKNOWN, detail=f"{what}{because}; it may or may not have happened.")
