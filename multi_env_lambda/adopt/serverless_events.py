"""What invokes a function of Serverless, except HTTP: each kind becomes an event of ours, or resources of the stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from multi_env_lambda.adopt.found import Ours
from multi_env_lambda.adopt.serverless_asked import Asked, Event, is_off, may_call
from multi_env_lambda.adopt.serverless_service import at, key_of, letters
from multi_env_lambda.adopt.serverless_sources import queue, stream
from multi_env_lambda.adopt.serverless_values import Filled, Unknown, Value, joined, plain
from multi_env_lambda.plan.template.parts import logical_id

__all__ = ["EVENTS"]


_OF_A_RULE = ("inputPath", "inputTransformer", "retryPolicy", "deadLetterQueueArn")


def _schedule(asked: Asked) -> tuple[Event, ...]:
    if is_off(asked):
        return ()
    found = at(asked.value, "rate") if isinstance(asked.value, dict) else asked.value
    expressions: list[Value] = found if isinstance(found, list) else [found]
    if asked.has(*_OF_A_RULE) and _zone(asked) == {}:
        if len(expressions) > 1:
            return asked.dropped("several expressions with settings for their target: write an event for each")
        return asked.in_stack(*_rule(asked, {"ScheduleExpression": asked.service.body(expressions[0])}))
    zone = _zone(asked)
    if zone is None:
        return asked.dropped("its time zone is not a text")
    asked.unless({"name": "it is called after unit, environment and function"})
    if zone:
        asked.unless(dict.fromkeys(_OF_A_RULE, "Serverless does not use it with the scheduler"))
    payload = asked.service.tree(at(asked.value, "input"))
    events: list[Event] = []
    for each in expressions:
        text = asked.service.text(each)
        if text is None:
            return asked.dropped("its expression is not a text")
        sent = {} if payload is None else {"payload": payload}
        events += asked.to({"scheduler" if zone else "schedule": text, **zone, **sent})
    return tuple(events)


def _zone(asked: Asked) -> Event | None:
    """A schedule in the time of a place is one of EventBridge Scheduler; so is what asks for it. None: unknown."""
    zone, method = at(asked.value, "timezone"), at(asked.value, "method")
    if zone in (None, "UTC", "Etc/UTC") and method != "scheduler":
        return {}
    text = "UTC" if zone is None else asked.service.text(zone)
    return None if text is None else {"time_zone": text}


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
    named = at(value, "topicName") if isinstance(value, dict) and arn is None else arn
    text = service.text(named)
    if isinstance(named, (str, Filled)) and not plain(named).startswith("arn:"):
        return _own_topic(asked, named, more)
    if text is not None:
        return asked.to({"sns": text, **more})
    topic = service.body(arn)
    if isinstance(topic, Unknown):
        return asked.dropped(topic.why)
    filters = {"FilterPolicy": service.body(at(value, "filterPolicy"))} if policy is not None else {}
    subscription = {"Protocol": "lambda", "TopicArn": topic, "Endpoint": Ours("alias", asked.key), **filters}
    return asked.in_stack(
        (asked.named("subscription"), {"Type": "AWS::SNS::Subscription", "Properties": subscription}),
        (asked.named("topic-permission"), may_call(asked, "sns.amazonaws.com", topic)),
    )


def _own_topic(asked: Asked, name: str | Filled, more: Event) -> tuple[Event, ...]:
    """A topic that Serverless makes for the functions which name it."""
    key = key_of(_constant(name)) or "topic"
    asked.service.made[f"SNSTopic{letters(plain(name))}"] = logical_id(key, "Topic")
    asked.service.topics.setdefault(key, {})
    asked.service.changed(
        asked.function,
        asked.what,
        asked.path,
        f'sns = "{key}"',
        f"the topic `{plain(name)}` is called UNIT-ENVIRONMENT-{key}",
    )
    return ({"sns": key, **more},)


def _s3(asked: Asked) -> tuple[Event, ...]:
    value, service = asked.value, asked.service
    name = at(value, "bucket") if isinstance(value, dict) else value
    if at(value, "existing") is True:
        text = service.text(name)
        if text is None:
            return asked.dropped("the name of the bucket is not a text")
        asked.unless({word: "the owner of the bucket sets it in the notification" for word in ("event", "rules")})
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
    bucket = f"S3Bucket{letters(_constant(name))}"
    service.made[f"S3Bucket{letters(plain(name))}"] = bucket
    return _own_bucket(asked, bucket, own, configured)


def _constant(name: str | Filled) -> str:
    """The part of a name that is the same in all environments."""
    parts = (name,) if isinstance(name, str) else name.parts
    return "".join(part for part in parts if isinstance(part, str))


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
    arn = joined(["arn:aws:s3:::", name])
    permitted = may_call(asked, "s3.amazonaws.com", arn, SourceAccount={"Ref": "AWS::AccountId"})
    return asked.in_stack((bucket, body), (permission, permitted))


def _event_bridge(asked: Asked) -> tuple[Event, ...]:
    if is_off(asked):
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
        name = logical_id(_constant(bus) if isinstance(bus, (str, Filled)) else text, "EventBus")
        made.append((name, {"Type": "AWS::Events::EventBus", "Properties": {"Name": bus}}))
        on = {"Ref": name}
    more = {} if bus is None else {"EventBusName": on}
    return asked.in_stack(*made, *_rule(asked, {"EventPattern": service.body(at(value, "pattern")), **more}))


def _cloudwatch(asked: Asked) -> tuple[Event, ...]:
    value = asked.value if isinstance(asked.value, dict) else {}
    return _event_bridge(attrs.evolve(asked, value={**value, "pattern": at(value, "event")}))


def _rule(asked: Asked, properties: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
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
    target |= _after_failures(asked)
    name = asked.named("rule")
    arn = {"Fn::GetAtt": [name, "Arn"]}
    return (
        (name, {"Type": "AWS::Events::Rule", "Properties": {**properties, "State": "ENABLED", "Targets": [target]}}),
        (asked.named("rule-permission"), may_call(asked, "events.amazonaws.com", arn)),
    )


def _after_failures(asked: Asked) -> dict[str, Any]:
    """How often a rule calls again, and where what was never taken goes."""
    words = {"maximumRetryAttempts": "MaximumRetryAttempts", "maximumEventAge": "MaximumEventAgeInSeconds"}
    tries = at(asked.value, "retryPolicy")
    policy = {ours: asked.service.body(at(tries, word)) for word, ours in words.items() if at(tries, word) is not None}
    queue = at(asked.value, "deadLetterQueueArn")
    return {
        **({"RetryPolicy": policy} if policy else {}),
        **({} if queue is None else {"DeadLetterConfig": {"Arn": asked.service.body(queue)}}),
    }


def _alexa(asked: Asked) -> tuple[Event, ...]:
    if is_off(asked):
        return ()
    skill = at(asked.value, "appId") if isinstance(asked.value, dict) else asked.value
    token = {} if skill is None else {"EventSourceToken": asked.service.body(skill)}
    permission = may_call(asked, "alexa-appkit.amazon.com", None, **token)
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
    return asked.in_stack((permission, may_call(asked, "logs.amazonaws.com")), (asked.named("log-filter"), body))


EVENTS: Mapping[str, Callable[[Asked], tuple[Event, ...]]] = {
    "schedule": _schedule,
    "sqs": queue,
    "stream": stream,
    "sns": _sns,
    "s3": _s3,
    "eventBridge": _event_bridge,
    "cloudwatchEvent": _cloudwatch,
    "cloudwatchLog": _cloudwatch_log,
    "alexaSkill": _alexa,
}
"""By what Serverless calls them."""
