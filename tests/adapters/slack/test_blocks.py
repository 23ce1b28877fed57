"""Cards as Block Kit: within every limit, inert whatever the text, accepted by Slack's models and the local Slack."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from bot.adapters.slack import blocks, inert, limits, modals
from bot.adapters.slack.payloads import Place
from bot.core import actors, events, summary
from bot.core.approvals import Approval, Choice, Closing
from bot.core.cards import (
    Audience,
    Button,
    Buttons,
    Card,
    Code,
    Fact,
    Heading,
    Line,
    Link,
    Mention,
    Moment,
    Mono,
    Note,
    Part,
    Strong,
    Style,
)
from bot.core.errors import Conflict
from bot.core.events import EscalationReason, Event
from bot.core.ids import Digest, RunbookName, StepId
from bot.core.operations import Tier
from bot.core.previews import Outcome
from bot.core.runbooks import Library
from bot.sim.slack import rules
from tests import builders as b

HOSTILE = "<!channel> <@U0EVIL> <!subteam^S0EVIL> <http://evil.example|Approve> *b* ```c``` :fire: & \u202e\x1b[31mred"

anything = st.text(max_size=400) | st.sampled_from([HOSTILE, "x" * 50_000, "😀" * 9_000, "\n" * 500, "", " ", "`" * 99])
moments = st.integers(0, 36_500).map(lambda days: b.T0 + timedelta(days=days))
spans = st.one_of(
    anything,
    anything.map(Strong),
    anything.map(Mono),
    anything.map(Mention),
    st.sampled_from(["U0ANA", "S0SRE", "W012"]).map(Mention),
    st.builds(Moment, moments, st.booleans()),
    st.builds(Link, anything | st.just("https://runbooks.example/a b?x=<y>"), anything),
)
words = st.lists(spans, max_size=6).map(tuple)
button = st.builds(Button, st.sampled_from(["step.approve", "step.reject"]), anything, anything, st.sampled_from(Style))
parts = st.one_of(
    st.builds(Heading, anything, anything),
    st.builds(Line, words),
    st.builds(Fact, anything, words),
    st.builds(Code, anything),
    st.builds(Note, words),
    st.lists(button, min_size=1, max_size=4).map(lambda found: Buttons(tuple(found))),
)
cards = st.builds(Card, anything, st.lists(parts, max_size=60).map(tuple))


def leaves(value: object) -> Iterator[dict[str, Any]]:
    """Every JSON object in it."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each)


def texts(rendered: list[dict[str, Any]]) -> str:
    return "".join(leaf["text"] for leaf in leaves(rendered) if isinstance(leaf.get("text"), str))


def check_by_all(rendered: list[dict[str, Any]]) -> None:
    """Slack's own models and the local Slack's rules, written apart from ours."""
    rules.check_message(rendered, None)  # raises what Slack would answer
    for block in rendered:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.to_dict()


@given(cards)
@settings(deadline=None, max_examples=40)
def test_any_card_is_accepted_by_slack(card: Card) -> None:
    rendered = blocks.render(card)

    check_by_all(rendered)
    assert limits.size(texts(rendered)) <= 11_000
    json.dumps(rendered, ensure_ascii=False).encode()


@given(cards)
@settings(deadline=None, max_examples=40)
def test_no_button_is_lost_whatever_must_be_cut(card: Card) -> None:
    wanted = sum(len(part.buttons) for part in card.parts if isinstance(part, Buttons))
    rendered = blocks.render(card)
    rows = [block for block in rendered if block["type"] == "actions"]
    shown = [leaf for leaf in leaves(rendered) if leaf.get("type") == "button"]

    assert len(shown) == wanted or len(rows) == limits.BLOCKS


@given(anything)
@settings(deadline=None, max_examples=100)
def test_text_can_become_neither_mention_nor_link_nor_markup(text: str) -> None:
    parts: tuple[Part, ...] = (
        Heading(text, text),
        Line((text, Strong(text))),
        Fact(text, (text,)),
        Code(text),
        Note((text,)),
    )
    kinds = {leaf["type"] for leaf in leaves(blocks.render(Card(text, parts))) if "type" in leaf}

    assert kinds <= {"rich_text", "rich_text_section", "rich_text_preformatted", "text", "context", "plain_text"}


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://x", "http://", "https://[", "//evil", "", "file:///etc"])
def test_only_web_addresses_become_links(url: str) -> None:
    rendered = blocks.render(Card("x", (Line((Link(url, "Open"),)),)))

    assert not [leaf for leaf in leaves(rendered) if leaf.get("type") == "link"]
    assert texts(rendered) == "Open"


def test_a_link_is_encoded() -> None:
    rendered = blocks.render(Card("x", (Line((Link("https://a.example/x y|<z>", "Open"),)),)))

    assert next(leaf["url"] for leaf in leaves(rendered) if "url" in leaf) == "https://a.example/x%20y%7C%3Cz%3E"


@pytest.mark.parametrize("who", ["here", "channel", "!subteam^S1", "<@U1>", "U1 U2", "u0ana", ""])
def test_what_is_no_id_is_not_mentioned(who: str) -> None:
    rendered = blocks.render(Card("x", (Line((Mention(who), "-")),)))

    assert {leaf["type"] for leaf in leaves(rendered) if "type" in leaf} == {"rich_text", "rich_text_section", "text"}


def test_the_control_characters_are_gone() -> None:
    assert inert.clean("a\x00b\u202ec\u200bd\x1b[31me\r\nf\rg\ud800h\u2066") == "abcde\nf\ngh"


@given(anything)
def test_the_fallback_is_escaped_and_fits(text: str) -> None:
    said = inert.fallback(text)

    assert 0 < len(said) <= inert.FALLBACK_CHARACTERS
    assert "<" not in said
    assert ">" not in said
    assert said.count("&") == said.count("&amp;") + said.count("&lt;") + said.count("&gt;")


@given(anything, st.integers(1, 300))
def test_truncating_keeps_within_the_limit_and_marks_the_cut(text: str, most: int) -> None:
    kept = limits.truncate(text, most)

    assert limits.size(kept) <= most
    assert kept == text or kept.endswith(limits.CUT)


@given(anything, st.integers(2, 300))
def test_splitting_loses_nothing(text: str, most: int) -> None:
    pieces = list(limits.split(text, most))

    assert "".join(pieces) == text
    assert all(0 < limits.size(piece) <= most for piece in pieces)


# --- whole incidents -----------------------------------------------------


def candidate_events(history: b.History) -> list[Event]:
    """Some of everything, legal or not: the state machine refuses what does not fit."""
    step = b.step(1, Tier.MEDIUM, pod_restarts=1)
    high = b.step(1, Tier.HIGH)
    asked = b.approval(step, at=history.now)
    forged = f"<@U0ANA> {HOSTILE}"
    current = history.incident.approval
    found: list[Event] = [
        events.IncidentOpened(HOSTILE, b.alert().severity, HOSTILE, "x" * 900, b.ANA),
        events.AlertJoined(b.alert(text=HOSTILE * 60)),
        events.AlertJoined(b.alert(firing=False)),
        events.ChoiceAsked((), history.now),
        events.RunbookChosen(RunbookName("redis"), {"a": HOSTILE}),
        events.PlanMade(b.plan(step, b.step(2), limits={"pod_restarts": 0})),
        events.PlanMade(b.plan(high)),
        events.StepPrepared(step),
        events.StepPrepared(high),
        events.ApprovalRequested(asked),
        events.StepStarted(StepId("1"), 1, Digest("e" * 64), forged),
        events.StepFinished(StepId("1"), 1, Outcome.UNKNOWN, forged, HOSTILE * 90),
        events.StepFinished(StepId("1"), 1, Outcome.FAILED, forged, HOSTILE, (b.passed(),), (HOSTILE,)),
        events.StepFinished(StepId("1"), 1, Outcome.SUCCEEDED, "", "OK"),
        events.StepSkipped(StepId("1"), forged),
        events.OutcomeSettled(StepId("1"), Outcome.SUCCEEDED, rerun=True),
        events.OutcomeSettled(StepId("1"), Outcome.FAILED),
        events.EscalationRaised(EscalationReason.STEP_FAILED, forged, ("S0SRE", "here")),
        events.EscalationRaised(EscalationReason.ASKED, forged, (), stops=False),
        events.PageSent("PagerDuty", is_delivered=False, detail=HOSTILE),
        events.IncidentTaken(),
        events.RunSettled(history.now),
        events.IncidentResolved(forged, history.now),
        events.IncidentReopened(forged),
        events.IncidentClosed(forged),
    ]
    if current is not None:
        found += _answers(current)
    return found


def _answers(current: Approval) -> list[Event]:
    closings = [events.ApprovalClosed(current.id, closing, HOSTILE) for closing in Closing]
    return [*(events.VoteCast(current.id, choice, HOSTILE) for choice in Choice), *closings]


@given(st.lists(st.integers(0, 40), max_size=40))
@settings(deadline=None, max_examples=120)
def test_any_incident_renders_and_is_accepted_by_slack(choices: list[int]) -> None:
    history = b.opened()
    for choice in choices:
        offered = candidate_events(history)
        try:
            history.then(offered[choice % len(offered)], by=actors.person(b.ANA))
        except (Conflict, StopIteration):
            continue
    shown = summary.messages(history.incident, now=history.now, audience=Audience(("S0SRE",)))

    assert len({key for key, _ in shown}) == len(shown)
    for _, card in shown:
        rendered = blocks.render(card)
        check_by_all(rendered)
        named = {leaf.get("user_id") or leaf.get("usergroup_id") for leaf in leaves(rendered)} - {None}
        assert named <= {b.ANA, "S0SRE"}
        assert not [leaf for leaf in leaves(rendered) if leaf.get("type") in {"link", "broadcast", "channel"}]


# --- windows -------------------------------------------------------------

PLACE = Place("C0INC", "1700000000.000100")


def windows() -> dict[str, dict[str, Any]]:
    step = b.step(1, Tier.HIGH)
    history = b.planned(step).then(events.StepPrepared(step))
    asked = b.approval(step, at=history.now)
    incident = history.then(events.ApprovalRequested(asked)).incident
    redis = b.runbook(name="redis")
    library = Library({redis.name: redis})
    return {
        "confirm": modals.confirm(incident, incident.steps[0], asked, place=PLACE),
        "reject": modals.reject(asked.id, (incident, incident.steps[0]), place=PLACE),
        "resolve": modals.resolve(incident, place=PLACE),
        "details": modals.details(incident, incident.steps[0]),
        "choose": modals.choose(incident, library, place=PLACE),
        "run": modals.run(library, redis, metadata="{}"),
        "run, empty library": modals.run(Library({}), None, metadata="{}"),
    }


@pytest.mark.parametrize("name", list(windows()))
def test_every_window_is_accepted_by_slack(name: str) -> None:
    view = windows()[name]

    rules.check_view(view, surface="modal")  # raises what Slack would answer
    for block in view["blocks"]:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.to_dict()


def test_a_confirmation_asks_for_the_name_and_a_reason_and_is_submitted_by_its_act() -> None:
    view = windows()["confirm"]
    inputs = [
        (block["block_id"], block["element"]["action_id"]) for block in view["blocks"] if block["type"] == "input"
    ]

    assert inputs == [("typed", "typed"), ("reason", "reason")]
    assert view["submit"]["text"] == "Step 1"


def test_a_name_too_long_for_a_button_is_not_cut_but_replaced_by_the_target() -> None:
    step = replace(b.step(1, Tier.HIGH), name="Roll back to the release before")
    history = b.planned(step)
    asked = b.approval(step, at=history.now)
    incident = history.then(events.ApprovalRequested(asked)).incident
    view = modals.confirm(incident, incident.steps[0], replace(asked, typed_name="checkout"), place=PLACE)
    wide = modals.confirm(incident, incident.steps[0], replace(asked, typed_name="x" * 60), place=PLACE)

    assert view["submit"]["text"] == "Run it on checkout"
    assert wide["submit"]["text"] == "Confirm and run"
    assert json.loads(view["private_metadata"]) == {"approval": "1-n1", "channel": "C0INC", "thread": PLACE.thread}
    assert "kubectl delete pod web-1" in texts(view["blocks"])


def test_a_date_is_shown_in_the_readers_zone() -> None:
    rendered = blocks.render(Card("x", (Line((Moment(b.T0 + timedelta(seconds=5), exact=True),)),)))

    assert next(leaf for leaf in leaves(rendered) if leaf.get("type") == "date") == {
        "type": "date",
        "timestamp": int(b.T0.timestamp()) + 5,
        "format": "{time_secs}",
        "fallback": "04:17 UTC",
    }
