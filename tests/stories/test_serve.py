"""`pageturner serve` as an operator's system starts it: a process of its own, a bare environment, one folder to write.

What keeps it from starting is one sentence on standard error and exit 2, never a traceback.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import aiohttp
import pytest

from bot import demo
from bot.sim.world import LocalWorld
from tests.crash.lives import ALERT
from tests.stories import living
from tests.stories.living import ROOT

PATIENCE_SECONDS = 30.0
SERVE = (sys.executable, "-m", "bot", "serve")
NOBODY = 65_532
"""The user of the image: no name, no home."""


@pytest.fixture
async def world() -> AsyncIterator[LocalWorld]:
    made = LocalWorld(manifest=living.manifest())
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def given(world: LocalWorld, tmp_path: Path) -> dict[str, str]:
    """Everything that the process finds in its environment: no HOME, no USER, nothing of ours but settings."""
    data = tmp_path / "data"
    data.mkdir()
    return {
        **demo.environment(world, data, living.RUNBOOKS),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TMPDIR": "/nonexistent",
    }


@dataclass
class Served:
    process: asyncio.subprocess.Process
    port: int
    said: list[str]

    async def get(self, path: str) -> tuple[int, str]:
        url = f"http://127.0.0.1:{self.port}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status, await answer.text()

    async def post_alert(self) -> int:
        url = f"http://127.0.0.1:{self.port}/webhook/alertmanager"
        headers = {"Authorization": f"Bearer {demo.WEBHOOK_TOKEN}"}
        async with aiohttp.ClientSession() as session, session.post(url, json=ALERT, headers=headers) as answer:
            return answer.status

    async def stopped(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.process.wait()


@asynccontextmanager
async def serving(environment: Mapping[str, str], folder: Path, *, prefix: Sequence[str] = ()) -> AsyncIterator[Served]:
    """Once it says that it is ready."""
    process = await asyncio.create_subprocess_exec(
        *prefix, *SERVE, env=environment, cwd=folder, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    said: list[str] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for line in process.stderr:
            said.append(line.decode())
            if "ready, alerts on port" in said[-1]:
                break
    assert said and "ready, alerts on port" in said[-1], "".join(said)
    draining = asyncio.create_task(_drain(process.stderr, said), name="what it says")
    try:
        yield Served(process, int(said[-1].split()[-1]), said)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await draining


async def _drain(stream: asyncio.StreamReader, said: list[str]) -> None:
    async for line in stream:
        said.append(line.decode())


async def refused(environment: Mapping[str, str], folder: Path, *, prefix: Sequence[str] = ()) -> str:
    """The one sentence with which it did not start."""
    process = await asyncio.create_subprocess_exec(
        *prefix,
        *SERVE,
        env={**environment, "PAGETURNER_LOG_LEVEL": "error"},
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        out, err = await process.communicate()
    assert process.returncode == 2, err.decode()
    assert out == b""
    (line,) = err.decode().splitlines()
    assert line.startswith("pageturner: ")
    return line


async def test_F88_it_runs_without_a_home_and_writes_nothing_beside_its_data(
    given: dict[str, str], tmp_path: Path, world: LocalWorld
) -> None:
    folder = tmp_path / "cwd"
    folder.mkdir(mode=0o500)
    async with serving(given, folder) as bot:
        status, text = await bot.get("/readyz")
        assert (status, '"status": "ready"' in text) == (200, True)
        assert (await bot.get("/healthz"))[0] == 200
        assert "pageturner_slack_connected 1.0" in (await bot.get("/metrics"))[1]
        assert await bot.post_alert() == 202
        await world.slack.wait_for_message(lambda message: "INC-1" in living.all_text(message), timeout=15)
        assert await bot.stopped() == 0
        assert not any("Traceback" in line for line in bot.said)
    assert list(folder.iterdir()) == []
    assert {each.name for each in (tmp_path / "data").iterdir()} <= {
        "kubeconfig", "pageturner.db", "pageturner.db-wal", "pageturner.db-shm", "pageturner.db.lock",
    }  # fmt: skip


async def test_F88_it_runs_as_a_user_without_a_name_who_can_write_nothing_but_the_data(given: dict[str, str]) -> None:
    with _folder_of_nobody() as data:
        kubeconfig = _given_away(Path(given["KUBECONFIG"]), data)
        moved = {"KUBECONFIG": str(kubeconfig), "PAGETURNER_DATABASE": str(data / "pageturner.db")}
        async with serving({**given, **moved}, Path("/"), prefix=_as_nobody()) as bot:
            assert (await bot.get("/readyz"))[0] == 200
            assert await bot.post_alert() == 202
            assert await bot.stopped() == 0
        assert (data / "pageturner.db").exists()


async def test_a_folder_that_cannot_be_written_is_named(given: dict[str, str]) -> None:
    with _folder_of_nobody() as data:
        data.chmod(0o500)
        kubeconfig = _given_away(Path(given["KUBECONFIG"]), data)
        moved = {"KUBECONFIG": str(kubeconfig), "PAGETURNER_DATABASE": str(data / "pageturner.db")}
        sentence = await refused({**given, **moved}, Path("/"), prefix=_as_nobody())

    assert f"{data}/pageturner.db.lock cannot be opened: Permission denied" in sentence


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_F15_a_signal_ends_it_in_good_order(
    given: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    async with serving(given, tmp_path) as bot:
        assert await bot.stopped(number) == 0
        assert not any("Traceback" in line for line in bot.said)
    async with serving(given, tmp_path) as bot:
        assert (await bot.get("/readyz"))[0] == 200


async def test_a_misspelt_setting_is_told_and_does_not_keep_it_from_starting(
    given: dict[str, str], tmp_path: Path
) -> None:
    async with serving({**given, "PAGETURNER_CHANEL": "x"}, tmp_path) as bot:
        assert "pageturner: PAGETURNER_CHANEL is not a setting; did you mean PAGETURNER_CHANNEL?\n" in bot.said


CHANGES: Mapping[str, tuple[dict[str, str], str]] = {
    "a missing token": ({"SLACK_BOT_TOKEN": ""}, "SLACK_BOT_TOKEN: is missing"),
    "a wrong bot token": (
        {"SLACK_BOT_TOKEN": "xoxb-somebody-elses"}, "SLACK_BOT_TOKEN: Slack does not know this token",
    ),
    "a wrong app token": (
        {"SLACK_APP_TOKEN": "xapp-somebody-elses"}, "SLACK_APP_TOKEN: Slack does not know this token",
    ),
    "no webhook token beyond loopback": (
        {"PAGETURNER_LISTEN": "0.0.0.0:0", "PAGETURNER_WEBHOOK_TOKEN": ""}, "no webhook token is set",
    ),
    "a host that is nowhere": ({"PAGETURNER_LISTEN": "nowhere.invalid:0"}, "cannot listen on nowhere.invalid:0"),
    "a folder that is a file": ({"PAGETURNER_DATABASE": f"{__file__}/bot.db"}, "Not a directory"),
    "a database that is a folder": ({"PAGETURNER_DATABASE": "data"}, "data"),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
async def test_what_keeps_it_from_starting_is_one_sentence(given: dict[str, str], tmp_path: Path, what: str) -> None:
    change, says = CHANGES[what]

    sentence = await refused({**given, **change}, tmp_path)

    assert says in sentence
    for value in (*change.values(), given["SLACK_APP_TOKEN"], demo.WEBHOOK_TOKEN):
        assert not value.startswith("xo") or value not in sentence


async def test_F90_a_secret_file_that_is_not_right_is_named(given: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(demo.WEBHOOK_TOKEN)
    path.chmod(0o644)

    sentence = await refused(
        {**given, "PAGETURNER_WEBHOOK_TOKEN": "", "PAGETURNER_WEBHOOK_TOKEN_FILE": str(path)}, tmp_path
    )

    assert sentence.startswith(f"pageturner: PAGETURNER_WEBHOOK_TOKEN_FILE: {path} can be read by everybody")
    assert demo.WEBHOOK_TOKEN not in sentence


async def test_a_port_that_is_taken_is_named(given: dict[str, str], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        sentence = await refused({**given, "PAGETURNER_LISTEN": f"127.0.0.1:{port}"}, tmp_path)

    assert f"cannot listen on 127.0.0.1:{port}" in sentence
    assert "in use" in sentence


async def test_F14_a_second_process_on_one_database_does_not_start_and_the_first_goes_on(
    given: dict[str, str], tmp_path: Path
) -> None:
    async with serving(given, tmp_path) as first:
        sentence = await refused(given, tmp_path)

        assert f"in use by pid {first.process.pid}" in sentence
        assert await first.post_alert() == 202


async def test_F12_a_database_of_a_newer_version_is_left_alone(given: dict[str, str], tmp_path: Path) -> None:
    path = Path(given["PAGETURNER_DATABASE"])
    with contextlib.closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version = 99")

    assert "written by a newer version" in await refused(given, tmp_path)
    with contextlib.closing(sqlite3.connect(path)) as still:
        assert still.execute("PRAGMA user_version").fetchone() == (99,)


@cache
def _as_nobody() -> tuple[str, ...]:
    """What starts a program as the user of the image: it may read this checkout, wherever it is, and write nothing."""
    if os.geteuid() != 0:
        return ()
    plain = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    reading = (*plain, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    importing = (sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); import bot.cli")
    for prefix in (plain, reading):
        with contextlib.suppress(FileNotFoundError):
            if not subprocess.run((*prefix, *importing), cwd="/", env={}, capture_output=True, check=False).returncode:
                return prefix
    pytest.skip("another user cannot read this checkout here")


@contextlib.contextmanager
def _folder_of_nobody() -> Iterator[Path]:
    """Outside pytest's own folders, which are closed to others."""
    with tempfile.TemporaryDirectory(prefix="pageturner-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        data = folder / "data"
        data.mkdir(mode=0o700)
        _give(data)
        yield data
        data.chmod(0o700)


def _given_away(path: Path, folder: Path) -> Path:
    moved = folder / path.name
    moved.write_bytes(path.read_bytes())
    _give(moved)
    return moved


def _give(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
