"""The registry's rows for what OpenShift's `oc` adds to kubectl, and for kubectl's plugins: judged, not run."""

from collections.abc import Mapping

from bot.core.operations import Effect, Replay, Tier
from bot.core.registry_kinds import Kind

_BY_KUBECTL = "Not offered as a step: use the kubectl command for it, or do it by hand and record it."
_READ = "Not offered as a step: use get or describe."


def _row(tier: Tier, summary: str, reason: str, *, effect: Effect = Effect.WRITE, remedy: str = _BY_KUBECTL) -> Kind:
    replay = Replay.READ if effect is Effect.READ else Replay.ONCE
    return Kind(effect, tier, replay, summary, reason, remedy=remedy)


KINDS: Mapping[str, Kind] = {
    "kubernetes.kubectl_plugin": _row(
        Tier.LOW,  # what the plugin does decides
        "Run the kubectl plugin {verb} {words}",
        "runs a kubectl plugin",
        effect=Effect.UNKNOWN,
        remedy="kubectl plugins are programs of their own and are not run as steps: declare it, or do it by hand.",
    ),
    "kubernetes.set_env_list": _row(
        Tier.LOW,
        "List the environment of {words}",
        "only reads",
        effect=Effect.READ,
        remedy="Not offered as a step: use kubectl get TYPE NAME -o jsonpath={.spec.template.spec.containers[*].env}.",
    ),
    **{
        f"kubernetes.{verb}": _row(Tier.LOW, f"Show {verb} {{words}}", "only reads", effect=Effect.READ, remedy=_READ)
        for verb in "adm_node_logs adm_release projects process ex adm_verify_image_signature".split()  # noqa: SIM905
    },
    "kubernetes.extract": _row(
        Tier.HIGH,
        "Extract {words}",
        "shows or writes the values of secrets",
        effect=Effect.READ,
        remedy="Secrets do not belong in a timeline: look them up where they are kept.",
    ),
    "kubernetes.adm_inspect": _row(Tier.MEDIUM, "Collect {words}", "writes files on this machine"),
    "kubernetes.adm_must_gather": _row(Tier.HIGH, "Gather everything {words}", "starts pods that may read everything"),
    "kubernetes.project": _row(Tier.MEDIUM, "Change the project to {words}", "changes local settings"),
    "kubernetes.login": _row(Tier.HIGH, "Log in {words}", "chooses another identity or server"),
    "kubernetes.logout": _row(Tier.HIGH, "Log out", "ends the identity that other commands use"),
    **{
        f"kubernetes.{verb}": _row(Tier.MEDIUM, f"{summary} {{words}}", reason)
        for verb, summary, reason in (
            ("start_build", "Start a build of", "starts a build, which may start a rollout"),
            ("cancel_build", "Cancel the build", "stops a build"),
            ("rollout_retry", "Retry the rollout of", "starts a rollout again"),
        )
    },
    **{
        f"kubernetes.{verb}": _row(Tier.HIGH, f"{summary} {{words}}", reason)
        for verb, summary, reason in (
            ("adm_policy", "Change policy", "changes who may do what"),
            ("policy", "Change policy", "changes who may do what"),
            ("adm_groups", "Change groups", "changes who may do what"),
            ("adm_upgrade", "Upgrade", "upgrades the whole cluster"),
            ("adm_prune", "Prune", "deletes what it takes to be unused"),
            ("adm_migrate", "Migrate", "rewrites stored objects"),
            ("adm_reboot_machine_config_pool", "Reboot", "reboots nodes"),
            ("adm_restart_kubelet", "Restart kubelets", "restarts every kubelet that it names"),
            ("new_app", "Create an application", "creates many objects"),
            ("new_project", "Create a project", "creates a namespace"),
            ("new_build", "Create a build", "creates objects that build images"),
            ("import_image", "Import", "may start a rollout of another image"),
            ("tag", "Tag", "may start a rollout of another image"),
            ("rollback", "Roll back", "puts an older revision into service"),
            ("idle", "Idle", "scales to zero: the service stops"),
            ("rsync", "Copy", "copies files into or out of a container"),
            ("registry", "Registry", "changes or shows access to the registry"),
            ("adm_create_bootstrap_project_template", "Create", "creates objects"),
        )
    },
}
