"""What is wanted and not yet done: each rule, and that no order of them loses a wish or lets two builds work."""

from __future__ import annotations

import json
import re

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.ci.subject import Branch, Everything, PullRequest, Tag, subject_of
from multi_env_lambda.ci.wanted import (
    AskBuild,
    Claim,
    Rest,
    Start,
    Wait,
    Wanted,
    ask,
    begin,
    claim,
    died,
    finish,
    next_step,
    place_of,
    place_of_id,
    release,
    started,
)
from multi_env_lambda.errors import DocumentError, UpgradeNeeded

KEY = "branch main"
NEW = ask(None, KEY, 100.0)
CLAIMED = claim(NEW, 100.0)
RUNNING = attrs.evolve(CLAIMED, build="build 1")
WAITS = (("prod", "0" * 64),)


def done() -> Wanted:
    found = finish(RUNNING, RUNNING.id, "build 1", "done", 200.0, WAITS)
    assert found is not None
    return found


def test_a_wish_is_claimed_by_whoever_comes_first() -> None:
    assert (NEW.state, next_step(NEW, 100.0)) == ("wanted", Claim())
    assert (CLAIMED.state, CLAIMED.run, CLAIMED.seen) == ("running", 1, 1)


def test_a_wish_is_claimed_at_once_although_the_clock_of_the_store_seems_to_go_back() -> None:
    """Of S3 only the second is known, and each process estimates the rest by itself."""
    assert next_step(NEW, 99.0) == Claim()


def test_a_claim_of_which_nobody_heard_again_is_started_once_more_with_the_same_id() -> None:
    assert next_step(CLAIMED, 101.0) == Wait(220.0)
    assert next_step(CLAIMED, 220.0) == Start()


def test_a_build_that_runs_is_asked_whether_it_does() -> None:
    assert next_step(RUNNING, 101.0) == AskBuild("build 1")


def test_what_is_done_rests_and_says_what_it_waits_for() -> None:
    assert next_step(done(), 10_000.0) == Rest()
    assert [(one.key, one.environment) for one in done().waiting] == [(KEY, "prod")]


def test_a_wish_after_the_end_begins_anew_under_another_id() -> None:
    again = ask(done(), KEY, 300.0)

    assert (again.state, again.since, next_step(again, 300.0)) == ("wanted", 300.0, Claim())
    assert claim(again, 300.0).id != RUNNING.id


def test_a_wish_during_a_run_makes_it_look_again() -> None:
    asked = ask(RUNNING, KEY, 150.0)
    once_more = finish(asked, asked.id, "build 1", "done", 160.0)

    assert asked.state == "running"
    assert once_more is not None and (once_more.state, once_more.seen) == ("running", 2)
    last = finish(once_more, asked.id, "build 1", "done", 170.0)
    assert last is not None and last.state == "done"


def test_a_message_that_comes_twice_is_one_wish() -> None:
    asked = ask(NEW, KEY, 100.0, message="4b8c")

    assert asked.asked == 2
    assert ask(asked, KEY, 101.0, message="4b8c") == asked
    assert ask(asked, KEY, 101.0, message="5c9d").asked == ask(asked, KEY, 101.0).asked == 3


def test_no_more_messages_are_remembered_than_fit() -> None:
    wanted = NEW
    for number in range(50):
        wanted = ask(wanted, KEY, 100.0, message=str(number))

    assert (wanted.asked, len(wanted.heard)) == (51, 20)


def test_a_second_build_of_the_same_run_has_nothing_to_do() -> None:
    first = begin(CLAIMED, CLAIMED.id, "build 1")

    assert first is not None and first.build == "build 1"
    assert begin(first, CLAIMED.id, "build 2") is None
    assert begin(first, CLAIMED.id, "build 1") == first
    assert started(first, CLAIMED.id, "build 2") is None


def test_a_build_of_an_earlier_run_has_nothing_to_do() -> None:
    dead = died(RUNNING, "build 1", 200.0)
    assert dead is not None
    later = claim(dead, 200.0)

    assert begin(later, RUNNING.id, "build 1") is None
    assert finish(later, RUNNING.id, "build 1", "done", 300.0) is None
    assert died(later, "build 1", 300.0) is None
    assert release(later, RUNNING.id, 300.0) is None


def test_what_was_refused_is_wanted_as_before() -> None:
    back = release(CLAIMED, CLAIMED.id, 130.0)

    assert back is not None and (back.state, back.deaths) == ("wanted", 0)
    assert release(RUNNING, RUNNING.id, 130.0) is None


def test_what_dies_again_and_again_is_tried_more_seldom_and_a_wish_tries_it_at_once() -> None:
    wanted, pauses = NEW, []
    for _ in range(15):
        running = attrs.evolve(claim(wanted, 0.0), build="b")
        dead = died(running, "b", 0.0)
        assert dead is not None
        wanted = dead
        step = next_step(wanted, 0.0)
        pauses.append(step.until if isinstance(step, Wait) else 0.0)

    assert pauses[:4] == [0.0, 60.0, 120.0, 240.0]
    assert pauses == sorted(pauses) and pauses[-1] == 86_400.0
    assert next_step(ask(wanted, KEY, 0.0), 0.0) == Claim()


def test_a_maintainers_yes_is_kept_for_its_commit() -> None:
    wanted = ask(None, "pull request 12", 0.0, stranger=True, agreed=("a",))
    wanted = ask(ask(wanted, "pull request 12", 1.0, agreed=("b",)), "pull request 12", 2.0, agreed=("a",))

    assert (wanted.agreed, wanted.stranger) == (("a", "b"), True)
    assert ask(wanted, "pull request 12", 3.0, stranger=False).stranger is False


def test_of_a_pull_request_nobody_knows_more_than_that_it_may_be_a_strangers() -> None:
    assert ask(None, "pull request 12", 0.0).stranger


@pytest.mark.parametrize("key", [KEY, "branch feat/$(id)", "pull request 12", "tag orders-0.1.1", "everything"])
def test_it_is_stored_under_a_name_that_has_no_text_of_git_in_it(key: str) -> None:
    wanted = claim(ask(None, key, 1.5, message="m", agreed=("a",)), 2.5)

    assert re.fullmatch(r"ci/wanted/[0-9a-f]{24}\.json", place_of(key))
    assert re.fullmatch(r"[0-9a-f]{32}", wanted.id)
    assert place_of_id(wanted.id) == place_of(key)
    assert Wanted.from_bytes(wanted.to_bytes(), where=place_of(key)) == wanted


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"state": "odd"}, "found the state 'odd'"),
        ({"run": -1}, "run -1"),
        ({"run": 16**8}, "run 4294967296"),
        ({"key": "branch other"}, "it is about 'branch other'"),
        ({"asked": "1"}, "asked: found '1', expected int"),
    ],
)
def test_an_object_that_is_something_else_is_refused(change: dict[str, object], what: str) -> None:
    body = json.dumps({**json.loads(NEW.to_bytes()), **change}).encode()

    with pytest.raises(DocumentError) as caught:
        Wanted.from_bytes(body, where=place_of(KEY))
    assert what in caught.value.what


def test_an_object_of_a_newer_version_is_refused() -> None:
    with pytest.raises(UpgradeNeeded):
        Wanted.from_bytes(b'{"format": 99}', where=place_of(KEY))


SUBJECTS = (Branch(name="main"), Branch(name="tag"), Tag(name="orders-0.1.1"), PullRequest(number=12), Everything())


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_key_names_its_subject(subject: Branch) -> None:
    assert subject_of(subject.key) == subject


@given(
    key=st.text(max_size=30) | st.sampled_from(["branch ", "tag ", "pull request x", "pull request ²", "everything "])
)
def test_another_key_names_none(key: str) -> None:
    found = subject_of(key)

    assert found is None or found.key == key or key.startswith("pull request 0")


ACTS = st.lists(
    st.sampled_from(["ask", "claim", "begin", "begin another", "finish", "die", "refuse"]), min_size=1, max_size=40
)


@given(acts=ACTS)
def test_no_order_of_steps_loses_a_wish_or_lets_two_builds_work(acts: list[str]) -> None:
    """A wish is lost if the value is done, and no look began after it."""
    wanted, builds, looked = NEW, 0, 0
    working: set[str] = set()
    for number, act in enumerate(acts):
        job, after = wanted.id, None
        match act:
            case "ask":
                after = ask(wanted, KEY, float(number))
            case "claim" if next_step(wanted, 1e9) == Claim():
                after = claim(wanted, float(number))
            case "begin" | "begin another":
                builds += 1
                after = begin(wanted, job, f"build {builds}")
                if after is not None:
                    assert not working
                    working, looked = {f"build {builds}"}, after.asked
            case "finish" if working:
                after = finish(wanted, job, next(iter(working)), "done", float(number))
                assert after is not None
                if after.state == "done":
                    assert looked == after.asked
                    working = set()
                looked = after.asked
            case "die" if working:
                after = died(wanted, working.pop(), float(number))
            case "refuse" if not working:
                after = release(wanted, job, float(number))
        wanted = wanted if after is None else after
        assert wanted.seen <= wanted.asked and (wanted.state != "done" or wanted.seen == wanted.asked)


def test_the_same_message_asks_once_and_another_one_asks_again() -> None:
    first = ask(None, "branch main", 1.0, message="one")
    running = ask(first, "branch main", 2.0, message="two")

    assert ask(running, "branch main", 3.0, message="two") == running
    assert ask(running, "branch main", 3.0, message="three") != running
