"""Votes and what they add up to: an approval is enough valid votes for one digest, before one moment.

Authority is decided here from ids only, three times: at the click, at the modal's submit and when the step is claimed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.core import plans
from bot.core.actors import Standing
from bot.core.errors import Refused
from bot.core.ids import ApprovalId, Digest, GroupId, IncidentId, StepId, UserId
from bot.core.plans import PlannedStep
from bot.core.runbooks import ApproverRule

MINIMUM_REASON = 10
"""Characters; UX.md asks for a reason that says something."""


class Choice(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"


class Closing(StrEnum):
    GRANTED = "granted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    STALE = "stale"  # what was shown is no longer what would run
    WITHDRAWN = "withdrawn"  # the incident moved on: resolved, escalated, cancelled
    CONSUMED = "consumed"  # its step was claimed


@dataclass(frozen=True, slots=True)
class Vote:
    voter: UserId
    choice: Choice
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """A question to people about one digest. `typed_name` is what a confirmation must repeat ("" for a plain press)."""

    id: ApprovalId
    step: StepId
    digest: Digest
    rule: ApproverRule
    nonce: str
    expires_at: datetime
    typed_name: str = ""
    requester: UserId | None = None
    votes: tuple[Vote, ...] = ()
    reminded_at: datetime | None = None

    @property
    def yes(self) -> tuple[Vote, ...]:
        return tuple(vote for vote in self.votes if vote.choice is Choice.APPROVE)

    @property
    def is_granted(self) -> bool:
        return self.rejection is None and len({vote.voter for vote in self.yes}) >= self.rule.quorum

    @property
    def rejection(self) -> Vote | None:
        return next((vote for vote in self.votes if vote.choice is Choice.REJECT), None)


def bound_digest(
    incident: IncidentId, step: PlannedStep, runbook: Digest, *, expires_at: datetime, nonce: str
) -> Digest:
    """What an approval is about: the content of the step, in this incident, until this moment, asked this once."""
    return plans.digest(
        {
            "incident": incident,
            "content": plans.content_digest(step, runbook),
            "expires_at": expires_at.isoformat(),
            "nonce": nonce,
        }
    )


def typed_name(step: PlannedStep) -> str:
    """What a person must type: the name of the first target, or the operation's own noun where nothing was resolved."""
    named = [target.name for target in step.preview.targets if target.name]
    owner = step.operation.arguments.get("name")
    if isinstance(owner, str) and owner:
        return owner
    return named[0] if named else step.operation.kind.rpartition(".")[2]


def anyone_of(rules: Iterable[ApproverRule], named: Iterable[str]) -> ApproverRule:
    """Whoever may approve under one of these rules, and whom these Slack ids of people and groups (`S...`) name."""
    known, also = [*rules], [*named]
    users = (UserId(each) for each in also if not each.startswith("S"))
    groups = (GroupId(each) for each in also if each.startswith("S"))
    return ApproverRule(
        frozenset(users).union(*(rule.users for rule in known)),
        frozenset(groups).union(*(rule.groups for rule in known)),
    )


def check_authority(standing: Standing, rule: ApproverRule, requester: UserId | None) -> None:
    """Raise Refused, saying who could, unless this person may vote under this rule."""
    person = standing.person
    who = f"Allowed: {rule}."
    check_member(standing, remedy=who)
    if person.id not in rule.users and not (standing.groups & rule.groups):
        raise Refused("You are not an approver for this step.", rule="approver.rule", remedy=who)
    if rule.not_requester and requester == person.id:
        raise Refused(
            "You asked for this run, so somebody else must approve it.", rule="approver.requester", remedy=who
        )


def check_member(standing: Standing, *, doing: str = "approve", remedy: str = "") -> None:
    """Raise Refused unless this is an active person of the workspace itself."""
    person = standing.person
    marks = {
        "bots never": person.is_bot,
        "this account is deactivated and cannot": person.is_deleted,
        "guests never": person.is_guest,
        "people of another workspace never": person.is_foreign,
    }
    who = next((words for words, is_so in marks.items() if is_so), "")
    if who:
        raise Refused(f"You cannot {doing} here: {who} {doing}.", rule="approver.person", remedy=remedy)


def check_vote(approval: Approval, voter: UserId, *, choice: Choice, now: datetime, typed: str, reason: str) -> None:
    """Raise Refused when this vote cannot count: too late, twice, wrong confirmation, thin reason."""
    if now >= approval.expires_at:
        raise Refused(
            "This approval has expired; nothing was run.",
            rule="approval.expired",
            remedy="The incident has been escalated.",
        )
    if choice is Choice.APPROVE and any(vote.voter == voter for vote in approval.yes):
        raise Refused(
            "You have already approved this step.",
            rule="approval.twice",
            remedy="Another person must approve as well.",
        )
    if choice is Choice.APPROVE and approval.typed_name:
        check_confirmation(approval, typed=typed, reason=reason)


def check_confirmation(approval: Approval, *, typed: str, reason: str) -> None:
    """Raise Refused with rule `confirm.typed` or `confirm.reason`, so that the modal can show it at its field."""
    if typed.strip() != approval.typed_name:
        raise Refused(f"Type exactly: {approval.typed_name}", rule="confirm.typed")
    if len(reason.strip()) < MINIMUM_REASON:
        raise Refused(
            f"Give a reason of at least {MINIMUM_REASON} characters; it is kept for the record.",
            rule="confirm.reason",
        )
