"""Plans as files, which somebody else approves."""

from __future__ import annotations

import json
import os
from pathlib import Path

from multi_env_lambda.model.plan import Plan
from multi_env_lambda.plan.removal import Removal

__all__ = ["save"]


def save(plan: Plan | Removal, path: str | os.PathLike[str]) -> None:
    """Write a plan as JSON, for somebody to approve."""
    text = json.dumps(plan.to_dict(), indent=2, sort_keys=True)
    Path(path).write_text(f"{text}\n", encoding="utf-8")
