"""The runbooks that run while the bot is ended again and again: every family of operations, an undo, a long wait.

What may be repeated has more tries than a round has deaths, so that each scene has one right end.
"""

from dataclasses import dataclass
from pathlib import Path

from tests.faults.receipts import Receipts

EVERY_FAMILY = """\
name: every-family
match: {{alert_names: [EveryFamily]}}
limits: {{cache_operations: 1, http_writes: 1, rows_affected: 1}}
steps:
  - name: Look
    run: kubectl get pods -n production -o name | head -n 3
    attempts: 8
  - name: Flush
    run: kubectl exec -n production deploy/redis-primary -- redis-cli FLUSHDB
  - name: Tell the others
    http: {{method: POST, url: 'http://127.0.0.1:{port}/notify', json: {{what: flushed}}, replay: idempotent}}
    attempts: 8
  - name: Queue a job
    run: mktemp -p {folder} job-XXXXXX
  - name: Note it
    sql: {{connection: jobs, statement: "insert into done (what) values ('flush')"}}
  - name: Verify
    run: kubectl exec -n production deploy/api-gateway -- curl -s localhost:8080/health | jq -r .redis
    expect: {{contains: connected}}
    attempts: 8
"""
TAKEN_BACK = """\
name: taken-back
match: {{alert_names: [TakenBack]}}
steps:
  - name: Scale out
    run: kubectl scale deployment/worker -n production --replicas=4
    attempts: 8
    verify: {{run: kubectl get deployment worker -n production, expect: {{contains: never}}, within: 1s}}
    undo: {{run: mktemp --tmpdir={folder} undo-XXXXXX}}
    on_failure: undo
"""
CAREFUL = """\
name: careful-flush
match: {{alert_names: [CarefulFlush]}}
limits: {{cache_operations: 1}}
steps:
  - name: Find the primary
    run: kubectl get pods -n production -l app=redis-primary -o jsonpath={{.items[0].metadata.name}}
    capture: {{name: pod, pattern: 'redis-primary[a-z0-9-]*'}}
    attempts: 8
  - name: Agree
    checkpoint: Is {{pod}} the primary?
  - name: Let it settle
    wait: {{for: 1s}}
  - name: Flush
    run: kubectl exec -n production {{pod}} -- redis-cli FLUSHDB
    expect: {{equals: OK}}
  - name: Verify
    run: kubectl exec -n production deploy/api-gateway -- curl -s localhost:8080/health | jq -r .redis
    expect: {{contains: connected}}
    attempts: 8
"""
PROGRAMS = """\
queue-a-job: {{run: mktemp -p {folder} job-XXXXXX, effect: write, risk: medium}}
take-it-back: {{run: 'mktemp --tmpdir={folder} undo-XXXXXX', effect: write, risk: medium}}
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """`changes` are the words by which a step and its receipts are known; `ends` where its incident comes to rest."""

    alert: str
    runbook: str
    changes: tuple[str, ...]
    ends: str


SCENES = (
    Scene("EveryFamily", EVERY_FAMILY, ("FLUSHDB", "/notify", "mktemp -p", "insert into"), "resolved"),
    Scene("TakenBack", TAKEN_BACK, ("mktemp --tmpdir",), "escalated"),
    Scene("CarefulFlush", CAREFUL, ("FLUSHDB",), "resolved"),
)


def write(folder: Path, scene: Scene, receipts: Receipts) -> None:
    """The scene's runbook, with this round's addresses."""
    folder.mkdir()
    values = {"port": receipts.port, "folder": receipts.folder}
    (folder / "runbook.yaml").write_text(scene.runbook.format(**values), "utf-8")
    (folder / "programs.yaml").write_text(PROGRAMS.format(**values), "utf-8")


def settings(receipts: Receipts, folder: Path) -> dict[str, str]:
    return {
        "PAGETURNER_HTTP_ALLOW": f"127.0.0.1:{receipts.port}",
        "PAGETURNER_SQL_JOBS": f"sqlite://{receipts.database}",
        "PAGETURNER_SQL_JOBS_WRITE": f"sqlite:///{receipts.database}",
        "PAGETURNER_CHECKPOINTS": str(folder / "checkpoints"),
        "PAGETURNER_GRACE_SECONDS": "1",
    }
