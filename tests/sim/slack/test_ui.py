"""The page's protocol: snapshot, event stream, acts, and who is kept out."""

import json
from typing import Any

import pytest

from bot.sim.slack.server import SlackSim
from bot.sim.slack.settings import Settings
from tests.sim.slack import builders as b
from tests.sim.slack.worlds import Api, App, World

Json = dict[str, Any]  # Any: the page's protocol is JSON
ACT = {"X-Sim": "1"}


async def get(world: World, sim: SlackSim, path: str, **headers: str) -> tuple[int, Json]:
    async with world.http.get(f"http://{sim.host}{path}", headers=headers) as response:
        return response.status, await response.json()


async def act(world: World, sim: SlackSim, path: str, **body: object) -> tuple[int, Json]:
    async with world.http.post(f"http://{sim.host}{path}", json=body, headers=ACT) as response:
        return response.status, await response.json()


async def test_a_snapshot_holds_everything_that_one_person_sees(world: World, sim: SlackSim, api: Api) -> None:
    await api("chat.postMessage", channel="C0INC", text="<!subteam^S0SRE> look")
    await api("chat.postEphemeral", channel="C0INC", user="U0ANA", text="psst")

    status, state = await get(world, sim, "/ui/state?user=U0ANA")
    _, other = await get(world, sim, "/ui/state?user=U0BEN")

    assert status == 200
    assert set(state) == {
        "team", "me", "users", "usergroups", "channels", "commands", "shortcuts", "messages",
        "ephemeral", "views", "home", "inspector", "warnings", "seq",
    }  # fmt: skip
    assert state["messages"]["C0INC"][0]["notifies"] == ["U0ANA", "U0BEN"]
    assert [message["text"] for message in state["ephemeral"]] == ["psst"]
    assert other["ephemeral"] == []
    direct = [channel for channel in state["channels"] if channel["is_im"]]
    assert [channel["im_with"] for channel in direct] == ["U0ANA"]


async def test_a_guest_sees_only_the_channels_that_she_is_in(world: World, sim: SlackSim) -> None:
    _, state = await get(world, sim, "/ui/state?user=U0DEE")

    names = [channel["name"] for channel in state["channels"] if not channel["is_im"]]
    assert names == ["incidents"]


async def streamed(world: World, sim: SlackSim, user: str, until: str) -> list[Json]:
    """The changes since the start, up to the first of this type."""
    seen: list[Json] = []
    url = f"http://{sim.host}/ui/events?user={user}&since=0"
    async with world.http.get(url) as response:
        assert response.content_type == "text/event-stream"
        async for line in response.content:
            if line.startswith(b"data: "):
                seen.append(json.loads(line.removeprefix(b"data: ")))
                if seen[-1]["type"] == until:
                    break
    return seen


async def test_the_stream_tells_each_person_what_concerns_them(world: World, sim: SlackSim, api: Api) -> None:
    await api("chat.postMessage", channel="C0INC", text="<@U0BEN> look")
    await api("chat.postEphemeral", channel="C0INC", user="U0ANA", text="psst")
    await api("views.publish", user_id="U0BEN", view=b.home())
    await sim.post("U0ANA", "general", "the end")
    await api("chat.postEphemeral", channel="C0INC", user="U0DEE", text="only Dee")

    ben = await streamed(world, sim, "U0BEN", "home.published")
    dee = await streamed(world, sim, "U0DEE", "ephemeral.posted")

    kinds = [change["type"] for change in ben if change["type"] != "delivery"]
    assert kinds == ["message.posted", "notification", "home.published"]
    assert [change["seq"] for change in ben] == sorted(change["seq"] for change in ben)
    posted = [change["channel"] for change in dee if change["type"] == "message.posted"]
    assert posted == ["C0INC"]


async def test_a_person_acts_through_the_page(world: World, sim: SlackSim, api: Api, app: App) -> None:
    base = {"user": "U0ANA", "channel": "C0INC"}
    _, posted = await act(world, sim, "/ui/message", **base, text="@ben look")
    await act(world, sim, "/ui/reaction", **base, ts=posted["ts"], name="eyes")
    await act(world, sim, "/ui/command", **base, text="/runbook list")
    command = (await app.next("slash_commands"))["payload"]
    view = (await api("views.open", trigger_id=command["trigger_id"], view=b.modal()))["view"]
    given = {"typed": {"typed": {"type": "plain_text_input", "value": "api"}}}
    app.answer = lambda _: {"response_action": "errors", "errors": {"typed": "no"}}
    errors = await act(world, sim, "/ui/view/submit", user="U0ANA", view_id=view["id"], state=given)
    app.answer = lambda _: {}
    closed = await act(world, sim, "/ui/view/submit", user="U0ANA", view_id=view["id"], state=given)

    message = sim.workspace.channels.find("C0INC").messages[posted["ts"]]
    assert message["text"] == "<@U0BEN> look"
    assert message["reactions"][0]["users"] == ["U0ANA"]
    assert errors == (200, {"result": "errors", "errors": {"typed": "no"}})
    assert closed == (200, {"result": "closed"})


async def test_a_button_is_pressed_through_the_page(world: World, sim: SlackSim, api: Api, app: App) -> None:
    row = b.actions(b.button(value="v"), block_id="row")
    posted = await api("chat.postMessage", channel="C0INC", text="x", blocks=[row])
    where = {"user": "U0ANA", "channel": "C0INC", "message_ts": posted["ts"], "block_id": "row"}

    assert await act(world, sim, "/ui/action", **where, action_id="go") == (200, {})
    status, refusal = await act(world, sim, "/ui/action", **where, action_id="gone")

    assert (await app.next("interactive"))["payload"]["actions"][0]["value"] == "v"
    assert (status, refusal["error"]) == (400, "element_not_found")


async def test_a_command_in_a_thread_is_refused(world: World, sim: SlackSim) -> None:
    status, body = await act(
        world, sim, "/ui/command", user="U0ANA", channel="C0INC", text="/runbook list", in_thread=True
    )

    assert (status, body["error"]) == (400, "not_supported_in_threads")


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, "missing_header"),
        ({"X-Sim": "1", "Origin": "https://evil.example"}, "forbidden_origin"),
        ({"X-Sim": "1", "Host": "evil.example"}, "forbidden_host"),
    ],
)
@pytest.mark.parametrize("path", ["/ui/message", "/sim/faults"])
async def test_requests_that_are_not_from_the_page_are_refused(
    world: World, sim: SlackSim, path: str, headers: dict[str, str], error: str
) -> None:
    async with world.http.post(f"http://{sim.host}{path}", json={}, headers=headers) as response:
        assert response.status == 403
        assert (await response.json())["error"] == error


async def test_a_rebound_name_reads_nothing(world: World, sim: SlackSim) -> None:
    status, body = await get(world, sim, "/ui/state?user=U0ANA", Host="evil.example")

    assert (status, body["error"]) == (403, "forbidden_host")


@pytest.mark.parametrize("name", ["..%2Fserver.py", "server.py", "missing.js", "%2e%2e%5cui.py"])
async def test_only_the_pages_own_files_are_served(world: World, sim: SlackSim, name: str) -> None:
    status, body = await get(world, sim, f"/ui/static/{name}")

    assert (status, body["error"]) == (404, "not_found")


async def test_faults_disconnects_and_the_clock_are_controlled_over_http(
    world: World, sim: SlackSim, api: Api, app: App
) -> None:
    _, planted = await act(world, sim, "/sim/faults", method="chat.postMessage", kind="error", error="fatal_error")
    failed = await api("chat.postMessage", channel="C0INC", text="x")
    status, wrong = await act(world, sim, "/sim/faults", method="x", kind="magic")
    await act(world, sim, "/sim/disconnect", reason="refresh_requested")
    frame = await app.next()
    _, before = await get(world, sim, "/sim/clock")
    _, after = await act(world, sim, "/sim/clock", advance=60)

    assert planted["faults"] == [{"method": "chat.postMessage", "kind": "error", "times": 1}]
    assert failed["error"] == "fatal_error"
    assert (status, wrong["error"]) == (400, "invalid_arguments")
    assert frame["reason"] == "refresh_requested"
    assert after["now"] - before["now"] == 60


async def test_the_journal_tells_latency_and_ack(world: World, sim: SlackSim, app: App) -> None:
    app.answer = lambda _: {"text": "done"}
    await sim.command("U0ANA", "/runbook list")

    _, journal = await get(world, sim, "/sim/journal")

    entry = journal["deliveries"][0]
    assert (entry["kind"], entry["status"], entry["ack"]) == ("/runbook", "acked", {"text": "done"})
    assert entry["latency_ms"] == 0.0


async def test_a_reader_that_was_away_too_long_is_told_to_start_over(world: World) -> None:
    sim = await world.start(settings=Settings(feed_size=3))
    for number in range(5):
        await sim.post("U0ANA", "incidents", f"{number}")

    seen = await streamed(world, sim, "U0BEN", "reset")

    assert seen == [{"seq": sim.feed.last_seq, "type": "reset"}]
