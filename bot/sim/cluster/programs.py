"""What `exec` runs inside pods: small stand-ins for the programs that runbooks use.

Each acts on the simulated world (a flush flushes, a delete frees the disk). There is no shell, and a program that is
not simulated is refused as a container runtime refuses one that is not in the image.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.sim.cluster import filing, objects, redis
from bot.sim.cluster.images import program_of
from bot.sim.cluster.objects import Obj
from bot.sim.cluster.world import World

NOT_FOUND = 127
NOT_SIMULATED = 126
SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "/bin/sh", "/bin/bash"})
_HEALTH_PORT = "8080"


@dataclass(frozen=True, slots=True)
class Result:
    """What a program wrote and how it ended."""

    out: str = ""
    err: str = ""
    code: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One exec: where, what, and whether the output is a terminal."""

    world: World
    pod: Obj
    container: Obj
    argv: tuple[str, ...]
    is_tty: bool = False

    @property
    def image(self) -> str:
        return program_of(self.container["image"])


def run(call: Call) -> Result:
    """Run a program to its end. Never raises for what the caller asked."""
    name = call.argv[0]
    if name in SHELLS:
        return Result(err=f"{name}: not simulated\n", code=NOT_SIMULATED)
    program = _PROGRAMS.get(name.rpartition("/")[2])
    only_in = _ONLY_IN.get(name)
    if program is None or (only_in is not None and call.image not in only_in):
        why = f'exec: "{name}": executable file not found in $PATH: unknown'
        prefix = "OCI runtime exec failed: exec failed: unable to start container process: "
        return Result(err=f"{prefix}{why}\n", code=NOT_FOUND)
    return program(call)


# -- redis and HTTP


def _redis_cli(call: Call) -> Result:
    out = redis.answer(call.world.conditions, list(call.argv[1:]), is_tty=call.is_tty)
    call.world.store.notify()
    return Result(out=out)


def _curl(call: Call) -> Result:
    """GET of the container's own address: -s -S -f -i -o FILE -w FORMAT -m SECONDS -X METHOD -H HEADER."""
    url, options = "", {"-o": "", "-w": "", "-m": "", "-X": "GET", "-H": ""}
    flags: set[str] = set()
    words = iter(call.argv[1:])
    for word in words:
        if word in options:
            options[word] = next(words, "")
        elif word.startswith("--"):
            flags.add(word)
        elif word.startswith("-"):
            flags |= set(word[1:])
        else:
            url = word
    if not url:
        return Result(err="curl: (2) no URL specified\n", code=2)
    address, _, path = url.removeprefix("http://").partition("/")
    host, _, port = address.partition(":")
    if host not in ("localhost", "127.0.0.1"):
        return Result(err=f"curl: (6) Could not resolve host: {host}\n", code=6)
    if port != _HEALTH_PORT:
        text = f"Failed to connect to {host} port {port or 80} after 0 ms: Couldn't connect to server"
        return Result(err=f"curl: (7) {text}\n", code=7)
    status, body = _respond(call, "/" + path.partition("?")[0])
    if {"f", "--fail"} & flags and status >= 400:
        text = f"curl: (22) The requested URL returned error: {status}\n"
        return Result(err="" if "s" in flags and "S" not in flags else text, code=22)
    shown = "" if options["-o"] == "/dev/null" else body
    if "i" in flags:
        shown = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n\r\n{shown}"
    written = options["-w"].replace("%{http_code}", str(status)).replace("%{response_code}", str(status))
    return Result(out=shown + written.replace("\\n", "\n"))


def _respond(call: Call, path: str) -> tuple[int, str]:
    """What the application in this pod answers on port 8080."""
    if path in ("/health", "/healthz", "/ready"):
        return health(call.world, call.pod)
    if path in ("/", "/version"):
        version = call.container["image"].rpartition(":")[2]
        return 200, objects.compact({"name": call.image, "version": version})
    return 404, objects.compact({"error": "not found"})


def health(world: World, pod: Obj) -> tuple[int, str]:
    """HTTP status and JSON of a pod's health page."""
    app = objects.labels_of(pod).get("app", "")
    body: dict[str, object] = {"status": "ok"}
    if app in ("api-gateway", "user-service"):
        is_down = world.conditions.is_pool_exhausted or not any(map(objects.is_ready, world.pods_of("redis-primary")))
        body["redis"] = "timeout" if is_down else "connected"
        body["status"] = "degraded" if is_down else "ok"
    if objects.uid_of(pod) in world.kubelet.hung:
        body |= {"status": "stuck", "waiting_for": "job lock"}
    return (200 if body["status"] == "ok" else 503), json.dumps(body, separators=(",", ":"))


# -- the small ones


def _ps(call: Call) -> Result:
    rows = ["PID   USER     TIME  COMMAND", f"    1 app       0:04 {call.image}"]
    return Result("\n".join([*rows, f"   42 root      0:00 {' '.join(call.argv)}"]) + "\n")


def _env(call: Call) -> Result:
    pairs = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOSTNAME": objects.name_of(call.pod),
        "KUBERNETES_SERVICE_HOST": "10.96.0.1",
        "KUBERNETES_SERVICE_PORT": "443",
    }
    for one in call.container.get("env") or []:
        pairs[one["name"]] = str(one.get("value", ""))
    return Result("".join(f"{key}={value}\n" for key, value in pairs.items()))


def _date(call: Call) -> Result:
    now = datetime.fromtimestamp(call.world.clock(), tz=UTC)
    return Result(f"{now:%a %b %e %H:%M:%S UTC %Y}\n")


def _echo(call: Call) -> Result:
    words = list(call.argv[1:])
    end = "\n"
    if words[:1] == ["-n"]:
        words, end = words[1:], ""
    return Result(" ".join(words) + end)


def _pg_isready(call: Call) -> Result:
    del call
    return Result("/var/run/postgresql:5432 - accepting connections\n")


def _files(call: Call) -> Result:
    out, err, code = filing.run(call.world.volumes, call.pod, list(call.argv), call.world.clock())
    call.world.store.notify()
    return Result(out, err, code)


_PROGRAMS: dict[str, Callable[[Call], Result]] = {
    "redis-cli": _redis_cli,
    "curl": _curl,
    "pg_isready": _pg_isready,
    "ps": _ps,
    "env": _env,
    "printenv": _env,
    "date": _date,
    "echo": _echo,
    "hostname": lambda call: Result(f"{objects.name_of(call.pod)}\n"),
    "true": lambda _: Result(),
    "false": lambda _: Result(code=1),
} | dict.fromkeys(filing.PROGRAMS, _files)
# Programs that not every image has.
_ONLY_IN: dict[str, frozenset[str]] = {
    "redis-cli": frozenset({"redis"}),
    "pg_isready": frozenset({"postgres"}),
    "curl": frozenset({"api-gateway", "user-service", "checkout", "recommender", "frontend", "worker", "log-archiver"}),
}
