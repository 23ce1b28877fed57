"""What an answer of the API server, or none, means: the one place, for previews and for runs.

The rules (Kubernetes API conventions, "HTTP status codes"; and what a real 1.32 server answered):
an answer is proof, except where the server itself, or something before it, does not know (504, 502, etcd timing out).
Nothing sent is proof of no effect. Everything in between is unclear for a write and plainly failed for a read.
"""

from enum import StrEnum

from bot.core.errors import Transient
from bot.core.previews import Outcome, Performed


class Ending(StrEnum):
    ANSWERED = "answered"
    NOT_SENT = "not sent"  # refused, no such host, TLS said no, or no time left to begin
    LOST = "lost"  # the connection broke after sending
    LATE = "late"  # sent, no answer in time
    CHANGED = "changed"  # our own comparison before sending: what was previewed is no longer so


class Trouble(Exception):
    """A request without the answer that was wanted. `message` is the server's own words, or what happened.

    `may_have_changed` says that the request was one that changes things: what is read before a write is not.
    """

    def __init__(
        self, ending: Ending, message: str, *, status: int = 0, reason: str = "", may_have_changed: bool = False
    ) -> None:
        self.ending = ending
        self.message = message
        self.status = status
        self.reason = reason
        self.may_have_changed = may_have_changed
        super().__init__(message)


FORBIDDEN, NOT_FOUND, CONFLICT, INVALID, TOO_MANY = 403, 404, 409, 422, 429
UNAUTHORIZED, BAD_GATEWAY, UNAVAILABLE, GATEWAY_TIMEOUT, SERVER_ERROR = 401, 502, 503, 504, 500

_PRECONDITION_WORDS = ("metadata.uid", "rejected our request due to an error in our request")
"""How 422 says that a uid, or the `test` of a JSON patch, did not hold; any other 422 is a wrong value."""

_STORE_TIMED_OUT = ("timed out", "request timeout", "deadline exceeded", "leader changed")
"""etcd's words inside a 500: the write may have been stored all the same."""


def changed(message: str) -> Trouble:
    return Trouble(Ending.CHANGED, message)


def is_precondition(trouble: Trouble) -> bool:
    """Something that was previewed no longer holds; the server changed nothing."""
    if trouble.ending is Ending.CHANGED or trouble.status == CONFLICT:
        return True
    return trouble.status == INVALID and any(word in trouble.message for word in _PRECONDITION_WORDS)


def _is_undecided(trouble: Trouble) -> bool:
    """An answer that does not say whether it happened. A proxy's error page has no `reason`; a Status body does."""
    if trouble.status in (BAD_GATEWAY, GATEWAY_TIMEOUT):
        return True
    if trouble.status == UNAVAILABLE or trouble.status < SERVER_ERROR:
        return False
    return not trouble.reason or any(words in trouble.message.lower() for words in _STORE_TIMED_OUT)


def performed(trouble: Trouble) -> Performed:
    """The result of a step whose request ended like this."""
    said, is_write = trouble.message.rstrip("."), trouble.may_have_changed
    match trouble.ending:
        case Ending.NOT_SENT:
            detail = f"The cluster could not be reached: {said}. Nothing was sent."
            return Performed(Outcome.FAILED, detail=detail, is_repeatable=True)
        case Ending.CHANGED:
            return Performed(Outcome.REFUSED, detail=f"{said}. Nothing was done; look at a new dry run.")
        case Ending.LOST | Ending.LATE:
            return _unclear(said, is_write=is_write)
        case Ending.ANSWERED:
            return _answered(trouble, said, is_write=is_write)


def _unclear(said: str, *, is_write: bool) -> Performed:
    if is_write:
        return Performed(Outcome.UNKNOWN, detail=f"{said}; it may or may not have happened.")
    return Performed(Outcome.FAILED, detail=f"{said}.", is_repeatable=True)


def _answered(trouble: Trouble, said: str, *, is_write: bool) -> Performed:
    if _is_undecided(trouble):
        done = _unclear(f"The cluster answered {trouble.status}: {said}", is_write=is_write)
        return Performed(done.outcome, detail=done.detail, status=trouble.status, is_repeatable=done.is_repeatable)
    if is_precondition(trouble):
        detail = f"The cluster refused, because the target has changed: {said}. Nothing was done."
        return Performed(Outcome.REFUSED, detail=detail, status=trouble.status)
    detail = f"The cluster answered {trouble.status} {trouble.reason}".rstrip() + f": {said}."
    is_repeatable = trouble.status == TOO_MANY or (not is_write and trouble.status >= SERVER_ERROR)
    return Performed(Outcome.FAILED, detail=detail, status=trouble.status, is_repeatable=is_repeatable)


def problem(trouble: Trouble) -> str:
    """The sentence for a preview, with the remedy. Raise Transient when the cluster could not be asked."""
    said = trouble.message.rstrip(".")
    if trouble.ending is not Ending.ANSWERED:
        raise Transient(f"The cluster could not be asked: {said}") from trouble
    if trouble.status == TOO_MANY or trouble.status >= SERVER_ERROR:
        raise Transient(f"The cluster answered {trouble.status}: {said}") from trouble
    if trouble.status == FORBIDDEN:
        return f"Missing permission: {said}. Grant it in RBAC, or run the step by hand."
    if trouble.status == UNAUTHORIZED:
        return "The cluster does not know the bot's credentials. Ask the operator to renew them."
    if trouble.status == NOT_FOUND:
        return f"{said}. Check the name and the namespace."
    return f"The dry run was rejected ({trouble.status} {trouble.reason}): {said}. Correct the step."
