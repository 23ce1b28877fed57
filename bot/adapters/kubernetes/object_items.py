"""Which objects a command means, as they are now: by name, by selector, or by the manifests that it holds."""

from collections.abc import Mapping
from typing import Any

from bot.adapters.kubernetes import object_edits, resources
from bot.adapters.kubernetes.access import Need
from bot.adapters.kubernetes.asking import Asked
from bot.adapters.kubernetes.client import Obj
from bot.adapters.kubernetes.cluster import Object, Selection, name_of, namespace_of
from bot.adapters.kubernetes.object_edits import Item
from bot.core.errors import Invalid
from bot.core.previews import Target

MOST_OBJECTS = 50
"""Of one step: each of them is tried dry and shown by name."""

Source = tuple[str, str]
_SOURCES: Mapping[str, Source] = {"create_job": ("cronjobs", "from"), "expose": ("", "name"), "autoscale": ("", "name")}
"""Kinds that read another object first: its type ("" for the operation's own), and the argument that names it."""


def kind_of(asked: Asked) -> str:
    return asked.operation.kind.removeprefix("kubernetes.")


def place(asked: Asked, resource: resources.Resource, named: str = "") -> str:
    """The namespace that counts for one object; empty for what belongs to none."""
    return (named or asked.namespace) if resource.is_namespaced else ""


def source(asked: Asked) -> Object | None:
    """The object that a new one is made from, or is for."""
    known = _SOURCES.get(kind_of(asked))
    if known is None:
        return None
    resource = resources.named(known[0] or asked.text("resource"))
    return Object(resource, place(asked, resource), resources.sound(asked.text(known[1])))


def listed(asked: Asked) -> list[tuple[Object, Obj]]:
    """The objects of manifests, in their order. Invalid where one is not what it says."""
    found = asked.arguments.get("objects")
    entries: list[dict[str, Any]] = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    objects = []
    for one in entries:
        manifest = dict(one["manifest"])
        resource = resources.served(str(one["resource"]), str(manifest.get("apiVersion", "")))
        target = Object(resource, place(asked, resource, str(one["namespace"])), resources.sound(str(one["name"])))
        objects.append((target, manifest))
    return objects


def single(asked: Asked) -> Object | None:
    """The one object that a command names, where it holds no manifest."""
    return asked.object if asked.text("name") else None


def needs(asked: Asked, verb: str) -> list[Need]:
    """Every permission that the command takes, each once."""
    wanted: dict[Need, None] = {}
    first = source(asked)
    if first is not None:
        wanted[Need("get", first.resource, first.namespace)] = None
    if verb == "create":
        made = [target for target, _ in listed(asked)] or [Object(_made(asked), asked.namespace, "")]
        return [*wanted, *dict.fromkeys(Need("create", one.resource, one.namespace) for one in made)]
    targets = listed(asked)
    if targets:
        for target, _ in targets:
            wanted[Need("get", target.resource, target.namespace)] = None
            wanted[Need(verb, target.resource, target.namespace)] = None
        return list(wanted)
    where = "" if asked.flag("all_namespaces") else place(asked, asked.resource)
    by_name = bool(asked.text("name") or asked.words("names"))
    return [Need("get" if by_name else "list", asked.resource, where), Need(verb, asked.resource, where)]


def _made(asked: Asked) -> resources.Resource:
    """The type that a command makes from another object."""
    return resources.named({"expose": "services"}.get(kind_of(asked), asked.text("resource")))


async def meant(asked: Asked) -> list[Item]:
    """Every object as it is now. Invalid, with the remedy, when one is missing or too many match."""
    first = source(asked)
    if first is not None:
        return [await _derived(asked, await asked.cluster.get(first))]
    manifests = listed(asked)
    if manifests:
        creates = object_edits.VERBS.get(kind_of(asked)) == "create"
        return [Item(one, None if creates else await asked.cluster.find(one), manifest) for one, manifest in manifests]
    only = single(asked)
    if only is not None:
        return [Item(only, await asked.cluster.find(only))]
    names = list(dict.fromkeys(asked.words("names")))
    if names:
        resource = asked.resource
        targets = [Object(resource, place(asked, resource), resources.sound(name)) for name in names]
        return [Item(target, await asked.cluster.find(target)) for target in targets]
    return await _selected(asked)


async def _derived(asked: Asked, found: Obj) -> Item:
    """A new object made from another one, or a manifest whose other object is there."""
    match kind_of(asked):
        case "create_job":
            made = object_edits.job(found, resources.sound(asked.text("name")))
        case "expose":
            made = object_edits.service(found, asked)
        case _:
            ((target, manifest),) = listed(asked)
            return Item(target, None, manifest)
    resource = _made(asked)
    return Item(Object(resource, place(asked, resource), str(made["metadata"]["name"])), None, made)


async def _selected(asked: Asked) -> list[Item]:
    resource = asked.resource
    where = "" if asked.flag("all_namespaces") else place(asked, resource)
    wanted = Selection(resource, where, labels=asked.text("selector"), fields=asked.text("field_selector"))
    found = [one for one in await asked.cluster.list(wanted) if not one["metadata"].get("deletionTimestamp")]
    if not found:
        raise Invalid(f"no {resource.plural} match", remedy="check the selector and the namespace")
    if len(found) > MOST_OBJECTS:
        raise Invalid(f"{len(found)} {resource.plural} match, more than {MOST_OBJECTS}", remedy="narrow the selector")
    return [Item(Object(resource, namespace_of(one), name_of(one)), one) for one in found]


async def again(asked: Asked, targets: tuple[Target, ...]) -> list[Item]:
    """The objects of the dry run, as they are now: those, and no others that match by now."""
    if asked.arguments.get("objects") is not None or source(asked) is not None or single(asked) is not None:
        return await meant(asked)
    resource = asked.resource
    found = [Object(resource, one.namespace, one.name) for one in targets]
    return [Item(target, await asked.cluster.find(target)) for target in found]
