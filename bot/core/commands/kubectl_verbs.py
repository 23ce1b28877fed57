"""One builder per kubectl verb: flags and words that were read -> kind and canonical arguments.

The arguments are listed in `kubectl`. What a builder cannot express it names as a problem, never drops silently.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot.core.commands import flags, kubectl_drafts, kubectl_objects, kubectl_queries, kubectl_templates, kubectl_ways
from bot.core.commands import kubectl_resources as resources
from bot.core.commands.flags import Reading
from bot.core.commands.kubectl_drafts import Built, Draft
from bot.core.operations import Json

DEFAULT_TAIL = 500
"""Lines of log read when the runbook gives no bound: about what a person scans on a phone, and one API page."""

MAX_LOG_BYTES = 1_048_576
"""Logs beyond 1 MiB are cut by the API server itself (`limitBytes`)."""

_OUTPUTS = ("", "wide", "json", "yaml", "name")
_OUTPUT_PREFIXES = ("jsonpath=", "custom-columns=")

Builder = Callable[[str, Reading], tuple[str, Built]]


# --- reads -----------------------------------------------------------------------------------------------------------


def _optional(draft: Draft, *names: str) -> dict[str, Json]:
    """Keys that are there only when written: switches as true, values as text."""
    found: dict[str, Json] = {}
    for name in names:
        value = draft.reading.value(name)
        if value and draft.reading.has(name):
            found[name.replace("-", "_")] = True if value.lower() in ("true", "t", "1") else value
    return found


def _get(_: str, reading: Reading) -> tuple[str, Built]:
    if kubectl_queries.is_beyond(reading):
        return "get", kubectl_queries.get(reading)
    draft = Draft(reading)
    resource, names = ("", []) if "raw" in reading.flags else draft.targets(reading.words)
    output = reading.value("output")
    if output not in _OUTPUTS and not output.startswith(_OUTPUT_PREFIXES):
        draft.problems.append(f"-o {output} is not supported: use wide, json, yaml, name, jsonpath= or custom-columns=")
    draft.drop("watch", "reads once instead of watching for ever")
    draft.drop("watch-only", "reads once instead of watching for ever")
    arguments: dict[str, Json] = {
        "resource": resource,
        "names": [*names],
        "namespace": draft.namespace(),
        "all_namespaces": reading.has("all-namespaces"),
        "selector": draft.selector(),
        "field_selector": draft.selector("field-selector"),
        "output": output,
        **_optional(draft, "sort-by", "show-labels", "no-headers", "template"),
    }
    if "raw" in reading.flags:
        arguments["raw"] = reading.value("raw")
    known = "all-namespaces selector field-selector output sort-by show-labels no-headers watch watch-only"
    return "get", draft.finish(arguments, understood=known)


def _describe(_: str, reading: Reading) -> tuple[str, Built]:
    draft = Draft(reading)
    resource, names = draft.targets(reading.words)
    arguments: dict[str, Json] = {
        "resource": resource,
        "names": [*names],
        "namespace": draft.namespace(),
        "selector": draft.selector(),
    }
    return "describe", draft.finish(arguments, understood="selector")


def _logs(_: str, reading: Reading) -> tuple[str, Built]:
    draft = Draft(reading)
    words = list(reading.words)
    container = reading.value("container") or (words.pop() if len(words) == 2 and "/" not in words[1] else "")
    selector = draft.selector()
    resource, name = "pods", ""
    if words:
        resource, name = draft.one(
            words if "/" in words[0] else ["pods", *words], allowed=resources.WITH_PODS, what="logs"
        )
    elif not selector:
        draft.problems.append("no pod is named: write a pod, deployment/name or a selector")
    draft.drop("follow", "reads what is there once instead of following for ever")
    tail, since = draft.number("tail", least=-1), draft.seconds("since")
    if (tail is None and since is None) or tail == -1:
        tail = DEFAULT_TAIL
        draft.notes.append(f"reads the last {DEFAULT_TAIL} lines: without --tail the log has no bound")
    arguments: dict[str, Json] = {
        "resource": resource,
        "name": name,
        "namespace": draft.namespace(),
        "container": container,
        "all_containers": reading.has("all-containers"),
        "previous": reading.has("previous"),
        "tail": tail,
        "since_seconds": since,
        "timestamps": reading.has("timestamps"),
        "selector": selector,
        "limit_bytes": min(draft.number("limit-bytes", least=1) or MAX_LOG_BYTES, MAX_LOG_BYTES),
    }
    known = "container all-containers previous tail since timestamps selector limit-bytes follow"
    return "logs", draft.finish(arguments, understood=known)


def _top(_: str, reading: Reading) -> tuple[str, Built]:
    draft = Draft(reading)
    resource, names = draft.targets(reading.words)
    if resource and resource not in ("pods", "nodes"):
        draft.problems.append("top works on pods and nodes")
    arguments: dict[str, Json] = {
        "resource": resource,
        "names": [*names],
        "namespace": draft.namespace(),
        "all_namespaces": reading.has("all-namespaces"),
        "selector": draft.selector(),
        **_optional(draft, "sort-by", "containers", "no-headers"),
    }
    return "top", draft.finish(arguments, understood="all-namespaces selector sort-by containers no-headers")


def _version(_: str, reading: Reading) -> tuple[str, Built]:
    return "version", Draft(reading).finish({}, understood="client output short")


# --- exec ------------------------------------------------------------------------------------------------------------


def _exec(_: str, reading: Reading) -> tuple[str, Built]:
    draft = Draft(reading)
    words = list(reading.words)
    typed = words if len(words) != 1 or "/" in words[0] else ["pods", *words]
    resource, name = draft.one(typed, allowed=resources.WITH_PODS, what="exec")
    if not reading.after:
        draft.problems.append("no command stands behind `--`: write `-- command arguments`")
    for switch, short in (("stdin", "-i"), ("tty", "-t")):
        draft.drop(switch, f"{short} is left out: nobody can type into a step")
    arguments: dict[str, Json] = {
        "resource": resource,
        "name": name,
        "namespace": draft.namespace(),
        "container": reading.value("container"),
        "command": [*(reading.after or ())],
    }
    return "exec", draft.finish(arguments, understood="container stdin tty")


def _rsh(verb: str, reading: Reading) -> tuple[str, Built]:
    """`oc rsh POD COMMAND` is an exec; without a command it is a shell that waits for someone."""
    if not reading.after:
        return recognise(verb, reading)
    kept = tuple(problem for problem in reading.problems if problem != flags.BEHIND_DASHES)
    return _exec(verb, replace(reading, problems=kept))


# --- writes ----------------------------------------------------------------------------------------------------------


def _rollout(verb: str, reading: Reading) -> tuple[str, Built]:
    draft = Draft(reading)
    resource, name = draft.one(reading.words, allowed=resources.WORKLOADS, what=verb)
    revision = draft.number("to-revision" if "to-revision" in reading.flags else "revision")
    arguments: dict[str, Json] = {
        "resource": resource,
        "name": name,
        "namespace": draft.namespace(),
        "to_revision": revision or None,
        "timeout_seconds": draft.seconds("timeout"),
        **_optional(draft, "selector", "all", "all-namespaces"),
    }
    if verb in ("rollout undo", "rollout restart"):
        draft.note_dry_run(arguments)
    if verb == "rollout status" and "revision" in reading.flags:
        draft.problems.append("--revision is not supported for rollout status: leave it out")
    return verb.replace(" ", "_"), draft.finish(arguments, understood="to-revision revision timeout watch dry-run")


def _scale(_: str, reading: Reading) -> tuple[str, Built]:
    draft = Draft(reading)
    allowed = frozenset(["deployments", "statefulsets", "replicasets"])
    resource, name = draft.one(reading.words, allowed=allowed, what="scale")
    if "replicas" not in reading.flags:
        draft.problems.append("--replicas is missing: write the wanted number")
    current = draft.number("current-replicas", least=-1)
    replicas: Json = draft.number("replicas")
    if replicas is None and kubectl_drafts.PARAMETER.fullmatch(reading.value("replicas")):
        replicas = reading.value("replicas")  # a parameter that is not filled in yet
    arguments: dict[str, Json] = {
        "resource": resource,
        "name": name,
        "namespace": draft.namespace(),
        "replicas": replicas,
        "current_replicas": None if current == -1 else current,
        **_optional(draft, "selector", "all", "all-namespaces"),
    }
    draft.note_dry_run(arguments)
    return "scale", draft.finish(arguments, understood="replicas current-replicas dry-run timeout record")


def _node(draft: Draft, verb: str) -> str:
    words = draft.reading.words
    names = [word.partition("/")[2] if word.startswith(("node/", "nodes/", "no/")) else word for word in words]
    return draft.one(["nodes", *names], allowed=frozenset(["nodes"]), what=verb)[1]


def _cordon(verb: str, reading: Reading) -> tuple[str, Built]:
    draft = Draft(reading)
    arguments: dict[str, Json] = {"name": _node(draft, verb), **_optional(draft, "selector")}
    draft.note_dry_run(arguments)
    return verb, draft.finish(arguments, understood="dry-run")


def _drain(verb: str, reading: Reading) -> tuple[str, Built]:
    draft = Draft(reading)
    name = _node(draft, verb)
    if reading.has("disable-eviction"):
        draft.problems.append("--disable-eviction goes round the disruption budgets: leave it out")
    grace = draft.number("grace-period", least=-1)
    arguments: dict[str, Json] = {
        "name": name,
        "ignore_daemonsets": reading.has("ignore-daemonsets"),
        "delete_emptydir_data": reading.has("delete-emptydir-data") or reading.has("delete-local-data"),
        "force": reading.has("force"),
        "grace_period_seconds": None if grace == -1 else grace,
        "timeout_seconds": draft.seconds("timeout"),
        "pod_selector": draft.selector("pod-selector"),
        **_optional(draft, "selector"),
    }
    draft.note_dry_run(arguments)
    known = """ignore-daemonsets delete-emptydir-data delete-local-data force grace-period timeout pod-selector dry-run
        disable-eviction"""
    return verb, draft.finish(arguments, understood=known)


BUILDERS: Mapping[str, Builder] = {
    "get": _get,
    "describe": _describe,
    "logs": _logs,
    "exec": _exec,
    "rsh": _rsh,
    "top": _top,
    "version": _version,
    "rollout restart": _rollout,
    "rollout undo": _rollout,
    "rollout status": _rollout,
    "rollout history": _rollout,
    "scale": _scale,
    "cordon": _cordon,
    "uncordon": _cordon,
    "drain": _drain,
    **kubectl_queries.BUILDERS,
    **kubectl_objects.BUILDERS,
    **kubectl_templates.BUILDERS,
}


def recognise(verb: str, reading: Reading) -> tuple[str, Built]:
    """A verb that is judged but not run: the registry knows its kind, or it is `unknown` there."""
    dry_run = reading.value("dry-run") in ("true", "client", "server", "unchanged")
    arguments: dict[str, Json] = {
        "verb": verb,
        "words": [*reading.words, *(reading.after or ())],
        "namespace": reading.value("namespace"),
        "flags": {name: value for name, value in sorted(reading.flags.items()) if name != "namespace"},
        **({"dry_run": True} if dry_run else {}),
    }
    way = kubectl_ways.instead(verb, reading)
    problems = (*kubectl_drafts.connection_problems(reading), *([way] if way else ()), *reading.problems)
    return verb.replace(" ", "_").replace("-", "_"), Built(arguments, problems)


def unrecognised(argv: Sequence[str], prefix: Reading) -> Built:
    problems = (
        *prefix.problems,
        "no kubectl verb was found: write `kubectl verb resource name`, flags behind the verb",
    )
    return Built({"verb": "", "words": [*argv[1:]], "namespace": "", "flags": {}}, problems)
