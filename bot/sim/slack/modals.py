"""What people do in modals and on the App Home: operate elements, submit, cancel. https://docs.slack.dev/surfaces/modals"""

from collections.abc import Mapping

from bot.sim.slack import rules, stateful
from bot.sim.slack.errors import SlackError
from bot.sim.slack.interactions import find_element
from bot.sim.slack.outcomes import Outcome, Result
from bot.sim.slack.payloads import Payloads
from bot.sim.slack.socket_mode import Ack, SocketMode
from bot.sim.slack.wire import Json
from bot.sim.slack.workspace import Workspace

# Slack's own wording is not documented; the meaning is: the modal stays open, the person may try again.
_TROUBLE = "We had some trouble connecting. Try again?"


class Modals:
    """Acts of people on views."""

    def __init__(self, workspace: Workspace, socket: SocketMode) -> None:
        self._workspace, self._socket = workspace, socket
        self._payloads = Payloads(workspace)

    async def press(
        self,
        user: str,
        view_id: str,
        *,
        block_id: str,
        action_id: str,
        value: Mapping[str, object] | None = None,
        state: Json | None = None,
    ) -> Outcome:
        """A person operates an element of a view. Input blocks fire only with dispatch_action."""
        view = self._workspace.views.remember(self._own(user, view_id), state or {})
        block, element = find_element(view["blocks"], block_id, action_id, value)
        if block["type"] == "input" and not block.get("dispatch_action"):
            return Outcome(Result.DONE)
        trigger_in = view["id"] if view["type"] == "modal" else None
        body = self._payloads.interaction("block_actions", self._workspace.people.user(user), trigger_in=trigger_in)
        body |= self._payloads.in_view(view)
        body["actions"] = [stateful.action(block, element, action_ts=self._workspace.ids.ts(), value=value)]
        ack = await self._socket.request("interactive", body, name="block_actions")
        return Outcome(Result.DONE, ack) if ack.is_ok else self._trouble(user, view_id, ack)

    async def submit(self, user: str, view_id: str, state: Json) -> Outcome:
        """A person presses the submit button; what Slack's client itself objects to is never sent."""
        own = self._own(user, view_id)
        if own["type"] != "modal":
            raise SlackError("not_submittable")
        view = self._workspace.views.remember(own, state)
        complaints = stateful.complaints(view, view["state"]["values"])
        if complaints:
            return self._errors(user, view_id, complaints, ack=None)
        body = self._payloads.interaction("view_submission", self._workspace.people.user(user), trigger_in=view_id)
        body |= {"view": view, "response_urls": []}
        ack = await self._socket.request("interactive", body, name="view_submission", answers=True)
        if not ack.is_ok:
            return self._trouble(user, view_id, ack)
        try:
            return self._obey(user, view_id, ack)
        except SlackError as error:
            self._workspace.warnings.add("bad_ack", f"view_submission was answered with {error.code} {error.messages}")
            self._fail(user, view_id, _TROUBLE)
            return Outcome(Result.FAILED, ack, text=error.code)

    async def close(self, user: str, view_id: str, *, cleared: bool) -> Outcome:
        """Cancel closes one view, the x closes all; the app hears of it only where notify_on_close asks for it."""
        views = self._workspace.views
        view = self._own(user, view_id)
        everything = cleared or view["clear_on_close"]
        told = views.find(view["root_view_id"]) if everything else view
        if everything:
            views.clear(user)
        else:
            views.close(view)
        if not told["notify_on_close"]:
            return Outcome(Result.CLOSED)
        body = self._payloads.interaction("view_closed", self._workspace.people.user(user), with_trigger=False)
        body |= {"view": told, "is_cleared": everything}
        return Outcome(Result.CLOSED, await self._socket.request("interactive", body, name="view_closed"))

    def state_of(self, view: Json, values: Mapping[str, object]) -> Json:
        """`state` for values keyed by action_id: texts, option values, or the element's own mapping."""
        state: Json = {}
        for action_id, value in values.items():
            block, element = find_element(view["blocks"], "", action_id, None)
            state.setdefault(block["block_id"], {})[action_id] = _filled(element, value)
        return state

    def _own(self, user: str, view_id: str) -> Json:
        view = self._workspace.views.find(view_id)
        if self._workspace.views.owners[view_id] != user:
            raise SlackError("not_found")
        return view

    def _obey(self, user: str, view_id: str, ack: Ack) -> Outcome:
        views = self._workspace.views
        match ack.payload.get("response_action"):
            case None:
                if view_id in views.open_views:
                    views.close(views.find(view_id))
                return Outcome(Result.CLOSED, ack)
            case "clear":
                views.clear(user)
                return Outcome(Result.CLEARED, ack)
            case "errors":
                return self._errors(user, view_id, self._checked_errors(view_id, ack.payload), ack=ack)
            case "update":
                definition = rules.check_view(ack.payload.get("view"), surface="modal")
                views.update(views.find(view_id), definition)
                return Outcome(Result.UPDATED, ack)
            case "push":
                views.push(user, rules.check_view(ack.payload.get("view"), surface="modal"))
                return Outcome(Result.PUSHED, ack)
            case other:
                raise SlackError("invalid_response_action", messages=[str(other)])

    def _checked_errors(self, view_id: str, payload: Json) -> dict[str, str]:
        """Errors may name input blocks only; anything else is a defect of the app that people see as trouble."""
        inputs = {
            block["block_id"] for block in self._workspace.views.find(view_id)["blocks"] if block["type"] == "input"
        }
        errors = payload.get("errors")
        if not isinstance(errors, dict) or not errors:
            raise SlackError("invalid_response_errors")
        unknown = sorted(set(errors) - inputs)
        if unknown:
            raise SlackError("invalid_response_errors", messages=[f"no input block {name}" for name in unknown])
        return {block_id: str(text) for block_id, text in errors.items()}

    def _errors(self, user: str, view_id: str, errors: dict[str, str], *, ack: Ack | None) -> Outcome:
        body = {"view_id": view_id, "errors": errors}
        self._workspace.feed.publish("view.errors", body, audience=frozenset((user,)))
        return Outcome(Result.ERRORS, ack, errors=errors)

    def _trouble(self, user: str, view_id: str, ack: Ack) -> Outcome:
        self._fail(user, view_id, _TROUBLE)
        return Outcome(Result.TIMEOUT, ack, text=_TROUBLE)

    def _fail(self, user: str, view_id: str, text: str) -> None:
        body = {"view_id": view_id, "text": text}
        self._workspace.feed.publish("view.failed", body, audience=frozenset((user,)))


def _filled(element: Json, value: object) -> Json:
    kind = element["type"]
    key = stateful.STATEFUL[kind][0]
    if isinstance(value, Mapping):
        return {"type": kind, **value}
    if key == "selected_option":
        return {"type": kind, key: _option(element, value)}
    if key == "selected_options" and isinstance(value, list | tuple):
        return {"type": kind, key: [_option(element, one) for one in value]}
    return {"type": kind, key: value}


def _option(element: Json, value: object) -> Json:
    groups = element.get("option_groups") or [{"options": element.get("options") or []}]
    for option in (option for group in groups for option in group["options"]):
        if option["value"] == value:
            found: Json = option
            return found
    raise SlackError("element_not_found")
