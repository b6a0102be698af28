"""What is asked of CloudWatch, and which of its minutes count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from multi_env_lambda.aws.metrics import alarmed, counts
from multi_env_lambda.model.alias import Counts


class CloudWatch:
    """Ten calls and one error in each minute of the last hour, by a clock of its own; every alarm of an odd number."""

    def __init__(self, ahead: timedelta = timedelta(0)) -> None:
        self.now = datetime.now(UTC) + ahead
        self.asked: list[dict[str, Any]] = []

    def get_metric_statistics(self, **words: Any) -> dict[str, Any]:
        self.asked.append(words)
        minute = self.now.replace(second=0, microsecond=0)
        minutes = [minute - timedelta(minutes=back) for back in range(60)]
        number = {"Invocations": 10.0, "Errors": 1.0}[words["MetricName"]]
        shown = [{"Timestamp": at, "Sum": number} for at in minutes if words["StartTime"] <= at < words["EndTime"]]
        headers = {"date": format_datetime(self.now, usegmt=True)}
        return {"Datapoints": shown, "ResponseMetadata": {"HTTPHeaders": headers}}

    def describe_alarms(self, AlarmNames: list[str], StateValue: str) -> dict[str, Any]:
        assert len(AlarmNames) <= 100
        return {"MetricAlarms": [{"AlarmName": name} for name in AlarmNames if int(name) % 2]}


def minutes_begun(client: CloudWatch, seconds: float) -> int:
    since = client.now.replace(microsecond=0) - timedelta(seconds=seconds)
    first = since.replace(second=0)
    first += timedelta(minutes=first < since)
    return int((client.now - first).total_seconds() // 60) + 1


@pytest.mark.parametrize("seconds", [60.0, 130.0, 600.0])
@pytest.mark.parametrize("ahead", [-4, 0, 4])
def test_minutes_that_began_in_time_by_cloudwatchs_clock_are_counted(seconds: float, ahead: int) -> None:
    client = CloudWatch(timedelta(minutes=ahead))
    whole = minutes_begun(client, seconds)

    found = counts(client, "create", "live", "7", seconds)

    assert found == Counts(invocations=10 * whole, errors=whole)


def test_the_version_behind_the_alias_is_meant() -> None:
    client = CloudWatch()
    counts(client, "create", "live", "7", 60)

    dimensions = {item["Name"]: item["Value"] for item in client.asked[0]["Dimensions"]}
    assert dimensions == {"FunctionName": "create", "Resource": "create:live", "ExecutedVersion": "7"}


def test_a_step_of_days_asks_for_no_more_points_than_one_answer_has() -> None:
    client = CloudWatch()
    counts(client, "create", "live", "7", 9999 * 60)

    asked = client.asked[0]
    assert (asked["EndTime"] - asked["StartTime"]) / timedelta(seconds=asked["Period"]) <= 1440


def test_more_alarms_are_read_than_one_call_takes() -> None:
    names = tuple(str(number) for number in range(250))

    assert len(alarmed(CloudWatch(), names)) == 125
    assert alarmed(CloudWatch(), ()) == ()
