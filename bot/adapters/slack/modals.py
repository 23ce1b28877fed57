"""The windows that open over Slack: confirm, reject, resolve, details, choose, run. Plain dicts, like the blocks.

`private_metadata` carries ids and nothing else; what a window shows is for reading, the desk decides at its submit.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from bot.adapters.slack import blocks, inert, limits
from bot.adapters.slack.payloads import Place
from bot.core import card_details, card_levels, card_words
from bot.core.approvals import MINIMUM_REASON, Approval
from bot.core.cards import Buttons, Card, Code, Heading, Line
from bot.core.commands.parsing import CHECKPOINT
from bot.core.errors import Refused
from bot.core.ids import ApprovalId
from bot.core.incidents import Incident, Step
from bot.core.runbooks import Library, Parameter, Runbook

View = dict[str, Any]
"""Any: JSON for Slack, whose shapes are Slack's."""

CONFIRM, REJECT, RESOLVE, CHOOSE, RUN = (
    "step.confirm",
    "step.reject",
    "incident.resolve",
    "incident.choose",
    "runbook.run",
)
GRANT, DECLINE, GLASS = "level.grant", "level.decline", "glass.break"
DETAILS = "step.details"
SELECT = "runbook.select"
TYPED, REASON, RUNBOOK, PARAMETER = "typed", "reason", "runbook", "parameter."
MOST_PARAMETERS = 20


def confirm(incident: Incident, step: Step, approval: Approval, *, place: Place) -> View:
    """For a high step: everything about it, then the name to type and the reason."""
    name = limits.truncate(inert.clean(approval.typed_name), limits.LABEL - 30)
    return _view(
        CONFIRM,
        f"Confirm {card_words.position(incident, step.plan.id).lower()}",
        _body(card_details.confirmation(incident, step)),
        inputs=[
            _input(TYPED, f"Type {name} to confirm", hint="Exactly as shown, in one line."),
            _reason(f"At least {MINIMUM_REASON} characters, kept for the record."),
        ],
        submit=_act(step, name),
        metadata=_metadata(place, approval=approval.id),
    )


def _act(step: Step, target: str) -> str:
    """The button says what it does; a name that would be cut says less than the target alone."""
    named = (step.plan.name, f"Run it on {target}")
    return next((each for each in named if limits.size(each) <= limits.TITLE), "Confirm and run")


def reject(approval: ApprovalId, shown: tuple[Incident, Step] | None, *, place: Place) -> View:
    body: list[blocks.Block] = []
    verb = "Reject"
    if shown is not None:
        incident, step = shown
        verb = "Stop" if step.plan.operation.kind == CHECKPOINT else verb
        title = f"{card_words.position(incident, step.plan.id)}  {step.plan.name}"
        card = Card(
            title, (Heading(title), Code(step.plan.operation.text), Line(("It will not run; people are told.",)))
        )
        body = _body(card)
    inputs = [_reason("In a word or two, so that the next person knows.")]
    return _view(REJECT, verb, body, inputs=inputs, submit=verb, metadata=_metadata(place, approval=approval))


def resolve(incident: Incident, *, place: Place) -> View:
    title = f"{incident.id}  {card_words.cut(incident.title, 120)}"
    line = Line(("Nothing more runs after this. It is watched for a while and opens again if the alert comes back.",))
    return _view(
        RESOLVE,
        f"Resolve {incident.id}",
        _body(Card(title, (Heading(title), line))),
        inputs=[_reason("What cured it? Kept for the record.")],
        submit="Resolve",
        metadata=_metadata(place, incident=incident.id),
    )


def level(incident: Incident, *, is_granted: bool, place: Place) -> View:
    """A person's word about a level, with the evidence once more above the reason."""
    asked = incident.promotion
    if asked is None or asked.is_granted is not None:
        raise Refused("No level is proposed here any more.", rule="level.settled", remedy="See /runbook levels.")
    card = card_levels.proposal(incident, asked)
    shown = Card(card.fallback, tuple(part for part in card.parts if not isinstance(part, Buttons)))
    verb = f"Grant level {asked.level.value}" if is_granted else "Not yet"
    return _view(
        GRANT if is_granted else DECLINE,
        verb,
        _body(shown),
        inputs=[_reason(f"At least {MINIMUM_REASON} characters, kept for the record.")],
        submit=verb,
        metadata=_metadata(place, incident=incident.id),
    )


def glass(incident: Incident, *, place: Place) -> View:
    """The second person's word."""
    asked = incident.glass
    if asked is None or asked.broken_by is not None:
        raise Refused("Nobody asks to break the glass here any more.", rule="glass.settled", remedy="Look at the card.")
    line = Line(("For 30 min no freeze holds this incident. Approvals, limits and policies still do.",))
    title = f"{incident.id}  {card_words.cut(incident.title, 120)}"
    return _view(
        GLASS,
        "Break the glass",
        _body(Card(title, (Heading(title), Line((f'Asked because "{asked.reason}"',)), line))),
        inputs=[_reason(f"At least {MINIMUM_REASON} characters, kept for the record.")],
        submit="Agree and break",
        metadata=_metadata(place, incident=incident.id),
    )


def details(incident: Incident, step: Step) -> View:
    """Everything about one step, to read."""
    title = f"{incident.id} {card_words.position(incident, step.plan.id).lower()}"
    return _view(DETAILS, title, _body(card_details.details(incident, step)))


def choose(incident: Incident, library: Library, *, place: Place) -> View:
    """Any runbook, not only those that fit."""
    line = Line(("Its first step is previewed and asked about as always; what is open now is withdrawn.",))
    select = _select(RUNBOOK, RUNBOOK, library, chosen=None)
    return _view(
        CHOOSE,
        "Other runbook",
        _body(Card("Other runbook", (line,))),
        inputs=[select],
        submit="Use it",
        metadata=_metadata(place, incident=incident.id),
    )


def run(library: Library, chosen: Runbook | None, *, metadata: str) -> View:
    """Start a runbook by hand: choosing one shows the fields that it takes."""
    select = {**_select(RUNBOOK, SELECT, library, chosen=chosen), "dispatch_action": True}
    fields = [_field(parameter) for parameter in _parameters(chosen)[:MOST_PARAMETERS]] if chosen else []
    line = f"{chosen.title}" if chosen else "Choose a runbook; the fields that it takes then appear."
    return _view(
        RUN,
        "Run a runbook",
        _body(Card(line, (Line((line,)),))),
        inputs=[select, *fields],
        submit="Run",
        metadata=metadata,
    )


def place_only(place: Place) -> str:
    return _metadata(place)


def _parameters(runbook: Runbook) -> list[Parameter]:
    return [runbook.parameters[name] for name in sorted(runbook.parameters)]


def _field(parameter: Parameter) -> blocks.Block:
    name = f"{PARAMETER}{parameter.name}"
    default = parameter.default or ""
    hint = parameter.description or f"must match {parameter.pattern}"
    field = _input(name, parameter.name, hint=hint, is_optional=parameter.default is not None)
    if default:
        field["element"]["placeholder"] = _plain(f"default: {default}", limits.PLACEHOLDER)
    return field


def _select(block: str, action: str, library: Library, *, chosen: Runbook | None) -> blocks.Block:
    """The names that fit an option, at most a hundred; every other one is a `/runbook run NAME` away."""
    names = [name for name in sorted(library.runbooks) if limits.size(name) <= limits.OPTION_VALUE][: limits.OPTIONS]
    options = [_option(name) for name in names] or [_option("none")]
    element: blocks.Block = {
        "type": "static_select",
        "action_id": action,
        "placeholder": _plain("Choose a runbook", limits.PLACEHOLDER),
        "options": options,
    }
    if chosen is not None and chosen.name in names:
        element["initial_option"] = _option(chosen.name)
    return {"type": "input", "block_id": block, "label": _plain("Runbook", limits.LABEL), "element": element}


def _option(name: str) -> blocks.Block:
    return {"text": _plain(name, limits.OPTION_TEXT), "value": name}


def _reason(hint: str) -> blocks.Block:
    return _input(REASON, "Reason", hint=hint, is_multiline=True)


def _input(name: str, label: str, *, hint: str, is_multiline: bool = False, is_optional: bool = False) -> blocks.Block:
    element = {"type": "plain_text_input", "action_id": name, "multiline": is_multiline, "max_length": limits.INPUT}
    return {
        "type": "input",
        "block_id": name,
        "label": _plain(label, limits.LABEL),
        "hint": _plain(hint, limits.LABEL),
        "optional": is_optional,
        "element": element,
    }


def _body(card: Card) -> list[blocks.Block]:
    return blocks.render(card, total=limits.MODAL_TEXT, most=limits.MODAL_BLOCKS - MOST_PARAMETERS - 2)


def _plain(text: str, most: int) -> blocks.Block:
    cleaned = " ".join(inert.clean(text).split()) or "-"
    return {"type": "plain_text", "text": limits.truncate(cleaned, most), "emoji": False}


def _metadata(place: Place, **ids: str) -> str:
    carried = {**ids, "channel": place.channel, "thread": place.thread}
    return json.dumps({name: value for name, value in carried.items() if value}, sort_keys=True)


def _view(
    callback: str,
    title: str,
    body: Sequence[blocks.Block],
    *,
    inputs: Iterable[blocks.Block] = (),
    submit: str = "",
    metadata: str = "",
) -> View:
    view: View = {
        "type": "modal",
        "callback_id": callback,
        "title": _plain(title, limits.TITLE),
        "close": _plain("Cancel" if submit else "Close", limits.TITLE),
        "blocks": [*body, *inputs],
        "private_metadata": metadata,
    }
    return {**view, "submit": _plain(submit, limits.TITLE)} if submit else view
