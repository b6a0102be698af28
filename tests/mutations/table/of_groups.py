"""Security groups: what EC2 would refuse, and what nobody may open or take away."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_READER = ("model/test_security_group.py",)
_TEMPLATE = ("plan/test_template_security_groups.py",)
_RIGHTS = ("plan/test_network_calls.py",)
_TRANSITIONS = ("plan/test_group_transitions.py",)
_ADOPTED = ("adopt/test_sam_groups.py",)

MUTATIONS = (
    Mutation(
        "model/security_group.py",
        'if "allow_to" in table.values else _EVERYTHING',
        'if table.values.get("allow_to") else _EVERYTHING',
        "An empty list lets nothing leave.",
        _READER,
    ),
    Mutation(
        "model/security_group.py",
        "    if ipaddress.ip_interface(text).ip != whole.network_address:",
        "    if False:",
        "A range is what it says.",
        _READER,
    ),
    Mutation(
        "model/security_group.py",
        "        if rule.identity in seen:",
        "        if rule in found:",
        "The same rule with another description is the same rule.",
        _READER,
    ),
    Mutation(
        "model/security_group.py",
        "count = sum(rule.kind != without for rule in rules)",
        "count = len(rules)",
        "IPv4 and IPv6 are counted apart.",
        _READER,
    ),
    Mutation(
        "model/security_group.py",
        "    if whole is not None and own is not None:",
        "    if False:",
        "No rule takes away one that allows everything.",
        _READER,
    ),
    Mutation(
        "model/security_group.py",
        "    if not first <= last <= _HIGHEST_PORT:",
        "    if False:",
        "A range of ports goes up, and not beyond the last port.",
        _READER,
    ),
    Mutation(
        "model/function.py",
        "    if not 1 <= len(ids) + len(own) <= MOST_GROUPS:",
        "    if not 1 <= len(ids) <= MOST_GROUPS:",
        "Ids and keys of groups are counted together.",
        _READER,
    ),
    Mutation(
        "model/read_resources.py",
        "        if vpcs[name] != vpcs[first]:",
        "        if False:",
        "The groups of a function are in one VPC.",
        _READER,
    ),
    Mutation(
        "plan/group_transitions.py",
        " and _is_published(function, before):",
        ":",
        "Only a published version keeps a group.",
        _TRANSITIONS,
    ),
    Mutation(
        "model/project.py",
        '        if project.name.startswith("sg-"):',
        "        if False:",
        "No group is called like an id.",
        _READER,
    ),
    Mutation(
        "plan/template/security_groups.py",
        '"SecurityGroupEgress": leaves or [_NOTHING],',
        '**({"SecurityGroupEgress": leaves} if leaves else {}),',
        "CloudFormation does not allow everything where nothing may leave.",
        _TEMPLATE,
    ),
    Mutation(
        "plan/template/functions.py",
        "depends_on=rules_of(unit, function),",
        "depends_on=(),",
        "A function comes after the rules of its groups.",
        _TEMPLATE,
    ),
    Mutation(
        "plan/network_calls.py",
        '            "ArnLikeIfExists": {"ec2:Vpc": vpcs},\n',
        "",
        "Only groups in the VPCs of the templates are changed.",
        _RIGHTS,
    ),
    Mutation(
        "plan/network_calls.py",
        "[groups, *vpcs], _CREATE)",
        '["*"], _CREATE)',
        "Groups are made in the VPCs of the templates.",
        _RIGHTS,
    ),
    Mutation(
        "plan/group_transitions.py",
        "            if old.get(key) != new.get(key):",
        "            if False:",
        "A group is not replaced.",
        _TRANSITIONS,
    ),
    Mutation(
        "plan/group_transitions.py",
        '        if after.get(function, {}).get("Type") == _FUNCTION and _is_published(function, before):',
        "        if False:",
        "A group is not taken from the running version.",
        _TRANSITIONS,
    ),
    Mutation(
        "plan/deploy_step.py",
        'stuck if request.verb != "rollback" else None',
        "stuck",
        "A rollback is not held up by a group.",
        ("flow/test_groups_left_behind.py",),
    ),
    Mutation(
        "adopt/cfn_groups.py",
        "        if None not in found.values():",
        "        if True:",
        "A group that names one without a table stays in stack.py.",
        _ADOPTED,
    ),
)
