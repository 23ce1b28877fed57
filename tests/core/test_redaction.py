"""No configured secret and no token of a known shape gets through; ordinary words do."""

import base64
import itertools
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import redaction
from bot.core.redaction import REDACTED, Redactor

SECRET = "correct horse/battery+staple=9"


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        f'{{"x": "{SECRET}"}}',
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(b"a" + SECRET.encode() + b"b").decode(),
        base64.b64encode(b"ab" + SECRET.encode() + b"bc").decode(),
        base64.urlsafe_b64encode(b"abc" + SECRET.encode()).decode(),
        SECRET.encode().hex(),
    ],
)
def test_F81_a_configured_value_is_found_in_every_spelling(text: str) -> None:
    redacted = Redactor([SECRET]).redact(f"before {text} after")
    assert REDACTED in redacted
    assert "horse" not in redacted
    assert base64.b64encode(SECRET.encode()).decode()[8:24] not in redacted
    assert redacted.startswith("before ")
    assert redacted.endswith(" after")


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("xoxb-1234567890-abcdefGHIJ", "abcdefGHIJ"),
        ("xoxe.xoxp-1-Mi0yLTEyMzQ1", "Mi0yLTEyMzQ1"),
        ("xapp-1-A012-345-abcdef", "abcdef"),
        ("https://hooks.slack.com/services/T0/B0/abcdefgh", "abcdefgh"),
        ("Authorization: Bearer abcdefghijkl", "abcdefghijkl"),
        ("bearer 0123456789abcdef", "0123456789abcdef"),
        ("Authorization: GenieKey 1234-5678-90", "5678"),
        ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
        ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN7"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----", "MIIabc"),
        ("-----BEGIN PRIVATE KEY-----\nMIIabc", "MIIabc"),
        ("password=hunter2!", "hunter2"),
        ("DB_PASSWORD: hunter2", "hunter2"),
        ('{"api_key": "a b c d e"}', "c d e"),
        ("mysql --password hunter22", "hunter22"),
        ("postgres://app:s3cr3t@db/x", "s3cr3t"),
        ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "abcdefghij"),
        ("routing_key: 0123456789abcdef0123456789abcdef", "0123456789"),
        ("R02XXXXXXXXXXXXXXXXXXXXXXXXXXXXX", "XXXXX"),
        ("hvs.CAESIabcdefghijklmnopqrstuvwx", "abcdefghij"),
    ],
)
def test_tokens_of_known_shapes_are_hidden(text: str, hidden: str) -> None:
    redacted = Redactor().redact(f"a {text} z")
    assert hidden not in redacted
    assert REDACTED in redacted


@pytest.mark.parametrize(
    "text",
    [
        "the token bucket is full",
        "3 tokens left",
        'pods "api-7d9f" deleted',
        "http://flags.internal:8080/api?x=1",
        "Bearer of bad news",
        "redis connection timeout",
        "see https://example.com/a@b",
        "passwords are rotated on Mondays",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert Redactor([SECRET]).redact(text) == text


def test_the_longest_secret_wins_and_short_ones_are_not_matched() -> None:
    redactor = Redactor(["abcdef", "abcdefghij", "ab", ""])
    assert redactor.redact("x abcdefghij y ab") == f"x {REDACTED} y ab"


def test_a_redactor_never_shows_what_it_holds() -> None:
    assert "abcdef" not in repr(Redactor(["abcdef"]))


@given(st.text(max_size=60), st.text(alphabet="abcdefgh123456%+/= ", min_size=8, max_size=40), st.text(max_size=60))
def test_a_secret_never_survives_and_redacting_twice_changes_nothing(before: str, secret: str, after: str) -> None:
    redactor = Redactor([secret])
    once = redactor.redact(before + secret + after)
    if len(secret.strip()) >= 6:
        assert secret not in once.replace(REDACTED, "")
    assert redactor.redact(once) == once


@pytest.mark.parametrize(
    "piece",
    ["a.", "eyJaaaaaaaa-", "token ", "password", "a://b:", "secret-", '"password": "', "-----BEGIN PRIVATE KEY-----"],
)
@pytest.mark.timeout(20)
def test_text_that_almost_matches_does_not_run_away(piece: str) -> None:
    text = piece * (65_536 // len(piece))
    assert len(Redactor([SECRET]).redact(text)) <= 2 * len(text)  # a runaway would never come here


LONG = "A1b2C3d4" * 5
BEGINNINGS = ("", 'x "', "my_", "--")
MARKS = (
    "-----BEGIN RSA PRIVATE KEY-----", "xoxb-", "xoxe.xoxp-", "xapp-", "hooks.slack.com/services/", "ghp_", "gho_",
    "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "npm_", "pypi-", "sk-", "rk_live_", "sk_test_",
    "SG.A1b2C3d4A1b2C3d4.", "AIza", "ya29.", "hf_", "dop_v1_", "AKIA", "ASIA", "ABIA", "ACCA", "eyJA1b2C3d4.", "hvs.",
    "hvb.", "hvr.", "u+", "R02", "Bearer ", "basic ", "token ", "Genie-Key ", "GenieKey ", "apikey ", "Authorization",
    "x-api-key", "Cookie", "postgres://a:b@", "pass", "password", "passphrase", "pwd", "secret", "token", "api_key",
    "api-key", "access_key", "secret_key", "auth_key", "client_secret", "private-key", "routing_key",
    "integration_key", "service_key", "credential", "session_id", "word",
)  # fmt: skip
ENDINGS = (
    "",
    LONG.upper()[:16],
    LONG.upper()[:29],
    LONG.lower() * 2,
    LONG,
    LONG.upper(),
    LONG.lower(),
    f"={LONG}",
    f": {LONG}",
    f'": "{LONG} x"',
    f" {LONG}",
)


def test_F81_the_quick_look_clears_only_what_no_shape_would_touch() -> None:
    for beginning, mark, ending in itertools.product(BEGINNINGS, MARKS, ENDINGS):
        text = f"{beginning}{mark}{ending}"
        for written in (text, text.upper(), text.replace("s", "\u017f")):  # a long s is an s to IGNORECASE
            slow = written
            for shape, replacement in redaction._SHAPES:
                slow = shape.sub(replacement, slow)
            assert Redactor().redact(written) == slow
