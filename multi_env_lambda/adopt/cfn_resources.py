"""The resources of a template besides its functions: a short table of ours where it means the same, else stack.py."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from multi_env_lambda.adopt.cfn_draft import Draft, Kind, Own, key_of, references
from multi_env_lambda.adopt.document import Node
from multi_env_lambda.adopt.found import Carried, NotCarried, Ours
from multi_env_lambda.adopt.sam_connectors import connect
from multi_env_lambda.adopt.sam_machine import read_machine
from multi_env_lambda.adopt.sam_own_machine import read_own_machine

__all__ = ["drop_dangling", "own_tables", "read_rest", "without_rights_of_roles"]

_SHORTEST = 8
_IN_A_BUCKETS_NAME = len("-222222222222-ap-northeast-1")
"""Account and region are in the name of a bucket, which is as long as that of a function."""
_TYPES = {"S": "string", "N": "number", "B": "binary", "String": "string", "Number": "number", "Binary": "binary"}
_SAFE_ANYWAY = frozenset({"SSESpecification", "PointInTimeRecoverySpecification", "Tags", "TableClass"})
_TABLE = frozenset({"AttributeDefinitions", "KeySchema", "BillingMode", "ProvisionedThroughput", "StreamSpecification"})
_BUCKET = frozenset({"BucketEncryption", "PublicAccessBlockConfiguration", "OwnershipControls", "Tags"})
_DROPPED = {
    "DisplayName": "a topic of the unit has none: write it in stack.py",
    "ProvisionedThroughput": "a table of the unit is paid for by what is read and written",
    "TableClass": "a table of the unit is of the class STANDARD: write it in stack.py",
    "Tags": "tags belong to all resources of the unit: see `tags`",
}
"""What a table of ours lacks; nothing works differently without it."""

_GONE = {
    "AWS::Serverless::Application": "a nested application: adopt it as a unit of its own",
    "AWS::CloudFormation::Stack": "a nested stack: adopt it as a unit of its own",
    "AWS::Serverless::GraphQLApi": "there is no such resource here: write its parts in stack.py",
    "AWS::Lambda::EventInvokeConfig": "write `on_failure_arn` of the function",
}
_CALLED = ("AWS::Lambda::Permission", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::Url")


def own_tables(draft: Draft, resources: Mapping[str, Node], longest: int) -> None:
    """Finds the resources that have a table of ours, before anything refers to them."""
    dead_letters = {name for node in resources.values() for name in references(_redrive(draft, node))}
    for name, node in resources.items():
        kind, read = _OWN.get(str(node.text("Type")), (None, None))
        if kind is None or read is None or name in dead_letters:
            continue
        properties = draft.values.of(node.get("Properties")) or {}
        room = longest if kind != "bucket" else longest - _IN_A_BUCKETS_NAME
        table = _understood(read, properties) if room >= _SHORTEST else None
        if table is None:
            continue
        tables = draft.unit_table.setdefault(f"{kind}s", {})
        key = key_of(name, tables, room, (kind,))
        tables[key] = table
        draft.own[name] = Own(kind, key)
        _said(draft, name, node, kind, key)


def _understood(read: Callable[[Mapping[str, Any]], dict[str, Any] | None], properties: Any) -> dict[str, Any] | None:
    """What is not as CloudFormation has it goes into stack.py as it is, and is refused there as it always was."""
    try:
        return read(properties) if isinstance(properties, Mapping) else None
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _redrive(draft: Draft, node: Node) -> Any:
    return draft.values.of(node.get("Properties", "RedrivePolicy")) if node.text("Type") == "AWS::SQS::Queue" else None


def _said(draft: Draft, name: str, node: Node, kind: Kind, key: str) -> None:
    what = f"{name} ({node.text('Type')})"
    for one, reason in _DROPPED.items():
        if (found := node.get("Properties", one)) is not None:
            draft.left("", f"{what}: {one}", found, reason)
    if kind == "queue":
        reason = "it has a dead-letter queue, is encrypted, and hides a message as long as its functions may need"
        draft.changed("", what, node, f"queues.{key}", reason)
    elif kind in ("table", "bucket"):
        reason = "it is encrypted, can be recovered, and stays if the unit is deleted"
        draft.changed("", what, node, f"{kind}s.{key}", reason)
    else:
        draft.carried("", what, node, f"{kind}s.{key}")


def _table(properties: Mapping[str, Any]) -> dict[str, Any] | None:
    known = _TABLE | _SAFE_ANYWAY | {"GlobalSecondaryIndexes", "TimeToLiveSpecification"}
    keys = _keys(properties.get("KeySchema"))
    if keys is None or set(properties) - known or not _is_plain(properties) or _has_own_key(properties):
        return None
    found: dict[str, Any] = {**keys}
    indexes = {}
    for one in properties.get("GlobalSecondaryIndexes", ()):
        inner = _keys(one.get("KeySchema"))
        if inner is None or one.get("Projection", {}).get("ProjectionType") != "ALL":
            return None
        indexes[one["IndexName"]] = inner
    named = {*keys.values(), *(value for inner in indexes.values() for value in inner.values())}
    types = {one["AttributeName"]: _TYPES[one["AttributeType"]] for one in properties.get("AttributeDefinitions", ())}
    if others := {name: kind for name, kind in types.items() if name in named and kind != "string"}:
        found["types"] = others
    if indexes:
        found["indexes"] = indexes
    expires = properties.get("TimeToLiveSpecification", {})
    if expires.get("AttributeName") and str(expires.get("Enabled", True)).lower() == "true":
        found["expires"] = expires["AttributeName"]
    if (stream := properties.get("StreamSpecification")) is not None:
        found["stream"] = stream.get("StreamViewType", "NEW_AND_OLD_IMAGES")
    return found


def _has_own_key(properties: Any) -> bool:
    """Whether it is encrypted by a key of the template's choice, which a table of ours could not name."""
    return "kmsmasterkeyid" in json.dumps(properties, default=str).lower()


def _is_plain(value: Any) -> bool:
    return not any(True for _ in references(value)) and "Fn::" not in json.dumps(value, default=str)


def _keys(schema: Any) -> dict[str, Any] | None:
    by_kind = {one.get("KeyType"): one.get("AttributeName") for one in schema or () if isinstance(one, Mapping)}
    if not isinstance(by_kind.get("HASH"), str):
        return None
    return {"partition_key": by_kind["HASH"], **({"sort_key": by_kind["RANGE"]} if "RANGE" in by_kind else {})}


def _simple_table(properties: Mapping[str, Any]) -> dict[str, Any] | None:
    known = {"PrimaryKey", "ProvisionedThroughput", *_SAFE_ANYWAY}
    if set(properties) - known or not _is_plain(properties) or _has_own_key(properties):
        return None
    key = properties.get("PrimaryKey") or {}
    name, kind = key.get("Name", "id"), _TYPES.get(key.get("Type", "String"), "string")
    return {"partition_key": name, **({"types": {name: kind}} if kind != "string" else {})}


def _queue(properties: Mapping[str, Any]) -> dict[str, Any] | None:
    known = {"MessageRetentionPeriod", "VisibilityTimeout", "SqsManagedSseEnabled", "Tags"}
    period = str(properties.get("MessageRetentionPeriod", "345600"))
    if set(properties) - known or not period.isdigit() or int(period) % 86400:
        return None
    return {} if period == "345600" else {"retention_days": int(period) // 86400}


def _topic(properties: Mapping[str, Any]) -> dict[str, Any] | None:
    return None if set(properties) - {"DisplayName", "Tags"} else {}


def _bucket(properties: Mapping[str, Any]) -> dict[str, Any] | None:
    access = properties.get("PublicAccessBlockConfiguration")
    is_open = isinstance(access, Mapping) and not all(str(one).lower() == "true" for one in access.values())
    known = _BUCKET | {"VersioningConfiguration"}
    has_lists = "OwnershipControls" in properties and "BucketOwnerEnforced" not in json.dumps(properties, default=str)
    if set(properties) - known or is_open or has_lists or _has_own_key(properties):
        return None
    versioning = properties.get("VersioningConfiguration", {})
    return {} if versioning.get("Status") == "Enabled" else {"versioning": False}


_OWN: Mapping[str, tuple[Kind, Callable[[Mapping[str, Any]], dict[str, Any] | None]]] = {
    "AWS::DynamoDB::Table": ("table", _table),
    "AWS::Serverless::SimpleTable": ("table", _simple_table),
    "AWS::SQS::Queue": ("queue", _queue),
    "AWS::SNS::Topic": ("topic", _topic),
    "AWS::S3::Bucket": ("bucket", _bucket),
}


def read_rest(
    draft: Draft, resources: Mapping[str, Node], handled: set[str], texts: Callable[[str], str | None], at: str
) -> None:
    """All but the functions, and what has a table of ours, goes into stack.py as it is."""
    for name, node in resources.items():
        kind = str(node.text("Type"))
        if name in handled or name in draft.own:
            continue
        if kind in _GONE:
            draft.left("", f"{name} ({kind})", node, _GONE[kind])
        elif kind == "AWS::Serverless::Connector":
            connect(draft, name, node)
        elif kind == "AWS::Serverless::StateMachine":
            if not read_own_machine(draft, name, node, resources, texts, at):
                read_machine(draft, name, node, texts)
        elif kind == "AWS::Serverless::SimpleTable":
            _other_table(draft, name, node)
        elif kind == "AWS::Logs::LogGroup" and _of_a_function(draft, name, node):
            pass
        elif kind.startswith("AWS::Serverless::"):
            draft.left("", f"{name} ({kind})", node, "there is no such resource here: write its parts in stack.py")
        else:
            _as_it_is(draft, name, node, kind)


def _as_it_is(draft: Draft, name: str, node: Node, kind: str) -> None:
    body: dict[str, Any] = {"Type": kind}
    for key, found in node.table.items():
        if key not in ("Type", "Condition", "Metadata"):
            value = draft.values.of(found)
            body[key] = draft.body(value) if key != "DependsOn" else _waits(draft, value)
    if kind in _CALLED:
        properties = body.get("Properties", {})
        called = properties.get("FunctionName")
        if isinstance(called, Ours) and called.method == "function":
            properties["FunctionName"] = Ours("alias", called.key)
    if not body.get("DependsOn", True):
        del body["DependsOn"]
    draft.add(draft.renamed.get(name, name), body, node)
    draft.carried("", f"{name} ({kind})", node, "stack.py")


def _waits(draft: Draft, value: Any) -> list[str]:
    """Without what is not in stack.py: the order of the others follows from their references."""
    names = [value] if isinstance(value, str) else list(value or ())
    gone = {*draft.functions, *draft.roles, *draft.own, *draft.apis}
    return [draft.renamed.get(name, name) for name in names if name not in gone]


def _other_table(draft: Draft, name: str, node: Node) -> None:
    given = draft.values.of(node.get("Properties"))
    properties = given if isinstance(given, Mapping) else {}
    primary = properties.get("PrimaryKey")
    key = primary if isinstance(primary, Mapping) else {}
    named = key.get("Type", "String")
    attribute, kind = key.get("Name", "id"), {"String": "S", "Number": "N", "Binary": "B"}.get(named, named)
    body: dict[str, Any] = {
        "AttributeDefinitions": [{"AttributeName": attribute, "AttributeType": kind}],
        "KeySchema": [{"AttributeName": attribute, "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    for one in ("TableName", "SSESpecification", "PointInTimeRecoverySpecification"):
        if one in properties:
            body[one] = draft.body(properties[one])
    if "ProvisionedThroughput" in properties:
        body |= {"BillingMode": "PROVISIONED", "ProvisionedThroughput": draft.body(properties["ProvisionedThroughput"])}
    if isinstance(tags := properties.get("Tags"), Mapping):
        body["Tags"] = [{"Key": key, "Value": draft.body(value)} for key, value in tags.items()]
    draft.add(name, {"Type": "AWS::DynamoDB::Table", "Properties": body}, node)
    draft.carried("", f"{name} (AWS::Serverless::SimpleTable)", node, "stack.py")


def _of_a_function(draft: Draft, name: str, node: Node) -> bool:
    """The log group of a function is part of every function here; its retention is carried over."""
    value = draft.values.of(node.get("Properties", "LogGroupName"))
    if "/aws/lambda/" not in json.dumps(value):
        return False
    keys = {draft.functions[one] for one in references(value) if one in draft.functions}
    days = draft.values.of(node.get("Properties", "RetentionInDays"))
    for key in keys:
        if str(days).isdigit():
            draft.tables[key]["log_retention_days"] = int(days)
    to = "log_retention_days" if keys and days is not None else "the log group of the function"
    draft.changed("", f"{name} (AWS::Logs::LogGroup)", node, to, "every function has its log group, kept for 30 days")
    return True


def without_rights_of_roles(draft: Draft) -> None:
    """Nothing is added to a role that exists: what a function needs for its events, it has to allow."""
    for grant in [one for one in draft.grants if "role" in draft.tables[one.function]]:
        draft.grants.remove(grant)
        name = next(name for name, key in draft.functions.items() if key == grant.function)
        what, reason = (
            f"permissions {', '.join(grant.actions)}",
            "nothing is added to a role that exists: add them there",
        )
        place = draft.function_places[name]
        draft.findings.append(NotCarried(function=name, what=what, place=place, reason=reason))


def drop_dangling(draft: Draft, known: set[str]) -> None:
    """Says which resources refer to what was not carried over, and leaves them out; so nothing refers to nothing."""
    while True:
        there = {*known, *draft.resources}
        gone = {
            name: missing
            for name, body in draft.resources.items()
            if (missing := [one for one in references(body) if one not in there and not one.startswith("AWS::")])
        }
        if not gone:
            break
        for name, missing in gone.items():
            body = draft.resources.pop(name)
            where = Node(None, draft.places[name].line, draft.places[name].file)
            kind = body.get("Type", "settings of a function")
            what = f"{name} ({kind})"
            _not_carried(draft, partial(_is_about, what, f"{name} in stack.py"))
            draft.left("", what, where, f"it refers to {missing[0]}, which was not carried over")
    there = {*known, *draft.resources}
    for body in draft.resources.values():
        if isinstance(body.get("DependsOn"), list):
            body["DependsOn"] = [one for one in body["DependsOn"] if one in there]

    def is_there(value: Any) -> bool:
        return all(one in there or one.startswith("AWS::") for one in references(value))

    for grant in [one for one in draft.grants if not is_there(list(one.resources))]:
        draft.grants.remove(grant)
        _lost(draft, grant.function, f"permissions {', '.join(grant.actions)}", list(grant.resources))
    for variable in [one for one in draft.variables if not is_there(one.value)]:
        draft.variables.remove(variable)
        _lost(draft, variable.function, f"variable {variable.name}", variable.value)


def _is_about(what: str, to: str, finding: Carried) -> bool:
    return finding.what == what or finding.to == to


def _not_carried(draft: Draft, is_gone: Callable[[Carried], bool]) -> None:
    """What was said about something that turned out to be left out is not said."""
    draft.findings = [one for one in draft.findings if not (isinstance(one, Carried) and is_gone(one))]


def _lost(draft: Draft, key: str, what: str, value: Any) -> None:
    function = next(name for name, one in draft.functions.items() if one == key)
    where = Node(None, draft.function_places[function].line, draft.function_places[function].file)
    _not_carried(draft, lambda one: one.function == function and one.what == what)
    draft.left(function, what, where, f"it refers to {next(iter(references(value)))}, which was not carried over")
