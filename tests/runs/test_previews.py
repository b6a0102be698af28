"""A change at GitLab or Bitbucket: planned by a job that may say nothing, and said by the one that may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from multi_env_lambda.ci.comment import MARKER
from multi_env_lambda.errors import StackError
from multi_env_lambda.host.bitbucket_api import AtBitbucket
from multi_env_lambda.host.gitlab_api import AtGitLab
from multi_env_lambda.model.ci_stack import REQUESTS
from multi_env_lambda.runs.previews import MOST_REQUESTS, preview_place, say_previews
from multi_env_lambda.runs.voice import Later, Voice
from tests.runs.test_seen import arrived, opened
from tests.runs.village import Village
from tests.tools import bitbucket_server as at_bitbucket
from tests.tools import gitlab_server as at_gitlab
from tests.tools.bitbucket_server import BitbucketServer, bitbucket_server
from tests.tools.gitlab_server import GitLabServer, gitlab_server


@pytest.fixture
def gitlab() -> Iterator[GitLabServer]:
    with gitlab_server() as found:
        yield found


@pytest.fixture
def bitbucket() -> Iterator[BitbucketServer]:
    with bitbucket_server() as found:
        yield found


def of_gitlab(server: GitLabServer) -> Voice:
    return Voice(host=AtGitLab(project="acme/units", token=at_gitlab.TOKEN, api=server.address))


def planned(village: Village, **texts: str) -> str:
    """A merge request, planned as in a job that runs its code; the commit."""
    village.voice = Voice(host=Later())
    commit = opened(village, **texts)
    village.settle()
    return commit


def said(village: Village, voice: Voice) -> tuple[str, ...]:
    return say_previews(lambda: voice, village.store, "main")


def at_gitlab_open(commit: str, number: int = 7, **more: Any) -> dict[str, Any]:
    usual = {"iid": number, "state": "opened", "target_branch": "main", "sha": commit}
    return {**usual, "source_project_id": 1, "target_project_id": 1, **more}


def at_bitbucket_open(commit: str, number: int = 7, into: str = "main", of: str = "acme/units") -> dict[str, Any]:
    source = {"commit": {"hash": commit[:12]}, "repository": {"full_name": of}}
    return {"id": number, "state": "OPEN", "source": source, "destination": {"branch": {"name": into}}}


def test_one_note_says_the_plan_and_follows_the_change_to_prod(village: Village, gitlab: GitLabServer) -> None:
    arrived(village)
    commit = planned(village, orders="o2")
    assert gitlab.paths == [], "the job that runs the change's code asks nobody and has no token"
    gitlab.open = [at_gitlab_open(commit)]
    assert said(village, of_gitlab(gitlab)) == said(village, of_gitlab(gitlab)) == ()

    (note,) = gitlab.notes[7]
    assert note["body"].startswith(f"{MARKER}\n\n### Merging this changes\n")
    assert "`orders`" in note["body"] and "it decides nothing" in note["body"] and "ci.py approve" not in note["body"]
    assert gitlab.writes == [("POST", "merge_requests/7/notes")], "what is said already is not written again"

    village.voice = of_gitlab(gitlab)
    merge = village.pushed(orders="o2")
    gitlab.requests[merge] = [{"iid": 7, "state": "merged", "target_branch": "main"}]
    gitlab.open = []
    village.settle()
    (note,) = gitlab.notes[7]
    assert "### Merged: waits for a yes" in note["body"]


def test_a_pull_request_at_bitbucket_is_found_by_the_beginning_of_its_commit(
    village: Village, bitbucket: BitbucketServer
) -> None:
    arrived(village)
    commit = planned(village, orders="o2")
    bitbucket.requests = [
        at_bitbucket_open(commit, 8, into="other"),
        at_bitbucket_open(commit, 9, of="mallory/units"),
        at_bitbucket_open(commit),
    ]
    host = AtBitbucket(repository="acme/units", token=at_bitbucket.TOKEN, api=bitbucket.address)
    assert said(village, Voice(host=host)) == ()

    assert list(bitbucket.comments) == [7]
    assert "https://bitbucket.org/acme/units/pull-requests/7" in bitbucket.comments[7][0]["content"]["raw"]


def test_what_has_moved_or_is_a_forks_or_goes_elsewhere_is_not_said(village: Village, gitlab: GitLabServer) -> None:
    arrived(village)
    commit = planned(village, orders="o2")
    for other in (
        at_gitlab_open("1" * 40),
        at_gitlab_open(commit, source_project_id=2),
        at_gitlab_open(commit, target_branch="other"),
        at_gitlab_open(commit, state="closed"),
        at_gitlab_open(commit, 8),
        at_gitlab_open(f"../{commit}"),
    ):
        gitlab.open = [other]
        assert said(village, of_gitlab(gitlab)) == ()
    assert gitlab.notes == {}


@pytest.mark.parametrize(
    "left", [b"", b"hello", b"-----BEGIN MULTI-ENV-LAMBDA PREVIEW-----\nH4sI\n-----END MULTI-ENV-LAMBDA PREVIEW-----"]
)
def test_what_a_job_of_a_change_may_have_left_keeps_no_other_from_being_said(
    village: Village, gitlab: GitLabServer, left: bytes
) -> None:
    arrived(village)
    commit = planned(village, orders="o2")
    village.store.put_new(preview_place(8, commit), left)
    gitlab.open = [at_gitlab_open(commit, 8), at_gitlab_open(commit)]
    (note,) = said(village, of_gitlab(gitlab))

    assert note.startswith("the plan of 8 was not said: the log of the job: ")
    assert list(gitlab.notes) == [7]


def test_where_a_host_refuses_that_is_a_note_and_nothing_else(village: Village, gitlab: GitLabServer) -> None:
    gitlab.instead["/merge_requests"] = (403, {"message": "403 Forbidden"})
    (note,) = said(village, of_gitlab(gitlab))
    assert "403 Forbidden" in note and at_gitlab.TOKEN not in note
    assert said(village, Voice()) == said(village, Voice(host=Later())) == ()
    gitlab.instead["/merge_requests"] = (200, [{"iid": 7, "sha": ["a"], "source_project_id": {}}, 7])
    assert said(village, of_gitlab(gitlab)) == ()


def test_where_nobody_can_speak_that_is_a_note_as_well(village: Village) -> None:
    def refuses() -> Voice:
        raise StackError("sts", "AccessDenied", hint="")

    (note,) = say_previews(refuses, village.store, "main")
    assert note == "plans of what is not merged were not said: sts: AccessDenied"


def test_it_is_cut_to_what_the_host_takes(village: Village, gitlab: GitLabServer) -> None:
    arrived(village)
    commit = planned(village, **{f"unit{number}": "1" for number in range(40)})
    gitlab.open = [at_gitlab_open(commit)]
    voice = of_gitlab(gitlab)
    small = attrs.evolve(voice.host)
    object.__setattr__(small, "limit", 3000)
    assert said(village, attrs.evolve(voice, host=small)) == ()
    (note,) = gitlab.notes[7]
    assert 1000 < len(note["body"]) <= 3000 and "https://gitlab.com/acme/units/-/merge_requests/7" in note["body"]


def test_no_more_than_some_are_looked_at_and_those_that_changed_last(village: Village, gitlab: GitLabServer) -> None:
    commit = "a" * 40
    gitlab.open = [at_gitlab_open(commit, number) for number in range(1, 200)]
    host = of_gitlab(gitlab).host
    assert isinstance(host, AtGitLab)
    assert list(host.open_requests("main", MOST_REQUESTS)) == list(range(1, MOST_REQUESTS + 1))


def test_it_lies_where_a_build_of_what_is_not_merged_may_write() -> None:
    assert preview_place(7, "a" * 40).startswith(f"ci/results/{REQUESTS}")
