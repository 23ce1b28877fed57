"""The workspace: everything that the simulated Slack knows, put together. State lives here, protocols elsewhere."""

from bot.sim.slack.channels import Channels
from bot.sim.slack.clocks import SimClock
from bot.sim.slack.events import Announcer
from bot.sim.slack.feed import Feed
from bot.sim.slack.files import Files
from bot.sim.slack.ids import Ids
from bot.sim.slack.messages import Messages
from bot.sim.slack.people import People, Seed
from bot.sim.slack.settings import Settings
from bot.sim.slack.triggers import Triggers
from bot.sim.slack.views import Views
from bot.sim.slack.warnings import Warnings
from bot.sim.slack.wire import Json


class Workspace:
    """One team with one installed app."""

    def __init__(
        self,
        seed: Seed,
        settings: Settings,
        *,
        clock: SimClock,
        ids: Ids,
        feed: Feed,
        announcer: Announcer,
        warnings: Warnings,
    ) -> None:
        self.seed, self.settings, self.clock, self.ids, self.feed = seed, settings, clock, ids, feed
        self.announcer, self.warnings = announcer, warnings
        self.people = People(seed.users, seed.usergroups)
        self.channels = Channels(seed, people=self.people, feed=feed, ids=ids, clock=clock)
        self.messages = Messages(people=self.people, feed=feed, ids=ids, announcer=announcer)
        self.views = Views(seed, feed=feed, ids=ids)
        self.triggers = Triggers(clock, ids, settings.trigger_seconds)
        self.files = Files(ids)
        self._bot_author: Json = {
            "user": seed.bot_user_id,
            "bot_id": seed.bot_id,
            "app_id": seed.app_id,
            "team": seed.team_id,
            "bot_profile": {
                "id": seed.bot_id,
                "app_id": seed.app_id,
                "name": self.people.user(seed.bot_user_id).name,
                "deleted": False,
                "team_id": seed.team_id,
            },
        }

    @property
    def bot(self) -> str:
        """The bot's user id."""
        return self.seed.bot_user_id

    @property
    def bot_author(self) -> Json:
        """The keys that mark a message as the bot's; shared, never changed."""
        return self._bot_author

    def permalink(self, channel: str, ts: str, thread_ts: str = "") -> str:
        """The archive address of a message."""
        link = f"https://{self.seed.domain}.slack.com/archives/{channel}/p{ts.replace('.', '')}"
        return f"{link}?thread_ts={thread_ts}&cid={channel}" if thread_ts and thread_ts != ts else link
