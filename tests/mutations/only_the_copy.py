"""A pytest plugin: stop at once unless the package that is tested is the changed copy. Else nothing would be proven."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

VARIABLE = "MULTI_ENV_LAMBDA_MUTATED_COPY"


def pytest_runtest_setup(item: pytest.Item) -> None:
    _check()


def pytest_sessionfinish(session: pytest.Session) -> None:
    _check()


def _check() -> None:
    package = sys.modules.get("multi_env_lambda")
    wanted = Path(os.environ[VARIABLE])
    if package is not None and not Path(str(package.__file__)).is_relative_to(wanted):
        raise pytest.UsageError(f"{package.__file__} is tested, and not the copy in {wanted}")
