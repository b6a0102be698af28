"""Makes the artifact bucket what it must be: versioned, not public, TLS only, readable by the environments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from multi_env_lambda.aws.errors_of import aws_errors, code_of, text_of
from multi_env_lambda.errors import PublishError
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.environment import Devops

__all__ = ["artifact_bucket_policy", "create_artifact_bucket"]


def create_artifact_bucket(client: Any, devops: Devops, reader_account_ids: Iterable[str]) -> None:
    """Create the bucket of ``devops`` and set it up; doing it again changes nothing.

    ``reader_account_ids`` may read what was published: CloudFormation, Lambda and Glue of the environments need it.

    Raises:
        PublishError: the name is taken by another account, or the role may not do this.
    """
    name = devops.bucket
    # The local cloud speaks plain http, where a TLS-only rule would lock everybody out.
    tls_only = str(client.meta.endpoint_url).startswith("https://")
    rules = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": True,
    }
    readers = tuple(reader_account_ids)
    common = {"Bucket": name, "ExpectedBucketOwner": devops.account_id}
    try:
        _create(client, devops)
        client.head_bucket(**common)
        client.put_public_access_block(**common, PublicAccessBlockConfiguration=rules)
        client.put_bucket_versioning(**common, VersioningConfiguration={"Status": "Enabled"})
        if tls_only or readers:
            client.put_bucket_policy(**common, Policy=artifact_bucket_policy(name, readers, tls_only=tls_only))
    except aws_errors() as error:
        hint = f"does the name belong to account {devops.account_id}, and may this role create and configure buckets?"
        raise PublishError(f"s3://{name}", text_of(error), hint=hint) from error


def _create(client: Any, devops: Devops) -> None:
    place: dict[str, Any] = {}
    if devops.region != "us-east-1":
        # The API refuses its own default region as a location constraint.
        place = {"CreateBucketConfiguration": {"LocationConstraint": devops.region}}
    try:
        client.create_bucket(Bucket=devops.bucket, **place)
    except aws_errors() as error:
        # Also the answer to a repeated call whose first answer was lost.
        if code_of(error) != "BucketAlreadyOwnedByYou":
            raise


def artifact_bucket_policy(bucket: str, reader_account_ids: Iterable[str], *, tls_only: bool = True) -> str:
    """The bucket policy as canonical JSON.

    >>> artifact_bucket_policy("b", [], tls_only=False)
    '{"Statement":[],"Version":"2012-10-17"}'
    """
    arn = f"arn:aws:s3:::{bucket}"
    statements: list[dict[str, object]] = []
    if tls_only:
        statements.append(
            {
                "Sid": "DenyInsecureTransport",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        )
    readers = sorted(set(reader_account_ids))
    if readers:
        statements.append(
            {
                "Sid": "AllowEnvironmentsToRead",
                "Effect": "Allow",
                "Principal": {"AWS": [f"arn:aws:iam::{account_id}:root" for account_id in readers]},
                "Action": ["s3:GetObject", "s3:GetObjectVersion"],
                "Resource": f"{arn}/projects/*",
            }
        )
    return canonical_json({"Version": "2012-10-17", "Statement": statements})
