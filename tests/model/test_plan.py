"""The name of a plan, which an approval binds to: everything that will change, and nothing else."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from multi_env_lambda.model.artifact import SourceArtifact
from multi_env_lambda.model.change import PropertyChange, ResourceChange
from multi_env_lambda.model.plan import BlockedStep, DeployStep, Origin, Plan, Question, UnchangedStep
from multi_env_lambda.model.release import Release


def release(wheel: str, version: str = "0.1.0") -> Release:
    source = SourceArtifact(
        project="orders",
        version=version,
        digest=wheel * 64,
        wheel_sha256=wheel * 64,
        wheel_size=1,
        sdist_sha256="5" * 64,
        sdist_size=1,
        files=(),
    )
    return Release(project="orders", artifacts=(source,), stages=())


def change(new: str) -> ResourceChange:
    properties = (PropertyChange(path="Timeout", old="10", new=new),)
    return ResourceChange(action="modify", logical_id="Main", type="AWS::Lambda::Function", properties=properties)


STEP = DeployStep(
    project="orders",
    environment="prod",
    action="promote",
    release=release("a"),
    running="b" * 64,
    running_version="0.0.9",
    why=("test runs 0.1.0",),
    changes=(change("20"),),
)
ELSEWHERE = attrs.evolve(STEP, environment="test")


def plan(*steps: DeployStep | BlockedStep | UnchangedStep, **fields: Any) -> Plan:
    empty = Plan(environments=("test", "prod"), asked=(), commit="", committed="", dirty=False, steps=steps)
    return attrs.evolve(empty, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"project": "search"},
        {"release": release("c")},
        {"release": release("a", version="0.2.0")},
        {"running": "d" * 64},
        {"running": None},
        {"changes": (change("30"),)},
        {"changes": ()},
        {"questions": (Question(kind="destructive", text="it is lost", answer="replace:Data"),)},
    ],
    ids=["unit", "bytes", "version", "other release runs", "nothing runs", "value", "no change", "question"],
)
def test_another_change_is_another_plan(fields: dict[str, Any]) -> None:
    assert plan(attrs.evolve(STEP, **fields)).digest_of("prod") != plan(STEP).digest_of("prod")


@pytest.mark.parametrize(
    "fields",
    [
        {"why": ("asked for",)},
        {"reason": "hotfix"},
        {"origin": Origin(commit="c" * 40, dirty=True)},
        {"publish": ("projects/orders/x",)},
        {"inputs": (("projects/orders", "1"),)},
    ],
    ids=["why", "reason", "commit", "publish", "inputs"],
)
def test_why_and_from_where_it_changes_makes_no_other_plan(fields: dict[str, Any]) -> None:
    assert plan(attrs.evolve(STEP, **fields)).digest_of("prod") == plan(STEP).digest_of("prod")


def test_what_changes_in_another_environment_makes_no_other_plan_for_this_one() -> None:
    both = plan(ELSEWHERE, STEP)

    assert both.digest_of("prod") == plan(STEP).digest_of("prod")
    assert both.digest_of("test") != both.digest_of("prod")
    assert both.digest != plan(STEP).digest


def test_what_stays_as_it_is_makes_no_other_plan() -> None:
    still = UnchangedStep(project="search", environment="prod", release=None, version=None, why="")

    assert plan(STEP, still).digest == plan(STEP).digest


def test_a_plan_for_one_environment_has_the_name_that_is_approved() -> None:
    one = plan(STEP, environments=("prod",))

    assert one.digest == one.digest_of("prod")
