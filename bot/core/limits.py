"""Blast radius: one model of counters for all kinds of step, counted from resolved targets.

A limit refuses; nobody can click it away (raising it is an edit of the runbook).
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from bot.core.durations import duration
from bot.core.plans import PlannedStep
from bot.core.runbooks import Bound

LAST_HOUR = timedelta(hours=1)
"""What policies may count over, whatever a runbook bounds."""

Lately = Mapping[timedelta, Mapping[str, int]]
"""For each length of time, what was used within it by all incidents of one service and environment."""


def counted(step: PlannedStep) -> dict[str, int]:
    """What one step would add: the registry's minimum or what its preview counted, whichever is more."""
    known, resolved = step.judgement.counters, step.preview.counters
    return {name: max(known.get(name, 0), resolved.get(name, 0)) for name in sorted({*known, *resolved})}


def add(spent: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return {name: spent.get(name, 0) + more.get(name, 0) for name in sorted({*spent, *more})}


def total(counters: Iterable[Mapping[str, int]]) -> dict[str, int]:
    added: dict[str, int] = {}
    for each in counters:
        added = add(added, each)
    return added


def without(spent: Mapping[str, int], less: Mapping[str, int]) -> dict[str, int]:
    """What was used by everything else: a second attempt of a step is not counted against itself."""
    return {name: count - less.get(name, 0) for name, count in sorted(spent.items())}


def violations(spent: Mapping[str, int], more: Mapping[str, int], limits: Mapping[str, int]) -> tuple[str, ...]:
    """One sentence for each limit that this step would pass, over all that the incident has already used."""
    found = []
    for name, count in sorted(more.items()):
        allowed = limits.get(name)
        total = spent.get(name, 0) + count
        if allowed is not None and count > 0 and total > allowed:
            found.append(f"{name.replace('_', ' ')}: would be {total}, the runbook allows {allowed}")
    return tuple(found)


def reach(bound: Bound | None) -> tuple[str, ...]:
    """What a bound allows, in words: `50 % at once`, `10 within 1 h`."""
    if bound is None:
        return ()
    share = (f"{bound.percent} % at once",) if bound.percent is not None else ()
    return (*share, *(f"{most} within {duration(length)}" for length, most in sorted(bound.windows.items())))


def allowed(limits: Mapping[str, int], bounds: Mapping[str, Bound]) -> str:
    """All limits of a runbook on one line."""
    said = []
    for name in sorted({*limits, *bounds}):
        most = (str(limits[name]),) if name in limits else ()
        said.append(f"{name.replace('_', ' ')} {', '.join((*most, *reach(bounds.get(name))))}")
    return "; ".join(said)


def beyond(step: PlannedStep, bounds: Mapping[str, Bound], lately: Lately) -> tuple[str, ...]:
    """One sentence for each share and each window that this step would pass; of an unknown whole there is no share."""
    found = []
    for name, count in counted(step).items():
        bound = bounds.get(name)
        if bound is None or not count:
            continue
        words, whole = name.replace("_", " "), step.preview.totals.get(name, 0)
        if bound.percent is not None and whole and count * 100 > bound.percent * whole:
            found.append(f"{words}: would be {count} of {whole}, the runbook allows {bound.percent} %")
        for length, most in sorted(bound.windows.items()):
            used = lately.get(length, {}).get(name, 0)
            if used + count > most:
                within = f"within {duration(length)}, over all incidents of this service"
                found.append(f"{words}: would be {used + count} {within}; the runbook allows {most}")
    return tuple(found)
