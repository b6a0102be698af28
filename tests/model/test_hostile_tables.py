"""Whatever TOML can say where a setting stands: it is read, or refused with its place; nothing else is ever raised."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.project import read_project
from multi_env_lambda.model.workspace import read_workspace

WORKSPACE = tomllib.loads("""
[tool.multi_env_lambda]
keep = 5
approvals_by_author = false
[tool.multi_env_lambda.devops]
account_id = "111111111111"
region = "us-east-1"
bucket = "acme-artifacts"
[[tool.multi_env_lambda.environments]]
name = "sandbox"
account_id = "222222222222"
region = "eu-west-1"
role_name = "Deployer"
[[tool.multi_env_lambda.environments]]
name = "prod"
account_id = "555555555555"
approval = true
releases_only = true
committed_only = true
[tool.multi_env_lambda.ci]
branch = "main"
verify = ["make", "verify"]
strangers = "ask"
maintainers = ["grace"]
branch_environments = { branches = ["feature/*"], days = 7 }
""")
UNIT = tomllib.loads("""
[project]
name = "orders"
version = "0.1.0"
requires-python = ">=3.9"
dependencies = ["pydantic>=2", "tomli; python_version < '3.11'"]
dynamic = []
[tool.multi_env_lambda]
runtime = "python3.13"
architecture = "arm64"
needs = ["customers"]
shared = ["libs/money"]
versioning = "post"
tags = { team = "data" }
[tool.multi_env_lambda.functions.create]
handler = "orders.create.handler"
description = "in ${environment}"
memory_size = 256
timeout = 30
ephemeral_storage = 512
reserved_concurrency = 5
log_retention_days = 7
log_format = "JSON"
tracing = "Active"
snap_start = true
dead_letter_arn = "arn:aws:sqs:${region}:${account_id}:dead"
on_failure_arn = "arn:aws:sns:${region}:${account_id}:oops"
layers = ["arn:aws:lambda:us-east-1:222222222222:layer:tools:7"]
managed_policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
traffic = "canary 10% 5m"
vpc = { subnet_ids = ["subnet-0a1b"], security_group_ids = ["sg-0a1b"] }
alarms = { errors = 2, minutes = 5, notify = ["arn:aws:sns:us-east-1:222222222222:people"] }
smoke = { payload = { id = 1 }, expect = { ok = true } }
policies = [{ actions = ["s3:GetObject"], resources = ["arn:aws:s3:::b/*"], condition = { Bool = { a = true } } }]
environment = { TEXT = "x", NUMBER = 1.5, SECRET = { secret = "a/b", key = "k" }, PARAMETER = { parameter = "/a" } }
events = [
  { schedule = "cron(0 8 ? * MON-FRI *)", payload = { a = 1 } },
  { scheduler = "rate(1 day)", time_zone = "Europe/Berlin", window_minutes = 15, payload = { a = 1 } },
  { scheduler = "rate(2 days)", start = "2026-12-01T00:00:00Z", end = "2027-12-01T00:00:00Z", retries = 3 },
  { scheduler = "rate(3 days)", maximum_age = 60, dead_letter_queue = "arn:aws:sqs:us-east-1:222222222222:dead" },
  { sqs = { name = "in", batch_size = 100 }, window = 1, maximum_concurrency = 2 },
  { sqs = "arn:aws:sqs:us-east-1:222222222222:other" },
  { sns = true, filter_policy = { kind = ["x"] } },
  { s3 = true, prefix = "in/", events = ["s3:ObjectCreated:*"] },
  { event_pattern = { source = ["shop"] }, bus = "main" },
  { dynamodb = "arn:aws:dynamodb:us-east-1:222222222222:table/a/stream/1", filters = [{ eventName = ["INSERT"] }] },
  { kinesis = "arn:aws:kinesis:us-east-1:222222222222:stream/a", retries = 3 },
  { url = "NONE", cors = { allow_origins = ["https://example.org"], allow_methods = ["GET"], max_age = 5 } },
  { http = "GET /orders/{id}", authorizer = "customers", scopes = ["orders/read"], payload = "1.0" },
  { rest = "GET /orders/{id}", authorizer = "members", scopes = ["orders/read"], api_key = true },
]
[tool.multi_env_lambda.rest_api]
stage = "v1"
endpoint = "edge"
cors = { allow_origins = ["https://example.org"] }
throttling = { rate = 5, burst = 7 }
access_log = { retention_days = 7 }
binary_types = ["image/*"]
usage_plan = { keys = ["acme"], rate = 5, burst = 7, quota = 9, period = "day" }
authorizers.members = { user_pools = ["arn:aws:cognito-idp:us-east-1:222222222222:userpool/us-east-1_A"] }
authorizers.partners = { function = "create", decides_by = "request", headers = ["x-key"], cache_seconds = 60 }
authorizers.robots = { function = "create", pattern = "robot .+" }
[tool.multi_env_lambda.http_api]
stage = "v1"
cors = { allow_origins = ["https://example.org"] }
throttling = { rate = 5, burst = 7 }
access_log = { retention_days = 7 }
authorizers.customers = { issuer = "https://login.example.org/", audience = ["shop"] }
authorizers.partners = { function = "create", headers = ["x-key"], cache_seconds = 60 }
[tool.multi_env_lambda.jobs.nightly]
entry = "orders.job:main"
python_version = "3.9"
max_capacity = 0.0625
schedule = "cron(0 2 * * ? *)"
arguments = { "--year" = "2026" }
[tool.multi_env_lambda.environments.prod.functions.create]
memory_size = 1024
environment = { TEXT = "y" }
[tool.multi_env_lambda.environments.prod.jobs]
nightly = false
""")
CONFIG = read_workspace(WORKSPACE, where="pyproject.toml")

# What tomllib can give: no lone surrogates, but numbers of any size, dates, and every control character.
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(
        ["", "${", "${environment}", "$${", "../x", "*", "a" * 2000, "arn:aws:sqs:::", "١٢٣", "rate(0 days)"]
    ),
)
SCALARS = st.one_of(
    TEXTS,
    st.integers(),
    st.sampled_from([0, -1, 10**30]),
    st.floats(),
    st.booleans(),
    st.sampled_from([datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1), time(1)]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=4
)


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [place for key, item in inner for place in places_in(item, (*path, key))]


def with_change(document: dict[str, Any], place: tuple[Any, ...], change: Callable[[Any, Any], None]) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    holder: Any = changed
    for key in place[:-1]:
        holder = holder[key]
    change(holder, place[-1])
    return changed


def _remove(holder: Any, key: Any) -> None:
    del holder[key]


@st.composite
def damaged(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """The document with up to three values replaced, taken away, or accompanied by a key that nobody knows."""
    for _ in range(draw(st.integers(1, 3))):
        if not (places := places_in(document)):
            break
        place = draw(st.sampled_from(places))
        value = draw(VALUES)
        if (kind := draw(st.integers(0, 3))) == 0:
            document = with_change(document, place, _remove)
        elif kind == 1 and isinstance(place[-1], str):
            name = draw(TEXTS)
            document = with_change(document, (*place[:-1], name), lambda holder, key, v=value: holder.update({key: v}))
        else:
            document = with_change(document, place, lambda holder, key, v=value: holder.__setitem__(key, v))
    return document


def read_unit(document: dict[str, Any]) -> None:
    read_project(
        document, folder="projects/orders", where="orders", environments=CONFIG.environments, devops=CONFIG.devops
    )


def assert_read_or_refused(read: Callable[[dict[str, Any]], object], document: dict[str, Any], where: str) -> None:
    try:
        read(document)
    except ConfigurationError as error:
        assert error.where.startswith(where) and error.what and error.hint


def test_the_undamaged_documents_are_read() -> None:
    read_unit(UNIT)


@settings(max_examples=200)
@given(document=damaged(UNIT))
def test_a_damaged_unit_is_read_or_refused_with_its_place(document: dict[str, Any]) -> None:
    assert_read_or_refused(read_unit, document, "orders")


@settings(max_examples=150)
@given(document=damaged(WORKSPACE))
def test_a_damaged_workspace_is_read_or_refused_with_its_place(document: dict[str, Any]) -> None:
    assert_read_or_refused(lambda one: read_workspace(one, where="pyproject.toml"), document, "pyproject.toml")
