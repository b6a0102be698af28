"""What a repair of one unit would put right, as it was found when the plan was made."""

from __future__ import annotations

import attrs

from multi_env_lambda.model.change import ResourceChange

__all__ = ["Wrong"]


@attrs.frozen(kw_only=True)
class Wrong:
    """What is not as it was deployed: what is there is the old value of each change, what was deployed the new one.

    ``problem`` and ``hint``: why it could not be compared, so that nothing can be put right either.
    """

    changes: tuple[ResourceChange, ...] = ()
    problem: str = ""
    hint: str = ""

    def __bool__(self) -> bool:
        return bool(self.changes or self.problem)
