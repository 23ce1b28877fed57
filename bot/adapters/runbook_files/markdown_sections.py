"""The sections of a Markdown runbook that are lists of facts: trigger, blast radius, parameters, approvers.

A line that looks like a condition or a limit and is not understood is a problem, never skipped: a limit that the
author believes in and the bot does not know would be worse than none.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.adapters.runbook_files import durations, findings, markdown_facts, markdown_steps, yaml_models
from bot.adapters.runbook_files.findings import Findings
from bot.adapters.runbook_files.markdown_blocks import Line
from bot.adapters.runbook_files.markdown_facts import Fact, Labels
from bot.core import alerts, patterns, words
from bot.core.alerts import Severity
from bot.core.errors import Invalid
from bot.core.ids import GroupId, UserId
from bot.core.operations import Tier
from bot.core.runbooks import ApproverRule, Level, Match, Parameter

TRIGGERS = Labels.of({
    "alert contains": "all_words", "alert text contains": "all_words", "message contains": "all_words",
    "text contains": "all_words", "contains": "all_words", "alert contains all": "all_words",
    "alert contains all of": "all_words", "keywords": "all_words", "all words": "all_words",
    "alert contains any": "any_words", "alert contains any of": "any_words", "any words": "any_words",
    "alert name": "alert_names", "alert names": "alert_names", "alertname": "alert_names", "alert": "alert_names",
    "alert matches": "regex", "regex": "regex", "matches": "regex",
    "severity": "severity", "severities": "severity", "service": "service", "services": "service",
    "environment": "environment", "environments": "environment", "env": "environment",
    "label": "labels", "labels": "labels",
})  # fmt: skip
_BARE_CONTAINS = re.compile(
    r"(alert (?:text )?(?:contains|matches)(?: any(?: of)?| all(?: of)?)?)\s+(?=[\"`“'/])", re.IGNORECASE
)
_SEPARATORS = r"\s*,\s*(?:and\s+|or\s+)?|\s+and\s+|\s+or\s+|\s*/\s*|\s*;\s*"
_PAIR = re.compile(r"(?P<key>[A-Za-z][\w .-]{0,60}?)\s*[:=：]\s*(?P<value>[^,;|]+)")
_REMARK = re.compile(r"\s*(?:\([^()]*\)|#.*)\s*$")
_TRUE, _FALSE = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})
_DURATION_KEYS = {
    "time_limit": "time_limit", "max_duration": "time_limit", "max_execution_time": "time_limit",
    "max_time": "time_limit", "approval_window": "approval_window",
}  # fmt: skip
_ID = re.compile(r"[SUW][A-Z0-9]{2,20}")


@dataclass(slots=True)
class Bounds:
    """What `Blast Radius` says. None where it says nothing."""

    limits: dict[str, int] = field(default_factory=dict)
    level: Level | None = None
    durations: dict[str, timedelta] = field(default_factory=dict)


def _each(lines: Iterable[Line], found: Findings, read: Callable[[Line], None]) -> None:
    """Read every line; what one of them gets wrong is a problem of that line."""
    for line in lines:
        try:
            read(line)
        except Invalid as error:
            found.on(line.line, error.problem, key=error.place, remedy=error.remedy)


# --- trigger conditions ----------------------------------------------------------------------------------------------


def trigger(lines: Iterable[Line], found: Findings) -> Match:
    match = Match()

    def read(line: Line) -> None:
        nonlocal match
        facts = TRIGGERS.facts(_BARE_CONTAINS.sub(r"\1: ", line.text))
        if not facts and (line.is_item or markdown_facts.label_shaped(line.text)):
            label = (markdown_facts.label_shaped(line.text) or (line.text, ""))[0]
            known = ("alert contains", "alert name", "alert matches", "severity", "service", "environment", "labels")
            remedy = f"{findings.did_you_mean(label, known)}; prose belongs under ## Notes"
            raise Invalid(f'"{line.text[:60]}" is not a condition that can be matched', remedy=remedy)
        for fact in facts:
            match = _with_condition(match, fact)

    _each(lines, found, read)
    return match


def _with_condition(match: Match, fact: Fact) -> Match:
    match fact.label:
        case "all_words" | "any_words":
            return _with_words(match, fact)
        case "regex":
            pattern = markdown_facts.unquoted(fact.value)[0]
            pattern = pattern[1:-1] if len(pattern) > 1 and pattern[0] == pattern[-1] == "/" else pattern
            patterns.parse(pattern, ignore_case=True)
            return replace(match, regex=pattern)
        case "labels":
            return replace(match, labels={**match.labels, **_labels(fact.value)})
        case "severity":
            return replace(match, severity=(*match.severity, *map(_severity, _values(fact))))
        case "service":
            return replace(match, service=(*match.service, *_values(fact)))
        case "environment":
            return replace(match, environment=(*match.environment, *_values(fact)))
    return replace(match, alert_names=(*match.alert_names, *_values(fact)))


def _with_words(match: Match, fact: Fact) -> Match:
    parts = markdown_facts.split(fact.value, _SEPARATORS)
    joints = {"or" if "or" in cut.split() else "and" if "and" in cut.split() else "," for cut, _ in parts[1:]}
    if {"or", "and"} <= joints:
        raise Invalid("and and or are mixed", place="alert contains", remedy="write one line for all, one for any")
    found = markdown_facts.plain(part for _, part in parts)
    if not found or not all(map(words.phrase, found)):
        raise Invalid("names no words", place="alert contains", remedy='write "word", "other word"')
    if "or" in joints or fact.label == "any_words":
        return replace(match, any_words=(*match.any_words, *found))
    return replace(match, all_words=(*match.all_words, *found))


def _values(fact: Fact) -> tuple[str, ...]:
    values = markdown_facts.plain(part for _, part in markdown_facts.split(fact.value, _SEPARATORS))
    broken = next((value for value in values if not value or (" " in value and '"' not in fact.value)), None)
    if not values or broken is not None:
        shown = broken or fact.value
        raise Invalid(f'"{shown[:60]}" cannot be read', place=fact.label, remedy="write one or several, with commas")
    return values


def _severity(value: str) -> Severity:
    severity = alerts.severity(value)
    if severity is Severity.UNKNOWN and value.lower() != Severity.UNKNOWN:
        known = findings.did_you_mean(value, map(str, Severity))
        raise Invalid(f'"{value}" is not a severity', place="severity", remedy=known)
    return severity


def _labels(value: str) -> dict[str, str]:
    labels = {}
    for _, part in markdown_facts.split(value.replace("`", ""), r"\s*,\s*|\s+and\s+"):
        key, sign, text = (piece.strip() for piece in re.sub(r"\s*:\s*", "=", part, count=1).partition("="))
        if not (key and sign and text):
            raise Invalid(f'"{part[:60]}" is not a label', place="labels", remedy="write name=value")
        labels[key] = markdown_facts.unquoted(text)[0]
    return labels


# --- blast radius ----------------------------------------------------------------------------------------------------


def blast_radius(lines: Iterable[Line], found: Findings) -> Bounds:
    bounds = Bounds()

    def read(line: Line) -> None:
        text = _REMARK.sub("", line.text.replace("`", ""))
        pairs = list(_PAIR.finditer(text))
        if not pairs and line.is_item:
            raise Invalid(
                f'"{text[:60]}" is not a limit', remedy="write max_<counter>: <number>; prose belongs under ## Notes"
            )
        for pair in pairs:
            _bound(bounds, re.sub(r"[\s.-]+", "_", pair["key"].strip().lower()), pair["value"])

    _each(lines, found, read)
    return bounds


def _bound(bounds: Bounds, key: str, written: str) -> None:
    value = markdown_facts.unquoted(_REMARK.sub("", written).strip().rstrip("."))[0].lower()
    try:
        _set_bound(bounds, key, value)
    except Invalid as error:
        raise Invalid(error.problem, place=key, remedy=error.remedy) from error


def _set_bound(bounds: Bounds, key: str, value: str) -> None:
    if key in _DURATION_KEYS:
        bounds.durations[_DURATION_KEYS[key]] = durations.parse(value)
    elif key in ("requires_human_approval", "human_approval", "requires_approval"):
        bounds.level = Level.ASSISTED if _boolean(value) else Level.CONDITIONAL
    elif key in ("max_level", "level"):
        bounds.level = Level(markdown_steps.number(value, least=0, most=3))
    elif key.startswith("max_") and len(key) > len("max_"):
        counter = key.removeprefix("max_")
        limit = markdown_steps.number(value, least=0)
        bounds.limits[counter] = min(limit, bounds.limits.get(counter, limit))
    else:
        known = ("requires_human_approval", "time_limit", "approval_window", "max_pod_restarts", "max_cache_operations")
        raise Invalid(f'"{key}" is not a limit', remedy=findings.did_you_mean(key, known))


def _boolean(value: str) -> bool:
    if value not in _TRUE | _FALSE:
        raise Invalid(f'"{value[:40]}" is neither true nor false', remedy="write true or false")
    return value in _TRUE


# --- parameters and approvers ----------------------------------------------------------------------------------------


def parameters(lines: Iterable[Line], found: Findings) -> dict[str, Parameter]:
    declared: dict[str, Parameter] = {}

    def read(line: Line) -> None:
        shaped = markdown_facts.label_shaped(line.text.replace("`", "", 2) if line.text.startswith("`") else line.text)
        if shaped is None and not line.is_item:
            return
        if shaped is None or yaml_models.PARAMETER_NAME.fullmatch(shaped[0].strip("{}")) is None:
            remedy = "write name: from labels.NAME, default VALUE, pattern `...`"
            raise Invalid(f'"{line.text[:60]}" is not a parameter', remedy=remedy)
        name = shaped[0]
        declared[name] = _parameter(name, shaped[1])

    _each(lines, found, read)
    return declared


def implied(name: str) -> Parameter:
    """A placeholder that nobody declared comes from the alert's label of the same name."""
    origin = name if name in ("service", "environment") else f"labels.{name}"
    return Parameter(name, yaml_models.SAFE_VALUE, origin)


def _parameter(name: str, value: str) -> Parameter:
    parameter = implied(name)
    for _, part in markdown_facts.split(value, r"\s*[,;]\s+"):
        word, _, rest = part.replace(":", " ", 1).replace("=", " ", 1).partition(" ")
        text = markdown_facts.unquoted(rest)[0]
        match word.lower():
            case "from" if re.fullmatch(r"(labels|annotations)\.\S+|service|environment", text):
                parameter = replace(parameter, origin=text)
            case "default" if text:
                parameter = replace(parameter, default=text)
            case "pattern" if text:
                patterns.parse(text, whole=True)
                parameter = replace(parameter, pattern=text)
            case "from" | "default" | "pattern":
                raise Invalid(
                    f'"{part[:60]}" cannot be read', place=name, remedy="from is labels.X, annotations.X or service"
                )
            case _:
                parameter = replace(parameter, description=f"{parameter.description} {part}".strip())
    return parameter


def approvers(lines: Iterable[Line], found: Findings) -> Mapping[Tier, ApproverRule]:
    rules: dict[Tier, ApproverRule] = {}

    def read(line: Line) -> None:
        shaped = markdown_facts.label_shaped(line.text)
        if shaped is None and not line.is_item:
            return
        tier, value = shaped or (line.text, "")
        if tier.lower() not in (Tier.MEDIUM, Tier.HIGH):
            raise Invalid(f'"{tier[:40]}" is not a tier to approve', remedy="write medium: S0SRE or high: S0LEADS")
        rules[Tier(tier.lower())] = _rule(value)

    _each(lines, found, read)
    return rules


def _rule(value: str) -> ApproverRule:
    ids, quorum, not_requester = set(), 1, False
    for _, part in markdown_facts.split(value.replace("`", ""), r"\s*[,;]\s*|\s+and\s+"):
        several = re.fullmatch(r"quorum (\d)|(\d) (?:people|persons?)", part, re.IGNORECASE)
        if _ID.fullmatch(part):
            ids.add(part)
        elif several:
            quorum = markdown_steps.number(several[1] or several[2], most=9)
        elif part.lower() in ("not the requester", "not requester"):
            not_requester = True
        else:
            remedy = "write Slack ids (S... or U...), quorum 2, not the requester"
            raise Invalid(f'"{part[:60]}" cannot be read', place="approvers", remedy=remedy)
    users = frozenset(UserId(each) for each in ids if not each.startswith("S"))
    groups = frozenset(GroupId(each) for each in ids if each.startswith("S"))
    if not ids or (not groups and quorum > len(users)):
        raise Invalid("too few may approve", place="approvers", remedy="name users or groups by id")
    return ApproverRule(users, groups, quorum, not_requester)
