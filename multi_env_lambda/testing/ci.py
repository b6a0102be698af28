"""A repository that exists only in a test, for testing a ``ci.py``: what happens to it, and what is decided."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import attrs

from multi_env_lambda.ci.checked import checked
from multi_env_lambda.ci.decide import decide
from multi_env_lambda.ci.decision import Decision
from multi_env_lambda.ci.happened import (
    ApprovalGiven,
    BranchGone,
    BranchMoved,
    Happened,
    PullRequestChanged,
    ScheduleLooked,
    TagMade,
)
from multi_env_lambda.ci.state import Frozen, Head, State, UnitHeld
from multi_env_lambda.model.ci import CiRules
from multi_env_lambda.operations.ci_run import load_decide

__all__ = ["FakeRepository"]

_A_MONDAY = 1_767_614_400.0  # 2026-01-05 12:00 UTC
_REPOSITORY, _BUCKET = "acme/units", "acme-artifacts"


@attrs.frozen(kw_only=True)
class FakeRepository:
    """What a decision may know, with defaults; say only what your rule is about.

    >>> repository = FakeRepository(environments=("sandbox", "prod"))
    >>> repository.default(repository.pushed("main")).jobs
    (Bring(branch='main', to='prod', only=(), held=()),)

    Args:
        units: name -> version.
        now: seconds since 1970; by default a Monday at noon.
        others: as in ``State``.
    """

    environments: tuple[str, ...] = ("sandbox", "test", "prod")
    units: Mapping[str, str] = attrs.field(factory=lambda: {"orders": "0.1.0", "billing": "0.2.0"})
    rules: CiRules = CiRules()
    now: float = _A_MONDAY
    message: str = ""
    branches: Mapping[str, Head] | None = None
    frozen: tuple[Frozen, ...] = ()
    held: tuple[UnitHeld, ...] = ()
    stages: tuple[tuple[str, ...], ...] = ()

    @property
    def state(self) -> State:
        return State(
            rules=self.rules,
            environments=self.environments,
            now=self.now,
            repository=_REPOSITORY,
            bucket=_BUCKET,
            units=self.units,
            branches=self.branches,
            message=self.message,
            frozen=self.frozen,
            held=self.held,
            stages=self.stages,
        )

    # --- what happens ---
    def pushed(self, branch: str) -> Happened:
        return BranchMoved(host="github", repository=_REPOSITORY, branch=branch, commit="1" * 40, who="ada")

    def deleted(self, branch: str) -> Happened:
        return BranchGone(host="github", repository=_REPOSITORY, branch=branch, who="ada")

    def tagged(self, tag: str) -> Happened:
        return TagMade(host="github", repository=_REPOSITORY, tag=tag, commit="1" * 40, who="ada")

    def pull_request(
        self,
        number: int = 1,
        what: Literal["opened", "updated", "closed", "merged"] = "opened",
        *,
        branch: str = "feature",
        stranger: bool = False,
    ) -> Happened:
        return PullRequestChanged(
            host="github",
            repository=_REPOSITORY,
            what=what,
            number=number,
            branch=branch,
            into=self.rules.branch,
            commit="1" * 40,
            stranger=stranger,
            who="ada",
        )

    def approved(self, environment: str) -> Happened:
        return ApprovalGiven(bucket=_BUCKET, environment=environment, digest="0" * 64, user_id="AIDAEXAMPLE")

    def scheduled(self) -> Happened:
        return ScheduleLooked()

    # --- what is decided ---
    def default(self, happened: Happened) -> Decision:
        """What would be decided without a ``ci.py``."""
        return decide(happened, self.state)

    def decide(self, path: str | Path, happened: Happened) -> Decision:
        """What the ``ci.py`` under this path decides. It runs here, so that a debugger sees it.

        Args:
            path: the ``ci.py``.

        Raises:
            ConfigurationError: it decides what it may not. Elsewhere the default decision would be taken.
            Exception: what it raises.
        """
        own = load_decide(Path(path).read_bytes(), str(path))
        default = self.default(happened)
        return checked(own(happened, self.state, default), default, self.state, where=str(path))
