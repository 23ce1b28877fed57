"""The runbooks that come with the project are in order, and each alert of the demo finds its own."""

from pathlib import Path

import pytest

from bot.adapters.runbook_files import report
from bot.adapters.runbook_files.library import RunbookFiles
from bot.core import captures, matching, parameters
from bot.core.alerts import Alert, Severity
from bot.core.commands import parsing
from bot.core.ids import RunbookName
from bot.core.runbooks import Library

FOLDER = Path(__file__).parents[3] / "runbooks"
ALERTS = [
    ("RedisConnectionTimeout", {"service": "api-gateway"}, "redis-connection-timeout"),
    ("CrashLoopAfterRelease", {"service": "checkout", "deployment": "checkout"}, "bad-image-rollback"),
    ("MemoryLeak", {"service": "recommender", "deployment": "recommender"}, "memory-leak-restart"),
    ("DiskFilling", {"service": "log-archiver"}, "disk-full-archive"),
    ("PodStuck", {"service": "worker", "pod": "worker-6d4f9c7b8-x2x9p"}, "stuck-pod"),
    ("ServiceOverloaded", {"service": "frontend", "deployment": "frontend"}, "overload-scale-out"),
    ("NodeDiskPressure", {"node": "node-2"}, "node-disk-pressure"),
    ("HighErrorRate", {"service": "api-gateway"}, "high-error-rate-diagnose"),
    ("CacheUnreliable", {"service": "api-gateway"}, "feature-flag-fallback"),
    ("PostgresConnectionsHigh", {"service": "postgres"}, "postgres-connections"),
    ("ServiceLimping", {"service": "worker", "app": "worker"}, "replace-one-pod"),
    ("JobsStuck", {"service": "jobs", "queue": "mail"}, "stuck-jobs-requeue"),
]


@pytest.fixture(scope="module")
def library() -> Library:
    return RunbookFiles(FOLDER).current()


def alert(name: str, labels: dict[str, str]) -> Alert:
    return Alert(
        "alertmanager", name, "f", is_firing=True, severity=Severity.CRITICAL, service=labels.get("service", ""),
        environment="production", text="", labels={"namespace": "production", **labels},
    )  # fmt: skip


def test_they_have_no_problems_and_nothing_to_advise() -> None:
    assert report.check([FOLDER]) == []
    assert report.advise([FOLDER]) == []


@pytest.mark.parametrize(("name", "labels", "runbook"), ALERTS)
def test_each_alert_finds_its_runbook(library: Library, name: str, labels: dict[str, str], runbook: str) -> None:
    match = matching.match(matching.Index(library), alert(name, labels))
    assert match.chosen == runbook, match.reason


@pytest.mark.parametrize(("name", "labels", "runbook"), ALERTS)
def test_each_alert_fills_the_commands(library: Library, name: str, labels: dict[str, str], runbook: str) -> None:
    book = library.runbooks[RunbookName(runbook)]
    values = parameters.resolve(book, alert(name, labels), {})
    found = {step.capture.name: "worker-6d4f9c7b8-x2x9p" for step in book.steps if step.capture}
    for position, step in enumerate(book.steps):
        known = captures.parameters_at(book, position)
        operation = parsing.operation(step.action, values={**values, **found}, parameters=known)
        assert "{namespace}" not in operation.text
        assert all(f"{{{parameter}}}" not in operation.text for parameter in book.parameters)


def test_all_of_them_are_covered_here(library: Library) -> None:
    assert {runbook for _, _, runbook in ALERTS} == set(library.runbooks)
