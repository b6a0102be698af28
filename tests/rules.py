"""Which rules of AWS the local cloud of a test keeps: all of them, where a test does not say less."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from multi_env_lambda.local.strict import GLUE_PYTHON, RULES, VARIABLE

__all__ = ["EVERY_RULE", "keep_all_rules", "keeping"]

EVERY_RULE = tuple(rule for rule in RULES if rule != GLUE_PYTHON)
"""But for Glue's Python, which not every machine has: a test that has it asks for the rule."""


def keep_all_rules() -> None:
    """Whoever runs the tests may have asked for others."""
    os.environ.setdefault(VARIABLE, ",".join(EVERY_RULE))


@contextmanager
def keeping(*rules: str) -> Iterator[None]:
    """What starts or looks for a local cloud meanwhile has these rules of those that one asks for, and no others."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(VARIABLE, ",".join(rules))
        yield
