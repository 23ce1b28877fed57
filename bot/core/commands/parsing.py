"""The front door: the text of a step, or its http call, in; an Operation out.

`parse` raises Invalid when the text is not one command or a value is not allowed. An operation that is understood but
cannot be run carries the reason in `arguments["refused"]`, and `risk.judge` answers with it.

HTTP operations: kind `http.request`, arguments {method, url, headers{}, secret_headers{}, json, body, replay}.
Programs: kind `program.run`, arguments {argv[], program, effect, risk, replay}.
"""

import json
import re
import shlex
from collections.abc import Mapping, Sequence

from bot.core import errors
from bot.core.commands import kubectl, placeholders, programs, requests, tokens
from bot.core.commands.kubectl_files import Manifests
from bot.core.commands.programs import AllowedProgram
from bot.core.operations import Family, Json, Operation, Replay, Stage
from bot.core.runbooks import Action, Command, HttpCall, Parameter

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")  # RFC 9110 5.1
_SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_SECRET_HEADERS = frozenset(["authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token"])
_FRAMING_HEADERS = frozenset(["host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"])


def parse(
    text: str,
    *,
    values: Mapping[str, str] | None = None,
    parameters: Mapping[str, Parameter] | None = None,
    programs: Sequence[AllowedProgram] = (),
    manifests: Manifests | None = None,
) -> Operation:
    """With `values` (use {} for none) every placeholder is filled; without, `{name}` stays, to judge a template.

    Raise Invalid, with place and remedy, for shell syntax, undeclared or missing parameters and values not allowed.
    """
    filling = placeholders.Filling(values, parameters)
    pipeline = tuple(placeholders.fill_argv(argv, filling) for argv in tokens.pipeline(text))
    return assemble(pipeline, programs=programs, is_template=values is None, manifests=manifests)


def render(pipeline: tokens.Pipeline) -> str:
    """The exact command, quoted so that any shell and this parser read the same words again."""
    return " | ".join(shlex.join(argv) for argv in pipeline)


def assemble(
    pipeline: tokens.Pipeline,
    *,
    programs: Sequence[AllowedProgram] = (),
    is_template: bool = False,
    manifests: Manifests | None = None,
) -> Operation:
    """The operation of the first stage with the rest as filters; a filter that is not allowed refuses the whole."""
    text = render(pipeline)
    if kubectl.is_kubectl(pipeline[0]):
        first = kubectl.parse(pipeline[0], text=text, manifests=manifests)
    else:
        first = _first(pipeline[0], text=text, allowed=programs, is_template=is_template)
    stages = tuple(Stage(argv) for argv in pipeline[1:])
    arguments = dict(first.arguments)
    if problem := _stages_problem(stages):
        arguments.setdefault("refused", problem)
    return Operation(first.family, first.kind, text, arguments, stages)


def operation(
    action: Action,
    *,
    values: Mapping[str, str] | None = None,
    parameters: Mapping[str, Parameter] | None = None,
    programs: Sequence[AllowedProgram] = (),
    manifests: Manifests | None = None,
) -> Operation:
    """Either kind of action of a step. Raise Invalid as `parse` and `http_operation` do."""
    match action:
        case Command(text):
            return parse(text, values=values, parameters=parameters, programs=programs, manifests=manifests)
        case HttpCall():
            return http_operation(action, values=values, parameters=parameters)


def _first(argv: tokens.Argv, *, text: str, allowed: Sequence[AllowedProgram], is_template: bool) -> Operation:
    if argv[0] == "curl":
        return _curl(argv, text)
    return programs.operation(argv, text=text, allowed=allowed, is_template=is_template)


def _stages_problem(stages: Sequence[Stage]) -> str:
    return next((problem for stage in stages if (problem := programs.stage_problem(stage.argv))), "")


# --- http ------------------------------------------------------------------------------------------------------------


def http_operation(
    call: HttpCall,
    values: Mapping[str, str] | None = None,
    parameters: Mapping[str, Parameter] | None = None,
) -> Operation:
    """The exact request of an `http:` step. Raise Invalid when a part of it could not be sent as shown."""
    filling = placeholders.Filling(values, parameters)
    method = call.method.upper()
    if method not in requests.METHODS:
        raise errors.Invalid(
            f"{call.method!r} is not a method", place="method", remedy=", ".join(sorted(requests.METHODS))
        )
    if call.json is not None and call.body is not None:
        raise errors.Invalid("both json and body are given", place="body", remedy="write one of them")
    if call.replay is Replay.READ and method not in requests.SAFE_METHODS:
        raise errors.Invalid(f"{method} is not a read", place="replay", remedy="declare idempotent, probe or once")
    url = placeholders.fill_url(call.url, filling)
    requests.check_url(url if values is not None else placeholders.PLACEHOLDER.sub("1", url))
    headers = {name: placeholders.fill_text(value, filling) for name, value in call.headers.items()}
    _check_headers(headers, call.secret_headers)
    body = None if call.body is None else placeholders.fill_text(call.body, filling)
    arguments: dict[str, Json] = {
        "method": method,
        "url": url,
        "headers": dict(headers),
        "secret_headers": dict(call.secret_headers),
        "json": placeholders.fill_json(call.json, filling),
        "body": body,
        "replay": (Replay.READ if method in requests.SAFE_METHODS else call.replay).value,
    }
    return Operation(Family.HTTP, "http.request", http_text(arguments), arguments)


def http_text(arguments: Mapping[str, Json]) -> str:
    """The request as people read it: method and URL, headers, body. Secrets appear as ${NAME} only."""
    lines = [f"{arguments['method']} {arguments['url']}"]
    for headers, form in (("headers", "{}: {}"), ("secret_headers", "{}: ${{{}}}")):
        named = arguments[headers]
        lines += [form.format(name, value) for name, value in named.items()] if isinstance(named, dict) else []
    if arguments["json"] is not None:
        lines.append(json.dumps(arguments["json"], ensure_ascii=False, allow_nan=False))
    elif arguments["body"] is not None:
        lines.append(str(arguments["body"]))
    return "\n".join(lines)


def _check_headers(headers: Mapping[str, str], secret_headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
            raise errors.Invalid(
                f"the header {name!r} cannot be sent", place="headers", remedy="one line of plain text"
            )
        if name.lower() in _FRAMING_HEADERS:
            raise errors.Invalid(f"the header {name} is set by the client", place="headers", remedy="leave it out")
        if name.lower() in _SECRET_HEADERS:
            remedy = "name an environment variable under secret_headers"
            raise errors.Invalid(f"the header {name} would show a secret", place="headers", remedy=remedy)
    for name, secret in secret_headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _SECRET_NAME.fullmatch(secret):
            remedy = "write `Header: VARIABLE_NAME`"
            raise errors.Invalid(f"the secret header {name!r} is not a name", place="secret_headers", remedy=remedy)


def _curl(argv: tokens.Argv, text: str) -> Operation:
    request = requests.curl(argv[1:])
    arguments: dict[str, Json] = {
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "secret_headers": {},
        "json": None,
        "body": request.body,
        "replay": (Replay.READ if request.method in requests.SAFE_METHODS else Replay.ONCE).value,
        "argv": [*argv],
    }
    if problem := _curl_problem(request):
        arguments["refused"] = problem
    return Operation(Family.HTTP, "http.request", text, arguments)


def _curl_problem(request: requests.Request) -> str:
    remedy = "write an http: step instead"
    if request.problems:
        return f"curl: {request.problems[0]}; {remedy}."
    if request.writes_file or request.reads_file:
        return (
            f"curl may not touch the file `{request.writes_file or request.reads_file}`: {remedy}, with expect: status."
        )
    if request.others:
        return f"curl --{request.others[0]} is not supported: {remedy}."
    try:
        requests.check_url(placeholders.PLACEHOLDER.sub("1", request.url))
        _check_headers(request.headers, {})
    except errors.Invalid as error:
        return f"curl: {error}."
    return "" if request.method in requests.METHODS else f"{request.method} is not a known method: {remedy}."
