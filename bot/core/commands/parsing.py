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
from bot.core.commands import bounding, kubectl, placeholders, programs, requests, statements, tokens
from bot.core.commands.kubectl_files import Manifests
from bot.core.durations import duration
from bot.core.operations import Family, Json, Operation, Replay, Stage
from bot.core.runbooks import Action, AllowedProgram, Checkpoint, Command, HttpCall, Parameter, Pause, SqlStatement

_CONNECTION = re.compile(r"[a-z][a-z0-9_]{0,62}")
CHECKPOINT, PAUSE = "bot.checkpoint", "bot.pause"

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
    start, notes = bounding.bound(pipeline[0])
    if kubectl.is_kubectl(start):
        start, more = bounding.bound_inside(start)
        notes = (*notes, *more)
    pipeline = (start, *pipeline[1:])
    text = render(pipeline)
    if kubectl.is_kubectl(start):
        first = kubectl.parse(start, text=text, manifests=manifests)
    else:
        first = _first(start, text=text, allowed=programs, is_template=is_template)
    stages = tuple(Stage(argv) for argv in pipeline[1:])
    arguments = dict(first.arguments)
    if problem := _stages_problem(stages):
        arguments.setdefault("refused", problem)
    if notes:
        known = arguments.get("notes")
        arguments["notes"] = [*(known if isinstance(known, list) else []), *bounding.note(notes)]
    return Operation(first.family, first.kind, text, arguments, stages)


def operation(
    action: Action,
    *,
    values: Mapping[str, str] | None = None,
    parameters: Mapping[str, Parameter] | None = None,
    programs: Sequence[AllowedProgram] = (),
    manifests: Manifests | None = None,
) -> Operation:
    """Any kind of action of a step. Raise Invalid as `parse` and `http_operation` do."""
    match action:
        case Command(text):
            return parse(text, values=values, parameters=parameters, programs=programs, manifests=manifests)
        case HttpCall():
            return http_operation(action, values=values, parameters=parameters)
        case SqlStatement():
            return sql_operation(action, values=values, parameters=parameters)
        case Checkpoint(question):
            text = placeholders.fill_text(question, placeholders.Filling(values, parameters))
            return Operation(Family.BOT, CHECKPOINT, text, {"question": text})
        case Pause(length):
            said = duration(length)
            return Operation(Family.BOT, PAUSE, f"wait {said}", {"length": said})


def _first(argv: tokens.Argv, *, text: str, allowed: Sequence[AllowedProgram], is_template: bool) -> Operation:
    if argv[0] == "curl":
        return _curl(argv, text)
    return programs.operation(argv, text=text, allowed=allowed, is_template=is_template)


def _stages_problem(stages: Sequence[Stage]) -> str:
    return next((problem for stage in stages if (problem := programs.stage_problem(stage.argv))), "")


# --- sql -------------------------------------------------------------------------------------------------------------


def sql_operation(
    step: SqlStatement,
    values: Mapping[str, str] | None = None,
    parameters: Mapping[str, Parameter] | None = None,
) -> Operation:
    """The statement as written, and the values bound to it. Raise Invalid when they do not fit together."""
    if not _CONNECTION.fullmatch(step.connection):
        remedy = "use lower-case letters, digits and _, as in PAGETURNER_SQL_ORDERS for orders"
        raise errors.Invalid(f"{step.connection!r} is not a connection name", place="connection", remedy=remedy)
    named = statements.parameters(step.statement)
    if missing := [name for name in named if name not in step.values]:
        raise errors.Invalid(f":{missing[0]} has no value", place="values", remedy=f"add {missing[0]}: under values")
    if unused := [name for name in step.values if name not in named]:
        raise errors.Invalid(f"{unused[0]} is not used", place="values", remedy=f"write :{unused[0]}, or remove it")
    read = statements.read(step.statement)
    filled = placeholders.fill_json(dict(step.values), placeholders.Filling(values, parameters))
    bound = filled if isinstance(filled, dict) else {}
    for name, value in bound.items():
        if isinstance(value, list | dict):
            raise errors.Invalid(
                f"the value of {name} is not one value", place="values", remedy="bind text or a number"
            )
    arguments: dict[str, Json] = {
        "connection": step.connection,
        "statement": step.statement.strip().removesuffix(";").strip(),
        "values": bound,
        "max_rows": step.max_rows,
        "rehearse": step.rehearse,
        "is_bounded": read.is_bounded,
        "shows_secrets": read.shows_secrets,
        "table": read.table,
        "remarks": [*read.reasons],
    }
    return Operation(Family.SQL, f"sql.{read.kind}", sql_text(arguments), arguments)


def sql_text(arguments: Mapping[str, Json]) -> str:
    """The statement as people read it, then each bound value on a line of its own."""
    bound = arguments["values"]
    lines = [f"-- on {arguments['connection']}", str(arguments["statement"])]
    named = bound.items() if isinstance(bound, dict) else ()
    return "\n".join([*lines, *(f"  :{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in named)])


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
