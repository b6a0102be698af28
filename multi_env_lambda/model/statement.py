"""One statement of a policy, as a table writes it."""

from __future__ import annotations

import attrs

__all__ = ["Statement"]


@attrs.frozen(kw_only=True)
class Statement:
    """One statement of a role's policy; ``condition`` is canonical JSON."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    effect: str = "Allow"
    condition: str | None = None
