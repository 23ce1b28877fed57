"""Three of the four kinds of PATCH: merge (RFC 7396), JSON patch (RFC 6902), strategic merge; apply is `owning`'s.

Pure functions from a document and a patch to a new document. Knows nothing of the store.
"""

from typing import Any

from bot.sim.cluster import objects, statuses
from bot.sim.cluster.objects import Obj

MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"

# Lists that strategic merge patch merges by a key: `patchMergeKey` in k8s.io/api/core/v1/types.go.
# A list that is not named here is replaced.
_MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "conditions": "type",
    "addresses": "type",
    "ownerReferences": "uid",
    "secrets": "name",
    "taints": "key",
}
# `ports` is keyed by containerPort in a container and by port in a service.
_PORT_KEYS = ("containerPort", "port")
# Lists of scalars that merge as sets.
_SETS = frozenset({"finalizers", "podCIDRs"})


def apply(document: Obj, patch: Any, content_type: str) -> Obj:
    """The patched document. Raises 400 for a malformed patch, 415 for an unknown type, 422 when it fails."""
    match content_type:
        case "application/merge-patch+json" | "application/strategic-merge-patch+json":
            if not isinstance(patch, dict):
                raise statuses.bad_request("json: cannot unmarshal the patch into an object")
            merged = merge if content_type == MERGE else strategic
            result: Obj = merged(document, patch)
            return result
        case "application/json-patch+json":
            return json_patch(document, patch)
        case _:
            raise statuses.unsupported_media_type()


def merge(document: Any, patch: Any) -> Any:
    """RFC 7396: null deletes, objects merge, everything else replaces."""
    if not isinstance(patch, dict):
        return objects.clone(patch)
    result = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


# -- strategic merge


def strategic(document: Any, patch: Obj) -> Obj:
    """Merge with lists by key and the directives `$patch`, `$deleteFromPrimitiveList`, `$retainKeys`."""
    directive = patch.get("$patch")
    if directive == "replace":
        return {key: objects.clone(value) for key, value in patch.items() if key != "$patch"}
    result: Obj = dict(document) if isinstance(document, dict) else {}
    if (kept := patch.get("$retainKeys")) is not None:
        result = {key: value for key, value in result.items() if key in kept}
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            target = key.split("/", 1)[1]
            result[target] = [item for item in result.get(target) or [] if item not in value]
        elif key.startswith("$"):
            continue  # ordering hints and directives handled above change no content
        elif value is None or (isinstance(value, dict) and value.get("$patch") == "delete"):
            result.pop(key, None)
        elif isinstance(value, dict):
            result[key] = strategic(result.get(key), value)
        elif isinstance(value, list):
            result[key] = _strategic_list(key, result.get(key) or [], value)
        else:
            result[key] = value
    return result


def _strategic_list(name: str, document: list[Any], patch: list[Any]) -> list[Any]:
    if name in _SETS:
        return document + [item for item in patch if item not in document]
    key = merge_key(name, document + patch)
    if key is None or any(item == {"$patch": "replace"} for item in patch):
        return [objects.clone(item) for item in patch if item != {"$patch": "replace"}]
    result = list(document)
    added: list[Any] = []
    for item in patch:
        if key not in item:
            raise statuses.bad_request(f"map: {item} does not contain declared merge key: {key}")
        place = next((i for i, old in enumerate(result) if old.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            if place is not None:
                del result[place]
        elif place is None:
            added.append(strategic({}, item))
        else:
            result[place] = strategic(result[place], item)
    # New items stand before the old ones, as the real server orders them without $setElementOrder.
    return added + result


def merge_key(name: str, items: list[Any]) -> str | None:
    """The key by which a list of this name is merged; None for a list that is one value."""
    if not all(isinstance(item, dict) for item in items):
        return None
    if name == "ports":
        return next((key for key in _PORT_KEYS if any(key in item for item in items)), None)
    return _MERGE_KEYS.get(name)


# -- JSON patch


def json_patch(document: Obj, operations: Any) -> Obj:
    """RFC 6902. A failing `test` or a path that does not exist is 422."""
    if not isinstance(operations, list) or not all(isinstance(one, dict) for one in operations):
        raise statuses.bad_request("error decoding patch: json: cannot unmarshal object into []Operation")
    result: Any = objects.clone(document)
    for operation in operations:
        result = _json_operation(result, operation)
    if not isinstance(result, dict):
        raise statuses.rejected_by_patch()
    return result


def _json_operation(document: Any, operation: Obj) -> Any:
    path = _pointer(operation.get("path"))
    match operation.get("op"):
        case "test":
            if _read(document, path) != operation.get("value"):
                raise statuses.rejected_by_patch()
            return document
        case "add":
            return _put(document, path, operation.get("value"), is_new=True)
        case "replace":
            _read(document, path)
            return _put(document, path, operation.get("value"), is_new=False)
        case "remove":
            _remove(document, path)
            return document
        case "move":
            source = _pointer(operation.get("from"))
            value = _read(document, source)
            _remove(document, source)
            return _put(document, path, value, is_new=True)
        case "copy":
            value = objects.clone(_read(document, _pointer(operation.get("from"))))
            return _put(document, path, value, is_new=True)
        case _:
            raise statuses.bad_request(f"unexpected kind of patch operation: {operation.get('op')}")


def _pointer(text: Any) -> list[str]:
    """A JSON pointer (RFC 6901) as its parts."""
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise statuses.rejected_by_patch()
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _step(node: Any, part: str) -> Any:
    try:
        return node[int(part)] if isinstance(node, list) else node[part]
    except (KeyError, IndexError, ValueError, TypeError):
        raise statuses.rejected_by_patch() from None


def _read(document: Any, path: list[str]) -> Any:
    for part in path:
        document = _step(document, part)
    return document


def _put(document: Any, path: list[str], value: Any, *, is_new: bool) -> Any:
    if not path:
        return value
    parent, last = _read(document, path[:-1]), path[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list) and is_new:
        place = len(parent) if last == "-" else _index(last, len(parent))
        parent.insert(place, value)
    elif isinstance(parent, list):
        parent[_index(last, len(parent) - 1)] = value
    else:
        raise statuses.rejected_by_patch()
    return document


def _remove(document: Any, path: list[str]) -> None:
    if not path:
        raise statuses.rejected_by_patch()
    parent, last = _read(document, path[:-1]), path[-1]
    _step(parent, last)
    del parent[int(last) if isinstance(parent, list) else last]


def _index(text: str, highest: int) -> int:
    if not text.isdigit() or int(text) > highest:
        raise statuses.rejected_by_patch()
    return int(text)
