"""Code that `deploy --watch` has sent into a function: it runs, and no release has it."""

from __future__ import annotations

import attrs

__all__ = ["Unreleased"]


@attrs.frozen(kw_only=True)
class Unreleased:
    """Saved files of a work tree that run in an environment, and what they were sent on top of.

    Args:
        after: when the deployment was made on top of which they were sent. Any other that runs has replaced them.
        watch: the command that sent them, unlike any other; ``saves`` counts how often it has.
        codes: by function, the base64 SHA-256 of what was sent.
    """

    who: str
    host: str
    when: str
    after: str
    watch: str
    saves: int = 1
    codes: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"files that {self.who.rpartition('/')[2]} saved on {self.host.partition(' ')[0]} at {self.when}"
