"""Where this machine keeps what can be recreated."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["user_cache", "workspace_cache"]


def user_cache() -> Path:
    """Shared by all workspaces of this user: downloaded wheels, environments of interpreters.

    Source: https://specifications.freedesktop.org/basedir-spec/latest/
    """
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "multi_env_lambda"


def workspace_cache(root: Path) -> Path:
    """For one workspace: built artifacts by digest, records by ETag. Safe to delete at any time."""
    return root / ".multi_env_lambda" / "cache"
