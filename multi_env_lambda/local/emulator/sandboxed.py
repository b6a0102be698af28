"""How a process with untrusted code is started, so that the kernel limits it to its own files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["sandboxed"]

_SANDBOX = Path(__file__).parents[2] / "host" / "sandbox.py"


def sandboxed(
    python: str, orders: Path, *, own: Iterable[str], write: Iterable[str], programs: Iterable[str]
) -> list[str]:
    """The words to put before a command: ``python`` applies ``host/sandbox.py``, and then becomes the command.

    ``orders`` is a file that says what it may use: files to read and start, folders to change, programs by name.
    """
    given = {"own": [*own], "write": [*write], "programs": [*programs]}
    orders.write_text(json.dumps(given), encoding="utf-8")
    return [python, "-I", "-S", os.fspath(_SANDBOX), os.fspath(orders)]
