"""What errors of other people's code say, where asking them is a risk as well."""

from __future__ import annotations

__all__ = ["said_by"]


def said_by(error: BaseException) -> str:
    """What an error of somebody else's code says; its ``__str__`` is of that code, and may fail as well."""
    try:
        return str(error)
    except BaseException:
        return "nothing, since its __str__ failed"
