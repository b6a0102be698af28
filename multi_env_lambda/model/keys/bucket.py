"""The keys of an event of a bucket."""

from __future__ import annotations

from multi_env_lambda.model.key import Choice, Created, Either, Key, Keys, Rule, Text, Texts
from multi_env_lambda.model.name import BUCKET, KEY
from multi_env_lambda.model.notification import S3_EVENTS

__all__ = ["AS_EVENTBRIDGE", "BUCKET_EVENT", "DETAIL_TYPES", "KEY_PART"]

AS_EVENTBRIDGE = {
    "s3:ObjectCreated:*": "Object Created",
    "s3:ObjectRemoved:*": "Object Deleted",
    "s3:ObjectRestore:*": "Object Restore Completed",
    "s3:ObjectTagging:*": "Object Tags Added",
}
DETAIL_TYPES = (
    "Object Created",
    "Object Deleted",
    "Object Restore Initiated",
    "Object Restore Completed",
    "Object Restore Expired",
    "Object Tags Added",
    "Object Tags Deleted",
    "Object ACL Updated",
    "Object Storage Class Changed",
    "Object Access Tier Changed",
)
KEY_PART = Rule(
    pattern=r"[^*]*",
    maximum=1024,
    allowed="up to 1,024 characters without `*`",
    hint="S3 compares the beginning and the end of a key, and knows no wildcard",
)
"""Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html"""

BUCKET_EVENT = Keys(
    title="A bucket",
    header="[[tool.multi_env_lambda.functions.main.events]]",
    about="EventBridge gets a bucket's events about five minutes after you enable them: after the first deploy with\n"
    '``form = "eventbridge"``, wait that long before you upload an object.',
    keys=(
        Key(
            "s3",
            Either((Created("a bucket"), Text(BUCKET), Text(KEY))),
            "``true``: the stack creates a bucket. Or the key of a bucket below ``buckets``, or the name of another.",
            "s3 = true",
        ),
        Key(
            "form",
            Choice(("s3", "eventbridge"), "s3"),
            "In which form the function gets the events: :doc:`what-your-handler-gets`.\n"
            "For an existing bucket it is required. ``eventbridge``: its owner sends its events to EventBridge.\n"
            "``s3``: its owner adds a notification for the function and sets there what ``events``, ``prefix`` and\n"
            "``suffix`` would, so these keys are refused.",
            's3 = "acme-incoming"\nform = "eventbridge"',
        ),
        Key(
            "events",
            Texts(least=1, words=tuple(dict.fromkeys((*S3_EVENTS, *DETAIL_TYPES)))),
            "Which events: names of S3, or with ``eventbridge`` detail types such as ``Object Deleted``.",
            's3 = true\nevents = ["s3:ObjectCreated:Put", "s3:ObjectRemoved:*"]',
            default='``["s3:ObjectCreated:*"]``, with ``eventbridge`` ``["Object Created"]``',
        ),
        Key(
            "prefix",
            Text(None, ""),
            "Only objects whose key starts with it. Two notifications of a bucket for the same event must not overlap.",
            's3 = true\nprefix = "incoming/"',
        ),
        Key("suffix", Text(None, ""), "Only objects whose key ends with it.", 's3 = true\nsuffix = ".csv"'),
        Key(
            "name",
            Text(KEY),
            "What the bucket is called in the unit. Only for a bucket in the stack.",
            's3 = true\nname = "incoming"',
            default="the function's key",
        ),
    ),
)
