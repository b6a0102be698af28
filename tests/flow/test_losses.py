"""No data goes without a question that named it: whatever a record says, the stack and its change set are looked at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.errors import UpgradeNeeded
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.model.plan import DeployStep
from multi_env_lambda.model.record import Loss, PhysicalResource, current_key
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.settings import Smoke
from multi_env_lambda.testing.world import FakeWorld

from .test_unsure import killed
from .worlds import chain, deploy, rollback

PLACE = ("sandbox", "search-sandbox")
LEDGER = {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "ledger"}}
AGREED = Consent(allowed=frozenset({"replace:search/Ledger"}))
SAID = "search: Ledger (AWS::DynamoDB::Table search-sandbox-Ledger) would be deleted, with the data in it"


def with_a_table(fake: FakeWorld, **more: Any) -> FakeWorld:
    """Somebody adds a table to the stack, past the records."""
    stack = fake.platform.stacks[PLACE]
    template = json.loads(stack.template)
    template["Resources"]["Ledger"] = {**LEDGER, **more}
    fake.platform.stacks[PLACE] = attrs.evolve(stack, template=json.dumps(template))
    return fake


def changed_from_outside(folder: Path, **more: Any) -> FakeWorld:
    fake = chain(folder)
    deploy(fake)
    fake.tree.content["search"] = "s2"
    return with_a_table(fake, **more)


def step_of(fake: FakeWorld, *, closely: bool) -> DeployStep:
    draft = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox"), closely=closely)
    return next(step for step in draft.plan.deploys if step.project == "search")


def words(step: DeployStep) -> list[str]:
    return [question.answer for question in step.questions]


def has_the_table(fake: FakeWorld) -> bool:
    return "Ledger" in json.loads(fake.platform.stacks[PLACE].template)["Resources"]


def test_what_was_added_to_a_stack_from_outside_is_named_by_the_plan(tmp_path: Path) -> None:
    step = step_of(changed_from_outside(tmp_path), closely=True)

    assert words(step) == ["replace:search/Ledger"]
    assert [item.logical_id for item in step.changes if item.destructive] == ["Ledger"]


def test_a_deploy_is_stopped_by_what_cloudformation_says_and_nothing_is_changed(tmp_path: Path) -> None:
    fake = changed_from_outside(tmp_path)
    before = fake.platform.stacks[PLACE]
    stopped = deploy(fake)["search"]

    assert (stopped.outcome, stopped.error, SAID in stopped.detail) == ("blocked", "Refused", True)
    assert "`--agree replace:search/Ledger`" in stopped.hint
    assert fake.platform.stacks[PLACE] == before


def two_with_a_table(folder: Path) -> FakeWorld:
    """Two units that call a table by one name, which goes with the next release of each."""
    fake = chain(folder)
    for unit in ("search", "customers"):
        fake.tree.resources[unit] = {"Ledger": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": unit}}}
    deploy(fake)
    for unit in ("search", "customers"):
        fake.tree.content[unit] = f"{unit} 2"
        del fake.tree.resources[unit]
    return fake


@pytest.mark.parametrize(
    ("word", "blocked"),
    [
        ("replace:Ledger", ["customers", "search"]),
        ("replace:search/Ledger", ["customers"]),
        ("replace:customers/Ledger", ["search"]),
    ],
)
def test_a_word_lets_go_what_is_one_units(tmp_path: Path, word: str, blocked: list[str]) -> None:
    done = deploy(two_with_a_table(tmp_path), consent=Consent(allowed=frozenset({word})))

    assert sorted(name for name, result in done.items() if result.outcome == "blocked") == blocked
    assert all(f"`--agree replace:{name}/Ledger`" in done[name].hint for name in blocked)


def test_a_word_without_the_unit_is_enough_where_one_unit_is_asked_it(tmp_path: Path) -> None:
    fake = changed_from_outside(tmp_path)
    deploy(fake)

    assert deploy(fake, consent=Consent(allowed=frozenset({"replace:Ledger"})))["search"].outcome == "deployed"


def test_a_plan_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    saved = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox")).plan.to_dict()

    with pytest.raises(UpgradeNeeded, match="upgrade multi_env_lambda"):
        pipeline.same_again(fake.world, {**saved, "format": 99})
    assert pipeline.same_again(fake.world, saved).plan.digest == saved["digest"]


def test_what_a_deploy_was_stopped_by_is_a_question_from_then_on_and_the_word_lets_it_go(tmp_path: Path) -> None:
    fake = changed_from_outside(tmp_path)
    deploy(fake)
    latest = fake.world.ledger.records("sandbox")["search"].latest

    assert latest is not None and latest.outcome == "failed"
    assert latest.losses == (
        Loss(
            logical_id="Ledger",
            type="AWS::DynamoDB::Table",
            physical_id="search-sandbox-Ledger",
            fate="deleted",
        ),
    )
    assert words(step_of(fake, closely=False)) == ["replace:search/Ledger"]
    assert deploy(fake)["search"].outcome == "blocked" and has_the_table(fake)
    assert deploy(fake, consent=AGREED)["search"].outcome == "deployed"
    assert not has_the_table(fake)
    fake.tree.content["search"] = "s3"
    assert words(step_of(fake, closely=True)) == []


def test_the_word_that_the_plan_printed_is_taken_by_a_deploy_that_looks_for_it(tmp_path: Path) -> None:
    fake = changed_from_outside(tmp_path)
    draft = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox"), soon=True, closely=True)

    outcomes = {item.project: item.outcome for item in pipeline.apply(fake.world, draft, AGREED)}
    assert (outcomes["search"], has_the_table(fake)) == ("deployed", False)


@pytest.mark.parametrize("policy", ["Retain", "RetainExceptOnCreate", "Snapshot"])
def test_what_is_kept_by_its_policy_asks_nothing(tmp_path: Path, policy: str) -> None:
    fake = changed_from_outside(tmp_path, DeletionPolicy=policy)

    assert words(step_of(fake, closely=True)) == []
    assert deploy(fake)["search"].outcome == "deployed"


def test_without_a_record_the_plan_compares_with_the_stack(tmp_path: Path) -> None:
    fake = changed_from_outside(tmp_path)
    del fake.store.objects[current_key("sandbox", "search")]
    step = step_of(fake, closely=False)

    assert words(step) == ["take-over:search-sandbox", "replace:search/Ledger"]
    assert not [item for item in step.changes if item.action == "add" and item.type == "AWS::IAM::Role"]
    both = Consent(allowed=frozenset(words(step)))
    assert (
        deploy(fake, consent=Consent(allowed=both.allowed - {"replace:search/Ledger"}))["search"].outcome == "blocked"
    )
    assert has_the_table(fake)
    assert deploy(fake, consent=both)["search"].outcome == "deployed"


@pytest.mark.parametrize(("verb", "outcome"), [("deploy", "blocked"), ("rollback", "deployed")])
def test_after_an_attempt_whose_end_nobody_saw_the_plan_compares_with_the_stack(
    tmp_path: Path, verb: str, outcome: str
) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.tree.content["search"] = "s2"
    killed(fake)
    with_a_table(fake)
    fake.tree.content["search"] = "s1"

    again = deploy(fake)["search"] if verb == "deploy" else rollback(fake, "search", "sandbox")
    asked = "agree with `--agree replace:search/Ledger`" if verb == "deploy" else ""
    assert (again.outcome, again.hint) == (outcome, asked)
    assert has_the_table(fake)


def test_a_template_that_somebody_wrote_in_yaml_is_said_not_to_be_seen(tmp_path: Path) -> None:
    fake = changed_from_outside(tmp_path)
    fake.platform.template = lambda *_: "Resources: {}"  # type: ignore[method-assign]
    step = step_of(fake, closely=True)

    assert words(step) == []
    assert "its template is not JSON" in step.why[-1]
    assert deploy(fake)["search"].outcome == "blocked"


def test_a_saved_plan_is_made_again_with_the_same_close_look(tmp_path: Path) -> None:
    fake = changed_from_outside(tmp_path)
    plan = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox"), closely=True).plan

    assert pipeline.same_again(fake.world, plan, soon=True).plan.digest == plan.digest


def failing_with_a_table(folder: Path, *, always: dict[str, Any] | None = None, **more: Any) -> FakeWorld:
    """A release that brings a table and fails its smoke check. ``always``: what the one before has, too."""
    fake = chain(folder)
    fake.tree.resources["search"] = dict(always or {})
    fake.tree.smoke["search"] = Smoke(payload="{}", expect='{"ok":true}')
    deploy(fake)
    fake.tree.content["search"] = "s2"
    fake.tree.resources["search"] = {**(always or {}), "Ledger": {**LEDGER, **more}}
    fake.platform.answers["search-sandbox-main"] = lambda _: {
        "ok": "Ledger" not in fake.platform.stacks[PLACE].template
    }
    return fake


def test_what_came_with_a_release_that_failed_its_check_stays_when_the_one_before_is_put_back(tmp_path: Path) -> None:
    fake = failing_with_a_table(tmp_path)
    failed = deploy(fake)["search"]

    assert (failed.error, "sandbox was rolled back to 0.1.0" in failed.detail) == ("CheckFailed", True)
    assert has_the_table(fake)
    assert fake.tree.version_id("s1") in fake.platform.stacks[PLACE].template
    fake.platform.answers.clear()
    assert deploy(fake)["search"].outcome == "deployed"
    assert has_the_table(fake)


def test_what_a_failed_release_brought_and_its_policy_keeps_is_told_and_known_when_it_comes_again(
    tmp_path: Path,
) -> None:
    fake = failing_with_a_table(tmp_path, DeletionPolicy="Retain")
    failed = deploy(fake)["search"]

    ledger = PhysicalResource(logical_id="Ledger", type="AWS::DynamoDB::Table", physical_id="search-sandbox-Ledger")
    assert not has_the_table(fake)
    assert f"Ledger ({ledger.type} {ledger.physical_id}) came with it and stays" in failed.detail
    record = fake.world.ledger.records("sandbox")["search"]
    assert record.latest is not None and record.latest.left == (ledger,)
    fake.platform.answers.clear()
    fake.tree.content["search"] = "s3"
    assert deploy(fake)["search"].outcome == "deployed"
    record = fake.world.ledger.records("sandbox")["search"]
    assert record.running is not None and (record.running.resources, record.running.left) == ((ledger,), ())


def test_what_stayed_after_a_failed_release_goes_by_its_word_only(tmp_path: Path) -> None:
    fake = failing_with_a_table(tmp_path)
    deploy(fake)
    del fake.tree.resources["search"]
    fake.platform.answers.clear()

    assert deploy(fake)["search"].outcome == "blocked" and has_the_table(fake)
    assert deploy(fake, consent=AGREED)["search"].outcome == "deployed"


def test_a_release_that_cannot_be_put_back_without_a_loss_runs_on_and_is_said_to(tmp_path: Path) -> None:
    fake = failing_with_a_table(tmp_path, Condition="IsNew")
    failed = deploy(fake)["search"]

    assert failed.error == "Refused"
    assert f"sandbox was not rolled back to 0.1.0: {SAID}" in failed.detail
    record = fake.world.ledger.records("sandbox")["search"]
    assert record.latest is not None and (record.latest.outcome, record.unsure) == ("failed", record.latest.release)
    assert has_the_table(fake)


def test_a_plan_of_many_looks_closely_only_at_what_changes(tmp_path: Path) -> None:
    fake = changed_from_outside(tmp_path)
    fake.platform.listed.clear()
    pipeline.plan(fake.world, Request(verb="deploy", target="sandbox"), closely=True)

    assert fake.platform.listed == [("sandbox", 1)]
