"""Step Functions: what it refuses, and in which roles a state machine runs and is started."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of, eventually
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
CODE = {"ZipFile": "def handler(event, context): return {'paid': event['amount']}"}
FUNCTION = {"Fn::GetAtt": ["Function", "Arn"]}
CALLS = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": FUNCTION}
PAY = {"StartAt": "Pay", "States": {"Pay": {"Type": "Task", "Resource": "${Pay}", "End": True}}}
OPTIMISED = {
    "StartAt": "Pay",
    "States": {
        "Pay": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "${Pay}", "Payload.$": "$"},
            "OutputPath": "$.Payload",
            "End": True,
        }
    },
}


@pytest.fixture(scope="module")
def clients(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> dict[str, Any]:
    place = local_config.environment("staging")
    services = ("cloudformation", "events", "stepfunctions")
    return {service: client_of(local_cloud, place, service) for service in services}


def role(service: str, *statements: Any) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    policy = {"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)}}
    policies = [policy] if statements else []
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document, "Policies": policies}}


def resources(name: str, *statements: Any, definition: Any = PAY, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = function_resources(name, CODE, Runtime=RUNTIME)
    made["MachineRole"] = role("states", *statements)
    properties = {
        "StateMachineName": name,
        "RoleArn": {"Fn::GetAtt": ["MachineRole", "Arn"]},
        "DefinitionString": definition if isinstance(definition, str) else json.dumps(definition),
        "DefinitionSubstitutions": {"Pay": FUNCTION},
        **more,
    }
    made["Machine"] = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    return made


def arn(clients: dict[str, Any], name: str) -> str:
    (found,) = clients["cloudformation"].describe_stack_resources(StackName=name, LogicalResourceId="Machine")[
        "StackResources"
    ]
    return str(found["PhysicalResourceId"])


def outcome(clients: dict[str, Any], name: str) -> dict[str, Any]:
    machines = clients["stepfunctions"]
    started = machines.start_execution(stateMachineArn=arn(clients, name), input='{"amount": 7}')["executionArn"]
    eventually(lambda: machines.describe_execution(executionArn=started)["status"] != "RUNNING", seconds=60)
    found: dict[str, Any] = machines.describe_execution(executionArn=started)
    return found


@pytest.mark.parametrize("definition", [PAY, OPTIMISED], ids=["by-arn", "optimised"])
def test_a_machine_calls_in_its_role(clients: dict[str, Any], definition: Any) -> None:
    name = f"machine-{definition['States']['Pay']['Resource'].count(':')}"
    made = resources(name, CALLS, definition=definition)
    assert create_stack(clients["cloudformation"], name, made)[0] == "CREATE_COMPLETE"

    found = outcome(clients, name)

    assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", {"paid": 7})


def test_a_machine_whose_role_may_not_call_fails(clients: dict[str, Any]) -> None:
    assert create_stack(clients["cloudformation"], "machine-no", resources("machine-no"))[0] == "CREATE_COMPLETE"

    found = outcome(clients, "machine-no")

    assert (found["status"], found["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    assert "is not authorized to perform: lambda:InvokeFunction on resource" in found["cause"]


LOGS = {"Level": "ERROR", "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": "arn:aws:logs:x:y:z"}}]}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "json": ({"definition": "{"}, "The definition is not valid JSON"),
    "states": ({"definition": {"StartAt": "A"}}, "These fields are required: [States]"),
    "start": ({"definition": {**PAY, "StartAt": "Buy"}}, "MISSING_TRANSITION_TARGET"),
    "reach": (
        {"definition": {"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "B": {"Type": "Succeed"}}}},
        'State "B" is not reachable. at /States/B',
    ),
    "type": ({"definition": {"StartAt": "A", "States": {"A": {"Type": "Tusk"}}}}, "not a valid state type"),
    "log": ({"LoggingConfiguration": LOGS}, "not authorized to access the Log Destination"),
    "name": ({"StateMachineName": "a b"}, "Invalid Name: 'a b'"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_machine_that_step_functions_would_refuse_is_refused(clients: dict[str, Any], kind: str) -> None:
    more, reason = REFUSED[kind]

    status, said = create_stack(clients["cloudformation"], f"machine-{kind}", resources(f"machine-{kind}", **more))

    assert status == "ROLLBACK_COMPLETE"
    assert reason in said


def test_the_api_refuses_the_same(clients: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="SCHEMA_VALIDATION_FAILED"):
        clients["stepfunctions"].create_state_machine(
            name="machine", definition="{}", roleArn="arn:aws:iam::444444444444:role/nobody"
        )


@pytest.mark.parametrize("allowed", [True, False], ids=["allowed", "denied"])
def test_a_rule_starts_a_machine_in_a_role_that_may(clients: dict[str, Any], allowed: bool) -> None:
    name = f"machine-rule-{'yes' if allowed else 'no'}"
    made = resources(name, definition={"StartAt": "A", "States": {"A": {"Type": "Succeed"}}})
    start = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": {"Ref": "Machine"}}
    made["Starter"] = role("events", *([start] if allowed else []))
    target = {"Id": "m", "Arn": {"Ref": "Machine"}, "RoleArn": {"Fn::GetAtt": ["Starter", "Arn"]}}
    made["Rule"] = {
        "Type": "AWS::Events::Rule",
        "Properties": {"EventPattern": {"source": [name]}, "Targets": [target]},
    }
    assert create_stack(clients["cloudformation"], name, made)[0] == "CREATE_COMPLETE"

    entry = {"Source": name, "DetailType": "x", "Detail": "{}"}
    clients["events"].put_events(Entries=[entry])

    there = clients["stepfunctions"].list_executions(stateMachineArn=arn(clients, name))["executions"]
    assert len(there) == (1 if allowed else 0)
