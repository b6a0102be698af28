"""Each field of a unit's settings is read from its table and changes what a release keeps."""

from __future__ import annotations

import tomllib
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import pytest

from multi_env_lambda.make.maker import _stage
from multi_env_lambda.model import settings
from multi_env_lambda.model.api_settings import JwtAuthorizer, LambdaAuthorizer
from multi_env_lambda.model.project import Project, made_names
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.release import ReleaseTemplate
from multi_env_lambda.model.resources import KIND_OF
from multi_env_lambda.model.rest_settings import PoolAuthorizer, RequestAuthorizer, TokenAuthorizer, UsagePlan
from multi_env_lambda.model.settings import Event, Function, GlueJob, Settings
from multi_env_lambda.model.unit_settings import BY_ENVIRONMENT, read_settings
from tests.plan.template_values import ALL_EVENTS, SANDBOX, maximal, project, template, text

ARN = "arn:aws:sqs:us-east-1:222222222222"
TOPIC = "arn:aws:sns:us-east-1:222222222222:news"
KINESIS = "arn:aws:kinesis:us-east-1:222222222222:stream"
TABLE = "arn:aws:dynamodb:us-east-1:222222222222:table/t/stream"
POLICY = 'managed_policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]'


SCOPED = 'http = "GET /a", authorizer = "own", scopes = ["a"]'
TOKENS = 'http_api.authorizers.own = { issuer = "https://login.example", audience = ["shop"] }'
CHECKED = 'http_api.authorizers.own.function = "create"'


SALES = 'tables.sales.partition_key = "id"'
JOBS = "\n[queues.jobs]"
MACHINE = """
[state_machines.checkout]
definition = { StartAt = "Done", States = { Done = { Type = "Succeed" } } }"""
GROUP = '\n[security_groups.out]\nvpc_id = "vpc-1"'
INDEX = 'tables.sales.indexes.by-day.partition_key = "day"'
OTHER_INDEX = 'tables.sales.indexes.by-day.partition_key = "date"'


def event(inner: str) -> str:
    return f"events = [{{ {inner} }}]"


SCHEDULER = 'scheduler = "rate(5 minutes)"'
ROUTE = event('http = "GET /a"')
REST = event('rest = "GET /a"')
REST_OWN = event('rest = "GET /a", authorizer = "own"')
POOL = f'{REST_OWN}\nrest_api.authorizers.own.user_pools = ["arn:aws:cognito-idp:us-east-1:222222222222:userpool/a_B"]'
DECIDED = f'{REST_OWN}\nrest_api.authorizers.own.function = "create"'
BY_REQUEST = f'{DECIDED}\nrest_api.authorizers.own.decides_by = "request"\nrest_api.authorizers.own.cache_seconds = 5'
WITH_KEY = f'{REST}\nrest_api.usage_plan.keys = ["acme"]\nrest_api.api_key = true'


def allowed(rule: str) -> str:
    return f"{GROUP}\nallow_to = [{{ {rule} }}]"


def stream(kind: str, arn: str) -> tuple[str, dict[str, str]]:
    """Both are written alike."""
    start = f'{kind} = "{arn}/a"'
    changed = {
        "starting_position": 'starting_position = "TRIM_HORIZON"',
        "batch_size": "batch_size = 7",
        "window": "window = 7",
        "partial_failures": "partial_failures = false",
        "bisect": "bisect = true",
        "retries": "retries = 7",
        "parallelization": "parallelization = 7",
        "on_failure_arn": f'on_failure_arn = "{ARN}:failed"',
        "filters": "filters = [{ data = { a = [1] } }]",
    }
    found = {field: event(f"{start}, {more}") for field, more in changed.items()}
    source = "source" if kind == "dynamodb" else "arn"
    return event(start), {source: event(f'{kind} = "{arn}/b"'), **found}


# One way to write each field: the table with the kind of value in it, and for each field a table that differs.
WRITTEN: Mapping[type, tuple[str, Mapping[str, str]]] = {
    Function: (
        "",
        {
            "handler": 'handler = "orders.other.handler"',
            "root": 'root = "orders"',
            "name": 'name = "create-order"',
            "memory_size": "memory_size = 256",
            "timeout": "timeout = 7",
            "environment": 'environment.TABLE = "orders"',
            "description": 'description = "Creates orders"',
            "ephemeral_storage": "ephemeral_storage = 1024",
            "reserved_concurrency": "reserved_concurrency = 7",
            "log_retention_days": "log_retention_days = 7",
            "log_format": 'log_format = "JSON"',
            "tracing": 'tracing = "Active"',
            "vpc": 'vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }',
            "dead_letter_arn": f'dead_letter_arn = "{ARN}:dead"',
            "on_failure_arn": f'on_failure_arn = "{ARN}:failed"',
            "snap_start": "snap_start = true",
            "role": 'role = "arn:aws:iam::222222222222:role/orders"',
            "layers": 'layers = ["arn:aws:lambda:us-east-1:333333333333:layer:other:7"]',
            "managed_policies": POLICY,
            "policies": 'policies = [{ actions = ["s3:GetObject"], resources = ["*"] }]',
            "read": f'read = ["sales"]\n{SALES}',
            "write": f'write = ["sales"]\n{SALES}',
            "invoke": 'invoke = ["other"]',
            "start": f'start = ["checkout"]{MACHINE}',
            "events": event("url = true"),
            "alarms": "alarms = {}",
            "smoke": "smoke = {}",
            "traffic": 'traffic = "canary 10% 5m"',
        },
    ),
    settings.PlainValue: ('environment.A1 = "a"', {"text": 'environment.A1 = "b"'}),
    settings.SecretReference: (
        'environment.A1 = { secret = "a" }',
        {"name": 'environment.A1 = { secret = "b" }', "key": 'environment.A1 = { secret = "a", key = "k" }'},
    ),
    settings.ParameterReference: (
        'environment.A1 = { parameter = "/a" }',
        {"name": 'environment.A1 = { parameter = "/b" }'},
    ),
    settings.ResourceReference: (
        f'environment.A1 = {{ table = "sales" }}\n{SALES}',
        {
            "kind": f'environment.A1 = {{ function = "other" }}\n{SALES}',
            "key": f'environment.A1 = {{ table = "more" }}\n{SALES}\ntables.more.partition_key = "id"',
            "value": f'environment.A1 = {{ table = "sales", value = "arn" }}\n{SALES}',
            "part": 'environment.A1 = { secret = "bank", key = "token" }\n[secrets.bank]',
        },
    ),
    settings.UnitValue: (
        'environment.A1 = { unit = "shop", parameter = "a" }',
        {
            "unit": 'environment.A1 = { unit = "other", parameter = "a" }',
            "parameter": 'environment.A1 = { unit = "shop", parameter = "b" }',
        },
    ),
    settings.OwnParameter: (
        '[parameters.limit]\nvalue = "1"',
        {
            "value": '[parameters.limit]\nvalue = "2"',
            "description": '[parameters.limit]\nvalue = "1"\ndescription = "of a day"',
        },
    ),
    settings.OwnSecret: ("[secrets.bank]", {"description": '[secrets.bank]\ndescription = "of the payments"'}),
    settings.DataTable: (
        SALES,
        {
            field: f"{SALES}\n{more}"
            for field, more in {
                "sort_key": 'tables.sales.sort_key = "day"',
                "types": 'tables.sales.types.id = "number"',
                "indexes": INDEX,
                "stream": "tables.sales.stream = true",
                "expires": 'tables.sales.expires = "end"',
                "point_in_time_recovery": "tables.sales.point_in_time_recovery = false",
                "deletion_protection": "tables.sales.deletion_protection = true",
                "name": 'tables.sales.name = "sales-old"',
            }.items()
        }
        | {"partition_key": SALES.replace("id", "day")},
    ),
    settings.TableIndex: (
        f"{SALES}\n{INDEX}",
        {
            "key": f"{SALES}\n{INDEX.replace('by-day', 'by-date')}",
            "partition_key": f"{SALES}\n{OTHER_INDEX}",
            "sort_key": f'{SALES}\n{INDEX}\ntables.sales.indexes.by-day.sort_key = "id"',
        },
    ),
    settings.Statement: (
        'policies = [{ actions = ["s3:GetObject"], resources = ["*"] }]',
        {
            "actions": 'policies = [{ actions = ["s3:PutObject"], resources = ["*"] }]',
            "resources": 'policies = [{ actions = ["s3:GetObject"], resources = ["arn:aws:s3:::a/*"] }]',
            "effect": 'policies = [{ actions = ["s3:GetObject"], resources = ["*"], effect = "Deny" }]',
            "condition": 'policies = [{ actions = ["s3:GetObject"], resources = ["*"], '
            'condition = { Bool = { "aws:SecureTransport" = "true" } } }]',
        },
    ),
    settings.Existing: (event(f'sqs = "{ARN}:a"'), {"identifier": event(f'sqs = "{ARN}:b"')}),
    settings.Declared: (
        event('sqs = "jobs"') + JOBS,
        {"key": event('sqs = "more"') + f"{JOBS}\n[queues.more]"},
    ),
    settings.DataBucket: (
        "\n[buckets.reports]",
        {
            "versioning": "\n[buckets.reports]\nversioning = false",
            "old_versions_days": "\n[buckets.reports]\nold_versions_days = 7",
            "expire_days": "\n[buckets.reports]\nexpire_days = 7",
            "name": '\n[buckets.reports]\nname = "acme-reports"',
        },
    ),
    settings.MessageQueue: (
        JOBS,
        {
            field: f"{JOBS}\n{more}"
            for field, more in {
                "fifo": "fifo = true",
                "deduplicate": "fifo = true\ndeduplicate = true",
                "visibility_timeout": "visibility_timeout = 77",
                "max_receive_count": "max_receive_count = 7",
                "retention_days": "retention_days = 7",
                "delay": "delay = 7",
                "name": 'name = "jobs-old"',
            }.items()
        },
    ),
    settings.MessageTopic: (
        f"{JOBS}\n[topics.news]",
        {
            "fifo": f"{JOBS}\n[topics.news]\nfifo = true",
            "deduplicate": f"{JOBS}\n[topics.news]\nfifo = true\ndeduplicate = true",
            "queues": f'{JOBS}\n[topics.news]\nqueues = ["jobs"]',
            "raw": f'{JOBS}\n[topics.news]\nqueues = ["jobs"]\nraw = true',
            "name": f'{JOBS}\n[topics.news]\nname = "news-old"',
        },
    ),
    settings.StateMachine: (
        MACHINE,
        {
            "definition": MACHINE.replace("Done", "End"),
            "substitutions": f'{MACHINE}\nsubstitutions.Table = "a"',
            "type": f'{MACHINE}\ntype = "express"\nlog_level = "OFF"',
            "log_level": f'{MACHINE}\nlog_level = "ERROR"',
            "log_data": f'{MACHINE}\nlog_level = "ALL"\nlog_data = true',
            "log_retention_days": f'{MACHINE}\nlog_level = "ALL"\nlog_retention_days = 7',
            "tracing": f"{MACHINE}\ntracing = true",
            "read": f'{MACHINE}\nread = ["jobs"]{JOBS}',
            "write": f'{MACHINE}\nwrite = ["jobs"]{JOBS}',
            "invoke": f'{MACHINE}\ninvoke = ["other"]',
            "start": f'{MACHINE}\nstart = ["checkout"]',
            "policies": f'{MACHINE}\npolicies = [{{ actions = ["s3:GetObject"], resources = ["*"] }}]',
            "events": f'{MACHINE}\nevents = [{{ schedule = "rate(1 day)" }}]',
        },
    ),
    settings.SecurityGroup: (
        GROUP,
        {
            "vpc_id": GROUP.replace("vpc-1", "vpc-2"),
            "allow_to": f"{GROUP}\nallow_to = []",
            "allow_from": f'{GROUP}\nallow_from = [{{ cidr = "10.0.0.0/8", port = 443 }}]',
            "description": f'{GROUP}\ndescription = "out"',
            "name": f'{GROUP}\nname = "out-old"',
        },
    ),
    settings.NetworkRule: (
        allowed('cidr = "10.0.0.0/8", port = 443'),
        {
            "protocol": allowed('cidr = "10.0.0.0/8", port = 443, protocol = "udp"'),
            "kind": allowed('prefix_list = "pl-1", port = 443'),
            "peer": allowed('cidr = "10.1.0.0/16", port = 443'),
            "from_port": allowed('cidr = "10.0.0.0/8", port = "442-443"'),
            "to_port": allowed('cidr = "10.0.0.0/8", port = "443-444"'),
            "description": allowed('cidr = "10.0.0.0/8", port = 443, description = "all"'),
        },
    ),
    settings.Own: (event("sns = true"), {"key": event('sns = true, name = "b"')}),
    settings.OwnQueue: (
        event("sqs = true"),
        {
            "key": event('sqs = true, name = "b"'),
            "visibility_timeout": event("sqs = true, visibility_timeout = 77"),
            "max_receive_count": event("sqs = true, max_receive_count = 7"),
            "retention_days": event("sqs = true, retention_days = 7"),
        },
    ),
    settings.Schedule: (
        event('schedule = "rate(5 minutes)"'),
        {
            "expression": event('schedule = "rate(7 minutes)"'),
            "payload": event('schedule = "rate(5 minutes)", payload = { a = 1 }'),
        },
    ),
    settings.SchedulerSchedule: (
        event(SCHEDULER),
        {
            "expression": event('scheduler = "rate(7 minutes)"'),
            "time_zone": event(f'{SCHEDULER}, time_zone = "Europe/Berlin"'),
            "window_minutes": event(f"{SCHEDULER}, window_minutes = 7"),
            "start": event(f'{SCHEDULER}, start = "2026-12-01T00:00:00Z"'),
            "end": event(f'{SCHEDULER}, end = "2026-12-01T00:00:00Z"'),
            "retries": event(f"{SCHEDULER}, retries = 7"),
            "maximum_age": event(f"{SCHEDULER}, maximum_age = 77"),
            "dead_letter_queue": event(f'{SCHEDULER}, dead_letter_queue = "{ARN}:failed"'),
            "payload": event(f"{SCHEDULER}, payload = {{ a = 1 }}"),
        },
    ),
    settings.Queue: (
        event(f'sqs = "{ARN}:a"'),
        {
            "source": event(f'sqs = "{ARN}:b"'),
            "batch_size": event(f'sqs = "{ARN}:a", batch_size = 7'),
            "window": event(f'sqs = "{ARN}:a", window = 7'),
            "partial_failures": event(f'sqs = "{ARN}:a", partial_failures = false'),
            "maximum_concurrency": event(f'sqs = "{ARN}:a", maximum_concurrency = 7'),
        },
    ),
    settings.Topic: (
        event(f'sns = "{TOPIC}"'),
        {"source": event("sns = true"), "filter_policy": event(f'sns = "{TOPIC}", filter_policy = {{ kind = ["a"] }}')},
    ),
    settings.BucketNotification: (
        event("s3 = true"),
        {
            "key": event('s3 = true, name = "b"'),
            "events": event('s3 = true, events = ["s3:ObjectRemoved:*"]'),
            "prefix": event('s3 = true, prefix = "a/"'),
            "suffix": event('s3 = true, suffix = ".csv"'),
        },
    ),
    settings.BucketPermission: (
        event('s3 = "acme-in", form = "s3"'),
        {"bucket": event('s3 = "acme-other", form = "s3"')},
    ),
    settings.BucketEvents: (
        event('s3 = "acme-in", form = "eventbridge"'),
        {
            "source": event('s3 = true, form = "eventbridge"'),
            "events": event('s3 = "acme-in", form = "eventbridge", events = ["Object Deleted"]'),
            "prefix": event('s3 = "acme-in", form = "eventbridge", prefix = "a/"'),
            "suffix": event('s3 = "acme-in", form = "eventbridge", suffix = ".csv"'),
        },
    ),
    settings.EventPattern: (
        event('event_pattern = { source = ["a"] }'),
        {
            "pattern": event('event_pattern = { source = ["b"] }'),
            "bus": event('event_pattern = { source = ["a"] }, bus = "own"'),
        },
    ),
    settings.DynamoDBStream: stream("dynamodb", TABLE),
    settings.KinesisStream: stream("kinesis", KINESIS),
    settings.FunctionUrl: (
        event("url = true"),
        {"auth": event('url = "NONE"'), "cors": event('url = true, cors = { allow_origins = ["https://a"] }')},
    ),
    settings.HttpRoute: (
        ROUTE,
        {
            "route": event('http = "GET /b"'),
            "authorizer": event('http = "GET /a", authorizer = "iam"'),
            "scopes": event(SCOPED) + f"\n{TOKENS}",
            "payload": event('http = "GET /a", payload = "1.0"'),
        },
    ),
    settings.HttpApi: (
        ROUTE,
        {
            field: f"{ROUTE}\n{more}"
            for field, more in {
                "stage": 'http_api.stage = "v1"',
                "cors": 'http_api.cors.allow_origins = ["https://a"]',
                "authorizers": TOKENS,
                "rate": "http_api.throttling.rate = 7",
                "burst": "http_api.throttling = { rate = 1, burst = 7 }",
                "log_retention_days": "http_api.access_log = false",
            }.items()
        },
    ),
    JwtAuthorizer: (
        f"{ROUTE}\n{TOKENS}",
        {
            "issuer": f"{ROUTE}\n{TOKENS.replace('login', 'other')}",
            "audience": f"{ROUTE}\n{TOKENS.replace('shop', 'other')}",
        },
    ),
    LambdaAuthorizer: (
        f"{ROUTE}\n{CHECKED}",
        {
            "function": f"{ROUTE}\n{CHECKED.replace('create', 'other')}",
            "headers": f'{ROUTE}\n{CHECKED}\nhttp_api.authorizers.own.headers = ["x-key"]',
            "cache_seconds": f"{ROUTE}\n{CHECKED}\nhttp_api.authorizers.own.cache_seconds = 7",
        },
    ),
    settings.RestRoute: (
        REST,
        {
            "route": event('rest = "GET /b"'),
            "authorizer": event('rest = "GET /a", authorizer = "iam"'),
            "scopes": POOL.replace('"own"', '"own", scopes = ["a"]'),
            "api_key": WITH_KEY,
        },
    ),
    settings.RestApi: (
        REST,
        {
            field: f"{REST}\n{more}"
            for field, more in {
                "stage": 'rest_api.stage = "v1"',
                "endpoint": 'rest_api.endpoint = "edge"',
                "cors": 'rest_api.cors.allow_origins = ["https://a"]',
                "usage_plan": 'rest_api.usage_plan.keys = ["acme"]',
                "binary_types": 'rest_api.binary_types = ["image/*"]',
                "rate": "rest_api.throttling.rate = 7",
                "burst": "rest_api.throttling = { rate = 1, burst = 7 }",
                "log_retention_days": "rest_api.access_log = { retention_days = 7 }",
            }.items()
        }
        | {"authorizers": POOL},
    ),
    PoolAuthorizer: (
        POOL,
        {
            "user_pools": POOL.replace("a_B", "a_C"),
            "header": f'{POOL}\nrest_api.authorizers.own.headers = ["x-key"]',
        },
    ),
    TokenAuthorizer: (
        DECIDED,
        {
            "function": DECIDED.replace('"create"', '"other"'),
            "header": f'{DECIDED}\nrest_api.authorizers.own.headers = ["x-key"]',
            "pattern": f'{DECIDED}\nrest_api.authorizers.own.pattern = "a.+"',
            "cache_seconds": f"{DECIDED}\nrest_api.authorizers.own.cache_seconds = 7",
        },
    ),
    RequestAuthorizer: (
        BY_REQUEST,
        {
            "function": BY_REQUEST.replace('"create"', '"other"'),
            "headers": f'{BY_REQUEST}\nrest_api.authorizers.own.headers = ["x-key"]',
            "query": f'{BY_REQUEST}\nrest_api.authorizers.own.query = ["key"]',
            "cache_seconds": BY_REQUEST.replace("= 5", "= 7"),
        },
    ),
    UsagePlan: (
        WITH_KEY,
        {
            "keys": WITH_KEY.replace("acme", "other"),
            "rate": f"{WITH_KEY}\nrest_api.usage_plan.rate = 7",
            "burst": f"{WITH_KEY}\nrest_api.usage_plan.rate = 1\nrest_api.usage_plan.burst = 7",
            "quota": f"{WITH_KEY}\nrest_api.usage_plan.quota = 7",
            "period": f'{WITH_KEY}\nrest_api.usage_plan.quota = 7\nrest_api.usage_plan.period = "day"',
        },
    ),
    settings.Cors: (
        event('url = true, cors = { allow_origins = ["https://a"] }'),
        {
            "allow_origins": event('url = true, cors = { allow_origins = ["https://b"] }'),
            **{
                field: event(f'url = true, cors = {{ allow_origins = ["https://a"], {field} = {value} }}')
                for field, value in {
                    "allow_methods": '["GET"]',
                    "allow_headers": '["x-a"]',
                    "expose_headers": '["x-a"]',
                    "allow_credentials": "true",
                    "max_age": "7",
                }.items()
            },
        },
    ),
    settings.Alarms: (
        "alarms = {}",
        {
            "errors": "alarms.errors = 7",
            "minutes": "alarms.minutes = 7",
            "notify": f'alarms.notify = ["{TOPIC}"]',
        },
    ),
    settings.Smoke: ("smoke = {}", {"payload": "smoke.payload = { a = 1 }", "expect": "smoke.expect = { a = 1 }"}),
    settings.Canary: (
        'traffic = "canary 10% 5m"',
        {"percent": 'traffic = "canary 20% 5m"', "minutes": 'traffic = "canary 10% 7m"'},
    ),
    settings.Linear: (
        'traffic = "linear 10% 5m"',
        {"percent": 'traffic = "linear 20% 5m"', "minutes": 'traffic = "linear 10% 7m"'},
    ),
    settings.Vpc: (
        'vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }',
        {
            "subnet_ids": 'vpc = { subnet_ids = ["subnet-2"], security_group_ids = ["sg-1"] }',
            "security_group_ids": 'vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-2"] }',
            "security_groups": f'vpc = {{ subnet_ids = ["subnet-1"], security_groups = ["out"] }}{GROUP}',
        },
    ),
    GlueJob: (
        "",
        {
            "entry": 'entry = "orders.other:main"',
            "runs_on": 'kind = "glueetl"',
            "timeout": "timeout = 7",
            "max_retries": "max_retries = 7",
            "arguments": 'arguments = { "--day" = "monday" }',
            "managed_policies": POLICY,
            "policies": 'policies = [{ actions = ["s3:GetObject"], resources = ["*"] }]',
            "read": f'read = ["sales"]\n{SALES}',
            "write": f'write = ["sales"]\n{SALES}',
            "invoke": 'invoke = ["other"]',
            "start": f'start = ["checkout"]{MACHINE}',
            "schedule": 'schedule = "cron(0 3 * * ? *)"',
            "description": 'description = "Counts"',
        },
    ),
    settings.PythonShell: ("max_capacity = 0.0625", {"max_capacity": "max_capacity = 1"}),
    settings.Spark: (
        'kind = "glueetl"\nglue_version = "5.0"',
        {
            "glue_version": 'kind = "glueetl"\nglue_version = "4.0"',
            "worker_type": 'kind = "glueetl"\nglue_version = "5.0"\nworker_type = "G.2X"',
            "number_of_workers": 'kind = "glueetl"\nglue_version = "5.0"\nnumber_of_workers = 7',
        },
    ),
}
OF_JOBS = (GlueJob, settings.PythonShell, settings.Spark)
NAMED_BY_THE_TABLE = {(Function, "key"), (GlueJob, "key"), *((kind, "key") for kind in KIND_OF)}
FOR_THE_PROOF = {(Function, "provided")}
"""What only the import check looks at (``tests/building/test_from_layers.py``): the release stays the same."""
KINDS = list(dict.fromkeys(kind for kind in vars(settings).values() if isinstance(kind, type) and attrs.has(kind)))
FIELDS = [(kind, field) for kind, (_, changed) in WRITTEN.items() for field in changed]


def read(kind: type, written: str) -> Settings:
    values = tomllib.loads(written)
    others = {key: values.pop(key) for key in BY_ENVIRONMENT if key in values}
    other = {"other": {"handler": "orders.other.handler"}}
    if kind in OF_JOBS:
        made = {"functions": other, "jobs": {"create": {"entry": "orders.create:main", **values}}}
    else:
        made = {"functions": {"create": {"handler": "orders.create.handler", **values}, **other}}
    return read_settings(Table(where="pyproject.toml", path="", values={**made, **others}), "python3.13")


def unit(found: Settings) -> Project:
    return attrs.evolve(project(), settings={"sandbox": found})


def kept(found: Settings) -> ReleaseTemplate:
    """The template's digest, and what a deploy has to know beside the template."""
    return _stage(unit(found), SANDBOX, text(unit(found)))


def values_in(value: object) -> Iterator[Any]:
    if isinstance(value, tuple):
        for inner in value:
            yield from values_in(inner)
    elif attrs.has(type(value)):
        yield value
        for field in attrs.fields(type(value)):
            yield from values_in(getattr(value, field.name))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not settings.Settings])
def test_each_field_is_written_in_this_table(kind: type) -> None:
    fields = {name for name in attrs.fields_dict(kind) if (kind, name) not in NAMED_BY_THE_TABLE | FOR_THE_PROOF}

    assert set(WRITTEN.get(kind, ("", {}))[1]) == fields


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=[f"{kind.__name__}.{field}" for kind, field in FIELDS])
def test_a_field_is_read_and_changes_the_release(kind: type, field: str) -> None:
    start, changed = WRITTEN[kind]
    before, after = read(kind, start), read(kind, changed[field])

    assert field_of(before, kind, field) != field_of(after, kind, field)
    assert kept(before) != kept(after)


def field_of(found: Settings, kind: type, field: str) -> object:
    return next((getattr(value, field) for value in values_in(found) if type(value) is kind), None)


def test_every_kind_of_event_can_be_written() -> None:
    written = {type(value) for kind, (start, _) in WRITTEN.items() for value in values_in(read(kind, start))}

    assert set(typing.get_args(Event)) - written == set()


def test_every_kind_of_event_is_among_the_examples_of_other_tests() -> None:
    assert {type(event) for event in ALL_EVENTS} == set(typing.get_args(Event))


# --- names ---
NO_NAME_OF_THE_UNIT = {
    ("AWS::CloudWatch::Alarm", "AlarmName"): "is called after the function",
    ("AWS::CloudWatch::Alarm", "MetricName"): "a measure that AWS takes",
    ("AWS::Events::Rule", "EventBusName"): "exists apart from the unit",
    ("AWS::Lambda::Alias", "Name"): "inside of its function",
    ("AWS::Lambda::LayerVersion", "LayerName"): "versions of one name are counted on",
    ("AWS::Logs::LogGroup", "LogGroupName"): "is called after the function or the unit",
    ("AWS::ApiGatewayV2::Authorizer", "Name"): "inside of its API",
    ("AWS::ApiGatewayV2::Stage", "StageName"): "inside of its API",
    ("AWS::ApiGateway::Stage", "StageName"): "inside of its API",
}


def test_whatever_gets_a_fixed_name_is_compared_with_the_names_of_other_units() -> None:
    found = {
        body["Properties"][key]
        for body in template(maximal())["Resources"].values()
        for key in body["Properties"]
        if key.endswith("Name") and isinstance(body["Properties"][key], str)
        if (body["Type"], key) not in NO_NAME_OF_THE_UNIT
    }
    made = {name for kind, name in made_names(maximal(), SANDBOX) if kind != "stack"}

    assert found == made
