"""The jobs for environments with reviewers at GitHub, and the role that only one of them gets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import attrs
import yaml

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.github import GitHub
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.access import RoleAccess, of_devops_roles
from multi_env_lambda.plan.bucket_guards import guards_of
from multi_env_lambda.plan.github_reviews import APPROVE, DEPLOY, SHOW
from multi_env_lambda.plan.github_steps import INSTALL, Library
from multi_env_lambda.plan.github_workflow import RUN, workflow
from multi_env_lambda.testing.local_cloud import sample_config

LIBRARY = Library(
    address=f"s3://artifacts/ci/library/{'0' * 64}/multi_env_lambda-1.0-py3-none-any.whl", sha256="0" * 64
)
ROLES = Roles(prefix="acme", approvers=("arn:aws:iam::111111111111:user/grace",))
GITHUB = GitHub(repository="acme/units", owner_id=7, repository_id=8, reviewed=("staging", "prod"))
PROVIDER = "token.actions.githubusercontent.com"


def asking(place: Environment) -> Environment:
    return attrs.evolve(place, approval=place.name in ("staging", "prod"), prefix="acme")


def config(*reviewed: str, **more: Any) -> WorkspaceConfig:
    found = sample_config()
    places = tuple(map(asking, found.environments))
    github = attrs.evolve(GITHUB, reviewed=reviewed or GITHUB.reviewed)
    return attrs.evolve(found, roles=ROLES, environments=places, github=github, **more)


def written(found: WorkspaceConfig) -> str:
    return workflow(found, LIBRARY, own_decisions=True)


def jobs(found: WorkspaceConfig) -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load(written(found))["jobs"]
    return made


def test_the_jobs_of_one_environment_are_these() -> None:
    text = written(config("prod"))
    part = text[text.index("\n  # Shows what waits for prod") : text.index("\n  # Plans a member's pull request")]
    assert part.strip("\n") == (Path(__file__).parent / "github_reviews.yml").read_text("ascii").strip("\n")


def test_only_an_environment_that_the_table_names_has_them() -> None:
    nobody = jobs(attrs.evolve(config("prod"), github=attrs.evolve(GITHUB, reviewed=())))
    assert set(jobs(config("prod"))) - set(nobody) == {"show-prod", "approve-prod", "deploy-prod"}
    assert "outputs" not in nobody["look"] and set(jobs(config("prod"))["look"]["outputs"]) == {"prod"}


def test_only_the_job_that_a_review_starts_has_an_environment_and_it_does_one_thing() -> None:
    found = jobs(config("prod"))
    assert [name for name, job in found.items() if (job.get("environment") or {}).get("name") == "prod"] == [
        "approve-prod"
    ]
    approve = found["approve-prod"]
    assert [step["uses"].partition("@")[0] for step in approve["steps"] if "uses" in step] == [
        "aws-actions/configure-aws-credentials"
    ]
    assert approve["permissions"] == {"actions": "read", "contents": "read", "id-token": "write"}
    assert approve["name"] == "prod ${{ needs.show-prod.outputs.digest }}"
    assert "concurrency" not in approve, "a job that waits for a person would keep out others"
    become = next(step["with"] for step in approve["steps"] if "uses" in step)
    assert become["role-to-assume"] == "arn:aws:iam::111111111111:role/acme-prod-reviewer"
    roles = {name: re.findall(r"role/([\w-]+)", str(job)) for name, job in found.items()}
    assert [name for name, used in roles.items() if "acme-prod-reviewer" in used] == ["approve-prod"]


def test_what_shows_may_write_nothing_at_github_and_its_scripts_run_no_code_of_a_unit() -> None:
    found = jobs(config("prod"))
    scripts = {
        name: [step["run"] for step in found[name]["steps"] if "run" in step]
        for name in ("look", "show-prod", "approve-prod", "deploy-prod")
    }
    assert found["show-prod"]["permissions"] == {"actions": "read", "contents": "read", "id-token": "write"}
    assert scripts == {
        "look": [INSTALL, RUN],
        "show-prod": [INSTALL, SHOW],
        "approve-prod": [INSTALL, APPROVE],
        "deploy-prod": [INSTALL, DEPLOY],
    }
    assert not any("${{" in script for script in (SHOW, APPROVE, DEPLOY))
    assert "ci run" not in SHOW + APPROVE


def test_what_deploys_after_it_has_the_rights_and_the_turn_of_every_run() -> None:
    found = jobs(config("prod"))
    for key in ("permissions", "concurrency", "runs-on", "timeout-minutes"):
        assert found["deploy-prod"][key] == found["look"][key]


def test_a_run_that_failed_elsewhere_still_asks_and_one_that_shows_nothing_asks_nobody() -> None:
    found = jobs(config("prod"))
    assert found["show-prod"]["if"].startswith("!cancelled() && ") and "needs.look.result" not in str(found)
    assert "needs.look.outputs.prod != ''" in found["show-prod"]["if"]
    assert "github.ref == 'refs/heads/main'" in found["show-prod"]["if"]
    approve = "!cancelled() && needs.show-prod.result == 'success' && needs.show-prod.outputs.digest != ''"
    assert found["approve-prod"]["if"] == approve
    assert found["deploy-prod"]["if"] == "!cancelled() && needs.approve-prod.result == 'success'"


def test_a_later_environment_is_asked_about_after_an_earlier_one_and_one_beside_it_is_not() -> None:
    chain = jobs(config())
    assert chain["show-prod"]["needs"] == ["look", "deploy-staging"]
    shown = chain["show-prod"]["steps"][-1]["env"]["DIGEST"]
    assert shown == "${{ needs.deploy-staging.outputs.prod || needs.look.outputs.prod }}"
    assert chain["deploy-staging"]["outputs"] == {"prod": "${{ steps.run.outputs.prod }}"}
    assert "outputs" not in chain["deploy-prod"]
    beside = config()
    *others, staging, prod = beside.environments
    side = (attrs.evolve(staging, stage="last"), attrs.evolve(prod, stage="last"))
    assert jobs(attrs.evolve(beside, environments=(*others, *side)))["show-prod"]["needs"] == ["look", "go-on-1"]


# --- the role ---
def roles(found: WorkspaceConfig) -> dict[str, RoleAccess]:
    return {role.name: role for role in of_devops_roles(found, ROLES)}


def test_a_token_of_the_environment_in_the_protected_file_alone_opens_its_role() -> None:
    (statement,) = roles(config())["acme-prod-reviewer"].trust["Statement"]

    assert statement["Principal"] == {"Federated": f"arn:aws:iam::111111111111:oidc-provider/{PROVIDER}"}
    assert statement["Condition"] == {
        "StringEquals": {
            f"{PROVIDER}:aud": "sts.amazonaws.com",
            f"{PROVIDER}:environment": "prod",
            f"{PROVIDER}:job_workflow_ref": "acme/units/.github/workflows/multi-env-lambda.yml@refs/heads/main",
            f"{PROVIDER}:repository_id": "8",
            f"{PROVIDER}:sub": "repo:acme@7/units@8:environment:prod",
        }
    }


def test_it_writes_approvals_of_this_environment_that_end_as_nobody_elses_do() -> None:
    bucket = f"arn:aws:s3:::{config().devops.bucket}"
    writes = {
        name: [one for grant in role.grants for one in grant.resources if "s3:PutObject" in grant.actions]
        for name, role in roles(config()).items()
    }
    assert writes["acme-prod-reviewer"] == [f"{bucket}/environments/prod/approvals/*/*/github.json"]
    assert writes["acme-staging-reviewer"] == [f"{bucket}/environments/staging/approvals/*/*/github.json"]
    ends = {name for name, found in writes.items() for one in found if "/approvals/" in one and "github.json" in one}
    assert ends == {"acme-prod-reviewer", "acme-staging-reviewer"}
    assert all("${aws:userid}" in one for one in writes["acme-approver"])
    mine = {action for grant in roles(config())["acme-prod-reviewer"].grants for action in grant.actions}
    assert mine == {"s3:GetObject", "s3:ListBucket", "s3:PutObject"}


def test_the_bucket_lets_these_roles_and_the_approver_write_approvals() -> None:
    found, nobody = guards_of(config()), guards_of(attrs.evolve(config(), github=attrs.evolve(GITHUB, reviewed=())))
    assert found is not None and nobody is not None
    names = [arn.rpartition("/")[2] for arn in found.approvers]
    assert names == ["acme-approver", "acme-staging-reviewer", "acme-prod-reviewer"]
    assert [arn.rpartition("/")[2] for arn in nobody.approvers] == ["acme-approver"]


def test_names_that_differ_by_a_hyphen_are_two_roles_in_the_stack() -> None:
    found = config("prod")
    *others, prod = found.environments
    places = (*others, attrs.evolve(prod, name="eu1", approval=True), attrs.evolve(prod, name="eu-1", approval=True))
    github = attrs.evolve(GITHUB, reviewed=("eu1", "eu-1"))
    keys = [
        role.key
        for role in of_devops_roles(attrs.evolve(found, environments=places, github=github), ROLES)
        if role.name.endswith("-reviewer")
    ]
    assert keys == ["ReviewerOfEu1Role", "ReviewerOfEuX1Role"]
