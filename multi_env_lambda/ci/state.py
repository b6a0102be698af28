"""What a decision can use: whatever its caller has looked up."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from multi_env_lambda.model.branch_environment import BranchEnvironment
from multi_env_lambda.model.ci import CiRules

__all__ = ["BranchEnvironment", "Frozen", "Head", "State", "UnitHeld", "Waiting"]


@attrs.frozen(kw_only=True)
class Frozen:
    """An environment in which nothing may change until somebody lifts it."""

    environment: str
    who: str
    reason: str = ""


@attrs.frozen(kw_only=True)
class UnitHeld:
    """A unit that stays as it is in one environment until somebody lifts it, as after a rollback."""

    unit: str
    environment: str
    who: str
    reason: str = ""


@attrs.frozen(kw_only=True)
class Waiting:
    """What stopped in front of an environment: ``key`` of its subject, and the digest that has to be approved."""

    key: str
    environment: str
    digest: str


@attrs.frozen(kw_only=True)
class Head:
    """Where a branch stands, and when that commit was made, in seconds since 1970."""

    commit: str
    committed: float


@attrs.frozen(kw_only=True)
class State:
    """What `decide` may know.

    A dispatcher knows the settings and what waits. A build has the repository as well and decides again, about what
    there is by then.

    Args:
        rules: the table of the protected branch.
        environments: the names, in promotion order.
        stages: the same by stage; empty: each is a stage.
        now: seconds since 1970.
        repository, bucket: what events have to be about; empty: any.
        units: name -> version of ``pyproject.toml``, at the commit that is looked at; None: not looked up.
        branches: those that are there -> where they stand; None: not looked up, nor are their own environments.
        tags: those that nobody has decided about yet -> when each was made.
        message: the text of the commit that is looked at; empty if it was not looked up.
        stranger: whether the pull request that is looked at is a stranger's; None, not known, counts as yes.
        agreed: the commits of it that a maintainer approved.
        frozen, held, waiting, own: what people stopped, what waits for an approval, the environments of branches.
    """

    rules: CiRules
    environments: tuple[str, ...]
    now: float
    repository: str = ""
    bucket: str = ""
    units: Mapping[str, str] | None = None
    branches: Mapping[str, Head] | None = None
    tags: Mapping[str, float] = attrs.field(factory=dict)
    message: str = ""
    stranger: bool | None = None
    agreed: tuple[str, ...] = ()
    frozen: tuple[Frozen, ...] = ()
    held: tuple[UnitHeld, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    own: tuple[BranchEnvironment, ...] = ()
    stages: tuple[tuple[str, ...], ...] = ()

    def holds(self, unit: str = "") -> tuple[tuple[str, str], ...]:
        """(unit, environment) that stay as they are: of one unit, or of all."""
        return tuple((one.unit, one.environment) for one in self.held if unit in ("", one.unit))

    def before_frozen(self) -> tuple[tuple[str, ...], Frozen | None]:
        """The environments that may be reached, up to the stage of the first frozen one, and that one."""
        frozen = {one.environment: one for one in self.frozen}
        reached: list[str] = []
        for stage in self.stages or [(name,) for name in self.environments]:
            reached += [name for name in stage if name not in frozen]
            closed = next((frozen[name] for name in stage if name in frozen), None)
            if closed is not None:
                return tuple(reached), closed
        return tuple(reached), None
