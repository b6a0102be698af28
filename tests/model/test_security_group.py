"""Security groups of a unit: what is read, and what EC2 would refuse or keep in another form."""

from __future__ import annotations

import tomllib

import pytest
from inline_snapshot import snapshot

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.keys.unit import UNIT
from multi_env_lambda.model.project import read_project
from multi_env_lambda.model.reading import Table
from multi_env_lambda.model.settings import NetworkRule, ResourceReference, SecurityGroup, Settings, Vpc
from multi_env_lambda.model.unit_settings import read_all_settings

SANDBOX = Environment(name="sandbox", account_id="222222222222", region="us-east-1")
PROD = Environment(name="prod", account_id="555555555555", region="us-east-1", position=1)
FUNCTION = """
[functions.pay]
handler = "orders.pay.handler"
"""
GROUP = """
[security_groups.outbound]
vpc_id = "vpc-0a1b2c3d"
"""
DATABASE = GROUP.replace("outbound", "database")
TO_EVERYBODY = (
    NetworkRule(protocol="-1", kind="ipv4", peer="0.0.0.0/0"),
    NetworkRule(protocol="-1", kind="ipv6", peer="::/0"),
)


def read_all(text: str) -> dict[str, Settings]:
    table = Table(where="projects/orders/pyproject.toml", path="tool.multi_env_lambda", values=tomllib.loads(text))
    return read_all_settings(table.of(UNIT), (SANDBOX, PROD), name="orders", runtime="python3.13", not_secret=())


def group(text: str) -> SecurityGroup:
    found = read_all(text)["sandbox"].resources
    return next(each for each in found if isinstance(each, SecurityGroup) and each.key == "outbound")


def rule(text: str) -> NetworkRule:
    (found,) = group(f"{GROUP}allow_to = [{{ {text} }}]").allow_to
    return found


def refusal(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read_all(text)
    return str(caught.value)


def test_without_a_word_everything_may_leave_and_nothing_may_come_in() -> None:
    assert group(GROUP) == SecurityGroup(key="outbound", vpc_id="vpc-0a1b2c3d", allow_to=TO_EVERYBODY)


def test_an_empty_list_lets_nothing_leave() -> None:
    assert group(f"{GROUP}allow_to = []").allow_to == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            'cidr = "10.0.0.0/16", port = 5432',
            NetworkRule(protocol="tcp", from_port=5432, to_port=5432, kind="ipv4", peer="10.0.0.0/16"),
        ),
        (
            'cidr = "10.0.0.0/16", port = "8000-8010", protocol = "udp", description = "the games"',
            NetworkRule(
                protocol="udp",
                from_port=8000,
                to_port=8010,
                kind="ipv4",
                peer="10.0.0.0/16",
                description="the games",
            ),
        ),
        (
            'cidr = "2001:DB8:0::/32", port = "0-65535"',
            NetworkRule(protocol="tcp", from_port=0, to_port=65_535, kind="ipv6", peer="2001:db8::/32"),
        ),
        ('cidr = "0.0.0.0/0", protocol = "all"', NetworkRule(protocol="-1", kind="ipv4", peer="0.0.0.0/0")),
        (
            'cidr = "10.0.0.0/16", protocol = "icmp"',
            NetworkRule(protocol="icmp", from_port=-1, to_port=-1, kind="ipv4", peer="10.0.0.0/16"),
        ),
        (
            'prefix_list = "pl-63a5400a", protocol = "50"',
            NetworkRule(protocol="50", kind="prefix_list", peer="pl-63a5400a"),
        ),
        (
            'security_group_id = "sg-0a1b2c3d", port = 443',
            NetworkRule(protocol="tcp", from_port=443, to_port=443, kind="group", peer="sg-0a1b2c3d"),
        ),
        (
            'security_group = "outbound", port = 443',
            NetworkRule(protocol="tcp", from_port=443, to_port=443, kind="own_group", peer="outbound"),
        ),
    ],
)
def test_a_rule_is_read(text: str, found: NetworkRule) -> None:
    assert rule(text) == found


def test_each_environment_has_its_vpc() -> None:
    here = '[environments.{}.security_groups.outbound]\nvpc_id = "vpc-{}"\n'
    both = here.format("sandbox", 1) + here.format("prod", 2)

    found = [one.resources[0] for one in read_all(both).values()]
    assert [one.vpc_id for one in found if isinstance(one, SecurityGroup)] == ["vpc-1", "vpc-2"]
    missing = refusal(f"[security_groups.outbound]\n{here.format('sandbox', 1)}")
    assert "[tool.multi_env_lambda.security_groups.outbound] vpc_id: `vpc_id` is missing" in missing
    assert "below `environments.NAME.security_groups`" in missing


def test_functions_name_groups_of_the_unit_beside_others() -> None:
    vpc = 'vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"], security_groups = ["outbound"] }\n'
    text = FUNCTION + vpc + 'environment.GROUP = { security_group = "outbound" }\n' + GROUP

    (function,) = read_all(text)["sandbox"].functions
    assert function.vpc == Vpc(subnet_ids=("subnet-1",), security_group_ids=("sg-1",), security_groups=("outbound",))
    assert dict(function.environment) == {"GROUP": ResourceReference(kind="security_group", key="outbound", value="id")}


def vpc(ids: int, own: int) -> str:
    names = [f"g{number}" for number in range(own)]
    tables = "".join(GROUP.replace("outbound", name) for name in names)
    inner = f"security_group_ids = {[f'sg-{number}' for number in range(ids)]}, security_groups = {names}"
    return f'{FUNCTION}vpc = {{ subnet_ids = ["subnet-1"], {inner} }}\n{tables}'


def test_ids_and_names_together_are_one_to_five() -> None:
    assert read_all(vpc(3, 2)) and read_all(vpc(0, 5)) and read_all(vpc(5, 0))
    more = refusal(vpc(4, 2))
    assert "vpc]: found 4 in `security_group_ids` and 2 in `security_groups`; expected 1 to 5" in more
    assert "hint: put the rules of some of them into one group" in more
    assert "found 0 in `security_group_ids` and 0 in `security_groups`; expected 1 to 5" in refusal(vpc(0, 0))


def test_the_groups_of_a_function_are_in_one_vpc() -> None:
    text = (
        FUNCTION + 'vpc = { subnet_ids = ["subnet-1"], security_groups = ["database", "outbound"] }' + GROUP + DATABASE
    )

    assert read_all(text)
    found = refusal(text.replace("vpc-0a1b2c3d", "vpc-4e5f6a7b", 1))
    assert "vpc] security_groups[1]: `outbound` is in vpc-4e5f6a7b, and `database` in vpc-0a1b2c3d" in found


def to(*rules: str) -> str:
    return f"{GROUP}allow_to = [{', '.join(f'{{ {each} }}' for each in rules)}]\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GROUP.replace("vpc-", "vpv-"), ['found "vpv-0a1b2c3d"; expected the id of a VPC']),
        (GROUP + 'description = "für alle"', ['found "für alle"; expected up to 255 letters without accents']),
        (GROUP + f'description = "{"a" * 256}"', ["expected up to 255 letters"]),
        (GROUP + 'name = "sg-out"', ['no "sg-"']),
        (GROUP + 'name = "default"', ['not "default"']),
        (GROUP + "allow_too = []", ["did you mean `allow_to`?"]),
        (GROUP + 'allow_to = "all"', ['allow_to: found "all"; expected a list']),
        (to("port = 443"), ["allow_to[0]]: found none; expected exactly one of cidr, prefix_list, "]),
        (to('cidr = "10.0.0.0/8", prefix_list = "pl-1", port = 1'), ["found cidr and prefix_list; expected exactly"]),
        (
            to('cidr = "10.0.3.0/16", port = 443'),
            [
                'cidr: found "10.0.3.0/16", which has bits of an address in it; expected "10.0.0.0/16"',
                'hint: EC2 would keep "10.0.0.0/16"; the address alone is "10.0.3.0/32"',
            ],
        ),
        (to('cidr = "2001:db8::1/64", port = 443'), ['expected "2001:db8::/64"', '"2001:db8::1/128"']),
        (to('cidr = "10.0.0.7", port = 443'), ["a range of addresses", "`10.0.0.7/32`"]),
        (to('cidr = "10.0.0.0/33", port = 443'), ['found "10.0.0.0/33"; expected a range of addresses']),
        (to('cidr = "10.0.0/8", port = 443'), ['found "10.0.0/8"; expected a range of addresses']),
        (to('cidr = "anywhere", port = 443'), ['found "anywhere"; expected a range of addresses']),
        (to('cidr = "10.0.0.0/8"'), ["port: `port` is missing", '`port = "0-65535"`']),
        (to('cidr = "10.0.0.0/8", port = 65536'), ["found 65536; expected a whole number from 0 to 65535"]),
        (to('cidr = "10.0.0.0/8", port = "8010-8000"'), ['found "8010-8000"; expected a range from a port to one']),
        (to('cidr = "10.0.0.0/8", port = "8000-65536"'), ['found "8000-65536"; expected a range']),
        (to('cidr = "10.0.0.0/8", port = "443"'), ['found "443"; expected a port such as 443']),
        (
            to('cidr = "10.0.0.0/8", port = 443, protocol = "all"'),
            ['port: found 443 with the protocol "all", which has no ports'],
        ),
        (to('cidr = "10.0.0.0/8", port = 443, protocol = "6"'), ['found "6"; expected "tcp", "udp"']),
        (to('cidr = "10.0.0.0/8", protocol = "256"'), ["the number of another protocol"]),
        (to('cidr = "10.0.0.0/8", protocol = "icmpv6"'), ['`protocol = "icmp"`']),
        (to('cidr = "::/0", protocol = "icmp"'), ['found "icmp" for ::/0', '`protocol = "icmpv6"`']),
        (to('prefix_list = "com.amazonaws.s3", port = 443'), ["expected the id of a prefix list"]),
        (to('security_group_id = "database", port = 443'), ["expected the id of a security group"]),
        (
            to('security_group = "databse", port = 443') + DATABASE,
            ["allow_to[0]] security_group: the unit has no security group `databse`", "did you mean `database`?"],
        ),
        (
            GROUP + 'allow_from = [{ security_group = "other", port = 443 }]',
            ["allow_from[0]] security_group: the unit has no security group `other`"],
        ),
        (
            to('cidr = "10.0.0.0/8", port = 443', 'cidr = "10.0.0.0/8", port = 443, description = "again"'),
            ["allow_to[1]: it allows the same as allow_to[0]"],
        ),
        (
            to('cidr = "0.0.0.0/0", protocol = "all"', 'security_group = "outbound", port = 443'),
            ["allow_to[1]: found a rule to `outbound` beside one that allows everything to 0.0.0.0/0"],
        ),
        (FUNCTION + 'read = ["outbound"]' + GROUP, ["`outbound` is a security group, which needs no permission"]),
        (
            FUNCTION + 'vpc = { subnet_ids = ["subnet-1"], security_groups = ["out"] }' + GROUP,
            [
                "vpc] security_groups[0]: the unit has no security group `out`",
                "[tool.multi_env_lambda.security_groups.out]",
            ],
        ),
        (FUNCTION + 'environment.GROUP = { security_group = "outbound", value = "arn" }' + GROUP, ['expected "id"']),
    ],
)
def test_what_a_security_group_cannot_be_is_refused(text: str, words: list[str]) -> None:
    found = refusal(text)

    assert all(word in found for word in words), found


def ranges(count: int, form: str = "10.0.{}.0/24") -> list[str]:
    return [f'cidr = "{form.format(number)}", port = 443' for number in range(count)]


def test_sixty_rules_are_counted_for_each_kind_of_address() -> None:
    assert len(group(to(*ranges(60), *ranges(60, "2001:db8:{}::/48"))).allow_to) == 120
    lists = ['prefix_list = "pl-1", port = 443']
    assert "found 61 rules for IPv4; expected at most 60" in refusal(to(*ranges(60), *lists))
    assert "found 61 rules for IPv6; expected at most 60" in refusal(to(*ranges(60, "2001:db8:{}::/48"), *lists))


def test_a_refusal_says_what_to_do() -> None:
    assert refusal(to('cidr = "10.0.3.0/16", port = 443')) == snapshot(
        """\
projects/orders/pyproject.toml [tool.multi_env_lambda.security_groups.outbound.allow_to[0]] cidr: found "10.0.3.0/16", which has bits of an address in it; expected "10.0.0.0/16"
hint: EC2 would keep "10.0.0.0/16"; the address alone is "10.0.3.0/32"\
"""  # noqa: E501
    )


def test_a_unit_whose_groups_would_look_like_ids_states_other_names() -> None:
    devops = Devops(account_id="111111111111", region="us-east-1", bucket="acme")

    def read(name: str, more: str) -> None:
        text = f'[project]\nname = "{name}"\nversion = "1"\n[tool.multi_env_lambda.functions.a]\nhandler = "a.b.c"\n'
        document = tomllib.loads(text + GROUP.replace("[", "[tool.multi_env_lambda.") + more)
        read_project(
            document, folder=f"projects/{name}", where="pyproject.toml", environments=(SANDBOX,), devops=devops
        )

    read("shop", "")
    read("sg-shop", 'name = "shop-outbound"')
    with pytest.raises(ConfigurationError, match="security_groups.outbound: its name would begin with `sg-`"):
        read("sg-shop", "")
