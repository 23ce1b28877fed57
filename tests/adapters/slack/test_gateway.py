"""People press, submit and type in the local Slack: the desk is asked, the ack is in time, the person is answered."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.adapters.slack import connection
from bot.adapters.slack.connection import Workspace
from bot.adapters.slack.gateway import Gateway
from bot.core import events
from bot.core.errors import Conflict, Invalid, Refused, Transient
from bot.core.freezes import Scope, ScopeKind, Wish
from bot.core.ids import StepId
from bot.core.operations import Tier
from bot.core.previews import Outcome
from bot.core.states import State
from bot.sim.slack.outcomes import Result
from bot.sim.slack.settings import RateMode, Settings
from tests import builders as b
from tests.adapters.slack import office
from tests.adapters.slack.office import FakeDesk, Office, RealClock


@pytest.fixture
async def bureau() -> AsyncIterator[Office]:
    async with office.office() as found:
        yield found


def said(message: dict[str, Any]) -> str:
    return str(message["text"])


async def test_approve_reaches_the_desk_and_the_person_is_answered(bureau: Office) -> None:
    at = await bureau.show()
    outcome = await bureau.press("U0ANA", at, "step.approve")
    answer = await bureau.sim.wait_for_ephemeral("U0ANA")

    assert outcome.acked
    assert bureau.desk.asked == [("approve", "1-n1", "U0ANA", "", "")]
    assert said(answer) == "Done: approve."
    assert answer["thread_ts"] == at.thread


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (
            Refused("You are not an approver.", rule="approver.rule", remedy="Allowed: S0SRE."),
            "Not done: You are not an",
        ),
        (Conflict("the step has started"), "Not done: Somebody was first: the step has started. Look at the card"),
        (
            Transient("the store cannot be written"),
            "Not done: the store cannot be written. Nothing was done; press again",
        ),
        (Invalid("no value", place="namespace", remedy="give one"), "Not done: namespace: no value. Give one."),
        (RuntimeError("boom"), "Something went wrong on my side. Look at the card before you press again."),
    ],
)
async def test_every_refusal_is_answered_and_acknowledged(bureau: Office, error: Exception, answer: str) -> None:
    bureau.desk.refuses = error
    outcome = await bureau.press("U0ANA", await bureau.show(), "step.approve")

    assert outcome.acked
    assert said(await bureau.sim.wait_for_ephemeral("U0ANA")).startswith(answer)


async def test_who_may_approve_is_shown_by_name(bureau: Office) -> None:
    bureau.desk.refuses = Refused("You are not an approver.", rule="approver.rule", remedy="Allowed: S0SRE, U0BEN.")
    await bureau.press("U0DEE", await bureau.show(), "step.approve")
    answer = await bureau.sim.wait_for_ephemeral("U0DEE")
    elements = answer["blocks"][0]["elements"][0]["elements"]

    assert {"type": "usergroup", "usergroup_id": "S0SRE"} in elements
    assert {"type": "user", "user_id": "U0BEN"} in elements


async def test_F31_a_double_click_asks_twice_and_both_are_acknowledged(bureau: Office) -> None:
    at = await bureau.show()
    outcomes = await asyncio.gather(*(bureau.press("U0ANA", at, "step.approve") for _ in range(2)))

    assert all(outcome.acked for outcome in outcomes)
    assert len(bureau.desk.asked) == 2


async def test_a_high_step_is_typed_and_reasoned(bureau: Office) -> None:
    bureau.desk.incident = office.waiting(Tier.HIGH)
    await bureau.press("U0BEN", await bureau.show(), "step.confirm")
    view = await bureau.sim.wait_for_view("U0BEN")
    outcome = await bureau.sim.submit("U0BEN", view["id"], {"typed": "api", "reason": "bad image since 04:05"})

    assert view["callback_id"] == "step.confirm"
    assert outcome.result is Result.CLOSED
    assert bureau.desk.asked[-1] == ("approve", "1-n1", "U0BEN", "api", "bad image since 04:05")
    assert said(await bureau.sim.wait_for_ephemeral("U0BEN")) == "Done: approve."


@pytest.mark.parametrize(
    ("error", "place"),
    [
        (Refused("Type exactly: api", rule="confirm.typed"), "typed"),
        (Refused("Give a reason", rule="confirm.reason"), "reason"),
        (Refused("This approval has expired.", rule="approval.expired"), "reason"),
        (Conflict("stale"), "reason"),
        (Transient("store"), "reason"),
        (RuntimeError("boom"), "reason"),
    ],
)
async def test_F35_an_error_in_a_window_stands_at_its_field_and_keeps_it_open(
    bureau: Office, error: Exception, place: str
) -> None:
    bureau.desk.incident = office.waiting(Tier.HIGH)
    await bureau.press("U0BEN", await bureau.show(), "step.confirm")
    view = await bureau.sim.wait_for_view("U0BEN")
    bureau.desk.refuses = error
    outcome = await bureau.sim.submit("U0BEN", view["id"], {"typed": "x", "reason": "y"})

    assert outcome.result is Result.ERRORS
    assert list(outcome.errors) == [place]


async def test_reject_asks_why(bureau: Office) -> None:
    await bureau.press("U0ANA", await bureau.show(), "step.reject")
    view = await bureau.sim.wait_for_view("U0ANA")
    await bureau.sim.submit("U0ANA", view["id"], {"reason": "wrong cluster"})

    assert bureau.desk.asked[-1] == ("reject", "1-n1", "U0ANA", "wrong cluster")


async def test_who_asked_for_a_run_may_still_take_it_back(bureau: Office) -> None:
    bureau.desk.refuses = Refused("You asked for this run.", rule="approver.requester")
    await bureau.press("U0ANA", await bureau.show(), "step.reject")

    assert (await bureau.sim.wait_for_view("U0ANA"))["callback_id"] == "step.reject"


async def test_details_open_to_read(bureau: Office) -> None:
    await bureau.press("U0DEE", await bureau.show(), "step.details")
    view = await bureau.sim.wait_for_view("U0DEE")

    assert view["submit"] is None
    assert "kubectl delete pod web-1" in str(view["blocks"])


async def test_the_root_buttons_name_the_incident(bureau: Office) -> None:
    root = await bureau.show("root")
    await bureau.press("U0ANA", root, "incident.take")
    await bureau.press("U0ANA", root, "incident.escalate")
    await bureau.press("U0ANA", root, "incident.resolve")
    view = await bureau.sim.wait_for_view("U0ANA")
    await bureau.sim.submit("U0ANA", view["id"], {"reason": "a node was rebooted"})

    assert bureau.desk.asked == [
        ("take", "INC-1", "U0ANA"),
        ("escalate", "INC-1", "U0ANA"),
        ("resolve", "INC-1", "U0ANA", "a node was rebooted"),
    ]


async def test_another_runbook_is_picked_from_all_of_them(bureau: Office) -> None:
    await bureau.press("U0ANA", await bureau.show("root"), "incident.choose")
    view = await bureau.sim.wait_for_view("U0ANA")
    await bureau.sim.submit("U0ANA", view["id"], {"runbook": "api"})

    assert bureau.desk.asked == [("choose", "INC-1", "U0ANA", "api")]


@pytest.mark.parametrize(("value", "chosen"), [("INC-1:1", "api"), ("INC-1:none", None)])
async def test_a_choice_is_a_place_in_the_list(bureau: Office, value: str, chosen: str | None) -> None:
    bureau.desk.incident = replace(bureau.desk.incident, state=State.CHOOSING)
    at = await bureau.show("choice")
    await bureau.press("U0ANA", at, "incident.choose", value)

    assert bureau.desk.asked == [("choose", "INC-1", "U0ANA", chosen)]


@pytest.mark.parametrize(
    ("action", "worked"), [("outcome.succeeded", True), ("outcome.failed", False), ("outcome.rerun", None)]
)
async def test_an_unclear_outcome_is_settled(bureau: Office, action: str, worked: bool | None) -> None:
    unclear = b.running(b.step(1, Tier.MEDIUM))
    unclear.then(events.StepFinished(StepId("1"), 1, Outcome.UNKNOWN, "no answer"))
    bureau.desk.incident = unclear.incident
    await bureau.press("U0ANA", await bureau.show(), action)

    assert bureau.desk.asked == [("settle", "INC-1", "1", "U0ANA", worked)]


# --- the command -------------------------------------------------------------


async def test_run_takes_parameters_as_people_type_them(bureau: Office) -> None:
    outcome = await bureau.sim.command("U0ANA", "/runbook run redis namespace=“my team”")

    assert bureau.desk.asked == [("run", "redis", {"namespace": "my team"}, "U0ANA")]
    assert outcome.payload["text"] == "Done: run, see #incidents."


async def test_run_alone_opens_a_form_whose_fields_follow_the_runbook(bureau: Office) -> None:
    await bureau.sim.command("U0ANA", "/runbook run")
    view = await bureau.sim.wait_for_view("U0ANA")
    option = next(each for each in _select(view)["options"] if each["value"] == "redis")
    await bureau.sim.click_view("U0ANA", view["id"], "runbook.select", {"selected_option": option})
    view = await bureau.sim.wait_for_view("U0ANA", predicate=lambda shown: "parameter.namespace" in str(shown))
    bureau.desk.refuses = Invalid("does not match", place="namespace")
    refused = await bureau.sim.submit("U0ANA", view["id"], {"runbook.select": "redis", "parameter.namespace": "NO"})
    outcome = await bureau.sim.submit("U0ANA", view["id"], {"runbook.select": "redis", "parameter.namespace": "prod"})

    assert list(refused.errors) == ["parameter.namespace"]
    assert outcome.result is Result.CLOSED
    assert bureau.desk.asked[-1] == ("run", "redis", {"namespace": "prod"}, "U0ANA")


def _select(view: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(block for block in view["blocks"] if block["block_id"] == "runbook")["element"]
    return found


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("", "How to use /runbook"),
        ("help", "How to use /runbook"),
        ("frees", "How to use /runbook"),
        ("list", "2 runbooks: api, redis"),
        ("show redis", "redis: Redis, 1 step, level 1 at most"),
        ("show", "Say which: /runbook show NAME."),
        ("show nothing", "Not done: there is no runbook nothing. See /runbook list."),
        ("status", "1 open incident"),
        ("status inc-1", "INC-1 high: Redis (api-gateway, production)"),
        ("status INC-9", "Not done: There is no INC-9."),
        ("status x", "Not done: x is no incident. Write it as INC-42."),
        ("history", "1 incident in 30 days"),
        ("history api-gateway", "1 incident of api-gateway in 30 days"),
        ("history a b", "Not done: a b is more than one name. Name one runbook, service or environment."),
        ("stats", "Last 30 days: 0 incidents, 0 resolved, 0 escalated"),
        ('run redis a="b', "Not done: A quotation mark is not closed."),
        ("run redis a", "Not done: a is not understood. Write parameters as key=value."),
        ("run redis a=1 a=2", "Not done: a: given twice. Give it once."),
    ],
)
async def test_the_command_answers_in_the_ack(bureau: Office, text: str, answer: str) -> None:
    outcome = await bureau.sim.command("U0ANA", f"/runbook {text}".strip())

    assert outcome.payload["response_type"] == "ephemeral"
    assert outcome.payload["text"].startswith(answer)
    assert outcome.payload["blocks"]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("freeze because for 2h", ("freeze", Wish(Scope(), "because", timedelta(hours=2)), "U0ANA")),
        ("unfreeze service=shop", ("unfreeze", Scope(ScopeKind.SERVICE, "shop"), "U0ANA")),
    ],
)
async def test_the_whole_channel_hears_of_a_freeze(bureau: Office, text: str, asked: tuple[object, ...]) -> None:
    outcome = await bureau.sim.command("U0ANA", f"/runbook {text}")

    assert outcome.payload["response_type"] == "in_channel"
    assert bureau.desk.asked == [asked]


async def test_a_freeze_that_is_not_understood_is_told_to_who_typed_it_only(bureau: Office) -> None:
    outcome = await bureau.sim.command("U0ANA", "/runbook freeze x for 2weeks")

    assert outcome.payload["response_type"] == "ephemeral"
    assert outcome.payload["text"].startswith("Not done: 2weeks is no time to freeze for.")
    assert bureau.desk.asked == []


# --- faults ------------------------------------------------------------------


async def test_F36_a_slow_desk_is_acknowledged_in_time_and_answered_later(bureau: Office) -> None:
    bureau.desk.delay = 2.6
    outcome = await bureau.sim.command("U0ANA", "/runbook run redis")
    answer = await bureau.sim.wait_for_ephemeral("U0ANA", lambda message: "Done" in message["text"])

    assert outcome.payload["text"].startswith("Still working on it")
    assert said(answer) == "Done: run, see #incidents."


async def test_F37_an_expired_press_says_press_again(bureau: Office) -> None:
    bureau.sim.faults.plant("views.open", "error", error="expired_trigger_id")
    await bureau.press("U0ANA", await bureau.show(), "step.details")

    assert "press the button again" in said(await bureau.sim.wait_for_ephemeral("U0ANA"))


async def test_what_nobody_listens_to_is_acknowledged(bureau: Office) -> None:
    since = bureau.sim.feed.last_seq
    await bureau.sim.post("U0ANA", "incidents", "hello")
    record = await bureau.sim.feed.first(_settled, after=since, timeout=5.0)

    assert (record["kind"], record["status"]) == ("message", "acked")


def _settled(change: Any) -> dict[str, Any] | None:
    """The delivery's record, once the app has answered or its time is over."""
    record: dict[str, Any] = change.body.get("record") or {}
    return record if change.type == "delivery" and record.get("status") != "sent" else None


@pytest.mark.parametrize("reason", ["refresh_requested", "too_many_websockets", "warning"])
async def test_F27_F28_a_recycled_socket_is_followed(bureau: Office, reason: str) -> None:
    at = await bureau.show()
    bureau.sim.socket.disconnect(reason)
    await bureau.sim.socket.wait_connected()

    assert (await bureau.press("U0ANA", at, "step.approve")).acked


async def test_F26_a_used_up_address_is_thrown_away() -> None:
    async with office.office(Settings(rate_mode=RateMode.OFF, ticket_seconds=0.5)) as bureau:
        at = await bureau.show()
        bureau.sim.faults.refused_upgrades = 1  # the next try comes a second later, with an address that is too old
        bureau.sim.socket.cut()
        await bureau.sim.socket.wait_connected(timeout=15.0)

        assert (await bureau.press("U0ANA", at, "step.approve")).acked
        assert await bureau.gateway.is_connected()


async def test_F29_a_socket_that_has_gone_silent_is_rebuilt(bureau: Office) -> None:
    at = await bureau.show()
    bureau.sim.socket.silence()
    outcomes = [await bureau.press("U0ANA", at, "step.approve") for _ in range(3)]

    assert not outcomes[0].acked  # Slack gives up after 3 s; the person presses again
    assert outcomes[-1].acked


async def test_F29_a_socket_that_stays_deaf_is_given_up_after_a_few_new_ones(bureau: Office) -> None:
    bureau.gateway._echoes.is_overdue = lambda: True  # type: ignore[method-assign]
    async with asyncio.timeout(15):
        await bureau.gateway.deaf.wait()


@pytest.mark.parametrize("body", [{}, {"user": 1}, {"user": {"id": "U0ANA"}, "container": {}, "actions": [{}, {}]}])
async def test_F47_an_odd_payload_is_acknowledged_and_asks_nothing(bureau: Office, body: dict[str, Any]) -> None:
    listeners = bureau.gateway._listeners

    assert await listeners.on_click(body) == {}
    assert await listeners.on_submission(body) == {}
    assert await listeners.on_command(body) == {}
    assert bureau.desk.asked == []


def press_body(**changes: Any) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "user": {"id": "U0ANA", "team_id": "T0ACME"},
        "team": {"id": "T0ACME", "domain": "acme"},
        "container": {"type": "message", "message_ts": "1.000001", "channel_id": "C0INC"},
        "message": {"bot_id": "B0BOT"},
        "trigger_id": "1.2.x",
        "actions": [{"action_id": "step.approve", "value": "1-n1", "type": "button"}],
        **changes,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"team": {"id": "T0EVIL"}},
        {"user": {"id": "U0ANA", "team_id": "T0EVIL"}},
        {"message": {"bot_id": "B0EVIL"}},
        {"actions": [{"action_id": "step.approve", "value": "1 or 1=1"}]},
        {"actions": [{"action_id": "step.approve", "value": {"a": 1}}]},
        {"actions": [{"action_id": "outcome.succeeded", "value": "INC-1"}]},
        {"actions": [{"action_id": "incident.take", "value": "INC-0"}]},
        {"actions": [{"action_id": "incident.choose", "value": "INC-1:99"}]},
        {"actions": [{"action_id": "step.unheard", "value": "1"}]},
    ],
)
async def test_F48_a_forged_press_asks_nothing(bureau: Office, changes: dict[str, Any]) -> None:
    await bureau.gateway._listeners.on_click(press_body(**changes))

    assert bureau.desk.asked == []


async def test_the_same_press_unforged_is_asked(bureau: Office) -> None:
    await bureau.gateway._listeners.on_click(press_body())

    assert len(bureau.desk.asked) == 1


@pytest.mark.parametrize(
    "metadata", ['{"approval": "1-n1", "admin": "yes"}', '{"approval": "a b"}', "[1]", "{", '{"approval": 1}']
)
async def test_F48_edited_metadata_asks_nothing(bureau: Office, metadata: str) -> None:
    view = {"callback_id": "step.confirm", "private_metadata": metadata, "state": {"values": {}}}
    await bureau.gateway._listeners.on_submission(press_body(type="view_submission", view=view))

    assert bureau.desk.asked == []


async def test_stopping_waits_for_what_is_under_way(bureau: Office) -> None:
    at = await bureau.show()
    bureau.desk.delay = 0.3
    pressing = asyncio.create_task(bureau.press("U0ANA", at, "step.approve"))
    await bureau.desk.was_asked.wait()
    await bureau.gateway.stop(2.0)

    assert (await pressing).acked
    assert not await bureau.gateway.is_connected()


WRONG = [("xoxb-wrong", "", "SLACK_BOT_TOKEN"), ("", "xapp-wrong", "SLACK_APP_TOKEN")]


@pytest.mark.parametrize(("bot", "app", "named"), WRONG)
async def test_F46_a_wrong_token_is_told_at_start(bot: str, app: str, named: str) -> None:
    async with office.slack() as sim, connection.open_session() as session:
        client = connection.open_client(bot or sim.bot_token, base_url=sim.api_url, session=session)
        made = Gateway(
            client, app or sim.app_token, desk=FakeDesk(), workspace=Workspace(client), clock=RealClock(), channel="x"
        )
        with pytest.raises(Invalid, match=named):
            await made.start()
        await made.stop(1.0)


async def test_without_slack_the_gateway_starts_and_keeps_trying() -> None:
    async with connection.open_session() as session:
        client = connection.open_client("xoxb-x", base_url="http://127.0.0.1:9/api/", session=session)
        made = Gateway(
            client, "xapp-x", desk=FakeDesk(), workspace=Workspace(client), clock=RealClock(), channel="x",
            connect_seconds=0.1,
        )  # fmt: skip
        await made.start()

        assert not await made.is_connected()
        await made.stop(1.0)


async def test_a_proxy_is_ignored_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    async with office.office() as found:
        assert (await found.press("U0ANA", await found.show(), "step.approve")).acked


async def test_our_own_messages_come_back_over_the_socket(bureau: Office) -> None:
    since = bureau.sim.feed.last_seq
    await bureau.show("root")
    record = await bureau.sim.feed.first(_settled, after=since, timeout=5.0)

    assert (record["kind"], record["status"]) == ("message", "acked")
    assert bureau.gateway.has_round_trip
