"""Which policies can say anything about a request at all: those whose head names it, or names nothing.

Cedar reads the head of a policy (principal, action, resource) together with its conditions, so leaving out a policy
whose head cannot match changes no answer. Must not know what a policy's conditions say.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import cedarpy

from bot.core.authorization import Action, Entity, Request

KEPT = 256
"""How many slices stay parsed: services times actions, of which few are asked about in one night."""

_Uid = tuple[str, str]
_Policy = Mapping[str, object]


def parsed(text: str) -> Mapping[str, _Policy]:
    """Cedar's own JSON of each policy by its id `policyN`, in the order of the text. Raise ValueError otherwise."""
    policies: Mapping[str, _Policy] = json.loads(cedarpy.policies_to_json_str(text)).get("staticPolicies", {})
    return dict(sorted(policies.items(), key=lambda each: place(each[0])))


def place(policy_id: str) -> int:
    """The place in the text, from 0, that Cedar made the id of."""
    return int(policy_id.removeprefix("policy"))


@dataclass(frozen=True, slots=True)
class _Head:
    """What a policy demands by name; None where it names nothing."""

    principals: frozenset[_Uid] | None
    actions: frozenset[_Uid] | None
    resources: frozenset[_Uid] | None


class Slices:
    """Parsed sets of few policies, made when first asked for and kept."""

    def __init__(self, policies: Mapping[str, _Policy]) -> None:
        self._policies = policies
        self._heads = {
            policy_id: _Head(_names(each["principal"]), _names(each["action"]), _names(each["resource"]))
            for policy_id, each in policies.items()
        }
        self._by_resource: dict[_Uid | None, list[str]] = defaultdict(list)
        for policy_id, head in self._heads.items():
            for name in head.resources if head.resources is not None else [None]:
                self._by_resource[name].append(policy_id)
        self._wanted = lru_cache(maxsize=4 * KEPT)(self._find)
        self._slice = lru_cache(maxsize=KEPT)(self._parse)

    def of(self, request: Request) -> cedarpy.PolicySet:
        """All policies whose head can match this request, under the ids that they have in the whole set."""
        return self._slice(self._wanted(request.principal, request.action, request.resource))

    def _parse(self, wanted: tuple[str, ...]) -> cedarpy.PolicySet:
        chosen = {policy_id: self._policies[policy_id] for policy_id in wanted}
        whole = {"templates": {}, "staticPolicies": chosen, "templateLinks": []}
        return cedarpy.PolicySet.from_json_str(json.dumps(whole))

    def _find(self, principal: Entity, action: Action, resource: Entity) -> tuple[str, ...]:
        """Ids in the order of the text."""
        principals, resources = _lineage(principal), _lineage(resource)
        actions = frozenset([("Action", action.value)])
        near = {each for name in (None, *resources) for each in self._by_resource.get(name, ())}
        heads = ((policy_id, self._heads[policy_id]) for policy_id in sorted(near, key=place))
        return tuple(
            policy_id
            for policy_id, head in heads
            if _can_be(head.principals, principals) and _can_be(head.actions, actions)
        )


def _can_be(demanded: frozenset[_Uid] | None, names: frozenset[_Uid]) -> bool:
    return demanded is None or not demanded.isdisjoint(names)


def _lineage(entity: Entity) -> frozenset[_Uid]:
    """The entity and everything that it is in."""
    found = {(entity.type, entity.id)}
    for parent in entity.parents:
        found |= _lineage(parent)
    return frozenset(found)


def _names(part: object) -> frozenset[_Uid] | None:
    """The entities of which a request must name one, or None for a part that has no such list."""
    if not isinstance(part, Mapping):
        return None
    where = part["in"] if part.get("op") == "is" and isinstance(part.get("in"), Mapping) else part
    listed = where["entities"] if "entities" in where else [where["entity"]] if "entity" in where else None
    if not isinstance(listed, list) or not all(isinstance(each, Mapping) and "type" in each for each in listed):
        return None
    return frozenset((str(each["type"]), str(each["id"])) for each in listed)
