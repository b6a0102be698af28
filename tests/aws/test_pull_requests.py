"""CodeCommit's comments and merges, by the real client against a server that speaks its protocol."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from multi_env_lambda.aws.pull_requests import SESSION, CodeCommit
from multi_env_lambda.errors import ToolError
from tests.tools.codecommit_server import AUTHOR, CodeCommitServer, codecommit_server

MARKER = "[marker]: # "
HEAD, MERGE = "a" * 40, "b" * 40


@pytest.fixture(scope="module")
def listening() -> Iterator[CodeCommitServer]:
    with codecommit_server() as found:
        yield found


@pytest.fixture
def server(listening: CodeCommitServer) -> CodeCommitServer:
    for there in (listening.comments, listening.pulls, listening.tokens, listening.refuses, listening.asked):
        there.clear()
    listening.opened(7, HEAD)
    return listening


def host(server: CodeCommitServer) -> CodeCommit:
    return CodeCommit(server.client, "units", AUTHOR)


def test_there_is_one_comment_and_it_is_written_only_when_it_differs(server: CodeCommitServer) -> None:
    server.comments["7"] = [{"commentId": "t", "content": f"{MARKER} mine", "authorArn": "arn:aws:iam::1:user/mallory"}]
    server.comments["7"].append({"commentId": "d", "content": MARKER, "authorArn": AUTHOR, "deleted": True})
    said = [host(server).comment(7, MARKER, f"{MARKER}\n{text}") for text in ("one", "one", "two", "two")]

    assert said == [True, False, True, False]
    assert [one["content"] for one in server.comments["7"]][2:] == [f"{MARKER}\ntwo"]
    assert [one for one in server.asked if "Comment" in one and not one.startswith("Get")] == [
        "PostCommentForPullRequest",
        "UpdateComment",
    ]
    assert AUTHOR.endswith(f"/{SESSION}")


def test_a_comment_that_is_sent_twice_is_one(server: CodeCommitServer) -> None:
    host(server)._post(7, MARKER)
    host(server)._post(7, MARKER)

    assert len(server.comments["7"]) == 1


def test_what_was_merged_is_found_by_the_commit_of_the_merge_or_else_by_its_own(server: CodeCommitServer) -> None:
    server.opened(8, HEAD, merged=MERGE)
    server.opened(9, "c" * 40, merged="c" * 40)
    server.opened(10, "d" * 40, merged=MERGE, into="other")
    server.opened(11, MERGE)

    assert host(server).merged([MERGE, "c" * 40], "main") == {8: MERGE, 9: "c" * 40}
    server.asked.clear()
    assert host(server).merged([], "main") == {}
    assert server.asked == []


def test_the_newest_commit_of_a_pull_request_is_known_here_only(server: CodeCommitServer) -> None:
    server.pulls["8"] = {"pullRequestId": "8", "pullRequestTargets": [{"repositoryName": "theirs"}]}

    assert (host(server).head(7), host(server).head(8)) == (HEAD, "")
    with pytest.raises(ToolError, match="about another repository"):
        host(server).comment(8, MARKER, MARKER)


@pytest.mark.parametrize("call", ["GetCommentsForPullRequest", "PostCommentForPullRequest", "GetPullRequest"])
def test_what_codecommit_refuses_is_an_error_with_its_words(server: CodeCommitServer, call: str) -> None:
    server.refuses[call] = "AccessDeniedException"

    with pytest.raises(ToolError, match="CodeCommit, units: pull request 7: .*refused"):
        host(server).comment(7, MARKER, MARKER)


def test_more_than_it_takes_is_refused_by_the_server_so_the_limit_is_true(server: CodeCommitServer) -> None:
    assert host(server).comment(7, MARKER, MARKER.ljust(CodeCommit.limit, "x"))
    with pytest.raises(ToolError):
        host(server).comment(7, MARKER, MARKER.ljust(CodeCommit.limit + 1, "y"))
