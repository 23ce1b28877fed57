"""The real bot and the local world in one process, as `pageturner demo` starts them, and a person who acts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from bot import app, demo
from bot.core.errors import Refused
from bot.core.ids import IncidentId
from bot.core.incidents import Incident
from bot.core.states import State
from bot.sim.slack.outcomes import Outcome
from bot.sim.world import LocalWorld

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "runbooks"
ANA, BEN, CHI, DEE = "U0ANA", "U0BEN", "U0CHI", "U0DEE"
CHANNEL = "incidents"
PATIENCE_SECONDS = 15.0


def manifest() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "manifest.yml").read_text("utf-8")))


def all_text(value: object) -> str:
    """Every text of a Slack payload, in order: what a person can read of it."""
    if isinstance(value, Mapping):
        own = [str(value["text"])] if isinstance(value.get("text"), str) else []
        return " ".join([*own, *(all_text(each) for key, each in value.items() if key != "text" or not own)])
    if isinstance(value, list):
        return " ".join(all_text(each) for each in value)
    return ""


@dataclass(slots=True)
class Living:
    """One life of bot and world. Times are real; everything is awaited by what it does, not by sleeping."""

    world: LocalWorld
    bot: app.Bot

    async def message(self, key: str, *, incident: str = "INC-1", holding: str = "") -> dict[str, Any]:
        """The message of this key, once it shows this text."""

        def fits(message: Mapping[str, Any]) -> bool:
            payload = message.get("metadata", {}).get("event_payload", {})
            return payload.get("key") == key and payload.get("incident") == incident and holding in all_text(message)

        return await self.world.slack.wait_for_message(fits, timeout=PATIENCE_SECONDS)

    async def press(self, user: str, message: Mapping[str, Any], action: str) -> Outcome:
        return await self.world.slack.click(user, channel=CHANNEL, message_ts=str(message["ts"]), action_id=action)

    async def approve(self, step: int = 1, *, user: str = ANA, incident: str = "INC-1") -> None:
        asked = await self.with_button(f"step-{step}", "step.approve", incident=incident)
        await self.press(user, asked, "step.approve")

    async def with_button(self, key: str, action: str, *, incident: str = "INC-1") -> dict[str, Any]:
        def fits(message: Mapping[str, Any]) -> bool:
            payload = message.get("metadata", {}).get("event_payload", {})
            return payload == {"incident": incident, "key": key} and action in actions(message)

        return await self.world.slack.wait_for_message(fits, timeout=PATIENCE_SECONDS)

    async def confirm(self, step: int, typed: str, reason: str, *, user: str = BEN) -> Outcome:
        asked = await self.with_button(f"step-{step}", "step.confirm")
        await self.press(user, asked, "step.confirm")
        view = await self.world.slack.wait_for_view(user)
        return await self.world.slack.submit(user, view["id"], {"typed": typed, "reason": reason})

    async def told(self, user: str, holding: str) -> str:
        """What only this person sees."""
        seen = await self.world.slack.wait_for_ephemeral(user, lambda message: holding in all_text(message))
        return all_text(seen)

    async def state(self, state: State, incident: str = "INC-1") -> Incident:
        """The incident once it is in this state."""
        reached: asyncio.Future[Incident] = asyncio.get_running_loop().create_future()

        def look(found: Incident) -> None:
            if found.id == incident and found.state is state and not reached.done():
                reached.set_result(found)

        self.bot.recorder.listeners.append(look)
        try:
            with contextlib.suppress(Refused):  # not opened yet
                look(await self.bot.recorder.load(IncidentId(incident)))
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await reached
        finally:
            self.bot.recorder.listeners.remove(look)

    async def post_alert(self, body: object, source: str = "alertmanager", token: str = demo.WEBHOOK_TOKEN) -> int:
        url = f"http://127.0.0.1:{self.bot.port}/webhook/{source}"
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as answer:
            return answer.status

    def executed(self, word: str) -> list[str]:
        """The exec calls that reached the cluster and held this word."""
        seen = self.world.cluster.requests
        return [each.query for each in seen if each.path.endswith("/exec") and word in each.query]


def actions(message: Mapping[str, Any]) -> set[str]:
    """The action ids of a message's buttons."""
    return {
        element.get("action_id", "")
        for block in message.get("blocks", [])
        for element in (*block.get("elements", ()), block.get("accessory") or {})
        if isinstance(element, dict)
    }


@asynccontextmanager
async def living(tmp_path: Path, scenario: str | None = None, runbooks: Path = RUNBOOKS) -> AsyncIterator[Living]:
    world = LocalWorld(manifest=manifest())
    await world.start()
    try:
        async with alive(world, tmp_path, runbooks) as bot:
            if scenario is not None:
                world.fire(scenario)
            yield Living(world, bot)
    finally:
        await world.stop()


@asynccontextmanager
async def alive(
    world: LocalWorld, tmp_path: Path, runbooks: Path = RUNBOOKS, *, per_second: float = 0.0
) -> AsyncIterator[app.Bot]:
    """One life of the bot beside a world that goes on. Pacing is off unless asked for: it has tests of its own."""
    configured = demo.settings_for(world, tmp_path, runbooks).model_copy(update={"posts_per_second": per_second})
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(app.serve(configured, stop=stop, on_ready=ready.set_result))
    done, _ = await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
    if serving in done:
        await serving
    bot: app.Bot = await ready
    world.monitoring.receiver = f"http://127.0.0.1:{bot.port}/webhook/alertmanager"
    world.monitoring.token = demo.WEBHOOK_TOKEN
    try:
        yield bot
    finally:
        stop.set()
        await serving
