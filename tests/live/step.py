"""A step of the live suite: a test that says what it proves, what it costs, and which steps it builds on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

__all__ = ["Step", "step", "step_of"]


@attrs.frozen(kw_only=True)
class Step:
    """``number`` is its place in the order; ``cost`` is in words, since nobody is billed by the call."""

    number: int
    name: str
    proves: str
    cost: str
    needs: tuple[str, ...] = ()


def step(number: int, *, cost: str, needs: tuple[str, ...] = (), slow: bool = False) -> Callable[[Any], Any]:
    """Make a test function ``test_NAME`` the step NAME; the first line of its docstring is what it proves.

    Against the local cloud a step belongs to ``bin/test --long``; ``slow`` ones are run on AWS where they are asked
    for by name only.
    """

    def made(function: Any) -> Any:
        name = function.__name__.removeprefix("test_")
        proves = function.__doc__.partition("\n")[0].rstrip(".")
        function.step = Step(number=number, name=name, proves=proves, cost=cost, needs=needs)
        kind = pytest.mark.live_slow if slow else pytest.mark.live
        for mark in (kind, pytest.mark.long, pytest.mark.local_cloud):
            function = mark(function)
        return function

    return made


def step_of(item: Any) -> Step | None:
    """The step of a collected test, None for other tests."""
    return getattr(getattr(item, "function", None), "step", None)
