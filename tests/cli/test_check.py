"""`check`: findings end with 1, advice never does, and settings are looked at when asked for."""

from pathlib import Path

import pytest

from bot import settings
from bot.core.errors import Invalid
from tests.cli.databases import run

ROOT = Path(__file__).parents[2]
GOOD = "name: good\ntitle: Good\nmatch: {all_words: [x]}\nsteps:\n  - {name: Look, run: kubectl get pods -n p}\n"
UNVERIFIED = GOOD.replace("name: Look, run: kubectl get pods", "name: Kill, run: kubectl delete pod a")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PAGETURNER_RUNBOOKS", str(ROOT / "runbooks"))


def test_the_shipped_runbooks_are_clean() -> None:
    ran = run("check")

    assert (ran.code, ran.out) == (0, "nothing to complain about\n")


def test_advice_is_told_as_advice_and_is_no_finding(tmp_path: Path) -> None:
    (tmp_path / "kill.yaml").write_text(UNVERIFIED, "utf-8")

    ran = run("check", str(tmp_path))
    told = run("check", str(tmp_path), "--json")

    assert ran.code == told.code == 0
    assert ran.out.startswith("advice: ")
    assert "nothing verifies this change" in ran.out
    assert {each["kind"] for each in told.document()} == {"advice"}


def test_a_problem_is_a_finding_with_file_line_and_remedy(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(GOOD.replace("title:", "titel:"), "utf-8")

    told = run("check", str(tmp_path / "bad.yaml"), "--json")

    assert told.code == 1
    found = [each for each in told.document() if each["kind"] == "problem"]
    assert any(each["line"] == 2 and "title" in each["remedy"] for each in found)


def test_settings_are_looked_at_only_when_asked_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-very-secret")
    monkeypatch.setenv("PAGETURNER_LISTEN", "secret-host-without-port")
    monkeypatch.setenv("PAGETURNER_RUNBOKS", "typo")

    without, ran = run("check", str(ROOT / "runbooks")), run("check", str(ROOT / "runbooks"), "--settings")

    assert without.code == 0
    assert ran.code == 1
    assert "settings: SLACK_APP_TOKEN: is missing" in ran.out
    assert "settings: PAGETURNER_LISTEN" in ran.out
    assert "did you mean PAGETURNER_RUNBOOKS" in ran.out
    assert "secret" not in ran.out


def test_settings_that_would_open_the_webhook_to_everybody_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1234567890")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-1234567890")
    good = run("check", "--settings")
    monkeypatch.setenv("PAGETURNER_LISTEN", "0.0.0.0:8080")
    bad = run("check", "--settings", "--json")

    assert (good.code, bad.code) == (0, 1)
    assert [each["kind"] for each in bad.document()] == ["setting"]
    assert "no webhook token is set" in bad.document()[0]["message"]


def test_local_commands_need_no_tokens_and_serve_still_does() -> None:
    assert settings.read_local({"PAGETURNER_DATABASE": "x.db"}).database == Path("x.db")
    with pytest.raises(Invalid, match="SLACK_BOT_TOKEN: is missing"):
        settings.read({})
    with pytest.raises(Invalid, match="PAGETURNER_STORM_THRESHOLD"):
        settings.read_local({"PAGETURNER_STORM_THRESHOLD": "many"})
