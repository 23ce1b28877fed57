"""What to write instead of a kubectl command that waits for someone to type, never ends, or copies past the timeline.

Each answer names the very command for the very target, as far as the words tell it. It must not know risk.
"""

import re
import shlex
from collections.abc import Callable, Mapping, Sequence

from bot.core.commands.flags import Reading

_PORT = re.compile(r"(?:\d{0,5}:)?(\d{1,5}|[a-z][a-z0-9-]{0,14})")
_INTERACTIVE = frozenset(["sh", "bash", "ash", "zsh", "/bin/sh", "/bin/bash"])


def instead(verb: str, reading: Reading) -> str:
    """Empty for a verb that needs no other way; otherwise why it is refused and what to write."""
    way = _WAYS.get(verb)
    return way(reading) if way else ""


def _edit(reading: Reading) -> str:
    target = " ".join(reading.words[:2]) or "deployment {name}"
    return (
        "nobody can type into an editor in a step: write "
        f"`kubectl patch {target}{_place(reading)} --type=merge -p '...'`, which shows every field that changes"
    )


def _attach(reading: Reading) -> str:
    target = " ".join(reading.words[:1]) or "{pod}"
    return f"attach follows a process for ever: write `kubectl logs {target}{_place(reading)} --tail=200`"


def _proxy(_: Reading) -> str:
    return "proxy opens the API server to this machine and never ends: write `kubectl get` or `describe` of the object"


def _port_forward(reading: Reading) -> str:
    ports = [found[1] for word in reading.words[1:] if (found := _PORT.fullmatch(word))]
    port = ports[0] if ports else "{port}"
    kind, slash, name = reading.words[0].partition("/") if reading.words else ("", "", "")
    if slash and kind in ("svc", "service", "services"):
        return (
            f"port-forward never ends: write an http step to http://{name}:{port}/..., or "
            f"`kubectl exec deploy/{name}{_place(reading)} -- curl -s localhost:{port}/...`"
        )
    target = reading.words[0] if reading.words else "{pod}"
    return f"port-forward never ends: write `kubectl exec {target}{_place(reading)} -- curl -s localhost:{port}/...`"


def _cp(reading: Reading) -> str:
    source = reading.words[0] if reading.words else ""
    place, colon, path = source.partition(":")
    if not colon:
        return "cp puts a file where no timeline shows it: ship it in the image, a ConfigMap or a manifest"
    namespace, slash, pod = place.rpartition("/")
    where = f" -n {namespace}" if slash else _place(reading)
    return (
        "cp brings files to this machine, where nobody looks: read them in place with "
        f"`kubectl exec {pod or '{pod}'}{where} -- tail -c 4096 {path}`, large ones by hand"
    )


def _run(reading: Reading) -> str:
    command = _command(reading)
    manifest = "write the pod as a manifest beside the runbooks and use `kubectl create -f manifests/{name}.yaml`"
    if command and command[0] not in _INTERACTIVE:
        inner = shlex.join(command)
        return f"run starts any image: write `kubectl exec deploy/{{name}}{_place(reading)} -- {inner}`, or {manifest}"
    return f"run starts any image: {manifest}; to look inside, write `kubectl exec deploy/{{name}} -- COMMAND`"


def _debug(reading: Reading) -> str:
    target = reading.words[0] if reading.words else "{pod}"
    kind, slash, name = target.partition("/")
    if slash and kind in ("node", "nodes", "no"):
        return (
            f"debug opens a node with all its rights: write `kubectl describe node {name}` and `kubectl get events -A "
            f"--field-selector involvedObject.name={name}`; what needs the node itself is done by hand"
        )
    command = _command(reading)
    inner = shlex.join(command) if command and command[0] not in _INTERACTIVE else "COMMAND"
    return f"debug adds a container that stays: write `kubectl exec {target}{_place(reading)} -- {inner}`"


def _rsh(reading: Reading) -> str:
    target = reading.words[0] if reading.words else "{pod}"
    return f"nobody can type into a step: write `kubectl exec {target}{_place(reading)} -- COMMAND`"


def _command(reading: Reading) -> Sequence[str]:
    return reading.after or ()


def _place(reading: Reading) -> str:
    return f" -n {reading.value('namespace')}" if reading.value("namespace") else ""


_WAYS: Mapping[str, Callable[[Reading], str]] = {
    "edit": _edit,
    "attach": _attach,
    "proxy": _proxy,
    "port-forward": _port_forward,
    "cp": _cp,
    "rsync": _cp,
    "run": _run,
    "debug": _debug,
    "rsh": _rsh,
}
