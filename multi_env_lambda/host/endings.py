"""Where a run sees that the credentials of its process have ended, whichever thread noticed it first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from multi_env_lambda.errors import MultiEnvLambdaError, SessionEnded

__all__ = ["Endings"]


class Endings:
    """Every answer by which a session ended, as errors. Safe for threads: nothing but ``append`` changes the list.

    Counted like ``Retries``, since one workspace serves many runs, and somebody may sign in between two of them.
    """

    def __init__(self) -> None:
        self._noticed: list[SessionEnded] = []

    def note(self, error: SessionEnded) -> None:
        """A session has ended."""
        self._noticed.append(error)

    def count(self) -> int:
        """How many answers there were."""
        return len(self._noticed)

    def since(self, before: int) -> SessionEnded | None:
        """The first one after an earlier ``count``.

        >>> endings = Endings()
        >>> before = endings.count()
        >>> endings.since(before) is None
        True
        >>> endings.note(SessionEnded("credentials", "over", hint="sign in"))
        >>> endings.since(before).what, endings.since(endings.count())
        ('over', None)
        """
        return next(iter(self._noticed[before:]), None)

    @contextmanager
    def raised(self) -> Iterator[None]:
        """What is read meanwhile counts only if the session lasts: a missing answer may have been taken for a no.

        Raises:
            SessionEnded: it has ended meanwhile, even if what noticed that went on, or refuses something for it.
        """
        before = self.count()
        try:
            yield
        except MultiEnvLambdaError as error:
            found = self.since(before)
            if found is None or isinstance(error, SessionEnded):
                raise
            raise found from error
        found = self.since(before)
        if found is not None:
            raise found
