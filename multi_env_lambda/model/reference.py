"""What a unit refers to in its account by name only: a secret, a queue, a policy and so on. It never has a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, assert_never

import attrs

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.settings import (
    BucketEvents,
    BucketNotification,
    BucketPermission,
    DynamoDBStream,
    Event,
    EventPattern,
    Existing,
    Function,
    FunctionUrl,
    HttpRoute,
    KinesisStream,
    ParameterReference,
    PlainValue,
    Queue,
    ResourceReference,
    RestRoute,
    Schedule,
    SchedulerSchedule,
    SecretReference,
    Settings,
    Topic,
    UnitValue,
)

__all__ = ["Kind", "MissingReference", "Reference", "references_of"]

Kind = Literal["secret", "parameter", "queue", "topic", "stream", "table stream", "bus", "policy"]


@attrs.frozen(kw_only=True)
class Reference:
    """The variable of a function that refers to a secret or a parameter, an event of it, or a managed policy.

    ``seconds``: the least visibility timeout of a queue, 0 for the others.
    """

    function: str
    variable: str
    kind: Kind
    name: str
    seconds: int = 0

    def __str__(self) -> str:
        return f"{self.function}.{self.variable}: {self.kind} `{self.name}`"


@attrs.frozen(kw_only=True)
class MissingReference:
    """A reference to something that does not exist, or that cannot be used there."""

    reference: Reference
    what: str
    hint: str


def references_of(settings: Settings, environment: Environment) -> tuple[Reference, ...]:
    """Every reference of a unit's functions and jobs, in order; of other accounts and regions only queues."""
    functions = (found for function in settings.functions for found in _references(function, environment.name))
    jobs = (found for job in settings.jobs for found in _policies(job.key, job.managed_policies))
    return tuple(found for found in (*functions, *jobs) if found.kind == "queue" or _is_here(found.name, environment))


def _is_here(name: str, environment: Environment) -> bool:
    """A name without an account is one of the environment's."""
    region, account = name.split(":")[3:5] if name.startswith("arn:") and name.count(":") > 4 else ("", "")
    return region in ("", environment.region) and account in ("", "aws", environment.account_id)


def _references(function: Function, environment: str) -> Iterator[Reference]:
    for variable, value in function.environment:
        match value:
            case PlainValue() | ResourceReference():
                continue
            case UnitValue(unit=unit, parameter=key):
                name = f"/{unit}/{environment}/{key}"
                yield Reference(function=function.key, variable=variable, kind="parameter", name=name)
            case SecretReference(name=name):
                yield Reference(function=function.key, variable=variable, kind="secret", name=name)
            case ParameterReference(name=name):
                yield Reference(function=function.key, variable=variable, kind="parameter", name=name)
            case _:
                assert_never(value)
    for event in function.events:
        yield from _of_event(function, event)
    yield from _policies(function.key, function.managed_policies)


def _of_event(function: Function, event: Event) -> Iterator[Reference]:
    key = function.key
    match event:
        case Queue(source=Existing(identifier=arn)):
            yield Reference(function=key, variable="sqs", kind="queue", name=arn, seconds=function.timeout)
        case Topic(source=Existing(identifier=arn)):
            yield Reference(function=key, variable="sns", kind="topic", name=arn)
        case SchedulerSchedule(dead_letter_queue=Existing(identifier=arn)):
            yield Reference(function=key, variable="dead_letter_queue", kind="queue", name=arn)
        case KinesisStream(arn=arn):
            yield Reference(function=key, variable="kinesis", kind="stream", name=arn)
        case DynamoDBStream(source=Existing(identifier=arn)):
            yield Reference(function=key, variable="dynamodb", kind="table stream", name=arn)
        case EventPattern(bus=bus) if bus != "default":
            yield Reference(function=key, variable="bus", kind="bus", name=bus)
        case Queue() | Topic() | EventPattern() | DynamoDBStream() | FunctionUrl():
            return
        case Schedule() | SchedulerSchedule() | HttpRoute() | RestRoute():
            return
        case BucketNotification() | BucketPermission() | BucketEvents():
            return
        case _:
            assert_never(event)


def _policies(key: str, arns: tuple[str, ...]) -> Iterator[Reference]:
    for arn in arns:
        yield Reference(function=key, variable="managed_policies", kind="policy", name=arn)
