"""Small stacks for tests of a cloud: a template in, how CloudFormation ended out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["create_stack", "function_resources"]

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


def function_resources(name: str, code: Mapping[str, object], handler: str = "index.handler", **more: object) -> Any:
    """The resources of one function with a role of its own; ``more`` are further properties of the function."""
    properties = {
        "FunctionName": name,
        "Handler": handler,
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": dict(code),
        "Timeout": 30,
        **more,
    }
    return {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": _TRUST}},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": properties},
    }


def create_stack(cloudformation: Any, name: str, resources: Mapping[str, object]) -> tuple[str, str]:
    """The status in which it ended, and the reasons of what failed."""
    body = json.dumps({"Resources": resources})
    capabilities = ["CAPABILITY_NAMED_IAM"]
    # By its id, under which nobody has read it before: what is said of the name may be old.
    made = cloudformation.create_stack(StackName=name, TemplateBody=body, Capabilities=capabilities)["StackId"]
    status = cloudformation.describe_stacks(StackName=made)["Stacks"][0]["StackStatus"]
    events = cloudformation.describe_stack_events(StackName=made)["StackEvents"]
    reasons = [e.get("ResourceStatusReason", "") for e in events if e["ResourceStatus"].endswith("FAILED")]
    return status, "\n".join(reasons)
