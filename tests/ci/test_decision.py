"""A decision as plain data, and what a repository's own code may make of it."""

from __future__ import annotations

import json

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.ci import Bring, Decision, Frozen, Job, Own, Plan, Release, Remove, UnitHeld, Upkeep
from multi_env_lambda.ci.checked import checked
from multi_env_lambda.ci.decision import read_decision
from multi_env_lambda.ci.names import environment_of_branch
from multi_env_lambda.ci.standing import standing
from multi_env_lambda.errors import ConfigurationError, DocumentError
from tests.ci.worlds import DAY, NOW, state

NAME = environment_of_branch("feature/x")
COMMIT = "1" * 40
BRING = Bring(branch="main", to="prod", only=("orders",), held=(("billing", "prod"),))
JOBS: tuple[Job, ...] = (
    BRING,
    Own(branch="feature/x", environment=NAME, until=NOW + DAY, only=("orders",)),
    Remove(branch="feature/y", environment=environment_of_branch("feature/y")),
    Plan(number=12, credentials="read", agreed=(COMMIT,)),
    Release(tag="orders-0.1.1", unit="orders", version="0.1.1", to="test"),
    Upkeep(),
)
ALL = Decision(jobs=JOBS, why="`main` moved", notes=("prod is frozen",))


def test_a_decision_is_the_same_after_it_was_written() -> None:
    assert read_decision(json.loads(json.dumps(ALL.to_document())), where="x") == ALL
    assert read_decision(ALL.to_document(), where="x") == ALL


@given(
    document=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["bring", "plan", "read"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["jobs", "why", "notes", "kind", "to", "branch", "number"]), inner)
        ),
        max_leaves=12,
    )
)
def test_anything_else_is_refused_and_never_a_traceback(document: object) -> None:
    try:
        found = read_decision(document, where="ci.py")
    except DocumentError as error:
        assert error.where == "ci.py"
    else:
        assert isinstance(found, Decision)


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ({"jobs": [{"kind": "destroy"}], "why": ""}, "found a job of the kind 'destroy', expected one of bring, own"),
        ({"jobs": [{"kind": ["bring"]}], "why": ""}, "found a job of the kind ['bring']"),
        ({"jobs": [7], "why": ""}, "found a job of the kind None"),
        ({"why": ""}, "it has no list of jobs"),
        ({"jobs": [{"kind": "bring", "branch": "main"}], "why": ""}, "to is missing"),
        ({"jobs": []}, "why is missing"),
    ],
)
def test_a_document_that_is_no_decision_is_named(document: object, what: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_decision(document, where="ci.py")
    assert what in caught.value.what


def test_a_default_is_changed_by_a_word() -> None:
    default = Decision(jobs=(BRING, JOBS[1], JOBS[4], Upkeep()), why="`main` moved")

    assert default.nothing("not on Fridays") == Decision(why="not on Fridays")
    assert [getattr(job, "to", None) for job in default.up_to("sandbox").jobs] == ["sandbox", None, "sandbox", None]
    assert [getattr(job, "only", None) for job in default.only("billing").jobs] == [
        ("billing",),
        ("billing",),
        None,
        None,
    ]
    assert default.noting("one", "two").notes == ("one", "two")


# --- what may be followed ---
def followed(*jobs: Job, default: Decision = ALL, **seen: object) -> Decision:
    return checked(Decision(jobs=jobs, why=""), default, state(**seen), where="ci.py")


def test_the_default_and_less_may_be_followed() -> None:
    assert followed(*JOBS).jobs == JOBS
    assert followed().jobs == ()


@pytest.mark.parametrize(
    ("job", "what"),
    [
        (attrs.evolve(BRING, branch="feature/x"), "`feature/x` is not `main`, and only that is brought"),
        (attrs.evolve(BRING, to="moon"), "it goes up to `moon`; expected sandbox, test or prod"),
        (attrs.evolve(BRING, only=("odrers",)), "there is no unit `odrers`"),
        (attrs.evolve(JOBS[1], environment="prod"), f"found `prod`, the environment of `feature/x` is {NAME}"),
        (attrs.evolve(JOBS[1], until=NOW + 91 * DAY), f"{NAME} would live for 91 days, 90 are allowed"),
        (attrs.evolve(JOBS[1], until=NOW - 1), "days, 90 are allowed"),
        (attrs.evolve(JOBS[1], branch="main"), "`main` is no branch that could have an environment of its own"),
        (attrs.evolve(JOBS[2], environment="prod"), "found `prod`, the environment of `feature/y` is"),
        (attrs.evolve(JOBS[2], branch="a b"), "`a b` is no branch that could have an environment of its own"),
        (attrs.evolve(JOBS[3], agreed=()), "it gives pull request 12 credentials that it does not get by default"),
        (attrs.evolve(JOBS[3], agreed=("2" * 40,)), "it gives pull request 12 credentials"),
        (attrs.evolve(JOBS[3], number=13), "it gives pull request 13 credentials"),
        (attrs.evolve(JOBS[3], number=0, credentials="none"), "found pull request 0"),
        (attrs.evolve(JOBS[4], version="0.1.2"), "`orders-0.1.1` releases no such unit"),
        (attrs.evolve(JOBS[4], tag="a b"), "`a b` releases no such unit"),
        (attrs.evolve(JOBS[4], to="moon"), "it goes up to `moon`"),
    ],
)
def test_what_may_not_be_decided_is_refused(job: Job, what: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        followed(job)
    assert what in caught.value.what
    assert caught.value.where == "ci.py"


def test_a_strangers_change_gets_no_credentials_from_a_file() -> None:
    plan = Plan(number=12, credentials="read")
    for default in (Decision(why=""), Decision(jobs=(Plan(number=12, credentials="none"),), why="")):
        with pytest.raises(ConfigurationError):
            followed(plan, default=default)
    assert followed(Plan(number=12, credentials="none"), default=Decision(why="")).jobs


def test_what_is_frozen_is_frozen_for_a_file_too() -> None:
    with pytest.raises(ConfigurationError) as caught:
        followed(BRING, frozen=(Frozen(environment="test", who="ada"),))
    assert caught.value.what == "it goes up to `prod`; expected sandbox, since test is frozen"


def test_a_hold_is_not_lifted_by_a_file() -> None:
    held = (UnitHeld(unit="orders", environment="test", who="ada"),)

    assert followed(attrs.evolve(BRING, held=()), held=held).jobs == (attrs.evolve(BRING, held=(("orders", "test"),)),)


def test_a_release_of_which_nobody_knows_the_units_stays_so() -> None:
    job = Release(tag="orders-0.1.1", unit="", version="", to="prod")

    assert followed(job, units=None).jobs == (job,)
    with pytest.raises(ConfigurationError):
        followed(attrs.evolve(job, unit="orders", version="9"), units=None)


def test_two_jobs_about_one_thing_and_a_flood_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="two jobs about `branch main`"):
        followed(BRING, attrs.evolve(BRING, to="test"))
    with pytest.raises(ConfigurationError, match="it wants 201 jobs; expected 200 or fewer"):
        followed(*(Plan(number=number, credentials="none") for number in range(1, 202)))


def test_long_words_are_cut() -> None:
    found = checked(Decision(why="a" * 5000, notes=("b" * 5000,)), ALL, state(), where="ci.py")

    assert (len(found.why), len(found.notes[0])) == (1000, 1000)


# --- under the lease ---
@pytest.mark.parametrize(
    ("kin", "kept", "newest", "found"),
    [
        ("ancestor", True, True, "goes"),
        ("ancestor", True, False, "goes"),
        ("newer", True, False, "superseded"),
        ("newer", False, True, "goes"),
        ("newer", False, False, "look again"),
        ("diverged", False, True, "goes"),
        ("diverged", False, False, "look again"),
        ("rewritten", False, True, "goes"),
        ("unknown", False, True, "goes"),
        ("unknown", False, False, "look again"),
    ],
)
def test_a_late_run_takes_nothing_back_and_a_force_push_does(kin: str, kept: bool, newest: bool, found: str) -> None:
    assert standing(kin, kept=kept, newest=newest) == found  # type: ignore[arg-type]
