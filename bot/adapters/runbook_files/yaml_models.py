"""The shape of a YAML runbook: every key that may stand in one, its type and its range. Unknown keys are errors.

Only the shape of single values is judged here; what they mean together is `yaml_form`'s and `core.checking`'s business.
"""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from bot.adapters.runbook_files import durations, findings
from bot.core import alerts, patterns, windows, words
from bot.core.alerts import Severity
from bot.core.errors import Invalid
from bot.core.operations import Replay, Tier
from bot.core.runbooks import (
    DEFAULT_APPROVAL_WINDOW,
    DEFAULT_EVERY,
    DEFAULT_READING_LIMIT,
    DEFAULT_STEP_TIMEOUT,
    DEFAULT_TIME_LIMIT,
    LONGEST_WAIT,
    LONGEST_WINDOW,
    SHORTEST_EVERY,
    Level,
    OnFailure,
)

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
PARAMETER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
SAFE_VALUE = "[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?"
"""What a parameter's value must look like when nothing is said: a Kubernetes name (RFC 1123 subdomain)."""

MOST_COUNTED = 1_000_000
CONNECTION = re.compile(r"[a-z][a-z0-9_]{0,62}")
_CLOCK = re.compile(r"([0-2]?[0-9]):([0-5][0-9])")
_COUNTER = re.compile(r"[a-z][a-z0-9_]{0,63}")
_ORIGIN = re.compile(r"(?:labels|annotations)\.[^\s.][^\s]{0,252}|service|environment")
_JSON_PATH = re.compile(r"\$?(?:\.?[A-Za-z_][\w-]*|\[\d{1,6}\]|\['[^']{1,200}'\])+")
_USER, _GROUP = re.compile(r"[UW][A-Z0-9]{2,20}"), re.compile(r"S[A-Z0-9]{2,20}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # RFC 9110, section 5.6.2


def wrong(message: str, remedy: str = "") -> PydanticCustomError:
    """A finding in our words; `yaml_form` adds the place. The template is fixed, so messages may hold braces."""
    return PydanticCustomError("runbook", "{message}", {"message": message, "remedy": remedy})


def _translated(error: Invalid) -> PydanticCustomError:
    return wrong(error.problem, error.remedy)


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _duration(value: object) -> timedelta:
    if not isinstance(value, str):
        raise wrong(f"{value!r} has no unit", "write a number with a unit, such as 90s, 10m or 1h30m")
    try:
        return durations.parse(value)
    except Invalid as error:
        raise _translated(error) from error


def _pattern(value: str) -> str:
    try:
        patterns.parse(value)
    except Invalid as error:
        raise _translated(error) from error
    return value


def _whole_pattern(value: str) -> str:
    try:
        patterns.parse(value, whole=True)
    except Invalid as error:
        raise _translated(error) from error
    return value


def _match_pattern(value: str) -> str:
    try:
        patterns.parse(value, ignore_case=True)
    except Invalid as error:
        raise _translated(error) from error
    return value


def _severity(value: str) -> Severity:
    found = alerts.severity(value)
    if found is Severity.UNKNOWN and value.strip().lower() != Severity.UNKNOWN:
        raise wrong(f'"{value}" is not a severity', findings.did_you_mean(value, map(str, Severity)))
    return found


def _word(value: str) -> str:
    if not words.phrase(value):
        raise wrong(f'"{value}" holds no letters or digits', "write a word that stands in the alert")
    return value


def shaped(shape: re.Pattern[str], what: str, remedy: str) -> AfterValidator:
    def check(value: str) -> str:
        if shape.fullmatch(value) is None:
            raise wrong(f'"{value[:60]}" is not {what}', remedy)
        return value

    return AfterValidator(check)


def _one_of(kind: type[OnFailure] | type[Tier] | type[Replay]) -> BeforeValidator:
    def check(value: object) -> object:
        known = [str(each) for each in kind]
        if isinstance(value, kind) or value in known:
            return kind(value)
        raise wrong(f'"{str(value)[:60]}" is not known here', findings.did_you_mean(str(value), known))

    return BeforeValidator(check)


def _plain_limit(value: object) -> object:
    """`pod_restarts: 3` says how many in one incident; a mapping can say more."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_COUNTED:
        raise wrong(f"{str(value)[:40]!r} is not a count", f"write a whole number up to {MOST_COUNTED}, without quotes")
    return {"incident": value}


def _within_reach(length: timedelta) -> timedelta:
    if length > LONGEST_WINDOW:
        raise wrong("this window is too long", f"give at most {durations.render(LONGEST_WINDOW)}")
    return length


def _bounded_wait(length: timedelta) -> timedelta:
    if length > LONGEST_WAIT:
        raise wrong("this wait is too long", f"give at most {durations.render(LONGEST_WAIT)}")
    return length


def _seldom(length: timedelta) -> timedelta:
    if length < SHORTEST_EVERY:
        raise wrong("this looks too often", f"give at least {durations.render(SHORTEST_EVERY)}")
    return length


def _level(value: Any) -> Level:
    if isinstance(value, bool) or value not in set(Level):
        raise wrong(f"{str(value)[:20]!r} is not a level", "write 0 advisory, 1 assisted, 2 conditional or 3 scoped")
    return Level(value)


def _counter(value: str) -> str:
    return value.removeprefix("max_")


def _no_low(value: Tier) -> Tier:
    if value is Tier.LOW:
        raise wrong("low steps only read and are never approved", "name medium or high")
    return value


Text = Annotated[str, Field(min_length=1, max_length=4_000)]
Line = Annotated[str, Field(min_length=1, max_length=200)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
WholePattern = Annotated[str, Field(min_length=1), AfterValidator(_whole_pattern)]
CheckedPattern = Annotated[str, Field(min_length=1), AfterValidator(_pattern)]
Lines = Annotated[list[Line], BeforeValidator(_as_list)]
WordList = Annotated[list[Annotated[Line, AfterValidator(_word)]], BeforeValidator(_as_list)]
TierWord = Annotated[Tier, _one_of(Tier)]
Count = Annotated[int, Field(ge=0, le=MOST_COUNTED)]
Counter = Annotated[
    str,
    AfterValidator(_counter),
    shaped(_COUNTER, "a counter", "write lower-case words joined by _, such as pod_restarts"),
]
ParameterName = Annotated[
    str, shaped(PARAMETER_NAME, "a parameter name", "use letters, digits and _, not beginning with a digit")
]
UserId_ = Annotated[str, shaped(_USER, "a Slack user id", "write the id (U...), never a name")]
UserIds = list[UserId_]
GroupIds = list[Annotated[str, shaped(_GROUP, "a Slack user group id", "write the id (S...), never a name")]]
HeaderName = Annotated[str, shaped(_HEADER, "a header name", "use letters, digits and dashes")]


class Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class MatchForm(Strict):
    all_words: WordList = []
    any_words: WordList = []
    alert_names: Lines = []
    regex: Annotated[str, Field(min_length=1), AfterValidator(_match_pattern)] | None = None
    labels: dict[str, Line] = {}
    severity: Annotated[list[Annotated[Severity, BeforeValidator(_severity)]], BeforeValidator(_as_list)] = []
    service: Lines = []
    environment: Lines = []


class ParameterForm(Strict):
    origin: (
        Annotated[
            str, shaped(_ORIGIN, "a place in an alert", "write labels.NAME, annotations.NAME, service or environment")
        ]
        | None
    ) = Field(default=None, alias="from")
    default: Line | None = None
    pattern: WholePattern = SAFE_VALUE
    description: Text | None = None


class ExpectForm(Strict):
    equals: str | None = None
    contains: Annotated[str, Field(min_length=1)] | None = None
    regex: CheckedPattern | None = None
    json_path: (
        Annotated[str, shaped(_JSON_PATH, "a JSON path", "write names and indexes, such as $.status.ready[0]")] | None
    ) = None
    exit_code: Annotated[int, Field(ge=0, le=255)] | None = None
    status: Annotated[int, Field(ge=100, le=599)] | None = None


def _method(value: str) -> str:
    if value.upper() not in _METHODS:
        raise wrong(f'"{value[:20]}" is not a method', f"use one of {', '.join(sorted(_METHODS))}")
    return value.upper()


class HttpForm(Strict):
    method: Annotated[str, AfterValidator(_method)] = "GET"
    url: Text
    headers: dict[HeaderName, Text] = {}
    secret_headers: dict[HeaderName, Line] = {}
    json_body: Any = Field(default=None, alias="json")  # any JSON: it is the other side's form, not ours
    body: str | None = None
    replay: Annotated[Replay, _one_of(Replay)] = Replay.ONCE


class SqlForm(Strict):
    connection: Annotated[str, shaped(CONNECTION, "a connection name", "write lower-case letters, digits and _")]
    statement: Annotated[str, Field(min_length=1, max_length=10_000)]
    values: dict[ParameterName, str | int | float | bool | None] = {}
    max_rows: Annotated[int, Field(ge=1, le=1_000)] = 100
    rehearse: bool = True


class ActionForm(Strict):
    """`undo`, and what steps and verifications begin with: exactly one of the three."""

    run: Text | None = None
    http: HttpForm | None = None
    sql: SqlForm | None = None


class VerifyForm(ActionForm):
    expect: ExpectForm = ExpectForm()
    within: Duration = timedelta(seconds=60)


class ProbeForm(ActionForm):
    expect: ExpectForm = ExpectForm()


class WaitForm(Strict):
    """Either a while, or until a read shows what is expected."""

    length: Duration | None = Field(default=None, alias="for")
    until: ProbeForm | None = None
    within: Annotated[Duration, AfterValidator(_bounded_wait)] = timedelta(minutes=5)
    every: Annotated[Duration, AfterValidator(_seldom)] = DEFAULT_EVERY


class CaptureForm(Strict):
    name: ParameterName
    pattern: WholePattern = SAFE_VALUE


class StepForm(ActionForm):
    name: Line
    checkpoint: Line | None = None
    wait: WaitForm | None = None
    capture: CaptureForm | None = None
    probe: ProbeForm | None = None
    expect: ExpectForm = ExpectForm()
    on_failure: Annotated[OnFailure, _one_of(OnFailure)] = OnFailure.ESCALATE
    risk: TierWord = Tier.LOW
    undo: ActionForm | None = None
    verify: VerifyForm | None = None
    timeout: Duration = DEFAULT_STEP_TIMEOUT
    attempts: Annotated[int, Field(ge=1, le=10)] = 2


class ApproverForm(Strict):
    users: UserIds = []
    groups: GroupIds = []
    oncall: Annotated[Lines, Field(max_length=10)] = []
    quorum: Annotated[int, Field(ge=1, le=10)] = 1
    not_requester: bool = False


class LimitForm(Strict):
    """Counts in one incident, as a share of what exists, and over time."""

    incident: Count | None = None
    percent: Annotated[int, Field(ge=1, le=100)] | None = None
    windows: dict[Annotated[Duration, AfterValidator(_within_reach)], Count] = {}


def _minute(value: object) -> int:
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found[1]) * 60 + int(found[2]) > windows.DAY_MINUTES:
        raise wrong(f"{str(value)[:20]!r} is not a time of day", "write hours and minutes in quotes, such as '09:30'")
    return int(found[1]) * 60 + int(found[2])


def _day(value: str) -> str:
    if value not in windows.DAYS:
        raise wrong(f"{value[:20]!r} is not a day", f"write one of {', '.join(windows.DAYS)}")
    return value


Minute = Annotated[int, BeforeValidator(_minute)]


class WindowForm(Strict):
    days: Annotated[list[Annotated[str, AfterValidator(_day)]], BeforeValidator(_as_list)] = list(windows.DAYS)
    start: Annotated[Minute, Field(alias="from")]
    end: Annotated[Minute, Field(alias="to")]


class ScopeForm(Strict):
    service: Lines = []
    environment: Lines = []
    window: WindowForm | None = None


class RunbookForm(Strict):
    name: Annotated[str, shaped(NAME, "a runbook name", "use lower-case letters, digits and dashes, at most 63")]
    title: Line | None = None
    owner: Line | None = None
    match: MatchForm = MatchForm()
    parameters: dict[ParameterName, ParameterForm] = {}
    max_level: Annotated[Level, BeforeValidator(_level)] = Level.ASSISTED
    limits: dict[Counter, Annotated[LimitForm, BeforeValidator(_plain_limit)]] = {}
    time_limit: Duration = DEFAULT_TIME_LIMIT
    reading_limit: Duration = DEFAULT_READING_LIMIT
    approval_window: Duration = DEFAULT_APPROVAL_WINDOW
    approvers: dict[Annotated[Tier, _one_of(Tier), AfterValidator(_no_low)], ApproverForm] = {}
    steps: Annotated[list[StepForm], Field(min_length=1, max_length=100)]
    escalation: Line | None = None
    scope: ScopeForm | None = None
    notes: Annotated[str, Field(max_length=20_000)] | None = None


FORMS: dict[tuple[str, ...], type[Strict]] = {
    ("scope",): ScopeForm,
    ("scope", "window"): WindowForm,
    (): RunbookForm,
    ("match",): MatchForm,
    ("parameters", "*"): ParameterForm,
    ("approvers", "*"): ApproverForm,
    ("limits", "*"): LimitForm,
    ("steps", "*"): StepForm,
    ("steps", "*", "http"): HttpForm,
    ("steps", "*", "sql"): SqlForm,
    ("steps", "*", "expect"): ExpectForm,
    ("steps", "*", "wait"): WaitForm,
    ("steps", "*", "wait", "until"): ProbeForm,
    ("steps", "*", "wait", "until", "http"): HttpForm,
    ("steps", "*", "wait", "until", "sql"): SqlForm,
    ("steps", "*", "wait", "until", "expect"): ExpectForm,
    ("steps", "*", "capture"): CaptureForm,
    ("steps", "*", "probe"): ProbeForm,
    ("steps", "*", "probe", "http"): HttpForm,
    ("steps", "*", "probe", "sql"): SqlForm,
    ("steps", "*", "probe", "expect"): ExpectForm,
    ("steps", "*", "undo"): ActionForm,
    ("steps", "*", "undo", "http"): HttpForm,
    ("steps", "*", "undo", "sql"): SqlForm,
    ("steps", "*", "verify"): VerifyForm,
    ("steps", "*", "verify", "http"): HttpForm,
    ("steps", "*", "verify", "sql"): SqlForm,
    ("steps", "*", "verify", "expect"): ExpectForm,
}
"""Which form stands where (`*` for any name or position), for suggesting the key that was meant."""
