"""The process of an import proof: how it is started, what it may use of this machine, and what it left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.errors import ToolError
from multi_env_lambda.host import sandbox
from multi_env_lambda.model.lambda_image import LambdaImage

__all__ = ["Outcome", "environment_of", "link_programs", "start"]

_TAIL_BYTES = 2000


@attrs.frozen(kw_only=True)
class Outcome:
    """What the interpreter wrote before it ended; ``status`` is None where it was ended by the time limit."""

    answers: tuple[Mapping[str, Any], ...]
    status: int | None
    seconds: float
    tail: str
    layer_folder: Path | None = None


def link_programs(folder: Path, image: LambdaImage) -> None:
    """PATH has what Lambda's has, as far as this machine has it: a tool of the developer is not found."""
    folder.mkdir()
    for name in image.programs:
        if (found := shutil.which(name, path=os.pathsep.join(sandbox.PROGRAM_FOLDERS))) is not None:
            (folder / name).symlink_to(found)


def start(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], seconds: float) -> Outcome:
    # Output goes to a file: a child that outlives the handler's module would hold a pipe open for ever.
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
            raise ToolError("preflight", what, hint="give the path of a Python interpreter") from error
        status: int | None = None
        try:
            status = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _end_group(process)
    answers = folder / "answers.jsonl"
    lines = answers.read_text(encoding="utf-8").splitlines() if answers.exists() else []
    tail = (folder / "output").read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace").strip()
    return Outcome(answers=tuple(json.loads(line) for line in lines), status=status, seconds=seconds, tail=tail)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def environment_of(folder: Path, own: Mapping[str, str]) -> dict[str, str]:
    """The variables of AWS and its own, and nothing of the user; credentials cannot be found."""
    region = own.get("AWS_REGION") or own.get("AWS_DEFAULT_REGION") or "us-east-1"
    return {
        "PATH": str(folder / "bin"),
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "HOME": "/home/sbx_user1051",  # as in Lambda, where nobody can write to it either
        "TMPDIR": str(folder / "tmp"),
        **own,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
