"""Slack's own Node framework, unmodified, against the simulated workspace: a second opinion on the protocol.

Runs where Node 20 and its packages are at hand; TEST_WITH_NODE=1 installs them with `npm ci`.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.sim.slack.outcomes import Result
from bot.sim.slack.server import SlackSim

pytestmark = [pytest.mark.node, pytest.mark.timeout(180), pytest.mark.xdist_group("node")]  # one installation at a time

FOLDER = Path(__file__).parent / "node"
INSTALL_SECONDS = 120
Json = dict[str, Any]  # Any: what the script tells is JSON


def require_node() -> str:
    """The path of node; skips where it, or its packages, are missing."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None:
        pytest.skip("node is not installed")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    major = re.match(r"v(\d+)", version)
    if major is None or int(major[1]) < 20:
        pytest.skip(f"node 20 or later is needed, found {version.strip()}")
    if not (FOLDER / "node_modules" / "@slack" / "bolt").is_dir():
        if os.environ.get("TEST_WITH_NODE") != "1" or npm is None:
            pytest.skip("@slack/bolt is not installed; TEST_WITH_NODE=1 installs it with npm ci")
        subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund"], cwd=FOLDER, check=True, timeout=INSTALL_SECONDS, capture_output=True
        )
    return node


class Script:
    """The running Node app."""

    def __init__(self, sim: SlackSim, process: asyncio.subprocess.Process) -> None:
        self.sim, self.process = sim, process

    async def told(self, event: str) -> Json:
        """The next line about this event."""
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            while line := await self.process.stdout.readline():
                seen: Json = json.loads(line)
                assert seen["event"] != "error", seen
                if seen["event"] == event:
                    return seen
        raise AssertionError(f"the script ended before it told of {event}")


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    """The Node app, connected."""
    node = require_node()
    sim = SlackSim()
    await sim.start()
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment |= {"SIM_API_URL": sim.api_url, "SIM_BOT_TOKEN": sim.bot_token, "SIM_APP_TOKEN": sim.app_token}
    process = await asyncio.create_subprocess_exec(
        node, "app.mjs", cwd=FOLDER, env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield Script(sim, process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await sim.stop()


async def test_the_node_app_runs_a_whole_story(script: Script) -> None:
    sim = script.sim
    ready = await script.told("ready")
    assert ready["refusals"] == {"blocks": "invalid_blocks", "channel": "channel_not_found", "user": "user_not_found"}

    command = await sim.command("U0ANA", "/runbook run x")
    assert command.payload == {"text": "running run x"}
    assert await script.told("command") == {"event": "command", "threaded": True, "messages": 2}
    root = await sim.wait_for_message(lambda message: message.get("reply_count") == 1, channel="incidents")
    assert root["metadata"]["event_payload"] == {"key": "step-1"}

    assert (await sim.click("U0ANA", channel="incidents", message_ts=root["ts"], action_id="confirm")).acked
    assert (await script.told("confirm"))["again"] == "exchanged_trigger_id"
    view = await sim.wait_for_view("U0ANA")
    wrong = await sim.submit("U0ANA", view["id"], {"typed": "db"})
    right = await sim.submit("U0ANA", view["id"], {"typed": "api", "pick": "emergency"})
    assert (wrong.result, dict(wrong.errors)) == (Result.ERRORS, {"typed": "This is not the target"})
    assert right.result is Result.CLOSED
    submitted = await script.told("submitted")
    assert (submitted["typed"], submitted["pick"], submitted["metadata"]) == ("api", "emergency", root["ts"])

    assert (await sim.click("U0BEN", channel="incidents", message_ts=root["ts"], action_id="approve")).acked
    assert await script.told("approve") == {"event": "approve", "value": "one", "user": "U0BEN"}
    approved = await sim.wait_for_message(lambda message: message["text"] == "Approved by <@U0BEN>")
    assert approved["ts"] == root["ts"]

    asked = await sim.post("U0CHI", "incidents", "@pageturner are you there?")
    answer = await sim.wait_for_message(lambda message: message.get("parent_user_id") == "U0CHI")
    assert (answer["text"], answer["thread_ts"]) == ("at your service", asked)

    sim.people.open_home("U0ANA")
    assert (await sim.wait_for_home("U0ANA"))["blocks"][0]["type"] == "header"


async def test_the_node_app_comes_back_after_a_refresh(script: Script) -> None:
    await script.told("ready")
    script.sim.socket.disconnect("refresh_requested")
    asked = await script.sim.post("U0CHI", "incidents", "@pageturner are you there?")

    # Slack's Node client waits five seconds before it connects again; the event waits with it.
    answer = await script.sim.wait_for_message(
        lambda message: message.get("thread_ts") == asked and message["ts"] != asked, timeout=30
    )

    assert answer["text"] == "at your service"
