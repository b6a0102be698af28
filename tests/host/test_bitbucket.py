"""What a step at Bitbucket says of itself, and where its run speaks."""

from __future__ import annotations

import attrs
import pytest

from multi_env_lambda.ci.happened import BranchMoved, NotForUs, PullRequestChanged, ScheduleLooked
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.bitbucket import branch_of, is_over
from multi_env_lambda.host.bitbucket_api import BITBUCKET_API, AtBitbucket
from multi_env_lambda.host.gitlab_api import GITLAB_API, AtGitLab
from multi_env_lambda.model.gitlab import GitLab
from multi_env_lambda.runs.event import happened_at_bitbucket
from multi_env_lambda.runs.start import build_id
from multi_env_lambda.runs.voice import Later, Nowhere, link_of, voices
from tests.plan.test_bitbucket_pipeline import CONFIG

STEP = {
    "BITBUCKET_BUILD_NUMBER": "77",
    "BITBUCKET_BRANCH": "main",
    "BITBUCKET_COMMIT": "1" * 40,
    "BITBUCKET_REPO_FULL_NAME": "acme/units",
}
JOB = {"GITLAB_CI": "true", "CI_JOB_ID": "77", "CI_JOB_URL": "https://gitlab.com/acme/units/-/jobs/77"}
AT_GITLAB = attrs.evolve(CONFIG, gitlab=GitLab(project="acme/units", image=""))


def test_a_pipeline_is_a_build_by_its_number_and_others_of_the_one_environment_have_ended() -> None:
    assert build_id(STEP) == "bitbucket:77"
    assert is_over("bitbucket:76")
    for other in ("github:76:1", "gitlab:76", "acme-build:0a1b", "bitbucket:", "bitbucket:76 "):
        assert not is_over(other)


@pytest.mark.parametrize("wrong", [{"BITBUCKET_BRANCH": ""}, {"BITBUCKET_BUILD_NUMBER": ""}, {"BITBUCKET_PR_ID": "7"}])
def test_a_step_of_a_tag_or_pull_request_is_none_of_a_branch(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="no step for a branch"):
        branch_of({**STEP, **wrong})
    assert branch_of(STEP) == "main"


def test_the_link_is_the_pipelines_page_and_nothing_else() -> None:
    assert link_of(STEP) == "https://bitbucket.org/acme/units/pipelines/results/77"
    assert link_of({**STEP, "BITBUCKET_REPO_FULL_NAME": "acme/units)](https://x"}) == ""


def test_a_push_is_what_the_file_says_and_all_else_looks_at_everything() -> None:
    moved = BranchMoved(host="bitbucket", repository="acme/units", branch="main", commit="1" * 40, before="", who="")
    assert happened_at_bitbucket({**STEP, "MULTI_ENV_LAMBDA_EVENT": "push"}) == moved
    assert happened_at_bitbucket(STEP) == happened_at_bitbucket({"MULTI_ENV_LAMBDA_EVENT": "x"}) == ScheduleLooked()


REQUEST = {**STEP, "BITBUCKET_BRANCH": "feature", "BITBUCKET_PR_ID": "7", "BITBUCKET_PR_DESTINATION_BRANCH": "main"}


def test_a_pull_request_is_one_whatever_the_file_of_its_commit_says() -> None:
    found = happened_at_bitbucket({**REQUEST, "MULTI_ENV_LAMBDA_EVENT": "push"})
    assert isinstance(found, PullRequestChanged) and not found.stranger
    assert (found.number, found.branch, found.into, found.repository) == (7, "feature", "main", "acme/units")
    assert isinstance(happened_at_bitbucket({**REQUEST, "BITBUCKET_PR_ID": "$(id)"}), NotForUs)


def test_a_job_that_runs_the_code_of_a_change_says_nothing_even_if_it_has_a_token() -> None:
    tokens = {"MULTI_ENV_LAMBDA_GITLAB_TOKEN": "t", "MULTI_ENV_LAMBDA_BITBUCKET_TOKEN": "t"}
    assert voices({**REQUEST, **tokens})(CONFIG).host == Later()
    assert voices({**JOB, **tokens, "CI_PIPELINE_SOURCE": "merge_request_event"})(AT_GITLAB).host == Later()


@pytest.mark.parametrize("elsewhere", ["", "https://mallory.example/api/v4", "https://127.0.0.1.mallory.example"])
def test_the_tokens_go_to_the_public_addresses_whatever_a_variable_says(elsewhere: str) -> None:
    at_gitlab = voices({**JOB, "MULTI_ENV_LAMBDA_GITLAB_TOKEN": "t", "CI_API_V4_URL": elsewhere})(AT_GITLAB).host
    more = {"MULTI_ENV_LAMBDA_BITBUCKET_TOKEN": "t", "MULTI_ENV_LAMBDA_BITBUCKET_API": elsewhere}
    at_bitbucket = voices({**STEP, **more})(CONFIG).host

    assert at_gitlab == AtGitLab(project="acme/units", token="t", api=GITLAB_API)
    assert at_bitbucket == AtBitbucket(repository="acme/units", token="t", api=BITBUCKET_API)


def test_without_a_token_or_outside_of_its_host_nobody_is_spoken_to() -> None:
    tokens = {"MULTI_ENV_LAMBDA_GITLAB_TOKEN": "t", "MULTI_ENV_LAMBDA_BITBUCKET_TOKEN": "t"}
    for config, variables in ((AT_GITLAB, JOB), (CONFIG, STEP), (AT_GITLAB, tokens), (CONFIG, {**JOB, **tokens})):
        assert voices(variables)(config).host == Nowhere()
