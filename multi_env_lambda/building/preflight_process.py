"""The process of an import check: how it is started, what it may use of this machine, and what it left behind."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.building.preflight_answers import read_answers
from multi_env_lambda.building.unpacked import without_bytecode
from multi_env_lambda.errors import ToolError
from multi_env_lambda.host import sandbox
from multi_env_lambda.host.groups import group_of
from multi_env_lambda.host.timing import timed
from multi_env_lambda.model.lambda_image import LIBRARY_FOLDERS, OF_EVERY_FUNCTION, LambdaImage

__all__ = [
    "Outcome",
    "compile_loaded",
    "environment_of",
    "lambda_environment",
    "link_programs",
    "own_libraries",
    "site_packages",
    "start",
]

_TAIL_BYTES = 2000
_COMPILING_BYTES, _COMPILING_SECONDS = 2 << 30, 60.0


@attrs.frozen(kw_only=True)
class Outcome:
    """What the interpreter wrote before it ended; ``status`` is None if the time limit ended it."""

    answers: tuple[Mapping[str, Any], ...]
    status: int | None
    seconds: float
    tail: str
    layer_folder: Path | None = None


def link_programs(folder: Path, image: LambdaImage, python: Path) -> None:
    """PATH has what it has in Lambda, as far as this machine has it: a developer's tool is not found."""
    folder.mkdir()
    # By its own name, because an interpreter looks for its packages relative to its name.
    for name in ("python", "python3"):
        (folder / name).write_text(f'#!/bin/sh\nexec {shlex.quote(os.fspath(python))} "$@"\n', encoding="utf-8")
        (folder / name).chmod(0o755)
    for name in image.programs:
        if (found := shutil.which(name, path=os.pathsep.join(sandbox.PROGRAM_FOLDERS))) is not None:
            (folder / name).symlink_to(found)


def start(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], seconds: float, count: int = 0
) -> Outcome:
    """Run it until it ends, or for so many seconds; it answers about ``count`` handlers."""
    # Output goes to a file: a child that outlives the handler's module would hold a pipe open indefinitely.
    with (folder / "output").open("wb") as output:
        try:
            process = subprocess.Popen(
                [os.fspath(word) for word in command],
                cwd=folder / "task",
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            what = f"`{command[0]}` could not be started: {error.strerror}"
            raise ToolError("preflight", what, hint="pass the path of a Python interpreter") from error
        status: int | None = None
        with timed("program", "import check"), group_of(process), suppress(subprocess.TimeoutExpired):
            status = process.wait(timeout=seconds)
    return Outcome(
        answers=read_answers(folder / "answers.jsonl", count),
        status=status,
        seconds=seconds,
        tail=_tail(folder / "output"),
    )


def compile_loaded(outcome: Outcome, layer: Path, python: Path, folder: Path) -> None:
    """Make the bytecode of what was imported from the layer, for the next one, by a process that runs none of it.

    Python believes what bytecode says, and a layer is shared: the process that ran it could leave anything there.
    """
    said = [answer.get("loaded") for answer in outcome.answers]
    names = {name for names in said if isinstance(names, list) for name in names if isinstance(name, str)}
    modules = without_bytecode(layer, sorted(names))
    if not modules:
        return
    places = {module.parent / "__pycache__" for module in modules}
    for place in places:
        place.mkdir(exist_ok=True)
    listed, orders = folder / "loaded", folder / "compiling.json"
    listed.write_text("".join(f"{module}\n" for module in modules), encoding="utf-8", errors="surrogateescape")
    given = {"own": [str(layer), str(listed)], "write": [str(place) for place in places], "programs": []}
    bounds = {
        "parent": os.getpid(),
        "scratch": False,
        "network": False,
        "children": False,
        "limits": {"AS": _COMPILING_BYTES},
    }
    orders.write_text(json.dumps({**given, **bounds}), encoding="utf-8")
    alone: list[str | Path] = [python, "-I", "-S", sandbox.__file__, orders]
    start([*alone, python, "-I", "-S", "-m", "compileall", "-q", "-i", listed], folder, {}, _COMPILING_SECONDS)


def _tail(path: Path) -> str:
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        return stream.read(_TAIL_BYTES).decode("utf-8", "replace").strip()


def lambda_environment(folder: Path, scratch: Path, own: Mapping[str, str]) -> dict[str, str]:
    """The variables of a function, with paths of this machine and nothing of the user's. Its keys are worthless."""
    region, task = own.get("AWS_REGION", "us-east-1"), folder / "task"
    return {
        **OF_EVERY_FUNCTION,
        "PATH": os.fspath(folder / "bin"),
        "LD_LIBRARY_PATH": os.pathsep.join([*LIBRARY_FOLDERS, *map(os.fspath, own_libraries(task)), "/opt/lib"]),
        "PWD": os.fspath(task),
        "LAMBDA_TASK_ROOT": os.fspath(task),
        "TMPDIR": os.fspath(scratch),
        "AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "not-a-key",
        "AWS_SESSION_TOKEN": "not-a-token",
        **own,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }


def site_packages(interpreter: Path) -> list[Path]:
    """The packages of its venv. ``-S`` leaves them out, so that nothing in them runs automatically (``.pth`` files)."""
    venv = interpreter.parent.parent
    return sorted(venv.glob("lib/python3*/site-packages")) if (venv / "pyvenv.cfg").is_file() else []


def own_libraries(task: Path) -> tuple[Path, Path]:
    """Where the loader finds the libraries of a function's code."""
    return task, task / "lib"


def environment_of(folder: Path, scratch: Path, own: Mapping[str, str]) -> dict[str, str]:
    """For a job: the variables of AWS and its own, and nothing of the user's; credentials cannot be found."""
    region = own.get("AWS_REGION") or own.get("AWS_DEFAULT_REGION") or "us-east-1"
    return {
        "PATH": str(folder / "bin"),
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "HOME": str(folder / "home"),  # never made: what this machine has there cannot change the answer
        "TMPDIR": str(scratch),
        **own,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
