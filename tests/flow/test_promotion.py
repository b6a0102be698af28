"""Promotion, order, approval and releases-only: the same planner with another source."""

from __future__ import annotations

from pathlib import Path

import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.errors import PlanStale
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.flow.gate import approve
from multi_env_lambda.model.request import Request
from multi_env_lambda.testing.world import fake_config, fake_world

from .worlds import chain, deploy, outcomes, promote, versions


def test_promotion_brings_what_runs_before_without_looking_at_the_work_tree(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "test")
    fake.tree.made.clear()
    fake.tree.content["search"] = "s2"

    results = promote(fake, "staging")

    assert set(outcomes(results).values()) == {"deployed"}
    assert fake.tree.made == []
    assert versions(fake, "staging")["search"] == "0.1.0"


def test_promotion_takes_the_template_that_was_rendered_when_the_release_was_made(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "sandbox")
    release = fake.world.ledger.records("sandbox")["search"].release
    promote(fake, "test")

    written = fake.store.objects[f"projects/search/release/{release}/test.template.json"].body
    assert fake.platform.stacks["test", "search-test"].template == written.decode()


def test_an_environment_gets_nothing_that_does_not_run_in_the_one_before(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "sandbox")

    results = promote(fake, "prod")

    assert set(outcomes(results).values()) == {"unchanged"}
    assert versions(fake, "prod") == {}


def test_the_order_can_be_skipped_by_a_person_who_says_why(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "sandbox")

    promote(fake, "prod", skip_from="sandbox", reason="the night is short")

    latest = fake.world.ledger.records("prod")["search"].latest
    assert latest is not None and latest.reason == "order skipped, from sandbox: the night is short"


def test_an_environment_for_releases_only_refuses_a_post_release(tmp_path: Path) -> None:
    fake = chain(tmp_path, config=fake_config(prod={"releases_only": True}))
    deploy(fake, "prod")
    fake.tree.content["search"] = "s2"

    results = deploy(fake, "prod")

    assert outcomes(results) == {"customers": "unchanged", "orders": "unchanged", "search": "blocked"}
    assert "0.1.0.post1" in results["search"].detail


def test_a_plan_for_one_environment_is_approved_under_the_name_that_it_shows(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "sandbox")
    plan = pipeline.plan(fake.world, Request(verb="promote", target="test")).plan

    assert plan.deploys and plan.digest == plan.digest_of("test")


def test_an_environment_with_approval_is_closed_until_somebody_else_approves_this_very_plan(tmp_path: Path) -> None:
    fake = chain(tmp_path, config=fake_config(prod={"approval": True}))
    deploy(fake, "staging")
    draft = pipeline.plan(fake.world, Request(verb="promote", target="prod"))
    refused = promote(fake, "prod")

    fake.platform.who = "arn:aws:iam::111111111111:user/grace"
    approve(fake.world, "prod", draft.plan.digest_of("prod"))
    fake.platform.who = "arn:aws:iam::111111111111:user/ada"

    assert set(outcomes(refused).values()) == {"blocked", "skipped"}
    assert set(outcomes(promote(fake, "prod")).values()) == {"deployed"}
    latest = fake.world.ledger.records("prod")["search"].latest
    assert latest is not None and latest.approved.endswith("user/grace")


@pytest.mark.parametrize(("who", "hours"), [("user/ada", 0), ("user/grace", 25)], ids=["by the author", "too old"])
def test_an_approval_counts_only_from_somebody_else_and_for_a_day(tmp_path: Path, who: str, hours: int) -> None:
    fake = chain(tmp_path, config=fake_config(prod={"approval": True}))
    deploy(fake, "staging")
    digest = pipeline.plan(fake.world, Request(verb="promote", target="prod")).plan.digest_of("prod")
    fake.platform.who = f"arn:aws:iam::111111111111:{who}"
    approve(fake.world, "prod", digest)
    fake.platform.who = "arn:aws:iam::111111111111:user/ada"
    fake.store.time += hours * 3600

    assert "deployed" not in outcomes(promote(fake, "prod")).values()


@pytest.mark.parametrize(("by_author", "outcome"), [(True, {"deployed"}), (False, {"blocked", "skipped"})])
def test_typing_the_name_on_a_terminal_is_an_approval_by_the_author(
    tmp_path: Path, by_author: bool, outcome: set[str]
) -> None:
    fake = chain(tmp_path, config=fake_config(approvals_by_author=by_author, prod={"approval": True}))
    deploy(fake, "staging")

    results = promote(fake, "prod", Consent(typed=frozenset({"prod"})))

    assert set(outcomes(results).values()) == outcome


def test_the_chain_goes_on_to_the_environment_that_waits_for_approval(tmp_path: Path) -> None:
    fake = chain(tmp_path, config=fake_config(prod={"approval": True}))

    deploy(fake, "prod")

    assert versions(fake, "staging") == {"customers": "0.1.0", "orders": "0.1.0", "search": "0.1.0"}
    assert versions(fake, "prod") == {}


def test_a_saved_plan_is_applied_as_it_is_or_not_at_all(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    saved = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox")).plan
    fake.tree.content["search"] = "s2"

    with pytest.raises(PlanStale, match="the same request now makes .*: search in sandbox: it was 0.1.0 "):
        pipeline.same_again(fake.world, saved)


def test_a_stateful_resource_is_only_replaced_when_its_name_is_given(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.tree.data["search"] = "table-one"
    deploy(fake)
    fake.tree.data["search"] = "table-two"

    refused = deploy(fake)
    agreed = deploy(fake, consent=Consent(allowed=frozenset({"replace:Data"})))

    assert (refused["search"].outcome, refused["search"].error) == ("blocked", "Refused")
    assert agreed["search"].outcome == "deployed"


@pytest.mark.parametrize("name", ["staging.template.json", "manifest.json"])
def test_a_release_that_cannot_be_read_blocks_its_unit_in_the_plan_already(tmp_path: Path, name: str) -> None:
    fake = chain(tmp_path / "one")
    deploy(fake, "test")
    for key, item in fake.store.objects.items():
        if key.startswith("projects/search/") and key.endswith(name):
            item.body, item.etag = item.body.replace(b"search", b"SEARCH"), "changed"
    elsewhere = fake_world(fake.tree, tmp_path / "two", store=fake.store, platform=fake.platform)

    steps = pipeline.plan(elsewhere.world, Request(verb="promote", target="staging")).plan.steps
    assert {step.project: type(step).__name__ for step in steps} == {
        "customers": "DeployStep",
        "orders": "DeployStep",
        "search": "BlockedStep",
    }


def test_a_release_from_before_an_environment_existed_is_refused_with_a_hint(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "staging")
    moved = fake_config()
    places = (*moved.environments[:3], type(moved.environments[3])(
        name="prod", account_id="999999999999", region="us-east-1", position=3
    ))  # fmt: skip
    config = type(moved)(devops=moved.devops, environments=places)
    other = fake_world(fake.tree, tmp_path, config=config, store=fake.store, platform=fake.platform)

    assert "999999999999" in promote(other, "prod")["search"].detail


def test_a_promotion_is_recorded_with_the_commit_that_the_release_was_made_from(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "sandbox")

    promote(fake, "test")

    latest = fake.world.ledger.records("test")["search"].latest
    assert latest is not None and (latest.commit, latest.committed) == ("c" * 40, "2026-01-01T00:00:00Z")


def test_a_chain_that_stopped_half_way_is_finished_on_a_machine_that_has_read_nothing(tmp_path: Path) -> None:
    fake = chain(tmp_path / "ada")
    deploy(fake, "prod")
    fake.tree.content["search"] = "changed"
    deploy(fake, "test")
    elsewhere = fake_world(fake.tree, tmp_path / "grace", store=fake.store, platform=fake.platform)

    deploy(elsewhere, "prod")

    assert versions(elsewhere, "prod")["search"] == "0.1.0.post1"
