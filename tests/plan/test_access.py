"""The roles of `bootstrap`: who becomes each, what each may do, and what differs between two stacks."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.ci.read import HEARD
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.bounds import Bounds
from multi_env_lambda.model.ci_stack import CiStack
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.github import GitHub
from multi_env_lambda.model.gitlab import GitLab
from multi_env_lambda.model.lent import LentLayer
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.plan.access import RoleAccess, access_stack_name, of_devops_roles, of_environment_roles
from multi_env_lambda.plan.access_boundary import OF_HOSTS, boundary
from multi_env_lambda.plan.access_stack import access_stack, differences
from multi_env_lambda.plan.bucket import merged_policy, policy_statements
from multi_env_lambda.plan.bucket_guards import guards_of
from multi_env_lambda.plan.ci_stack import CiCode, ci_stack
from multi_env_lambda.plan.lent import describe, lent_pin
from multi_env_lambda.plan.template.role_paths import with_role_paths
from multi_env_lambda.testing.local_cloud import sample_config

ROOT = Path(__file__).parent.parent.parent
HANDLERS = json.loads((ROOT / "multi_env_lambda/plan/handlers.json").read_text("ascii"))
ADA = "arn:aws:iam::111111111111:user/ada"
SSO = "arn:aws:iam::999999999999:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Lead_*"
ROLES = Roles(prefix="acme", developers=(ADA,), approvers=(ADA, SSO))
CONFIG = attrs.evolve(
    sample_config(),
    roles=ROLES,
    environments=tuple(attrs.evolve(place, prefix="acme") for place in sample_config().environments),
)
PROD = attrs.evolve(CONFIG.environment("prod"), deployed_by=("build",))
FUNCTION = {"Type": "AWS::Lambda::Function", "Properties": {"Role": {"Fn::GetAtt": ["R", "Arn"]}}}
TEMPLATE = json.dumps({"Resources": {"F": FUNCTION, "R": {"Type": "AWS::IAM::Role", "Properties": {}}}})


def of_prod(template: str = TEMPLATE) -> dict[str, RoleAccess]:
    roles = of_environment_roles(CONFIG, ROLES, PROD, {"orders-prod": template}, HANDLERS)
    return {role.key: role for role in roles}


def of_devops() -> dict[str, RoleAccess]:
    return {role.name: role for role in of_devops_roles(CONFIG, ROLES)}


def allowed(role: RoleAccess) -> dict[str, set[str]]:
    """Action -> the resources that it is allowed on."""
    found: dict[str, set[str]] = {}
    for grant in role.grants:
        for action in grant.actions:
            found.setdefault(action, set()).update(grant.resources)
    return found


def test_only_an_approver_writes_approvals_and_only_as_herself() -> None:
    writes = {name: allowed(role).get("s3:PutObject", set()) for name, role in of_devops().items()}

    keys = {name for name, arns in writes.items() if any("approvals" in arn for arn in arns)}
    assert keys == {"acme-approver"}
    expected = {f"environments/{place.name}/approvals/*/*/${{aws:userid}}.json" for place in CONFIG.environments}
    assert {arn.partition("/")[2] for arn in writes["acme-approver"]} == expected
    assert {arn.partition("/")[2] for arn in writes["acme-plan"]} == {"ci/wanted/f*", "ci/results/f*"}


def test_who_only_looks_may_list_layers_where_a_unit_gets_that_of_another() -> None:
    lent = LentLayer(unit="common", digest="a1" * 32, sha256="b2" * 32)
    parameters = {lent_pin(lent): {"Type": "String", "Description": describe(lent)}}
    template = json.dumps({**json.loads(TEMPLATE), "Parameters": parameters})

    for role in ("ReadRole", "DeployRole"):
        assert "lambda:ListLayerVersions" not in allowed(of_prod()[role])
        assert allowed(of_prod(template)[role])["lambda:ListLayerVersions"] == {"*"}


def test_a_unit_in_the_account_of_the_ci_is_kept_from_it_and_one_elsewhere_has_nothing_to_be_kept_from() -> None:
    """In tests/policies/test_thieves.py two evaluators say what these statements mean."""
    there = attrs.evolve(CONFIG.environment("sandbox"), account_id=CONFIG.devops.account_id)
    config = attrs.evolve(CONFIG, ci_stack=CiStack(repository="units"))
    template = {"orders-sandbox": TEMPLATE}
    roles = {role.key: role for role in of_environment_roles(config, ROLES, there, template, HANDLERS)}

    sids = {one["Sid"] for one in boundary(config, there)["Statement"] if one["Effect"] == "Deny"}
    assert sids == {"ArtifactsAreRead", "NobodysEvents", "NobodysQueue", "TheCiIsNotAUnits"}
    assert {one["Sid"] for one in boundary(config, PROD)["Statement"]} == {"ArtifactsAreRead", "WhatUnitsDo"}
    refused = {grant.sid for grant in roles["ExecutionRole"].grants if grant.effect == "Deny"}
    assert refused == {"ArtifactsAreRead", "NobodysQueue", "TheCiIsNotAUnits"}
    assert [grant for grant in of_prod()["ExecutionRole"].grants if grant.effect == "Deny"] == []


def test_the_sources_that_no_unit_may_use_are_those_that_the_ci_hears() -> None:
    assert [source for source in HEARD if not any(fnmatchcase(source, pattern) for pattern in OF_HOSTS)] == []


def test_the_names_that_no_unit_may_touch_are_those_of_the_stack() -> None:
    config = attrs.evolve(CONFIG, ci_stack=CiStack(repository="units"))
    there = attrs.evolve(CONFIG.environment("sandbox"), account_id=CONFIG.devops.account_id)
    (kept,) = [one for one in boundary(config, there)["Statement"] if one["Sid"] == "TheCiIsNotAUnits"]
    code = CiCode(
        bucket="b", key="k", wheel="w", sha256="1" * 64, runtime="python3.13", sources=(), handler="h", variables={}
    )
    assert config.ci_stack is not None
    resources = json.loads(ci_stack(config, config.ci_stack, ROLES, code).template)["Resources"]
    names = [
        value
        for body in resources.values()
        for key, value in body.get("Properties", {}).items()
        if key in ("AlarmName", "FunctionName", "LogGroupName", "Name", "QueueName", "TopicName")
        and isinstance(value, str)
    ]

    assert len(names) > 12
    patterns = [arn.split(":", 5)[5].removeprefix("log-group:") for arn in kept["Resource"]]
    ends = [pattern.partition(":")[2] if ":" in pattern else pattern for pattern in patterns]
    ends += [pattern.partition("/")[2] for pattern in patterns if pattern.startswith(("project/", "rule/"))]
    assert [name for name in names if not any(fnmatchcase(name, end) for end in (*patterns, *ends))] == []


def test_nobody_overwrites_by_deleting_first() -> None:
    assert [name for name, role in of_devops().items() if "s3:DeleteObject" in allowed(role)] == []


def test_people_come_in_under_their_own_names_only() -> None:
    users, people = of_devops()["acme-approver"].trust["Statement"]

    assert users["Principal"] == {"AWS": ["arn:aws:iam::111111111111:root"]}
    assert users["Condition"] == {
        "ArnLike": {"aws:PrincipalArn": [ADA]},
        "StringEquals": {"sts:RoleSessionName": "${aws:username}"},
    }
    assert people["Principal"] == {"AWS": ["arn:aws:iam::999999999999:root"]}
    assert people["Condition"]["StringLike"] == {"aws:userid": "*:${sts:RoleSessionName}"}


def test_a_role_that_nobody_may_become_is_not_made() -> None:
    made = of_devops_roles(CONFIG, attrs.evolve(ROLES, developers=()))

    assert "acme-developer" not in {role.name for role in made}


def test_an_environment_lets_in_who_deploys_there() -> None:
    roles = of_prod()

    condition = roles["DeployRole"].trust["Statement"][0]["Condition"]
    assert condition == {"ArnEquals": {"aws:PrincipalArn": ["arn:aws:iam::111111111111:role/acme-build"]}}
    assert roles["ExecutionRole"].trust["Statement"][0]["Principal"] == {"Service": "cloudformation.amazonaws.com"}


def test_who_deploys_passes_one_role_and_touches_no_role_itself() -> None:
    deploy = of_prod()["DeployRole"]

    of_iam = {action: arns for action, arns in allowed(deploy).items() if action.startswith("iam:")}
    assert of_iam == {"iam:PassRole": {PROD.execution_role_arn}, "iam:GetAccountSummary": {"*"}}
    (act,) = [grant for grant in deploy.grants if grant.sid == "LetCloudFormationAct"]
    assert act.condition == {"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}}


def test_no_statement_about_stacks_takes_in_those_of_bootstrap() -> None:
    stacks = {arn for role in of_prod().values() for arns in allowed(role).values() for arn in arns if ":stack/" in arn}

    name = access_stack_name("acme", "prod")
    assert {arn.partition(":stack/")[2] for arn in stacks} == {"*-prod/*", f"{name}/*"}
    assert not name.endswith("-prod") and name[-1].islower() and "A" in name


def test_cloudformation_makes_roles_below_the_path_under_the_boundary_only() -> None:
    execution = of_prod()["ExecutionRole"]

    below = {"arn:aws:iam::555555555555:role/acme/prod/*"}
    assert {frozenset(arns) for action, arns in allowed(execution).items() if action.startswith("iam:")} == {
        frozenset(below)
    }
    assert "iam:DeleteRolePermissionsBoundary" not in allowed(execution)
    for grant in execution.grants:
        if {"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"} & set(grant.actions):
            assert grant.condition == {"StringEquals": {"iam:PermissionsBoundary": PROD.boundary_arn}}


def test_the_boundary_leaves_units_no_way_to_the_stacks_and_roles_that_hold_them() -> None:
    allow, deny = boundary(CONFIG, PROD)["Statement"]

    assert {"iam:*", "cloudformation:*", "organizations:*", "sts:AssumeRole*"} <= set(allow["NotAction"])
    assert deny["NotAction"] == ["s3:GetObject", "s3:GetObjectVersion"]
    assert f"arn:aws:s3:::{CONFIG.devops.bucket}/*" in deny["Resource"]


def test_a_stack_is_the_same_bytes_and_its_difference_is_said_by_statement() -> None:
    made = access_stack(CONFIG, "acme", PROD, of_prod().values())
    again = access_stack(CONFIG, "acme", PROD, of_prod().values())
    document = json.loads(made.template)

    assert (made.name, made) == ("acme-prod-Access", again)
    assert differences(document, document) == ()
    queue = json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {}}}})
    other = json.loads(access_stack(CONFIG, "acme", PROD, of_prod(queue).values()).template)
    (line,) = differences(document, other)
    assert line.startswith("change ExecutionRolePolicy1: with ") and "MakeSqs" in line and "without " in line
    assert differences(None, {"Resources": {"A": {"Type": "T"}}}) == ("make A (T)",)


# --- GitHub ---
GITHUB = GitHub(repository="acme/units", owner_id=7, repository_id=8)


def trusts(github: GitHub, stack: CiStack | None = None) -> dict[str, list[dict[str, Any]]]:
    config = attrs.evolve(CONFIG, github=github, ci_stack=stack)
    return {role.name: role.trust["Statement"] for role in of_devops_roles(config, ROLES)}


def test_builds_at_github_come_in_by_one_file_of_the_protected_branch_alone() -> None:
    (build,), (plan,) = trusts(GITHUB)["acme-build"], trusts(GITHUB)["acme-plan"]
    key = "token.actions.githubusercontent.com"
    common = {
        f"{key}:aud": "sts.amazonaws.com",
        f"{key}:job_workflow_ref": "acme/units/.github/workflows/multi-env-lambda.yml@refs/heads/main",
        f"{key}:repository_id": "8",
    }

    assert build["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert build["Principal"] == {"Federated": f"arn:aws:iam::111111111111:oidc-provider/{key}"}
    prefix = "repo:acme@7/units@8:"
    assert build["Condition"] == {"StringEquals": {**common, f"{key}:sub": f"{prefix}ref:refs/heads/main"}}
    place = "multi-env-lambda-plan"
    names = {f"{key}:environment": place, f"{key}:sub": f"{prefix}environment:{place}"}
    assert plan["Condition"] == {"StringEquals": {**common, **names}}


def test_no_other_role_hears_of_github_and_codebuild_stays_where_there_is_a_stack_for_it() -> None:
    with_stack = trusts(GITHUB, CiStack(repository="units"))

    assert {name for name, statements in with_stack.items() if "GitHub" in [one["Sid"] for one in statements]} == {
        "acme-build",
        "acme-plan",
    }
    assert [one["Sid"] for one in with_stack["acme-build"]] == ["Service", "GitHub"]
    assert [one["Sid"] for one in trusts(GITHUB)["acme-build"]] == ["GitHub"]


def test_an_older_repository_is_named_without_numbers() -> None:
    github = GitHub(repository="acme/units", subject="names")
    condition = trusts(github)["acme-build"][0]["Condition"]["StringEquals"]

    assert condition["token.actions.githubusercontent.com:sub"] == "repo:acme/units:ref:refs/heads/main"
    assert "token.actions.githubusercontent.com:repository_id" not in condition


def test_the_provider_of_github_is_made_once_and_in_the_devops_account() -> None:
    def types(github: GitHub | None, place: Environment | None = None) -> list[str]:
        config = attrs.evolve(CONFIG, github=github)
        found = json.loads(access_stack(config, "acme", place, ()).template).get("Resources", {})
        return [body["Type"] for body in found.values()]

    assert types(GITHUB) == ["AWS::IAM::OIDCProvider"]
    assert types(attrs.evolve(GITHUB, provider=False)) == types(None) == []
    assert "AWS::IAM::OIDCProvider" not in types(GITHUB, PROD)


GITLAB = GitLab(project="acme/units", image=f"x@sha256:{'0' * 64}")


def test_gitlab_deploys_from_the_protected_branch_and_plans_from_any_branch_of_the_project() -> None:
    def statements(stack: CiStack | None = None, *, plans: bool = True) -> dict[str, list[dict[str, Any]]]:
        config = attrs.evolve(CONFIG, gitlab=attrs.evolve(GITLAB, plans=plans), ci_stack=stack)
        return {role.name: role.trust["Statement"] for role in of_devops_roles(config, ROLES)}

    (build,) = statements()["acme-build"]
    assert build["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert build["Principal"] == {"Federated": "arn:aws:iam::111111111111:oidc-provider/gitlab.com"}
    subject = "project_path:acme/units:ref_type:branch:ref:main"
    assert build["Condition"] == {
        "StringEquals": {"gitlab.com:aud": "sts.amazonaws.com", "gitlab.com:sub": subject},
    }
    (plan,) = statements()["acme-plan"]
    assert plan["Condition"] == {
        "StringEquals": {"gitlab.com:aud": "sts.amazonaws.com"},
        "StringLike": {"gitlab.com:sub": "project_path:acme/units:ref_type:branch:ref:*"},
    }
    others = [one["Sid"] for name, said in statements().items() if name[5:] not in ("build", "plan") for one in said]
    assert "GitLab" not in others
    assert [one["Sid"] for one in statements(plans=False)["acme-plan"]] == ["Service"]
    assert [one["Sid"] for one in statements(CiStack(repository="units"))["acme-build"]] == ["Service", "GitLab"]


def test_the_provider_of_gitlab_is_made_once_and_in_the_devops_account() -> None:
    def urls(gitlab: GitLab, place: Environment | None = None) -> list[str]:
        template = access_stack(attrs.evolve(CONFIG, gitlab=gitlab), "acme", place, ()).template
        found = json.loads(template).get("Resources", {}).values()
        return [one["Properties"]["Url"] for one in found if one["Type"] == "AWS::IAM::OIDCProvider"]

    assert urls(GITLAB) == ["https://gitlab.com"]
    assert urls(attrs.evolve(GITLAB, provider=False)) == urls(GITLAB, PROD) == []


def test_a_boundary_of_ones_own_is_not_made() -> None:
    bounded = attrs.evolve(PROD, bounds=Bounds(permissions_boundary="theirs"))
    resources = json.loads(access_stack(CONFIG, "acme", bounded, of_prod().values()).template)["Resources"]

    assert "Boundary" not in resources


def test_roles_of_a_template_get_path_and_boundary() -> None:
    found = with_role_paths(json.loads(TEMPLATE), PROD, where="u")

    assert found["Resources"]["R"]["Properties"] == {
        "Path": "/acme/prod/",
        "PermissionsBoundary": "arn:aws:iam::555555555555:policy/acme-prod-boundary",
    }
    assert with_role_paths(json.loads(TEMPLATE), sample_config().environment("prod"), where="u") == json.loads(TEMPLATE)


@pytest.mark.parametrize(
    ("kind", "properties", "said"),
    [
        ("AWS::IAM::Role", {"Path": "/mine/"}, "Path is '/mine/', allowed in prod is '/acme/prod/'"),
        ("AWS::IAM::Role", {"PermissionsBoundary": "arn:aws:iam::aws:policy/X"}, "PermissionsBoundary is"),
        ("AWS::IAM::User", {}, "is of type AWS::IAM::User, which no stack of prod may make"),
    ],
)
def test_what_cloudformation_could_not_make_is_refused_by_the_plan(
    kind: str, properties: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigurationError, match="Resources.R") as caught:
        with_role_paths({"Resources": {"R": {"Type": kind, "Properties": properties}}}, PROD, where="u")

    assert said in str(caught.value)


def test_the_bucket_names_its_readers_and_refuses_what_no_role_is_for() -> None:
    guards = guards_of(CONFIG)
    statements = policy_statements("acme", [], guards=guards)
    by_sid = {one["Sid"]: one for one in statements}

    readers = by_sid["MultiEnvLambdaReaders555555555555"]["Condition"]["ArnLike"]["aws:PrincipalArn"]
    assert readers == [
        "arn:aws:iam::555555555555:role/acme-prod-deploy",
        "arn:aws:iam::555555555555:role/acme-prod-execution",
        "arn:aws:iam::555555555555:role/acme/prod/*",
    ]
    assert by_sid["MultiEnvLambdaApprovals"]["Condition"] == {
        "ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/acme-approver"}
    }
    assert "arn:aws:s3:::acme/projects/*/release/*" in by_sid["MultiEnvLambdaCreateOnly"]["Resource"]
    assert guards_of(sample_config()) is None


def test_statements_of_ours_that_are_no_longer_wanted_go_and_those_of_others_stay() -> None:
    theirs = {"Sid": "Theirs", "Effect": "Deny"}
    before = {"Statement": [*policy_statements("acme", ["5" * 12]), theirs]}

    after = merged_policy(before, policy_statements("acme", [], guards=guards_of(CONFIG)))
    assert "MultiEnvLambdaReaders" not in [one["Sid"] for one in after["Statement"]]
    assert theirs in after["Statement"]


def with_stack(repository: str) -> dict[str, RoleAccess]:
    config = attrs.evolve(CONFIG, ci_stack=CiStack(repository=repository))
    return {role.name: role for role in of_devops_roles(config, ROLES)}


def test_comments_are_of_one_role_on_one_repository_that_builds_alone_become() -> None:
    made = with_stack("units")
    builds = [f"arn:aws:iam::111111111111:role/acme-{name}" for name in ("build", "plan")]

    assert made["acme-comments"].trust["Statement"][0]["Condition"] == {"ArnEquals": {"aws:PrincipalArn": builds}}
    assert {frozenset(arns) for arns in allowed(made["acme-comments"]).values()} == {
        frozenset({"arn:aws:codecommit:us-east-1:111111111111:units"})
    }
    assert {action.partition(":")[0] for action in allowed(made["acme-comments"])} == {"codecommit"}
    entered = {name: allowed(role).get("sts:AssumeRole", set()) for name, role in made.items()}
    into = {name for name, arns in entered.items() if "arn:aws:iam::111111111111:role/acme-comments" in arns}
    assert into == {"acme-build", "acme-plan"}


def test_only_builds_of_what_is_merged_write_to_people_and_to_that_topic_only() -> None:
    writes = {name: allowed(role).get("sns:Publish") for name, role in with_stack("units").items()}

    assert {name: arns for name, arns in writes.items() if arns} == {
        "acme-build": {"arn:aws:sns:us-east-1:111111111111:acme-ci"}
    }


def test_where_the_repository_is_elsewhere_nobody_speaks_at_codecommit() -> None:
    made = with_stack("https://github.com/acme/units")

    assert "acme-comments" not in made
    assert [name for name, role in made.items() if any("comments" in str(grant) for grant in role.grants)] == []
    assert "acme-comments" not in of_devops()
