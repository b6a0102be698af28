"""What a job at GitLab says of itself."""

from __future__ import annotations

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.gitlab import branch_of, build_of, is_over, link_of
from multi_env_lambda.runs.start import build_id
from multi_env_lambda.runs.voice import link_of as link

JOB = {"GITLAB_CI": "true", "CI_JOB_ID": "77", "CI_COMMIT_BRANCH": "main"}


def test_a_job_is_a_build_by_its_number() -> None:
    assert build_id(JOB) == build_of(JOB) == "gitlab:77"
    assert build_of({"CI_JOB_ID": "77"}) == ""


def test_another_job_of_the_one_queue_has_ended_and_of_other_hosts_nothing_is_known() -> None:
    assert is_over("gitlab:76")
    for other in ("github:76:1", "acme-build:0a1b", "gitlab:", "gitlab:76 ", "machine:gitlab:76"):
        assert not is_over(other)


@pytest.mark.parametrize(
    "variables", [{}, {"GITLAB_CI": "true", "CI_JOB_ID": "77"}, {"CI_COMMIT_BRANCH": "main"}, {**JOB, "CI_JOB_ID": ""}]
)
def test_a_job_of_a_tag_or_merge_request_is_none_of_a_branch(variables: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="no job of a branch"):
        branch_of(variables)
    assert branch_of(JOB) == "main"


def test_the_link_is_the_jobs_page_and_nothing_else() -> None:
    page = "https://gitlab.com/acme/units/-/jobs/77"
    assert link({**JOB, "CI_JOB_URL": page}) == link_of({**JOB, "CI_JOB_URL": page}) == page
    for other in ("javascript:alert(1)", "https://x y", f"{page})](https://other.example", ""):
        assert link_of({**JOB, "CI_JOB_URL": other}) == ""
