"""The public face: a workspace, its units and environments as handles that act, and everything they give as values.

The command line is its first user: ``cli/`` imports this folder and ``show/``, and nothing else of the library.

A handle does nothing itself: each module in ``__all__`` does what some of its methods say, and is imported when the
first of them is called, so that a command loads only what it needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multi_env_lambda.api import (
        access,
        adopting,
        approving,
        board,
        carry_out,
        elsewhere,
        freezing,
        here,
        logs,
        looking,
        outputs,
        own_tests,
        removing,
        samples,
        setup,
        shell,
        watching,
        whose,
    )

__all__ = [
    "access",
    "adopting",
    "approving",
    "board",
    "carry_out",
    "elsewhere",
    "freezing",
    "here",
    "logs",
    "looking",
    "outputs",
    "own_tests",
    "removing",
    "samples",
    "setup",
    "shell",
    "watching",
    "whose",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.{name}")
