"""What a repair of one unit would fix, as found when the plan was made."""

from __future__ import annotations

import attrs

from multi_env_lambda.model.change import ResourceChange

__all__ = ["Wrong"]


@attrs.frozen(kw_only=True)
class Wrong:
    """What differs from the deployment: the old value of each change is what is there, the new one what was deployed.

    ``problem`` and ``hint``: why it could not be compared, so that nothing can be repaired either.
    """

    changes: tuple[ResourceChange, ...] = ()
    problem: str = ""
    hint: str = ""

    def __bool__(self) -> bool:
        return bool(self.changes or self.problem)
