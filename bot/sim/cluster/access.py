"""Who may do what: tokens, Role-style rules with subresources, impersonation, and the review kinds.

Default deny, as RBAC is. Knows nothing of HTTP beyond the header values it is handed.
"""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.sim.cluster import kinds, objects, statuses
from bot.sim.cluster.objects import Obj

AUTHENTICATED = "system:authenticated"
ACCOUNT_PREFIX = "system:serviceaccount:"
# Kubernetes 1.35 demands `create` as well as `get` for exec over WebSocket; a bot that has both passes on every
# version, so the strict rule is the default here.
EXEC_VERBS = ("get", "create")
# What every authenticated caller may read: ClusterRoles system:discovery and system:public-info-viewer.
_OPEN_PATHS = ("/api", "/api/*", "/apis", "/apis/*", "/version", "/version/", "/openapi", "/openapi/*")
_PROBE_PATHS = ("/healthz", "/livez", "/readyz")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request is for. `authenticated_as` is the token's owner when the request impersonates."""

    user: str
    groups: tuple[str, ...]
    authenticated_as: str


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a request wants: a resource, or a path when `path` is set."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def full_resource(self) -> str:
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a Role or ClusterRole. `*` matches anything; `pods/exec` names a subresource."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...] = ("",)
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    def allows(self, wanted: Attributes) -> bool:
        if "*" not in self.verbs and wanted.verb not in self.verbs:
            return False
        if wanted.path:
            return any(_path_matches(pattern, wanted.path) for pattern in self.paths)
        if "*" not in self.groups and wanted.group not in self.groups:
            return False
        if self.names and wanted.name not in self.names:
            return False
        patterns = {"*", wanted.full_resource}
        if wanted.subresource:
            patterns.add(f"*/{wanted.subresource}")
        return any(resource in patterns for resource in self.resources)

    def as_json(self) -> Obj:
        shown: Obj = {"verbs": list(self.verbs)}
        if self.paths:
            return shown | {"nonResourceURLs": list(self.paths)}
        shown |= {"apiGroups": list(self.groups), "resources": list(self.resources)}
        return shown | ({"resourceNames": list(self.names)} if self.names else {})


@dataclass(frozen=True, slots=True)
class Binding:
    """Grants a role's rules to users (`User`), groups (`Group`) or accounts (`ServiceAccount`, as ns:name).

    An empty namespace is a ClusterRoleBinding. `role_kind` matters only to the reason that reviews give.
    """

    name: str
    role: str
    subject_kind: str
    subject: str
    rules: tuple[Rule, ...]
    namespace: str = ""
    role_kind: str = "Role"

    def covers(self, identity: Identity) -> bool:
        if self.subject_kind == "Group":
            return self.subject in identity.groups
        if self.subject_kind == "ServiceAccount":
            return identity.user == ACCOUNT_PREFIX + self.subject
        return identity.user == self.subject

    def reason(self) -> str:
        """As the RBAC authorizer words it."""
        subject = self.subject
        if self.subject_kind == "ServiceAccount":
            namespace, _, name = subject.partition(":")
            subject = f"{name}/{namespace}"
        if self.namespace:
            bound = f'RoleBinding "{self.name}/{self.namespace}" of {self.role_kind} "{self.role}"'
        else:
            bound = f'ClusterRoleBinding "{self.name}" of ClusterRole "{self.role}"'
        return f'RBAC: allowed by {bound} to {self.subject_kind} "{subject}"'


@dataclass(frozen=True, slots=True)
class Verdict:
    allowed: bool
    reason: str = ""


class Access:
    """Tokens and bindings. `exec_verbs` are the verbs on pods/exec that opening an exec demands."""

    def __init__(self, *, exec_verbs: tuple[str, ...] = EXEC_VERBS) -> None:
        self.exec_verbs = exec_verbs
        self.bindings: list[Binding] = []
        self._tokens: dict[str, Identity] = {}
        self._by_account: dict[str, str] = {}
        reviews = (kinds.SELF_ACCESS_REVIEWS.plural, kinds.SELF_RULES_REVIEWS.plural)
        basics = (
            Rule(verbs=("create",), groups=("authorization.k8s.io",), resources=reviews),
            Rule(verbs=("create",), groups=("authentication.k8s.io",), resources=("selfsubjectreviews",)),
            Rule(verbs=("get",), paths=(*_OPEN_PATHS, *_PROBE_PATHS)),
        )
        self.grant(Binding("system:basic-user", "system:basic-user", "Group", AUTHENTICATED, basics))

    def grant(self, binding: Binding) -> None:
        self.bindings.append(binding)

    def revoke(self, name: str) -> None:
        """Drop every binding of this name."""
        self.bindings = [binding for binding in self.bindings if binding.name != name]

    def add_account(self, namespace: str, name: str, rules: Iterable[Rule] = ()) -> str:
        """A ServiceAccount with cluster-wide rules; answers its bearer token."""
        user = f"{ACCOUNT_PREFIX}{namespace}:{name}"
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
        token = secrets.token_urlsafe(24)
        self._tokens[token] = Identity(user, groups, user)
        self._by_account[name] = token
        if rules := tuple(rules):
            self.grant(Binding(name, name, "ServiceAccount", f"{namespace}:{name}", rules))
        return token

    def token(self, account: str) -> str:
        """Raises KeyError for an account that does not exist."""
        return self._by_account[account]

    def has_account(self, account: str) -> bool:
        return account in self._by_account

    def revoke_token(self, account: str) -> None:
        """From now on this account's token is 401."""
        self._tokens.pop(self._by_account[account], None)

    # -- a request's identity

    def identify(self, headers: Mapping[str, str], groups: list[str]) -> Identity:
        """From the Authorization and Impersonate-* headers. Raises 401, or 403 for a forbidden impersonation.

        `groups` are the values of every Impersonate-Group header.
        """
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        identity = self._tokens.get(token.strip()) if scheme.lower() == "bearer" else None
        if identity is None:
            raise statuses.unauthorized()
        user = headers.get("Impersonate-User", "")
        if not user:
            if groups:
                raise statuses.internal(f"requested groups {groups} without impersonating a user")
            return identity
        self._demand_impersonation(identity, user, groups)
        acting = tuple(dict.fromkeys((*groups, AUTHENTICATED)))
        return Identity(user, acting, identity.user)

    def _demand_impersonation(self, identity: Identity, user: str, groups: list[str]) -> None:
        wanted = [Attributes("impersonate", resource="users", name=user)]
        if user.startswith(ACCOUNT_PREFIX):
            namespace, _, name = user.removeprefix(ACCOUNT_PREFIX).partition(":")
            wanted = [Attributes("impersonate", resource="serviceaccounts", namespace=namespace, name=name)]
        wanted += [Attributes("impersonate", resource="groups", name=group) for group in groups]
        for one in wanted:
            if not self.decide(identity, one).allowed:
                raise self.refusal(identity, one)

    # -- decisions

    def decide(self, identity: Identity, wanted: Attributes) -> Verdict:
        for binding in self.bindings:
            reaches = not binding.namespace or binding.namespace == wanted.namespace
            if reaches and binding.covers(identity) and any(rule.allows(wanted) for rule in binding.rules):
                return Verdict(allowed=True, reason=binding.reason())
        return Verdict(allowed=False)

    def demand(self, identity: Identity, wanted: Attributes) -> None:
        """Raises the 403 StatusError that RBAC gives."""
        if not self.decide(identity, wanted).allowed:
            raise self.refusal(identity, wanted)

    @staticmethod
    def refusal(identity: Identity, wanted: Attributes) -> statuses.StatusError:
        if wanted.path:
            why = f'forbidden: User "{identity.user}" cannot {wanted.verb} path "{wanted.path}"'
            return statuses.StatusError(403, "Forbidden", why, {})
        where = f'in the namespace "{wanted.namespace}"' if wanted.namespace else "at the cluster scope"
        why = (
            f'User "{identity.user}" cannot {wanted.verb} resource "{wanted.full_resource}" '
            f'in API group "{wanted.group}" {where}'
        )
        resource = kinds.Resource(wanted.group, "", wanted.resource, "")
        return statuses.forbidden(resource, wanted.name, why)

    # -- reviews

    def review_self(self, identity: Identity, spec: Obj) -> Obj:
        """The status of a SelfSubjectAccessReview."""
        return self._status(identity, spec)

    def review(self, spec: Obj) -> Obj:
        """The status of a SubjectAccessReview."""
        groups = tuple(spec.get("groups") or ())
        user = str(spec.get("user") or "")
        return self._status(Identity(user, groups, user), spec)

    def _status(self, identity: Identity, spec: Obj) -> Obj:
        if resource := spec.get("resourceAttributes"):
            names = ("verb", "group", "resource", "subresource", "namespace", "name")
            wanted = Attributes(**{name: str(resource.get(name) or "") for name in names})
        else:
            path: Any = spec.get("nonResourceAttributes") or {}
            wanted = Attributes(str(path.get("verb") or ""), path=str(path.get("path") or "/"))
        verdict = self.decide(identity, wanted)
        return {"allowed": verdict.allowed} | ({"reason": verdict.reason} if verdict.reason else {})

    def rules_of(self, identity: Identity, namespace: str) -> Obj:
        """The status of a SelfSubjectRulesReview."""
        rules = [
            rule
            for binding in self.bindings
            if binding.covers(identity) and binding.namespace in ("", namespace)
            for rule in binding.rules
        ]
        return {
            "resourceRules": [rule.as_json() for rule in rules if not rule.paths],
            "nonResourceRules": [rule.as_json() for rule in rules if rule.paths],
            "incomplete": False,
        }


def _path_matches(pattern: str, path: str) -> bool:
    return pattern in {"*", path} or (pattern.endswith("*") and path.startswith(pattern[:-1]))


def account_object(namespace: str, name: str) -> Obj:
    """The ServiceAccount object that stands for an account."""
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}}


def review_answer(review: Obj, status: Obj) -> Obj:
    """A review comes back as it was sent, with a status; nothing is stored."""
    answer: Obj = objects.clone(review)
    metadata = answer.get("metadata") or {}
    return {
        "kind": answer["kind"],
        "apiVersion": answer["apiVersion"],
        "metadata": metadata | {"creationTimestamp": None},
        "spec": answer.get("spec") or {},
        "status": status,
    }
