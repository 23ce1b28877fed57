"""`replay`, `export`, `verify` and `stats` on real files: what is right passes, what was changed is found."""

import asyncio
import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from bot.adapters.sqlite.store import Store
from bot.core import actors, events
from bot.core.approvals import Choice, Closing
from bot.core.operations import Tier
from bot.core.previews import Outcome
from bot.ports import Delivery
from tests import builders as b
from tests.cli import databases
from tests.cli.databases import HOSTILE, edit, run
from tests.fakes.world import FakeClock


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """INC-1 resolved and closed, INC-2 escalated after a failed read."""
    return databases.store(tmp_path / "pageturner.db", databases.resolved(), databases.escalated(2))


# --- replay ----------------------------------------------------------------------------------------------------------


def test_replay_of_one_incident_prints_its_timeline_and_what_it_comes_to(database: Path) -> None:
    ran = run("replay", "inc-1", "--database", str(database))

    assert ran.code == 0
    assert "approved by @U0ANA" in ran.out
    assert "comes to: closed, version 12, as the index says" in ran.out
    assert all(len(line) <= 100 for line in ran.out.splitlines())


def test_replay_of_all_compares_each_with_its_index_row(database: Path) -> None:
    good = run("replay", "--database", str(database))
    edit(database, "UPDATE incidents SET state = 'running' WHERE id = 'INC-2'")
    bad = run("replay", "--database", str(database), "--json")

    assert (good.code, "all fold to what the index says" in good.out) == (0, True)
    assert bad.code == 1
    (difference,) = bad.document()["differences"]
    assert difference["subject"] == "INC-2"
    assert difference["rule"] == "index"
    assert "running" in difference["text"]
    assert "escalated" in difference["text"]


def test_replay_as_json_holds_every_event_and_the_index(database: Path) -> None:
    shown = run("replay", "1", "--json", "--database", str(database)).document()

    assert shown["index"] == {"state": "closed", "version": 12}
    assert len(shown["timeline"]) == 12
    assert shown["timeline"][6] == {"at": "2026-03-14T04:17:36.000000Z", "who": "@U0ANA", "what": "approved"}


def test_an_unknown_incident_is_bad_input(database: Path) -> None:
    ran = run("replay", "INC-77", "--database", str(database))

    assert (ran.code, "there is no INC-77" in ran.err) == (2, True)


def test_all_of_it_works_while_the_bot_owns_the_file_and_changes_nothing(database: Path) -> None:
    async def while_open() -> list[int]:
        store = await Store.open(database, FakeClock())
        try:
            commands = (("replay",), ("verify",), ("export", "--all"), ("stats", "--days", "3650"))
            jobs = [asyncio.to_thread(run, *each, "--database", str(database)) for each in commands]
            return [(await job).code for job in jobs]
        finally:
            await store.close()

    assert asyncio.run(while_open()) == [0, 0, 0, 0]


# --- verify ----------------------------------------------------------------------------------------------------------


def rules(database: Path) -> set[tuple[str, str]]:
    ran = run("verify", "--json", "--database", str(database))
    found = {(each["subject"], each["rule"]) for each in ran.document()["findings"]}
    assert ran.code == (1 if found else 0)
    return found


def test_a_good_database_has_no_findings_and_the_report_says_what_it_cannot_know(database: Path) -> None:
    ran = run("verify", "--database", str(database))

    assert ran.code == 0
    assert "nothing to complain about" in ran.out
    said = " ".join(ran.out.split())
    assert "it has no key" in said and "no checkpoints were given" in said
    assert rules(database) == set()


def test_a_missing_event_is_found(database: Path) -> None:
    edit(database, "DELETE FROM events WHERE incident = 'INC-1' AND sequence = 7")

    assert ("INC-1", "gap") in rules(database)


def test_an_event_of_an_unknown_kind_is_found_and_still_exported(database: Path) -> None:
    edit(database, "UPDATE events SET kind = 'MoonPhaseChanged' WHERE incident = 'INC-1' AND sequence = 4")

    assert rules(database) == {("INC-1", "kind"), ("INC-1", "chain")}
    exported = run("export", "INC-1", "--database", str(database))
    assert json.loads(exported.out.splitlines()[3])["kind"] == "MoonPhaseChanged"


def test_a_damaged_body_and_an_unknown_actor_are_found(database: Path) -> None:
    edit(database, "UPDATE events SET body = '[]' WHERE incident = 'INC-1' AND sequence = 1")
    edit(database, "UPDATE events SET actor_kind = 'ghost' WHERE incident = 'INC-2' AND sequence = 1")

    changed = {("INC-1", "chain"), ("INC-2", "chain")}
    assert rules(database) == {("INC-1", "body"), ("INC-2", "actor"), *changed}


def test_an_illegal_move_is_found(database: Path) -> None:
    edit(database, "UPDATE events SET kind = 'RunSettled', body = ? WHERE incident = 'INC-1' AND sequence = 2",
         json.dumps({"until": "2026-03-14T04:30:00Z"}))  # fmt: skip

    assert ("INC-1", "move") in rules(database)


def test_an_alert_that_was_never_routed_is_found(database: Path) -> None:
    async def receive() -> None:
        store = await Store.open(database, FakeClock())
        await store.receive([Delivery(b.alert("Lost"), b.T0)])
        await store.close()

    asyncio.run(receive())

    assert rules(database) == {("inbox 3", "inbox")}


def test_an_alert_that_the_inbox_knows_and_the_events_do_not_is_found(database: Path) -> None:
    edit(database, "UPDATE inbox SET incident = 'INC-2' WHERE incident = 'INC-1'")

    assert rules(database) == {("INC-2", "inbox")}


def test_an_index_row_without_events_and_events_without_one_are_found(database: Path) -> None:
    edit(database, "UPDATE inbox SET incident = 'INC-2', became = 'ignored', reason = 'x' WHERE incident = 'INC-1'")
    edit(database, "UPDATE events SET incident = 'INC-9' WHERE incident = 'INC-1'")

    assert {("INC-1", "index"), ("INC-9", "index")} <= rules(database)


def stored(tmp_path: Path, history: b.History) -> Path:
    return databases.store(tmp_path / "one.db", history)


def test_an_intent_without_an_outcome_in_a_closed_incident_is_found(tmp_path: Path) -> None:
    step = b.step(1)
    history = b.planned(step).then(
        events.StepStarted(step.id, 1, b.content_digest(step), "reads run at once"),
        events.IncidentResolved("somebody says so", b.T0),
        events.IncidentClosed("over"),
    )

    assert rules(stored(tmp_path, history)) == {("INC-1", "intent")}


def test_a_running_step_is_no_finding(tmp_path: Path) -> None:
    step = b.step(1)
    history = b.planned(step).then(events.StepStarted(step.id, 1, b.content_digest(step), "reads run at once"))

    assert rules(stored(tmp_path, history)) == set()


def test_a_change_that_ran_without_approval_is_found(tmp_path: Path) -> None:
    step = b.step(1, Tier.MEDIUM)
    history = b.planned(step).then(
        events.StepStarted(step.id, 1, b.content_digest(step), "because"),
        events.StepFinished(step.id, 1, Outcome.SUCCEEDED, ""),
    )

    assert rules(stored(tmp_path, history)) == {("INC-1", "approval")}


def approved(step_ran: events.StepStarted | None = None, *, votes: int = 1) -> b.History:
    """A medium step, approved and started; `step_ran` replaces the start."""
    step = b.step(1, Tier.MEDIUM)
    history = b.waiting(step)
    asked = history.incident.approval
    assert asked is not None
    for _ in range(votes):
        history.then(events.VoteCast(asked.id, Choice.APPROVE), by=actors.person(b.ANA))
    history.then(events.ApprovalClosed(asked.id, Closing.CONSUMED))
    start = step_ran or events.StepStarted(step.id, 1, b.content_digest(step), "approved", asked.id)
    return history.then(start, events.StepFinished(step.id, 1, Outcome.SUCCEEDED, ""))


def test_an_approval_that_is_used_twice_is_found(tmp_path: Path) -> None:
    history = approved()
    first = next(row.event for row in history.rows if isinstance(row.event, events.StepStarted))
    again = replace(first, attempt=2)
    history.then(again, events.StepFinished(again.step, 2, Outcome.SUCCEEDED, ""))

    assert rules(stored(tmp_path, history)) == {("INC-1", "approval"), ("INC-1", "twice")}


def test_an_approval_without_votes_and_one_for_something_else_are_found(tmp_path: Path) -> None:
    nobody = databases.store(tmp_path / "nobody.db", approved(votes=0))
    step = b.step(1, Tier.MEDIUM)
    other = events.StepStarted(step.id, 1, b.content_digest(b.step(1)), "approved", b.approval(step).id)
    else_ = databases.store(tmp_path / "else.db", approved(other))

    assert "0 of 1 votes" in run("verify", "--database", str(nobody)).out
    assert "something else than what its approval was about" in run("verify", "--database", str(else_)).out


def test_an_approval_that_was_used_up_for_nothing_is_found(tmp_path: Path) -> None:
    step = b.step(1, Tier.MEDIUM)
    history = b.waiting(step).then(events.ApprovalClosed(b.approval(step).id, Closing.CONSUMED))

    assert rules(stored(tmp_path, history)) == {("INC-1", "approval")}


# --- export ----------------------------------------------------------------------------------------------------------


def test_export_gives_every_event_of_every_incident_as_one_json_line(database: Path) -> None:
    ran = run("export", "--all", "--database", str(database))
    lines = [json.loads(line) for line in ran.out.splitlines()]
    rows = sqlite3.connect(database)
    expected = rows.execute("SELECT incident, sequence, kind, body FROM events ORDER BY incident, sequence").fetchall()
    rows.close()

    assert ran.code == 0
    assert [(each["incident"], each["sequence"], each["kind"], each["body"]) for each in lines] == [
        (incident, sequence, kind, json.loads(body)) for incident, sequence, kind, body in expected
    ]


def test_export_since_a_moment_leaves_older_incidents_out(database: Path) -> None:
    def incidents(since: str) -> int:
        out = run("export", "--all", "--since", since, "--database", str(database)).out
        return len({json.loads(line)["incident"] for line in out.splitlines()})

    assert incidents("2026-03-14") == 2
    assert incidents("2026-03-14T05:00:00Z") == 0
    age = datetime.now(UTC) - b.T0
    assert incidents(f"{max(1, age.days + 2)}d") == 2


def hostile_history() -> b.History:
    step = replace(b.step(1), name=HOSTILE, operation=b.operation(f"kubectl get pods {HOSTILE}"))
    firing = replace(b.alert(), name=HOSTILE, service=HOSTILE)
    history = b.History().then(
        events.IncidentOpened(HOSTILE, firing.severity, HOSTILE, HOSTILE),
        events.AlertJoined(firing),
        events.RunbookMatched((), None, HOSTILE),
        events.RunbookChosen(b.plan(step).runbook, {}),
        events.PlanMade(b.plan(step)),
        events.StepStarted(step.id, 1, b.content_digest(step), "because"),
        events.StepFinished(step.id, 1, Outcome.SUCCEEDED, HOSTILE, f"```\n# {HOSTILE}\n````\n{HOSTILE}"),
    )
    return history.then(events.IncidentResolved(HOSTILE, history.now + timedelta(minutes=30)))


def test_hostile_text_is_only_text_in_markdown_json_and_timeline(tmp_path: Path) -> None:
    path = str(stored(tmp_path, hostile_history()))
    page = run("export", "INC-1", "--format", "markdown", "--database", path).out
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(page)
    inner = [child for token in tokens for child in token.children or ()]

    assert {token.type for token in inner} <= {"text", "code_inline", "softbreak"}
    assert {token.type for token in tokens} <= {
        "heading_open", "heading_close", "inline", "fence", "paragraph_open", "paragraph_close",
        "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close",
    }  # fmt: skip
    headings = [tokens[n + 1].content for n, token in enumerate(tokens) if token.type == "heading_open"]
    assert [each.partition(":")[0] for each in headings] == ["INC-1", "Timeline", "Steps", "Step 1/1", "To be written"]
    plain = [child.content for child in inner if child.type == "text"]
    assert not any("evil" in text or "@" in text for text in plain)
    for out in (page, run("export", "INC-1", "--database", path).out, run("replay", "1", "--database", path).out):
        assert not {"\x1b", "\x07", "\u202e"} & set(out)


def test_a_markdown_page_holds_commands_outputs_people_and_the_whole_timeline(database: Path) -> None:
    page = run("export", "INC-1", "--format", "markdown", "--database", str(database)).out

    for text in (
        "# INC-1: `Redis`",
        "kubectl delete pod web-1",
        "`@U0ANA`",
        "OK",
        "approved by @U0ANA",
        "Opened: 2026",
    ):
        assert text in page
    assert page.count("\n04:1") == 12


def test_a_page_of_an_incident_that_does_not_fold_is_refused_with_a_way_out(database: Path) -> None:
    edit(database, "DELETE FROM events WHERE incident = 'INC-1' AND sequence = 7")

    ran = run("export", "INC-1", "--format", "markdown", "--database", str(database))

    assert (ran.code, "--format json" in ran.err) == (2, True)


# --- stats -----------------------------------------------------------------------------------------------------------


def test_stats_count_endings_and_the_approvals_that_nobody_can_have_read(tmp_path: Path) -> None:
    slow = databases.resolved(wait=timedelta(seconds=30))
    path = databases.store(
        tmp_path / "p.db",
        slow,
        databases.escalated(2),
        databases.escalated(3, outcome=Outcome.UNKNOWN),
        databases.renumbered(b.planned(b.step(1)), 4),
        databases.renumbered(databases.resolved(), 5),  # every event a second apart: approved after one
    )
    shown = run("stats", "--days", "3650", "--json", "--database", str(path)).document()

    assert (shown["incidents"], shown["resolved"], shown["escalated"]) == (5, 2, 2)
    assert (shown["approvals"], shown["approvals_under_3_seconds"]) == (2, 1)
    assert shown["median_seconds_to_approve"] == 15.5
    (redis,) = shown["runbooks"]
    counted = {key: redis[key] for key in ("runs", "succeeded", "failed", "unknown", "handed_over", "running")}
    assert counted == {"runs": 5, "succeeded": 2, "failed": 1, "unknown": 1, "handed_over": 0, "running": 1}
    assert redis["median_seconds_to_resolve"] == (slow.rows[-2].at - slow.rows[0].at).total_seconds() - 14.5


def test_stats_leave_out_what_is_older_and_what_does_not_fold(database: Path) -> None:
    old = run("stats", "--days", "1", "--json", "--database", str(database)).document()
    edit(database, "DELETE FROM events WHERE incident = 'INC-1' AND sequence = 7")
    broken = run("stats", "--days", "3650", "--json", "--database", str(database))

    assert old["incidents"] == 0
    assert broken.document()["left_out"] == ["INC-1"]
    assert "INC-1 is left out" in broken.err


def test_the_table_fits_a_hundred_columns(database: Path) -> None:
    ran = run("stats", "--days", "3650", "--database", str(database))

    assert ran.code == 0
    assert "redis" in ran.out
    assert all(len(line) <= 100 for line in ran.out.splitlines())
