"""Judges an operation: effect, tier, how it may be repeated, what it counts, and every reason in plain words.

The registry gives each kind's base; rules here only ever raise it, and so does the risk that an author declares.
It must not know who asks, what policy says or what the cluster holds.
"""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core import ratings, registry, risk_objects
from bot.core.commands import kubectl, kubectl_flags, nested, placeholders, programs, special
from bot.core.operations import Effect, Family, Json, Judgement, Operation, Replay, Tier, highest
from bot.core.ratings import Rating
from bot.core.registry_kinds import Kind

SEVERAL = 3
"""More named pods than this in one command is a wide change."""

PRODUCTION = frozenset(["production", "prod", "live"])
_SYSTEM_NAMESPACES = ("kube-",)
_NAMING_OUTPUTS = frozenset(["", "wide", "name"])
"""Outputs that show no values; any other may."""

_STARTED: Mapping[str, str] = {"kubernetes.exec": "command", "kubernetes.kubectl_plugin": "argv"}
"""Kinds that only start something, and the argument that says what: that decides."""

Arguments = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class _Rule:
    """When it holds for one of `kinds` (none: for all), the tier is at least `tier` and `reason` is given."""

    tier: Tier
    reason: str
    holds: Callable[[Arguments], bool]
    kinds: frozenset[str] = frozenset()


def _kinds(*names: str) -> frozenset[str]:
    return frozenset(f"kubernetes.{name}" for name in names)


def _names(arguments: Arguments) -> list[Json]:
    names = arguments.get("names")
    return names if isinstance(names, list) else []


def _resources(arguments: Arguments) -> frozenset[str]:
    return frozenset(str(arguments.get("resource", "")).split(","))


def _is_wide(arguments: Arguments) -> bool:
    selects = bool(arguments.get("selector") or arguments.get("field_selector"))
    everything = bool(arguments.get("all") or arguments.get("all_namespaces"))
    return selects or everything or ("name" in arguments and arguments["name"] == "")


def _shows_values(arguments: Arguments) -> bool:
    return str(arguments.get("output", "")) not in _NAMING_OUTPUTS or "template" in arguments


def _may_be_secrets(arguments: Arguments) -> bool:
    """Also a type that is not known yet, or that stands in a file nobody has read."""
    named = str(arguments.get("resource", ""))
    return "secret" in named or "{" in named or not (named or "raw" in arguments)


def _is_stateful(arguments: Arguments) -> bool:
    return bool(_resources(arguments) & {"statefulsets"})


_PODS = _kinds("delete_pod")
_RULES: tuple[_Rule, ...] = (
    _Rule(
        Tier.HIGH,
        "shows the values of secrets",
        lambda a: _may_be_secrets(a) and _shows_values(a),
        _kinds("get"),
    ),
    _Rule(Tier.HIGH, "describes secrets", lambda a: "secrets" in _resources(a), _kinds("describe")),
    _Rule(
        Tier.HIGH,
        "shows a token",
        lambda a: _flag(a, "tty") is not None or _flag(a, "show-token") is not None,
        _kinds("whoami"),
    ),
    _Rule(
        Tier.HIGH,
        "asks the API server for any path",
        lambda a: any(word in str(a.get("raw", "")) for word in ("secret", "proxy", "exec", "token", "{", "$")),
        _kinds("get"),
    ),
    _Rule(Tier.HIGH, "deletes by selector or --all: more pods may match when it runs", _is_wide, _PODS),
    _Rule(Tier.HIGH, f"deletes more than {SEVERAL} pods at once", lambda a: len(_names(a)) > SEVERAL, _PODS),
    _Rule(Tier.HIGH, "kills without a grace period", lambda a: bool(a.get("force")), _PODS),
    _Rule(
        Tier.HIGH,
        "kills without a grace period",
        lambda a: a.get("grace_period_seconds") in (0, 1),
        _PODS,
    ),
    _Rule(
        Tier.HIGH,
        "restarts a stateful set or daemon set: data or every node is touched",
        lambda a: bool(_resources(a) & {"statefulsets", "daemonsets"}),
        _kinds("rollout_restart"),
    ),
    _Rule(
        Tier.HIGH,
        "names no single object: everything of that type is touched",
        _is_wide,
        _kinds("rollout_restart", "scale"),
    ),
    _Rule(
        Tier.HIGH,
        "scales to zero, or to a number that is not known yet: the service may stop",
        lambda a: not isinstance(a.get("replicas"), int) or a.get("replicas") == 0,
        _kinds("scale"),
    ),
    _Rule(Tier.HIGH, "scales a stateful set: its members hold data", _is_stateful, _kinds("scale")),
    _Rule(
        Tier.HIGH,
        "names more than one workload",
        lambda a: "," in str(a.get("name", "")),
        _kinds("scale", "rollout_restart", "cordon", "uncordon"),
    ),
    _Rule(
        Tier.HIGH, "names no single node", lambda a: not a.get("name") or "selector" in a, _kinds("cordon", "uncordon")
    ),
    _Rule(
        Tier.HIGH,
        "shows credentials of the local configuration",
        lambda a: _flag(a, "raw") is not None or _flag(a, "flatten") is not None,
        _kinds("config_view"),
    ),
)


def judge(operation: Operation, *, environment: str = "", raised: Tier = Tier.LOW) -> Judgement:
    """Never raises. `environment` is the incident's; `raised` is what the runbook's author declared."""
    kind = registry.find(operation.kind)
    rating = rate(operation)
    reasons = list(rating.reasons)
    tier = rating.tier
    if rating.effect is not Effect.READ and _is_production(operation, environment) and _is_wide(operation.arguments):
        tier = Tier.HIGH
        reasons.append("a wide change in production")
    if highest(tier, raised) is not tier:
        tier = raised
        reasons.append(f"the runbook declares it {raised.value}")
    return Judgement(
        effect=rating.effect,
        tier=tier,
        replay=_replay(operation, kind, rating),
        is_reversible=rating.effect is Effect.READ or kind.is_reversible,
        counters=dict(rating.counters),
        reasons=(*reasons, *_notes(operation)),
        summary=summarise(operation),
        refused_because=rating.refused,
    )


def rate(operation: Operation, *, depth: int = 0) -> Rating:
    """The operation itself with its filters, before environment and declared risk. `depth` counts nested commands."""
    parts = [_rate_kind(operation, depth)]
    before = _strings(operation.arguments.get("argv"))
    for stage in operation.stages:
        if programs.stage_problem(stage.argv):  # a filter that is allowed only reads what it is given
            parts.append(nested.rate_stage(stage.argv, before=before or ("",), judge=judge_kubectl, depth=depth))
        before = stage.argv
    combined = ratings.combine(parts)
    refused = operation.arguments.get("refused")
    return Rating(combined.effect, combined.tier, combined.reasons, combined.counters, str(refused or combined.refused))


def rate_argv(argv: Sequence[str], *, depth: int = 0) -> Rating:
    """Any command line, whether or not it could be run as a step."""
    return nested.rate(argv, judge=judge_kubectl, depth=depth)


def judge_kubectl(argv: Sequence[str], depth: int) -> Rating | None:
    """The judge that `nested` asks first: kubectl inside a pipe, a script or a wrapper."""
    if not kubectl.is_kubectl(argv):
        return None
    return rate(kubectl.parse(placeholders.open_variables(argv), text=shlex.join(argv)), depth=depth)


# --- one operation ---------------------------------------------------------------------------------------------------


def _rate_kind(operation: Operation, depth: int) -> Rating:
    match operation.family:
        case Family.KUBERNETES:
            return _rate_kubernetes(operation, depth)
        case Family.HTTP:
            return _rate_http(operation)
        case Family.PROGRAM:
            return _rate_program(operation)
        case Family.SQL:
            return _rate_sql(operation)
        case Family.BOT:
            kind = registry.find(operation.kind)
            return Rating(kind.effect, kind.tier, (kind.reason,))


def _rate_kubernetes(operation: Operation, depth: int) -> Rating:
    kind, arguments = registry.find(operation.kind), operation.arguments
    if arguments.get("dry_run"):
        return ratings.reads("asks for a dry run: nothing is stored")
    parts = [Rating(kind.effect, kind.tier, (kind.reason,), _counters(operation, kind), kind.remedy)]
    if started := _STARTED.get(operation.kind):
        inner = rate_argv(_strings(arguments.get(started)), depth=depth + 1)
        refused = inner.refused or kind.remedy
        parts = [Rating(inner.effect, inner.tier, (kind.reason, *inner.reasons), inner.counters, refused)]
    parts += [
        Rating(Effect.READ, rule.tier, (rule.reason,))
        for rule in _RULES
        if operation.kind in rule.kinds and rule.holds(arguments)
    ]
    parts += risk_objects.rate(operation.kind, arguments)
    effect = ratings.combine(parts).effect
    parts += _surroundings(arguments, effect)
    return ratings.combine(parts)


def _surroundings(arguments: Arguments, effect: Effect) -> list[Rating]:
    """What namespace and connection add."""
    found = []
    namespace = str(arguments.get("namespace", ""))
    if effect is not Effect.READ and namespace.startswith(_SYSTEM_NAMESPACES):
        found.append(Rating(Effect.READ, Tier.HIGH, (f"changes {namespace}, which the whole cluster depends on",)))
    if any(name in kubectl_flags.IDENTITY for name in _strings(arguments.get("connection"))):
        found.append(Rating(Effect.READ, Tier.HIGH, ("chooses another identity or server",)))
    return found


def _rate_http(operation: Operation) -> Rating:
    method = str(operation.arguments.get("method", ""))
    argv = _strings(operation.arguments.get("argv"))
    return rate_argv(argv) if argv else special.rate_request(method)


def _rate_program(operation: Operation) -> Rating:
    arguments = operation.arguments
    if operation.kind != "program.run":
        return rate_argv(_strings(arguments.get("argv")))
    effect, tier = Effect(str(arguments["effect"])), Tier(str(arguments["risk"]))
    if effect is not Effect.READ:
        tier = highest(tier, Tier.MEDIUM)
    if arguments.get("is_own"):
        return Rating(effect, tier, ("only prints what it is given",))
    declared = Rating(effect, tier, (f"declared as {effect.value}, {tier.value}, by the operators",))
    known = rate_argv(_strings(arguments.get("argv")))
    return ratings.combine([declared, replace(known, refused="")]) if known.effect is Effect.WRITE else declared


def _rate_sql(operation: Operation) -> Rating:
    kind, arguments = registry.find(operation.kind), operation.arguments
    parts = [Rating(kind.effect, kind.tier, (kind.reason,))]
    parts += [Rating(Effect.READ, Tier.LOW, (reason,)) for reason in _strings(arguments.get("remarks"))]
    if kind.effect is not Effect.READ and arguments.get("is_bounded") is not True:
        parts.append(Rating(Effect.READ, Tier.HIGH, ("nothing bounds what it changes",)))
    if arguments.get("shows_secrets") is True:
        parts.append(Rating(Effect.READ, Tier.HIGH, ("may show secrets",)))
    if kind.effect is not Effect.READ and arguments.get("rehearse") is False:
        parts.append(Rating(Effect.READ, Tier.HIGH, ("is not tried before, so nobody knows how many rows it touches",)))
    return ratings.combine(parts)


def _counters(operation: Operation, kind: Kind) -> Mapping[str, int]:
    if operation.kind == "kubernetes.delete_pod":
        return {"pod_restarts": max(1, len(_names(operation.arguments)))}
    return risk_objects.counters(operation.kind, operation.arguments, kind.counters)


def _replay(operation: Operation, kind: Kind, rating: Rating) -> Replay:
    """Whatever the kind or the author says: what does not only read is never re-run freely."""
    is_read = rating.effect is Effect.READ
    if operation.family is Family.HTTP or operation.kind == "program.run":
        replay = Replay(str(operation.arguments.get("replay", Replay.ONCE)))
    elif is_read:
        return Replay.READ
    else:
        replay = Replay.ONCE if _is_wide(operation.arguments) else kind.replay
    return Replay.ONCE if replay is Replay.READ and not is_read else replay


def _is_production(operation: Operation, environment: str) -> bool:
    return environment.lower() in PRODUCTION or str(operation.arguments.get("namespace", "")).lower() in PRODUCTION


def _notes(operation: Operation) -> tuple[str, ...]:
    return tuple(_strings(operation.arguments.get("notes")))


def _strings(value: Json) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _flag(arguments: Arguments, name: str) -> Json:
    flags = arguments.get("flags")
    return flags.get(name) if isinstance(flags, dict) else None


# --- words -----------------------------------------------------------------------------------------------------------


def summarise(operation: Operation) -> str:
    """One short line in plain words; the exact text stands beside it."""
    arguments = operation.arguments
    namespace = str(arguments.get("namespace", ""))
    places = {True: " in all namespaces", False: f" in {namespace}" if namespace else ""}
    inner = _strings(arguments.get("command")) or _strings(arguments.get("argv"))
    revision = arguments.get("to_revision")
    return registry.find(operation.kind).summary.format(
        what=_targets(arguments, operation.kind),
        where=places[bool(arguments.get("all_namespaces"))],
        inner=shlex.join(inner)[:120] if inner else operation.text[:120],
        revision=f"revision {revision}" if revision else "the revision before",
        replicas=arguments.get("replicas"),
        method=arguments.get("method"),
        url=arguments.get("url"),
        verb=arguments.get("verb"),
        length=arguments.get("length"),
        connection=arguments.get("connection"),
        table=arguments.get("table") or "a table",
        words=" ".join(_strings(arguments.get("words")))[:120],
    )


def target_words(operation: Operation) -> str:
    """The objects and the place that the command line names, empty where it names none."""
    if operation.family is not Family.KUBERNETES:
        return str(operation.arguments.get("url") or operation.arguments.get("table") or "")
    arguments = operation.arguments
    named = _targets(arguments, operation.kind) or " ".join(_strings(arguments.get("words")))[:120]
    place = " in all namespaces" if arguments.get("all_namespaces") else ""
    if not place and arguments.get("namespace"):
        place = f" in {arguments['namespace']}"
    return f"{named}{place}".strip()


_OF_NODES = ("kubernetes.cordon", "kubernetes.uncordon", "kubernetes.drain")


def _targets(arguments: Arguments, kind: str) -> str:
    if manifests := risk_objects.targets(arguments):
        return manifests
    default = "pods" if kind == "kubernetes.delete_pod" else "nodes" if kind in _OF_NODES else ""
    resource = str(arguments.get("resource") or default)
    names = [str(name) for name in _names(arguments)] or [str(arguments.get("name") or "")]
    if names == [""]:
        by = f" with {arguments['selector']}" if arguments.get("selector") else ""
        return f"{'all ' if arguments.get('all') else ''}{resource}{by}"
    singular = resource.removesuffix("s")
    return f"{singular} {names[0]}" if len(names) == 1 else f"{resource} {', '.join(names)}"


# --- the way back ----------------------------------------------------------------------------------------------------
