"""The next thing to do, as a table: what is stored and what time it is decide, nothing else."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.core import actors, events, guards, moves, plans
from bot.core.alerts import Severity
from bot.core.approvals import Choice, Closing
from bot.core.events import EscalationReason, PageAction
from bot.core.ids import ApprovalId, Digest, StepId
from bot.core.incidents import Incident
from bot.core.moves import Move
from bot.core.operations import Replay, Tier
from bot.core.plans import Verdict
from bot.core.previews import Outcome
from bot.core.runbooks import Capture, Expectation, OnFailure, Patience
from bot.core.states import State
from tests import builders as b

ONE = StepId("1")
CHECK = Expectation(contains="connected")


def move(history: b.History, *, after: timedelta = timedelta(), running: bool = False) -> Move:
    return moves.next_move(history.incident, now=history.now + after, is_running=running)


def done(history: b.History, number: str = "1", outcome: Outcome = Outcome.SUCCEEDED) -> b.History:
    """The step was started and has finished."""
    return history.then(
        events.StepStarted(StepId(number), 1, Digest("x"), "because"),
        events.StepFinished(StepId(number), 1, outcome, "detail", checks=(b.passed(),)),
    )


def test_a_chosen_runbook_is_planned() -> None:
    assert move(b.opened()) == moves.MakePlan()


def test_a_read_runs_at_once() -> None:
    assert move(b.planned(b.step(1))) == moves.Claim(ONE)


@pytest.mark.parametrize("tier", [Tier.MEDIUM, Tier.HIGH])
def test_a_change_is_asked_about_first(tier: Tier) -> None:
    assert move(b.planned(b.step(1, tier))) == moves.Ask(ONE)


def test_a_preview_that_is_not_fresh_is_made_again_before_asking() -> None:
    assert move(b.planned(b.step(1, Tier.MEDIUM)), after=timedelta(seconds=6)) == moves.Prepare(ONE)


def test_a_preview_from_before_the_last_step_is_made_again() -> None:
    history = b.planned(b.step(1, Tier.MEDIUM), b.step(2, Tier.MEDIUM))
    assert move(done(history)) == moves.Prepare(StepId("2"))


def test_level_0_shows_and_never_runs() -> None:
    history = b.planned(b.step(1, Tier.MEDIUM, verdict=Verdict.SHOW))
    assert move(history) == moves.Skip(ONE, "shown, not run: level 0")
    history.then(events.StepSkipped(ONE, "shown, not run: level 0"))
    assert _reason(move(history)) is EscalationReason.ADVISORY


def test_what_is_denied_escalates_with_the_reason() -> None:
    assert _reason(move(b.planned(b.step(1, Tier.MEDIUM, verdict=Verdict.DENY)))) is EscalationReason.BLOCKED


def test_a_blocked_read_that_may_fail_is_skipped() -> None:
    planned = b.step(1, verdict=Verdict.DENY, on_failure=OnFailure.CONTINUE)
    assert move(b.planned(planned)) == moves.Skip(ONE, "because")


def test_an_open_approval_is_asked_about_once_more_at_half_time_and_waits_until_it_expires_and_not_longer() -> None:
    history = b.waiting(b.step(1, Tier.MEDIUM))
    asked, since = history.incident.approval, history.incident.state_since
    assert asked is not None and since is not None
    half = since + (asked.expires_at - since) / 2
    assert move(history) == moves.Wait(half)
    assert moves.next_move(history.incident, now=half) == moves.Remind()
    history.then(events.ApprovalReminded(asked.id))
    assert moves.next_move(history.incident, now=half) == moves.Wait(asked.expires_at)
    assert moves.next_move(history.incident, now=asked.expires_at) == moves.Expire()


def test_enough_votes_claim_the_step() -> None:
    history = b.waiting(b.step(1, Tier.MEDIUM))
    history.then(events.VoteCast(_asked(history), Choice.APPROVE), by=actors.person(b.ANA))
    assert move(history) == moves.Claim(ONE)


def test_F06_votes_that_were_enough_but_are_too_old_now_expire() -> None:
    history = b.waiting(b.step(1, Tier.MEDIUM))
    history.then(events.VoteCast(_asked(history), Choice.APPROVE), by=actors.person(b.ANA))
    assert move(history, after=timedelta(minutes=16)) == moves.Expire()


def test_a_reject_ends_the_run() -> None:
    history = b.waiting(b.step(1, Tier.MEDIUM))
    history.then(events.VoteCast(_asked(history), Choice.REJECT, "no"), by=actors.person(b.ANA))
    assert move(history) == moves.GiveUp()


def test_a_running_step_is_left_alone_by_the_process_that_runs_it_and_recovered_by_another() -> None:
    history = b.running(b.step(1, Tier.MEDIUM))
    assert isinstance(move(history, running=True), moves.Wait)
    assert move(history) == moves.Recover(ONE)


def test_I12_an_unclear_outcome_is_told_and_blocks_the_plan() -> None:
    history = b.running(b.step(1, Tier.MEDIUM)).then(events.StepFinished(ONE, 1, Outcome.UNKNOWN, "?"))
    told = move(history)
    assert isinstance(told, moves.Escalate)
    assert (told.reason, told.stops) == (EscalationReason.UNCLEAR, False)
    history.then(events.EscalationRaised(told.reason, told.explanation, (), stops=False))
    assert isinstance(move(history), moves.Wait)
    assert isinstance(move(history, after=moves.REMIND_AFTER), moves.Escalate)


def test_F24_a_clock_that_is_set_back_between_two_steps_makes_no_endless_dry_runs() -> None:
    first, second = b.step(1), b.step(2, Tier.MEDIUM)
    history = b.planned(first, second).then(
        events.StepStarted(ONE, 1, b.content_digest(first), "reads"), events.StepFinished(ONE, 1, Outcome.SUCCEEDED, "")
    )
    assert move(history) == moves.Prepare(second.id)
    history.then(events.StepPrepared(second), after=timedelta(hours=-1))
    assert move(history) == moves.Ask(second.id)


def test_F24_an_unclear_outcome_is_told_once_whatever_the_clock_does_meanwhile() -> None:
    history = b.running(b.step(1, Tier.MEDIUM)).then(events.StepFinished(ONE, 1, Outcome.UNKNOWN, "?"))
    told = events.EscalationRaised(EscalationReason.UNCLEAR, "look", (), stops=False)
    history.then(told, after=timedelta(hours=-1))
    assert isinstance(move(history), moves.Wait)


def test_an_unclear_step_is_not_swept_away_when_the_alert_clears() -> None:
    history = b.running(b.step(1, Tier.MEDIUM)).then(
        events.StepFinished(ONE, 1, Outcome.UNKNOWN, "?"), events.AlertJoined(b.alert(firing=False))
    )
    assert not isinstance(move(history), moves.Resolve)


@pytest.mark.parametrize(
    "history", [b.opened(), b.planned(b.step(1)), b.waiting(b.step(1, Tier.MEDIUM)), b.waiting(b.step(1, Tier.HIGH))]
)
def test_F54_a_cleared_alert_cancels_what_was_not_dispatched(history: b.History) -> None:
    history.then(events.AlertJoined(b.alert(firing=False)))
    assert move(history) == moves.Resolve("the alert cleared")


def test_F54_a_running_step_is_not_cancelled_by_a_cleared_alert() -> None:
    history = b.running(b.step(1, Tier.MEDIUM)).then(events.AlertJoined(b.alert(firing=False)))
    assert isinstance(move(history, running=True), moves.Wait)


def test_a_failed_step_escalates_or_goes_on_as_declared() -> None:
    stops = done(b.planned(b.step(1, Tier.MEDIUM), b.step(2)), outcome=Outcome.FAILED)
    assert _reason(move(stops)) is EscalationReason.STEP_FAILED
    goes_on = done(b.planned(b.step(1, Tier.MEDIUM, on_failure=OnFailure.CONTINUE), b.step(2)), outcome=Outcome.FAILED)
    assert move(goes_on) == moves.Prepare(StepId("2"))


def test_a_failed_step_with_an_undo_is_undone_once_and_then_escalates() -> None:
    undo = b.operation("kubectl uncordon n1", "kubernetes.uncordon")
    history = done(b.planned(b.step(1, Tier.MEDIUM, on_failure=OnFailure.UNDO, undo=undo)), outcome=Outcome.FAILED)
    assert move(history) == moves.PlanUndo(ONE)
    history.then(events.UndoPlanned(ONE, b.step("1-undo", Tier.MEDIUM)))
    assert move(history) == moves.Prepare(StepId("1-undo"))
    history.then(events.StepPrepared(b.step("1-undo", Tier.MEDIUM)))
    assert _reason(move(done(history, "1-undo"))) is EscalationReason.STEP_FAILED


def test_a_passed_check_after_the_last_change_resolves() -> None:
    history = done(done(b.planned(b.step(1, Tier.MEDIUM), b.step(2, expect=CHECK))), "2")
    assert move(history) == moves.Resolve("all steps done and verified")


def test_a_check_before_the_change_proves_nothing() -> None:
    history = done(done(b.planned(b.step(1, expect=CHECK), b.step(2, Tier.MEDIUM))), "2")
    assert move(history) == moves.Settle()


def test_an_unverified_run_waits_for_the_alert_and_escalates_when_it_stays() -> None:
    history = done(b.planned(b.step(1, Tier.MEDIUM)))
    assert move(history) == moves.Settle()
    until = history.now + timedelta(minutes=5)
    history.then(events.RunSettled(until))
    assert move(history) == moves.Wait(until)
    assert _reason(move(history, after=timedelta(minutes=6))) is EscalationReason.STILL_FIRING
    history.then(events.AlertJoined(b.alert(firing=False)))
    assert move(history) == moves.Resolve("the alert cleared")


def test_a_runbook_that_only_reads_hands_the_evidence_to_people() -> None:
    assert _reason(move(done(b.planned(b.step(1))))) is EscalationReason.ADVISORY


def test_an_alert_that_comes_back_is_not_treated_again() -> None:
    history = done(done(b.planned(b.step(1, Tier.MEDIUM), b.step(2, expect=CHECK))), "2")
    history.then(events.IncidentResolved("verified", history.now + timedelta(minutes=30)))
    history.then(events.IncidentReopened("fired again"))
    assert _reason(move(history)) is EscalationReason.CAME_BACK


def test_an_alert_that_goes_on_firing_after_the_cure_reopens() -> None:
    history = b.planned(b.step(1)).then(events.IncidentResolved("verified", b.T0 + timedelta(minutes=40)))
    assert isinstance(move(history), moves.Wait)
    assert move(history, after=timedelta(minutes=5)) == moves.Reopen("the alert is still firing")


def test_a_watched_incident_is_closed_at_the_end() -> None:
    history = b.planned(b.step(1)).then(
        events.AlertJoined(b.alert(firing=False)), events.IncidentResolved("ok", b.T0 + timedelta(minutes=30))
    )
    assert isinstance(move(history, after=timedelta(minutes=30)), moves.Close)


def test_evidence_that_would_come_too_late_is_left_out_and_a_person_decides_about_the_change() -> None:
    late = b.T0 + timedelta(minutes=3)
    plan = replace(b.plan(b.step(1), b.step(2, Tier.MEDIUM), b.step(3)), reading_until=late)
    history = b.opened().then(events.PlanMade(plan))
    assert moves.next_move(history.incident, now=late - timedelta(seconds=1)) == moves.Prepare(ONE)
    left_out = moves.next_move(history.incident, now=late)
    assert isinstance(left_out, moves.Skip) and left_out.step == ONE
    history.then(events.StepSkipped(left_out.step, left_out.reason))
    assert moves.next_move(history.incident, now=late) == moves.Prepare(StepId("2"))
    assert guards.situation(history.incident).doubts == ("step 1 gave no clear evidence",)


@pytest.mark.parametrize(
    "changed",
    [
        {"capture": Capture("pod", "a+")},
        {"tier": Tier.MEDIUM},
        {"patience": Patience(timedelta(seconds=1), timedelta(seconds=2))},
    ],
    ids=["a value that is needed", "a question", "a wait"],
)
def test_what_later_steps_or_people_need_is_not_left_out(changed: dict[str, Any]) -> None:
    plan = replace(b.plan(replace(b.step(1), **changed), b.step(2, Tier.MEDIUM)), reading_until=b.T0)
    history = b.opened().then(events.PlanMade(plan))
    assert not isinstance(moves.next_move(history.incident, now=b.T0 + timedelta(minutes=1)), moves.Skip)


def test_a_runbook_that_only_reads_reads_on_within_its_time_limit() -> None:
    history = b.opened().then(events.PlanMade(replace(b.plan(b.step(1), b.step(2)), reading_until=b.T0)))
    assert moves.next_move(history.incident, now=b.T0 + timedelta(minutes=5)) == moves.Prepare(ONE)


def test_the_time_limit_stops_the_run_but_not_while_people_decide() -> None:
    history = b.waiting(b.step(1, Tier.MEDIUM))
    history.then(events.ApprovalClosed(_asked(history), Closing.STALE), after=timedelta(minutes=12))
    assert move(history) == moves.Prepare(ONE)
    assert _reason(move(history, after=timedelta(minutes=11))) is EscalationReason.TIME_LIMIT


def test_a_critical_alert_that_stays_open_is_told_once_beside_the_run() -> None:
    history = b.waiting_for(b.step(1, Tier.MEDIUM), b.alert(severity=Severity.CRITICAL))
    assert isinstance(move(history), moves.Wait)
    told = move(history, after=timedelta(minutes=5))
    assert isinstance(told, moves.Escalate)
    assert (told.reason, told.stops) == (EscalationReason.STILL_FIRING, False)
    history.then(events.EscalationRaised(told.reason, "", (), stops=False))
    assert isinstance(move(history, after=timedelta(minutes=6)), moves.Wait)


def test_every_pager_is_called_once_about_an_escalation() -> None:
    history = b.planned(b.step(1)).then(events.EscalationRaised(EscalationReason.ASKED, "help", ()))
    first = moves.next_move(history.incident, now=history.now, pagers=("PagerDuty",))
    assert first == moves.SendPage("PagerDuty")
    history.then(events.PageSent("PagerDuty", is_delivered=False, detail="down"))
    assert isinstance(moves.next_move(history.incident, now=history.now, pagers=("PagerDuty",)), moves.Wait)


def test_every_pager_is_called_once_about_each_reminder_of_an_escalation() -> None:
    history = b.planned(b.step(1)).then(events.EscalationRaised(EscalationReason.ASKED, "help", ()))
    for _ in range(2):
        assert moves.next_move(history.incident, now=history.now, pagers=("PagerDuty",)) == moves.SendPage("PagerDuty")
        history.then(events.PageSent("PagerDuty", is_delivered=True, detail="accepted"))
        assert isinstance(moves.next_move(history.incident, now=history.now, pagers=("PagerDuty",)), moves.Wait)
        history.then(
            events.EscalationRaised(EscalationReason.ASKED, "nobody", (), stops=False), after=moves.REMIND_AFTER
        )


PAGERS = ("PagerDuty",)


def page_move(history: b.History) -> moves.Move:
    return moves.next_move(history.incident, now=history.now, pagers=PAGERS)


def paged(*, is_delivered: bool = True) -> b.History:
    history = b.planned(b.step(1)).then(events.EscalationRaised(EscalationReason.ASKED, "help", ()))
    return history.then(events.PageSent("PagerDuty", is_delivered, ""))


def updated(history: b.History, action: PageAction, *, is_delivered: bool = True) -> b.History:
    assert page_move(history) == moves.UpdatePage("PagerDuty", action)
    return history.then(events.PageUpdated("PagerDuty", action, is_delivered, ""))


def test_whoever_was_paged_hears_that_it_is_taken_and_that_it_is_over_once_each() -> None:
    history = paged().then(events.IncidentTaken(), by=actors.person(b.ANA))
    updated(history, PageAction.ACKNOWLEDGE, is_delivered=False)
    assert isinstance(page_move(history), moves.Wait)
    history.then(events.IncidentResolved("ok", history.now + timedelta(minutes=30)))
    updated(history, PageAction.RESOLVE)
    assert isinstance(page_move(history), moves.Wait)
    history.then(events.IncidentClosed("nothing came back"))
    assert page_move(history) == moves.Wait(None)


def test_a_pager_that_was_never_reached_hears_nothing_more() -> None:
    history = paged(is_delivered=False).then(events.IncidentTaken(), by=actors.person(b.ANA))
    assert isinstance(page_move(history), moves.Wait)


def test_what_comes_back_is_paged_and_ended_anew() -> None:
    history = paged().then(events.IncidentResolved("ok", b.T0 + timedelta(hours=1)))
    updated(history, PageAction.RESOLVE).then(
        events.IncidentReopened("it fires"), events.EscalationRaised(EscalationReason.CAME_BACK, "again", ())
    )
    assert page_move(history) == moves.SendPage("PagerDuty")
    history.then(events.PageSent("PagerDuty", is_delivered=True, detail=""))
    assert isinstance(page_move(history), moves.Wait)
    history.then(events.IncidentResolved("ok", history.now + timedelta(minutes=30)))
    updated(history, PageAction.RESOLVE)


def test_people_are_reminded_until_somebody_takes_it() -> None:
    history = b.planned(b.step(1)).then(events.EscalationRaised(EscalationReason.ASKED, "help", ()))
    assert isinstance(move(history, after=moves.REMIND_AFTER), moves.Escalate)
    history.then(events.IncidentTaken(), by=actors.person(b.ANA))
    assert isinstance(move(history, after=moves.REMIND_AFTER), moves.Wait)


def _retried(again: plans.PlannedStep) -> b.History:
    step = b.step(1, Tier.MEDIUM, replay=Replay.IDEMPOTENT)
    return b.planned(step).then(
        events.StepStarted(ONE, 1, b.content_digest(step), "approved"),
        events.StepFinished(ONE, 1, Outcome.FAILED, "429", will_retry=True),
        events.StepPrepared(again),
    )


def test_a_retry_is_claimed_without_asking_again() -> None:
    assert move(_retried(b.step(1, Tier.MEDIUM, replay=Replay.IDEMPOTENT))) == moves.Claim(ONE)


def test_F82_a_retry_of_something_else_is_asked_about_again() -> None:
    known = b.step(1, Tier.MEDIUM, replay=Replay.IDEMPOTENT)
    wider = replace(known, preview=replace(known.preview, counters={"pod_restarts": 2}))
    assert move(_retried(wider)) == moves.Ask(ONE)


def _states() -> list[Incident]:
    settled = done(b.planned(b.step(1, Tier.MEDIUM))).then(events.RunSettled(b.T0 + timedelta(minutes=9)))
    return [
        b.opened().incident,
        b.planned(b.step(1)).incident,
        b.waiting(b.step(1, Tier.MEDIUM)).incident,
        b.running(b.step(1, Tier.MEDIUM)).incident,
        b.running(b.step(1, Tier.MEDIUM)).then(events.StepFinished(ONE, 1, Outcome.UNKNOWN, "?")).incident,
        settled.incident,
        b.planned(b.step(1)).then(events.EscalationRaised(EscalationReason.ASKED, "help", ())).incident,
        b.planned(b.step(1)).then(events.IncidentResolved("ok", b.T0 + timedelta(minutes=30))).incident,
    ]


@pytest.mark.parametrize("incident", _states(), ids=lambda incident: incident.state)
def test_I11_nothing_waits_for_ever(incident: Incident) -> None:
    found = moves.next_move(incident, now=_now(incident), is_running=True)
    assert incident.state is not State.CLOSED
    assert not isinstance(found, moves.Wait) or found.until is not None


def _now(incident: Incident) -> datetime:
    assert incident.changed_at is not None
    return incident.changed_at


def _reason(found: Move) -> EscalationReason | None:
    return found.reason if isinstance(found, moves.Escalate) else None


def _asked(history: b.History) -> ApprovalId:
    assert history.incident.approval is not None
    return history.incident.approval.id
