"""One function's table: sizes, environment, events and checks."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.function import read_function
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.settings import (
    Alarms,
    Canary,
    Function,
    Linear,
    ParameterReference,
    PlainValue,
    SecretReference,
    Smoke,
    Statement,
    Vpc,
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


# --- sizes ---
def test_a_handler_is_enough() -> None:
    assert read() == Function(key="create", handler="orders.create.handler")


def test_a_function_without_handler_is_refused() -> None:
    table = Table(where="p", path="functions.create", values={})
    with pytest.raises(ConfigurationError) as caught:
        read_function(table, key="create", runtime="python3.13")

    assert str(caught.value) == snapshot("""\
p [functions.create] handler: `handler` is missing
hint: add `handler = …`, for example "orders.create.handler": the function `handler` of the module `orders.create`\
""")


@pytest.mark.parametrize(
    "handler",
    [
        "handler",
        "a..b",
        ".a.b",
        "a.b.",
        "a.1b",
        "a.b:c",
        "a.b\n",
        "é.a",
        "a/b",
        "/a.b",
        "./a.b",
        "../a.b",
        "a//b.c",
        "-a.b",
    ],
)
def test_a_handler_must_be_a_dotted_name(handler: str) -> None:
    assert "expected package.module.function" in refusal("", handler=handler)


@pytest.mark.parametrize("handler", ["app.handler", "sqs-processor.index.handler", "src/orders/create.handler", "1.a"])
def test_a_handler_may_be_whatever_lambda_imports(handler: str) -> None:
    assert read(handler=handler).handler == handler


@pytest.mark.parametrize(
    ("written", "root"),
    [
        ("orders", "orders"),
        ("orders/", "orders"),
        ("./make-order//a b", "make-order/a b"),
        (".", ""),
        ("./", ""),
        ("", ""),
    ],
)
def test_a_root_is_a_folder_of_the_unit(written: str, root: str) -> None:
    assert read(f'root = "{written}"').root == root


@pytest.mark.parametrize("root", ["../a", "a/..", "/a", "~", "a\\\\b", ".git", "a/.venv", "c:a", "a\\nb"])
def test_what_is_outside_of_the_unit_is_no_root(root: str) -> None:
    assert "expected a folder of the unit" in refusal(f'root = "{root}"')


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("memory_size = {}", 128, 10_240),
        ("timeout = {}", 1, 900),
        ("ephemeral_storage = {}", 512, 10_240),
        ("alarms = {{ errors = {} }}", 1, 1_000_000),
        ("alarms = {{ minutes = {} }}", 1, 1440),
        ("events = [{{ sqs = true, window = 1, batch_size = {} }}]", 1, 10_000),
        ("events = [{{ sqs = true, window = {} }}]", 0, 300),
        ("events = [{{ sqs = true, maximum_concurrency = {} }}]", 2, 1000),
        ("events = [{{ sqs = true, max_receive_count = {} }}]", 1, 1000),
        ("events = [{{ sqs = true, retention_days = {} }}]", 1, 14),
        ("events = [{{ sqs = true, visibility_timeout = {} }}]", 18, 43_200),
        (f'events = [{{{{ kinesis = "{KINESIS}", batch_size = {{}} }}}}]', 1, 10_000),
        (f'events = [{{{{ kinesis = "{KINESIS}", window = {{}} }}}}]', 0, 300),
        (f'events = [{{{{ kinesis = "{KINESIS}", retries = {{}} }}}}]', -1, 10_000),
        (f'events = [{{{{ kinesis = "{KINESIS}", parallelization = {{}} }}}}]', 1, 10),
        ('events = [{{ url = true, cors = {{ allow_origins = ["*"], max_age = {} }} }}]', 0, 86_400),
    ],
)
def test_both_limits_are_allowed_and_nothing_beyond(text: str, low: int, high: int) -> None:
    assert read(text.format(low)) and read(text.format(high))
    assert f"found {low - 1}; expected" in refusal(text.format(low - 1))
    assert f"found {high + 1}; expected" in refusal(text.format(high + 1))


@pytest.mark.parametrize(
    "days",
    [
        "0",
        "1",
        "3",
        "5",
        "7",
        "14",
        "30",
        "60",
        "90",
        "120",
        "150",
        "180",
        "365",
        "400",
        "545",
        "731",
        "1096",
        "1827",
        "2192",
        "2557",
        "2922",
        "3288",
        "3653",
    ],
)
def test_logs_are_kept_as_long_as_cloudwatch_knows(days: str) -> None:
    assert read(f"log_retention_days = {days}").log_retention_days == int(days)


@pytest.mark.parametrize(("text", "limit"), [("description = '{}'", 256), ("environment.AB.parameter = '{}'", 1011)])
def test_a_text_of_the_longest_length_is_allowed(text: str, limit: int) -> None:
    assert read(text.format("x" * limit))
    assert "; expected" in refusal(text.format("x" * (limit + 1)))


def test_five_filters_are_allowed() -> None:
    assert read(f'events = [{{ kinesis = "{KINESIS}", filters = [{{}}, {{}}, {{}}, {{}}, {{}}] }}]').events


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("memory_size = 127", "128 to 10240"),
        ("memory_size = 10241", "128 to 10240"),
        ("memory_size = 256.0", "128 to 10240"),
        ("timeout = 0", "1 to 900"),
        ("timeout = 901", "1 to 900"),
        ("ephemeral_storage = 511", "512 to 10240"),
        ("reserved_concurrency = -1", "from 0"),
        ("log_retention_days = 31", "0, 1, 3, 5, 7, 14, 30"),
        ('log_format = "json"', "did you mean `JSON`?"),
        ('tracing = "On"', '"Active" or "PassThrough"'),
        ('description = """' + "x" * 257 + '"""', "up to 256 characters"),
        ('layers = ["arn:aws:lambda:us-east-1:222222222222:layer:x"]', "the ARN of a layer version"),
        ('dead_letter_arn = "incoming"', "the ARN of a queue or topic"),
        ('dead_letter_arn = "arn:aws:sqs:us-east-1:222222222222:failed.fifo"', "does not end in .fifo"),
        ('on_failure_arn = "arn:aws:sns:us-east-1:222222222222:failed.fifo"', "does not end in .fifo"),
        ('on_failure_arn = "arn:aws:iam::222222222222:role/x"', "the ARN of a queue, topic"),
        ('managed_policies = ["ReadOnlyAccess"]', "managed_policies[0]"),
        ("memory = 256", "did you mean `memory_size`?"),
        ('runtime = "python3.12"', "unknown key `runtime`"),
    ],
)
def test_a_wrong_setting_is_refused(text: str, message: str) -> None:
    assert message in refusal(text)


def test_a_fifth_foreign_layer_is_one_too_many() -> None:
    layers = [f"arn:aws:lambda:us-east-1:222222222222:layer:x:{number}" for number in range(1, 6)]

    assert len(read(f"layers = {layers[:4]}").layers) == 4
    assert "found 5 layers; expected at most 4" in refusal(f"layers = {layers}")


def test_snap_start_needs_a_newer_python() -> None:
    assert read("snap_start = true", runtime="python3.12").snap_start
    assert "expected python3.12 or newer" in refusal("snap_start = true", runtime="python3.11")


def test_snap_start_excludes_larger_storage() -> None:
    assert "expected 512" in refusal("snap_start = true\nephemeral_storage = 1024")


def test_a_network_is_read() -> None:
    function = read('vpc = { subnet_ids = ["subnet-1a"], security_group_ids = ["sg-2b"] }')

    assert function.vpc == Vpc(subnet_ids=("subnet-1a",), security_group_ids=("sg-2b",))


def test_a_network_without_group_is_refused() -> None:
    assert "vpc]: found 0 in `security_group_ids` and 0 in `security_groups`" in refusal(
        'vpc = { subnet_ids = ["subnet-1a"] }'
    )


# --- environment ---
def test_plain_values_become_text() -> None:
    function = read('environment = { TEXT = "a", NUMBER = 5, RATE = 0.5, YES = true, NO = false }')

    assert [(name, value) for name, value in function.environment] == [
        ("NO", PlainValue(text="false")),
        ("NUMBER", PlainValue(text="5")),
        ("RATE", PlainValue(text="0.5")),
        ("TEXT", PlainValue(text="a")),
        ("YES", PlainValue(text="true")),
    ]


def test_references_are_kept_as_references() -> None:
    text = 'environment = { AA = { secret = "orders/db", key = "password" }, BB = { parameter = "/orders/url" } }'

    assert read(text).environment == (
        ("AA", SecretReference(name="orders/db", key="password")),
        ("BB", ParameterReference(name="/orders/url")),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('AWS_REGION = "x"', "`AWS_REGION` is set by Lambda itself"),
        ('_HANDLER = "x"', "`_HANDLER` is set by Lambda itself"),
        ('"MY-NAME" = "x"', "found the name `MY-NAME`"),
        ('A = "x"', "two or more letters"),
        ('AB = ["x"]', "expected text, a number"),
        ("AB = 2026-01-01", "expected text, a number"),
        ("AB = {}", "found nothing; expected exactly one of `secret` and `parameter`"),
        ('AB = { secret = "a", parameter = "b" }', "found `secret` and `parameter`"),
        ('AB = { secrets = "a" }', "did you mean `secret`?"),
        ('AB = { parameter = "/a", key = "b" }', "only a secret has keys"),
        ('AB = { secret = "a b" }', "the name of a secret"),
        ('AB = { secret = "a", key = "b:c" }', "one key of a JSON secret"),
        ('AB = { parameter = "{{x}}" }', "the name of a parameter"),
        (f'AB = "{"x" * 4095}"', "found 4097 bytes of names and values; expected at most 4096"),
        (f'AB = "{"é" * 2048}"', "found 4098 bytes"),
    ],
)
def test_a_wrong_variable_is_refused(text: str, message: str) -> None:
    assert message in refusal(f"[environment]\n{text}")


def test_other_variables_of_aws_are_allowed() -> None:
    assert read('environment.AWS_LAMBDA_EXEC_WRAPPER = "/opt/x"').environment


# --- permissions ---
def test_a_statement_allows_unless_it_says_deny() -> None:
    function = read('policies = [{ actions = ["s3:Get*"], resources = ["*"] }]')

    assert function.policies == (Statement(actions=("s3:Get*",), resources=("*",), effect="Allow"),)


def test_a_condition_is_canonical_json() -> None:
    condition = '{ Bool = { b = "1", a = "2" } }'
    text = f'policies = [{{ actions = ["*"], resources = ["*"], effect = "Deny", condition = {condition} }}]'

    assert read(text).policies[0].condition == '{"Bool":{"a":"2","b":"1"}}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('resources = ["*"]', "policies[0]] actions: `actions` is missing"),
        ('actions = [], resources = ["*"]', "found 0 entries"),
        ('actions = ["s3:Get"]', "`resources` is missing"),
        ('actions = "s3:Get", resources = ["*"]', "expected a list"),
        ('actions = ["PutItem"], resources = ["*"]', "expected an action"),
        ('actions = ["s3:Get"], resources = ["*"], effect = "allow"', "did you mean `Allow`?"),
        ('actions = ["s3:Get"], resource = ["*"]', "did you mean `resources`?"),
        ('actions = ["s3:Get"], resources = ["*"], condition = "x"', "expected a table"),
    ],
)
def test_a_wrong_statement_is_refused(text: str, message: str) -> None:
    assert message in refusal(f"policies = [{{ {text} }}]")


# --- checks ---
def test_alarms_smoke_and_traffic_are_read() -> None:
    function = read(
        f'alarms = {{ errors = 3, notify = ["{TOPIC}"] }}\nsmoke = {{ payload = [1] }}\ntraffic = "canary 10% 5m"'
    )

    assert function.alarms == Alarms(errors=3, notify=(TOPIC,))
    assert function.smoke == Smoke(payload="[1]", expect=None)
    assert function.traffic == Canary(percent=10, minutes=5)


def test_an_environment_can_switch_parts_off() -> None:
    function = read("alarms = false\nsmoke = false\ntraffic = false\nvpc = false\nreserved_concurrency = false")

    assert function == read()


@given(st.sampled_from([Canary, Linear]), st.integers(1, 99), st.integers(1, 9999))
def test_traffic_says_what_it_means(kind: type[Canary | Linear], percent: int, minutes: int) -> None:
    text = f'traffic = "{kind.__name__.lower()} {percent}% {minutes}m"'

    assert read(text).traffic == kind(percent=percent, minutes=minutes)


@pytest.mark.parametrize(
    "text", ["canary", "canary 10%", "canary 0% 5m", "canary 100% 5m", "linear 10% 0m", "blue 1% 1m"]
)
def test_other_traffic_is_refused(text: str) -> None:
    assert 'expected "canary 10% 5m" or "linear 20% 1m"' in refusal(f'traffic = "{text}"')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("alarms = true", "expected a table"),
        ("alarms = { errors = 0 }", "from 1 to"),
        ('alarms = { notify = ["me@example.org"] }', "notify[0]"),
        ("smoke = { payloads = 1 }", "did you mean `payload`?"),
        ("smoke = { expect = 2026-01-01 }", "expected what JSON can represent"),
    ],
)
def test_a_wrong_check_is_refused(text: str, message: str) -> None:
    assert message in refusal(text)


def test_functions_are_hashable() -> None:
    text = 'environment = { AB = { secret = "a" } }\nevents = [{ sqs = true }]\nsmoke = { payload = { a = 1 } }'

    assert len({read(text), read(text)}) == 1
