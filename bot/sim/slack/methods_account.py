"""api.test, auth.test, apps.connections.open, team.info, bots.info: who the app is, and how it connects."""

from bot.sim.slack.calls import Call, Method
from bot.sim.slack.errors import SlackError
from bot.sim.slack.rate_limits import Tier
from bot.sim.slack.wire import Json


def api_test(call: Call) -> Json:
    """api.test: fails with the error that it is asked to fail with."""
    if call.arguments.has("error"):
        raise SlackError(call.arguments.text("error"))
    return {"args": {}}


def auth_test(call: Call) -> Json:
    """auth.test"""
    workspace = call.workspace
    return {
        "url": f"https://{workspace.seed.domain}.slack.com/",
        "team": workspace.seed.team_name,
        "user": workspace.people.user(workspace.bot).name,
        "team_id": workspace.seed.team_id,
        "user_id": workspace.bot,
        "bot_id": workspace.seed.bot_id,
        "is_enterprise_install": False,
    }


def open_connection(call: Call) -> Json:
    """apps.connections.open: a WebSocket address that works once."""
    return {"url": call.link.url(call.host)}


def team_info(call: Call) -> Json:
    """team.info"""
    seed = call.workspace.seed
    team = {"id": seed.team_id, "name": seed.team_name, "domain": seed.domain, "email_domain": "acme.example"}
    return {"team": team | {"icon": {"image_default": True}}}


def bots_info(call: Call) -> Json:
    """bots.info: the app's own bot is the only one."""
    workspace = call.workspace
    if call.arguments.text("bot", workspace.seed.bot_id) != workspace.seed.bot_id:
        raise SlackError("bot_not_found")
    name = workspace.people.user(workspace.bot).name
    bot = {"id": workspace.seed.bot_id, "app_id": workspace.seed.app_id, "user_id": workspace.bot, "name": name}
    return {"bot": bot | {"deleted": False, "updated": 1_700_000_000, "icons": {}}}


METHODS = {
    "api.test": Method(api_test, (), Tier.FREE),
    "auth.test": Method(auth_test, (), Tier.FREQUENT),
    "apps.connections.open": Method(open_connection, (), Tier.ONE, app_token=True),
    "team.info": Method(team_info, ("team:read",), Tier.THREE),
    "bots.info": Method(bots_info, ("users:read",), Tier.THREE),
}
