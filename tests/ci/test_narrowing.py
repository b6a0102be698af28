"""What the text of a commit can do: less, and never more."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.ci import BranchMoved, Bring, Decision, Own, Plan, Release, Remove, Upkeep
from multi_env_lambda.ci.narrowing import narrowed, newest_that_counts
from tests.ci.worlds import decided, state

BRING = Bring(branch="main", to="prod")
EVERYTHING = Decision(
    jobs=(
        BRING,
        Own(branch="feature/x", environment="b-feature-x", until=9.0),
        Remove(branch="feature/y", environment="b-feature-y"),
        Plan(number=1, credentials="read"),
        Release(tag="orders-0.1.1", unit="orders", version="0.1.1", to="prod"),
        Upkeep(),
    ),
    why="",
)


def brought(message: str) -> tuple[object, tuple[str, ...]]:
    found = narrowed(Decision(jobs=(BRING,), why=""), state(message=message))
    return next(iter(found.jobs), None), found.notes


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("Fix", BRING),
        ("Fix\n\nOnly: orders", attrs.evolve(BRING, only=("orders",))),
        ("Fix\r\n\r\nonly:orders, billing", attrs.evolve(BRING, only=("orders", "billing"))),
        ("Fix\n\nWhy.\n\nOnly: orders\nUp-To: test", attrs.evolve(BRING, only=("orders",), to="test")),
        ("Fix\n\nUp-To: prod", BRING),
        ("Fix\n\nUp-To: test\nUp-To: sandbox\nUp-To: prod", attrs.evolve(BRING, to="sandbox")),
        # Neither a subject nor a text in the middle is a trailer.
        ("Only: orders", BRING),
        ("Fix\nOnly: orders", BRING),
        ("Fix\n\nOnly: orders\n\nMerged.", BRING),
        ("Fix\n\nnot Only: orders", BRING),
    ],
)
def test_trailers_narrow(message: str, found: Bring) -> None:
    assert brought(message) == (found, ())


@pytest.mark.parametrize(
    ("message", "notes"),
    [
        (
            "Fix\n\nOnly: odrers",
            (
                "the commit says `Only: …` of `odrers`, which is not a unit",
                "no unit is left that the commit says `Only: …` of",
            ),
        ),
        ("Fix\n\nOnly:", ("no unit is left that the commit says `Only: …` of",)),
        ("Fix\n\nUp-To: $(id)", ("the commit says `Up-To: …` of `$(id)`, which is not an environment",)),
    ],
)
def test_who_wanted_less_and_is_not_understood_gets_nothing(message: str, notes: tuple[str, ...]) -> None:
    assert brought(message) == (None, notes)


def test_a_misspelt_unit_beside_a_known_one_is_told() -> None:
    assert brought("Fix\n\nOnly: orders odrers") == (
        attrs.evolve(BRING, only=("orders",)),
        ("the commit says `Only: …` of `odrers`, which is not a unit",),
    )


def test_units_that_nobody_has_looked_at_are_narrowed_by_whoever_does() -> None:
    found = narrowed(Decision(jobs=(BRING,), why=""), state(message="Fix\n\nOnly: orders", units=None))

    assert found.jobs == (BRING,)


TEXTS = st.lists(
    st.sampled_from(
        ["Only: orders", "Only: billing nobody", "Up-To: test", "Up-To: prod", "", "x", "[skip ci]", "Only:"]
    )
    | st.text(max_size=30),
    max_size=6,
).map("\n".join)


@given(message=TEXTS)
def test_no_text_widens_anything(message: str) -> None:
    seen = state(message=message)
    found = narrowed(EVERYTHING, seen)
    before = {job.subject.key: job for job in EVERYTHING.jobs}

    for job in found.jobs:
        old = before[job.subject.key]
        match job, old:
            case Bring(), Bring():
                assert seen.environments.index(job.to) <= seen.environments.index(old.to)
                assert set(job.only) <= set(seen.units or ())
                assert attrs.evolve(job, to=old.to, only=old.only) == old
            case Own(), Own():
                assert attrs.evolve(job, only=old.only) == old
            case _:
                assert job == old
    assert {job.subject.key for job in EVERYTHING.jobs} - {job.subject.key for job in found.jobs} <= {
        "branch main",
        "branch feature/x",
    }


@given(message=st.text())
def test_narrowing_twice_is_narrowing_once(message: str) -> None:
    once = narrowed(EVERYTHING, state(message=message))

    assert narrowed(attrs.evolve(once, notes=()), state(message=message)).jobs == once.jobs


def test_a_decision_is_narrowed_by_the_commit_that_is_looked_at() -> None:
    moved = BranchMoved(host="github", repository="acme/units", branch="main")

    assert decided(moved, message="Fix\n\nOnly: orders").jobs == (attrs.evolve(BRING, only=("orders",)),)


@pytest.mark.parametrize("subject", ["Typo [skip ci]", "[CI SKIP] typo", "typo [no ci]"])
def test_a_commit_that_is_skipped_takes_none_before_it_along(subject: str) -> None:
    log = [("3", subject), ("2", "Count twice as fast"), ("1", "Begin")]

    assert newest_that_counts(log) == "2"


def test_a_merge_that_carries_others_texts_along_is_not_skipped() -> None:
    assert newest_that_counts([("2", "Merge\n\n* Typo [skip ci]\n"), ("1", "Begin")]) == "2"


def test_where_each_commit_is_skipped_nothing_counts() -> None:
    assert newest_that_counts([("1", "[skip ci]")]) is None
    assert newest_that_counts([]) is None
