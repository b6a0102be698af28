"""States of the world for the tests of the decision."""

from __future__ import annotations

from typing import Any

from multi_env_lambda.ci import Decision, Happened, State, decide
from multi_env_lambda.model.ci import CiRules

__all__ = ["DAY", "NOW", "RULES", "decided", "state"]

DAY = 86_400.0
NOW = 1_767_614_400.0
RULES = CiRules(branches=("feature/*",), maintainers=("grace",))


def state(**more: Any) -> State:
    """Three environments, two units; branches below ``feature/`` have an environment of their own."""
    defaults: dict[str, Any] = {
        "rules": RULES,
        "environments": ("sandbox", "test", "prod"),
        "now": NOW,
        "repository": "acme/units",
        "bucket": "acme-artifacts",
        "units": {"orders": "0.1.1", "billing": "0.2.0"},
    }
    return State(**{**defaults, **more})


def decided(happened: Happened, **more: Any) -> Decision:
    return decide(happened, state(**more))
