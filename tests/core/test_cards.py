"""What on-call sees: state for state, in words; and who is mentioned, which is never somebody that an alert names."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.core import actors, card_details, card_library, card_words, events, summary
from bot.core.approvals import Choice, Closing
from bot.core.cards import Audience, Button, Buttons, Card, Code, Fact, Heading, Line, Mention, Moment, Note, Span
from bot.core.events import EscalationReason
from bot.core.ids import Digest, RunbookName, StepId
from bot.core.incidents import Incident
from bot.core.matching import Candidate
from bot.core.operations import Operation, Tier
from bot.core.plans import PlannedStep, Verdict
from bot.core.previews import Outcome, Preview, Target
from bot.core.runbooks import Expectation, Library, OnFailure
from bot.core.states import State
from tests import builders as b

AUDIENCE = Audience(("S0LEADS",), ("PagerDuty",))
E = Digest("e" * 64)


def cards_of(incident: Incident, *, now: datetime = b.T0) -> dict[str, Card]:
    return dict(summary.messages(incident, now=now, audience=AUDIENCE))


def spans(card: Card) -> Iterator[Span]:
    for part in card.parts:
        if isinstance(part, Line | Fact | Note):
            yield from part.words


def text(card: Card) -> str:
    """What a reader sees, a line for each part."""
    return "\n".join(_part(part) for part in card.parts)


def _part(part: object) -> str:
    match part:
        case Heading(title, tag):
            return f"{title} [{tag}]"
        case Line(words) | Note(words):
            return "".join(_word(word) for word in words)
        case Fact(label, words):
            return f"{label}: " + "".join(_word(word) for word in words)
        case Code(code):
            return code
        case Buttons(buttons):
            return " ".join(f"<{button.label}>" for button in buttons)
        case _:
            raise AssertionError(part)


def _word(word: Span) -> str:
    match word:
        case str():
            return word
        case Mention(who):
            return f"@{who}"
        case Moment(at):
            return f"{at:%H:%M}"
        case _:
            return word.label if hasattr(word, "label") else word.text


def buttons(card: Card) -> dict[str, Button]:
    found = [button for part in card.parts if isinstance(part, Buttons) for button in part.buttons]
    return {button.action: button for button in found}


def flush(tier: Tier = Tier.MEDIUM) -> PlannedStep:
    made = b.step(1, tier, cache_operations=1, expect=Expectation(equals="OK"), on_failure=OnFailure.CONTINUE)
    command = "kubectl exec -n production deploy/redis-primary -- redis-cli FLUSHDB"
    return replace(
        made,
        name="Flush the connection pool",
        operation=Operation(made.operation.family, "kubernetes.exec", command, {}),
        judgement=replace(made.judgement, summary="empties the cache of redis-primary"),
        preview=Preview(
            targets=(Target("pod", "redis-primary-7c9f4", "production", note="container redis"),),
            promise="exec cannot be simulated; target is ready, permission present",
            identity="ServiceAccount oncall",
        ),
    )


def asked(step: PlannedStep, *more: PlannedStep) -> b.History:
    plan = b.plan(step, *more, limits={"cache_operations": 1, "pod_restarts": 0})
    history = b.opened().then(events.PlanMade(plan), events.StepPrepared(step))
    return history.then(events.ApprovalRequested(b.approval(step, at=history.now)))


def approved(step: PlannedStep, *more: PlannedStep, reason: str = "") -> b.History:
    history = asked(step, *more)
    approval = history.incident.approval
    assert approval is not None
    history.then(events.VoteCast(approval.id, Choice.APPROVE, reason), by=actors.person(b.ANA))
    history.then(events.ApprovalClosed(approval.id, Closing.CONSUMED))
    return history.then(events.StepStarted(step.id, 1, E, "approved by <@U0ANA>", approval.id))


def test_a_medium_step_fits_one_screen_with_the_exact_command_first() -> None:
    incident = asked(flush(), b.step(2)).incident
    assert incident.approval is not None
    card = cards_of(incident)["step-1"]

    assert text(card).splitlines() == [
        "Step 1/2  Flush the connection pool [medium]",
        "kubectl exec -n production deploy/redis-primary -- redis-cli FLUSHDB",
        "On: pod redis-primary-7c9f4 (container redis), in production, as ServiceAccount oncall",
        "Will: empties the cache of redis-primary · cannot be undone",
        "Limit: cache operations 1 of 1 · pod restarts 0 of 0",
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


def test_after_a_press_the_card_says_who_pressed_and_what_came_of_it() -> None:
    history = approved(flush(), reason="bad image since 04:05")
    running = text(cards_of(history.incident)["step-1"])
    history.then(
        events.StepFinished(StepId("1"), 1, Outcome.SUCCEEDED, "", "OK", (b.passed(),), ("image a -> b",), 1.2)
    )
    done = cards_of(history.incident)["step-1"]

    assert 'Approved by @U0ANA ("bad image since 04:05") 04:17' in running
    assert "Running since" in running
    assert 'Approved by @U0ANA ("bad image since 04:05") 04:17 · ran 1.2 s · output OK · check passed' in text(done)
    assert "image  a -> b" in text(done)
    assert buttons(done) == {}


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


def test_the_root_says_what_it_waits_for_on_whom_until_when_and_what_then() -> None:
    root = cards_of(asked(flush(), b.step(2)).incident)["root"]

    assert text(root).splitlines() == [
        "● INC-1  Redis [high]",
        "api-gateway · production · since 04:17 · 1 alert",
        "Waiting for approval of step 1/2 by @S0SRE until 04:32, then escalates to @S0LEADS and pages PagerDuty",
        "Runbook redis · level 1",
        "redis connection timeout",
        "<Take it> <Other runbook> <Escalate> <Resolve>",
    ]
    assert root.fallback == (
        "INC-1 high: Redis (api-gateway, production) - waiting for approval of step 1/2 until 04:32 UTC"
    )


def test_every_state_has_its_words() -> None:
    incident = asked(flush()).incident
    said = set()
    for state in State:
        root = cards_of(replace(incident, state=state))["root"]
        said.add(text(root).splitlines()[2])
        assert root.fallback.startswith("INC-1 high: Redis")

    assert len(said) == len(State)


def test_the_choice_carries_places_in_the_list_and_a_way_out() -> None:
    candidates = tuple(
        Candidate(RunbookName(name), name, score, ("words redis, timeout",), ("severity critical",))
        for name, score in (("redis-timeout", 0.71), ("redis-failover", 0.68))
    )
    history = b.History().then(
        events.IncidentOpened("Redis", b.alert().severity, "api", "production"),
        events.AlertJoined(b.alert()),
        events.ChoiceAsked(candidates, b.T0 + timedelta(minutes=15)),
    )
    card = cards_of(history.incident)["choice"]
    values = [button.value for part in card.parts if isinstance(part, Buttons) for button in part.buttons]
    history.then(events.RunbookChosen(RunbookName("redis-failover"), {}), by=actors.person(b.BEN))

    assert values == ["INC-1:0", "INC-1:1", "INC-1:none"]
    assert "redis-timeout 0.71" in text(card)
    assert "words redis, timeout · does not fit: severity critical" in text(card)
    assert "redis-failover chosen by @U0BEN" in text(cards_of(history.incident)["choice"])


def test_each_escalation_keeps_its_place_in_the_thread() -> None:
    history = asked(flush())
    first = events.EscalationRaised(EscalationReason.STILL_FIRING, "open for 5 minutes", ("S0SRE",), stops=False)
    second = events.EscalationRaised(EscalationReason.REJECTED, "rejected", ("S0LEADS",))
    history.then(first, second, events.PageSent("PagerDuty", is_delivered=False, detail="HTTP 500"))
    before = {key: text(card) for key, card in cards_of(history.incident).items()}
    history.then(events.RunbookChosen(RunbookName("other"), {}), by=actors.person(b.BEN))
    after = cards_of(history.incident)

    assert "@S0SRE open for 5 minutes" in before["escalation-1"]
    assert "@S0LEADS rejected" in before["escalation-2"]
    assert "PagerDuty NOT reached: HTTP 500" in before["escalation-2"]
    assert "@S0LEADS rejected" in text(after["escalation-2"])


def test_only_people_on_record_are_mentioned_whatever_output_and_alerts_say() -> None:
    forged = "<@U0EVIL> <!channel> <!subteam^S0EVIL> <https://evil.example|Approve>"
    history = b.opened(b.alert(text=forged, service=forged)).then(
        events.PlanMade(b.plan(replace(flush(), name=forged))), events.StepPrepared(replace(flush(), name=forged))
    )
    history.then(events.StepSkipped(StepId("1"), forged))
    history.then(events.EscalationRaised(EscalationReason.STEP_FAILED, f"Step 1 failed: {forged}", ("S0SRE",)))

    named = {
        word.id for card in cards_of(history.incident).values() for word in spans(card) if isinstance(word, Mention)
    }

    assert named == {"S0SRE"}


def test_who_pressed_escalate_is_named() -> None:
    history = asked(flush())
    raised = events.EscalationRaised(EscalationReason.ASKED, "<@U0CHI> asked for help.", ("S0SRE",))
    history.then(raised, by=actors.person(b.CHI))

    assert Mention("U0CHI") in set(spans(cards_of(history.incident)["escalation-1"]))


def test_the_summary_tells_how_it_ended() -> None:
    history = approved(flush())
    history.then(events.StepFinished(StepId("1"), 1, Outcome.SUCCEEDED, "", "OK", (b.passed(),)))
    history.then(events.AlertJoined(b.alert(firing=False)))
    history.then(events.IncidentResolved("all steps done and verified", history.now + timedelta(minutes=30)))
    said = text(cards_of(history.incident)["summary"])

    assert said.splitlines()[0].startswith("INC-1 resolved in ")
    assert "redis · 1 of 1 step succeeded" in said
    assert "Approved by @U0ANA (1) · nobody woken · alert cleared 04:17 · watching until 04:47" in said
    assert "04:17  step 1/1 succeeded (OK)" in said


def test_a_reopened_incident_takes_its_claim_back() -> None:
    history = b.opened().then(events.IncidentResolved("the alert cleared", b.T0 + timedelta(minutes=30)))
    history.then(events.IncidentReopened("the alert is still firing"))

    card = cards_of(history.incident)["summary"]

    assert card.fallback == "INC-1 opened again: the alert is still firing"


def test_the_order_of_the_thread_is_root_choice_steps_escalations_summary() -> None:
    history = approved(flush(), b.step(2))
    history.then(events.StepFinished(StepId("1"), 1, Outcome.SUCCEEDED, "", "OK"), events.StepPrepared(b.step(2)))
    history.then(events.EscalationRaised(EscalationReason.STILL_FIRING, "still", ("S0SRE",), stops=False))
    history.then(events.IncidentResolved("by hand", b.T0))

    assert list(cards_of(history.incident)) == ["root", "step-1", "step-2", "escalation-1", "summary"]


def test_the_same_incident_gives_equal_cards() -> None:
    incident = asked(flush()).incident

    assert cards_of(incident) == cards_of(replace(incident), now=b.T0 + timedelta(minutes=5))


def test_a_page_is_told_the_facts() -> None:
    facts = dict(summary.page_details(asked(flush()).incident))

    assert facts["incident"] == "INC-1"
    assert facts["state"] == "waiting for approval of step 1/1 until 04:32 UTC"
    assert facts["steps"] == "Step 1/1 Flush the connection pool: not run"


def test_the_library_reads_on_a_phone() -> None:
    redis = b.runbook(limits={"pod_restarts": 3})

    assert "redis  Redis · 1 step, level 1 at most" in text(card_library.listing(Library({redis.name: redis})))
    assert "Limit: pod restarts 3" in text(card_library.shown(redis))
    assert "1. Look" in text(card_library.shown(redis))
    assert "INC-1 high  Redis" in text(card_library.overview([asked(flush()).incident]))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (1.24, "1.2 s"), (21.4, "21 s"), (60, "1 min"), (154, "2 min 34 s"), (3_780, "1 h 3 min")],
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
