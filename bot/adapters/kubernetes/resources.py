"""Resource types by their plural: group, version, kind and address. Built-in ones only (`kubectl api-resources`)."""

import re
from dataclasses import dataclass, replace
from urllib.parse import quote

from bot.core.errors import Invalid

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:-]{0,251}[A-Za-z0-9])?")
"""Object names: DNS subdomains, and the colons that RBAC names hold."""

_VERSION = re.compile(r"v[1-9][0-9]?(?:(?:alpha|beta)[1-9][0-9]?)?")


@dataclass(frozen=True, slots=True)
class Resource:
    group: str
    version: str
    plural: str
    kind: str
    is_namespaced: bool = True

    @property
    def qualified(self) -> str:
        """As kubectl prints it: `pod/x`, `deployment.apps/x`."""
        return f"{self.kind.lower()}.{self.group}" if self.group else self.kind.lower()

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The API path; an empty namespace is all of them. Invalid when a part could mean another path."""
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if namespace and self.is_namespaced:
            parts += ["namespaces", sound(namespace)]
        parts.append(self.plural)
        if name:
            parts.append(sound(name))
        if subresource:
            parts.append(subresource)
        return "/" + "/".join(quote(part, safe="") for part in parts)


def sound(name: str) -> str:
    """The name itself; Invalid unless it is one plain path segment (no slash, no leading dash, no `..`)."""
    if _NAME.fullmatch(name) is None or ".." in name:
        raise Invalid(f"{name[:80]!r} is not a Kubernetes name", remedy="use letters, digits, dots and dashes")
    return name


_TABLE = """
v1 pods Pod
v1 services Service
v1 endpoints Endpoints
v1 configmaps ConfigMap
v1 secrets Secret
v1 serviceaccounts ServiceAccount
v1 events Event
v1 replicationcontrollers ReplicationController
v1 persistentvolumeclaims PersistentVolumeClaim
v1 resourcequotas ResourceQuota
v1 limitranges LimitRange
v1 podtemplates PodTemplate
v1 nodes Node cluster
v1 namespaces Namespace cluster
v1 persistentvolumes PersistentVolume cluster
v1 componentstatuses ComponentStatus cluster
apps/v1 deployments Deployment
apps/v1 statefulsets StatefulSet
apps/v1 daemonsets DaemonSet
apps/v1 replicasets ReplicaSet
apps/v1 controllerrevisions ControllerRevision
batch/v1 jobs Job
batch/v1 cronjobs CronJob
autoscaling/v2 horizontalpodautoscalers HorizontalPodAutoscaler
policy/v1 poddisruptionbudgets PodDisruptionBudget
discovery.k8s.io/v1 endpointslices EndpointSlice
networking.k8s.io/v1 ingresses Ingress
networking.k8s.io/v1 networkpolicies NetworkPolicy
networking.k8s.io/v1 ingressclasses IngressClass cluster
coordination.k8s.io/v1 leases Lease
rbac.authorization.k8s.io/v1 roles Role
rbac.authorization.k8s.io/v1 rolebindings RoleBinding
rbac.authorization.k8s.io/v1 clusterroles ClusterRole cluster
rbac.authorization.k8s.io/v1 clusterrolebindings ClusterRoleBinding cluster
storage.k8s.io/v1 storageclasses StorageClass cluster
storage.k8s.io/v1 volumeattachments VolumeAttachment cluster
scheduling.k8s.io/v1 priorityclasses PriorityClass cluster
node.k8s.io/v1 runtimeclasses RuntimeClass cluster
certificates.k8s.io/v1 certificatesigningrequests CertificateSigningRequest cluster
apiextensions.k8s.io/v1 customresourcedefinitions CustomResourceDefinition cluster
apiregistration.k8s.io/v1 apiservices APIService cluster
admissionregistration.k8s.io/v1 mutatingwebhookconfigurations MutatingWebhookConfiguration cluster
admissionregistration.k8s.io/v1 validatingwebhookconfigurations ValidatingWebhookConfiguration cluster
"""


def _row(line: str) -> Resource:
    api, plural, kind, *scope = line.split()
    group, _, version = api.rpartition("/")
    return Resource(group, version, plural, kind, is_namespaced=not scope)


_BY_PLURAL = {row.plural: row for row in map(_row, _TABLE.strip().splitlines())}

PODS = _BY_PLURAL["pods"]
NODES = _BY_PLURAL["nodes"]
EVENTS = _BY_PLURAL["events"]
SECRETS = _BY_PLURAL["secrets"]
REPLICA_SETS = _BY_PLURAL["replicasets"]
WORKLOADS = ("deployments", "statefulsets", "daemonsets")


def served(plural: str, api_version: str) -> Resource:
    """The type as a manifest names it: another version of the same group is taken as written. Invalid otherwise."""
    known = named(plural)
    group, _, version = api_version.rpartition("/")
    if group != known.group or not _VERSION.fullmatch(version):
        right = f"{known.group}/{known.version}" if known.group else known.version
        raise Invalid(f"{known.kind} is not of {api_version[:80]!r}", remedy=f"write apiVersion: {right}")
    return replace(known, version=version)


def named(plural: str) -> Resource:
    found = _BY_PLURAL.get(plural)
    if found is None:
        raise Invalid(f"`{plural}` is not a resource type that is known here", remedy="use a built-in type")
    return found
