"""What invokes a function of Serverless, except HTTP: each kind becomes an event of ours, or resources of the stack."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from multi_env_lambda.adopt.found import Grant, Ours
from multi_env_lambda.adopt.serverless_service import Service, at, key_of, letters, logical_id, unknown_in
from multi_env_lambda.adopt.serverless_values import Filled, Unknown, Value, plain

__all__ = ["EVENTS", "Asked", "mapping", "rule", "seconds"]

_READ_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility")
_READ_STREAM = {
    "dynamodb": ("dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream", "dynamodb:ListStreams"),
    "kinesis": (
        *("kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:DescribeStream", "kinesis:DescribeStreamSummary"),
        *("kinesis:ListShards", "kinesis:ListStreams", "kinesis:SubscribeToShard"),
    ),
}
Event = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Asked:
    """One event of one function, as the service has it.

    Args:
        kind: such as ``sqs``. path: where it is. number: of the event among those of the function.
    """

    service: Service
    function: str
    kind: str
    value: Value
    path: Sequence[str | int]
    number: int

    @property
    def key(self) -> str:
        return self.service.keys[self.function]

    @property
    def what(self) -> str:
        return f"event {self.kind}"

    def has(self, *names: str) -> bool:
        return any(at(self.value, name) is not None for name in names)

    def dropped(self, reason: str) -> tuple[Event, ...]:
        self.service.dropped(self.function, self.what, self.path, reason)
        return ()

    def unless(self, reasons: Mapping[str, str]) -> None:
        """Says which of its settings have no counterpart."""
        for name, reason in reasons.items():
            if self.has(name):
                self.service.dropped(self.function, f"{self.what}: {name}", [*self.path, name], reason)

    def to(self, event: Event) -> tuple[Event, ...]:
        """It has become an event of ours."""
        kind, value = next(iter(event.items()))
        self.service.carried(self.function, self.what, self.path, f"{kind} = {_short(value)}")
        return (event,)

    def in_stack(self, *resources: tuple[str, Any]) -> tuple[Event, ...]:
        """It has become resources in ``stack.py``."""
        if (unknown := unknown_in([body for _, body in resources])) is not None:
            return self.dropped(unknown.why)
        self.service.resources.update(resources)
        names = ", ".join(name for name, _ in resources)
        self.service.carried(self.function, self.what, self.path, f"stack.py: {names}")
        return ()

    def named(self, word: str) -> str:
        """A logical id for what the event needs in the stack."""
        return logical_id(self.key, word, str(self.number + 1))


def _short(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"


def seconds(value: Value, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _is_off(asked: Asked) -> bool:
    if at(asked.value, "enabled") not in (False, "false"):
        return False
    asked.dropped("it is switched off (`enabled: false`), and an event here is always on; add it when it is needed")
    return True


def _schedule(asked: Asked) -> tuple[Event, ...]:
    if _is_off(asked):
        return ()
    found = at(asked.value, "rate") if isinstance(asked.value, dict) else asked.value
    expressions = found if isinstance(found, list) else [found]
    if at(asked.value, "timezone") not in (None, "UTC", "Etc/UTC"):
        return asked.dropped(
            "a schedule is in UTC here; with a time zone it is a schedule of EventBridge Scheduler in `stack.py`"
        )
    if asked.has("inputPath", "inputTransformer"):
        if len(expressions) > 1:
            return asked.dropped("several expressions with `inputPath` or `inputTransformer`: write an event for each")
        return asked.in_stack(*rule(asked, {"ScheduleExpression": asked.service.body(expressions[0])}))
    asked.unless({"name": "the rule is called after unit, environment and function"})
    payload = asked.service.tree(at(asked.value, "input"))
    events: list[Event] = []
    for each in expressions:
        text = asked.service.text(each)
        if text is None:
            return asked.dropped("its expression is not a text")
        events += asked.to({"schedule": text, **({} if payload is None else {"payload": payload})})
    return tuple(events)


def _sqs(asked: Asked) -> tuple[Event, ...]:
    if _is_off(asked):
        return ()
    value, service = asked.value, asked.service
    arn = at(value, "arn") if isinstance(value, dict) else value
    batch = {
        "batch_size": seconds(at(value, "batchSize"), 10),
        "window": seconds(at(value, "maximumBatchingWindow"), 0),
        "partial_failures": at(value, "functionResponseType") == "ReportBatchItemFailures",
        "maximum_concurrency": at(value, "maximumConcurrency"),
    }
    text = service.text(arn)
    if text is not None and not asked.has("filterPatterns"):
        return asked.to({"sqs": text, **{name: each for name, each in batch.items() if each not in (None, 0)}})
    service.grants.append(Grant(function=asked.key, actions=_READ_QUEUE, resources=(service.body(arn),)))
    concurrency = batch["maximum_concurrency"]
    more = {"ScalingConfig": {"MaximumConcurrency": concurrency}} if concurrency is not None else {}
    return mapping(asked, arn, {"BatchSize": batch["batch_size"], **more})


def mapping(asked: Asked, arn: Value, properties: Mapping[str, Any]) -> tuple[Event, ...]:
    """What reads a queue or a stream of the stack itself, with the settings that all of them have."""
    value = asked.value
    window = at(value, "maximumBatchingWindow") or at(value, "batchWindow")
    patterns = at(value, "filterPatterns")
    filters = [{"Pattern": asked.service.json(each)} for each in (patterns if isinstance(patterns, list) else [])]
    body = {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "EventSourceArn": asked.service.body(arn),
            "FunctionName": Ours("alias", asked.key),
            **properties,
            **({"MaximumBatchingWindowInSeconds": window} if window else {}),
            **({"FunctionResponseTypes": ["ReportBatchItemFailures"]} if asked.has("functionResponseType") else {}),
            **({"FilterCriteria": {"Filters": filters}} if filters else {}),
        },
    }
    return asked.in_stack((asked.named(f"{asked.kind}-source"), body))


def _stream(asked: Asked) -> tuple[Event, ...]:
    if _is_off(asked):
        return ()
    value, service = asked.value, asked.service
    arn = at(value, "arn") if isinstance(value, dict) else value
    text = service.text(arn)
    kind = at(value, "type") or ("kinesis" if ":kinesis:" in (text or "") else "dynamodb")
    if kind not in _READ_STREAM or asked.has("consumer", "startingPositionTimestamp", "tumblingWindowInSeconds"):
        return asked.dropped(
            "a stream with its own consumer, a time to start from or a tumbling window has no key here"
        )
    on_failure = at(value, "destinations", "onFailure")
    if text is not None and (on_failure is None or service.text(on_failure) is not None):
        return asked.to({str(kind): text, **_batches(asked), **_report(asked, on_failure)})
    failures = {"DestinationConfig": {"OnFailure": {"Destination": service.body(on_failure)}}} if on_failure else {}
    service.grants.append(Grant(function=asked.key, actions=_READ_STREAM[str(kind)], resources=(service.body(arn),)))
    settings = {
        "BatchSize": seconds(at(value, "batchSize"), 10),
        "StartingPosition": at(value, "startingPosition") or "TRIM_HORIZON",
        "MaximumRetryAttempts": at(value, "maximumRetryAttempts"),
        "MaximumRecordAgeInSeconds": at(value, "maximumRecordAgeInSeconds"),
        "BisectBatchOnFunctionError": at(value, "bisectBatchOnFunctionError"),
        "ParallelizationFactor": at(value, "parallelizationFactor"),
    }
    return mapping(asked, arn, {**{name: each for name, each in settings.items() if each is not None}, **failures})


def _batches(asked: Asked) -> Event:
    """The settings of a stream in our words; Serverless starts with the oldest record and gives 10 at once."""
    value = asked.value
    settings = {
        "starting_position": at(value, "startingPosition") or "TRIM_HORIZON",
        "batch_size": seconds(at(value, "batchSize"), 10),
        "window": at(value, "batchWindow"),
        "parallelization": at(value, "parallelizationFactor"),
        "partial_failures": at(value, "functionResponseType") == "ReportBatchItemFailures",
        "bisect": at(value, "bisectBatchOnFunctionError"),
        "retries": at(value, "maximumRetryAttempts"),
        "filters": asked.service.tree(at(value, "filterPatterns")),
    }
    return {name: each for name, each in settings.items() if each is not None}


def _report(asked: Asked, on_failure: Value) -> Event:
    return {} if on_failure is None else {"on_failure_arn": asked.service.text(on_failure)}


def _sns(asked: Asked) -> tuple[Event, ...]:
    value, service = asked.value, asked.service
    arn = at(value, "arn") if isinstance(value, dict) else value
    policy = service.tree(at(value, "filterPolicy"))
    more = {} if policy is None else {"filter_policy": policy}
    asked.unless(
        {
            "redrivePolicy": "a subscription has no dead-letter queue here; `on_failure_arn` of the function gets what "
            "it could not work on",
            "filterPolicyScope": "a filter looks at the attributes of a message, not at its text",
        }
    )
    text = None if arn is None else service.text(arn)
    if isinstance(value, dict) and arn is None:
        text = service.text(at(value, "topicName"))
    if text is not None and not text.startswith("arn:"):
        return _own_topic(asked, text, more)
    if text is not None:
        return asked.to({"sns": text, **more})
    topic = service.body(arn)
    if isinstance(topic, Unknown):
        return asked.dropped(topic.why)
    filters = {"FilterPolicy": service.body(at(value, "filterPolicy"))} if policy is not None else {}
    subscription = {"Protocol": "lambda", "TopicArn": topic, "Endpoint": Ours("alias", asked.key), **filters}
    return asked.in_stack(
        (asked.named("subscription"), {"Type": "AWS::SNS::Subscription", "Properties": subscription}),
        (asked.named("topic-permission"), _may_call(asked, "sns.amazonaws.com", topic)),
    )


def _own_topic(asked: Asked, name: str, more: Event) -> tuple[Event, ...]:
    """A topic that Serverless makes for the functions which name it."""
    key = key_of(name.replace("${environment}", "")) or "topic"
    asked.service.made[f"SNSTopic{letters(name)}"] = logical_id(key, "Topic")
    asked.service.topics.setdefault(key, {})
    asked.service.changed(
        asked.function, asked.what, asked.path, f'sns = "{key}"', f"the topic `{name}` is called UNIT-ENVIRONMENT-{key}"
    )
    return ({"sns": key, **more},)


def _may_call(asked: Asked, principal: str, source: Any = None, **more: Any) -> dict[str, Any]:
    properties = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": Ours("alias", asked.key),
        "Principal": principal,
        **({} if source is None else {"SourceArn": source}),
        **more,
    }
    return {"Type": "AWS::Lambda::Permission", "Properties": properties}


def _s3(asked: Asked) -> tuple[Event, ...]:
    value, service = asked.value, asked.service
    name = at(value, "bucket") if isinstance(value, dict) else value
    if at(value, "existing") is True:
        text = service.text(name)
        if text is None:
            return asked.dropped("the name of the bucket is not a text")
        service.changed(
            asked.function,
            asked.what,
            asked.path,
            f's3 = "{text}", form = "s3"',
            "the owner of the bucket adds the notification for the function; `outputs` shows its ARN",
        )
        return ({"s3": text, "form": "s3"},)
    if not isinstance(name, (str, Filled)):
        return asked.dropped("the name of the bucket is not a text")
    configured = service.get("provider", "s3", plain(name))
    own = at(configured, "name") or at(configured, "bucketName") or name
    if not isinstance(own, (str, Filled)):
        return asked.dropped("the name of the bucket is not a text")
    return _own_bucket(asked, f"S3Bucket{letters(plain(name))}", own, configured)


def _own_bucket(asked: Asked, bucket: str, name: str | Filled, configured: Value) -> tuple[Event, ...]:
    """A bucket that Serverless makes, with this name, and that tells the function about its objects."""
    service = asked.service
    rules = at(asked.value, "rules")
    filters = [
        {"Name": kind, "Value": service.body(each)}
        for found in (rules if isinstance(rules, list) else [])
        if isinstance(found, dict)
        for kind, each in found.items()
    ]
    notification = {
        "Event": service.body(at(asked.value, "event")) or "s3:ObjectCreated:*",
        "Function": Ours("alias", asked.key),
        **({"Filter": {"S3Key": {"Rules": filters}}} if filters else {}),
    }
    permission = logical_id(asked.key, bucket, "Permission")
    more = {
        f"{word[:1].upper()}{word[1:]}": service.body(each)
        for word, each in (configured if isinstance(configured, dict) else {}).items()
        if word not in ("name", "bucketName")
    }
    body = service.resources.setdefault(
        bucket,
        {
            "Type": "AWS::S3::Bucket",
            "DependsOn": [],
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Properties": {"BucketName": name, **more, "NotificationConfiguration": {"LambdaConfigurations": []}},
        },
    )
    body["Properties"]["NotificationConfiguration"]["LambdaConfigurations"].append(notification)
    if permission not in body["DependsOn"]:
        body["DependsOn"].append(permission)
    service.made[bucket] = bucket
    arn = Filled(("arn:aws:s3:::", *(name.parts if isinstance(name, Filled) else (name,))))
    permitted = _may_call(asked, "s3.amazonaws.com", arn, SourceAccount={"Ref": "AWS::AccountId"})
    return asked.in_stack((bucket, body), (permission, permitted))


def _event_bridge(asked: Asked) -> tuple[Event, ...]:
    if _is_off(asked):
        return ()
    value, service = asked.value, asked.service
    bus = at(value, "eventBus")
    text = None if bus is None else service.text(bus)
    pattern = service.tree(at(value, "pattern"))
    is_plain = not asked.has("input", "inputPath", "inputTransformer", "retryPolicy", "deadLetterQueueArn")
    if asked.has("schedule"):
        return _schedule(attrs.evolve(asked, value={**value, "rate": at(value, "schedule")}))  # type: ignore[dict-item]
    if isinstance(pattern, dict) and is_plain and (bus is None or (text or "").startswith("arn:")):
        return asked.to({"event_pattern": pattern, **({} if text is None else {"bus": text})})
    made: list[tuple[str, Any]] = []
    on: Any = service.body(bus)
    if text is not None and not text.startswith("arn:") and text != "default":
        name = logical_id(text.replace("${environment}", ""), "EventBus")
        made.append((name, {"Type": "AWS::Events::EventBus", "Properties": {"Name": bus}}))
        on = {"Ref": name}
    more = {} if bus is None else {"EventBusName": on}
    return asked.in_stack(*made, *rule(asked, {"EventPattern": service.body(at(value, "pattern")), **more}))


def _cloudwatch(asked: Asked) -> tuple[Event, ...]:
    value = asked.value if isinstance(asked.value, dict) else {}
    return _event_bridge(attrs.evolve(asked, value={**value, "pattern": at(value, "event")}))


def rule(asked: Asked, properties: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """A rule of EventBridge with what its target gets, and the permission for it; properties for ``stack.py``."""
    service, value = asked.service, asked.value
    target: dict[str, Any] = {"Id": "function", "Arn": Ours("alias", asked.key)}
    if (given := at(value, "input")) is not None:
        target["Input"] = service.body(given) if isinstance(given, (str, Filled)) else service.json(given)
    if (path := at(value, "inputPath")) is not None:
        target["InputPath"] = service.body(path)
    if isinstance(change := at(value, "inputTransformer"), dict):
        words = {"inputPathsMap": "InputPathsMap", "inputTemplate": "InputTemplate"}
        target["InputTransformer"] = {words.get(word, word): service.body(each) for word, each in change.items()}
    name = asked.named("rule")
    arn = {"Fn::GetAtt": [name, "Arn"]}
    return (
        (name, {"Type": "AWS::Events::Rule", "Properties": {**properties, "State": "ENABLED", "Targets": [target]}}),
        (asked.named("rule-permission"), _may_call(asked, "events.amazonaws.com", arn)),
    )


def _alexa(asked: Asked) -> tuple[Event, ...]:
    skill = at(asked.value, "appId") if isinstance(asked.value, dict) else asked.value
    token = {} if skill is None else {"EventSourceToken": asked.service.body(skill)}
    permission = _may_call(asked, "alexa-appkit.amazon.com", None, **token)
    return asked.in_stack((asked.named("alexa-permission"), permission))


def _cloudwatch_log(asked: Asked) -> tuple[Event, ...]:
    group = at(asked.value, "logGroup") if isinstance(asked.value, dict) else asked.value
    service = asked.service
    permission = asked.named("log-permission")
    properties = {
        "LogGroupName": service.body(group),
        "FilterPattern": service.body(at(asked.value, "filter")) or "",
        "DestinationArn": Ours("alias", asked.key),
    }
    body = {"Type": "AWS::Logs::SubscriptionFilter", "DependsOn": [permission], "Properties": properties}
    return asked.in_stack((permission, _may_call(asked, "logs.amazonaws.com")), (asked.named("log-filter"), body))


EVENTS: Mapping[str, Callable[[Asked], tuple[Event, ...]]] = {
    "schedule": _schedule,
    "sqs": _sqs,
    "stream": _stream,
    "sns": _sns,
    "s3": _s3,
    "eventBridge": _event_bridge,
    "cloudwatchEvent": _cloudwatch,
    "cloudwatchLog": _cloudwatch_log,
    "alexaSkill": _alexa,
}
"""By what Serverless calls them."""
