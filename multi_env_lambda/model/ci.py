"""What the workspace says about its continuous integration: ``[tool.multi_env_lambda.ci]``."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

import attrs

from multi_env_lambda.model.keys.ci import CI, MOST_DAYS
from multi_env_lambda.model.reading import Table

__all__ = ["BRANCH_PREFIX", "DAY", "MOST_DAYS", "CiRules", "Strangers", "read_ci"]

DAY = 86_400.0
"""Seconds."""

Strangers = Literal["ask", "copy"]
"""What happens to a change by somebody who may not push: ``ask`` waits for a maintainer's yes to that very commit,
``copy`` is for a plan without any credentials, against a copy of the records; no build makes one yet, and each says so.
"""

BRANCH_PREFIX = "b-"
"""What the names of branches' own environments begin with; no other environment's name does where there are any."""


@attrs.frozen(kw_only=True)
class CiRules:
    """The defaults of the decision. All of it is read on the protected branch, never in the change that is judged.

    Args:
        branch: the protected branch, which walks through the environments.
        verify: a command, word by word, that has to succeed after each environment before the next one is reached.
        branches: patterns of the other branches that get an environment of their own.
        days: how long such an environment lives after its branch has moved.
        strangers: what happens to pull requests of people who may not push.
        maintainers: logins whose approval of a commit counts.
    """

    branch: str = "main"
    verify: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    days: int = 7
    strangers: Strangers = "ask"
    maintainers: tuple[str, ...] = ()

    def has_own_environment(self, branch: str) -> bool:
        """Whether this branch gets an environment of its own. The protected branch never does."""
        return branch != self.branch and any(fnmatchcase(branch, pattern) for pattern in self.branches)


def read_ci(table: Table) -> CiRules:
    """The table as it stands at the root; everything in it has a default."""
    table = table.of(CI)
    table.allow()
    own = table.table("branch_environments")
    own.allow()
    if "days" in own.values and "branches" not in own.values:
        own.require("branches", hint='say which branches get an environment: `branches = ["feature/*"]`')
    strangers: Strangers = "copy" if table.choice("strangers") == "copy" else "ask"
    return CiRules(
        branch=table.named_or("branch"),
        verify=table.texts("verify"),
        branches=own.texts("branches"),
        days=own.number("days"),
        strangers=strangers,
        maintainers=table.texts("maintainers"),
    )
