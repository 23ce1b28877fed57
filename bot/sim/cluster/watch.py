"""WATCH: the store's history as a stream of events, from a resourceVersion on.

Knows the store and how to write a line; what a line shows of an object is the caller's choice.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from bot.sim.cluster import objects, statuses
from bot.sim.cluster.kinds import Resource
from bot.sim.cluster.objects import Obj
from bot.sim.cluster.state import Change, Store

# Without timeoutSeconds the real server picks 30 to 60 minutes; any end is legal.
DEFAULT_SECONDS = 1800.0
# The real server sends a bookmark about once a minute and one just before the end.
BOOKMARK_SECONDS = 60.0
_INITIAL_END = "k8s.io/initial-events-end"


@dataclass(frozen=True, slots=True)
class Watch:
    """What one client watches. `show` turns an object into what the client asked to see."""

    resource: Resource
    namespace: str
    matches: Callable[[Obj], bool]
    show: Callable[[Obj], Obj]
    version: str = ""
    timeout_seconds: float = DEFAULT_SECONDS
    bookmarks: bool = False
    sends_initial: bool = False


async def stream(store: Store, watch: Watch, response: web.StreamResponse) -> None:
    """Write events until the timeout or until the client goes."""
    # Without a version, or with 0, a watch begins with what there is.
    starts_fresh = watch.sends_initial or watch.version in ("", "0")
    seen = store.version if starts_fresh else _parsed(watch.version)
    if seen < store.oldest_version:
        refusal = statuses.expired(seen, store.oldest_version)
        await _send(response, "ERROR", refusal.body())
        return
    with store.listening() as changed:
        try:
            async with asyncio.timeout(watch.timeout_seconds):
                if starts_fresh:
                    await _send_present(store, watch, response)
                await _follow(store, watch, response, seen=seen, changed=changed)
        except TimeoutError:
            if watch.bookmarks:
                await _send(response, "BOOKMARK", _bookmark(store, watch.resource))


def _parsed(version: str) -> int:
    try:
        return int(version)
    except ValueError:
        raise statuses.bad_request(f'invalid resource version "{version}"') from None


async def _send_present(store: Store, watch: Watch, response: web.StreamResponse) -> None:
    for obj in store.items(watch.resource, watch.namespace):
        if watch.matches(obj):
            await _send(response, "ADDED", watch.show(obj))
    if watch.sends_initial:
        mark = _bookmark(store, watch.resource)
        mark["metadata"]["annotations"] = {_INITIAL_END: "true"}
        await _send(response, "BOOKMARK", mark)


async def _follow(
    store: Store, watch: Watch, response: web.StreamResponse, *, seen: int, changed: asyncio.Event
) -> None:
    while True:
        changed.clear()
        fresh = [change for change in store.history if change.version > seen]
        for change in fresh:
            seen = change.version
            if (event := _event(change, watch)) is not None:
                await _send(response, *event)
        try:
            async with asyncio.timeout(BOOKMARK_SECONDS):
                await changed.wait()
        except TimeoutError:
            if watch.bookmarks:
                await _send(response, "BOOKMARK", _bookmark(store, watch.resource))


def _event(change: Change, watch: Watch) -> tuple[str, Obj] | None:
    """How this watch sees a change: an object that begins to match is ADDED, one that stops is DELETED."""
    if change.resource is not watch.resource:
        return None
    if watch.namespace and objects.namespace_of(change.obj) != watch.namespace:
        return None
    did = change.before is not None and watch.matches(change.before)
    does = change.type != "DELETED" and watch.matches(change.obj)
    if not did and not does:
        return None
    if did and does:
        return "MODIFIED", watch.show(change.obj)
    return ("ADDED" if does else "DELETED"), watch.show(change.obj)


def _bookmark(store: Store, resource: Resource) -> Obj:
    metadata: Obj = {"resourceVersion": str(store.version), "creationTimestamp": None}
    return {"kind": resource.kind, "apiVersion": resource.group_version, "metadata": metadata}


async def _send(response: web.StreamResponse, type_: str, obj: Obj) -> None:
    line = objects.compact({"type": type_, "object": obj}) + "\n"
    await response.write(line.encode())
