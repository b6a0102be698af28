"""The keys of a security group of the unit, and of one of its rules."""

from __future__ import annotations

from multi_env_lambda.model.key import Either, Inners, Key, Keys, Number, Rule, Text
from multi_env_lambda.model.name import KEY

__all__ = ["GROUP_ID", "NETWORK_RULE", "SECURITY_GROUP"]

_CHARACTERS = r"[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]"
"""Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html; the same for rules."""

GROUP_ID = Rule(pattern=r"sg-[0-9a-z]+", allowed='the id of a security group such as "sg-0a1b2c3d"', hint="see the VPC")
_VPC_ID = Rule(
    pattern=r"vpc-[0-9a-z]+",
    allowed='the id of a VPC such as "vpc-0a1b2c3d"',
    hint="`aws ec2 describe-vpcs` lists those of an account",
)
_PREFIX_LIST = Rule(
    pattern=r"pl-[0-9a-z]+",
    allowed='the id of a prefix list such as "pl-0a1b2c3d"',
    hint="`aws ec2 describe-managed-prefix-lists` lists them",
)
_DESCRIPTION = Rule(
    pattern=rf"{_CHARACTERS}*",
    maximum=255,
    allowed="up to 255 letters without accents, digits, spaces and `._-:/()#,@[]+=&;{}!$*`",
    hint="EC2 takes no other characters, and no more of them",
)
_NAME = Rule(
    pattern=rf"(?!sg-)(?!default$){_CHARACTERS}+",
    maximum=255,
    allowed='up to 255 letters without accents, digits, spaces and `._-:/()#,@[]+=&;{}!$*`; not "default", no "sg-"',
    hint="state it for its environment: `[tool.multi_env_lambda.environments.prod.security_groups.outbound]`",
)
_RANGE = Rule(
    pattern=r"[0-9A-Fa-f:.]+/[0-9]{1,3}",
    maximum=43,
    allowed='a range of addresses such as "10.0.0.0/16" or "2001:db8::/32"',
    hint="a single address is a range, too: `10.0.0.7/32`",
)
_PROTOCOL = Rule(
    # 1, 6, 17 and 58 have names, by which EC2 keeps them.
    pattern=r"tcp|udp|icmp|icmpv6|all|(?!(1|6|17|58)$)(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])",
    allowed='"tcp", "udp", "icmp", "icmpv6", "all" or the number of another protocol such as "50"',
    hint="`all` is every protocol, with all ports",
)
_PORTS = Rule(
    pattern=r"[0-9]{1,5}-[0-9]{1,5}",
    allowed='a port such as 443, or ports such as "8000-8010"',
    hint='all ports are "0-65535"',
)

NETWORK_RULE = Keys(
    title="A rule of a security group",
    header="[[tool.multi_env_lambda.security_groups.outbound.allow_to]]",
    about="One table in ``allow_to`` or ``allow_from``: what it allows, and with whom.",
    either=("cidr", "prefix_list", "security_group_id", "security_group"),
    keys=(
        Key("cidr", Text(_RANGE), "A range of IPv4 or IPv6 addresses.", 'cidr = "10.0.0.0/16"\nport = 5432'),
        Key(
            "prefix_list",
            Text(_PREFIX_LIST),
            "The id of a prefix list, for example that of S3 in the region.",
            'prefix_list = "pl-63a5400a"\nport = 443',
        ),
        Key(
            "security_group_id",
            Text(GROUP_ID),
            "The id of a security group that exists already.",
            'security_group_id = "sg-0a1b2c3d"\nport = 5432',
        ),
        Key(
            "security_group",
            Text(KEY),
            "The key of a security group of the unit.",
            'security_group = "database"\nport = 5432',
        ),
        Key(
            "port",
            Either((Number(0, 65_535), Text(_PORTS))),
            'A port, or a range of ports as text: ``"8000-8010"``. ``tcp`` and ``udp`` require it, others have none.',
            'cidr = "10.0.0.0/16"\nport = 5432',
            default="none",
        ),
        Key(
            "protocol",
            Text(_PROTOCOL, "tcp", allowed=_PROTOCOL.allowed),
            "``icmp`` and ``icmpv6`` are all of their types. ``all`` is every protocol.",
            'cidr = "10.0.0.0/16"\nprotocol = "all"',
        ),
        Key(
            "description",
            Text(_DESCRIPTION, ""),
            "Shown in the AWS console.",
            'cidr = "10.0.0.0/16"\nport = 5432\ndescription = "the database"',
        ),
    ),
)

_VPC = 'vpc_id = "vpc-0a1b2c3d"'

SECURITY_GROUP = Keys(
    title="A security group of the unit",
    header="[tool.multi_env_lambda.security_groups.outbound]",
    about="Where the functions that name it can connect to: :doc:`../02-How-To/functions-in-a-vpc`. ``outbound`` is\n"
    "the key of the group, which you choose. CloudFormation makes its name in AWS. A plan refuses what would replace\n"
    "a group: another ``vpc_id``, ``name`` or ``description``.",
    keys=(
        Key("vpc_id", Text(_VPC_ID), "The id of the VPC that it is in.", _VPC, required=True),
        Key(
            "allow_to",
            Inners(NETWORK_RULE),
            "What may leave. ``[]`` lets nothing leave.",
            f'{_VPC}\nallow_to = [{{ cidr = "10.0.0.0/16", port = 5432 }}]',
            default="everything, as EC2 has it",
        ),
        Key(
            "allow_from",
            Inners(NETWORK_RULE),
            "What may come in. Nobody can connect to a function, so the group of a function needs none.",
            f'{_VPC}\nallow_from = [{{ security_group = "outbound", port = 5432 }}]',
            default="nothing",
        ),
        Key(
            "description",
            Text(_DESCRIPTION, ""),
            "Shown in the AWS console. It never changes while the group exists.",
            f'{_VPC}\ndescription = "to the database"',
            default="``UNIT-ENVIRONMENT-KEY``",
        ),
        Key(
            "name",
            Text(_NAME, ""),
            "Its name in AWS. State one only if you have to: a rollback may leave a group with it in the account.",
            f'{_VPC}\nname = "shop-outbound"',
            default="one that CloudFormation makes",
        ),
    ),
)
