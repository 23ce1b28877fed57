"""Whom a message would notify: the three doors through which a mention, or an injected one, comes in."""

from typing import Any

import pytest

from bot.sim.slack import composing, mentions
from bot.sim.slack.server import SlackSim
from tests.sim.slack import builders as b

Json = dict[str, Any]  # Any: Slack's payloads are open JSON
EVERYONE = ("U0ANA", "U0BEN", "U0CHI", "U0DEE")


def rich(*elements: Json, container: str = "rich_text_section") -> Json:
    return {"type": "rich_text", "elements": [{"type": container, "elements": list(elements)}]}


def cases() -> dict[str, tuple[Json, tuple[str, ...]]]:
    return {
        "a person": ({"text": "<@U0ANA> look"}, ("U0ANA",)),
        "a person with a label": ({"text": "<@U0ANA|ana> look"}, ("U0ANA",)),
        "a group": ({"text": "<!subteam^S0SRE>"}, ("U0ANA", "U0BEN")),
        "a group with a label": ({"text": "<!subteam^S0SRE|@sre>"}, ("U0ANA", "U0BEN")),
        "the channel": ({"text": "<!channel>"}, EVERYONE),
        "who is here": ({"text": "<!here|here>"}, EVERYONE),
        "escaped": ({"text": "&lt;!channel&gt; &lt;@U0ANA&gt;"}, ()),
        "a bare name": ({"text": "@ana @here"}, ()),
        "somebody unknown": ({"text": "<@U0NOBODY>"}, ()),
        "somebody deactivated": ({"text": "<@U0ELI>"}, ()),
        "the bot": ({"text": "<@U0BOT>"}, ()),
        "oneself": ({"text": "<@U0ANA>", "user": "U0ANA"}, ()),
        "a channel link": ({"text": "<#C0GEN>"}, ()),
        "an address": ({"text": "<https://example.com|@here>"}, ()),
        "mrkdwn in a block": ({"blocks": [b.section("<!here>")]}, EVERYONE),
        "a field": ({"blocks": [{"type": "section", "fields": [b.mrkdwn("<@U0BEN>")]}]}, ("U0BEN",)),
        "context": ({"blocks": [{"type": "context", "elements": [b.mrkdwn("<@U0BEN>")]}]}, ("U0BEN",)),
        "bare in mrkdwn": ({"blocks": [b.section("help @here")]}, EVERYONE),
        "bare but verbatim": (
            {"blocks": [{"type": "section", "text": b.mrkdwn("help @here", verbatim=True)}]},
            (),
        ),
        "verbatim stops no control sequence": (
            {"blocks": [{"type": "section", "text": b.mrkdwn("<@U0BEN>", verbatim=True)}]},
            ("U0BEN",),
        ),
        "part of an address": ({"blocks": [b.section("mail ops@here.example")]}, ()),
        "plain text": ({"blocks": [{"type": "section", "text": b.plain("<!channel> @here")}]}, ()),
        "rich text": ({"blocks": [rich({"type": "text", "text": "<!channel> @here"})]}, ()),
        "a rich user": ({"blocks": [rich({"type": "user", "user_id": "U0CHI"})]}, ("U0CHI",)),
        "a rich group": ({"blocks": [rich({"type": "usergroup", "usergroup_id": "S0LEADS"})]}, ("U0BEN",)),
        "a rich broadcast": ({"blocks": [rich({"type": "broadcast", "range": "channel"})]}, EVERYONE),
        "preformatted": (
            {"blocks": [rich({"type": "text", "text": "<!here>"}, container="rich_text_preformatted")]},
            (),
        ),
        "markdown": ({"blocks": [{"type": "markdown", "text": "<!here>"}]}, EVERYONE),
    }


@pytest.mark.parametrize("name", cases())
async def test_a_message_notifies_exactly_whom_slack_would_notify(sim: SlackSim, name: str) -> None:
    message, expected = cases()[name]
    channel = sim.workspace.channels.find("incidents")

    assert mentions.notified(message, channel, sim.workspace.people) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("@ana", ("U0ANA",)), ("@sre", ("U0ANA", "U0BEN")), ("@here", EVERYONE), ("a@ana", ())]
)
async def test_link_names_makes_bare_names_into_mentions(sim: SlackSim, text: str, expected: tuple[str, ...]) -> None:
    channel = sim.workspace.channels.find("incidents")

    found = mentions.notified({"text": text}, channel, sim.workspace.people, link_names=True)

    assert found == expected


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("a & b", "a &amp; b"),
        ("a &amp; b &lt;", "a &amp; b &lt;"),
        ("1 < 2 > 0", "1 &lt; 2 &gt; 0"),
        ("<@U0ANA> <!here>", "<@U0ANA> <!here>"),
        ("see https://example.com/a?b=1&c=2 now", "see <https://example.com/a?b=1&c=2> now"),
        ("<https://example.com|label>", "<https://example.com|label>"),
        ("<script>", "&lt;script&gt;"),
    ],
)
def test_the_server_escapes_and_links_but_keeps_control_sequences(given: str, stored: str) -> None:
    assert composing.sanitised(given) == stored


async def test_a_person_can_mention_but_what_is_typed_is_otherwise_literal(sim: SlackSim) -> None:
    text, blocks = composing.typed("@pageturner <!channel> & @sre see https://example.com", sim.workspace.people)

    assert text == "<@U0BOT> &lt;!channel&gt; &amp; <!subteam^S0SRE> see <https://example.com>"
    kinds = [element["type"] for element in blocks[0]["elements"][0]["elements"]]
    assert kinds == ["user", "text", "usergroup", "text", "link"]
