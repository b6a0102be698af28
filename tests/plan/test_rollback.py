"""Which release a rollback takes."""

from __future__ import annotations

import attrs
import pytest

from multi_env_lambda.model.record import Deployment, Outcome
from multi_env_lambda.plan.rollback import release_before, rollback_choices, went_back
from tests.plan.record_values import deployment


def item(sequence: int, release: str, outcome: Outcome = "succeeded") -> Deployment:
    return deployment(release, sequence=sequence, outcome=outcome)


ONE, TWO, THREE = item(1, "r1"), item(2, "r2"), item(3, "r3")


def test_the_one_before_is_taken() -> None:
    assert release_before(THREE, (THREE, TWO, ONE)) == TWO


def test_what_was_taken_away_is_not_the_one_before() -> None:
    assert release_before(item(4, "r1"), (item(4, "r1"), THREE, TWO, ONE), away={"r3"}) == TWO


def test_what_was_brought_by_a_rollback_stays_so_while_it_is_sent_again() -> None:
    back = attrs.evolve(item(3, "r1"), action="rollback")
    repaired, failed = attrs.evolve(item(4, "r1"), action="repair"), item(5, "r9", "failed")

    assert went_back(repaired, (failed, repaired, back, TWO, ONE)) == back
    assert went_back(back, ()) == back


@pytest.mark.parametrize("between", [item(4, "r2"), item(4, "r1", "destroyed")])
def test_what_came_after_something_else_was_brought_by_no_rollback(between: Deployment) -> None:
    back, now = attrs.evolve(item(3, "r1"), action="rollback"), item(5, "r1")

    assert went_back(now, (now, between, back, TWO)) is None


def test_a_history_that_knows_of_something_newer_than_what_runs_does_not_lead_forward() -> None:
    assert release_before(TWO, (THREE, TWO, ONE)) == ONE


@pytest.mark.parametrize("outcome", ["failed", "went back", "destroyed", "shifting"])
def test_what_did_not_end_well_is_never_brought_back(outcome: Outcome) -> None:
    bad = item(2, "bad", outcome)

    assert tuple(rollback_choices(THREE, (THREE, bad, ONE))) == (ONE,)
    assert release_before(THREE, (THREE, bad, ONE)) == ONE


def test_what_runs_is_no_choice_however_often_it_ran() -> None:
    assert tuple(rollback_choices(THREE, (THREE, item(2, "r3"), ONE))) == (ONE,)


def test_where_nothing_came_before_there_is_nothing_to_take() -> None:
    assert release_before(ONE, (ONE,)) is None
    assert release_before(None, ()) is None


def test_what_was_destroyed_is_brought_back_as_it_was_last() -> None:
    assert release_before(None, (item(3, "r2", "destroyed"), TWO, ONE)) == TWO
