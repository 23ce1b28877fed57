"""Every dry run of every shipped runbook, by the executors of the running bot: looking changes nothing outside."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot import outside, settings
from bot.adapters.cedar.policies import CedarSet
from bot.adapters.runbook_files.library import RunbookFiles
from bot.adapters.sql import sessions
from bot.adapters.system_clock import SystemClock
from bot.core.ids import RunbookName
from bot.core.operations import Effect, Family
from bot.core.plans import Plan
from bot.core.runbooks import Library
from bot.flow import rehearsing
from bot.flow.previewing import Previewer
from bot.flow.trusting import Trust
from bot.sim.cluster.server import ClusterSim
from tests.adapters.sql import servers
from tests.adapters.sql.servers import Server
from tests.stories.living import RUNBOOKS

LIBRARY: Library = RunbookFiles(RUNBOOKS).current()
NODE, DEPLOYMENT = "node-2", "checkout"


@pytest.fixture
async def cluster() -> AsyncIterator[ClusterSim]:
    sim = ClusterSim(life_interval_seconds=0.05, ready_after_seconds=0.1)
    await sim.start()
    yield sim
    await sim.stop()


async def rehearsed(name: str, folder: Path, cluster: ClusterSim) -> Plan:
    """The plan with all its previews, and with the parameters that an alert would have brought."""
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(cluster.kubeconfig("oncall"), "utf-8")
    configured = settings.read_local({"KUBECONFIG": str(kubeconfig), "PAGETURNER_HTTP_ALLOW": "flags.internal"})
    given = {"deployment": DEPLOYMENT, "node": NODE, "pod": cluster.world.pods_of("worker")[0]["metadata"]["name"]}
    runbook = LIBRARY.runbooks[RunbookName(name)]
    needed = {key: given[key] for key, each in runbook.parameters.items() if each.default is None}
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        previewer = Previewer(
            outside.executors(configured, clock, stack, library=lambda: LIBRARY),
            frozenset(),
            trust=Trust(lambda: CedarSet([]).rules, clock.now),
        )
        return await rehearsing.rehearse(runbook, None, needed, previewer=previewer, now=clock.now())


def dry_runs(plan: Plan, family: Family) -> list[str]:
    """The steps that would write, and whose dry run could say what would change."""
    steps = (step for step in plan.steps if step.operation.family is family)
    return [step.name for step in steps if step.judgement.effect is Effect.WRITE and step.preview.change]


@pytest.mark.parametrize("name", sorted(LIBRARY.runbooks))
async def test_no_dry_run_of_a_shipped_runbook_changes_the_cluster(
    name: str, cluster: ClusterSim, tmp_path: Path
) -> None:
    await rehearsed(name, tmp_path, cluster)

    assert [f"{each.method} {each.path}" for each in cluster.requests if each.is_write] == []


@pytest.mark.parametrize("name", ["bad-image-rollback", "memory-leak-restart", "node-disk-pressure", "stuck-pod"])
async def test_the_cluster_was_really_asked_what_the_writes_would_do(
    name: str, cluster: ClusterSim, tmp_path: Path
) -> None:
    plan = await rehearsed(name, tmp_path, cluster)

    assert dry_runs(plan, Family.KUBERNETES)
    assert any(each.method != "GET" and "dryRun=All" in each.query for each in cluster.requests)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if servers.postgres_binaries() is None:
        pytest.skip("postgres is not installed: postgresql is Debian's package")
    with servers.postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


async def in_database(server: Server, *texts: str) -> list[tuple[object, ...]]:
    """Straight to the database; the rows of the last statement."""
    session = await sessions.open_session(server.write, is_read=False, seconds=10)
    try:
        for text in texts[:-1]:
            await session.change(text, {})
        found = await session.rows(texts[-1], {}, most=10)
        await session.commit()
    finally:
        await session.close()
    return [tuple(row) for row in found.rows]


@pytest.mark.xdist_group("sql-postgres")
async def test_the_dry_run_of_an_update_counts_its_rows_and_leaves_them(
    postgres: Server, cluster: ClusterSim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGETURNER_SQL_JOBS", postgres.read)
    monkeypatch.setenv("PAGETURNER_SQL_JOBS_WRITE", postgres.write)
    stored = "select id, state, xmin::text from jobs order by id"  # xmin: the transaction that a row is from
    before = await in_database(
        postgres,
        "create table jobs (id integer primary key, queue text, state text, started_at timestamptz)",
        "insert into jobs select n, 'default', 'running', now() - interval '2 hours' from generate_series(1, 3) n",
        "insert into jobs select n, 'default', 'done', now() from generate_series(4, 9) n",
        stored,
    )

    plan = await rehearsed("stuck-jobs-requeue", tmp_path, cluster)

    assert dry_runs(plan, Family.SQL) == ["Put them back into the queue"]
    assert [step.preview.counters.get("rows_affected") for step in plan.steps] == [None, 3, None]
    assert await in_database(postgres, stored) == before
