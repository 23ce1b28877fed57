"""The whole thing on loopback: the local world and the very same bot, which only gets other addresses.

The only module of the product that knows both. What it starts it also stops; its database lives in a temporary folder.
"""

import asyncio
import logging
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import yaml

from bot import app, settings
from bot.settings import Settings
from bot.sim import scenarios
from bot.sim.world import LocalWorld

log = logging.getLogger(__name__)

WEBHOOK_TOKEN = "local-world"  # noqa: S105 - guards a loopback port of a simulation
ROUTING_KEY = "R0LOCALWORLD00000000000000000000"
APPROVERS = "S0SRE S0LEADS"


async def run(
    *,
    port: int,
    scenario: str | None,
    runbooks: Path,
    manifest: Path,
    stop: asyncio.Event,
    on_ready: Callable[[LocalWorld], None],
) -> None:
    """Start everything, fire the scenario once the bot is ready, run until `stop`. KeyError: no such scenario."""
    if scenario is not None and scenario not in scenarios.BY_NAME:
        raise KeyError(scenario)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pageturner-")))
        world = LocalWorld(manifest=await asyncio.to_thread(_manifest, manifest))
        await world.start(port=port)
        stack.push_async_callback(world.stop)

        def ready(bot: app.Bot) -> None:
            world.monitoring.receiver = f"http://127.0.0.1:{bot.port}/webhook/alertmanager"
            world.monitoring.token = WEBHOOK_TOKEN
            if scenario is not None:
                world.fire(scenario)
            on_ready(world)

        await app.serve(settings_for(world, folder, runbooks), stop=stop, on_ready=ready)


def _manifest(path: Path) -> dict[str, object]:
    return dict(yaml.safe_load(path.read_text("utf-8")))


def settings_for(world: LocalWorld, folder: Path, runbooks: Path) -> Settings:
    return settings.read(environment(world, folder, runbooks))


def environment(world: LocalWorld, folder: Path, runbooks: Path) -> dict[str, str]:
    """What a real installation would set, with the local world's addresses in it."""
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(world.cluster.kubeconfig("oncall"), "utf-8")
    return {
        "SLACK_BOT_TOKEN": world.slack.bot_token,
        "SLACK_APP_TOKEN": world.slack.app_token,
        "SLACK_API_URL": world.slack.api_url,
        "KUBECONFIG": str(kubeconfig),
        "PAGETURNER_DATABASE": str(folder / "pageturner.db"),
        "PAGETURNER_RUNBOOKS": str(runbooks),
        "PAGETURNER_LISTEN": "127.0.0.1:0",
        "PAGETURNER_WEBHOOK_TOKEN": WEBHOOK_TOKEN,
        "PAGETURNER_APPROVERS": APPROVERS,
        "PAGETURNER_PAGERDUTY_ROUTING_KEY": ROUTING_KEY,
        "PAGETURNER_PAGERDUTY_URL": world.pager.url,
        "PAGETURNER_PAGERDUTY_API_TOKEN": world.pager.api_token,
        "PAGETURNER_PAGERDUTY_API_URL": world.pager.url,
    }
