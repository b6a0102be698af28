"""A function sees what Lambda would give it: its own variables, its own scratch folder and its role, but no home
folder.

Reason: ministack passes on its whole environment, including the location of its state and the user's proxy with its
password. All functions share one home, half of Lambda's variables are missing, the credentials of a function's role are
derived from names and so can be computed by anyone, and a function can read, write and start whatever the user can.
Here the kernel limits it to its code, layers, interpreter and scratch folder, if it can (``host/sandbox.py``); the
network stays open.
Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import hashlib
import hmac
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import types
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .names import load, original
from .sandboxed import sandboxed

__all__ = ["patch"]

_KEPT = ("NO_PROXY", "PYTHONNOUSERSITE", "PYTHONSAFEPATH", "SSL_CERT_FILE")
_PATH = ("/usr/local/bin", "/usr/bin", "/bin")

starting = threading.local()
"""``config``: of the function whose process is being started in this thread; ``stream``: the log's, of its process."""

_Credentials = Callable[[dict[str, Any]], dict[str, str]]


def patch(secret: str, programs: Sequence[str], variables: Mapping[str, str]) -> None:
    """``secret`` is that of this start; without it nobody can compute a function's credentials.

    ``programs`` are those that Lambda has, ``variables`` those that it sets for every function.
    """
    runtime, functions = load("ministack.core.lambda_runtime"), load("ministack.services.lambda_svc")
    credentials = _unguessable(secret)
    for module in (runtime, functions):
        original(module, "execution_credentials")
        module.execution_credentials = credentials
        module.subprocess = _with_clean_processes(original(module, "subprocess"), programs, variables)
    spawn = original(runtime.Worker, "_spawn")

    def spawn_with_config(worker: Any) -> None:
        starting.config = worker.config
        try:
            spawn(worker)
        finally:
            starting.config = None

    runtime.Worker._spawn = spawn_with_config


def _unguessable(secret: str) -> _Credentials:
    runtime, sts = load("ministack.core.lambda_runtime"), load("ministack.services.sts")
    place, register = original(runtime, "_account_region_from_function_config"), original(sts, "register_session")

    def credentials(config: dict[str, Any]) -> dict[str, str]:
        account_id, _ = place(config)
        role_arn, name = str(config.get("Role", "")), str(config.get("FunctionName", "function"))[:64]
        role = role_arn.rpartition("/")[2]

        def derived(purpose: str) -> str:
            text = "\n".join([purpose, str(config.get("FunctionArn", "")), role_arn])
            return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()

        key, secret_key, token = f"ASIA{derived('key')[:16].upper()}", derived("secret"), derived("token")
        session = {
            "Arn": f"arn:aws:sts::{account_id}:assumed-role/{role}/{name}",
            "UserId": f"{role}:{name}",
            "SecretAccessKey": secret_key,
            "SessionToken": token,
        }
        register(key, session)
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret_key, "AWS_SESSION_TOKEN": token}

    return credentials


def _with_clean_processes(module: Any, programs: Sequence[str], variables: Mapping[str, str]) -> Any:
    """The module ``subprocess``, with processes that get a prepared environment and little else of this machine."""
    replaced = types.ModuleType("subprocess")
    vars(replaced).update(vars(module))

    class Process(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, args: Any, **options: Any) -> None:
            if "env" in options and "cwd" in options:
                binary = shutil.which(str(args[0])) or str(args[0])
                private = _private_folder(Path(options["cwd"]))
                # A function of Python gives up what it has no need of itself, and keeps its own interpreter.
                python = binary if Path(binary).name.startswith("python") else sys.executable
                own, write = _files(binary, options, private)
                orders = private / "sandbox.json"
                gives_up = sandboxed(python, orders, own=own, write=write, programs=programs)
                args = [*gives_up, binary, *args[1:]]
                config = getattr(starting, "config", None) or {}
                of_itself = _of(config, options["env"])
                starting.stream = of_itself["AWS_LAMBDA_LOG_STREAM_NAME"]
                options["env"] = {**variables, **of_itself, **_clean(options["env"], private, binary)}
            super().__init__(args, **options)

    vars(replaced)["Popen"] = Process
    return replaced


def _private_folder(code: Path) -> Path:
    # ministack unpacks a function's code into a folder of its worker, which is removed with it.
    private = code.parent if code.name == "code" else Path(tempfile.mkdtemp(prefix="function-"))
    (private / "tmp").mkdir(mode=0o700, exist_ok=True)
    return private


def _files(binary: str, options: Mapping[str, Any], private: Path) -> tuple[list[str], list[str]]:
    """To read and to write. Layers are kept for the next function, so only bytecode may be written there."""
    layers = [Path(name).resolve() for name in _layers(options["env"])]
    kept = [folder for layer in layers for folder, _, _ in os.walk(layer) if folder.endswith("/__pycache__")]
    own = [os.fspath(path) for path in (binary, options["cwd"], private, *layers)]
    return own, [os.fspath(private / "tmp"), *kept]


def _layers(environment: Mapping[str, str]) -> list[str]:
    return [name for name in environment.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep) if name]


def _of(config: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """What Lambda tells a function about itself, if ministack does not."""
    logging, version = config.get("LoggingConfig") or {}, str(config.get("Version", "$LATEST"))
    names = {"LogFormat": "AWS_LAMBDA_LOG_FORMAT", "ApplicationLogLevel": "AWS_LAMBDA_LOG_LEVEL"}
    is_json = logging.get("LogFormat") == "JSON"
    code, layers = given.get("LAMBDA_TASK_ROOT", ""), _layers(given)
    libraries = [code, os.path.join(code, "lib"), *(os.path.join(layer, "lib") for layer in layers)]
    return {
        **{variable: logging[name] for name, variable in names.items() if is_json and logging.get(name)},
        "AWS_LAMBDA_LOG_GROUP_NAME": logging.get("LogGroup") or f"/aws/lambda/{config.get('FunctionName', '')}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{datetime.now(UTC):%Y/%m/%d}/[{version}]{uuid.uuid4().hex}",
        "LD_LIBRARY_PATH": os.pathsep.join(libraries),
        "PWD": code,
        "_HANDLER": str(config.get("Handler", "")),
    }


def _clean(given: Mapping[str, str], private: Path, binary: str) -> dict[str, str]:
    """What equals the server's environment is the server's, and the rest is the function's."""
    own = {name: value for name, value in given.items() if name in _KEPT or os.environ.get(name) != value}
    own.pop("AWS_LAMBDA_LOG_STREAM_NAME", None)  # ministack's is another one than that of the log
    folders = [os.path.dirname(binary)] if os.path.isabs(binary) else []
    path = os.pathsep.join([*folders, *_PATH, *(os.path.join(layer, "bin") for layer in _layers(given))])
    return {"PATH": path, **own, "TMPDIR": os.fspath(private / "tmp")}
