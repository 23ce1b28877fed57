"""A value is checked, stays inside one argument, and never becomes syntax, a flag or a path."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import errors, patterns
from bot.core.commands import parsing, placeholders, tokens
from bot.core.operations import Json
from bot.core.runbooks import HttpCall, Parameter
from tests.core import hostile

ANY = Parameter("v", r"[\s\S]*")
SAFE = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,40}[a-z0-9])?", fullmatch=True)


def filling(value: str, parameter: Parameter = ANY) -> placeholders.Filling:
    return placeholders.Filling({"v": value}, {"v": parameter})


def test_the_hostile_corpus_is_large_enough() -> None:
    assert len(hostile.VALUES) >= 500


@pytest.mark.parametrize(
    "template",
    [
        "kubectl get pods {v}",
        "kubectl logs pod-{v} -n x",
        "kubectl get pods -n{v}",
        "kubectl get pods --namespace={v} -o json",
    ],
)
def test_F73_one_token_in_is_one_token_out_for_every_hostile_value(template: str) -> None:
    (argv,) = tokens.pipeline(template)
    delivered = 0
    for value in hostile.VALUES:
        try:
            filled = placeholders.fill_argv(argv, filling(value))
        except errors.Invalid:
            continue
        delivered += 1
        assert len(filled) == len(argv)
        assert [token.replace("{v}", value) for token in argv] == list(filled)
        assert not any(new.startswith("-") and not old.startswith("-") for old, new in zip(argv, filled, strict=True))
        assert tokens.pipeline(parsing.render((filled,))) == (filled,)
    assert delivered >= 50


def test_F73_a_hostile_value_inside_a_script_is_refused() -> None:
    script = 'kubectl exec x -- sh -c "redis-cli GET {v}"'
    for value in hostile.VALUES:
        try:
            operation = parsing.parse(script, values={"v": value}, parameters={"v": ANY})
        except errors.Invalid:
            continue
        command = operation.arguments["command"]
        assert isinstance(command, list)
        assert re.fullmatch(r"redis-cli GET [A-Za-z0-9._:/@%+,=-]+", str(command[2]))


def test_F73_a_hostile_value_in_json_is_one_string_in_the_same_place() -> None:
    body: Json = {"name": "{v}", "on": True, "list": ["x-{v}", 1]}
    for value in hostile.VALUES:
        try:
            filled = placeholders.fill_json(body, filling(value))
        except errors.Invalid:
            continue
        assert filled == {"name": value, "on": True, "list": [f"x-{value}", 1]}


def test_F73_a_hostile_value_never_leaves_its_place_in_a_url() -> None:
    for value in hostile.VALUES:
        try:
            url = placeholders.fill_url("http://flags.internal/api/{v}/state?x={v}", filling(value))
        except errors.Invalid:
            continue
        assert re.fullmatch(r"http://flags\.internal/api/[A-Za-z0-9._~%-]+/state\?x=[A-Za-z0-9._~%-]+", url)
        assert "/../" not in url


def test_a_value_in_the_host_part_is_a_host_name_and_nothing_else() -> None:
    assert placeholders.fill_url("http://{v}/x", filling("api.internal:80")) == "http://api.internal:80/x"
    for value in ("a@evil", "a/b", "a?b", "a#b", "a:b", "a b", "[::1]", ".."):
        with pytest.raises(errors.Invalid):
            placeholders.fill_url("http://{v}/x", filling(value))


@pytest.mark.parametrize("value", ["-x", "--all", "–x", "", "a\nb", "a\x00", "a\u202eb", "a" * 254])
def test_a_value_is_refused_whatever_its_pattern_says(value: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        placeholders.check_value("v", value, ANY)
    assert caught.value.place == "v"


def test_the_whole_value_must_match_its_pattern() -> None:
    parameter = Parameter("v", "[a-z]+")
    placeholders.check_value("v", "abc", parameter)
    for value in ("abc1", "1abc", "ab c"):
        with pytest.raises(errors.Invalid, match="pattern"):
            placeholders.check_value("v", value, parameter)


def test_a_parameter_that_is_missing_or_not_declared_is_named() -> None:
    with pytest.raises(errors.Invalid, match="no value"):
        parsing.parse("kubectl get pods {v}", values={}, parameters={"v": ANY})
    with pytest.raises(errors.Invalid, match="not declared"):
        parsing.parse("kubectl get pods {w}", values={"w": "x"}, parameters={"v": ANY})
    default = {"v": Parameter("v", "[a-z]+", default="api")}
    assert parsing.parse("kubectl get pods {v}", values={}, parameters=default).arguments["names"] == ["api"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("kubectl logs {pod} -n {namespace} -c {pod}", ("pod", "namespace")),
        ("kubectl get pods -l 'app={app},tier={tier}'", ("app", "tier")),
        ("kubectl get pods -o jsonpath='{range .items[*]}{.metadata.name}{end}'", ()),
        ("kubectl get pods -o jsonpath={.items} -n {ns}", ("ns",)),
        ("kubectl get pod {pod} | jq '{name}'", ("pod",)),
        ("curl -w '%{http_code}' http://x/{y}", ("y",)),
        ("echo '{{ name }}' '{{name}}' '{\"a\": 1}' '{}' '{a,b}'", ()),
    ],
)
def test_a_placeholder_is_exactly_an_identifier_in_braces(text: str, names: tuple[str, ...]) -> None:
    assert placeholders.names(text) == names


def test_names_in_a_json_body_are_found_in_its_strings() -> None:
    assert placeholders.names_in_json({"{key}": ["{a}", {"x": "{b}-{a}"}]}) == ("a", "b")


@given(pod=SAFE, namespace=st.from_regex(r"[a-z][a-z0-9-]{0,20}[a-z]", fullmatch=True))
def test_rendering_and_parsing_again_gives_the_same_operation(pod: str, namespace: str) -> None:
    text = "kubectl logs {pod} -n {namespace} --tail 5 | grep -i 'a b' | jq '.x | {y}'"
    operation = parsing.parse(text, values={"pod": pod, "namespace": namespace})
    assert parsing.parse(operation.text, values=None) == operation
    assert operation.arguments["name"] == pod


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|a)*",
        "(a*)*b",
        "((a{1,4}){4}){4}",
        "(x+x+)+y",
        ".*.*.*.*x",
        "a?" * 30,
        "(a)\\1",
        "(?=a)a",
        "[",
        "a" * 1_200,
    ],
)
def test_F60_a_pattern_that_could_hang_is_refused(pattern: str) -> None:
    with pytest.raises(errors.Invalid):
        patterns.parse(pattern, whole=True)


@pytest.mark.parametrize(
    "pattern",
    [
        "[a-z0-9-]{1,63}",
        r"([0-9]{1,3}\.){3}[0-9]{1,3}",
        "prod|staging",
        "[a-z]([a-z0-9-]*[a-z0-9])?",
        r"\(x\)+",
        ".+",
        r"v\d+(\.\d+)?",
    ],
)
def test_ordinary_patterns_are_accepted(pattern: str) -> None:
    patterns.parse(pattern, whole=True)


def test_an_http_step_shows_the_exact_request_and_no_secret() -> None:
    call = HttpCall(
        "post",
        "http://flags.internal/api/{name}",
        headers={"X-Reason": "{name}"},
        secret_headers={"Authorization": "FLAGS_TOKEN"},
        json={"on": False, "who": "{name}"},
    )
    operation = parsing.http_operation(call, {"name": "redis"}, {"name": Parameter("name", "[a-z]+")})
    assert operation.kind == "http.request"
    assert operation.text == (
        "POST http://flags.internal/api/redis\nX-Reason: redis\nAuthorization: ${FLAGS_TOKEN}\n"
        '{"on": false, "who": "redis"}'
    )


@pytest.mark.parametrize(
    "call",
    [
        HttpCall("GET", "file:///etc/passwd"),
        HttpCall("GET", "http://user:pass@host/"),
        HttpCall("GET", "//host/"),
        HttpCall("GET", "http:///x"),
        HttpCall("TRACE", "http://host/"),
        HttpCall("GET", "http://host/", headers={"Authorization": "Bearer x"}),
        HttpCall("GET", "http://host/", headers={"X-A": "a\r\nB: c"}),
        HttpCall("GET", "http://host/", headers={"Host": "evil"}),
        HttpCall("POST", "http://host/", json={}, body="x"),
        HttpCall("GET", "http://host/a b"),
    ],
)
def test_a_request_that_could_not_be_sent_as_shown_is_refused(call: HttpCall) -> None:
    with pytest.raises(errors.Invalid):
        parsing.http_operation(call, {}, {})
