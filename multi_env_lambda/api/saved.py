"""Saves plans to files, for somebody else to approve."""

from __future__ import annotations

import json
import os

from multi_env_lambda.api.arguments import checked
from multi_env_lambda.host.files import write_for_people
from multi_env_lambda.model.plan import Plan
from multi_env_lambda.plan.removal import Removal

__all__ = ["save"]


@checked
def save(plan: Plan | Removal, path: str | os.PathLike[str]) -> None:
    """Write a plan as JSON for approval, creating its folder if necessary.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    write_for_people(path, f"{json.dumps(plan.to_dict(), indent=2, sort_keys=True)}\n")
