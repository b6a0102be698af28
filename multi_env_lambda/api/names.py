"""Names as users type them."""

from __future__ import annotations

from multi_env_lambda.model.name import normalised
from multi_env_lambda.model.reading import did_you_mean

__all__ = ["did_you_mean", "normalised"]
