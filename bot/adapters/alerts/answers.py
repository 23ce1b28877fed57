"""Every sentence and status that the webhook server answers with: `{"error": code, "message": sentence}`.

A refused body is left unread, so those answers close the connection.
"""

import json
import math
from collections.abc import Mapping

from aiohttp import web

from bot.core import errors


def accepted(received: int, truncated: int) -> web.Response:
    facts = {"received": received} | ({"truncated": truncated} if truncated else {})
    return _json(202, facts)


def malformed(problem: errors.Invalid) -> web.Response:
    return _error(400, "malformed", str(problem))


def incomplete() -> web.Response:
    """Seen by the metrics only: the sender has gone."""
    return _closing(_error(400, "malformed", "the connection ended before the body did"))


def token_missing() -> web.Response:
    answer = _error(401, "unauthorized", "send the webhook token as Authorization: Bearer TOKEN, or as X-Api-Key")
    answer.headers["WWW-Authenticate"] = 'Bearer realm="pageturner"'
    return _closing(answer)


def token_wrong() -> web.Response:
    return _closing(_error(403, "forbidden", "this webhook token is not, or no longer, accepted"))


def signature_missing() -> web.Response:
    return _error(401, "unauthorized", "the body is not signed: set the signing secret at the sender")


def signature_wrong() -> web.Response:
    return _error(403, "forbidden", "the signature does not fit the body, or it is too old")


def from_a_browser() -> web.Response:
    return _closing(_error(403, "forbidden", "alerts are not accepted from web pages (the request has an Origin)"))


def unknown_source(source: str, known: Mapping[str, object]) -> web.Response:
    where = ", ".join(f"/webhook/{name}" for name in sorted(known))
    return _closing(_error(404, "not_found", f"there is no webhook for {source[:100]!r} here: post to {where}"))


def too_late(seconds: float) -> web.Response:
    return _closing(_error(408, "timeout", f"the body did not arrive within {seconds:g} s"))


def body_too_large(limit: int) -> web.Response:
    return _closing(_error(413, "too_large", f"the body is larger than {limit} bytes: send fewer alerts per call"))


def too_many(limit: int) -> web.Response:
    return _error(413, "too_large", f"at most {limit} alerts per call (Alertmanager: max_alerts: {limit})")


def encoded() -> web.Response:
    return _closing(_error(415, "unsupported", "send the body as it is, without Content-Encoding"))


def unavailable(problem: errors.PageturnerError) -> web.Response:
    """503 in both cases: the sender keeps the alert and tries again, and a person may have cured it by then."""
    seconds = problem.retry_after_seconds if isinstance(problem, errors.Transient) else 60.0
    answer = _error(503, "unavailable", f"not stored, send it again: {problem}")
    answer.headers["Retry-After"] = str(max(1, math.ceil(seconds)))
    return answer


def failed(problem: web.HTTPException) -> web.Response:
    """What the router says: no such page, or not with this method."""
    code = "method_not_allowed" if problem.status == 405 else "not_found"
    answer = _error(problem.status, code, f"{problem.reason}: see /webhook/SOURCE, /healthz")
    if "Allow" in problem.headers:
        answer.headers["Allow"] = problem.headers["Allow"]
    return _closing(answer)


def live() -> web.Response:
    return _json(200, {"status": "live"})


WORKS_ALL_THE_SAME = frozenset(["policies", "calendar", "record"])
"""Parts that a person must look at, but that keep no alert from being taken and no incident from being shown."""


def readiness(checks: Mapping[str, str]) -> web.Response:
    """`checks`: a sentence for each part that is not ready, "" for one that is."""
    wrong = {name for name, problem in checks.items() if problem}
    is_ready = wrong <= WORKS_ALL_THE_SAME
    facts = {
        "status": "not ready" if not is_ready else "degraded" if wrong else "ready",
        "checks": {name: problem or "ok" for name, problem in sorted(checks.items())},
    }
    return _json(200 if is_ready else 503, facts)


def _error(status: int, code: str, message: str) -> web.Response:
    return _json(status, {"error": code, "message": message})


def _json(status: int, facts: Mapping[str, object]) -> web.Response:
    return web.Response(status=status, text=json.dumps(facts), content_type="application/json")


def _closing(answer: web.Response) -> web.Response:
    answer.force_close()
    return answer
