"""Reads that the real kubectl answers: several types at once, custom types, templates, events, explain, auth can-i.

The arguments hold what other reads have, so that they are judged alike, and `kubectl`: the command line that is run,
written anew from the flags that were understood, never copied. It must not know how kubectl is started.
"""

import re
from collections.abc import Mapping

from bot.core.commands import kubectl_resources as resources
from bot.core.commands.flags import Reading
from bot.core.commands.kubectl_drafts import Built, Draft
from bot.core.operations import Json

LINE = "kubectl"
"""The argument that holds kubectl's words and flags behind the program."""

WAIT_SECONDS = 30
"""How long `kubectl wait` waits unless the runbook says less; kubectl's own default."""

_WORD = re.compile(r"[A-Za-z0-9{][A-Za-z0-9._:/,*{}-]{0,400}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LONGEST_VALUE = 2000
_PLAIN_PATH = re.compile(r"(?:[^{}]|\{[^{}?@|]*\})*")
_BEYOND_PLAIN = re.compile(r"\{\s*(?:range|end)\b|\.\.|\?\(")

_OUTPUTS = frozenset(("", "wide", "json", "yaml", "name"))
_TEMPLATES = ("jsonpath=", "jsonpath-as-json=", "go-template=", "template=", "custom-columns=")
_BARE_TEMPLATES = frozenset(("go-template", "template", "jsonpath"))
"""With the text behind `--template`. Forms that read a file of the machine (`go-template-file=`) are not here."""

_ONLY_KUBECTL = ("label-columns", "show-kind", "template", "subresource", "show-managed-fields")
_GET = " ".join(
    (
        "all-namespaces selector field-selector output sort-by show-labels no-headers ignore-not-found",
        *_ONLY_KUBECTL,
    )
)

_FLAGS: Mapping[str, str] = {
    "events": "all-namespaces for types output no-headers",
    "explain": "recursive api-version output",
    "api-resources": "api-group namespaced verbs output sort-by no-headers categories",
    "api-versions": "",
    "cluster-info": "",
    "auth can-i": "all-namespaces list subresource no-headers",
    "auth whoami": "output",
    "wait": "for timeout selector field-selector all all-namespaces",
}
"""The flags of each verb that reach kubectl; any other one is named as a problem."""

_WORDS: Mapping[str, tuple[int, int]] = {
    "events": (0, 0),
    "explain": (1, 1),
    "api-resources": (0, 0),
    "api-versions": (0, 0),
    "cluster-info": (0, 0),
    "auth can-i": (0, 3),
    "auth whoami": (0, 0),
    "wait": (1, 50),
}

KINDS = ("get", *(verb.replace(" ", "_").replace("-", "_") for verb in _FLAGS))


def is_beyond(reading: Reading) -> bool:
    """Whether a `get` asks for what only kubectl renders. Files and `--raw` are the other builder's, which refuses."""
    if not reading.words or {"raw", "filename", "kustomize"} & reading.flags.keys():
        return False
    types = _types(reading)
    if len(types) != 1 or types[0] not in resources.KNOWN:
        return True
    output = reading.value("output")
    if output.startswith("jsonpath="):
        return not _PLAIN_PATH.fullmatch(output) or _BEYOND_PLAIN.search(output) is not None
    is_template = output.startswith(_TEMPLATES) and not output.startswith("custom-columns=")
    return is_template or output in _BARE_TEMPLATES or any(reading.has(flag) for flag in _ONLY_KUBECTL)


def get(reading: Reading) -> Built:
    draft = Draft(reading)
    output = reading.value("output")
    if output not in _OUTPUTS | _BARE_TEMPLATES and not output.startswith(_TEMPLATES):
        draft.problems.append(f"-o {output} is not supported: use wide, json, yaml, name, or a template in the command")
    for flag in ("watch", "watch-only"):
        draft.drop(flag, "reads once instead of watching for ever")
    slashed = [word for word in reading.words if "/" in word]
    if slashed and (len(slashed) != len(reading.words) or any(word.count("/") != 1 for word in slashed)):
        draft.problems.append("write either `type name name` or `type/name type/name`")
    names = [word.partition("/")[2] for word in slashed] or list(reading.words[1:])
    arguments: dict[str, Json] = {
        "resource": ",".join(_types(reading)),
        "names": [*names],
        "namespace": draft.namespace(),
        "all_namespaces": reading.has("all-namespaces"),
        "selector": draft.selector(),
        "field_selector": draft.selector("field-selector"),
        "output": output or ("go-template" if reading.value("template") else ""),
        LINE: _line(draft, "get", _GET),
    }
    return draft.finish(arguments, understood=f"{_GET} watch watch-only")


def query(verb: str, reading: Reading) -> tuple[str, Built]:
    """The verbs that kubectl alone answers."""
    draft = Draft(reading)
    least, most = _WORDS[verb]
    if not least <= len(reading.words) <= most:
        draft.problems.append(f"kubectl {verb} takes {_count(least, most)} here, not {len(reading.words)}")
    if reading.after:
        draft.problems.append("nothing may stand behind `--` here: leave it out")
    draft.drop("watch", "reads once instead of watching for ever")
    if verb == "auth can-i" and not reading.has("list") and len(reading.words) < len(("verb", "type")):
        draft.problems.append("kubectl auth can-i needs a verb and a type, or --list")
    line = _line(draft, verb, _FLAGS[verb])
    if verb == "wait":
        line = _bounded(draft, line)
    arguments: dict[str, Json] = {
        "verb": verb,
        "words": [*reading.words],
        "namespace": draft.namespace(),
        "all_namespaces": reading.has("all-namespaces"),
        "flags": {name: value for name, value in sorted(reading.flags.items()) if name != "namespace"},
        LINE: line,
    }
    built = draft.finish(arguments, understood=f"{_FLAGS[verb]} watch")
    return verb.replace(" ", "_").replace("-", "_"), built


BUILDERS = dict.fromkeys(_FLAGS, query)


def _types(reading: Reading) -> list[str]:
    """Every type that is named, as the API's plural where it is a known one; others as they are written."""
    slashed = [word.partition("/")[0] for word in reading.words if "/" in word]
    written = slashed or reading.words[0].split(",")
    return sorted({resources.canonical(word) for word in written})


def _line(draft: Draft, verb: str, understood: str) -> list[Json]:
    """Words and flags written anew: a flag is one token with its value, so no value can become another flag."""
    reading = draft.reading
    for word in reading.words:
        if not _WORD.fullmatch(word):
            draft.problems.append(f"`{word[:80]}` cannot be handed to kubectl: letters, digits and . : / , - only")
    flags = [name for name in understood.split() if name in reading.flags]
    for name in flags:
        value = reading.value(name)
        if len(value) > _LONGEST_VALUE or _CONTROL.search(value):
            draft.problems.append(f"the value of --{name} is too long, or holds control characters: shorten it")
    return [*verb.split(), *reading.words, *(f"--{name}={reading.value(name)}" for name in flags)]


def _bounded(draft: Draft, line: list[Json]) -> list[Json]:
    """`wait` with a timeout of at most WAIT_SECONDS: the step has a bound of its own, which would end it unclearly."""
    if "for" not in draft.reading.flags:
        draft.problems.append("--for is missing: write for example --for=condition=Ready")
    asked = draft.seconds("timeout")
    seconds = min(asked or WAIT_SECONDS, WAIT_SECONDS)
    if asked != seconds:
        draft.notes.append(f"waits {seconds} s at most")
    return [*(word for word in line if not str(word).startswith("--timeout=")), f"--timeout={seconds}s"]


def _count(least: int, most: int) -> str:
    if most == 0:
        return "no words"
    return f"{least} word" + ("s" if least != 1 else "") if least == most else f"{least} to {most} words"
