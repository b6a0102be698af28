"""From a parameter or a secret of the unit to its resource.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ssm-parameter.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-secretsmanager-secret-generatesecretstring.html
"""

from __future__ import annotations

from typing import Any

from multi_env_lambda.model.resources import OwnParameter, OwnSecret
from multi_env_lambda.plan.template.parts import Json, Resource, StackInput, get_att, logical_id

__all__ = [
    "parameter_arn",
    "parameter_id",
    "parameter_name",
    "parameter_resource",
    "secret_arn",
    "secret_id",
    "secret_resource",
]


def parameter_id(key: str) -> str:
    return logical_id(key, "Parameter")


def secret_id(key: str) -> str:
    return logical_id(key, "Secret")


def secret_arn(key: str) -> Json:
    return get_att(secret_id(key), "Id")


def parameter_name(unit: StackInput, key: str) -> str:
    return unit.project.parameter_name(unit.environment.name, key)


def parameter_arn(unit: StackInput, key: str) -> str:
    return unit.arn("ssm", f"parameter{parameter_name(unit, key)}")


def parameter_resource(unit: StackInput, parameter: OwnParameter, value: Any) -> Resource:
    """``value`` is a text or a reference. The tags of this type are a table."""
    properties: Json = {
        "Name": parameter_name(unit, parameter.key),
        "Type": "String",
        "Value": value,
        **({"Description": parameter.description} if parameter.description else {}),
        **({"Tags": dict(unit.settings.tags)} if unit.settings.tags else {}),
    }
    made_by = f"parameters.{parameter.key}"
    return Resource(
        logical_id=parameter_id(parameter.key), type="AWS::SSM::Parameter", properties=properties, made_by=made_by
    )


def secret_resource(unit: StackInput, secret: OwnSecret) -> Resource:
    """Without a name: it would be taken for weeks after a deletion, and CloudFormation takes no secret back by it."""
    properties: Json = {
        # Punctuation breaks addresses and shells, and 32 letters and digits are enough.
        "GenerateSecretString": {"PasswordLength": 32, "ExcludePunctuation": True},
        **({"Description": secret.description} if secret.description else {}),
        **unit.tags,
    }
    return Resource(
        logical_id=secret_id(secret.key),
        type="AWS::SecretsManager::Secret",
        properties=properties,
        made_by=f"secrets.{secret.key}",
        retain=True,
    )
