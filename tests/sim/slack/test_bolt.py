"""Slack's own Python framework, unmodified, against the simulated workspace: only the base URL differs."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond, AsyncSay
from slack_sdk.web.async_client import AsyncWebClient

from bot.sim.slack.outcomes import Result
from bot.sim.slack.server import SlackSim
from tests.sim.slack import builders as b

Json = dict[str, Any]  # Any: Slack's payloads are open JSON


def build(client: AsyncWebClient) -> AsyncApp:
    app = AsyncApp(client=client)

    @app.command("/runbook")
    async def command(ack: AsyncAck, command: Json, client: AsyncWebClient) -> None:
        await ack(f"you said {command['text']}")
        await client.views_open(trigger_id=command["trigger_id"], view=b.modal())

    @app.view("form")
    async def form(ack: AsyncAck, view: Json) -> None:
        typed = view["state"]["values"]["typed"]["typed"]["value"]
        if typed == "wrong":
            await ack(response_action="errors", errors={"typed": "not this one"})
        else:
            await ack()

    @app.action("go")
    async def press(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond(text="pressed", replace_original=True)

    @app.event("app_mention")
    async def mention(event: Json, say: AsyncSay) -> None:
        await say("at your service", thread_ts=event["ts"])

    @app.event("message")
    async def message() -> None:
        return None

    return app


@pytest.fixture
async def bolt() -> AsyncIterator[SlackSim]:
    """A workspace on the real clock with a connected Bolt app."""
    sim = SlackSim()
    await sim.start()
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=sim.bot_token, base_url=sim.api_url, session=session)
        handler = AsyncSocketModeHandler(build(client), sim.app_token)
        await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
        await sim.socket.wait_connected()
        yield sim
        await handler.close_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
    await sim.stop()


async def test_bolt_answers_a_command_and_opens_a_modal(bolt: SlackSim) -> None:
    outcome = await bolt.command("U0ANA", "/runbook list")
    view = await bolt.wait_for_view("U0ANA")

    assert outcome.payload == {"text": "you said list"}
    assert (await bolt.wait_for_ephemeral("U0ANA"))["text"] == "you said list"
    assert view["callback_id"] == "form"


async def test_bolt_shows_errors_in_the_modal_then_closes_it(bolt: SlackSim) -> None:
    await bolt.command("U0ANA", "/runbook list")
    view = await bolt.wait_for_view("U0ANA")

    wrong = await bolt.submit("U0ANA", view["id"], {"typed": "wrong"})
    right = await bolt.submit("U0ANA", view["id"], {"typed": "right"})

    assert (wrong.result, wrong.errors) == (Result.ERRORS, {"typed": "not this one"})
    assert right.result is Result.CLOSED


async def test_bolt_replaces_a_message_through_its_response_url(bolt: SlackSim) -> None:
    client = AsyncWebClient(token=bolt.bot_token, base_url=bolt.api_url)
    posted = await client.chat_postMessage(channel="C0INC", text="press", blocks=[b.actions(b.button())])

    outcome = await bolt.click("U0ANA", channel="C0INC", message_ts=str(posted["ts"]), action_id="go")
    changed = await bolt.wait_for_message(lambda message: message["text"] == "pressed", channel="incidents")

    assert outcome.acked
    assert changed["ts"] == posted["ts"]


async def test_bolt_answers_a_mention_in_its_thread(bolt: SlackSim) -> None:
    ts = await bolt.post("U0BEN", "incidents", "@pageturner hello")

    reply = await bolt.wait_for_message(lambda message: message.get("parent_user_id") == "U0BEN")

    assert (reply["text"], reply["thread_ts"]) == ("at your service", ts)


async def test_bolt_reconnects_when_asked_to_and_misses_no_event(bolt: SlackSim) -> None:
    bolt.socket.disconnect("refresh_requested")
    ts = await bolt.post("U0BEN", "incidents", "@pageturner still there?")

    reply = await bolt.wait_for_message(lambda message: message.get("thread_ts") == ts and message["ts"] != ts)
    await bolt.socket.wait_connected()

    assert reply["text"] == "at your service"
    assert (await bolt.command("U0ANA", "/runbook list")).acked


async def test_slacks_own_client_reads_the_refusals(bolt: SlackSim) -> None:
    client = AsyncWebClient(token=bolt.bot_token, base_url=bolt.api_url)

    with pytest.raises(Exception, match="invalid_blocks"):
        await client.chat_postMessage(channel="C0INC", text="x", blocks=[{"type": "nothing"}])
    assert (await client.users_info(user="U0ANA"))["user"]["name"] == "ana"
    assert (await client.conversations_list(types="public_channel"))["channels"][0]["id"] == "C0INC"
    uploaded = await client.files_upload_v2(channel="C0INC", content="log line", filename="log.txt")
    assert uploaded["files"][0]["name"] == "log.txt"
