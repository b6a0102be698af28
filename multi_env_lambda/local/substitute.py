"""Which runtime a unit gets on this machine, where the one it asks for is not at hand."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable, Mapping

from multi_env_lambda.host.interpreter import find_python

__all__ = ["machine_architecture", "substitutes"]

_PREFIX = "python"


def substitutes(runtimes: Iterable[str]) -> Mapping[str, str]:
    """The runtimes that this machine cannot run, each with the one that stands in: ``{"python3.13": "python3.11"}``.

    What is not Python is left alone.
    """
    own = f"{_PREFIX}{sys.version_info[0]}.{sys.version_info[1]}"
    wanted = sorted({runtime for runtime in runtimes if runtime.startswith(_PREFIX)})
    return {runtime: own for runtime in wanted if find_python(runtime.removeprefix(_PREFIX)) is None}


def machine_architecture() -> str:
    """The machine's processor in Lambda's words: functions run on this machine, whatever their configuration says."""
    return "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"
