"""Each part of what people said yes to is changed between the yes and the claim, in many ways: nothing may run.

A part of a step that is not bound by the digest is named here, with why; a new one has to be thought about.
"""

import dataclasses
import random
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import Enum
from typing import Any

import pytest

from bot.core import plans
from bot.core.ids import IncidentId
from bot.core.previews import Target
from bot.core.runbooks import Capture, Command, Expectation, StepSpec, Verification
from bot.flow import previewing
from tests import builders as b
from tests.fakes.world import World
from tests.flow.test_road import FLUSH, HEALTH, UNDO, approve

VALUES = 20
UNBOUND = {
    "name": "a heading; the runbook's digest binds it",
    "operation.family": "follows from the kind",
    "judgement.effect": "follows from the kind; what is not a read is asked about whatever is said here",
    "judgement.tier": "the step's own tier is bound, which is never below it",
    "judgement.counters": "follows from the text: the least that it does, whatever the dry run counts",
    "judgement.is_reversible": "only keeps a step from running alone, and here a person has said yes",
    "judgement.reasons": "words",
    "judgement.summary": "words",
    "judgement.refused_because": "blocks by itself",
    "decision.verdict": "anything but ASK sets the step back by itself",
    "decision.reasons": "words",
    "decision.window": "the moment of expiry is bound",
    "decision.deciding": "words; the hash of all policies is bound",
    "preview.targets.note": "words",
    "preview.targets.resource_version": "bound where the dry run pins it",
    "preview.targets.pins_version": "follows from the kind",
    "preview.change": "words about facts, which are bound",
    "preview.promise": "words",
    "preview.totals": "only for shares, which are limits of their own",
    "preview.undo": "the way back is asked about by itself",
    "preview.problems": "blocks by itself",
    "verify.within": "the runbook's digest binds it",
    "verify.operation": "the text says all of it",
    "probe.operation": "the text says all of it",
    "probe.within": "is not used",
    "undo": "the text says all of it, and it is asked about by itself",
    "attempts": "the runbook's digest binds it",
    "awaits": "a step that waits for a value has no digest yet",
}
STEP = StepSpec(
    "Flush",
    Command(FLUSH),
    expect=Expectation(contains="OK"),
    undo=Command(UNDO),
    verify=Verification(Command(HEALTH), Expectation(contains="OK"), timedelta(seconds=5)),
    probe=Verification(Command(HEALTH), Expectation(contains="flushed"), timedelta(seconds=5)),
    capture=Capture("pod", "[a-z]+"),
)

Path = tuple[str | int, ...]


def parts(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value in a tree of dataclasses, mappings and tuples that has no parts of its own."""
    if dataclasses.is_dataclass(value):
        inner: list[tuple[str | int, Any]] = [
            (each.name, getattr(value, each.name)) for each in dataclasses.fields(value)
        ]
    elif isinstance(value, Mapping):
        inner = list(value.items())
    elif isinstance(value, tuple | list):
        inner = list(enumerate(value))
    else:
        yield path, value
        return
    for name, each in inner:
        yield from parts(each, (*path, name))


def put(value: Any, path: Path, new: Any) -> Any:
    """The tree with one part exchanged."""
    if not path:
        return new
    first, rest = path[0], path[1:]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(value, **{str(first): put(getattr(value, str(first)), rest, new)})
    if isinstance(value, Mapping):
        return {**value, first: put(value[first], rest, new)}
    changed = list(value)
    changed[int(first)] = put(changed[int(first)], rest, new)
    return type(value)(changed)


def others(value: Any, chance: random.Random) -> list[Any]:
    """Up to so many other values of the same type, those that are hard to tell apart among them."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, Enum):
        return [each for each in type(value) if each is not value]
    if isinstance(value, int | float):
        return [value + each for each in range(1, VALUES + 1)]
    if isinstance(value, timedelta):
        return [value + timedelta(seconds=each) for each in range(1, VALUES + 1)]
    if isinstance(value, str):
        near = [value + " ", " " + value, value.upper() + "x", value[:-1] or "y", value + "\u200b", value + "'", ""]
        return [each for each in near if each != value] + [
            value + chr(chance.randrange(0x21, 0x2FFF)) for _ in range(VALUES - len(near))
        ]
    return ["something"] if value is None else []


def name_of(path: Path) -> str:
    return ".".join(str(each) for each in path if isinstance(each, str))


def is_unbound(path: Path) -> bool:
    name = name_of(path)
    if path[0] in {"verify", "probe"} and path[1:] == ("operation", "text"):
        return False
    return path != ("undo", "text") and any(name == each or name.startswith(f"{each}.") for each in UNBOUND)


async def asked_about(world: World, number: int) -> plans.PlannedStep:
    await world.fire(b.alert(labels={"instance": str(number)}))
    incident = await world.incident(number)
    assert incident.approval is not None
    return incident.step(incident.approval.step).plan


def world_of_one() -> World:
    world = World(b.runbook(STEP))
    world.executor.targets = (Target("Pod", "web-1", "production", uid="uid-1"),)
    world.executor.counters = {"cache_operations": 1}
    return world


async def changes_of_a_step() -> list[tuple[Path, Any]]:
    world = world_of_one()
    async with world.alive():
        step = await asked_about(world, 1)
    chance = random.Random(1)
    return [(path, other) for path, value in parts(step) for other in others(value, chance)]


async def test_F82_what_is_not_bound_is_known_by_name() -> None:
    world = world_of_one()
    async with world.alive():
        step = await asked_about(world, 1)
    bound, wrong = b.content_digest(step), []
    for path, other in await changes_of_a_step():
        try:
            changed = b.content_digest(put(step, path, other))
        except (TypeError, AttributeError):
            continue  # nothing that could be loaded has such a value
        if (changed == bound) != is_unbound(path):
            wrong.append(f"{name_of(path)} -> {other!r}")
    assert wrong == []


async def test_F82_a_step_that_is_another_one_when_it_is_claimed_does_not_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every bound part, twenty values each."""
    original = previewing.step_again
    change: dict[str, Any] = {}

    async def exchanged(*args: Any) -> plans.PlannedStep | None:
        fresh = await original(*args)
        return put(fresh, change["path"], change["other"]) if fresh else None

    world = world_of_one()
    found = [(path, other) for path, other in await changes_of_a_step() if not is_unbound(path)]
    tried = set()
    async with world.alive():
        for number, (path, other) in enumerate(found, start=1):
            step = await asked_about(world, number)
            try:
                b.content_digest(put(step, path, other))
            except (TypeError, AttributeError):
                continue
            change.update(path=path, other=other)
            with monkeypatch.context() as patched:
                patched.setattr(previewing, "step_again", exchanged)
                approval = (await world.incident(number)).approval
                assert approval is not None
                await world.desk.vote_approve(approval.id, b.ANA)
                await world.rest()
            assert FLUSH not in world.executor.performed, f"{name_of(path)} -> {other!r} ran"
            await world.desk.resolve(IncidentId(f"INC-{number}"), b.ANA, reason="next one")
            await world.rest()
            tried.add(name_of(path))
    assert len(tried) >= 12
    assert len(found) >= 12 * VALUES / 2


async def test_what_is_the_same_runs() -> None:
    """The control: nothing changed, and it is done."""
    world = world_of_one()
    async with world.alive():
        await asked_about(world, 1)
        await approve(world)
        assert FLUSH in world.executor.performed
