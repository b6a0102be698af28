"""Sets up the artifact bucket: versioned, not public, TLS only, readable by the environments.

Each setting is read first and written only if it differs, so that what others have set is kept and a second run writes
nothing. S3 has no conditions for these writes: if two people change one policy in the same second, one may be lost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import attrs

from multi_env_lambda.aws.error_codes import aws_errors, code_of, text_of
from multi_env_lambda.errors import PublishError
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.environment import Devops
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.bucket import (
    lifecycle_rules,
    merged_policy,
    merged_rules,
    policy_statements,
    same_policy,
    same_rules,
)
from multi_env_lambda.plan.bucket_findings import denials, early_ends
from multi_env_lambda.plan.bucket_guards import Guards, guards_of, whole_accounts
from multi_env_lambda.plan.bucket_obstacles import Obstacle, denied_writes, ended_objects
from multi_env_lambda.plan.bucket_principals import INVALID_PRINCIPAL, gone, to_look_at
from multi_env_lambda.plan.bucket_settings import NOT_PUBLIC

__all__ = [
    "create_artifact_bucket",
    "create_for",
    "denied_to",
    "left_as_it_is",
    "missing_for",
    "missing_settings",
    "obstacles",
]

_NOTHING_SET = frozenset(
    {
        "NoSuchBucketPolicy",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
    }
)
_SEEN_AFTER = {"Delay": 1, "MaxAttempts": 30}
"""Seconds; a new bucket may not be visible everywhere yet."""


def create_artifact_bucket(
    client: Any,
    devops: Devops,
    reader_account_ids: Iterable[str],
    guards: Guards | None = None,
    *,
    tells: bool = False,
    remembers: bool = False,
) -> tuple[str, ...]:
    """Create the bucket of ``devops`` and set it up; returns a line for each change, with what to know about it.

    ``reader_account_ids`` may read what was published: CloudFormation, Lambda and Glue of the environments need it.
    ``guards`` are what its policy refuses, where each kind of somebody has a role of her own.

    Raises:
        PublishError: the name is taken by another account, the role may not do this, the bucket's policy names somebody
            who no longer exists, or what others have set on the bucket would break it; then nothing is written.
    """
    common = _common(devops)
    try:
        created = tuple(_created(client, devops, common))
        for obstacle in () if created else obstacles(client, devops):
            raise PublishError(f"s3://{devops.bucket}", obstacle.what, hint=obstacle.hint)
        changes = (*_changes(client, common, reader_account_ids, guards, remembers), *_telling(client, common, tells))
        return (*created, *(_made(change) for change in changes))
    except aws_errors() as error:
        hint = f"does the name belong to account {devops.account_id}, and may this role create and configure buckets?"
        raise PublishError(f"s3://{devops.bucket}", text_of(error), hint=hint) from error


def create_for(client: Any, place: Devops, config: WorkspaceConfig) -> tuple[str, ...]:
    """``create_artifact_bucket`` as a workspace needs it; ``place`` is one of ``config.buckets``."""
    return create_artifact_bucket(client, place, whole_accounts(config), guards_of(config), **_of_the_ci(place, config))


def missing_for(client: Any, place: Devops, config: WorkspaceConfig) -> tuple[str, ...]:
    """``missing_settings`` as a workspace needs it."""
    return missing_settings(client, place, whole_accounts(config), guards_of(config), **_of_the_ci(place, config))


def _of_the_ci(place: Devops, config: WorkspaceConfig) -> dict[str, bool]:
    """It hears of approvals, which lie in the bucket that is written first; its receiver remembers there, too."""
    is_first = place == config.devops
    return {
        "tells": is_first and config.ci_stack is not None,
        "remembers": is_first and config.webhook is not None,
    }


def missing_settings(
    client: Any,
    devops: Devops,
    reader_account_ids: Iterable[str],
    guards: Guards | None = None,
    *,
    tells: bool = False,
    remembers: bool = False,
) -> tuple[str, ...]:
    """What ``create_artifact_bucket`` would do to an existing bucket; nothing is written.

    Raises:
        PublishError: it does not exist, or may not be read.
    """
    try:
        client.head_bucket(**_common(devops))
        common = _common(devops)
        changes = (*_changes(client, common, reader_account_ids, guards, remembers), *_telling(client, common, tells))
        return tuple(change.told for change in changes)
    except aws_errors() as error:
        hint = "create it with the `bootstrap` verb, or fix devops.bucket in the root pyproject.toml"
        raise PublishError(f"s3://{devops.bucket}", text_of(error), hint=hint) from error


def obstacles(client: Any, devops: Devops) -> tuple[Obstacle, ...]:
    """What others have set on an existing bucket that breaks it; nothing is written."""
    common = _common(devops)
    rules = _read(client, "get_bucket_lifecycle_configuration", common).get("Rules", [])
    denied = denied_writes(_policy(client, common), devops.bucket, devops.account_id)
    return (*ended_objects(rules, lifecycle_rules(deliveries=True)), *denied)


def left_as_it_is(client: Any, devops: Devops) -> tuple[str, ...]:
    """What others have set on the bucket that only they should change; nothing is written."""
    return early_ends(_read(client, "get_bucket_lifecycle_configuration", _common(devops)).get("Rules", []))


def denied_to(client: Any, devops: Devops, account_id: str) -> tuple[str, ...]:
    """The statements of the bucket's policy that may keep an account from what is published."""
    return denials(_policy(client, _common(devops)), devops.bucket, account_id)


@attrs.frozen
class _Change:
    """What differs, or should be known, as a sentence; ``make`` writes the change."""

    told: str
    make: Callable[[], object] = lambda: None


def _made(change: _Change) -> str:
    change.make()
    return change.told


def _common(devops: Devops) -> dict[str, str]:
    return {"Bucket": devops.bucket, "ExpectedBucketOwner": devops.account_id}


def _changes(
    client: Any, common: dict[str, str], reader_account_ids: Iterable[str], guards: Guards | None, remembers: bool
) -> Iterator[_Change]:
    """Nothing is written here."""
    yield from _closed(client, common)
    yield from _versioned(client, common)
    yield from _with_policy(client, common, tuple(reader_account_ids), guards)
    yield from _with_lifecycle(client, common, remembers)
    yield from _encrypted(client, common)


def _created(client: Any, devops: Devops, common: dict[str, str]) -> Iterator[str]:
    place: dict[str, Any] = {}
    if devops.region != "us-east-1":
        # The API refuses its own default region as a location constraint.
        place = {"CreateBucketConfiguration": {"LocationConstraint": devops.region}}
    if _is_there(client, common):
        return
    try:
        client.create_bucket(Bucket=devops.bucket, **place)
        yield f"created in {devops.region}"
    except aws_errors() as error:
        # Also the response to a retried call whose first response was lost.
        if code_of(error) != "BucketAlreadyOwnedByYou":
            raise
    client.get_waiter("bucket_exists").wait(**common, WaiterConfig=_SEEN_AFTER)


def _is_there(client: Any, common: dict[str, str]) -> bool:
    try:
        client.head_bucket(**common)
    except aws_errors() as error:
        if code_of(error) in ("404", "NoSuchBucket"):
            return False
        raise
    return True


def _closed(client: Any, common: dict[str, str]) -> Iterator[_Change]:
    found = _read(client, "get_public_access_block", common).get("PublicAccessBlockConfiguration")
    if found != NOT_PUBLIC:
        close = partial(client.put_public_access_block, **common, PublicAccessBlockConfiguration=NOT_PUBLIC)
        yield _Change("public access is blocked", close)


def _versioned(client: Any, common: dict[str, str]) -> Iterator[_Change]:
    if _read(client, "get_bucket_versioning", common).get("Status") == "Enabled":
        return
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/manage-versioning-examples.html
    yield _Change(
        "versions of objects are kept; S3 needs up to 15 minutes to do so everywhere, so wait that long before "
        "the first deploy (until then, an object that was just published may not be found)",
        partial(client.put_bucket_versioning, **common, VersioningConfiguration={"Status": "Enabled"}),
    )


def _with_policy(
    client: Any, common: dict[str, str], readers: tuple[str, ...], guards: Guards | None
) -> Iterator[_Change]:
    # The local cloud speaks plain http, so a TLS-only rule would lock everybody out.
    tls_only = str(client.meta.endpoint_url).startswith("https://")
    found = _policy(client, common)
    ours = policy_statements(common["Bucket"], readers, tls_only=tls_only, guards=guards)
    wanted = merged_policy(found, ours)
    if wanted["Statement"] and not same_policy(found, wanted):
        others = len(wanted["Statement"]) - len(ours)
        stay = f", and keeps {others} statements of others" if others else ""
        _refuse_gone(common["Bucket"], wanted)
        write = partial(_put_policy, client, common, wanted)
        guarded = "" if guards is None else ", lets nobody overwrite what is published, and only approvers approve"
        yield _Change(f"its policy lets the environments read{guarded}{stay}", write)


def _policy(client: Any, common: dict[str, str]) -> dict[str, Any] | None:
    text = _read(client, "get_bucket_policy", common).get("Policy")
    return None if text is None else dict(json.loads(text))


def _refuse_gone(bucket: str, wanted: dict[str, Any]) -> None:
    """Other people's statements are theirs, even dead ones."""
    dead = gone(wanted)
    if dead:
        what = (
            f"its policy names somebody who was deleted, in the statement {', '.join(dead)}; S3 refuses such a policy"
        )
        hint = "remove that statement from the bucket's policy, or name there whom it should mean now; then rerun this"
        raise PublishError(f"s3://{bucket}", what, hint=hint)


def _put_policy(client: Any, common: dict[str, str], wanted: dict[str, Any]) -> None:
    try:
        client.put_bucket_policy(**common, Policy=canonical_json(wanted))
    except aws_errors() as error:
        if code_of(error) != "MalformedPolicy" or INVALID_PRINCIPAL not in text_of(error):
            raise
        hint = f"which of these does not exist, or has the bucket's region disabled: {', '.join(to_look_at(wanted))}?"
        raise PublishError(f"s3://{common['Bucket']}", text_of(error), hint=hint) from error


def _with_lifecycle(client: Any, common: dict[str, str], remembers: bool) -> Iterator[_Change]:
    found = _read(client, "get_bucket_lifecycle_configuration", common)
    rules = found.get("Rules", [])
    wanted = merged_rules(rules, lifecycle_rules(deliveries=remembers))
    if not same_rules(rules, wanted):
        # What the rules do not cover, such as the minimum size for a transition, is written back as it was.
        size = found.get("TransitionDefaultMinimumObjectSize")
        more = {} if size is None else {"TransitionDefaultMinimumObjectSize": size}
        write = partial(
            client.put_bucket_lifecycle_configuration, **common, LifecycleConfiguration={"Rules": wanted}, **more
        )
        more_told = ", and which webhooks were received after 7" if remembers else ""
        yield _Change(f"old versions and what `prune` deletes expire after 30 days{more_told}", write)


def _encrypted(client: Any, common: dict[str, str]) -> Iterator[_Change]:
    """A KMS key is somebody's decision, and needs another one from its owner."""
    found = _read(client, "get_bucket_encryption", common).get("ServerSideEncryptionConfiguration", {})
    for rule in found.get("Rules", ()):
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        if str(default.get("SSEAlgorithm", "")).startswith("aws:kms"):
            key = default.get("KMSMasterKeyID", "alias/aws/s3")
            yield _Change(
                f"it encrypts with the key {key}: the accounts and roles of all environments need kms:Decrypt in that "
                "key's policy (AWS's own key, aws/s3, cannot be shared: choose one of your own, or SSE-S3)"
            )


def _telling(client: Any, common: dict[str, str], tells: bool) -> Iterator[_Change]:
    """Notifications of others stay: S3 replaces all of them with what is written.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-event-notifications-eventbridge.html
    """
    found = _read(client, "get_bucket_notification_configuration", common) if tells else {}
    if tells and "EventBridgeConfiguration" not in found:
        kept = {key: value for key, value in found.items() if key.endswith("Configurations")}
        wanted = {**kept, "EventBridgeConfiguration": {}}
        write = partial(client.put_bucket_notification_configuration, **common, NotificationConfiguration=wanted)
        yield _Change("EventBridge hears of its objects, so that an approval goes on by itself", write)


def _read(client: Any, operation: str, common: dict[str, str]) -> dict[str, Any]:
    """What is set; empty if nothing is."""
    try:
        return dict(getattr(client, operation)(**common))
    except aws_errors() as error:
        if code_of(error) in _NOTHING_SET:
            return {}
        raise
