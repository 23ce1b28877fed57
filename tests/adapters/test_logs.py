"""Logs: one line an event whatever its text holds, and no secret in any part of it."""

import io
import logging
import re
from collections.abc import Iterator

import pytest

from bot.adapters import logs
from bot.core.redaction import REDACTED, Redactor

CANARY = "canary-0123456789"
FORGED = "x\n2026-01-01T00:00:00.000Z level=info logger=bot event=approved"


def _fail(text: str) -> None:
    raise ValueError(text)


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    written = io.StringIO()
    logs.set_up("info", Redactor((CANARY, 'two\nlines "quoted"')), written)
    yield written
    root.handlers[:] = before
    root.setLevel(level)


def test_an_event_is_one_line_of_pairs_with_a_time_in_utc(stream: io.StringIO) -> None:
    logging.getLogger("bot.flow").info("event", extra={"state": "waiting", "incident": "INC-1"})

    line = stream.getvalue()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=info logger=bot.flow event=event incident=INC-1 state=waiting\n",
        line,
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("", '""'),
        ("two words", '"two words"'),
        ('say "hi"', r'"say \"hi\""'),
        ("a=b", '"a=b"'),
        ("line\r\nend", r'"line\r\nend"'),
        ("back slash \\n", r'"back slash \\n"'),
        ("\x1b[2J\u202e\u2028", r'"\x1b[2J\u202e\u2028"'),
    ],
)
def test_no_text_can_end_its_value(stream: io.StringIO, text: str, shown: str) -> None:
    logging.getLogger("bot").warning("problem", extra={"text": text})

    assert stream.getvalue().endswith(f" event=problem text={shown}\n")


def test_an_alert_cannot_forge_a_second_line_not_even_in_a_trace(stream: io.StringIO) -> None:
    try:
        _fail(FORGED)
    except ValueError:
        logging.getLogger("bot").exception("failed: %s", FORGED, extra={"alert": FORGED})

    assert stream.getvalue().count("\n") == 1
    assert "Traceback (most recent call last)" in stream.getvalue()


def test_F80_a_secret_is_redacted_in_message_pairs_and_trace(stream: io.StringIO) -> None:
    try:
        _fail(f"refused {CANARY}")
    except ValueError:
        logging.getLogger("bot").exception("with %s", CANARY, extra={"url": f"https://x/?key={CANARY}"})
    logging.getLogger("bot").error('two\nlines "quoted"', extra={"token": "hunter2hunter2"})

    assert CANARY not in stream.getvalue()
    assert "lines" not in stream.getvalue()
    assert "hunter2" not in stream.getvalue()
    assert stream.getvalue().count(REDACTED) >= 4


def test_vendors_are_heard_from_warnings_on(stream: io.StringIO) -> None:
    logging.getLogger("slack_sdk.web").info("the whole payload")
    logging.getLogger("slack_sdk.web").warning("something is wrong")
    logging.getLogger("bot").debug("below the level")

    assert stream.getvalue().count("\n") == 1
    assert "something is wrong" in stream.getvalue()
