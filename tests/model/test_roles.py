"""As whom somebody acts, and what the table says of roles."""

from __future__ import annotations

import tomllib

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.roles import Acting, Roles, acting_of
from multi_env_lambda.model.workspace import WorkspaceConfig, read_workspace

ADA = "arn:aws:iam::111111111111:user/ada"
SSO = "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Developer_*"
TABLE = f"""
[tool.multi_env_lambda.devops]
account_id = "111111111111"
region = "us-east-1"
bucket = "acme-artifacts"
[tool.multi_env_lambda.roles]
prefix = "acme"
developers = ["{SSO}"]
approvers = ["{ADA}"]
[[tool.multi_env_lambda.environments]]
name = "sandbox"
account_id = "222222222222"
[[tool.multi_env_lambda.environments]]
name = "old"
account_id = "333333333333"
roles = false
[[tool.multi_env_lambda.environments]]
name = "prod"
account_id = "555555555555"
deployed_by = ["build"]
"""
ROLES = Roles(prefix="acme", developers=(SSO,), approvers=(ADA,))


def read(text: str = TABLE) -> WorkspaceConfig:
    return read_workspace(tomllib.loads(text), where="pyproject.toml")


def refusal(old: str, new: str) -> str:
    assert old in TABLE
    with pytest.raises(ConfigurationError) as caught:
        read(TABLE.replace(old, new))
    return str(caught.value)


def test_each_environment_is_entered_by_what_one_may_do_there() -> None:
    config = read().acting_as("developer")

    assert config.devops.role_arn == "arn:aws:iam::111111111111:role/acme-developer"
    assert [place.role_name for place in config.environments] == [
        "acme-sandbox-deploy",
        "OrganizationAccountAccessRole",
        "acme-prod-read",
    ]
    assert [place.only_looks for place in config.environments] == [False, False, True]
    assert [place.changes_units_only for place in config.environments] == [True, False, True]
    through = [place.through.role_name if place.through else "" for place in config.environments]
    assert through == ["acme-developer", "", "acme-developer"]


def test_the_build_deploys_everywhere_and_the_administrator_acts_as_before() -> None:
    assert [place.only_looks for place in read().acting_as("build").environments] == [False, False, False]
    assert read().acting_as("administrator") == read()
    assert not any(place.changes_units_only for place in read().environments)


def test_stacks_act_as_a_role_whose_name_follows_the_environment() -> None:
    sandbox, old, _ = read().environments

    assert sandbox.execution_role_arn == "arn:aws:iam::222222222222:role/acme-sandbox-execution"
    assert (sandbox.boundary_arn, sandbox.role_path) == (
        "arn:aws:iam::222222222222:policy/acme-sandbox-boundary",
        "/acme/sandbox/",
    )
    assert (old.execution_role_arn, old.boundary_arn, old.role_path) == ("", "", "")


@pytest.mark.parametrize(
    ("caller", "wished", "acting"),
    [
        (ADA, "", "developer"),
        (ADA, "approver", "approver"),
        (ADA, "administrator", "administrator"),
        ("arn:aws:sts::111111111111:assumed-role/acme-build/AWSCodeBuild-1", "", "build"),
        ("arn:aws:sts::111111111111:assumed-role/acme-build/AWSCodeBuild-1", "approver", "build"),
        ("arn:aws:sts::111111111111:assumed-role/acme-plan/AWSCodeBuild-1", "", "plan"),
        ("arn:aws:sts::999999999999:assumed-role/acme-build/AWSCodeBuild-1", "", "developer"),
    ],
)
def test_who_acts_follows_from_who_one_is(caller: str, wished: str, acting: Acting) -> None:
    assert acting_of(ROLES, "111111111111", caller, wished) == acting


def test_without_roles_one_role_serves_everybody() -> None:
    assert acting_of(None, "111111111111", ADA, "") == "administrator"


@pytest.mark.parametrize(("roles", "wished"), [(Roles(approvers=(ADA,)), ""), (Roles(developers=(ADA,)), "approver")])
def test_nobody_acts_as_what_nobody_may_become(roles: Roles, wished: str) -> None:
    with pytest.raises(ConfigurationError, match="nobody may act as"):
        acting_of(roles, "111111111111", ADA, wished)


def test_nobody_says_that_she_is_a_build() -> None:
    with pytest.raises(ConfigurationError, match="found `build`; expected"):
        acting_of(ROLES, "111111111111", ADA, "build")


@pytest.mark.parametrize("person", ["arn:aws:iam::111111111111:role/ci", "arn:aws:iam::111111111111:root", "*", "ada"])
def test_who_chooses_her_own_name_is_nobody_who_can_be_named(person: str) -> None:
    assert "expected the ARN of an IAM user or of an Identity Center role" in refusal(ADA, person)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'prefix = "acme"',
            'prefix = "Acme"',
            '[tool.multi_env_lambda.roles] prefix: found "Acme"; expected up to 16 ',
        ),
        (
            '["build"]',
            '["approver"]',
            "environments[2]] deployed_by: found ['approver']; expected build or developer",
        ),
        ("roles = false", 'roles = false\ndeployed_by = ["build"]', "deployed_by: one role serves everybody here"),
    ],
)
def test_what_is_wrong_in_the_table_is_said_with_its_place(old: str, new: str, said: str) -> None:
    assert said in refusal(old, new)
