"""What differs between two pod templates, in words: `image  api:1.9.2 -> api:1.9.1`. Pure.

Containers and environment variables are compared by name, everything else by its place. Values of variables whose name
sounds secret are not shown.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.adapters.kubernetes.client import Obj
from bot.adapters.kubernetes.cluster import at

MOST_LINES = 12
_LONGEST_VALUE = 120
_OURS = frozenset(("pod-template-hash", "kubectl.kubernetes.io/restartedAt", "creationTimestamp"))
"""Written by controllers and by restarts: they differ between any two revisions and mean nothing to a reader."""

_SOUNDS_SECRET = re.compile(r"secret|token|passw|key|credential|auth|dsn|_url$", re.IGNORECASE)


def images(template: Obj) -> str:
    """`api:1.9.2`, or `api=api:1.9.2, proxy=envoy:1` with several containers."""
    found = at(template, "spec.containers", [])
    if len(found) == 1:
        return str(found[0].get("image", ""))
    return ", ".join(f"{container.get('name')}={container.get('image', '')}" for container in found)


def digest(template: Obj) -> str:
    """A short fingerprint of what a template means, without what controllers add."""
    facts = sorted(_flat(template))
    return hashlib.blake2b(json.dumps(facts).encode(), digest_size=8).hexdigest()


def differences(before: Obj, after: Obj) -> tuple[str, ...]:
    """One line for each difference, images first, at most MOST_LINES; empty when there is none."""
    old, new = dict(_flat(before)), dict(_flat(after))
    is_alone = len(at(before, "spec.containers", [])) == 1 and len(at(after, "spec.containers", [])) == 1
    lines = [
        (not path.endswith("image"), f"{_label(path, is_alone=is_alone)}  {_shown(path, old)} -> {_shown(path, new)}")
        for path in sorted({*old, *new})
        if old.get(path) != new.get(path)
    ]
    shown = [line for _, line in sorted(lines)]
    if len(shown) <= MOST_LINES:
        return tuple(shown)
    return (*shown[:MOST_LINES], f"and {len(shown) - MOST_LINES} more differences")


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:  # Any: a vendor's object
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in _OURS:
                yield from _flat(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            name = inner.get("name", number) if isinstance(inner, Mapping) else number
            yield from _flat(inner, f"{path}/{name}")
    elif value is not None and not path.endswith("/name"):
        yield path, str(value)


def _label(path: str, *, is_alone: bool) -> str:
    """`/spec/containers/api/env/MODE/value` -> `env MODE of api`."""
    parts = path.strip("/").split("/")
    if parts[:2] in (["spec", "containers"], ["spec", "initContainers"]) and len(parts) > 3:
        container, rest = parts[2], parts[3:]
        label = f"env {rest[1]}" if rest[0] == "env" and len(rest) > 1 else ".".join(rest)
        return label if is_alone else f"{label} of {container}"
    return ".".join(part for part in parts if part not in ("spec", "metadata"))


def _shown(path: str, values: Mapping[str, str]) -> str:
    value = values.get(path)
    if value is None:
        return "(none)"
    variable = path.partition("/env/")[2].partition("/")[0] if "/env/" in path else ""
    if variable and _SOUNDS_SECRET.search(variable):
        return "(not shown)"
    return value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + "..."
