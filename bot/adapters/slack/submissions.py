"""What each submitted window asks for, and which of its fields an error belongs to."""

from collections.abc import Awaitable, Callable, Mapping

from bot.adapters.slack import modals, payloads, texts
from bot.adapters.slack.payloads import Submission
from bot.adapters.slack.questions import Answer, Desk
from bot.adapters.slack.replies import Reply
from bot.core.errors import Invalid, PageturnerError, Refused
from bot.core.ids import RunbookName

FIELD_OF_RULE: Mapping[str, str] = {
    "confirm.typed": modals.TYPED,
    "confirm.reason": modals.REASON,
    "reason": modals.REASON,
}


class Submissions:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.table: Mapping[str, Callable[[Submission], Awaitable[Answer]]] = {
            modals.CONFIRM: self._confirm,
            modals.REJECT: self._reject,
            modals.RESOLVE: self._resolve,
            modals.CHOOSE: self._choose,
            modals.RUN: self._run,
            modals.GRANT: self._grant,
            modals.GLASS: self._glass,
            modals.DECLINE: self._decline,
        }

    async def answer(self, submission: Submission) -> Reply:
        submitted = self.table.get(submission.callback)
        if submitted is None:
            raise Refused(texts.UNKNOWN_BUTTON, rule="window.unknown")
        return Reply(texts.said((await submitted(submission)).text))

    async def _confirm(self, submission: Submission) -> Answer:
        return await self._desk.vote_approve(
            payloads.approval(submission.metadata.get("approval", "")),
            submission.user,
            typed=submission.fields.get(modals.TYPED, ""),
            reason=submission.fields.get(modals.REASON, ""),
        )

    async def _reject(self, submission: Submission) -> Answer:
        approval = payloads.approval(submission.metadata.get("approval", ""))
        reason = submission.fields.get(modals.REASON, "")
        return await self._desk.vote_reject(approval, submission.user, reason=reason)

    async def _resolve(self, submission: Submission) -> Answer:
        incident = payloads.incident(submission.metadata.get("incident", ""))
        return await self._desk.resolve(incident, submission.user, reason=submission.fields.get(modals.REASON, ""))

    async def _grant(self, submission: Submission) -> Answer:
        incident = payloads.incident(submission.metadata.get("incident", ""))
        return await self._desk.grant_level(incident, submission.user, reason=submission.fields.get(modals.REASON, ""))

    async def _glass(self, submission: Submission) -> Answer:
        incident = payloads.incident(submission.metadata.get("incident", ""))
        return await self._desk.break_glass(incident, submission.user, reason=submission.fields.get(modals.REASON, ""))

    async def _decline(self, submission: Submission) -> Answer:
        incident = payloads.incident(submission.metadata.get("incident", ""))
        return await self._desk.decline_level(
            incident, submission.user, reason=submission.fields.get(modals.REASON, "")
        )

    async def _choose(self, submission: Submission) -> Answer:
        incident = payloads.incident(submission.metadata.get("incident", ""))
        return await self._desk.choose(incident, submission.user, RunbookName(_runbook(submission)))

    async def _run(self, submission: Submission) -> Answer:
        """Empty fields are left to the runbook's defaults."""
        typed = {
            name.removeprefix(modals.PARAMETER): value.strip()
            for name, value in submission.fields.items()
            if name.startswith(modals.PARAMETER) and value.strip()
        }
        return await self._desk.run(_runbook(submission), typed, submission.user)


def _runbook(submission: Submission) -> str:
    name = submission.fields.get(modals.RUNBOOK, "")
    if not name:
        raise Refused(texts.NOT_CHOSEN, rule=modals.RUNBOOK)
    return name


def errors(submission: Submission, error: PageturnerError) -> dict[str, str]:
    """The sentence at the field that it is about, else at the last: the window stays open, nothing typed is lost."""
    if not submission.fields:
        return {}
    wanted = _field(error)
    if wanted in submission.fields:
        return {wanted: texts.at_field(error)}
    return {list(submission.fields)[-1]: texts.in_window(error)}


def _field(error: PageturnerError) -> str:
    if isinstance(error, Refused):
        return FIELD_OF_RULE.get(error.rule, "")
    if isinstance(error, Invalid):
        return f"{modals.PARAMETER}{error.place}" if error.place else modals.RUNBOOK
    return ""
