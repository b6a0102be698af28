"""What triggers a function: every kind of event, and what is refused."""

from __future__ import annotations

import tomllib

import pytest
from inline_snapshot import snapshot

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.function import read_function
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.settings import (
    BucketEvents,
    BucketNotification,
    BucketPermission,
    Cors,
    Declared,
    DynamoDBStream,
    Event,
    EventPattern,
    Existing,
    Function,
    FunctionUrl,
    KinesisStream,
    Own,
    OwnQueue,
    Queue,
    Schedule,
    SchedulerSchedule,
    Topic,
)

QUEUE = "arn:aws:sqs:us-east-1:222222222222:incoming"
TOPIC = "arn:aws:sns:us-east-1:222222222222:news"
STREAM = "arn:aws:dynamodb:us-east-1:222222222222:table/t/stream/2026"
KINESIS = "arn:aws:kinesis:us-east-1:222222222222:stream/clicks"


def read(text: str = "", *, runtime: str = "python3.13", handler: str = "orders.create.handler") -> Function:
    values = {"handler": handler, **tomllib.loads(text)}
    table = Table(where="projects/orders/pyproject.toml", path="functions.create", values=values)
    return read_function(table, key="create", runtime=runtime)


def refusal(text: str, **named: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(text, **named)
    return str(caught.value)


def event(text: str) -> Event:
    (found,) = read(f"events = [{text}]").events
    return found


def bad_event(text: str) -> str:
    return refusal(f"events = [{text}]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{ schedule = "rate(5 minutes)" }', Schedule(expression="rate(5 minutes)")),
        (
            '{ schedule = "rate(1 day)", payload = { full = true } }',
            Schedule(expression="rate(1 day)", payload='{"full":true}'),
        ),
        ('{ schedule = { expression = "rate(1 day)" } }', Schedule(expression="rate(1 day)")),
        ('{ scheduler = "rate(5 minutes)" }', SchedulerSchedule(expression="rate(5 minutes)")),
        (
            '{ scheduler = "cron(0 8 ? * MON-FRI *)", time_zone = "Europe/Berlin", window_minutes = 15, retries = 3, '
            'maximum_age = 60, start = "2026-12-01T00:00:00Z", end = "2026-12-02T00:00:00Z", payload = { a = 1 }, '
            f'dead_letter_queue = "{QUEUE}" }}',
            SchedulerSchedule(
                expression="cron(0 8 ? * MON-FRI *)",
                time_zone="Europe/Berlin",
                window_minutes=15,
                start="2026-12-01T00:00:00Z",
                end="2026-12-02T00:00:00Z",
                retries=3,
                maximum_age=60,
                dead_letter_queue=Existing(identifier=QUEUE),
                payload='{"a":1}',
            ),
        ),
        (
            '{ scheduler = { expression = "rate(1 day)", window_minutes = false, start = false } }',
            SchedulerSchedule(expression="rate(1 day)"),
        ),
        (
            '{ scheduler = "rate(1 day)", dead_letter_queue = "failed" }',
            SchedulerSchedule(expression="rate(1 day)", dead_letter_queue=Declared(key="failed")),
        ),
        ("{ sqs = true }", Queue(source=OwnQueue(key="create", visibility_timeout=18))),
        (
            "{ sqs = true, window = 300 }",
            Queue(source=OwnQueue(key="create", visibility_timeout=318), window=300),
        ),
        ("{ sqs = {} }", Queue(source=OwnQueue(key="create", visibility_timeout=18))),
        (
            '{ sqs = { name = "mail", visibility_timeout = 60 }, batch_size = 5 }',
            Queue(source=OwnQueue(key="mail", visibility_timeout=60), batch_size=5),
        ),
        (f'{{ sqs = "{QUEUE}" }}', Queue(source=Existing(identifier=QUEUE))),
        (
            f'{{ sqs = {{ arn = "{QUEUE}", batch_size = 100, window = 2 }} }}',
            Queue(source=Existing(identifier=QUEUE), batch_size=100, window=2),
        ),
        ("{ sns = true }", Topic(source=Own(key="create"))),
        (
            f'{{ sns = "{TOPIC}", filter_policy = {{ kind = ["a"] }} }}',
            Topic(source=Existing(identifier=TOPIC), filter_policy='{"kind":["a"]}'),
        ),
        ("{ s3 = true }", BucketNotification(key="create")),
        (
            '{ s3 = true, name = "inbox", events = ["s3:ObjectRemoved:*"], prefix = "a b/", suffix = ".csv" }',
            BucketNotification(key="inbox", events=("s3:ObjectRemoved:*",), prefix="a b/", suffix=".csv"),
        ),
        ('{ s3 = "acme-in", form = "s3" }', BucketPermission(bucket="acme-in")),
        ('{ s3 = { bucket = "acme-in", form = "s3" } }', BucketPermission(bucket="acme-in")),
        ('{ s3 = true, form = "eventbridge", name = "b" }', BucketEvents(source=Own(key="b"))),
        (
            '{ s3 = "acme-in", form = "eventbridge", events = ["s3:ObjectRemoved:*"], prefix = "a/", suffix = ".csv" }',
            BucketEvents(source=Existing(identifier="acme-in"), events=("Object Deleted",), prefix="a/", suffix=".csv"),
        ),
        ('{ event_pattern = { source = ["shop"] } }', EventPattern(pattern='{"source":["shop"]}')),
        (
            '{ event_pattern = { source = ["shop"] }, bus = "own" }',
            EventPattern(pattern='{"source":["shop"]}', bus="own"),
        ),
        (f'{{ dynamodb = "{STREAM}" }}', DynamoDBStream(source=Existing(identifier=STREAM))),
        (
            f'{{ kinesis = {{ arn = "{KINESIS}", filters = [{{ data = {{ a = [1] }} }}], retries = 3 }} }}',
            KinesisStream(arn=KINESIS, filters=('{"data":{"a":[1]}}',), retries=3),
        ),
        ("{ url = true }", FunctionUrl(auth="AWS_IAM")),
        ('{ url = "NONE" }', FunctionUrl(auth="NONE")),
        (
            '{ url = { auth = "NONE", cors = { allow_origins = ["https://a"] } } }',
            FunctionUrl(auth="NONE", cors=Cors(allow_origins=("https://a",))),
        ),
    ],
)
def test_every_kind_of_event_is_read(text: str, expected: Event) -> None:
    assert event(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "found no kind; expected exactly one of"),
        ('{ scheduel = "rate(1 day)" }', "did you mean `schedule`?"),
        ("{ sqs = true, sns = true }", "found `sqs` and `sns`"),
        ('{ schedule = "rate(1 days)" }', "expected `rate(1 day)`"),
        ("{ schedule = 5 }", "expected text"),
        ('{ schedule = "rate(5 min)" }', "hint: a number of `minutes`, `hours` or `days`"),
        ('{ scheduler = "rate(5 min)" }', "hint: a number of `minutes`, `hours` or `days`"),
        ('{ schedule = "cron(0 8)" }', "hint: minutes hours day-of-month month day-of-week year, in UTC"),
        ('{ schedule = "rate(1 day)", input = 1 }', "unknown key `input`"),
        ('{ schedule = "rate(1 day)", time_zone = "UTC" }', "write `scheduler = …` instead of `schedule`"),
        ('{ scheduler = "rate(1 days)" }', "expected `rate(1 day)`"),
        ('{ scheduler = "at(2026-12-01T00:00:00)" }', "expected `rate(…)` or `cron(…)`"),
        ('{ scheduler = "cron(0 8 * * * *)" }', "exactly one of day of month and day of week must be `?`"),
        (f'{{ scheduler = "cron({"0," * 120}0 8 ? * * *)" }}', "expected `rate(…)` or `cron(…)`"),
        ('{ scheduler = "rate(1 day)", time_zone = "Europe/Berlon" }', "did you mean `Europe/Berlin`?"),
        ('{ scheduler = "rate(1 day)", time_zone = "CET!" }', "the name of a time zone"),
        ('{ scheduler = "rate(1 day)", timezone = "UTC" }', "did you mean `time_zone`?"),
        ('{ scheduler = "rate(1 day)", window = 1 }', "`window_minutes` is that of a schedule"),
        ('{ scheduler = "rate(1 day)", window_minutes = 1441 }', "from 1 to 1440"),
        ('{ scheduler = "rate(1 day)", window_minutes = 0 }', "from 1 to 1440"),
        ('{ scheduler = "rate(1 day)", retries = 186 }', "from 0 to 185"),
        ('{ scheduler = "rate(1 day)", maximum_age = 59 }', "from 60 to 86400"),
        ('{ scheduler = "rate(1 day)", start = "2026-12-01" }', "a time in UTC"),
        ('{ scheduler = "rate(1 day)", start = "2026-02-30T00:00:00Z" }', "there is no such day or time"),
        (
            '{ scheduler = "rate(1 day)", start = "2026-12-01T00:00:00Z", end = "2026-12-01T00:00:00Z" }',
            "found 2026-12-01T00:00:00Z; expected a time after `start`",
        ),
        (f'{{ scheduler = "rate(1 day)", dead_letter_queue = "{QUEUE}.fifo" }}', "a queue that is not FIFO"),
        (f'{{ scheduler = "rate(1 day)", payload = "{"x" * 262_143}" }}', "found 262,145 bytes of JSON"),
        ('{ scheduler = "rate(1 day)" }, { scheduler = "rate(1 day)" }', "SchedulerSchedule, rate(1 day) in UTC"),
        ("{ sqs = false }", "remove the event"),
        ("{ url = 5 }", 'expected true, "AWS_IAM" or "NONE"'),
        ('{ sqs = "Incoming" }', "expected an ARN such as"),
        ("{ sqs = true, batch_size = 11 }", "add `window = 1`"),
        (f'{{ sqs = "{QUEUE}.fifo", batch_size = 11 }}', "from 1 to 10"),
        (f'{{ sqs = "{QUEUE}.fifo", window = 1 }}', "from 0 to 0"),
        (
            "{ sqs = { visibility_timeout = 17 } }",
            "found 17; expected 18 or more: 6 times the timeout (3), plus the window",
        ),
        (
            "{ sqs = { visibility_timeout = 317 }, window = 300 }",
            "found 317; expected 318 or more: 6 times the timeout (3), plus the window",
        ),
        (
            f'{{ kinesis = "{KINESIS}", on_failure_arn = "arn:aws:lambda:us-east-1:222222222222:function:f" }}',
            "expected the ARN of a queue, topic or bucket",
        ),
        (f'{{ sqs = "{QUEUE}", visibility_timeout = 60 }}', "set it where the existing queue is defined"),
        ("{ sqs = { batch_size = 1 }, batch_size = 1 }", "is set both next to `sqs` and inside it"),
        ("{ sqs = true, maximum_concurrency = 1 }", "from 2 to 1000"),
        ('{ sqs = { name = "My Queue" } }', "lowercase letters"),
        (f'{{ sns = "{QUEUE}" }}', "expected an ARN such as arn:aws:sns"),
        ('{ s3 = "s3://acme", form = "s3" }', "as S3 accepts them"),
        ('{ s3 = "s3://acme", form = "eventbridge" }', "as S3 accepts them"),
        ('{ s3 = "acme-in" }', 'add `form = "eventbridge"` (until now the only form'),
        ('{ s3 = "acme-in", form = "s3", prefix = "a/" }', "its owner sets it in the notification"),
        ('{ s3 = true, form = "sqs" }', 'expected "s3" or "eventbridge"'),
        ('{ s3 = true, events = ["s3:ObjectCreated"] }', "did you mean `s3:ObjectCreated:*`?"),
        ('{ s3 = true, events = ["Object Created"] }', 'add `form = "eventbridge"`'),
        ('{ s3 = true, events = ["s3:ObjectCreated:Put", "s3:ObjectCreated:*"] }', "overlap, which S3 refuses"),
        ('{ s3 = true, prefix = "in/*" }', "S3 compares the beginning and the end"),
        ('{ s3 = true, form = "eventbridge", events = ["ObjectCreated"] }', "did you mean `Object Created`?"),
        ('{ s3 = "acme-in", form = "eventbridge", name = "x" }', "unknown key `name`"),
        ("{ s3 = true }, { s3 = true }", "created as `create`"),
        ('{ event_pattern = "x" }', "expected a table"),
        ("{ event_pattern = {} }", "the pattern is empty"),
        ('{ event_pattern = { source = [{ suffixx = "a" }] } }', "did you mean `suffix`?"),
        ('{ event_pattern = { detail = { "$or" = [{ a = [{ prefx = "a" }] }] } } }', "the operator `prefx`"),
        ('{ event_pattern = { a = [{ prefix = "a", suffix = "b" }] } }', "one operator per table"),
        ('{ event_pattern = { source = "orders" } }', "expected a list with at least one value"),
        ("{ event_pattern = { source = [] } }", "expected a list with at least one value"),
        (f'{{ event_pattern = {{ source = ["{"x" * 4084}"] }} }}', "the pattern has 4,099 characters"),
        (f'{{ dynamodb = "{KINESIS}" }}', "arn:aws:dynamodb"),
        (f'{{ kinesis = "{KINESIS}", parallelization = 11 }}', "from 1 to 10"),
        (
            f'{{ kinesis = "{KINESIS}", filters = [{{ data = {{ a = [{{ prefx = "b" }}] }} }}] }}',
            "the operator `prefx`",
        ),
        ('{ sns = true, filter_policy = { kind = [{ suffixx = "b" }] } }', "the operator `suffixx`"),
        ("{ sns = true, filter_policy = { kind = [2026-01-01] } }", "write dates as text"),
        (f'{{ kinesis = "{KINESIS}", filters = [{{ data = [2026-01-01T00:00:00Z] }}] }}', "write dates as text"),
        (f'{{ schedule = "rate(1 day)", payload = "{"x" * 8191}" }}', "found 8,193 characters of JSON"),
        (f'{{ kinesis = "{KINESIS}", filters = [{{}}, {{}}, {{}}, {{}}, {{}}, {{}}] }}', "at most 5"),
        ('{ url = "none" }', "did you mean `NONE`?"),
        ('{ url = true, cors = { allow_methods = ["GET"] } }', "`allow_origins` is missing"),
        ('{ url = true, cors = { allow_origins = ["*"], allow_credentials = true } }', "expected false"),
        ('{ url = true, cors = { allow_origins = ["*"], allow_methods = ["get"] } }', "HTTP method in upper case"),
        ("{ url = true }, { url = true }", "two events of one function are the same"),
        ("{ sqs = true }, { sqs = true }", "created as `create`"),
        (f'{{ sqs = "{QUEUE}" }}, {{ sqs = "{QUEUE}" }}', "Queue, arn:aws:sqs"),
        (f'{{ dynamodb = "{STREAM}" }}, {{ dynamodb = "{STREAM}" }}', "DynamoDBStream, arn:aws:dynamodb"),
        ('{ schedule = "rate(1 day)" }, { schedule = "rate(1 day)" }', "Schedule, rate(1 day)"),
        ("{ event_pattern = { a = [1] } }, { event_pattern = { a = [1] } }", '{"a":[1]} on default'),
    ],
)
def test_a_wrong_event_is_refused(text: str, message: str) -> None:
    assert message in bad_event(text)


def test_a_wrong_event_is_counted_from_zero() -> None:
    assert bad_event("{ url = true }, { sqs = 5 }") == snapshot("""\
projects/orders/pyproject.toml [functions.create.events[1]] sqs: found 5; expected true, the key of a resource of the unit or an ARN such as arn:aws:sqs:us-east-1:222222222222:incoming
hint: `sqs = true` creates one for the unit\
""")  # noqa: E501


def test_one_schedule_with_two_payloads_is_two_events() -> None:
    events = '[{ schedule = "rate(1 day)", payload = 1 }, { schedule = "rate(1 day)", payload = 2 }]'

    assert len(read(f"events = {events}").events) == 2


def test_a_queue_waits_six_times_the_timeout() -> None:
    (queue,) = read("timeout = 900\nevents = [{ sqs = true }]").events

    assert queue == Queue(source=OwnQueue(key="create", visibility_timeout=5400))
