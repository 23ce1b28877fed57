"""What an object means, what differs between two of them, and a fingerprint of it. Pure.

The content is all that people and their tools set: not the status, nor what the server and controllers write by
themselves. Values of secrets, and of variables whose names sound secret, never come out: a keyed digest stands for
them, so that one change can be told from another.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.adapters.kubernetes.client import Obj
from bot.adapters.kubernetes.cluster import at, uid_of
from bot.adapters.kubernetes.resources import SECRETS

MOST_LINES = 120
"""What a person can be expected to look through; a change with more is to be split."""

LONGEST_VALUE = 200
_SERVERS_OWN = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink")
_REVISION = "deployment.kubernetes.io/revision"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SECRET_PARTS = ("/data/", "/stringData/")
SOUNDS_SECRET = re.compile(r"secret|token|passw|key|credential|auth|dsn|_url$", re.IGNORECASE)
_LIST_KEYS = ("name", "key", "type", "mountPath", "containerPort", "port")
"""How items of lists are told apart, where every item has one of its own; otherwise by their number."""


def content(found: Obj) -> Obj:
    """The object without its status and without what the server and controllers write."""
    metadata = {key: value for key, value in at(found, "metadata", {}).items() if key not in _SERVERS_OWN}
    notes = {key: value for key, value in (metadata.pop("annotations", None) or {}).items() if key != _REVISION}
    metadata |= {"annotations": notes} if notes else {}
    kept = {key: value for key, value in found.items() if key not in ("status", "metadata", "apiVersion", "kind")}
    return {**kept, "metadata": metadata}


def digest(value: object) -> str:
    """A short fingerprint; equal values have equal ones, whatever the order of their keys."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(canonical.encode(), digest_size=8).hexdigest()


def state(found: Obj) -> str:
    """The fingerprint of what must still hold when the change is made."""
    return digest(content(found))


def differences(before: Obj, after: Obj) -> tuple[str, ...]:
    """One line for each difference, images first; empty when there is none that people set."""
    old, new = dict(_flat(content(before))), dict(_flat(content(after)))
    hide = _Hiding(after)
    lines = [
        (not path.endswith("/image"), f"{label(path)}  {hide.shown(path, old)} -> {hide.shown(path, new)}")
        for path in sorted({*old, *new})
        if old.get(path) != new.get(path)
    ]
    return tuple(line for _, line in sorted(lines))


def listing(manifest: Obj) -> tuple[str, ...]:
    """One line for each field of an object that is to be created."""
    hide, flat = _Hiding(manifest), dict(_flat(content(manifest)))
    skipped = ("/metadata/name", "/metadata/namespace")
    return tuple(f"{label(path)}  {hide.shown(path, flat)}" for path in sorted(flat) if path not in skipped)


class _Hiding:
    """Which values of one object are not shown; the digest is keyed by the object: elsewhere it says nothing."""

    def __init__(self, found: Obj) -> None:
        self._is_secret = found.get("kind") == SECRETS.kind
        self._key = (uid_of(found) or json.dumps(at(found, "metadata.name", ""))).encode()[:64]

    def shown(self, path: str, values: Mapping[str, str]) -> str:
        value = values.get(path)
        if value is None:
            return "(none)"
        if self._is_hidden(path):
            mark = hashlib.blake2b(value.encode(), key=self._key, digest_size=4).hexdigest()
            return f"(not shown, digest {mark})"
        plain = value.replace("\n", "\\n")
        return plain if len(plain) <= LONGEST_VALUE else f"{plain[:LONGEST_VALUE]}... (digest {digest(value)})"

    def _is_hidden(self, path: str) -> bool:
        if path.endswith(f"/{_LAST_APPLIED.replace('/', '~1')}"):
            return True
        if path.startswith(_SECRET_PARTS):
            return self._is_secret or SOUNDS_SECRET.search(path.rpartition("/")[2]) is not None
        variable = path.partition("/env/")[2]
        return variable.endswith("/value") and SOUNDS_SECRET.search(variable.removesuffix("/value")) is not None


def _flat(value: Any, path: str = "", skip: str = "") -> Iterator[tuple[str, str]]:  # Any: a vendor's object
    """Every leaf by its path; `skip` is the key that the path already says."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            if key != skip:
                yield from _flat(inner, f"{path}/{str(key).replace('/', '~1')}")
        if skip and len(value) == 1:
            yield path, str(value[skip])
    elif isinstance(value, list) and value:
        key = _list_key(value)
        for number, inner in enumerate(value):
            name = inner[key] if key else number
            yield from _flat(inner, f"{path}/{str(name).replace('/', '~1')}", key)
    elif value is not None:
        yield path, value if isinstance(value, str) else json.dumps(value)


def _list_key(items: list[Any]) -> str:
    """The first key that every item has, with a value of its own."""
    if not all(isinstance(item, Mapping) for item in items):
        return ""
    for key in _LIST_KEYS:
        found = [str(item.get(key)) for item in items]
        if all(key in item for item in items) and len(set(found)) == len(found):
            return key
    return ""


def label(path: str) -> str:
    """`/spec/template/spec/containers/api/env/MODE/value` -> `env MODE of api`; others by their dotted path."""
    parts = [part.replace("~1", "/") for part in path.strip("/").split("/")]
    if parts[:2] == ["spec", "template"]:
        parts = parts[2:]
    if parts[:2] in (["spec", "containers"], ["spec", "initContainers"]) and len(parts) > 3:
        container, rest = parts[2], parts[3:]
        what = f"env {'.'.join(rest[1:])}".removesuffix(".value") if rest[0] == "env" else ".".join(rest)
        return f"{what} of {container}"
    if parts[:2] in (["metadata", "labels"], ["metadata", "annotations"]):
        return f"{parts[1][:-1]} {'.'.join(parts[2:])}"
    return ".".join(parts[1:] if parts[0] in ("spec", "metadata") and len(parts) > 1 else parts)
