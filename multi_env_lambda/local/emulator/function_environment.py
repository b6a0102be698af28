"""A function sees what Lambda would give it: its own settings, a home and a folder for scratch of its own, its role.

Reason: ministack hands on its whole environment, with where its state lies and the user's proxy and its password; all
functions share one home; it derives the keys of a function's role from names, so that anybody can compute them; and a
function may read, write and start whatever the user may. Here the kernel keeps it to its code, its layers, its
interpreter and scratch, where it can (``host/sandbox.py``); the network stays open.
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
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .names import load, original
from .sandboxed import sandboxed

__all__ = ["patch"]

_KEPT = ("NO_PROXY", "PYTHONNOUSERSITE", "PYTHONSAFEPATH", "SSL_CERT_FILE")
_AS_ON_LAMBDA = {"LANG": "en_US.UTF-8", "TZ": ":UTC"}
_PATH = ("/usr/local/bin", "/usr/bin", "/bin")

_Credentials = Callable[[dict[str, Any]], dict[str, str]]


def patch(secret: str, programs: Sequence[str]) -> None:
    """``secret`` is the one of this start, without which nobody can compute a function's keys.

    ``programs`` are those that Lambda has.
    """
    runtime, functions = load("ministack.core.lambda_runtime"), load("ministack.services.lambda_svc")
    credentials = _unguessable(secret)
    for module in (runtime, functions):
        original(module, "execution_credentials")
        module.execution_credentials = credentials
        module.subprocess = _with_clean_processes(original(module, "subprocess"), programs)


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


def _with_clean_processes(module: Any, programs: Sequence[str]) -> Any:
    """The module ``subprocess`` whose processes get an environment made for them, and little else of this machine."""
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
                options["env"] = _clean(options["env"], private, Path(binary))
            super().__init__(args, **options)

    vars(replaced)["Popen"] = Process
    return replaced


def _private_folder(code: Path) -> Path:
    # ministack unpacks a function's code into a folder of its worker, which is removed with it.
    private = code.parent if code.name == "code" else Path(tempfile.mkdtemp(prefix="function-"))
    for name in ("home", "tmp"):
        (private / name).mkdir(mode=0o700, exist_ok=True)
    return private


def _files(binary: str, options: Mapping[str, Any], private: Path) -> tuple[list[str], list[str]]:
    """To read and to write. Layers are kept for the next function, so bytecode is all that may be written there."""
    names = options["env"].get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep)
    layers = [Path(name).resolve() for name in names if name]
    kept = [folder for layer in layers for folder, _, _ in os.walk(layer) if folder.endswith("/__pycache__")]
    own = [os.fspath(path) for path in (binary, options["cwd"], private, *layers)]
    return own, [*(os.fspath(private / name) for name in ("home", "tmp")), *kept]


def _clean(given: Mapping[str, str], private: Path, binary: Path) -> dict[str, str]:
    """What is as in the server's environment is the server's, and the rest the function's."""
    own = {name: value for name, value in given.items() if name in _KEPT or os.environ.get(name) != value}
    made = {"HOME": os.fspath(private / "home"), "TMPDIR": os.fspath(private / "tmp")}
    path = os.pathsep.join([os.fspath(binary.parent), *_PATH] if binary.is_absolute() else _PATH)
    return {**_AS_ON_LAMBDA, "PATH": path, **own, **made}
