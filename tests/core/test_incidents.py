"""The fold: legal moves only, nothing forgotten, and the same events always give the same incident."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import actors, events, incidents, states
from bot.core.alerts import Severity
from bot.core.approvals import Choice, Closing
from bot.core.errors import Conflict
from bot.core.ids import Digest, StepId
from bot.core.operations import Tier
from bot.core.previews import Outcome
from bot.core.runbooks import Expectation
from bot.core.states import State
from tests import builders as b


def test_every_event_has_a_transition_and_a_handler() -> None:
    assert set(states.TRANSITIONS) == set(events.KINDS.values())
    assert set(incidents._HANDLERS) == set(events.KINDS.values())


def test_no_event_leaves_a_closed_incident() -> None:
    leaving = {
        kind.__name__
        for kind, (allowed, leads_to) in states.TRANSITIONS.items()
        if State.CLOSED in allowed and leads_to not in {None, State.CLOSED}
    }
    assert leaving == set()


def test_every_state_can_be_reached_and_all_but_closed_can_be_left() -> None:
    reached = {leads_to for _, leads_to in states.TRANSITIONS.values() if leads_to} | {State.NEW, State.UNCLEAR}
    assert reached == set(State)
    left = {
        state for allowed, leads_to in states.TRANSITIONS.values() if leads_to for state in allowed if state != leads_to
    }
    assert left == set(State) - {State.CLOSED}


def test_an_event_out_of_order_is_a_conflict() -> None:
    history = b.opened()
    row = events.Recorded(b.INC, history.incident.version + 2, b.T0, actors.BOT, events.IncidentTaken())
    with pytest.raises(Conflict):
        incidents.apply(history.incident, row)


def test_a_step_cannot_start_while_its_approval_is_open() -> None:
    history = b.waiting(b.step(1, Tier.MEDIUM))
    with pytest.raises(Conflict):
        history.then(events.StepStarted(StepId("1"), 1, Digest("x"), "nobody"))


def test_a_vote_on_another_approval_is_a_conflict() -> None:
    history = b.waiting(b.step(1, Tier.MEDIUM))
    other = b.approval(b.step(1, Tier.MEDIUM), nonce="other")
    with pytest.raises(Conflict):
        history.then(events.VoteCast(other.id, Choice.APPROVE), by=actors.person(b.ANA))


def test_an_unknown_outcome_makes_the_incident_unclear_until_a_person_settles_it() -> None:
    history = b.running(b.step(1, Tier.MEDIUM))
    history.then(events.StepFinished(StepId("1"), 1, Outcome.UNKNOWN, "no answer"))
    unclear = history.incident
    history.then(events.OutcomeSettled(StepId("1"), Outcome.SUCCEEDED), by=actors.person(b.ANA))
    assert [unclear.state, history.incident.state] == [State.UNCLEAR, State.READY]
    assert history.incident.step(StepId("1")).outcome is Outcome.SUCCEEDED


def test_run_again_forgets_the_old_approval_and_attempts() -> None:
    history = b.running(b.step(1, Tier.MEDIUM))
    history.then(events.StepFinished(StepId("1"), 1, Outcome.UNKNOWN, "no answer"))
    history.then(events.OutcomeSettled(StepId("1"), Outcome.FAILED, rerun=True), by=actors.person(b.ANA))
    again = history.incident.step(StepId("1"))
    assert (again.outcome, again.attempts, again.digest, again.approved_by) == (None, 0, None, ())


def test_a_failed_attempt_that_will_be_retried_leaves_the_step_open() -> None:
    history = b.running(b.step(1))
    history.then(events.StepFinished(StepId("1"), 1, Outcome.FAILED, "429", will_retry=True))
    assert history.incident.next_step is not None
    assert history.incident.next_step.attempts == 1


def test_escalation_withdraws_the_open_approval() -> None:
    history = b.waiting(b.step(1, Tier.MEDIUM))
    asked = history.incident.approval
    assert asked is not None
    history.then(events.EscalationRaised(events.EscalationReason.ASKED, "help", ("S0SRE",)))
    closed = history.incident.closed_approval(asked.id)
    assert history.incident.approval is None
    assert closed is not None
    assert closed.closing is Closing.WITHDRAWN


def test_a_page_beside_the_run_does_not_stop_it() -> None:
    history = b.waiting(b.step(1, Tier.MEDIUM))
    history.then(events.EscalationRaised(events.EscalationReason.STILL_FIRING, "5 min", (), stops=False))
    assert history.incident.state is State.WAITING
    assert history.incident.approval is not None


def test_time_spent_waiting_for_people_is_remembered() -> None:
    planned = b.step(1, Tier.MEDIUM)
    history = b.waiting(planned)
    asked = history.incident.approval
    assert asked is not None
    history.then(events.ApprovalClosed(asked.id, Closing.CONSUMED), after=timedelta(minutes=7))
    assert history.incident.waited == timedelta(minutes=7)


def test_counters_are_spent_once_a_step_starts_and_not_again_on_its_retry() -> None:
    history = b.running(b.step(1, Tier.MEDIUM, pod_restarts=2))
    assert history.incident.spent == {"pod_restarts": 2}
    history.then(events.StepFinished(StepId("1"), 1, Outcome.FAILED, "429", will_retry=True))
    history.then(events.StepStarted(StepId("1"), 2, Digest("x"), "retry"))
    assert history.incident.spent == {"pod_restarts": 2}


def test_run_again_gives_the_counters_back_and_it_worked_does_not() -> None:
    def unclear() -> b.History:
        history = b.running(b.step(1, Tier.MEDIUM, pod_restarts=2))
        return history.then(events.StepFinished(StepId("1"), 1, Outcome.UNKNOWN, "?"))

    again = unclear().then(events.OutcomeSettled(StepId("1"), Outcome.FAILED, rerun=True), by=actors.person(b.ANA))
    worked = unclear().then(events.OutcomeSettled(StepId("1"), Outcome.SUCCEEDED), by=actors.person(b.ANA))
    assert (again.incident.spent, worked.incident.spent) == ({}, {"pod_restarts": 2})


def test_counters_survive_the_choice_of_another_runbook() -> None:
    history = b.running(b.step(1, Tier.MEDIUM, pod_restarts=2))
    history.then(events.StepFinished(StepId("1"), 1, Outcome.FAILED, "no"))
    history.then(events.RunbookChosen(b.plan().runbook, {}), by=actors.person(b.ANA))
    assert history.incident.spent == {"pod_restarts": 2}
    assert history.incident.steps == ()


def test_repeated_firings_are_counted_and_only_a_return_is_a_new_firing() -> None:
    history = b.opened(b.alert())
    history.then(
        events.AlertJoined(b.alert()), events.AlertJoined(b.alert(firing=False)), events.AlertJoined(b.alert())
    )
    seen = history.incident.alerts[b.alert().fingerprint]
    assert (seen.count, seen.firings) == (4, 2)


def test_all_alerts_must_clear_before_the_incident_has_cleared() -> None:
    other = b.alert(labels={"pod": "b"})
    history = b.opened().then(events.AlertJoined(other), events.AlertJoined(b.alert(firing=False)))
    assert not history.incident.has_cleared
    history.then(events.AlertJoined(b.alert(labels={"pod": "b"}, firing=False)))
    assert history.incident.has_cleared


def test_every_event_survives_storage() -> None:
    planned = b.step(1, Tier.MEDIUM, expect=Expectation(contains="x"), undo=b.operation("kubectl uncordon n"))
    history = b.waiting(planned)
    for row in history.rows:
        assert events.from_json(*events.to_json(row.event)) == row.event


_SOME_EVENTS = st.sampled_from(
    [
        events.AlertJoined(b.alert()),
        events.AlertJoined(b.alert(firing=False)),
        events.IncidentTaken(),
        events.EscalationRaised(events.EscalationReason.ASKED, "help", ()),
        events.EscalationRaised(events.EscalationReason.UNCLEAR, "look", (), stops=False),
        events.RunbookChosen(b.plan().runbook, {}),
        events.PlanMade(b.plan(b.step(1, Tier.MEDIUM), b.step(2))),
        events.StepPrepared(b.step(1, Tier.MEDIUM)),
        events.ApprovalRequested(b.approval(b.step(1, Tier.MEDIUM))),
        events.VoteCast(b.approval(b.step(1, Tier.MEDIUM)).id, Choice.APPROVE),
        events.ApprovalClosed(b.approval(b.step(1, Tier.MEDIUM)).id, Closing.CONSUMED),
        events.StepStarted(StepId("1"), 1, Digest("x"), "a"),
        events.StepFinished(StepId("1"), 1, Outcome.UNKNOWN, "?"),
        events.StepFinished(StepId("1"), 1, Outcome.SUCCEEDED, "ok"),
        events.OutcomeSettled(StepId("1"), Outcome.SUCCEEDED),
        events.IncidentResolved("cured", b.T0),
        events.IncidentReopened("again"),
        events.IncidentClosed("over"),
    ]
)


@given(st.lists(_SOME_EVENTS, max_size=30))
def test_any_sequence_either_applies_or_conflicts_and_replays_to_the_same_incident(
    attempted: list[events.Event],
) -> None:
    history = b.History().then(events.IncidentOpened("x", Severity.HIGH, "s", "e"))
    for event in attempted:
        try:
            history.then(event, by=actors.person(b.ANA))
        except Conflict:
            continue
    assert incidents.fold(b.INC, history.rows) == history.incident
    assert (history.incident.approval is not None) == (history.incident.state is State.WAITING)
