"""The examples for stack.py make templates that CloudFormation accepts."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint

from multi_env_lambda.model.settings import Function
from tests.plan.template_values import project, text

PAGE = (Path(__file__).parent.parent.parent / "docs/source/02-How-To/stack-examples.rst").read_text("utf-8")
BLOCKS = re.findall(r"^\.\. code-block:: python\n\n((?:    .*\n|\n)+)", PAGE, re.MULTILINE)
TITLES = re.findall(r"^(.+)\n-{3,}$", PAGE, re.MULTILINE)
UNIT = project(Function(key="main", handler="orders.main.handler"))


def extend_of(block: str) -> Callable[[Any, Any], None]:
    names: dict[str, Any] = {}
    exec(compile(textwrap.dedent(block), "stack.py", "exec"), names)  # noqa: S102 -- of our own page
    found: Callable[[Any, Any], None] = names["extend"]
    return found


def made(extend: Callable[[Any, Any], None] | None) -> set[str]:
    """The resources of the unit, without versions, which are called after what the function is."""
    found = json.loads(text(UNIT, extend=extend))["Resources"]
    return {name for name, body in found.items() if body["Type"] != "AWS::Lambda::Version"}


def test_each_has_a_title() -> None:
    assert len(BLOCKS) == len(TITLES) == 7


@pytest.mark.parametrize("number", range(len(BLOCKS)), ids=TITLES)
def test_an_example_adds_something(number: int) -> None:
    before, after = (made(extend) for extend in (None, extend_of(BLOCKS[number])))

    assert after > before


def test_together_they_are_a_template_without_mistakes() -> None:
    def every(template: Any, context: Any) -> None:
        for block in BLOCKS:
            extend_of(block)(template, context)

    assert [str(found) for found in lint(text(UNIT, extend=every), regions=["us-east-1"])] == []
