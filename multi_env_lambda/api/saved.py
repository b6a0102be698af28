"""Saves plans to files, for somebody else to approve."""

from __future__ import annotations

import json
import os
from pathlib import Path

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.plan import Plan
from multi_env_lambda.plan.removal import Removal

__all__ = ["save"]


def save(plan: Plan | Removal, path: str | os.PathLike[str]) -> None:
    """Write a plan as JSON for approval, creating its folder if necessary.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    text = json.dumps(plan.to_dict(), indent=2, sort_keys=True)
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        what = f"the plan cannot be written there: {error.strerror or error}"
        raise ConfigurationError(os.fspath(path), what, hint="choose another file") from error
