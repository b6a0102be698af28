"""What no unit in the account of the CI may touch, by the names that our own templates give; and one elsewhere may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import attrs
import pytest

from multi_env_lambda.model.ci_stack import CiStack
from multi_env_lambda.model.codepipeline import CodePipeline
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.webhook import Webhook
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.access import of_devops_roles
from multi_env_lambda.plan.access_boundary import boundary, not_by_cloudformation
from multi_env_lambda.plan.access_of_pipelines import artifacts_bucket
from multi_env_lambda.plan.codepipeline import pipeline_template
from multi_env_lambda.plan.grant import LONGEST_POLICY
from tests.model.test_codepipeline import CONNECTION
from tests.plan.test_codepipeline import CODE, CONFIG, ELSEWHERE, LIBRARY

HERE = attrs.evolve(CONFIG.environment("sandbox"), account_id=CONFIG.devops.account_id, prefix="acme")
NAMES = {
    "AWS::CodeBuild::Project": ("Name", "codebuild", "project/"),
    "AWS::CodePipeline::Pipeline": ("Name", "codepipeline", ""),
    "AWS::Events::Rule": ("Name", "events", "rule/"),
    "AWS::Lambda::Function": ("FunctionName", "lambda", "function:"),
    "AWS::Logs::LogGroup": ("LogGroupName", "logs", "log-group:"),
}


def refused(config: WorkspaceConfig, place: Any = HERE) -> list[str]:
    found = [one["Resource"] for one in boundary(config, place)["Statement"] if one["Sid"] == "TheCiIsNotAUnits"]
    (by_cloudformation,) = [
        grant.resources for grant in not_by_cloudformation(config, place) if grant.sid == "TheCiIsNotAUnits"
    ] or [()]
    assert [list(by_cloudformation)] == (found or [[]]), "CloudFormation could make what a unit may not touch"
    return list(by_cloudformation)


def arns(config: WorkspaceConfig) -> Iterator[str]:
    """Of what the template makes, apart from the bucket."""
    account = config.devops.account_id
    for body in pipeline_template(config, LIBRARY, CODE, runtime="python3.13")["Resources"].values():
        if (known := NAMES.get(body["Type"])) is not None:
            key, service, before = known
            yield f"arn:aws:{service}:us-east-1:{account}:{before}{body['Properties'][key]}"


def reaches(patterns: list[str], arn: str) -> bool:
    return any(fnmatchcase(arn, pattern) for pattern in patterns)


@pytest.mark.parametrize("source", [CONFIG.codepipeline, ELSEWHERE])
def test_a_unit_reaches_nothing_of_the_pipeline_nor_the_witness_who_writes_approvals(source: CodePipeline) -> None:
    config = attrs.evolve(CONFIG, codepipeline=source)
    bucket = f"arn:aws:s3:::{artifacts_bucket(config.devops, config.roles)}"  # type: ignore[arg-type]
    found = [*arns(config), bucket, f"{bucket}/units/Source/a.zip"]

    assert len(found) > 6
    assert [arn for arn in found if not reaches(refused(config), arn)] == []
    assert refused(config, CONFIG.environment("prod")) == [], "in another account there is nothing to be kept from"


def test_a_unit_does_not_become_the_author_of_what_is_built() -> None:
    """By a connection one gets a token for the repository, which may also push."""
    there = attrs.evolve(CONFIG, codepipeline=ELSEWHERE)
    as_built = CiStack(repository=ELSEWHERE.repository, connection=CONNECTION)

    for config in (there, attrs.evolve(CONFIG, codepipeline=None, ci_stack=as_built)):
        assert reaches(refused(config), CONNECTION)
        assert reaches(refused(config), CONNECTION.replace("codeconnections", "codestar-connections"))
    assert reaches(refused(CONFIG), f"arn:aws:codecommit:us-east-1:{CONFIG.devops.account_id}:units")


@pytest.mark.parametrize(
    ("webhook", "name"),
    [
        (Webhook(host="github", secret="acme/webhook"), "secretsmanager:us-east-1:{}:secret:acme/webhook-AbCdEf"),
        (Webhook(host="github", parameter="/acme/webhook"), "ssm:us-east-1:{}:parameter/acme/webhook"),
    ],
)
def test_a_unit_does_not_read_the_secret_by_which_it_could_say_what_people_did(webhook: Webhook, name: str) -> None:
    arn = f"arn:aws:{name.format(CONFIG.devops.account_id)}"

    assert reaches(refused(attrs.evolve(CONFIG, webhook=webhook)), arn)
    assert not reaches(refused(CONFIG), arn)


def test_nor_by_a_path_above_it() -> None:
    """`ssm:GetParametersByPath` is asked about the path alone."""
    found = refused(attrs.evolve(CONFIG, webhook=Webhook(host="github", parameter="/acme/ci/webhook")))
    here = f"arn:aws:ssm:us-east-1:{CONFIG.devops.account_id}:parameter/"

    assert [path for path in ("", "acme", "acme/", "acme/ci", "acme/ci/") if not reaches(found, here + path)] == []
    assert not reaches(found, f"{here}orders/url"), "what is beside it stays a unit's"


def test_the_boundary_fits_into_a_policy_however_much_there_is_to_be_kept_from() -> None:
    """One managed policy is a boundary; the longest names that a table may have."""
    prefix = "a" * 16
    connection = CONNECTION.replace("0a1b", "0a1b" * 9)
    source = CiStack(repository="https://github.com/acme/units", connection=connection)
    config = attrs.evolve(
        CONFIG,
        roles=Roles(prefix=prefix),
        ci_stack=source,
        codepipeline=attrs.evolve(ELSEWHERE, connection=connection),
        webhook=Webhook(host="github", secret="s" * 512),
        devops=attrs.evolve(CONFIG.devops, bucket="b" * 63, buckets={"eu-west-1": "c" * 63, "ap-south-1": "d" * 63}),
    )
    text = json.dumps(boundary(config, attrs.evolve(HERE, prefix=prefix)), separators=(",", ":"))

    assert len(text) <= LONGEST_POLICY


def test_the_pipeline_starts_builds_as_they_are_in_the_project() -> None:
    roles = {role.name: role for role in of_devops_roles(CONFIG, CONFIG.roles)}  # type: ignore[arg-type]
    (start,) = [grant for grant in roles["acme-pipeline"].grants if "codebuild:StartBuild" in grant.actions]

    fixed = ("environment.image", "environment.privilegedMode", "serviceRole", "source.buildspec")
    assert start.condition == {"Null": {f"codebuild:{key}": "true" for key in fixed}}
