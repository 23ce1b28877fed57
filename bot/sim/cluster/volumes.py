"""The disks of pods: a few files with sizes and times, enough for df, du, ls, find, cat and rm.

A claim's volume outlives its pods, as on a real cluster. Knows nothing of programs or faults.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.sim.cluster import objects
from bot.sim.cluster.objects import Obj

GIB = 1024**3
MIB = 1024**2
ROOT_CAPACITY = 60 * GIB
CLAIM_CAPACITY = 20 * GIB
DAY_SECONDS = 86400.0
ARCHIVE = "/var/log/archive"


@dataclass(slots=True)
class File:
    """`size` in bytes, `modified` in seconds since the epoch; `content` is what `cat` shows."""

    size: int
    modified: float
    content: str = ""


@dataclass(slots=True)
class Volume:
    """A mounted file system."""

    device: str
    mount: str
    capacity: int
    files: dict[str, File] = field(default_factory=dict)

    @property
    def used(self) -> int:
        return sum(file.size for file in self.files.values())

    @property
    def percent(self) -> int:
        """Rounded up, as df does."""
        return -(-100 * self.used // self.capacity)

    def under(self, path: str) -> list[str]:
        """The files at or below this path, in order."""
        base = path.rstrip("/")
        return sorted(name for name in self.files if name == base or name.startswith(f"{base}/"))


class Volumes:
    """Volumes by pod UID for root file systems and by claim for persistent ones."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._roots: dict[str, Volume] = {}
        self._claims: dict[tuple[str, str], Volume] = {}

    def of(self, pod: Obj) -> list[Volume]:
        """The pod's volumes, deepest mounts first, the root last."""
        uid = objects.uid_of(pod)
        if uid not in self._roots:
            self._roots[uid] = self._new_root(pod)
        mounts = pod["spec"]["containers"][0].get("volumeMounts") or []
        paths = {one["name"]: one["mountPath"] for one in mounts}
        found = [
            self.claim(objects.namespace_of(pod), one["persistentVolumeClaim"]["claimName"], paths[one["name"]])
            for one in pod["spec"].get("volumes") or []
            if "persistentVolumeClaim" in one and one["name"] in paths
        ]
        return [*sorted(found, key=lambda one: -len(one.mount)), self._roots[uid]]

    def holding(self, pod: Obj, path: str) -> Volume:
        """The volume that this path lies on."""
        volumes = self.of(pod)
        return next((one for one in volumes if path == one.mount or path.startswith(f"{one.mount}/")), volumes[-1])

    def claim(self, namespace: str, name: str, mount: str) -> Volume:
        key = (namespace, name)
        if key not in self._claims:
            self._claims[key] = Volume(f"/dev/disk/{name}", mount, CLAIM_CAPACITY)
        return self._claims[key]

    def forget(self, present: set[str]) -> None:
        """Drop the root file systems of pods that are gone."""
        for uid in self._roots.keys() - present:
            del self._roots[uid]

    def _new_root(self, pod: Obj) -> Volume:
        now, name = self._clock(), objects.name_of(pod)
        files = {
            "/bin/busybox": File(24 * GIB, now),  # the image layers, as one lump
            "/etc/hostname": File(len(name) + 1, now, f"{name}\n"),
            "/etc/os-release": File(60, now, 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'),
            "/var/log/app.log": File(3 * MIB, now, 'level=info msg="listening on :8080"\n'),
        }
        return Volume("overlay", "/", ROOT_CAPACITY, files)
