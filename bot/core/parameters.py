"""Values for a runbook's parameters: typed by a person or taken from the alert, and always held against the pattern."""

from collections.abc import Mapping

from bot.core.alerts import Alert
from bot.core.commands import placeholders
from bot.core.errors import Invalid
from bot.core.runbooks import Parameter, Runbook


def resolve(runbook: Runbook, alert: Alert | None, typed: Mapping[str, str]) -> dict[str, str]:
    """Every parameter of the runbook with a checked value. Raise Invalid naming the parameter, with what to do."""
    unknown = sorted(set(typed) - set(runbook.parameters))
    if unknown:
        known = ", ".join(sorted(runbook.parameters)) or "none"
        raise Invalid(f"{runbook.name} has no parameter of this name", place=unknown[0], remedy=f"it takes: {known}")
    return {name: _value(parameter, alert, typed) for name, parameter in sorted(runbook.parameters.items())}


def environment(alert: Alert | None, values: Mapping[str, str]) -> str:
    """That of the alert; a run that a person starts has it among its values, under this name or the namespace's."""
    if alert is not None:
        return alert.environment
    return values.get("environment") or values.get("namespace", "")


def _value(parameter: Parameter, alert: Alert | None, typed: Mapping[str, str]) -> str:
    value = typed.get(parameter.name) or (_from_alert(parameter.origin, alert) if alert else "") or parameter.default
    if not value:
        remedy = f"give {parameter.name}=... or add {parameter.origin or 'a default'} to the alert or the runbook"
        raise Invalid("no value", place=parameter.name, remedy=remedy)
    placeholders.check_value(parameter.name, value, parameter)
    return value


def _from_alert(origin: str, alert: Alert) -> str:
    where, _, key = origin.partition(".")
    match where:
        case "labels":
            return alert.labels.get(key, "")
        case "annotations":
            return alert.annotations.get(key, "")
        case "service":
            return alert.service
        case "environment":
            return alert.environment
        case _:
            return ""
