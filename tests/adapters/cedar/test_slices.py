"""Leaving out the policies that cannot match changes no answer; and they are in fact left out."""

from typing import Any

import cedarpy
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.cedar import slices
from bot.adapters.cedar.policies import CedarSet, Source
from bot.core import authorization
from bot.core.authorization import BOT, Action, Entity, Request
from tests.adapters.cedar.test_policies import SITUATION, approve, execute

PRINCIPALS = (
    "principal", "principal is Bot", "principal is User", 'principal == Bot::"pageturner"', 'principal == User::"U1"',
    'principal in Group::"S1"', 'principal is User in Group::"S2"',
)  # fmt: skip
ACTIONS = (
    "action", 'action == Action::"execute"', 'action == Action::"approve"', 'action in Action::"execute"',
    'action in [Action::"execute", Action::"approve"]', 'action in [Action::"freeze"]',
)  # fmt: skip
RESOURCES = (
    "resource", "resource is Step", 'resource == Step::"redis/1"', 'resource == Step::"other/1"',
    'resource in Service::"payments"', 'resource in Service::"api"', 'resource in Environment::"production"',
    'resource in Runbook::"redis"', 'resource is Step in Service::"payments"', 'resource is Runbook in Service::"api"',
    'resource in Step::"redis/1"',
)  # fmt: skip
CONDITIONS = ("", " when { true }", " unless { true }", ' when { context.service == "api" }')

policies = st.lists(
    st.builds(
        "{} ({}, {}, {}){};".format,
        st.sampled_from(("permit", "forbid")),
        st.sampled_from(PRINCIPALS),
        st.sampled_from(ACTIONS),
        st.sampled_from(RESOURCES),
        st.sampled_from(CONDITIONS),
    ),
    min_size=1,
    max_size=12,
)
people = st.builds(
    lambda name, groups: Entity("User", name, tuple(Entity("Group", each) for each in sorted(groups))),
    st.sampled_from(("U1", "U2")),
    st.sets(st.sampled_from(("S1", "S2", "S3"))),
)
requests = st.builds(
    Request,
    st.one_of(st.just(BOT), people),
    st.sampled_from((Action.EXECUTE, Action.APPROVE)),
    st.builds(
        lambda runbook, service: authorization.step(runbook, "1", service=service, environment="production"),
        st.sampled_from(("redis", "other", "third")),
        st.sampled_from(("payments", "api", "")),
    ),
    st.just({"service": "payments"}),
)


def uid(entity: Entity) -> dict[str, str]:
    return {"type": entity.type, "id": entity.id}


def answer(request: Request, among: cedarpy.PolicySet) -> tuple[bool, list[str], list[str]]:
    asked: dict[str, Any] = {
        "principal": uid(request.principal), "action": {"type": "Action", "id": request.action.value},
        "resource": uid(request.resource), "context": dict(request.context),
    }  # fmt: skip
    entities = [
        {"uid": uid(each), "attrs": {}, "parents": [uid(parent) for parent in each.parents]}
        for each in (request.principal, request.resource)
    ]
    said = cedarpy.is_authorized(asked, among, entities)
    return said.allowed, sorted(said.diagnostics.reasons), [str(each) for each in said.diagnostics.errors]


@given(policies, st.lists(requests, min_size=1, max_size=4))
def test_what_is_left_out_would_have_said_nothing(written: list[str], asked: list[Request]) -> None:
    text = "\n".join(written)
    whole, few = cedarpy.PolicySet.from_str(text), slices.Slices(slices.parsed(text))
    for request in asked:
        assert answer(request, few.of(request)) == answer(request, whole)


def test_what_names_another_service_another_person_or_another_action_is_not_asked() -> None:
    text = """
        forbid (principal is Bot, action == Action::"execute", resource in Service::"api");
        forbid (principal in Group::"S1", action == Action::"execute", resource);
        forbid (principal, action == Action::"freeze", resource);
        permit (principal, action, resource);
    """
    asked = Request(BOT, Action.EXECUTE, authorization.step("redis", "1", service="payments", environment="x"))
    assert len(slices.Slices(slices.parsed(text)).of(asked)) == 1


def test_a_policy_keeps_its_name_in_a_slice() -> None:
    others = "\n".join(
        f'@id("n{number}") @reason("r") forbid (principal, action, resource in Service::"s{number}");'
        for number in range(20)
    )
    mine = '@id("mine") @reason("not here") forbid (principal, action, resource in Service::"payments");'
    found = CedarSet([Source("x", f"{others}\n{mine}")])
    assert [each.id for each in execute(found, **SITUATION).deciding] == ["mine"]
    assert approve(found, "S0DATA").reasons == ("not here (policy mine)",)


def test_no_more_than_so_many_slices_are_kept() -> None:
    count = slices.KEPT + 20
    text = "\n".join(f'permit (principal, action, resource in Service::"s{number}");' for number in range(count))
    few = slices.Slices(slices.parsed(text))
    for number in range(count):
        step = authorization.step("redis", "1", service=f"s{number}", environment="x")
        assert len(few.of(Request(BOT, Action.EXECUTE, step))) == 1
    assert few._slice.cache_info().currsize == slices.KEPT
