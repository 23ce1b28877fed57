"""What the pagers outside are to hear of an incident: each call once, that somebody has it, and that it is over."""

from dataclasses import dataclass

from bot.core.events import PageAction
from bot.core.incidents import Incident


@dataclass(frozen=True, slots=True)
class SendPage:
    target: str


@dataclass(frozen=True, slots=True)
class UpdatePage:
    """Somebody has taken it, or it is over: whoever was paged need not be woken for it again."""

    target: str
    action: PageAction


def due(incident: Incident, pagers: tuple[str, ...]) -> SendPage | UpdatePage | None:
    return _call(incident, pagers) or _update(incident, pagers)


def _call(incident: Incident, pagers: tuple[str, ...]) -> SendPage | None:
    """The latest escalation or notice goes to every pager once, whether it could be delivered or not."""
    calls = incident.calls
    if not calls or not incident.is_open:
        return None
    told = {page.target for page in calls[-1].pages}
    return next((SendPage(target) for target in pagers if target not in told), None)


def _update(incident: Incident, pagers: tuple[str, ...]) -> UpdatePage | None:
    """Each pager that was reached hears once that somebody has taken it, and once that it is over."""
    if incident.is_open and not incident.is_taken:
        return None
    action = PageAction.ACKNOWLEDGE if incident.is_open else PageAction.RESOLVE
    reached = {page.target for call in incident.calls for page in call.pages if page.is_delivered}
    told = {target for target, each in incident.page_updates.items() if each.action in {action, PageAction.RESOLVE}}
    return next((UpdatePage(target, action) for target in pagers if target in reached - told), None)
