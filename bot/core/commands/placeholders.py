"""Parameters in command text: `{name}` inside a token, filled after tokenising, so that a value is never syntax.

A placeholder is exactly `{identifier}`. JSON, `{{ }}` templates, `${X}`, `%{X}`, jq programs and kubectl's output
templates are literal text. A value stays inside one argument, never begins one with a dash, and is checked in full
against its parameter's pattern. It must not know what any program does with its arguments.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from bot.core import errors, patterns
from bot.core.commands import tokens
from bot.core.operations import Json
from bot.core.runbooks import Parameter

MAX_VALUE_CHARACTERS = 253
"""The longest Kubernetes name (RFC 1123 subdomain)."""

"""A parameter's own pattern is checked once, when its runbook is loaded."""

PLACEHOLDER = re.compile(r"(?<![$%{#\\])\{([A-Za-z_][A-Za-z0-9_]{0,63})\}(?!\})")

_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9._:/@%+,=-]*")
_HOST_VALUE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")
_SHELL_VALUE = re.compile(
    r"""\$(?P<name>[A-Za-z_]\w*|[0-9@*#?])|\$\{(?P<braced>[A-Za-z_]\w*)[^}]*\}|\$\(.*\)|`[^`]*`|"""
    r"""(?:(?<=/)|\A)\[(?P<bracket>[A-Za-z][\w -]*)\]\Z""",
    re.DOTALL,
)
_SCRIPT_SIGN = re.compile(r"[\s;&|<>()$`'\"\\*?]")
_SCRIPT_FLAG = re.compile(r"-[A-Za-z]*[ce]|--(?:eval|execute|command|query|expression|script)(?:=.*)?", re.DOTALL)
_TEMPLATE = re.compile(r"(?:jsonpath|jsonpath-as-json|go-template|custom-columns|template)=", re.IGNORECASE)
_TEMPLATE_WORDS = frozenset(["jsonpath", "jsonpath-as-json", "go-template", "custom-columns", "--template"])
_JQ = frozenset(["jq", "gojq"])


@dataclass(frozen=True, slots=True)
class Filling:
    """Values by name, and the declared parameters that they must satisfy. Without values, text stays a template."""

    values: Mapping[str, str] | None = None
    parameters: Mapping[str, Parameter] | None = None

    def value(self, name: str) -> str:
        """The checked value of one placeholder. Raise Invalid when it is missing, undeclared or not allowed."""
        if self.parameters is not None and name not in self.parameters:
            remedy = f"declare it under parameters, or write one of {', '.join(sorted(self.parameters)) or 'none'}"
            raise errors.Invalid(f"the parameter {{{name}}} is not declared", place=name, remedy=remedy)
        if self.values is None:
            return f"{{{name}}}"
        parameter = (self.parameters or {}).get(name)
        value = self.values.get(name, parameter.default if parameter else None)
        if value is None:
            raise errors.Invalid(f"the parameter {{{name}}} has no value", place=name, remedy="give one or a default")
        check_value(name, value, parameter)
        return value


def names(text: str) -> tuple[str, ...]:
    """Names of the placeholders in a command line, in order of appearance, each once. Raise Invalid as tokens do."""
    found: dict[str, None] = {}
    for argv in tokens.pipeline(text):
        for token, template in zip(argv, _literal_from(argv), strict=True):
            found.update(dict.fromkeys(PLACEHOLDER.findall(token[:template])))
    return tuple(found)


def names_in_json(tree: Json) -> tuple[str, ...]:
    """Names of the placeholders inside the strings of a JSON tree; keys are never filled."""
    return tuple(dict.fromkeys(name for text in _strings(tree) for name in PLACEHOLDER.findall(text)))


def check_value(name: str, value: str, parameter: Parameter | None = None) -> None:
    """Raise Invalid unless the value may be put anywhere. Errors name the parameter, never the value."""
    problem = ""
    if not value:
        problem = "is empty"
    elif len(value) > MAX_VALUE_CHARACTERS:
        problem = f"is longer than {MAX_VALUE_CHARACTERS} characters"
    elif _UNSEEN.search(value):
        problem = "holds a control, invisible or direction-changing character"
    elif value[0] in "-‐‑‒–—―−﹘﹣－":
        problem = "starts with a dash, which programs read as a flag"
    elif parameter is not None and not _fits(parameter.pattern, value):
        problem = f"does not match its pattern {parameter.pattern}"
    if problem:
        raise errors.Invalid(f"the value of {{{name}}} {problem}", place=name, remedy="give another value")


def _fits(pattern: str, value: str) -> bool:
    return patterns.parse(pattern, whole=True).regex.fullmatch(value) is not None


def fill_argv(argv: Sequence[str], filling: Filling) -> tuple[str, ...]:
    """One token in, one token out. Raise Invalid when a value is missing, not allowed, or would turn into syntax."""
    filled = []
    for index, (token, template) in enumerate(zip(argv, _literal_from(argv), strict=True)):
        head, literal = token[:template], token[template:]
        follows_script_flag = index > 0 and _SCRIPT_FLAG.fullmatch(argv[index - 1]) is not None
        filled.append(_fill_token(head, filling, is_script=follows_script_flag) + literal)
    return tuple(filled)


def open_variables(argv: Sequence[str]) -> tuple[str, ...]:
    """Shell variables, command output and `[name]` as placeholders, to judge a command that was written for a shell."""
    return tuple(_SHELL_VALUE.sub(_as_placeholder, token) for token in argv)


def _as_placeholder(match: re.Match[str]) -> str:
    name = re.sub(r"\W+", "_", match["name"] or match["braced"] or match["bracket"] or "output")
    return f"{{{name[:64]}}}"


def fill_text(text: str, filling: Filling) -> str:
    """Free text such as a header value or a request body."""
    return PLACEHOLDER.sub(lambda match: filling.value(match[1]), text)


def fill_json(tree: Json, filling: Filling) -> Json:
    """Values go into the strings of a JSON tree; its keys, numbers and shape stay as written."""
    if isinstance(tree, str):
        return fill_text(tree, filling)
    if isinstance(tree, list):
        return [fill_json(item, filling) for item in tree]
    if isinstance(tree, dict):
        return {key: fill_json(item, filling) for key, item in tree.items()}
    return tree


def fill_url(url: str, filling: Filling) -> str:
    """Values in host or port are host names or numbers; elsewhere they are percent-encoded and never a path step up."""
    authority_end = _authority_end(url)

    def replace(match: re.Match[str]) -> str:
        value = filling.value(match[1])
        if filling.values is None:
            return value
        if match.start() < authority_end:
            return _host_value(match[1], value)
        if value in (".", ".."):
            raise errors.Invalid(f"the value of {{{match[1]}}} would change the path", remedy="give a name")
        return quote(value, safe="")

    return PLACEHOLDER.sub(replace, url)


def _authority_end(url: str) -> int:
    start = url.find("://")
    if start < 0:
        raise errors.Invalid("a URL must begin with http:// or https://", remedy="write the scheme as it is")
    ends = [at for sign in "/?#" if (at := url.find(sign, start + 3)) >= 0]
    return min(ends, default=len(url))


def _host_value(name: str, value: str) -> str:
    if not _HOST_VALUE.fullmatch(value):
        raise errors.Invalid(f"the value of {{{name}}} is not a host name", place=name, remedy="give a host name")
    return value


def _strings(tree: Json) -> Iterable[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, list):
        for item in tree:
            yield from _strings(item)
    elif isinstance(tree, dict):
        for item in tree.values():
            yield from _strings(item)


def _literal_from(argv: Sequence[str]) -> list[int]:
    """For each token, from where on it is another language's text (jq, jsonpath, templates) and never filled."""
    if argv and argv[0].rsplit("/", 1)[-1] in _JQ:
        return [0] * len(argv)
    starts = []
    for index, token in enumerate(argv):
        template = _TEMPLATE.search(token)
        follows = index > 0 and argv[index - 1] in _TEMPLATE_WORDS
        starts.append(0 if follows else template.end() if template else len(token))
    return starts


def _fill_token(token: str, filling: Filling, *, is_script: bool) -> str:
    placeholders = list(PLACEHOLDER.finditer(token))
    if not placeholders:
        return token
    if token.startswith(("http://", "https://")):
        return fill_url(token, filling)
    literal = PLACEHOLDER.sub("", token)
    needs_plain = is_script or _SCRIPT_SIGN.search(literal) is not None
    for match in placeholders:
        value = filling.value(match[1])
        if filling.values is not None and needs_plain and not _PLAIN_VALUE.fullmatch(value):
            problem = f"the value of {{{match[1]}}} stands inside a script or a quoted text"
            raise errors.Invalid(problem, place=match[1], remedy="only letters, digits and ._:/@%+,=- may go there")
    filled = fill_text(token, filling)
    if filled.startswith("-") and not token.startswith("-"):
        raise errors.Invalid("a value would turn an argument into a flag", remedy="give another value")
    return filled
