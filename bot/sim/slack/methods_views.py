"""views.*: modals and App Home. https://docs.slack.dev/reference/methods/views.open"""

from bot.sim.slack import rules
from bot.sim.slack.calls import Call, Method
from bot.sim.slack.errors import SlackError, missing
from bot.sim.slack.rate_limits import Tier
from bot.sim.slack.triggers import Trigger
from bot.sim.slack.wire import Json


def open_view(call: Call) -> Json:
    """views.open: a new root modal, for a trigger of the last three seconds."""
    definition = _definition(call, surface="modal")
    trigger = _trigger(call)
    view = call.workspace.views.open(trigger.user, definition)
    trigger.used = True
    return {"view": view}


def push_view(call: Call) -> Json:
    """views.push: on top of the modal that the trigger came from."""
    definition = _definition(call, surface="modal")
    trigger = _trigger(call)
    if trigger.view_id is None or trigger.view_id not in call.workspace.views.stacks.get(trigger.user, ()):
        raise SlackError("invalid_trigger_id")
    view = call.workspace.views.push(trigger.user, definition)
    trigger.used = True
    return {"view": view}


def update_view(call: Call) -> Json:
    """views.update: by view_id or external_id, guarded by an optional hash."""
    arguments = call.arguments
    view_id, external_id = arguments.text("view_id"), arguments.text("external_id")
    if not view_id and not external_id:
        raise missing("view_id")
    old = call.workspace.views.find(view_id, external_id)
    definition = _definition(call, surface=old["type"])
    return {"view": call.workspace.views.update(old, definition, given_hash=arguments.text("hash"))}


def publish_view(call: Call) -> Json:
    """views.publish: the App Home of one person."""
    user = call.workspace.people.user(call.arguments.required("user_id"))
    definition = _definition(call, surface="home")
    view = call.workspace.views.publish(user.id, definition, given_hash=call.arguments.text("hash"))
    return {"view": view}


def _definition(call: Call, *, surface: str) -> Json:
    definition = call.arguments.tree("view", "invalid_arguments")
    if definition is None:
        raise missing("view")
    return rules.check_view(definition, surface=surface)


def _trigger(call: Call) -> Trigger:
    trigger_id = call.arguments.text("trigger_id") or call.arguments.text("interactivity_pointer")
    if not trigger_id:
        raise missing("trigger_id")
    return call.workspace.triggers.check(trigger_id)


METHODS = {
    "views.open": Method(open_view, (), Tier.FOUR),
    "views.push": Method(push_view, (), Tier.FOUR),
    "views.update": Method(update_view, (), Tier.FOUR),
    "views.publish": Method(publish_view, (), Tier.FOUR),
}
