"""Logs, metrics and alarms of a function are those that AWS would have, with the clock moved instead of waited for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.local.emulator.alarms import state_of
from multi_env_lambda.local.strict import RULES
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import CloudTime, client_of
from tests.rules import cloud_keeping
from tests.tools.stacks import create_stack, function_resources

FAILS = {"ZipFile": "def handler(event, context):\n    print('seen')\n    return 1 / event['by']\n"}
RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.mark.parametrize(
    ("treated", "breaches", "state"),
    [
        ("missing", [None] * 5, "INSUFFICIENT_DATA"),
        ("missing", [None, None, True, None, None], "ALARM"),
        ("missing", [None, None, None, None, False], "OK"),
        ("notBreaching", [None] * 5, "OK"),
        ("notBreaching", [None, None, True, None, None], "OK"),
        ("notBreaching", [None, None, True, True, True], "ALARM"),
        ("breaching", [None] * 5, "ALARM"),
        ("breaching", [None, None, None, None, False], "OK"),
        ("ignore", [None] * 5, "as before"),
        ("ignore", [None, None, True, None, None], "as before"),
        ("ignore", [None, None, None, None, False], "OK"),
        ("missing", [True, None, True, True, False], "ALARM"),
        ("missing", [False, True, True, True, True], "OK"),
    ],
)
def test_what_is_missing_is_judged_only_where_too_few_periods_have_data(
    treated: str, breaches: list[bool | None], state: str
) -> None:
    alarm = {"EvaluationPeriods": 3, "TreatMissingData": treated, "StateValue": "as before"}
    assert state_of(alarm, breaches) == state


def test_so_many_of_the_periods_have_to_breach() -> None:
    alarm = {"EvaluationPeriods": 3, "DatapointsToAlarm": 2, "TreatMissingData": "notBreaching", "StateValue": "OK"}
    assert state_of(alarm, [True, False, True, False, False]) == "ALARM"
    assert state_of(alarm, [True, False, False, True, True]) == "OK"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, local_config: WorkspaceConfig) -> Iterator[LocalCloud]:
    with cloud_keeping(tmp_path_factory.mktemp("alarms"), local_config, *RULES) as found:
        yield found


@pytest.fixture(scope="module")
def clients(cloud: LocalCloud, local_config: WorkspaceConfig) -> dict[str, Any]:
    place = local_config.environment("test")
    found = {name: client_of(cloud, place, name) for name in ("lambda", "cloudwatch", "cloudformation", "logs")}
    for name in ("good", "bad"):
        create_stack(found["cloudformation"], name, function_resources(name, FAILS, Runtime=RUNTIME))
        found["cloudwatch"].put_metric_alarm(
            AlarmName=name, Namespace="AWS/Lambda", MetricName="Errors", Statistic="Sum", Period=60, Threshold=0,
            EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold", TreatMissingData="notBreaching",
            Dimensions=[{"Name": "FunctionName", "Value": name}],
        )  # fmt: skip
    return found


def states(clients: dict[str, Any]) -> dict[str, str]:
    return {
        alarm["AlarmName"]: alarm["StateValue"] for alarm in clients["cloudwatch"].describe_alarms()["MetricAlarms"]
    }


@pytest.mark.local_cloud
def test_an_alarm_turns_for_its_own_function_when_the_minute_is_seen_and_back_when_it_is_over(
    cloud: LocalCloud, clients: dict[str, Any]
) -> None:
    clock = CloudTime(cloud)
    clock.sleep(61 - clock.seconds() % 60)
    clients["lambda"].invoke(FunctionName="bad", Payload=b'{"by": 0}')
    clients["lambda"].invoke(FunctionName="good", Payload=b'{"by": 1}')
    assert "ALARM" not in states(clients).values()
    clock.sleep(120)
    assert states(clients) == {"good": "OK", "bad": "ALARM"}
    clock.sleep(300)
    assert states(clients) == {"good": "OK", "bad": "OK"}


@pytest.mark.local_cloud
def test_a_state_that_was_set_holds_until_the_alarm_is_looked_at_again(
    cloud: LocalCloud, clients: dict[str, Any]
) -> None:
    clients["cloudwatch"].set_alarm_state(AlarmName="good", StateValue="ALARM", StateReason="a test")
    assert states(clients)["good"] == "ALARM"
    CloudTime(cloud).sleep(61)
    assert states(clients)["good"] == "OK"
