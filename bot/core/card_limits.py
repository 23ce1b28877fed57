"""One line of a card: how much of the runbook's limits a step would use, beside what was used already."""

from collections.abc import Mapping

from bot.core import card_words, limits
from bot.core.incidents import Incident, Step
from bot.core.runbooks import Bound


def line(incident: Incident, which: Step) -> str:
    """What the incident would have used after this step, of what the runbook allows; without what stays at nothing."""
    allowed: Mapping[str, int] = incident.plan.limits if incident.plan else {}
    more = limits.counted(which.plan) if not which.attempts else {}
    total = limits.add(incident.spent, more)
    named = [name for name in sorted(total) if total[name]]
    named.sort(key=lambda name: (not more.get(name), name))
    bounds: Mapping[str, Bound] = incident.plan.bounds if incident.plan else {}
    most = {name: _most(allowed.get(name), bounds.get(name)) for name in named}
    return card_words.DOT.join(f"{name.replace('_', ' ')} {total.get(name, 0)}{most[name]}" for name in named)


def _most(limit: int | None, bound: Bound | None) -> str:
    most = f" of {limit}" if limit is not None else ""
    reach = ", ".join(limits.reach(bound))
    return f"{most} (at most {reach})" if reach else most or ", no limit set"
