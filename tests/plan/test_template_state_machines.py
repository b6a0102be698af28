"""A state machine of the unit has a role that may do what its table says, and is started in roles of their own."""

from __future__ import annotations

from typing import Any

import attrs

from multi_env_lambda.model.settings import (
    EventPattern,
    Function,
    ResourceReference,
    Schedule,
    SchedulerSchedule,
    StateMachine,
)
from tests.plan.template_values import SMALL, of_type, one, project, statements, template

ARN = "arn:aws:states:us-east-1:222222222222:stateMachine:orders-sandbox-checkout"
ALIAS = "arn:aws:lambda:us-east-1:222222222222:function:orders-sandbox-create:live"
MACHINE = StateMachine(
    key="checkout",
    definition='{"StartAt":"Pay"}',
    substitutions=(("Pay", ResourceReference(kind="function", key="create", value="arn")),),
)


def with_machine(machine: StateMachine = MACHINE, function: Function = SMALL) -> Any:
    return template(project(function, resources=(machine,)))


def policy(document: Any, role: str) -> Any:
    return document["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]


def test_a_machine_calls_the_functions_that_its_definition_names() -> None:
    found = with_machine()

    assert one(found, "AWS::StepFunctions::StateMachine") == {
        "StateMachineName": "orders-sandbox-checkout",
        "StateMachineType": "STANDARD",
        "RoleArn": {"Fn::GetAtt": ["CheckoutStateMachineRole", "Arn"]},
        "DefinitionString": '{"StartAt":"Pay"}',
        "DefinitionSubstitutions": {"Pay": ALIAS},
    }
    assert policy(found, "CheckoutStateMachineRole") == [
        {"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": [ALIAS]}
    ]
    assert found["Outputs"]["CheckoutStateMachineArn"] == {"Value": {"Ref": "CheckoutStateMachine"}}


def test_only_step_functions_in_this_account_gets_the_role() -> None:
    role = with_machine()["Resources"]["CheckoutStateMachineRole"]["Properties"]

    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "states.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "222222222222"}}


def test_a_machine_that_may_do_nothing_has_no_policy() -> None:
    role = with_machine(attrs.evolve(MACHINE, substitutions=()))["Resources"]["CheckoutStateMachineRole"]

    assert "Policies" not in role["Properties"]


def test_a_log_is_kept_and_its_role_may_deliver_it() -> None:
    found = with_machine(attrs.evolve(MACHINE, log_level="ERROR", log_data=True, log_retention_days=7, tracing=True))

    machine = one(found, "AWS::StepFunctions::StateMachine")
    assert machine["LoggingConfiguration"] == {
        "Level": "ERROR",
        "IncludeExecutionData": True,
        "Destinations": [
            {"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["CheckoutStateMachineLog", "Arn"]}}}
        ],
    }
    assert machine["TracingConfiguration"] == {"Enabled": True}
    log = of_type(found, "AWS::Logs::LogGroup")["CheckoutStateMachineLog"]
    assert log == {"LogGroupName": "/aws/vendedlogs/states/orders-sandbox-checkout", "RetentionInDays": 7}
    actions = [action for each in policy(found, "CheckoutStateMachineRole") for action in each["Action"]]
    assert {"logs:CreateLogDelivery", "logs:PutResourcePolicy", "xray:PutTraceSegments"} <= set(actions)


def test_a_function_may_start_it_and_look_at_its_executions() -> None:
    starts = attrs.evolve(
        SMALL,
        start=("checkout",),
        read=("checkout",),
        environment=(("CHECKOUT", ResourceReference(kind="state_machine", key="checkout", value="arn")),),
    )
    found = with_machine(function=starts)

    both = [ARN, ARN.replace("stateMachine", "execution") + ":*"]
    own = [each for each in statements(found) if each["Resource"] == both]
    assert [each["Action"] for each in own] == [
        [
            "states:DescribeExecution",
            "states:DescribeStateMachine",
            "states:GetExecutionHistory",
            "states:ListExecutions",
        ],
        ["states:StartExecution", "states:StartSyncExecution", "states:StopExecution"],
    ]
    function = one(found, "AWS::Lambda::Function")
    assert function["Environment"]["Variables"] == {"CHECKOUT": {"Ref": "CheckoutStateMachine"}}


def test_machines_that_start_each_other_are_named_by_their_texts() -> None:
    other = ResourceReference(kind="state_machine", key="checkout", value="arn")
    found = with_machine(attrs.evolve(MACHINE, substitutions=(("Again", other),), start=("checkout",)))

    assert one(found, "AWS::StepFunctions::StateMachine")["DefinitionSubstitutions"] == {"Again": ARN}


def test_rules_and_schedules_start_it_in_roles_that_may_do_only_that() -> None:
    events = (
        Schedule(expression="rate(1 day)", payload="{}"),
        EventPattern(pattern='{"source":["shop"]}', bus="shop"),
        SchedulerSchedule(expression="rate(2 days)"),
    )
    found = with_machine(attrs.evolve(MACHINE, events=events))

    machine = {"Ref": "CheckoutStateMachine"}
    rules = list(of_type(found, "AWS::Events::Rule").values())
    role = {"Fn::GetAtt": ["CheckoutStateMachineEventsRole", "Arn"]}
    assert [rule["Targets"] for rule in sorted(rules, key=lambda rule: "EventPattern" in rule)] == [
        [{"Id": "machine", "Arn": machine, "RoleArn": role, "Input": "{}"}],
        [{"Id": "machine", "Arn": machine, "RoleArn": role}],
    ]
    start = [{"Effect": "Allow", "Action": ["states:StartExecution"], "Resource": [machine]}]
    assert policy(found, "CheckoutStateMachineEventsRole") == start
    assert policy(found, "CheckoutStateMachineSchedulerRole") == start
    assert one(found, "AWS::Scheduler::Schedule")["Target"]["Arn"] == machine
