"""Names as users type them, and what is said about them."""

from __future__ import annotations

from collections.abc import Sequence

from multi_env_lambda.model.name import normalised
from multi_env_lambda.model.nearest import did_you_mean
from multi_env_lambda.wording import through_all

__all__ = ["Names", "did_you_mean", "normalised", "through_all"]

Names = str | Sequence[str]
"""One unit or several."""
