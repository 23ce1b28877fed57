"""The way back from a change of objects, as the exact command that makes it; empty where there is none. Pure."""

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.adapters.kubernetes import changes, object_differences
from bot.adapters.kubernetes.asking import Asked
from bot.adapters.kubernetes.client import Obj
from bot.adapters.kubernetes.cluster import at
from bot.adapters.kubernetes.object_edits import Item
from bot.adapters.kubernetes.resources import SECRETS

LONGEST = 1500
"""A longer command is no help at night; the runbook then says how to go back."""

Pair = tuple[Item, Obj]
_GONE = object()


def text(asked: Asked, done: Sequence[Pair]) -> str:
    """Several objects have one way back only where it is the same for all of them."""
    changed = [pair for pair in done if pair[0].current is None or _differs(pair)]
    make = _UNDOS.get(asked.operation.kind.removeprefix("kubernetes."), patched)
    found = make(asked, changed) if changed else ""
    return found if len(found) <= LONGEST else ""


def _differs(pair: Pair) -> bool:
    return bool(object_differences.differences(pair[0].present, pair[1]))


def _command(verb: str, items: Sequence[Item], *words: str) -> str:
    """All objects are of one type and one namespace; empty where they are not."""
    kinds = {item.target.resource.kind.lower() for item in items}
    places = {item.target.namespace for item in items}
    if len(kinds) != 1 or len(places) != 1:
        return ""
    namespace = places.pop()
    place = ["-n", namespace] if namespace else []
    return shlex.join(["kubectl", *verb.split(), *(item.spot for item in items), *words, *place])


# --- by what is done -------------------------------------------------------------------------------------------------


def created(_: Asked, done: Sequence[Pair]) -> str:
    return _command("delete", [item for item, _ in done])


def marked(asked: Asked, done: Sequence[Pair]) -> str:
    """Every key as it was before, where all objects had the same."""
    verb = asked.operation.kind.rpartition(".")[2]
    part = {"label": "metadata.labels", "annotate": "metadata.annotations"}[verb]
    values = asked.arguments.get("values")
    words = []
    for key in sorted(values if isinstance(values, dict) else ()):
        before = {at(item.present, part, {}).get(key) for item, _ in done}
        after = {at(found, part, {}).get(key) for _, found in done}
        if before == after:
            continue
        if len(before) != 1:
            return ""
        value = before.pop()
        words.append(f"{key}-" if value is None else f"{key}={value}")
    return _command(verb, [item for item, _ in done], *words, "--overwrite")


def tainted(_: Asked, done: Sequence[Pair]) -> str:
    wanted = {tuple(_taint_words(item.present, after)) for item, after in done}
    if len(wanted) != 1:
        return ""
    names = [item.target.name for item, _ in done]
    return shlex.join(["kubectl", "taint", "nodes", *names, *wanted.pop(), "--overwrite"])


def _taint_words(before: Obj, after: Obj) -> list[str]:
    old, new = (
        {
            (str(one.get("key")), str(one.get("effect"))): str(one.get("value") or "")
            for one in at(found, "spec.taints", [])
        }
        for found in (before, after)
    )
    gone = [f"{key}:{effect}-" for key, effect in sorted(new.keys() - old.keys())]
    back = [
        f"{key}{f'={value}' if value else ''}:{effect}"
        for (key, effect), value in sorted(old.items())
        if new.get((key, effect)) != value
    ]
    return [*back, *gone]


def imaged(_: Asked, done: Sequence[Pair]) -> str:
    ((item, after),) = done
    before = item.present
    words = []
    for part in ("containers", "initContainers"):
        path = f"spec.template.spec.{part}"
        new = {one.get("name"): one.get("image") for one in at(after, path, [])}
        words += [
            f"{one['name']}={one['image']}" for one in at(before, path, []) if new.get(one["name"]) != one["image"]
        ]
    return _command("set image", [item], *words)


def rolled(asked: Asked, done: Sequence[Pair]) -> str:
    """A deployment goes back to the revision that runs now; the others by a patch."""
    ((item, _),) = done
    revision = changes.revision(item.present)
    if item.target.resource.plural == "deployments" and revision and changes.is_observed(item.present):
        return _command("rollout undo", [item], f"--to-revision={revision}")
    return patched(asked, done)


def held(asked: Asked, done: Sequence[Pair]) -> str:
    return _command("rollout resume" if asked.operation.kind.endswith("pause") else "rollout pause", [done[0][0]])


def patched(asked: Asked, done: Sequence[Pair]) -> str:
    """A merge patch with what was there before. Nothing where a value that is not shown would have to stand in it."""
    if all(item.current is None for item, _ in done):
        return created(asked, done)
    if len(done) != 1:
        return ""
    ((item, after),) = done
    before = item.present
    back = _reverse(object_differences.content(after), object_differences.content(before))
    if item.target.resource == SECRETS or any("(not shown" in line for line in object_differences.listing(back)):
        return ""
    return _command("patch", [item], "--type=merge", "-p", json.dumps(back, separators=(",", ":")))


def _reverse(now: Any, then: Any) -> Any:  # Any: JSON
    """The merge patch (RFC 7396) that turns `now` into `then`; lists are put back whole."""
    if not isinstance(now, dict) or not isinstance(then, dict):
        return then
    found = dict.fromkeys(now.keys() - then.keys())
    for key, value in then.items():
        old = now.get(key, _GONE)
        if old != value:
            found[key] = value if old is _GONE else _reverse(old, value)
    return {key: found[key] for key in sorted(found)}


_UNDOS: Mapping[str, Callable[[Asked, Sequence[Pair]], str]] = {
    "label": marked,
    "annotate": marked,
    "taint": tainted,
    "set_image": imaged,
    "set_env": rolled,
    "set_resources": rolled,
    "rollout_pause": held,
    "rollout_resume": held,
    "create": created,
    "create_configmap": created,
    "create_namespace": created,
    "create_job": created,
    "autoscale": created,
    "expose": created,
}
