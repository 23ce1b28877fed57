"""How a freeze is asked for, in the words that people type on a phone."""

from datetime import timedelta

import pytest

from bot.core import freezes
from bot.core.errors import Invalid
from bot.core.freezes import Scope, ScopeKind, Wish


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("", Wish(Scope(), "", None)),
        ("database move", Wish(Scope(), "database move", None)),
        ("database move for 2h", Wish(Scope(), "database move", timedelta(hours=2))),
        ("for 30m", Wish(Scope(), "", timedelta(minutes=30))),
        ("because for 30min", Wish(Scope(), "because", timedelta(minutes=30))),
        ("wait for Ben", Wish(Scope(), "wait for Ben", None)),
        ("service=payments audit for 1d", Wish(Scope(ScopeKind.SERVICE, "payments"), "audit", timedelta(days=1))),
        ("runbook=stuck-pod", Wish(Scope(ScopeKind.RUNBOOK, "stuck-pod"), "", None)),
        ("Environment=production", Wish(Scope(ScopeKind.ENVIRONMENT, "production"), "", None)),
        ("all=x", Wish(Scope(), "all=x", None)),
    ],
)
def test_words_of_a_freeze(text: str, wish: Wish) -> None:
    assert freezes.parse(text.split()) == wish


@pytest.mark.parametrize(
    "text", ["x for 0h", "x for 2weeks", "x for 31d", "service=", "service=a service=b", "x for 99999d"]
)
def test_what_is_not_understood_freezes_nothing(text: str) -> None:
    with pytest.raises(Invalid) as invalid:
        freezes.parse(text.split())
    assert invalid.value.remedy


@pytest.mark.parametrize("text", ["payments", "for 2h", "service=payments now"])
def test_letting_go_takes_a_scope_and_nothing_else(text: str) -> None:
    with pytest.raises(Invalid, match="names no freeze"):
        freezes.parse_scope(text.split())


def test_letting_go_names_everything_or_one_scope() -> None:
    assert freezes.parse_scope([]) == Scope()
    assert freezes.parse_scope(["service=payments"]) == Scope(ScopeKind.SERVICE, "payments")
