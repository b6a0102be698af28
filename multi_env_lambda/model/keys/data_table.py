"""The keys of a DynamoDB table."""

from __future__ import annotations

from multi_env_lambda.model.key import ByName, Choice, Created, Either, Flag, Inner, Key, Keys, Rule, Text
from multi_env_lambda.model.name import TABLE_NAME

__all__ = ["DATA_TABLE", "INDEX", "MOST_INDEXES", "WHOLE_STREAM"]

MOST_INDEXES = 20
WHOLE_STREAM = "NEW_AND_OLD_IMAGES"
_STREAMS = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", WHOLE_STREAM)
_TYPES = ("string", "number", "binary")
_ATTRIBUTE = Rule(
    pattern=r"[^\x00-\x1f]+",
    maximum=255,
    allowed="the name of an attribute, with up to 255 characters",
    hint='for example `partition_key = "id"`',
)
INDEX = Rule(
    pattern=r"[A-Za-z0-9_.-]{3,255}",
    maximum=255,
    allowed="3 to 255 letters, digits and `_.-`",
    hint="for example `indexes.by-status = { … }`",
)
_PARTITION_KEY = Key(
    "partition_key",
    Text(_ATTRIBUTE),
    "The attribute by which items are found.",
    'partition_key = "customer"',
    required=True,
)
_BOTH = 'partition_key = "customer"\nsort_key = "created"'
_SORT_KEY = Key(
    "sort_key",
    Text(_ATTRIBUTE, ""),
    "The attribute by which items with the same ``partition_key`` are sorted.",
    _BOTH,
    default="none",
)

INDEX_KEYS = Keys(
    title="An index of a table",
    header="[tool.multi_env_lambda.tables.orders.indexes.by-status]",
    about="``by-status`` is its name, which you choose. An index has all attributes of the items.",
    keys=(_PARTITION_KEY, _SORT_KEY),
)

DATA_TABLE = Keys(
    title="A DynamoDB table",
    header="[tool.multi_env_lambda.tables.orders]",
    about="Only ``partition_key`` is required: :doc:`../02-How-To/own-resources`. ``orders`` is the key of the table:\n"
    "you choose it, and the table's name in AWS is ``UNIT-ENVIRONMENT-KEY``.",
    keys=(
        _PARTITION_KEY,
        _SORT_KEY,
        Key(
            "types",
            ByName(Choice(_TYPES, "string")),
            "The types of keys of the table and of its indexes, by attribute. DynamoDB has no types for others.",
            f'{_BOTH}\ntypes = {{ created = "number" }}',
            default="every key is a ``string``",
        ),
        Key(
            "indexes",
            ByName(Inner(INDEX_KEYS), INDEX, most=MOST_INDEXES, off=True),
            "Global secondary indexes by name.",
            'partition_key = "customer"\nindexes = { by-status = { partition_key = "status" } }',
            default="none",
        ),
        Key(
            "stream",
            Either((Created("a stream with both images"), Choice(_STREAMS, WHOLE_STREAM))),
            f"What the stream of the table says about a change. ``true`` means ``{WHOLE_STREAM}``.",
            'partition_key = "customer"\nstream = "KEYS_ONLY"',
            default=f"none; ``{WHOLE_STREAM}``, if a function has the event ``dynamodb`` of this table",
            off=True,
        ),
        Key(
            "expires",
            Text(_ATTRIBUTE),
            "The attribute with the time at which an item is deleted, in seconds since 1970.",
            'partition_key = "customer"\nexpires = "until"',
            off=True,
        ),
        Key(
            "point_in_time_recovery",
            Flag(True),
            "Whether the table can be restored as it was at any second of the last 35 days.",
            'partition_key = "customer"\npoint_in_time_recovery = false',
        ),
        Key(
            "deletion_protection",
            Flag(False),
            "Whether nobody can delete the table, before this is ``false`` again.",
            'partition_key = "customer"\ndeletion_protection = true',
        ),
        Key(
            "name",
            Text(TABLE_NAME, ""),
            "Its name in AWS, if it has to be another one: :doc:`../02-How-To/names-that-exist-already`.\n"
            "If it changes, the stack gets a new and empty one, and the old one stays in the account.",
            'partition_key = "customer"\nname = "orders-old"',
            default="``UNIT-ENVIRONMENT-KEY``",
        ),
    ),
)
