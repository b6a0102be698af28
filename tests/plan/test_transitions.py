"""What two templates allow one by one, and AWS refuses from one to the other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from multi_env_lambda.plan.transitions import impossible

HINT = "remove the event and deploy, then add it again; with LATEST, what arrives in between is skipped"
STREAM = "arn:aws:kinesis:us-east-1:222222222222:stream/clicks"
SECOND = f"CloudFormation creates a second mapping of {STREAM} first, which Lambda refuses"


def template(name: str = "Clicks", function: str = "ReadAlias", **properties: Any) -> str:
    body = {"FunctionName": {"Ref": function}, "EventSourceArn": STREAM, "StartingPosition": "LATEST", **properties}
    return json.dumps({"Resources": {name: {"Type": "AWS::Lambda::EventSourceMapping", "Properties": body}}})


def test_another_starting_position_is_refused_with_the_way_there() -> None:
    assert impossible(template(), template(StartingPosition="TRIM_HORIZON")) == (
        f"Clicks: StartingPosition changes from LATEST to TRIM_HORIZON, so {SECOND}",
        HINT,
    )


def test_a_mapping_under_another_name_is_refused() -> None:
    assert impossible(template(), template("Others")) == (f"Others: it was named Clicks, so {SECOND}", HINT)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (None, template()),
        (template(), None),
        (template(), template(BatchSize=5, Enabled=False)),
        (template(), template(EventSourceArn=f"{STREAM}-2", StartingPosition="TRIM_HORIZON")),
        (template(), template("Others", function="OtherAlias")),
        (template(), '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'),
    ],
)
def test_what_aws_takes_is_not_refused(old: str | None, new: str | None) -> None:
    assert impossible(old, new) is None


def test_sources_that_the_stack_makes_are_compared_too() -> None:
    own = {"Fn::GetAtt": ["Queue", "Arn"]}
    assert impossible(template(EventSourceArn=own), template("Others", EventSourceArn=own)) is not None
