"""The keys of a variable that refers to something."""

from __future__ import annotations

import attrs

from multi_env_lambda.model.key import Choice, Key, Keys, Rule, Text
from multi_env_lambda.model.name import KEY, PROJECT_NAME

__all__ = ["REFERENCE", "RESOURCE"]

_SECRET = Rule(
    pattern=r"[A-Za-z0-9/_+=.@-]+",
    maximum=512,
    allowed="the name of a secret: letters, digits and `/_+=.@-`",
    hint="write the name, not the ARN and not the value",
)
_SECRET_KEY = Rule(
    pattern=r"[^:{}\s]+",
    maximum=256,
    allowed="one key of a JSON secret, without `:`, braces and spaces",
    hint='for example { secret = "orders/db", key = "password" }',
)
_PARAMETER = Rule(
    pattern=r"/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*",
    maximum=1011,
    allowed="the name of a parameter: letters, digits, `_.-`, with `/` between the parts",
    hint="for example `/orders/url`",
)

_RESOURCES = ("table", "queue", "topic", "bucket", "state_machine", "security_group", "function")

REFERENCE = Keys(
    title="A variable that refers to something",
    header="[tool.multi_env_lambda.functions.main.environment.DATABASE]",
    about="An environment variable that is a table gets its value from elsewhere: a secret or a parameter\n"
    "(:doc:`../02-How-To/secrets-and-parameters`), or a resource of the unit (:doc:`../02-How-To/own-resources`).",
    either=("secret", "parameter", *_RESOURCES),
    keys=(
        Key(
            "secret",
            Text(_SECRET),
            "The key of a secret of the unit, or else the name of a secret in Secrets Manager.",
            'secret = "orders/db"',
            off=True,
        ),
        Key(
            "key",
            Text(_SECRET_KEY),
            "One key of a secret that is a JSON object.",
            'secret = "orders/db"\nkey = "password"',
            default="none: the whole secret",
            off=True,
        ),
        Key(
            "parameter",
            Text(_PARAMETER),
            "The key of a parameter of the unit, or else the name of a parameter in the Parameter Store, of the type\n"
            "``String``.",
            'parameter = "/orders/url"',
            off=True,
        ),
        Key(
            "unit",
            Text(PROJECT_NAME),
            "A unit in ``needs``, which has the key in ``parameter``: the value in the same environment.",
            'unit = "shop"\nparameter = "orders-table"',
            default="this unit",
        ),
        Key("table", Text(KEY), "The key of a DynamoDB table of the unit.", 'table = "orders"'),
        Key("queue", Text(KEY), "The key of a queue of the unit.", 'queue = "incoming"'),
        Key("topic", Text(KEY), "The key of a topic of the unit.", 'topic = "news"'),
        Key("bucket", Text(KEY), "The key of a bucket of the unit.", 'bucket = "reports"'),
        Key("state_machine", Text(KEY), "The key of a state machine of the unit.", 'state_machine = "checkout"'),
        Key("security_group", Text(KEY), "The key of a security group of the unit.", 'security_group = "outbound"'),
        Key("function", Text(KEY), "The key of a function of the unit.", 'function = "check"'),
        Key(
            "value",
            Choice(("name", "arn", "url", "value", "id")),
            "What of the resource. Only a queue has a URL, only a security group an id. The ARN of a function is that\n"
            "of its alias.",
            'table = "orders"\nvalue = "arn"',
            default="``name`` of a table or a bucket, ``url`` of a queue, ``value`` of a parameter, ``id`` of a "
            "security group; of others ``arn``",
        ),
    ),
)

RESOURCE = attrs.evolve(
    REFERENCE.only(*_RESOURCES, "value"),
    title="A parameter that names a resource",
    header="[tool.multi_env_lambda.parameters.orders-table.value]",
    about="A parameter whose value is a table names a resource of the unit.",
    either=_RESOURCES,
)
