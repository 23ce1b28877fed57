"""What stands around the bot in a simulated night: a cluster, a Slack, people's data. They outlive it and can fail."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum, auto

from bot.core import errors
from bot.core.actors import Standing
from bot.core.events import PageAction
from bot.core.ids import Digest, IncidentId, UserId
from bot.core.operations import Operation
from bot.core.previews import Outcome, Performed, Preview, Target
from bot.core.runbooks import (
    ApproverRule,
    Checkpoint,
    Command,
    Expectation,
    OnFailure,
    Runbook,
    StepSpec,
    Verification,
)  # fmt: skip
from bot.ports import Message, Page, Posted
from tests import builders as b
from tests.fakes.world import FakeChat, FakePager, FakePeople

RESTART = "kubectl rollout restart deployment/api -n shop"
CORDON, UNCORDON = "kubectl cordon node-1", "kubectl uncordon node-1"
DELETE = "kubectl delete deployment api -n shop"
LOOK = "kubectl get deployment api -n shop"


def done(text: str) -> Verification:
    """The cluster tells what was done to it, so a look knows whether this happened."""
    return Verification(Command(LOOK), Expectation(contains=text), timedelta(seconds=10))


_LOOK = StepSpec("Look", Command(LOOK))
_RESTART = StepSpec("Restart", Command(RESTART), timeout=timedelta(seconds=20))
_PROBED = replace(_RESTART, probe=done(RESTART), attempts=3)
_CORDON = StepSpec("Cordon", Command(CORDON), undo=Command(UNCORDON), on_failure=OnFailure.UNDO, attempts=3)
_DELETE = StepSpec("Remove", Command(DELETE), verify=done(DELETE))
_VERIFY = StepSpec("Verify", Command(LOOK), expect=Expectation(contains="ready"))

_AGREE = StepSpec("Agree", Checkpoint("Is it api?"))
_CHECKED = replace(_RESTART, verify=done(RESTART))
_GOES_ON = replace(_CORDON, on_failure=OnFailure.CONTINUE)
_TAKEN_BACK = replace(_DELETE, on_failure=OnFailure.UNDO, undo=Command(RESTART))

RUNBOOKS = (
    (_LOOK, _RESTART, _VERIFY),
    (_PROBED, _VERIFY),
    (_LOOK, _CORDON, _RESTART, _VERIFY),
    (_CORDON, _DELETE),
    (_AGREE, _CHECKED, replace(_RESTART, name="Once more")),
    (_GOES_ON, _PROBED, _TAKEN_BACK),
)


def runbook(which: int, *, quorum: int = 1, edition: str = "d") -> Runbook:
    rule = ApproverRule(frozenset(), frozenset({b.SRE}), quorum=quorum)
    made = b.runbook(*RUNBOOKS[which], limits={"pod_restarts": 1, "objects_deleted": 1})
    return replace(made, approvers=dict.fromkeys(made.approvers, rule), digest=Digest(edition * 64))


class Fate(Enum):
    """What becomes of one change: whether it happens, and what is heard of it."""

    DONE = auto()
    FAILED = auto()
    FAILED_HALFWAY = auto()
    LOST_BEFORE = auto()
    LOST_AFTER = auto()
    SILENT_BEFORE = auto()
    SILENT_AFTER = auto()

    @property
    def has_effect(self) -> bool:
        return self in {Fate.DONE, Fate.FAILED_HALFWAY, Fate.LOST_AFTER, Fate.SILENT_AFTER}


ODDS = (70, 8, 4, 5, 7, 3, 3)
ANSWERS = {
    Fate.DONE: Performed(Outcome.SUCCEEDED, "ok"),
    Fate.FAILED: Performed(Outcome.FAILED, detail="exit 1", exit_code=1),
    Fate.FAILED_HALFWAY: Performed(Outcome.FAILED, detail="exit 1", exit_code=1),
}
SILENCE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that has really changed, at this moment (virtual seconds)."""

    key: str
    text: str
    at: float


@dataclass(slots=True)
class Cluster:
    """ports.Executor. `watch` is asked at the very moment of each change, before it is done."""

    chance: random.Random
    watch: Callable[[str, Operation], None]
    is_troubled: bool = True
    uids: dict[str, int] = field(default_factory=lambda: {"api": 1, "node-1": 1})
    effects: list[Effect] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)
    _changing: dict[str, str] = field(default_factory=dict)

    async def preview(self, operation: Operation, *, timeout: timedelta) -> Preview:
        if self.is_troubled and self.chance.random() < 0.05:
            if self.chance.random() < 0.3:
                await asyncio.sleep(SILENCE_SECONDS)
            raise errors.Transient("the cluster does not answer")
        counters = {"pod_restarts": 1} if operation.text == RESTART else {}
        return Preview(targets=(self._target(operation),), promise="dry run accepted", counters=counters)

    async def perform(self, operation: Operation, preview: Preview, *, key: str, timeout: timedelta) -> Performed:
        await asyncio.sleep(self.chance.random() * 3)
        if operation.text == LOOK:
            return self._look()
        target = self._target(operation)
        if preview.targets != (target,):
            return Performed(Outcome.REFUSED, detail=f"{target.name} is not the one that was shown")
        other = self._changing.setdefault(target.name, key)
        if other != key:
            self.violations.append(f"{key} and {other} change {target.name} at once")
        try:
            return await self._change(operation, key)
        finally:
            self._changing.pop(target.name, None)

    def _look(self) -> Performed:
        if self.is_troubled and self.chance.random() < 0.1:
            return Performed(Outcome.UNKNOWN, detail="connection reset")
        return Performed(Outcome.SUCCEEDED, "\n".join(["ready", *(each.text for each in self.effects)]), exit_code=0)

    async def _change(self, operation: Operation, key: str) -> Performed:
        fate = self.chance.choices(list(Fate), ODDS)[0] if self.is_troubled else Fate.DONE
        self.fates.append(fate)
        if fate.has_effect:
            self.watch(key, operation)
            self.effects.append(Effect(key, operation.text, asyncio.get_running_loop().time()))
        await asyncio.sleep(self.chance.random() * 3)
        if fate in {Fate.SILENT_BEFORE, Fate.SILENT_AFTER}:
            await asyncio.sleep(SILENCE_SECONDS)
        return ANSWERS.get(fate, Performed(Outcome.UNKNOWN, detail="the answer was lost"))

    def _target(self, operation: Operation) -> Target:
        kind, name = ("Node", "node-1") if "node-1" in operation.text else ("Deployment", "api")
        return Target(kind, name, "" if kind == "Node" else "shop", uid=f"uid-{self.uids[name]}")


class Slack(FakeChat):
    """A Slack that is slow, down, forgets to answer, and in which people delete messages."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance
        self.is_troubled = True
        self.is_down = False
        self.unsearchable: set[tuple[IncidentId, str]] = set()
        self.deleted: set[tuple[IncidentId, str]] = set()
        self.told: dict[tuple[IncidentId, int], float] = {}

    async def post(self, message: Message, *, channel: str, thread: str = "") -> Posted:
        await self._trouble()
        self.lose_answer = self.is_troubled and self._chance.random() < 0.04
        posted = await super().post(message, channel=channel, thread=thread)
        self._see(message)
        return posted

    async def update(self, message: Message, at: Posted) -> Posted:
        await self._trouble()
        posted = await super().update(message, at)
        self._see(message)
        return posted

    async def find(self, incident: IncidentId, key: str, *, channel: str, thread: str = "") -> Posted | None:
        try:
            await self._trouble()
        except errors.PageturnerError:
            self.unsearchable.add((incident, key))
            raise
        return await super().find(incident, key, channel=channel, thread=thread)

    async def _trouble(self) -> None:
        if self.is_down:
            raise errors.Transient("slack is down", retry_after_seconds=2)
        if not self.is_troubled or self._chance.random() < 0.93:
            return
        if self._chance.random() < 0.5:
            await asyncio.sleep(self._chance.random() * 20)
        else:
            raise errors.Transient("ratelimited", retry_after_seconds=self._chance.choice((1, 5, 30)))

    def _see(self, message: Message) -> None:
        """From when on a version of an incident's first message could be read."""
        version = int(message.card.fallback.rsplit(" v", 1)[-1]) if message.key == "root" else 0
        self.told.setdefault((message.incident, version), asyncio.get_running_loop().time())

    def delete_one(self) -> None:
        if self.messages:
            message, _ = self.messages.pop(self._chance.choice(list(self.messages)))
            self.deleted.add((message.incident, message.key))


class People(FakePeople):
    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance
        self.left_at: dict[str, float] = {}

    async def standing(self, user: UserId) -> Standing:
        if self.failing and self._chance.random() < 0.5:
            raise errors.Transient("users.info failed")
        failing, self.failing = self.failing, False
        try:
            return await super().standing(user)
        finally:
            self.failing = failing

    def leave(self, user: UserId) -> None:
        self.members[b.SRE].discard(user)
        self.left_at[user] = asyncio.get_running_loop().time()

    def come_back(self, user: UserId) -> None:
        self.members[b.SRE].add(user)
        self.left_at.pop(user, None)


class Pager(FakePager):
    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance
        self.is_troubled = True

    async def page(self, page: Page) -> str:
        if self.is_troubled and self._chance.random() < 0.2:
            raise errors.Transient("the pager does not answer")
        return await super().page(page)

    async def update(self, key: str, action: PageAction) -> str:
        if self.is_troubled and self._chance.random() < 0.2:
            raise errors.Transient("the pager does not answer")
        return await super().update(key, action)
