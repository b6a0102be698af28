"""Reads one security group of a unit, and refuses what EC2 would refuse, or would keep in another form.

Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html (protocols and ports),
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html (a range is kept without the bits of a host),
https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html (how rules are counted)
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

from multi_env_lambda.model.keys.security_group import NETWORK_RULE, SECURITY_GROUP
from multi_env_lambda.model.reading import Table, enumerated, shown
from multi_env_lambda.model.resources import NetworkRule, PeerKind, SecurityGroup

__all__ = ["MOST_RULES", "read_security_group"]

MOST_RULES = 60
"""In each direction, of IPv4 and of IPv6 on its own; more only if AWS has raised the quota of the account."""

_HIGHEST_PORT = 65_535
_EVERYTHING = (
    NetworkRule(protocol="-1", kind="ipv4", peer="0.0.0.0/0"),
    NetworkRule(protocol="-1", kind="ipv6", peer="::/0"),
)
_KINDS: Mapping[str, PeerKind] = {
    "prefix_list": "prefix_list",
    "security_group_id": "group",
    "security_group": "own_group",
}
_WITH_PORTS = ("tcp", "udp")
_ONLY_WITH: Mapping[str, PeerKind] = {"icmp": "ipv4", "icmpv6": "ipv6"}


def read_security_group(table: Table, key: str) -> SecurityGroup:
    table = table.of(SECURITY_GROUP)
    table.allow()
    table.require("vpc_id", hint='add `vpc_id = "vpc-…"`, here or below `environments.NAME.security_groups`')
    return SecurityGroup(
        key=key,
        vpc_id=table.named("vpc_id"),
        allow_to=_rules(table, "allow_to") if "allow_to" in table.values else _EVERYTHING,
        allow_from=_rules(table, "allow_from"),
        description=table.named_or("description"),
        name=table.named_or("name"),
    )


def _rules(table: Table, key: str) -> tuple[NetworkRule, ...]:
    found: list[NetworkRule] = []
    seen: dict[object, int] = {}
    for number, inner in enumerate(table.tables(key)):
        rule = _rule(inner.of(NETWORK_RULE))
        if rule.identity in seen:
            what = f"it allows the same as {key}[{seen[rule.identity]}]"
            table.refuse(
                f"{key}[{number}]", what, hint="remove one of them: EC2 takes a rule once, whatever describes it"
            )
        seen[rule.identity] = number
        found.append(rule)
    _check_number(table, key, found)
    if key == "allow_to":
        _check_everything(table, found)
    return tuple(found)


def _check_number(table: Table, key: str, rules: Sequence[NetworkRule]) -> None:
    for without, family in (("ipv6", "IPv4"), ("ipv4", "IPv6")):
        count = sum(rule.kind != without for rule in rules)
        if count > MOST_RULES:
            hint = "take larger ranges, or a prefix list; if AWS has granted more to the account, use stack.py"
            table.refuse(key, f"found {count} rules for {family}; expected at most {MOST_RULES}", hint=hint)


def _check_everything(table: Table, rules: Sequence[NetworkRule]) -> None:
    """CloudFormation takes away a rule that allows everything when it adds a rule to a group of the stack.

    Source: https://github.com/aws/aws-cdk/issues/22140
    """
    every = {each.identity for each in _EVERYTHING}
    whole = next((rule for rule in rules if rule.identity in every), None)
    own = next((number for number, rule in enumerate(rules) if rule.kind == "own_group"), None)
    if whole is not None and own is not None:
        what = f"found a rule to `{rules[own].peer}` beside one that allows everything to {whole.peer}"
        hint = "keep one of them: CloudFormation takes the other away when it adds this one"
        table.refuse(f"allow_to[{own}]", what, hint=hint)


# --- one rule ---
def _rule(table: Table) -> NetworkRule:
    table.allow()
    kind, peer = _peer(table)
    protocol = table.named_or("protocol")
    if kind in ("ipv4", "ipv6") and _ONLY_WITH.get(protocol, kind) != kind:
        hint = f'write `protocol = "{"icmpv6" if protocol == "icmp" else "icmp"}"`'
        table.refuse(
            "protocol", f"found {shown(protocol)} for {peer}, which has addresses of the other kind", hint=hint
        )
    first, last = _ports(table, protocol)
    return NetworkRule(
        protocol="-1" if protocol == "all" else protocol,
        from_port=first,
        to_port=last,
        peer=peer,
        kind=kind,
        description=table.named_or("description"),
    )


def _peer(table: Table) -> tuple[PeerKind, str]:
    found = [key for key in NETWORK_RULE.either if key in table.values]
    if len(found) != 1:
        what = f"found {' and '.join(found) or 'none'}; expected exactly one of {enumerated(NETWORK_RULE.either)}"
        table.refuse("", what, hint='for example { cidr = "10.0.0.0/16", port = 5432 }')
    if found == ["cidr"]:
        return _range(table)
    return _KINDS[found[0]], table.named(found[0])


def _range(table: Table) -> tuple[PeerKind, str]:
    text = table.named("cidr")
    try:
        whole = ipaddress.ip_network(text, strict=False)
    except ValueError:
        rule = table.rule("cidr")
        table.wrong("cidr", allowed=rule.allowed, hint=rule.hint)
    if ipaddress.ip_interface(text).ip != whole.network_address:
        what = f"found {shown(text)}, which has bits of an address in it; expected {shown(str(whole))}"
        single = f"{text.partition('/')[0]}/{whole.max_prefixlen}"
        table.refuse("cidr", what, hint=f"EC2 would keep {shown(str(whole))}; the address alone is {shown(single)}")
    return ("ipv4" if whole.version == 4 else "ipv6"), str(whole)


def _ports(table: Table, protocol: str) -> tuple[int | None, int | None]:
    if protocol not in _WITH_PORTS:
        if "port" in table.values:
            what = f"found {shown(table.values['port'])} with the protocol {shown(protocol)}, which has no ports"
            table.refuse("port", what, hint='remove it, or write `protocol = "tcp"`')
        # EC2 wants both of ICMP: all types, and all codes of them.
        return (-1, -1) if protocol in _ONLY_WITH else (None, None)
    table.require("port", hint='add `port = 443`; all ports are `port = "0-65535"`')
    if not isinstance(table.values["port"], str):
        port = table.number("port", default=0)
        return port, port
    first, last = (int(text) for text in table.named("port").split("-"))
    if not first <= last <= _HIGHEST_PORT:
        what = f"found {shown(table.values['port'])}; expected a range from a port to one that is not smaller, up to "
        table.refuse("port", f"{what}{_HIGHEST_PORT}", hint='for example "8000-8010"')
    return first, last
