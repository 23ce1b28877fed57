"""What the cluster says about itself: Event objects and container logs.

Both are written by the controllers and read by clients. Knows nothing of why something happened.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.sim.cluster import kinds, objects
from bot.sim.cluster.objects import Obj
from bot.sim.cluster.state import Store

# The kubelet rotates logs at 10 MiB; here the newest lines are kept instead.
MAX_LINES = 2000


class Events:
    """Records events the way client-go's recorder does: a repeated one counts up."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names: dict[tuple[str, str, str], str] = {}

    def record(self, about: Obj, reason: str, message: str, *, source: str, warning: bool = False) -> None:
        namespace = objects.namespace_of(about) or "default"
        key = (objects.uid_of(about), reason, message)
        now = objects.timestamp(self._store.clock())
        known = self._store.find(kinds.EVENTS, namespace, self._names.get(key, ""))
        if known is not None:
            again: Obj = objects.clone(known)
            again |= {"count": known["count"] + 1, "lastTimestamp": now}
            self._store.update(kinds.EVENTS, again)
            return
        name = f"{objects.name_of(about)}.{objects.random_suffix(16)}"
        self._names[key] = name
        self._store.create(
            kinds.EVENTS,
            {
                "kind": "Event",
                "apiVersion": "v1",
                "metadata": {"name": name, "namespace": namespace},
                "involvedObject": _reference(about),
                "reason": reason,
                "message": message,
                "source": {"component": source},
                "firstTimestamp": now,
                "lastTimestamp": now,
                "count": 1,
                "type": "Warning" if warning else "Normal",
                "eventTime": None,
                "reportingComponent": source,
                "reportingInstance": "",
            },
        )


def _reference(about: Obj) -> Obj:
    reference = {
        "kind": about["kind"],
        "namespace": objects.namespace_of(about),
        "name": objects.name_of(about),
        "uid": objects.uid_of(about),
        "apiVersion": about["apiVersion"],
        "resourceVersion": about["metadata"].get("resourceVersion", ""),
    }
    return {key: value for key, value in reference.items() if value}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log: seconds since the epoch and the text without its newline."""

    at: float
    text: str


@dataclass(slots=True)
class ContainerLog:
    """The lines of the running container and of the one before it, if it restarted."""

    lines: list[Line] = field(default_factory=list)
    previous: list[Line] | None = None


class Logs:
    """Container logs by pod UID and container name. `notify` wakes those who follow."""

    def __init__(self, clock: Callable[[], float], notify: Callable[[], None]) -> None:
        self._clock = clock
        self._notify = notify
        self._logs: dict[tuple[str, str], ContainerLog] = {}

    def of(self, uid: str, container: str) -> ContainerLog:
        return self._logs.setdefault((uid, container), ContainerLog())

    def write(self, uid: str, container: str, text: str) -> None:
        log = self.of(uid, container)
        log.lines.append(Line(self._clock(), text))
        del log.lines[:-MAX_LINES]
        self._notify()

    def restart(self, uid: str, container: str) -> None:
        """The container starts anew: its lines become the previous ones."""
        log = self.of(uid, container)
        log.previous, log.lines = log.lines, []

    def forget(self, uid: str) -> None:
        for key in [key for key in self._logs if key[0] == uid]:
            del self._logs[key]
