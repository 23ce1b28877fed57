"""What the server says of itself: versions, groups, resources, and a minimal OpenAPI.

Built from the table of kinds, so it cannot promise what is not served.
"""

from collections.abc import Iterator

from bot.sim.cluster import kinds
from bot.sim.cluster.kinds import Resource
from bot.sim.cluster.objects import Obj

VERSION: Obj = {
    "major": "1",
    "minor": "32",
    "gitVersion": "v1.32.13",
    "gitCommit": "simulated",
    "gitTreeState": "clean",
    "buildDate": "2026-08-20T00:00:00Z",
    "goVersion": "go1.27.3",
    "compiler": "gc",
    "platform": "linux/amd64",
}
_AGGREGATED = "apidiscovery.k8s.io"
_SUBRESOURCE_VERBS = {
    "exec": ["create", "get"],
    "log": ["get"],
    "eviction": ["create"],
    "finalize": ["update"],
}
# Subresources whose object belongs to another group: (group, version, kind).
_SUBRESOURCE_KINDS = {
    "scale": ("autoscaling", "v1", "Scale"),
    "eviction": ("policy", "v1", "Eviction"),
    "exec": ("", "", "PodExecOptions"),
}


def document(path: str, accept: str) -> Obj | None:
    """The discovery document at this path, or None when there is none."""
    parts = [part for part in path.split("/") if part]
    is_aggregated = f"g={_AGGREGATED}" in accept.replace(" ", "")
    match parts:
        case ["version"]:
            return VERSION
        case ["api"]:
            return _aggregated([""]) if is_aggregated else _core_versions()
        case ["apis"]:
            return _aggregated(_groups()) if is_aggregated else _group_list()
        case ["api", "v1"]:
            return _resource_list("", "v1")
        case ["apis", group] if group in _groups():
            return {"kind": "APIGroup", "apiVersion": "v1"} | _group(group)
        case ["apis", group, version] if _in(group, version):
            return _resource_list(group, version)
        case ["openapi", "v2"]:
            info = {"title": "Kubernetes", "version": VERSION["gitVersion"]}
            return {"swagger": "2.0", "info": info, "paths": {}, "definitions": {}}
        case ["openapi", "v3"]:
            return {"paths": {}}
        case _:
            return None


def content_type(accept: str, path: str) -> str:
    """Aggregated discovery is announced in the content type."""
    if path.strip("/") in ("api", "apis") and f"g={_AGGREGATED}" in accept.replace(" ", ""):
        return f"application/json;g={_AGGREGATED};v=v2;as=APIGroupDiscoveryList"
    return "application/json"


def _groups() -> list[str]:
    return list(dict.fromkeys(resource.group for resource in kinds.ALL if resource.group))


def _in(group: str, version: str) -> list[Resource]:
    found = [one for one in kinds.ALL if (one.group, one.version) == (group, version)]
    return sorted(found, key=lambda one: one.plural)


def _version_of(group: str) -> str:
    return next(one.version for one in kinds.ALL if one.group == group)


def _core_versions() -> Obj:
    address = {"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]}


def _group(group: str) -> Obj:
    version = {"groupVersion": f"{group}/{_version_of(group)}", "version": _version_of(group)}
    return {"name": group, "versions": [version], "preferredVersion": version}


def _group_list() -> Obj:
    groups = [_group(group) for group in _groups()]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def _resource_list(group: str, version: str) -> Obj:
    rows = [row for resource in _in(group, version) for row in _rows(resource)]
    name = f"{group}/{version}" if group else version
    envelope: Obj = {"kind": "APIResourceList"}
    if group:
        envelope["apiVersion"] = "v1"
    return envelope | {"groupVersion": name, "resources": rows}


def _rows(resource: Resource) -> Iterator[Obj]:
    base: Obj = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        base["shortNames"] = list(resource.short_names)
    if resource.categories:
        base["categories"] = list(resource.categories)
    yield base
    for sub in resource.subresources:
        row: Obj = {"name": f"{resource.plural}/{sub}", "singularName": "", "namespaced": resource.namespaced}
        group, version, kind = _SUBRESOURCE_KINDS.get(sub, ("", "", resource.kind))
        if group:
            row |= {"group": group, "version": version}
        yield row | {"kind": kind, "verbs": _SUBRESOURCE_VERBS.get(sub, ["get", "patch", "update"])}


# -- aggregated discovery: one request instead of one per group


def _aggregated(groups: list[str]) -> Obj:
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"{_AGGREGATED}/v2",
        "metadata": {},
        "items": [_aggregated_group(group) for group in groups],
    }


def _aggregated_group(group: str) -> Obj:
    version = _version_of(group)
    rows = [_aggregated_row(resource) for resource in _in(group, version)]
    item: Obj = {"versions": [{"version": version, "resources": rows, "freshness": "Current"}]}
    return {"metadata": {"name": group} if group else {}} | item


def _aggregated_row(resource: Resource) -> Obj:
    own = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    row: Obj = {
        "resource": resource.plural,
        "responseKind": own,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        row["shortNames"] = list(resource.short_names)
    if resource.categories:
        row["categories"] = list(resource.categories)
    inner = []
    for sub in resource.subresources:
        group, version, kind = _SUBRESOURCE_KINDS.get(sub, ("", "", resource.kind))
        shown = {"group": group, "version": version, "kind": kind} if group else own | {"kind": kind}
        verbs = _SUBRESOURCE_VERBS.get(sub, ["get", "patch", "update"])
        inner.append({"subresource": sub, "responseKind": shown, "verbs": verbs})
    return row | ({"subresources": inner} if inner else {})
