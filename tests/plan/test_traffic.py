"""Which weights, how they look in a template, and when to go back."""

from __future__ import annotations

import json

import pytest

from multi_env_lambda.model.release import ReleasedFunction, Stage
from multi_env_lambda.plan.traffic import Counts, ShiftStep, alarms_in, shift_steps, shifting_template, verdict


def stage(**traffic: tuple[str, int, int]) -> Stage:
    return Stage(
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
    assert (verdict(new, old, ()) is not None) is goes_back


def test_an_alarm_alone_sends_the_traffic_back() -> None:
    nothing = Counts(invocations=0, errors=0)

    assert verdict(nothing, nothing, ("create-errors",)) == "alarm create-errors is on"
