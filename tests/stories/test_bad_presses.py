"""What reaches the bot from Slack and is late, forged or mistaken: it is refused with a sentence, and nothing runs."""

import json
import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.core.approvals import Closing
from bot.core.states import State
from bot.flow.approving import LATE
from bot.sim.slack import interactions, stateful
from bot.sim.slack.outcomes import Result
from bot.sim.slack.payloads import Payloads
from bot.sim.slack.socket_mode import Ack
from tests.stories import living
from tests.stories.living import ANA, BEN, CHANNEL, CHI, Living

TYPED, REASON = "checkout", "bad image since the last release"
GHOST = "U0GHOST"
"""Has the shape of an id, and Slack knows nobody with it."""

Body = dict[str, Any]
"""What travels in an envelope, in Slack's shape."""


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[Living]:
    async with living.living(tmp_path, "redis-pool") as life:
        yield life


@pytest.fixture
async def release(tmp_path: Path) -> AsyncIterator[Living]:
    """A high step; Ana may approve it as well as Ben."""
    async with living.living(tmp_path) as life:
        life.world.slack.workspace.people.set_group("S0LEADS", (BEN, ANA))
        life.world.fire("bad-release")
        yield life


async def click(
    life: Living, user: str, message: Body, action: str, *, value: str | None = None, forged: Body | None = None
) -> Ack:
    """An envelope as Slack would send it for this button of this message, whether they are still there or not."""
    workspace = life.world.slack.workspace
    block, element = interactions.find_element(message["blocks"], "", action, None)
    pressed = stateful.action(block, element, action_ts=workspace.ids.ts(), value=None)
    pressed |= {} if value is None else {"value": value}
    body = Payloads(workspace).interaction("block_actions", workspace.people.user(ANA))
    body |= Payloads(workspace).in_message(workspace.channels.find(CHANNEL), message, is_ephemeral=False)
    body |= {"actions": [pressed], "state": {"values": {}}}
    body["user"] |= {"id": user, "username": user.lower(), "name": user.lower()}
    return await life.world.slack.socket.request("interactive", {**body, **(forged or {})}, name="block_actions")


async def submit(life: Living, user: str, view: Body, **changes: object) -> Ack:
    """The same for a modal that is filled in rightly, but for what is changed."""
    workspace = life.world.slack.workspace
    body = Payloads(workspace).interaction("view_submission", workspace.people.user(user))
    entered = life.world.slack.modals.state_of(view, {"typed": TYPED, "reason": REASON})
    values = stateful.values(view["blocks"], given=entered)
    body |= {"view": {**view, "state": {"values": values}, **changes}, "response_urls": []}
    return await life.world.slack.socket.request("interactive", body, name="view_submission", answers=True)


async def opened(life: Living, user: str = BEN) -> tuple[int, Body]:
    """The modal of the high step, open before this person."""
    waiting = await life.state(State.WAITING)
    assert waiting.approval is not None
    number = int(waiting.approval.step)
    asked = await life.with_button(f"step-{number}", "step.confirm")
    await life.press(user, asked, "step.confirm")
    return number, await life.world.slack.wait_for_view(user)


async def nothing_happened(life: Living, incident: str = "INC-1") -> None:
    """The question stands as it stood: nobody's vote counts, nothing ran."""
    now = await life.state(State.WAITING, incident)
    assert now.approval is not None
    assert now.approval.votes == ()
    assert life.world.cluster.writes == []
    assert life.executed("FLUSHDB") == []


def typed(life: Living, user: str) -> Mapping[str, str]:
    """What stands in the fields of the modal that this person sees."""
    view = life.world.slack.workspace.views.stack(user)[-1]
    return {block: next(iter(inputs.values()))["value"] for block, inputs in view["state"]["values"].items()}


# --- late -------------------------------------------------------------------------------------------------------------


async def test_F33_a_button_that_was_removed_since_is_refused_and_runs_nothing_again(redis: Living) -> None:
    asked = dict(await redis.with_button("step-1", "step.approve"))
    await redis.press(ANA, asked, "step.approve")
    await redis.state(State.RESOLVED)

    for action in ("step.approve", "step.reject"):
        assert (await click(redis, BEN, asked, action)).is_ok

    told = await redis.world.slack.wait_for_ephemeral(BEN, lambda each: "approved already" in living.all_text(each))
    assert {"type": "user", "user_id": ANA} in told["blocks"][0]["elements"][0]["elements"], "and by whom"
    assert len(redis.executed("FLUSHDB")) == 1


async def test_F34_the_old_buttons_of_a_resolved_incident_say_so(redis: Living) -> None:
    root = dict(await redis.with_button("root", "incident.escalate"))
    await redis.approve()
    done = await redis.state(State.RESOLVED)

    for action in ("incident.escalate", "incident.resolve"):
        await click(redis, ANA, root, action)
        view = redis.world.slack.workspace.views.stack(ANA)
        if view:
            outcome = await redis.world.slack.submit(ANA, view[-1]["id"], {"reason": "by hand, long ago"})
            assert "is resolved already" in outcome.errors["reason"]

    assert "is not open any more" in await redis.told(ANA, "not open")
    assert (await redis.state(State.RESOLVED)).resolution == done.resolution


async def test_F35_a_modal_whose_incident_was_resolved_meanwhile_runs_nothing(release: Living) -> None:
    _, view = await opened(release)
    release.world.cluster.faults.clear("bad-image")
    await release.state(State.RESOLVED)

    outcome = await release.world.slack.submit(BEN, view["id"], {"typed": TYPED, "reason": REASON})

    assert (outcome.result, outcome.errors) == (Result.ERRORS, {"reason": LATE[Closing.WITHDRAWN]})
    assert typed(release, BEN) == {"typed": TYPED, "reason": REASON}
    assert release.world.cluster.writes == []


async def test_F35_a_modal_whose_step_was_approved_by_another_says_so(release: Living) -> None:
    number, view = await opened(release)
    outcome = await release.confirm(number, TYPED, "Ana was faster this time", user=ANA)
    assert outcome.result is Result.CLOSED
    await release.state(State.RESOLVED)

    late = await release.world.slack.submit(BEN, view["id"], {"typed": TYPED, "reason": REASON})

    assert late.result is Result.ERRORS
    assert late.errors["reason"].startswith(LATE[Closing.CONSUMED])
    assert "<@" not in late.errors["reason"], "an error of a modal is plain text"
    assert typed(release, BEN) == {"typed": TYPED, "reason": REASON}
    assert len(release.world.cluster.writes) == 1


async def test_F35_a_modal_whose_time_is_over_runs_nothing(tmp_path: Path) -> None:
    runbooks = tmp_path / "runbooks"
    shutil.copytree(living.RUNBOOKS, runbooks)
    book = runbooks / "bad-image-rollback.yaml"
    book.write_text(book.read_text() + "approval_window: 3s\n")
    async with living.living(tmp_path, "bad-release", runbooks) as life:
        _, view = await opened(life)
        await life.state(State.ESCALATED)

        outcome = await life.world.slack.submit(BEN, view["id"], {"typed": TYPED, "reason": REASON})

        assert (outcome.result, outcome.errors) == (Result.ERRORS, {"reason": LATE[Closing.EXPIRED]})
        assert typed(life, BEN) == {"typed": TYPED, "reason": REASON}
        assert life.world.cluster.writes == []


# --- forged -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "forged",
    [
        {"team": {"id": "T0EVIL", "domain": "evil"}},
        {"user": {"id": ANA, "team_id": "T0EVIL"}},
        {"team": None, "user": {"id": ANA}},
        {"team_id": "T0EVIL"},
    ],
    ids=["team", "person", "none", "two"],
)
async def test_F48_a_press_from_another_workspace_is_refused(redis: Living, forged: Body) -> None:
    asked = await redis.with_button("step-1", "step.approve")

    await click(redis, ANA, asked, "step.approve", forged=forged)

    assert "its own workspace only" in await redis.told(ANA, "workspace")
    await nothing_happened(redis)


async def test_F48_a_button_on_another_apps_message_is_refused(redis: Living) -> None:
    asked = await redis.with_button("step-1", "step.approve")

    await click(redis, ANA, asked, "step.approve", forged={"message": {**asked, "bot_id": "B0OTHER"}})

    assert "not one of mine" in await redis.told(ANA, "mine")
    await nothing_happened(redis)


@pytest.mark.parametrize(
    ("action", "value"),
    [
        ("step.approve", "1-guessed"),
        ("step.approve", "999-{nonce}"),
        ("step.approve", "2-{nonce}"),
        ("step.approve", "INC-1"),
        ("step.approve", ""),
        ("step.approve", "1-{nonce}; drop table events"),
        ("step.approve", "x" * 5_000),
        ("step.reject", "1-guessed"),
    ],
)
async def test_F48_a_changed_value_meets_the_stored_state_and_is_refused(
    redis: Living, action: str, value: str
) -> None:
    waiting = await redis.state(State.WAITING)
    assert waiting.approval is not None
    asked = await redis.with_button("step-1", "step.approve")

    assert (await click(redis, ANA, asked, action, value=value.format(nonce=waiting.approval.nonce))).is_ok

    assert await redis.told(ANA, "Not done: ")
    assert redis.world.slack.workspace.views.stack(ANA) == []
    await nothing_happened(redis)


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "no json",
        "[]",
        '{"approval": "1-guessed"}',
        '{"approval": "2-{nonce}"}',
        '{"approval": ["1"]}',
        '{"approval": "1-{nonce}", "user": "U0BEN"}',
        '{"incident": "INC-1"}',
    ],
)
async def test_F48_changed_metadata_of_a_modal_is_refused(release: Living, metadata: str) -> None:
    _, view = await opened(release)
    nonce = json.loads(view["private_metadata"])["approval"].partition("-")[2]

    ack = await submit(release, BEN, view, private_metadata=metadata.replace("{nonce}", nonce))

    assert ack.is_ok
    await nothing_happened(release)


async def test_F48_another_callback_does_not_turn_a_reason_into_an_approval(release: Living) -> None:
    _, view = await opened(release)

    for callback in ("step.approve", "incident.take", "somebody.elses"):
        ack = await submit(release, BEN, view, callback_id=callback)
        assert "errors" in ack.payload

    await nothing_happened(release)


@pytest.mark.parametrize(
    "broken",
    [
        {"actions": "step.approve"},
        {"actions": [{"action_id": "step.approve", "value": 7}]},
        {"actions": [{"action_id": "step.approve"}] * 2},
        {"user": None},
        {"user": {"id": "<!channel>"}},
        {"container": None},
        {"container": {"type": "message", "channel_id": 7}},
        {"message": "text"},
        {"response_url": ["x"]},
    ],
    ids=repr,
)
async def test_F47_a_payload_of_another_shape_does_nothing(redis: Living, broken: Body) -> None:
    asked = await redis.with_button("step-1", "step.approve")

    await click(redis, ANA, asked, "step.details", forged=broken)

    await nothing_happened(redis)
    assert (await click(redis, ANA, asked, "step.details")).is_ok, "the next one is served"


# --- mistaken ---------------------------------------------------------------------------------------------------------


async def test_somebody_whom_slack_does_not_know_cannot_approve(redis: Living) -> None:
    asked = await redis.with_button("step-1", "step.approve")

    assert (await click(redis, GHOST, asked, "step.approve")).is_ok

    await nothing_happened(redis)


MISTAKES = (
    ("/runbook frobnicate", 'I do not know "frobnicate"'),
    ("/runbook run redis-connection-timout", "did you mean redis-connection-timeout"),
    ("/runbook run nothing-like-it", "there is no runbook nothing-like-it"),
    ("/runbook run redis-connection-timeout colour=red", "colour: redis-connection-timeout has no parameter"),
    ("/runbook run stuck-pod pod=--all", "dash"),
    ("/runbook run stuck-pod pod=a;reboot", "pod: "),
    ("/runbook run stuck-pod", "pod: no value"),
    ("/runbook run stuck-pod pod=a pod=b", "given twice"),
    ("/runbook run stuck-pod a", "a is not understood"),
    ('/runbook run stuck-pod pod="a', "quotation mark is not closed"),
    ("/runbook show nothing-like-it", "there is no runbook nothing-like-it"),
    ("/runbook status INC-99", "There is no INC-99"),
    ("/runbook status <!channel>", "is no incident"),
    ("/runbook run <!channel>", "there is no runbook"),
)


async def test_a_command_that_is_not_understood_says_what_is_wrong_and_opens_nothing(tmp_path: Path) -> None:
    async with living.living(tmp_path) as life:
        answers = life.world.slack.workspace.messages.ephemerals
        for line, says in MISTAKES:
            before = len(answers)
            outcome = await life.world.slack.command(CHI, line)
            assert (outcome.result, len(answers)) == (Result.DONE, before + 1), line
            newest = list(answers.values())[-1]
            assert newest["for_user"] == CHI
            assert says.lower() in living.all_text(newest).lower(), line
        assert await life.bot.store.recent(5) == []
        assert life.world.slack.warnings.to_json() == []


async def test_a_guest_and_a_stranger_cannot_start_a_runbook(tmp_path: Path) -> None:
    async with living.living(tmp_path) as life:
        await life.world.slack.command(living.DEE, "/runbook run redis-connection-timeout")
        assert "Only members of this workspace" in await life.told(living.DEE, "members")

        workspace = life.world.slack.workspace
        channel, ana = workspace.channels.find(CHANNEL), workspace.people.user(ANA)
        body = Payloads(workspace).command(
            ana, channel, command="/runbook", text="run redis-connection-timeout", response_url=""
        )
        for changes in ({"user_id": GHOST}, {"team_id": "T0EVIL"}, {"team_id": ""}, {"user_id": "ana"}):
            envelope = {**body, **changes}
            ack = await life.world.slack.socket.request("slash_commands", envelope, name="/runbook", answers=True)
            assert ack.is_ok
        assert await life.bot.store.recent(5) == []
