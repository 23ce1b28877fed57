"""ports.Pager over PagerDuty's Events API v2: one page is one `trigger` event with a deduplication key, which is
acknowledged when somebody takes the incident and resolved when it is over.

https://developer.pagerduty.com/docs/events-api-v2/trigger-events/. The key makes a repeat after a lost answer harmless,
so every doubt is Transient. The routing key is a secret: it appears in no message and no log.
"""

import asyncio
import hashlib
import json
from typing import Any

import aiohttp

from bot.core import alerts, errors
from bot.core.alerts import Severity
from bot.core.events import PageAction
from bot.ports import Page

# Limits of the API; the details are bounded so that an event of 4-byte characters stays below its 512 KB.
SUMMARY_LENGTH = 1024
KEY_LENGTH = 255
SOURCE_LENGTH = 255
DETAILS = 40
DETAIL_LENGTH = 2_000

_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=5)
_PAUSE_SECONDS = 30.0  # PagerDuty names no delay with its 429

# A page means that a person is needed, so an unknown severity is no less than an error.
_SEVERITIES = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "info",
    Severity.UNKNOWN: "error",
}


class PagerDuty:
    """`base_url` is the Events API's, without `/v2/enqueue`; the session is the caller's to close."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, routing_key: str) -> None:
        self._session = session
        self._url = f"{base_url.rstrip('/')}/v2/enqueue"
        self._routing_key = routing_key

    @property
    def target(self) -> str:
        return "PagerDuty"

    async def page(self, page: Page) -> str:
        await self._enqueue(self._event(page))
        return "PagerDuty accepted the page"

    async def update(self, key: str, action: PageAction) -> str:
        await self._enqueue({"routing_key": self._routing_key, "event_action": action.value, "dedup_key": _key(key)})
        return f"PagerDuty accepted to {action} it"

    async def _enqueue(self, event: dict[str, Any]) -> None:
        body = json.dumps(event, ensure_ascii=False).encode("utf-8", "replace")
        try:
            async with self._session.post(
                self._url,
                data=body,
                headers={"Content-Type": "application/json"},
                timeout=_TIMEOUT,
                allow_redirects=False,
            ) as answer:
                status, headers = answer.status, answer.headers
                text = "" if status == 202 else await _beginning(answer)
        except (aiohttp.ClientError, TimeoutError) as problem:
            raise errors.Transient(f"PagerDuty cannot be reached: {type(problem).__name__}") from problem
        if status != 202:
            raise _refusal(status, headers.get("Retry-After", ""), self._without_key(text))

    def _event(self, page: Page) -> dict[str, Any]:
        event: dict[str, Any] = {
            "routing_key": self._routing_key,
            "event_action": "trigger",
            "dedup_key": _key(page.key),
            "client": "pageturner",
            "payload": {
                "summary": _cut(page.summary.strip(), SUMMARY_LENGTH) or page.incident,
                "source": _cut(page.source.strip(), SOURCE_LENGTH) or "pageturner",
                "severity": _SEVERITIES[alerts.severity(page.severity)],
                "custom_details": {name: _cut(value, DETAIL_LENGTH) for name, value in page.details[:DETAILS]},
            },
        }
        if page.link:
            event["links"] = [{"href": page.link, "text": f"{page.incident} in Slack"}]
        return event

    def _without_key(self, text: str) -> str:
        return text.replace(self._routing_key, "***")


async def _beginning(answer: aiohttp.ClientResponse) -> str:
    """As much of the body as a reason may need."""
    try:
        raw = await answer.content.readexactly(10_000)
    except asyncio.IncompleteReadError as all_there_is:
        raw = all_there_is.partial
    return raw.decode("utf-8", "replace")


def _refusal(status: int, retry_after: str, text: str) -> errors.PageturnerError:
    """429 and 5xx are worth another try, everything else is a mistake of ours or of the settings."""
    if status == 429 or status >= 500:
        seconds = float(retry_after) if retry_after.isdigit() else _PAUSE_SECONDS
        return errors.Transient(f"PagerDuty answered {status}", retry_after_seconds=seconds)
    return errors.Permanent(f"PagerDuty refused the page ({status}): {_reason(text)}")


def _reason(text: str) -> str:
    """The API's own words: `{"status": ..., "message": ..., "errors": [...]}`."""
    try:
        said = json.loads(text)
    except ValueError:
        return _cut(" ".join(text.split()), 200) or "it gave no reason"
    if not isinstance(said, dict):
        return "it gave no reason"
    listed = said.get("errors")
    parts = listed if isinstance(listed, list) and listed else [said.get("message") or "it gave no reason"]
    return _cut("; ".join(str(part) for part in parts), 300)


def _key(key: str) -> str:
    return key if len(key) <= KEY_LENGTH else hashlib.blake2b(key.encode(), digest_size=32).hexdigest()


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
