"""What a job of a branch at GitLab was started for."""

from __future__ import annotations

import pytest

from multi_env_lambda.ci.happened import BranchMoved, NotForUs, PullRequestChanged, ScheduleLooked
from multi_env_lambda.runs.event import happened_at_gitlab

PUSH = {
    "CI_PIPELINE_SOURCE": "push",
    "CI_PROJECT_PATH": "acme/group/units",
    "CI_COMMIT_BRANCH": "main",
    "CI_COMMIT_SHA": "1" * 40,
    "CI_COMMIT_BEFORE_SHA": "2" * 40,
    "GITLAB_USER_LOGIN": "ada",
}


def test_a_push_says_what_a_webhook_says_of_it() -> None:
    moved = BranchMoved(
        host="gitlab", repository="acme/group/units", branch="main", commit="1" * 40, before="2" * 40, who="ada"
    )
    assert happened_at_gitlab(PUSH) == moved
    new = happened_at_gitlab({**PUSH, "CI_COMMIT_BEFORE_SHA": "0" * 40})
    assert isinstance(new, BranchMoved) and new.before == ""


REQUEST = {
    "GITLAB_CI": "true",
    "CI_JOB_ID": "77",
    "CI_PIPELINE_SOURCE": "merge_request_event",
    "CI_PROJECT_PATH": "acme/group/units",
    "CI_MERGE_REQUEST_IID": "7",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feature",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "acme/group/units",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    "GITLAB_USER_LOGIN": "ada",
}


def test_a_merge_request_is_a_members_where_its_branch_is_in_this_project() -> None:
    found = happened_at_gitlab(REQUEST)
    assert found == PullRequestChanged(
        host="gitlab",
        repository="acme/group/units",
        what="updated",
        number=7,
        branch="feature",
        into="main",
        stranger=False,
        who="ada",
    )
    theirs = happened_at_gitlab({**REQUEST, "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "mallory/units"})
    assert isinstance(theirs, PullRequestChanged) and theirs.stranger


@pytest.mark.parametrize(
    "wrong",
    [
        {"CI_MERGE_REQUEST_IID": "0"},
        {"CI_MERGE_REQUEST_IID": "7/../8"},
        {"CI_MERGE_REQUEST_IID": ""},
        {"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "-x"},
        {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "a..b"},
    ],
)
def test_a_merge_request_that_does_not_say_which_one_is_not_for_us(wrong: dict[str, str]) -> None:
    assert isinstance(happened_at_gitlab({**REQUEST, **wrong}), NotForUs)


@pytest.mark.parametrize("source", ["schedule", "web", "api", "trigger", "pipeline", ""])
def test_whatever_else_starts_it_looks_at_everything(source: str) -> None:
    assert happened_at_gitlab({**PUSH, "CI_PIPELINE_SOURCE": source}) == ScheduleLooked()


@pytest.mark.parametrize("wrong", [{"CI_COMMIT_BRANCH": "a..b"}, {"CI_COMMIT_BRANCH": ""}, {"CI_PROJECT_PATH": ""}])
def test_a_push_to_nothing_is_not_for_us(wrong: dict[str, str]) -> None:
    assert isinstance(happened_at_gitlab({**PUSH, **wrong}), NotForUs)
