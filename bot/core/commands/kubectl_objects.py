"""Builders of the verbs that change objects named on the command line: delete, label, annotate, taint, patch, rollout
pause and resume, autoscale, expose.

Arguments (beside `notes`, `refused` and the rest that `kubectl` lists); `?` marks keys that stand there only when
written. Those of manifests stand in `kubectl_files`, those of pod templates and new objects in `kubectl_templates`.

    kubernetes.delete            {resource, names[], namespace, selector, all, field_selector?, force,
                                  grace_period_seconds|null, cascade (background|orphan|foreground), files[]?,
                                  objects[]?}
    kubernetes.delete_pod        {names[], namespace, selector, all, field_selector?, grace_period_seconds|null, force}
    kubernetes.label | annotate  {resource, names[], namespace, all_namespaces, selector, field_selector?, all,
                                  values{key: text, or null to remove it}, overwrite}
    kubernetes.taint             {resource (nodes), names[], selector, all, taints[{key, value, effect}],
                                  removed[{key, effect ("" for any)}], overwrite}
    kubernetes.patch             {resource, name, namespace, form (strategic|merge|json), patch, files[]?}
    kubernetes.rollout_pause | rollout_resume   {resource, name, namespace}
    kubernetes.autoscale         {resource, name, namespace, objects[] (the autoscaler), scales (the workload's type)}
    kubernetes.expose            {resource, name, namespace, service, type, ports[{port, targetPort, protocol}]}

It must not know risk, nor what the cluster holds.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence

from bot.core.commands import kubectl_files
from bot.core.commands import kubectl_resources as resources
from bot.core.commands.flags import Reading
from bot.core.commands.kubectl_drafts import PARAMETER, Built, Draft
from bot.core.operations import Json

_KEY = re.compile(r"(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
"""A qualified name: an optional DNS prefix and a name of at most 63 characters (labels, annotations and taints)."""

_LABEL_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_CASCADES = {"": "background", "true": "background", "false": "orphan"}
_SERVICE_TYPES = ("ClusterIP", "NodePort", "LoadBalancer")
MOST_ANNOTATION_BYTES = 16_384
"""Far below the API's 256 KiB for all annotations: an approval shows it whole."""


def fits(pattern: re.Pattern[str], text: str) -> bool:
    """Whether the text fits, or will when its parameters are filled in."""
    return pattern.fullmatch(PARAMETER.sub("x", text)) is not None


def split_pairs(words: Sequence[str], is_pair: Callable[[str], bool]) -> tuple[list[str], list[str], list[str]]:
    """Resource words, pairs, and resource words that came too late."""
    first = next((at for at, word in enumerate(words) if is_pair(word)), len(words))
    late = [word for word in words[first:] if not is_pair(word)]
    return [*words[:first]], [word for word in words[first:] if is_pair(word)], late


def selected(draft: Draft, names: Sequence[str], what: str) -> dict[str, Json]:
    """Names, or a selector, or all of them: exactly one of these says what is meant."""
    reading = draft.reading
    selector, everything = draft.selector(), reading.has("all")
    fields = draft.selector("field-selector")
    if not names and not selector and not everything and not fields:
        draft.problems.append(f"nothing is named to {what}: write a name, a selector or --all")
    if names and (selector or everything or fields):
        draft.problems.append("names together with a selector or --all: write one of them")
    found: dict[str, Json] = {"names": [*names], "selector": selector, "all": everything}
    return found | ({"field_selector": fields} if fields else {})


# --- delete ----------------------------------------------------------------------------------------------------------


def delete(_: str, reading: Reading) -> tuple[str, Built]:
    draft = Draft(reading)
    paths = kubectl_files.paths(draft)
    resource, names = draft.targets(reading.words) if reading.words else ("", [])
    grace = 1 if reading.has("now") else draft.number("grace-period", least=-1)
    arguments: dict[str, Json] = {
        "namespace": draft.namespace(),
        **(selected(draft, names, "delete") if not paths else {"names": [], "selector": "", "all": False}),
        "grace_period_seconds": None if grace == -1 else grace,
        "force": reading.has("force"),
    }
    draft.note_dry_run(arguments)
    known = "selector field-selector all grace-period force now dry-run interactive timeout output filename cascade"
    if resource == "pods" and not paths:
        if reading.value("cascade") not in ("", "true", "background"):
            draft.problems.append("--cascade means nothing for a pod: leave it out")
        return "delete_pod", draft.finish(arguments, understood=known)
    if paths and reading.words:
        draft.problems.append("a file together with names: write one of them")
    arguments |= {"resource": resource, "cascade": _cascade(draft)}
    arguments |= {"files": [*paths]} if paths else {}
    return "delete", draft.finish(arguments, understood=known)


def _cascade(draft: Draft) -> str:
    value = draft.reading.value("cascade").lower()
    value = _CASCADES.get(value, value)
    if value not in ("background", "orphan", "foreground"):
        draft.problems.append(f"--cascade={value} is not known: write background, orphan or foreground")
    return value


# --- label and annotate ----------------------------------------------------------------------------------------------


def _is_pair(word: str) -> bool:
    return "=" in word or word.endswith("-")


def mark(verb: str, reading: Reading) -> tuple[str, Built]:
    """`label` and `annotate` differ in what a value may be."""
    draft = Draft(reading)
    words, pairs, late = split_pairs(reading.words, _is_pair)
    resource, names = draft.targets(words)
    if late:
        draft.problems.append(f"`{late[0]}` stands behind the first key=value: write all names before them")
    arguments: dict[str, Json] = {
        "resource": resource,
        "namespace": draft.namespace(),
        "all_namespaces": reading.has("all-namespaces"),
        **selected(draft, names, verb),
        "values": _values(draft, pairs, is_label=verb == "label"),
        "overwrite": reading.has("overwrite"),
    }
    if names and arguments["all_namespaces"]:
        draft.problems.append("names in all namespaces: write one namespace, or a selector")
    draft.note_dry_run(arguments)
    known = "selector field-selector all all-namespaces overwrite dry-run output"
    return verb, draft.finish(arguments, understood=known)


def _values(draft: Draft, pairs: Sequence[str], *, is_label: bool) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        key = key if equals else key.removesuffix("-")
        if not fits(_KEY, key):
            draft.problems.append(f"`{key}` is not a key: write name=value or prefix/name=value")
        if key in found:
            draft.problems.append(f"`{key}` is given twice: write it once")
        if equals and is_label and not fits(_LABEL_VALUE, value):
            draft.problems.append(f"`{value[:80]}` is not a label's value: at most 63 letters, digits, dots and dashes")
        if len(value.encode()) > MOST_ANNOTATION_BYTES:
            draft.problems.append(f"the value of `{key}` is longer than {MOST_ANNOTATION_BYTES} bytes: shorten it")
        found[key] = value if equals else None
    if not found:
        draft.problems.append("no key is given: write key=value to set one, key- to remove it")
    return found


# --- taint -----------------------------------------------------------------------------------------------------------


def taint(_: str, reading: Reading) -> tuple[str, Built]:
    draft = Draft(reading)
    words, pairs, late = split_pairs(reading.words, lambda word: ":" in word or _is_pair(word))
    resource, names = draft.targets(words)
    if resource and resource != "nodes":
        draft.problems.append("taint works on nodes only")
    if late:
        draft.problems.append(f"`{late[0]}` stands behind the first taint: write all nodes before them")
    added: list[Json] = []
    removed: list[Json] = []
    for pair in pairs:
        _taint(draft, pair, added, removed)
    if not pairs:
        draft.problems.append("no taint is given: write key=value:NoSchedule to set one, key:NoSchedule- to remove it")
    arguments: dict[str, Json] = {
        "resource": "nodes",
        **selected(draft, names, "taint"),
        "taints": added,
        "removed": removed,
        "overwrite": reading.has("overwrite"),
    }
    draft.note_dry_run(arguments)
    return "taint", draft.finish(arguments, understood="selector all overwrite dry-run output")


def _taint(draft: Draft, text: str, added: list[Json], removed: list[Json]) -> None:
    """`key=value:Effect`, `key:Effect`, `key:Effect-`, `key-`."""
    is_removal = text.endswith("-")
    pair, _, effect = text.removesuffix("-").partition(":")
    key, _, value = pair.partition("=")
    if not fits(_KEY, key) or not fits(_LABEL_VALUE, value) or (is_removal and "=" in pair):
        draft.problems.append(f"`{text}` is not a taint: write key=value:NoSchedule, or key:NoSchedule- to remove it")
    elif effect not in _EFFECTS and (effect or not is_removal):
        draft.problems.append(f"`{text}` has no known effect: write {', '.join(_EFFECTS)}")
    if is_removal:
        removed.append({"key": key, "effect": effect})
    else:
        added.append({"key": key, "value": value, "effect": effect})


# --- patch -----------------------------------------------------------------------------------------------------------


def patch(_: str, reading: Reading) -> tuple[str, Built]:
    draft = Draft(reading)
    resource, name = draft.one(reading.words, allowed=resources.KNOWN, what="patch")
    form = reading.value("type") or "strategic"
    if form not in ("strategic", "merge", "json"):
        draft.problems.append(f"--type {form} is not known: write strategic, merge or json")
    paths = kubectl_files.paths(draft, flag="patch-file")
    given = reading.value("patch")
    arguments: dict[str, Json] = {
        "resource": resource,
        "name": name,
        "namespace": draft.namespace(),
        "form": form,
        "patch": _inline(draft, given),
    }
    if paths:
        arguments["files"] = [*paths]
    if bool(paths) is bool(given):
        draft.problems.append("exactly one of -p and --patch-file says what is to change")
    if not paths:
        draft.problems.extend(kubectl_files.patch_problems(arguments))
    draft.note_dry_run(arguments)
    return "patch", draft.finish(arguments, understood="type patch patch-file dry-run output")


def _inline(draft: Draft, text: str) -> Json:
    """The patch as JSON; a template's parameters count as numbers where they stand alone, for its shape's sake."""
    if not text:
        return None
    for attempt in (text, PARAMETER.sub("0", text)):
        try:
            found: Json = json.loads(attempt)
        except (ValueError, RecursionError):
            continue
        return found
    draft.problems.append("the patch is not JSON: write -p '{\"spec\": ...}', or put YAML in a file for --patch-file")
    return None


# --- rollout pause and resume ----------------------------------------------------------------------------------------


def hold(verb: str, reading: Reading) -> tuple[str, Built]:
    draft = Draft(reading)
    resource, name = draft.one(reading.words, allowed=frozenset(["deployments"]), what=verb)
    arguments: dict[str, Json] = {"resource": resource, "name": name, "namespace": draft.namespace()}
    draft.note_dry_run(arguments)
    return verb.replace(" ", "_"), draft.finish(arguments, understood="dry-run output")


# --- autoscale -------------------------------------------------------------------------------------------------------

_SCALED: Mapping[str, str] = {
    "deployments": "Deployment",
    "statefulsets": "StatefulSet",
    "replicasets": "ReplicaSet",
}


def autoscale(_: str, reading: Reading) -> tuple[str, Built]:
    draft = Draft(reading)
    resource, name = draft.one(reading.words, allowed=frozenset(_SCALED), what="autoscale")
    least, most, percent = draft.number("min", least=1), draft.number("max", least=1), draft.number("cpu-percent")
    if "max" not in reading.flags:
        draft.problems.append("--max is missing: write the highest number of pods")
    if least is not None and most is not None and least > most:
        draft.problems.append(f"--min={least} is more than --max={most}: write a lower one")
    arguments: dict[str, Json] = {
        "resource": resource,
        "name": name,
        "namespace": draft.namespace(),
        "scales": resource,
    }
    scaler: dict[str, Json] = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": _SCALED.get(resource, ""), "name": name},
        "maxReplicas": most,
        **({"minReplicas": least} if least is not None else {}),
        **({"metrics": [_cpu(percent)]} if percent else {}),
    }
    called = reading.value("name") or name
    draft.check_names([called])
    arguments["objects"] = [
        kubectl_files.entry(
            "autoscaling/v2", "HorizontalPodAutoscaler", called, draft.namespace(), content={"spec": scaler}
        )
    ]
    draft.note_dry_run(arguments)
    return "autoscale", draft.finish(arguments, understood="min max cpu-percent name dry-run output")


def _cpu(percent: int) -> Json:
    target: Json = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


# --- expose ----------------------------------------------------------------------------------------------------------


def expose(_: str, reading: Reading) -> tuple[str, Built]:
    draft = Draft(reading)
    allowed = frozenset(["deployments", "replicasets", "services"])
    resource, name = draft.one(reading.words, allowed=allowed, what="expose")
    kind, protocol = reading.value("type") or "ClusterIP", reading.value("protocol").upper() or "TCP"
    port, target = draft.number("port", least=1), reading.value("target-port")
    if "port" not in reading.flags:
        draft.problems.append("--port is missing: write the port that the service listens on")
    if kind not in _SERVICE_TYPES:
        draft.problems.append(f"--type {kind} is not known: write {', '.join(_SERVICE_TYPES)}")
    if protocol not in ("TCP", "UDP", "SCTP"):
        draft.problems.append(f"--protocol {protocol} is not known: write TCP, UDP or SCTP")
    if target and not re.fullmatch(r"[a-z0-9-]{1,15}", target) and not PARAMETER.fullmatch(target):
        draft.problems.append(f"--target-port `{target}` is not a port: write a number or a port's name")
    service = reading.value("name") or name
    draft.check_names([service])
    there: Json = int(target) if target.isdigit() else target or port
    arguments: dict[str, Json] = {
        "resource": resource,
        "name": name,
        "namespace": draft.namespace(),
        "service": service,
        "type": kind,
        "ports": [{"port": port, "targetPort": there, "protocol": protocol}],
    }
    draft.note_dry_run(arguments)
    return "expose", draft.finish(arguments, understood="port target-port name type protocol dry-run output")


BUILDERS: Mapping[str, Callable[[str, Reading], tuple[str, Built]]] = {
    "delete": delete,
    "label": mark,
    "annotate": mark,
    "taint": taint,
    "patch": patch,
    "rollout pause": hold,
    "rollout resume": hold,
    "autoscale": autoscale,
    "expose": expose,
}
