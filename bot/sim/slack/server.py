"""The simulated Slack as one object: start it, point an app at `api_url`, act as people, wait for what appears."""

import time
from collections.abc import Callable, Iterable, Mapping

from aiohttp import web

from bot.sim.slack import control, methods_files, ui
from bot.sim.slack import manifest as manifests
from bot.sim.slack.clocks import SimClock
from bot.sim.slack.events import Announcer
from bot.sim.slack.faults import Faults
from bot.sim.slack.feed import Change, Feed
from bot.sim.slack.hooks import Hooks
from bot.sim.slack.ids import Ids
from bot.sim.slack.interactions import Interactions
from bot.sim.slack.journal import Journal
from bot.sim.slack.link import Link
from bot.sim.slack.modals import Modals
from bot.sim.slack.outcomes import Outcome
from bot.sim.slack.people import Seed
from bot.sim.slack.rate_limits import RateLimits
from bot.sim.slack.settings import Settings
from bot.sim.slack.socket_mode import SocketMode
from bot.sim.slack.warnings import Warnings
from bot.sim.slack.web_api import WebApi
from bot.sim.slack.wire import Json
from bot.sim.slack.workspace import Workspace

_SLACKS_OWN = Settings()
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class SlackSim:
    """A workspace with one installed app, served on loopback.

    `manifest` is the app's manifest as a mapping; without one everything is allowed. `clock` gives seconds since the
    epoch. `extra_routes` are mounted beside the simulation's own, under the same origin as its page.
    """

    def __init__(
        self,
        *,
        manifest: Mapping[str, object] | None = None,
        seed: Seed | None = None,
        clock: Callable[[], float] = time.time,
        settings: Settings = _SLACKS_OWN,
        extra_routes: Iterable[web.AbstractRouteDef] = (),
    ) -> None:
        self.seed = seed or Seed()
        self.settings = settings
        self.clock = SimClock(clock)
        self.manifest = manifests.read(manifest)
        self.faults = Faults()
        self.warnings = Warnings()
        self.feed = Feed(settings.feed_size)
        ids = Ids(settings.seed, self.clock)
        self.journal = Journal(feed=self.feed, clock=self.clock, warnings=self.warnings, size=settings.journal_size)
        self.socket = SocketMode(settings, clock=self.clock, ids=ids, journal=self.journal, faults=self.faults)
        announcer = Announcer(self.seed, self.manifest, clock=self.clock, ids=ids, deliver=self.socket.publish)
        self.workspace = Workspace(
            self.seed,
            settings,
            clock=self.clock,
            ids=ids,
            feed=self.feed,
            announcer=announcer,
            warnings=self.warnings,
        )
        self.limits = RateLimits(settings.rate_mode, clock=self.clock, warnings=self.warnings)
        self.hooks = Hooks(self.workspace)
        self.people = Interactions(self.workspace, self.manifest, self.socket, self.hooks)
        self.modals = Modals(self.workspace, self.socket)
        link = Link(self.seed.app_id, self.socket, settings, clock=self.clock, ids=ids, faults=self.faults)
        self._api = WebApi(self.workspace, self.manifest, link=link, faults=self.faults, limits=self.limits)
        self._link = link
        self._extra_routes = tuple(extra_routes)
        self._runner: web.AppRunner | None = None
        self._address = ""

    @property
    def host(self) -> str:
        """host:port while the server listens."""
        return self._address

    @property
    def api_url(self) -> str:
        """The Web API's base URL."""
        return f"http://{self._address}/api/"

    @property
    def page_url(self) -> str:
        """Where a browser sees the workspace."""
        return f"http://{self._address}/ui/"

    @property
    def bot_token(self) -> str:
        """The installed app's bot token."""
        return self.seed.bot_token

    @property
    def app_token(self) -> str:
        """The app-level token for Socket Mode."""
        return self.seed.app_token

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listens; port 0 takes a free one. Addresses beyond loopback are refused: there is no real authentication."""
        if host not in _LOOPBACK:
            raise ValueError("the simulated Slack listens on loopback only")
        application = web.Application(client_max_size=64 * 1024**2)
        application.add_routes(self._routes())
        application.add_routes(self._extra_routes)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound = self._runner.addresses[0]
        self._address = f"[{bound[0]}]:{bound[1]}" if ":" in str(bound[0]) else f"{bound[0]}:{bound[1]}"
        self.hooks.host = self._address

    async def stop(self) -> None:
        """Ends every connection and stops listening."""
        self.feed.close()
        self.socket.cut()
        self.clock.stop()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def command(self, user: str, text: str, channel: str = "incidents") -> Outcome:
        """A person sends a slash command, e.g. "/runbook run x"; returns once it was acked or failed."""
        return await self.people.command(user, channel, text)

    async def click(
        self,
        user: str,
        *,
        channel: str,
        message_ts: str,
        action_id: str,
        value: Mapping[str, object] | None = None,
    ) -> Outcome:
        """A person operates the element with this action_id; a `value` with key "value" picks among equal buttons."""
        return await self.people.press(user, channel, message_ts, block_id="", action_id=action_id, value=value)

    async def click_view(
        self, user: str, view_id: str, action_id: str, value: Mapping[str, object] | None = None
    ) -> Outcome:
        """The same for an element of a modal or of the App Home."""
        return await self.modals.press(user, view_id, block_id="", action_id=action_id, value=value)

    async def submit(self, user: str, view_id: str, values: Mapping[str, object]) -> Outcome:
        """A person fills in inputs, keyed by action_id, and presses the submit button."""
        state = self.modals.state_of(self.workspace.views.find(view_id), values)
        return await self.modals.submit(user, view_id, state)

    async def close_view(self, user: str, view_id: str, *, cleared: bool = False) -> Outcome:
        """A person presses Cancel, or with `cleared` the x."""
        return await self.modals.close(user, view_id, cleared=cleared)

    async def post(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> str:
        """A person writes a message; returns its ts."""
        ts: str = self.people.say(user, channel, text, thread_ts or "")["ts"]
        return ts

    async def wait_for_message(
        self,
        predicate: Callable[[Json], object],
        *,
        channel: str | None = None,
        timeout: float = 5.0,
    ) -> Json:
        """The first message that satisfies `predicate`: one that is there already, else one posted or changed later."""
        wanted = self.workspace.channels.find(channel).id if channel else None
        seen = self.feed.last_seq
        for place in self.workspace.channels.all.values():
            if wanted in (None, place.id):
                for message in place.messages.values():
                    if predicate(message):
                        return message

        def pick(change: Change) -> Json | None:
            if change.type not in ("message.posted", "message.changed") or wanted not in (None, change.body["channel"]):
                return None
            message: Json = change.body["message"]
            return message if predicate(message) else None

        return await self.feed.first(pick, after=seen, timeout=timeout)

    async def wait_for_view(
        self, user: str, timeout: float = 5.0, *, predicate: Callable[[Json], object] = bool
    ) -> Json:
        """The modal on top of this person's screen, once there is one that satisfies `predicate`."""

        def top() -> Json | None:
            stack = self.workspace.views.stack(user)
            return stack[-1] if stack and predicate(stack[-1]) else None

        return await self._now_or_later(top, timeout)

    async def wait_for_home(
        self, user: str, timeout: float = 5.0, *, predicate: Callable[[Json], object] = bool
    ) -> Json:
        """This person's App Home, once one is published that satisfies `predicate`."""

        def home() -> Json | None:
            view = self.workspace.views.home(user)
            return view if view and predicate(view) else None

        return await self._now_or_later(home, timeout)

    async def wait_for_ephemeral(
        self, user: str, predicate: Callable[[Json], object] = bool, timeout: float = 5.0
    ) -> Json:
        """The newest message for this person's eyes only that satisfies `predicate`."""

        def newest() -> Json | None:
            for message in reversed(self.workspace.messages.ephemerals.values()):
                if message["for_user"] == user and predicate(message):
                    return message
            return None

        return await self._now_or_later(newest, timeout)

    async def _now_or_later(self, look: Callable[[], Json | None], timeout: float) -> Json:
        def pick(_: Change) -> Json | None:
            return look()

        found = look()
        return found if found is not None else await self.feed.first(pick, after=self.feed.last_seq, timeout=timeout)

    def _routes(self) -> list[web.AbstractRouteDef]:
        page = ui.Page(
            self.workspace,
            self.manifest,
            journal=self.journal,
            people=self.people,
            modals=self.modals,
        )
        controls = control.Control(
            clock=self.clock, faults=self.faults, journal=self.journal, socket=self.socket, warnings=self.warnings
        )

        async def receive(request: web.Request) -> web.Response:
            return await methods_files.receive(request, self.workspace.files)

        routes: list[web.AbstractRouteDef] = [
            web.route("*", "/api/{method}", self._api.handle),
            web.get("/link/", self._link.handle),
            web.post("/upload/v1/{file_id}", receive),
            web.get("/files-pri/{file_id}", self._download),
        ]
        for kind in ("commands", "actions", "app"):
            routes.append(web.post(f"/{kind}/{{team}}/{{number}}/{{secret}}", self.hooks.handle))
        return routes + page.routes() + controls.routes()

    async def _download(self, request: web.Request) -> web.Response:
        """Private files need the bot's token."""
        upload = self.workspace.files.all.get(request.match_info["file_id"])
        if request.headers.get("Authorization") != f"Bearer {self.bot_token}":
            return web.Response(status=403)
        if upload is None or upload.content is None:
            return web.Response(status=404)
        return web.Response(body=upload.content, content_type="application/octet-stream")
