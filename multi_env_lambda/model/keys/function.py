"""The keys of a function, without its events."""

from __future__ import annotations

from multi_env_lambda.model.key import (
    ByName,
    Choice,
    Either,
    Flag,
    Inner,
    Json,
    Key,
    Keys,
    Number,
    NumberOf,
    Rule,
    Scalar,
    Text,
    Texts,
)
from multi_env_lambda.model.keys.event import EVENTS
from multi_env_lambda.model.keys.policy import INVOKE, MANAGED_POLICIES, POLICIES, READ, START, WRITE
from multi_env_lambda.model.keys.reference import REFERENCE
from multi_env_lambda.model.keys.security_group import GROUP_ID
from multi_env_lambda.model.name import ARN, FUNCTION_NAME, KEY, ROLE_ARN
from multi_env_lambda.model.retention import RETENTION_DAYS

__all__ = [
    "ALARMS",
    "DESCRIPTION",
    "FUNCTION",
    "HANDLER",
    "MOST_GROUPS",
    "MOST_OTHER_LAYERS",
    "SMOKE",
    "VARIABLE",
    "VPC",
]

MOST_GROUPS = 5
"""Security groups of a function. Source: https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html"""

MOST_OTHER_LAYERS = 4
"""Lambda takes five, and one is the unit's own."""

HANDLER = Rule(
    pattern=r"[A-Za-z0-9_][A-Za-z0-9_-]*([./][A-Za-z0-9_][A-Za-z0-9_-]*)*\.[A-Za-z_][A-Za-z0-9_]*",
    maximum=128,
    allowed="package.module.function or folder/module.function",
    hint='for example "orders.create.handler": the function `handler` of the module `orders.create`',
)
DESCRIPTION = Rule(pattern=r"(?s).*", maximum=256, allowed="up to 256 characters", hint="shorten it")
VARIABLE = Rule(
    pattern=r"[A-Za-z][A-Za-z0-9_]+",
    allowed="two or more letters, digits and `_`, starting with a letter",
    hint="Lambda takes no other names",
)
_SUBNET = Rule(pattern=r"subnet-[0-9a-z]+", allowed='the id of a subnet such as "subnet-0a1b2c3d"', hint="see the VPC")
_LAYER = Rule(
    pattern=r"arn:aws:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+",
    allowed="the ARN of a layer version",
    hint="the ARN ends with the layer's version number",
)
_MODULE = Rule(
    pattern=r"[A-Za-z_][A-Za-z0-9_]*",
    allowed="the name of a module without dots",
    hint='it is what `import` says: `provided = ["aws_lambda_powertools"]`',
)
_TARGET = Rule(
    pattern=r"arn:aws:(sqs|sns|lambda|events|s3):.+(?<!\.fifo)",
    allowed="the ARN of a queue, topic, function, event bus or bucket that does not end in .fifo",
    hint="Lambda sends only to standard queues and topics; it may contain `${region}` and `${account_id}`",
)
_DEAD_LETTER = Rule(
    pattern=r"arn:aws:(sqs|sns):.+(?<!\.fifo)",
    allowed="the ARN of a queue or topic that does not end in .fifo",
    hint="Lambda sends only to standard queues and topics; it may contain `${region}` and `${account_id}`",
)
_TRAFFIC = Rule(
    pattern=r"(canary|linear) [0-9]{1,2}% [0-9]{1,4}m",
    allowed='"canary 10% 5m" or "linear 20% 1m"',
    hint="the percentage is 1 to 99, the minutes are 1 to 9999",
)

_BOTH = 'subnet_ids = ["subnet-0a1b2c3d", "subnet-4e5f6a7b"]\nsecurity_group_ids = ["sg-0a1b2c3d"]'

VPC = Keys(
    title="A VPC",
    header="[tool.multi_env_lambda.functions.main.vpc]",
    about="Subnets are required, and one to five security groups: ids, keys of the unit's own, or both. See\n"
    ":doc:`../02-How-To/functions-in-a-vpc`.",
    keys=(
        Key(
            "subnet_ids",
            Texts(_SUBNET, least=1),
            "The subnets, best in two availability zones.",
            _BOTH,
            required=True,
        ),
        Key(
            "security_group_ids",
            Texts(GROUP_ID),
            "The ids of security groups, which decide where the function can connect to.",
            _BOTH,
        ),
        Key(
            "security_groups",
            Texts(KEY),
            "The keys of security groups of the unit.",
            'subnet_ids = ["subnet-0a1b2c3d", "subnet-4e5f6a7b"]\nsecurity_groups = ["outbound"]',
        ),
    ),
)

ALARMS = Keys(
    title="An alarm",
    header="[tool.multi_env_lambda.functions.main.alarms]",
    about="With this table, the stack has a CloudWatch alarm for errors of the function:\n"
    ":doc:`../02-How-To/alarms`. An empty table (``alarms = {}``) means the defaults.",
    keys=(
        Key("errors", Number(1, 1_000_000, 1), "The alarm turns on at this many errors …", "errors = 5"),
        Key("minutes", Number(1, 1440, 5), "… within this many minutes.", "minutes = 15"),
        Key(
            "notify",
            Texts(ARN),
            "The topics that get a message when it turns on.",
            'notify = ["arn:aws:sns:${region}:${account_id}:on-call"]',
            default="nobody",
        ),
    ),
)

SMOKE = Keys(
    title="A check after each deploy",
    header="[tool.multi_env_lambda.functions.main.smoke]",
    about="The function is invoked once after each deploy; if that fails, the deploy is undone:\n"
    ":doc:`../02-How-To/checks-and-traffic`.",
    keys=(
        Key("payload", Json(), "The event it is invoked with.", "payload = { id = 1 }", default="``{}``"),
        Key(
            "expect",
            Json(),
            "What its answer must contain. Of a table, at least these keys with these values.",
            "expect = { ok = true }",
            default="none: it must not fail",
        ),
    ),
)

FUNCTION = Keys(
    title="A function",
    header="[tool.multi_env_lambda.functions.main]",
    about="Only ``handler`` is required. ``main`` is the key of the function: you choose it, and its name in AWS is\n"
    "``UNIT-ENVIRONMENT-KEY``, unless you set another ``name``.",
    keys=(
        Key(
            "handler",
            Text(HANDLER),
            "What Lambda calls: ``package.module.function``; ``folder/module.function`` is the same.",
            'handler = "orders.create.handler"',
            required=True,
        ),
        Key(
            "root",
            Text(None, "", "a folder of the unit"),
            "The top of the function's code, if that is not the unit's: :doc:`../02-How-To/a-folder-of-functions`.",
            'root = "make-order"',
            default="none",
        ),
        Key(
            "name",
            Text(FUNCTION_NAME),
            "Its name in AWS, if it has to be another one: :doc:`../02-How-To/names-that-exist-already`.\n"
            "If it changes, the function is replaced.",
            'name = "create-order-${environment}"',
            default="``UNIT-ENVIRONMENT-KEY``",
            off=True,
        ),
        Key(
            "memory_size",
            Number(128, 10_240, 128),
            "Memory in MB. The share of CPU grows with it: 1,769 MB are one vCPU.",
            "memory_size = 512",
        ),
        Key("timeout", Number(1, 900, 3), "The time limit of an invocation, in seconds.", "timeout = 30"),
        Key(
            "environment",
            ByName(Either((Scalar(), Inner(REFERENCE, whole=True))), VARIABLE),
            "Environment variables: text, numbers, ``true`` and ``false``; or a table that refers to a secret or a\n"
            "parameter.",
            'environment = { TABLE = "orders-${environment}", RETRIES = 3 }',
            default="none",
        ),
        Key("description", Text(DESCRIPTION, ""), "Shown in the AWS console.", 'description = "Creates orders"'),
        Key("ephemeral_storage", Number(512, 10_240, 512), "The size of ``/tmp`` in MB.", "ephemeral_storage = 2048"),
        Key(
            "reserved_concurrency",
            Number(0, 1_000_000),
            "How many invocations may run at once. They are taken from the account's quota and kept for "
            "this function;\n"
            "0 switches the function off.",
            "reserved_concurrency = 10",
            off=True,
        ),
        Key(
            "log_retention_days",
            NumberOf(RETENTION_DAYS, 30),
            "How many days CloudWatch keeps its logs; 0 keeps them indefinitely.",
            "log_retention_days = 90",
        ),
        Key(
            "log_format",
            Choice(("Text", "JSON"), "Text"),
            "``JSON``: Lambda writes each log line as a JSON object.",
            'log_format = "JSON"',
        ),
        Key(
            "tracing",
            Choice(("Active", "PassThrough"), "PassThrough"),
            "``Active``: X-Ray samples its invocations. ``PassThrough``: only if the caller does.",
            'tracing = "Active"',
        ),
        Key(
            "vpc",
            Inner(VPC),
            "The VPC that it runs in.",
            'vpc = { subnet_ids = ["subnet-0a1b2c3d"], security_group_ids = ["sg-0a1b2c3d"] }',
            default="none",
            off=True,
        ),
        Key(
            "dead_letter_arn",
            Text(_DEAD_LETTER),
            "A queue or topic that gets the events of asynchronous invocations that failed.",
            'dead_letter_arn = "arn:aws:sqs:${region}:${account_id}:failed"',
            off=True,
        ),
        Key(
            "on_failure_arn",
            Text(_TARGET),
            "The destination of asynchronous invocations that failed: a queue, topic, function, event bus or bucket.\n"
            "It gets the event together with the error.",
            'on_failure_arn = "arn:aws:sqs:${region}:${account_id}:failed"',
            off=True,
        ),
        Key(
            "snap_start",
            Flag(False),
            "Whether Lambda starts it from a snapshot of an initialised copy. It requires ``python3.12`` or "
            "newer, and\n"
            "512 MB of ``/tmp``.",
            "snap_start = true",
        ),
        Key(
            "layers",
            Texts(_LAYER, most=MOST_OTHER_LAYERS),
            "Layer versions from elsewhere, in addition to the unit's own.",
            'layers = ["arn:aws:lambda:us-east-1:333333333333:layer:tools:7"]',
        ),
        Key(
            "provided",
            Texts(_MODULE),
            "The modules that layers from elsewhere contain: :doc:`../02-How-To/layers-from-elsewhere`. The function\n"
            "may import these and no others that are missing in the package.",
            'layers = ["arn:aws:lambda:${region}:333333333333:layer:tools:7"]\nprovided = ["tools"]',
            default="unknown: anything that is missing may be in such a layer",
        ),
        Key(
            "role",
            Text(ROLE_ARN),
            "A role that exists, in the environment's account: the stack creates none, and adds no permission to it:\n"
            ":doc:`../02-How-To/a-role-that-exists`. Not with ``policies``, ``managed_policies``, ``read``,\n"
            "``write``, ``invoke`` and ``start``.",
            'role = "arn:aws:iam::${account_id}:role/orders-${environment}"',
            default="one that the stack creates",
            off=True,
        ),
        MANAGED_POLICIES,
        POLICIES,
        READ,
        WRITE,
        INVOKE,
        START,
        Key("events", EVENTS, "What invokes it, one table per event.", "events = [{ sqs = true }]"),
        Key(
            "alarms",
            Inner(ALARMS),
            "An alarm for its errors.",
            "alarms = { errors = 1, minutes = 5 }",
            default="none",
            off=True,
        ),
        Key(
            "smoke",
            Inner(SMOKE),
            "A check after each deploy.",
            "smoke = { payload = { id = 1 }, expect = { ok = true } }",
            default="none",
            off=True,
        ),
        Key(
            "traffic",
            Text(_TRAFFIC),
            "Shifts traffic to a new version in steps: :doc:`../02-How-To/checks-and-traffic`.\n"
            "``canary``: this share for so many minutes, then all. ``linear``: this much more each time.",
            'traffic = "canary 10% 5m"',
            default="none: all at once",
            off=True,
        ),
    ),
)
