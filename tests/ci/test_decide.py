"""What is to be done by default: each row of the table in the documentation, and what people have stopped."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.ci import (
    ApprovalGiven,
    Asked,
    Branch,
    BranchEnvironment,
    BranchGone,
    BranchMoved,
    Bring,
    BuildEnded,
    CommitAgreed,
    Decision,
    Everything,
    Frozen,
    Happened,
    Head,
    NotForUs,
    Own,
    Plan,
    PullRequest,
    PullRequestChanged,
    Release,
    Remove,
    ScheduleLooked,
    Subject,
    Tag,
    TagMade,
    UnitHeld,
    Upkeep,
    Waiting,
    decide,
)
from multi_env_lambda.model.ci import CiRules
from tests.ci.worlds import DAY, NOW, RULES, decided, state

AT: Any = {"host": "github", "repository": "acme/units"}
MAIN = BranchMoved(branch="main", **AT)
FEATURE = BranchMoved(branch="feature/x", **AT)
GONE = BranchGone(branch="feature/x", **AT)
TAG = TagMade(tag="orders-0.1.1", **AT)
NAME = "b-feature-x-ef6sx5i7"
BRING = Bring(branch="main", to="prod")
OWN = Own(branch="feature/x", environment=NAME, until=NOW + 7 * DAY)
REMOVE = Remove(branch="feature/x", environment=NAME)
RELEASE = Release(tag="orders-0.1.1", unit="orders", version="0.1.1", to="prod")
COMMIT = "1" * 40
APPROVAL = ApprovalGiven(bucket="acme-artifacts", environment="prod", digest="0" * 64, user_id="AIDA")


def request(what: Any = "opened", *, stranger: bool = False, into: str = "main") -> PullRequestChanged:
    return PullRequestChanged(what=what, number=12, branch="feature/x", into=into, stranger=stranger, **AT)


def agreed(who: str, commit: str = COMMIT) -> CommitAgreed:
    return CommitAgreed(number=12, commit=commit, who=who, **AT)


DEFAULTS: list[tuple[Happened, tuple[object, ...]]] = [
    (MAIN, (BRING,)),
    (FEATURE, (OWN,)),
    (BranchMoved(branch="fix", **AT), ()),
    (GONE, (REMOVE,)),
    (BranchGone(branch="main", **AT), ()),
    (BranchGone(branch="fix", **AT), ()),
    (TAG, (RELEASE,)),
    (TagMade(tag="orders-0.1.2", **AT), ()),
    (TagMade(tag="v1.0", **AT), ()),
    (request("opened"), (Plan(number=12, credentials="read"),)),
    (request("updated"), (Plan(number=12, credentials="read"),)),
    (request("closed"), ()),
    (request("merged"), (BRING,)),
    (request("opened", stranger=True), ()),
    (request("opened", into="develop"), ()),
    (agreed("grace"), (Plan(number=12, credentials="read", agreed=(COMMIT,)),)),
    (agreed("mallory"), ()),
    (agreed("grace", ""), ()),
    (APPROVAL, (BRING,)),
    (attrs.evolve(APPROVAL, environment="moon"), ()),
    (ScheduleLooked(), (BRING, Upkeep())),
    (Asked(subject=Branch(name="main")), (BRING,)),
    (Asked(subject=Branch(name="feature/x")), (OWN,)),
    (Asked(subject=Tag(name="orders-0.1.1")), (RELEASE,)),
    (Asked(subject=PullRequest(number=12)), ()),
    (Asked(subject=Everything()), (Upkeep(),)),
    (BuildEnded(project="p", build="b", job="0" * 32, status="FAILED"), ()),
    (NotForUs(reason="a ping"), ()),
]


@pytest.mark.parametrize(("happened", "jobs"), DEFAULTS)
def test_the_defaults(happened: Happened, jobs: tuple[object, ...]) -> None:
    found = decided(happened)

    assert found.jobs == jobs
    assert found.why.isprintable() and found.why


REASONS: list[tuple[Happened, str]] = [
    (BranchMoved(branch="f`x", **AT), "`f\\x60x` is not `main` and has no environment of its own"),
    (BranchGone(branch="main", **AT), "`main` is gone, which takes nothing back"),
    (TagMade(tag="orders-0.1.2", **AT), "the tag says 0.1.2, the pyproject.toml of orders says `0.1.1`"),
    (request(stranger=True), "pull request 12 is a stranger's, and waits for a maintainer's yes to its commit"),
    (request(into="develop"), "pull request 12 goes into `develop`, and plans are made for `main`"),
    (request("closed"), "pull request 12 was closed"),
    (agreed("mallory"), "`mallory` is none of the maintainers whose yes counts"),
    (attrs.evolve(APPROVAL, environment="moon"), "an approval for `moon`, which is not an environment"),
    (attrs.evolve(APPROVAL, bucket="theirs"), "`theirs` is another bucket than `acme-artifacts`"),
    (attrs.evolve(MAIN, repository="mallory/units"), "`mallory/units` is another repository than `acme/units`"),
    (NotForUs(reason="a ping"), "a ping"),
]


@pytest.mark.parametrize(("happened", "why"), REASONS)
def test_nothing_has_a_reason(happened: Happened, why: str) -> None:
    assert decided(happened) == Decision(why=why)


def test_one_merge_that_is_told_twice_is_about_one_thing() -> None:
    keys = {job.subject.key for happened in (MAIN, request("merged")) for job in decided(happened).jobs}

    assert keys == {"branch main"}


# --- who may have credentials ---
def test_a_strangers_change_is_planned_without_credentials_where_the_workspace_says_so() -> None:
    rules = attrs.evolve(RULES, strangers="copy")

    assert decided(request(stranger=True), rules=rules).jobs == (Plan(number=12, credentials="none"),)


def test_a_yes_to_a_commit_holds_for_that_commit() -> None:
    found = decided(request("updated", stranger=True), agreed=(COMMIT,))

    assert found.jobs == (Plan(number=12, credentials="read", agreed=(COMMIT,)),)


@pytest.mark.parametrize(("stranger", "credentials"), [(False, ["read"]), (True, []), (None, [])])
def test_who_does_not_know_whose_change_it_is_takes_it_for_a_strangers(
    stranger: bool | None, credentials: list[str]
) -> None:
    found = decided(Asked(subject=PullRequest(number=12)), stranger=stranger)

    assert [job.credentials for job in found.jobs if isinstance(job, Plan)] == credentials


FACTS = st.fixed_dictionaries(
    {
        "what": st.sampled_from(["opened", "updated", "closed", "merged"]),
        "stranger": st.booleans(),
        "strangers": st.sampled_from(["ask", "copy"]),
        "agreed": st.sampled_from([(), (COMMIT,)]),
        "known": st.sampled_from([None, True, False]),
    }
)


@given(facts=FACTS)
def test_no_strangers_change_gets_credentials_without_a_yes_to_its_commit(facts: dict[str, Any]) -> None:
    rules = attrs.evolve(RULES, strangers=facts["strangers"])
    found = decided(
        request(facts["what"], stranger=facts["stranger"]), rules=rules, agreed=facts["agreed"], stranger=facts["known"]
    )

    for job in found.jobs:
        if isinstance(job, Plan) and facts["stranger"]:
            assert job.credentials == "none" or job.agreed == (COMMIT,)


# --- what people have stopped ---
def test_a_frozen_environment_is_where_it_ends() -> None:
    found = decided(MAIN, frozen=(Frozen(environment="test", who="ada", reason="audit"),))

    assert found.jobs == (attrs.evolve(BRING, to="sandbox"),)
    assert found.notes == ("test is frozen: `audit`, `ada`",)


def test_where_the_first_environment_is_frozen_nothing_moves() -> None:
    frozen = (Frozen(environment="sandbox", who="ada"), Frozen(environment="prod", who="ada"))

    assert [decided(one, frozen=frozen).jobs for one in (MAIN, TAG, APPROVAL)] == [(), (), ()]
    assert decided(ScheduleLooked(), frozen=frozen).jobs == (Upkeep(),)


def test_a_rollback_by_hand_is_left_alone() -> None:
    held = (
        UnitHeld(unit="orders", environment="test", who="ada", reason="bad"),
        UnitHeld(unit="x", environment="y", who=""),
    )
    found = decided(MAIN, held=held)

    assert found.jobs == (attrs.evolve(BRING, held=(("orders", "test"), ("x", "y"))),)
    assert found.notes[0] == "orders stays as it is in test: `bad`, `ada`"
    assert decided(TAG, held=held).jobs == (attrs.evolve(RELEASE, held=(("orders", "test"),)),)


# --- environments of branches ---
def own(commit: str = "1", until: float = NOW + DAY, branch: str = "feature/x") -> BranchEnvironment:
    return BranchEnvironment(name=NAME, branch=branch, commit=commit, until=until)


def head(commit: str = "1", days_ago: float = 1.0) -> dict[str, Head]:
    return {"main": Head(commit="0", committed=NOW), "feature/x": Head(commit=commit, committed=NOW - days_ago * DAY)}


GONE_BY_NOW = {"main": Head(commit="0", committed=NOW)}


@pytest.mark.parametrize("happened", [FEATURE, GONE, Asked(subject=Branch(name="feature/x"))])
def test_what_a_branch_is_now_counts_more_than_what_was_heard_of_it(happened: Happened) -> None:
    assert decided(happened, branches=head()).jobs == (OWN,)
    assert decided(happened, branches=GONE_BY_NOW, own=(own(),)).jobs == (REMOVE,)
    assert decided(happened, branches=GONE_BY_NOW).jobs == ()


def test_the_environment_of_a_branch_that_nobody_touches_is_over_after_its_days() -> None:
    assert decided(FEATURE, branches=head(days_ago=8)).jobs == ()
    assert decided(FEATURE, branches=head(days_ago=8), own=(own(until=NOW - 1),)).jobs == (REMOVE,)
    # An old commit that was pushed yesterday.
    assert decided(FEATURE, branches=head(days_ago=8), own=(own(),)).jobs == (OWN,)


@pytest.mark.parametrize(
    ("branches", "there", "job"),
    [
        (head(), (own(),), None),
        (head("2"), (own("1"),), OWN),
        (head(), (), OWN),
        (head(), (attrs.evolve(own(), failed=True),), OWN),
        (GONE_BY_NOW, (own(),), REMOVE),
        (head(days_ago=8), (own(until=NOW - 1),), REMOVE),
        (head(days_ago=8), (), None),
    ],
)
def test_the_schedule_finds_what_no_event_told(branches: Any, there: Any, job: object) -> None:
    found = decided(Asked(subject=Everything()), branches=branches, own=there)

    assert found.jobs == (Upkeep(), *([] if job is None else [job]))


def test_a_branch_that_the_workspace_gives_no_environment_any_more_loses_it() -> None:
    rules = CiRules()

    assert decided(Asked(subject=Everything()), rules=rules, branches=head(), own=(own(),)).jobs == (Upkeep(), REMOVE)


def test_the_environment_of_another_branch_is_never_taken() -> None:
    found = decided(FEATURE, own=(own(branch="feature/other"),))

    assert found == Decision(why=f"{NAME} is the environment of `feature/other`; rename `feature/x`")


def test_the_protected_branch_never_gets_an_environment_of_its_own() -> None:
    assert decided(MAIN, rules=CiRules(branches=("*",))).jobs == (BRING,)


# --- tags ---
def test_a_tag_is_looked_at_where_nobody_knows_the_units_yet() -> None:
    assert decided(TAG, units=None).jobs == (attrs.evolve(RELEASE, unit="", version=""),)


def test_a_tag_that_no_event_told_of_is_found_while_it_is_young() -> None:
    tags = {"orders-0.1.1": NOW - DAY, "billing-0.2.0": NOW - 3 * DAY, "v1": NOW}

    assert decided(Asked(subject=Everything()), tags=tags).jobs == (Upkeep(), RELEASE)


# --- what waits ---
def test_an_approval_lets_go_on_what_waits_for_it() -> None:
    waiting = (
        Waiting(key="tag orders-0.1.1", environment="prod", digest="1" * 64),
        Waiting(key="branch main", environment="test", digest="2" * 64),
    )

    assert decided(APPROVAL, waiting=waiting).jobs == (RELEASE,)
    assert decided(ScheduleLooked(), waiting=waiting).jobs == (BRING, RELEASE, Upkeep())


def test_an_approval_brings_nothing_of_a_branch_that_is_gone() -> None:
    approval = next(happened for happened, _ in DEFAULTS if isinstance(happened, ApprovalGiven))

    assert decide(approval, state(branches={}, units={})).jobs == ()


# --- laws ---
SUBJECTS: st.SearchStrategy[Subject] = st.sampled_from(
    [Branch(name="main"), Branch(name="feature/x"), Tag(name="orders-0.1.1"), PullRequest(number=12), Everything()]
)
HAPPENED = st.sampled_from([happened for happened, _ in DEFAULTS])
STATES = st.builds(
    state,
    units=st.sampled_from([None, {}, {"orders": "0.1.1"}]),
    branches=st.sampled_from([None, {}, head(), head("2", 9.0), GONE_BY_NOW]),
    own=st.sampled_from([(), (own(),), (own(until=NOW - 1),)]),
    frozen=st.sampled_from([(), (Frozen(environment="prod", who=""),), (Frozen(environment="sandbox", who=""),)]),
    stranger=st.sampled_from([None, True, False]),
    agreed=st.sampled_from([(), (COMMIT,)]),
    message=st.sampled_from(["", "x\n\nOnly: orders", "x\n\nUp-To: test"]),
    tags=st.sampled_from([{}, {"orders-0.1.1": NOW}]),
)


@given(happened=HAPPENED, seen=STATES)
def test_a_decision_has_one_job_of_each_subject_and_goes_into_nothing_frozen(happened: Happened, seen: Any) -> None:
    found = decide(happened, seen)
    keys = [job.subject.key for job in found.jobs]
    frozen = {one.environment for one in seen.frozen}

    assert len(set(keys)) == len(keys)
    for job in found.jobs:
        if isinstance(job, Bring | Release):
            reached = seen.environments[: seen.environments.index(job.to) + 1]
            assert not frozen & set(reached)
        if isinstance(job, Own | Remove):
            assert job.environment not in seen.environments


@given(happened=HAPPENED, seen=STATES)
def test_who_looks_again_at_what_an_event_was_about_decides_the_same(happened: Happened, seen: Any) -> None:
    """With the repository at hand: so it does not matter which event came last."""
    if seen.branches is None or seen.units is None:
        return
    for job in decide(happened, seen).jobs:
        if not isinstance(job, Plan):
            assert job in decide(Asked(subject=job.subject), seen).jobs
