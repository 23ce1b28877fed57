"""A YAML runbook to the core model. Every problem names its line and key and says what to write instead."""

from datetime import timedelta

from pydantic import ValidationError

from bot.adapters.runbook_files import findings, strict_yaml, yaml_models, yaml_problems
from bot.adapters.runbook_files.findings import Findings, Loaded, Place, Unreadable
from bot.adapters.runbook_files.yaml_models import (
    ActionForm,
    ExpectForm,
    LimitForm,
    RunbookForm,
    ScopeForm,
    StepForm,
    WaitForm,
    WindowForm,
)
from bot.core.ids import Digest, GroupId, RunbookName, UserId
from bot.core.operations import Tier
from bot.core.runbooks import (
    Action,
    ApproverRule,
    Bound,
    Capture,
    Checkpoint,
    Command,
    Expectation,
    HttpCall,
    Match,
    Parameter,
    Patience,
    Pause,
    Runbook,
    Scope,
    SqlStatement,
    StepSpec,
    Verification,
)
from bot.core.windows import Window

_KEYED = frozenset({"parameters", "limits", "approvers", "steps"})


def load(text: str, *, path: str, digest: Digest) -> Loaded:
    try:
        document = strict_yaml.load(text, path)
    except Unreadable as error:
        return Loaded(None, (error.finding,))
    found = Findings(path, document.lines)
    lines = {findings.shown(place): line for place, line in document.lines.items()}
    if not isinstance(document.value, dict):
        found.at((), "this is not a runbook", "begin with name: and steps: (see runbooks/README.md)")
        return Loaded(None, found.problems, lines)
    try:
        form = RunbookForm.model_validate(document.value)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            yaml_problems.explain(each, found, _keys)
        return Loaded(None, (*document.problems, *found.problems), lines)
    _judge(form, found)
    if len(form.limits) < len(document.value.get("limits") or {}):  # type: ignore[arg-type]
        found.at(("limits",), "one counter stands here twice, with and without max_", "keep one of them")
    if document.problems or found.problems:
        return Loaded(None, (*document.problems, *found.problems), lines)
    return Loaded(_runbook(form, path=path, digest=digest, found=found), lines=lines)


# --- problems --------------------------------------------------------------------------------------------------------


def _keys(parent: Place) -> list[str]:
    """The keys that may stand in this mapping."""
    shape = tuple(
        "*" if isinstance(part, int) or (index and parent[index - 1] in _KEYED) else part
        for index, part in enumerate(parent)
    )
    form = yaml_models.FORMS.get(shape)
    return [field.alias or name for name, field in form.model_fields.items()] if form else []


def _judge(form: RunbookForm, found: Findings) -> None:
    """What single values cannot show: keys that belong together or exclude each other."""
    for tier, rule in form.approvers.items():
        place: Place = ("approvers", str(tier))
        if not rule.users and not rule.groups and not rule.oncall:
            remedy = "name users or groups by id or a schedule, or leave the tier out for the default"
            found.at(place, "nobody may approve", remedy)
        if not rule.groups and not rule.oncall and rule.users and rule.quorum > len(set(rule.users)):
            found.at(
                place, f"{rule.quorum} people must approve, {len(set(rule.users))} may", "lower quorum or add users"
            )
    for number, step in enumerate(form.steps):
        _judge_step(step, ("steps", number), found)


def _judge_step(step: StepForm, place: Place, found: Findings) -> None:
    _judge_kind(step, place, found)
    if step.undo is not None:
        _judge_action(step.undo, (*place, "undo"), found)
    if step.verify is not None:
        where = (*place, "verify")
        _judge_action(step.verify, where, found, expect=step.verify.expect)
        _judge_expectation(step.verify.expect, where, found)
    if step.probe is not None:
        where = (*place, "probe")
        _judge_action(step.probe, where, found, expect=step.probe.expect)
        _judge_expectation(step.probe.expect, where, found)


def _judge_expectation(expect: ExpectForm, where: Place, found: Findings) -> None:
    if _expectation(expect).is_empty:
        found.at(where, "nothing is expected here", "add expect: with equals, contains, regex or status")


_KINDS = ("run", "http", "sql", "checkpoint", "wait")
_OF_COMMANDS = frozenset({"expect", "undo", "verify", "probe", "capture", "attempts", "timeout", "on_failure"})
_OF_WAITS = frozenset({"capture", "on_failure", "timeout"})


def _judge_kind(step: StepForm, place: Place, found: Findings) -> None:
    """A step is one thing, and has only the keys that mean something for it."""
    given = [kind for kind in _KINDS if getattr(step, kind) is not None]
    if len(given) != 1:
        found.at(place, "exactly one of run, http, sql, checkpoint and wait must stand here", "keep one of them")
        return
    (kind,) = given
    allowed = {"checkpoint": frozenset[str](), "wait": _OF_WAITS}.get(kind, _OF_COMMANDS)
    for key in sorted((_OF_COMMANDS - allowed) & step.model_fields_set):
        remedy = "write it under until:" if (kind, key) == ("wait", "expect") else "leave it out"
        found.at((*place, key), f"a {kind} has no {key}", remedy)
    if step.wait is not None:
        _judge_wait(step.wait, (*place, "wait"), found)
    elif step.checkpoint is None:
        _judge_action(step, place, found, expect=step.expect)


def _judge_wait(wait: WaitForm, place: Place, found: Findings) -> None:
    if (wait.length is None) == (wait.until is None):
        found.at(place, "exactly one of for and until must stand here", "keep one of them")
    elif wait.until is not None:
        _judge_action(wait.until, (*place, "until"), found, expect=wait.until.expect)
        _judge_expectation(wait.until.expect, (*place, "until"), found)
    elif wait.model_fields_set & {"within", "every"}:
        found.at(place, "within and every belong to until", "leave them out")


def _judge_action(action: ActionForm, place: Place, found: Findings, *, expect: ExpectForm | None = None) -> None:
    if sum(each is not None for each in (action.run, action.http, action.sql)) != 1:
        found.at(place, "exactly one of run, http and sql must stand here", "keep one of them")
    if action.http and action.http.json_body is not None and action.http.body is not None:
        found.at((*place, "http"), "json and body exclude each other", "keep one of them")
    if expect and expect.status is not None and action.http is None:
        found.at((*place, "expect", "status"), "only an HTTP answer has a status", "use exit_code, equals or contains")
    if expect and expect.exit_code is not None and action.run is None:
        found.at((*place, "expect", "exit_code"), "only a command has an exit code", "use status, equals or contains")


# --- to the core model -----------------------------------------------------------------------------------------------


def _runbook(form: RunbookForm, *, path: str, digest: Digest, found: Findings) -> Runbook:
    return Runbook(
        name=RunbookName(form.name),
        title=form.title or form.name.replace("-", " ").capitalize(),
        digest=digest,
        path=path,
        match=_match(form),
        steps=tuple(_step(step, found.line(("steps", number))) for number, step in enumerate(form.steps)),
        owner=form.owner or "",
        parameters={
            name: Parameter(name, each.pattern, each.origin or "", each.default, each.description or "")
            for name, each in sorted(form.parameters.items())
        },
        max_level=form.max_level,
        limits={name: each.incident for name, each in sorted(form.limits.items()) if each.incident is not None},
        bounds={name: _bound(each) for name, each in sorted(form.limits.items()) if each.percent or each.windows},
        time_limit=form.time_limit,
        reading_limit=form.reading_limit,
        approval_window=form.approval_window,
        approvers=_approvers(form),
        escalation=form.escalation or "",
        scope=_scope(form.scope),
        notes=(form.notes or "").strip(),
    )


def _bound(form: LimitForm) -> Bound:
    return Bound(form.percent, dict(sorted(form.windows.items())))


def _match(form: RunbookForm) -> Match:
    wanted = form.match
    return Match(
        tuple(wanted.all_words),
        tuple(wanted.any_words),
        tuple(wanted.alert_names),
        wanted.regex or "",
        dict(sorted(wanted.labels.items())),
        tuple(wanted.severity),
        tuple(wanted.service),
        tuple(wanted.environment),
    )


def _scope(form: ScopeForm | None) -> Scope | None:
    if form is None:
        return None
    return Scope(tuple(form.service), tuple(form.environment), window(form.window) if form.window else None)


def window(form: WindowForm) -> Window:
    return Window(tuple(form.days), form.start, form.end)


def _approvers(form: RunbookForm) -> dict[Tier, ApproverRule]:
    return {
        tier: ApproverRule(
            frozenset(map(UserId, rule.users)),
            frozenset(map(GroupId, rule.groups)),
            rule.quorum,
            rule.not_requester,
            tuple(rule.oncall),
        )
        for tier, rule in form.approvers.items()
    }


def _step(form: StepForm, line: int) -> StepSpec:
    verify, capture = form.verify, form.capture
    action, expect, patience = _doing(form)
    return StepSpec(
        name=form.name,
        action=action,
        expect=expect,
        on_failure=form.on_failure,
        risk=form.risk,
        undo=_action(form.undo) if form.undo else None,
        verify=Verification(_action(verify), _expectation(verify.expect), verify.within) if verify else None,
        timeout=form.timeout,
        attempts=form.attempts,
        line=line,
        probe=Verification(_action(form.probe), _expectation(form.probe.expect), timedelta()) if form.probe else None,
        capture=Capture(capture.name, capture.pattern) if capture else None,
        patience=patience,
    )


def _doing(form: StepForm) -> tuple[Action, Expectation, Patience | None]:
    """What a step does, what is expected of it, and how long that may take to come."""
    if form.checkpoint is not None:
        return Checkpoint(form.checkpoint), Expectation(), None
    if form.wait is None:
        return _action(form), _expectation(form.expect), None
    if form.wait.until is not None:
        until = form.wait.until
        return _action(until), _expectation(until.expect), Patience(form.wait.within, form.wait.every)
    length = form.wait.length or timedelta()
    return Pause(length), Expectation(), Patience(length, length)


def _action(form: ActionForm) -> Action:
    if form.sql is not None:
        sql = form.sql
        return SqlStatement(sql.connection, sql.statement.strip(), dict(sql.values), sql.max_rows, sql.rehearse)
    if form.http is None:
        return Command((form.run or "").strip())
    http = form.http
    return HttpCall(
        http.method, http.url, dict(http.headers), dict(http.secret_headers), http.json_body, http.body, http.replay
    )


def _expectation(form: ExpectForm) -> Expectation:
    return Expectation(form.equals, form.contains, form.regex, form.json_path, form.exit_code, form.status)
