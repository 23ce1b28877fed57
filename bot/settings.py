"""Environment and files in, one frozen Settings out. The only reader of os.environ.

Every secret may also come from a file named by `<NAME>_FILE`. No error here ever repeats a value.
"""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from bot.core.errors import Invalid

PREFIX = "PAGETURNER_"
SECRETS = (
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "PAGETURNER_WEBHOOK_TOKEN",
    "PAGETURNER_PAGERDUTY_SECRET",
    "PAGETURNER_PAGERDUTY_ROUTING_KEY",
)
BIGGEST_SECRET_FILE = 64 * 1024


def _words(value: object) -> object:
    """A list separated by commas or spaces."""
    return tuple(part for part in value.replace(",", " ").split() if part) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]


class Settings(BaseModel):
    """Field aliases are the names of the environment variables."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slack_bot_token: SecretStr = Field(alias="SLACK_BOT_TOKEN", min_length=1)
    slack_app_token: SecretStr = Field(alias="SLACK_APP_TOKEN", min_length=1)
    slack_api_url: str = Field("https://slack.com/api/", alias="SLACK_API_URL", pattern=r"^https?://\S+/api/$")
    kubeconfig: str = Field("", alias="KUBECONFIG")
    database: Path = Field(Path("pageturner.db"), alias="PAGETURNER_DATABASE")
    runbooks: Path = Field(Path("runbooks"), alias="PAGETURNER_RUNBOOKS")
    channel: str = Field("incidents", alias="PAGETURNER_CHANNEL", min_length=1, max_length=80)
    listen: str = Field("127.0.0.1:8080", alias="PAGETURNER_LISTEN", pattern=r"^\S+:\d{1,5}$")
    webhook_token: SecretStr | None = Field(None, alias="PAGETURNER_WEBHOOK_TOKEN")
    pagerduty_secret: SecretStr | None = Field(None, alias="PAGETURNER_PAGERDUTY_SECRET")
    pagerduty_routing_key: SecretStr | None = Field(None, alias="PAGETURNER_PAGERDUTY_ROUTING_KEY")
    pagerduty_url: str = Field(
        "https://events.pagerduty.com", alias="PAGETURNER_PAGERDUTY_URL", pattern=r"^https?://\S+$"
    )
    approvers: Words = Field((), alias="PAGETURNER_APPROVERS")
    http_allow: Words = Field((), alias="PAGETURNER_HTTP_ALLOW")
    posts_per_second: float = Field(1.0, alias="PAGETURNER_SLACK_POSTS_PER_SECOND", ge=0, le=1000)
    storm_threshold: int = Field(30, alias="PAGETURNER_STORM_THRESHOLD", ge=0)
    grace_seconds: float = Field(25.0, alias="PAGETURNER_GRACE_SECONDS", ge=0, le=3600)
    log_level: str = Field("info", alias="PAGETURNER_LOG_LEVEL", pattern="^(debug|info|warning|error)$")

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every configured secret value, for redaction."""
        held = (getattr(self, name) for name in type(self).model_fields)
        return tuple(each.get_secret_value() for each in held if isinstance(each, SecretStr))


def read(environment: Mapping[str, str] | None = None) -> Settings:
    """Raise Invalid that names each variable which is missing or wrong, and what to write instead."""
    given = os.environ if environment is None else environment
    values = _with_files(given)
    try:
        return Settings.model_validate({name: values[name] for name in _known() if values.get(name)})
    except ValidationError as error:
        raise Invalid("; ".join(_sentence(each) for each in error.errors()), place="settings") from None


def secret(name: str, environment: Mapping[str, str] | None = None) -> str:
    """A secret that a runbook names: `PAGETURNER_SECRET_<NAME>` or its `_FILE`. Raise KeyError when absent."""
    given = os.environ if environment is None else environment
    variable = f"{PREFIX}SECRET_{name}"
    if given.get(variable):
        return given[variable]
    if given.get(f"{variable}_FILE"):
        return _from_file(f"{variable}_FILE", given[f"{variable}_FILE"])
    raise KeyError(variable)


def _with_files(given: Mapping[str, str]) -> dict[str, str]:
    values = dict(given)
    for name in SECRETS:
        path = values.pop(f"{name}_FILE", "")
        if path and not values.get(name):
            values[name] = _from_file(f"{name}_FILE", path)
    return values


def _from_file(variable: str, path: str) -> str:
    """The file's text without surrounding white space. World-readable or empty files are refused (F90)."""
    file = Path(path)
    try:
        mode, text = file.stat().st_mode, file.read_text("utf-8")[:BIGGEST_SECRET_FILE].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"cannot read {path}: {type(error).__name__}", place=variable) from None
    if mode & 0o004:
        raise Invalid(f"{path} can be read by everybody", place=variable, remedy="chmod o-r")
    if not text:
        raise Invalid(f"{path} is empty", place=variable)
    return text


def unknown(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """A sentence for each misspelt setting: one that is silently ignored is found at 3 am."""
    given = os.environ if environment is None else environment
    known = {*_known(), *(f"{name}_FILE" for name in SECRETS)}
    sentences = []
    for name in sorted(given):
        if name.startswith(PREFIX) and name not in known and not name.startswith(f"{PREFIX}SECRET_"):
            near = difflib.get_close_matches(name, known, n=1)
            sentences.append(f"{name} is not a setting" + (f"; did you mean {near[0]}?" if near else ""))
    return tuple(sentences)


def _known() -> tuple[str, ...]:
    return tuple(str(field.alias) for field in Settings.model_fields.values())


def _sentence(error: Any) -> str:  # pydantic's ErrorDetails; its input is never shown, it may be a secret
    name = str(error["loc"][0]) if error["loc"] else "settings"
    return f"{name}: {'is missing' if error['type'] == 'missing' else error['msg']}"
