"""What goes into a unit's template for one environment: functions, jobs, what triggers them and what monitors them.

All values are frozen and hashable; JSON-like things are kept as canonical JSON text, tables as sorted pairs.
The readers are in ``function.py``, ``event.py``, ``job.py`` and ``read_resources.py``.
"""

from __future__ import annotations

from typing import assert_never

import attrs

from multi_env_lambda.model.api_settings import Cors, HttpApi, HttpRoute
from multi_env_lambda.model.event_kinds import (
    BucketEvents,
    BucketNotification,
    BucketPermission,
    Declared,
    DynamoDBStream,
    Event,
    EventPattern,
    Existing,
    FunctionUrl,
    KinesisStream,
    Own,
    OwnQueue,
    Queue,
    Schedule,
    SchedulerSchedule,
    Starting,
    Topic,
)
from multi_env_lambda.model.resources import (
    DataBucket,
    DataTable,
    MessageQueue,
    MessageTopic,
    NetworkRule,
    OwnParameter,
    OwnResource,
    OwnSecret,
    ResourceReference,
    SecurityGroup,
    StateMachine,
    TableIndex,
)
from multi_env_lambda.model.rest_settings import RestApi, RestRoute
from multi_env_lambda.model.runtime import GLUE_PYTHON, SPARK_PYTHON
from multi_env_lambda.model.statement import Statement

__all__ = [
    "Alarms",
    "BucketEvents",
    "BucketNotification",
    "BucketPermission",
    "Canary",
    "Cors",
    "DataBucket",
    "DataTable",
    "Declared",
    "DynamoDBStream",
    "EnvironmentValue",
    "Event",
    "EventPattern",
    "Existing",
    "Function",
    "FunctionUrl",
    "HttpApi",
    "HttpRoute",
    "GlueJob",
    "KinesisStream",
    "Linear",
    "MessageQueue",
    "MessageTopic",
    "NetworkRule",
    "PlainValue",
    "Own",
    "OwnQueue",
    "OwnParameter",
    "OwnResource",
    "OwnSecret",
    "ParameterReference",
    "PythonShell",
    "Queue",
    "ResourceReference",
    "RestApi",
    "RestRoute",
    "Schedule",
    "SchedulerSchedule",
    "SecretReference",
    "SecurityGroup",
    "Settings",
    "Smoke",
    "Spark",
    "Starting",
    "StateMachine",
    "Statement",
    "TableIndex",
    "Topic",
    "Traffic",
    "UnitValue",
    "Vpc",
    "stated_name",
]


# --- values of environment variables ---
@attrs.frozen(kw_only=True)
class PlainValue:
    """A value that is in the configuration and in the template."""

    text: str


@attrs.frozen(kw_only=True)
class SecretReference:
    """A secret of Secrets Manager by name; ``key`` picks one entry of a JSON secret. Never its value."""

    name: str
    key: str | None = None


@attrs.frozen(kw_only=True)
class ParameterReference:
    """A parameter of the SSM parameter store by name. Never its value."""

    name: str


@attrs.frozen(kw_only=True)
class UnitValue:
    """A parameter that another unit has in the same environment; this unit needs that one."""

    unit: str
    parameter: str


EnvironmentValue = PlainValue | SecretReference | ParameterReference | ResourceReference | UnitValue


# --- permissions ---
# --- what watches a function ---
@attrs.frozen(kw_only=True)
class Alarms:
    """An alarm when there are at least ``errors`` errors in ``minutes``; ``notify`` are ARNs of SNS topics."""

    errors: int = 1
    minutes: int = 5
    notify: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Smoke:
    """An invocation after each deploy; the answer must contain ``expect`` (None: any answer that is not an error).

    Both are canonical JSON.
    """

    payload: str
    expect: str | None = None


@attrs.frozen(kw_only=True)
class Canary:
    """First ``percent`` of the traffic, and after ``minutes`` all of it."""

    percent: int
    minutes: int


@attrs.frozen(kw_only=True)
class Linear:
    """Every ``minutes`` another ``percent`` of the traffic, until it is all of it."""

    percent: int
    minutes: int


Traffic = Canary | Linear


# --- what runs ---
@attrs.frozen(kw_only=True)
class Vpc:
    """The network that a function is attached to; ``security_groups`` are keys of the unit's own."""

    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Function:
    """One Lambda function of a unit in one environment; sizes in MB, times in seconds.

    ``root`` is the folder of the unit that is the top of its code; empty: as the unit is built. ``name`` is that in
    AWS, if it is not made of those of the unit, the environment and the key: ``Project.function_name``. ``layers`` are
    ARNs of other layers in addition to the unit's own, and ``provided`` the modules in them. ``log_retention_days`` 0
    keeps logs indefinitely.
    ``role`` is the ARN of one that exists; None: the stack creates one. ``read``, ``write``, ``invoke`` and ``start``
    are keys of the unit's own resources.
    """

    key: str
    handler: str
    root: str = ""
    name: str | None = None
    memory_size: int = 128
    timeout: int = 3
    environment: tuple[tuple[str, EnvironmentValue], ...] = ()
    description: str = ""
    ephemeral_storage: int = 512
    reserved_concurrency: int | None = None
    log_retention_days: int = 30
    log_format: str = "Text"
    tracing: str = "PassThrough"
    vpc: Vpc | None = None
    dead_letter_arn: str | None = None
    on_failure_arn: str | None = None
    snap_start: bool = False
    layers: tuple[str, ...] = ()
    provided: tuple[str, ...] = ()
    role: str | None = None
    managed_policies: tuple[str, ...] = ()
    policies: tuple[Statement, ...] = ()
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    invoke: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    alarms: Alarms | None = None
    smoke: Smoke | None = None
    traffic: Traffic | None = None


@attrs.frozen(kw_only=True)
class PythonShell:
    """One machine with Python and no Spark; ``max_capacity`` is 0.0625 or 1 data processing units."""

    max_capacity: float = 0.0625


@attrs.frozen(kw_only=True)
class Spark:
    """A cluster of ``number_of_workers``, one of which leads the others; Glue's version says which Python and Spark."""

    glue_version: str = "5.0"
    worker_type: str = "G.1X"
    number_of_workers: int = 2


@attrs.frozen(kw_only=True)
class GlueJob:
    """One Glue job: it gets the unit's wheel and runs ``entry`` (``module:function``); timeout in minutes."""

    key: str
    entry: str
    runs_on: PythonShell | Spark = PythonShell()
    timeout: int = 60
    max_retries: int = 0
    arguments: tuple[tuple[str, str], ...] = ()
    managed_policies: tuple[str, ...] = ()
    policies: tuple[Statement, ...] = ()
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    invoke: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    schedule: str | None = None
    description: str = ""

    @property
    def python(self) -> str:
        """The version of Python that Glue runs it in."""
        match self.runs_on:
            case PythonShell():
                return GLUE_PYTHON
            case Spark(glue_version=version):
                return SPARK_PYTHON[version]
            case _:
                assert_never(self.runs_on)


@attrs.frozen(kw_only=True)
class Settings:
    """All of one unit in one environment; functions, jobs and resources are sorted by key, tags by name.

    ``http_api`` and ``rest_api`` are None where no function has a route of one.
    """

    functions: tuple[Function, ...] = ()
    jobs: tuple[GlueJob, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    http_api: HttpApi | None = None
    rest_api: RestApi | None = None
    resources: tuple[OwnResource, ...] = ()

    @property
    def references(self) -> tuple[SecretReference | ParameterReference, ...]:
        """Every secret and parameter that a function needs, once each, so that a missing one is found early."""
        values = {value for function in self.functions for _, value in function.environment}
        found = [value for value in values if isinstance(value, SecretReference | ParameterReference)]
        return tuple(sorted(found, key=lambda reference: (type(reference).__name__, str(reference))))


def stated_name(settings: Settings | None, key: str, kind: type) -> str:
    """The name in AWS that the table of a resource of this kind states; empty without one."""
    resources = () if settings is None else settings.resources
    return next((str(getattr(one, "name", "")) for one in resources if type(one) is kind and one.key == key), "")
