"""What on-call sees of a whole incident, state for state, and who is rung: never somebody that an alert names."""

from dataclasses import replace
from datetime import timedelta

from bot.core import actors, events, summary
from bot.core.alerts import Severity
from bot.core.approvals import Choice, Closing
from bot.core.cards import Buttons, Mention
from bot.core.events import EscalationReason
from bot.core.ids import Digest, RunbookName, StepId
from bot.core.matching import Candidate
from bot.core.operations import Effect, Family, Operation, Tier
from bot.core.previews import Outcome
from bot.core.runbooks import Expectation, Patience
from bot.core.states import State
from tests import builders as b
from tests.core.reading import approved, asked, buttons, cards_of, flush, mentioned, spans, text, unforeseen


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


def test_the_root_says_what_it_waits_for_on_whom_until_when_and_what_then() -> None:
    root = cards_of(asked(flush(), b.step(2)).incident)["root"]

    assert text(root).splitlines() == [
        "● INC-1  Redis [high]",
        "api-gateway · production · since 04:17 · 1 alert",
        "Waiting in the thread for an approver of step 1/2 until 04:32, then escalates and pages PagerDuty",
        "Runbook redis · level 1",
        "redis connection timeout",
        "<Take it> <Other runbook> <Escalate> <Resolve>",
    ]
    assert root.fallback == (
        "INC-1 high: Redis (api-gateway, production) - waiting for approval of step 1/2 until 04:32 UTC"
    )


def test_one_decision_rings_once_the_step_mentions_its_approvers_and_the_root_nobody() -> None:
    incident = asked(flush(), b.step(2)).incident

    assert mentioned(cards_of(incident)["step-1"]) == {"S0SRE"}
    assert mentioned(cards_of(incident)["root"]) == set()


def test_an_incident_without_a_runbook_calls_people_by_its_root_alone() -> None:
    history = unforeseen().then(events.PageSent("PagerDuty", is_delivered=False, detail="HTTP 500"))
    shown = cards_of(history.incident)

    assert list(shown) == ["root"]
    assert mentioned(shown["root"]) == {"S0SRE"}
    assert "Escalated to @S0SRE at 04:17: No runbook fits this alert." in text(shown["root"])
    assert "Page: PagerDuty NOT reached: HTTP 500" in text(shown["root"])
    assert shown["root"].fallback.endswith("escalated, nobody has taken it yet")


def test_a_reminder_after_that_is_a_message_of_its_own_with_a_number_that_stays() -> None:
    again = events.EscalationRaised(EscalationReason.ASKED, "Nobody has taken this yet.", ("S0SRE",), stops=False)
    history = unforeseen().then(again)
    before = list(cards_of(history.incident))
    history.then(events.RunbookChosen(RunbookName("redis"), {}), by=actors.person(b.BEN))

    assert before == ["root", "escalation-2"]
    assert list(cards_of(history.incident)) == ["root", "escalation-2"]
    assert mentioned(cards_of(history.incident)["escalation-2"]) == {"S0SRE"}


def test_a_question_that_nobody_answered_rings_its_approvers_once_more_and_is_taken_back_when_it_is_over() -> None:
    history = asked(flush())
    approval = history.incident.approval
    assert approval is not None
    assert "reminder-1" not in cards_of(history.incident)
    history.then(events.ApprovalReminded(approval.id))
    card = cards_of(history.incident)["reminder-1"]
    assert card.fallback.startswith("INC-1 still needs your answer: ") and "expires 04:32" in card.fallback
    assert mentioned(card) == {"S0SRE"}
    history.then(events.ApprovalClosed(approval.id, Closing.EXPIRED))
    over = cards_of(history.incident)["reminder-1"]
    assert mentioned(over) == set() and "expired" in over.fallback


def test_a_later_escalation_rings_by_its_own_message_and_the_root_only_tells_of_it() -> None:
    history = asked(flush())
    history.then(events.EscalationRaised(EscalationReason.EXPIRED, "Nobody approved in time.", ("S0LEADS",)))
    shown = cards_of(history.incident)

    assert mentioned(shown["escalation-1"]) == {"S0LEADS"}
    assert mentioned(shown["root"]) == set()
    assert "Nobody approved in time." in text(shown["root"])


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
    card, root = cards_of(history.incident)["choice"], cards_of(history.incident)["root"]
    values = [button.value for part in card.parts if isinstance(part, Buttons) for button in part.buttons]
    history.then(events.RunbookChosen(RunbookName("redis-failover"), {}), by=actors.person(b.BEN))

    assert values == ["INC-1:0", "INC-1:1", "INC-1:none"]
    assert mentioned(card) == set()
    assert mentioned(root) == {"S0LEADS"}
    assert "Waiting for @S0LEADS to choose a runbook in the thread until" in text(root)
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

    assert "For @S0SRE\nopen for 5 minutes\n" in before["escalation-1"]
    assert "For @S0LEADS\nrejected\n" in before["escalation-2"]
    assert "PagerDuty NOT reached: HTTP 500" in before["escalation-2"]
    assert "For @S0LEADS\nrejected\n" in text(after["escalation-2"])


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


def test_who_was_called_is_not_called_again_because_it_is_over() -> None:
    history = asked(flush())
    assert history.incident.approval is not None
    history.then(events.VoteCast(history.incident.approval.id, Choice.REJECT, "sale"), by=actors.person(b.ANA))
    history.then(events.ApprovalClosed(history.incident.approval.id, Closing.REJECTED))
    why = "<@U0ANA> rejected the step: sale"
    history.then(events.EscalationRaised(EscalationReason.REJECTED, why, ("S0LEADS",)))
    called = cards_of(history.incident)["escalation-1"]
    history.then(events.IncidentResolved("<@U0ANA>: by hand", b.T0), by=actors.person(b.ANA))
    over = cards_of(history.incident)["summary"]

    assert called.fallback == "INC-1 needs you: somebody rejected the step: sale"
    assert mentioned(over) == {"U0ANA"}
    assert "escalated: @U0ANA rejected the step: sale" in text(over)
    assert "Why: @U0ANA: by hand." in text(over)
    assert over.fallback.endswith(": by hand")


def test_a_run_that_somebody_asked_for_has_no_severity_and_names_them_once() -> None:
    history = b.History().then(events.IncidentOpened("Redis", Severity.UNKNOWN, "", "production", requester=b.CHI))
    history.then(events.RunbookChosen(RunbookName("redis"), {}), by=actors.person(b.CHI))
    root = cards_of(history.incident)["root"]

    assert text(root).splitlines()[0] == "● INC-1  Redis []"
    assert text(root).count("@U0CHI") == 1
    assert root.fallback == "INC-1: Redis (production) - making the plan"


def test_the_summary_quotes_short_answers_and_reasons_but_no_torn_tables() -> None:
    table = "NAME  READY\nweb-1  1/1"
    history = approved(flush(), reason="bad image since 04:05")
    history.then(events.StepFinished(StepId("1"), 1, Outcome.SUCCEEDED, "", table))
    history.then(events.AlertJoined(b.alert(firing=False)), events.IncidentResolved("the alert cleared", b.T0))
    said = text(cards_of(history.incident)["summary"])

    assert 'step 1/1 approved by @U0ANA ("bad image since 04:05")' in said
    assert "step 1/1 succeeded\n" in f"{said}\n"
    assert "Why:" not in said, "the line with the alert says it"


def test_what_several_lines_of_an_alert_say_is_kept_apart() -> None:
    history = b.opened(b.alert(text="redis connection timeout\n128 of 128 leases taken"))

    assert "redis connection timeout · 128 of 128 leases taken" in text(cards_of(history.incident)["root"])


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


# --- a question, a wait, a step held back ----------------------------------------------------------------------------

QUESTION = replace(
    b.step(2, Tier.MEDIUM),
    operation=Operation(Family.BOT, "bot.checkpoint", "Is the replica caught up?", {}),
    judgement=b.judgement(Tier.MEDIUM, effect=Effect.READ),
)


def test_a_checkpoint_shows_the_question_then_what_was_found_and_two_words_to_press() -> None:
    history = b.planned(b.step(1), QUESTION).then(
        events.StepStarted(StepId("1"), 1, Digest("e"), "reads run at once"),
        events.StepFinished(StepId("1"), 1, Outcome.SUCCEEDED, "", output="lag 0 s"),
    )
    history.then(events.StepPrepared(QUESTION), events.ApprovalRequested(b.approval(QUESTION, at=history.now)))
    card = cards_of(history.incident)["step-2"]
    shown = text(card)
    assert "Is the replica caught up?" in shown and "lag 0 s" in shown
    assert [each.label for each in buttons(card).values()] == ["Continue", "Stop"]
    assert card.fallback.startswith("INC-1 asks before it goes on: Is the replica caught up?")


def test_a_wait_says_for_what_until_when_and_what_it_saw_last() -> None:
    patience = Patience(timedelta(minutes=3), timedelta(seconds=20))
    waits = replace(b.step(1), expect=Expectation(contains="Running"), patience=patience)
    history = b.planned(waits).then(events.StepStarted(StepId("1"), 1, Digest("e"), "reads run at once"))
    again_at = history.now + timedelta(seconds=20)
    seen = 'expected contains "Running", got: Pending'
    history.then(events.StepFinished(StepId("1"), 1, Outcome.FAILED, seen, will_retry=True, again_at=again_at))
    cards = cards_of(history.incident)
    shown = text(cards["step-1"])
    assert 'Waits for: contains "Running", looks every 20 s' in shown and "got: Pending" in shown
    assert "Waiting for what step 1 looks at" in text(cards["root"])


def test_the_root_says_who_holds_a_step_back() -> None:
    history = b.planned(b.step(1, Tier.MEDIUM))
    history.then(events.StepHeld(StepId("1"), "INC-7 is changing pod web-1 now", history.now + timedelta(seconds=5)))
    root = cards_of(history.incident)["root"]
    assert "Held back: INC-7 is changing pod web-1 now. It goes on by itself" in text(root)
