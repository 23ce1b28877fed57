"""One call of a Web API method, and the table entry that says what the method needs."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.sim.slack.arguments import Arguments
from bot.sim.slack.link import Link
from bot.sim.slack.manifest import Manifest
from bot.sim.slack.rate_limits import Tier
from bot.sim.slack.wire import Json
from bot.sim.slack.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Call:
    """What a method works with. `host` is host:port, for absolute addresses in answers."""

    method: str
    arguments: Arguments
    workspace: Workspace
    link: Link
    host: str
    manifest: Manifest

    def may(self, scope: str) -> bool:
        """Whether this optional scope was granted."""
        return self.manifest.granted((scope,))


@dataclass(frozen=True, slots=True)
class Method:
    """A Web API method: how it is done, any one of the scopes it needs, its budget."""

    perform: Callable[[Call], Json]
    scopes: tuple[str, ...] = ()
    tier: Tier = Tier.THREE
    app_token: bool = False  # takes the xapp token rather than the bot's
