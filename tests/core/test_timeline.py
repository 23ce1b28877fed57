"""Every kind of event has its words, and a line stays one line."""

from bot.core import actors, events, timeline
from bot.core.approvals import Choice, Closing
from bot.core.ids import ApprovalId, Digest, StepId
from bot.core.operations import Tier
from bot.core.previews import Outcome
from tests import builders as b


def test_every_kind_of_event_has_words() -> None:
    assert set(timeline._WORDS) == set(events.KINDS.values())


def test_a_run_reads_from_alert_to_result() -> None:
    step = b.step(1, Tier.MEDIUM)
    history = b.planned(step).then(events.StepPrepared(step))
    asked = b.approval(step, at=history.now)
    history.then(events.ApprovalRequested(asked))
    history.then(events.VoteCast(asked.id, Choice.APPROVE, "bad image"), by=actors.person(b.ANA))
    history.then(events.ApprovalClosed(asked.id, Closing.CONSUMED))
    history.then(events.StepStarted(StepId("1"), 1, Digest("e" * 64), "approved", asked.id))
    history.then(events.StepFinished(StepId("1"), 1, Outcome.SUCCEEDED, "", "OK\nreally", duration_seconds=1.2))

    assert timeline.lines(history.rows)[1:3] == (
        "04:17:02 alert received: RedisConnectionTimeout (high, api-gateway)",
        "04:17:03 matched redis 0.00: words",
    )
    assert timeline.lines(history.rows)[-4:] == (
        '04:17:08 approved ("bad image") by @U0ANA',
        "04:17:09 approval consumed",
        "04:17:10 step 1 started: approved (plan eeeeee)",
        "04:17:11 step 1 succeeded after 1.2 s (OK really)",
    )


def test_a_line_is_one_line_of_bounded_length() -> None:
    said = timeline.words(events.ApprovalClosed(ApprovalId("1-n"), Closing.STALE, "long\n" * 1_000))

    assert "\n" not in said
    assert len(said) <= timeline.LONGEST
