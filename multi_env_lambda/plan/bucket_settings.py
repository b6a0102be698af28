"""What `bootstrap` sets on the buckets, for those who set it by other means: by the calls of S3 that take it."""

from __future__ import annotations

from typing import Any

from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.bucket import lifecycle_rules, policy_statements
from multi_env_lambda.plan.bucket_guards import guards_of, whole_accounts

__all__ = ["NOT_PUBLIC", "bucket_settings"]

NOT_PUBLIC = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


def bucket_settings(config: WorkspaceConfig, *, tls_only: bool = True) -> dict[str, dict[str, Any]]:
    """By bucket: its region, and what each call takes. The policy is ours alone: statements of others stay beside it.

    Args:
        tls_only: the local cloud speaks plain http.
    """
    found: dict[str, dict[str, Any]] = {}
    for place in config.buckets:
        policy = policy_statements(place.bucket, whole_accounts(config), tls_only=tls_only, guards=guards_of(config))
        heard = config.ci_stack is not None and place == config.devops
        rules = lifecycle_rules(deliveries=config.webhook is not None and place == config.devops)
        found[place.bucket] = {
            "region": place.region,
            "put-public-access-block": {"PublicAccessBlockConfiguration": NOT_PUBLIC},
            "put-bucket-versioning": {"VersioningConfiguration": {"Status": "Enabled"}},
            "put-bucket-policy": {"Policy": {"Version": "2012-10-17", "Statement": policy}},
            "put-bucket-lifecycle-configuration": {"LifecycleConfiguration": {"Rules": rules}},
            **(
                {
                    "put-bucket-notification-configuration": {
                        "NotificationConfiguration": {"EventBridgeConfiguration": {}}
                    }
                }
                if heard
                else {}
            ),
        }
    return found
