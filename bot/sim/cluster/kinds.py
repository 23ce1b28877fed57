"""Which resources the simulated server serves, and what discovery says of them.

One table, from which routing, authorisation, discovery and storage all read. Knows nothing of their behaviour.
"""

from dataclasses import dataclass

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
REVIEW_VERBS = ("create",)


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One row of `kubectl api-resources`."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    has_generation: bool = False
    verbs: tuple[str, ...] = ALL_VERBS

    @property
    def group_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """As errors name it: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        """As validation errors name it: `Pod`, `Deployment.apps`."""
        return f"{self.kind}.{self.group}" if self.group else self.kind

    @property
    def singular(self) -> str:
        return self.kind.lower()

    @property
    def is_review(self) -> bool:
        return self.verbs == REVIEW_VERBS


WORKLOAD = ("scale", "status")

NAMESPACES = Resource(
    "",
    "v1",
    "namespaces",
    "Namespace",
    namespaced=False,
    short_names=("ns",),
    subresources=("status", "finalize"),
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
)
NODES = Resource("", "v1", "nodes", "Node", namespaced=False, short_names=("no",), subresources=("status",))
PODS = Resource(
    "",
    "v1",
    "pods",
    "Pod",
    short_names=("po",),
    categories=("all",),
    subresources=("eviction", "exec", "log", "status"),
)
SERVICES = Resource(
    "", "v1", "services", "Service", short_names=("svc",), categories=("all",), subresources=("status",)
)
ENDPOINTS = Resource("", "v1", "endpoints", "Endpoints", short_names=("ep",))
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap", short_names=("cm",))
SECRETS = Resource("", "v1", "secrets", "Secret")
SERVICE_ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount", short_names=("sa",))
EVENTS = Resource("", "v1", "events", "Event", short_names=("ev",))
CLAIMS = Resource(
    "",
    "v1",
    "persistentvolumeclaims",
    "PersistentVolumeClaim",
    short_names=("pvc",),
    subresources=("status",),
)
LIMIT_RANGES = Resource("", "v1", "limitranges", "LimitRange", short_names=("limits",))
QUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota", short_names=("quota",))
DEPLOYMENTS = Resource(
    "apps",
    "v1",
    "deployments",
    "Deployment",
    short_names=("deploy",),
    categories=("all",),
    subresources=WORKLOAD,
    has_generation=True,
)
REPLICA_SETS = Resource(
    "apps",
    "v1",
    "replicasets",
    "ReplicaSet",
    short_names=("rs",),
    categories=("all",),
    subresources=WORKLOAD,
    has_generation=True,
)
STATEFUL_SETS = Resource(
    "apps",
    "v1",
    "statefulsets",
    "StatefulSet",
    short_names=("sts",),
    categories=("all",),
    subresources=WORKLOAD,
    has_generation=True,
)
DAEMON_SETS = Resource(
    "apps",
    "v1",
    "daemonsets",
    "DaemonSet",
    short_names=("ds",),
    categories=("all",),
    subresources=("status",),
    has_generation=True,
)
CONTROLLER_REVISIONS = Resource("apps", "v1", "controllerrevisions", "ControllerRevision")
JOBS = Resource(
    "batch",
    "v1",
    "jobs",
    "Job",
    categories=("all",),
    subresources=("status",),
    has_generation=True,
)
CRON_JOBS = Resource(
    "batch",
    "v1",
    "cronjobs",
    "CronJob",
    short_names=("cj",),
    categories=("all",),
    subresources=("status",),
    has_generation=True,
)
BUDGETS = Resource(
    "policy",
    "v1",
    "poddisruptionbudgets",
    "PodDisruptionBudget",
    short_names=("pdb",),
    subresources=("status",),
    has_generation=True,
)
AUTOSCALERS = Resource(
    "autoscaling",
    "v2",
    "horizontalpodautoscalers",
    "HorizontalPodAutoscaler",
    short_names=("hpa",),
    categories=("all",),
    subresources=("status",),
)
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease")
ENDPOINT_SLICES = Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")

_AUTHZ = "authorization.k8s.io"
SELF_ACCESS_REVIEWS = Resource(
    _AUTHZ,
    "v1",
    "selfsubjectaccessreviews",
    "SelfSubjectAccessReview",
    namespaced=False,
    verbs=REVIEW_VERBS,
)
SELF_RULES_REVIEWS = Resource(
    _AUTHZ, "v1", "selfsubjectrulesreviews", "SelfSubjectRulesReview", namespaced=False, verbs=REVIEW_VERBS
)
ACCESS_REVIEWS = Resource(
    _AUTHZ, "v1", "subjectaccessreviews", "SubjectAccessReview", namespaced=False, verbs=REVIEW_VERBS
)
SELF_SUBJECT_REVIEWS = Resource(
    "authentication.k8s.io",
    "v1",
    "selfsubjectreviews",
    "SelfSubjectReview",
    namespaced=False,
    verbs=REVIEW_VERBS,
)

ALL = (
    NAMESPACES,
    NODES,
    PODS,
    SERVICES,
    ENDPOINTS,
    CONFIG_MAPS,
    SECRETS,
    SERVICE_ACCOUNTS,
    EVENTS,
    CLAIMS,
    LIMIT_RANGES,
    QUOTAS,
    DEPLOYMENTS,
    REPLICA_SETS,
    STATEFUL_SETS,
    DAEMON_SETS,
    CONTROLLER_REVISIONS,
    JOBS,
    CRON_JOBS,
    BUDGETS,
    AUTOSCALERS,
    LEASES,
    ENDPOINT_SLICES,
    SELF_ACCESS_REVIEWS,
    SELF_RULES_REVIEWS,
    ACCESS_REVIEWS,
    SELF_SUBJECT_REVIEWS,
)
STORED = tuple(resource for resource in ALL if not resource.is_review)
NAMESPACED = tuple(resource for resource in STORED if resource.namespaced)
_BY_PATH = {(resource.group, resource.version, resource.plural): resource for resource in ALL}
_BY_KIND = {(resource.group_version, resource.kind): resource for resource in STORED}


def find(group: str, version: str, plural: str) -> Resource | None:
    """The resource that a URL names, or None."""
    return _BY_PATH.get((group, version, plural))


def of_kind(group_version: str, kind: str) -> Resource | None:
    """The resource that stores objects of this apiVersion and kind, or None."""
    return _BY_KIND.get((group_version, kind))


def by_word(word: str) -> Resource | None:
    """A resource by plural, singular or short name, as a test or a seed writes it."""
    return next((one for one in STORED if word in (one.plural, one.singular, *one.short_names)), None)
