"""The templates of a unit, with what its ``stack.py`` adds: values in, documents out.

The file is untrusted code. It runs in one child process for all environments, without credentials, network or access to
this user's files, and with limits on time, memory and output (``host/confined.py``). Every check of a template is made
here, on what comes back.
"""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.confined import Bounds, Ended, run_confined
from multi_env_lambda.model.visible import visible
from multi_env_lambda.plan.template import StackInput, drafted, finished, stack_file
from multi_env_lambda.plan.template.parts import Json

__all__ = ["SECONDS", "templates_of"]

SECONDS = 30.0
_MOST_SAID = 20_000
_TAIL = 500
_NEEDED = ("attr", "cottonformation", "packaging")
_PACKAGE = Path(__file__).resolve().parents[1]
# The package is loaded by its file: the caller's path does not matter there.
_START = """
import importlib.util, sys
sys.path += sys.argv[2:]
spec = importlib.util.spec_from_file_location("multi_env_lambda", sys.argv[1])
sys.modules["multi_env_lambda"] = package = importlib.util.module_from_spec(spec)
spec.loader.exec_module(package)
from multi_env_lambda.make.stack_run import main
main()
"""


def templates_of(
    root: Path, units: Sequence[StackInput], *, seconds: float = SECONDS, start: Callable[..., Ended] = run_confined
) -> dict[str, str]:
    """By environment, the finished template of one unit; a unit without a ``stack.py`` starts nothing.

    Args:
        seconds: how long the file may take.
        start: runs a program that is shut in, as ``run_confined`` does.

    Raises:
        ConfigurationError: the settings, or what ``stack.py`` made of them, cannot become a stack.
    """
    drafts = [drafted(unit) for unit in units]
    if not (root / stack_file(units[0].project)).is_file():
        return {unit.environment.name: finished(unit, draft) for unit, draft in zip(units, drafts, strict=True)}
    grown = _extended(root.resolve(), units, drafts, seconds, start)
    return {
        unit.environment.name: finished(unit, document, of_stack=True)
        for unit, document in zip(units, grown, strict=True)
    }


def _extended(
    root: Path, units: Sequence[StackInput], drafts: Sequence[Json], seconds: float, start: Callable[..., Ended]
) -> list[Json]:
    """What the file made of each draft, as it says."""
    project = units[0].project
    where = stack_file(project)
    folders = [root / folder for folder in (project.folder, *project.shared)]
    packages = _package_folders()
    bounds = Bounds(own=(*folders, _PACKAGE, *packages), children=False, attributes=False, seconds=seconds)
    ended = start(
        [sys.executable, "-I", "-B", "-c", _START, _PACKAGE / "__init__.py", *packages],
        bounds,
        where=where,
        stdin=pickle.dumps((root, tuple(zip(units, drafts, strict=True)))),
        env={"AWS_DEFAULT_REGION": units[0].environment.region},
    )
    _pass_on(ended.said)
    return _read(ended, len(units), where, seconds)


def _package_folders() -> list[Path]:
    """Where this process has from what the child needs, for an installation that is on no interpreter's own path."""
    found = [spec.submodule_search_locations for name in _NEEDED if (spec := find_spec(name)) is not None]
    return list(dict.fromkeys(Path(places[0]).parent for places in found if places))


def _pass_on(said: str) -> None:
    """What it printed, where a terminal takes none of it for an order."""
    if said:
        shown = visible(said)
        sys.stderr.write(shown if len(shown) <= _MOST_SAID else f"{shown[:_MOST_SAID]}\n… {len(shown)} characters\n")


def _read(ended: Ended, count: int, where: str, seconds: float) -> list[Json]:
    """The documents, if these are as many tables as there are drafts.

    Raises:
        ConfigurationError: it says what went wrong, or nothing that could be read.
    """
    if ended.status != 0:
        raise ConfigurationError(where, _end_of(ended, seconds), hint="let extend() return, and soon")
    if not ended.answer:
        what = "ended its process without an answer"
        raise ConfigurationError(where, what, hint="do not call os._exit(); let extend() return")
    try:
        said = json.loads(ended.answer, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        what = f"its answer cannot be read: {error}"
        raise ConfigurationError(where, what, hint="leave the files alone that were open before it ran") from error
    match said:
        case {"error": [str(what), str(hint)]}:
            raise ConfigurationError(where, what, hint=hint)
        case {"documents": [*documents]} if len(documents) == count and all(map(_is_template, documents)):
            return documents
        case _:
            what = "what it gave back are no templates"
            raise ConfigurationError(where, what, hint="each resource is a table with a Type; see the file's merges")


def _end_of(ended: Ended, seconds: float) -> str:
    tail = ended.said.strip()[-_TAIL:]
    match ended.status:
        case None:
            return f"did not end within {seconds:g} seconds"
        case status if status < 0:
            return f"was ended by signal {-status}, as more than {seconds:g} seconds of processor time are: {tail}"
        case status:
            return f"ended its process with status {status}: {tail}"


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


def _is_template(found: Any) -> bool:
    resources = found.get("Resources") if isinstance(found, dict) else None
    return isinstance(resources, dict) and all(
        isinstance(body, dict) and isinstance(body.get("Type"), str) for body in resources.values()
    )
