"""`plan`: the match and every step as they would be, from the shipped runbooks, with nothing run anywhere."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from bot.sim.cluster.server import ClusterSim
from tests.cli.databases import HOSTILE, Ran, run

ROOT = Path(__file__).parents[2]
REDIS = {
    "name": "RedisConnectionTimeout",
    "text": "redis connection timeout",
    "severity": "critical",
    "service": "api-gateway",
    "environment": "production",
}


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The shipped runbooks, approvers, no cluster, and none of the bot's secrets."""
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PAGETURNER_RUNBOOKS", str(ROOT / "runbooks"))
    monkeypatch.setenv("PAGETURNER_APPROVERS", "S0SRE")


def alert_file(folder: Path, document: object) -> str:
    path = folder / "alert.json"
    path.write_text(json.dumps(document), "utf-8")
    return str(path)


def steps(ran: Ran) -> list[dict[str, Any]]:
    return list(ran.document()["plan"]["steps"])


def test_a_runbook_is_shown_with_exact_commands_tiers_limits_and_who_is_asked() -> None:
    ran = run("plan", "redis-connection-timeout", "--offline")

    assert ran.code == 0
    assert "\n  kubectl exec -n production deploy/redis-primary -- redis-cli FLUSHDB\n" in ran.out
    for text in ("Step 1/2", "medium", "cache operations 1 of 1", 'expects "OK"', "asks @S0SRE", "Nothing was run"):
        assert text in ran.out
    assert all(len(line) <= 100 for line in ran.out.splitlines())


def test_the_same_for_programs() -> None:
    ran = run("plan", "redis-connection-timeout", "--offline", "--json")
    flush, look = steps(ran)

    assert (flush["tier"], flush["decision"], flush["asks"]) == ("medium", "ask", "S0SRE")
    assert (look["tier"], look["decision"], look["used_before"]) == ("low", "allow", {"cache_operations": 1})
    assert ran.document()["plan"]["stops_at"] is None


def test_an_alert_is_matched_first_with_what_speaks_for_it(tmp_path: Path) -> None:
    ran = run("plan", "--alert", alert_file(tmp_path, REDIS), "--offline")

    assert ran.code == 0
    assert ran.out.index("Chosen") < ran.out.index("Step 1/2")
    assert "words redis, connection, timeout; service api-gateway" in ran.out
    assert "at least 0.80" in ran.out


def test_an_alertmanager_payload_is_recognised_and_others_in_it_are_counted(tmp_path: Path) -> None:
    def one(name: str, **labels: str) -> dict[str, object]:
        return {"status": "firing", "labels": {"alertname": name, **labels}, "startsAt": "2026-03-14T04:17:00Z"}

    first = one("KubePodCrashLooping", deployment="api", namespace="production", severity="critical")
    payload = {"version": "4", "groupKey": "{}", "alerts": [first, one("DiskFull")]}

    ran = run("plan", "--alert", alert_file(tmp_path, payload), "--offline", "--json")

    assert ran.document()["match"]["chosen"] == "bad-image-rollback"
    assert ran.document()["match"]["alert"]["source"] == "alertmanager"
    assert ran.document()["other_alerts"] == 1
    assert ran.document()["plan"]["parameters"] == {"deployment": "api", "namespace": "production"}


def test_an_alert_on_standard_input_is_read_too() -> None:
    ran = run("plan", "--alert", "-", "--offline", "--json", stdin=json.dumps(REDIS).encode())

    assert ran.document()["match"]["chosen"] == "redis-connection-timeout"


def test_an_alert_that_nothing_fits_is_a_finding(tmp_path: Path) -> None:
    ran = run("plan", "--alert", alert_file(tmp_path, {"name": "MoonPhaseChanged"}), "--offline")

    assert ran.code == 1
    assert "No runbook fits this alert." in ran.out


def test_a_person_who_must_choose_is_a_finding_and_the_best_is_shown_all_the_same(tmp_path: Path) -> None:
    vague = {**REDIS, "severity": "info", "service": "billing"}

    ran = run("plan", "--alert", alert_file(tmp_path, vague), "--offline")

    assert ran.code == 1
    assert "a person chooses" in ran.out
    assert "service is billing, not api-gateway or user-service" in " ".join(ran.out.split())
    assert "If redis-connection-timeout is chosen" in ran.out


def test_a_parameter_that_the_alert_does_not_have_is_a_finding_of_that_alert(tmp_path: Path) -> None:
    ran = run("plan", "--alert", alert_file(tmp_path, {"name": "CrashLoopAfterRelease"}), "--offline")

    assert ran.code == 1
    assert "cannot be planned, it would be escalated: deployment: no value" in ran.out


def test_hostile_text_of_an_alert_stays_text(tmp_path: Path) -> None:
    hostile = {**REDIS, "name": HOSTILE, "service": "api-gateway"}

    ran = run("plan", "--alert", alert_file(tmp_path, hostile), "--offline")

    assert not {"\x1b", "\x07", "\u202e"} & set(ran.out)


def test_without_a_cluster_the_steps_are_shown_without_their_dry_run() -> None:
    ran = run("plan", "redis-connection-timeout")

    assert ran.code == 0
    assert "no cluster is configured (KUBECONFIG)" in ran.err
    assert "not looked up" in ran.out


def test_against_a_cluster_targets_are_real_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def rehearse() -> tuple[Ran, Ran, int]:
        sim = ClusterSim()
        await sim.start()
        try:
            file = tmp_path / "kubeconfig"
            file.write_text(sim.kubeconfig("oncall"), "utf-8")
            monkeypatch.setenv("KUBECONFIG", str(file))
            flush = await asyncio.to_thread(run, "plan", "redis-connection-timeout", "--json")
            back = await asyncio.to_thread(run, "plan", "bad-image-rollback", "deployment=nosuch", "--json")
            return flush, back, len(sim.writes)
        finally:
            await sim.stop()

    flush, back, writes = asyncio.run(rehearse())

    (target,) = steps(flush)[0]["preview"]["targets"]
    assert (flush.code, target["kind"]) == (0, "pod")
    assert target["name"].startswith("redis-primary-")
    assert (back.code, back.document()["plan"]["stops_at"]) == (1, "3")
    assert writes == 0


def test_a_setting_that_only_serve_needs_does_not_matter_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN_FILE", "/no/such/secret")
    monkeypatch.setenv("PAGETURNER_WEBHOOK_TOKEN_FILE", "/no/such/secret")

    assert run("plan", "redis-connection-timeout", "--offline").code == 0
