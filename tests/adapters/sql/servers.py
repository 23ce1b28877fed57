"""A real PostgreSQL and a real MariaDB, started from Debian's packages on ports of their own, as nobody important."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class Server:
    """`read` and `write` are URLs of two accounts: one may only read."""

    kind: str
    read: str
    write: str


def postgres_binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def mariadb_binary() -> str | None:
    return shutil.which("mariadbd") or shutil.which("mysqld")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def postgres(folder: Path) -> Iterator[Server]:
    binaries = postgres_binaries()
    assert binaries is not None
    port, data = free_port(), folder / "postgres"
    data.mkdir()
    _give_to_nobody(folder)
    run = _as_nobody(folder)
    subprocess.run(
        [*run, binaries / "initdb", "-D", data, "-U", "owner", "--auth=trust", "--no-sync"],
        check=True,
        capture_output=True,
    )
    command: list[str | Path] = [
        *run,
        binaries / "postgres",
        "-D",
        data,
        "-p",
        str(port),
        "-c",
        "listen_addresses=127.0.0.1",
    ]
    command += ["-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
    with _running(command, folder / "postgres.log"):
        _until_answers([binaries / "pg_isready", "-h", "127.0.0.1", "-p", str(port)])
        psql: list[str | Path] = [
            binaries / "psql",
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-U",
            "owner",
            "-q",
            "-d",
            "postgres",
        ]
        for text in (
            "create database shop",
            "create role reader login password 'reader-secret'",
            "create role writer login password 'writer-secret'",
            "grant pg_read_all_data to reader",
            "grant all on schema public to writer",
        ):
            database = [] if "database" in text else ["-d", "shop"]
            subprocess.run([*psql, *database, "-c", text], check=True, capture_output=True)
        at = f"127.0.0.1:{port}/shop"
        yield Server("postgres", f"postgresql://reader:reader-secret@{at}", f"postgresql://writer:writer-secret@{at}")


@contextmanager
def mariadb(folder: Path) -> Iterator[Server]:
    binary = mariadb_binary()
    assert binary is not None
    port, data = free_port(), folder / "mariadb"
    data.mkdir()
    _give_to_nobody(folder)
    install = shutil.which("mariadb-install-db") or shutil.which("mysql_install_db")
    assert install is not None
    common = ["--no-defaults", f"--datadir={data}"]
    run = _as_nobody(folder)
    subprocess.run(
        [*run, install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True,
        capture_output=True,
    )
    command: list[str | Path] = [
        *run,
        binary,
        *common,
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--socket={folder}/m.sock",
    ]
    command += ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M", "--skip-name-resolve"]
    with _running(command, folder / "mariadb.log"):
        client = ["mariadb", "--no-defaults", f"--socket={folder}/m.sock", "-uroot"]
        _until_answers([*client, "-e", "select 1"])
        texts = (
            "create database shop character set utf8mb4",
            "create user reader@'%' identified by 'reader-secret'",
            "create user writer@'%' identified by 'writer-secret'",
            "grant select on shop.* to reader@'%'",
            "grant all on shop.* to writer@'%'",
        )
        subprocess.run([*client, "-e", "; ".join(texts)], check=True, capture_output=True)
        at = f"127.0.0.1:{port}/shop"
        yield Server("mysql", f"mysql://reader:reader-secret@{at}", f"mysql://writer:writer-secret@{at}")


@contextmanager
def _running(command: Sequence[str | Path], log: Path) -> Iterator[None]:
    with log.open("wb") as opened:
        process = subprocess.Popen(
            [str(part) for part in command], stdout=opened, stderr=opened, start_new_session=True
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _until_answers(probe: Sequence[str | Path]) -> None:
    """Neither server tells otherwise that it is ready."""
    due = time.monotonic() + START_SECONDS
    while subprocess.run(probe, check=False, capture_output=True).returncode:
        assert time.monotonic() < due, "the server did not start"
        time.sleep(0.1)


def _as_nobody(folder: Path) -> list[str]:
    """Neither server runs as root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "env", f"HOME={folder}"]


def _give_to_nobody(folder: Path) -> None:
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "65534:65534", folder], check=True)
        for each in (folder, *folder.parents):
            if each.is_relative_to(tempfile.gettempdir()):
                each.chmod(each.stat().st_mode | 0o011)
