"""Changes and deletions of objects, done as they were previewed: only those objects, only as they still are, once.

With several objects all are tried dry first, so that one which cannot be written keeps the others as they are; when one
fails half-way nevertheless, what was already done is said first.
"""

from collections.abc import Mapping

from bot.adapters.kubernetes import object_differences, object_edits, object_items, preview_objects, troubles
from bot.adapters.kubernetes.asking import Asked
from bot.adapters.kubernetes.cluster import Object, uid_of
from bot.adapters.kubernetes.object_edits import Item
from bot.adapters.kubernetes.preview_deletions import propagation
from bot.adapters.kubernetes.resources import PODS
from bot.adapters.kubernetes.troubles import CONFLICT, Trouble, changed
from bot.core.errors import Invalid
from bot.core.previews import Outcome, Performed, Preview, Target

TRIES = 3
"""Optimistic writes against status updates: each loses with proof, and a fourth would only hide a busy controller."""

_WORDS: Mapping[str, str] = {
    "label": "labeled",
    "annotate": "annotated",
    "taint": "tainted",
    "set_image": "image updated",
    "set_env": "env updated",
    "set_resources": "resource requirements updated",
    "rollout_pause": "paused",
    "rollout_resume": "resumed",
    "patch": "patched",
    "apply": "serverside-applied",
    "autoscale": "autoscaled",
    "expose": "exposed",
    "replace": "replaced",
}
"""As kubectl says it; everything else is `created`."""


async def change(asked: Asked, preview: Preview) -> Performed:
    items = await object_items.again(asked, preview.targets)
    if len(items) != len(preview.targets):
        raise changed(f"the command now means {len(items)} objects, not {len(preview.targets)}")
    word = _WORDS.get(object_items.kind_of(asked), "created")
    for is_dry in (True, False) if len(items) > 1 else (False,):
        done: list[str] = []
        for item, target in zip(items, preview.targets, strict=True):
            try:
                await _guarded(asked, preview, item, target, is_dry=is_dry)
            except Trouble as trouble:
                return _partly(troubles.performed(trouble), [] if is_dry else done, target, preview)
            done.append(f"{item.target.resource.qualified}/{item.target.name} {word}")
    return Performed(Outcome.SUCCEEDED, output="\n".join(done), change=preview.change)


async def _guarded(asked: Asked, preview: Preview, item: Item, target: Target, *, is_dry: bool) -> None:
    """Hold against the preview, write with that version; again when only the version was in the way."""
    kind = object_items.kind_of(asked)
    for number in range(1, TRIES + 1):
        if number > 1 or not is_dry:
            item = await _now(asked, item)
        if _holds(item, target, preview):
            try:
                await asked.cluster.write(item.target, object_edits.EDITS[kind](asked, item), is_dry=is_dry)
            except Trouble as trouble:
                if trouble.status != CONFLICT or item.current is None or number == TRIES:
                    raise
                continue
            return
        if await _is_done(asked, item):
            return
        raise changed(f"{item.place} has changed since the dry run")
    raise changed(f"{item.place} keeps changing")


async def _now(asked: Asked, item: Item) -> Item:
    if item.current is None and object_edits.VERBS[object_items.kind_of(asked)] == "create":
        return item  # the server itself refuses a second one
    return Item(item.target, await asked.cluster.find(item.target), item.manifest)


def _holds(item: Item, target: Target, preview: Preview) -> bool:
    """Raise Trouble CHANGED where it is another object by now; False where it is the same one with another content."""
    uid = uid_of(item.current) if item.current is not None else ""
    if uid != target.uid:
        how = "it is gone" if not uid else "it was created anew" if target.uid else "it exists by now"
        raise changed(f"{item.place} is not as it was in the dry run: {how}")
    return preview.facts.get(item.place) == preview_objects.fact(item)


async def _is_done(asked: Asked, item: Item) -> bool:
    """The object is already as the change would make it: a repeat of what went through has nothing left to do."""
    kind = object_items.kind_of(asked)
    if item.current is None:
        return False
    try:
        after = await asked.cluster.write(item.target, object_edits.EDITS[kind](asked, item), is_dry=True)
    except (Trouble, Invalid):
        return False
    return object_differences.state(after) == object_differences.state(item.current)


# --- deletions -------------------------------------------------------------------------------------------------------


async def delete(asked: Asked, preview: Preview) -> Performed:
    """All are tried dry first, so that one which cannot be deleted keeps the others."""
    targets = [_object(asked, number, target) for number, target in enumerate(preview.targets)]
    for is_dry in (True, False):
        gone: list[str] = []
        for found, target in zip(targets, preview.targets, strict=True):
            try:
                await asked.cluster.delete(
                    found, uid=target.uid, grace=asked.grace(), propagation=propagation(asked), is_dry=is_dry
                )
            except Trouble as trouble:
                return _partly(troubles.performed(trouble), [] if is_dry else gone, target, preview)
            gone.append(f'{found.resource.qualified} "{found.name}" deleted')
    return Performed(Outcome.SUCCEEDED, output="\n".join(gone), change=preview.change)


def _object(asked: Asked, number: int, target: Target) -> Object:
    manifests = object_items.listed(asked)
    if manifests:
        return manifests[number][0]
    resource = PODS if asked.operation.kind == "kubernetes.delete_pod" else asked.resource
    return Object(resource, target.namespace, target.name)


def _partly(result: Performed, done: list[str], target: Target, preview: Preview) -> Performed:
    """With some already done, nothing is `refused` or repeatable any more: what was done is said first."""
    if not done:
        said = f"{target.name}: {result.detail}"
        return Performed(result.outcome, detail=said, status=result.status, is_repeatable=result.is_repeatable)
    outcome = Outcome.UNKNOWN if result.outcome is Outcome.UNKNOWN else Outcome.FAILED
    verb = "Deleted" if done[0].endswith(" deleted") else "Changed"
    said = f"{verb} {len(done)} of {len(preview.targets)} {_plural(preview)}, then {target.name}: {result.detail}"
    return Performed(outcome, output="\n".join(done), detail=said, status=result.status)


def _plural(preview: Preview) -> str:
    kinds = {target.kind for target in preview.targets}
    return f"{kinds.pop()}s" if len(kinds) == 1 else "objects"
