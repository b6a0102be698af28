"""Lambda takes code and layers only from a bucket in its own region, no matter who owns the bucket.

Reason: ministack checks the region only for the caller's own buckets, so one artifact bucket served every region.
Text: https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCode.html (and jimzucker/aws-forecast#13)
"""

from __future__ import annotations

from .names import load, original

__all__ = ["patch"]


def patch() -> None:
    """Let the region check see the bucket as its owner does."""
    functions, s3 = load("ministack.services.lambda_svc"), load("ministack.services.s3")
    responses = load("ministack.core.responses")
    own = original(functions, "s3_code_region_message")
    owner_of = original(s3, "_bucket_owner_account")

    def message(bucket: str, layer: bool = False) -> str | None:
        owner = owner_of(bucket)
        if owner is None:
            return None
        with responses.request_scope(owner, responses.get_region()):
            found: str | None = own(bucket, layer)
        return found

    functions.s3_code_region_message = message
