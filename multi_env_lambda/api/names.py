"""Names as users type them."""

from __future__ import annotations

from collections.abc import Sequence

from multi_env_lambda.model.name import normalised
from multi_env_lambda.model.nearest import did_you_mean

__all__ = ["Names", "did_you_mean", "normalised"]

Names = str | Sequence[str]
"""One unit or several."""
