"""What the builders of kubectl's verbs share: checked names, namespaces, selectors, numbers, and remarks on the way.

A draft collects every problem of a command as a sentence with its remedy; it must not know what a verb does.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.commands import kubectl_resources as resources
from bot.core.commands.flags import Reading
from bot.core.commands.kubectl_flags import CONNECTION, HARMLESS, IDENTITY
from bot.core.operations import Json

_NAME = re.compile(r"(?:[A-Za-z0-9]|\{[A-Za-z_]\w*\})(?:[A-Za-z0-9._:-]|\{[A-Za-z_]\w*\}){0,252}")
"""Kubernetes object names, and parameters that are not filled in yet."""

_SELECTOR = re.compile(r"[A-Za-z0-9._/=!,(){} -]{1,1000}")
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|h|m|s))+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
PARAMETER = re.compile(r"\{[A-Za-z_]\w*\}")


@dataclass(frozen=True, slots=True)
class Built:
    arguments: Mapping[str, Json]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def connection_problems(reading: Reading) -> tuple[str, ...]:
    """One sentence for each flag that only the operator's settings may choose."""
    return tuple(
        f"--{name} chooses {'who acts' if name in IDENTITY else 'the cluster'}, which only the operator's settings do: "
        "leave it out"
        for name in reading.flags
        if name in CONNECTION
    )


@dataclass(slots=True)
class Draft:
    """Arguments and remarks while one command is being built."""

    reading: Reading
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.problems.extend((*connection_problems(self.reading), *self.reading.problems))

    def finish(self, arguments: Mapping[str, Json], *, understood: str) -> Built:
        """`understood` names the flags that the arguments express; any other one that was set is named."""
        known = {*understood.split(), "namespace"}
        for name in self.reading.flags:
            if name in HARMLESS and name not in known:
                self.notes.append(f"--{name} is left out: it changes nothing that is touched")
            elif name not in known | CONNECTION and self.reading.has(name):
                self.problems.append(f"--{name} is not supported here: leave it out")
        return Built(arguments, tuple(dict.fromkeys(self.problems)), tuple(dict.fromkeys(self.notes)))

    # --- what most verbs need ----------------------------------------------------------------------------------------

    def namespace(self) -> str:
        value = self.reading.value("namespace")
        if value and (not _NAME.fullmatch(value) or "." in value):
            self.problems.append(f"`{value}` is not a namespace name: lower-case letters, digits and dashes")
        return value

    def selector(self, name: str = "selector") -> str:
        value = self.reading.value(name)
        if value and not _SELECTOR.fullmatch(value):
            self.problems.append(f"--{name} `{value}` is not a selector: write key=value pairs with commas between")
        elif name in self.reading.flags and not value:
            self.problems.append(f"--{name} is empty, which would select everything: write key=value")
        return value

    def targets(self, words: Sequence[str]) -> tuple[str, list[str]]:
        """`pod x y`, `pod/x pod/y` -> (`pods`, [x, y])."""
        if not words:
            self.problems.append("no resource is named: write for example `pod/name`")
            return "", []
        if any("/" in word for word in words):
            pairs = [word.partition("/")[::2] if "/" in word else (word, word) for word in words]
            kinds = {resources.canonical(kind) for kind, _ in pairs}
            found, names = (kinds.pop() if len(kinds) == 1 else ",".join(sorted(kinds))), [name for _, name in pairs]
        else:
            found, names = ",".join(resources.canonical(part) for part in words[0].split(",")), list(words[1:])
        self._check_resource(found)
        self.check_names(names)
        return found, names

    def _check_resource(self, resource: str) -> None:
        if "," in resource or resource == "all":
            self.problems.append("several resource types in one command: write one step for each")
        elif resource not in resources.KNOWN:
            self.problems.append(f"`{resource}` is not a resource type known here: use one of the built-in types")

    def check_names(self, names: Sequence[str]) -> None:
        for name in names:
            if not _NAME.fullmatch(name):
                self.problems.append(f"`{name}` is not a Kubernetes name: letters, digits, dots and dashes only")

    def one(self, words: Sequence[str], *, allowed: frozenset[str], what: str) -> tuple[str, str]:
        """Exactly one named object of an allowed type."""
        resource, names = self.targets(words)
        if resource and resource not in allowed and resource in resources.KNOWN:
            self.problems.append(f"{what} works on {', '.join(sorted(allowed))}, not on {resource}")
        if words and len(names) != 1:
            self.problems.append(f"{what} takes exactly one name here: write one step for each object")
        return resource, ",".join(names)

    def number(self, name: str, *, least: int = 0) -> int | None:
        """A whole number; None when it is not given, not yet filled in, or wrong (which is then a problem)."""
        if name not in self.reading.flags:
            return None
        value = self.reading.value(name)
        if re.fullmatch(r"-?\d{1,9}", value) and int(value) >= least:
            return int(value)
        if not PARAMETER.fullmatch(value):
            self.problems.append(f"--{name} `{value}` is not a number of at least {least}")
        return None

    def seconds(self, name: str) -> int | None:
        value = self.reading.value(name)
        if not value or value in ("0", "0s"):
            return None
        if not _DURATION.fullmatch(value):
            if not PARAMETER.fullmatch(value):
                self.problems.append(f"--{name} `{value}` is not a duration: write for example 10m")
            return None
        total = sum(float(amount) * _UNIT_SECONDS[unit] for amount, unit in _DURATION_PART.findall(value))
        return max(1, round(total))

    def drop(self, flag: str, why: str) -> None:
        if self.reading.has(flag):
            self.notes.append(why)

    def note_dry_run(self, arguments: dict[str, Json]) -> None:
        """kubectl's own dry run changes nothing, but what is approved must be what runs."""
        value = self.reading.value("dry-run")
        if value in ("true", "client", "server", "unchanged"):
            arguments["dry_run"] = True
            self.problems.append("--dry-run is not needed: every step is shown as a dry run first; leave it out")
        elif value not in ("", "none", "false"):
            self.problems.append(f"--dry-run={value} is not known: leave it out")
