"""chat.*, conversations.*, reactions, pins, bookmarks, people and files, as an app meets them."""

from typing import Any

import pytest

from bot.sim.slack.server import SlackSim
from tests.sim.slack import builders as b
from tests.sim.slack.worlds import Api, World

Json = dict[str, Any]  # Any: Slack's payloads are open JSON


async def posted(api: Api, **more: object) -> Json:
    answer = await api("chat.postMessage", **({"channel": "C0INC", "text": "hello"} | more))
    assert answer["ok"], answer
    message: Json = answer["message"]
    return message


async def test_timestamps_rise_even_when_the_clock_stands_still(api: Api) -> None:
    stamps = [(await posted(api))["ts"] for _ in range(5)]

    assert stamps == sorted(set(stamps))
    assert all(len(ts) == 17 and ts[10] == "." for ts in stamps)


async def test_missing_ids_of_blocks_and_elements_are_filled_in(api: Api) -> None:
    unnamed = {"type": "button", "text": b.plain("Go")}

    message = await posted(api, blocks=[b.actions(unnamed), b.section(block_id="mine")])

    assert message["blocks"][0]["block_id"]
    assert message["blocks"][0]["elements"][0]["action_id"]
    assert message["blocks"][1]["block_id"] == "mine"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"text": ""}, "no_text"),
        ({"channel": "C0NOWHERE"}, "channel_not_found"),
        ({"channel": "U0ELI"}, "channel_not_found"),
        ({"blocks": "[{"}, "invalid_blocks_format"),
        ({"blocks": [{"type": "nothing"}]}, "invalid_blocks"),
        ({"markdown_text": "x"}, "markdown_text_conflict"),
        ({"metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        ({"metadata": "{"}, "invalid_metadata_format"),
    ],
)
async def test_a_message_that_slack_refuses_is_refused(api: Api, arguments: Json, error: str) -> None:
    answer = await api("chat.postMessage", **({"channel": "C0INC", "text": "x"} | arguments))

    assert answer["error"] == error


async def test_a_post_without_a_channel_names_what_is_missing(api: Api) -> None:
    answer = await api("chat.postMessage", text="x")

    assert answer["response_metadata"]["messages"] == ["[ERROR] missing required field: channel"]


async def test_a_reply_counts_on_its_parent(api: Api) -> None:
    parent = await posted(api)
    reply = await posted(api, thread_ts=parent["ts"])

    thread = (await api("conversations.replies", channel="C0INC", ts=parent["ts"]))["messages"]
    top = (await api("conversations.history", channel="C0INC"))["messages"]

    assert [message["ts"] for message in thread] == [parent["ts"], reply["ts"]]
    assert (thread[0]["reply_count"], thread[0]["latest_reply"]) == (1, reply["ts"])
    assert reply["thread_ts"] == parent["ts"]
    assert [message["ts"] for message in top] == [parent["ts"]]


@pytest.mark.parametrize("replies", [0, 1])
async def test_a_reply_to_a_deleted_parent_lands_in_the_channel_without_thread_ts(api: Api, replies: int) -> None:
    parent = await posted(api)
    for _ in range(replies):
        await posted(api, thread_ts=parent["ts"])
    assert (await api("chat.delete", channel="C0INC", ts=parent["ts"]))["ok"]

    late = await posted(api, thread_ts=parent["ts"])

    assert "thread_ts" not in late


async def test_deleting_a_parent_with_replies_leaves_a_tombstone(api: Api) -> None:
    parent = await posted(api)
    await posted(api, thread_ts=parent["ts"])
    await api("chat.delete", channel="C0INC", ts=parent["ts"])

    thread = (await api("conversations.replies", channel="C0INC", ts=parent["ts"]))["messages"]

    assert thread[0]["subtype"] == "tombstone"
    assert (await api("chat.update", channel="C0INC", ts=parent["ts"], text="x"))["error"] == "message_not_found"


async def test_replies_to_nothing_are_thread_not_found(api: Api) -> None:
    assert (await api("conversations.replies", channel="C0INC", ts="1.000000"))["error"] == "thread_not_found"


async def test_an_update_with_text_alone_removes_the_blocks(api: Api) -> None:
    message = await posted(api, blocks=[b.section()])

    changed = (await api("chat.update", channel="C0INC", ts=message["ts"], text="new"))["message"]

    assert changed["text"] == "new"
    assert "blocks" not in changed
    assert changed["edited"]["user"] == "U0BOT"


async def test_an_update_with_blocks_alone_keeps_the_fallback_and_leaves_no_mark(api: Api) -> None:
    message = await posted(api, text="fallback")

    changed = (await api("chat.update", channel="C0INC", ts=message["ts"], blocks=[b.section()]))["message"]

    assert changed["text"] == "fallback"
    assert changed["blocks"][0]["text"]["text"] == "hello"
    assert "edited" not in changed


async def test_an_update_with_an_empty_array_removes_the_blocks(api: Api) -> None:
    message = await posted(api, blocks=[b.section()])

    changed = (await api("chat.update", channel="C0INC", ts=message["ts"], blocks=[]))["message"]

    assert "blocks" not in changed


async def test_metadata_survives_updates_and_is_shown_only_on_request(api: Api) -> None:
    metadata = {"event_type": "incident", "event_payload": {"id": "INC-1"}}
    message = await posted(api, metadata=metadata)
    await api("chat.update", channel="C0INC", ts=message["ts"], text="new")

    silent = await api("conversations.history", channel="C0INC")
    full = await api("conversations.history", channel="C0INC", include_all_metadata=True)

    assert "metadata" not in silent["messages"][0]
    assert full["messages"][0]["metadata"] == metadata


@pytest.mark.parametrize(("length", "ok"), [(4000, True), (4001, False)])
async def test_an_update_takes_four_thousand_characters(api: Api, length: int, ok: bool) -> None:
    message = await posted(api)

    answer = await api("chat.update", channel="C0INC", ts=message["ts"], text="x" * length)

    assert answer["ok"] is ok
    assert answer.get("error") == (None if ok else "msg_too_long")


async def test_a_very_long_post_is_cut(api: Api) -> None:
    assert len((await posted(api, text="x" * 40_001))["text"]) == 40_000


async def test_only_ones_own_messages_can_be_changed(api: Api, sim: SlackSim) -> None:
    ts = await sim.post("U0ANA", "incidents", "mine")

    assert (await api("chat.update", channel="C0INC", ts=ts, text="x"))["error"] == "cant_update_message"
    assert (await api("chat.delete", channel="C0INC", ts=ts))["error"] == "cant_delete_message"


async def test_a_message_to_a_person_opens_the_direct_message(api: Api, sim: SlackSim) -> None:
    answer = await api("chat.postMessage", channel="U0ANA", text="hello")

    assert answer["channel"].startswith("D")
    assert (await api("conversations.open", users="U0ANA"))["channel"]["id"] == answer["channel"]
    assert sim.workspace.channels.find(answer["channel"]).audience() == frozenset({"U0ANA", "U0BOT"})


async def test_an_ephemeral_message_needs_a_member_and_cannot_be_updated(api: Api, sim: SlackSim) -> None:
    answer = await api("chat.postEphemeral", channel="C0INC", user="U0ANA", text="psst")
    stranger = await api("chat.postEphemeral", channel="C0AUD", user="U0DEE", text="psst")
    ts = answer["message_ts"]

    assert (await sim.wait_for_ephemeral("U0ANA"))["text"] == "psst"
    assert stranger["error"] == "user_not_in_channel"
    assert (await api("chat.update", channel="C0INC", ts=ts, text="x"))["error"] == "message_not_found"


async def test_a_permalink_of_a_reply_names_its_thread(api: Api) -> None:
    parent = await posted(api)
    reply = await posted(api, thread_ts=parent["ts"])

    link = (await api("chat.getPermalink", channel="C0INC", message_ts=reply["ts"]))["permalink"]

    digits = reply["ts"].replace(".", "")
    assert link == f"https://acme.slack.com/archives/C0INC/p{digits}?thread_ts={parent['ts']}&cid=C0INC"


async def test_history_is_newest_first_and_turns_pages(api: Api) -> None:
    stamps = [(await posted(api))["ts"] for _ in range(5)]

    first = await api("conversations.history", channel="C0INC", limit=3)
    cursor = first["response_metadata"]["next_cursor"]
    rest = await api("conversations.history", channel="C0INC", limit=3, cursor=cursor)

    assert [message["ts"] for message in first["messages"] + rest["messages"]] == stamps[::-1]
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert (await api("conversations.history", channel="C0INC", cursor="?"))["error"] == "invalid_cursor"


async def test_what_the_bot_is_not_in_it_cannot_read(api: Api) -> None:
    assert (await api("conversations.history", channel="C0GEN"))["error"] == "not_in_channel"

    await api("conversations.join", channel="C0GEN")

    assert (await api("conversations.history", channel="C0GEN"))["ok"]


async def test_an_incident_channel_lives_from_creation_to_archive(api: Api) -> None:
    channel = (await api("conversations.create", name="inc-42"))["channel"]["id"]
    again = await api("conversations.create", name="inc-42")
    invited = await api("conversations.invite", channel=channel, users="U0ANA,U0BEN")
    topic = await api("conversations.setTopic", channel=channel, topic="x" * 251)
    archived = await api("conversations.archive", channel=channel)
    late = await api("chat.postMessage", channel=channel, text="x")

    assert again["error"] == "name_taken"
    assert invited["channel"]["num_members"] == 3
    assert topic["error"] == "too_long"
    assert archived["ok"]
    assert late["error"] == "is_archived"
    assert (await api("conversations.archive", channel=channel))["error"] == "already_archived"


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", "invalid_name_required"),
        ("Upper", "invalid_name_specials"),
        ("a b", "invalid_name_specials"),
        ("--", "invalid_name_punctuation"),
        ("x" * 81, "invalid_name_maxlength"),
    ],
)
async def test_a_bad_channel_name_is_refused(api: Api, name: str, error: str) -> None:
    assert (await api("conversations.create", name=name))["error"] == error


@pytest.mark.parametrize(
    ("users", "error"),
    [("U0BOT", "cant_invite_self"), ("U0ANA", "already_in_channel"), ("U0NO", "user_not_found"), ("", "no_user")],
)
async def test_a_bad_invitation_is_refused(api: Api, users: str, error: str) -> None:
    assert (await api("conversations.invite", channel="C0INC", users=users))["error"] == error


async def test_reactions_are_counted_once_per_person(api: Api, sim: SlackSim) -> None:
    ts = (await posted(api))["ts"]

    assert (await api("reactions.add", channel="C0INC", timestamp=ts, name="eyes"))["ok"]
    twice = await api("reactions.add", channel="C0INC", timestamp=ts, name=":eyes:")
    sim.people.react("U0ANA", "C0INC", ts, "eyes")
    message = (await api("conversations.history", channel="C0INC"))["messages"][0]
    removed = await api("reactions.remove", channel="C0INC", timestamp=ts, name="eyes")
    none = await api("reactions.remove", channel="C0INC", timestamp=ts, name="eyes")

    assert twice["error"] == "already_reacted"
    assert message["reactions"] == [{"name": "eyes", "users": ["U0BOT", "U0ANA"], "count": 2}]
    assert removed["ok"]
    assert none["error"] == "no_reaction"
    assert (await api("reactions.add", channel="C0INC", timestamp="x", name="eyes"))["error"] == "bad_timestamp"
    assert (await api("reactions.add", channel="C0INC", timestamp=ts, name="No!"))["error"] == "invalid_name"


async def test_pins_are_set_once(api: Api) -> None:
    ts = (await posted(api))["ts"]

    assert (await api("pins.add", channel="C0INC", timestamp=ts))["ok"]
    assert (await api("pins.add", channel="C0INC", timestamp=ts))["error"] == "already_pinned"
    assert (await api("pins.list", channel="C0INC"))["items"][0]["message"]["ts"] == ts
    assert (await api("pins.remove", channel="C0INC", timestamp=ts))["ok"]
    assert (await api("pins.remove", channel="C0INC", timestamp=ts))["error"] == "no_pin"


async def test_bookmarks_are_links(api: Api) -> None:
    link = {"channel_id": "C0INC", "title": "Board", "type": "link", "link": "https://example.com"}
    bookmark = (await api("bookmarks.add", **link))["bookmark"]
    edited = await api("bookmarks.edit", channel_id="C0INC", bookmark_id=bookmark["id"], title="Wall")

    assert bookmark["id"].startswith("Bk")
    assert edited["bookmark"]["title"] == "Wall"
    assert (await api("bookmarks.add", **(link | {"link": "ftp://x"})))["error"] == "invalid_link"
    assert (await api("bookmarks.add", **(link | {"type": "file"})))["error"] == "invalid_bookmark_type"
    assert (await api("bookmarks.remove", channel_id="C0INC", bookmark_id=bookmark["id"]))["ok"]
    assert (await api("bookmarks.list", channel_id="C0INC"))["bookmarks"] == []


async def test_people_and_groups_can_be_looked_up(api: Api) -> None:
    dee = (await api("users.info", user="U0DEE"))["user"]
    eli = (await api("users.info", user="U0ELI"))["user"]

    assert dee["is_restricted"]
    assert eli["deleted"]
    assert (await api("users.info", user="U0NO"))["error"] == "user_not_found"
    assert (await api("users.lookupByEmail", email="ANA@acme.example"))["user"]["id"] == "U0ANA"
    assert (await api("users.lookupByEmail", email="eli@acme.example"))["error"] == "users_not_found"
    assert (await api("usergroups.users.list", usergroup="S0SRE"))["users"] == ["U0ANA", "U0BEN"]
    assert (await api("usergroups.users.list", usergroup="S0NO"))["error"] == "no_such_subteam"


async def test_who_leaves_drops_out_of_every_group(api: Api, sim: SlackSim) -> None:
    sim.workspace.people.deactivate("U0BEN")

    assert (await api("usergroups.users.list", usergroup="S0SRE"))["users"] == ["U0ANA"]
    assert (await api("users.info", user="U0BEN"))["user"]["deleted"]


async def test_a_file_is_announced_sent_and_completed_once(world: World, api: Api) -> None:
    announced = await api("files.getUploadURLExternal", filename="log.txt", length=3)
    early = await api("files.completeUploadExternal", files=[{"id": announced["file_id"]}])
    async with world.http.post(announced["upload_url"], data=b"abc") as response:
        body = await response.text()
    done = await api(
        "files.completeUploadExternal", files=[{"id": announced["file_id"], "title": "Log"}], channel_id="C0INC"
    )
    again = await api("files.completeUploadExternal", files=[{"id": announced["file_id"]}])
    message = (await api("conversations.history", channel="C0INC"))["messages"][0]

    assert early["error"] == "file_not_found"
    assert body == "OK - 3"
    assert done["files"][0]["title"] == "Log"
    assert again["error"] == "file_not_found"
    assert (message["subtype"], message["files"][0]["name"]) == ("file_share", "log.txt")


async def test_guests_see_only_the_channels_they_are_in(sim: SlackSim) -> None:
    assert await sim.post("U0DEE", "incidents", "hello")

    with pytest.raises(Exception, match="channel_not_found"):
        await sim.post("U0DEE", "general", "hello")
