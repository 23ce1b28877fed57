"""Environment and files in, one frozen Settings out. The only reader of os.environ.

Every secret may also come from a file named by `<NAME>_FILE`. No error here ever repeats a value.
"""

import difflib
import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from bot.core import redaction
from bot.core.errors import Invalid

PREFIX = "PAGETURNER_"
SECRETS = (
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "PAGETURNER_WEBHOOK_TOKEN",
    "PAGETURNER_PAGERDUTY_SECRET",
    "PAGETURNER_PAGERDUTY_ROUTING_KEY",
    "PAGETURNER_PAGERDUTY_API_TOKEN",
    "PAGETURNER_CHAIN_KEY",
    "PAGETURNER_GRAFANA_SECRET",
)
RUNBOOK_SECRET = f"{PREFIX}SECRET_"
SQL = f"{PREFIX}SQL_"
SQL_WRITE = "_WRITE"
BIGGEST_SECRET_FILE = 64 * 1024
BIGGEST_PORT = 65_535

_HOST = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?:\.(?!-)[A-Za-z0-9-]{1,63})*")
"""A name as DNS has it (RFC 1123, section 2.1); anything else would fail deep inside the resolver."""

_SLACK_ID = re.compile(r"[USW][A-Z0-9]{2,20}")


def _words(value: object) -> object:
    """A list separated by commas or spaces."""
    return tuple(part for part in value.replace(",", " ").split() if part) if isinstance(value, str) else value


def _address(listen: str) -> str:
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (port.isascii() and port.isdecimal() and int(port) <= BIGGEST_PORT):
        raise ValueError(f"write host:port with a port of at most {BIGGEST_PORT}, such as 127.0.0.1:8080")
    if _HOST.fullmatch(host) is None:
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise ValueError("write host:port with an address or the name of a host, such as 0.0.0.0:8080") from None
    return listen


def _stripped(value: object) -> object:
    """A line end that came with a copied token would break the header that it is sent in."""
    return value.strip() if isinstance(value, str) else value


def _redactable(value: SecretStr) -> SecretStr:
    """Several, separated by white space, are as many secrets."""
    words = value.get_secret_value().split()
    if not words or min(map(len, words)) < redaction.SHORTEST:
        raise ValueError(f"is shorter than {redaction.SHORTEST} characters, so it could not be kept out of texts")
    return value


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError; a folder's name is an OSError
        raise ValueError("write the name of a time zone, such as Europe/Berlin") from None
    return name


def _ids(found: tuple[str, ...]) -> tuple[str, ...]:
    """Names and handles change hands; ids do not. One that is no id would approve nothing and reach nobody."""
    wrong = [each for each in found if _SLACK_ID.fullmatch(each) is None]
    if wrong:
        raise ValueError(f"write ids of people (U...) or user groups (S...), not {', '.join(wrong)[:100]}")
    return found


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Secret = Annotated[SecretStr, BeforeValidator(_stripped), AfterValidator(_redactable)]


class Settings(BaseModel):
    """Field aliases are the names of the environment variables; `runbook_secrets` are those that runbooks may name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slack_bot_token: Secret = Field(alias="SLACK_BOT_TOKEN")
    slack_app_token: Secret = Field(alias="SLACK_APP_TOKEN")
    slack_api_url: str = Field("https://slack.com/api/", alias="SLACK_API_URL", pattern=r"^https?://\S+/api/$")
    kubeconfig: str = Field("", alias="KUBECONFIG")
    kubeconfig_reader: str = Field("", alias="PAGETURNER_KUBECONFIG_READER")
    database: Path = Field(Path("pageturner.db"), alias="PAGETURNER_DATABASE")
    runbooks: Path = Field(Path("runbooks"), alias="PAGETURNER_RUNBOOKS")
    chain_key: Secret | None = Field(None, alias="PAGETURNER_CHAIN_KEY")
    checkpoint_file: Path | None = Field(None, alias="PAGETURNER_CHECKPOINTS")
    audit_channel: str = Field("", alias="PAGETURNER_AUDIT_CHANNEL", max_length=80)
    channel: str = Field("incidents", alias="PAGETURNER_CHANNEL", min_length=1, max_length=80)
    listen: Annotated[str, AfterValidator(_address)] = Field("127.0.0.1:8080", alias="PAGETURNER_LISTEN")
    webhook_token: Secret | None = Field(None, alias="PAGETURNER_WEBHOOK_TOKEN")
    pagerduty_secret: Secret | None = Field(None, alias="PAGETURNER_PAGERDUTY_SECRET")
    grafana_secret: Secret | None = Field(None, alias="PAGETURNER_GRAFANA_SECRET")
    pagerduty_routing_key: Secret | None = Field(None, alias="PAGETURNER_PAGERDUTY_ROUTING_KEY")
    pagerduty_url: str = Field(
        "https://events.pagerduty.com", alias="PAGETURNER_PAGERDUTY_URL", pattern=r"^https?://\S+$"
    )
    pagerduty_api_token: Secret | None = Field(None, alias="PAGETURNER_PAGERDUTY_API_TOKEN")
    pagerduty_api_url: str = Field(
        "https://api.pagerduty.com", alias="PAGETURNER_PAGERDUTY_API_URL", pattern=r"^https?://\S+$"
    )
    approvers: Annotated[Words, AfterValidator(_ids)] = Field((), alias="PAGETURNER_APPROVERS")
    http_allow: Words = Field((), alias="PAGETURNER_HTTP_ALLOW")
    posts_per_second: float = Field(1.0, alias="PAGETURNER_SLACK_POSTS_PER_SECOND", ge=0, le=1000)
    storm_threshold: int = Field(30, alias="PAGETURNER_STORM_THRESHOLD", ge=0)
    grace_seconds: float = Field(25.0, alias="PAGETURNER_GRACE_SECONDS", ge=0, le=3600)
    timezone: Annotated[str, AfterValidator(_zone)] = Field("UTC", alias="PAGETURNER_TIMEZONE")
    log_level: str = Field("info", alias="PAGETURNER_LOG_LEVEL", pattern="^(debug|info|warning|error)$")
    runbook_secrets: tuple[SecretStr, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """The organisation's: change windows and policies speak of its wall clock."""
        return ZoneInfo(self.timezone)

    @property
    def signing(self) -> dict[str, tuple[str, ...]]:
        """The secrets of sources that sign what they send, several while one is rotated."""
        held = {"pagerduty": self.pagerduty_secret, "grafana": self.grafana_secret}
        return {source: tuple(each.get_secret_value().split()) for source, each in held.items() if each}

    @property
    def checkpoints(self) -> Path:
        """Beside the database unless it is named: better on a disk that the database's writer cannot change."""
        return self.checkpoint_file or self.database.with_name(self.database.name + ".checkpoints")

    @property
    def chain_keys(self) -> tuple[str, ...]:
        """The first signs; older ones are still known."""
        return tuple(self.chain_key.get_secret_value().split()) if self.chain_key else ()

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every configured secret value, for redaction: of several in one setting, each by itself."""
        held = [getattr(self, name) for name in type(self).model_fields]
        found = [*(each for each in held if isinstance(each, SecretStr)), *self.runbook_secrets]
        return tuple(word for each in found for word in each.get_secret_value().split())


class LocalSettings(Settings):
    """For commands that talk to no Slack: its tokens may be missing."""

    slack_bot_token: SecretStr = Field(SecretStr(""), alias="SLACK_BOT_TOKEN")
    slack_app_token: SecretStr = Field(SecretStr(""), alias="SLACK_APP_TOKEN")


def read(environment: Mapping[str, str] | None = None) -> Settings:
    """Raise Invalid that names each variable which is missing or wrong, and what to write instead."""
    given = os.environ if environment is None else environment
    return _validated(Settings, _with_files(given), runbook_secrets=_runbook_secrets(given))


def read_local(environment: Mapping[str, str] | None = None) -> Settings:
    """Without any of the bot's own secrets: whoever looks at a database or a runbook need not be able to read them."""
    given = os.environ if environment is None else environment
    return _validated(LocalSettings, {name: value for name, value in given.items() if name not in SECRETS})


def chain_keys(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """For whoever checks a record without the bot's other settings; nothing where none can be read."""
    given = os.environ if environment is None else environment
    try:
        return tuple(_held("PAGETURNER_CHAIN_KEY", given).split()) if _names_chain_key(given) else ()
    except Invalid:
        return ()


def _names_chain_key(given: Mapping[str, str]) -> bool:
    return bool(given.get("PAGETURNER_CHAIN_KEY") or given.get("PAGETURNER_CHAIN_KEY_FILE"))


def problems(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """A sentence for everything that would keep `serve` from starting, and for each misspelt name. Never a value."""
    given = os.environ if environment is None else environment
    sentences: list[str] = []
    try:
        values = _with_files(given)
    except Invalid as problem:
        sentences.append(str(problem))
        values = {name: value for name, value in given.items() if not name.endswith("_FILE")}
        values |= {name: "unread" for name in SECRETS if given.get(f"{name}_FILE") and not given.get(name)}
    try:
        Settings.model_validate({name: values[name] for name in _known() if values.get(name)})
    except ValidationError as error:
        sentences += [_sentence(each) for each in error.errors()]
    return (*sentences, *unknown(given))


def _validated(kind: type[Settings], values: Mapping[str, str], *, runbook_secrets: tuple[str, ...] = ()) -> Settings:
    asked = {name: values[name] for name in _known() if values.get(name)}
    try:
        return kind.model_validate({**asked, "runbook_secrets": runbook_secrets})
    except ValidationError as error:
        raise Invalid("; ".join(_sentence(each) for each in error.errors()), place="settings") from None


def secret(name: str, environment: Mapping[str, str] | None = None) -> str:
    """A secret that a runbook names: `PAGETURNER_SECRET_<NAME>` or its `_FILE`. Raise KeyError when absent."""
    given = os.environ if environment is None else environment
    variable = f"{RUNBOOK_SECRET}{name}"
    if given.get(variable):
        return given[variable]
    if given.get(f"{variable}_FILE"):
        return _from_file(f"{variable}_FILE", given[f"{variable}_FILE"])
    raise KeyError(variable)


def _runbook_secrets(given: Mapping[str, str]) -> tuple[str, ...]:
    """The values of all that runbooks may name: what another service echoes of them is redacted too."""
    variables = {name.removesuffix("_FILE") for name in given if name.startswith(RUNBOOK_SECRET) and given[name]}
    found = [_runbook_secret(variable, given) for variable in sorted(variables)]
    return (*found, *_sql_passwords(given))


def _sql_passwords(given: Mapping[str, str]) -> tuple[str, ...]:
    variables = {name.removesuffix("_FILE") for name in given if name.startswith(SQL) and given[name]}
    passwords = [unquote(urlsplit(_held(variable, given)).password or "") for variable in sorted(variables)]
    return tuple(each for each in passwords if len(each) >= redaction.SHORTEST)


def sql_url(name: str, *, is_read: bool, environment: Mapping[str, str] | None = None) -> str:
    """The URL of a named SQL connection. Raise KeyError, naming the setting that is missing.

    Reading takes `PAGETURNER_SQL_<NAME>`, changing `PAGETURNER_SQL_<NAME>_WRITE`: reads never hold rights to write.
    """
    given = os.environ if environment is None else environment
    variable = f"{SQL}{name.upper()}{'' if is_read else SQL_WRITE}"
    if not (given.get(variable) or given.get(f"{variable}_FILE")):
        raise KeyError(variable)
    return _held(variable, given)


def _held(variable: str, given: Mapping[str, str]) -> str:
    return given.get(variable) or _from_file(f"{variable}_FILE", given.get(f"{variable}_FILE", ""))


def _runbook_secret(variable: str, given: Mapping[str, str]) -> str:
    value = secret(variable.removeprefix(RUNBOOK_SECRET), given)
    try:
        _redactable(SecretStr(value))
    except ValueError as problem:
        raise Invalid(str(problem), place=variable) from None
    return value


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
        mode = file.stat().st_mode
        with file.open("rb") as opened:
            raw = opened.read(BIGGEST_SECRET_FILE + 1)
        text = raw.decode("utf-8").strip()
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or a path that cannot be one
        raise Invalid(f"cannot read {path}: {type(error).__name__}", place=variable) from None
    if mode & 0o004:
        raise Invalid(f"{path} can be read by everybody", place=variable, remedy="chmod o-r")
    if not text:
        raise Invalid(f"{path} is empty", place=variable)
    if len(raw) > BIGGEST_SECRET_FILE:
        raise Invalid(f"{path} is larger than any secret", place=variable)
    return text


def provide_home() -> None:
    """For a user id without a name: slack_sdk asks for a home folder when it is imported (oauth/installation_store)."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = "/"


def unknown(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """A sentence for each misspelt setting: one that is silently ignored is found at 3 am."""
    given = os.environ if environment is None else environment
    known = {*_known(), *(f"{name}_FILE" for name in SECRETS)}
    sentences = []
    for name in sorted(given):
        if name.startswith(PREFIX) and name not in known and not name.startswith((RUNBOOK_SECRET, SQL)):
            short = {each.removeprefix(PREFIX): each for each in known}
            near = difflib.get_close_matches(name.removeprefix(PREFIX), short, n=1)
            sentences.append(f"{name} is not a setting" + (f"; did you mean {short[near[0]]}?" if near else ""))
    return tuple(sentences)


def _known() -> tuple[str, ...]:
    return tuple(field.alias for field in Settings.model_fields.values() if field.alias)


def _sentence(error: Any) -> str:  # pydantic's ErrorDetails; its input is never shown, it may be a secret
    name = str(error["loc"][0]) if error["loc"] else "settings"
    problem = "is missing" if error["type"] == "missing" else error["msg"].removeprefix("Value error, ")
    return f"{name}: {problem}"
