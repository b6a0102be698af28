"""Which rules of AWS the local cloud of a test keeps: all of them, where a test does not say less."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.local.strict import GLUE_PYTHON, RULES, VARIABLE
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import running_local_cloud

__all__ = ["EVERY_RULE", "cloud_keeping", "keep_all_rules", "keeping"]

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


@contextmanager
def cloud_keeping(folder: Path, config: WorkspaceConfig, *rules: str) -> Iterator[LocalCloud]:
    """A local cloud of its own that has these rules, and no others of those that one asks for."""
    with keeping(*rules), running_local_cloud(folder, config) as cloud:
        yield cloud
