"""What raises the tier of a change to objects, as data: grave types, data stores, many at once, keys that are followed.

The registry gives each verb's base; nothing here lowers it. It must not know who asks or what the cluster holds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.core.commands import data_stores
from bot.core.commands import kubectl_resources as resources
from bot.core.commands.wordlists import words
from bot.core.operations import Effect, Json, Tier
from bot.core.ratings import Rating

Arguments = Mapping[str, Json]

SEVERAL = 3
"""More named objects than this in one command is a wide change, as it is for pods."""

GRAVE = words(
    """namespaces nodes persistentvolumes persistentvolumeclaims statefulsets daemonsets secrets serviceaccounts
    roles rolebindings clusterroles clusterrolebindings customresourcedefinitions apiservices storageclasses
    volumeattachments priorityclasses runtimeclasses networkpolicies certificatesigningrequests endpoints
    endpointslices leases mutatingwebhookconfigurations validatingwebhookconfigurations"""
)
"""Types that the whole cluster, data or access hang on."""

_FOLLOWED_LABELS = words(
    """app k8s-app name component tier role release version pod-template-hash controller-revision-hash
    statefulset.kubernetes.io/pod-name"""
)
"""Labels that selectors of services, workloads and policies customarily name: a changed one takes a pod out of them."""

_FOLLOWED_DOMAINS = (
    "kubernetes.io", "k8s.io", "argoproj.io", "fluxcd.io", "istio.io", "linkerd.io", "cert-manager.io", "karpenter.sh",
    "openshift.io", "helm.sh", "crossplane.io", "keda.sh", "external-secrets.io",
)  # fmt: skip
"""Whose keys the scheduler or a controller acts upon at once."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """When it holds for one of `kinds`, the tier is at least high and `reason` is given."""

    reason: str
    holds: Callable[[Arguments], bool]
    kinds: frozenset[str]


def _kinds(text: str) -> frozenset[str]:
    return frozenset(f"kubernetes.{name}" for name in text.split())


_MARKS = _kinds("label annotate")
_NAMED = _kinds(
    """label annotate taint patch delete set_image set_env set_resources rollout_pause rollout_resume autoscale expose
    create_job"""
)
_FILES = _kinds("apply create replace delete")
_ALL = _NAMED | _FILES | _kinds("create_configmap create_namespace")


def objects(arguments: Arguments) -> list[Mapping[str, Json]]:
    """The objects of manifests, where their content is known."""
    found = arguments.get("objects")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def names(arguments: Arguments) -> list[str]:
    """Every name that the command gives."""
    found = arguments.get("names")
    several = [str(name) for name in found] if isinstance(found, list) else []
    return [*several, *(str(arguments["name"]).split(",") if arguments.get("name") else ())]


def _types(arguments: Arguments) -> set[str]:
    return {*str(arguments.get("resource") or "").split(","), *(str(one["resource"]) for one in objects(arguments))}


def _keys(arguments: Arguments) -> list[str]:
    values = arguments.get("values")
    return list(values) if isinstance(values, dict) else []


def _is_many(arguments: Arguments) -> bool:
    several = bool(arguments.get("selector") or arguments.get("all") or arguments.get("field_selector"))
    return several or bool(arguments.get("all_namespaces")) or len(names(arguments)) > SEVERAL


def _is_followed(key: str) -> bool:
    domain, slash, _ = key.rpartition("/")
    return bool(slash) and any(domain == one or domain.endswith(f".{one}") for one in _FOLLOWED_DOMAINS)


def _is_unknown_type(arguments: Arguments) -> bool:
    return bool(arguments.get("resource")) and not _types(arguments) <= resources.KNOWN


def _holds_data(arguments: Arguments) -> bool:
    named = [*names(arguments), *(str(one["name"]) for one in objects(arguments))]
    return any(data_stores.is_named(name) for name in named)


def _is_system(arguments: Arguments) -> bool:
    return any(str(one["namespace"]).startswith("kube-") for one in objects(arguments))


def _mentions_finalizers(arguments: Arguments) -> bool:
    return "finalizers" in str(arguments.get("patch")) or "finalizers" in str(arguments.get("objects"))


_RULES: tuple[_Rule, ...] = (
    _Rule("a type that the cluster, data or access hang on", lambda a: bool(_types(a) & GRAVE), _ALL),
    _Rule("a type that is not known here", _is_unknown_type, _ALL),
    _Rule("its name says that it holds data", _holds_data, _ALL),
    _Rule("changes a namespace that the whole cluster depends on", _is_system, _ALL),
    _Rule("changes finalizers: what they guard may be lost or stay for ever", _mentions_finalizers, _ALL),
    _Rule("touches many objects at once: more may match when it runs", _is_many, _NAMED),
    _Rule(
        "overwrites what stands there, on several objects",
        lambda a: bool(a.get("overwrite")) and len(names(a)) > 1,
        _MARKS,
    ),
    _Rule(
        "a key that the scheduler or a controller follows",
        lambda a: any(_is_followed(key) for key in _keys(a)),
        _MARKS,
    ),
    _Rule(
        "a label that selectors follow: the object may leave its service or its workload",
        lambda a: any(key in _FOLLOWED_LABELS for key in _keys(a)),
        _kinds("label"),
    ),
    _Rule("kills without a grace period", lambda a: bool(a.get("force")), _kinds("delete")),
    _Rule("kills without a grace period", lambda a: a.get("grace_period_seconds") in (0, 1), _kinds("delete")),
    _Rule(
        "leaves what belongs to it without an owner, or waits for all of it to end",
        lambda a: a.get("cascade") in ("orphan", "foreground"),
        _kinds("delete"),
    ),
    _Rule("opens the workload beyond the cluster", lambda a: a.get("type") != "ClusterIP", _kinds("expose")),
    _Rule(
        "names no single object", lambda a: not a.get("name"), _kinds("autoscale expose rollout_pause rollout_resume")
    ),
    _Rule("starts any image in the cluster", lambda a: bool(a.get("image")), _kinds("create_job")),
)


def rate(kind: str, arguments: Arguments) -> list[Rating]:
    """One rating for each rule that holds; none for kinds that change no object."""
    return [
        Rating(Effect.READ, Tier.HIGH, (rule.reason,))
        for rule in _RULES
        if kind in rule.kinds and rule.holds(arguments)
    ]


def counters(kind: str, arguments: Arguments, known: Mapping[str, int]) -> Mapping[str, int]:
    """The registry's least counts, for as many objects as are named."""
    count = max(1, len(names(arguments)), len(objects(arguments)))
    return dict.fromkeys(known, count) if kind in _ALL and "pod_restarts" not in known else known


def targets(arguments: Arguments) -> str:
    """`configmap a, deployment b and 3 more`, or the files; empty where the command names no manifest."""
    if arguments.get("resource"):
        return ""
    named = [f"{str(one['resource']).removesuffix('s')} {one['name']}" for one in objects(arguments)]
    files = arguments.get("files")
    if not named and isinstance(files, list):
        named = [str(path) for path in files]
    more = f" and {len(named) - SEVERAL} more" if len(named) > SEVERAL else ""
    return ", ".join(named[:SEVERAL]) + more
