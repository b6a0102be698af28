"""Security groups of a template that our own table can say in full; others stay as they are, in stack.py."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Mapping
from typing import Any

import attrs

from multi_env_lambda.adopt.cfn_draft import Draft, Own, key_of
from multi_env_lambda.adopt.cfn_values import in_our_text
from multi_env_lambda.adopt.document import Node
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.security_group import read_security_group

__all__ = ["Meaning", "attached_to", "group_tables", "own_groups"]

_TYPE = "AWS::EC2::SecurityGroup"
_KNOWN = {"GroupDescription", "GroupName", "VpcId", "SecurityGroupEgress", "SecurityGroupIngress", "Tags"}
_OF_A_RULE = {"IpProtocol", "FromPort", "ToPort", "CidrIp", "CidrIpv6", "Description"}
_NAMES = {"-1": "all", "1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
_ENDS = {"SecurityGroupEgress": ("allow_to", "Destination"), "SecurityGroupIngress": ("allow_from", "Source")}
_LONGEST_KEY = 30
_SUFFIXES = ("security-group", "group", "sg")


class _NoWord(Exception):
    """Our table cannot say it."""


@attrs.frozen
class Meaning:
    """What values of a template mean.

    Args:
        text: a text of our tables; None if only the stack knows it.
        target: logical id and attribute of a plain reference; the attribute of a ``Ref`` is empty.
        crowded: whether two environments may be in one VPC, where two groups cannot have one name.
    """

    text: Callable[[Any], str | None]
    target: Callable[[Any], tuple[str, str] | None]
    crowded: bool


def own_groups(draft: Draft, resources: Mapping[str, Node]) -> None:
    """Finds them before anything refers to them."""
    groups = {name: node for name, node in resources.items() if node.text("Type") == _TYPE}
    properties = {
        name: draft.values.of(node.get("Properties"))
        for name, node in groups.items()
        if "DeletionPolicy" not in node.table
    }
    meaning = Meaning(in_our_text, draft.target, draft.crowded)
    found = group_tables(properties, meaning, {each.key for each in draft.own.values()})
    for name, (key, table) in found.items():
        draft.unit_table.setdefault("security_groups", {})[key] = table
        draft.own[name] = Own("security_group", key)
        what, node = f"{name} ({_TYPE})", resources[name]
        if (tags := node.get("Properties", "Tags")) is not None:
            draft.left("", f"{what}: Tags", tags, "tags belong to all resources of the unit: see `tags`")
        draft.carried("", what, node, f"security_groups.{key}")


def group_tables(
    groups: Mapping[str, Any], meaning: Meaning, taken: Collection[str]
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Our key and table of each group, by its logical id, of those that a table can say in full.

    A group that names one without a table has none either. One key is one resource, whatever its kind.
    """
    keys: dict[str, str] = {}
    for name in groups:
        keys[name] = key_of(name, dict.fromkeys([*taken, *keys.values()]), _LONGEST_KEY, _SUFFIXES)
    while True:
        found = {name: _table(meaning, groups[name], keys) for name in keys}
        if None not in found.values():
            return {name: (keys[name], table) for name, table in found.items() if table is not None}
        keys = {name: key for name, key in keys.items() if found[name] is not None}


def attached_to(groups: Any, meaning: Meaning, keys: Mapping[str, str]) -> dict[str, list[str]] | None:
    """The two lists of ``vpc``; None if one of them is neither an id nor a group with a table, whose key is known."""
    ids: list[str] = []
    own: list[str] = []
    for each in groups if isinstance(groups, list) else [None]:
        name, attribute = meaning.target(each) or ("", "")
        if name in keys and attribute in ("", "GroupId"):
            own.append(keys[name])
        elif (text := meaning.text(each)) is not None:
            ids.append(text)
        else:
            return None
    return {key: names for key, names in (("security_group_ids", ids), ("security_groups", own)) if names}


# --- one group ---
def _table(meaning: Meaning, properties: Any, keys: Mapping[str, str]) -> dict[str, Any] | None:
    """None if it has something that the table lacks; our own reader has the last word."""
    try:
        if not isinstance(properties, Mapping) or set(properties) - _KNOWN:
            return None
        table = _said(meaning, properties, keys)
        read_security_group(Table(where="", path="", values=table), "group")
    except (_NoWord, ConfigurationError, KeyError, TypeError, ValueError):
        return None
    return table


def _said(meaning: Meaning, properties: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "vpc_id": _text(meaning, properties.get("VpcId")),
        "description": _text(meaning, properties.get("GroupDescription")),
    }
    if "GroupName" in properties:
        if meaning.crowded:
            raise _NoWord
        found["name"] = _text(meaning, properties["GroupName"])
    for property_, (key, end) in _ENDS.items():
        # CloudFormation takes a list without a rule for no list.
        if rules := properties.get(property_):
            found[key] = [_rule(meaning, each, end, keys) for each in rules]
    return found


def _text(meaning: Meaning, value: Any) -> str:
    found = None if value is None else meaning.text(value)
    if found is None:
        raise _NoWord
    return found


def _rule(meaning: Meaning, rule: Mapping[str, Any], end: str, keys: Mapping[str, str]) -> dict[str, Any]:
    if set(rule) - _OF_A_RULE - {f"{end}PrefixListId", f"{end}SecurityGroupId"}:
        raise _NoWord
    protocol = _NAMES.get(str(rule["IpProtocol"]), str(rule["IpProtocol"]))
    described = {"description": _text(meaning, rule["Description"])} if rule.get("Description") else {}
    named = {"protocol": protocol} if protocol != "tcp" else {}
    return {**_peer(meaning, rule, end, keys), **_ports(rule, protocol), **named, **described}


def _peer(meaning: Meaning, rule: Mapping[str, Any], end: str, keys: Mapping[str, str]) -> dict[str, str]:
    if (group := rule.get(f"{end}SecurityGroupId")) is not None:
        target = meaning.target(group)
        if target is None:
            return {"security_group_id": _text(meaning, group)}
        if target[0] not in keys or target[1] not in ("", "GroupId"):
            raise _NoWord
        return {"security_group": keys[target[0]]}
    if f"{end}PrefixListId" in rule:
        return {"prefix_list": _text(meaning, rule[f"{end}PrefixListId"])}
    # As EC2 keeps it.
    return {"cidr": str(ipaddress.ip_network(_text(meaning, rule.get("CidrIp", rule.get("CidrIpv6"))), strict=False))}


def _ports(rule: Mapping[str, Any], protocol: str) -> dict[str, Any]:
    first, last = (int(rule[key]) if key in rule else None for key in ("FromPort", "ToPort"))
    if protocol in ("icmp", "icmpv6") and (first, last) not in ((-1, -1), (None, None)):
        raise _NoWord
    if protocol not in ("tcp", "udp") or first is None:
        return {}
    return {"port": first if first == last else f"{first}-{last}"}
