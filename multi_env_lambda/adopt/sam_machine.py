"""State machines of SAM: the definition, the role, and what starts them, in CloudFormation's words."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from multi_env_lambda.adopt.cfn_draft import Draft, references
from multi_env_lambda.adopt.cfn_policies import statements_of
from multi_env_lambda.adopt.cfn_values import is_function
from multi_env_lambda.adopt.document import Node, read_document
from multi_env_lambda.adopt.sam_events import OF_A_TARGET, is_off

__all__ = ["read_machine"]

_CALLED_OTHERWISE = {
    "Name": "StateMachineName",
    "Logging": "LoggingConfiguration",
    "Tracing": "TracingConfiguration",
}


def read_machine(draft: Draft, name: str, node: Node, texts: Callable[[str], str | None]) -> None:
    what, properties = f"{name} (AWS::Serverless::StateMachine)", node.get("Properties") or node
    definition = draft.values.of(properties.get("Definition"))
    uri = draft.values.of(properties.get("DefinitionUri"))
    if isinstance(uri, str):
        text = texts(uri)
        if text is None:
            draft.left("", what, node, f"its definition {uri} is not there")
            return
        definition = read_document(text, uri).plain()
    role = draft.values.of(properties.get("Role"))
    body: dict[str, Any] = {"DefinitionString": json.dumps(definition, indent=1, ensure_ascii=False)}
    if is_function(definition) or any(True for _ in references(definition)):
        body = {"Definition": draft.body(definition)}
    if "DefinitionSubstitutions" in properties.table:
        body["DefinitionSubstitutions"] = draft.body(draft.values.of(properties.get("DefinitionSubstitutions")))
    if (kind := draft.values.of(properties.get("Type"))) is not None:
        body["StateMachineType"] = kind
    for key, theirs in _CALLED_OTHERWISE.items():
        if key in properties.table:
            body[theirs] = draft.body(draft.values.of(properties.get(key)))
    if role is None:
        body["RoleArn"] = {"Fn::GetAtt": [f"{name}Role", "Arn"]}
        draft.add(f"{name}Role", _machine_role(draft, properties), node)
    else:
        body["RoleArn"] = draft.body(role)
    draft.add(name, {"Type": "AWS::StepFunctions::StateMachine", "Properties": body}, node)
    draft.carried("", what, node, "stack.py")
    events = properties.get("Events")
    for event, found in events.table.items() if events is not None else ():
        _event(draft, name, event, found)


def _machine_role(draft: Draft, properties: Node) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policies = properties.get("Policies")
    statements, managed = statements_of(draft, policies) if policies is not None else ([], [])
    body: dict[str, Any] = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}}
    if statements:
        document = {"Version": "2012-10-17", "Statement": statements}
        body["Policies"] = [{"PolicyName": "machine", "PolicyDocument": document}]
    if managed:
        body["ManagedPolicyArns"] = managed
    return {"Type": "AWS::IAM::Role", "Properties": body}


def _event(draft: Draft, machine: str, name: str, node: Node) -> None:
    """A rule of EventBridge that starts the machine, with a role that may."""
    what, kind = f"{machine}: event {name} ({node.text('Type')})", node.text("Type")
    properties = node.get("Properties") or node
    rule: dict[str, Any] = {}
    target: dict[str, Any] = {"Arn": {"Ref": machine}, "Id": "machine"}
    if kind == "Schedule":
        rule["ScheduleExpression"] = draft.body(draft.values.of(properties.get("Schedule")))
    elif kind in ("EventBridgeRule", "CloudWatchEvent"):
        rule["EventPattern"] = draft.body(draft.values.of(properties.get("Pattern")))
        if "EventBusName" in properties.table:
            rule["EventBusName"] = draft.body(draft.values.of(properties.get("EventBusName")))
    else:
        draft.left("", what, node, "write what starts it in stack.py")
        return
    if is_off(draft, properties):
        rule["State"] = "DISABLED"
    for one in OF_A_TARGET:
        if one in properties.table:
            target[one] = draft.body(draft.values.of(properties.get(one)))
    for one in ("Description", "Name"):
        if one in properties.table:
            rule[one] = draft.body(draft.values.of(properties.get(one)))
    role = f"{machine}{name}Role"
    target["RoleArn"] = {"Fn::GetAtt": [role, "Arn"]}
    draft.add(role, _starter(machine), node)
    draft.add(f"{machine}{name}", {"Type": "AWS::Events::Rule", "Properties": {**rule, "Targets": [target]}}, node)
    draft.carried("", what, node, f"{machine}{name} in stack.py")


def _starter(machine: str) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sts:AssumeRole"}
    start = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": {"Ref": machine}}
    policy = {"PolicyName": "start", "PolicyDocument": {"Version": "2012-10-17", "Statement": [start]}}
    properties = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}, "Policies": [policy]}
    return {"Type": "AWS::IAM::Role", "Properties": properties}
