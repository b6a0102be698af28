"""GitLab and Bitbucket as far as runs speak there: reads first, one comment, one status, and the token goes nowhere."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import pytest

from multi_env_lambda.errors import ToolError
from multi_env_lambda.host.bitbucket_api import AtBitbucket
from multi_env_lambda.host.gitlab_api import AtGitLab
from tests.tools import bitbucket_server as at_bitbucket
from tests.tools import gitlab_server as at_gitlab
from tests.tools.bitbucket_server import BitbucketServer, bitbucket_server
from tests.tools.gitlab_server import GitLabServer, gitlab_server

MARKER = "[marker]: # "
COMMIT = "a" * 40


@pytest.fixture
def gitlab() -> Iterator[GitLabServer]:
    with gitlab_server() as found:
        yield found


@pytest.fixture
def bitbucket() -> Iterator[BitbucketServer]:
    with bitbucket_server() as found:
        yield found


def of_gitlab(server: GitLabServer) -> AtGitLab:
    return AtGitLab(project="acme/units", token=at_gitlab.TOKEN, api=server.address)


def of_bitbucket(server: BitbucketServer) -> AtBitbucket:
    return AtBitbucket(repository="acme/units", token=at_bitbucket.TOKEN, api=server.address)


def test_there_is_one_note_at_gitlab_and_it_is_written_only_when_it_differs(gitlab: GitLabServer) -> None:
    for number in range(230):
        gitlab.note(7, f"word {number}", by=1)
    texts = ("one", "one", "two", "two")
    said = [of_gitlab(gitlab).comment(7, MARKER, f"{MARKER}\n{text}\n") for text in texts]

    assert said == [True, False, True, False]
    assert [one["body"] for one in gitlab.notes[7] if one["body"].startswith(MARKER)] == [f"{MARKER}\ntwo\n"]
    assert [method for method, _ in gitlab.writes] == ["POST", "PUT"]


def test_the_marker_of_somebody_else_at_gitlab_is_only_a_text(gitlab: GitLabServer) -> None:
    theirs = gitlab.note(7, f"{MARKER} mine", by=1)
    system = gitlab.note(7, f"{MARKER} was quoted", system=True)
    of_gitlab(gitlab).comment(7, MARKER, f"{MARKER}\none")

    assert (theirs["body"], system["body"]) == (f"{MARKER} mine", f"{MARKER} was quoted")
    assert len(gitlab.notes[7]) == 3


def test_whose_token_it_is_has_to_be_known_before_a_note_is_ours(gitlab: GitLabServer) -> None:
    gitlab.instead["/user"] = (200, {"username": "nobody"})
    theirs = gitlab.note(7, f"{MARKER} mine", by=0)
    of_gitlab(gitlab).comment(7, MARKER, f"{MARKER}\none")
    assert theirs["body"] == f"{MARKER} mine"


def test_a_status_at_gitlab_is_set_when_it_differs_from_the_newest_of_ours(gitlab: GitLabServer) -> None:
    gitlab.statuses[COMMIT] = [{"id": 0, "name": "lint", "status": "failed", "description": "x"}]
    host = of_gitlab(gitlab)
    link = "https://gitlab.com/acme/units/-/jobs/7"
    said = [host.status(COMMIT, state, "x" * 300, link) for state in ("failure", "failure", "success")]  # type: ignore[arg-type]

    assert said == [True, False, True]
    newest = gitlab.statuses[COMMIT][0]
    assert (newest["status"], newest["target_url"], len(newest["description"])) == ("success", link, 255)
    assert host.status("b" * 40, "success", "x", f"https://{'l' * 300}"), "a link that is too long is left out"


def test_what_was_merged_at_gitlab_into_the_branch_is_found_by_its_commit(gitlab: GitLabServer) -> None:
    gitlab.requests[COMMIT] = [
        {"iid": 1, "state": "closed", "target_branch": "main"},
        {"iid": 2, "state": "merged", "target_branch": "other"},
        {"iid": 3, "state": "merged", "target_branch": "main"},
    ]
    assert of_gitlab(gitlab).merged(["b" * 40, COMMIT], "main") == {3: COMMIT}


def test_there_is_one_comment_at_bitbucket_and_it_is_written_only_when_it_differs(bitbucket: BitbucketServer) -> None:
    for number in range(130):
        bitbucket.comment(7, f"word {number}", by="ada")
    texts = ("one", "one", "two", "two")
    said = [of_bitbucket(bitbucket).comment(7, MARKER, f"{MARKER}\n{text}\n") for text in texts]

    assert said == [True, False, True, False]
    found = [one["content"]["raw"] for one in bitbucket.comments[7]]
    assert [one for one in found if one.startswith(MARKER)] == [f"{MARKER}\ntwo\n"]
    assert [method for method, _ in bitbucket.writes] == ["POST", "PUT"]


def test_the_marker_of_somebody_else_at_bitbucket_is_only_a_text(bitbucket: BitbucketServer) -> None:
    for number in range(9):
        bitbucket.comment(7, f"{MARKER} mine {number}", by="mallory")
    bitbucket.comment(7, f"{MARKER} ours", deleted=True)
    of_bitbucket(bitbucket).comment(7, MARKER, f"{MARKER}\none")

    found = [one["content"]["raw"] for one in bitbucket.comments[7]]
    assert found[:10] == [*(f"{MARKER} mine {number}" for number in range(9)), f"{MARKER} ours"]
    assert found[10:] == [f"{MARKER}\none"]
    assert len(bitbucket.writes) == 6, "somebody who writes many markers costs five calls"


def test_a_status_at_bitbucket_has_one_key_and_is_set_when_it_differs(bitbucket: BitbucketServer) -> None:
    host = of_bitbucket(bitbucket)
    said = [host.status(COMMIT, state, "x" * 300, "") for state in ("failure", "failure", "success")]  # type: ignore[arg-type]

    assert said == [True, False, True]
    ((place, found),) = bitbucket.statuses.items()
    assert place == (COMMIT, "multi-env-lambda")
    assert (found["state"], found["url"]) == ("SUCCESSFUL", f"https://bitbucket.org/acme/units/commits/{COMMIT}")


def test_what_was_merged_at_bitbucket_is_found_by_the_beginning_of_its_commit(bitbucket: BitbucketServer) -> None:
    def request(number: int, into: str, commit: object, state: str = "MERGED") -> dict[str, object]:
        return {"id": number, "state": state, "merge_commit": commit, "destination": {"branch": {"name": into}}}

    ours = {"hash": COMMIT[:12]}
    bitbucket.requests += [
        request(1, "main", ours, "DECLINED"),
        request(2, "other", ours),
        request(3, "main", None),
        request(4, "main", {"hash": "a"}),
        request(5, "main", ours),
    ]
    assert of_bitbucket(bitbucket).merged(["b" * 40, COMMIT], "main") == {5: COMMIT}
    assert of_bitbucket(bitbucket).merged([], "main") == {}


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [(403, {"message": "insufficient_scope"}, "403 insufficient_scope"), (500, b"<html>", "500"), (200, b"{c", "JSON")],
)
def test_what_gitlab_refuses_is_an_error_with_its_words(
    gitlab: GitLabServer, status: int, body: object, said: str
) -> None:
    gitlab.instead["/notes"] = (status, body)
    with pytest.raises(ToolError, match="GitLab, acme/units") as caught:
        of_gitlab(gitlab).comment(7, MARKER, MARKER)
    assert said in caught.value.what and at_gitlab.TOKEN not in f"{caught.value} {caught.value.hint}"


def test_what_bitbucket_refuses_is_an_error_with_its_words(bitbucket: BitbucketServer) -> None:
    wrong = attrs.evolve(of_bitbucket(bitbucket), token="ATCTT3xWrong")
    with pytest.raises(ToolError, match="Bitbucket, acme/units") as caught:
        wrong.status(COMMIT, "success", "x", "")
    assert "401 Token is invalid" in caught.value.what and "ATCTT3xWrong" not in f"{caught.value}"
    with pytest.raises(ToolError, match="32768"):
        of_bitbucket(bitbucket).comment(7, MARKER, "x" * 32_769)


@pytest.mark.parametrize("api", ["http://127.0.0.1:9", "file:///etc", "http://gitlab.com/api/v4"])
def test_nobody_there_or_a_place_that_is_not_safe_is_an_error(gitlab: GitLabServer, api: str) -> None:
    for host in (
        AtGitLab(project="acme/units", token="t" * 20, api=api),
        AtBitbucket(repository="acme/units", token="t" * 20, api=api),
    ):
        with pytest.raises(ToolError, match=r"URLError|no https address"):
            host.status(COMMIT, "success", "fine", "")
        assert "t" * 20 not in repr(host)


def test_the_token_follows_no_redirection(gitlab: GitLabServer, bitbucket: BitbucketServer) -> None:
    gitlab.instead["/notes"] = bitbucket.instead["/comments"] = (307, {})
    for host in (of_gitlab(gitlab), of_bitbucket(bitbucket)):
        with pytest.raises(ToolError, match="307"):
            host.comment(7, MARKER, MARKER)
    assert "/elsewhere" not in gitlab.paths
