"""What each button asks for: the table behind the one listener of clicks."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.adapters.slack import modals, payloads, texts
from bot.adapters.slack.connection import Web
from bot.adapters.slack.payloads import Click
from bot.adapters.slack.questions import Answer, Desk
from bot.adapters.slack.replies import Reply
from bot.core.errors import Refused
from bot.core.ids import RunbookName

NONE = "none"


class Presses:
    """Buttons in messages and windows. Values are ids; what they may do is decided by the desk, each time."""

    def __init__(self, desk: Desk, web: Web) -> None:
        self._desk = desk
        self._web = web
        self.table: Mapping[str, Callable[[Click], Awaitable[Reply]]] = {
            "step.approve": self._approve,
            "step.confirm": self._confirm,
            "step.reject": self._reject,
            "step.details": self._details,
            "incident.take": self._take,
            "incident.choose": self._choose,
            "incident.escalate": self._escalate,
            "incident.resolve": self._resolve,
            "outcome.succeeded": lambda click: self._settle(click, worked=True),
            "outcome.failed": lambda click: self._settle(click, worked=False),
            "outcome.rerun": lambda click: self._settle(click, worked=None),
            "level.grant": lambda click: self._level(click, is_granted=True),
            "level.decline": lambda click: self._level(click, is_granted=False),
            "glass.break": self._glass,
            "storm.open": self._bring,
            modals.SELECT: self._select,
        }

    async def answer(self, click: Click) -> Reply:
        pressed = self.table.get(click.action)
        if pressed is None:
            raise Refused(texts.UNKNOWN_BUTTON, rule="button.unknown")
        return await pressed(click)

    async def _approve(self, click: Click) -> Reply:
        return _said(await self._desk.vote_approve(payloads.approval(click.value), click.user))

    async def _confirm(self, click: Click) -> Reply:
        incident, step, approval = await self._desk.confirmation(payloads.approval(click.value), click.user)
        return await self._open(click, modals.confirm(incident, step, approval, place=click.place))

    async def _reject(self, click: Click) -> Reply:
        approval = payloads.approval(click.value)
        try:
            incident, step, _ = await self._desk.confirmation(approval, click.user)
        except Refused as refused:
            if refused.rule != "approver.requester":
                raise
            # who asked for a run may not approve it, but may take it back
            return await self._open(click, modals.reject(approval, None, place=click.place))
        return await self._open(click, modals.reject(approval, (incident, step), place=click.place))

    async def _details(self, click: Click) -> Reply:
        which, step_id = payloads.step(click.value)
        incident = await self._desk.look(which)
        step = next((each for each in incident.steps if each.plan.id == step_id), None)
        if step is None:
            raise Refused(texts.NO_STEP, rule="step.unknown")
        return await self._open(click, modals.details(incident, step))

    async def _bring(self, click: Click) -> Reply:
        return _said(await self._desk.bring(payloads.incident(click.value)))

    async def _take(self, click: Click) -> Reply:
        return _said(await self._desk.take(payloads.incident(click.value), click.user))

    async def _escalate(self, click: Click) -> Reply:
        return _said(await self._desk.escalate(payloads.incident(click.value), click.user))

    async def _resolve(self, click: Click) -> Reply:
        incident = await self._desk.look(payloads.incident(click.value))
        return await self._open(click, modals.resolve(incident, place=click.place))

    async def _level(self, click: Click, *, is_granted: bool) -> Reply:
        incident = await self._desk.look(payloads.incident(click.value))
        return await self._open(click, modals.level(incident, is_granted=is_granted, place=click.place))

    async def _glass(self, click: Click) -> Reply:
        incident = await self._desk.look(payloads.incident(click.value))
        return await self._open(click, modals.glass(incident, place=click.place))

    async def _choose(self, click: Click) -> Reply:
        if ":" not in click.value:
            incident = await self._desk.look(payloads.incident(click.value))
            return await self._open(click, modals.choose(incident, self._desk.library(), place=click.place))
        which, part = payloads.part(click.value)
        runbook = None if part == NONE else await self._candidate(click, part)
        return _said(await self._desk.choose(which, click.user, runbook))

    async def _candidate(self, click: Click, part: str) -> RunbookName:
        which, _ = payloads.part(click.value)
        candidates = (await self._desk.look(which)).candidates
        if not part.isdecimal() or int(part) >= len(candidates):
            raise Refused(texts.NO_CANDIDATE, rule="choice.gone")
        return candidates[int(part)].runbook

    async def _settle(self, click: Click, *, worked: bool | None) -> Reply:
        which, step = payloads.step(click.value)
        return _said(await self._desk.settle(which, step, click.user, worked=worked))

    async def _select(self, click: Click) -> Reply:
        """Another runbook in the form: show its fields. The hash keeps a slow answer from undoing a later one."""
        library = self._desk.library()
        chosen = library.runbooks.get(RunbookName(click.value))
        view = modals.run(library, chosen, metadata=click.metadata)
        body: dict[str, Any] = {"view_id": click.view, "view": view}
        if click.view_hash:
            body["hash"] = click.view_hash
        await self._web.write("views.update", body, repeatable=True)
        return Reply()

    async def _open(self, click: Click, view: modals.View) -> Reply:
        await self._web.write("views.open", {"trigger_id": click.trigger, "view": view}, repeatable=True)
        return Reply()


def _said(answer: Answer) -> Reply:
    return Reply(texts.said(answer.text))
