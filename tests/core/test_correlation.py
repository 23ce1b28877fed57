"""Which alerts belong together, and which are late copies of what is over."""

from datetime import timedelta

from bot.core import correlation, events
from tests import builders as b

LATER = b.T0 + timedelta(minutes=10)


def resolved() -> b.History:
    return b.planned(b.step(1)).then(
        events.AlertJoined(b.alert(firing=False)), events.IncidentResolved("ok", b.T0 + timedelta(minutes=40))
    )


def test_labels_make_the_fingerprint_and_their_order_does_not() -> None:
    one = b.alert(labels={"a": "1", "b": "2"})
    other = b.alert(labels={"b": "2", "a": "1"})
    assert one.fingerprint == other.fingerprint
    assert one.fingerprint != b.alert(labels={"a": "1", "b": "3"}).fingerprint


def test_a_group_joins_alerts_of_one_name_and_service_only() -> None:
    key = '{}:{alertname="X"}'
    one = set(correlation.keys(b.alert(labels={"pod": "a"}, group_key=key)))
    same = set(correlation.keys(b.alert(labels={"pod": "b"}, group_key=key)))
    other = set(correlation.keys(b.alert("Other", labels={"pod": "b"}, group_key=key)))
    assert one & same
    assert not one & other


def test_a_source_that_groups_by_nothing_joins_nothing() -> None:
    one = set(correlation.keys(b.alert(labels={"pod": "a"}, group_key="{}:{}")))
    assert not one & set(correlation.keys(b.alert(labels={"pod": "b"}, group_key="{}:{}")))


def test_a_repeat_joins() -> None:
    assert correlation.join(b.opened().incident, b.alert(), b.T0) == (events.AlertJoined(b.alert()),)


def test_a_new_firing_after_the_cure_reopens() -> None:
    again = b.alert(starts_at=LATER)
    answer = correlation.join(resolved().incident, again, LATER)
    assert answer == (events.AlertJoined(again), events.IncidentReopened("fired again at 04:27 UTC"))


def test_F52_a_late_copy_of_the_old_firing_is_ignored() -> None:
    assert isinstance(correlation.join(resolved().incident, b.alert(), LATER), correlation.Ignored)


def test_a_firing_without_times_counts_as_new() -> None:
    answer = correlation.join(resolved().incident, b.alert(starts_at=None), LATER)
    assert isinstance(answer, tuple)


def test_a_resolution_of_what_never_fired_here_is_ignored_once_it_is_over() -> None:
    other = b.alert(labels={"pod": "z"}, firing=False)
    assert isinstance(correlation.join(resolved().incident, other, LATER), correlation.Ignored)
