"""Which runbook fits: scores that can be added up again, and when a person must choose."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import matching, scoring, words
from bot.core.alerts import Alert, Severity
from bot.core.ids import Digest, RunbookName
from bot.core.runbooks import Library, Match, Runbook

REDIS = Match(
    all_words=("redis", "connection", "timeout"),
    severity=(Severity.CRITICAL, Severity.HIGH),
    service=("api-gateway", "user-service"),
)
ALERT = Alert(
    "alertmanager", "RedisConnectionTimeout", "f", is_firing=True, severity=Severity.CRITICAL,
    service="api-gateway", environment="production", text="", labels={"team": "payments"},
)  # fmt: skip


def library(**matches: Match) -> Library:
    runbooks = [Runbook(RunbookName(name), name, Digest("0"), f"{name}.yaml", m, ()) for name, m in matches.items()]
    return Library({runbook.name: runbook for runbook in runbooks})


def found(alert: Alert, **matches: Match) -> matching.Match:
    return matching.match(matching.Index(library(**matches)), alert)


def score(alert: Alert, match: Match) -> float:
    candidates = found(alert, it=match).candidates
    return candidates[0].score if candidates else 0.0


# --- what fits ------------------------------------------------------------------------------------------------------


def test_a_full_match_is_chosen_and_says_why() -> None:
    match = found(ALERT, redis=REDIS)
    assert match.chosen == "redis"
    assert match.candidates[0].score == 0.97
    assert match.candidates[0].reasons == (
        "words redis, connection, timeout", "service api-gateway", "severity critical",
    )  # fmt: skip
    assert match.reason == "redis 0.97: words redis, connection, timeout; service api-gateway; severity critical"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("RedisConnectionTimeout", ""),
        ("redis_connection_timeout", ""),
        ("x", "Redis: connection timeouts rising"),
        ("x", "REDIS CONNECTION TIMEOUT"),
        ("x", "timeout, waiting for a connection to redis-primary"),
    ],
)
def test_words_are_found_however_the_source_writes_them(name: str, text: str) -> None:
    assert found(replace(ALERT, name=name, text=text), redis=REDIS).chosen == "redis"


def test_words_in_labels_and_annotations_count() -> None:
    alert = replace(ALERT, name="x", labels={"job": "redis"}, annotations={"summary": "connection timeout"})
    assert found(alert, redis=REDIS).chosen == "redis"


def test_a_word_is_found_on_word_borders_only() -> None:
    assert score(replace(ALERT, name="x", text="rediscovering timeoutless reconnections"), REDIS) == 0.0


def test_a_phrase_must_stand_together() -> None:
    phrase = Match(all_words=("connection refused",), service=("api-gateway",))
    assert found(replace(ALERT, text="Connection refused by peer"), it=phrase).chosen == "it"
    assert found(replace(ALERT, text="refused the connection"), it=phrase).chosen is None


def test_the_name_of_an_alert_is_enough_by_itself() -> None:
    named = Match(alert_names=("Redis Connection Timeout", "Other"))
    assert found(ALERT, it=named).chosen == "it"
    assert found(ALERT, it=named).candidates[0].reasons == ("alert Redis Connection Timeout",)


def test_labels_and_regular_expressions_count() -> None:
    match = Match(labels={"team": "payments"}, regex=r"pool of \d+ exhausted")
    assert score(replace(ALERT, text="Pool of 50 exhausted"), match) == 0.94
    assert score(replace(ALERT, text="pool fine"), match) == 0.41


# --- what does not fit ----------------------------------------------------------------------------------------------


def test_another_environment_is_about_something_else() -> None:
    assert found(ALERT, it=replace(REDIS, environment=("staging",))).candidates == ()


def test_another_value_of_a_declared_label_is_about_something_else() -> None:
    assert found(ALERT, it=replace(REDIS, labels={"team": "search"})).candidates == ()


@pytest.mark.parametrize(
    ("change", "miss"),
    [
        ({"service": "billing"}, "service is billing, not api-gateway or user-service"),
        ({"severity": Severity.WARNING}, "severity is warning, not critical or high"),
        ({"name": "RedisConnectionLost"}, "word timeout"),
    ],
)
def test_what_speaks_against_a_runbook_leaves_the_choice_to_a_person(change: dict[str, object], miss: str) -> None:
    match = found(replace(ALERT, **change), redis=REDIS)  # type: ignore[arg-type]
    assert match.chosen is None
    assert match.candidates[0].score <= scoring.CAP
    assert match.candidates[0].misses == (miss,)


def test_what_the_alert_does_not_say_only_earns_nothing() -> None:
    silent = replace(ALERT, service="", severity=Severity.UNKNOWN, environment="")
    match = found(silent, it=replace(REDIS, environment=("production",)))
    assert match.candidates[0].misses == (
        "the alert names no service", "the alert names no severity", "the alert names no environment",
    )  # fmt: skip
    assert scoring.FLOOR <= match.candidates[0].score < matching.THRESHOLD


def test_severity_and_environment_alone_never_find_a_runbook() -> None:
    assert found(ALERT, it=Match(severity=(Severity.CRITICAL,), environment=("production",))).candidates == ()


def test_a_runbook_without_conditions_is_never_found() -> None:
    assert found(ALERT, it=Match()).candidates == ()


def test_one_word_is_too_vague_to_choose_alone() -> None:
    assert found(ALERT, it=Match(all_words=("redis",))).chosen is None


# --- who chooses ----------------------------------------------------------------------------------------------------


def test_nothing_fits() -> None:
    match = found(replace(ALERT, name="Other"), other=Match(alert_names=("X",)))
    assert (match.candidates, match.chosen, match.reason) == ((), None, "no runbook fits this alert")


def test_two_that_fit_about_equally_well_leave_the_choice_to_a_person() -> None:
    match = found(ALERT, first=REDIS, second=REDIS)
    assert match.chosen is None
    assert [candidate.runbook for candidate in match.candidates] == ["first", "second"]
    assert "fit about equally well" in match.reason


def test_the_more_specific_of_two_is_chosen() -> None:
    assert found(ALERT, precise=REDIS, vague=Match(all_words=("redis",))).chosen == "precise"


@pytest.mark.parametrize(("behind", "chosen"), [(0.87, "best"), (0.88, None)])
def test_the_lead_is_a_tenth(behind: float, chosen: str | None) -> None:
    full, near = (
        Match(alert_names=("RedisConnectionTimeout",), service=("api-gateway",), severity=(Severity.CRITICAL,)),
        (Match(alert_names=("RedisConnectionTimeout",))),
    )
    assert score(ALERT, full) == 0.97
    assert score(ALERT, near) == 0.88
    best = replace(full, labels={"team": "payments"}) if chosen else full
    assert score(ALERT, best) == (1.0 if chosen else 0.97)
    assert found(ALERT, best=best, near=near).chosen == chosen
    assert round(score(ALERT, best) - 0.1, 2) == (0.9 if chosen else behind - 0.01)


def test_at_most_five_are_offered_best_first() -> None:
    many = {f"r{n}": Match(all_words=("redis", *(f"w{i}" for i in range(n // 3)))) for n in range(9)}
    offered = found(ALERT, **many).candidates
    assert [candidate.runbook for candidate in offered[:3]] == ["r0", "r1", "r2"]
    assert len(offered) <= matching.OFFERED
    assert [c.score for c in offered] == sorted((c.score for c in offered), reverse=True)


def test_alert_text_is_looked_at_up_to_its_bound() -> None:
    late = replace(ALERT, name="x", text="a " * words.LONGEST_TEXT + "redis connection timeout")
    assert found(late, it=REDIS).candidates == ()


# --- the index never hides what the scores would offer --------------------------------------------------------------

SOME_WORDS = st.lists(st.sampled_from(["redis", "disk", "timeout", "pod", "slow query"]), max_size=3, unique=True).map(
    tuple
)
MATCHES = st.builds(
    Match,
    all_words=SOME_WORDS,
    any_words=SOME_WORDS,
    alert_names=st.sampled_from([(), ("Alpha",), ("Beta", "RedisTimeout")]),
    regex=st.sampled_from(["", "time.?out", "[a-z]+ pod", "slow|fast"]),
    labels=st.sampled_from([{}, {"team": "a"}, {"team": "a", "tier": "1"}]),
    severity=st.sampled_from([(), (Severity.CRITICAL,)]),
    service=st.sampled_from([(), ("api",), ("api", "web")]),
    environment=st.sampled_from([(), ("production",)]),
)
ALERTS = st.builds(
    replace,
    st.just(ALERT),
    name=st.sampled_from(["Alpha", "redis timeout", "x"]),
    severity=st.sampled_from(list(Severity)),
    service=st.sampled_from(["", "api", "db"]),
    environment=st.sampled_from(["", "production", "staging"]),
    text=st.sampled_from(["", "redis timeout", "a slow query on disk", "the pod is slow"]),
    labels=st.sampled_from([{}, {"team": "a"}, {"team": "b"}, {"team": "a", "tier": "1"}]),
)


@given(st.lists(MATCHES, max_size=8), ALERTS)
def test_the_index_finds_exactly_what_scoring_everything_would(matches: list[Match], alert: Alert) -> None:
    named = {f"r{number}": match for number, match in enumerate(matches)}
    seen = scoring.look(alert)
    wishes = {name: scoring.compile_wish(runbook) for name, runbook in library(**named).runbooks.items()}
    wished = {name: scoring.score(wish, seen) for name, wish in wishes.items() if wish.total}
    places_only = {n for n, m in named.items() if replace(m, severity=(), environment=()) == Match()}
    expected = {name: each.value for name, each in wished.items() if each and name not in places_only}
    index = matching.Index(library(**named))
    actual = index.candidates(alert, most=len(named) + 1)
    assert {c.runbook: c.score for c in actual} == expected
    assert index.candidates(alert, most=2) == actual[:2]


@given(MATCHES, ALERTS)
def test_scores_stay_between_the_floor_and_one(match: Match, alert: Alert) -> None:
    for candidate in found(alert, it=match).candidates:
        assert scoring.FLOOR <= candidate.score <= 1.0
        assert candidate.reasons
