"""Security groups of a template that our own table can say in full; others stay as they are, in stack.py."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from multi_env_lambda.adopt.cfn_draft import Draft, Own, key_of
from multi_env_lambda.adopt.cfn_values import in_our_text
from multi_env_lambda.adopt.document import Node
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.keys.security_group import GROUP_ID
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.security_group import read_security_group

__all__ = ["attached_to", "own_groups"]

_TYPE = "AWS::EC2::SecurityGroup"
_KNOWN = {"GroupDescription", "GroupName", "VpcId", "SecurityGroupEgress", "SecurityGroupIngress", "Tags"}
_OF_A_RULE = {"IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6", "Description"}
_NAMES = {"-1": "all", "1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_ENDS = {"SecurityGroupEgress": ("allow_to", "Destination"), "SecurityGroupIngress": ("allow_from", "Source")}
_LONGEST_KEY = 30


class _NoWord(Exception):
    """Our table cannot say it."""


def own_groups(draft: Draft, resources: Mapping[str, Node]) -> None:
    """Finds them before anything refers to them. A group that names one without a table has none either."""
    keys = dict(_keys(draft, resources))
    while True:
        found = {name: _table(draft, resources[name], keys) for name in keys}
        if all(table is not None for table in found.values()):
            break
        keys = {name: key for name, key in keys.items() if found[name] is not None}
    tables = draft.unit_table.setdefault("security_groups", {}) if keys else {}
    for name, key in keys.items():
        tables[key] = found[name]
        draft.own[name] = Own("security_group", key)
        what, node = f"{name} ({_TYPE})", resources[name]
        if (tags := node.get("Properties", "Tags")) is not None:
            draft.left("", f"{what}: Tags", tags, "tags belong to all resources of the unit: see `tags`")
        draft.carried("", what, node, f"security_groups.{key}")


def _keys(draft: Draft, resources: Mapping[str, Node]) -> Iterator[tuple[str, str]]:
    """One key is one resource, whatever its kind."""
    taken = {each.key for each in draft.own.values()}
    for name, node in resources.items():
        if node.text("Type") == _TYPE and "DeletionPolicy" not in node.table:
            key = key_of(name, dict.fromkeys(taken), _LONGEST_KEY, ("security-group", "group", "sg"))
            taken.add(key)
            yield name, key


def attached_to(draft: Draft, groups: Any) -> dict[str, list[str]] | None:
    """The two lists of ``vpc``; None if one of them is neither an id nor a group with a table."""
    ids: list[str] = []
    own: list[str] = []
    for each in groups if isinstance(groups, list) else [None]:
        target = draft.target(each) or ("", "")
        found = draft.own.get(target[0])
        if isinstance(each, str):
            ids.append(each)
        elif found is not None and found.kind == "security_group" and target[1] in ("", "GroupId"):
            own.append(found.key)
        else:
            return None
    return {key: names for key, names in (("security_group_ids", ids), ("security_groups", own)) if names}


# --- one group ---
def _table(draft: Draft, node: Node, keys: Mapping[str, str]) -> dict[str, Any] | None:
    """None if it has something that the table lacks; our own reader has the last word."""
    properties = draft.values.of(node.get("Properties"))
    try:
        if not isinstance(properties, Mapping) or set(properties) - _KNOWN:
            return None
        table = _said(draft, properties, keys)
        read_security_group(Table(where="", path="", values=table), "group")
    except (_NoWord, ConfigurationError, KeyError, TypeError, ValueError):
        return None
    return table


def _said(draft: Draft, properties: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    # Two groups of one name cannot be in one VPC, which environments may share.
    if "GroupName" in properties and draft.crowded:
        raise _NoWord
    found = {"vpc_id": _text(properties.get("VpcId")), "description": _text(properties.get("GroupDescription"))}
    if "GroupName" in properties:
        found["name"] = _text(properties["GroupName"])
    for property_, (key, end) in _ENDS.items():
        # CloudFormation takes a list without a rule for no list.
        if rules := properties.get(property_):
            found[key] = [_rule(draft, each, end, keys) for each in rules]
    return found


def _text(value: Any) -> str:
    found = in_our_text(value) if isinstance(value, str | Mapping) else None
    if found is None:
        raise _NoWord
    return found


def _rule(draft: Draft, rule: Mapping[str, Any], end: str, keys: Mapping[str, str]) -> dict[str, Any]:
    if set(rule) - _OF_A_RULE - {f"{end}PrefixListId", f"{end}SecurityGroupId"}:
        raise _NoWord
    protocol = _NAMES.get(str(rule["IpProtocol"]), str(rule["IpProtocol"]))
    described = {"description": _text(rule["Description"])} if rule.get("Description") else {}
    named = {"protocol": protocol} if protocol != "tcp" else {}
    return {**_peer(draft, rule, end, keys), **_ports(rule, protocol), **named, **described}


def _peer(draft: Draft, rule: Mapping[str, Any], end: str, keys: Mapping[str, str]) -> dict[str, str]:
    if (group := rule.get(f"{end}SecurityGroupId")) is not None:
        if isinstance(group, str) and GROUP_ID.accepts(group):
            return {"security_group_id": group}
        name, attribute = draft.target(group) or ("", "")
        if name not in keys or attribute not in ("", "GroupId"):
            raise _NoWord
        return {"security_group": keys[name]}
    if f"{end}PrefixListId" in rule:
        return {"prefix_list": _text(rule[f"{end}PrefixListId"])}
    text = _text(rule.get("CidrIp", rule.get("CidrIpv6")))
    # As EC2 keeps it.
    return {"cidr": str(ipaddress.ip_network(text, strict=False))}


def _ports(rule: Mapping[str, Any], protocol: str) -> dict[str, Any]:
    first, last = (int(rule[key]) if key in rule else None for key in ("FromPort", "ToPort"))
    if protocol in ("icmp", "icmpv6") and (first, last) not in ((-1, -1), (None, None)):
        raise _NoWord
    if protocol not in ("tcp", "udp") or first is None:
        return {}
    return {"port": first if first == last else f"{first}-{last}"}
