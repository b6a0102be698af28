"""What was checked, and whether it is as it must be."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from multi_env_lambda.model.shown import shown_as_text
from multi_env_lambda.wording import in_python

__all__ = ["Finding", "State"]

State = Literal["ok", "note", "problem", "unknown"]
"""``note``: works, but worth knowing; ``unknown``: something else is wrong, so it could not be checked."""


@shown_as_text
@attrs.frozen(kw_only=True)
class Finding:
    """One check in one place.

    Args:
        place: ``machine``, ``you``, ``devops``, or an environment's name.
        check: what was checked, in a word or two.
        state: ``ok``; ``note``: works, but worth knowing; ``problem``; ``unknown``: something else is wrong, so it
            could not be checked.
        what: what was found.
        hint: how to fix it.
    """

    place: str
    check: str
    state: State
    what: str
    hint: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data."""
        return attrs.asdict(self)

    def text(self) -> str:
        """The check and how it ended, with the hint below it."""
        line = f"{self.place} {self.check}: {self.state}: {self.what}"
        return f"{line}\nhint: {in_python(self.hint)}" if self.hint else line
