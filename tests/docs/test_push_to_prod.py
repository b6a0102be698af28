"""The page about the CI's stack says all that is in it, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import attrs

from multi_env_lambda.model.ci_stack import CiStack
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.operations.ci_stack import RUNTIME, ci_of
from multi_env_lambda.plan.access import ci_stack_name
from multi_env_lambda.plan.ci_stack import _MOST_TIMES, _VISIBLE_AFTER
from multi_env_lambda.testing.local_cloud import sample_config

PAGE = (Path(__file__).parent.parent.parent / "docs/source/02-How-To/push-to-prod.rst").read_text("utf-8")


def test_each_resource_of_the_stack_has_its_row() -> None:
    stack = CiStack(repository="units", people=("ada@example.org",))
    made = ci_of(attrs.evolve(sample_config(), roles=Roles(prefix="acme"), ci_stack=stack), runtime=RUNTIME)
    assert made is not None
    there = set(json.loads(made.template)["Resources"])
    table = PAGE[PAGE.index("Logical id") : PAGE.index("the bucket sends EventBridge")]
    named = set(re.findall(r"``([A-Z][A-Za-z0-9]+)``", table))

    assert named == there


def test_names_and_numbers_are_those_of_the_code() -> None:
    assert f"``{ci_stack_name('acme')}``" in PAGE
    assert f"it is delivered again every {_VISIBLE_AFTER // 60} minutes".replace("2", "two") in PAGE
    assert f"{_MOST_TIMES} times" in PAGE
