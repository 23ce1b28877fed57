"""Buttons, commands, shortcuts and response_urls."""

import asyncio
from typing import Any

import pytest

from bot.sim.slack.errors import SlackError
from bot.sim.slack.outcomes import Result
from bot.sim.slack.server import SlackSim
from tests.sim.slack import builders as b
from tests.sim.slack.worlds import Api, App, World

Json = dict[str, Any]  # Any: Slack's payloads are open JSON


async def clicked(sim: SlackSim, api: Api, app: App, *blocks: Json) -> Json:
    """The payload of a click on a fresh message."""
    shown = list(blocks) or [b.actions(b.button(value="v"), block_id="row")]
    posted = await api("chat.postMessage", channel="C0INC", text="x", blocks=shown)
    await sim.click("U0ANA", channel="C0INC", message_ts=posted["ts"], action_id="go")
    payload: Json = (await app.next("interactive"))["payload"]
    return payload


async def respond(world: World, url: str, **body: object) -> tuple[int, str]:
    async with world.http.post(url, json=body) as response:
        return response.status, await response.text()


async def test_a_click_carries_message_container_and_trigger(sim: SlackSim, api: Api, app: App) -> None:
    payload = await clicked(sim, api, app)

    message = payload["message"]
    assert payload["type"] == "block_actions"
    assert payload["user"] == {"id": "U0ANA", "username": "ana", "name": "ana", "team_id": "T0ACME"}
    assert payload["container"] == {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": "C0INC",
        "is_ephemeral": False,
    }
    assert payload["channel"] == {"id": "C0INC", "name": "incidents"}
    assert payload["actions"][0] | {"action_ts": ""} == {
        "type": "button",
        "action_id": "go",
        "block_id": "row",
        "action_ts": "",
        "text": b.plain("Go"),
        "value": "v",
    }
    assert payload["trigger_id"].count(".") == 2
    assert payload["is_enterprise_install"] is False


async def test_among_equal_buttons_the_value_decides(sim: SlackSim, api: Api, app: App) -> None:
    row = [b.actions(b.button(value="one")), b.actions(b.button(value="two"))]
    posted = await api("chat.postMessage", channel="C0INC", text="x", blocks=row)

    await sim.click("U0ANA", channel="C0INC", message_ts=posted["ts"], action_id="go", value={"value": "two"})

    assert (await app.next("interactive"))["payload"]["actions"][0]["value"] == "two"


async def test_a_button_that_is_gone_cannot_be_pressed(sim: SlackSim, api: Api, app: App) -> None:
    posted = await api("chat.postMessage", channel="C0INC", text="x", blocks=[b.actions(b.button())])
    await api("chat.update", channel="C0INC", ts=posted["ts"], text="done")

    with pytest.raises(SlackError, match="element_not_found"):
        await sim.click("U0ANA", channel="C0INC", message_ts=posted["ts"], action_id="go")


async def test_a_select_reports_the_chosen_option_and_state(sim: SlackSim, api: Api, app: App) -> None:
    menu = {"type": "static_select", "action_id": "pick", "options": b.options(2)}
    posted = await api("chat.postMessage", channel="C0INC", text="x", blocks=[b.actions(menu, block_id="row")])
    chosen = {"selected_option": b.options(2)[1]}

    await sim.click("U0ANA", channel="C0INC", message_ts=posted["ts"], action_id="pick", value=chosen)
    payload = (await app.next("interactive"))["payload"]

    assert payload["actions"][0]["selected_option"] == chosen["selected_option"]
    assert payload["state"]["values"]["row"]["pick"]["type"] == "static_select"


async def test_a_click_on_an_ephemeral_message_carries_no_message(sim: SlackSim, api: Api, app: App) -> None:
    answer = await api("chat.postEphemeral", channel="C0INC", user="U0ANA", text="x", blocks=[b.actions(b.button())])

    await sim.click("U0ANA", channel="C0INC", message_ts=answer["message_ts"], action_id="go")
    payload = (await app.next("interactive"))["payload"]

    assert payload["container"]["is_ephemeral"] is True
    assert "message" not in payload
    with pytest.raises(SlackError, match="message_not_found"):
        await sim.click("U0BEN", channel="C0INC", message_ts=answer["message_ts"], action_id="go")


async def test_a_response_url_works_five_times(world: World, sim: SlackSim, api: Api, app: App) -> None:
    url = (await clicked(sim, api, app))["response_url"]

    answers = [await respond(world, url, text=f"{number}") for number in range(6)]

    assert answers[:5] == [(200, "ok")] * 5
    assert answers[5][0] == 404
    assert "Used url" in answers[5][1]


@pytest.mark.parametrize(("seconds", "status"), [(1799, 200), (1801, 404)])
async def test_a_response_url_lives_half_an_hour(
    world: World, sim: SlackSim, api: Api, app: App, seconds: float, status: int
) -> None:
    url = (await clicked(sim, api, app))["response_url"]
    world.time.seconds += seconds

    assert (await respond(world, url, text="x"))[0] == status


async def test_a_refused_response_is_a_bare_code_and_spends_nothing(
    world: World, sim: SlackSim, api: Api, app: App
) -> None:
    url = (await clicked(sim, api, app))["response_url"]

    refused = [await respond(world, url, blocks=[{"type": "nothing"}]) for _ in range(6)]

    assert refused == [(400, "invalid_blocks")] * 6
    assert await respond(world, url) == (400, "no_text")
    assert await respond(world, url, text="x") == (200, "ok")


@pytest.mark.parametrize("yes", [True, "true"])
async def test_replacing_changes_the_source_in_place(
    world: World, sim: SlackSim, api: Api, app: App, yes: object
) -> None:
    payload = await clicked(sim, api, app)

    await respond(world, payload["response_url"], text="done", replace_original=yes)
    messages = list(sim.workspace.channels.find("C0INC").messages.values())

    assert [(message["ts"], message["text"]) for message in messages] == [(payload["message"]["ts"], "done")]
    assert "blocks" not in messages[0]


async def test_without_replace_a_new_message_appears_for_the_one_who_clicked(
    world: World, sim: SlackSim, api: Api, app: App
) -> None:
    payload = await clicked(sim, api, app)

    await respond(world, payload["response_url"], text="only you")

    assert (await sim.wait_for_ephemeral("U0ANA"))["text"] == "only you"
    assert len(sim.workspace.channels.find("C0INC").messages) == 1


async def test_a_response_may_go_into_the_thread_for_all(world: World, sim: SlackSim, api: Api, app: App) -> None:
    payload = await clicked(sim, api, app)
    ts = payload["message"]["ts"]

    await respond(
        world, payload["response_url"], text="here", response_type="in_channel", replace_original=False, thread_ts=ts
    )

    reply = await sim.wait_for_message(lambda message: message["text"] == "here", channel="incidents")
    assert reply["thread_ts"] == ts


async def test_a_response_may_delete_the_source(world: World, sim: SlackSim, api: Api, app: App) -> None:
    payload = await clicked(sim, api, app)

    await respond(world, payload["response_url"], delete_original="true")

    assert sim.workspace.channels.find("C0INC").messages == {}


async def test_only_a_response_url_can_change_an_ephemeral_message(
    world: World, sim: SlackSim, api: Api, app: App
) -> None:
    answer = await api("chat.postEphemeral", channel="C0INC", user="U0ANA", text="x", blocks=[b.actions(b.button())])
    ts = answer["message_ts"]
    await sim.click("U0ANA", channel="C0INC", message_ts=ts, action_id="go")
    url = (await app.next("interactive"))["payload"]["response_url"]

    await respond(world, url, text="changed", replace_original=True, response_type="in_channel")
    changed = await sim.wait_for_ephemeral("U0ANA")
    await respond(world, url, delete_original=True)

    assert (changed["ts"], changed["text"]) == (ts, "changed")
    assert sim.workspace.channels.find("C0INC").messages == {}
    assert not sim.workspace.messages.ephemerals


async def test_a_command_carries_flat_fields(sim: SlackSim, app: App) -> None:
    await sim.command("U0ANA", "/runbook  run x  ")

    payload = (await app.next("slash_commands"))["payload"]

    assert payload["command"] == "/runbook"
    assert payload["text"] == "run x"
    assert payload["is_enterprise_install"] == "false"
    assert (payload["channel_id"], payload["channel_name"]) == ("C0INC", "incidents")
    assert payload["response_url"].startswith(f"http://{sim.host}/commands/T0ACME/")


async def test_the_answer_in_the_ack_is_for_the_caller_only(sim: SlackSim, app: App) -> None:
    app.answer = lambda _: {"text": "two runbooks"}

    await sim.command("U0ANA", "/runbook list")

    assert (await sim.wait_for_ephemeral("U0ANA"))["text"] == "two runbooks"
    assert sim.workspace.channels.find("C0INC").messages == {}


async def test_a_public_answer_shows_the_command_too(sim: SlackSim, app: App) -> None:
    app.answer = lambda _: {"text": "two runbooks", "response_type": "in_channel"}

    await sim.command("U0ANA", "/runbook list")

    texts = [message["text"] for message in sim.workspace.channels.find("C0INC").messages.values()]
    assert texts == ["/runbook list", "two runbooks"]


async def test_an_answer_with_bad_blocks_is_a_failure_and_a_warning(sim: SlackSim, app: App) -> None:
    app.answer = lambda _: {"blocks": [{"type": "nothing"}]}

    outcome = await sim.command("U0ANA", "/runbook list")

    assert (outcome.result, outcome.text) == (Result.FAILED, "invalid_blocks")
    assert "bad_ack" in sim.warnings.codes()


async def test_commands_are_refused_in_threads_and_when_unknown(world: World) -> None:
    sim = await world.start(manifest={"features": {"slash_commands": [{"command": "/runbook"}]}})

    with pytest.raises(SlackError, match="not_supported_in_threads"):
        await sim.people.command("U0ANA", "incidents", "/runbook list", thread_ts="1.000000")
    outcome = await sim.command("U0ANA", "/other")

    assert outcome.result is Result.REFUSED
    assert not sim.journal.deliveries


async def test_an_escaping_command_gets_mentions(world: World) -> None:
    entry = {"command": "/runbook", "should_escape": True}
    sim = await world.start(manifest={"features": {"slash_commands": [entry]}})
    app = await world.connect(sim)
    await app.next("hello")

    await sim.command("U0ANA", "/runbook page @ben")

    assert (await app.next("slash_commands"))["payload"]["text"] == "page <@U0BEN>"


async def test_shortcuts_differ_by_where_they_are_used(sim: SlackSim, app: App) -> None:
    ts = await sim.post("U0BEN", "incidents", "strange")
    await sim.people.shortcut("U0ANA", "start")
    await sim.people.shortcut("U0ANA", "run", "incidents", ts)

    anywhere = (await app.next("interactive"))["payload"]
    on_message = (await app.next("interactive"))["payload"]

    assert (anywhere["type"], "channel" in anywhere, "response_url" in anywhere) == ("shortcut", False, False)
    assert (on_message["type"], on_message["message"]["ts"]) == ("message_action", ts)
    assert on_message["trigger_id"]
    assert on_message["response_url"]


async def test_suggestions_come_from_the_ack(sim: SlackSim, api: Api, app: App) -> None:
    menu = {"type": "external_select", "action_id": "pick", "min_query_length": 1}
    posted = await api("chat.postMessage", channel="C0INC", text="x", blocks=[b.actions(menu, block_id="row")])
    app.answer = lambda _: {"options": b.options(2)}
    where = sim.people.where("U0ANA", reference="incidents", ts=posted["ts"])

    found = await sim.people.suggest("U0ANA", where, block_id="row", action_id="pick", query="re")
    payload = (await app.next("interactive"))["payload"]

    assert found == {"options": b.options(2)}
    assert (payload["type"], payload["value"], "trigger_id" in payload) == ("block_suggestion", "re", False)


async def test_whoever_left_can_do_nothing(sim: SlackSim, app: App) -> None:
    with pytest.raises(SlackError, match="account_inactive"):
        await sim.command("U0ELI", "/runbook list")


async def test_waiting_ends_as_soon_as_the_message_is_there(sim: SlackSim) -> None:
    waiting = asyncio.create_task(sim.wait_for_message(lambda message: message["text"] == "now", channel="incidents"))
    await sim.post("U0ANA", "incidents", "before")
    ts = await sim.post("U0ANA", "incidents", "now")

    assert (await waiting)["ts"] == ts


async def test_waiting_in_vain_times_out(sim: SlackSim) -> None:
    with pytest.raises(TimeoutError):
        await sim.wait_for_message(bool, timeout=0.01)
