"""Settings: what is read, what is refused and how it is said, and that no sentence ever repeats a value."""

from pathlib import Path

import pytest

from bot import settings
from bot.core.errors import Invalid
from bot.core.redaction import REDACTED, Redactor

CANARY = "canary-value-that-nobody-may-see"
REQUIRED = {"SLACK_BOT_TOKEN": "xoxb-required", "SLACK_APP_TOKEN": "xapp-required"}


def test_two_tokens_are_enough_and_the_rest_has_the_documented_defaults() -> None:
    found = settings.read(REQUIRED)

    assert (found.host, found.port) == ("127.0.0.1", 8080)
    assert found.slack_api_url == "https://slack.com/api/"
    assert (found.database, found.runbooks, found.channel) == (Path("pageturner.db"), Path("runbooks"), "incidents")
    assert (found.webhook_token, found.approvers, found.http_allow) == (None, (), ())
    assert (found.posts_per_second, found.storm_threshold, found.grace_seconds) == (1.0, 30, 25.0)


@pytest.mark.parametrize(
    ("variable", "value", "field", "read"),
    [
        ("PAGETURNER_LISTEN", "[::1]:9000", "host", "::1"),
        ("PAGETURNER_LISTEN", "0.0.0.0:0", "port", 0),
        ("PAGETURNER_LISTEN", "bot.example.com:80", "host", "bot.example.com"),
        ("PAGETURNER_APPROVERS", "S0SRE, U0ANA  W0BEN", "approvers", ("S0SRE", "U0ANA", "W0BEN")),
        ("PAGETURNER_HTTP_ALLOW", "flags:8080,api.example", "http_allow", ("flags:8080", "api.example")),
        ("PAGETURNER_SLACK_POSTS_PER_SECOND", "0", "posts_per_second", 0.0),
        ("PAGETURNER_GRACE_SECONDS", "2.5", "grace_seconds", 2.5),
        ("PAGETURNER_DATABASE", "/data/x.db", "database", Path("/data/x.db")),
        ("PAGETURNER_CHANNEL", "", "channel", "incidents"),  # set but empty is not set
    ],
)  # fmt: skip
def test_what_is_written_is_what_is_meant(variable: str, value: str, field: str, read: object) -> None:
    assert getattr(settings.read({**REQUIRED, variable: value}), field) == read


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("SLACK_BOT_TOKEN", "", "is missing"),
        ("SLACK_APP_TOKEN", "   ", "shorter than 6"),
        ("SLACK_API_URL", "https://slack.example/api", "/api/"),
        ("PAGETURNER_LISTEN", "8080", "host:port"),
        ("PAGETURNER_LISTEN", "127.0.0.1:65536", "at most 65535"),
        ("PAGETURNER_LISTEN", "127.0.0.1:٣", "host:port"),
        ("PAGETURNER_LISTEN", "a..b:80", "host:port"),
        ("PAGETURNER_LISTEN", ":8080", "host:port"),
        ("PAGETURNER_WEBHOOK_TOKEN", "  ", "shorter than 6"),
        ("PAGETURNER_WEBHOOK_TOKEN", "long-enough abc", "shorter than 6"),
        ("PAGETURNER_PAGERDUTY_URL", "events.pagerduty.com", "https?"),
        ("PAGETURNER_APPROVERS", "S0SRE @ana", "not @ana"),
        ("PAGETURNER_GRACE_SECONDS", "nan", "PAGETURNER_GRACE_SECONDS"),
        ("PAGETURNER_SLACK_POSTS_PER_SECOND", "-1", "greater than or equal to 0"),
        ("PAGETURNER_STORM_THRESHOLD", "many", "integer"),
        ("PAGETURNER_LOG_LEVEL", "loud", "debug|info"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_write_instead(variable: str, value: str, says: str) -> None:
    with pytest.raises(Invalid) as refused:
        settings.read({**REQUIRED, variable: value})

    assert str(refused.value).startswith(f"settings: {variable}: ")
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        settings.read({"PAGETURNER_LISTEN": "x", "PAGETURNER_STORM_THRESHOLD": "x"})

    named = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "PAGETURNER_LISTEN", "PAGETURNER_STORM_THRESHOLD")
    assert all(name in str(refused.value) for name in named)


@pytest.mark.parametrize("name", settings.SECRETS)
def test_every_secret_may_come_from_a_file(name: str, tmp_path: Path) -> None:
    path = _secret_file(tmp_path, f"{CANARY}\n")
    rest = {key: value for key, value in REQUIRED.items() if key != name}

    assert CANARY in settings.read({**rest, f"{name}_FILE": str(path)}).secrets


def test_a_value_in_the_environment_wins_over_its_file(tmp_path: Path) -> None:
    path = _secret_file(tmp_path, CANARY)

    assert CANARY not in settings.read({**REQUIRED, "SLACK_BOT_TOKEN_FILE": str(path)}).secrets


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        (CANARY.encode(), 0o644, "can be read by everybody (chmod o-r)"),
        (CANARY.encode(), 0o604, "can be read by everybody"),
        (b" \n\t ", 0o600, "is empty"),
        (b"\xff\xfe" + CANARY.encode(), 0o600, "cannot read"),
        (CANARY.encode() * 4096, 0o600, "is larger than any secret"),
        (None, 0o600, "cannot read"),
    ],
)
@pytest.mark.parametrize("variable", ["PAGETURNER_WEBHOOK_TOKEN_FILE", "PAGETURNER_SECRET_FLAGS_FILE"])
def test_F90_a_secret_file_that_is_not_right_is_named_without_its_content(
    variable: str, content: bytes | None, mode: int, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)

    with pytest.raises(Invalid) as refused:
        settings.read({**REQUIRED, variable: str(path)})

    assert str(refused.value).startswith(f"{variable}: ")
    assert says in str(refused.value) and str(path) in str(refused.value)
    assert CANARY not in str(refused.value)


def test_F80_no_sentence_and_no_representation_shows_a_secret() -> None:
    given = {"SLACK_BOT_TOKEN": CANARY, "PAGETURNER_WEBHOOK_TOKEN": f"{CANARY} abc", "PAGETURNER_SECRET_FLAGS": CANARY}
    with pytest.raises(Invalid) as refused:
        settings.read(given)
    assert CANARY not in str(refused.value)
    assert refused.value.__cause__ is None, "pydantic's own error holds the input"

    found = settings.read({**REQUIRED, "PAGETURNER_WEBHOOK_TOKEN": CANARY, "PAGETURNER_SECRET_FLAGS": CANARY})
    assert CANARY not in repr(found) + str(found)


def test_F80_each_of_several_tokens_and_every_secret_of_a_runbook_is_redacted() -> None:
    given = {
        **REQUIRED,
        "PAGETURNER_WEBHOOK_TOKEN": "first-in-use second-for-rotation",
        "PAGETURNER_SECRET_FLAGS": "flags-in-secret",
    }
    redactor = Redactor(settings.read(given).secrets)

    for secret in ("first-in-use", "second-for-rotation", "flags-in-secret", "xoxb-required", "xapp-required"):
        assert redactor.redact(f"echo {secret}!") == f"echo {REDACTED}!"


def test_a_line_end_that_came_with_a_token_is_left_out() -> None:
    assert settings.read({**REQUIRED, "SLACK_BOT_TOKEN": " xoxb-copied\n"}).secrets[0] == "xoxb-copied"


def test_a_secret_of_a_runbook_is_found_by_its_short_name(tmp_path: Path) -> None:
    path = _secret_file(tmp_path, "from-a-file\n")
    given = {"PAGETURNER_SECRET_FLAGS": "from-the-environment", "PAGETURNER_SECRET_OTHER_FILE": str(path)}

    assert settings.secret("FLAGS", given) == "from-the-environment"
    assert settings.secret("OTHER", given) == "from-a-file"
    with pytest.raises(KeyError, match="PAGETURNER_SECRET_THIRD"):
        settings.secret("THIRD", given)


def test_a_secret_too_short_to_be_redacted_is_refused_by_its_name() -> None:
    with pytest.raises(Invalid, match="PAGETURNER_SECRET_FLAGS: is shorter than 6"):
        settings.read({**REQUIRED, "PAGETURNER_SECRET_FLAGS": "abc"})


def test_a_misspelt_setting_is_told_with_the_one_that_was_meant() -> None:
    given = {
        "PAGETURNER_RUNBOKS": "x",
        "PAGETURNER_WEBHOOK_TOKEN_FIL": "x",
        "PAGETURNER_ZZZ": "x",
        "PAGETURNER_SECRET_ANYTHING": "x",
        "PAGETURNER_CHANNEL": "x",
        "OTHER": "x",
    }

    assert settings.unknown(given) == (
        "PAGETURNER_RUNBOKS is not a setting; did you mean PAGETURNER_RUNBOOKS?",
        "PAGETURNER_WEBHOOK_TOKEN_FIL is not a setting; did you mean PAGETURNER_WEBHOOK_TOKEN_FILE?",
        "PAGETURNER_ZZZ is not a setting",
    )


def _secret_file(folder: Path, text: str) -> Path:
    path = folder / "secret"
    path.write_text(text)
    path.chmod(0o640)
    return path


# --- SQL connections -------------------------------------------------------------------------------------------------


def test_a_connection_has_one_url_to_read_and_another_to_change(tmp_path: Path) -> None:
    file = tmp_path / "write"
    file.write_text("postgresql://w:from-a-file@db/x\n")
    file.chmod(0o600)
    given = {"PAGETURNER_SQL_ORDERS": "postgresql://r:readers-word@db/x", "PAGETURNER_SQL_ORDERS_WRITE_FILE": str(file)}
    assert settings.sql_url("orders", is_read=True, environment=given) == "postgresql://r:readers-word@db/x"
    assert settings.sql_url("orders", is_read=False, environment=given) == "postgresql://w:from-a-file@db/x"
    with pytest.raises(KeyError, match="PAGETURNER_SQL_BILLING_WRITE"):
        settings.sql_url("billing", is_read=False, environment=given)
    assert settings.unknown(given) == ()


def test_F80_the_passwords_of_connections_are_secrets() -> None:
    given = REQUIRED | {"PAGETURNER_SQL_ORDERS": "postgresql://r:readers%2Bword@db/x"}
    assert "readers+word" in settings.read(given).secrets
