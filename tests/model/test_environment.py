"""Stages and the devops account."""

from __future__ import annotations

from multi_env_lambda.model.environment import Devops, Environment

PROD = Environment(name="prod", account_id="555555555555", region="us-east-1", role_name="deployer")
DEVOPS = Devops(account_id="111111111111", region="us-east-1", bucket="acme")


def test_a_role_is_known_by_account_and_name() -> None:
    assert PROD.role_arn == "arn:aws:iam::555555555555:role/deployer"


def test_devops_has_the_role_of_the_organization() -> None:
    assert DEVOPS.role_arn == "arn:aws:iam::111111111111:role/OrganizationAccountAccessRole"


def test_the_console_link_switches_to_the_role() -> None:
    query = "account=555555555555&roleName=deployer&displayName=prod"

    assert PROD.switch_role_url == f"https://signin.aws.amazon.com/switchrole?{query}"


def test_the_console_link_of_devops_carries_its_name() -> None:
    assert DEVOPS.switch_role_url.endswith("displayName=devops")


def test_without_a_role_there_is_nothing_to_assume_and_no_link_that_switches() -> None:
    own = Environment(name="prod", account_id="555555555555", region="us-east-1", role_name="")

    assert (own.role_arn, own.switch_role_url) == ("", "")
