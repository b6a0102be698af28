"""The dispatcher on a store in memory: what an event leads to, and what a refusal, a death and a rival leave behind."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.ci import (
    Asked,
    Branch,
    BranchMoved,
    BuildEnded,
    CommitAgreed,
    Decision,
    Happened,
    NotForUs,
    PullRequestChanged,
    ScheduleLooked,
    State,
)
from multi_env_lambda.ci.subject import PullRequest, subject_of
from multi_env_lambda.ci.wanted import FOLDER, Wanted, place_of
from multi_env_lambda.errors import Busy, DocumentError, StackError
from multi_env_lambda.model.ci_stack import OTHERS, REQUESTS
from multi_env_lambda.operations.dispatch import begin_job, dispatch, finish_job, tend, waiting, want
from multi_env_lambda.testing.memory_store import MemoryStore
from tests.ci.worlds import state

AT: Any = {"host": "github", "repository": "acme/units"}
MAIN = BranchMoved(branch="main", **AT)
MAIN_KEY, PLAN_KEY = "branch main", "pull request 12"
STRANGERS = PullRequestChanged(what="opened", number=12, branch="x", into="main", stranger=True, **AT)
WAITS = (("prod", "1" * 64),)


@attrs.define
class Builds:
    """Where builds run: they are there until a test says that they are over."""

    most: int = 10
    started: list[str] = attrs.field(factory=list)
    over: set[str] = attrs.field(factory=set)

    def start(self, job: str, *, merged: bool) -> str | None:
        if len(self.started) - len(self.over) >= self.most:
            return None
        self.started.append(job)
        return f"build {len(self.started)}"

    def is_over(self, build: str) -> bool:
        return build in self.over


def stored(store: MemoryStore, key: str = MAIN_KEY) -> Wanted:
    found = store.get(place_of(key))
    assert found is not None
    return Wanted.from_bytes(found.body, where=found.key)


def ended(job: str) -> BuildEnded:
    return BuildEnded(project="units-ci", build="", job=job, status="FAILED")


def test_a_push_starts_a_build_that_is_told_an_id_and_nothing_else() -> None:
    store, builds = MemoryStore(), Builds()
    decision = dispatch(store, builds, MAIN, state())

    assert [job.subject.key for job in decision.jobs] == [MAIN_KEY]
    assert builds.started == [stored(store).id]
    assert (stored(store).state, stored(store).build) == ("running", "build 1")


def test_pushes_during_a_build_start_no_second_one_and_are_looked_at_by_the_first() -> None:
    store, builds = MemoryStore(), Builds()
    for number in range(5):
        dispatch(store, builds, MAIN, state(), message=str(number))
    (job,) = builds.started

    assert begin_job(store, job, "build 1") is not None
    dispatch(store, builds, MAIN, state(), message="later")
    assert finish_job(store, job, "build 1", "done") is False
    assert finish_job(store, job, "build 1", "done", WAITS) is True
    assert (len(builds.started), stored(store).state) == (1, "done")
    assert [one.digest for one in waiting(store)] == ["1" * 64]


def test_nothing_is_written_for_what_is_not_for_us() -> None:
    store, builds = MemoryStore(), Builds()

    assert dispatch(store, builds, NotForUs(reason="a ping"), state()) == Decision(why="a ping")
    assert (store.writes, store.reads, builds.started) == ([], [], [])


def test_the_decision_may_be_somebody_elses() -> None:
    def never(happened: Happened, seen: State) -> Decision:
        return Decision(why="never")

    store, builds = MemoryStore(), Builds()

    assert dispatch(store, builds, MAIN, state(), never).why == "never"
    assert (store.writes, builds.started) == ([], [])


def test_where_no_more_builds_may_run_the_wish_waits_and_is_no_second_one_when_its_message_comes_again() -> None:
    store, builds = MemoryStore(), Builds(most=0)
    for _ in range(3):
        with pytest.raises(Busy, match="1 of 1 are not there yet"):
            dispatch(store, builds, MAIN, state(), message="4b8c")
    assert (stored(store).state, stored(store).asked) == ("wanted", 1)

    builds.most = 1
    dispatch(store, builds, MAIN, state(), message="4b8c")
    assert (len(builds.started), stored(store).asked) == (1, 1)


def test_a_refusal_keeps_none_of_the_others_waiting() -> None:
    store, builds = MemoryStore(), Builds(most=1)
    with pytest.raises(Busy, match="1 of 2 are not"):
        dispatch(store, builds, ScheduleLooked(), state())

    assert [stored(store, key).state for key in (MAIN_KEY, "everything")] == ["running", "wanted"]


def test_a_build_that_ended_without_a_word_is_replaced_when_somebody_hears_of_it() -> None:
    store, builds = MemoryStore(), Builds()
    dispatch(store, builds, MAIN, state())
    dispatch(store, builds, ended(builds.started[0]), state())
    assert len(builds.started) == 1  # whoever says so may be wrong: it is asked, and runs

    builds.over.add("build 1")
    dispatch(store, builds, ended(builds.started[0]), state())
    assert (len(set(builds.started)), stored(store).deaths) == (2, 1)
    assert begin_job(store, builds.started[0], "build 1") is None


def test_the_schedule_hears_of_everything_that_died() -> None:
    store, builds = MemoryStore(), Builds()
    dispatch(store, builds, BranchMoved(branch="feature/x", **AT), state())
    builds.over.add("build 1")
    dispatch(store, builds, ScheduleLooked(), state())

    assert stored(store, "branch feature/x").run == 2


def test_a_refusal_that_is_an_error_leaves_the_wish_to_the_next_message_at_once() -> None:
    def refuses(job: str, *, merged: bool) -> str:
        raise StackError("units-ci", "not for you", hint="")

    store, builds = MemoryStore(), Builds()
    refusing: Any = attrs.make_class("Refusing", {}, bases=(Builds,))()
    refusing.start = refuses
    with pytest.raises(StackError):
        dispatch(store, refusing, MAIN, state(), message="1")
    assert (stored(store).state, stored(store).asked) == ("wanted", 1)

    dispatch(store, builds, MAIN, state(), message="1")
    assert builds.started == [stored(store).id]


def test_a_build_that_nobody_heard_of_starting_is_started_again_with_the_same_id() -> None:
    store, builds = MemoryStore(), Builds()

    def dies(job: str, *, merged: bool) -> str:
        builds.started.append(job)
        raise KeyboardInterrupt

    dying: Any = attrs.make_class("Dying", {}, bases=(Builds,))()
    dying.start = dies
    with pytest.raises(KeyboardInterrupt):
        dispatch(store, dying, MAIN, state(), message="1")
    with pytest.raises(Busy):  # it may be under way
        dispatch(store, builds, MAIN, state(), message="1")
    assert len(builds.started) == 1

    store.time += 120
    dispatch(store, builds, MAIN, state(), message="1")
    assert len(builds.started) == 2 and len(set(builds.started)) == 1


def test_an_event_of_a_job_that_nobody_wants_is_nothing() -> None:
    store, builds = MemoryStore(), Builds()
    dispatch(store, builds, ended("0" * 32), state())

    assert (store.writes, builds.started) == ([], [])
    assert begin_job(store, "0" * 32, "build 1") is None
    assert finish_job(store, "0" * 32, "build 1", "done") is True
    assert tend(store, builds, place_of(MAIN_KEY)) is True


def test_whose_pull_request_it_is_and_who_agreed_is_remembered() -> None:
    store, builds = MemoryStore(), Builds()
    dispatch(store, builds, CommitAgreed(number=12, commit="1" * 40, who="grace", **AT), state())
    assert (stored(store, PLAN_KEY).stranger, stored(store, PLAN_KEY).agreed) == (True, ("1" * 40,))

    dispatch(store, builds, STRANGERS, state(agreed=stored(store, PLAN_KEY).agreed))
    dispatch(store, builds, attrs.evolve(STRANGERS, stranger=False), state())
    assert (stored(store, PLAN_KEY).stranger, stored(store, PLAN_KEY).agreed) == (False, ("1" * 40,))


def test_a_build_may_want_something_else_looked_at() -> None:
    store, builds = MemoryStore(), Builds()
    want(store, MAIN_KEY)
    assert (builds.started, stored(store).state) == ([], "wanted")

    dispatch(store, builds, Asked(subject=Branch(name="other")), state())
    assert builds.started == []
    dispatch(store, builds, ScheduleLooked(), state())
    assert stored(store).state == "running"


class Rival(MemoryStore):
    """Somebody else writes the same object right before each of our writes, as often as said."""

    times = 0

    def _rivals_write(self, key: str) -> None:
        if self.times > 0:
            self.times -= 1
            want(self, MAIN_KEY, message=f"the rival's {self.times}")

    def put_new(self, key: str, body: bytes, metadata: Any = None) -> Any:
        self._rivals_write(key)
        return super().put_new(key, body, metadata)

    def replace(self, key: str, body: bytes, *, etag: str) -> Any:
        self._rivals_write(key)
        return super().replace(key, body, etag=etag)


@pytest.mark.parametrize("times", [1, 2, 5, 20])
def test_whoever_writes_at_the_same_time_loses_no_wish(times: int) -> None:
    store, builds = Rival(), Builds()
    store.times = times
    dispatch(store, builds, MAIN, state(), message="ours")

    assert stored(store).asked == times + 1
    assert len(builds.started) == 1


def test_an_object_that_is_something_else_is_named_and_nothing_is_started() -> None:
    store, builds = MemoryStore(), Builds()
    store.put_new(place_of(MAIN_KEY), b"{}")

    with pytest.raises(DocumentError, match="key is missing"):
        dispatch(store, builds, MAIN, state())
    assert builds.started == []


def test_one_wish_that_cannot_be_read_keeps_no_other_waiting() -> None:
    """A build of what is not merged may write wishes about pull requests, and whoever has got hold of it anything."""
    store, builds = MemoryStore(), Builds()
    want(store, "tag orders-0.1.1")
    store.put_new(place_of("pull request 1"), b"junk")
    store.put_new(f"{FOLDER}{'0' * 24}.json", b"{}")

    with pytest.raises(DocumentError):
        dispatch(store, builds, ScheduleLooked(), state())
    assert stored(store, "tag orders-0.1.1").state == "running"
    assert waiting(store) == ()


@given(key=st.one_of(st.integers(1, 10**14).map(lambda number: f"pull request {number}"), st.text(min_size=1)))
def test_wishes_about_pull_requests_have_names_of_their_own(key: str) -> None:
    begins = REQUESTS if isinstance(subject_of(key), PullRequest) else OTHERS
    assert place_of(key).removeprefix(FOLDER).startswith(begins)


def test_an_approval_that_comes_again_is_about_what_waited_though_it_is_wanted_by_now() -> None:
    """The build that it wanted could not be started; a tag that waited would be left lying until the schedule."""
    store, builds = MemoryStore(), Builds()
    want(store, "tag orders-0.1.1")
    assert tend(store, builds, place_of("tag orders-0.1.1"))
    begin_job(store, builds.started[0], "build 1")
    assert finish_job(store, builds.started[0], "build 1", "waits", WAITS)
    builds.over.add("build 1")
    want(store, "tag orders-0.1.1", message="approval")

    assert [(one.key, one.digest) for one in waiting(store)] == [("tag orders-0.1.1", "1" * 64)]


def test_of_a_claim_that_grew_old_one_build_is_started_each_two_minutes() -> None:
    """By dispatchers that die one after the other, or see it at once."""

    class Silent(Builds):
        def start(self, job: str, *, merged: bool) -> str | None:
            super().start(job, merged=merged)
            raise KeyboardInterrupt

    store, builds = MemoryStore(), Silent()
    want(store, MAIN_KEY)
    for minute in range(6):
        with suppress(KeyboardInterrupt):
            tend(store, builds, place_of(MAIN_KEY))
        store.time += 60
        assert len(builds.started) == 1 + minute // 2, minute
    assert len(set(builds.started)) == 1
