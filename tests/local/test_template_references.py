"""Templates are refused as CloudFormation refuses them, before a stack begins."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of

pytestmark = pytest.mark.local_cloud


def topic(properties: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": properties or {}, **more}


def named(value: Any) -> dict[str, Any]:
    return {"Resources": {"A": topic({"TopicName": value})}}


LOOKED_UP = {"P": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/not/there"}}
REFUSED = {
    "parameter store": (
        {**named({"Ref": "P"}), "Parameters": LOOKED_UP},
        r"Unable to fetch parameters \[/not/there\] from parameter store for this account\.",
    ),
    "no resources": ({"Resources": {}}, r"At least one Resources member must be defined\."),
    "Ref": (named({"Ref": "X"}), r"Unresolved resource dependencies \[X\] in the Resources block of the template"),
    "Sub": (named({"Fn::Sub": "a-${X.Arn}"}), r"Unresolved resource dependencies \[X\] in the Resources block"),
    "DependsOn": (
        {"Resources": {"A": topic(DependsOn=["X", "Y"])}},
        r"Unresolved resource dependencies \[X, Y\] in the Resources block",
    ),
    "output": (
        {**named("a"), "Outputs": {"O": {"Value": {"Fn::GetAtt": ["X", "Arn"]}}}},
        r"Unresolved resource dependencies \[X\] in the Outputs block",
    ),
    "condition": (
        {"Resources": {"A": topic(Condition="Nope")}},
        "Unresolved condition dependency Nope in the Resources block of the template",
    ),
    "if": (
        named({"Fn::If": ["Nope", "a", "b"]}),
        "Template error: unresolved condition dependency Nope in Fn::If",
    ),
    "circle": (
        {"Resources": {"A": topic(DependsOn="B"), "B": topic(DependsOn="A"), "C": topic()}},
        r"Circular dependency between resources: \[A, B\]",
    ),
    "itself": (
        {"Resources": {"A": topic({"DisplayName": {"Ref": "A"}})}},
        r"Circular dependency between resources: \[A\]",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_template_names_what_it_has(local_cloud: LocalCloud, local_config: WorkspaceConfig, case: str) -> None:
    cloudformation = client_of(local_cloud, local_config.environment("staging"), "cloudformation")
    template, text = REFUSED[case]
    with pytest.raises(ClientError, match=f"ValidationError.*{text}"):
        cloudformation.create_stack(StackName="refused", TemplateBody=json.dumps(template))


def test_what_it_has_it_may_name(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> None:
    cloudformation = client_of(local_cloud, local_config.environment("staging"), "cloudformation")
    name = {"Fn::If": ["Here", {"Fn::Sub": ["${P}-${inner}-${AWS::Region}-${!X}", {"inner": "a"}]}, "b"]}
    resources = {"A": topic({"DisplayName": name}, Condition="Here"), "B": topic(DependsOn="A")}
    template = {
        "Parameters": {"P": {"Type": "String", "Default": "p"}},
        "Conditions": {"Here": {"Fn::Equals": [{"Ref": "AWS::Region"}, {"Ref": "AWS::Region"}]}},
        "Resources": resources,
        "Outputs": {"O": {"Value": {"Ref": "A"}, "Condition": "Here"}},
    }
    cloudformation.validate_template(TemplateBody=json.dumps(template))
