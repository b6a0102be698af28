"""The inside of a child of ``own_child.py``: reads a value from stdin, answers in JSON, and ends."""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Callable, Mapping
from types import ModuleType, TracebackType
from typing import IO, Any

__all__ = ["answer", "function_of", "line_of"]


def answer(make: Callable[[Any], Mapping[str, Any]]) -> None:
    """Answer what is made of the value, and end: neither with its threads nor with what it wants done at the end."""
    value = pickle.load(sys.stdin.buffer)
    # Our answer has a file of its own; what the code prints is for stderr.
    with os.fdopen(os.dup(1), "w", encoding="ascii") as said:
        os.dup2(2, 1)
        _write(said, make(value))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _write(said: IO[str], found: Mapping[str, Any]) -> None:
    json.dump(found, said)
    said.flush()


def function_of(text: bytes, path: str, name: str, *, module: str) -> Callable[..., Any] | None:
    """What a file calls so, if it can be called. It runs the file, here, and raises whatever that raises.

    Not imported: that would leave a ``__pycache__`` beside it, which counts as an edit.
    """
    made = ModuleType(module)
    made.__file__ = path
    exec(compile(text, path, "exec"), vars(made))
    found = getattr(made, name, None)
    return found if callable(found) else None


def line_of(error: BaseException, path: str) -> str:
    """The innermost line of a file that was at work when it was raised."""
    found = 0
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            found = trace.tb_lineno
        trace = trace.tb_next
    return f" (line {found})" if found else ""
