"""The policies in force and the organisation's clock, as every stage asks them: at click, submit and claim."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.core import policies
from bot.core.actors import Standing
from bot.core.approvals import Approval
from bot.core.authorization import Rules
from bot.core.ids import UserId
from bot.core.incidents import Incident
from bot.core.policies import Voting


@dataclass(frozen=True, slots=True)
class Trust:
    """`rules` are the policies in force now; `local` is the time in the organisation's zone."""

    rules: Callable[[], Rules]
    local: Callable[[], datetime]

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
        )
        policies.check_approver(standing, voting, self.rules(), rule=asked.rule, requester=requester)
