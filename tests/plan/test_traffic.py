"""Which weights, how they look in a template, and when to go back."""

from __future__ import annotations

import json

import pytest

from multi_env_lambda.model.alias import Counts
from multi_env_lambda.model.release import ReleasedFunction, ReleaseTemplate
from multi_env_lambda.plan.traffic import (
    ShiftStep,
    alarms_in,
    moved_at_once,
    shift_steps,
    shifting_functions,
    shifting_template,
    silence,
    verdict,
)


def stage(**traffic: tuple[str, int, int]) -> ReleaseTemplate:
    return ReleaseTemplate(
        environment="prod",
        account_id="5" * 12,
        region="us-east-1",
        stack_name="orders-prod",
        template_sha256="",
        functions=tuple(ReleasedFunction(key=name, name=name, traffic=found) for name, found in traffic.items()),
    )


TEMPLATE = json.dumps(
    {
        "Resources": {
            "F": {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": "create"}},
            "V2": {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "F"}}},
            "A": {
                "Type": "AWS::Lambda::Alias",
                "Properties": {"FunctionName": {"Ref": "F"}, "FunctionVersion": {"Fn::GetAtt": ["V2", "Version"]}},
            },
            "Errors": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": "create-errors"}},
        }
    }
)


def test_a_canary_is_one_step() -> None:
    assert shift_steps(stage(create=("canary", 10, 5)).functions) == (ShiftStep(percent={"create": 10}, minutes=5),)


def test_a_linear_shift_goes_up_evenly_and_leaves_the_last_step_to_the_release() -> None:
    steps = shift_steps(stage(create=("linear", 20, 1)).functions)

    assert [step.percent["create"] for step in steps] == [20, 40, 60, 80]


def test_a_function_that_is_through_early_waits_at_all_its_traffic() -> None:
    steps = shift_steps(stage(create=("canary", 10, 5), process=("linear", 50, 1), list=("linear", 40, 1)).functions)

    assert [dict(step.percent) for step in steps] == [
        {"create": 10, "process": 50, "list": 40},
        {"create": 100, "process": 100, "list": 80},
    ]
    assert [step.minutes for step in steps] == [5, 1]


def test_the_alias_stays_on_the_old_version_while_the_new_one_gets_its_share() -> None:
    text = shifting_template(TEMPLATE, {"create": "7"}, ShiftStep(percent={"create": 10}, minutes=5))

    alias = json.loads(text)["Resources"]["A"]["Properties"]
    assert alias["FunctionVersion"] == "7"
    assert alias["RoutingConfig"]["AdditionalVersionWeights"] == [
        {"FunctionVersion": {"Fn::GetAtt": ["V2", "Version"]}, "FunctionWeight": 0.1}
    ]


@pytest.mark.parametrize(
    ("old", "percent"), [({}, 10), ({"create": "7"}, 100)], ids=["a new function", "it is through"]
)
def test_nothing_is_held_back_where_there_is_nothing_to_hold(old: dict[str, str], percent: int) -> None:
    text = shifting_template(TEMPLATE, old, ShiftStep(percent={"create": percent}, minutes=5))

    assert json.loads(text) == json.loads(TEMPLATE)


def test_the_unit_s_own_alarms_are_watched() -> None:
    assert alarms_in(TEMPLATE) == ("create-errors",)


@pytest.mark.parametrize(
    ("new", "old", "goes_back"),
    [
        (Counts(invocations=0, errors=0), Counts(invocations=9, errors=0), False),
        (Counts(invocations=10, errors=1), Counts(invocations=90, errors=0), True),
        (Counts(invocations=10, errors=1), Counts(invocations=90, errors=9), False),
        (Counts(invocations=100, errors=4), Counts(invocations=900, errors=0), False),
    ],
    ids=["nobody called it", "it is new that it fails", "the old one fails as much", "within chance"],
)
def test_traffic_goes_back_when_the_new_version_does_worse_than_the_old(
    new: Counts, old: Counts, goes_back: bool
) -> None:
    assert (verdict(new, old) is not None) is goes_back


def with_function(version: str, role: dict[str, object] | None = None, **properties: object) -> str:
    """The template with another version, more properties of its function, and a role."""
    found = json.loads(TEMPLATE.replace("V2", version))
    found["Resources"]["F"]["Properties"] |= properties
    found["Resources"]["Role"] = {"Type": "AWS::IAM::Role", "Properties": role or {}}
    return json.dumps(found)


QUEUE = {"DeadLetterConfig": {"TargetArn": "arn:queue"}}
OWN_ROLE = {"Role": {"Fn::GetAtt": ["Role", "Arn"]}}


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        (with_function("V1"), with_function("V2", **QUEUE), "dead-letter queue"),
        (with_function("V1", **QUEUE), with_function("V2"), "dead-letter queue"),
        (with_function("V1", **OWN_ROLE), with_function("V2", Role="arn:role"), "role"),
        (with_function("V1", **OWN_ROLE), with_function("V2", {"Path": "/units/"}, **OWN_ROLE), "role"),
        (with_function("V1"), with_function("V2", Role="arn:role", **QUEUE), "dead-letter queue and role"),
    ],
    ids=["a new queue", "no queue any more", "another role", "the same role under another ARN", "both"],
)
def test_versions_that_lambda_refuses_behind_one_alias_are_not_divided(before: str, after: str, what: str) -> None:
    unit = stage(create=("canary", 10, 5))

    assert shifting_functions(unit, before, after) == ()
    assert f"this release changes its {what}, which" in moved_at_once(unit, before, after)["create"]


@pytest.mark.parametrize("role", [{}, {"Policies": [{"PolicyName": "unit"}]}], ids=["the same", "another policy"])
def test_traffic_is_divided_between_versions_of_one_role(role: dict[str, object]) -> None:
    unit = stage(create=("canary", 10, 5))
    before, after = with_function("V1", **OWN_ROLE, **QUEUE), with_function("V2", role, **OWN_ROLE, **QUEUE)

    assert shifting_functions(unit, before, after) == unit.functions
    assert moved_at_once(unit, before, after) == {}


def test_a_function_whose_version_stays_is_not_said_to_move_at_once() -> None:
    before, after = with_function("V2"), with_function("V2", **QUEUE)

    assert moved_at_once(stage(create=("canary", 10, 5)), before, after) == {}


@pytest.mark.parametrize(
    ("percent", "invocations", "is_chance"),
    [(10, 0, True), (10, 43, True), (10, 44, False), (50, 6, True), (50, 7, False), (99, 1, True), (99, 2, False)],
)
def test_nobody_called_is_believed_where_chance_explains_it(percent: int, invocations: int, is_chance: bool) -> None:
    assert (silence("8", "7", invocations, percent) is None) is is_chance
