"""The table `bounds` of an environment."""

from __future__ import annotations

import tomllib

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.bounds import Bounds
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.workspace import read_workspace

ROOT = """
[tool.multi_env_lambda.devops]
account_id = "111111111111"
region = "us-east-1"
bucket = "acme"

[[tool.multi_env_lambda.environments]]
name = "prod"
account_id = "555555555555"
"""


def prod(bounds: str) -> Environment:
    return read_workspace(tomllib.loads(ROOT + bounds), where="pyproject.toml").environments[0]


def test_bounds_are_read_as_they_are_written_and_a_name_is_a_policy_of_the_account() -> None:
    found = prod(
        'bounds = { actions = ["s3:*", "logs:Put*"], resource_types = ["AWS::S3::*"], permissions_boundary = "u" }'
    )

    assert found.bounds == Bounds(
        actions=("s3:*", "logs:Put*"), resource_types=("AWS::S3::*",), permissions_boundary="u"
    )
    assert found.boundary_arn == "arn:aws:iam::555555555555:policy/u"
    assert prod("[tool.multi_env_lambda.environments.bounds]\nactions = []").bounds == Bounds(actions=())
    assert (prod("").bounds, prod("").boundary_arn) == (None, "")


@pytest.mark.parametrize(
    ("bounds", "what"),
    [
        ("bounds = {}", "the table is empty"),
        ('bounds = { action = ["s3:*"] }', "unknown key `action`"),
        ('bounds = { actions = ["s3"] }', 'found "s3"; expected an action or a pattern'),
        ('bounds = { resource_types = ["S3"] }', 'found "S3"; expected a CloudFormation resource type'),
        ('bounds = { managed_policies = ["arn:aws:iam::aws:policy/*"] }', "it requires `actions`"),
        ('bounds = { permissions_boundary = "a b" }', 'found "a b"; expected the ARN of a policy'),
    ],
)
def test_what_bounds_nothing_is_refused(bounds: str, what: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        prod(bounds)

    assert what in caught.value.what and caught.value.hint
