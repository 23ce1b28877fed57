"""Small, valid things to start a test from; each takes only what the test is about."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.adapters.cedar.policies import CedarSet
from bot.core import actors, approvals, events, incidents, plans, policies, previews, runbooks
from bot.core.actors import Actor, Person, Standing
from bot.core.alerts import Alert, Severity, fingerprint
from bot.core.approvals import Approval
from bot.core.checks import CheckResult
from bot.core.events import Event, Recorded
from bot.core.ids import ApprovalId, Digest, GroupId, IncidentId, RunbookName, StepId, UserId
from bot.core.incidents import Incident
from bot.core.operations import Effect, Family, Judgement, Operation, Replay, Tier
from bot.core.plans import Decision, Plan, PlannedStep, Verdict
from bot.core.previews import Preview, Target
from bot.core.runbooks import ApproverRule, Expectation, Level, OnFailure

T0 = datetime(2026, 3, 14, 4, 17, tzinfo=UTC)
INC = IncidentId("INC-1")
ANA, BEN, CHI = UserId("U0ANA"), UserId("U0BEN"), UserId("U0CHI")
SRE = GroupId("S0SRE")
NOTHING = Expectation()
RULES = CedarSet([]).rules
RULE = ApproverRule(frozenset(), frozenset({SRE}))


def alert(
    name: str = "RedisConnectionTimeout",
    *,
    firing: bool = True,
    severity: Severity = Severity.HIGH,
    service: str = "api-gateway",
    labels: Mapping[str, str] | None = None,
    starts_at: datetime | None = T0,
    group_key: str = "",
    text: str = "redis connection timeout",
) -> Alert:
    all_labels = {"alertname": name, "service": service, **(labels or {})}
    return Alert(
        source="alertmanager",
        name=name,
        fingerprint=fingerprint("alertmanager", all_labels),
        is_firing=firing,
        severity=severity,
        service=service,
        environment="production",
        text=text,
        starts_at=starts_at,
        ends_at=None if firing else T0 + timedelta(minutes=3),
        group_key=group_key,
        labels=all_labels,
    )


def operation(text: str = "kubectl get pods -n production", kind: str = "kubernetes.get") -> Operation:
    return Operation(Family.KUBERNETES, kind, text, {"name": "api"})


def judgement(tier: Tier = Tier.LOW, *, effect: Effect | None = None, replay: Replay | None = None) -> Judgement:
    reads = tier is Tier.LOW
    return Judgement(
        effect=effect or (Effect.READ if reads else Effect.WRITE),
        tier=tier,
        replay=replay or (Replay.READ if reads else Replay.ONCE),
        is_reversible=False,
        counters={},
        reasons=("because",),
        summary="does a thing",
    )


def step(
    number: int | str = 1,
    tier: Tier = Tier.LOW,
    *,
    verdict: Verdict | None = None,
    on_failure: OnFailure = OnFailure.ESCALATE,
    expect: Expectation = NOTHING,
    undo: Operation | None = None,
    replay: Replay | None = None,
    attempts: int = 2,
    **counters: int,
) -> PlannedStep:
    asked = Verdict.ALLOW if tier is Tier.LOW else Verdict.ASK
    return PlannedStep(
        id=StepId(str(number)),
        name=f"Step {number}",
        operation=operation() if tier is Tier.LOW else operation("kubectl delete pod web-1", "kubernetes.delete_pod"),
        judgement=replace(judgement(tier, replay=replay), counters=counters),
        tier=tier,
        decision=Decision(
            verdict or asked,
            ("because",),
            policies.UNDECIDED.policy,
            None if tier is Tier.LOW else RULE,
            timedelta(minutes=15),
        ),
        preview=Preview(targets=(Target("Pod", "web-1", "production", uid="uid-1"),), promise="dry run accepted"),
        expect=expect,
        on_failure=on_failure,
        undo=undo,
        attempts=attempts,
    )


def plan(
    *steps: PlannedStep, deadline: datetime = T0 + timedelta(minutes=10), limits: Mapping[str, int] | None = None
) -> Plan:
    return Plan(
        runbook=RunbookName("redis"),
        runbook_digest=Digest("d" * 64),
        title="Redis",
        level=Level.ASSISTED,
        parameters={},
        limits=limits or {},
        steps=steps,
        deadline=deadline,
    )


def approval(planned: PlannedStep, *, at: datetime = T0, rule: ApproverRule = RULE, nonce: str = "n1") -> Approval:
    expires_at = at + timedelta(minutes=15)
    return Approval(
        id=ApprovalId(f"1-{nonce}"),
        step=planned.id,
        digest=approvals.bound_digest(INC, planned, Digest("d" * 64), expires_at=expires_at, nonce=nonce),
        rule=rule,
        nonce=nonce,
        expires_at=expires_at,
        typed_name=approvals.typed_name(planned) if planned.needs_confirmation else "",
    )


class History:
    """Events applied one after another, a second apart unless told otherwise."""

    def __init__(self, incident: IncidentId = INC) -> None:
        self.incident = Incident(incident)
        self.now = T0
        self.rows: list[Recorded] = []

    def then(self, *happened: Event, by: Actor = actors.BOT, after: timedelta = timedelta(seconds=1)) -> "History":
        for event in happened:
            self.now += after
            row = Recorded(self.incident.id, self.incident.version + 1, self.now, by, event)
            self.incident = incidents.apply(self.incident, row)
            self.rows.append(row)
        return self


def opened(firing: Alert | None = None) -> History:
    """An incident that an alert opened and a runbook was chosen for: it wants a plan."""
    first = firing or alert()
    return History().then(
        events.IncidentOpened("Redis", first.severity, first.service, first.environment),
        events.AlertJoined(first),
        events.RunbookMatched((), RunbookName("redis"), "words"),
        events.RunbookChosen(RunbookName("redis"), {}),
    )


def planned(*steps: PlannedStep, firing: Alert | None = None) -> History:
    return opened(firing).then(events.PlanMade(plan(*steps)))


def waiting(planned_step: PlannedStep) -> History:
    """The approval of the only step is open."""
    return waiting_for(planned_step, alert())


def waiting_for(planned_step: PlannedStep, firing: Alert) -> History:
    history = planned(planned_step, firing=firing)
    return history.then(events.ApprovalRequested(approval(planned_step, at=history.now)))


def running(planned_step: PlannedStep) -> History:
    return planned(planned_step).then(events.StepStarted(planned_step.id, 1, Digest("e" * 64), "because"))


def standing(user: UserId = ANA, *groups: str, **marks: bool) -> Standing:
    return Standing(Person(user, user.lower(), **marks), frozenset(GroupId(group) for group in groups))


def runbook(*steps: runbooks.StepSpec, name: str = "redis", **changes: object) -> runbooks.Runbook:
    made = runbooks.Runbook(
        name=RunbookName(name),
        title=name.title(),
        digest=Digest("d" * 64),
        path=f"{name}.yaml",
        match=runbooks.Match(alert_names=("RedisConnectionTimeout",)),
        steps=steps or (runbooks.StepSpec("Look", runbooks.Command("kubectl get pods -n production")),),
        approvers={Tier.MEDIUM: RULE, Tier.HIGH: RULE},
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the test names the fields


def passed() -> CheckResult:
    return CheckResult(passed=True, expected="x", actual="x")


def performed(
    output: str = "", outcome: previews.Outcome = previews.Outcome.SUCCEEDED, **more: object
) -> previews.Performed:
    return replace(previews.Performed(outcome, output), **more)  # type: ignore[arg-type]  # the test names the fields


def content_digest(planned_step: PlannedStep) -> Digest:
    return plans.content_digest(planned_step, Digest("d" * 64))
