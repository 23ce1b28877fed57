"""The dry run of one step, and what came back when it was run. Executors make both; core only reads them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that an operation touches. `uid` and `resource_version` are empty where the API has none.

    `uid` is bound by the digest; `resource_version` only where `pins_version` says that any change of the object makes
    the approval stale (a pod's version moves with every status update, so most kinds pin the uid alone).
    """

    kind: str
    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    pins_version: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen, from the target system's own mouth. Never changes anything.

    `change`: before -> after in plain words, one fact a line. `promise`: what this dry run can and cannot say.
    `facts`: what must still hold when it runs (e.g. replicas before), bound by the digest. `problems`: why it cannot
    run now, each with the remedy (a missing permission, a target that does not exist); any problem blocks the step.
    `counters`: blast radius counted from the resolved targets; `totals`: how many of each exist, for percentages.
    """

    targets: tuple[Target, ...] = ()
    change: tuple[str, ...] = ()
    promise: str = ""
    counters: Mapping[str, int] = field(default_factory=dict)
    totals: Mapping[str, int] = field(default_factory=dict)
    identity: str = ""
    undo: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


class Outcome(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # proved: it did not happen, or it answered no
    UNKNOWN = "unknown"  # may or may not have happened
    SKIPPED = "skipped"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Performed:
    """What an executor brings back. `output` is text already cut to 64 KiB and made printable, not yet redacted.

    `exit_code` for programs and exec, `status` for HTTP. `detail` is one sentence for people.
    `is_repeatable` is true when a failure is proved to have had no effect and may pass (429, refused connection).
    """

    outcome: Outcome
    output: str = ""
    detail: str = ""
    exit_code: int | None = None
    status: int | None = None
    is_truncated: bool = False
    is_repeatable: bool = False
    change: tuple[str, ...] = ()
