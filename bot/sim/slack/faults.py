"""Faults planted on purpose: a method that is rate limited, fails, hangs or drops the line; a socket that misbehaves.

A fault may strike before the call had any effect or after it: only the latter shows whether an app posts twice.
"""

from dataclasses import dataclass
from enum import StrEnum

from bot.sim.slack.wire import Json


class FaultKind(StrEnum):
    """What goes wrong."""

    RATE_LIMITED = "rate_limited"  # 429 with Retry-After
    HTTP_ERROR = "http_error"  # a bare HTTP status, 500 or 503
    DELAY = "delay"  # the call waits, then goes on as usual
    DROP = "drop"  # the connection is cut without an answer
    ERROR = "error"  # {"ok": false, "error": ...}


class Moment(StrEnum):
    """When it strikes."""

    BEFORE = "before"  # nothing has happened yet
    AFTER = "after"  # the effect has happened, the answer is lost


@dataclass(slots=True)
class Fault:
    """A planted fault; `times` uses remain. `method` "*" stands for every method."""

    method: str
    kind: FaultKind
    times: int = 1
    moment: Moment = Moment.BEFORE
    status: int = 500
    retry_after: int = 1
    seconds: float = 1.0
    error: str = "internal_error"


class Faults:
    """The planted faults of the Web API and of the socket."""

    def __init__(self) -> None:
        self._planted: list[Fault] = []
        self.ack_delay_seconds = 0.0  # every ack is looked at this much later
        self.refused_upgrades = 0  # so many WebSocket upgrades are answered with HTTP 500

    def plant(self, method: str, kind: FaultKind | str, *, times: int = 1, **details: object) -> Fault:
        """Adds a fault; `details` are the further fields of `Fault`."""
        fault = Fault(method, FaultKind(kind), times=times)
        for name, value in details.items():
            if name not in Fault.__slots__:
                raise ValueError(f"a fault has no {name}")
            setattr(fault, name, Moment(str(value)) if name == "moment" else value)
        self._planted.append(fault)
        return fault

    def take(self, method: str) -> Fault | None:
        """The fault that strikes this call, counted down."""
        for fault in self._planted:
            if fault.method in (method, "*"):
                fault.times -= 1
                if fault.times <= 0:
                    self._planted.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        """Takes every fault back."""
        self._planted.clear()
        self.ack_delay_seconds = 0.0
        self.refused_upgrades = 0

    def to_json(self) -> list[Json]:
        """For the control interface."""
        return [{"method": one.method, "kind": one.kind.value, "times": one.times} for one in self._planted]
