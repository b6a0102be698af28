"""Runs code of the repository in a sandboxed child of this package: a value in, an answer in bytes out.

The child has this package and its dependencies, no credentials, no network, no other process, and of this user's files
only those that are named (``confined.py``). Its answer is not trusted.
"""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.confined import Bounds, Ended, run_confined
from multi_env_lambda.masking import masked
from multi_env_lambda.model.visible import visible

__all__ = ["answer_of", "pass_on", "run_own"]

_MOST_SAID = 20_000
_TAIL = 500
_NEEDED = ("attr", "cottonformation", "packaging")
_PACKAGE = Path(__file__).resolve().parents[1]
# The package is loaded by its file: the caller's path does not matter there.
_START = """
import importlib, importlib.util, sys
sys.path += sys.argv[3:]
spec = importlib.util.spec_from_file_location("multi_env_lambda", sys.argv[1])
sys.modules["multi_env_lambda"] = package = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
importlib.import_module(sys.argv[2]).main()
"""


def run_own(
    module: str,
    value: object,
    *,
    own: Sequence[Path],
    where: str,
    seconds: float,
    env: Mapping[str, str] | None = None,
    start: Callable[..., Ended] = run_confined,
) -> Ended:
    """Run ``main`` of a module of this package, which reads ``value`` and answers (``answering.py``).

    Args:
        own: what else it may read.
        start: runs a program that is shut in, as ``run_confined`` does.

    Raises:
        ToolError: it could not be started.
    """
    packages = _package_folders()
    bounds = Bounds(own=(*own, _PACKAGE, *packages), children=False, attributes=False, seconds=seconds)
    return start(
        [sys.executable, "-I", "-B", "-c", _START, _PACKAGE / "__init__.py", module, *packages],
        bounds,
        where=where,
        stdin=pickle.dumps(value),
        env=env,
    )


def pass_on(said: str) -> None:
    """Show what it printed, without secrets, and escaped so that a terminal obeys none of it."""
    if said:
        # More than is shown, so that a secret at the end of that is whole.
        shown = visible(masked(said[: 2 * _MOST_SAID]))
        sys.stderr.write(shown if len(shown) <= _MOST_SAID else f"{shown[:_MOST_SAID]}\n… {len(said)} characters\n")


def answer_of(ended: Ended, function: str, *, where: str, seconds: float) -> Any:
    """What it answered, as JSON of which nothing is known.

    Raises:
        ConfigurationError: it did not come to an answer, or answered with an error.
    """
    if ended.status != 0:
        raise ConfigurationError(where, _end_of(ended, seconds), hint=f"let {function}() return, and soon")
    if not ended.answer:
        what = "ended its process without an answer"
        raise ConfigurationError(where, what, hint=f"do not call os._exit(); let {function}() return")
    try:
        said = json.loads(ended.answer, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        what = f"its answer cannot be read: {error}"
        raise ConfigurationError(where, what, hint="leave the files alone that were open before it ran") from error
    match said:
        case {"error": [str(what), str(hint)]}:
            raise ConfigurationError(where, what, hint=hint)
        case _:
            return said


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


def _end_of(ended: Ended, seconds: float) -> str:
    tail = ended.said.strip()[-_TAIL:]
    match ended.status:
        case None:
            return f"did not end within {seconds:g} seconds"
        case status if status < 0:
            return f"was ended by signal {-status}, as more than {seconds:g} seconds of processor time are: {tail}"
        case status:
            return f"ended its process with status {status}: {tail}"


def _package_folders() -> list[Path]:
    """Where this process has from what the child needs, for an installation that is on no interpreter's own path."""
    found = [spec.submodule_search_locations for name in _NEEDED if (spec := find_spec(name)) is not None]
    return list(dict.fromkeys(Path(places[0]).parent for places in found if places))
