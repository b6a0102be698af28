"""What a unit's table says of the resources beside its functions, and what refers to them by name."""

from __future__ import annotations

import tomllib

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.resources import (
    DataBucket,
    DataTable,
    MessageQueue,
    MessageTopic,
    OwnParameter,
    OwnSecret,
    ResourceReference,
    TableIndex,
)
from multi_env_lambda.model.settings import (
    BucketEvents,
    BucketNotification,
    BucketPermission,
    Declared,
    DynamoDBStream,
    Own,
    ParameterReference,
    Queue,
    SecretReference,
    Settings,
    Topic,
    UnitValue,
)
from multi_env_lambda.model.unit_settings import read_settings

TABLES = """
[tables.orders]
partition_key = "customer"
sort_key = "created"
types.created = "number"
indexes.by-status = { partition_key = "status", sort_key = "created" }
expires = "until"
[tables.drafts]
partition_key = "id"
"""
FUNCTIONS = """
[functions.create]
handler = "orders.create.handler"
"""


def read(text: str) -> Settings:
    table = Table(where="pyproject.toml", path="tool.multi_env_lambda", values=tomllib.loads(text))
    return read_settings(table, "python3.13")


def refusal(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    return str(caught.value)


def test_a_table_is_read() -> None:
    drafts, orders = read(TABLES).resources

    assert orders == DataTable(
        key="orders",
        partition_key="customer",
        sort_key="created",
        types=(("created", "number"),),
        indexes=(TableIndex(key="by-status", partition_key="status", sort_key="created"),),
        expires="until",
    )
    assert drafts == DataTable(key="drafts", partition_key="id", point_in_time_recovery=True)


def test_functions_name_tables_in_variables_rights_and_events() -> None:
    function = """
environment.TABLE = { table = "orders" }
environment.ARN = { table = "orders", value = "arn" }
read = ["orders"]
write = ["orders", "drafts"]
events = [{ dynamodb = "orders" }]
"""
    found = read(FUNCTIONS + function + TABLES)

    (made,) = found.functions
    assert dict(made.environment) == {
        "TABLE": ResourceReference(kind="table", key="orders", value="name"),
        "ARN": ResourceReference(kind="table", key="orders", value="arn"),
    }
    assert (made.read, made.write) == (("orders",), ("orders", "drafts"))
    assert made.events == (DynamoDBStream(source=Declared(key="orders")),)


def test_a_table_whose_changes_are_heard_has_a_stream() -> None:
    heard = read(FUNCTIONS + 'events = [{ dynamodb = "orders" }]' + TABLES)
    silent = read(FUNCTIONS + TABLES)

    assert [table.stream for table in heard.resources] == [None, "NEW_AND_OLD_IMAGES"]
    assert [table.stream for table in silent.resources] == [None, None]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tables.a]", ["[tool.multi_env_lambda.tables.a] partition_key: `partition_key` is missing"]),
        ('[tables.a]\npartition_key = ""', ["partition_key", "the name of an attribute"]),
        ('[tables.a]\nkey = "id"', ["tables.a] key: unknown key `key`; expected deletion_protection"]),
        ('[tables.a]\npartition_key = "id"\nsort_key = "id"', ["another attribute than `partition_key`"]),
        ('[tables.a]\npartition_key = "id"\ntypes.price = "number"', ["types] price", "`price` is a key neither"]),
        (
            '[tables.a]\npartition_key = "id"\ntypes.id = "int"',
            ['found "int"; expected "string", "number" or "binary"'],
        ),
        ('[tables.a]\npartition_key = "id"\nstream = "new"', ['found "new"; expected "KEYS_ONLY"']),
        (
            '[tables.a]\npartition_key = "id"\nindexes.by.partition_key = "x"',
            ["found the name `by`; expected 3 to 255"],
        ),
        (
            '[tables.a]\npartition_key = "id"\nindexes.all = {}',
            ["indexes.all] partition_key: `partition_key` is missing"],
        ),
        ('[tables.A]\npartition_key = "id"', ["found the name `A`; expected up to 40 lowercase letters"]),
        (
            '[tables.a-b]\npartition_key = "id"\n[tables.a_b]\npartition_key = "id"',
            ["`tables.a_b` and `tables.a-b` have the same name"],
        ),
        (
            f'{FUNCTIONS}events = [{{ dynamodb = "orders" }}]\n{TABLES}'.replace('expires = "until"', "stream = false"),
            ["tables.orders] stream", "a function gets the changes of this table"],
        ),
    ],
)
def test_a_table_that_dynamodb_would_refuse_is_refused(text: str, words: list[str]) -> None:
    found = refusal(text)

    assert not [word for word in words if word not in found], found


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('read = ["order"]', ["functions.create] read[0]: the unit has no resource `order`", "did you mean `orders`?"]),
        ('write = ["create"]', ["write[0]: the unit has no resource `create`"]),
        ('invoke = ["orders"]', ["`orders` is a table, for which there is no `invoke`; expected read or write"]),
        ('invoke = ["nobody"]', ["the unit has no function `nobody`", "there is only `create`"]),
        ('read = ["orders", "orders"]', ['"orders" is listed twice']),
        (
            'environment.TABLE = { table = "oders" }',
            [
                "functions.create.environment.TABLE] table: the unit has no table `oders`",
                "did you mean `orders`? Or add",
            ],
        ),
        ('environment.OTHER = { function = "orders" }', ["the unit has no function `orders`"]),
        ('environment.TABLE = { table = "orders", value = "url" }', ['found "url"; expected "name" or "arn"']),
        ('environment.TABLE = { table = "orders", key = "x" }', ["unknown key `key`"]),
        ('environment.TABLE = { tabel = "orders" }', ["unknown key `tabel`", "did you mean `table`?"]),
        (
            'events = [{ dynamodb = "drafs" }]',
            ["create.events[0]] dynamodb: the unit has no table `drafs`", "did you mean"],
        ),
        ('events = [{ dynamodb = "arn:aws:s3:::x" }]', ["expected the key of a table below `tables`, or an ARN"]),
    ],
)
def test_a_name_that_the_unit_does_not_have_is_refused_where_it_is_written(line: str, words: list[str]) -> None:
    found = refusal(f"{FUNCTIONS}{line}\n{TABLES}")

    assert not [word for word in words if word not in found], found


def test_jobs_are_compared_too() -> None:
    found = refusal('[jobs.nightly]\nentry = "orders.nightly:main"\nread = ["order"]' + TABLES)

    assert "jobs.nightly] read[0]: the unit has no resource `order`" in found


def test_a_table_can_differ_in_one_environment_and_a_name_is_looked_for_there() -> None:
    off = f"{FUNCTIONS}LINE\n{TABLES.partition('[tables.drafts]')[0]}\n[tables]\ndrafts = false"

    assert [table.key for table in read(off.replace("LINE", "")).resources] == ["orders"]
    assert "the unit has no resource `drafts`" in refusal(off.replace("LINE", 'read = ["drafts"]'))


# --- queues and topics ---
MESSAGES = """
[queues.jobs]
delay = 5
[queues.ordered]
fifo = true
deduplicate = true
[topics.news]
queues = ["jobs"]
raw = true
"""
READS = """
events = [{ sqs = "jobs", window = 2 }, { sns = "news" }]
timeout = 20
environment.JOBS = { queue = "jobs" }
environment.NEWS = { topic = "news" }
write = ["jobs", "news"]
read = ["ordered"]
"""


def test_queues_and_topics_are_read() -> None:
    found = read(FUNCTIONS + READS + MESSAGES)

    jobs, ordered, news = found.resources
    assert jobs == MessageQueue(key="jobs", delay=5, visibility_timeout=122)
    assert ordered == MessageQueue(key="ordered", fifo=True, deduplicate=True, visibility_timeout=30)
    assert news == MessageTopic(key="news", queues=("jobs",), raw=True)
    (function,) = found.functions
    assert function.events == (Queue(source=Declared(key="jobs"), window=2), Topic(source=Declared(key="news")))
    assert dict(function.environment) == {
        "JOBS": ResourceReference(kind="queue", key="jobs", value="url"),
        "NEWS": ResourceReference(kind="topic", key="news", value="arn"),
    }


def test_two_functions_may_share_a_queue_and_the_slower_one_decides() -> None:
    slow = '[functions.slow]\nhandler = "orders.slow.handler"\ntimeout = 60\nevents = [{ sqs = "jobs" }]\n'

    assert read(FUNCTIONS + READS + slow + MESSAGES).resources[0] == MessageQueue(
        key="jobs", delay=5, visibility_timeout=360
    )


@pytest.mark.parametrize(
    ("line", "tables", "words"),
    [
        ("", "[queues.a]\nvisibility = 7", ["queues.a] visibility: unknown key", "did you mean `visibility_timeout`?"]),
        ("", "[queues.a]\ndelay = 901", ["found 901; expected a whole number from 0 to 900"]),
        ("", "[queues.a]\ndeduplicate = true", ["deduplicate: found true without `fifo`"]),
        ("", "[topics.a]\nraw = true", ["raw: found true, but no queue gets the messages"]),
        ("", '[topics.a]\nqueues = ["jobz"]\n[queues.jobs]', ["queues[0]: the unit has no queue `jobz`", "`jobs`?"]),
        ("", '[topics.a]\nqueues = ["a1"]\n[queues.a1]\nfifo = true', ["`a1` is a FIFO queue, and the topic is not"]),
        (
            'events = [{ sqs = "a" }]',
            "[queues.a]\nvisibility_timeout = 17",
            ["queues.a] visibility_timeout: found 17; expected 18 or more", "leave it out for 18"],
        ),
        ('events = [{ sqs = "a", delay = 1 }]', "[queues.a]", ["unknown key `delay`"]),
        ('events = [{ sqs = "a", retention_days = 1 }]', "[queues.a]", ["set it in the queue's table"]),
        ('events = [{ sqs = "b" }]', "[queues.a]", ["sqs: the unit has no queue `b`"]),
        ('events = [{ sqs = "a", batch_size = 11, window = 1 }]', "[queues.a]\nfifo = true", ["`a` is a FIFO queue"]),
        (
            'events = [{ scheduler = "rate(1 day)", dead_letter_queue = "b" }]',
            "[queues.a]",
            ["dead_letter_queue: the unit has no queue `b`"],
        ),
        (
            'events = [{ scheduler = "rate(1 day)", dead_letter_queue = "a" }]',
            "[queues.a]\nfifo = true",
            ["`a` is a FIFO queue, which the scheduler does not use"],
        ),
        ('events = [{ sns = "a" }]', "[topics.a]\nfifo = true", ["`a` is a FIFO topic, which delivers only to queues"]),
        ('events = [{ sns = "b" }]', "[topics.a]", ["sns: the unit has no topic `b`"]),
        ("events = [{ sqs = true }]", "[queues.create]", ["the queue `create` would be created twice"]),
        ('read = ["a"]', "[topics.a]", ["`a` is a topic, for which there is no `read`; expected write"]),
        ("", "[queues.a]\n[topics.a]", ["`topics.a` and `queues.a` have the same name"]),
        ('events = [{ sqs = "a", name = "b" }]', "[queues.a]", ["unknown key `name`"]),
    ],
)
def test_a_queue_or_topic_that_aws_would_refuse_is_refused(line: str, tables: str, words: list[str]) -> None:
    found = refusal(f"{FUNCTIONS}{line}\n{tables}")

    assert not [word for word in words if word not in found], found


# --- buckets ---
BUCKETS = """
[buckets.reports]
expire_days = 365
[buckets.scratch]
versioning = false
"""


def test_buckets_are_read() -> None:
    reports, scratch = read(FUNCTIONS + BUCKETS).resources

    assert reports == DataBucket(key="reports", versioning=True, old_versions_days=30, expire_days=365)
    assert scratch == DataBucket(key="scratch", versioning=False, old_versions_days=0)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ('{ s3 = "reports" }', BucketNotification(key="reports")),
        ('{ s3 = { bucket = "reports", prefix = "a/" } }', BucketNotification(key="reports", prefix="a/")),
        ('{ s3 = "reports", form = "eventbridge" }', BucketEvents(source=Own(key="reports"))),
        ('{ s3 = true, name = "reports" }', BucketNotification(key="reports")),
        ('{ s3 = "acme-in", form = "s3" }', BucketPermission(bucket="acme-in")),
    ],
)
def test_an_event_names_a_bucket_of_the_unit_or_else_an_existing_one(event: str, expected: object) -> None:
    (function,) = read(f"{FUNCTIONS}events = [{event}]{BUCKETS}").functions

    assert function.events == (expected,)


@pytest.mark.parametrize(
    ("line", "tables", "words"),
    [
        ("", "[buckets.a]\nversioning = false\nold_versions_days = 7", ["found without `versioning`"]),
        ("", "[buckets.a]\nexpire_days = -1", ["found -1; expected a whole number from 0"]),
        ("", "[buckets.a]\ntitle = 'x'", ["unknown key `title`"]),
        ('events = [{ s3 = "a", name = "b" }]', "[buckets.a]", ["s3"]),
        ('invoke = ["a"]', "[buckets.a]", ["`a` is a bucket, for which there is no `invoke`"]),
        ('environment.AA = { bucket = "b" }', "[buckets.a]", ["the unit has no bucket `b`"]),
    ],
)
def test_a_bucket_that_cannot_be_is_refused(line: str, tables: str, words: list[str]) -> None:
    found = refusal(f"{FUNCTIONS}{line}\n{tables}")

    assert not [word for word in words if word not in found], found


# --- parameters and secrets ---
VALUES = """
[parameters.limit]
value = "100"
description = "orders a day"
[parameters.where]
value = { table = "orders" }
[secrets.bank]
description = "of the payments"
"""


def test_parameters_and_secrets_are_read() -> None:
    _, _, limit, where, bank = read(FUNCTIONS + VALUES + TABLES).resources

    assert limit == OwnParameter(key="limit", value="100", description="orders a day")
    assert where == OwnParameter(key="where", value=ResourceReference(kind="table", key="orders", value="name"))
    assert bank == OwnSecret(key="bank", description="of the payments")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('{ parameter = "limit" }', ResourceReference(kind="parameter", key="limit", value="value")),
        ('{ parameter = "limit", value = "name" }', ResourceReference(kind="parameter", key="limit", value="name")),
        ('{ parameter = "/orders/limit" }', ParameterReference(name="/orders/limit")),
        ('{ parameter = "other" }', ParameterReference(name="other")),
        ('{ secret = "bank" }', ResourceReference(kind="secret", key="bank", value="arn")),
        (
            '{ secret = "bank", key = "token" }',
            ResourceReference(kind="secret", key="bank", value="arn", part="token"),
        ),
        ('{ secret = "orders/db", key = "token" }', SecretReference(name="orders/db", key="token")),
        ('{ unit = "shop", parameter = "where" }', UnitValue(unit="shop", parameter="where")),
    ],
)
def test_a_variable_names_a_value_of_the_unit_of_another_one_or_one_that_exists(written: str, expected: object) -> None:
    (function,) = read(f"{FUNCTIONS}environment.AA = {written}\n{VALUES}{TABLES}").functions

    assert function.environment == (("AA", expected),)


@pytest.mark.parametrize(
    ("line", "tables", "words"),
    [
        ("", "[parameters.a]", ["`value` is missing", 'value = { table = "orders" }']),
        ("", "[parameters.a]\nvalue = 5", ["expected text"]),
        ("", "[parameters.a]\nvalue = ''", ['found ""; expected 1 to 4,096 characters']),
        ("", f"[parameters.a]\nvalue = '{'x' * 4097}'", ["expected 1 to 4,096 characters"]),
        ("", "[parameters.a]\nvalue = {}", ["found no resource of the unit"]),
        ("", '[parameters.a]\nvalue = { table = "b" }', ["parameters.a.value] table: the unit has no table `b`"]),
        ("", "[secrets.a]\nvalue = 'x'", ["unknown key `value`", "put it into the secret after the deploy"]),
        ('write = ["a"]', "[parameters.a]\nvalue = 'x'", ["`a` is a parameter, for which there is no `write`"]),
        ('environment.AA = { unit = "shop" }', "", ["`parameter` is missing"]),
        ('environment.AA = { unit = "shop", parameter = "/a" }', "", ['parameter: found "/a"']),
        ('environment.AA = { secret = "a", value = "url" }', "[secrets.a]", ['expected "arn"']),
    ],
)
def test_a_value_that_cannot_be_is_refused(line: str, tables: str, words: list[str]) -> None:
    found = refusal(f"{FUNCTIONS}{line}\n{tables}")

    assert not [word for word in words if word not in found], found
