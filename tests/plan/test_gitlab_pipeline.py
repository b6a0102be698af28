"""The pipeline for GitLab: what stands in it, and what never gets into it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.gitlab import GitLab
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.workspace import WorkspaceConfig, read_workspace
from multi_env_lambda.plan.github_workflow import merged_file
from multi_env_lambda.plan.gitlab_pipeline import (
    BECOME,
    INSTALL,
    JOB,
    PLAN_JOB,
    RUN,
    TAG_JOB,
    TELL_JOB,
    TELL_SOON,
    pipeline,
)
from multi_env_lambda.testing.local_cloud import sample_config
from tests.plan.test_github_workflow import HOSTILE, LIBRARY, shape
from tests.tools.yaml_files import yaml_in

IMAGE = f"public.ecr.aws/sam/build-python3.13@sha256:{'0' * 64}"
GITLAB = GitLab(project="acme/units", image=IMAGE)
CONFIG = attrs.evolve(sample_config(), roles=Roles(prefix="acme"), gitlab=GITLAB)


def written(config: WorkspaceConfig = CONFIG) -> str:
    return pipeline(config, LIBRARY)


def job(text: str = "", name: str = JOB) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = yaml_in(text or written())
    assert set(found) == {JOB, PLAN_JOB, TELL_JOB, TAG_JOB}
    return found[name]


def test_a_plan_is_in_pipelines_of_merge_requests_of_this_very_project_alone_and_may_only_read() -> None:
    plan = job(name=PLAN_JOB)
    (rule,) = plan["rules"]

    assert set(rule["if"].split(" && ")) == {
        '$CI_PIPELINE_SOURCE == "merge_request_event"',
        '$CI_PROJECT_PATH == "acme/units"',
        '$CI_MERGE_REQUEST_SOURCE_PROJECT_PATH == "acme/units"',
        '$CI_MERGE_REQUEST_TARGET_BRANCH_NAME == "main"',
    }
    assert plan["variables"]["MULTI_ENV_LAMBDA_ROLE"] == "arn:aws:iam::111111111111:role/acme-plan"
    assert plan["script"] == job()["script"], "who it is decides what it may do, not what it runs"
    assert plan["resource_group"] == "multi-env-lambda-plan-$CI_MERGE_REQUEST_IID" and plan["interruptible"] is True
    same = ("image", "id_tokens", "inherit", "needs")
    assert [plan[key] for key in same] == [job()[key] for key in same]


def test_what_says_a_plan_at_once_hands_over_nothing_and_is_there_by_wish_alone() -> None:
    tell = job(name=TELL_JOB)
    (rule,) = tell["rules"]

    assert rule["if"] == f'{job(name=PLAN_JOB)["rules"][0]["if"]} && ${TELL_SOON} == "1"'
    assert rule["when"] == "always", "also of a plan that is red"
    assert tell["needs"] == [PLAN_JOB] and tell["trigger"] == job(name=TAG_JOB)["trigger"]
    assert not {"id_tokens", "script", "variables"} & set(tell)


def test_plans_can_be_left_out() -> None:
    without = yaml_in(written(attrs.evolve(CONFIG, gitlab=attrs.evolve(GITLAB, plans=False))))

    assert without == {name: job(name=name) for name in (JOB, TAG_JOB)}


def test_the_one_job_is_in_pipelines_of_the_protected_branch_alone() -> None:
    (rule,) = job()["rules"]

    assert rule == {
        "if": '$CI_COMMIT_BRANCH == "main" && $CI_COMMIT_REF_PROTECTED == "true" && $CI_PROJECT_PATH == "acme/units"'
    }


def test_its_token_is_for_one_service_and_it_becomes_one_role() -> None:
    assert job()["id_tokens"] == {"MULTI_ENV_LAMBDA_TOKEN": {"aud": "sts.amazonaws.com"}}
    assert job()["variables"]["MULTI_ENV_LAMBDA_ROLE"] == "arn:aws:iam::111111111111:role/acme-build"


def test_its_image_is_pinned_and_nothing_of_other_jobs_gets_into_it() -> None:
    assert job()["image"] == IMAGE
    assert job()["inherit"] == {"default": False, "variables": False}
    assert job()["needs"] == []
    assert not {"cache", "dependencies", "before_script", "artifacts"} & set(job())


def test_a_tag_starts_the_protected_branch_and_hands_over_nothing() -> None:
    tag = yaml.safe_load(written())[TAG_JOB]

    assert tag["rules"] == [{"if": '$CI_COMMIT_TAG && $CI_PROJECT_PATH == "acme/units"'}]
    forward = {"yaml_variables": False, "pipeline_variables": False}
    assert tag["trigger"] == {"project": "acme/units", "branch": "main", "forward": forward}
    assert tag["inherit"] == {"default": False, "variables": False} and tag["allow_failure"] is True
    assert not {"id_tokens", "script", "variables"} & set(tag)


def test_one_runs_at_a_time_and_none_that_runs_is_cancelled() -> None:
    assert job()["resource_group"] == "multi-env-lambda"
    assert job()["interruptible"] is False


def test_no_variable_of_the_project_has_the_name_of_one_of_ours_by_accident() -> None:
    """Those that a project sets at GitLab come before those of a file."""
    git = {"GIT_DEPTH", "GIT_STRATEGY"}

    assert {name for name in job()["variables"] if not name.startswith("MULTI_ENV_LAMBDA_")} == {"AWS_REGION", *git}


def test_no_script_depends_on_the_table() -> None:
    other = attrs.evolve(CONFIG, roles=Roles(prefix="emca"))

    assert job()["script"] == job(written(other))["script"] == [BECOME, INSTALL, RUN]


def test_without_a_project_there_is_nothing_to_write() -> None:
    with pytest.raises(ConfigurationError, match="has no `gitlab`"):
        written(attrs.evolve(CONFIG, gitlab=None))


@pytest.mark.slow
def test_it_is_a_pipeline_by_gitlabs_schema(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "check-jsonschema"
    path = tmp_path / "pipeline.yml"

    def code(text: str) -> int:
        path.write_text(text, "utf-8")
        words = [program, "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", path]
        return subprocess.run(words, capture_output=True, check=False).returncode

    assert code(written()) == 0
    assert code(written().replace("interruptible: true", "interruptible: [no]")) == 1


def test_what_stands_above_and_below_the_marked_part_stays() -> None:
    own = f'# our own words\n{written()}lint:\n  script: ["true"]\n'
    other = written(attrs.evolve(CONFIG, roles=Roles(prefix="emca")))
    found = merged_file(own, other)

    assert found == own.replace(written(), other)
    assert merged_file(found, other) == found


def table(**said: str) -> dict[str, Any]:
    gitlab = {"project": said.get("project", "acme/units"), "image": said.get("image", IMAGE)}
    devops = {key: said.get(key, usual) for key, usual in (("region", "us-east-1"), ("bucket", "artifacts"))}
    return {
        "tool": {
            "multi_env_lambda": {
                "devops": {"account_id": "1" * 12, **devops},
                "environments": [{"name": "sandbox", "account_id": "2" * 12}],
                "roles": {"prefix": said.get("prefix", "acme")},
                "ci": {"branch": said.get("branch", "main"), "gitlab": gitlab},
            }
        }
    }


@given(key=st.sampled_from(["project", "image", "region", "bucket", "prefix", "branch"]), text=HOSTILE)
def test_no_text_of_a_table_becomes_anything_but_a_value(key: str, text: str) -> None:
    """Either the table is refused, or the file differs in values alone, in which GitLab finds nothing to expand."""
    try:
        config = read_workspace(table(**{key: text}), where="pyproject.toml")
    except ConfigurationError:
        return
    found = pipeline(config, LIBRARY)
    usual = pipeline(read_workspace(table(), where="pyproject.toml"), LIBRARY)
    assert job(found)["script"] == job(usual)["script"]
    assert shape(yaml_in(found)) == shape(yaml_in(usual))
    assert found.count("$") == usual.count("$")
    assert merged_file(found, found) == found
