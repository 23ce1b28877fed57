"""What every Kubernetes object has in common: metadata, conditions, times and owners.

Objects are unstructured JSON, as they are on the wire. By convention an object that is in the store is never
changed in place: clone it, change the clone, store the clone. Knows nothing of kinds or HTTP.
"""

import hashlib
import json
import random
from datetime import UTC, datetime
from typing import Any

# JSON that any client may send: the vendor border, where its shape is not ours to type.
Obj = dict[str, Any]

# The alphabet of generated names: no vowels and no look-alikes
# (k8s.io/apimachinery/pkg/util/rand/rand.go).
ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
REVISION = "deployment.kubernetes.io/revision"
TEMPLATE_HASH = "pod-template-hash"


def clone(value: Any) -> Any:
    """A deep copy of a JSON value."""
    if isinstance(value, dict):
        return {key: clone(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [clone(inner) for inner in value]
    return value


def compact(value: Any) -> str:
    """JSON without spaces, as the server writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as metav1.Time: UTC, whole seconds."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def precise_timestamp(seconds: float) -> str:
    """Seconds since the epoch as the nanosecond stamps that `?timestamps=true` puts before log lines."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


def instant(text: str) -> float:
    """The reverse of `timestamp`. Raises ValueError for anything that is not RFC 3339."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def name_of(obj: Obj) -> str:
    return str(obj["metadata"]["name"])


def namespace_of(obj: Obj) -> str:
    return str(obj["metadata"].get("namespace", ""))


def uid_of(obj: Obj) -> str:
    return str(obj["metadata"]["uid"])


def labels_of(obj: Obj) -> dict[str, str]:
    return obj.get("metadata", {}).get("labels") or {}


def annotations_of(obj: Obj) -> dict[str, str]:
    return obj.get("metadata", {}).get("annotations") or {}


def is_terminating(obj: Obj) -> bool:
    return "deletionTimestamp" in obj["metadata"]


def created_at(obj: Obj) -> float:
    return instant(obj["metadata"]["creationTimestamp"])


def owner_reference(owner: Obj) -> Obj:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_of(obj: Obj) -> Obj | None:
    """The owner reference of the controller that made this object, if one did."""
    references = obj["metadata"].get("ownerReferences") or []
    return next((reference for reference in references if reference.get("controller")), None)


def condition(obj: Obj, kind: str) -> Obj | None:
    conditions = obj.get("status", {}).get("conditions") or []
    return next((one for one in conditions if one["type"] == kind), None)


def is_condition_true(obj: Obj, kind: str) -> bool:
    found = condition(obj, kind)
    return found is not None and found["status"] == "True"


def is_ready(pod: Obj) -> bool:
    return is_condition_true(pod, "Ready")


def is_active(pod: Obj) -> bool:
    """Counts for its controller: neither finished nor being deleted (IsPodActive)."""
    return not is_terminating(pod) and pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")


def without_hash(template: Obj) -> Obj:
    """The template as it was before a controller added its hash. Shares all the rest, which nobody may change."""
    labels = template.get("metadata", {}).get("labels", {})
    if TEMPLATE_HASH not in labels:
        return template
    others = {key: value for key, value in labels.items() if key != TEMPLATE_HASH}
    return template | {"metadata": template["metadata"] | {"labels": others}}


def template_hash(template: Obj) -> str:
    """A stable name for a pod template, in the style of `pod-template-hash`."""
    digest = hashlib.sha256(json.dumps(without_hash(template), sort_keys=True).encode()).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:10])


def with_status(obj: Obj, status: Obj) -> Obj:
    """A copy with another status. Shares everything else, which nobody may change; the store sets the version."""
    return obj | {"metadata": dict(obj["metadata"]), "status": status}


def random_suffix(length: int = 5) -> str:
    """The end of a generated name. Not a secret, so the plain generator is enough."""
    return "".join(random.choice(ALPHABET) for _ in range(length))
