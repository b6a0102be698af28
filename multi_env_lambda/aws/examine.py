"""Checks what a deploy will need, and changes nothing: clients in, sentences out."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

from multi_env_lambda.aws.error_codes import aws_errors, code_of, is_missing_stack, text_of

__all__ = ["clock_skew", "first_key", "may_look_at_stacks", "may_read"]


def clock_skew(answer: Any, now: float) -> float:
    """By how many seconds this machine is ahead of AWS, from the ``Date`` of any response.

    AWS refuses requests signed more than five minutes (S3: 15) off its own time.
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/signing-elements.html
    """
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return 0.0 if date is None else now - parsedate_to_datetime(date).timestamp()


def first_key(s3: Any, bucket: str, owner: str) -> str | None:
    """The key of some published object; None while nothing is published, or it is not visible."""
    try:
        answer = s3.list_objects_v2(Bucket=bucket, ExpectedBucketOwner=owner, Prefix="projects/", MaxKeys=1)
    except aws_errors():
        return None
    found = answer.get("Contents", [])
    return found[0]["Key"] if found else None


def may_read(s3: Any, bucket: str, key: str, owner: str) -> str | None:
    """Why a published object cannot be read with these credentials; None if it can."""
    try:
        s3.get_object(Bucket=bucket, Key=key, ExpectedBucketOwner=owner, Range="bytes=0-0")["Body"].close()
    except aws_errors() as error:
        # An empty object has no first byte.
        return None if code_of(error) == "InvalidRange" else text_of(error)
    return None


def may_look_at_stacks(cloudformation: Any, environment: str) -> str | None:
    """Why the stacks of an environment cannot be read with these credentials; None if they can."""
    try:
        # A name like those of the units' stacks, which are all that a role needs to read.
        cloudformation.describe_stacks(StackName=f"multi-env-lambda-doctor-{environment}")
    except aws_errors() as error:
        return None if is_missing_stack(error) else text_of(error)
    return None
