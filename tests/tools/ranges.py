"""Ranges of values of which every run of all tests tries some, and the long part all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

__all__ = ["some_of"]


def some_of(values: Iterable[Any], *, every: int) -> list[Any]:
    """Parameters: each ``every``-th value, beginning with the first, in every run; the others are marked ``long``."""
    return [
        value if number % every == 0 else pytest.param(value, marks=(pytest.mark.slow, pytest.mark.long))
        for number, value in enumerate(values)
    ]
