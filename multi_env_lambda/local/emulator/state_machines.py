"""Step Functions takes only a definition that it can run, and runs it, and is started, in roles that may do that.

Reason: ministack stores any definition, calls what a state names without a role, and starts a machine for any rule.
What a state asks of other services than the ones below is not compared with the role. Nothing is logged here.
Sources: https://states-language.net/spec.html, https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html (the
role of a log) and https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-iam-roles.html (that of a rule)
Texts: aws/aws-cdk#26432 (of logs), localstack/localstack#11978 (of states that are missing or not reached),
awslabs/aws-deployment-framework#460 (of a role that may not call); of the others none is known.
"""

from __future__ import annotations

import contextvars
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .function_roles import trusts
from .names import load, original
from .resources import check_first
from .role_rights import may

__all__ = ["patch"]

_KIND = "AWS::StepFunctions::StateMachine"
_LONGEST = 1_048_576
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_TYPES = ("Choice", "Fail", "Map", "Parallel", "Pass", "Succeed", "Task", "Wait")
_INVALID = "Invalid State Machine Definition: '{reason}'"
_SCHEMA, _TARGET = "SCHEMA_VALIDATION_FAILED", "MISSING_TRANSITION_TARGET"
_NO_LOG = "The state machine IAM Role is not authorized to access the Log Destination"
_IN_A_STACK = "{text} (Service: Sfn, Status Code: 400, Error Code: {code})"
_DENIED = "User: {role} is not authorized to perform: {action} on resource: {resource}"
_TABLES = {"getItem": "GetItem", "putItem": "PutItem", "updateItem": "UpdateItem", "deleteItem": "DeleteItem"}
_RUNS_AS: contextvars.ContextVar[str] = contextvars.ContextVar("the role of the execution", default="")

Problem = tuple[str, str]
"""The code of an error, and its words."""


def patch() -> None:
    """Around what creates, changes, runs and starts a state machine."""
    machines = load("ministack.services.stepfunctions")
    respond = original(load("ministack.core.responses"), "error_response_json")
    for operation in ("_create_state_machine", "_update_state_machine"):
        setattr(machines, operation, _checked(original(machines, operation), respond))
    definition_of = original(load("ministack.services.cloudformation.provisioners"), "_sfn_definition")
    check_first(_KIND, lambda properties: _check(properties, definition_of))
    _run_in_the_role(machines)
    events = load("ministack.services.eventbridge")
    events._invoke_target = _if_it_may_start(original(events, "_invoke_target"))


# --- what is refused ---
def _checked(take: Callable[..., Any], respond: Callable[..., Any]) -> Callable[..., Any]:
    def checked(data: Mapping[str, Any]) -> Any:
        logging = data.get("loggingConfiguration") or {}
        found = _problems(data.get("name"), data.get("definition"), data.get("roleArn"), logging.get("level"))
        problem = next(found, None)
        return take(data) if problem is None else respond(*problem, 400)

    return checked


def _check(properties: Mapping[str, Any], definition_of: Callable[..., str]) -> None:
    logging = properties.get("LoggingConfiguration") or {}
    name, role = properties.get("StateMachineName"), properties.get("RoleArn")
    for code, text in _problems(name, definition_of(properties), role, logging.get("Level")):
        raise ValueError(_IN_A_STACK.format(text=text, code=code))


def _problems(name: Any, definition: Any, role: Any, level: Any) -> Iterator[Problem]:
    if name is not None and not _NAME.fullmatch(str(name)):
        yield "InvalidName", f"Invalid Name: '{name}'"
    if definition is not None:
        if len(str(definition).encode("utf-8")) > _LONGEST:
            yield "ValidationException", f"definition must have length less than or equal to {_LONGEST}"
        for reason in _faults(str(definition)):
            yield "InvalidDefinition", _INVALID.format(reason=reason)
    if level not in (None, "OFF") and role and not may(str(role), "logs:CreateLogDelivery", "*"):
        yield "AccessDeniedException", _NO_LOG


def _faults(definition: str) -> Iterator[str]:
    try:
        found = json.loads(definition)
    except ValueError:
        yield f"{_SCHEMA}: The definition is not valid JSON"
        return
    yield from _faults_of(found, "")


def _faults_of(machine: Any, place: str) -> Iterator[str]:
    states = machine.get("States") if isinstance(machine, dict) else None
    if not isinstance(states, dict) or not states:
        yield f"{_SCHEMA}: These fields are required: [States] at {place or '/'}"
        return
    if machine.get("StartAt") not in states:
        yield f"{_TARGET}: Missing 'Next' target: {machine.get('StartAt')} at {place}/StartAt"
    for name, state in states.items():
        yield from _faults_of_state(state, states, f"{place}/States/{name}")
    next_ones = {target for state in states.values() for target in _targets(state)} | {machine.get("StartAt")}
    for name in states.keys() - next_ones:
        yield f'{_TARGET}: State "{name}" is not reachable. at {place}/States/{name}'


def _faults_of_state(state: Any, states: Mapping[str, Any], place: str) -> Iterator[str]:
    kind = state.get("Type") if isinstance(state, dict) else None
    if kind not in _TYPES:
        yield f"{_SCHEMA}: Value is not a valid state type at {place}/Type"
        return
    if "Next" in state and state["Next"] not in states:
        yield f"{_TARGET}: Missing 'Next' target: {state['Next']} at {place}/Next"
    if kind == "Task" and not isinstance(state.get("Resource"), str):
        yield f"{_SCHEMA}: These fields are required: [Resource] at {place}"
    inner = state.get("Branches") if kind == "Parallel" else [state.get("ItemProcessor") or state.get("Iterator")]
    for machine in inner or () if kind in ("Parallel", "Map") else ():
        yield from _faults_of(machine, place)


def _targets(state: Any) -> Iterator[Any]:
    """Every state that may come after this one."""
    if not isinstance(state, dict):
        return
    yield from (state[key] for key in ("Next", "Default") if key in state)
    for key in ("Choices", "Catch"):
        yield from (item.get("Next") for item in state.get(key) or () if isinstance(item, dict))


# --- in which role it runs ---
def _run_in_the_role(machines: Any) -> None:
    task, stored = original(machines, "_execute_task"), original(machines, "_state_machines")
    invoke, call_back = original(machines, "_invoke_resource"), original(machines, "_invoke_with_callback")

    def run(state: Any, given: Any, execution: Any, context: Any) -> Any:
        machine = stored.get((execution or {}).get("stateMachineArn"), {})
        token = _RUNS_AS.set(str(machine.get("roleArn", "")))
        try:
            return task(state, given, execution, context)
        finally:
            _RUNS_AS.reset(token)

    def invoked(resource: str, given: Any) -> Any:
        _refuse(machines, resource, given)
        return invoke(resource, given)

    def called_back(resource: str, given: Any, *more: Any) -> Any:
        _refuse(machines, resource, given)
        return call_back(resource, given, *more)

    machines._execute_task, machines._invoke_resource = run, invoked
    machines._invoke_with_callback = called_back


def _refuse(machines: Any, resource: str, given: Any) -> None:
    role, asked = _RUNS_AS.get(), _asked(resource, given if isinstance(given, dict) else {})
    if not role or asked is None:
        return
    error, action, arn = asked
    if not _is_assumed(role, "states") or not may(role, action, arn):
        words = _DENIED.format(role=role, action=action, resource=arn)
        raise original(machines, "_ExecutionError")(error, words)


def _asked(resource: str, given: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """The name of the error, the action and the resource; None for what is not compared."""
    responses = load("ministack.core.responses")
    here = f"{responses.get_region()}:{responses.get_account_id()}"
    service, _, action = resource.removeprefix("arn:aws:states:::").partition(":")
    action = action.partition(".")[0]
    if ":function:" in resource:
        return "Lambda.AWSLambdaException", "lambda:InvokeFunction", resource
    match service, action:
        case "lambda", "invoke":
            name = str(given.get("FunctionName", ""))
            arn = name if name.startswith("arn:") else f"arn:aws:lambda:{here}:function:{name}"
            return "Lambda.AWSLambdaException", "lambda:InvokeFunction", arn
        case "dynamodb", word if word in _TABLES:
            name = str(given.get("TableName", "")).rpartition("/")[2]
            return (
                "DynamoDB.AccessDeniedException",
                f"dynamodb:{_TABLES[word]}",
                f"arn:aws:dynamodb:{here}:table/{name}",
            )
        case "sqs", "sendMessage":
            name = str(given.get("QueueUrl", "")).rpartition("/")[2]
            return "SQS.AccessDeniedException", "sqs:SendMessage", f"arn:aws:sqs:{here}:{name}"
        case "sns", "publish":
            return "SNS.AuthorizationErrorException", "sns:Publish", str(given.get("TopicArn", "*"))
        case "states", "startExecution":
            return "StepFunctions.AccessDeniedException", "states:StartExecution", str(given.get("StateMachineArn"))
        case _:
            return None


def _is_assumed(role: str, service: str) -> bool:
    found = original(load("ministack.services.iam"), "_roles").get(role.rpartition("/")[2]) or {}
    return trusts(found.get("AssumeRolePolicyDocument") or "{}", service)


def _if_it_may_start(invoke: Callable[..., Any]) -> Callable[..., Any]:
    """A rule starts a machine in the role of its target; what it may not start is lost, as on AWS."""

    def invoked(target: Mapping[str, Any], event: Any, rule: Mapping[str, Any], view: Any = None) -> Any:
        arn, role = str(target.get("Arn", "")), str(target.get("RoleArn", ""))
        by = "events" if ":events:" in str(rule.get("Arn", "")) else "scheduler"
        if ":stateMachine:" in arn and not (_is_assumed(role, by) and may(role, "states:StartExecution", arn)):
            return None
        return invoke(target, event, rule, view)

    return invoked
