"""The first message of an incident's thread, edited in place: how it stands and what it waits for.

Silence is explained: on whom it waits, until when, and what happens then. Times are moments, so that nothing has to be
edited only because time has passed.

One decision rings once. A step's message and a later escalation mention whom they are for, so the root speaks of them
in plain words; it mentions them itself only where it is the first message that needs people: no runbook fits, or
several do. Who acted (took it, chose, rejected) is named: by then the root stands there, and an edit notifies nobody.
"""

from datetime import datetime
from typing import TypeGuard

from bot.core import card_words, moves
from bot.core.alerts import Alert, Severity
from bot.core.card_words import joined
from bot.core.cards import Audience, Button, Buttons, Card, Fact, Heading, Line, Link, Moment, Note, Part, Strong, Words
from bot.core.events import EscalationReason, PageAction, PageSent, PageUpdated
from bot.core.incidents import Escalation, Incident, Step
from bot.core.states import State

TITLE_CHARACTERS = 120
ALERT_CHARACTERS = 200
EXPLANATION_CHARACTERS = 300

CHOOSABLE = frozenset({State.NEW, State.CHOOSING, State.PLANNING, State.READY, State.WAITING, State.ESCALATED})

UNINTERRUPTED = frozenset({State.ESCALATED, State.RUNNING, State.UNCLEAR})
"""Escalated already, or a step must come to its end first: the desk would refuse."""


def root(incident: Incident, *, audience: Audience) -> Card:
    """The live card. `audience` tells who would be told next."""
    known = frozenset({*card_words.involved(incident), *audience.escalation})
    status = state(incident, audience=audience, known=known)
    title = card_words.cut(incident.title or "alert", TITLE_CHARACTERS)
    parts: list[Part] = [
        Heading(f"{_mark(incident)} {incident.id}  {title}", _severity(incident)),
        Line(_where(incident)),
        Line(status),
    ]
    if incident.runbook:
        parts.append(Line(_runbook(incident)))
    if is_opening(incident.escalation, incident):
        parts += pages(incident, incident.escalation)
    if incident.is_taken and incident.is_open:
        parts.append(Line(("Taken by ", *card_words.taken(incident))))
    alert = _first_alert(incident)
    if alert is not None:
        parts += _alert(alert)
    buttons = _buttons(incident)
    return Card(_fallback(incident, title), (*parts, *([Buttons(buttons)] if buttons else [])))


def _mark(incident: Incident) -> str:
    """Repeats what the words say: open, watched, closed."""
    if incident.is_open:
        return "●"
    return "◐" if incident.state is State.RESOLVED else "○"


def _severity(incident: Incident) -> str:
    """Nothing where nobody said how bad it is, as for a run that a person asked for."""
    return "" if incident.severity is Severity.UNKNOWN else incident.severity.value


def _where(incident: Incident) -> Words:
    since: Words = ("since ", Moment(incident.opened_at)) if incident.opened_at else ()
    cleared = len(incident.alerts) - len(incident.firing)
    alerts = card_words.plural(len(incident.alerts), "alert") if incident.alerts else "started by hand"
    if cleared:
        alerts += f", {cleared} cleared" if incident.firing else ", cleared"
    asked: Words = ("asked for by ", *card_words.people([incident.requester])) if incident.requester else ()
    again = f"came back {card_words.plural(incident.reopened, 'time')}" if incident.reopened else ""
    places = [card_words.cut(place, TITLE_CHARACTERS) for place in (incident.service, incident.environment)]
    return joined([*((place,) for place in places), since, (alerts,), asked, (again,)])


def _runbook(incident: Incident) -> Words:
    level = f"level {incident.plan.level.value}" if incident.plan else ""
    if incident.chosen_by and incident.chosen_by != incident.requester:
        why: Words = ("chosen by ", *card_words.people([incident.chosen_by]))
    else:
        why = (f"{incident.confidence:.2f} match",) if incident.confidence else ()
    return joined([("Runbook ", Strong(str(incident.runbook))), (level,), why])


def _first_alert(incident: Incident) -> Alert | None:
    seen = sorted(incident.alerts.values(), key=lambda each: (each.first_at, each.alert.fingerprint))
    return seen[0].alert if seen else None


def _alert(alert: Alert) -> list[Part]:
    text = card_words.cut(card_words.one_line(alert.text), ALERT_CHARACTERS)
    parts: list[Part] = [Note((text,))] if text else []
    return [*parts, Line((Link(alert.url, f"Open in {alert.source}"),))] if alert.url else parts


def state(incident: Incident, *, audience: Audience, known: frozenset[str]) -> Words:
    """What it is doing or waiting for, on whom, until when, and what happens then."""
    then = _then(audience)
    match incident.state:
        case State.NEW:
            return ("Looking for the runbook that fits",)
        case State.CHOOSING:
            whom = card_words.people(audience.escalation) or ("somebody",)
            until = _until(incident.choice_expires_at)
            return ("Waiting for ", *whom, " to choose a runbook in the thread", *until, *then)
        case State.PLANNING:
            return ("Making the plan: dry runs only, nothing is changed",)
        case State.READY:
            following = incident.next_step
            if following is not None and following.held_until is not None:
                return held(following)
            return (f"Preparing {_name(incident, following)}",) if following else ("Looking at the results",)
        case State.WAITING:
            return _waiting(incident, then)
        case State.RUNNING:
            return _running(incident)
        case State.UNCLEAR:
            which = _current(incident)
            every = f"; reminds every {card_words.duration(moves.REMIND_AFTER)}"
            name = _name(incident, which).capitalize()
            return (
                f"{name} may or may not have happened: waiting for somebody to check it, nothing runs until then",
                every,
            )
        case State.SETTLING:
            return ("All steps done; waiting for the alert to clear", *_until(incident.settle_until), *then)
        case State.ESCALATED:
            return _escalated(incident, known)
        case State.RESOLVED:
            return _resolved(incident, known)
        case State.CLOSED:
            return ("Closed: ", *_said(incident.resolution, known))


def held(which: Step) -> Words:
    """Why a step waits although nobody need press anything."""
    if not which.held_because:
        due: Words = (" until ", Moment(which.gives_up_at), " at most") if which.gives_up_at else ()
        return (f"Waiting for what step {which.plan.id} looks at", *due)
    return (f"Held back: {which.held_because}. It goes on by itself when that is over",)


def _waiting(incident: Incident, then: Words) -> Words:
    asked = incident.approval
    if asked is None:
        return ("Waiting for approval", *then)
    which = next((each for each in incident.steps if each.plan.id == asked.step), None)
    if which is not None and which.held_until is not None and asked.is_granted:
        return held(which)
    whom = "an approver" if asked.rule.quorum == 1 else card_words.plural(asked.rule.quorum, "approver")
    return (f"Waiting in the thread for {whom} of {_name(incident, which)}", *_until(asked.expires_at), *then)


def _running(incident: Incident) -> Words:
    which = _current(incident)
    if which is None or which.started_at is None:
        return ("Running a step",)
    most = card_words.duration(which.plan.timeout)
    return (f"Running {_name(incident, which)} since ", Moment(which.started_at, exact=True), f", for at most {most}")


def _escalated(incident: Incident, known: frozenset[str]) -> Words:
    raised = incident.escalation
    if raised is None:
        return ("Escalated; nothing more runs by itself",)
    told = card_words.people(raised.targets) if is_opening(raised, incident) else ()
    why = _said(raised.explanation, known | spoken_for(raised.reason, raised.explanation))
    words: Words = ("Escalated", *((" to ", *told) if told else ()), " at ", Moment(raised.at), ": ", *why)
    if incident.is_taken:
        return (*words, " Nothing more runs by itself")
    every = card_words.duration(moves.REMIND_AFTER)
    return (*words, f" Waiting for somebody to take it, reminds every {every}; nothing more runs by itself")


def is_opening(raised: Escalation | None, incident: Incident) -> TypeGuard[Escalation]:
    """Raised in the very moment in which the incident was opened: the root's first version is the call for people."""
    return raised is not None and raised.reason is EscalationReason.NO_RUNBOOK and raised.at == incident.opened_at


def pages(incident: Incident, raised: Escalation) -> list[Part]:
    """What became of each call outside the messenger, and of what was said there afterwards."""
    updates = incident.page_updates if raised in incident.calls[-1:] else {}
    return [Fact("Page", _page(page, updates.get(page.target))) for page in raised.pages]


def _page(page: PageSent, update: PageUpdated | None) -> Words:
    if page.is_delivered:
        return (f"{page.target} reached" + (_updated(update) if update else ""),)
    why = card_words.cut(page.detail, EXPLANATION_CHARACTERS)
    return (f"{page.target} NOT reached" + (f": {why}" if why else ""),)


def _updated(update: PageUpdated) -> str:
    over = update.action is PageAction.RESOLVE
    if update.is_delivered:
        return ", resolved there" if over else ", acknowledged there"
    return ", but NOT told that it is over: resolve it there" if over else ""


def spoken_for(reason: EscalationReason, explanation: str) -> frozenset[str]:
    """Who pressed Escalate or None of these: those sentences, and only those, begin with the person's id."""
    if reason in {EscalationReason.ASKED, EscalationReason.NOT_CHOSEN}:
        return card_words.leading(explanation)
    return frozenset()


def _resolved(incident: Incident, known: frozenset[str]) -> Words:
    at: Words = (" at ", Moment(incident.resolved_at)) if incident.resolved_at else ()
    why = _said(incident.resolution, known | card_words.leading(incident.resolution))
    watching: Words = (
        (" Watching until ", Moment(incident.watch_until), "; it opens again if the alert comes back")
        if incident.watch_until
        else ()
    )
    return ("Resolved", *at, ": ", *why, *watching)


def _said(text: str, known: frozenset[str]) -> Words:
    return card_words.said(card_words.sentence(card_words.cut(text, EXPLANATION_CHARACTERS)), known)


def _until(at: datetime | None) -> Words:
    return (" until ", Moment(at)) if at else ()


def _then(audience: Audience) -> Words:
    return (", then escalates" + (f" and pages {', '.join(audience.pagers)}" if audience.pagers else ""),)


def _current(incident: Incident) -> Step | None:
    return next((each for each in incident.steps if each.plan.id == incident.current), None)


def _name(incident: Incident, which: Step | None) -> str:
    return card_words.position(incident, which.plan.id).lower() if which else "a step"


def _buttons(incident: Incident) -> tuple[Button, ...]:
    if not incident.is_open:
        return ()
    take = Button("incident.take", "Take it", incident.id)
    other = Button("incident.choose", "Other runbook", incident.id)
    escalate = Button("incident.escalate", "Escalate", incident.id)
    shown = [] if incident.taken_by else [take]
    shown += [other] if incident.state in CHOOSABLE else []
    shown += [] if incident.state in UNINTERRUPTED else [escalate]
    shown += [] if incident.state is State.RUNNING else [Button("incident.resolve", "Resolve", incident.id)]
    return tuple(shown)


def _fallback(incident: Incident, title: str) -> str:
    places = [card_words.cut(each, TITLE_CHARACTERS) for each in (incident.service, incident.environment) if each]
    where = f" ({', '.join(places)})" if places else ""
    named = f"{incident.id} {_severity(incident)}".rstrip()
    return f"{named}: {title}{where} - {brief(incident)}"


def brief(incident: Incident) -> str:
    """The state in a few words without ids, which a push notification could not show as names."""
    following = incident.next_step
    until = f" until {card_words.clock(incident.approval.expires_at)}" if incident.approval else ""
    return {
        State.NEW: "looking for a runbook",
        State.CHOOSING: "choose a runbook",
        State.PLANNING: "making the plan",
        State.READY: f"preparing {_name(incident, following)}" if following else "looking at the results",
        State.WAITING: f"waiting for approval of {_name(incident, following)}{until}",
        State.RUNNING: f"running {_name(incident, _current(incident))}",
        State.UNCLEAR: f"the outcome of {_name(incident, _current(incident))} is unknown",
        State.SETTLING: "all steps done, waiting for the alert to clear",
        State.ESCALATED: "escalated" + (", taken" if incident.is_taken else ", nobody has taken it yet"),
        State.RESOLVED: "resolved, still watched",
        State.CLOSED: "closed",
    }[incident.state]
