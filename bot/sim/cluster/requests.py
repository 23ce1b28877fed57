"""From an HTTP request to what it asks of the API: verb, resource, namespace, name, subresource, options.

Follows RequestInfoFactory of k8s.io/apiserver. Knows nothing of what the answer will be.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from aiohttp import web

from bot.sim.cluster import kinds, patches, statuses
from bot.sim.cluster.access import Attributes
from bot.sim.cluster.kinds import Resource
from bot.sim.cluster.writing import Options, Target

# The real server takes 3 MiB.
MAX_BODY_BYTES = 3 * 1024 * 1024
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_OPTION_KINDS = {
    "POST": "CreateOptions",
    "PUT": "UpdateOptions",
    "PATCH": "PatchOptions",
    "DELETE": "DeleteOptions",
}
_FIELD_VALIDATIONS = ("Ignore", "Strict", "Warn")
_JSON_TYPES = ("application/json", "")


@dataclass(frozen=True, slots=True)
class Ask:
    """What one request asks. `resource` is None for paths that name none, or one that is not served."""

    verb: str
    path: str
    attributes: Attributes
    resource: Resource | None = None
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def target(self) -> Target:
        if self.resource is None:
            raise statuses.no_such_resource()
        return Target(self.resource, self.namespace, self.name, self.subresource)


def parse(method: str, path: str, query: Mapping[str, str]) -> Ask:
    """Read the path as the API server does. Never raises: what it cannot place is a plain path."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return Ask(method.lower(), path, Attributes(method.lower(), path=path))
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in kinds.NAMESPACES.subresources:
            rest = rest[2:]
    name = rest[1] if len(rest) > 1 else ""
    subresource = "/".join(rest[2:])
    verb = _verb(method, query, has_name=bool(name))
    selected = query.get("fieldSelector", "")
    shown_name = name
    if not name and selected.startswith("metadata.name="):
        shown_name = selected.removeprefix("metadata.name=").partition(",")[0]
    if rest[0] == "namespaces":
        namespace = name
    wanted = Attributes(verb, group, rest[0], subresource, namespace, shown_name)
    resource = kinds.find(group, version, rest[0])
    return Ask(verb, path, wanted, resource, namespace, name, subresource)


def _verb(method: str, query: Mapping[str, str], *, has_name: bool) -> str:
    if method in ("GET", "HEAD"):
        if query.get("watch") in ("1", "true"):
            return "watch"
        return "get" if has_name else "list"
    if method == "DELETE" and not has_name:
        return "deletecollection"
    return _VERBS.get(method, method.lower())


async def read_json(request: web.Request) -> Any:
    """The body of a POST or PUT. Raises 400 for text that is not JSON, 413, 415."""
    if request.content_type not in _JSON_TYPES and request.body_exists:
        raise statuses.unsupported_media_type()
    return await read_document(request)


async def read_document(request: web.Request) -> Any:
    """The body whatever its content type, or {} when there is none."""
    try:
        raw = await request.read()
    except web.HTTPRequestEntityTooLarge:
        why = f"Request entity too large: limit is {MAX_BODY_BYTES}"
        raise statuses.StatusError(413, "RequestEntityTooLarge", why) from None
    if not raw:
        return {}
    try:
        return json.loads(raw)
    except ValueError as error:
        raise statuses.bad_request(f"couldn't get version/kind; json parse error: {error}") from error


async def read_yaml(request: web.Request) -> Any:
    """The body of an apply: YAML, which JSON is as well. Raises 400."""
    try:
        return yaml.safe_load(await request.read())
    except yaml.YAMLError as error:
        raise statuses.bad_request(f"error decoding YAML: {error}") from error


def demand_dry_run(method: str, values: list[str]) -> bool:
    """True for `All`, False for none, 422 for anything else."""
    if not values:
        return False
    if any(value != "All" for value in values):
        shown = ", ".join(f'"{value}"' for value in values)
        message = f'Unsupported value: []string{{{shown}}}: supported values: "All"'
        cause = statuses.Cause("FieldValueNotSupported", message, "dryRun")
        raise statuses.invalid_options(_OPTION_KINDS[method], cause)
    return True


def options_of(request: web.Request) -> Options:
    """dryRun and fieldValidation of a write. Raises 422 for values that the server does not know."""
    dry_run = demand_dry_run(request.method, request.query.getall("dryRun", []))
    mode = request.query.get("fieldValidation") or "Warn"
    if mode not in _FIELD_VALIDATIONS:
        listed = ", ".join(f'"{one}"' for one in _FIELD_VALIDATIONS)
        message = f'Unsupported value: "{mode}": supported values: {listed}'
        cause = statuses.Cause("FieldValueNotSupported", message, "fieldValidation")
        raise statuses.invalid_options(_OPTION_KINDS[request.method], cause)
    agent = request.headers.get("User-Agent", "").partition("/")[0]
    is_apply = request.content_type == patches.APPLY
    return Options(
        dry_run=dry_run,
        field_validation=mode,
        manager=request.query.get("fieldManager", "") or ("" if is_apply else agent or "unknown"),
        is_forced=is_true(request.query, "force"),
    )


def is_true(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "").lower() in ("1", "true")


def integer(query: Mapping[str, str], name: str) -> int | None:
    """A number of the query, None when absent. Raises 400 for other text."""
    text = query.get(name, "")
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        why = f'strconv.ParseInt: parsing "{text}": invalid syntax'
        raise statuses.bad_request(why) from None
