"""What became of a save while an environment is watched."""

from __future__ import annotations

from typing import Any

import attrs

from multi_env_lambda.model.result import Result
from multi_env_lambda.model.shown import shown_as_text

__all__ = ["WatchRound"]


@shown_as_text
@attrs.frozen(kw_only=True)
class WatchRound:
    """One unit after one save. Round 0 is the deploy with which a watch begins.

    Args:
        number: counts the saves of this watch.
        files: what was saved, relative to the root of the workspace.
        result: how it ended: ``sent`` without a deploy, ``deployed``, ``unchanged``, ``blocked`` or ``failed``;
            ``seconds`` go from the save to the end.
        functions: the functions that got other code, if it was sent.
        why: why it was deployed instead of sent.
        notes: what else there is to know, such as that somebody else watches the same unit.
    """

    number: int
    files: tuple[str, ...]
    result: Result
    functions: tuple[str, ...] = ()
    why: str = ""
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """How it ended, and below it what to do about it."""
        from multi_env_lambda.show.watching import round_text
        from multi_env_lambda.wording import in_python

        return round_text(self, in_python)

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data."""
        return attrs.asdict(self)
