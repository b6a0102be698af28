"""What a machine may lack: a test is left out there, but not in a CI, where nobody would read that it was."""

from __future__ import annotations

from typing import NoReturn

import pytest

from tests.person import STARTED_BY_A_CI

__all__ = ["absent"]


def absent(what: str, *, in_a_ci: bool = STARTED_BY_A_CI) -> NoReturn:
    """End the test: it failed where ``CI`` is set, as every CI does, and is left out elsewhere."""
    if in_a_ci:
        pytest.fail(f"this machine has no {what}; a CI has to have it", pytrace=False)
    pytest.skip(f"this machine has no {what}")
