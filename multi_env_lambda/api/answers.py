"""The words that answer a question of a plan, for the verb that explains them."""

from __future__ import annotations

from multi_env_lambda.model.answer import ANSWER_OF

__all__ = ["ANSWER_OF"]
