"""Who is in the workspace: users, guests, the bot, user groups. And the seed that a fresh workspace starts from."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from bot.sim.slack.errors import SlackError
from bot.sim.slack.wire import Json

SLACKBOT = "USLACKBOT"


@dataclass(frozen=True, slots=True)
class User:
    """One account."""

    id: str
    name: str
    real_name: str
    title: str = ""
    email: str = ""
    color: str = "4a7c59"
    tz: str = "Europe/Madrid"
    is_bot: bool = False
    is_restricted: bool = False  # a multi-channel guest
    is_ultra_restricted: bool = False  # a single-channel guest
    is_admin: bool = False
    deleted: bool = False  # deactivated

    @property
    def is_guest(self) -> bool:
        """Guests see only the channels that they were invited to."""
        return self.is_restricted or self.is_ultra_restricted

    @property
    def can_be_notified(self) -> bool:
        """Bots and deactivated accounts have nobody behind them."""
        return not self.is_bot and not self.deleted


@dataclass(frozen=True, slots=True)
class Usergroup:
    """A group that can be mentioned by its handle."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...] = ()
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class SeedChannel:
    """A channel of a fresh workspace; `members` None means everybody but guests and the bot."""

    id: str
    name: str
    topic: str = ""
    is_private: bool = False
    has_bot: bool = False
    members: tuple[str, ...] | None = None
    guests: tuple[str, ...] = ()


def _default_users() -> tuple[User, ...]:
    return (
        User("U0ANA", "ana", "Ana Ruiz", "On-call SRE", "ana@acme.example", "b5502d"),
        User("U0BEN", "ben", "Ben Okafor", "SRE lead", "ben@acme.example", "2d6cb5", is_admin=True),
        User("U0CHI", "chi", "Chi Tran", "Developer", "chi@acme.example", "7a3fb0"),
        User("U0DEE", "dee", "Dee Guest", "Contractor", "dee@partner.example", "a38b12", is_restricted=True),
        User("U0ELI", "eli", "Eli Novak", "Left the company", "eli@acme.example", "777777", deleted=True),
        User("U0BOT", "pageturner", "pageturner", color="1f8a70", is_bot=True),
    )


def _default_usergroups() -> tuple[Usergroup, ...]:
    return (
        Usergroup("S0SRE", "sre", "Site reliability", ("U0ANA", "U0BEN")),
        Usergroup("S0LEADS", "leads", "Leads", ("U0BEN",)),
        Usergroup("S0DATA", "data", "Data owners", ("U0BEN",)),
    )


def _default_channels() -> tuple[SeedChannel, ...]:
    return (
        SeedChannel("C0INC", "incidents", "Alerts and what we do about them", has_bot=True, guests=("U0DEE",)),
        SeedChannel("C0GEN", "general", "Company-wide"),
        SeedChannel("C0AUD", "audit", "What was changed, by whom", has_bot=True),
    )


@dataclass(frozen=True, slots=True)
class Seed:
    """A fresh workspace with one installed app."""

    team_id: str = "T0ACME"
    team_name: str = "Acme"
    domain: str = "acme"
    app_id: str = "A0APP"
    bot_id: str = "B0BOT"
    bot_user_id: str = "U0BOT"
    # Tokens of a workspace that exists on loopback only: nothing to keep secret.
    bot_token: str = "xoxb-simulated"  # noqa: S105
    app_token: str = "xapp-simulated"  # noqa: S105
    users: tuple[User, ...] = field(default_factory=_default_users)
    usergroups: tuple[Usergroup, ...] = field(default_factory=_default_usergroups)
    channels: tuple[SeedChannel, ...] = field(default_factory=_default_channels)


class People:
    """The accounts and groups of the workspace."""

    def __init__(self, users: Iterable[User], usergroups: Iterable[Usergroup]) -> None:
        self.users: dict[str, User] = {user.id: user for user in users}
        self.usergroups: dict[str, Usergroup] = {group.id: group for group in usergroups}

    def user(self, user_id: str) -> User:
        """The account, or user_not_found."""
        if user_id not in self.users:
            raise SlackError("user_not_found")
        return self.users[user_id]

    def by_email(self, email: str) -> User:
        """The active account with this address, or users_not_found."""
        for user in self.users.values():
            if email and user.email.lower() == email.lower() and not user.deleted:
                return user
        raise SlackError("users_not_found")

    def usergroup(self, group_id: str) -> Usergroup:
        """The group, or no_such_subteam."""
        if group_id not in self.usergroups:
            raise SlackError("no_such_subteam")
        return self.usergroups[group_id]

    def deactivate(self, user_id: str) -> None:
        """The person leaves: the account stays, marked deleted, and drops out of every group."""
        self.users[user_id] = replace(self.user(user_id), deleted=True)
        for group in tuple(self.usergroups.values()):
            self.set_group(group.id, tuple(user for user in group.users if user != user_id))

    def set_group(self, group_id: str, users: tuple[str, ...]) -> None:
        """Replaces a group's members."""
        self.usergroups[group_id] = replace(self.usergroup(group_id), users=users)


def user_json(user: User, seed: Seed) -> Json:
    """A user object as users.info returns it; deactivated accounts lack the fields that Slack leaves out."""
    profile: Json = {
        "title": user.title,
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "team": seed.team_id,
        **{f"image_{size}": f"https://avatars.example/{user.id}-{size}.png" for size in (24, 48, 192)},
    }
    if user.is_bot:
        profile |= {"api_app_id": seed.app_id, "bot_id": seed.bot_id}
    else:
        profile["email"] = user.email
    common: Json = {
        "id": user.id,
        "team_id": seed.team_id,
        "name": user.name,
        "deleted": user.deleted,
        "profile": profile,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": 1_700_000_000,
    }
    if user.deleted:
        return common
    return common | {
        "color": user.color,
        "real_name": user.real_name,
        "tz": user.tz,
        "tz_label": "Central European Time",
        "tz_offset": 3600,
        "is_admin": user.is_admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": user.is_ultra_restricted,
        "is_email_confirmed": True,
        "who_can_share_contact_card": "EVERYONE",
    }


def usergroup_json(group: Usergroup, seed: Seed) -> Json:
    """A user group object as usergroups.list returns it."""
    return {
        "id": group.id,
        "team_id": seed.team_id,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": 1_700_000_000,
        "date_update": 1_700_000_000,
        "date_delete": 1_700_000_000 if group.disabled else 0,
        "user_count": len(group.users),
    }
