"""Which unit a script is about: that of the folder in which it lies."""

from __future__ import annotations

from multi_env_lambda.host.repository import unit_at

__all__ = ["unit_at"]
