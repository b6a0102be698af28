"""What was probably meant, and what there is."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["did_you_mean", "enumerated"]


def enumerated(names: Iterable[object]) -> str:
    """``a, b or c``, in the given order."""
    words = [str(name) for name in names]
    return " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def did_you_mean(found: object, allowed: Iterable[str], *, listed: bool = False) -> str:
    """A hint: the nearest allowed word, or all of them if none is near; ``listed``: the error itself lists them."""
    import difflib

    words = sorted(allowed)
    lowered = {word.lower(): word for word in words}
    near = difflib.get_close_matches(str(found).lower(), lowered, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{lowered[near[0]]}`?"
    if len(words) < 2:
        return f"there is only `{words[0]}`" if words else "remove it"
    return "use one of these" if listed else f"use one of: {', '.join(words)}"
