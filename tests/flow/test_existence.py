"""What somebody deleted by hand is seen by a plan that looks: one of all units, or of one that was named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.errors import AccountError
from multi_env_lambda.model.plan import BlockedStep, Step, UnchangedStep
from multi_env_lambda.model.request import Request
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world

from .worlds import chain, deploy, promote

FUNCTION = "orders-sandbox-main"
REPAIRED = "`repair.py orders sandbox` fixes it"


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    fake = chain(tmp_path)
    deploy(fake)
    return fake


def steps(fake: FakeWorld, **ask: Any) -> dict[str, Step]:
    plan = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox", **ask)).plan
    return {step.project: step for step in plan.steps}


def test_all_sees_a_function_that_is_gone(fake: FakeWorld) -> None:
    fake.platform.deleted.add(FUNCTION)

    found = steps(fake, everything=True)
    result = deploy(fake, everything=True)["orders"]

    assert isinstance(found["search"], UnchangedStep) and isinstance(found["orders"], BlockedStep)
    assert result.detail.startswith(f"its function {FUNCTION} is gone, although its record says that 0.1.0 runs there")
    assert result.hint.startswith(REPAIRED)


def test_without_a_name_or_all_nothing_is_looked_at(fake: FakeWorld) -> None:
    fake.platform.deleted.add(FUNCTION)

    assert {type(step) for step in steps(fake).values()} == {UnchangedStep}


def without_function(fake: FakeWorld) -> None:
    fake.platform.deleted.add(FUNCTION)


def without_alias(fake: FakeWorld) -> None:
    fake.platform.by_hand[FUNCTION] = None


def without_stack(fake: FakeWorld) -> None:
    del fake.platform.stacks["sandbox", "orders-sandbox"]


@pytest.mark.parametrize(
    ("by_hand", "said"),
    [
        (without_function, f"its function {FUNCTION} is gone"),
        (without_alias, f"the alias live of its function {FUNCTION} is gone"),
        (without_stack, "its stack orders-sandbox is gone"),
    ],
    ids=["function", "alias", "stack"],
)
def test_a_named_unit_is_looked_at_closely(fake: FakeWorld, by_hand: Callable[[FakeWorld], None], said: str) -> None:
    by_hand(fake)

    found = steps(fake, only=("orders",))["orders"]

    assert isinstance(found, BlockedStep)
    assert found.what.startswith(said)
    assert found.hint.startswith(REPAIRED)


def test_a_promotion_of_all_looks_where_it_goes(fake: FakeWorld) -> None:
    deploy(fake, "test")
    fake.platform.deleted.add("orders-test-main")

    assert promote(fake, "test", everything=True)["orders"].outcome == "blocked"


@pytest.mark.parametrize("units", [4, 40])
def test_all_is_one_listing_of_stacks_and_one_of_functions_however_many_units_there_are(
    tmp_path: Path, units: int
) -> None:
    fake = fake_world(FakeTree(content={f"u{number:04d}": "x" for number in range(units)}), tmp_path)
    deploy(fake)
    fake.platform.looked.clear(), fake.platform.listed.clear(), fake.store.reads.clear()

    steps(fake, everything=True)

    assert fake.platform.listed == [("sandbox", units)]
    assert fake.platform.counted == ["sandbox"]
    assert fake.platform.looked == []
    assert [key for _, key in fake.store.reads if "/release/" in key] == []


def test_a_role_that_may_not_list_functions_is_said_and_blocks_nothing(fake: FakeWorld) -> None:
    def denied(environment: object) -> frozenset[str]:
        raise AccountError("functions of sandbox", "not authorized", hint="allow it")

    fake.platform.functions_there = denied  # type: ignore[method-assign, assignment]

    found = steps(fake, everything=True)["orders"]

    assert isinstance(found, UnchangedStep)
    assert "whether its functions exist could not be checked (functions of sandbox: not authorized)" in found.why
