"""The story of one changed line, and of changes that are none."""

from __future__ import annotations

from pathlib import Path

import attrs

from multi_env_lambda import pipeline
from multi_env_lambda.errors import BuildError
from multi_env_lambda.model.plan import UnchangedStep
from multi_env_lambda.model.request import Request
from multi_env_lambda.testing.world import fake_world
from tests.api.stage import opened

from .worlds import chain, deploy, outcomes, rollback, versions


def test_the_first_deploy_reaches_every_environment(tmp_path: Path) -> None:
    fake = chain(tmp_path)

    deploy(fake, "prod")

    assert versions(fake, "prod") == {"customers": "0.1.0", "orders": "0.1.0", "search": "0.1.0"}


def test_the_same_command_again_writes_nothing_and_reads_one_list_per_environment(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "prod")
    fake.store.writes.clear()
    fake.store.reads.clear()

    again = deploy(fake, "prod")

    assert set(outcomes(again).values()) == {"unchanged"}
    assert fake.store.writes == []
    assert [kind for kind, _ in fake.store.reads] == ["list"] * 4


def test_one_changed_line_touches_one_unit(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "prod")
    fake.tree.content["search"] = "s2"

    deploy(fake, "prod")

    assert versions(fake, "prod") == {"customers": "0.1.0", "orders": "0.1.0", "search": "0.1.0.post1"}
    assert {name: stack.updates for (_, name), stack in fake.platform.stacks.items() if name.endswith("prod")} == {
        "customers-prod": 1,
        "orders-prod": 1,
        "search-prod": 2,
    }


def test_a_change_in_a_shared_folder_touches_the_units_that_declare_it(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.tree.libraries["libs/money"] = "m2"

    assert outcomes(deploy(fake)) == {"customers": "unchanged", "orders": "deployed", "search": "unchanged"}


def test_a_changed_readme_is_looked_at_and_touches_nothing(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.tree.made.clear()
    fake.store.writes.clear()
    fake.tree.loose["search"] = "new readme"

    results = deploy(fake)

    assert fake.tree.made == ["search"]
    assert outcomes(results)["search"] == "unchanged"
    assert fake.store.writes == []


def test_a_changed_readme_is_looked_at_once(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.tree.loose["search"] = "new readme"
    deploy(fake)
    fake.tree.made.clear()
    fake.store.reads.clear()

    deploy(fake)

    assert fake.tree.made == []
    assert [kind for kind, _ in fake.store.reads] == ["list"]


def test_a_plan_is_the_same_before_and_after_its_inputs_were_looked_at(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.tree.loose["search"] = "new readme"
    ask = Request(verb="deploy", target="prod", through=True)

    assert pipeline.plan(fake.world, ask).plan.digest == pipeline.plan(fake.world, ask).plan.digest


def test_what_a_role_is_told_on_the_way_in_makes_nothing_anew(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    config = fake.world.config
    told = tuple(attrs.evolve(item, external_id="acme", source_identity="caller") for item in config.environments)
    world = attrs.evolve(fake.world, config=attrs.evolve(config, environments=told))
    fake.tree.made.clear()

    assert outcomes(deploy(attrs.evolve(fake, world=world))) == dict.fromkeys(fake.tree.content, "unchanged")
    assert fake.tree.made == []


def test_what_was_rolled_back_is_not_taken_for_what_runs(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.tree.content["search"] = "s2"
    deploy(fake)
    rollback(fake, "search", "sandbox")

    plan = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox")).plan

    assert [step.project for step in plan.deploys] == ["search"]


def test_content_that_comes_back_gets_its_old_version_back(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.tree.content["search"] = "s2"
    deploy(fake)
    fake.tree.content["search"] = "s1"

    deploy(fake)

    assert versions(fake, "sandbox")["search"] == "0.1.0"


def test_another_machine_without_a_cache_comes_to_the_same_decision(tmp_path: Path) -> None:
    first = chain(tmp_path / "one")
    deploy(first)
    second = fake_world(first.tree, tmp_path / "two", store=first.store, platform=first.platform)

    assert set(outcomes(deploy(second)).values()) == {"unchanged"}


def test_a_unit_that_cannot_be_built_holds_up_only_what_needs_it(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.tree.broken["customers"] = BuildError("projects/customers", "no such module", hint="write it")

    results = deploy(fake)

    assert outcomes(results) == {"customers": "blocked", "orders": "skipped", "search": "deployed"}


def test_a_unit_that_is_blocked_in_one_environment_goes_no_further_in_the_plan_either(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "test")
    fake.tree.content["search"] = "s2"
    deploy(fake)
    fake.tree.content["search"] = "s3"
    fake.tree.broken["search"] = BuildError("projects/search", "no such module", hint="write it")

    steps = pipeline.plan(fake.world, Request(verb="deploy", target="test", through=True, only=("search",))).plan.steps

    # What runs in sandbox is older than what was asked for, so it is not sent on in its place.
    assert [(step.environment, type(step).__name__) for step in steps] == [
        ("sandbox", "BlockedStep"),
        ("test", "UnchangedStep"),
    ]


def test_a_stack_that_fails_holds_up_only_what_needs_it_and_is_finished_by_the_next_run(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    fake.platform.failing["customers-test"] = "policy malformed"
    broken = deploy(fake, "prod")
    fake.platform.failing.clear()
    updates = {key: stack.updates for key, stack in fake.platform.stacks.items()}

    fixed = deploy(fake, "prod")

    assert outcomes(broken) == {"customers": "skipped", "orders": "skipped", "search": "deployed"}
    assert outcomes(fixed) == {"customers": "deployed", "orders": "deployed", "search": "unchanged"}
    assert all(fake.platform.stacks[key].updates == count for key, count in updates.items())


def test_the_record_of_a_failure_says_what_failed_and_keeps_what_runs(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.tree.content["search"] = "s2"
    fake.platform.failing["search-sandbox"] = "bucket name taken"

    deploy(fake)

    record = fake.world.ledger.records("sandbox")["search"]
    assert record.running is not None and record.running.version == "0.1.0"
    assert record.latest is not None and "bucket name taken" in record.latest.detail


def test_a_unit_that_a_sparse_checkout_leaves_out_is_not_called_gone(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "prod")
    del fake.tree.content["search"]
    fake.tree.left_out.add("projects/search")
    smaller = fake_world(fake.tree, tmp_path, store=fake.store, platform=fake.platform)

    result = deploy(smaller, "sandbox")["search"]

    assert (result.outcome, result.version) == ("unchanged", "0.1.0")
    assert "not checked out here" in result.detail
    assert deploy(smaller, "prod")["search"].outcome == "unchanged"
    status = opened(smaller.world, tmp_path).status()
    assert status.label("search") == "search (not checked out)"
    assert "search (not checked out)" in status.text()
    assert "search (not checked out)" in opened(smaller.world, tmp_path).status("search").text()
    assert "(removed)" not in status.text()


def test_a_unit_whose_folder_is_gone_is_shown_and_left_alone(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    del fake.tree.content["search"]
    smaller = fake_world(fake.tree, tmp_path, store=fake.store, platform=fake.platform)

    results = deploy(smaller)

    assert outcomes(results)["search"] == "removed"
    assert "search (removed)" in opened(smaller.world, tmp_path).status().text()
    assert "search (removed)" in opened(smaller.world, tmp_path).status("search").text()
    assert ("sandbox", "search-sandbox") in fake.platform.stacks


def test_only_names_what_is_touched(tmp_path: Path) -> None:
    fake = chain(tmp_path)

    assert outcomes(deploy(fake, only=("search",))) == {"search": "deployed"}


def test_every_account_is_verified_before_its_first_write(tmp_path: Path) -> None:
    fake = chain(tmp_path)

    deploy(fake, "test", only=("search",))

    # The first one early, while its unit is built, and then for certain.
    assert fake.platform.verified == ["sandbox", "sandbox", "test"]


def test_a_plan_made_twice_has_one_digest(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    ask = Request(verb="deploy", target="prod", through=True)

    assert pipeline.plan(fake.world, ask).plan.digest == pipeline.plan(fake.world, ask).plan.digest


def test_an_upgrade_alone_leaves_out_units_that_changed_themselves(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.tree.content["search"] = "s2"
    newer = attrs.evolve(fake, world=attrs.evolve(fake.world, library="9"))
    fake.tree.made.clear()

    plan = pipeline.plan(newer.world, Request(verb="deploy", target="sandbox", upgrade=True)).plan

    assert sorted(fake.tree.made) == ["customers", "orders"]
    why = {step.project: step.why for step in plan.steps if isinstance(step, UnchangedStep)}
    assert why["search"] == "changed by more than the upgrade: projects/search changed, multi_env_lambda changed"


def test_an_upgrade_alone_carries_no_other_release_into_later_environments(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake, "test")
    fake.tree.content["search"] = "s2"
    deploy(fake)
    newer = attrs.evolve(fake, world=attrs.evolve(fake.world, library="9"))

    plan = pipeline.plan(newer.world, Request(verb="deploy", target="test", through=True, upgrade=True)).plan

    why = {step.project: step.why for step in plan.steps if isinstance(step, UnchangedStep)}
    assert why["search"].startswith("changed by more than the upgrade: sandbox runs ")
    assert "search" not in {step.project for step in plan.deploys if step.environment == "test"}


def test_a_change_that_aws_would_refuse_is_blocked_and_nothing_of_it_is_written(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    mapping = {"FunctionName": {"Ref": "Alias"}, "EventSourceArn": "arn:aws:kinesis:us-east-1:222222222222:stream/s"}

    def read_from(position: str) -> None:
        properties = {**mapping, "StartingPosition": position}
        fake.tree.resources["search"] = {"Read": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": properties}}

    read_from("LATEST")
    deploy(fake)
    read_from("TRIM_HORIZON")
    fake.store.writes.clear()

    result = deploy(fake)["search"]
    assert (result.outcome, fake.store.writes) == ("blocked", [])
    assert "StartingPosition changes from LATEST to TRIM_HORIZON" in result.detail
