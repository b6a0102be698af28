"""How one step of a run ended, for one unit in one environment."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from multi_env_lambda.errors import Busy, MultiEnvLambdaError, Refused, SessionEnded

__all__ = ["Outcome", "Result"]

Outcome = Literal[
    "deployed",
    "sent",
    "published",
    "tested",
    "without tests",
    "unchanged",
    "newer",
    "removed",
    "destroyed",
    "blocked",
    "skipped",
    "under way",
    "not begun",
    "failed",
]


@attrs.frozen(kw_only=True)
class Result:
    """How one step ended.

    Args:
        project: the unit.
        environment: where the step was; ``tests`` for its own tests, empty for a lock.
        outcome: how it ended, in a word or two. ``sent``: code without a release, see ``WatchRound``. ``newer``: what
            runs is newer than the work tree, and was kept. ``under way``: the session ended after it had begun; the
            same command finishes it. ``not begun``: it ended before.
        version: that of the release; None if the step has none.
        label: the version, with the release's digest if what ran had the same version; may be empty.
        release: its digest; None if the step has none.
        detail: why it ended so.
        hint: what to do about it.
        error: the name of the kind of error; empty if there was none.
        seconds: how long it took; 0 if that was not measured.
    """

    project: str
    environment: str
    outcome: Outcome
    version: str | None = None
    label: str = ""
    release: str | None = None
    detail: str = ""
    hint: str = ""
    error: str = ""
    seconds: float = 0.0

    @classmethod
    def of_error(cls, project: str, environment: str, error: MultiEnvLambdaError) -> Result:
        """How a step ended that raised this. What was refused before anything was done, or goes on, is no failure."""
        return cls(
            project=project,
            environment=environment,
            outcome=_outcome_of(error),
            detail=f"{error.where}: {error.what}",
            hint=error.hint,
            error=type(error).__name__,
        )

    @property
    def good(self) -> bool:
        """Whether it ended well, which includes that there was nothing to do."""
        return self.outcome not in ("blocked", "skipped", "under way", "not begun", "failed")

    def text(self) -> str:
        """How it ended, and below it why, and what to do about it."""
        from multi_env_lambda.show.render import text_of
        from multi_env_lambda.show.text import results_shown

        return text_of(results_shown((self,)))

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data."""
        return attrs.asdict(self)

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        from multi_env_lambda.show.html import results_html

        return results_html((self,))


def _outcome_of(error: MultiEnvLambdaError) -> Outcome:
    match error:
        case SessionEnded():
            return "under way"
        case Refused() | Busy():
            return "blocked"
        case _:
            return "failed"
