"""The workspace's table: the devops account and the environments in order."""

from __future__ import annotations

import tomllib

import pytest
from inline_snapshot import snapshot

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.environment import DEFAULT_ROLE_NAME
from multi_env_lambda.model.workspace import WorkspaceConfig, read_workspace

GOOD = """
[tool.multi_env_lambda.devops]
account_id = "111111111111"
region = "us-east-1"
bucket = "acme-artifacts"
[[tool.multi_env_lambda.environments]]
name = "sandbox"
account_id = "222222222222"
[[tool.multi_env_lambda.environments]]
name = "prod"
account_id = "555555555555"
region = "eu-central-1"
approval = true
releases_only = true
committed_only = true
protect = true
"""


def read(text: str) -> WorkspaceConfig:
    return read_workspace(tomllib.loads(text), where="pyproject.toml")


def refusal(old: str, new: str) -> str:
    assert old in GOOD
    with pytest.raises(ConfigurationError) as caught:
        read(GOOD.replace(old, new))
    return str(caught.value)


def test_environments_keep_their_order() -> None:
    assert [(item.name, item.position) for item in read(GOOD).environments] == [("sandbox", 0), ("prod", 1)]


def test_region_and_role_have_defaults() -> None:
    sandbox = read(GOOD).environment("sandbox")

    assert (sandbox.region, sandbox.role_name) == ("us-east-1", DEFAULT_ROLE_NAME)
    assert (sandbox.approval, sandbox.releases_only, sandbox.protect) == (False, False, False)


def test_the_rules_of_an_environment_are_read() -> None:
    prod = read(GOOD).environment("prod")

    assert (prod.region, prod.approval, prod.releases_only, prod.protect) == ("eu-central-1", True, True, True)
    assert (prod.committed_only, read(GOOD).environment("sandbox").committed_only) == (True, False)


def test_a_workspace_may_have_an_id() -> None:
    assert read(GOOD).id == ""
    assert read('[tool.multi_env_lambda]\nid = "7c1f3a92be40"\n' + GOOD).id == "7c1f3a92be40"


@pytest.mark.parametrize("table", ["devops]", 'environments]]\nname = "prod"'])
@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("", (DEFAULT_ROLE_NAME, "", "")),
        ('role_name = ""', ("", "", "")),
        ('external_id = "acme:7/x"\nsource_identity = true', (DEFAULT_ROLE_NAME, "acme:7/x", "caller")),
        ('source_identity = "caller"', (DEFAULT_ROLE_NAME, "", "caller")),
        ('source_identity = "payments-ci"', (DEFAULT_ROLE_NAME, "", "payments-ci")),
        ("source_identity = false", (DEFAULT_ROLE_NAME, "", "")),
    ],
)
def test_how_one_gets_into_an_account(table: str, written: str, found: tuple[str, str, str]) -> None:
    config = read(GOOD.replace(f"multi_env_lambda.{table}", f"multi_env_lambda.{table}\n{written}"))
    place = config.devops if table == "devops]" else config.environment("prod")

    assert (place.role_name, place.external_id, place.source_identity) == found


def test_the_local_cloud_has_a_role_for_each_account() -> None:
    text = GOOD.replace("multi_env_lambda.devops]", 'multi_env_lambda.devops]\nrole_name = ""')
    config = read(text.replace('name = "prod"', 'name = "prod"\nrole_name = ""')).with_roles()

    assert {place.role_name for place in (config.devops, *config.environments)} == {DEFAULT_ROLE_NAME}


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ('external_id = "x"', "external_id: .*expected 2 to 1224 letters"),
        ('external_id = "a b"', "external_id: .*expected 2 to 1224 letters"),
        ("source_identity = 7", "source_identity: "),
        ('source_identity = "aws:x"', "source_identity: .*expected true, false"),
        ('role_name = ""\nexternal_id = "acme"', "external_id: it is passed to a role, but no role is assumed"),
        ('role_name = ""\nsource_identity = true', "source_identity: it is passed to a role"),
    ],
)
def test_what_no_role_can_be_told_is_refused(written: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        read(GOOD.replace("multi_env_lambda.devops]", f"multi_env_lambda.devops]\n{written}"))


@pytest.mark.parametrize("id", ["", "-a", "A1", "a b", "a" * 41, "ä"])
def test_an_id_that_no_tag_should_carry_is_refused(id: str) -> None:
    with pytest.raises(ConfigurationError, match=r"id: .*expected up to 40 lowercase letters"):
        read(f'[tool.multi_env_lambda]\nid = "{id}"\n' + GOOD)


def test_nothing_is_before_the_first_environment() -> None:
    config = read(GOOD)

    assert config.before(config.environment("sandbox")) == ()
    assert config.before(config.environment("prod")) == (config.environment("sandbox"),)


def test_rules_of_the_workspace_are_read() -> None:
    config = read("[tool.multi_env_lambda]\napprovals_by_author = true\nkeep = 3\n" + GOOD)

    assert (config.approvals_by_author, config.keep) == (True, 3)


def test_rules_of_the_workspace_have_careful_defaults() -> None:
    assert (read(GOOD).approvals_by_author, read(GOOD).keep) == (False, 10)


@pytest.mark.parametrize(("keep", "allowed"), [(0, False), (1, True), (1000, True), (1001, False)])
def test_the_number_of_kept_releases_has_limits(keep: int, allowed: bool) -> None:
    text = f"[tool.multi_env_lambda]\nkeep = {keep}\n{GOOD}"
    if allowed:
        assert read(text).keep == keep
    else:
        with pytest.raises(ConfigurationError, match="from 1 to 1000"):
            read(text)


def test_an_unknown_environment_gets_a_suggestion() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(GOOD).environment("sandbx")

    assert str(caught.value) == snapshot("""\
environment: there is no environment `sandbx`; expected sandbox or prod
hint: did you mean `sandbox`?\
""")


def test_a_missing_table_is_refused() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read("[tool.other]\nx = 1")

    assert str(caught.value) == snapshot("""\
pyproject.toml: the table [tool.multi_env_lambda] is missing
hint: `multi-env-lambda init` writes it\
""")


def test_a_table_with_hyphens_is_recognised() -> None:
    with pytest.raises(ConfigurationError, match=r"found \[tool.multi-env-lambda\]"):
        read(GOOD.replace("multi_env_lambda", "multi-env-lambda"))


def test_a_misspelled_key_is_refused() -> None:
    assert refusal('region = "us-east-1"', 'regoin = "us-east-1"') == snapshot("""\
pyproject.toml [tool.multi_env_lambda.devops] regoin: unknown key `regoin`; expected account_id, bucket, buckets, external_id, region, role_name or source_identity
hint: did you mean `region`?\
""")  # noqa: E501


def test_an_environment_within_reach_of_anothers_roles_is_refused() -> None:
    """Stacks of `eu-sandbox` are called as the role of `sandbox` may change them, in any region of the account."""
    apart = GOOD.replace('"prod"', '"eu-sandbox"')
    together = apart.replace('"555555555555"', '"222222222222"')
    roles = '[tool.multi_env_lambda.roles]\nprefix = "acme"\n'

    assert [len(read(text).environments) for text in (apart + roles, together)] == [2, 2]
    with pytest.raises(ConfigurationError, match=r"called `\*-sandbox-\*`, and so for `\*-eu-sandbox-\*`"):
        read(together + roles)


def test_two_environments_with_one_name_are_refused() -> None:
    assert refusal('"prod"', '"sandbox"') == snapshot("""\
pyproject.toml [tool.multi_env_lambda.environments[1]] name: two environments are called `sandbox`
hint: rename one of them\
""")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"222222222222"', "222222222222", "found 222222222222; expected text"),
        ('"222222222222"', '"22222222222"', "expected 12 digits"),
        ('"222222222222"', '"٢٢٢٢٢٢٢٢٢٢٢٢"', "expected 12 digits"),
        ('"us-east-1"', '"us-gov-west-1"', "GovCloud"),
        ('"us-east-1"', '"cn-north-1"', "China"),
        ('"us-east-1"', '"Frankfurt"', "the name of a region"),
        ('"acme-artifacts"', '"Acme"', "as S3 accepts them"),
        ('"acme-artifacts"', '"192.168.0.1"', "as S3 accepts them"),
        ('"acme-artifacts"', '"acme..x"', "as S3 accepts them"),
        ('"acme-artifacts"', '"xn--acme"', "as S3 accepts them"),
        ('"acme-artifacts"', '"acme-s3alias"', "as S3 accepts them"),
        ('"acme-artifacts"', '"ab"', "as S3 accepts them"),
        ('"acme-artifacts"', '"acme.artifacts"', "without a dot"),
        ('"sandbox"', '"Sandbox"', "lowercase letters"),
        ('"sandbox"', '"sand box"', "lowercase letters"),
        ('"sandbox"', '"devops"', "which is the account of the artifacts"),
        ('"sandbox"', '""', "lowercase letters"),
        ("approval = true", 'approval = "yes"', "expected true or false"),
        ("approval = true", 'role_name = "arn:aws:iam::1:role/x"', "not its ARN"),
        ('bucket = "acme-artifacts"', "", "`bucket` is missing"),
        ("[tool.multi_env_lambda.devops]", "[tool.multi_env_lambda.ops]", "unknown key `ops`"),
        ("[tool.multi_env_lambda.devops]", "[tool.multi_env_lambda.functions]", "projects/<name>/pyproject.toml"),
    ],
)
def test_a_wrong_value_is_refused(old: str, new: str, message: str) -> None:
    assert message in refusal(old, new)


@pytest.mark.parametrize("environments", ["", "environments = []", 'environments = "prod"', "environments = [1]"])
def test_a_workspace_without_environments_is_refused(environments: str) -> None:
    devops = GOOD[: GOOD.index("[[")]
    with pytest.raises(ConfigurationError, match="environments"):
        read(f"[tool.multi_env_lambda]\n{environments}\n{devops}")


def test_each_region_has_a_bucket_whose_name_follows_from_the_first_or_is_given() -> None:
    named = GOOD + '[tool.multi_env_lambda.devops.buckets]\neu-central-1 = "copies"\n'
    dated = GOOD.replace('"acme-artifacts"', '"acme-us-east-1-x"')

    assert [place.bucket for place in read(GOOD).buckets] == ["acme-artifacts", "acme-artifacts-eu-central-1"]
    assert [place.bucket for place in read(named).buckets] == ["acme-artifacts", "copies"]
    assert [place.bucket for place in read(dated).buckets] == ["acme-us-east-1-x", "acme-eu-central-1-x"]


def test_a_name_that_would_be_too_long_for_s3_is_refused_with_the_way_out() -> None:
    long = GOOD.replace('"acme-artifacts"', f'"{"a" * 60}"')
    with pytest.raises(ConfigurationError, match=r"73 characters; the limit is 63\n.*buckets = \{ eu-central-1"):
        read(long)


def with_units(value: str) -> str:
    return f"[tool.multi_env_lambda]\nunits = {value}\n{GOOD}"


@pytest.mark.parametrize("folder", ["functions", "services/my-lambdas", ".", "src/a.b"])
def test_the_units_are_in_the_folder_that_the_table_names(folder: str) -> None:
    assert read(with_units(f'"{folder}"')).units == folder


def test_without_a_name_it_is_projects() -> None:
    assert read(GOOD).units == "projects"


@pytest.mark.parametrize(
    "value",
    [
        "1",
        '""',
        '"/functions"',
        '"../functions"',
        '"a//b"',
        '"a/"',
        '"./a"',
        '"a/.."',
        '"~"',
        '"-a"',
        '"a\\\\b"',
        '".git"',
    ]
    + ['"a/.git/b"', '".multi_env_lambda"', '"ä"'],
)
def test_what_is_no_folder_of_the_repository_is_refused(value: str) -> None:
    with pytest.raises(ConfigurationError, match="units: found"):
        read(with_units(value))


def test_a_key_of_a_unit_in_the_root_table_is_pointed_to_where_the_units_are() -> None:
    with pytest.raises(ConfigurationError, match="own file, lambdas/<name>/pyproject.toml"):
        read(with_units('"lambdas"\nruntime = "python3.13"'))
