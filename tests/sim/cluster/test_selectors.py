"""Label and field selectors, as the documentation of Kubernetes gives them."""

import pytest

from bot.sim.cluster import kinds, selectors, statuses

LABELLED = {"metadata": {"name": "p", "labels": {"app": "web", "tier": "front"}}, "status": {"phase": "Running"}}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web,tier=front", True),
        ("app!=web", False),
        ("missing!=x", True),
        ("app in (web, api)", True),
        ("app notin (web,api)", False),
        ("missing notin (a)", True),
        ("app", True),
        ("!app", False),
        ("!missing", True),
        ("app in (web),tier=back", False),
    ],
)
def test_a_label_selector_selects(text: str, matches: bool) -> None:
    assert selectors.labels(text)(LABELLED) is matches


@pytest.mark.parametrize("text", ["app in web", "=x", "app=web x", "app>(1)"])
def test_a_malformed_label_selector_is_a_bad_request(text: str) -> None:
    with pytest.raises(statuses.StatusError) as refusal:
        selectors.labels(text)
    assert refusal.value.code == 400


@pytest.mark.parametrize(
    ("text", "matches"),
    [("metadata.name=p", True), ("status.phase!=Running", False), ("metadata.name=p,status.phase=Failed", False)],
)
def test_a_field_selector_selects(text: str, matches: bool) -> None:
    assert selectors.fields(text, kinds.PODS)(LABELLED) is matches


def test_a_selector_of_nothing_selects_nothing_and_an_empty_one_everything() -> None:
    assert not selectors.of_object(None)(LABELLED)
    assert selectors.of_object({})(LABELLED)
