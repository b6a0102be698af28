"""What AWS refuses of single resources in the middle of a deploy is refused here, in its words where they are known."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

ACCOUNT = "4" * 12
HERE = f"us-east-1:{ACCOUNT}"
RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
LAYER = "arn:aws:lambda:us-east-1:333333333333:layer:other"
QUEUE, FIFO = f"arn:aws:sqs:{HERE}:q", f"arn:aws:sqs:{HERE}:q.fifo"
STREAM, TABLE = f"arn:aws:kinesis:{HERE}:stream/none", f"arn:aws:dynamodb:{HERE}:table/none"
TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


@pytest.fixture(scope="module")
def clients(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> dict[str, Any]:
    place = local_config.environment("staging")
    return {
        service: client_of(local_cloud, place, service)
        for service in ("cloudformation", "events", "glue", "iam", "lambda", "sns")
    }


def mapping(source: str, **more: Any) -> dict[str, Any]:
    properties = {"FunctionName": "nobody", "EventSourceArn": source, **more}
    return {"Thing": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": properties}}


def filters(*patterns: str) -> dict[str, Any]:
    return {"FilterCriteria": {"Filters": [{"Pattern": pattern} for pattern in patterns]}}


def role(*, trust: Any = TRUST, **more: Any) -> dict[str, Any]:
    document = {"Version": "2012-10-17", "Statement": [trust]}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document, **more}}


def with_policy(**statement: Any) -> dict[str, Any]:
    whole = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **statement}
    policy = {"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": whole}}
    return {"Thing": role(Policies=[policy])}


def subscription(topic: str = f"arn:aws:sns:{HERE}:refused", **more: Any) -> dict[str, Any]:
    properties = {"TopicArn": topic, "Protocol": "lambda", "Endpoint": f"arn:aws:lambda:{HERE}:function:f", **more}
    return {"Thing": {"Type": "AWS::SNS::Subscription", "Properties": properties}}


def rule(**more: Any) -> dict[str, Any]:
    return {"Thing": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["a"]}, **more}}}


def trigger(minutes: str) -> dict[str, Any]:
    schedule = f"cron({minutes} * * * ? *)"
    properties = {"Type": "SCHEDULED", "Schedule": schedule, "Actions": [{"JobName": "j"}]}
    return {"Thing": {"Type": "AWS::Glue::Trigger", "Properties": properties}}


REFUSED = {
    "two-layers": (
        function_resources("refused", {"ZipFile": "x = 1"}, Runtime=RUNTIME, Layers=[f"{LAYER}:1", f"{LAYER}:2"]),
        f"referenced in the same function. {LAYER}:1 and {LAYER}:2 are versions of the same layer",
    ),
    "batch": (mapping(QUEUE, BatchSize=11), "window in seconds must be greater than 0 if maximum batch size is great"),
    "batch-fifo": (mapping(FIFO, BatchSize=11), "Maximum batch size must be between 1 and 10 inclusive"),
    "bisect": (mapping(QUEUE, BisectBatchOnFunctionError=True), "Unsupported BisectBatchOnFunctionError parameter"),
    "position": (mapping(QUEUE, StartingPosition="LATEST"), "StartingPosition is not valid for SQS event sources"),
    "no-position": (mapping(STREAM), "Value null at 'startingPosition' failed"),
    "no-stream": (mapping(STREAM, StartingPosition="LATEST"), f"Stream not found: {STREAM}"),
    "table": (mapping(TABLE, StartingPosition="LATEST"), f"Stream not found: {TABLE}"),
    "filters": (mapping(QUEUE, **filters(*['{"body":["x"]}'] * 6)), "The number of filters exceeds the limit of 5"),
    "no-pattern": (mapping(QUEUE, **filters('{"body":"x"}')), "Invalid filter pattern definition."),
    "no-topic": (subscription(f"arn:aws:sns:{HERE}:none"), "Topic does not exist"),
    "fifo": (subscription("arn:aws:sns:us-east-1:999999999999:a.fifo"), "Invalid protocol type: lambda"),
    "keys": (subscription(FilterPolicy={f"k{n}": ["v"] for n in range(6)}), "can not have more than 5 keys"),
    "complex": (subscription(FilterPolicy={k: ["v"] * 13 for k in "ab"}), "Filter policy is too complex"),
    "nested": (subscription(FilterPolicy={"a": {"b": ["v"]}}), "MessageAttributes does not support nested filter"),
    "number": (subscription(FilterPolicy={"a": [{"numeric": ["=", 10**10]}]}), "Numeric values must be between"),
    "no-bus": (rule(EventBusName="nobus"), "Event bus nobus does not exist."),
    "no-policy": (
        {"Thing": role(ManagedPolicyArns=["arn:aws:iam::aws:policy/NoSuchPolicyAtAll"])},
        "Policy arn:aws:iam::aws:policy/NoSuchPolicyAtAll does not exist or is not attachable.",
    ),
    "operator": (with_policy(Condition={"StringEqualz": {"a": "b"}}), "Syntax errors in policy."),
    "region": (with_policy(Resource=f"arn:aws:iam:{HERE}:role/x"), "role/x cannot contain region information."),
    "no-arn": (with_policy(Resource="bucket"), 'Resource bucket must be in ARN format or "*".'),
    "trust-resource": ({"Thing": role(trust={**TRUST, "Resource": "*"})}, "Has prohibited field Resource"),
    "principal": (
        {"Thing": role(trust={**TRUST, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/nobody"}})},
        f'Invalid principal in policy: "AWS":"arn:aws:iam::{ACCOUNT}:role/nobody"',
    ),
    "case": ({"One": role(RoleName="refused-a"), "Two": role(RoleName="REFUSED-A")}, "already exists"),
    "minutes": (trigger("0/4"), "leads to a rate faster than 5 minutes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_stack_is_rolled_back_for_it(clients: dict[str, Any], case: str) -> None:
    clients["sns"].create_topic(Name="refused")
    resources, text = REFUSED[case]
    status, reason = create_stack(clients["cloudformation"], f"refused-{case}", resources)
    assert (status, text in reason) == ("ROLLBACK_COMPLETE", True), reason


def test_what_is_right_is_taken(clients: dict[str, Any]) -> None:
    clients["sns"].create_topic(Name="taken")
    clients["events"].create_event_bus(Name="taken")
    policies = [f"arn:aws:iam::aws:policy/{name}" for name in ("AmazonKinesisReadOnlyAccess", "job-function/Billing")]
    nested = {"FilterPolicyScope": "MessageBody", "FilterPolicy": {"a": {"b": ["v", {"numeric": [">", 10**9]}]}}}
    found = {
        "Topic": subscription(f"arn:aws:sns:{HERE}:taken", **nested)["Thing"],
        "Rule": rule(EventBusName="taken")["Thing"],
        "Role": role(ManagedPolicyArns=policies, RoleName="taken"),
        "Policy": with_policy(Condition={"ForAnyValue:StringLikeIfExists": {"a": "b"}})["Thing"],
        "Trigger": trigger("3,8-20/6,50/5")["Thing"],
    }
    status, reason = create_stack(clients["cloudformation"], "taken", found)
    assert status == "CREATE_COMPLETE", reason


def test_an_update_is_rolled_back_for_it(clients: dict[str, Any]) -> None:
    formation, name = clients["cloudformation"], "refused-later"
    create_stack(formation, name, trigger("0/5"))
    formation.update_stack(StackName=name, TemplateBody=json.dumps({"Resources": trigger("0/4")}))
    reasons = [
        event.get("ResourceStatusReason", "")
        for event in formation.describe_stack_events(StackName=name)["StackEvents"]
    ]

    assert formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert any("leads to a rate faster than 5 minutes" in reason for reason in reasons)


def test_the_api_refuses_it_too(clients: dict[str, Any]) -> None:
    topic = clients["sns"].create_topic(Name="refused")["TopicArn"]
    too_many = {"FilterPolicy": json.dumps({f"k{n}": ["v"] for n in range(6)})}
    with pytest.raises(ClientError, match="can not have more than 5 keys"):
        clients["sns"].subscribe(TopicArn=topic, Protocol="lambda", Endpoint=f"arn:aws:l:{HERE}:f", Attributes=too_many)
    with pytest.raises(ClientError, match="Has prohibited field Resource"):
        document = {"Version": "2012-10-17", "Statement": [{**TRUST, "Resource": "*"}]}
        clients["iam"].create_role(RoleName="refused-b", AssumeRolePolicyDocument=json.dumps(document))
    document = {"Version": "2012-10-17", "Statement": [TRUST]}
    clients["iam"].create_role(RoleName="refused-c", AssumeRolePolicyDocument=json.dumps(document))
    with pytest.raises(ClientError, match="NoSuchEntity.*is not attachable"):
        clients["iam"].attach_role_policy(RoleName="refused-c", PolicyArn="arn:aws:iam::aws:policy/NoSuch")
    with pytest.raises(ClientError, match="Maximum batch window in seconds must be greater than 0"):
        clients["lambda"].create_event_source_mapping(FunctionName="nobody", EventSourceArn=QUEUE, BatchSize=11)
    with pytest.raises(ClientError, match="leads to a rate faster than 5 minutes"):
        schedule = {"Schedule": "cron(* * * * ? *)", "Actions": [{"JobName": "j"}]}
        clients["glue"].create_trigger(Name="t", Type="SCHEDULED", **schedule)
