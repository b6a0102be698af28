"""Calls one function of a unit in a process of this machine: the code of the work tree, the layer that is locked.

Nothing is built, published or deployed, and nothing is shut in: it is the user's own code on the user's own terminal,
where a debugger may stop it. Its variables are those of the finished template, in which the ids of resources are only
like those that CloudFormation will make; of credentials it has what the caller gives it.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import attrs

from multi_env_lambda.building.asked import completed
from multi_env_lambda.building.handler import Handler
from multi_env_lambda.building.here_run import DEBUGGER_LEFT
from multi_env_lambda.building.own_tests import code_folders
from multi_env_lambda.building.preflight_process import Outcome, compile_loaded, site_packages
from multi_env_lambda.building.unpacked import kept_layer, layer_folders
from multi_env_lambda.errors import CheckFailed
from multi_env_lambda.host import lambda_answers, lambda_python
from multi_env_lambda.host.private import private_folder
from multi_env_lambda.host.process import run_attached
from multi_env_lambda.make.dependencies import build_dependencies
from multi_env_lambda.make.handlers import handlers_of
from multi_env_lambda.make.stack_file import template_of_unbuilt
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.lambda_image import OF_EVERY_FUNCTION
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.published import Published
from multi_env_lambda.model.settings import Function

__all__ = ["Call", "Returned", "call_here"]

_PROGRAM = Path(__file__).parents[1] / "building" / "here_run.py"
_MOST_LOGGED = 1 << 20
_STDERR = 2
_OF_NOBODY = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


@attrs.frozen(kw_only=True)
class Call:
    """What is called, and how.

    Args:
        cache: where what is locked is kept.
        bucket: of the artifacts, in the environment's region.
        variables: what the process gets besides the function's own: PATH, and credentials if there are any.
        attached: on this terminal; else what it prints is kept, and it reads nothing.
    """

    root: Path
    cache: Path
    project: Project
    environment: Environment
    bucket: str
    function: Function
    interpreter: Path
    event: Any
    variables: Mapping[str, str]
    attached: bool


@attrs.frozen(kw_only=True)
class Returned:
    """``answer`` as the runtime would give it, and what the function logged, if that was kept; ``seconds`` of the call.

    ``error`` is whether the function raised, or returned what has no JSON.
    """

    answer: bytes
    error: bool
    log: str
    seconds: float


def call_here(call: Call) -> Returned:
    """Call it once.

    Raises:
        ConfigurationError: the unit's lock or template is wrong.
        ToolError: the interpreter could not be started.
        CheckFailed: the debugger was left.
    """
    call = attrs.evolve(call, project=completed(call.root, call.project))
    layer = build_dependencies(call.root, call.cache, call.project, Published()).layer
    zipped, handler = None if layer is None else layer.built.layer, _handler(call)
    with (
        private_folder() as folder,
        kept_layer(zipped, call.cache / "preflight", "python/", where=call.project.folder) as packages,
    ):
        orders, answer, log = folder / "orders.json", folder / "answer.json", folder / "log"
        orders.write_text(json.dumps(_orders(call, handler, packages)), encoding="utf-8")
        words = [os.fspath(part) for part in (call.interpreter, "-I", "-S", _PROGRAM, orders, answer)]
        began = time.monotonic()
        with _output(call, log) as output:
            status = run_attached(
                words,
                env=_variables(call, handler, folder),
                where=f"Python {call.project.python}",
                hint="install it again",
                cwd=_top(call),
                streams=output,
            )
        seconds = time.monotonic() - began
        found = json.loads(answer.read_text(encoding="utf-8")) if answer.exists() else _exited(status)
        _compile(call, folder, packages, found.get("loaded", []))
        said = _tail(log) if log.exists() else ""
        if found.get("details", {}).get("errorType") == DEBUGGER_LEFT:
            raise _debugger_left(call)
        if found["status"] == "ok":
            return Returned(answer=found["payload"].encode("latin-1"), error=False, log=said, seconds=seconds)
        return Returned(answer=json.dumps(found["details"]).encode(), error=True, log=said, seconds=seconds)


def _debugger_left(call: Call) -> CheckFailed:
    where = f"{call.project.name}.{call.function.key} in {call.environment.name}"
    if call.attached:
        return CheckFailed(where, "you left the debugger, so the function did not answer", hint="`c` lets it go on")
    hint = "run it at a terminal, or set PYTHONBREAKPOINT=0 to go on without a debugger"
    return CheckFailed(where, "the debugger found no terminal, so the function did not answer", hint=hint)


def _top(call: Call) -> Path:
    """Where Lambda has the top of the function's code."""
    return call.root / call.project.folder / call.function.root


def _compile(call: Call, folder: Path, packages: Path | None, loaded: list[str]) -> None:
    """The bytecode of what was imported from the layer, for the next call."""
    if packages is not None:
        (folder / "task").mkdir()
        met = Outcome(answers=({"loaded": loaded},), status=0, seconds=0, tail="")
        compile_loaded(met, packages, call.interpreter, folder)


def _exited(status: int) -> dict[str, Any]:
    """As Lambda says it of a process that is gone."""
    text = f"Runtime exited with error: exit status {status}" if status else "Runtime exited without providing a reason"
    return {"status": "error", "details": {"errorMessage": text, "errorType": "Runtime.ExitError"}}


def _handler(call: Call) -> Handler:
    """With the variables of the finished template. Which bytes of the code it names does not matter for them."""
    template = template_of_unbuilt(call.root, call.project, call.environment, call.bucket)
    templates = {call.environment.name: template}
    found = handlers_of(call.project, (call.environment,), templates)
    return next(handler for handler in found if handler.key == call.function.key)


def _orders(call: Call, handler: Handler, packages: Path | None) -> dict[str, Any]:
    code = code_folders(call.root, call.project, call.function.root)
    within = [] if packages is None else layer_folders(packages)
    place, name = call.environment, call.project.function_name(call.environment.name, call.function.key)
    return {
        "module": handler.module,
        "function": handler.function,
        "event": call.event,
        "timeout": call.function.timeout,
        "arn": f"arn:{place.partition}:lambda:{place.region}:{place.account_id}:function:{name}",
        "first": [os.fspath(path) for path in (*code, *within)],
        "last": [os.fspath(path) for path in site_packages(call.interpreter)],
        "lambda_answers": lambda_answers.__file__,
        "lambda_python": lambda_python.__file__,
    }


def _variables(call: Call, handler: Handler, folder: Path) -> dict[str, str]:
    region = call.environment.region
    return {
        **{name: value for name, value in OF_EVERY_FUNCTION.items() if name != "PYTHONPATH"},
        **_OF_NOBODY,
        "TMPDIR": os.fspath(folder),
        "LAMBDA_TASK_ROOT": os.fspath(_top(call)),
        **handler.variables,
        **handler.runtime,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        **call.variables,
    }


@contextmanager
def _output(call: Call, log: Path) -> Iterator[Mapping[str, int | IO[bytes]]]:
    """What it prints is its log, never its answer: it goes to stderr, or into a file."""
    if call.attached:
        yield {"stdout": _STDERR}
        return
    with log.open("wb") as file:
        yield {"stdin": subprocess.DEVNULL, "stdout": file, "stderr": subprocess.STDOUT}


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _MOST_LOGGED))
        return file.read().decode("utf-8", "replace")
