"""What drift detection reads about security groups: all their rules but those that are resources of their own.

Reason: as for ``drift``, whose table this is a part of. Whether CloudFormation leaves those out is documented nowhere;
stacks that have both (those of the CDK) report no drift.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .drift_of_lambda import Properties, Read
from .names import load, original
from .security_groups import groups

__all__ = ["GROUP_READERS"]

_STORES = {"SecurityGroupEgress": "IpPermissionsEgress", "SecurityGroupIngress": "IpPermissions"}
_OF_A_RULE = (
    "CidrIp CidrIpv6 Description DestinationPrefixListId DestinationSecurityGroupId FromPort GroupId IpProtocol "
    "SourcePrefixListId SourceSecurityGroupId ToPort"
)


def _group(physical_id: str, properties: Properties) -> dict[str, Any] | None:
    found = groups().get(physical_id)
    if found is None:
        return None
    said = {"GroupName": found["GroupName"], "GroupDescription": found["Description"], "VpcId": found["VpcId"]}
    for key, store in _STORES.items():
        own = [rule for rule in found.get(store, ()) if not _is_a_resource(physical_id, store, rule)]
        rules = [each for rule in own for each in _said(rule, "Destination" if "Egress" in key else "Source")]
        wanted = [rule for rule in properties.get(key) or () if rule in rules]
        said[key] = [*wanted, *(rule for rule in rules if rule not in wanted)]
    return said


def _is_a_resource(group: str, store: str, rule: Mapping[str, Any]) -> bool:
    """Of a rule that a call has allowed, ministack makes the id from what it allows."""
    name = rule.get("SecurityGroupRuleId")
    plain = {key: value for key, value in rule.items() if key != "SecurityGroupRuleId"}
    id_of = original(load("ministack.services.ec2"), "_sg_rule_id")
    return name is not None and name != id_of(group, store == _STORES["SecurityGroupEgress"], plain)


def _said(rule: Mapping[str, Any], end: str) -> Iterator[dict[str, Any]]:
    """A rule for each other side, as templates have them."""
    base = {key: rule[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in rule}
    for store, name, key in (
        ("IpRanges", "CidrIp", "CidrIp"),
        ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
        ("PrefixListIds", "PrefixListId", f"{end}PrefixListId"),
        ("UserIdGroupPairs", "GroupId", f"{end}SecurityGroupId"),
    ):
        for each in rule.get(store, ()):
            described = {"Description": each["Description"]} if each.get("Description") else {}
            yield {**base, key: each.get(name), **described}


def _rule(store: str, end: str) -> Read:
    def read(physical_id: str, properties: Properties) -> dict[str, Any] | None:
        group = str(properties.get("GroupId"))
        rules = (groups().get(group) or {}).get(store, ())
        found = next((rule for rule in rules if rule.get("SecurityGroupRuleId") == physical_id), None)
        return None if found is None else {"GroupId": group, **next(_said(found, end))}

    return read


GROUP_READERS: dict[str, tuple[Read, str]] = {
    "AWS::EC2::SecurityGroup": (_group, "GroupDescription GroupName SecurityGroupEgress SecurityGroupIngress VpcId"),
    "AWS::EC2::SecurityGroupEgress": (_rule("IpPermissionsEgress", "Destination"), _OF_A_RULE),
    "AWS::EC2::SecurityGroupIngress": (_rule("IpPermissions", "Source"), _OF_A_RULE),
}
