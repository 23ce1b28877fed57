"""The refusals of the API server, as the `Status` bodies that it sends.

Words, reasons, details and codes follow k8s.io/apimachinery/pkg/api/errors and exchanges seen on a v1.32 server.
"""

from dataclasses import dataclass, field
from typing import Any

from bot.sim.cluster.kinds import Resource
from bot.sim.cluster.objects import Obj


@dataclass(slots=True)
class StatusError(Exception):
    """A refusal on its way to the client."""

    code: int
    reason: str
    message: str
    details: Obj | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> Obj:
        body: Obj = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details is not None:
            body["details"] = self.details
        return body | {"code": self.code}


@dataclass(frozen=True, slots=True)
class Cause:
    """One field that validation refused."""

    reason: str
    message: str
    field: str

    def as_json(self) -> Obj:
        return {"reason": self.reason, "message": self.message, "field": self.field}


def success(*, code: int | None = None, details: Obj | None = None) -> Obj:
    body: Obj = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    if details is not None:
        body["details"] = details
    if code is not None:
        body["code"] = code
    return body


def details_of(resource: Resource, name: str = "") -> Obj:
    found: Obj = {}
    if name:
        found["name"] = name
    if resource.group:
        found["group"] = resource.group
    return found | {"kind": resource.plural}


def unauthorized() -> StatusError:
    return StatusError(401, "Unauthorized", "Unauthorized")


def forbidden(resource: Resource, name: str, why: str) -> StatusError:
    subject = f'{resource.qualified} "{name}"' if name else resource.qualified
    return StatusError(403, "Forbidden", f"{subject} is forbidden: {why}", details_of(resource, name))


def not_found(resource: Resource, name: str) -> StatusError:
    message = f'{resource.qualified} "{name}" not found'
    return StatusError(404, "NotFound", message, details_of(resource, name))


def no_such_resource() -> StatusError:
    return StatusError(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(resource: Resource, name: str) -> StatusError:
    message = f'{resource.qualified} "{name}" already exists'
    return StatusError(409, "AlreadyExists", message, details_of(resource, name))


def conflict(resource: Resource, name: str, why: str) -> StatusError:
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return StatusError(409, "Conflict", message, details_of(resource, name))


def stale(resource: Resource, name: str) -> StatusError:
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(resource, name, why)


def precondition_failed(resource: Resource, name: str, why: str) -> StatusError:
    """Preconditions name the kind where other conflicts name the resource (registry/rest/delete.go)."""
    details: Obj = {"name": name}
    if resource.group:
        details["group"] = resource.group
    message = f'Operation cannot be fulfilled on {resource.qualified_kind} "{name}": {why}'
    return StatusError(409, "Conflict", message, details | {"kind": resource.kind})


def invalid(resource: Resource, name: str, causes: list[Cause]) -> StatusError:
    details: Obj = {"name": name}
    if resource.group:
        details["group"] = resource.group
    details |= {"kind": resource.kind, "causes": [cause.as_json() for cause in causes]}
    # The message says each distinct error once, the causes repeat them (ErrorList.ToAggregate).
    lines = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    text = lines[0] if len(lines) == 1 else f"[{', '.join(lines)}]"
    return StatusError(422, "Invalid", f'{resource.qualified_kind} "{name}" is invalid: {text}', details)


def invalid_options(kind: str, cause: Cause) -> StatusError:
    details: Obj = {"group": "meta.k8s.io", "kind": kind, "causes": [cause.as_json()]}
    message = f'{kind}.meta.k8s.io "" is invalid: {cause.field}: {cause.message}'
    return StatusError(422, "Invalid", message, details)


def invalid_value(field_path: str, value: Any, why: str) -> Cause:
    if isinstance(value, bool):
        shown = str(value).lower()
    elif isinstance(value, int | float):
        shown = str(value)
    else:
        shown = f'"{value}"'
    return Cause("FieldValueInvalid", f"Invalid value: {shown}: {why}", field_path)


def required(field_path: str, why: str = "") -> Cause:
    return Cause("FieldValueRequired", f"Required value: {why}" if why else "Required value", field_path)


def forbidden_field(field_path: str, why: str) -> Cause:
    return Cause("FieldValueForbidden", f"Forbidden: {why}", field_path)


def bad_request(message: str) -> StatusError:
    return StatusError(400, "BadRequest", message)


def unsupported_media_type() -> StatusError:
    return StatusError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})


def method_not_allowed() -> StatusError:
    message = "the server does not allow this method on the requested resource"
    return StatusError(405, "MethodNotAllowed", message, {})


def rejected_by_patch() -> StatusError:
    message = "the server rejected our request due to an error in our request"
    return StatusError(422, "Invalid", message, {})


def expired(asked: int, oldest: int) -> StatusError:
    return StatusError(410, "Expired", f"too old resource version: {asked} ({oldest})")


def blocked_by_budget(message: str) -> StatusError:
    details = {"causes": [{"reason": "DisruptionBudget", "message": message}]}
    why = "Cannot evict pod as it would violate the pod's disruption budget."
    return StatusError(429, "TooManyRequests", why, details)


def internal(message: str) -> StatusError:
    return StatusError(500, "InternalError", f"Internal error occurred: {message}")
