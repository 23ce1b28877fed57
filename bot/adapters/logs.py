"""Structured logs: one `key=value` line an event, on standard error, redacted before they are written."""

import logging
import sys
import time
from typing import TextIO

from bot.core.redaction import Redactor

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class KeyValueFormatter(logging.Formatter):
    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        stamp = self.formatTime(record, "%Y-%m-%dT%H:%M:%S")
        head = f"{stamp}.{int(record.msecs):03d}Z level={record.levelname.lower()} logger={record.name}"
        extra = {key: str(value) for key, value in vars(record).items() if key not in _OWN}
        told = {"event": record.getMessage(), **dict(sorted(extra.items()))}
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        pairs = "".join(f" {key}={_quoted(self._redactor.redact(value))}" for key, value in told.items())
        return self._redactor.redact(head + pairs)  # once more: a key may say that its value is secret


def _quoted(text: str) -> str:
    """One token: quoted where it holds spaces, quotes or line ends, so that no text can forge a second line."""
    if text and all(char.isprintable() and char not in ' "=' for char in text):
        return text
    return '"' + text.encode("unicode_escape").decode("ascii").replace('"', '\\"') + '"'


def set_up(level: str, redactor: Redactor, stream: TextIO | None = None) -> None:
    """Replace whatever handlers there are. Times are UTC."""
    handler = logging.StreamHandler(stream or sys.stderr)
    formatter = KeyValueFormatter(redactor)
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Vendors at info or debug level repeat whole payloads; only their warnings are worth a line.
    for noisy in ("slack_bolt", "slack_sdk", "aiohttp", "apscheduler", "kubernetes", "urllib3", "aiosqlite", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # warns of every statement that it takes as it stands
