"""The webhook server over a real socket: who is let in, what is refused, and that 202 means durable."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from prometheus_client import CollectorRegistry

from bot.adapters.alerts.server import Limits, Listening, Take, Webhooks
from bot.adapters.system_clock import SystemClock
from bot.core import errors
from bot.ports import Delivery
from tests.adapters.alerts import payloads

TOKEN = "correct-horse-battery"
CHUNKED = b"POST /webhook/generic HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


class Desk:
    """Takes deliveries as the store would, or fails as it would."""

    def __init__(self) -> None:
        self.taken: list[Delivery] = []
        self.trouble: errors.PageturnerError | None = None
        self.take_over: Take | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.problems: dict[str, str] = {"store": "", "slack": ""}

    async def receive(self, deliveries: list[Delivery]) -> int:
        await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        self.taken += deliveries
        return len(deliveries)

    def checks(self) -> Mapping[str, str]:
        return self.problems


@pytest.fixture
def desk() -> Desk:
    return Desk()


class Client:
    def __init__(self, session: aiohttp.ClientSession, port: int) -> None:
        self.session = session
        self.port = port

    async def call(self, method: str, path: str, **sent: Any) -> tuple[int, Mapping[str, str], Any]:
        """Status, headers and the JSON of the answer."""
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.session.request(method, url, **sent) as answer:
            return answer.status, answer.headers, json.loads(await answer.text())

    async def post(self, path: str, payload: object, **headers: str) -> tuple[int, Mapping[str, str], Any]:
        body = payload if isinstance(payload, bytes) else payloads.body(payload)
        return await self.call(
            "POST", path, data=io.BytesIO(body), headers={"Content-Type": "application/json", **headers}
        )

    async def send_raw(self, sent: bytes) -> bytes:
        """What the server says to these bytes until it closes the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(sent)
            async with asyncio.timeout(20):
                return await reader.read()
        finally:
            writer.close()


@asynccontextmanager
async def listening(desk: Desk, *, tokens: tuple[str, ...] = (), limits: Limits | None = None) -> AsyncIterator[Client]:
    webhooks = Webhooks(
        desk.receive, SystemClock(), tokens=tokens, checks=desk.checks, registry=CollectorRegistry(), limits=limits
    )
    served = await Listening.start(webhooks, "127.0.0.1", 0)
    async with aiohttp.ClientSession() as session:
        yield Client(session, served.port)
    await served.stop()


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[Client]:
    async with listening(desk) as found:
        yield found


async def test_an_accepted_group_is_counted_and_was_handed_over(client: Client, desk: Desk) -> None:
    before = datetime.now(UTC)

    status, _, answer = await client.post(
        "/webhook/alertmanager", payloads.group(payloads.alert(), payloads.alert(pod="b", status="resolved"))
    )

    assert (status, answer) == (202, {"received": 2})
    assert [each.alert.is_firing for each in desk.taken] == [True, False]
    assert all(before <= each.received_at <= datetime.now(UTC) for each in desk.taken)
    assert [each.key for each in desk.taken] == ["", ""]


async def test_F01_the_answer_waits_until_the_alerts_are_durable(client: Client, desk: Desk) -> None:
    desk.gate.clear()
    waiting = asyncio.create_task(client.post("/webhook/generic", {"title": "x"}))
    done, _ = await asyncio.wait([waiting], timeout=0.1)
    assert not done

    desk.gate.set()

    assert (await waiting)[0] == 202


async def test_a_sender_may_name_its_delivery_so_that_a_retry_is_recognised(client: Client, desk: Desk) -> None:
    sent = {"alerts": [{"title": "a"}, {"title": "b"}]}

    await client.post("/webhook/generic", sent, **{"Idempotency-Key": "call-7"})

    assert [each.key for each in desk.taken] == ["call-7/0", "call-7/1"]


async def test_truncated_alerts_are_told_back(client: Client) -> None:
    _, _, answer = await client.post("/webhook/alertmanager", payloads.group(payloads.alert(), truncatedAlerts=3))

    assert answer == {"received": 1, "truncated": 3}


async def test_a_call_without_alerts_stores_nothing(client: Client, desk: Desk) -> None:
    status, _, answer = await client.post("/webhook/alertmanager", payloads.group())

    assert (status, answer, desk.taken) == (202, {"received": 0}, [])


@pytest.mark.parametrize(
    ("trouble", "retry_after"),
    [
        (errors.Transient("the store cannot be written", retry_after_seconds=2.5), "3"),
        (errors.Transient("overloaded", retry_after_seconds=0.1), "1"),
        (errors.Permanent("another process took the database over"), "60"),
    ],
)
async def test_F18_what_cannot_be_stored_is_503_so_that_the_sender_keeps_it(
    client: Client, desk: Desk, trouble: errors.PageturnerError, retry_after: str
) -> None:
    desk.trouble = trouble

    status, headers, answer = await client.post("/webhook/generic", {"title": "x"})

    assert (status, headers["Retry-After"], answer["error"]) == (503, retry_after, "unavailable")
    assert str(trouble) in answer["message"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not json",
        b'{"title": "x", "title": "y"}',
        b'{"title": NaN}',
        b'{"title": "\xff"}',
        b'{"title": "\\u0000"}',
        b'{"title": "\\ud800"}',
        b"[" * 10_000,
        b'{"title": 1}',
        b"[]",
    ],
)
async def test_F57_a_malformed_body_is_400_with_a_sentence(client: Client, desk: Desk, raw: bytes) -> None:
    status, _, answer = await client.post("/webhook/generic", raw)

    assert (status, answer["error"]) == (400, "malformed")
    assert len(answer["message"]) > 10
    assert desk.taken == []


async def test_one_broken_alert_refuses_the_whole_call_and_names_its_place(client: Client, desk: Desk) -> None:
    broken = payloads.alert() | {"labels": {"alertname": 5}}

    status, _, answer = await client.post("/webhook/alertmanager", payloads.group(payloads.alert(), broken))

    assert status == 400
    assert answer["message"].startswith("alerts[1].labels.alertname: ")
    assert desk.taken == []


async def test_F51_a_thousand_alerts_in_one_call_are_taken_and_one_more_is_refused(client: Client, desk: Desk) -> None:
    thousand = [{"title": f"a{number}"} for number in range(1_000)]

    status, _, answer = await client.post("/webhook/generic", {"alerts": thousand})
    assert (status, answer, len(desk.taken)) == (202, {"received": 1_000}, 1_000)

    status, _, answer = await client.post("/webhook/generic", {"alerts": [*thousand, {"title": "one more"}]})
    assert (status, answer["error"], len(desk.taken)) == (413, "too_large", 1_000)


async def test_F57_a_body_over_the_limit_is_413_by_its_declared_length_before_any_of_it_came(client: Client) -> None:
    answer = await client.send_raw(b"POST /webhook/generic HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"too_large"' in answer


async def test_F57_a_body_one_byte_over_the_limit_is_413(client: Client, desk: Desk) -> None:
    status, _, answer = await client.post("/webhook/generic", b" " * (2 * 1024 * 1024 + 1))

    assert (status, answer["error"], desk.taken) == (413, "too_large", [])


async def test_a_body_of_exactly_the_limit_is_read(client: Client) -> None:
    body = b'{"title": "x"}'

    status, _, _ = await client.post("/webhook/generic", body + b" " * (2 * 1024 * 1024 - len(body)))

    assert status == 202


async def test_F57_a_chunked_body_over_the_limit_is_413_while_it_still_comes(desk: Desk) -> None:
    async with listening(desk, limits=Limits(body_bytes=1_000)) as client:
        chunk = b"3e8\r\n" + b" " * 1_000 + b"\r\n"

        answer = await client.send_raw(
            b"POST /webhook/generic HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            + chunk * 3
            + b"0\r\n\r\n"
        )

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert desk.taken == []


async def test_F57_a_dripping_body_is_cut_off_and_others_are_served_meanwhile(desk: Desk) -> None:
    async with listening(desk, limits=Limits(read_seconds=0.3)) as client:
        dripping = asyncio.create_task(
            client.send_raw(
                b"POST /webhook/generic HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"
            )
        )
        status, _, _ = await client.post("/webhook/generic", {"title": "meanwhile"})

        assert status == 202
        assert (await dripping).startswith(b"HTTP/1.1 408 ")
    assert [each.alert.name for each in desk.taken] == ["meanwhile"]


async def test_a_sender_that_hangs_up_leaves_nothing_behind(client: Client, desk: Desk) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(b'POST /webhook/generic HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"title"')
    await writer.drain()
    writer.close()
    await writer.wait_closed()

    status, _, _ = await client.post("/webhook/generic", {"title": "next"})

    assert (status, [each.alert.name for each in desk.taken]) == (202, ["next"])
    assert reader.at_eof() or reader.exception() is None


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, identity"])
async def test_F57_an_encoded_body_is_415_and_never_unpacked(client: Client, desk: Desk, encoding: str) -> None:
    status, _, answer = await client.call(
        "POST", "/webhook/generic", data=b"\x1f\x8b\x08\x00", headers={"Content-Encoding": encoding}
    )

    assert (status, answer["error"], desk.taken) == (415, "unsupported", [])


async def test_the_identity_encoding_is_no_encoding(client: Client) -> None:
    status, _, _ = await client.post("/webhook/generic", {"title": "x"}, **{"Content-Encoding": "identity"})

    assert status == 202


# --- who is let in ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {TOKEN}"},
        {"Authorization": f"bearer {TOKEN}"},
        {"X-Api-Key": TOKEN},
        {"X-Api-Key": "the-next-token"},
    ],
)
async def test_F56_each_current_token_opens_in_both_places(desk: Desk, headers: dict[str, str]) -> None:
    async with listening(desk, tokens=(TOKEN, "the-next-token")) as client:
        status, _, _ = await client.post("/webhook/generic", {"title": "x"}, **headers)

    assert status == 202


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer "}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"X-Api-Key": ""}, 401),
        ({"Authorization": "Bearer wrong"}, 403),
        ({"Authorization": f"Bearer {TOKEN}x"}, 403),
        ({"Authorization": f"Bearer {TOKEN[:-1]}"}, 403),
        ({"X-Api-Key": TOKEN.upper()}, 403),
        ({"X-Api-Key": "tökén"}, 403),
    ],
)
async def test_F56_without_a_current_token_nothing_is_read(desk: Desk, headers: dict[str, str], status: int) -> None:
    async with listening(desk, tokens=(TOKEN,)) as client:
        found, answered, answer = await client.post("/webhook/generic", b"not even json", **headers)

    assert found == status
    assert answer["error"] == {401: "unauthorized", 403: "forbidden"}[status]
    assert ("WWW-Authenticate" in answered) is (status == 401)
    assert TOKEN not in json.dumps(answer)
    assert desk.taken == []


async def test_a_web_page_cannot_post_alerts(client: Client, desk: Desk) -> None:
    status, _, _ = await client.post("/webhook/generic", {"title": "x"}, Origin="http://evil.example")

    assert (status, desk.taken) == (403, [])


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.7", "pageturner.example.com"])  # noqa: S104
async def test_it_refuses_to_listen_beyond_this_machine_without_a_token(desk: Desk, host: str) -> None:
    webhooks = Webhooks(desk.receive, SystemClock(), tokens=(), checks=desk.checks, registry=CollectorRegistry())

    with pytest.raises(errors.Invalid, match="PAGETURNER_WEBHOOK_TOKEN"):
        await Listening.start(webhooks, host, 0)


@pytest.mark.parametrize("token", ["", "  "])
async def test_a_blank_token_is_an_error_not_an_open_door(desk: Desk, token: str) -> None:
    webhooks = Webhooks(desk.receive, SystemClock(), tokens=(token,), checks=desk.checks, registry=CollectorRegistry())

    with pytest.raises(errors.Invalid, match="blank"):
        await Listening.start(webhooks, "127.0.0.1", 0)


async def test_a_taken_port_is_named(client: Client, desk: Desk) -> None:
    webhooks = Webhooks(desk.receive, SystemClock(), tokens=(), checks=desk.checks, registry=CollectorRegistry())

    with pytest.raises(errors.Permanent, match=f"127.0.0.1:{client.port}"):
        await Listening.start(webhooks, "127.0.0.1", client.port)


# --- the rest of the front -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["datadog", "sentry", "x" * 500])
async def test_a_source_that_is_not_served_is_404_and_says_which_are(client: Client, source: str) -> None:
    status, _, answer = await client.post(f"/webhook/{source}", {})

    assert (status, answer["error"]) == (404, "not_found")
    assert "/webhook/alertmanager, /webhook/generic" in answer["message"]
    assert len(answer["message"]) < 300


@pytest.mark.parametrize(("path", "status"), [("/", 404), ("/webhook/", 404), ("/webhook/generic", 405)])
async def test_other_pages_and_methods_answer_in_json_too(client: Client, path: str, status: int) -> None:
    found, _, answer = await client.call("GET", path)

    assert found == status
    assert set(answer) == {"error", "message"}


async def test_it_is_live_whatever_is_not_ready(client: Client, desk: Desk) -> None:
    desk.problems["slack"] = "the socket is closed"

    status, _, answer = await client.call("GET", "/healthz")

    assert (status, answer) == (200, {"status": "live"})


async def test_readiness_names_each_check(client: Client, desk: Desk) -> None:
    assert (await client.call("GET", "/readyz"))[::2] == (
        200,
        {"status": "ready", "checks": {"slack": "ok", "store": "ok"}},
    )

    desk.problems["slack"] = "the socket is closed"

    assert (await client.call("GET", "/readyz"))[::2] == (
        503,
        {"status": "not ready", "checks": {"slack": "the socket is closed", "store": "ok"}},
    )


async def test_metrics_count_calls_and_alerts_and_no_strangers_words(client: Client) -> None:
    await client.post("/webhook/alertmanager", payloads.group(payloads.alert(), payloads.alert(pod="b")))
    await client.post("/webhook/generic", b"broken")
    await client.post("/webhook/whatever-somebody-typed", {})

    async with client.session.get(f"http://127.0.0.1:{client.port}/metrics") as answer:
        text = await answer.text()

    assert 'pageturner_webhook_alerts_total{source="alertmanager"} 2.0' in text
    assert 'pageturner_webhook_calls_total{source="generic",status="400"} 1.0' in text
    assert 'pageturner_webhook_calls_total{source="unknown",status="404"} 1.0' in text
    assert "whatever-somebody-typed" not in text


async def test_stopping_lets_calls_under_way_finish(desk: Desk) -> None:
    webhooks = Webhooks(desk.receive, SystemClock(), tokens=(), checks=desk.checks, registry=CollectorRegistry())
    served = await Listening.start(webhooks, "127.0.0.1", 0)
    desk.gate.clear()
    async with aiohttp.ClientSession() as session:
        call = asyncio.create_task(Client(session, served.port).post("/webhook/generic", {"title": "x"}))
        await asyncio.wait([call], timeout=0.1)
        stopping = asyncio.create_task(served.stop())
        await asyncio.wait([stopping], timeout=0.1)
        desk.gate.set()

        assert (await call)[0] == 202
        await stopping
