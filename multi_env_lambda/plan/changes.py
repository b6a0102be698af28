"""Two rendered templates → what happens to each resource, property by property; what loses data is marked.

CloudFormation's change set has the last word; this is known before any call, and has the values.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import attrs

from multi_env_lambda.masking import MASKED, masked, says_secret
from multi_env_lambda.model.change import PropertyChange, ResourceChange
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.plan.secret_names import names_a_secret, secret_names
from multi_env_lambda.plan.stateful import MAY_REPLACE, REPLACED_BY, body_holds_data

__all__ = ["KEPT", "MASK", "STAYS", "changes", "looks_secret", "replaced_by"]

MASK = canonical_json(MASKED)
"""What replaces both values of a property whose name looks like a secret."""

_EVERYTHING = frozenset({"*"})
_RULE = frozenset(
    ("CidrIp", "CidrIpv6", "DestinationPrefixListId", "DestinationSecurityGroupId", "FromPort", "GroupId", "GroupName")
    + ("IpProtocol", "SourcePrefixListId", "SourceSecurityGroupId", "SourceSecurityGroupName")
    + ("SourceSecurityGroupOwnerId", "ToPort")
)
"""Of a rule of a security group: all but its description."""
_REPLACED_BY: Mapping[str, frozenset[str]] = {
    **REPLACED_BY,
    "AWS::ApiGateway::ApiKey": frozenset({"GenerateDistinctId", "Name", "Value"}),
    "AWS::ApiGateway::Deployment": frozenset({"DeploymentCanarySettings", "RestApiId"}),
    "AWS::ApiGateway::RestApi": frozenset(),
    "AWS::ApiGateway::Stage": frozenset({"RestApiId", "StageName"}),
    "AWS::ApiGateway::UsagePlan": frozenset(),
    "AWS::ApiGateway::UsagePlanKey": frozenset({"KeyId", "KeyType", "UsagePlanId"}),
    "AWS::ApiGatewayV2::Api": frozenset({"ProtocolType"}),
    "AWS::ApiGatewayV2::Authorizer": frozenset({"ApiId"}),
    "AWS::ApiGatewayV2::Integration": frozenset({"ApiId"}),
    "AWS::ApiGatewayV2::Route": frozenset({"ApiId"}),
    "AWS::ApiGatewayV2::Stage": frozenset({"ApiId", "StageName"}),
    "AWS::CloudWatch::Alarm": frozenset({"AlarmName"}),
    "AWS::EC2::SecurityGroup": frozenset({"GroupDescription", "GroupName", "VpcId"}),
    **dict.fromkeys(("AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress"), _RULE),
    "AWS::Events::Rule": frozenset({"EventBusName", "Name"}),
    "AWS::Glue::Job": frozenset({"Name"}),
    "AWS::Glue::Trigger": frozenset({"Name", "Type", "WorkflowName"}),
    "AWS::IAM::Role": frozenset({"Path", "RoleName"}),
    "AWS::Lambda::Alias": frozenset({"FunctionName", "Name"}),
    "AWS::Lambda::EventInvokeConfig": frozenset({"FunctionName", "Qualifier"}),
    "AWS::Lambda::EventSourceMapping": frozenset({"EventSourceArn", "StartingPosition", "StartingPositionTimestamp"}),
    "AWS::Lambda::Function": frozenset({"FunctionName", "PackageType"}),
    "AWS::Lambda::LayerVersion": _EVERYTHING,
    "AWS::Lambda::Permission": _EVERYTHING,
    "AWS::Lambda::Url": frozenset({"Qualifier", "TargetFunctionArn"}),
    "AWS::Lambda::Version": frozenset({"CodeSha256", "Description", "FunctionName"}),
    "AWS::SNS::Subscription": frozenset({"Endpoint", "Protocol", "TopicArn"}),
    "AWS::SNS::Topic": frozenset({"FifoTopic", "TopicName"}),
    "AWS::Scheduler::Schedule": frozenset({"Name"}),
    "AWS::StepFunctions::StateMachine": frozenset({"StateMachineName", "StateMachineType"}),
}
"""Properties whose change replaces the resource; any change may replace a type that is not listed here."""

STAYS = ("Retain", "RetainExceptOnCreate")
"""Policies that keep the resource itself when it leaves its stack or is replaced."""

KEPT = (*STAYS, "Snapshot")
"""Policies that keep the content of a resource when it is deleted or replaced."""

_SNAPSHOT_BY_DEFAULT = frozenset({"AWS::RDS::DBCluster", "AWS::RDS::DBInstance"})
_ABSENT = object()

_Replacement = Literal["yes", "no", "maybe"]


def changes(old: str | None, new: str | None) -> tuple[ResourceChange, ...]:
    """The changes that take a stack from one template to another, by logical id; None is no stack."""
    before, after = _document(old), _document(new)
    told = _Told.of(before, after)
    resources_before, resources_after = before.get("Resources", {}), after.get("Resources", {})
    found = (
        _change(name, resources_before.get(name), resources_after.get(name), told)
        for name in sorted({*resources_before, *resources_after})
    )
    return tuple(change for change in found if change is not None)


def looks_secret(path: Iterable[str]) -> bool:
    """Whether the name of a property, or of something around it, says that its value is secret."""
    return any(says_secret(part) for part in path)


def replaced_by(type_: str) -> frozenset[str]:
    """The properties of a type whose change replaces the resource, as far as they are known here."""
    return _REPLACED_BY.get(type_, frozenset())


def _document(template: str | None) -> Mapping[str, Any]:
    found: Mapping[str, Any] = {} if template is None else json.loads(template)
    return found


@attrs.frozen
class _Told:
    """What two templates say about their own values: parameters that are never shown, and names of secrets, which are.

    ``suspect``: something in them has the form of a secret, so each value is checked.
    """

    hidden: frozenset[str]
    names: frozenset[str]
    suspect: bool

    @classmethod
    def of(cls, *documents: Mapping[str, Any]) -> _Told:
        parameters = [item for document in documents for item in document.get("Parameters", {}).items()]
        hidden = (name for name, body in parameters if str(body.get("NoEcho", "")).lower() == "true")
        texts = [canonical_json(document) for document in documents]
        names = frozenset().union(*map(secret_names, texts))
        return cls(frozenset(hidden), names, suspect=any(masked(text) != text for text in texts))

    def hides(self, path: tuple[str, ...], beside: Mapping[tuple[str, ...], Any]) -> bool:
        """Whether a value's name says that it is secret, and it is neither the name of a secret nor a key in one."""
        if not looks_secret(path):
            return False
        around = path[:-1]
        near = {place[-1]: value for place, value in beside.items() if place[:-1] == around}
        return not names_a_secret(path[-1], near, self.names)


def _change(name: str, before: Any, after: Any, told: _Told) -> ResourceChange | None:
    if before is None:
        return ResourceChange(
            action="add", logical_id=name, type=after["Type"], properties=_properties({}, after, told)
        )
    if after is None:
        return ResourceChange(
            action="remove",
            logical_id=name,
            type=before["Type"],
            properties=_properties(before, {}, told),
            destructive=body_holds_data(before) and not _kept(before, "DeletionPolicy"),
        )
    properties = _properties(before, after, told)
    if not properties:
        return None
    replacement = _replacement(before, after)
    return ResourceChange(
        action="modify",
        logical_id=name,
        type=after["Type"],
        properties=properties,
        replacement=replacement,
        destructive=body_holds_data(before) and replacement != "no" and not _kept(after, "UpdateReplacePolicy"),
    )


def _kept(body: Mapping[str, Any], policy: str) -> bool:
    default = "Snapshot" if policy == "DeletionPolicy" and body["Type"] in _SNAPSHOT_BY_DEFAULT else "Delete"
    return body.get(policy, default) in KEPT


def _replacement(before: Mapping[str, Any], after: Mapping[str, Any]) -> _Replacement:
    type_ = before["Type"]
    if type_ != after["Type"]:
        return "yes"
    old, new = before.get("Properties", {}), after.get("Properties", {})
    touched = {key for key in old.keys() | new.keys() if old.get(key, _ABSENT) != new.get(key, _ABSENT)}
    if not touched:
        return "no"
    causes, perhaps = _REPLACED_BY.get(type_), MAY_REPLACE.get(type_, frozenset())
    if causes is None or perhaps == _EVERYTHING:
        return "maybe"
    if causes is _EVERYTHING or _differ(old, new, causes):
        return "yes"
    return "maybe" if _differ(old, new, perhaps) else "no"


def _differ(old: Mapping[str, Any], new: Mapping[str, Any], paths: Iterable[str]) -> bool:
    return any(_at(old, path) != _at(new, path) for path in paths)


def _at(value: Any, path: str) -> Any:
    """The value at ``A/B``, or what is computed on the way there."""
    for key in path.split("/"):
        if not isinstance(value, dict) or any(name == "Ref" or name.startswith("Fn::") for name in value):
            return value
        value = value.get(key, _ABSENT)
    return value


def _properties(before: Any, after: Any, told: _Told) -> tuple[PropertyChange, ...]:
    """All leaves that differ. Paths of properties start below ``Properties``, other attributes keep their own name."""
    old, new = dict(_leaves(_flat(before))), dict(_leaves(_flat(after)))
    differing = sorted(path for path in old.keys() | new.keys() if old.get(path, _ABSENT) != new.get(path, _ABSENT))
    return tuple(_property(path, old, new, told) for path in differing)


def _flat(body: Mapping[str, Any]) -> dict[str, Any]:
    attributes = {key: value for key, value in body.items() if key not in ("Properties", "Metadata")}
    return {**attributes, **body.get("Properties", {})}


def _property(
    path: tuple[str, ...], old: Mapping[tuple[str, ...], Any], new: Mapping[tuple[str, ...], Any], told: _Told
) -> PropertyChange:
    # What replaces, or was replaced by, a parameter that is never shown is most likely the same value in plain text.
    never = any(_refers_to(side.get(path), told.hidden) for side in (old, new))

    def shown(side: Mapping[tuple[str, ...], Any]) -> str | None:
        if path not in side:
            return None
        hidden = (never or told.hides(path, side)) and not isinstance(side[path], bool | dict)
        text = canonical_json(side[path])
        return MASK if hidden else masked(text) if told.suspect else text

    return PropertyChange(path=".".join(path), old=shown(old), new=shown(new))


def _refers_to(value: Any, hidden: frozenset[str]) -> bool:
    return isinstance(value, dict) and value.get("Ref") in hidden


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Texts, numbers, references, and whole lists of them: what a person would call one value."""
    match value:
        case {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::Sub": _} | {"Fn::Join": _}:
            yield path, value
        case dict() if value:
            for key, each in value.items():
                yield from _leaves(each, (*path, key))
        case [dict(), *_]:
            for position, each in enumerate(value):
                yield from _leaves(each, (*path, str(position)))
        case _:
            yield path, value
