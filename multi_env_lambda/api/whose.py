"""Whose the bucket is, and what to write into the table so that it says so."""

from __future__ import annotations

from multi_env_lambda.flow.identity import advice, told

__all__ = ["advice", "told"]
