"""`services.yaml` beside the runbooks: what policies may know of a service that no alert tells, above all its tier."""

from typing import Annotated

from pydantic import TypeAdapter, ValidationError

from bot.adapters.runbook_files import yaml_problems
from bot.adapters.runbook_files.findings import Findings, Place
from bot.adapters.runbook_files.yaml_models import NAME, Line, Strict, shaped
from bot.core.operations import Json

FILE = "services.yaml"


class ServiceForm(Strict):
    tier: Annotated[str, shaped(NAME, "a tier", "write one word in lower case, such as critical or tier-1")]


_FORM = TypeAdapter(dict[Line, ServiceForm])


def read(value: Json, found: Findings) -> dict[str, str]:
    """The tier of each service, by the service's name as alerts have it."""
    try:
        forms = _FORM.validate_python(value or {})
    except ValidationError as error:
        for each in error.errors(include_url=False):
            yaml_problems.explain(each, found, _keys)
        return {}
    return {name: form.tier for name, form in sorted(forms.items())}


def _keys(_: Place) -> list[str]:
    return list(ServiceForm.model_fields)
