"""A plan knows whether the layer of another unit is, or will be, where a unit should get it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.errors import AccountError, ConfigurationError
from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.plan import BlockedStep, DeployStep, Plan
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.versions import KeptLayer
from multi_env_lambda.operations.destroy import find_removal
from multi_env_lambda.operations.prune import find_prunable
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_config

from .worlds import chain, deploy, outcomes, promote, rollback

OLD, NEW = digest("first")[:12], digest("second")[:12]


def lending() -> FakeTree:
    """`billing` gets the layer of `common`; `alone` has nothing to do with it."""
    return FakeTree(
        content={"common": "c1", "billing": "b1", "alone": "a1"},
        needs={"billing": ("common",)},
        locked={"common": "first"},
        lent={"billing": "common"},
    )


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    return chain(tmp_path, lending())


def plan(fake: FakeWorld, verb: Any = "deploy", target: str = "sandbox", **ask: Any) -> Plan:
    return pipeline.plan(fake.world, Request(verb=verb, target=target, **ask)).plan


def only_billing(fake: FakeWorld, verb: str = "deploy", target: str = "sandbox") -> tuple[str, str]:
    """What and why not, of the only unit in a plan."""
    (step,) = plan(fake, verb, target, only=("billing",)).steps
    assert isinstance(step, BlockedStep), step
    return step.what, str(step.hint)


def layers(fake: FakeWorld, place: str) -> list[str]:
    """The content of the versions of the layer there, newest first."""
    return [layer.description.split()[1] for layer in fake.platform.layers.get((place, "common-" + place), [])]


def note_parameters(fake: FakeWorld) -> dict[str, dict[str, str]]:
    """By stack, the parameters that it gets last."""
    sent: dict[str, dict[str, str]] = {}
    whole: Callable[..., str] = fake.platform.deploy

    def noted(environment: Environment, request: Any, *more: Any) -> str:
        sent[request.name] = dict(request.parameters)
        return whole(environment, request, *more)

    fake.platform.deploy = noted  # type: ignore[method-assign]
    return sent


def test_in_one_run_the_layer_is_published_first_and_its_version_passed_on(fake: FakeWorld) -> None:
    sent = note_parameters(fake)

    done = deploy(fake)

    assert outcomes(done) == {"common": "deployed", "billing": "deployed", "alone": "deployed"}
    assert [name for name in sent if name != "alone-sandbox"] == ["common-sandbox", "billing-sandbox"]
    assert sent["billing-sandbox"] == {f"LentLayer{OLD}": "arn:sandbox:layer:common-sandbox:1"}
    assert layers(fake, "sandbox") == [OLD]


def test_each_account_has_the_layer_once_on_the_way_to_prod(fake: FakeWorld) -> None:
    assert set(outcomes(deploy(fake, to="prod")).values()) == {"deployed"}
    assert [layers(fake, place) for place in ("sandbox", "test", "staging", "prod")] == [[OLD]] * 4


def test_a_changed_layer_changes_the_unit_that_gets_it_and_no_other(fake: FakeWorld) -> None:
    deploy(fake)
    fake.tree.locked["common"] = "second"

    steps = {step.project: step for step in plan(fake).deploys}

    assert steps.keys() == {"common", "billing"}
    assert steps["billing"].why == ("projects/common changed",)
    assert steps["billing"].notes == (f"its functions get the layer {NEW} of common",)


def test_a_file_beside_the_lock_of_the_layer_changes_nothing_of_the_unit_that_gets_it(fake: FakeWorld) -> None:
    deploy(fake)
    fake.tree.content["common"] = "c2"

    assert [step.project for step in plan(fake).deploys] == ["common"]


def test_alone_a_unit_is_refused_where_its_layer_never_was(fake: FakeWorld) -> None:
    what, hint = only_billing(fake)

    assert what == (
        f"its functions get the layer {OLD} of common, but account 222222222222 has no version of common-sandbox"
    )
    assert hint == "bring common there first, or both together: `deploy.py common sandbox`"


def test_alone_a_unit_is_refused_where_its_layer_is_older_and_both_are_named(fake: FakeWorld) -> None:
    deploy(fake)
    fake.tree.locked["common"] = "second"

    what, hint = only_billing(fake)

    assert what == (
        f"its functions get the layer {NEW} of common, but account 222222222222 has {OLD} as the newest version of "
        "common-sandbox, and none with this content"
    )
    assert hint == "bring common there first, or both together: `deploy.py common sandbox`"
    assert layers(fake, "sandbox") == [OLD]


def test_a_unit_goes_on_alone_with_an_older_layer_that_is_still_there(fake: FakeWorld) -> None:
    deploy(fake)
    fake.tree.locked["common"] = "second"
    deploy(fake)
    fake.tree.locked["common"] = "first"
    sent = note_parameters(fake)

    assert outcomes(deploy(fake, only=("billing",))) == {"billing": "deployed"}
    assert sent["billing-sandbox"] == {f"LentLayer{OLD}": "arn:sandbox:layer:common-sandbox:1"}


def test_a_promotion_takes_the_layer_along_or_is_refused(fake: FakeWorld) -> None:
    deploy(fake)

    what, hint = only_billing(fake, "promote", "test")
    assert "has no version of common-test" in what
    assert hint == "bring common there first, or both together: `promote.py common test`"

    assert set(outcomes(promote(fake, "test")).values()) == {"deployed"}
    assert layers(fake, "test") == [OLD]


def test_an_older_layer_that_comes_with_the_plan_is_not_taken_for_it(fake: FakeWorld) -> None:
    """What runs in sandbox was deployed one by one, in an order that a promotion cannot repeat."""
    deploy(fake)
    fake.tree.locked["common"] = "second"
    deploy(fake)
    rollback(fake, "common", "sandbox", reason="tried")

    steps = {step.project: step for step in plan(fake, "promote", "test").steps}

    assert isinstance(steps["common"], DeployStep)
    assert isinstance(steps["billing"], BlockedStep)
    assert steps["billing"].what == (
        f"its functions get the layer {NEW} of common, but account 333333333333 has no version of common-test; "
        f"this plan brings {OLD}"
    )
    assert steps["billing"].hint == "deploy common and billing together where they come from, and run the same again"


def test_a_rollback_finds_the_layer_that_the_release_had(fake: FakeWorld) -> None:
    deploy(fake)
    fake.tree.locked["common"] = "second"
    deploy(fake)
    sent = note_parameters(fake)

    assert rollback(fake, "billing", "sandbox", reason="tried").outcome == "deployed"
    assert sent == {"billing-sandbox": {f"LentLayer{OLD}": "arn:sandbox:layer:common-sandbox:1"}}


def test_a_rollback_is_refused_if_somebody_deleted_the_layer_and_goes_on_once_it_is_back(fake: FakeWorld) -> None:
    deploy(fake)
    fake.tree.locked["common"] = "second"
    deploy(fake)
    fake.platform.layers["sandbox", "common-sandbox"].pop()

    what, hint = only_billing(fake, "rollback")
    assert f"the layer {OLD} of common" in what and f"has {NEW} as the newest version" in what
    assert hint == (
        "`history.py common sandbox` shows which release of common had it; `rollback.py common sandbox` brings one back"
    )

    rollback(fake, "common", "sandbox", reason="for billing")
    assert rollback(fake, "billing", "sandbox", reason="tried").outcome == "deployed"


def test_a_rollback_of_the_layer_leaves_the_unit_that_gets_it(fake: FakeWorld) -> None:
    deploy(fake)
    fake.tree.locked["common"] = "second"
    deploy(fake)
    sent = note_parameters(fake)

    rollback(fake, "common", "sandbox", reason="tried")

    assert sent.keys() == {"common-sandbox"}
    assert layers(fake, "sandbox") == [OLD, NEW, OLD]


def test_a_repair_looks_for_the_layer_again(fake: FakeWorld) -> None:
    deploy(fake)
    fake.platform.uploaded["billing-sandbox-main"] = "by hand"
    fake.platform.layers["sandbox", "common-sandbox"].clear()

    what, _ = only_billing(fake, "repair")

    assert "has no version of common-sandbox" in what


def test_if_the_layer_cannot_be_made_the_unit_that_gets_it_waits_and_says_so_once(fake: FakeWorld) -> None:
    fake.tree.broken["common"] = ConfigurationError("projects/common", "no lock", hint="lock it")

    steps = {step.project: step for step in plan(fake).steps}

    assert isinstance(steps["billing"], DeployStep)
    assert steps["billing"].notes[-1] == "it needs common, which is blocked, and is skipped until that is done"
    assert outcomes(deploy(fake)) == {"common": "blocked", "billing": "skipped", "alone": "deployed"}


def test_who_may_not_list_layers_gets_a_plan_that_says_so(fake: FakeWorld) -> None:
    deploy(fake)
    fake.tree.content["billing"] = "b2"

    def denied(*_: Any) -> tuple[KeptLayer, ...]:
        raise AccountError("lambda", "AccessDenied: lambda:ListLayerVersions", hint="ask for it")

    fake.platform.kept_layers = denied  # type: ignore[method-assign]
    (step,) = plan(fake, only=("billing",)).deploys

    assert step.notes[-1] == (
        f"whether sandbox has the layer {OLD} of common could not be checked "
        "(lambda: AccessDenied: lambda:ListLayerVersions)"
    )


def test_a_plan_that_makes_one_unit_only_to_look_does_not_miss_the_layer_of_the_other(fake: FakeWorld) -> None:
    deploy(fake)
    fake.tree.locked["common"] = "second"

    draft = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox"), alone="billing")

    assert [step.project for step in draft.plan.deploys] == ["billing"]


def test_a_plan_asks_for_no_layers_if_the_layer_comes_with_it_or_nothing_changes(fake: FakeWorld) -> None:
    asked: list[str] = []
    whole = fake.platform.kept_layers

    def counted(environment: Environment, name: str) -> tuple[KeptLayer, ...]:
        asked.append(name)
        return whole(environment, name)

    fake.platform.kept_layers = counted  # type: ignore[method-assign]
    plan(fake)
    assert asked == []
    deploy(fake)
    asked.clear()
    plan(fake)
    assert asked == []


def test_the_unit_whose_layer_others_get_is_still_needed(fake: FakeWorld) -> None:
    deploy(fake)

    assert find_removal(fake.world, "common", "sandbox").needed_by == ("billing",)


def test_prune_keeps_each_version_of_the_layer_that_a_release_of_another_unit_names(tmp_path: Path) -> None:
    fake = chain(tmp_path, lending(), config=attrs.evolve(fake_config(), keep=2))
    deploy(fake)
    for content in ("second", "third", "first", "fourth", "fifth"):
        fake.tree.locked["common"] = content
        deploy(fake, only=("common",))

    going = {one.name for one in find_prunable(fake.world).candidates if one.kind == "layer version"}

    assert layers(fake, "sandbox")[::-1].count(OLD) == 2
    assert going == {"common-sandbox:2", "common-sandbox:3"}
