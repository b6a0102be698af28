"""The keys of a bucket that has a table of its own."""

from __future__ import annotations

from multi_env_lambda.model.key import Flag, Key, Keys, Number, Text
from multi_env_lambda.model.name import BUCKET

__all__ = ["DATA_BUCKET"]

_LONGEST = 36_500

DATA_BUCKET = Keys(
    title="A bucket of the unit",
    header="[tool.multi_env_lambda.buckets.reports]",
    about="All keys are optional: :doc:`../02-How-To/own-resources`. ``reports`` is the key of the bucket, which you\n"
    "choose. In AWS, it is called ``UNIT-ENVIRONMENT-KEY-ACCOUNT-REGION``, since its name must be unique worldwide.",
    keys=(
        Key(
            "versioning",
            Flag(True),
            "Whether an object that is overwritten or deleted stays as an old version.",
            "versioning = false",
        ),
        Key(
            "old_versions_days",
            Number(0, _LONGEST, 30),
            "After how many days an old version is deleted; 0 keeps them all. It requires ``versioning``.",
            "old_versions_days = 90",
        ),
        Key(
            "expire_days",
            Number(0, _LONGEST, 0),
            "After how many days an object is deleted; 0 keeps them all.",
            "expire_days = 365",
        ),
        Key(
            "name",
            Text(BUCKET, ""),
            "Its name in AWS, if it has to be another one: :doc:`../02-How-To/names-that-exist-already`.\n"
            "If it changes, the stack gets a new and empty one, and the old one stays in the account.",
            'name = "acme-reports"',
            default="``UNIT-ENVIRONMENT-KEY-ACCOUNT-REGION``",
        ),
    ),
)
