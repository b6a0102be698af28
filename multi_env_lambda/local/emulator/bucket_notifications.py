"""S3 calls a function only with a permission, which it verifies for each notification, and refuses overlapping filters.

Reason: ministack verifies queues and topics, but no function: a notification of one that does not exist, or that S3 may
not call, was accepted and even delivered; two entries for the same objects were accepted and both delivered; and a
filter matched a key with special characters without being URL-encoded.
Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html (what is verified),
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html (overlapping, encoded) and
https://docs.aws.amazon.com/lambda/latest/dg/with-s3.html (the permission, with the account of the bucket).
Text: https://github.com/serverless/serverless/issues/6423 and https://github.com/hashicorp/terraform/issues/19756
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any
from urllib.parse import unquote_plus

from .names import load, original
from .resources import check_first

__all__ = ["patch"]

_BUCKET = "AWS::S3::Bucket"
_UNREACHABLE = "Unable to validate the following destination configurations"
_AMBIGUOUS = (
    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are "
    "overlapping for the same event type."
)
_IN_A_STACK = "{message} (Service: S3, Status Code: 400)"
_SAFE = re.compile(r"[A-Za-z0-9/!_.*'()+-]|%[0-9A-Fa-f]{2}")

Entry = Mapping[str, Any]


def patch() -> None:
    """Check a configuration before it is stored, the permission at each delivery too, and filters as S3 reads them."""
    buckets = load("ministack.services.s3")
    validate, deliver = (
        original(buckets, "_validate_notification_configs"),
        original(buckets, "_deliver_event_to_lambda"),
    )
    refuse, original_match = original(buckets, "_invalid_notification_config"), original(buckets, "_key_matches_filter")
    provisioners = load("ministack.services.cloudformation.provisioners")
    as_xml = original(provisioners, "_s3_notification_json_to_xml")
    parse = original(buckets, "_parse_notification_config_raw")

    def validated(configs: Sequence[Entry], region: str, bucket: str = "", skip: bool = False) -> Any:
        error = validate(configs, region, bucket, skip)
        message = None if error else _problem(configs, bucket, skip=skip)
        return error or (refuse(message) if message else None)

    def delivered(arn: str, payload: Any, region: str) -> None:
        if _may_call(arn, payload["Records"][0]["s3"]["bucket"]["name"]):
            deliver(arn, payload, region)

    def matches(key: str, prefix: str | None, suffix: str | None) -> bool:
        if not all(_is_encoded(text or "") for text in (prefix, suffix)):
            return False
        found: bool = original_match(key, *(None if text is None else unquote_plus(text) for text in (prefix, suffix)))
        return found

    def check(properties: Mapping[str, Any]) -> None:
        configuration = properties.get("NotificationConfiguration")
        name = properties.get("BucketName")
        if isinstance(configuration, dict) and isinstance(name, str):
            message = _problem(parse(as_xml(configuration).decode("utf-8")), name)
            if message:
                raise ValueError(_IN_A_STACK.format(message=message))

    buckets._validate_notification_configs = validated
    buckets._deliver_event_to_lambda = delivered
    buckets._key_matches_filter = matches
    check_first(_BUCKET, check)


def _problem(configs: Sequence[Entry], bucket: str, *, skip: bool = False) -> str | None:
    """What S3 answers; ``skip``: the caller asked S3 not to verify what is called."""
    entries = [(event, config) for config in configs for event in config["events"]]
    if any(_overlap(one, other) for one, other in combinations(entries, 2)):
        return _AMBIGUOUS
    called = [config["arn"] for config in configs if config["type"] == "lambda"]
    return None if skip or all(_may_call(arn, bucket) for arn in called) else _UNREACHABLE


def _overlap(one: tuple[str, Entry], other: tuple[str, Entry]) -> bool:
    (event, first), (event_too, second) = one, other
    broad = [name[:-1] if name.endswith(":*") else f"{name}$" for name in (event, event_too)]
    if not (f"{event}$".startswith(broad[1]) or f"{event_too}$".startswith(broad[0])):
        return False
    prefixes, suffixes = (
        [unquote_plus(config[key] or "") for config in (first, second)] for key in ("filter_prefix", "filter_suffix")
    )
    return (prefixes[0].startswith(prefixes[1]) or prefixes[1].startswith(prefixes[0])) and (
        suffixes[0].endswith(suffixes[1]) or suffixes[1].endswith(suffixes[0])
    )


def _is_encoded(text: str) -> bool:
    return "".join(_SAFE.findall(text)) == text


def _may_call(arn: str, bucket: str) -> bool:
    """Whether the function exists there, and its policy lets S3 call it for this bucket of this account."""
    functions, responses = load("ministack.services.lambda_svc"), load("ministack.core.responses")
    evaluator, buckets = load("ministack.core.iam_evaluator"), load("ministack.services.s3")
    _, config, name = original(functions, "_get_func_record_for_ref")(arn)
    if config is None:
        return False
    owner = original(buckets, "_bucket_owner_account")(bucket) or responses.get_account_id()
    context = evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=arn,
        region=responses.get_region(),
        service_context={"aws:sourcearn": f"arn:aws:s3:::{bucket}", "aws:sourceaccount": owner},
    )
    function = original(functions, "_functions").get_scoped(responses.get_account_id(), arn.split(":")[3], name)
    decision: str = evaluator.evaluate_resource_policy(function["policy"], context, service="s3.amazonaws.com").decision
    return decision == "Allow"
