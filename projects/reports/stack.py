"""What the table in pyproject.toml has no word for: the bucket that the reports are written to."""

from __future__ import annotations

from typing import Any

from multi_env_lambda import Context


def extend(template: Any, context: Context) -> None:
    """Add the bucket, tell ``daily`` its name, and let it read and write there.

    It has a name and stays when the stack goes: with both, the next deploy takes it in again, with what is in it.
    """
    from cottonformation.res import s3

    name = context.project.bucket_name(context.environment, "reports")
    bucket = s3.Bucket("Reports", p_BucketName=name, ra_DeletionPolicy="Retain", ra_UpdateReplacePolicy="Retain")
    template.add_one(bucket)
    context.set_environment("daily", "BUCKET", bucket.ref())
    context.allow("daily", ["s3:ListBucket"], [bucket.rv_Arn])
    context.allow("daily", ["s3:GetObject", "s3:PutObject"], [{"Fn::Sub": "${Reports.Arn}/*"}])
