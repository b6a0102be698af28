"""The examples in docstrings do what they say."""

from __future__ import annotations

import doctest
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda.model.project import read_project
from multi_env_lambda.plan.template.context import Context
from multi_env_lambda.plan.template.cotton import typed
from tests.declared import DEVOPS, ENVIRONMENTS, complete_unit
from tests.house import module_name, module_paths


def _arguments_of_extend() -> dict[str, Any]:
    """What a unit's ``stack.py`` has: its two arguments, and what it imports from cottonformation."""
    from cottonformation.res import awslambda, dynamodb, iam

    table = {"functions": {"create": {"handler": "orders.create.handler"}}, "jobs": {"nightly": {}}}
    document = complete_unit({"tool": {"multi_env_lambda": table}})
    unit = read_project(document, folder="projects/orders", where="x", environments=ENVIRONMENTS, devops=DEVOPS)
    context = Context(project=unit, environment=ENVIRONMENTS[-1], bucket="acme", where="projects/orders/stack.py")
    return {"context": context, "template": typed({}), "awslambda": awslambda, "dynamodb": dynamodb, "iam": iam}


GIVEN: dict[str, Callable[[], dict[str, Any]]] = {"multi_env_lambda.plan.template.context": _arguments_of_extend}
"""What the reader of these examples has already."""

WITH_EXAMPLES = [path for path in module_paths() if ">>> " in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=module_name)
def test_an_example_of_a_docstring_holds(path: Path) -> None:
    found = doctest.testmod(importlib.import_module(module_name(path)), extraglobs=GIVEN.get(module_name(path), dict)())

    assert found.attempted > 0
    assert found.failed == 0
