"""Words -> pipeline -> printed text -> exit code. The only place that prints."""

from __future__ import annotations

from multi_env_lambda.cli.main import main, run

__all__ = ["main", "run"]
