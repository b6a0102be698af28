"""The causes of a refused change set are read before anybody discards it; where they may not be read, it stays."""

from __future__ import annotations

from typing import Any

import pytest

from multi_env_lambda.aws.validation import may_warn, refusal_of, taken_in, warnings_of
from multi_env_lambda.errors import StackError
from multi_env_lambda.model.record import PhysicalResource
from tests.tools.faulty_client import client_error

ID = "arn:aws:cloudformation:eu-west-1:222222222222:changeSet/c/1"
REASON = "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]."


def event(logical_id: str, text: str, **more: Any) -> dict[str, Any]:
    kind = "AWS::S3::Bucket"
    found = {"EventType": "VALIDATION_ERROR", "LogicalResourceId": logical_id, "ResourceType": kind}
    return {**found, "ValidationStatusReason": text, **more}


class Pages:
    """Answers with one event a page."""

    def __init__(self, *events: dict[str, Any]) -> None:
        self.events = events
        self.asked: list[dict[str, Any]] = []

    def describe_events(self, *, NextToken: str = "0", **request: Any) -> dict[str, Any]:
        self.asked.append(request)
        number = int(NextToken)
        last = number + 1 >= len(self.events)
        return {"OperationEvents": [self.events[number]], **({} if last else {"NextToken": str(number + 1)})}


class Failing:
    def __init__(self, code: str, status: int) -> None:
        self.error = client_error("DescribeEvents", code, "no", status=status)

    def describe_events(self, **_: Any) -> Any:
        raise self.error


def test_every_page_is_read_and_what_is_taken_is_a_value() -> None:
    taken = "Resource of type 'AWS::S3::Bucket' with identifier 'acme' already exists."
    client = Pages(event("A", taken), event("B", "Properties are wrong"), event("C", "x", EventType="STACK_EVENT"))

    found = refusal_of(client, ID, "stack s", REASON)
    assert found.causes == (f"A (AWS::S3::Bucket): {taken}", "B (AWS::S3::Bucket): Properties are wrong")
    assert found.taken == (PhysicalResource(logical_id="A", type="AWS::S3::Bucket", physical_id="acme"),)
    assert client.asked == [{"ChangeSetName": ID, "Filters": {"FailedEvents": True}}] * 3


def test_without_events_the_reason_is_the_cause() -> None:
    assert refusal_of(Pages(event("A", "")), ID, "stack s", REASON).causes == (REASON,)
    assert refusal_of(Failing("InternalFailure", 500), ID, "stack s", REASON).causes == (REASON,)
    assert refusal_of(object(), ID, "stack s", REASON).causes == (REASON,)


def test_who_may_not_ask_is_told_so_with_the_page_to_look_at() -> None:
    with pytest.raises(StackError) as caught:
        refusal_of(Failing("AccessDenied", 403), ID, "stack s", REASON)

    assert "only its events say why, but they may not be read" in caught.value.what
    assert "allow the environment's role cloudformation:DescribeEvents" in caught.value.hint
    assert "https://eu-west-1.console.aws.amazon.com/cloudformation/" in caught.value.hint


def test_a_queue_or_topic_that_a_handler_met_is_named_and_nothing_else_can_come_in() -> None:
    there = "Resource of type 'AWS::SQS::Queue' with identifier 'jobs' already exists."
    causes = (
        f'Jobs (AWS::SQS::Queue): Resource handler returned message: "{there}" (HandlerErrorCode: AlreadyExists)',
        'News (AWS::SNS::Topic): Resource handler returned message: "news already exists" (RequestToken: 1, '
        "HandlerErrorCode: AlreadyExists)",
        'Key (AWS::SecretsManager::Secret): Resource handler returned message: "The operation failed because the '
        'secret key already exists." (HandlerErrorCode: AlreadyExists)',
        'Other (AWS::SQS::Queue): Resource handler returned message: "denied" (HandlerErrorCode: AccessDenied)',
    )
    assert taken_in(causes) == (
        PhysicalResource(logical_id="Jobs", type="AWS::SQS::Queue", physical_id="jobs"),
        PhysicalResource(logical_id="News", type="AWS::SNS::Topic", physical_id="news"),
    )


def change(kind: str, action: str, replacement: str = "False") -> dict[str, Any]:
    return {"ResourceChange": {"ResourceType": kind, "Action": action, "Replacement": replacement}}


def test_a_warning_is_no_cause_and_a_cause_is_no_warning() -> None:
    events = (
        event("A", "is not empty", ValidationFailureMode="WARN"),
        event("B", "wrong", ValidationFailureMode="FAIL"),
    )

    assert refusal_of(Pages(*events), ID, "stack s", REASON).causes == ("B (AWS::S3::Bucket): wrong",)
    client = Pages(*events)
    assert warnings_of(client, ID) == ("A (AWS::S3::Bucket): is not empty",)
    assert client.asked == [{"ChangeSetName": ID}] * 2, "whether a warning counts as a failed event, nobody says"


def test_warnings_that_cannot_be_read_stop_nothing_and_are_said() -> None:
    (said,) = warnings_of(Failing("AccessDenied", 403), ID)
    assert said.startswith("CloudFormation's warnings could not be read: ")
    assert warnings_of(object(), ID) == ()


def test_warnings_are_asked_for_where_something_is_made_replaced_or_removed() -> None:
    version = [change("AWS::Lambda::Version", "Add"), change("AWS::Lambda::Version", "Remove")]
    one_line = {"Changes": [*version, change("AWS::Lambda::Function", "Modify")]}

    assert not may_warn(one_line)
    assert may_warn({**one_line, "NextToken": "more"})
    for changed in (("Add", "False"), ("Remove", "False"), ("Modify", "True"), ("Modify", "Conditional")):
        assert may_warn({"Changes": [*version, change("AWS::S3::Bucket", *changed)]})
