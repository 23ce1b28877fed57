"""What on-call sees of one step, and the small words of all cards."""

import shlex
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import actors, card_details, card_library, card_words, events
from bot.core.approvals import Choice, Closing
from bot.core.cards import Code, Mono
from bot.core.ids import RunbookName, StepId
from bot.core.operations import Tier
from bot.core.plans import Verdict
from bot.core.previews import Outcome
from bot.core.runbooks import Library
from tests import builders as b
from tests.core.reading import (
    approved,
    asked,
    buttons,
    cards_of,
    flush,
    mentioned,
    spans,
    text,
)


def test_a_medium_step_fits_one_screen_with_the_exact_command_first() -> None:
    incident = asked(flush(), b.step(2)).incident
    assert incident.approval is not None
    card = cards_of(incident)["step-1"]

    assert text(card).splitlines() == [
        "Step 1/2  Flush the connection pool [medium risk]",
        "kubectl exec -n production deploy/redis-primary -- redis-cli FLUSHDB",
        "On: pod redis-primary-7c9f4 (container redis), in production, as ServiceAccount oncall",
        "Will: empties the cache of redis-primary · cannot be undone",
        "Limit: cache operations 1 of 1",
        'Then: expects "OK"; on failure goes on to step 2',
        "Dry run: exec cannot be simulated; target is ready, permission present",
        f"Asks @S0SRE because because · plan {incident.approval.digest[:6]} · until 04:32",
        "<Approve> <Reject> <Details>",
    ]
    assert card.fallback == (
        "INC-1 needs your approval: Flush the connection pool (redis-primary-7c9f4), medium risk, expires 04:32 UTC"
    )


def test_buttons_carry_the_approval_id_and_details_names_the_step() -> None:
    incident = asked(flush()).incident
    assert incident.approval is not None

    shown = buttons(cards_of(incident)["step-1"])

    assert list(shown) == ["step.approve", "step.reject", "step.details"]
    assert shown["step.approve"].value == shown["step.reject"].value == incident.approval.id
    assert shown["step.details"].value == "INC-1:1"


def test_a_high_step_opens_a_window_instead_of_running_at_a_press() -> None:
    shown = buttons(cards_of(asked(flush(Tier.HIGH)).incident)["step-1"])

    assert list(shown) == ["step.confirm", "step.reject", "step.details"]
    assert shown["step.confirm"].label == "Review and confirm"


def test_an_expired_question_has_no_buttons_even_before_anybody_noticed() -> None:
    incident = asked(flush()).incident
    assert incident.approval is not None

    assert "step.approve" not in buttons(cards_of(incident, now=incident.approval.expires_at)["step-1"])


def test_a_failed_check_shows_what_was_expected_and_what_came() -> None:
    missed = replace(b.passed(), passed=False, expected='equals "OK"', actual="ERR")
    history = approved(flush())
    history.then(events.StepFinished(StepId("1"), 1, Outcome.FAILED, "expected OK", "ERR", (missed,)))

    assert 'check failed: expected equals "OK", got ERR' in text(cards_of(history.incident)["step-1"])


def test_long_output_is_an_excerpt_with_details() -> None:
    history = approved(flush())
    output = "\n".join(f"line {number}" for number in range(50))
    history.then(events.StepFinished(StepId("1"), 1, Outcome.SUCCEEDED, "", output))
    card = cards_of(history.incident)["step-1"]

    assert "line 7 …" in text(card)
    assert "line 8" not in text(card)
    assert list(buttons(card)) == ["step.details"]
    assert "line 49" in text(card_details.details(history.incident, history.incident.steps[0]))


def test_a_long_command_is_broken_at_arguments_and_cut_ones_say_so() -> None:
    wide = replace(flush(), operation=replace(flush().operation, text="kubectl get pods " + "--label=value " * 200))
    card = cards_of(asked(wide).incident)["step-1"]
    code = next(part for part in card.parts if isinstance(part, Code))

    assert all(line.endswith("\\") for line in code.text.splitlines()[:-1])
    assert "open Details for all of it" in text(card)


def test_an_unknown_outcome_asks_for_what_was_found() -> None:
    history = approved(flush())
    history.then(events.StepFinished(StepId("1"), 1, Outcome.UNKNOWN, "no answer within 60 s"))
    shown = cards_of(history.incident)

    assert "It may or may not have happened. It will not run again by itself." in text(shown["step-1"])
    assert {action: button.value for action, button in buttons(shown["step-1"]).items()} == {
        "outcome.succeeded": "INC-1:1",
        "outcome.failed": "INC-1:1",
        "outcome.rerun": "INC-1:1",
    }
    assert "waiting for somebody to check it" in text(shown["root"])


@pytest.mark.parametrize(
    ("closing", "says"),
    [
        (Closing.EXPIRED, "Nobody approved it until 04:32 · nothing was run"),
        (Closing.STALE, "nothing was run · the target changed"),
        (Closing.WITHDRAWN, "nothing was run · the target changed"),
    ],
)
def test_a_closed_question_says_why_nothing_was_run(closing: Closing, says: str) -> None:
    history = asked(flush())
    assert history.incident.approval is not None
    history.then(events.ApprovalClosed(history.incident.approval.id, closing, "the target changed"))
    card = cards_of(history.incident)["step-1"]

    assert says in text(card)
    assert buttons(card) == {}


def test_a_rejected_step_names_who_rejected_it_and_why() -> None:
    history = asked(flush())
    assert history.incident.approval is not None
    approval = history.incident.approval.id
    history.then(events.VoteCast(approval, Choice.REJECT, "wrong cluster"), by=actors.person(b.BEN))
    history.then(events.ApprovalClosed(approval, Closing.REJECTED))

    assert 'Rejected by @U0BEN ("wrong cluster") 04:17 · nothing was run' in text(cards_of(history.incident)["step-1"])


def test_a_question_of_an_abandoned_plan_loses_its_buttons() -> None:
    history = asked(flush())
    history.then(events.RunbookChosen(RunbookName("other"), {}), by=actors.person(b.BEN))
    card = cards_of(history.incident)["step-1"]

    assert "Nothing was run: another runbook was chosen" in text(card)
    assert buttons(card) == {}


def test_level_0_shows_the_command_to_copy() -> None:
    shown_only = replace(flush(), decision=replace(flush().decision, verdict=Verdict.SHOW))
    history = b.opened().then(events.PlanMade(b.plan(shown_only)), events.StepPrepared(shown_only))
    history.then(events.StepSkipped(StepId("1"), "shown, not run: level 0"))
    card = cards_of(history.incident)["step-1"]

    assert "Shown to copy, not run" in text(card)
    assert any(isinstance(part, Code) for part in card.parts)


def test_a_step_is_not_shown_before_its_question_since_an_edit_notifies_nobody() -> None:
    step = flush()
    prepared = b.opened().then(events.PlanMade(b.plan(step)), events.StepPrepared(step))
    before = cards_of(prepared.incident)
    question = prepared.then(events.ApprovalRequested(b.approval(step, at=prepared.now)))

    assert list(before) == ["root"]
    assert mentioned(cards_of(question.incident)["step-1"]) == {"S0SRE"}


def test_a_step_that_was_asked_about_stays_shown_while_it_is_previewed_again() -> None:
    step = flush()
    history = asked(step)
    assert history.incident.approval is not None
    history.then(events.ApprovalClosed(history.incident.approval.id, Closing.STALE, "the pod was replaced"))
    history.then(events.StepPrepared(step))

    assert buttons(cards_of(history.incident)["step-1"]) == {}


def test_a_question_that_is_asked_again_says_why_and_whose_approval_is_void() -> None:
    step = flush()
    history = asked(step)
    first = history.incident.approval
    assert first is not None
    history.then(events.VoteCast(first.id, Choice.APPROVE), by=actors.person(b.ANA))
    history.then(events.ApprovalClosed(first.id, Closing.STALE, "changed since it was shown: targets"))
    history.then(events.StepPrepared(step))
    history.then(events.ApprovalRequested(b.approval(step, at=history.now, nonce="n2")))
    card = cards_of(history.incident)["step-1"]

    again = "changed since it was shown: targets · the approval of @U0ANA does not count any more"
    assert f"Asked again, nothing was run: {again}" in text(card)
    assert buttons(card)["step.approve"].value == "1-n2"


def test_the_effect_is_said_once_as_the_dry_run_foresees_it() -> None:
    foreseen = replace(
        flush(Tier.HIGH),
        judgement=replace(flush().judgement, summary="Roll deployment api back", is_reversible=True),
        preview=replace(
            flush().preview,
            change=("image  api:1.9.2 -> api:1.9.1", "replaces 3 pods of api"),
            counters={"pod_restarts": 3},
            undo="kubectl rollout undo deployment/api --to-revision=4",
        ),
    )
    incident = asked(foreseen).incident
    asked_about, confirmed = cards_of(incident)["step-1"], card_details.confirmation(incident, incident.steps[0])

    image, way_back = "image  api:1.9.2 -> api:1.9.1", "kubectl rollout undo deployment/api --to-revision=4"
    for card in (asked_about, confirmed):
        assert f"Will: {image} · replaces 3 pods of api\nUndo: {way_back}\n" in text(card)
        assert "Change" not in text(card)
        assert "Roll deployment api back" not in text(card)


def test_what_a_dry_run_cannot_foresee_is_told_by_what_the_operation_is_for() -> None:
    vague = replace(
        flush(),
        judgement=replace(flush().judgement, summary="Run `redis-cli FLUSHDB` in deployment redis-primary"),
        preview=replace(flush().preview, change=("runs the command in redis-primary-7c9f4",)),
    )
    card = cards_of(asked(vague).incident)["step-1"]

    assert "Will: run redis-cli FLUSHDB in deployment redis-primary · cannot be undone" in text(card)
    assert "runs the command" not in text(card)
    assert Mono("redis-cli FLUSHDB") in set(spans(card))


def test_the_library_reads_on_a_phone() -> None:
    redis = b.runbook(limits={"pod_restarts": 3})

    assert "redis  Redis · 1 step, level 1 at most" in text(card_library.listing(Library({redis.name: redis})))
    assert "Limit: pod restarts 3" in text(card_library.shown(redis))
    assert "1. Look" in text(card_library.shown(redis))
    assert "INC-1 high  Redis" in text(card_library.overview([asked(flush()).incident]))


def test_the_overview_says_what_is_wrong_with_the_bot_before_all_else() -> None:
    shown = text(card_library.overview([], ["everything is frozen"], ["policies: own.cedar:3 is not Cedar"]))
    assert shown.index("Degraded. policies: own.cedar:3") < shown.index("Stopped. everything")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "< 0.1 s"), (1.24, "1.2 s"), (21.4, "21 s"), (60, "1 min"), (154, "2 min 34 s"), (3_780, "1 h 3 min")],
)
def test_durations_are_said_in_the_unit_that_matters(seconds: float, said: str) -> None:
    assert card_words.duration(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (1, "pod", "1 pod"),
        (3, "pod", "3 pods"),
        (2, "ingress", "2 ingresses"),
        (2, "policy", "2 policies"),
        (2, "try", "2 tries"),
    ],
)
def test_plurals(count: int, noun: str, said: str) -> None:
    assert card_words.plural(count, noun) == said


@given(st.lists(st.text(alphabet="ab '\"\\|-", min_size=0, max_size=30), min_size=1, max_size=8), st.integers(10, 40))
def test_a_wrapped_command_is_still_the_same_command(arguments: list[str], width: int) -> None:
    command = shlex.join(["kubectl", *arguments])
    wrapped = card_words.wrap(command, width)
    assert wrapped.replace(" \\\n  ", " ") == command
    # no break inside quotes: every row is a complete shell text of its own
    assert [word for row in wrapped.split(" \\\n  ") for word in shlex.split(row)] == ["kubectl", *arguments]
