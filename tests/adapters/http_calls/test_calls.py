"""HTTP steps: the exact request is shown, sent once, and its answer, or the lack of one, means one thing."""

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.adapters.http_calls import outcomes
from bot.adapters.http_calls.executor import HttpCalls
from bot.adapters.http_calls.outcomes import Trouble
from bot.core.operations import Family, Json, Operation
from bot.core.previews import Outcome, Performed, Preview
from tests.adapters.http_calls.conftest import Receiver

SOON = timedelta(seconds=5)
SHORT = timedelta(milliseconds=300)
SECRETS = {"FLAGS_TOKEN": "s3cret-value"}


def operation(method: str, url: str, **more: Json) -> Operation:
    arguments: dict[str, Json] = {"method": method, "url": url, "headers": {}, "secret_headers": {}, **more}
    return Operation(Family.HTTP, "http.request", f"{method} {url}", arguments)


def calls(receiver: Receiver, *more: str) -> HttpCalls:
    return HttpCalls((f"127.0.0.1:{receiver.port}", *more), secret=SECRETS.__getitem__)


async def call(
    receiver: Receiver, method: str, path: str, *, timeout: timedelta = SOON, key: str = "key-1", **more: Json
) -> Performed:
    executor, asked = calls(receiver), operation(method, receiver.url + path, **more)
    shown = await executor.preview(asked, timeout=SOON)
    assert shown.problems == () and receiver.seen == []  # a preview sends nothing
    return await executor.perform(asked, shown, key=key, timeout=timeout)


async def test_the_preview_is_the_exact_request_with_secrets_by_name(receiver: Receiver) -> None:
    asked = operation(
        "POST",
        f"{receiver.url}/api/flag?x=1",
        json={"on": False},
        headers={"X-Team": "sre"},
        secret_headers={"Authorization": "Bearer ${FLAGS_TOKEN}", "X-Api-Key": "FLAGS_TOKEN"},
    )
    shown = await calls(receiver).preview(asked, timeout=SOON)
    assert shown.change == (
        f"POST {receiver.url}/api/flag?x=1",
        "Authorization: Bearer ${FLAGS_TOKEN}",
        "Content-Type: application/json",
        "X-Api-Key: ${FLAGS_TOKEN}",
        "X-Team: sre",
        '{"on":false}',
    )
    assert shown.counters == {"http_writes": 1} and "cannot be simulated" in shown.promise
    assert shown.facts == {"address": "loopback"} and shown.identity == "${FLAGS_TOKEN}"
    assert "s3cret" not in repr(shown) and receiver.seen == []


async def test_what_was_shown_is_what_is_sent(receiver: Receiver) -> None:
    done = await call(
        receiver,
        "POST",
        "/api/flag",
        json={"name": 'a"; DROP'},
        secret_headers={"Authorization": "Bearer ${FLAGS_TOKEN}"},
    )
    sent = receiver.seen[0]
    assert done.outcome is Outcome.SUCCEEDED and done.status == 200 and done.output == "ok"
    assert sent.headers["Authorization"] == "Bearer s3cret-value"
    assert json.loads(sent.body) == {"name": 'a"; DROP'} and "Idempotency-Key" not in sent.headers


async def test_only_a_request_declared_idempotent_carries_the_key(receiver: Receiver) -> None:
    await call(receiver, "PUT", "/x", body="on", replay="idempotent", key="INC-1-2-1")
    assert receiver.seen[0].headers["Idempotency-Key"] == "INC-1-2-1" and receiver.seen[0].body == b"on"


@pytest.mark.parametrize(
    ("status", "outcome", "is_repeatable"),
    [
        (200, Outcome.SUCCEEDED, False),
        (204, Outcome.SUCCEEDED, False),
        (302, Outcome.SUCCEEDED, False),
        (400, Outcome.FAILED, False),
        (403, Outcome.FAILED, False),
        (404, Outcome.FAILED, False),
        (409, Outcome.FAILED, False),
        (429, Outcome.FAILED, True),
        (500, Outcome.FAILED, False),
        (503, Outcome.FAILED, False),
    ],
)
async def test_F68_an_answer_is_proof(
    receiver: Receiver, status: int, outcome: Outcome, *, is_repeatable: bool
) -> None:
    done = await call(receiver, "POST", f"/status/{status}")
    assert (done.outcome, done.status, done.is_repeatable) == (outcome, status, is_repeatable)
    assert len(receiver.seen) == 1


@pytest.mark.parametrize("path", ["/reset", "/hang", "/half"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET"])
async def test_F68_a_lost_answer_is_unknown_unless_it_only_read_and_nothing_is_sent_twice(
    receiver: Receiver, method: str, path: str
) -> None:
    done = await call(receiver, method, path, timeout=SHORT)
    assert done.outcome is (Outcome.FAILED if method == "GET" else Outcome.UNKNOWN)
    assert done.is_repeatable is (method == "GET")
    assert len(receiver.seen) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_F68_a_refused_connection_proves_that_nothing_was_sent(receiver: Receiver, method: str) -> None:
    executor = HttpCalls(("127.0.0.1:1",), secret=SECRETS.__getitem__)
    asked = operation(method, "http://127.0.0.1:1/x")
    done = await executor.perform(asked, await executor.preview(asked, timeout=SOON), key="k", timeout=SOON)
    assert done.outcome is Outcome.FAILED and done.is_repeatable and "Nothing was sent" in done.detail


async def test_F68_tls_that_fails_proves_that_nothing_was_sent(receiver: Receiver) -> None:
    asked = operation("POST", f"https://127.0.0.1:{receiver.port}/x")
    executor = calls(receiver)
    done = await executor.perform(asked, await executor.preview(asked, timeout=SOON), key="k", timeout=SOON)
    assert done.outcome is Outcome.FAILED and done.is_repeatable and receiver.seen == []


@pytest.mark.parametrize("is_read", [True, False])
@pytest.mark.parametrize("trouble", list(Trouble))
def test_the_table_of_troubles_in_full(trouble: Trouble, *, is_read: bool) -> None:
    done = outcomes.of_trouble(trouble, is_read=is_read, reason="why")
    wanted = {
        Trouble.NOT_CONNECTED: (Outcome.FAILED, True),
        Trouble.NOT_ALLOWED: (Outcome.REFUSED, False),
        Trouble.LOST: (Outcome.FAILED, True) if is_read else (Outcome.UNKNOWN, False),
        Trouble.HALF: (Outcome.FAILED, True) if is_read else (Outcome.UNKNOWN, False),
        Trouble.LATE: (Outcome.FAILED, True) if is_read else (Outcome.UNKNOWN, False),
    }
    assert (done.outcome, done.is_repeatable) == wanted[trouble] and "why" in done.detail


async def test_a_long_answer_is_cut_and_cleaned(receiver: Receiver) -> None:
    big = await call(receiver, "GET", "/big/5000000")
    assert big.outcome is Outcome.SUCCEEDED and big.is_truncated and len(big.output) == 64 * 1024
    receiver.seen.clear()
    dirty = await call(receiver, "GET", "/dirty")
    assert "\x1b" not in dirty.output and "red" in dirty.output


async def test_a_read_follows_redirects_on_its_own_origin_only(receiver: Receiver) -> None:
    near = await call(receiver, "GET", "/to?where=/status/200")
    assert near.output == "status 200" and [one.path for one in receiver.seen] == [
        "/to?where=/status/200",
        "/status/200",
    ]
    receiver.seen.clear()
    far = await call(receiver, "GET", "/to?where=http://169.254.169.254/latest")
    assert far.status == 302 and "was not followed" in far.detail and len(receiver.seen) == 1
    receiver.seen.clear()
    port = await call(receiver, "GET", f"/to?where=http://localhost:{receiver.port}/")
    assert port.status == 302 and len(receiver.seen) == 1


async def test_a_redirect_loop_ends_and_a_write_is_never_redirected(receiver: Receiver) -> None:
    loop = await call(receiver, "GET", "/loop")
    assert loop.status == 302 and len(receiver.seen) == 4
    receiver.seen.clear()
    write = await call(receiver, "POST", "/to?where=/status/200")
    assert write.status == 302 and len(receiver.seen) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://localhost:{port}/",
        "http://[::1]:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f000001:{port}/",
        "http://0177.0.0.1:{port}/",
        "http://127.1:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://0.0.0.0:{port}/",
        "http://127.0.0.1:{other}/",
        "http://user:pass@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}@evil.example/",
        "http://127.0.0.1:{port}\\@evil.example/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
        "http:///x",
        "http://127.0.0.1:{port}/a b",
        "http://127.0.0.1:{port}/\r\nX: y",
    ],
)
async def test_F75_undeclared_places_are_refused_before_anything_is_sent(receiver: Receiver, url: str) -> None:
    executor = calls(receiver)
    asked = operation("GET", url.format(port=receiver.port, other=receiver.port + 1))
    shown = await executor.preview(asked, timeout=SOON)
    done = await executor.perform(asked, Preview(facts={"address": "loopback"}), key="k", timeout=SOON)
    assert shown.problems and done.outcome is Outcome.REFUSED and receiver.seen == []


async def test_F75_a_name_that_is_rebound_between_preview_and_call_is_refused(receiver: Receiver) -> None:
    answers = [["93.184.216.34"], ["127.0.0.1"]]

    async def look_up(host: str, port: int) -> Sequence[str]:
        return answers.pop(0) if len(answers) > 1 else answers[0]

    for rebound in ("127.0.0.1", "10.0.0.5", "169.254.169.254", "::ffff:7f00:1"):
        answers[:] = [["93.184.216.34"], [rebound]]
        executor = HttpCalls(("hooks.example",), secret=SECRETS.__getitem__, look_up=look_up)
        asked = operation("POST", f"http://hooks.example:{receiver.port}/x")
        shown = await executor.preview(asked, timeout=SOON)
        done = await executor.perform(asked, shown, key="k", timeout=SOON)
        assert shown.facts == {"address": "public"} and done.outcome is Outcome.REFUSED, rebound
    assert receiver.seen == []


async def test_a_name_without_an_address_is_a_problem_with_a_remedy() -> None:
    async def look_up(host: str, port: int) -> Sequence[str]:
        raise OSError("no such host")

    executor = HttpCalls(("gone.example",), secret=SECRETS.__getitem__, look_up=look_up)
    shown = await executor.preview(operation("GET", "http://gone.example/"), timeout=SOON)
    assert shown.problems == ("gone.example has no address. Check the name, or its DNS record.",)


async def test_a_missing_secret_is_named_and_nothing_is_sent(receiver: Receiver) -> None:
    asked = operation("POST", f"{receiver.url}/x", secret_headers={"Authorization": "NOT_THERE"})
    shown = await calls(receiver).preview(asked, timeout=SOON)
    done = await calls(receiver).perform(asked, Preview(facts={"address": "loopback"}), key="k", timeout=SOON)
    assert "NOT_THERE" in shown.problems[0] and done.outcome is Outcome.REFUSED and receiver.seen == []


@pytest.mark.parametrize(
    "headers", [{"X": "a\r\nY: b"}, {"Host": "evil"}, {"Content-Length": "0"}, {"A b": "c"}, {"Idempotency-Key": "x"}]
)
async def test_F73_no_header_smuggles_another_request(receiver: Receiver, headers: dict[str, Json]) -> None:
    shown = await calls(receiver).preview(operation("GET", f"{receiver.url}/x", headers=headers), timeout=SOON)
    assert shown.problems and "header" in shown.problems[0]


async def test_a_request_without_its_preview_is_refused(receiver: Receiver) -> None:
    done = await calls(receiver).perform(operation("POST", f"{receiver.url}/x"), Preview(), key="k", timeout=SOON)
    assert done.outcome is Outcome.REFUSED and receiver.seen == []
