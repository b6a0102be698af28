"""Reads one Lambda function: its sizes, surroundings, events and checks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import assert_never

from multi_env_lambda.model.api_settings import HttpRoute
from multi_env_lambda.model.event import read_event
from multi_env_lambda.model.keys.function import (
    DESCRIPTION,
    FUNCTION,
    HANDLER,
    MOST_GROUPS,
    MOST_OTHER_LAYERS,
    VARIABLE,
)
from multi_env_lambda.model.keys.reference import REFERENCE
from multi_env_lambda.model.name import KEY
from multi_env_lambda.model.policy import read_managed_policies, read_policies
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.resources import ResourceKind, ResourceReference
from multi_env_lambda.model.rest_settings import RestRoute
from multi_env_lambda.model.settings import (
    Alarms,
    BucketEvents,
    BucketNotification,
    BucketPermission,
    Canary,
    DynamoDBStream,
    EnvironmentValue,
    Event,
    EventPattern,
    Existing,
    Function,
    FunctionUrl,
    KinesisStream,
    Linear,
    ParameterReference,
    PlainValue,
    Queue,
    Schedule,
    SchedulerSchedule,
    SecretReference,
    Smoke,
    Topic,
    Traffic,
    UnitValue,
    Vpc,
)
from multi_env_lambda.model.uses import read_reference, read_uses

__all__ = ["RESERVED_VARIABLES", "DESCRIPTION", "HANDLER", "read_function"]

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
RESERVED_VARIABLES = frozenset(
    [
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_LAMBDA_MAX_CONCURRENCY",
        "AWS_LAMBDA_METADATA_API",
        "AWS_LAMBDA_METADATA_TOKEN",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    ]
)
_OF_AN_OWN_ROLE = ("policies", "managed_policies", "read", "write", "invoke", "start")
_TRAFFIC = re.compile(r"(canary|linear) ([0-9]{1,2})% ([0-9]{1,4})m", re.ASCII)
_FOLDER = re.compile(r"[^\x00-\x1f\x7f\\:~]{1,200}")
_MOST_ENVIRONMENT_BYTES = 4096


def read_function(table: Table, *, key: str, runtime: str, own: Mapping[str, ResourceKind] = {}) -> Function:  # noqa: B006 - never written
    """One function of one environment; ``table`` is merged and substituted, ``own`` are the unit's resources."""
    table = table.of(FUNCTION)
    table.allow()
    timeout = table.number("timeout")
    return Function(
        key=key,
        handler=_handler(table),
        root=_root(table),
        name=table.optional_named("name"),
        memory_size=table.number("memory_size"),
        timeout=timeout,
        environment=_environment(table, own),
        description=table.named_or("description"),
        ephemeral_storage=table.number("ephemeral_storage"),
        reserved_concurrency=table.optional_number("reserved_concurrency"),
        log_retention_days=int(table.one_of_numbers("log_retention_days")),
        log_format=table.choice("log_format"),
        tracing=table.choice("tracing"),
        vpc=_vpc(table.table("vpc")) if table.has("vpc") else None,
        dead_letter_arn=table.optional_named("dead_letter_arn"),
        on_failure_arn=table.optional_named("on_failure_arn"),
        snap_start=_snap_start(table, runtime),
        layers=_layers(table),
        provided=table.texts("provided"),
        role=_role(table),
        managed_policies=read_managed_policies(table),
        policies=read_policies(table),
        read=read_uses(table, "read"),
        write=read_uses(table, "write"),
        invoke=read_uses(table, "invoke"),
        start=read_uses(table, "start"),
        events=_events(table, key, timeout, own),
        alarms=_alarms(table.table("alarms")) if table.has("alarms") else None,
        smoke=_smoke(table.table("smoke")) if table.has("smoke") else None,
        traffic=_traffic(table) if table.has("traffic") else None,
    )


def _handler(table: Table) -> str:
    table.require("handler", hint=f"add `handler = …`, {HANDLER.hint}")
    return table.named("handler")


def _root(table: Table) -> str:
    """In normal form; whether there is such a folder is known when the unit is built."""
    text = table.text_or("root") or "."
    path = PurePosixPath(text)
    parts = path.parts
    if not _FOLDER.fullmatch(text) or path.is_absolute() or ".." in parts or any(one.startswith(".") for one in parts):
        hint = 'write the path from the unit\'s own folder, with `/`: for example "orders"'
        table.refuse("root", f'found "{text}"; expected a folder of the unit', hint=hint)
    return "" if not parts else str(path)


def _snap_start(table: Table, runtime: str) -> bool:
    wanted = table.flag("snap_start")
    if wanted and int(runtime.rpartition(".")[2]) < 12:
        hint = "set `runtime` to python3.12 or newer"
        table.refuse("snap_start", f"found true with {runtime}; expected python3.12 or newer", hint=hint)
    if wanted and table.number("ephemeral_storage") > 512:
        what = f"found true with ephemeral_storage {table.values['ephemeral_storage']}; expected 512"
        table.refuse("snap_start", what, hint="SnapStart does not support more ephemeral storage; remove one of them")
    return wanted


def _layers(table: Table) -> tuple[str, ...]:
    found = table.texts("layers")
    if len(found) > MOST_OTHER_LAYERS:
        what = f"found {len(found)} layers; expected at most {MOST_OTHER_LAYERS} in addition to the unit's own"
        table.refuse(
            "layers", what, hint=f"Lambda takes {MOST_OTHER_LAYERS + 1} layers in total; move some packages to the lock"
        )
    return found


def _role(table: Table) -> str | None:
    found = table.optional_named("role")
    for key in _OF_AN_OWN_ROLE if found is not None else ():
        if table.values.get(key):
            what = f"found it together with `role`; {found} exists already, and no stack changes it"
            table.refuse(key, what, hint=f"allow it in the role itself and remove `{key}`, or remove `role`")
    return found


def _vpc(table: Table) -> Vpc:
    table.allow()
    subnets, ids, own = (table.texts(key) for key in ("subnet_ids", "security_group_ids", "security_groups"))
    if not 1 <= len(ids) + len(own) <= MOST_GROUPS:
        what = f"found {len(ids)} in `security_group_ids` and {len(own)} in `security_groups`"
        hint = 'name a group of the VPC, or one of the unit: `security_groups = ["outbound"]`'
        hint = hint if not ids and not own else "put the rules of some of them into one group"
        table.refuse("", f"{what}; expected 1 to {MOST_GROUPS} security groups in both", hint=hint)
    return Vpc(subnet_ids=subnets, security_group_ids=ids, security_groups=own)


# --- environment variables ---
def _environment(table: Table, own: Mapping[str, ResourceKind]) -> tuple[tuple[str, EnvironmentValue], ...]:
    inner = table.table("environment")
    found = tuple((name, _environment_value(inner, name, own)) for name in sorted(inner.values))
    size = sum(len(f"{name}{value.text}".encode()) for name, value in found if isinstance(value, PlainValue))
    if size > _MOST_ENVIRONMENT_BYTES:
        what = f"found {size} bytes of names and values; expected at most {_MOST_ENVIRONMENT_BYTES}"
        table.refuse("environment", what, hint="keep large settings in a parameter, a secret or the package")
    return found


def _environment_value(table: Table, name: str, own: Mapping[str, ResourceKind]) -> EnvironmentValue:
    if name in RESERVED_VARIABLES:
        table.refuse(name, f"`{name}` is set by Lambda itself", hint="choose another name")
    if not VARIABLE.accepts(name):
        table.refuse(name, f"found the name `{name}`; expected {VARIABLE.allowed}", hint=VARIABLE.hint)
    match table.values[name]:
        case str(text):
            return PlainValue(text=text)
        case bool(flag):
            return PlainValue(text="true" if flag else "false")
        case int() | float() as number:
            return PlainValue(text=str(number))
        case Mapping():
            return _reference(table.table(name), own)
        case _:
            hint = 'write a list as JSON text: `\'["a", "b"]\'`'
            table.wrong(name, allowed="text, a number, true, false, { secret = … } or { parameter = … }", hint=hint)


def _reference(
    table: Table, own: Mapping[str, ResourceKind]
) -> SecretReference | ParameterReference | ResourceReference | UnitValue:
    if "unit" in table.values:
        return _of_unit(table.of(REFERENCE.only("unit", "parameter")))
    if (named := read_reference(table, own)) is not None:
        return named
    table.allow()
    if table.has("secret") == table.has("parameter"):
        hint = 'for example { secret = "orders/db", key = "password" } or { parameter = "/orders/url" }'
        found = " and ".join(f"`{key}`" for key in table.values) or "nothing"
        table.refuse("", f"found {found}; expected exactly one of `secret` and `parameter`", hint=hint)
    if table.has("secret"):
        return SecretReference(name=table.named("secret"), key=table.optional_named("key"))
    if table.has("key"):
        table.refuse("key", "`key` cannot be combined with `parameter`", hint="only a secret has keys")
    return ParameterReference(name=table.named("parameter"))


def _of_unit(table: Table) -> UnitValue:
    table.allow()
    parameter = table.text("parameter", hint='name the key that it has in that unit: `parameter = "orders-table"`')
    if not KEY.accepts(parameter):
        table.wrong("parameter", allowed=KEY.allowed, hint="it is the key of a parameter of that unit, not its name")
    return UnitValue(unit=table.named("unit"), parameter=parameter)


# --- events and checks ---
def _events(table: Table, key: str, timeout: int, own: Mapping[str, ResourceKind]) -> tuple[Event, ...]:
    tables = table.tables("events")
    buckets = [name for name, kind in own.items() if kind == "bucket"]
    events = tuple(read_event(item, function=key, timeout=timeout, buckets=buckets) for item in tables)
    seen: set[tuple[str, str]] = set()
    for item, event in zip(tables, events, strict=True):
        kind, what = _identity(event)
        if (kind, what) in seen:
            item.refuse("", f"two events of one function are the same: {kind}, {what}", hint="remove one, or name them")
        seen.add((kind, what))
    return events


def _identity(event: Event) -> tuple[str, str]:
    """What must be unique within a function."""
    kind = type(event).__name__
    match event:
        case FunctionUrl():
            return kind, "one per function"
        case HttpRoute(route=route) | RestRoute(route=route):
            return kind, route.key
        case Queue(source=source) | Topic(source=source) | DynamoDBStream(source=source):
            return kind, source.identifier if isinstance(source, Existing) else f"created as `{source.key}`"
        case KinesisStream(arn=arn):
            return kind, arn
        case BucketEvents(source=source):
            return kind, str(event) if isinstance(source, Existing) else f"created as `{source.key}`"
        case BucketNotification(key=key, prefix=prefix, suffix=suffix):
            return kind, f"created as `{key}`, {prefix}*{suffix}, {', '.join(event.events)}"
        case BucketPermission(bucket=bucket):
            return kind, bucket
        case Schedule(expression=expression) | SchedulerSchedule(expression=expression):
            zone = f" in {event.time_zone}" if isinstance(event, SchedulerSchedule) else ""
            return kind, f"{expression}{zone} {event.payload or ''}".strip()
        case EventPattern(pattern=pattern, bus=bus):
            return kind, f"{pattern} on {bus}"
        case _:
            assert_never(event)


def _alarms(table: Table) -> Alarms:
    table.allow()
    return Alarms(
        errors=table.number("errors"),
        minutes=table.number("minutes"),
        notify=table.texts("notify"),
    )


def _smoke(table: Table) -> Smoke:
    table.allow()
    return Smoke(payload=table.optional_json("payload") or "{}", expect=table.optional_json("expect"))


def _traffic(table: Table) -> Traffic:
    found = _TRAFFIC.fullmatch(table.text("traffic"))
    percent, minutes = (int(found[2]), int(found[3])) if found else (0, 0)
    if found is None or not percent or not minutes:
        hint = "the percentage is 1 to 99, the minutes are 1 to 9999"
        table.wrong("traffic", allowed='"canary 10% 5m" or "linear 20% 1m"', hint=hint)
    kind = Canary if found[1] == "canary" else Linear
    return kind(percent=percent, minutes=minutes)
