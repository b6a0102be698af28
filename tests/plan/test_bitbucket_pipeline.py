"""The pipelines for Bitbucket: what stands in them, who is let in, and what never gets into them."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.bitbucket import PULL_REQUEST, Bitbucket
from multi_env_lambda.model.ci_stack import CiStack
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.workspace import WorkspaceConfig, read_workspace
from multi_env_lambda.plan.access import of_devops_roles
from multi_env_lambda.plan.access_stack import access_stack
from multi_env_lambda.plan.bitbucket_pipeline import BECOME, RUN, SCHEDULED, pipelines
from multi_env_lambda.plan.github_workflow import merged_file
from multi_env_lambda.plan.gitlab_pipeline import INSTALL
from multi_env_lambda.testing.local_cloud import sample_config
from tests.plan.test_github_workflow import HOSTILE, LIBRARY, shape
from tests.tools.yaml_files import yaml_in

WORKSPACE, REPOSITORY, DEPLOYMENT, STEP = (f"{n * 8}-{n * 4}-{n * 4}-{n * 4}-{n * 12}" for n in "1234")
IMAGE = f"public.ecr.aws/sam/build-python3.13@sha256:{'0' * 64}"
BITBUCKET = Bitbucket(
    repository="acme/units",
    workspace_id=WORKSPACE,
    repository_id=REPOSITORY,
    deployment_id=DEPLOYMENT,
    deployment="multi-env-lambda",
    image=IMAGE,
    only_from_branch=True,
)
ROLES = Roles(prefix="acme")
CONFIG = attrs.evolve(sample_config(), roles=ROLES, bitbucket=BITBUCKET)
ISSUER = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"


def written(config: WorkspaceConfig = CONFIG) -> str:
    return pipelines(config, LIBRARY)


def steps(text: str = "") -> dict[str, dict[str, Any]]:
    """By what starts them."""
    found = yaml_in(text or written())
    assert set(found) == {"pipelines"} and list(found["pipelines"]) == ["custom", "pull-requests", "branches"]
    assert list(found["pipelines"]["pull-requests"]) == ["**"]
    assert list(found["pipelines"]["custom"]) == [SCHEDULED]
    (branch,) = found["pipelines"]["branches"].values()
    (planned,) = found["pipelines"]["pull-requests"]["**"]
    (scheduled,), (pushed,) = found["pipelines"]["custom"][SCHEDULED], branch
    return {"schedule": scheduled["step"], "push": pushed["step"], PULL_REQUEST: planned["step"]}


def test_the_step_is_in_pipelines_of_the_protected_branch_and_of_the_schedule_alone() -> None:
    assert list(yaml.safe_load(written())["pipelines"]["branches"]) == ["main"]
    for event, step in steps().items():
        assert step.get("deployment") == (None if event == PULL_REQUEST else "multi-env-lambda")
        assert step["oidc"] is True and step["image"] == IMAGE
        assert step["script"][0] == f"export MULTI_ENV_LAMBDA_EVENT={event}"
        assert not {"caches", "artifacts", "after-script", "services", "trigger"} & set(step)


def test_what_differs_is_exported_in_quotes_and_the_rest_are_constants() -> None:
    for event, step in steps().items():
        _, *exports, become, install, run = step["script"]
        said = dict(shlex.split(line)[1].split("=", 1) for line in exports)
        acting = "plan" if event == PULL_REQUEST else "build"
        assert said["MULTI_ENV_LAMBDA_ROLE"] == f"arn:aws:iam::111111111111:role/acme-{acting}"
        assert [become, install, run.rstrip() + "\n"] == [BECOME, INSTALL, RUN]


def test_plans_can_be_left_out() -> None:
    without = yaml.safe_load(written(attrs.evolve(CONFIG, bitbucket=attrs.evolve(BITBUCKET, plans=False))))
    usual = yaml.safe_load(written())
    del usual["pipelines"]["pull-requests"]

    assert without == usual


def test_without_a_repository_there_is_nothing_to_write() -> None:
    with pytest.raises(ConfigurationError, match="has no `bitbucket`"):
        written(attrs.evolve(CONFIG, bitbucket=None))


@pytest.mark.slow
def test_it_is_a_pipeline_by_bitbuckets_schema(tmp_path: Path) -> None:
    program, path = Path(sys.executable).parent / "check-jsonschema", tmp_path / "bitbucket-pipelines.yml"

    def code(text: str) -> int:
        path.write_text(text, "utf-8")
        words = [program, "--builtin-schema", "vendor.bitbucket-pipelines", path]
        return subprocess.run(words, capture_output=True, check=False).returncode

    assert code(written()) == 0
    assert code(written().replace("oidc: true", "oidc: [no]")) == 1


def test_what_stands_above_and_below_the_marked_part_stays() -> None:
    own = f'options:\n  docker: false\n{written()}    feature/*:\n      - step:\n          script: ["true"]\n'
    other = written(attrs.evolve(CONFIG, roles=Roles(prefix="emca")))

    assert merged_file(own, other) == own.replace(written(), other)
    assert set(yaml.safe_load(own)["pipelines"]["branches"]) == {"main", "feature/*"}


def test_the_role_that_deploys_lets_in_steps_of_one_environment_and_the_one_that_reads_any_of_the_repository() -> None:
    def statements(stack: CiStack | None = None, *, plans: bool = True) -> dict[str, list[dict[str, Any]]]:
        config = attrs.evolve(CONFIG, ci_stack=stack, bitbucket=attrs.evolve(BITBUCKET, plans=plans))
        return {role.name: role.trust["Statement"] for role in of_devops_roles(config, ROLES)}

    (build,) = statements()["acme-build"]
    assert build["Principal"] == {"Federated": f"arn:aws:iam::111111111111:oidc-provider/{ISSUER}"}
    assert build["Condition"]["StringEquals"] == {f"{ISSUER}:aud": f"ari:cloud:bitbucket::workspace/{WORKSPACE}"}
    pattern = build["Condition"]["StringLike"][f"{ISSUER}:sub"]
    assert fnmatchcase(f"{{{REPOSITORY}}}:{{{DEPLOYMENT}}}:{{{STEP}}}", pattern)
    for other in (f"{{{REPOSITORY}}}:{{{STEP}}}", f"{{{REPOSITORY}}}:{{{STEP}}}:{{{STEP}}}", f"x{pattern}"):
        assert not fnmatchcase(other, pattern)
    (plan,) = statements()["acme-plan"]
    reads = plan["Condition"]["StringLike"][f"{ISSUER}:sub"]
    assert {**plan, "Condition": {**plan["Condition"], "StringLike": {}}} == {
        **build,
        "Condition": {**build["Condition"], "StringLike": {}},
    }
    for subject in (f"{{{REPOSITORY}}}:{{{STEP}}}", f"{{{REPOSITORY}}}:{{{DEPLOYMENT}}}:{{{STEP}}}"):
        assert fnmatchcase(subject, reads)
    for other in (f"{{{STEP}}}:{{{STEP}}}", f"{{{STEP}}}:{{{REPOSITORY}}}:{{{STEP}}}", f"x{{{REPOSITORY}}}:{{{STEP}}}"):
        assert not fnmatchcase(other, reads), "a fork's steps name the fork"
    assert [one["Sid"] for one in statements(plans=False)["acme-plan"]] == ["Service"]
    others = [one["Sid"] for name, said in statements().items() if name[5:] not in ("build", "plan") for one in said]
    assert "Bitbucket" not in others
    assert [one["Sid"] for one in statements(CiStack(repository="units"))["acme-build"]] == ["Service", "Bitbucket"]


def test_the_provider_is_that_of_the_workspace_and_for_its_own_audience() -> None:
    def providers(bitbucket: Bitbucket) -> list[dict[str, Any]]:
        template = access_stack(attrs.evolve(CONFIG, bitbucket=bitbucket), "acme", None, ()).template
        found = json.loads(template).get("Resources", {}).values()
        return [one["Properties"] for one in found if one["Type"] == "AWS::IAM::OIDCProvider"]

    (made,) = providers(BITBUCKET)
    assert (made["Url"], made["ClientIdList"]) == (f"https://{ISSUER}", [BITBUCKET.audience])
    assert providers(attrs.evolve(BITBUCKET, provider=False)) == []


def table(**said: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "repository": "acme/units",
        "workspace_id": f"{{{WORKSPACE}}}",
        "repository_id": REPOSITORY,
        "deployment_id": DEPLOYMENT,
        "deployment": "multi-env-lambda",
        "image": IMAGE,
        "only_from_branch": True,
    }
    bitbucket = {key: said.get(key, value) for key, value in usual.items() if said.get(key, value) is not None}
    devops = {key: said.get(key, value) for key, value in (("region", "us-east-1"), ("bucket", "artifacts"))}
    return {
        "tool": {
            "multi_env_lambda": {
                "devops": {"account_id": "1" * 12, **devops},
                "environments": [{"name": "sandbox", "account_id": "2" * 12}],
                "roles": {"prefix": said.get("prefix", "acme")},
                "ci": {"branch": said.get("branch", "main"), "bitbucket": bitbucket},
            }
        }
    }


def read(**said: Any) -> WorkspaceConfig:
    return read_workspace(table(**said), where="pyproject.toml")


def test_the_table_is_read_and_braces_around_a_uuid_are_the_same_uuid() -> None:
    assert read().bitbucket == BITBUCKET


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"only_from_branch": None}, "only_from_branch"),
        ({"repository": "units"}, "expected workspace/name"),
        ({"repository_id": "*"}, "expected a UUID"),
        ({"deployment_id": f"{DEPLOYMENT}:*"}, "expected a UUID"),
        ({"image": "public.ecr.aws/sam/build-python3.13:latest"}, "by its digest"),
    ],
)
def test_what_cannot_be_in_a_token_or_is_not_said_is_refused(said: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(**said)
    assert words in str(caught.value)


@given(
    key=st.sampled_from(
        ["repository", "workspace_id", "deployment_id", "deployment", "image", "region", "bucket", "prefix", "branch"]
    ),
    text=HOSTILE,
)
def test_no_text_of_a_table_becomes_anything_but_a_value(key: str, text: str) -> None:
    """Either the table is refused, or the file differs in values alone, each of which is one word of a shell."""
    try:
        config = read(**{key: text})
    except ConfigurationError:
        return
    found, usual = pipelines(config, LIBRARY), pipelines(read(), LIBRARY)
    for event, step in steps(found).items():
        before = steps(usual)[event]["script"]
        assert step["script"][-3:] == before[-3:] and len(step["script"]) == len(before)
        for line, other in zip(step["script"][:-3], before[:-3], strict=True):
            assert [len(shlex.split(line)), line.split("=")[0]] == [2, other.split("=")[0]]
    assert shape(list(steps(found).values())) == shape(list(steps(usual).values()))
    assert found.count("$") == usual.count("$")
    assert merged_file(found, found) == found
