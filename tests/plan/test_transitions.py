"""What two templates allow one by one, and AWS refuses from one to the other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from multi_env_lambda.plan.transitions import impossible as impossible_at

HINT = "remove the event and deploy, then add it again; with LATEST, what arrives in between is skipped"
STREAM = "arn:aws:kinesis:us-east-1:222222222222:stream/clicks"
SECOND = f"CloudFormation creates a second mapping of {STREAM} first, which Lambda refuses"


def impossible(old: str | None, new: str | None, now: float = 0.0) -> tuple[str, str] | None:
    return impossible_at(old, new, now)


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


# --- tables ---
ID = {"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}


def index(name: str, key: str = "day") -> dict[str, Any]:
    keys = [{"AttributeName": key, "KeyType": "HASH"}]
    return {"IndexName": name, "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}}


def table(*indexes: dict[str, Any], key: str = "id", name: Any = "sales", **more: Any) -> str:
    keys = [{"AttributeName": key, "KeyType": "HASH"}]
    body = {"TableName": name, "KeySchema": keys, "GlobalSecondaryIndexes": list(indexes), **more}
    return json.dumps({"Resources": {"Sales": {"Type": "AWS::DynamoDB::Table", "Properties": body}}})


def expires(attribute: str, *, on: bool = True) -> dict[str, Any]:
    return {"TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": on}}


def stream(view: str) -> dict[str, Any]:
    return {"StreamSpecification": {"StreamViewType": view}}


REPLACED = "the table would be replaced, and two tables cannot have one name"


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (table(), table(key="day"), f"Sales: its keys change from id to day: {REPLACED}"),
        (
            table(**ID),
            table(AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}]),
            f"Sales: the type of id changes from S to N: {REPLACED}",
        ),
        (
            table(index("one")),
            table(index("two"), index("six")),
            "Sales: 3 indexes are added or removed (one, six, two); DynamoDB changes one at a time",
        ),
        (table(index("one")), table(index("one", "month")), "Sales: the index one changes, which DynamoDB refuses"),
        (
            table(**stream("KEYS_ONLY")),
            table(**stream("NEW_IMAGE")),
            "Sales: its stream changes from KEYS_ONLY to NEW_IMAGE, which DynamoDB refuses while it is on",
        ),
        (
            table(**expires("end")),
            table(**expires("until")),
            "Sales: the attribute with the end of an item changes from end to until, which DynamoDB refuses",
        ),
    ],
)
def test_what_dynamodb_refuses_of_a_table_is_refused_first(old: str, new: str, what: str) -> None:
    found = impossible(old, new)

    assert found is not None
    assert found[0] == what


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (table(), table(key="day", name="others")),
        (table(name={"Ref": "Name"}), table(key="day", name={"Ref": "Name"})),
        (table(index("one")), table(index("one"), index("two"))),
        (table(index("one")), table()),
        (table(), table(**stream("KEYS_ONLY"))),
        (table(**stream("KEYS_ONLY")), table()),
        (table(**expires("end")), table(**expires("until", on=False))),
        (None, table(index("one"), index("two"))),
        (table(GlobalSecondaryIndexes={"Ref": "Indexes"}), table(index("one"))),
    ],
)
def test_what_dynamodb_takes_is_not_refused(old: str | None, new: str) -> None:
    assert impossible(old, new) is None


# --- schedules ---
FIRST_OF_DECEMBER = 1_796_083_200.0


def schedule(**properties: Any) -> str:
    return json.dumps({"Resources": {"Daily": {"Type": "AWS::Scheduler::Schedule", "Properties": properties}}})


STARTED = {"StartDate": "2026-12-01T00:00:00Z"}


def test_a_schedule_that_would_begin_in_the_past_is_refused_with_the_way_around_it() -> None:
    what = "Daily: its start, 2026-12-01T00:00:00Z, is over, and a schedule cannot begin in the past"
    found = impossible(None, schedule(**STARTED), FIRST_OF_DECEMBER + 301)

    assert found == (what, "remove `start`: it then begins with the deploy, or goes on as before")
    assert impossible(schedule(**STARTED), schedule(**STARTED, State="DISABLED"), FIRST_OF_DECEMBER + 301) == found
    assert impossible(None, schedule(**STARTED), FIRST_OF_DECEMBER + 300) is None


def test_a_schedule_that_has_begun_stays_as_it_is_or_loses_its_start() -> None:
    assert impossible(schedule(**STARTED), schedule(**STARTED), FIRST_OF_DECEMBER * 2) is None
    assert impossible(schedule(**STARTED), schedule(), FIRST_OF_DECEMBER * 2) is None
    assert impossible(None, schedule(StartDate={"Ref": "Start"}), FIRST_OF_DECEMBER) is None


def test_a_schedule_that_would_never_call_is_refused() -> None:
    found = impossible(None, schedule(EndDate="2026-12-01T00:00:00Z"), FIRST_OF_DECEMBER)

    assert found == ("Daily: its end, 2026-12-01T00:00:00Z, is over, so it would never call", "remove the event")


# --- state machines ---
def machine(kind: str = "STANDARD", name: str | None = "checkout") -> str:
    properties = {"StateMachineType": kind, **({} if name is None else {"StateMachineName": name})}
    return json.dumps({"Resources": {"Flow": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}}})


def test_another_type_of_a_state_machine_is_refused_while_it_has_the_name() -> None:
    what = "Flow: its type changes from STANDARD to EXPRESS, so CloudFormation creates a second one first"
    found = (f"{what}, and two state machines cannot have one name", "give the new one another key")

    assert impossible(machine(), machine("EXPRESS")) == found
    assert impossible(machine(), machine("EXPRESS", "other")) is None
    assert impossible(machine(name=None), machine("EXPRESS", None)) is None
    assert impossible(None, machine("EXPRESS")) is None
