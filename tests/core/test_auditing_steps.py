"""What the audit of tries takes for the same operation, and what not."""

from dataclasses import replace

from bot.core import actors, auditing_steps, events
from bot.core.approvals import Choice, Closing
from bot.core.evidence import Finding
from bot.core.ids import Digest, StepId
from bot.core.operations import Tier
from bot.core.plans import PlannedStep
from bot.core.previews import Outcome
from tests import builders as b

ONE = StepId("1")


def tried_twice(step: PlannedStep, again: PlannedStep) -> list[Finding]:
    """The second try has another digest: its target was made anew in between."""
    history = b.planned(step).then(
        events.StepStarted(ONE, 1, Digest("e" * 64), "because"),
        events.StepFinished(ONE, 1, Outcome.FAILED, "reset", will_retry=True),
        events.StepPrepared(again),
        events.StepStarted(ONE, 2, Digest("f" * 64), "because"),
        events.StepFinished(ONE, 2, Outcome.SUCCEEDED, ""),
    )
    return auditing_steps.steps(b.INC, history.rows, is_whole=True)


def test_a_read_looks_at_what_is_there_now() -> None:
    assert tried_twice(b.step(1), b.step(1)) == []


def test_a_change_that_is_repeated_as_something_else_is_found() -> None:
    step = b.step(1, Tier.MEDIUM)
    found = tried_twice(step, replace(step, decision=replace(step.decision, verdict=b.step(1).decision.verdict)))
    assert any("not the same operation" in each.text for each in found)


def test_a_change_that_was_asked_about_anew_may_be_another_one() -> None:
    """Only as what that approval was about, which is held against its digest."""
    step = b.step(1, Tier.MEDIUM)
    asked = b.approval(step)
    history = b.planned(step).then(
        events.StepStarted(ONE, 1, Digest("e" * 64), "because", asked.id),
        events.StepFinished(ONE, 1, Outcome.FAILED, "reset", will_retry=True),
    )
    again = b.approval(step, at=history.now, nonce="n2")
    history.then(events.ApprovalRequested(again))
    history.then(events.VoteCast(again.id, Choice.APPROVE), by=actors.person(b.ANA))
    history.then(
        events.ApprovalClosed(again.id, Closing.CONSUMED),
        events.StepStarted(ONE, 2, b.content_digest(step), "approved", again.id),
        events.StepFinished(ONE, 2, Outcome.SUCCEEDED, ""),
    )
    found = auditing_steps.steps(b.INC, history.rows, is_whole=True)
    assert not any("try 2" in each.text for each in found)
