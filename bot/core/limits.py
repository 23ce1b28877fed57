"""Blast radius: one model of counters for all kinds of step, counted from resolved targets.

A limit refuses; nobody can click it away (raising it is an edit of the runbook).
"""

from collections.abc import Mapping

from bot.core.plans import PlannedStep


def counted(step: PlannedStep) -> dict[str, int]:
    """What one step would add: the registry's minimum or what its preview counted, whichever is more."""
    known, resolved = step.judgement.counters, step.preview.counters
    return {name: max(known.get(name, 0), resolved.get(name, 0)) for name in sorted({*known, *resolved})}


def add(spent: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return {name: spent.get(name, 0) + more.get(name, 0) for name in sorted({*spent, *more})}


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
