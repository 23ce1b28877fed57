"""Refusals in Slack's own words: an error code, and for malformed blocks the list of messages with JSON pointers."""

from collections.abc import Sequence

from bot.sim.slack.wire import Json


class SlackError(Exception):
    """A Web API refusal. `code` is Slack's error name; `extra` are further keys of the answer."""

    def __init__(self, code: str, *, messages: Sequence[str] = (), **extra: object) -> None:
        super().__init__(code, *messages)
        self.code = code
        self.messages = tuple(messages)
        self.extra = extra

    def body(self) -> Json:
        """The JSON answer, with `errors` and `response_metadata.messages` as Slack sends them for malformed blocks."""
        answer: Json = {"ok": False, "error": self.code, **self.extra}
        if self.messages:
            answer["errors"] = list(self.messages)
            answer["response_metadata"] = {"messages": [f"[ERROR] {message}" for message in self.messages]}
        return answer


class RateLimited(SlackError):
    """HTTP 429; `retry_after` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after


def missing(field: str) -> SlackError:
    """The refusal of a call that lacks a required argument."""
    return SlackError("invalid_arguments", messages=[f"missing required field: {field}"])
