"""Reads that the real kubectl answers, with the bot's own credentials, namespace and time, and nothing of its settings.

kubectl is started with an argument list in an empty home: no plugins, no aliases, no cache of somebody else. How a
program is started is handed in, for that is another adapter's subject.
"""

import json
import shutil
import tempfile
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from bot.adapters.kubernetes import access, resources
from bot.adapters.kubernetes.access import Need
from bot.adapters.kubernetes.asking import Asked
from bot.adapters.kubernetes.client import Credentials
from bot.core.commands import kubectl_queries, kubectl_resources
from bot.core.previews import Outcome, Performed, Preview

SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

NOT_INSTALLED = (
    "Only kubectl itself can answer this, and it is not installed beside the bot. "
    "Install it there, or ask for one built-in type as a table, json or yaml."
)

_SERVER = "https://kubernetes.default.svc"
"""The name that every pod knows its cluster by."""

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_LEFT_FOR_US_SECONDS = 0.5
"""kubectl is told to give up this much before we stop it, so that its own words arrive."""


class Run(Protocol):
    """Starts one bounded program that only reads; the first word is a path."""

    def __call__(self, argv: tuple[str, ...], /, *, timeout: timedelta) -> Awaitable[Performed]: ...


@dataclass(frozen=True, slots=True)
class Kubectl:
    """`program` is a path, "" where kubectl is not installed."""

    program: str
    run: Run

    @classmethod
    def found(cls, run: Run) -> "Kubectl":
        return cls(shutil.which("kubectl", path=SEARCH_PATH) or "", run)


def is_meant(asked: Asked) -> bool:
    kind = asked.operation.kind.removeprefix("kubernetes.")
    return kubectl_queries.LINE in asked.arguments and kind in kubectl_queries.KINDS


async def preview(asked: Asked, kubectl: Kubectl | None) -> Preview:
    who = await access.identity(asked.cluster)
    if kubectl is None or not kubectl.program:
        return Preview(identity=who, problems=(NOT_INSTALLED,))
    problems = await access.missing(asked.cluster, who, _needs(asked))
    return Preview(promise="only reads; the real kubectl answers it", identity=who, problems=problems)


def _needs(asked: Asked) -> list[Need]:
    """Permissions of the types that are known; of others the cluster's own answer tells."""
    is_everywhere = asked.flag("all_namespaces")
    names = [asked.text("resource")] if asked.text("resource") else []
    names = ["events"] if asked.operation.kind == "kubernetes.events" else names
    known = [plural for text in names for plural in text.split(",") if plural in kubectl_resources.KNOWN]
    verb = "get" if asked.words("names") else "list"
    return [Need(verb, resources.named(plural), "" if is_everywhere else asked.namespace) for plural in known]


async def read(asked: Asked, kubectl: Kubectl | None, credentials: Credentials) -> Performed:
    if kubectl is None or not kubectl.program:
        return Performed(Outcome.FAILED, detail=NOT_INSTALLED)
    seconds = max(1.0, asked.cluster.left())
    with _kubeconfig(credentials) as kubeconfig:
        argv = (
            kubectl.program,
            *asked.words(kubectl_queries.LINE),
            f"--kubeconfig={kubeconfig}",
            f"--namespace={asked.namespace}",
            f"--request-timeout={max(1, int(seconds - _LEFT_FOR_US_SECONDS))}s",
            *_acting_as(credentials),
        )
        done = await kubectl.run(argv, timeout=timedelta(seconds=seconds))
    return _answered(asked, done)


def _answered(asked: Asked, done: Performed) -> Performed:
    """`auth can-i` says no with exit code 1, which is an answer."""
    is_no = asked.operation.kind == "kubernetes.auth_can_i" and done.output.splitlines()[:1] == ["no"]
    return replace(done, outcome=Outcome.SUCCEEDED, detail="") if is_no else done


def _acting_as(credentials: Credentials) -> list[str]:
    found = [f"--as={credentials.impersonate}"] if credentials.impersonate else []
    return found + ([f"--as-group={credentials.impersonate_group}"] if credentials.impersonate_group else [])


@contextmanager
def _kubeconfig(credentials: Credentials) -> Iterator[str]:
    """The path of the kubeconfig. In a pod one is written for the time of the call; it names the token's file only."""
    if not credentials.in_cluster:
        yield str(Path(credentials.kubeconfig or Path.home() / ".kube/config").absolute())
        return
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "pod",
        "contexts": [{"name": "pod", "context": {"cluster": "pod", "user": "pod"}}],
        "clusters": [
            {"name": "pod", "cluster": {"server": _SERVER, "certificate-authority": str(_ACCOUNT / "ca.crt")}}
        ],
        "users": [{"name": "pod", "user": {"tokenFile": str(_ACCOUNT / "token")}}],
    }
    with tempfile.NamedTemporaryFile("w", prefix="pageturner-", suffix=".json") as file:
        json.dump(content, file)
        file.flush()
        yield file.name
