"""What this edge asks of the flow: the shape of `flow.desk.Desk`, so that tests can stand in for it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.core.approvals import Approval
from bot.core.ids import ApprovalId, IncidentId, RunbookName, StepId, UserId
from bot.core.incidents import Incident, Step
from bot.core.runbooks import Library


class Answer(Protocol):
    """One or two sentences for the person who asked; inert text."""

    @property
    def text(self) -> str: ...

    @property
    def incident(self) -> IncidentId | None: ...


class Desk(Protocol):
    """Raises errors of `core.errors`; returns only after what was decided is durable."""

    async def vote_approve(
        self, approval: ApprovalId, user: UserId, *, typed: str = "", reason: str = ""
    ) -> Answer: ...

    async def vote_reject(self, approval: ApprovalId, user: UserId, *, reason: str) -> Answer: ...

    async def confirmation(self, approval: ApprovalId, user: UserId) -> tuple[Incident, Step, Approval]: ...

    async def look(self, incident: IncidentId) -> Incident: ...

    async def take(self, incident: IncidentId, user: UserId) -> Answer: ...

    async def escalate(self, incident: IncidentId, user: UserId) -> Answer: ...

    async def resolve(self, incident: IncidentId, user: UserId, *, reason: str) -> Answer: ...

    async def choose(self, incident: IncidentId, user: UserId, runbook: RunbookName | None) -> Answer: ...

    async def settle(self, incident: IncidentId, step: StepId, user: UserId, *, worked: bool | None) -> Answer: ...

    async def run(self, name: str, parameters: Mapping[str, str], user: UserId, /) -> Answer: ...

    def library(self) -> Library: ...

    async def overview(self) -> Sequence[Incident]: ...
