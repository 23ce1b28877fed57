"""The simple JSON that anything can send with one line of curl, to our Alerts. Pure.

One object, or `{"alerts": [object, ...]}`. Each object: `title` (or `name`), and optionally `text` (or `description`,
`message`), `severity`, `service`, `environment`, `status` (`firing`, the default, or `resolved`), `labels`,
`annotations` (strings to strings), `id` (or `fingerprint`), `group`, `url`, `starts_at`, `ends_at` (RFC 3339).
A resolution finds its firing by `id`; without one by title, service, environment and labels together.
"""

from typing import Annotated, Literal

from pydantic import AliasChoices, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from bot.adapters.alerts import alertmanager, reading, texts
from bot.adapters.alerts.alertmanager import Parsed
from bot.adapters.alerts.documents import Document
from bot.core import alerts
from bot.core.alerts import Alert

SOURCE = "generic"

_Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Alert(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    title: _Title = Field(validation_alias=AliasChoices("title", "name"))
    text: str = Field("", validation_alias=AliasChoices("text", "description", "message"))
    severity: str = ""
    service: str = ""
    environment: str = ""
    status: Literal["firing", "resolved"] = "firing"
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    id: str = Field("", validation_alias=AliasChoices("id", "fingerprint"))
    group: str = ""
    url: str = ""
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None


class _Several(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    alerts: list[_Alert]


def parse(document: Document) -> Parsed:
    """Raise Invalid, naming the place, for anything else than the module's docstring says."""
    if "alerts" in document.keys:
        found = reading.model(_Several, document.raw).alerts
    else:
        found = [reading.model(_Alert, document.raw)]
    return Parsed(tuple(_alert(each) for each in found))


def _alert(found: _Alert) -> Alert:
    labels = found.labels
    service = texts.word(found.service) or texts.first(labels, alertmanager.SERVICE_LABELS)
    environment = texts.word(found.environment) or texts.first(labels, alertmanager.ENVIRONMENT_LABELS)
    identity = {"id": found.id} if found.id else {**labels, "": "\x1f".join((found.title, service, environment))}
    return Alert(
        source=SOURCE,
        name=texts.word(found.title, texts.NAME_LENGTH),
        fingerprint=alerts.fingerprint(SOURCE, identity),
        is_firing=found.status == "firing",
        severity=alerts.severity(found.severity or texts.first(labels, alertmanager.SEVERITY_LABELS)),
        service=service,
        environment=environment,
        text=texts.paragraphs(found.text),
        starts_at=texts.utc(found.starts_at),
        ends_at=texts.utc(found.ends_at),
        group_key=texts.clean(found.group, texts.LABEL_LENGTH),
        labels=texts.labels(labels),
        annotations=texts.annotations(found.annotations),
        url=texts.web_address(found.url),
    )
