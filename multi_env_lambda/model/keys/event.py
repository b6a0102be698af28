"""The keys of what invokes a function: one table per event, of exactly one kind."""

from __future__ import annotations

from multi_env_lambda.model.key import (
    Choice,
    Created,
    Either,
    Events,
    Flag,
    Inner,
    Inners,
    Json,
    Key,
    Keys,
    Number,
    Rule,
    Text,
    Tree,
)
from multi_env_lambda.model.keys.api import CORS
from multi_env_lambda.model.keys.bucket import BUCKET_EVENT
from multi_env_lambda.model.keys.route import HEADER, HTTP, REST
from multi_env_lambda.model.keys.scheduler import SCHEDULER
from multi_env_lambda.model.name import KEY

__all__ = [
    "DYNAMODB",
    "EVENTS",
    "KINESIS",
    "MOST_FILTERS",
    "OF_A_NEW_QUEUE",
    "PATTERN",
    "SCHEDULE",
    "SCHEDULE_EXPRESSION",
    "SNS",
    "SQS",
    "URL",
]

MOST_FILTERS = 5
OF_A_NEW_QUEUE = ("name", "visibility_timeout", "max_receive_count", "retention_days")
"""What only a queue has that the stack creates."""

SCHEDULE_EXPRESSION = Rule(
    pattern=r"(?s)(rate|cron)\(.*\)",
    allowed="`rate(…)` or `cron(…)`",
    hint="minutes hours day-of-month month day-of-week year, in UTC: `cron(0 8 ? * MON-FRI *)`",
)
_BUS = Rule(
    pattern=r"[A-Za-z0-9._/-]+|arn:aws:events:.+",
    maximum=1600,
    allowed="the name or the ARN of an event bus",
    hint='leave it out for the bus "default"',
)


def _arn_of(service: str, example: str) -> Rule:
    return Rule(
        pattern=f"arn:aws:{service}:.+",
        allowed=f"an ARN such as {example}",
        hint="it may contain `${region}` and `${account_id}`",
    )


_QUEUE_ARN = _arn_of("sqs", "arn:aws:sqs:us-east-1:222222222222:incoming")
_TOPIC_ARN = _arn_of("sns", "arn:aws:sns:us-east-1:222222222222:news")
_TABLE_STREAM = Rule(
    pattern="arn:aws:dynamodb:.+",
    allowed="the key of a table below `tables`, or an ARN such as "
    "arn:aws:dynamodb:us-east-1:222222222222:table/orders/stream/2026-01-01T00:00:00.000",
    hint="an ARN may contain `${region}` and `${account_id}`",
)
_KINESIS_ARN = _arn_of("kinesis", "arn:aws:kinesis:us-east-1:222222222222:stream/clicks")
_STREAM_FAILURES = Rule(
    pattern=r"arn:aws:(sqs|sns|s3):.+",
    allowed="the ARN of a queue, topic or bucket",
    hint="failures of a stream can go nowhere else: https://docs.aws.amazon.com/lambda/latest/api/API_OnFailure.html",
)

SCHEDULE = Keys(
    title="A schedule",
    header=HEADER,
    keys=(
        Key(
            "schedule",
            Text(SCHEDULE_EXPRESSION, allowed="``rate(…)`` or ``cron(…)``"),
            "When, in UTC. The fields of ``cron`` are minutes, hours, day of month, month, day of week and year.",
            'schedule = "cron(0 8 ? * MON-FRI *)"',
        ),
        Key(
            "payload",
            Json(),
            "The event that the function gets, up to 8,192 characters of JSON.",
            'schedule = "rate(5 minutes)"\npayload = { full = true }',
            default="an event of EventBridge",
        ),
    ),
)

SQS = Keys(
    title="A queue",
    header=HEADER,
    about="A message goes to the dead-letter queue after ``max_receive_count`` attempts, and throttled "
    "invocations count\n"
    "as attempts. AWS advises five or more.",
    keys=(
        Key(
            "sqs",
            Either((Created("a queue, with a dead-letter queue"), Text(_QUEUE_ARN), Text(KEY))),
            "``true``: the stack creates a queue with a dead-letter queue. Or the key of a queue below ``queues``, or\n"
            "the ARN of an existing one.",
            "sqs = true",
        ),
        Key(
            "batch_size",
            Number(1, 10_000, 10),
            "How many messages an invocation gets at most. More than 10 require a ``window``; a FIFO queue gives at\n"
            "most 10.",
            "sqs = true\nbatch_size = 100\nwindow = 5",
        ),
        Key(
            "window",
            Number(0, 300, 0),
            "For how many seconds a batch is gathered; not with a FIFO queue.",
            "sqs = true\nwindow = 30",
        ),
        Key(
            "partial_failures",
            Flag(True),
            "Whether the function can report which messages of a batch failed (``batchItemFailures``), so that only\n"
            "those come back.",
            "sqs = true\npartial_failures = false",
        ),
        Key(
            "maximum_concurrency",
            Number(2, 1000),
            "How many invocations the queue may cause at once.",
            "sqs = true\nmaximum_concurrency = 10",
            off=True,
        ),
        Key(
            "name",
            Text(KEY),
            "What the queue is called in the unit. Only for a queue in the stack, like the following.",
            'sqs = true\nname = "fast"',
            default="the function's key",
        ),
        Key(
            "visibility_timeout",
            Number(0, 43_200),
            "For how many seconds a message that is being worked on is hidden. The default is also the minimum.",
            "sqs = true\nvisibility_timeout = 600",
            default="6 × ``timeout`` of the function + ``window``",
        ),
        Key(
            "max_receive_count",
            Number(1, 1000, 3),
            "After how many attempts a message goes to the dead-letter queue.",
            "sqs = true\nmax_receive_count = 5",
        ),
        Key(
            "retention_days",
            Number(1, 14, 4),
            "For how many days a message is kept that nobody takes. The dead-letter queue keeps it for 14.",
            "sqs = true\nretention_days = 14",
        ),
    ),
)

SNS = Keys(
    title="A topic",
    header=HEADER,
    about="A FIFO topic delivers only to queues: subscribe a queue to it, and use that queue as ``sqs``.",
    keys=(
        Key(
            "sns",
            Either((Created("a topic"), Text(_TOPIC_ARN), Text(KEY))),
            "``true``: the stack creates a topic. Or the key of a topic below ``topics``, or the ARN of another one.",
            'sns = "arn:aws:sns:${region}:${account_id}:news"',
        ),
        Key(
            "filter_policy",
            Tree(),
            "Only messages whose attributes match. It cannot be nested, and may have 5 keys and 150 combinations of\n"
            "values.",
            'sns = true\nfilter_policy = { kind = ["order"] }',
            default="none: every message",
            off=True,
        ),
        Key(
            "name",
            Text(KEY),
            "What the topic is called in the unit. Only for a topic in the stack.",
            'sns = true\nname = "shop"',
            default="the function's key",
        ),
    ),
)

PATTERN = Keys(
    title="Events of EventBridge",
    header=HEADER,
    keys=(
        Key(
            "event_pattern",
            Tree(),
            "Which events, in the syntax of EventBridge. At most 4,096 characters; more than 2,048 need a "
            "raised quota.",
            'event_pattern = { source = ["shop.orders"], detail-type = ["order placed"] }',
        ),
        Key(
            "bus",
            Text(_BUS, "default"),
            "The event bus, by name or ARN.",
            'event_pattern = { source = ["shop.orders"] }\nbus = "shop"',
        ),
    ),
)


def _stream(kind: str, title: str, arn: Rule, meaning: str, example: str, own: Either | None = None) -> Keys:
    """Streams of tables and of Kinesis are written alike; ``own``: the unit can have it itself."""
    source = f'{kind} = "{example}"'
    return Keys(
        title=title,
        header=HEADER,
        about="Lambda starts to read a stream a few minutes after the deploy that adds it, and up to 90 seconds after "
        "a change.",
        keys=(Key(kind, own or Text(arn), meaning, source), *_batches(source), *_failures(source)),
    )


def _batches(source: str) -> tuple[Key, ...]:
    return (
        Key(
            "starting_position",
            Choice(("LATEST", "TRIM_HORIZON"), "LATEST"),
            "``LATEST`` skips the records from before Lambda reads; ``TRIM_HORIZON`` starts with the oldest one.\n"
            "You cannot change it later: remove the event, deploy, and add it again.",
            f'{source}\nstarting_position = "TRIM_HORIZON"',
        ),
        Key(
            "batch_size",
            Number(1, 10_000, 100),
            "How many records an invocation gets at most.",
            f"{source}\nbatch_size = 500",
        ),
        Key("window", Number(0, 300, 0), "For how many seconds a batch is gathered.", f"{source}\nwindow = 5"),
        Key(
            "parallelization",
            Number(1, 10, 1),
            "How many batches of one shard are worked on at once.",
            f"{source}\nparallelization = 5",
        ),
        Key(
            "filters",
            Inners(Keys(title="A filter", header="", every=Json()), most=MOST_FILTERS),
            f"Up to {MOST_FILTERS} patterns in the syntax of EventBridge. The function gets only records that match\n"
            "one of them.",
            f'{source}\nfilters = [{{ eventName = ["INSERT"] }}]',
            default="none: every record",
        ),
    )


def _failures(source: str) -> tuple[Key, ...]:
    return (
        Key(
            "partial_failures",
            Flag(True),
            "Whether the function can report the first record that failed (``batchItemFailures``), so that the\n"
            "batch is repeated from there.",
            f"{source}\npartial_failures = false",
        ),
        Key("bisect", Flag(False), "Whether a batch that fails is split in two.", f"{source}\nbisect = true"),
        Key(
            "retries",
            Number(-1, 10_000, -1),
            "How often a batch is repeated; -1: until its records are too old for the stream. Meanwhile the shard\n"
            "waits.",
            f"{source}\nretries = 3",
        ),
        Key(
            "on_failure_arn",
            Text(_STREAM_FAILURES),
            "A queue, topic or bucket that gets a report of each batch that failed for good.",
            f'{source}\nretries = 3\non_failure_arn = "arn:aws:sqs:${{region}}:${{account_id}}:failed"',
            off=True,
        ),
    )


DYNAMODB = _stream(
    "dynamodb",
    "A stream of a table",
    _TABLE_STREAM,
    "The key of a DynamoDB table of the unit, or the ARN of the stream of another one.",
    "orders",
    Either((Text(_TABLE_STREAM), Text(KEY))),
)
KINESIS = _stream(
    "kinesis",
    "A data stream",
    _KINESIS_ARN,
    "The ARN of a data stream of Kinesis.",
    "arn:aws:kinesis:${region}:${account_id}:stream/clicks",
)

URL = Keys(
    title="A function URL",
    header=HEADER,
    keys=(
        Key(
            "url",
            Either((Created("a URL that needs a signature"), Choice(("AWS_IAM", "NONE"), "AWS_IAM"))),
            "``true`` or ``AWS_IAM``: a URL for callers who sign their requests. ``NONE``: everybody may call it.",
            'url = "NONE"',
        ),
        Key(
            "cors",
            Inner(CORS),
            "Which websites may call it from a browser.",
            'url = "NONE"\ncors = { allow_origins = ["https://shop.example"] }',
            default="none",
            off=True,
        ),
    ),
)

EVENTS = Events(
    kinds={
        "schedule": SCHEDULE,
        "scheduler": SCHEDULER,
        "sqs": SQS,
        "sns": SNS,
        "s3": BUCKET_EVENT,
        "event_pattern": PATTERN,
        "dynamodb": DYNAMODB,
        "kinesis": KINESIS,
        "url": URL,
        "http": HTTP,
        "rest": REST,
    },
    sources={
        "schedule": "expression",
        "scheduler": "expression",
        "sqs": "arn",
        "sns": "arn",
        "s3": "bucket",
        "event_pattern": "event_pattern",
        "dynamodb": "arn",
        "kinesis": "arn",
        "url": "auth",
        "http": "route",
        "rest": "route",
    },
)
