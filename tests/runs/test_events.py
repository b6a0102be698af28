"""Runs of GitHub Actions that hear of their event themselves, on a world in memory; several at once, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.ci.subject import Branch, PullRequest
from multi_env_lambda.ci.wanted import place_of
from multi_env_lambda.errors import Busy, ToolError
from multi_env_lambda.model.github import WORKFLOW
from multi_env_lambda.operations.messages import Desk
from multi_env_lambda.runs.event import Here, follow_event, happened_at_github
from multi_env_lambda.runs.report import Report
from multi_env_lambda.runs.run import run_job
from tests.runs.village import ALL, Village, push_event, request_event

OWN, THEIRS = {"id": 1, "full_name": "acme/units"}, {"id": 2, "full_name": "mallory/units"}
FIRST = ("sandbox", "test", "staging")


@attrs.define
class GitHub:
    """What GitHub would answer; ``ended`` are the runs that are over."""

    village: Village
    requests: dict[int, dict[str, Any]] = attrs.field(factory=dict)
    said: dict[int, list[Any]] = attrs.field(factory=dict)
    ended: set[str] = attrs.field(factory=set)
    number: int = 0

    def request(self, number: int) -> Any:
        return self.requests.get(number)

    def reviews(self, number: int) -> list[Any]:
        return self.said.get(number, [])

    def is_over(self, build: str) -> bool:
        return build in self.ended

    def opened(self, number: int, *, of: dict[str, Any] = OWN, state: str = "open", **content: str) -> str:
        """A pull request, as the API has it; the commit that it has."""
        repository = self.village.repository
        commit = repository.push("feature", onto=repository.remote["main"], **content)
        repository.requests[number] = commit
        head = {"ref": "feature", "sha": commit, "repo": of}
        base = {"ref": "main", "sha": "2" * 40, "repo": OWN}
        self.requests[number] = {"number": number, "state": state, "user": {"login": "ada"}, "head": head, "base": base}
        return commit

    def here(self) -> Here:
        self.number += 1
        return Here(f"github:{self.number}:1", self.is_over)

    def runs(self, name: str, payload: dict[str, Any], here: Here | None = None) -> Report:
        """One run of the workflow, to its end."""
        village, mine = self.village, here or self.here()
        found = happened_at_github(name, json.dumps(payload).encode(), self)
        desk = attrs.evolve(self.desk, builds=mine)
        try:
            return follow_event(
                desk,
                mine,
                found,
                run=lambda job: run_job(village.hands(mine.build, job), Path("clone")),
                say=village.said.append,
                sleep=village.slept.append,
            )
        finally:
            self.ended.add(mine.build)

    @property
    def desk(self) -> Desk:
        return attrs.evolve(self.village.desk, rules=self.village.config.ci)

    def pushed(self, **content: str) -> Report:
        commit = self.village.repository.push("main", **content)
        return self.runs("push", push_event("main", commit))

    def started(self, **inputs: str) -> Report:
        return self.runs("workflow_dispatch", dispatched(**inputs))


def dispatched(workflow: str = WORKFLOW, **inputs: str) -> dict[str, Any]:
    return {"workflow": workflow, "inputs": inputs, "repository": OWN, "sender": {"login": "ada"}}


@pytest.fixture
def github(village: Village) -> GitHub:
    return GitHub(village)


def test_a_push_walks_to_the_approval_and_the_schedule_goes_on_after_it(github: GitHub, village: Village) -> None:
    report = github.pushed(orders="o2")

    now = {**ALL, "orders": "o2"}
    assert [village.runs(place) for place in (*FIRST, "prod")] == [now, now, now, {}]
    assert report.outcome == "waits"
    village.approve("prod")
    assert github.runs("schedule", {"schedule": "23 * * * *"}).outcome == "done"
    assert village.runs("prod") == now


def test_the_first_run_of_all_knows_the_table_of_its_checkout(github: GitHub, village: Village) -> None:
    """Nothing was left by a build before; with the usual settings, `trunk` would be a branch like any other."""
    village.ruled(branch="trunk")
    commit = village.repository.push("trunk", onto=village.repository.remote["main"], orders="o2")
    github.runs("push", push_event("trunk", commit))

    assert village.runs("sandbox")["orders"] == "o2"


def test_the_same_event_twice_is_one_wish_of_one_run(github: GitHub, village: Village) -> None:
    github.pushed(orders="o2")
    again = github.runs("push", push_event("main", village.repository.remote["main"]))

    (wanted,) = village.wanted()
    assert (wanted.state, wanted.asked, wanted.seen) == ("done", 2, 2)
    assert [one for one in again.results if one.outcome == "deployed"] == []


def test_a_run_beside_one_that_works_leaves_its_wish_to_it_and_the_newest_arrives(
    github: GitHub, village: Village
) -> None:
    said: list[Report] = []
    village.repository.meanwhile.append(lambda: said.append(github.pushed(orders="o3")))
    github.pushed(orders="o2")

    assert [one.outcome for one in said] == ["nothing to do"]
    assert [village.runs(place)["orders"] for place in FIRST] == ["o3"] * 3


def test_what_a_run_that_was_killed_had_taken_up_is_done_by_the_next(github: GitHub, village: Village) -> None:
    class Killed(BaseException):
        pass

    def kill() -> None:
        raise Killed

    village.repository.meanwhile.append(kill)
    with pytest.raises(Killed):
        github.pushed(orders="o2")
    assert village.runs("sandbox") == {}
    github.runs("schedule", {"schedule": "23 * * * *"})

    assert village.runs("staging")["orders"] == "o2"


def test_a_run_that_has_not_ended_keeps_what_it_has_taken_up(github: GitHub, village: Village) -> None:
    alive = github.here()
    commit = village.repository.push("main", orders="o2")
    desk = attrs.evolve(village.desk, builds=alive)
    happened = happened_at_github("push", json.dumps(push_event("main", commit)).encode(), github)
    with pytest.raises(ZeroDivisionError):
        follow_event(desk, alive, happened, run=lambda job: 1 // 0, say=print, sleep=village.slept.append)  # type: ignore[arg-type,return-value]
    github.runs("push", push_event("main", commit))
    assert village.runs("sandbox") == {}

    github.ended.add(alive.build)
    github.runs("push", push_event("main", commit))
    assert village.runs("sandbox")["orders"] == "o2"


def test_a_run_that_took_something_up_and_has_no_name_yet_is_waited_for(github: GitHub, village: Village) -> None:
    github.pushed(orders="o2")
    place = place_of(Branch(name="main").key)
    stored = village.store.get(place)
    assert stored is not None
    (wanted,) = village.wanted()
    claimed = attrs.evolve(wanted, state="running", run=9, build="", since=village.store.time)
    assert village.store.replace(place, claimed.to_bytes(), etag=stored.etag)
    before = len(village.slept)
    with pytest.raises(Busy):
        github.pushed(orders="o3")
    assert len(village.slept) - before == 12

    village.store.time += 200
    github.runs("schedule", {"schedule": ""})
    assert village.runs("staging")["orders"] == "o3"


def test_one_job_that_fails_keeps_no_other_from_its_turn(github: GitHub, village: Village) -> None:
    village.ruled(branches=("feature/*",))
    github.pushed(orders="o2")
    village.repository.push("feature/x", onto=village.repository.remote["main"], orders="o3")
    mine = github.here()
    tried: list[str] = []

    def run(job: str) -> Report:
        tried.append(job)
        if len(tried) == 1:
            raise ToolError("git", "the remote is gone", hint="wait")
        return run_job(village.hands(mine.build, job), Path("clone"))

    happened = happened_at_github("schedule", b"{}", github)
    desk = attrs.evolve(village.desk, builds=mine)
    report = follow_event(desk, mine, happened, run=run, say=print, sleep=village.slept.append)
    assert len(tried) > 1
    assert report.failures[0] == "git: the remote is gone; wait"


def test_everything_wants_others_and_they_are_done_in_the_same_run(github: GitHub, village: Village) -> None:
    village.ruled(branches=("feature/*",))
    github.pushed(orders="o2")
    village.repository.push("feature/x", onto=village.repository.remote["main"], orders="o3")
    github.started()

    assert {one.key: one.state for one in village.wanted()} == {
        "branch feature/x": "done",
        "branch main": "done",
        "everything": "done",
    }


def test_a_members_pull_request_is_planned_by_a_run_of_its_own(github: GitHub, village: Village) -> None:
    github.opened(7, orders="o2")
    report = github.started(pull_request="7")

    assert "pull request 7 at" in "\n".join(report.notes)
    assert village.runs("sandbox") == {}
    assert {one.key for one in village.wanted()} == {"pull request 7"}


def test_a_strangers_pull_request_waits_for_a_maintainer_whose_yes_is_for_one_commit(
    github: GitHub, village: Village
) -> None:
    village.ruled(maintainers=("grace",))
    github.pushed()
    village.repository.checked_out = ""
    commit = github.opened(7, of=THEIRS, orders="o2")
    assert github.started(pull_request="7").results == ()
    assert village.repository.checked_out == ""

    yes = {"state": "APPROVED", "commit_id": commit, "user": {"login": "grace"}}
    github.said[7] = [{**yes, "user": {"login": "mallory"}}, {**yes, "commit_id": "3" * 40}]
    assert not any("plan " in note for note in github.started(pull_request="7").notes if commit[:12] in note)
    github.said[7].append(yes)
    notes = "\n".join(github.started(pull_request="7").notes)
    assert f"at {commit[:12]}, plan" in notes


def test_a_run_with_the_rights_to_deploy_takes_up_no_pull_request(github: GitHub, village: Village) -> None:
    """One whose run was killed waits for the next of its kind."""
    github.opened(7, orders="o2")
    mine = github.here()
    found = happened_at_github("workflow_dispatch", json.dumps(dispatched(pull_request="7")).encode(), github)
    with pytest.raises(ZeroDivisionError):
        follow_event(
            attrs.evolve(village.desk, builds=mine),
            mine,
            found,
            run=lambda job: 1 // 0,  # type: ignore[arg-type,return-value]
            say=print,
            sleep=village.slept.append,
        )
    github.ended.add(mine.build)
    github.runs("schedule", {"schedule": ""})

    assert {one.key: one.state for one in village.wanted()}["pull request 7"] == "running"
    assert village.repository.checked_out != village.repository.requests[7]
    github.started(pull_request="7")
    assert village.wanted()[[one.key for one in village.wanted()].index(PullRequest(number=7).key)].state == "done"


@pytest.mark.parametrize(
    ("name", "payload", "why"),
    [
        ("workflow_dispatch", dispatched(".github/workflows/other.yml", branch="main"), "another workflow"),
        ("workflow_dispatch", dispatched(branch="-rf"), "names no branch"),
        ("workflow_dispatch", dispatched(pull_request="404"), "no pull request 404"),
        ("push", {**push_event("main", "1" * 40), "repository": THEIRS}, "another repository"),
        ("star", {"action": "created"}, "an event `star`"),
        ("pull_request", request_event(7, stranger=True), "stranger"),
    ],
)
def test_what_is_not_for_us_is_said_and_wants_nothing(
    github: GitHub, village: Village, name: str, payload: dict[str, Any], why: str
) -> None:
    report = github.runs(name, payload)

    assert why in "\n".join(report.notes)
    assert village.wanted() == []
