"""A running workspace with a connected app, for the page to show: what it posts, how it answers, what it was sent."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiohttp import web

from bot.sim.slack.server import SlackSim
from bot.sim.slack.settings import Settings
from bot.sim.slack.wire import Json
from tests.sim.slack.worlds import Api, App, World

CHANNEL = "C0INC"
MANIFEST: Mapping[str, object] = {
    "features": {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
        "slash_commands": [
            {
                "command": "/runbook",
                "description": "Run, list and show runbooks, see what is open, freeze everything",
                "usage_hint": "run|list|show|status|freeze|help",
            },
            {"command": "/page", "description": "Page somebody", "usage_hint": "@group reason"},
        ],
        "shortcuts": [
            {"name": "Open an incident", "type": "message", "callback_id": "open", "description": "From this message"},
            {"name": "Start a drill", "type": "global", "callback_id": "drill", "description": "Practise"},
        ],
    },
    "oauth_config": {"scopes": {"bot": ["chat:write", "commands", "reactions:write", "users:read"]}},
    "settings": {
        "event_subscriptions": {"bot_events": ["app_home_opened", "message.channels", "reaction_added"]},
        "interactivity": {"is_enabled": True},
        "socket_mode_enabled": True,
    },
}


class Workspace:
    """The simulation, its Web API, and the app on its socket."""

    def __init__(self, sim: SlackSim, api: Api, app: App) -> None:
        self.sim, self.api, self.app = sim, api, app

    def address(self, **query: str) -> str:
        """The page's address, e.g. `address(user="U0BEN", thread=ts)`."""
        return self.sim.page_url + "?" + "&".join(f"{name}={value}" for name, value in query.items())

    async def post(self, text: str, blocks: list[Json] | None = None, *, thread_ts: str = "", **more: object) -> str:
        """The app posts a message; gives its ts."""
        arguments: Json = {"channel": CHANNEL, "text": text, **more}
        arguments |= {"blocks": blocks} if blocks else {}
        arguments |= {"thread_ts": thread_ts} if thread_ts else {}
        answer = await self.api("chat.postMessage", **arguments)
        assert answer["ok"], answer
        ts: str = answer["ts"]
        return ts

    async def update(self, ts: str, text: str, blocks: list[Json] | None = None) -> None:
        """The app changes a message."""
        answer = await self.api(
            "chat.update", channel=CHANNEL, ts=ts, text=text, **({"blocks": blocks} if blocks else {})
        )
        assert answer["ok"], answer

    async def whisper(self, user: str, text: str, blocks: list[Json] | None = None, *, thread_ts: str = "") -> str:
        """The app says something for one person's eyes."""
        more: Json = {"thread_ts": thread_ts} if thread_ts else {}
        more |= {"blocks": blocks} if blocks else {}
        answer = await self.api("chat.postEphemeral", channel=CHANNEL, user=user, text=text, **more)
        assert answer["ok"], answer
        ts: str = answer["message_ts"]
        return ts

    async def sent(self, kind: str) -> Json:
        """The payload of the next envelope of this kind: block_actions, view_submission, slash_commands, ..."""
        while True:
            frame = await self.app.next()
            payload: Json = frame.get("payload") or {}
            if kind in (frame["type"], payload.get("type"), (payload.get("event") or {}).get("type")):
                return payload

    async def open_view(self, view: Json, *, user: str = "U0ANA") -> None:
        """Opens a modal on this person's screen, by way of a slash command's trigger."""
        await self.sim.command(user, "/runbook open")
        trigger = (await self.sent("slash_commands"))["trigger_id"]
        answer = await self.api("views.open", trigger_id=trigger, view=view)
        assert answer["ok"], answer

    async def publish_home(self, view: Json, *, user: str = "U0ANA") -> None:
        """Publishes an App Home."""
        answer = await self.api("views.publish", user_id=user, view=view)
        assert answer["ok"], answer


class Scenarios:
    """The embedding program's panels: one scenario, one service."""

    def __init__(self) -> None:
        self.fired: list[str] = []

    def routes(self) -> list[web.AbstractRouteDef]:
        """What the page asks for."""
        return [
            web.get("/sim/scenarios", self._list),
            web.post("/sim/scenarios/{name}/fire", self._fire),
            web.get("/sim/world", self._world),
        ]

    async def _list(self, _: web.Request) -> web.Response:
        state = "running" if self.fired else "ready"
        redis = {
            "name": "redis",
            "title": "Redis stops answering",
            "summary": "The connection pool of redis-primary fills up.",
        }
        image = {
            "name": "image",
            "title": "A bad image",
            "summary": "api 1.9.2 crashes at start.",
            "hint": "Ends in a rollback.",
        }
        return web.json_response([{**redis, "state": state, "hint": ""}, {**image, "state": "ready"}])

    async def _fire(self, request: web.Request) -> web.Response:
        self.fired.append(request.match_info["name"])
        return web.json_response({})

    async def _world(self, _: web.Request) -> web.Response:
        service = {
            "name": "redis-primary",
            "namespace": "production",
            "ready": 0,
            "wanted": 1,
            "state": "failing",
            "note": "pool full",
        }
        healthy = {
            "name": "api-gateway",
            "namespace": "production",
            "ready": 3,
            "wanted": 3,
            "state": "healthy",
            "note": "",
        }
        return web.json_response(
            {
                "services": [service, healthy],
                "faults": self.fired,
                "alerts": [{"name": "RedisConnectionTimeout", "state": "firing", "since": "2026-01-01T04:17:00Z"}],
                "pages": [],
            }
        )


@asynccontextmanager
async def running(scenarios: Scenarios | None = None, *, ack_seconds: float = 3.0) -> AsyncIterator[Workspace]:
    """A workspace on real time with one connected app that acknowledges everything."""
    routes = scenarios.routes() if scenarios else ()
    sim = SlackSim(manifest=MANIFEST, settings=Settings(ack_seconds=ack_seconds), extra_routes=routes)
    await sim.start()
    world = World()
    world.sims.append(sim)
    try:
        app = await world.connect(sim)
        await app.next("hello")
        yield Workspace(sim, Api(sim, world.http), app)
    finally:
        await world.close()
