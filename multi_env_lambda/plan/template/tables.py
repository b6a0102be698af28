"""From a table of the unit to its DynamoDB table: paid for by request, encrypted, and kept when it leaves the stack.

DynamoDB encrypts every table; without a property it does so with a key of its own, which costs nothing.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
"""

from __future__ import annotations

from multi_env_lambda.model.resources import DataTable, TableIndex
from multi_env_lambda.plan.template.parts import Json, Resource, StackInput, logical_id

__all__ = ["data_table", "table_id"]

_LETTERS = {"string": "S", "number": "N", "binary": "B"}


def table_id(key: str) -> str:
    return logical_id(key, "Table")


def data_table(unit: StackInput, table: DataTable) -> Resource:
    optional: Json = {
        "GlobalSecondaryIndexes": [_index(index) for index in table.indexes] or None,
        "StreamSpecification": {"StreamViewType": table.stream} if table.stream else None,
        "TimeToLiveSpecification": {"AttributeName": table.expires, "Enabled": True} if table.expires else None,
    }
    properties: Json = {
        "TableName": unit.project.table_name(unit.environment.name, table.key),
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": _attributes(table),
        "KeySchema": _keys(table.partition_key, table.sort_key),
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": table.point_in_time_recovery},
        "DeletionProtectionEnabled": table.deletion_protection,
        **{key: value for key, value in optional.items() if value is not None},
        **unit.tags,
    }
    return Resource(
        logical_id=table_id(table.key),
        type="AWS::DynamoDB::Table",
        properties=properties,
        made_by=f"tables.{table.key}",
        retain=True,
    )


def _attributes(table: DataTable) -> list[Json]:
    """Of the keys only; DynamoDB refuses others."""
    indexed = [name for index in table.indexes for name in (index.partition_key, index.sort_key)]
    names = sorted({table.partition_key, table.sort_key, *indexed} - {""})
    types = dict(table.types)
    return [{"AttributeName": name, "AttributeType": _LETTERS[types.get(name, "string")]} for name in names]


def _keys(partition_key: str, sort_key: str) -> list[Json]:
    found = [{"AttributeName": partition_key, "KeyType": "HASH"}]
    return [*found, {"AttributeName": sort_key, "KeyType": "RANGE"}] if sort_key else found


def _index(index: TableIndex) -> Json:
    keys = _keys(index.partition_key, index.sort_key)
    return {"IndexName": index.key, "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}}
