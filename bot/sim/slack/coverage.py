"""What of Slack is simulated, what is not, and where Slack's own behaviour is not documented and was chosen here.

`METHODS` is checked by a test against the served table, so that this page of truth cannot go stale.
"""

from collections.abc import Mapping
from types import MappingProxyType

# Web API method -> what is left out of it; "" where nothing that an app could notice is.
METHODS: Mapping[str, str] = MappingProxyType(
    {
        "api.test": "",
        "apps.connections.open": "",
        "auth.test": "",
        "bookmarks.add": "",
        "bookmarks.edit": "",
        "bookmarks.list": "",
        "bookmarks.remove": "",
        "bots.info": "knows the app's own bot only",
        "chat.delete": "",
        "chat.getPermalink": "",
        "chat.postEphemeral": "is always delivered",
        "chat.postMessage": "no unfurling, no custom username or icon, no rich_text made of plain text",
        "chat.update": "no edit window, no block_mismatch",
        "conversations.archive": "",
        "conversations.create": "",
        "conversations.history": "not limited for apps outside the Marketplace",
        "conversations.info": "",
        "conversations.invite": "",
        "conversations.join": "",
        "conversations.list": "",
        "conversations.members": "",
        "conversations.open": "no group direct messages",
        "conversations.rename": "",
        "conversations.replies": "as conversations.history",
        "conversations.setPurpose": "",
        "conversations.setTopic": "",
        "conversations.unarchive": "",
        "files.completeUploadExternal": "shares at once, ignores blocks",
        "files.getUploadURLExternal": "",
        "pins.add": "",
        "pins.list": "messages only",
        "pins.remove": "",
        "reactions.add": "any well-formed emoji name exists",
        "reactions.remove": "",
        "team.info": "",
        "usergroups.list": "",
        "usergroups.users.list": "",
        "users.info": "",
        "users.list": "",
        "users.lookupByEmail": "",
        "views.open": "",
        "views.publish": "",
        "views.push": "",
        "views.update": "",
    }
)

ENVELOPES = ("events_api", "slash_commands", "interactive")

EVENTS = (
    "app_home_opened",
    "app_mention",
    "channel_archive",
    "channel_created",
    "channel_unarchive",
    "member_joined_channel",
    "message",
    "reaction_added",
    "reaction_removed",
)

INTERACTIONS = (
    "block_actions",
    "block_suggestion",
    "message_action",
    "shortcut",
    "view_closed",
    "view_submission",
)

NOT_SIMULATED = (
    "OAuth, several workspaces, Enterprise Grid, Slack Connect, shared channels",
    "HTTP request URLs and signing: Socket Mode only",
    "group direct messages, canvases, lists, workflows, huddles, search, reminders, calls, stars, streaming messages",
    "link unfurling, conversion of Unicode emoji to :names:, deactivation of apps that fail too many deliveries",
    "response_urls in view_submission for selects with response_url_enabled",
    "app_rate_limited events, the client's own checks of email, URL and number inputs",
    "normalisation of stored blocks beyond filling in missing block_id and action_id",
    "contents of carousel, container, feedback_buttons, workflow_button and conversation filters",
    "notifications other than by mention or direct message (thread followers, keywords, do not disturb)",
)

# Slack does not document these; each was chosen, most of them on the strict side.
CHOSEN = (
    "a Socket Mode ticket lives 30 seconds; a reused one is answered with HTTP 403",
    "an ack is taken from any connection of the app",
    "a used-up or expired response_url answers 404 with Used url or Expired url",
    "mentions in the top-level text notify even when blocks are given; guests and non-members count as notified",
    "mentions in mrkdwn notify inside code spans too",
    "views.open while a modal is open replaces the whole stack; views.push needs a trigger from an open modal",
    "a refused view does not consume the trigger",
    "a response_action that Slack cannot use keeps the modal open and shows a connection error",
    "characters are counted as code points",
    "unknown properties of known blocks are refused",
    "a post into the thread of a tombstone goes to channel level, like one into a deleted thread",
    "texts of failures that people see",
)
