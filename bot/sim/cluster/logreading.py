"""GET pods/log: which lines of which container a query asks for.

Knows the store and the logs; writes to an aiohttp response only when following.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from bot.sim.cluster import objects, requests, statuses
from bot.sim.cluster.objects import Obj
from bot.sim.cluster.recording import Line
from bot.sim.cluster.world import World


@dataclass(frozen=True, slots=True)
class Wish:
    """The options of PodLogOptions that are served. `since` is seconds since the epoch."""

    container: str
    previous: bool
    timestamps: bool
    follow: bool
    tail: int | None
    since: float | None
    limit_bytes: int | None


def wish(world: World, pod: Obj, query: Mapping[str, str]) -> Wish:
    """Raises 400 for a container that is not there, 422 for numbers out of range."""
    numbers = {name: requests.integer(query, name) for name in ("tailLines", "sinceSeconds", "limitBytes")}
    for name, least in (("tailLines", 0), ("sinceSeconds", 1), ("limitBytes", 1)):
        value = numbers[name]
        if value is not None and value < least:
            why = f"must be greater than {'or equal to 0' if least == 0 else '0'}"
            cause = statuses.invalid_value(name, value, why)
            message = f'PodLogOptions "{objects.name_of(pod)}" is invalid: {cause.field}: {cause.message}'
            details = {"name": objects.name_of(pod), "kind": "PodLogOptions", "causes": [cause.as_json()]}
            raise statuses.StatusError(422, "Invalid", message, details)
    since = None
    if numbers["sinceSeconds"] is not None:
        since = world.clock() - numbers["sinceSeconds"]
    elif query.get("sinceTime"):
        since = _instant(query["sinceTime"])
    return Wish(
        container=choose_container(pod, query.get("container", "")),
        previous=requests.is_true(query, "previous"),
        timestamps=requests.is_true(query, "timestamps"),
        follow=requests.is_true(query, "follow"),
        tail=numbers["tailLines"],
        since=since,
        limit_bytes=numbers["limitBytes"],
    )


def _instant(text: str) -> float:
    try:
        return objects.instant(text)
    except ValueError:
        raise statuses.bad_request(f'parsing time "{text}": invalid syntax') from None


def choose_container(pod: Obj, asked: str) -> str:
    """The named container, or the only one. Raises 400 otherwise."""
    names = [one["name"] for one in pod["spec"]["containers"]]
    if asked:
        if asked not in names:
            raise statuses.bad_request(f"container {asked} is not valid for pod {objects.name_of(pod)}")
        return asked
    if len(names) > 1:
        why = f"a container name must be specified for pod {objects.name_of(pod)}, choose one of: [{' '.join(names)}]"
        raise statuses.bad_request(why)
    return str(names[0])


def container_status(pod: Obj, container: str) -> Obj | None:
    found: list[Obj] = pod["status"].get("containerStatuses") or []
    return next((one for one in found if one["name"] == container), None)


def lines(world: World, pod: Obj, wanted: Wish) -> list[Line]:
    """The lines that are there now. Raises 400 for a container that has not started."""
    log = world.logs.of(objects.uid_of(pod), wanted.container)
    name = objects.name_of(pod)
    status = container_status(pod, wanted.container)
    if wanted.previous:
        # A container in back-off shows its last run as the current one, until it starts again.
        if log.previous is None:
            why = f'previous terminated container "{wanted.container}" in pod "{name}" not found'
            raise statuses.bad_request(why)
        chosen = log.previous
    else:
        _demand_started(name, wanted.container, status)
        chosen = log.lines
    if wanted.since is not None:
        chosen = [line for line in chosen if line.at >= wanted.since]
    if wanted.tail is not None:
        chosen = chosen[len(chosen) - wanted.tail :] if wanted.tail < len(chosen) else chosen
    return list(chosen)


def _demand_started(pod: str, container: str, status: Obj | None) -> None:
    waiting = (status or {}).get("state", {}).get("waiting", {}).get("reason")
    if status is None:
        waiting = "ContainerCreating"
    if waiting in ("ImagePullBackOff", "ErrImagePull"):
        waiting = "trying and failing to pull image"
    elif waiting == "CrashLoopBackOff":
        return
    if waiting:
        why = f'container "{container}" in pod "{pod}" is waiting to start: {waiting}'
        raise statuses.bad_request(why)


def text(chosen: list[Line], wanted: Wish) -> bytes:
    shown = "".join(
        f"{objects.precise_timestamp(line.at)} {line.text}\n" if wanted.timestamps else f"{line.text}\n"
        for line in chosen
    ).encode()
    return shown if wanted.limit_bytes is None else shown[: wanted.limit_bytes]


async def follow(world: World, pod: Obj, wanted: Wish, response: web.StreamResponse) -> None:
    """Write what is there and what comes, until the container ends or the limit is reached."""
    uid = objects.uid_of(pod)
    log = world.logs.of(uid, wanted.container)
    present = lines(world, pod, wanted)
    last = log.lines[-1] if log.lines else None
    budget = wanted.limit_bytes
    with world.store.listening() as changed:
        while True:
            shown = text(present, wanted)
            shown = shown if budget is None else shown[:budget]
            await response.write(shown)
            budget = None if budget is None else budget - len(shown)
            if budget == 0 or world.store.by_uid(uid) is None:
                return
            await changed.wait()
            changed.clear()
            present = _after(log.lines, last)
            last = present[-1] if present else last


def _after(present: list[Line], last: Line | None) -> list[Line]:
    for index in range(len(present) - 1, -1, -1):
        if present[index] is last:
            return present[index + 1 :]
    return list(present)
