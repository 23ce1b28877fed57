"""The policies in force and the organisation's clock, as every stage asks them: at click, submit and claim."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.core import authorization, policies
from bot.core.actors import Standing
from bot.core.approvals import Approval
from bot.core.authorization import Action, Entity, Request, Rules, Surroundings
from bot.core.errors import Refused
from bot.core.ids import UserId
from bot.core.incidents import Incident
from bot.core.operations import Json
from bot.core.policies import Proposal, Voting


@dataclass(frozen=True, slots=True)
class Trust:
    """`rules` are the policies in force now; `local` is the organisation's time, `around` what its files say of it."""

    rules: Callable[[], Rules]
    local: Callable[[], datetime]
    around: Callable[[], Surroundings] = Surroundings

    def check(
        self, standing: Standing, action: Action, resource: Entity, *, doing: str, more: Mapping[str, Json]
    ) -> None:
        """Raise Refused, with the reason, where policy does not let this person do it now."""
        who = authorization.user(standing.person.id, standing.groups)
        context = {**more, "now": authorization.moment(self.local(), self.around())}
        answer = self.rules().authorize(Request(who, action, resource, context))
        if action is Action.FREEZE and answer.error:
            return  # stopping is never kept by policies that cannot be asked
        if not answer.is_allowed:
            raise Refused(f"Policy does not let you {doing}: {answer.reasons[0]}.", rule=f"policy.{action}")

    def check_proposal(self, who: Entity, proposed: Proposal) -> None:
        """Raise Refused where policy does not let this principal start this runbook there now."""
        policies.check_proposal(who, proposed, self.rules(), local=self.local(), around=self.around())

    def check_approver(
        self, standing: Standing, incident: Incident, asked: Approval, *, requester: UserId | None
    ) -> None:
        """Raise Refused unless this person may say yes to what is asked, under its rule and the policies."""
        voting = Voting(
            runbook=incident.plan.runbook if incident.plan else "",
            step=incident.step(asked.step).plan,
            service=incident.service,
            environment=incident.environment,
            local=self.local(),
            around=self.around(),
        )
        policies.check_approver(standing, voting, self.rules(), rule=asked.rule, requester=requester)
