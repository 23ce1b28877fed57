"""The mapping of answers to outcomes, in full: as a table, and through a server that really breaks off."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.adapters.kubernetes import troubles
from bot.adapters.kubernetes.troubles import Ending, Trouble
from bot.core.errors import Transient
from bot.core.previews import Outcome, Performed
from tests.adapters.kubernetes.conftest import SHORT, SOON, Broken, Serve, operation

OK, NO, UNCLEAR, REFUSED = Outcome.SUCCEEDED, Outcome.FAILED, Outcome.UNKNOWN, Outcome.REFUSED
UID_GONE = 'Deployment.apps "web" is invalid: metadata.uid: Invalid value: "0": field is immutable'
TEST_FAILED = "the server rejected our request due to an error in our request"

# ending, status, reason, message -> of a write (outcome, may be repeated), of a read
TABLE: list[tuple[Ending, int, str, str, tuple[Outcome, bool], tuple[Outcome, bool]]] = [
    (Ending.NOT_SENT, 0, "", "connection refused", (NO, True), (NO, True)),
    (Ending.LOST, 0, "", "reset", (UNCLEAR, False), (NO, True)),
    (Ending.LATE, 0, "", "no answer", (UNCLEAR, False), (NO, True)),
    (Ending.CHANGED, 0, "", "replicas was 2", (REFUSED, False), (REFUSED, False)),
    (Ending.ANSWERED, 400, "BadRequest", "container zz is not valid", (NO, False), (NO, False)),
    (Ending.ANSWERED, 401, "Unauthorized", "Unauthorized", (NO, False), (NO, False)),
    (Ending.ANSWERED, 403, "Forbidden", "cannot patch", (NO, False), (NO, False)),
    (Ending.ANSWERED, 404, "NotFound", "not found", (NO, False), (NO, False)),
    (Ending.ANSWERED, 405, "MethodNotAllowed", "no", (NO, False), (NO, False)),
    (Ending.ANSWERED, 409, "Conflict", "has been modified", (REFUSED, False), (REFUSED, False)),
    (Ending.ANSWERED, 410, "Expired", "too old", (NO, False), (NO, False)),
    (Ending.ANSWERED, 415, "UnsupportedMediaType", "no", (NO, False), (NO, False)),
    (Ending.ANSWERED, 422, "Invalid", UID_GONE, (REFUSED, False), (REFUSED, False)),
    (Ending.ANSWERED, 422, "Invalid", TEST_FAILED, (REFUSED, False), (REFUSED, False)),
    (Ending.ANSWERED, 422, "Invalid", "spec.replicas: Invalid value: -1", (NO, False), (NO, False)),
    (Ending.ANSWERED, 429, "TooManyRequests", "disruption budget", (NO, True), (NO, True)),
    (Ending.ANSWERED, 500, "InternalError", "admission webhook denied", (NO, False), (NO, True)),
    (Ending.ANSWERED, 500, "InternalError", "etcdserver: request timed out", (UNCLEAR, False), (NO, True)),
    (Ending.ANSWERED, 500, "", "<html>proxy</html>", (UNCLEAR, False), (NO, True)),
    (Ending.ANSWERED, 502, "", "bad gateway", (UNCLEAR, False), (NO, True)),
    (Ending.ANSWERED, 503, "ServiceUnavailable", "down", (NO, False), (NO, True)),
    (Ending.ANSWERED, 504, "Timeout", "did not complete within", (UNCLEAR, False), (NO, True)),
]


@pytest.mark.parametrize(("ending", "status", "reason", "message", "write", "read"), TABLE)
def test_F68_every_ending_means_one_outcome(
    ending: Ending, status: int, reason: str, message: str, write: tuple[Outcome, bool], read: tuple[Outcome, bool]
) -> None:
    for may_have_changed, wanted in ((True, write), (False, read)):
        trouble = Trouble(ending, message, status=status, reason=reason, may_have_changed=may_have_changed)
        done = troubles.performed(trouble)
        assert (done.outcome, done.is_repeatable) == wanted, may_have_changed
        assert message.rstrip(".") in done.detail and done.detail.endswith(".")


def test_the_table_has_every_ending() -> None:
    assert {row[0] for row in TABLE} == set(Ending)


@pytest.mark.parametrize(("ending", "status", "reason", "message", "write", "read"), TABLE)
def test_a_preview_says_what_blocks_or_that_nothing_could_be_asked(
    ending: Ending, status: int, reason: str, message: str, write: tuple[Outcome, bool], read: tuple[Outcome, bool]
) -> None:
    trouble = Trouble(ending, message, status=status, reason=reason)
    if ending is not Ending.ANSWERED or status == 429 or status >= 500:
        with pytest.raises(Transient):
            troubles.problem(trouble)
    else:
        assert ". " in troubles.problem(trouble)  # what is wrong, then what to do


# --- through a real connection ---------------------------------------------------------------------------


async def _reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _half(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"kind":')
    assert request.transport is not None
    request.transport.close()
    return response


def _answer(status: int, body: Any) -> Serve:
    async def serve(request: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status) if not isinstance(body, str) else web.Response(text=body)

    return serve


FAILURE = {"kind": "Status", "status": "Failure", "message": "no", "reason": "Forbidden", "code": 403}


async def _run(broken: Broken, text: str) -> Performed:
    shown = await broken.kubernetes.preview(operation(text), timeout=SOON)
    assert shown.problems == () and broken.changes == 0
    return await broken.kubernetes.perform(operation(text), shown, key="k", timeout=SHORT)


@pytest.mark.parametrize(
    "text",
    [
        "kubectl scale deploy/api --replicas=3",
        "kubectl rollout restart deploy/api",
        "kubectl delete pod p",
    ],
)
@pytest.mark.parametrize(
    ("serve", "outcome"),
    [
        (_reset, UNCLEAR),
        (_half, UNCLEAR),
        (_answer(200, "no json"), UNCLEAR),
        (_answer(502, {}), UNCLEAR),
        (_answer(200, FAILURE), NO),
        (_answer(500, FAILURE | {"reason": "InternalError", "code": 500}), NO),
        (_answer(429, FAILURE | {"reason": "TooManyRequests", "code": 429}), NO),
        (_answer(403, FAILURE), NO),
        (_answer(422, FAILURE | {"reason": "Invalid", "message": UID_GONE}), REFUSED),
        (_answer(200, {"kind": "Done"}), OK),
    ],
)
async def test_F68_a_change_is_sent_once_and_its_ending_is_told(
    broken: Broken, text: str, serve: Serve, outcome: Outcome
) -> None:
    broken.serve = serve
    done = await _run(broken, text)
    assert (done.outcome, broken.changes) == (outcome, 1)


async def test_F68_no_answer_in_time_is_unknown(broken: Broken) -> None:
    async def hang(request: web.Request) -> web.StreamResponse:
        await broken.leave.wait()
        return web.Response()

    broken.serve = hang
    done = await _run(broken, "kubectl delete pod p")
    assert (done.outcome, done.is_repeatable, broken.changes) == (UNCLEAR, False, 1)


async def test_a_conflict_is_tried_again_while_the_facts_hold_and_then_refused(broken: Broken) -> None:
    broken.serve = _answer(409, FAILURE | {"reason": "Conflict", "message": "has been modified", "code": 409})
    done = await _run(broken, "kubectl scale deploy/api --replicas=3")
    assert (done.outcome, broken.changes) == (REFUSED, 3)


@pytest.mark.parametrize(("lost", "is_shown"), [(0, True), (2, True), (3, False)])
async def test_a_dry_run_that_lost_against_a_status_update_is_made_anew(
    broken: Broken, lost: int, is_shown: bool
) -> None:
    broken.lost_dry_runs = lost
    shown = await broken.kubernetes.preview(operation("kubectl rollout restart deploy/api"), timeout=SOON)
    assert (shown.problems == ()) is is_shown
    assert is_shown or "has been modified" in shown.problems[0]


async def test_F68_a_cluster_that_cannot_be_reached_proves_that_nothing_was_sent(broken: Broken) -> None:
    text = "kubectl scale deploy/api --replicas=3"
    shown = await broken.kubernetes.preview(operation(text), timeout=SOON)
    await broken.stop()
    done = await broken.kubernetes.perform(operation(text), shown, key="k", timeout=SOON)
    assert done.outcome is NO and done.is_repeatable and "Nothing was sent" in done.detail
    with pytest.raises(Transient):
        await broken.kubernetes.preview(operation(text), timeout=SOON)


# --- exec ------------------------------------------------------------------------------------------------


async def _opened(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(protocols=("v5.channel.k8s.io",))
    await socket.prepare(request)
    return socket


def _exec(*frames: bytes) -> Serve:
    async def serve(request: web.Request) -> web.StreamResponse:
        socket = await _opened(request)
        for frame in frames:
            await socket.send_bytes(frame)
        await socket.close()
        return socket

    return serve


def _ended(reason: str, message: str, **more: Any) -> bytes:
    return b"\x03" + json.dumps({"status": "Failure", "reason": reason, "message": message, **more}).encode()


EXIT_3 = _ended("NonZeroExitCode", "exit 3", details={"causes": [{"reason": "ExitCode", "message": "3"}]})
LOST_INSIDE = _ended("InternalError", "connection to the node lost")
NOT_FOUND = _ended("InternalError", 'exec: "x": executable file not found in $PATH')


@pytest.mark.parametrize(
    ("serve", "write", "read"),
    [
        (_exec(b"\x01OK\n", b'\x03{"status":"Success"}'), OK, OK),
        (_exec(b"\x01some", b"\x02bad", EXIT_3), NO, NO),
        (_exec(b"\x01some"), UNCLEAR, NO),
        (_exec(LOST_INSIDE), UNCLEAR, NO),
        (_exec(NOT_FOUND), NO, NO),
        (_exec(*[b"\x01" + b"x" * 65000] * 20), UNCLEAR, NO),
        (_reset, UNCLEAR, NO),
        (_answer(403, FAILURE), NO, NO),
        (_answer(500, FAILURE), NO, NO),
    ],
)
async def test_F68_the_ending_of_exec_is_told_and_never_guessed(
    broken: Broken, serve: Serve, write: Outcome, read: Outcome
) -> None:
    broken.serve = serve
    plain = operation("kubectl exec p -- redis-cli FLUSHDB")
    shown = await broken.kubernetes.preview(plain, timeout=SOON)
    assert shown.problems == () and broken.changes == 0
    done = await broken.kubernetes.perform(plain, shown, key="k", timeout=SOON)
    assert (done.outcome, broken.changes) == (write, 1)
    reading = type(plain)(plain.family, plain.kind, plain.text, {**plain.arguments, "effect": "read"})
    assert (await broken.kubernetes.perform(reading, shown, key="k", timeout=SOON)).outcome is read


async def test_F70_exec_output_is_bounded_cleaned_and_its_exit_code_kept(broken: Broken) -> None:
    broken.serve = _exec(b"\x01" + b"y" * 100_000, b"\x02\x1b[31mred\xff", EXIT_3)
    done = await _run(broken, "kubectl exec p -- noisy")
    assert done.exit_code == 3 and done.is_truncated and "\x1b" not in done.output
    assert len(done.output) <= 64 * 1024


async def test_exec_that_never_ends_is_unknown_and_the_connection_is_closed(broken: Broken) -> None:
    closed = asyncio.Event()

    async def serve(request: web.Request) -> web.StreamResponse:
        socket = await _opened(request)
        async for message in socket:
            assert message.type is not aiohttp.WSMsgType.ERROR
        closed.set()
        return socket

    broken.serve = serve
    done = await _run(broken, "kubectl exec p -- sleep 1000")
    assert done.outcome is UNCLEAR
    async with asyncio.timeout(3):
        await closed.wait()
