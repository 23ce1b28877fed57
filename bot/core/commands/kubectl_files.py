"""Manifests: the files that kubectl commands name, and the objects inside them.

A file is named by its path below the folder of runbooks; its content is read with the runbook, handed in here as JSON
documents, and becomes part of the operation, so that it is shown, bound by the digest and exactly what is sent. No file
is read here. Arguments:

    kubernetes.apply | create | replace | diff
                                 {files[], namespace, objects[]}
    an object                    {resource, name, namespace ("" for the default or none), manifest{}}

`objects` is missing while the content is not known. Parameters are not filled in inside manifests.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from bot.core.commands import kubectl_resources as resources
from bot.core.commands.flags import Reading
from bot.core.commands.kubectl_drafts import Built, Draft
from bot.core.operations import Json

Manifests = Mapping[str, tuple[Json, ...]]
"""The documents of each file, by its path below the folder of runbooks."""

MOST_OBJECTS = 20
"""Objects of one command: what a person can look through on a phone before pressing a button."""

MOST_BYTES = 64 * 1024
"""Of one command's objects as JSON: they are stored with every plan, and shown."""

FOLDER = "manifests"
"""Where files for kubectl stand, so that they are not read as runbooks."""

_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}(?:/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}){0,9}")
"""No part begins with a dot or a dash, so neither `..` nor an absolute path nor stdin nor a URL fits."""

_SUFFIXES = (".yaml", ".yml", ".json")
_SERVERS_OWN = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink")
_SECRET_PARTS = ("data", "stringData")
_HOLDING = ("", "/metadata", "/metadata/uid", "/metadata/resourceVersion")
_JSON_PATCH = frozenset(["add", "remove", "replace", "move", "copy", "test"])


def paths(draft: Draft, flag: str = "filename") -> list[str]:
    """The files that a command names; each that may not be read is a problem."""
    reading = draft.reading
    if "kustomize" in reading.flags:
        draft.problems.append("-k builds from many files: render it once with `kubectl kustomize` and use -f on that")
    found = [path for name, value in reading.given if name == flag for path in value.split(",")]
    for path in found:
        if not is_path(path):
            draft.problems.append(
                f"`{path[:80]}` is not a file of the runbooks: write the path of a .yaml or .json file "
                f"below the folder of runbooks, such as {FOLDER}/name.yaml (no URL, no stdin, no `..`)"
            )
    return found


def is_path(text: str) -> bool:
    """Whether it can only mean a YAML or JSON file below the folder of runbooks."""
    return _PATH.fullmatch(text) is not None and text.endswith(_SUFFIXES)


def build(verb: str, reading: Reading) -> tuple[str, Built]:
    """`apply`, `create`, `replace` and `diff` of files."""
    draft = Draft(reading)
    found = paths(draft)
    if not found:
        draft.problems.append(f"no file is named: write -f {FOLDER}/name.yaml")
    if reading.words:
        draft.problems.append(f"`{reading.words[0]}` is not understood: {verb} takes files only")
    if reading.has("force-conflicts"):
        draft.problems.append("--force-conflicts takes fields away from who manages them: leave it out")
    if reading.has("force"):
        draft.problems.append("--force deletes and creates anew: write a delete and a create step")
    if reading.has("prune"):
        draft.problems.append("--prune deletes what the file does not name: write a delete step")
    arguments: dict[str, Json] = {"files": [*found], "namespace": draft.namespace()}
    draft.note_dry_run(arguments)
    draft.drop("server-side", "--server-side is how every apply is done here")
    known = "filename kustomize server-side force-conflicts force prune dry-run output validate timeout"
    return verb, draft.finish(arguments, understood=known)


# --- content ---------------------------------------------------------------------------------------------------------


def attach(built: Built, manifests: Manifests | None) -> Built:
    """The same command with the content of its files; unknown content refuses it."""
    files = built.arguments.get("files")
    if not isinstance(files, list) or not files or built.problems:
        return built
    names = [str(path) for path in files]
    unknown = [path for path in names if path not in (manifests or {})]
    if unknown:
        why = f"the content of {unknown[0]} is not known here: use it in a runbook, with the file below its folder"
        return Built(built.arguments, (*built.problems, why), built.notes)
    documents = [(path, document) for path in names for document in (manifests or {})[path]]
    arguments = dict(built.arguments)
    if "patch" in arguments:
        arguments["patch"] = documents[0][1] if len(documents) == 1 else None
        problems = patch_problems(arguments)
    else:
        arguments["objects"], problems = _objects(documents, str(arguments.get("namespace", "")))
    return Built(arguments, (*built.problems, *problems), built.notes)


def patch_problems(arguments: Mapping[str, Json]) -> list[str]:
    """What is wrong with a patch before any server sees it."""
    patch, form = arguments.get("patch"), arguments.get("form")
    if patch is None:
        return ["the file for a patch holds one document"] if "files" in arguments else []
    if form != "json":
        if not isinstance(patch, dict) or not patch:
            return ["the patch is not an object: write {...}, or --type=json for a list"]
        has_values = any(patch.get(part) for part in _SECRET_PARTS)
    else:
        if not isinstance(patch, list) or not patch or not all(_is_json_operation(one) for one in patch):
            return ['the patch is not a list of operations: write [{"op": "replace", "path": "/...", "value": ...}]']
        if any(_loses_version(one) for one in patch):
            return ["the patch replaces the object's identity or version, which hold it: change single fields"]
        touched = [str(one["path"]) for one in patch if isinstance(one, dict) and "value" in one]
        has_values = any(path.split("/")[1:2] in (["data"], ["stringData"], [""], []) for path in touched)
    if arguments.get("resource") == "secrets" and has_values:
        return ["the values of a secret do not belong in a runbook: change them where secrets are kept"]
    return []


def _is_json_operation(one: Json) -> bool:
    if not isinstance(one, dict) or one.get("op") not in _JSON_PATCH:
        return False
    path = one.get("path")
    return isinstance(path, str) and (path == "" or path.startswith("/"))


def _loses_version(one: Json) -> bool:
    """Whether the operation writes over the uid and resourceVersion that the executor tests, or takes them away."""
    if not isinstance(one, dict) or one.get("op") == "test":
        return False
    return any(one.get(key) in _HOLDING for key in ("path", "from") if key in one)


def entry(api: str, kind: str, name: str, namespace: str, *, content: Mapping[str, Json]) -> dict[str, Json]:
    """One object of an operation."""
    resource = resources.canonical(kind)
    place = "" if resources.is_cluster_wide(resource) else namespace
    metadata: dict[str, Json] = {"name": name, **({"namespace": place} if place else {})}
    manifest: dict[str, Json] = {"apiVersion": api, "kind": kind, "metadata": metadata, **content}
    return {"resource": resource, "name": name, "namespace": place, "manifest": manifest}


def _objects(documents: Sequence[tuple[str, Json]], namespace: str) -> tuple[list[Json], list[str]]:
    found: list[Json] = []
    problems: list[str] = []
    seen: set[tuple[str, str, str]] = set()
    for path, document in _flat(documents):
        problem, one = _object(document, namespace)
        if problem:
            problems.append(f"{path}: {problem}")
            continue
        identity = (str(one["resource"]), str(one["namespace"]), str(one["name"]))
        if identity in seen:
            problems.append(f"{path}: {identity[0]} {identity[2]} stands there twice: write it once")
        seen.add(identity)
        found.append(one)
    if len(found) > MOST_OBJECTS:
        problems.append(f"{len(found)} objects in one command are more than {MOST_OBJECTS}: write several steps")
    if len(json.dumps(found)) > MOST_BYTES:
        problems.append(f"the objects are longer than {MOST_BYTES // 1024} KiB: write several steps")
    if not found and not problems:
        problems.append("the file holds no object: write one with apiVersion, kind and metadata.name")
    return found, problems


def _flat(documents: Sequence[tuple[str, Json]]) -> Iterator[tuple[str, Json]]:
    """Documents and the items of lists; empty documents are left out."""
    for path, document in documents:
        items = document.get("items") if isinstance(document, dict) and document.get("kind") == "List" else None
        if isinstance(items, list):
            yield from ((path, item) for item in items)
        elif document is not None:
            yield path, document


def _object(document: Json, namespace: str) -> tuple[str, dict[str, Json]]:
    """What is wrong with one document, or the object that it is."""
    if not isinstance(document, dict):
        return "a document is not an object: write apiVersion, kind and metadata", {}
    api, kind, metadata = document.get("apiVersion"), document.get("kind"), document.get("metadata")
    if not isinstance(api, str) or not isinstance(kind, str) or not isinstance(metadata, dict):
        return "an object lacks apiVersion, kind or metadata", {}
    resource, name = resources.canonical(kind), metadata.get("name")
    if resource not in resources.KNOWN:
        return f"the kind {kind[:60]} is not a built-in type: apply it by hand", {}
    if not isinstance(name, str) or not resources.is_name(name):
        return f"the {kind} has no plain metadata.name: write one (generateName cannot be shown beforehand)", {}
    extra = next((key for key in _SERVERS_OWN if key in metadata), "")
    if extra:
        return f"{kind} {name} holds metadata.{extra}, which the server sets: leave it out", {}
    if resource == "secrets" and any(document.get(part) for part in _SECRET_PARTS):
        return f"the values of secret {name} do not belong in a runbook: create it where secrets are kept", {}
    own = str(metadata.get("namespace") or "")
    if own and namespace and own != namespace and not resources.is_cluster_wide(resource):
        return f"{kind} {name} is for namespace {own}, the command for {namespace}: write one of them", {}
    if own and not resources.is_name(own):
        return f"`{own[:80]}` is not a namespace name", {}
    place = "" if resources.is_cluster_wide(resource) else own or namespace
    content = {key: value for key, value in document.items() if key != "status"}
    return "", {"resource": resource, "name": name, "namespace": place, "manifest": content}
