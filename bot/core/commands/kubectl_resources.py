"""Names of Kubernetes resource types: every spelling that kubectl accepts -> the plural that the API uses.

From `kubectl api-resources` of 1.32. It must not know verbs or flags.
"""

import re

from bot.core.commands.wordlists import words

_TABLE = """
pods pod po
deployments deployment deploy
statefulsets statefulset sts
daemonsets daemonset ds
replicasets replicaset rs
replicationcontrollers replicationcontroller rc
jobs job
cronjobs cronjob cj
nodes node no
services service svc
endpoints endpoint ep
endpointslices endpointslice
ingresses ingress ing
ingressclasses ingressclass
networkpolicies networkpolicy netpol
configmaps configmap cm
secrets secret
serviceaccounts serviceaccount sa
namespaces namespace ns
events event ev
persistentvolumes persistentvolume pv
persistentvolumeclaims persistentvolumeclaim pvc
storageclasses storageclass sc
volumeattachments volumeattachment
horizontalpodautoscalers horizontalpodautoscaler hpa
poddisruptionbudgets poddisruptionbudget pdb
priorityclasses priorityclass pc
resourcequotas resourcequota quota
limitranges limitrange limits
leases lease
roles role
rolebindings rolebinding
clusterroles clusterrole
clusterrolebindings clusterrolebinding
customresourcedefinitions customresourcedefinition crd crds
apiservices apiservice
componentstatuses componentstatus cs
controllerrevisions controllerrevision
certificatesigningrequests certificatesigningrequest csr
mutatingwebhookconfigurations mutatingwebhookconfiguration
validatingwebhookconfigurations validatingwebhookconfiguration
podtemplates podtemplate
runtimeclasses runtimeclass
"""

PLURALS: dict[str, str] = {word: line.split()[0] for line in _TABLE.strip().splitlines() for word in line.split()}
KNOWN = frozenset(PLURALS.values())

CLUSTER_WIDE = words(
    """nodes namespaces persistentvolumes storageclasses clusterroles clusterrolebindings customresourcedefinitions
    apiservices componentstatuses certificatesigningrequests ingressclasses priorityclasses runtimeclasses
    volumeattachments mutatingwebhookconfigurations validatingwebhookconfigurations"""
)

WORKLOADS = frozenset(["deployments", "statefulsets", "daemonsets"])
WITH_PODS = WORKLOADS | {"pods", "replicasets", "replicationcontrollers", "jobs", "cronjobs", "services"}

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:-]{0,251}[A-Za-z0-9])?")

_GROUPS = ("apps", "core", "batch", "autoscaling", "policy", "networking.k8s.io", "rbac.authorization.k8s.io", "v1")


def canonical(word: str) -> str:
    """`deploy`, `Deployment`, `deployment.apps`, `deployments.v1.apps` -> `deployments`; an unknown word stays."""
    lowered = word.lower()
    if lowered in PLURALS:
        return PLURALS[lowered]
    stem, _, group = lowered.partition(".")
    group = group.removeprefix("v1.").removeprefix("v2.")
    return PLURALS[stem] if stem in PLURALS and group in _GROUPS else lowered


def is_cluster_wide(resource: str) -> bool:
    return resource in CLUSTER_WIDE


def is_name(text: str) -> bool:
    """Whether the text may name an object: a DNS subdomain, or the names with colons that access rules have."""
    return _NAME.fullmatch(text) is not None
