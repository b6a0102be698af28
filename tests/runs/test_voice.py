"""Where a run speaks, by the table of the protected branch and the variables of its job; nothing is asked for that."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest

from multi_env_lambda.aws.pull_requests import CodeCommit
from multi_env_lambda.ci.comment import MARKER
from multi_env_lambda.host.github import GitHub
from multi_env_lambda.model.ci_stack import CiStack
from multi_env_lambda.model.github import GitHub as GitHubTable
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.runs.voice import Nowhere, Voice, link_of, voices
from multi_env_lambda.testing.world import fake_config
from tests.runs.village import Village
from tests.tools.codecommit_server import AUTHOR, CodeCommitServer, codecommit_server

TOKEN = {"GITHUB_TOKEN": "ghs_" + "0aZ9" * 9}


def table(repository: str = "", github: str = "") -> WorkspaceConfig:
    stack = CiStack(repository=repository) if repository else None
    at_github = GitHubTable(repository=github) if github else None
    return attrs.evolve(fake_config(), ci_stack=stack, github=at_github)


@pytest.mark.parametrize(
    ("config", "variables", "name"),
    [
        (table("https://github.com/acme/units.git"), TOKEN, "acme/units"),
        (table("https://github.com/acme/units"), {}, ""),
        (table("https://git.acme.org/acme/units"), TOKEN, ""),
        (table("https://github.com/acme/units/more"), TOKEN, ""),
        (table(github="acme/units"), TOKEN, "acme/units"),
        (table(github="acme/units"), {}, ""),
        (table(), {**TOKEN, "GITHUB_REPOSITORY": "acme/units"}, ""),
    ],
)
def test_github_is_spoken_to_where_the_table_names_it_and_the_job_has_a_token(
    config: WorkspaceConfig, variables: dict[str, str], name: str
) -> None:
    voice = voices(variables)(config)

    assert voice.topic is None, "there are no roles"
    assert (voice.host.repository if isinstance(voice.host, GitHub) else "") == name
    assert isinstance(voice.host, GitHub | Nowhere)


def test_the_link_is_that_of_the_build_and_of_nothing_that_a_text_could_make_of_it() -> None:
    arn = "arn:aws:codebuild:us-east-1:111111111111:build/acme-build:0a1b)](x"
    console = "https://us-east-1.console.aws.amazon.com/codesuite/codebuild/111111111111/projects/acme-build"
    at_github = {"GITHUB_RUN_ID": "7", "GITHUB_REPOSITORY": "acme/units"}

    assert link_of({"CODEBUILD_BUILD_ARN": arn}) == f"{console}/build/acme-build%3A0a1b%29%5D%28x/log"
    assert link_of(at_github) == "https://github.com/acme/units/actions/runs/7"
    assert link_of({}) == link_of({"CODEBUILD_BUILD_ARN": "x"}) == ""


@pytest.fixture
def codecommit(village: Village) -> Iterator[CodeCommitServer]:
    with codecommit_server() as found:
        village.voice = Voice(host=CodeCommit(found.client, "units", AUTHOR))
        village.address = "https://git.example.org/acme/units"  # CodeCommit says ``units``, and pushes ``acme/units``
        yield found


def test_a_pull_request_of_codecommit_is_planned_and_followed_although_git_knows_it_under_no_name(
    village: Village, codecommit: CodeCommitServer
) -> None:
    village.pushed()
    village.settle()
    village.approve("prod")
    village.settle()
    head = village.repository.push("feature", onto=village.repository.remote["main"], orders="o2")
    codecommit.opened(7, head)
    village.send("aws.codecommit", "CodeCommit Pull Request State Change", changed(7, head))
    village.settle()
    (said,) = codecommit.comments["7"]
    assert said["content"].startswith(f"{MARKER}\n\n### Merging this changes\n\nPull request 7 at `{head[:12]}`")

    village.repository.remote["main"] = head
    codecommit.opened(7, head, merged=head)
    village.pushed(push=False)
    village.settle()
    village.approve("prod")
    village.settle()
    (said,) = codecommit.comments["7"]
    assert "### Merged: runs everywhere" in said["content"]


def test_a_commit_that_the_clone_does_not_have_is_not_checked_out(
    village: Village, codecommit: CodeCommitServer
) -> None:
    codecommit.opened(7, "f" * 40)
    village.send("aws.codecommit", "CodeCommit Pull Request State Change", changed(7, "f" * 40))
    (report,) = village.settle()

    assert any("under no name that is known" in note for note in report.notes)
    assert report.failures == ()


def test_a_host_that_does_not_say_the_commit_fails_nothing(village: Village, codecommit: CodeCommitServer) -> None:
    codecommit.refuses["GetPullRequest"] = "AccessDeniedException"
    village.send("aws.codecommit", "CodeCommit Pull Request State Change", changed(7, "f" * 40))
    (report,) = village.settle()

    assert report.failures == ()
    assert any("CodeCommit, units: pull request 7" in text for text in village.said)


def changed(number: int, commit: str) -> dict[str, object]:
    return {
        "event": "pullRequestCreated",
        "repositoryNames": ["units"],
        "pullRequestId": str(number),
        "pullRequestStatus": "Open",
        "isMerged": "False",
        "sourceReference": "refs/heads/feature",
        "destinationReference": "refs/heads/main",
        "sourceCommit": commit,
        "callerUserArn": "arn:aws:iam::111111111111:user/ada",
    }
