"""The simulated cluster against exchanges recorded from a real v1.32 server, where the recording is at hand.

The recording is not part of the project; without it this file skips and `test_real_facts.py` holds the distilled facts.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bot.sim.cluster.access import Binding, Rule
from tests.sim.cluster.conftest import Answer, Cluster, Obj

RECORDING = Path(__file__).parents[4] / "shared" / "kubernetes-recorded.json"
UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
ZERO_UID = "00000000-0000-0000-0000-000000000000"
POD = re.compile(r"web-[a-z0-9]+-[a-z0-9]{5}")
# Metadata that the simulation leaves out on purpose.
NOT_SIMULATED = {"managedFields"}

pytestmark = pytest.mark.skipif(not RECORDING.exists(), reason="no recording beside the checkout")


def recorded_rights(cluster: Cluster) -> None:
    """The roles that the recording's accounts had."""
    access = cluster.sim.access
    for name in ("oncall", "oncall-people"):
        access.revoke(name)
    execs = (Rule(("create", "get"), ("",), ("pods/exec",)),)
    access.grant(Binding("oncall", "oncall", "ServiceAccount", "production:oncall", execs, "production"))
    edits = (Rule(("*",), ("*",), ("deployments/scale",)),)
    access.grant(Binding("deployer", "edit", "Group", "oncall", edits, "staging", role_kind="ClusterRole"))


class Replay:
    """Sends the recorded requests in order, with this cluster's identities in place of the recorded ones."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._swaps: dict[str, str] = {}

    def swapped(self, text: str) -> str:
        for old, new in self._swaps.items():
            text = text.replace(old, new)
        return text

    async def send(self, exchange: Obj) -> Answer:
        request = exchange["request"]
        is_early = "scale" in request["path"] or "terminating" in exchange["note"]
        if request["method"] == "GET" and not is_early:
            self._cluster.pass_seconds(4)
        path = self.swapped(request["path"])
        body = request["body"]
        body = None if body is None else json.loads(self.swapped(json.dumps(body)))
        account = "" if exchange["as"] == "anonymous" else exchange["as"]
        answer = await self._cluster.ask(
            request["method"], path, body, account=account, headers=dict(request["headers"])
        )
        self._learn(exchange["response"]["body"], answer.body)
        return answer

    def _learn(self, recorded: Any, ours: Any) -> None:
        """Remember which of our names and UIDs stand for the recorded ones."""
        if isinstance(recorded, dict) and isinstance(ours, dict):
            for key in recorded.keys() & ours.keys():
                self._learn(recorded[key], ours[key])
        elif isinstance(recorded, list) and isinstance(ours, list):
            for one, other in zip(recorded, ours, strict=False):
                self._learn(one, other)
        elif isinstance(recorded, str) and isinstance(ours, str):
            is_identity = UID.fullmatch(recorded) or POD.fullmatch(recorded)
            if is_identity and recorded != ZERO_UID:
                self._swaps.setdefault(recorded, ours)


def normal(value: Any) -> Any:
    """A body without what differs from run to run."""
    if isinstance(value, dict):
        return {key: normal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [normal(inner) for inner in value]
    if not isinstance(value, str):
        return value
    text = POD.sub("web-pod", UID.sub("UID", value))
    text = re.sub(r"in record \(\d+\)", "in record (N)", text)
    text = re.sub(r"too old resource version: 1 \(\d+\)", "too old resource version: 1 (N)", text)
    return re.sub(r'Invalid value: "\{.*\}": strict', "Invalid value: DOCUMENT: strict", text)


def shape(value: Any) -> Any:
    """The keys of an object, without values."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items() if key not in NOT_SIMULATED}
    return "list" if isinstance(value, list) else "value"


def test_the_recording_is_complete() -> None:
    assert len(json.loads(RECORDING.read_text())) == 65


async def test_every_recorded_exchange_is_answered_as_the_real_server_did(cluster: Cluster) -> None:
    recorded_rights(cluster)
    replay = Replay(cluster)
    differences: list[str] = []
    for number, exchange in enumerate(json.loads(RECORDING.read_text())):
        answer = await replay.send(exchange)
        wanted = exchange["response"]
        differences += [f"{number} {exchange['note']}: {one}" for one in compared(wanted, answer)]
    assert differences == []


def compared(wanted: Obj, answer: Answer) -> list[str]:
    body = wanted["body"]
    found: list[str] = []
    if answer.status != wanted["status"]:
        return [f"status {answer.status} {answer.text[:300]}, not {wanted['status']}"]
    if wanted["warning"] != answer.headers.get("Warning"):
        found.append(f"warning {answer.headers.get('Warning')!r}, not {wanted['warning']!r}")
    if not isinstance(body, dict):
        return found
    if body.get("kind") == "Status":
        if normal(body) != normal(answer.body):
            found.append(f"{normal(answer.body)}, not {normal(body)}")
        return found
    if "gitVersion" in body:
        return found if body["gitVersion"] == answer.body["gitVersion"] else [answer.body["gitVersion"]]
    if "kind" not in body:
        return found if normal(body) == normal(answer.body) else [f"{answer.text}, not {body}"]
    if body["kind"] == "Table":
        found += compared_tables(body, answer.body)
    if body["kind"].endswith("List") and body.get("items"):
        first, ours_first = shape(body["items"][0]), shape(answer.body["items"][0])
        found += [] if first.keys() == ours_first.keys() else [f"items {ours_first}, not {first}"]
        missing = first["status"].keys() - ours_first["status"].keys()
        found += [f"items lack {missing}"] if missing else []
    for key in ("kind", "apiVersion", "spec"):
        is_same = key == "spec" and not comparable_spec(body)
        if not is_same and normal(body.get(key)) != normal(answer.body.get(key)):
            found.append(f"{key} is {answer.body.get(key)}, not {body.get(key)}")
    ours, theirs = shape(answer.body.get("metadata")), shape(body.get("metadata"))
    if ours != theirs:
        found.append(f"metadata {ours}, not {theirs}")
    return found


def compared_tables(wanted: Obj, ours: Obj) -> list[str]:
    names = ("name", "type", "format", "priority")
    columns = [[tuple(one[name] for name in names) for one in table["columnDefinitions"]] for table in (wanted, ours)]
    found = [] if columns[0] == columns[1] else [f"columns {columns[1]}, not {columns[0]}"]
    row, our_row = shape(wanted["rows"][0]), shape(ours["rows"][0])
    return found if row.keys() == our_row.keys() else [*found, f"row {our_row}, not {row}"]


def comparable_spec(body: Obj) -> bool:
    """Pods carry the token volume of the recording's distribution, and land on other nodes."""
    return body.get("kind") != "Pod"
