"""GitHub as far as runs speak there: reads first, one comment, one status, and the token goes nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest

from multi_env_lambda.errors import ToolError
from multi_env_lambda.host.github import GitHub
from tests.tools.github_server import TOKEN, GitHubServer, github_server

MARKER = "[marker]: # "
COMMIT = "a" * 40


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    with github_server() as found:
        yield found


def client(server: GitHubServer) -> GitHub:
    return GitHub(repository="acme/units", token=TOKEN, api=server.address)


def test_there_is_one_comment_and_it_is_written_only_when_it_differs(server: GitHubServer) -> None:
    for number in range(130):
        server.written(7, f"word {number}", by="ada")
    said = [client(server).comment(7, MARKER, f"{MARKER}\n{text}\n") for text in ("one", "one", "two", "two")]

    assert said == [True, False, True, False]
    assert [one["body"] for one in server.comments[7] if one["body"].startswith(MARKER)] == [f"{MARKER}\ntwo\n"]
    assert [method for method, _ in server.writes] == ["POST", "PATCH"]


def test_other_line_ends_are_the_same_text(server: GitHubServer) -> None:
    server.written(7, f"{MARKER}\r\none")

    assert not client(server).comment(7, MARKER, f"{MARKER}\none\n")


def test_the_marker_of_a_stranger_is_only_a_text(server: GitHubServer) -> None:
    theirs = server.written(7, f"{MARKER} mine", by="mallory", author_association="CONTRIBUTOR")
    quoted = server.written(7, f"> {MARKER} look")
    client(server).comment(7, MARKER, f"{MARKER}\none")

    assert (theirs["body"], quoted["body"]) == (f"{MARKER} mine", f"> {MARKER} look")
    assert [one["body"] for one in server.comments[7]][2:] == [f"{MARKER}\none"]


def test_a_person_of_the_repository_may_be_who_speaks(server: GitHubServer) -> None:
    server.written(7, f"{MARKER}\nold", by="ada", author_association="MEMBER")
    client(server).comment(7, MARKER, f"{MARKER}\nnew")

    assert [one["body"] for one in server.comments[7]] == [f"{MARKER}\nnew"]


def test_a_status_is_set_when_it_differs_from_the_newest_of_ours(server: GitHubServer) -> None:
    server.statuses[COMMIT] = [{"context": "lint", "state": "failure", "description": "x"}]
    host = client(server)
    said = [host.status(COMMIT, state, "x" * 300, "https://l") for state in ("failure", "failure", "success")]  # type: ignore[arg-type]

    assert said == [True, False, True]
    newest = server.statuses[COMMIT][0]
    assert (newest["state"], newest["target_url"], len(newest["description"])) == ("success", "https://l", 140)


def test_what_was_merged_into_the_branch_is_found_by_its_commit(server: GitHubServer) -> None:
    def pull(number: int, into: str, merged: str | None) -> dict[str, object]:
        return {"number": number, "merged_at": merged, "base": {"ref": into}}

    server.pulls[COMMIT] = [pull(1, "main", None), pull(2, "other", "2026-01-01"), pull(3, "main", "2026-01-01")]
    assert client(server).merged(["b" * 40, COMMIT], "main") == {3: COMMIT}


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (403, b'{"message": "Resource not accessible by integration"}', "403 Resource not accessible by integration"),
        (500, b"<html>", "500 Internal Server Error"),
        (200, b"{cut", "JSONDecodeError"),
    ],
)
def test_what_github_refuses_is_an_error_with_its_words(
    server: GitHubServer, status: int, body: bytes, said: str
) -> None:
    server.answers["issues/7/comments"] = (status, {}, body)
    with pytest.raises(ToolError, match="GitHub, acme/units") as caught:
        client(server).comment(7, MARKER, MARKER)

    assert said in caught.value.what
    assert TOKEN not in f"{caught.value} {caught.value.hint}"


def test_nobody_there_is_an_error_and_not_an_end(server: GitHubServer) -> None:
    nobody = attrs.evolve(client(server), api="http://127.0.0.1:9")
    with pytest.raises(ToolError, match="URLError"):
        nobody.status(COMMIT, "success", "fine", "")
    with pytest.raises(ToolError, match="no https address"):
        attrs.evolve(nobody, api="file:///etc").status(COMMIT, "success", "fine", "")


def test_the_token_follows_no_redirection_and_is_not_shown(server: GitHubServer) -> None:
    with github_server() as elsewhere:
        server.answers["issues/7/comments"] = (307, {"Location": f"{elsewhere.address}/stolen"}, b"{}")
        with pytest.raises(ToolError, match="307"):
            client(server).comment(7, MARKER, MARKER)

        assert elsewhere.asked == []
    assert TOKEN not in repr(client(server))
