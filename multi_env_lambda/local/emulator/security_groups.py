"""EC2 takes only rules that it can keep, replaces no group by one of its name, and deletes none that is in use.

Reason: ministack stores every rule, has no rules as resources of their own, and deletes a group from under the
functions and rules that use it. VPCs, prefix lists and groups of others may be any: there is no network here.
Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html (the form of
rules, and that a range is kept without the bits of a host), https://repost.aws/knowledge-center/lambda-hyperplane-vpc
(an interface stays as long as a function or a published version uses it) and aws/aws-cdk#22140 (a rule to somebody
takes the one to everybody away)
Texts: aws/aws-sam-cli#5084 and aws/aws-cdk#12827 (of a group in use), hashicorp/terraform-provider-aws#37046; those of
CreateSecurityGroup and of a rule are EC2's own: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

import ipaddress
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .names import load, original

__all__ = ["groups", "patch"]

_GROUP = "AWS::EC2::SecurityGroup"
_STORES = {"Egress": "IpPermissionsEgress", "Ingress": "IpPermissions"}
_ENDS = {"Egress": "Destination", "Ingress": "Source"}
_REPLACING = ("GroupDescription", "GroupName", "VpcId")
_RULE = (
    *(
        "CidrIp",
        "CidrIpv6",
        "DestinationPrefixListId",
        "DestinationSecurityGroupId",
        "FromPort",
        "GroupId",
        "GroupName",
    ),
    *("IpProtocol", "SourcePrefixListId", "SourceSecurityGroupId", "SourceSecurityGroupName", "ToPort"),
)
_TEXT = re.compile(r"[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]{0,255}")
_MOST = 60
_EVERYBODY = ("0.0.0.0/0", "::/0")
_DESCRIBED = (
    "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set: "
    "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
)
_IN_A_STACK = "{text} (Service: Ec2, Status Code: 400, Error Code: {code})"

Problem = tuple[str, str]
"""The code of an error, and its words."""


def patch() -> None:
    """Around what a stack makes, changes and deletes; calls to EC2 itself are as ministack has them."""
    provisioners = load("ministack.services.cloudformation.provisioners")
    handlers = original(provisioners, "_RESOURCE_HANDLERS")
    replacing = original(provisioners, "_REPLACING_PROPERTIES")
    as_stored = original(provisioners, "_ec2_sg_permissions")
    steps = handlers[_GROUP]
    replacing[_GROUP] = _REPLACING
    handlers[_GROUP] = {
        **steps,
        "create": _after(_check_new, steps["create"], 1),
        "update": _after(_check_rules, steps["update"], 2),
        "delete": _unless_used(steps["delete"]),
    }
    for word in _STORES:
        replacing[f"{_GROUP}{word}"] = _RULE
        handlers[f"{_GROUP}{word}"] = {
            "create": _rule_made(word, as_stored),
            "update": _rule_described(word, as_stored),
            "delete": _rule_gone(word, as_stored),
        }


def _after(check: Callable[[Mapping[str, Any]], None], step: Callable[..., Any], place: int) -> Callable[..., Any]:
    def run(*args: Any, **named: Any) -> Any:
        check(args[place])
        return step(*args, **named)

    return run


def _refuse(problems: Iterator[Problem]) -> None:
    for code, text in problems:
        raise ValueError(_IN_A_STACK.format(text=text, code=code))


# --- groups ---
def _check_new(properties: Mapping[str, Any]) -> None:
    _refuse(_problems_of_group(properties))
    _check_rules(properties)


def _problems_of_group(properties: Mapping[str, Any]) -> Iterator[Problem]:
    name, vpc = str(properties.get("GroupName", "")), properties.get("VpcId")
    for key in ("GroupName", "GroupDescription"):
        text = str(properties.get(key, ""))
        if not _TEXT.fullmatch(text):
            words = f"Value ({text}) for parameter {key} is invalid. Character sets beyond ASCII are not supported."
            yield "InvalidParameterValue", words
    if name.startswith("sg-"):
        yield "InvalidParameterValue", "Group names may not be in the format sg-*"
    if name == "default":
        yield "InvalidParameterValue", "Cannot use reserved security group name: default"
    if any(name and (one["GroupName"], one["VpcId"]) == (name, vpc) for one in groups().values()):
        yield "InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{vpc}'"


def _check_rules(properties: Mapping[str, Any]) -> None:
    for word, end in _ENDS.items():
        rules = properties.get(f"SecurityGroup{word}") or []
        _refuse(problem for rule in rules for problem in _problems_of_rule(rule, end))
        _refuse(_problems_together(rules))


def groups() -> Any:
    """All of the account and region, by id."""
    return original(load("ministack.services.ec2"), "_security_groups")


# --- rules ---
def _problems_of_rule(rule: Mapping[str, Any], end: str) -> Iterator[Problem]:
    protocol, first, last = (rule.get(key) for key in ("IpProtocol", "FromPort", "ToPort"))
    for key, version in (("CidrIp", 4), ("CidrIpv6", 6)):
        if (text := rule.get(key)) is not None and not _is_range(str(text), version):
            yield "InvalidParameterValue", f"CIDR block {text} is malformed"
    group = rule.get(f"{end}SecurityGroupId")
    if group is not None and not re.fullmatch(r"sg-[0-9a-z]+", str(group)):
        yield "InvalidGroupId.Malformed", f'Invalid id: "{group}" (expecting "sg-...")'
    if not re.fullmatch(r"-1|tcp|udp|icmp|icmpv6|25[0-5]|2[0-4]\d|1?\d?\d", str(protocol), re.ASCII):
        yield "InvalidParameterValue", f"Invalid value '{protocol}' for IP protocol. Unknown protocol."
    if protocol in ("tcp", "udp"):
        if first is None or last is None:
            words = "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."
            yield "InvalidParameterValue", words
        elif not 0 <= int(first) <= int(last) <= 65_535:
            yield "InvalidParameterValue", f"Invalid TCP/UDP port range ({first}:{last})"
    if not _TEXT.fullmatch(str(rule.get("Description", ""))):
        yield "InvalidParameterValue", _DESCRIBED


def _is_range(text: str, version: int) -> bool:
    try:
        return "/" in text and ipaddress.ip_network(text, strict=False).version == version
    except ValueError:
        return False


def _problems_together(rules: list[Mapping[str, Any]]) -> Iterator[Problem]:
    keys = [_key(rule) for rule in rules]
    if len(set(keys)) < len(keys):
        yield "InvalidParameterValue", "The same permission must not appear multiple times"
    for without in ("CidrIpv6", "CidrIp"):
        if sum(without not in rule for rule in rules) > _MOST:
            words = "The maximum number of rules per security group has been reached."
            yield "RulesPerSecurityGroupLimitExceeded", words


def _key(rule: Mapping[str, Any]) -> str:
    """Without its description, and with the range as EC2 keeps it."""
    kept = {key: value for key, value in rule.items() if key not in ("Description", "GroupId")}
    for key in ("CidrIp", "CidrIpv6"):
        if key in kept:
            kept[key] = str(ipaddress.ip_network(str(kept[key]), strict=False))
    return json.dumps(kept, sort_keys=True, default=str)


# --- rules that are resources ---
_Stored = Callable[[list[Mapping[str, Any]]], list[dict[str, Any]]]


def _rules_of(properties: Mapping[str, Any], word: str) -> list[dict[str, Any]]:
    group = groups().get(str(properties.get("GroupId")))
    if group is None:
        _refuse(iter([("InvalidGroup.NotFound", f"The security group '{properties.get('GroupId')}' does not exist")]))
    found: list[dict[str, Any]] = group.setdefault(_STORES[word], [])
    return found


def _rule_made(word: str, as_stored: _Stored) -> Callable[..., Any]:
    def made(logical_id: str, properties: Mapping[str, Any], stack_name: str) -> Any:
        _refuse(_problems_of_rule(properties, _ENDS[word]))
        rules, (rule,) = _rules_of(properties, word), as_stored([properties])
        if any(_is_same(each, rule) for each in rules):
            _refuse(iter([("InvalidPermission.Duplicate", "the specified rule already exists")]))
        if word == "Egress":
            rules[:] = [each for each in rules if not _is_to_everybody(each)]
        name = f"sgr-{secrets.token_hex(9)[:17]}"
        rules.append({**rule, "SecurityGroupRuleId": name})
        return name, {"Id": name}

    return made


def _rule_described(word: str, as_stored: _Stored) -> Callable[..., Any]:
    def changed(physical_id: str, old: Mapping[str, Any], new: Mapping[str, Any], stack_name: str) -> Any:
        _refuse(_problems_of_rule(new, _ENDS[word]))
        rules, (was,), (rule,) = _rules_of(new, word), as_stored([old]), as_stored([new])
        named = {**rule, "SecurityGroupRuleId": physical_id}
        rules[:] = [named if _is_same(each, was) else each for each in rules]
        return physical_id, {"Id": physical_id}

    return changed


def _rule_gone(word: str, as_stored: _Stored) -> Callable[..., Any]:
    def gone(physical_id: str, properties: Mapping[str, Any]) -> None:
        if str(properties.get("GroupId")) in groups():
            rules, (rule,) = _rules_of(properties, word), as_stored([properties])
            rules[:] = [each for each in rules if not _is_same(each, rule)]

    return gone


def _is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whatever describes them."""
    return _plain(one) == _plain(other)


def _plain(rule: Mapping[str, Any]) -> dict[str, Any]:
    lists = {key: value for key, value in rule.items() if isinstance(value, list)}
    ports = {key: rule.get(key) for key in ("IpProtocol", "FromPort", "ToPort")}
    return ports | {
        key: [{name: text for name, text in each.items() if name != "Description"} for each in value]
        for key, value in lists.items()
    }


def _is_to_everybody(rule: Mapping[str, Any]) -> bool:
    ranges = [*rule.get("IpRanges", ()), *rule.get("Ipv6Ranges", ())]
    return rule.get("IpProtocol") == "-1" and any(set(each.values()) & set(_EVERYBODY) for each in ranges)


# --- what uses a group ---
def _unless_used(delete: Callable[..., Any]) -> Callable[..., Any]:
    def deleted(physical_id: str, properties: Mapping[str, Any]) -> Any:
        if any(physical_id in used for used in _in_use(physical_id)):
            _refuse(iter([("DependencyViolation", f"resource {physical_id} has a dependent object")]))
        return delete(physical_id, properties)

    return deleted


def _in_use(group: str) -> Iterator[str]:
    """What functions and their published versions are attached to, and what rules of other groups name."""
    functions = original(load("ministack.services.lambda_svc"), "_functions")
    for function in functions.values():
        versions = [function, *(function.get("versions") or {}).values()]
        for config in (each.get("config") or {} for each in versions):
            yield from (config.get("VpcConfig") or {}).get("SecurityGroupIds") or ()
    for other, found in groups().items():
        for rule in (each for store in _STORES.values() for each in found.get(store, ()) if other != group):
            yield from (pair.get("GroupId", "") for pair in rule.get("UserIdGroupPairs", ()))
