"""The keys inside a service that nothing here reads: each of them is said, so that none is lost in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from multi_env_lambda.adopt.found import NotCarried
from multi_env_lambda.adopt.serverless_service import Service
from multi_env_lambda.adopt.serverless_values import Value

__all__ = ["say_the_unread"]

Path = Sequence["str | int"]

_RULE = ("enabled", "input", "inputPath", "inputTransformer")
_BUS = ("eventBus", "pattern", "schedule", "retryPolicy", "deadLetterQueueArn")
_BATCHES = ("arn", "enabled", "batchSize", "functionResponseType", "filterPatterns")
_FAILURES = ("destinations", "maximumRetryAttempts", "maximumRecordAgeInSeconds", "bisectBatchOnFunctionError")
_STARTS = ("startingPosition", "startingPositionTimestamp", "tumblingWindowInSeconds", "parallelizationFactor")
_EVENTS: Mapping[str, tuple[str, ...]] = {
    "http": ("method", "path", "cors", "authorizer", "private", "request", "response", "integration", "async"),
    "httpApi": ("method", "path", "authorizer"),
    "schedule": ("rate", "timezone", "method", "retryPolicy", "deadLetterQueueArn", *_RULE),
    "sqs": (*_BATCHES, "maximumBatchingWindow", "maximumConcurrency"),
    "stream": (*_BATCHES, *_FAILURES, *_STARTS, "type", "batchWindow", "maximumBatchingWindow", "consumer"),
    "sns": ("arn", "topicName", "filterPolicy", "redrivePolicy", "filterPolicyScope"),
    "s3": ("bucket", "event", "rules", "existing"),
    "eventBridge": (*_BUS, *_RULE),
    "cloudwatchEvent": ("event", *_RULE),
    "cloudwatchLog": ("logGroup", "filter"),
    "alexaSkill": ("appId", "enabled"),
}
"""What is read of each kind of event."""

_HTTP_CORS = ("allowedOrigins", "allowedHeaders", "allowedMethods", "exposedResponseHeaders", "allowCredentials")
_INSIDE: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("http", "cors"): ("origin", "origins", "headers", "allowCredentials", "maxAge"),
    ("http", "authorizer"): (
        *("name", "arn", "type", "scopes", "identitySource", "resultTtlInSeconds"),
        "identityValidationExpression",
    ),
    ("httpApi", "authorizer"): ("name", "type", "scopes"),
}
_FUNCTION: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("url",): ("authorizer", "cors", "invokeMode"),
    ("url", "cors"): (*_HTTP_CORS, "maxAge"),
    ("logs",): ("logFormat",),
    ("vpc",): ("subnetIds", "securityGroupIds"),
    ("destinations",): ("onFailure", "onSuccess"),
}
_PROVIDER: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("tracing",): ("lambda",),
    ("iam",): ("role",),
    ("iam", "role"): ("statements", "managedPolicies", "permissionsBoundary"),
    ("logs",): ("lambda",),
    ("logs", "lambda"): ("logFormat",),
    ("vpc",): ("subnetIds", "securityGroupIds"),
    ("apiGateway",): (
        *("stage", "binaryMediaTypes", "minimumCompressionSize", "metrics", "disableDefaultEndpoint", "apiKeys"),
        *("shouldStartNameWithService", "usagePlan", "restApiId", "resourcePolicy"),
    ),
    ("httpApi",): (
        *("payload", "cors", "name", "metrics", "disableDefaultEndpoint", "useProviderTags", "authorizers", "id"),
        "shouldStartNameWithService",
    ),
    ("httpApi", "cors"): (*_HTTP_CORS, "maxAge"),
}
_REASON = "it has no key here"


def say_the_unread(service: Service) -> None:
    """Keys of events, and of tables inside a function or the provider, that nothing has looked at."""
    for name in service.keys:
        for keys, known in _FUNCTION.items():
            _compared(service, name, ["functions", name, *keys], ".".join(keys), known)
        _said_of_events(service, name)
    for keys, known in _PROVIDER.items():
        _compared(service, "", ["provider", *keys], ".".join(["provider", *keys]), known)


def _said_of_events(service: Service, name: str) -> None:
    events = service.get("functions", name, "events")
    for number, each in enumerate(events if isinstance(events, list) else []):
        kind = next(iter(each), None) if isinstance(each, dict) else None
        if not isinstance(kind, str) or kind not in _EVENTS:
            continue
        path: list[str | int] = ["functions", name, "events", number, kind]
        if _is_dropped(service, name, f"event {kind}", path):
            continue
        _compared(service, name, path, f"event {kind}", _EVENTS[kind], ": ")
        for (of, key), known in _INSIDE.items():
            if of == kind:
                _compared(service, name, [*path, key], f"event {kind}: {key}", known)


def _is_dropped(service: Service, function: str, what: str, path: Path) -> bool:
    wanted = (function, what, service.place(path))
    dropped = (one for one in service.findings if isinstance(one, NotCarried))
    return any((one.function, one.what, one.place) == wanted for one in dropped)


def _compared(
    service: Service, function: str, path: Path, what: str, known: tuple[str, ...], between: str = "."
) -> None:
    found: Value = service.get(*path)
    if not isinstance(found, dict) or any(key == "Ref" or key.startswith("Fn::") for key in found):
        return
    for key, value in found.items():
        said = f"{what}{between}{key}"
        if value is not None and key not in known and not _is_dropped(service, function, said, [*path, key]):
            service.dropped(function, said, [*path, key], _REASON)
