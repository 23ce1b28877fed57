"""Builders of the verbs that change a pod template (`set image`, `set env`, `set resources`) or create one object.

Arguments:

    kubernetes.set_image         {resource, name, namespace, images{container or *: image}}
    kubernetes.set_env           {resource, name, namespace, containers[] (none: all), env{NAME: text, null to remove}}
    kubernetes.set_resources     {resource, name, namespace, containers[] (none: all), limits{}, requests{}}
    kubernetes.create_configmap | create_namespace
                                 {namespace, objects[]} as in `kubectl_files`
    kubernetes.create_job        {resource (jobs), name, namespace, from (the cron job)}

It must not know risk, nor what the cluster holds.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from bot.core.commands import kubectl_files, kubectl_objects
from bot.core.commands import kubectl_resources as resources
from bot.core.commands.flags import Reading
from bot.core.commands.kubectl_drafts import PARAMETER, Built, Draft
from bot.core.operations import Json

_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}")
_CONTAINER = re.compile(r"\*|[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,252}")
_QUANTITY = re.compile(r"\d{1,12}(?:\.\d{1,9})?(?:[EPTGMk]i?|Ki|m|u|n|[eE][-+]?\d{1,3})?")
"""Kubernetes quantities: `250m`, `1.5`, `512Mi` (apimachinery, resource.Quantity)."""

_RESOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9./-]{0,62}")
_DATA_KEY = re.compile(r"[-._A-Za-z0-9]{1,253}")


def _target(draft: Draft, words: Sequence[str], verb: str) -> dict[str, Json]:
    resource, name = draft.one(words, allowed=resources.WORKLOADS, what=verb)
    return {"resource": resource, "name": name, "namespace": draft.namespace()}


def _containers(draft: Draft) -> list[Json]:
    """`-c a,b`; none means all of them."""
    value = draft.reading.value("containers")
    names = [name for name in value.split(",") if name not in ("", "*")]
    for name in names:
        if not kubectl_objects.fits(_CONTAINER, name):
            draft.problems.append(f"`{name}` is not a container's name: lower-case letters, digits and dashes")
    return [*names]


def set_image(verb: str, reading: Reading) -> tuple[str, Built]:
    draft = Draft(reading)
    words, pairs, late = kubectl_objects.split_pairs(reading.words, lambda word: "=" in word)
    if late:
        draft.problems.append(f"`{late[0]}` stands behind the first container=image: write the workload before them")
    images: dict[str, Json] = {}
    for pair in pairs:
        container, _, image = pair.partition("=")
        if not kubectl_objects.fits(_CONTAINER, container) or not kubectl_objects.fits(_IMAGE, image):
            draft.problems.append(f"`{pair[:120]}` is not container=image: write for example api=api:1.9.1")
        if container in images:
            draft.problems.append(f"`{container}` is given twice: write it once")
        images[container] = image
    if not images:
        draft.problems.append("no image is given: write container=image")
    arguments = {**_target(draft, words, verb), "images": images}
    draft.note_dry_run(arguments)
    return "set_image", draft.finish(arguments, understood="dry-run output")


def _list_env(reading: Reading) -> tuple[str, Built]:
    arguments: dict[str, Json] = {"verb": "set env", "words": [*reading.words], "namespace": reading.value("namespace")}
    return "set_env_list", Draft(reading).finish(arguments, understood="list output all selector containers")


def set_env(verb: str, reading: Reading) -> tuple[str, Built]:
    changes = {"env", "from", "resolve"} & set(reading.flags)
    changes |= {word for word in reading.words if "=" in word or word.endswith("-")}
    if reading.has("list") and not changes:
        return _list_env(reading)
    draft = Draft(reading)
    words, pairs, late = kubectl_objects.split_pairs(
        reading.words, lambda word: "=" in word or (word.endswith("-") and "/" not in word)
    )
    if late:
        draft.problems.append(f"`{late[0]}` stands behind the first NAME=value: write the workload before them")
    env: dict[str, Json] = {}
    for pair in (*pairs, *(value for name, value in reading.given if name == "env")):
        name, equals, value = pair.partition("=")
        name = name if equals else name.removesuffix("-")
        if not kubectl_objects.fits(_VARIABLE, name):
            draft.problems.append(f"`{name}` is not a variable's name: write NAME=value, or NAME- to remove it")
        if name in env:
            draft.problems.append(f"`{name}` is given twice: write it once")
        env[name] = value if equals else None
    if not env:
        draft.problems.append("no variable is given: write NAME=value to set one, NAME- to remove it")
    arguments = {**_target(draft, words, verb), "containers": _containers(draft), "env": env}
    draft.note_dry_run(arguments)
    return "set_env", draft.finish(arguments, understood="env containers overwrite dry-run output")


def set_resources(verb: str, reading: Reading) -> tuple[str, Built]:
    draft = Draft(reading)
    limits, requests = _quantities(draft, "limits"), _quantities(draft, "requests")
    if not limits and not requests:
        draft.problems.append("nothing is set: write --limits=cpu=500m,memory=512Mi or --requests=...")
    arguments: dict[str, Json] = {
        **_target(draft, reading.words, verb),
        "containers": _containers(draft),
        "limits": limits,
        "requests": requests,
    }
    draft.note_dry_run(arguments)
    return "set_resources", draft.finish(arguments, understood="limits requests containers dry-run output")


def _quantities(draft: Draft, flag: str) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for pair in draft.reading.value(flag).split(",") if draft.reading.value(flag) else ():
        name, _, amount = pair.partition("=")
        is_amount = kubectl_objects.fits(_QUANTITY, amount) or PARAMETER.fullmatch(amount)
        if not kubectl_objects.fits(_RESOURCE_NAME, name) or not is_amount:
            draft.problems.append(f"--{flag} `{pair[:80]}` is not an amount: write for example cpu=500m,memory=512Mi")
        found[name] = amount
    return found


# --- create ----------------------------------------------------------------------------------------------------------


def _named(draft: Draft, what: str) -> str:
    words = draft.reading.words
    if len(words) != 1:
        draft.problems.append(f"create {what} takes exactly one name")
        return ""
    draft.check_names(words)
    return words[0]


def create_configmap(_: str, reading: Reading) -> tuple[str, Built]:
    draft = Draft(reading)
    data: dict[str, Json] = {}
    for key, equals, value in (given.partition("=") for name, given in reading.given if name == "from-literal"):
        if not equals or not kubectl_objects.fits(_DATA_KEY, key):
            draft.problems.append(f"--from-literal `{key[:80]}` is not key=value: write --from-literal=key=value")
        if key in data:
            draft.problems.append(f"`{key}` is given twice: write it once")
        data[key] = value
    for flag in ("from-file", "from-env-file"):
        if flag in reading.flags:
            draft.problems.append(
                f"--{flag} reads a file of the machine: write a manifest and `kubectl create -f "
                f"{kubectl_files.FOLDER}/name.yaml`"
            )
    namespace, content = draft.namespace(), {"data": data} if data else {}
    one = kubectl_files.entry("v1", "ConfigMap", _named(draft, "configmap"), namespace, content=content)
    arguments: dict[str, Json] = {"namespace": namespace, "objects": [one]}
    draft.note_dry_run(arguments)
    known = "from-literal from-file from-env-file dry-run output validate"
    return "create_configmap", draft.finish(arguments, understood=known)


def create_namespace(_: str, reading: Reading) -> tuple[str, Built]:
    draft = Draft(reading)
    one = kubectl_files.entry("v1", "Namespace", _named(draft, "namespace"), "", content={})
    arguments: dict[str, Json] = {"namespace": "", "objects": [one]}
    draft.note_dry_run(arguments)
    return "create_namespace", draft.finish(arguments, understood="dry-run output validate")


def create_job(_: str, reading: Reading) -> tuple[str, Built]:
    draft = Draft(reading)
    source = reading.value("from")
    kind, slash, cron_job = source.partition("/")
    if "image" in reading.flags or reading.after:
        draft.problems.append("a job of any image is not offered: write --from=cronjob/name, or create -f a manifest")
    elif not slash or resources.canonical(kind) != "cronjobs":
        draft.problems.append("--from is missing: write --from=cronjob/name")
    if cron_job:
        draft.check_names([cron_job])
    arguments: dict[str, Json] = {
        "resource": "jobs",
        "name": _named(draft, "job"),
        "namespace": draft.namespace(),
        "from": cron_job,
        **({"image": reading.value("image")} if "image" in reading.flags else {}),
    }
    draft.note_dry_run(arguments)
    return "create_job", draft.finish(arguments, understood="from image dry-run output validate")


BUILDERS: Mapping[str, Callable[[str, Reading], tuple[str, Built]]] = {
    "set image": set_image,
    "set env": set_env,
    "set resources": set_resources,
    "create configmap": create_configmap,
    "create cm": create_configmap,
    "create namespace": create_namespace,
    "create ns": create_namespace,
    "create job": create_job,
    "apply": kubectl_files.build,
    "diff": kubectl_files.build,
    "create": kubectl_files.build,
    "replace": kubectl_files.build,
}
