"""The operation registry: what is known of each kind of operation, as data.

One table says for each kind its effect, its tier when nothing else is special, how it may be repeated, what it counts
against limits and how to say it in plain words. A kind that is not here is unknown, and unknown is high. A `remedy`
means that the kind is judged but not run. Rules that raise a tier stand in `risk`.
"""

from collections.abc import Mapping

from bot.core import registry_objects, registry_verbs
from bot.core.operations import Effect, Replay, Tier
from bot.core.registry_kinds import SERVER_DRY_RUN as _SERVER_DRY_RUN
from bot.core.registry_kinds import Kind

LOW, MEDIUM, HIGH = Tier.LOW, Tier.MEDIUM, Tier.HIGH


def _read(summary: str, *, promise: str = "Nothing changes: this only reads.", remedy: str = "") -> Kind:
    return Kind(
        Effect.READ, LOW, Replay.READ, summary, "only reads", is_reversible=True, promise=promise, remedy=remedy
    )


_BY_MANIFEST = "Write it as a manifest beside the runbooks and use kubectl create -f manifests/name.yaml."
_SECRETS = dict.fromkeys(("secret", "token"), "Secrets do not belong in a runbook: create it where secrets are kept.")
_BY_PATCH = "Use kubectl patch, which shows every field that changes."
_BY_HAND = "Not offered as a step yet: do it by hand and record it, or use a declared program."


def _hand(tier: Tier, summary: str, reason: str, *, effect: Effect = Effect.WRITE, remedy: str = _BY_HAND) -> Kind:
    return Kind(effect, tier, Replay.ONCE, summary, reason, remedy=remedy)


def _sql(tier: Tier, summary: str, reason: str) -> Kind:
    promise = "It was tried in a transaction that was rolled back; triggers ran, sequences may have moved on."
    return Kind(Effect.WRITE, tier, Replay.ONCE, summary, reason, promise=promise)


KINDS: Mapping[str, Kind] = {
    # --- reads ---
    "kubernetes.get": _read("List {what}{where}"),
    "kubernetes.describe": _read("Describe {what}{where}"),
    "kubernetes.logs": _read("Read the logs of {what}{where}"),
    "kubernetes.top": _read("Show CPU and memory of {what}{where}"),
    "kubernetes.version": _read("Show the versions of client and cluster"),
    "kubernetes.rollout_status": _read("Wait for the rollout of {what}{where}"),
    "kubernetes.rollout_history": _read("List the revisions of {what}{where}"),
    # --- changes that can be run ---
    "kubernetes.exec": Kind(
        Effect.UNKNOWN,
        LOW,  # what runs inside decides
        Replay.ONCE,
        "Run `{inner}` in {what}{where}",
        "runs a command inside a container",
        promise="The container and the permission were checked; what the command does inside is not foreseen.",
    ),
    "kubernetes.delete_pod": Kind(
        Effect.WRITE,
        MEDIUM,
        Replay.IDEMPOTENT,  # the executor deletes with the previewed UID as precondition: a repeat finds it gone
        "Delete {what}{where}",
        "deletes a pod; its controller replaces it",
        promise=_SERVER_DRY_RUN,
    ),
    "kubernetes.rollout_restart": Kind(
        Effect.WRITE,
        MEDIUM,
        Replay.ONCE,
        "Restart the rollout of {what}{where}",
        "replaces all its pods, a few at a time",
        {"pod_restarts": 1},
        undo="none: the restarted pods run the same revision; `rollout undo` goes back to the one before",
        promise=_SERVER_DRY_RUN,
    ),
    "kubernetes.rollout_undo": Kind(
        Effect.WRITE,
        HIGH,
        Replay.ONCE,
        "Roll {what}{where} back to {revision}",
        "puts an older revision into service",
        {"pod_restarts": 1},
        is_reversible=True,
        undo="roll back to the revision that runs now",
        promise=_SERVER_DRY_RUN,
    ),
    "kubernetes.scale": Kind(
        Effect.WRITE,
        MEDIUM,
        Replay.IDEMPOTENT,
        "Scale {what}{where} to {replicas} replicas",
        "changes how many pods run",
        is_reversible=True,
        undo="scale back to the number before",
        promise=_SERVER_DRY_RUN,
    ),
    "kubernetes.cordon": Kind(
        Effect.WRITE,
        MEDIUM,
        Replay.IDEMPOTENT,
        "Keep new pods away from {what}",
        "new pods no longer start on the node; running ones stay",
        is_reversible=True,
        undo="uncordon the node",
        promise=_SERVER_DRY_RUN,
    ),
    "kubernetes.uncordon": Kind(
        Effect.WRITE,
        MEDIUM,
        Replay.IDEMPOTENT,
        "Let new pods start on {what} again",
        "new pods may start on the node again",
        is_reversible=True,
        undo="cordon the node",
        promise=_SERVER_DRY_RUN,
    ),
    "http.request": Kind(
        Effect.UNKNOWN,
        LOW,  # the method decides
        Replay.ONCE,
        "Send {method} {url}",
        "sends one HTTP request",
        promise="The address and the allow-list were checked; what the other side does is not foreseen.",
    ),
    "program.run": Kind(
        Effect.UNKNOWN,
        LOW,  # its declaration decides
        Replay.ONCE,
        "Run `{inner}`",
        "runs a declared program",
        promise="The command line fits its declaration; what the program does is not foreseen.",
    ),
    # --- SQL ---
    "sql.select": _read("Read from {connection}", promise="Nothing changes: the session is read-only."),
    "sql.insert": _sql(MEDIUM, "Add rows to {table} in {connection}", "adds rows"),
    "sql.update": _sql(MEDIUM, "Change rows of {table} in {connection}", "changes the rows that its WHERE picks out"),
    "sql.delete": _sql(HIGH, "Delete rows of {table} in {connection}", "deletes rows; nothing brings them back"),
    "sql.call": _sql(HIGH, "Call a function in {connection}", "calls something that may do anything"),
    "sql.ddl": _sql(HIGH, "Change the tables of {connection}", "changes tables, not rows"),
    "sql.admin": _sql(HIGH, "Administer {connection}", "administers the database"),
    "sql.unknown": _sql(HIGH, "Run a statement in {connection}", "what it does is not known"),
    "bot.checkpoint": Kind(
        Effect.READ,
        MEDIUM,
        Replay.READ,
        "Ask whether to go on",
        "a person must look before it goes on",
        is_reversible=True,
        promise="Nothing is changed: it only asks.",
    ),
    "bot.pause": _read("Let {length} pass", promise="Nothing is changed: it only waits."),
    "program.unlisted": Kind(Effect.UNKNOWN, LOW, Replay.ONCE, "Run `{inner}`", ""),
    # --- kubectl reads that kubectl itself answers ---
    **{
        f"kubernetes.{verb}": _read("Show {verb} {words}")
        for verb in "auth_can_i auth_whoami events explain api_resources api_versions cluster_info".split()  # noqa: SIM905
    },
    "kubernetes.wait": _read("Wait for {words}"),
    "kubernetes.diff": _read(
        "Compare {what}{where} with the cluster",
        promise="Nothing is stored: the API server is asked what an apply would change.",
    ),
    # --- kubectl verbs that are judged, not run ---
    **{
        f"kubernetes.{verb}": _read("Show {verb} {words}", remedy="Not offered as a step yet: use get or describe.")
        for verb in """cluster_info_dump config_view config_get_contexts config_current_context config_get_clusters
        config_get_users options completion kustomize help whoami status adm_top plugin""".split()  # noqa: SIM905
    },
    **registry_objects.KINDS,
    **registry_verbs.KINDS,
    **{
        f"kubernetes.create_{resource}": _hand(
            tier, f"Create {resource} {{words}}", "creates an object", remedy=_SECRETS.get(resource, _BY_MANIFEST)
        )
        for tier, resources in {
            MEDIUM: "service deployment deploy ingress quota poddisruptionbudget pdb",
            HIGH: "secret role rolebinding clusterrole clusterrolebinding serviceaccount sa token cronjob",
        }.items()
        for resource in resources.split()
    },
    "kubernetes.edit": _hand(HIGH, "Edit {words}", "opens an editor on an object", remedy=_BY_PATCH),
    **{
        f"kubernetes.set_{what}": _hand(
            HIGH, f"Set {what} of {{words}}", "changes the pods' template: a new rollout", remedy=_BY_PATCH
        )
        for what in ("selector", "serviceaccount", "subject", "sa", "volume", "volumes")
    },
    "kubernetes.set": _hand(HIGH, "Set {words}", "changes the pods' template: a new rollout", remedy=_BY_PATCH),
    "kubernetes.drain": Kind(
        Effect.WRITE,
        HIGH,
        Replay.ONCE,
        "Move all pods away from {what}",
        "evicts every pod of a node",
        {"nodes_drained": 1},
        undo="uncordon the node; the pods stay where they went",
        promise=_SERVER_DRY_RUN,
    ),
    "kubernetes.run": _hand(HIGH, "Run a pod {words}", "starts any image in the cluster"),
    "kubernetes.debug": _hand(HIGH, "Debug {words}", "starts a container with wide rights beside the workload"),
    "kubernetes.cp": _hand(HIGH, "Copy {words}", "copies files into or out of a container"),
    "kubernetes.port_forward": _hand(
        MEDIUM,
        "Forward a port of {words}",
        "opens a way into the cluster and never ends by itself",
        effect=Effect.READ,
        remedy="Use an exec with curl, or an http step.",
    ),
    "kubernetes.attach": _hand(HIGH, "Attach to {words}", "waits for someone to type", effect=Effect.UNKNOWN),
    "kubernetes.rsh": _hand(HIGH, "Open a shell in {words}", "waits for someone to type", effect=Effect.UNKNOWN),
    "kubernetes.proxy": _hand(HIGH, "Open a proxy", "opens the API server to this machine", effect=Effect.UNKNOWN),
    "kubernetes.auth_reconcile": _hand(HIGH, "Reconcile access rules {words}", "changes who may do what"),
    "kubernetes.certificate_approve": _hand(HIGH, "Approve certificate {words}", "hands out an identity"),
    "kubernetes.certificate_deny": _hand(MEDIUM, "Deny certificate {words}", "refuses an identity"),
    "kubernetes.rollout_latest": _hand(MEDIUM, "Start a rollout of {words}", "starts a new rollout"),
    "kubernetes.rollout_cancel": _hand(MEDIUM, "Cancel the rollout of {words}", "stops a rollout"),
    **{
        f"kubernetes.config_{verb}": _hand(MEDIUM, "Change the local kubectl configuration", "changes local settings")
        for verb in """use_context set_context set_cluster set_credentials delete_context delete_cluster delete_user
        rename_context set unset use""".split()  # noqa: SIM905
    },
}

UNKNOWN = Kind(
    Effect.UNKNOWN,
    HIGH,
    Replay.ONCE,
    "Run `{inner}`",
    "what it does is not known",
    remedy="This is not an operation that is known here: use a known kubectl verb or a declared program.",
)


def find(kind: str) -> Kind:
    """What the registry knows of a kind; the widest answer for one that it does not know."""
    return KINDS.get(kind, UNKNOWN)
