"""Runbooks as people wrote them: when one applies, its limits, its steps. Loaders make them; no file is read here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum, StrEnum

from bot.core.alerts import Severity
from bot.core.ids import Digest, GroupId, RunbookName, UserId
from bot.core.operations import Effect, Json, Replay, Tier
from bot.core.schedules import Schedule
from bot.core.windows import Window

DEFAULT_TIME_LIMIT = timedelta(minutes=10)
DEFAULT_READING_LIMIT = timedelta(minutes=3)
"""Evidence that takes longer keeps people waiting more than it tells them."""

DEFAULT_STEP_TIMEOUT = timedelta(seconds=60)
DEFAULT_APPROVAL_WINDOW = timedelta(minutes=15)

LONGEST_WAIT, SHORTEST_EVERY, DEFAULT_EVERY = timedelta(hours=1), timedelta(seconds=5), timedelta(seconds=15)
"""How long a step may wait, and how often it looks: every look is stored, at most 720 of one wait."""

LONGEST_WINDOW = timedelta(hours=24)
"""The longest time over which a limit may count: what all incidents did within it is kept at hand."""


class Level(IntEnum):
    ADVISORY = 0
    ASSISTED = 1
    CONDITIONAL = 2
    SCOPED = 3


class OnFailure(StrEnum):
    CONTINUE = "continue"
    ESCALATE = "escalate"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Match:
    """When the runbook applies. Words are compared lower-case, on word borders. Empty collections do not restrict."""

    all_words: tuple[str, ...] = ()
    any_words: tuple[str, ...] = ()
    alert_names: tuple[str, ...] = ()
    regex: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    severity: tuple[Severity, ...] = ()
    service: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """`origin`: where an alert gives the value: `labels.x`, `annotations.x`, `service`, `environment` or nothing.

    `pattern` must match the whole value. A value never starts with a dash, whatever the pattern says.
    """

    name: str
    pattern: str
    origin: str = ""
    default: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Expectation:
    """All that is declared must hold. `json_path` finds a value that `equals`, `contains` or `regex` then judge."""

    equals: str | None = None
    contains: str | None = None
    regex: str | None = None
    json_path: str | None = None
    exit_code: int | None = None
    status: int | None = None

    @property
    def is_empty(self) -> bool:
        return self == Expectation()


@dataclass(frozen=True, slots=True)
class Command:
    """`run:`: one command or pipeline, as text with placeholders `{name}`."""

    text: str


@dataclass(frozen=True, slots=True)
class HttpCall:
    """`http:`: every string may hold placeholders. `replay` is declared for methods other than GET and HEAD.

    `secret_headers` name an environment variable or file whose value is put in at the last moment and shown nowhere.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    secret_headers: Mapping[str, str] = field(default_factory=dict)
    json: Json = None
    body: str | None = None
    replay: Replay = Replay.ONCE


@dataclass(frozen=True, slots=True)
class SqlStatement:
    """`sql:`: one statement on a named connection. `values` fill its `:name` parameters and may hold placeholders.

    `max_rows` bounds what a read brings back. `rehearse` false: a change is not tried in a transaction that is rolled
    back, so nobody knows how many rows it touches before it runs.
    """

    connection: str
    statement: str
    values: Mapping[str, Json] = field(default_factory=dict)
    max_rows: int = 100
    rehearse: bool = True


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`checkpoint:`: a person must look and say that it may go on."""

    question: str


@dataclass(frozen=True, slots=True)
class Pause:
    """`wait: {for: ...}`: nothing is done until the time is over."""

    length: timedelta


Action = Command | HttpCall | SqlStatement | Checkpoint | Pause


@dataclass(frozen=True, slots=True)
class Patience:
    """A read that is looked at again, every so often, until its expectation holds or `within` is over."""

    within: timedelta
    every: timedelta


@dataclass(frozen=True, slots=True)
class Capture:
    """The step's output, one value that `pattern` must match whole, is the value of `{name}` in later steps."""

    name: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Verification:
    """A read that is repeated until `expect` holds or `within` has passed."""

    action: Action
    expect: Expectation
    within: timedelta


@dataclass(frozen=True, slots=True)
class StepSpec:
    """`risk` can only raise the registry's tier. `line` is where the step stands in its file.

    `probe` is the read that decides whether a step happened whose answer was lost; its `within` is not used.
    """

    name: str
    action: Action
    expect: Expectation = Expectation()
    on_failure: OnFailure = OnFailure.ESCALATE
    risk: Tier = Tier.LOW
    undo: Action | None = None
    verify: Verification | None = None
    timeout: timedelta = DEFAULT_STEP_TIMEOUT
    attempts: int = 2
    line: int = 0
    probe: Verification | None = None
    capture: Capture | None = None
    patience: Patience | None = None


@dataclass(frozen=True, slots=True)
class ApproverRule:
    """Who may approve. Never empty: an empty rule is a load error, not "everyone".

    `oncall` names schedules; who is on call joins `users` each time that a step is decided about.
    """

    users: frozenset[UserId]
    groups: frozenset[GroupId]
    quorum: int = 1
    not_requester: bool = False
    oncall: tuple[str, ...] = ()

    def __str__(self) -> str:
        names = [*sorted(self.groups), *sorted(self.users), *(f"on call in {name}" for name in self.oncall)]
        quorum = f"{self.quorum} of " if self.quorum > 1 else ""
        return quorum + ", ".join(names) + (", not the requester" if self.not_requester else "")


@dataclass(frozen=True, slots=True)
class Bound:
    """What holds one counter beyond the single incident.

    `percent`: the most that one step may touch of what exists, by the preview's totals. `windows`: the most within each
    length of time, by all incidents of the same service and environment together.
    """

    percent: int | None = None
    windows: Mapping[timedelta, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where level 3 may act: empty collections do not restrict; `window` is in the organisation's time zone."""

    service: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class AllowedProgram:
    """A local program that the operators declare, as one whole command line.

    `template` is the whole argv, the program first; its `{name}` parts must match `parameters[name].pattern`.

    `risk` is what its owner says it can do, and a known command is never judged lower than it is known; an undeclared
    program is never run.
    """

    name: str
    template: tuple[str, ...]
    effect: Effect = Effect.WRITE
    risk: Tier = Tier.HIGH
    replay: Replay = Replay.ONCE
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Runbook:
    """`digest` is over the bytes of the file and of the manifests that its steps name.

    `limits` are counters per incident, `bounds` what reaches beyond one; a counter not named is not limited.
    `approvers` may lack a tier: the settings' default rule then applies. `notes` is prose shown on escalation.
    `manifests` has the documents of each file that a kubectl command names, by its path below the folder of runbooks.
    `programs` are all that its steps may run beside what is built in. `scope` bounds level 3.
    `schedules` say who is on call when.
    """

    name: RunbookName
    title: str
    digest: Digest
    path: str
    match: Match
    steps: tuple[StepSpec, ...]
    owner: str = ""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    max_level: Level = Level.ASSISTED
    limits: Mapping[str, int] = field(default_factory=dict)
    bounds: Mapping[str, Bound] = field(default_factory=dict)
    time_limit: timedelta = DEFAULT_TIME_LIMIT
    reading_limit: timedelta = DEFAULT_READING_LIMIT
    approval_window: timedelta = DEFAULT_APPROVAL_WINDOW
    approvers: Mapping[Tier, ApproverRule] = field(default_factory=dict)
    escalation: str = ""
    notes: str = ""
    manifests: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    programs: tuple[AllowedProgram, ...] = ()
    scope: Scope | None = None
    schedules: Mapping[str, Schedule] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding of the loader or of `check`: where, what is wrong, what to write instead."""

    path: str
    line: int
    key: str
    message: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" + (f" [{self.key}]" if self.key else "")
        return f"{place}: {self.message}" + (f" - {self.remedy}" if self.remedy else "")


@dataclass(frozen=True, slots=True)
class Library:
    """All runbooks that loaded, by name, plus what did not load. A snapshot: reloading makes a new one.

    `tiers` are those of the services that are described beside them.
    """

    runbooks: Mapping[RunbookName, Runbook]
    problems: tuple[Problem, ...] = ()
    programs: tuple[AllowedProgram, ...] = ()
    tiers: Mapping[str, str] = field(default_factory=dict)
