"""Twelve units and several clones: what a colleague has deployed is not taken back without a word."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from multi_env_lambda import UnitsFailed, pipeline
from multi_env_lambda.aws.drift import ResourceDrift
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.model.plan import NewerStep, Plan
from multi_env_lambda.model.request import Request
from multi_env_lambda.operations.why import explain
from multi_env_lambda.testing.world import FakeWorld
from tests.api.stage import opened

from .clones import UNITS, Clone, repository
from .worlds import chain, deploy, outcomes, promote, repair, rollback, versions

GREETERS = ("u01", "u02", "u03")


def plan_of(clone: Clone, accounts: object, *only: str) -> Plan:
    request = Request(verb="deploy", target="sandbox", only=only)
    return pipeline.plan(clone.world(accounts).world, request).plan  # type: ignore[arg-type]


def asked(plan: Plan) -> dict[str, str]:
    """What is asked of each unit."""
    return {question.answer: question.text for question in plan.questions}


def test_a_stale_checkout_takes_back_nothing_that_colleagues_deployed(tmp_path: Path) -> None:
    """The first week of a team of three: bob changes a shared folder, ada has not pulled, and changes one unit."""
    team = repository(tmp_path)
    ada, bob = Clone.of(team, "ada"), Clone.of(team, "bob")
    accounts = bob.world()
    deploy(accounts)
    commit = bob.commit(greet="good evening")
    bob.push()
    assert outcomes(deploy(bob.world(accounts)))["u02"] == "deployed"
    ada.write(u06="2")
    runs = {**dict.fromkeys(UNITS, "0.1.0"), **dict.fromkeys(GREETERS, "0.1.0.post1")}

    plan = plan_of(ada, accounts)
    newer = [step for step in plan.steps if isinstance(step, NewerStep)]
    assert ([step.project for step in plan.deploys], tuple(step.project for step in newer)) == (["u06"], GREETERS)
    assert newer[1].what == (
        f"something newer runs here: 0.1.0.post1 from commit {commit[:10]}, deployed by user/bob at "
        "2026-01-01T00:00:00Z; it is not in your work tree"
    )
    assert asked(plan) == {}
    assert (
        f"  ! u02: {newer[1].what}\n    hint: pull that commit; or, to go back to the older one: "
        '`workspace.unit("u02").deploy("sandbox", agree="older:u02")`' in plan.text()
    )
    assert newer[1].what in plan._repr_html_()
    assert [item["kind"] for item in plan.to_dict()["steps"]].count("newer") == 3

    results = deploy(ada.world(accounts))
    assert outcomes(results) == {
        **dict.fromkeys(UNITS, "unchanged"),
        **dict.fromkeys(GREETERS, "newer"),
        "u06": "deployed",
    }
    assert all(result.good for result in results.values())
    assert versions(accounts, "sandbox") == {**runs, "u06": "0.1.0.post1"}

    (named,) = plan_of(ada, accounts, "u02").deploys
    assert [question.answer for question in named.questions] == ["older:u02"]
    assert named.questions[0].text.endswith("newer and not in this work tree; this would undo libs/greet")
    refused = deploy(ada.world(accounts), only=("u02",))["u02"]
    assert (refused.outcome, refused.hint) == ("blocked", "agree with `--agree older:u02`")

    workspace = opened(ada.world(accounts).world, tmp_path)
    with pytest.raises(UnitsFailed, match="newer and not in this work tree"):
        workspace["u02"].deploy()
    workspace["u02"].deploy(agree=["older:u02"])
    assert versions(accounts, "sandbox") == {**runs, "u06": "0.1.0.post1", "u02": "0.1.0"}

    ada.git("stash", "-q")
    ada.git("pull", "-q")
    assert outcomes(deploy(ada.world(accounts)))["u02"] == "deployed"
    assert versions(accounts, "sandbox")["u02"] == "0.1.0.post1"


def test_why_says_that_what_runs_is_newer(tmp_path: Path) -> None:
    team = repository(tmp_path)
    ada, bob = Clone.of(team, "ada"), Clone.of(team, "bob")
    bob.commit(u01="2")
    bob.push()
    accounts = bob.world()
    deploy(accounts)

    draft = pipeline.plan(ada.world(accounts).world, Request(verb="deploy", target="sandbox"))
    told = explain(draft.plan, draft.known, draft.looked_at, "u01")

    assert told.decision == "do nothing"
    assert told.reasons[0].startswith("something newer runs here: 0.1.0 from commit")
    assert [cause.text for cause in told.causes] == ["projects/u01 changed"]


def test_two_branches_that_work_on_different_units_do_not_bother_each_other(tmp_path: Path) -> None:
    team = repository(tmp_path)
    ada, bob = Clone.of(team, "ada"), Clone.of(team, "bob")
    accounts = bob.world()
    bob.git("checkout", "-q", "-b", "bobs")
    bob.commit(u01="bob")
    bob.push()
    deploy(bob.world(accounts))
    ada.commit(u06="ada")

    plan = plan_of(ada, accounts)

    assert [step.project for step in plan.deploys] == ["u01", "u06"]
    assert list(asked(plan)) == ["older:u01"]
    assert "from another branch and not in this work tree; this would undo projects/u01" in asked(plan)["older:u01"]
    results = deploy(ada.world(accounts))
    assert (results["u01"].outcome, results["u06"].outcome) == ("blocked", "deployed")
    agreed = deploy(ada.world(accounts), consent=Consent(allowed=frozenset({"older:u01"})))
    assert agreed["u01"].outcome == "deployed"


def test_a_branch_that_was_squashed_and_deleted_is_nothing_to_ask_about(tmp_path: Path) -> None:
    team = repository(tmp_path)
    ada, bob = Clone.of(team, "ada"), Clone.of(team, "bob")
    accounts = bob.world()
    bob.git("checkout", "-q", "-b", "bobs")
    bob.commit(u01="bob")
    deploy(bob.world(accounts))
    ada.commit(u02="ada")
    ada.commit(u01="bob")
    ada.commit(u01="bob and ada")

    plan = plan_of(ada, accounts)

    assert [step.project for step in plan.deploys] == ["u01", "u02"]
    assert asked(plan) == {}


def test_a_commit_that_nobody_can_find_is_asked_about(tmp_path: Path) -> None:
    team = repository(tmp_path)
    ada, bob = Clone.of(team, "ada"), Clone.of(team, "bob")
    accounts = bob.world()
    bob.commit(u01="bob")
    deploy(bob.world(accounts))

    assert "from a commit that this clone does not have" in asked(plan_of(ada, accounts))["older:u01"]


def test_a_revert_goes_forward(tmp_path: Path) -> None:
    ada = Clone.of(repository(tmp_path), "ada")
    accounts = ada.world()
    deploy(accounts)
    ada.commit(u01="2")
    deploy(ada.world(accounts))
    ada.git("revert", "--no-edit", "HEAD")

    plan = plan_of(ada, accounts)

    assert ([step.project for step in plan.deploys], asked(plan)) == (["u01"], {})


def test_ones_own_uncommitted_deploys_bother_only_others(tmp_path: Path) -> None:
    team = repository(tmp_path)
    ada, bob = Clone.of(team, "ada"), Clone.of(team, "bob")
    accounts = ada.world()
    ada.write(u01="a try")
    deploy(ada.world(accounts))
    ada.write(u01="another try")

    assert asked(plan_of(ada, accounts)) == {}
    bobs = asked(plan_of(bob, accounts))
    assert "with uncommitted changes, deployed by user/ada" in bobs["older:u01"]
    assert "from somebody's uncommitted changes, which are in no commit of this work tree" in bobs["older:u01"]

    bob.commit(u01="a try")
    bob.commit(u01="and more")
    assert asked(plan_of(bob, accounts)) == {}


@pytest.mark.parametrize("by", ["repair", "rollback", "the same release once more", "a repair by an earlier version"])
def test_who_sends_a_colleagues_work_again_does_not_make_it_her_own(tmp_path: Path, by: str) -> None:
    team = repository(tmp_path)
    ada, bob = Clone.of(team, "ada"), Clone.of(team, "bob")
    accounts = bob.world()
    bob.write(u01="bob's")
    deploy(bob.world(accounts))
    if by == "repair":
        gone = ResourceDrift(logical_id="X", resource_type="AWS::SQS::Queue", status="DELETED", differences=())
        accounts.platform.drifted["sandbox", "u01-sandbox"] = (gone,)
        assert repair(ada.world(accounts), "sandbox", "u01")["u01"].outcome == "deployed"
    elif by == "rollback":
        bob.write(u01="bob's second")
        deploy(bob.world(accounts))
        rollback(ada.world(accounts), "u01", "sandbox")
    elif by == "the same release once more":
        ada.write(u01="bob's")
        assert deploy(ada.world(accounts), only=("u01",), force=True)["u01"].outcome == "deployed"
        ada.git("checkout", "-q", ".")
    else:
        _change(accounts, made_by="", action="repair", who="arn:aws:iam::111111111111:user/ada")

    asks = asked(plan_of(ada, accounts))["older:u01"]

    assert "from somebody's uncommitted changes, which are in no commit of this work tree" in asks
    if by != "a repair by an earlier version":
        assert " by user/ada at 2026-01-01T00:00:00Z, made by user/bob, is from" in asks
        bob.write(u01="bob's third")
        assert asked(plan_of(bob, accounts)) == {}, "What one has made oneself is one's own to take back."


def _change(accounts: FakeWorld, **fields: str) -> None:
    record = accounts.world.ledger.records("sandbox")["u01"]
    assert record.running is not None
    body = attrs.evolve(record, running=attrs.evolve(record.running, **fields)).to_bytes()
    key = "environments/sandbox/current/u01.json"
    accounts.store.objects[key] = attrs.evolve(accounts.store.objects[key], etag="new", body=body)


def test_a_commit_that_was_amended_in_ones_own_clone_is_not_taken_for_another_branch(tmp_path: Path) -> None:
    ada = Clone.of(repository(tmp_path), "ada")
    accounts = ada.world()
    ada.commit(u01="2")
    deploy(ada.world(accounts))
    ada.write(u01="3")
    ada.git("commit", "-qa", "--amend", "-m", "better")

    assert asked(plan_of(ada, accounts)) == {}


@pytest.mark.parametrize(
    "way",
    [
        (("pull", "-q"), ("reset", "-q", "--hard", "HEAD~1")),
        (
            ("fetch", "-q"),
            ("merge", "-q", "--no-ff", "--no-edit", "origin/main"),
            ("reset", "-q", "--hard", "ORIG_HEAD"),
        ),
        (("fetch", "-q"), ("merge", "-q", "origin/main"), ("reset", "-q", "--hard", "ORIG_HEAD")),
    ],
    ids=["pulled and reset", "merged and reset", "merged without a commit and reset"],
)
def test_a_colleagues_commit_that_was_once_here_is_not_ones_own_to_take_back(
    tmp_path: Path, way: tuple[tuple[str, ...], ...]
) -> None:
    team = repository(tmp_path)
    ada, bob = Clone.of(team, "ada"), Clone.of(team, "bob")
    bob.commit(u01="bob")
    bob.push()
    accounts = bob.world()
    deploy(accounts)
    for words in way:
        ada.git(*words)
    ada.commit(u06="ada")

    plan = plan_of(ada, accounts)

    assert [step.project for step in plan.deploys] == ["u01", "u06"]
    assert list(asked(plan)) == ["older:u01"]
    assert deploy(ada.world(accounts))["u01"].outcome == "blocked"


def test_a_rebase_that_drops_a_colleagues_commit_is_asked_about(tmp_path: Path) -> None:
    team = repository(tmp_path)
    ada, bob = Clone.of(team, "ada"), Clone.of(team, "bob")
    bob.commit(u01="bob")
    bob.push()
    accounts = bob.world()
    deploy(accounts)
    ada.git("pull", "-q")
    ada.commit(u06="ada")
    ada.git("rebase", "-q", "--onto", "HEAD~2", "HEAD~1")

    assert list(asked(plan_of(ada, accounts))) == ["older:u01"]


@pytest.mark.parametrize("pull", [("--no-rebase", "--no-edit"), ("--rebase",)], ids=["merged", "rebased"])
def test_what_a_colleague_has_committed_below_ones_own_tip_is_not_ones_own_to_take_back(
    tmp_path: Path, pull: tuple[str, ...]
) -> None:
    team = repository(tmp_path)
    ada, bob = Clone.of(team, "ada"), Clone.of(team, "bob")
    bob.commit(u01="bob", greet="good evening")
    bob.push()
    before = ada.commit(u06="ada")
    ada.git("pull", "-q", *pull)
    ada.commit(u07="ada")
    accounts = ada.world()
    deploy(accounts)
    ada.git("reset", "-q", "--hard", before)
    ada.commit(u06="ada again", u07="again")

    found = asked(plan_of(ada, accounts))

    assert list(found) == ["older:u01", "older:u02", "older:u03"]
    assert found["older:u01"].endswith("this would undo projects/u01, libs/greet")
    assert found["older:u02"].endswith("this would undo libs/greet")


def test_a_commit_that_two_people_share_is_its_committers(tmp_path: Path) -> None:
    """Ada has deployed it, and bob has committed it."""
    team = repository(tmp_path)
    ada, bob = Clone.of(team, "ada"), Clone.of(team, "bob")
    bob.commit(u01="bob")
    bob.push()
    ada.git("pull", "-q")
    accounts = ada.world()
    deploy(accounts)
    ada.git("reset", "-q", "--hard", "HEAD~1")
    ada.commit(u06="ada")

    assert list(asked(plan_of(ada, accounts))) == ["older:u01"]


def test_what_lies_under_a_colleagues_commit_goes_with_it_and_is_asked_about_too(tmp_path: Path) -> None:
    team = repository(tmp_path)
    ada, bob = Clone.of(team, "ada"), Clone.of(team, "bob")
    ada.commit(u02="ada")
    ada.push()
    bob.git("pull", "-q")
    bob.commit(u01="bob")
    bob.push()
    ada.git("pull", "-q")
    accounts = ada.world()
    deploy(accounts)
    ada.git("reset", "-q", "--hard", "HEAD~2")
    ada.commit(u06="ada")

    assert list(asked(plan_of(ada, accounts))) == ["older:u01", "older:u02"]


def test_ones_own_commit_that_a_colleague_has_deployed_is_not_taken_back_in_silence(tmp_path: Path) -> None:
    team = repository(tmp_path)
    ada = Clone.of(team, "ada")
    ada.commit(u01="ada")
    ada.push()
    bob = Clone.of(team, "bob")
    accounts = bob.world()
    deploy(accounts)
    ada.write(u01="better")
    ada.git("commit", "-qa", "--amend", "-m", "better")

    assert list(asked(plan_of(ada, accounts))) == ["older:u01"]


def test_an_older_state_that_was_checked_out_and_is_not_committed_is_asked_about(tmp_path: Path) -> None:
    team = repository(tmp_path)
    ada, bob = Clone.of(team, "ada"), Clone.of(team, "bob")
    bob.commit(u01="bob", greet="good evening")
    bob.push()
    accounts = bob.world()
    deploy(accounts)
    ada.git("pull", "-q")
    ada.git("checkout", "HEAD~1", "--", "projects/u01", "libs/greet")

    found = asked(plan_of(ada, accounts))
    assert list(found) == ["older:u01", "older:u02", "older:u03"]
    assert "is newer: uncommitted changes of this work tree restore an older state" in found["older:u01"]
    assert found["older:u01"].endswith("this would undo libs/greet, projects/u01")
    assert deploy(ada.world(accounts))["u01"].outcome == "blocked"

    bob.git("checkout", "HEAD~1", "--", "projects/u01")
    assert asked(plan_of(bob, accounts)) == {}, "What one has deployed oneself is one's own to take back."


def test_new_uncommitted_work_and_what_was_committed_again_is_not_asked_about(tmp_path: Path) -> None:
    team = repository(tmp_path)
    ada, bob = Clone.of(team, "ada"), Clone.of(team, "bob")
    bob.commit(u01="bob")
    bob.push()
    accounts = bob.world()
    deploy(accounts)
    ada.git("pull", "-q")
    ada.write(u01="new")
    assert asked(plan_of(ada, accounts)) == {}

    ada.git("checkout", "-q", ".")
    ada.git("revert", "--no-edit", "HEAD")
    ada.commit(u01="ada")
    ada.git("checkout", "HEAD~1", "--", "projects/u01")
    assert asked(plan_of(ada, accounts)) == {}


def test_a_shallow_clone_of_a_build_knows_what_is_older(tmp_path: Path) -> None:
    team = repository(tmp_path)
    ada = Clone.of(team, "ada")
    accounts = ada.world()
    deploy(accounts)
    for number in range(3):
        ada.commit(u01=f"more {number}")
    ada.push()
    build = Clone.of(team, "build", "--depth=1")

    plan = plan_of(build, accounts)

    assert ([step.project for step in plan.deploys], asked(plan)) == (["u01"], {})


def test_git_is_asked_of_nothing_where_nothing_else_would_run(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.tree.commit = "d" * 40
    fake.tree.loose["search"] = "a test"
    deploy(fake)
    assert fake.tree.asked == []

    fake.tree.content["search"] = "s2"
    deploy(fake)
    assert [set(asked) for asked in fake.tree.asked] == [{"c" * 40}]


def later(fake: object, time: str) -> None:
    fake.tree.committed_at = time  # type: ignore[attr-defined]


def test_a_promotion_of_what_was_rolled_back_before_is_asked_for_by_the_same_word(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "sandbox")
    fake.tree.content["search"] = "s2"
    deploy(fake, "test")
    rollback(fake, "search", "sandbox")

    refused = promote(fake, "test")["search"]

    assert (refused.outcome, refused.hint) == ("blocked", "agree with `--agree older:search`")
    assert "was rolled back by user/ada in the environment before" in refused.detail
    agreed = promote(fake, "test", Consent(allowed=frozenset({"older:search"})))
    assert agreed["search"].outcome == "deployed"


def test_a_promotion_of_an_older_commit_is_asked_for(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    later(fake, "2026-01-02T00:00:00Z")
    deploy(fake, "test")
    later(fake, "2026-01-01T00:00:00Z")
    fake.tree.content["search"] = "a branch from long ago"
    deploy(fake, "sandbox")

    refused = promote(fake, "test")["search"]

    assert refused.outcome == "blocked"
    assert "newer than commit cccccccccc, which would replace it" in refused.detail


def test_a_rollback_is_meant_to_go_back(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "sandbox")
    later(fake, "2026-01-02T00:00:00Z")
    fake.tree.content["search"] = "s2"
    deploy(fake, "sandbox")

    assert rollback(fake, "search", "sandbox").outcome == "deployed"
