"""Where the time of the commands in a block went."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.timing import keep, listening
from multi_env_lambda.model.timing import Row, Span, busy, rows, trace

if TYPE_CHECKING:
    import os

__all__ = ["Timings", "timings"]


@attrs.define(repr=False, eq=False)
class Timings:
    """Where the time went, from the beginning of the block until now, or until it ended."""

    _spans: list[Span] = attrs.field(factory=list)
    _begun: float = attrs.field(factory=time.perf_counter)
    _ended: float | None = None

    @property
    def seconds(self) -> float:
        """How long the block took."""
        return (time.perf_counter() if self._ended is None else self._ended) - self._begun

    @property
    def own(self) -> float:
        """Seconds in which neither another program nor AWS was at work."""
        elsewhere = (span for span in tuple(self._spans) if span.kind in ("program", "wait", "call"))
        return max(0.0, self.seconds - busy(elsewhere))

    @property
    def rows(self) -> tuple[Row, ...]:
        """What took time, by kind and name."""
        return rows(tuple(self._spans))

    def text(self) -> str:
        """A table of it."""
        from multi_env_lambda.show.render import text_of
        from multi_env_lambda.show.timings import timings_shown

        return text_of(timings_shown(self.rows, self.seconds, self.own))

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data."""
        return {"seconds": self.seconds, "own": self.own, "rows": [attrs.asdict(row) for row in self.rows]}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a trace, which chrome://tracing, ui.perfetto.dev and Firefox's profiler open.

        Raises:
            ConfigurationError: it cannot be written there.
        """
        try:
            with open(path, "w", encoding="ascii") as file:
                json.dump(trace(tuple(self._spans)), file)
        except OSError as error:
            what = f"the trace cannot be written: {error.strerror}"
            raise ConfigurationError(str(path), what, hint="name a file in a folder that is there") from error

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        from multi_env_lambda.show.render import html_of
        from multi_env_lambda.show.timings import timings_shown

        return html_of(timings_shown(self.rows, self.seconds, self.own))


@contextmanager
def timings(*, since: float | None = None) -> Iterator[Timings]:
    """Find out where the time of a block goes, in all of its threads.

    Args:
        since: when it began, by ``time.perf_counter``, if that was earlier: what came before is the step `start`.
    """
    found = Timings() if since is None else Timings(begun=since)
    with listening(found._spans):
        if since is not None:
            keep("step", "start", since)
        try:
            yield found
        finally:
            found._ended = time.perf_counter()
