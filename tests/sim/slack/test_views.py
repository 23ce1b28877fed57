"""Triggers, stacks, hashes, and what people do with modals and with the App Home."""

from typing import Any

import pytest

from bot.sim.slack.outcomes import Result
from bot.sim.slack.server import SlackSim
from tests.sim.slack import builders as b
from tests.sim.slack.worlds import Api, App, World

Json = dict[str, Any]  # Any: Slack's payloads are open JSON


async def triggered(sim: SlackSim, app: App) -> str:
    """A trigger of a slash command."""
    await sim.command("U0ANA", "/runbook list")
    trigger: str = (await app.next("slash_commands"))["payload"]["trigger_id"]
    return trigger


async def opened(sim: SlackSim, api: Api, app: App, **view: object) -> Json:
    answer = await api("views.open", trigger_id=await triggered(sim, app), view=b.modal() | view)
    assert answer["ok"], answer
    found: Json = answer["view"]
    return found


async def pushed(sim: SlackSim, api: Api, app: App, view: Json) -> Json:
    """The answer to a push from a button of the view on top."""
    await sim.click_view("U0ANA", view["id"], "more")
    trigger = (await app.next("interactive"))["payload"]["trigger_id"]
    return await api("views.push", trigger_id=trigger, view=b.modal(b.actions(b.button("more"))))


async def test_a_trigger_opens_one_modal_and_no_second(sim: SlackSim, api: Api, app: App) -> None:
    trigger = await triggered(sim, app)

    first = await api("views.open", trigger_id=trigger, view=b.modal())
    second = await api("views.open", trigger_id=trigger, view=b.modal())

    assert first["view"]["id"].startswith("V")
    assert first["view"]["root_view_id"] == first["view"]["id"]
    assert second["error"] == "exchanged_trigger_id"


@pytest.mark.parametrize(("seconds", "error"), [(2.9, None), (3.1, "expired_trigger_id")])
async def test_a_trigger_lives_three_seconds(
    world: World, sim: SlackSim, api: Api, app: App, seconds: float, error: str | None
) -> None:
    trigger = await triggered(sim, app)
    world.time.seconds += seconds

    assert (await api("views.open", trigger_id=trigger, view=b.modal())).get("error") == error


async def test_an_unknown_trigger_is_invalid(api: Api) -> None:
    assert (await api("views.open", trigger_id="1.2.3", view=b.modal()))["error"] == "invalid_trigger_id"


async def test_a_refused_view_leaves_the_trigger_usable(sim: SlackSim, api: Api, app: App) -> None:
    trigger = await triggered(sim, app)

    refused = await api("views.open", trigger_id=trigger, view=b.modal(title=b.plain("x" * 25)))

    assert refused["error"] == "invalid_arguments"
    assert "must be less than 25 characters [json-pointer:/view/title/text]" in refused["errors"]
    assert (await api("views.open", trigger_id=trigger, view=b.modal()))["ok"]


async def test_a_stack_holds_three_views(sim: SlackSim, api: Api, app: App) -> None:
    view = await opened(sim, api, app, blocks=[b.actions(b.button("more"))])
    for _ in range(2):
        answer = await pushed(sim, api, app, view)
        assert answer["view"]["root_view_id"] == sim.workspace.views.stack("U0ANA")[0]["id"]
        assert answer["view"]["previous_view_id"] == view["id"]
        view = answer["view"]

    assert (await pushed(sim, api, app, view))["error"] == "push_limit_reached"


async def test_a_push_needs_a_trigger_from_the_open_modal(sim: SlackSim, api: Api, app: App) -> None:
    await opened(sim, api, app)

    answer = await api("views.push", trigger_id=await triggered(sim, app), view=b.modal())

    assert answer["error"] == "invalid_trigger_id"


async def test_a_stale_hash_conflicts(sim: SlackSim, api: Api, app: App) -> None:
    view = await opened(sim, api, app)

    first = await api("views.update", view_id=view["id"], hash=view["hash"], view=b.modal())
    second = await api("views.update", view_id=view["id"], hash=view["hash"], view=b.modal())

    assert first["view"]["hash"] != view["hash"]
    assert second["error"] == "hash_conflict"


async def test_views_are_found_by_either_id(sim: SlackSim, api: Api, app: App) -> None:
    await opened(sim, api, app, external_id="mine")

    assert (await api("views.update", external_id="mine", view=b.modal()))["ok"]
    assert (await api("views.update", view_id="V0NO", view=b.modal()))["error"] == "not_found"


async def test_an_external_id_is_unique(sim: SlackSim, api: Api, app: App) -> None:
    await opened(sim, api, app, external_id="mine")

    answer = await api("views.publish", user_id="U0ANA", view=b.home() | {"external_id": "mine"})

    assert answer["error"] == "duplicate_external_id"


async def test_an_update_keeps_what_was_typed_into_unchanged_inputs(sim: SlackSim, api: Api, app: App) -> None:
    inputs = [b.text_input("kept", "kept"), b.text_input("old", "old"), b.actions(b.button("more"))]
    view = await opened(sim, api, app, blocks=inputs)
    state = sim.modals.state_of(view, {"kept": "typed", "old": "typed"})
    await sim.modals.press("U0ANA", view["id"], block_id="", action_id="more", state=state)

    inputs[1] = b.text_input("old", "new")
    changed = (await api("views.update", view_id=view["id"], view=b.modal(*inputs)))["view"]

    assert changed["state"]["values"]["kept"]["kept"]["value"] == "typed"
    assert changed["state"]["values"]["new"]["old"]["value"] is None


async def test_a_submission_carries_state_and_closes_the_modal(sim: SlackSim, api: Api, app: App) -> None:
    view = await opened(sim, api, app, private_metadata="INC-1")

    outcome = await sim.submit("U0ANA", view["id"], {"typed": "api"})
    payload = (await app.next("interactive"))["payload"]

    assert outcome.result is Result.CLOSED
    assert payload["type"] == "view_submission"
    assert payload["view"]["private_metadata"] == "INC-1"
    assert payload["view"]["state"]["values"] == {"typed": {"typed": {"type": "plain_text_input", "value": "api"}}}
    assert sim.workspace.views.stack("U0ANA") == []


async def test_errors_stay_in_the_modal_and_so_does_it(sim: SlackSim, api: Api, app: App) -> None:
    view = await opened(sim, api, app)
    app.answer = lambda _: {"response_action": "errors", "errors": {"typed": "no such target"}}

    outcome = await sim.submit("U0ANA", view["id"], {"typed": "api"})

    assert (outcome.result, outcome.errors) == (Result.ERRORS, {"typed": "no such target"})
    assert sim.workspace.views.stack("U0ANA")[0]["state"]["values"]["typed"]["typed"]["value"] == "api"


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"elsewhere": "x"}},
        {"response_action": "errors", "errors": {}},
        {"response_action": "update", "view": {"type": "modal"}},
        {"response_action": "shrug"},
    ],
)
async def test_an_answer_that_slack_cannot_use_is_trouble_and_a_warning(
    sim: SlackSim, api: Api, app: App, answer: Json
) -> None:
    view = await opened(sim, api, app)
    app.answer = lambda _: answer

    outcome = await sim.submit("U0ANA", view["id"], {"typed": "api"})

    assert outcome.result is Result.FAILED
    assert sim.workspace.views.stack("U0ANA")
    assert "bad_ack" in sim.warnings.codes()


@pytest.mark.parametrize(
    ("answer", "result", "depth"),
    [
        ({"response_action": "update", "view": b.modal(title=b.plain("Next"))}, Result.UPDATED, 1),
        ({"response_action": "push", "view": b.modal(title=b.plain("Next"))}, Result.PUSHED, 2),
        ({"response_action": "clear"}, Result.CLEARED, 0),
    ],
)
async def test_an_answer_updates_pushes_or_clears(
    sim: SlackSim, api: Api, app: App, answer: Json, result: Result, depth: int
) -> None:
    view = await opened(sim, api, app)
    app.answer = lambda _: answer

    outcome = await sim.submit("U0ANA", view["id"], {"typed": "api"})
    stack = sim.workspace.views.stack("U0ANA")

    assert (outcome.result, len(stack)) == (result, depth)
    assert not stack or stack[-1]["title"]["text"] == "Next"


async def test_what_slacks_client_objects_to_never_reaches_the_app(sim: SlackSim, api: Api, app: App) -> None:
    blocks = [b.text_input("a", "a"), b.text_input("b", "b", min_length=10)]
    view = await opened(sim, api, app, blocks=blocks)

    outcome = await sim.submit("U0ANA", view["id"], {"a": "", "b": "short"})

    assert set(outcome.errors) == {"a", "b"}
    assert sim.journal.of("view_submission") == []


async def test_closing_is_told_only_where_asked_for(sim: SlackSim, api: Api, app: App) -> None:
    silent = await opened(sim, api, app)
    await sim.close_view("U0ANA", silent["id"])
    loud = await opened(sim, api, app, notify_on_close=True)
    await sim.close_view("U0ANA", loud["id"], cleared=True)

    told = [delivery for delivery in sim.journal.deliveries if delivery.kind == "view_closed"]
    payload = (await app.next("interactive"))["payload"]

    assert len(told) == 1
    assert (payload["view"]["id"], payload["is_cleared"]) == (loud["id"], True)
    assert "trigger_id" not in payload


async def test_another_persons_modal_is_out_of_reach(sim: SlackSim, api: Api, app: App) -> None:
    view = await opened(sim, api, app)

    with pytest.raises(Exception, match="not_found"):
        await sim.submit("U0BEN", view["id"], {"typed": "x"})


async def test_actions_in_a_view_carry_no_channel_and_no_response_url(sim: SlackSim, api: Api, app: App) -> None:
    view = await opened(sim, api, app, blocks=[b.actions(b.button("more", value="v"))])
    await sim.click_view("U0ANA", view["id"], "more")

    payload = (await app.next("interactive"))["payload"]

    assert payload["container"] == {"type": "view", "view_id": view["id"]}
    assert payload["actions"][0]["value"] == "v"
    assert not {"channel", "message", "response_url"} & set(payload)


async def test_a_home_is_published_and_shown_in_the_next_opened_event(sim: SlackSim, api: Api, app: App) -> None:
    sim.people.open_home("U0ANA")
    first = (await app.next("events_api"))["payload"]["event"]
    published = (await api("views.publish", user_id="U0ANA", view=b.home()))["view"]
    sim.people.open_home("U0ANA")
    second = (await app.next("events_api"))["payload"]["event"]

    assert (first["type"], first["tab"], "view" in first) == ("app_home_opened", "home", False)
    assert second["view"]["id"] == published["id"]
    assert (await api("views.publish", user_id="U0NO", view=b.home()))["error"] == "user_not_found"
    assert (await sim.wait_for_home("U0ANA"))["id"] == published["id"]


async def test_republishing_with_a_stale_hash_conflicts(api: Api) -> None:
    old = (await api("views.publish", user_id="U0ANA", view=b.home()))["view"]
    await api("views.publish", user_id="U0ANA", view=b.home())

    stale = await api("views.publish", user_id="U0ANA", view=b.home(), hash=old["hash"])

    assert stale["error"] == "hash_conflict"
