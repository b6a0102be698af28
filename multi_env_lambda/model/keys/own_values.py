"""The keys of a parameter and of a secret that have tables of their own."""

from __future__ import annotations

from multi_env_lambda.model.key import Either, Inner, Key, Keys, Rule, Text
from multi_env_lambda.model.keys.reference import RESOURCE

__all__ = ["PARAMETER", "SECRET"]

_DESCRIPTION = Rule(pattern=r"(?s).*", maximum=1024, allowed="up to 1,024 characters", hint="shorten it")
_VALUE = Rule(
    pattern=r"(?s).+",
    maximum=4096,
    allowed="1 to 4,096 characters",
    hint="keep large settings in the package or in a bucket",
)
"""Of a standard parameter. Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
"""

PARAMETER = Keys(
    title="A parameter of the unit",
    header="[tool.multi_env_lambda.parameters.limit]",
    about="A value in the Parameter Store, for the unit and for others: :doc:`../02-How-To/own-resources`. ``limit``\n"
    "is the key of the parameter, which you choose. In AWS, it is called ``/UNIT/ENVIRONMENT/KEY``.",
    keys=(
        Key(
            "value",
            Either((Text(_VALUE), Inner(RESOURCE, whole=True))),
            "A text of up to 4,096 characters, or a resource of the unit.",
            'value = { table = "orders" }',
            required=True,
        ),
        Key("description", Text(_DESCRIPTION, ""), "Shown in the AWS console.", 'description = "orders a day"'),
    ),
)

SECRET = Keys(
    title="A secret of the unit",
    header="[tool.multi_env_lambda.secrets.bank]",
    about="A secret in Secrets Manager with a random value, which you can replace after the first deploy:\n"
    ":doc:`../02-How-To/own-resources`. ``bank`` is the key of the secret, which you choose. CloudFormation makes its\n"
    "name in AWS.",
    keys=(Key("description", Text(_DESCRIPTION, ""), "Shown in the AWS console.", 'description = "of the payments"'),),
)
