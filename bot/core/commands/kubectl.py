"""kubectl's (and oc's) command line -> an Operation whose arguments are canonical, whatever spelling was used.

Arguments of the kinds that can be run (all keys always there; `?` marks those present only when written):

    kubernetes.get               {resource, names[], namespace, all_namespaces, selector, field_selector, output,
                                  sort_by?, show_labels?, no_headers?}
    kubernetes.describe          {resource, names[], namespace, selector}
    kubernetes.logs              {resource, name, namespace, container, all_containers, previous, tail, since_seconds,
                                  timestamps, selector, limit_bytes}
    kubernetes.exec              {resource, name, namespace, container, command[]}
    kubernetes.rollout_restart | rollout_undo | rollout_status | rollout_history
                                 {resource, name, namespace, to_revision|null, timeout_seconds|null}
    kubernetes.scale             {resource, name, namespace, replicas, current_replicas|null}
    kubernetes.cordon | uncordon {name}
    kubernetes.drain             {name, ignore_daemonsets, delete_emptydir_data, force, grace_period_seconds|null,
                                  timeout_seconds|null, pod_selector}
    kubernetes.top               {resource (pods|nodes), names[], namespace, all_namespaces, selector, sort_by?,
                                  containers?, no_headers?}
    kubernetes.version           {}
    kubernetes.get, events, explain, api_resources, api_versions, cluster_info, auth_can_i, auth_whoami, wait where only
    kubectl itself can answer: {..., kubectl[]} (its command line, written anew): `kubectl_queries`
    delete, delete_pod, label, annotate, taint, patch, rollout pause and resume, autoscale, expose: `kubectl_objects`
    apply, create, replace: `kubectl_files` · set image, env and resources, create of one object: `kubectl_templates`

`resource` is the plural (pods, deployments, ...). `namespace` "" means not given. `tail` and `since_seconds` are a
number or null; `limit_bytes` is always a number. Any kind may carry `notes` (sentences: what was left out and why),
`refused` (why it cannot be run, with the remedy), `connection` (flags that choose cluster or identity) and `dry_run`
true when kubectl was asked for one. Verbs that are judged but not run carry {verb, words[], namespace, flags{}}.
It must not know risk: that is the registry's.
"""

from collections.abc import Sequence

from bot.core import registry
from bot.core.commands import flags, grammars, kubectl_files, kubectl_flags, kubectl_verbs
from bot.core.commands.kubectl_drafts import Built
from bot.core.commands.kubectl_files import Manifests
from bot.core.commands.wordlists import words
from bot.core.operations import Family, Json, Operation

PROGRAMS = frozenset(["kubectl", "oc", "k"])
"""`k` is the customary alias; the operation is typed, so no such program is ever started."""

UNKNOWN = "kubernetes.unknown"

_TWO_WORDS = words("rollout auth config certificate set create cluster-info adm")
"""Verbs whose second word says what happens."""

_ADM = words("drain cordon uncordon taint top")
"""What `oc adm` only repeats of kubectl."""


def is_kubectl(argv: Sequence[str]) -> bool:
    return bool(argv) and argv[0].rsplit("/", 1)[-1] in PROGRAMS


def parse(argv: Sequence[str], *, text: str, manifests: Manifests | None = None) -> Operation:
    """`argv` starts with the program. Never raises: what cannot be run says so in `arguments["refused"]`.

    `manifests` is the content of the files that `-f` may name; without it such a command is judged, not run.
    """
    before, verb, rest = _find_verb(argv[1:])
    prefix = flags.read(before, kubectl_flags.GLOBAL)
    if not verb or prefix.has_unknown or prefix.words or prefix.after is not None:
        return _operation("unknown", kubectl_verbs.unrecognised(argv, prefix), text, connection=[])
    if verb in _TWO_WORDS:
        verb, rest = _join(verb, rest)
    if verb.startswith("adm ") and verb[4:] in _ADM:
        verb = verb[4:]
    builder = kubectl_verbs.BUILDERS.get(verb)
    table = kubectl_flags.VERBS.get(verb, kubectl_flags.OTHER)
    reading = flags.read([*before, *rest], table, command_after=_words_before_command(verb, rest))
    if builder is None:
        kind, built = kubectl_verbs.recognise(verb, reading)
        kind, built = _as_plugin(kind, built, [f"kubectl-{verb}", *rest])
    else:
        kind, built = builder(verb, reading)
        built = kubectl_files.attach(built, manifests)
    return _operation(
        kind, built, text, connection=[name for name in reading.flags if name in kubectl_flags.CONNECTION]
    )


def _as_plugin(kind: str, built: Built, argv: list[str]) -> tuple[str, Built]:
    """kubectl starts the program `kubectl-VERB` for a verb that it does not know itself."""
    if f"kubernetes.{kind}" in registry.KINDS or grammars.verdicts(argv[0], argv[1:]) is None:
        return kind, built
    return "kubectl_plugin", Built({**built.arguments, "argv": [*argv]}, (), built.notes)


def _operation(kind: str, built: Built, text: str, *, connection: list[Json]) -> Operation:
    arguments = dict(built.arguments)
    if connection:
        arguments["connection"] = connection
    if built.notes:
        arguments["notes"] = list(built.notes)
    if built.problems:
        arguments["refused"] = _sentence(built.problems[0])
    known = f"kubernetes.{kind}"
    return Operation(Family.KUBERNETES, known if known in registry.KINDS else UNKNOWN, text, arguments)


def _sentence(problem: str) -> str:
    return problem[:1].upper() + problem[1:] + "."


def _find_verb(tokens: Sequence[str], table: flags.Table = kubectl_flags.GLOBAL) -> tuple[list[str], str, list[str]]:
    """What stands before the verb, the verb, what follows. Only global flags may stand before it."""
    at = 0
    while at < len(tokens) and tokens[at].startswith("-") and tokens[at] != "--":
        flag = table.get(tokens[at])
        at += 2 if flag is not None and flag.form == "value" else 1
    if at >= len(tokens) or tokens[at] == "--":
        return list(tokens), "", []
    return list(tokens[:at]), tokens[at], list(tokens[at + 1 :])


def _join(verb: str, rest: list[str]) -> tuple[str, list[str]]:
    """`rollout -n x restart`: the second word is the first that is not a flag or its value."""
    _, second, after = _find_verb(rest, kubectl_flags.OTHER)
    return (f"{verb} {second}", [*rest[: len(rest) - len(after) - 1], *after]) if second else (verb, rest)


def _words_before_command(verb: str, rest: Sequence[str]) -> int | None:
    """`exec POD COMMAND` without `--` is an old form: it is judged, and refused with the remedy."""
    if verb not in ("exec", "rsh"):
        return None
    has_type = any(token.lower() in ("pod", "pods", "po", "deploy", "deployment") for token in rest[:1])
    return 2 if has_type else 1
