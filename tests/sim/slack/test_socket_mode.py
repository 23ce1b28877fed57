"""Tickets, greetings, acks in three seconds, redelivery, disconnects, and the eleventh connection."""

import asyncio
from typing import Any

import aiohttp
import pytest

from bot.sim.slack.journal import Status
from bot.sim.slack.outcomes import Result
from bot.sim.slack.server import SlackSim
from bot.sim.slack.settings import Settings
from tests.sim.slack import builders as b
from tests.sim.slack.worlds import Api, App, World

Json = dict[str, Any]  # Any: Slack's payloads are open JSON


async def sent(sim: SlackSim, kind: str, count: int = 1) -> None:
    """Returns once so many deliveries of this kind have left."""

    def left(_: object) -> bool | None:
        return True if len(sim.journal.of(kind)) >= count else None

    if not left(None):
        await sim.feed.first(left, after=sim.feed.last_seq, timeout=5)


async def test_hello_comes_first(world: World, sim: SlackSim) -> None:
    app = await world.connect(sim)

    hello = await app.next()

    assert hello["type"] == "hello"
    assert hello["num_connections"] == 1
    assert hello["connection_info"] == {"app_id": "A0APP"}
    assert hello["debug_info"]["approximate_connection_time"] == 18060


async def test_a_ticket_works_once(world: World, api: Api, app: App) -> None:
    url = (await (await api.raw("apps.connections.open")).json())["url"]
    async with world.http.ws_connect(url):
        pass

    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await world.http.ws_connect(url)

    assert refused.value.status == 403


async def test_a_ticket_goes_stale(world: World, api: Api) -> None:
    url = (await (await api.raw("apps.connections.open")).json())["url"]
    world.time.seconds += 31

    with pytest.raises(aiohttp.WSServerHandshakeError):
        await world.http.ws_connect(url)


async def test_the_eleventh_connection_is_told_to_go(world: World, sim: SlackSim) -> None:
    for number in range(10):
        hello = await (await world.connect(sim)).next()
        assert hello["num_connections"] == number + 1

    eleventh = await (await world.connect(sim)).next()

    assert (eleventh["type"], eleventh["reason"]) == ("disconnect", "too_many_websockets")


async def test_each_payload_goes_to_exactly_one_connection(world: World, sim: SlackSim) -> None:
    apps = [await world.connect(sim) for _ in range(2)]
    for one in apps:
        await one.next("hello")

    for _ in range(4):
        await sim.command("U0ANA", "/runbook list")

    assert [one.frames.qsize() for one in apps] == [2, 2]


async def test_pings_are_echoed(world: World, sim: SlackSim) -> None:
    async with await Api(sim, world.http).raw("apps.connections.open") as response:
        url = (await response.json())["url"]
    async with world.http.ws_connect(url, autoping=False) as socket:
        await socket.receive()
        await socket.ping(b"sdk-ping-pong:1")

        pong = await socket.receive()

    assert (pong.type, pong.data) == (aiohttp.WSMsgType.PONG, b"sdk-ping-pong:1")


@pytest.mark.parametrize("payload", [None, {"text": "done"}])
async def test_an_ack_may_come_over_another_connection(
    world: World, sim: SlackSim, app: App, payload: Json | None
) -> None:
    app.answer = lambda _: None
    running = asyncio.create_task(sim.command("U0ANA", "/runbook list"))
    envelope = await app.next("slash_commands")
    other = await world.connect(sim)

    await other.ack(envelope, payload)

    assert (await running).acked


@pytest.mark.parametrize(("seconds", "acked"), [(2.9, True), (3.1, False)])
async def test_an_ack_must_come_within_three_seconds(sim: SlackSim, app: App, seconds: float, acked: bool) -> None:
    app.answer = lambda _: None
    running = asyncio.create_task(sim.command("U0ANA", "/runbook list"))
    envelope = await app.next("slash_commands")

    sim.clock.advance(seconds)
    await app.ack(envelope)
    outcome = await running

    assert outcome.acked is acked
    if not acked:
        assert outcome.text == '/runbook failed with the error "operation_timeout"'
        assert (await sim.wait_for_ephemeral("U0ANA"))["text"] == outcome.text


async def test_a_late_ack_is_noted(sim: SlackSim, app: App) -> None:
    app.answer = lambda _: None
    running = asyncio.create_task(sim.command("U0ANA", "/runbook list"))
    envelope = await app.next("slash_commands")
    sim.clock.advance(3.1)
    await running
    seen = sim.feed.last_seq

    await app.ack(envelope)
    await sim.feed.more(seen)

    assert sim.journal.of("/runbook")[0].late_ack
    assert "no_ack" in sim.warnings.codes()


async def test_a_slow_ack_is_a_warning(sim: SlackSim, app: App) -> None:
    app.answer = lambda _: None
    running = asyncio.create_task(sim.command("U0ANA", "/runbook list"))
    envelope = await app.next("slash_commands")
    sim.clock.advance(1.5)
    await app.ack(envelope)
    await running

    assert "slow_ack" in sim.warnings.codes()
    assert sim.journal.of("/runbook")[0].latency_seconds == pytest.approx(1.5)


async def test_without_an_app_a_command_fails_to_dispatch(sim: SlackSim) -> None:
    outcome = await sim.command("U0ANA", "/runbook list")

    assert outcome.result is Result.UNREACHABLE
    assert (await sim.wait_for_ephemeral("U0ANA"))["text"] == '/runbook failed with the error "dispatch_failed"'


async def test_an_unacked_button_leaves_a_mark_and_is_not_sent_again(sim: SlackSim, api: Api, app: App) -> None:
    posted = await api("chat.postMessage", channel="C0INC", text="x", blocks=[b.actions(b.button())])
    app.answer = lambda _: None
    running = asyncio.create_task(sim.click("U0ANA", channel="C0INC", message_ts=posted["ts"], action_id="go"))
    await app.next("interactive")
    seen = sim.feed.last_seq
    sim.clock.advance(3.1)
    outcome = await running
    sim.clock.advance(600)

    assert outcome.result is Result.TIMEOUT
    assert "action.failed" in [change.type for change in sim.feed.since(seen)]
    assert len(sim.journal.of("block_actions")) == 1


async def test_an_unacked_submission_keeps_the_modal_open(sim: SlackSim, api: Api, app: App) -> None:
    await sim.command("U0ANA", "/runbook list")
    trigger = (await app.next("slash_commands"))["payload"]["trigger_id"]
    view = (await api("views.open", trigger_id=trigger, view=b.modal()))["view"]
    app.answer = lambda _: None
    running = asyncio.create_task(sim.submit("U0ANA", view["id"], {"typed": "x"}))
    await app.next("interactive")
    sim.clock.advance(3.1)

    assert (await running).result is Result.TIMEOUT
    assert sim.workspace.views.stack("U0ANA")[0]["id"] == view["id"]


async def test_an_unacked_event_comes_three_times_more_with_the_same_event_id(sim: SlackSim, app: App) -> None:
    app.answer = lambda _: None
    await sim.post("U0ANA", "incidents", "hello")
    envelopes = [await app.next("events_api")]
    for delay in (0.0, 60.0, 300.0):
        sim.clock.advance(3.1)
        sim.clock.advance(delay)
        envelopes.append(await app.next("events_api"))
    sim.clock.advance(3.1)

    assert [one["retry_attempt"] for one in envelopes] == [0, 1, 2, 3]
    assert [one["retry_reason"] for one in envelopes] == ["", "timeout", "timeout", "timeout"]
    assert len({one["payload"]["event_id"] for one in envelopes}) == 1
    assert len({one["envelope_id"] for one in envelopes}) == 4
    assert sim.journal.deliveries[-1].status is Status.GIVEN_UP


async def test_events_wait_for_a_connection(world: World, sim: SlackSim) -> None:
    await sim.post("U0ANA", "incidents", "hello")
    assert sim.socket.queued_events == 1

    app = await world.connect(sim)
    envelope = await app.next("events_api")

    assert envelope["payload"]["event"]["text"] == "hello"
    assert sim.socket.queued_events == 0


async def test_events_lost_with_a_cut_connection_come_again(world: World, sim: SlackSim, app: App) -> None:
    app.answer = lambda _: None
    await sim.post("U0ANA", "incidents", "hello")
    first = await app.next("events_api")
    sim.socket.cut()
    other = await world.connect(sim)
    await other.next("hello")
    sim.clock.advance(3.1)

    again = await other.next("events_api")

    assert again["payload"]["event_id"] == first["payload"]["event_id"]


@pytest.mark.parametrize("reason", ["refresh_requested", "link_disabled"])
async def test_a_dismissed_connection_gets_nothing_more(sim: SlackSim, app: App, reason: str) -> None:
    sim.socket.disconnect(reason)

    frame = await app.next()

    assert (frame["type"], frame["reason"]) == ("disconnect", reason)
    assert not sim.socket.is_connected
    assert (await sim.command("U0ANA", "/runbook list")).result is Result.UNREACHABLE


async def test_a_warned_connection_still_works_for_ten_seconds(sim: SlackSim, app: App) -> None:
    sim.socket.disconnect("warning")

    assert (await app.next())["reason"] == "warning"
    assert (await sim.command("U0ANA", "/runbook list")).acked
    await app.next("slash_commands")
    sim.clock.advance(10)
    assert (await app.next())["reason"] == "refresh_requested"


async def test_a_connection_is_recycled_when_its_time_is_up(world: World) -> None:
    sim = await world.start(settings=Settings(connection_seconds=100))
    app = await world.connect(sim)
    await app.next("hello")

    sim.clock.advance(90)
    warning = await app.next()
    sim.clock.advance(10)

    assert warning["reason"] == "warning"
    assert (await app.next())["reason"] == "refresh_requested"


async def test_a_silent_connection_swallows_payloads_and_pings(sim: SlackSim, app: App) -> None:
    sim.socket.silence()

    running = asyncio.create_task(sim.command("U0ANA", "/runbook list"))
    await sent(sim, "/runbook")
    sim.clock.advance(3.1)

    assert (await running).result is Result.TIMEOUT
    assert app.frames.empty()


async def test_acks_can_be_delayed(sim: SlackSim, app: App) -> None:
    sim.faults.ack_delay_seconds = 5
    running = asyncio.create_task(sim.command("U0ANA", "/runbook list"))
    await app.next("slash_commands")
    sim.clock.advance(3.1)

    assert (await running).result is Result.TIMEOUT


async def test_a_refused_upgrade_spends_no_ticket_of_the_next(world: World, sim: SlackSim) -> None:
    sim.faults.refused_upgrades = 1

    with pytest.raises(aiohttp.WSServerHandshakeError):
        await world.connect(sim)
    assert (await (await world.connect(sim)).next())["type"] == "hello"


async def test_nonsense_from_the_app_is_ignored(sim: SlackSim, app: App) -> None:
    await app.socket.send_str("not json")
    await app.socket.send_str("[]")
    await app.socket.send_bytes(b"x")
    await app.socket.send_json({"envelope_id": "unknown"})

    assert (await sim.command("U0ANA", "/runbook list")).acked


async def test_a_mention_is_delivered_twice_under_two_event_ids(sim: SlackSim, app: App) -> None:
    ts = await sim.post("U0ANA", "incidents", "@pageturner status")

    bodies = [(await app.next("events_api"))["payload"] for _ in range(2)]

    assert [body["event"]["type"] for body in bodies] == ["message", "app_mention"]
    assert {body["event"]["ts"] for body in bodies} == {ts}
    assert len({body["event_id"] for body in bodies}) == 2
    assert bodies[0]["event"]["blocks"][0]["type"] == "rich_text"


async def test_only_subscribed_events_of_ones_own_channels_are_delivered(world: World) -> None:
    settings = {"event_subscriptions": {"bot_events": ["app_mention"]}}
    sim = await world.start(manifest={"settings": settings})
    app = await world.connect(sim)
    await app.next("hello")

    await sim.post("U0ANA", "incidents", "nothing")
    await sim.post("U0ANA", "general", "@pageturner you are not here")
    await sim.post("U0ANA", "incidents", "@pageturner hello")

    assert [delivery.kind for delivery in sim.journal.deliveries] == ["app_mention"]


async def test_the_bots_own_posts_come_back_as_events(api: Api, app: App) -> None:
    await api("chat.postMessage", channel="C0INC", text="mine")

    event = (await app.next("events_api"))["payload"]["event"]

    assert (event["bot_id"], event["channel_type"], event["event_ts"]) == ("B0BOT", "channel", event["ts"])
