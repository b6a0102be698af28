"""From a state machine of the unit to its resources: the workflow, its role, its log, and what starts it.

Functions are named by their text: CloudFormation checks none of them, and a function that starts the machine may come
after it.
Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html
and https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html (what the role needs for a log, and its name)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, assert_never

from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.resources import ResourceReference, StateMachine
from multi_env_lambda.model.settings import EventPattern, Schedule, SchedulerSchedule, Starting
from multi_env_lambda.plan.template.parts import Json, Part, Resource, StackInput, get_att, logical_id, ref
from multi_env_lambda.plan.template.roles import allow, declared, role
from multi_env_lambda.plan.template.schedules import Called, scheduled

__all__ = ["functions_in", "machine_arn", "machine_id", "machine_name", "machine_part"]

_DELIVERS_LOGS = (
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
)
_TRACES = (
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)


def machine_id(key: str) -> str:
    return logical_id(key, "StateMachine")


def machine_name(unit: StackInput, key: str) -> str:
    return unit.project.state_machine_name(unit.environment.name, key)


def machine_arn(unit: StackInput, key: str) -> str:
    """As a text, for what may come before the machine."""
    return unit.arn("states", f"stateMachine:{machine_name(unit, key)}")


def machine_part(
    unit: StackInput, machine: StateMachine, values: Mapping[str, Any], statements: Iterable[Json]
) -> Part:
    """``values`` are the substitutions, ``statements`` what its table lets its role do."""
    name, made_by = machine_id(machine.key), f"state_machines.{machine.key}"
    role_id, log_id = f"{name}Role", f"{name}Log"
    properties: Json = {
        "StateMachineName": machine_name(unit, machine.key),
        "StateMachineType": machine.type.upper(),
        "RoleArn": get_att(role_id, "Arn"),
        "DefinitionString": machine.definition,
        **({"DefinitionSubstitutions": dict(values)} if values else {}),
        **({"TracingConfiguration": {"Enabled": True}} if machine.tracing else {}),
        **_logging(machine, log_id),
        **unit.tags,
    }
    made = Resource(logical_id=name, type="AWS::StepFunctions::StateMachine", properties=properties, made_by=made_by)
    may = [*statements, *map(declared, machine.policies), *_needs(machine)]
    own_role = role(unit, role_id, "states.amazonaws.com", may, (), made_by, only_if=_here(unit))
    starts = [each for event in machine.events for each in _start(unit, machine, event)]
    return Part(
        resources=(*_with_statements(own_role, may), *_log(unit, machine, log_id), made, *starts),
        outputs=((f"{name}Arn", {"Value": ref(name)}),),
    )


def _with_statements(found: Resource, statements: list[Json]) -> tuple[Resource, ...]:
    """IAM takes no policy without a statement."""
    if statements:
        return (found,)
    properties = {key: value for key, value in found.properties.items() if key != "Policies"}
    return (Resource(logical_id=found.logical_id, type=found.type, properties=properties, made_by=found.made_by),)


def _here(unit: StackInput) -> Json:
    """Source: https://docs.aws.amazon.com/step-functions/latest/dg/procedure-create-iam-role.html (confused deputy)"""
    return {"StringEquals": {"aws:SourceAccount": unit.environment.account_id}}


# --- its log ---
def _needs(machine: StateMachine) -> Iterable[Json]:
    if machine.log_level != "OFF":
        yield allow(_DELIVERS_LOGS, "*")
    if machine.tracing:
        yield allow(_TRACES, "*")


def _logging(machine: StateMachine, log_id: str) -> Json:
    if machine.log_level == "OFF":
        return {}
    destination = {"CloudWatchLogsLogGroup": {"LogGroupArn": get_att(log_id, "Arn")}}
    return {
        "LoggingConfiguration": {
            "Level": machine.log_level,
            "IncludeExecutionData": machine.log_data,
            "Destinations": [destination],
        }
    }


def _log(unit: StackInput, machine: StateMachine, log_id: str) -> tuple[Resource, ...]:
    """Below the prefix of vended logs: for others CloudWatch adds to one policy of the account, which gets too long."""
    if machine.log_level == "OFF":
        return ()
    keep = {"RetentionInDays": machine.log_retention_days} if machine.log_retention_days else {}
    name = f"/aws/vendedlogs/states/{machine_name(unit, machine.key)}"
    properties = {"LogGroupName": name, **keep, **unit.tags}
    made_by = f"state_machines.{machine.key}"
    return (
        Resource(logical_id=log_id, type="AWS::Logs::LogGroup", properties=properties, made_by=made_by, retain=True),
    )


# --- what starts it ---
def _start(unit: StackInput, machine: StateMachine, event: Starting) -> Iterable[Resource]:
    match event:
        case Schedule(expression=expression, payload=payload):
            name = _event_name(machine, "Schedule", expression, payload)
            yield from _rule(unit, machine, name, {"ScheduleExpression": expression}, payload)
        case EventPattern(pattern=pattern, bus=bus):
            name = _event_name(machine, "Events", pattern, bus)
            named = {} if bus == "default" else {"EventBusName": bus}
            yield from _rule(unit, machine, name, {"EventPattern": json.loads(pattern), **named}, None)
        case SchedulerSchedule():
            called = Called(
                key=f"{machine.key} state machine",
                arn=ref(machine_id(machine.key)),
                action="states:StartExecution",
                made_by=f"state_machines.{machine.key}.events",
                others=tuple(each for each in machine.events if isinstance(each, SchedulerSchedule)),
            )
            yield from scheduled(unit, called, event).resources
        case _:
            assert_never(event)


def _event_name(machine: StateMachine, kind: str, *identity: object) -> str:
    return logical_id(machine.key, "StateMachine", kind, digest(list(identity))[:8])


def _rule(
    unit: StackInput, machine: StateMachine, name: str, properties: Json, payload: str | None
) -> Iterable[Resource]:
    """EventBridge starts a state machine in a role, which all rules of the machine share."""
    made_by, role_id = f"state_machines.{machine.key}.events", f"{machine_id(machine.key)}EventsRole"
    start = allow(["states:StartExecution"], ref(machine_id(machine.key)))
    yield role(unit, role_id, "events.amazonaws.com", [start], (), made_by, only_if=_here(unit))
    target: Json = {"Id": "machine", "Arn": ref(machine_id(machine.key)), "RoleArn": get_att(role_id, "Arn")}
    if payload is not None:
        target["Input"] = payload
    body = {**properties, "State": "ENABLED", "Targets": [target]}
    yield Resource(logical_id=name, type="AWS::Events::Rule", properties=body, made_by=made_by)


def functions_in(machine: StateMachine) -> tuple[str, ...]:
    """The keys of the functions that the definition names, which its role may therefore call."""
    values = (value for _, value in machine.substitutions)
    named = (value.key for value in values if isinstance(value, ResourceReference) and value.kind == "function")
    return tuple(dict.fromkeys(named))
