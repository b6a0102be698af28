"""Notes about the runtimes of a template: a release may use one that AWS no longer accepts."""

from __future__ import annotations

import json
from datetime import date

from multi_env_lambda.model.runtime import end_of

__all__ = ["endings"]


def endings(template: str, today: date) -> tuple[str, ...]:
    """A sentence for each runtime whose end of support is near or over.

    >>> endings('{"Resources": {"A": {"Properties": {"Runtime": "python3.13"}}}}', date(2026, 11, 26))
    ()
    """
    bodies = (body.get("Properties", {}) for body in json.loads(template)["Resources"].values())
    runtimes = {str(body["Runtime"]) for body in bodies if "Runtime" in body}
    return tuple(text for runtime in sorted(runtimes) if (text := end_of(runtime, today)) is not None)
