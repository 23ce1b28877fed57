"""What the actions of a step would do: text and values to operations. Asks nothing outside; knows no policy."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.core import captures, risk, waves
from bot.core.commands import parsing
from bot.core.ids import RunbookName
from bot.core.operations import Effect, Operation
from bot.core.plans import PlannedVerification
from bot.core.runbooks import Action, Command, Runbook, StepSpec, Verification
from bot.core.waves import Wave

MOST_KEPT = 512
"""Operations of one runbook that are kept, over all values it ran with; beyond it all are read anew."""

_Key = tuple[int, str, tuple[tuple[str, str], ...] | None]


@dataclass(frozen=True, slots=True)
class Operations:
    """What one step would do, look at, and undo."""

    operation: Operation
    undo: Operation | None
    verify: PlannedVerification | None
    probe: PlannedVerification | None
    awaits: tuple[str, ...]


@dataclass(slots=True)
class _Kept:
    """What was read of one loaded version."""

    runbook: Runbook
    operations: dict[_Key, Operation]
    looks: tuple[bool, ...] | None = None


class Reader:
    """Remembers what it read, for each loaded version of a runbook: a step is read for its dry run, vote and claim."""

    def __init__(self) -> None:
        self._kept: dict[RunbookName, _Kept] = {}

    def reading(self, runbook: Runbook, position: int, values: Mapping[str, str] | None) -> "Reading":
        return Reading(self, runbook, position, values)

    def operation(self, action: Action, runbook: Runbook, position: int, values: Mapping[str, str] | None) -> Operation:
        """`position` counts from 0; without values placeholders stay. Raise Invalid where it cannot be understood."""
        if not isinstance(action, Command):
            return _read(action, runbook, position, values)
        known = self._known(runbook).operations
        key = (position, action.text, None if values is None else tuple(sorted(values.items())))
        found = known.get(key)
        if found is None:
            found = _read(action, runbook, position, values)
            if len(known) >= MOST_KEPT:
                known.clear()
            known[key] = found
        return found

    def looks(self, runbook: Runbook) -> tuple[bool, ...]:
        """Which steps look whether what was done before them is well."""
        known = self._known(runbook)
        if known.looks is None:
            known.looks = tuple(self._is_look(runbook, position) for position in range(len(runbook.steps)))
        return known.looks

    def _is_look(self, runbook: Runbook, position: int) -> bool:
        """The step reads and expects something: it verifies what was done before it."""
        spec = runbook.steps[position]
        operation = self.operation(spec.action, runbook, position, None)
        is_check = not spec.expect.is_empty or operation.kind == "kubernetes.rollout_status"
        return is_check and risk.judge(operation).effect is Effect.READ

    def _known(self, runbook: Runbook) -> _Kept:
        known = self._kept.get(runbook.name)
        if known is None or known.runbook is not runbook:
            known = self._kept[runbook.name] = _Kept(runbook, {})
        return known


def _read(action: Action, runbook: Runbook, position: int, values: Mapping[str, str] | None) -> Operation:
    known = captures.parameters_at(runbook, position)
    return parsing.operation(
        action, values=values, parameters=known, programs=runbook.programs, manifests=runbook.manifests
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """One step of a runbook, at `position` from 0, with the values that are known there; None leaves placeholders."""

    reader: Reader
    runbook: Runbook
    position: int
    values: Mapping[str, str] | None

    def operation(self, action: Action) -> Operation:
        return self.reader.operation(action, self.runbook, self.position, self.values)

    def operations(self, spec: StepSpec, awaits: tuple[str, ...], wave: Wave) -> Operations:
        """What `wave` does of the step."""
        whole = self.operation(spec.action)
        return Operations(
            operation=waves.narrowed(whole, wave) or whole,
            undo=self.operation(spec.undo) if spec.undo else None,
            verify=self._verification(spec.verify),
            probe=self._verification(spec.probe),
            awaits=awaits,
        )

    def _verification(self, verification: Verification | None) -> PlannedVerification | None:
        if verification is None:
            return None
        return PlannedVerification(self.operation(verification.action), verification.expect, verification.within)

    def missing(self, spec: StepSpec) -> tuple[str, ...]:
        """Names that the step uses and nobody has found yet."""
        looks = [each.action for each in (spec.verify, spec.probe) if each is not None]
        actions = [spec.action, *([spec.undo] if spec.undo else []), *looks]
        named = dict.fromkeys(name for action in actions for name in captures.names(action))
        sought = captures.parameters_at(self.runbook, self.position).keys() - self.runbook.parameters
        known = self.values or {}
        return tuple(name for name in named if name in sought and name not in known)

    def waits_for(self, names: tuple[str, ...]) -> str:
        found = [f"{{{name}}}, which step {captures.finder(self.runbook, name, self.position)} finds" for name in names]
        return f"it needs {' and '.join(found)}"
