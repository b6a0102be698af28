"""Before anything is published: every handler is imported in a clean interpreter that has what Lambda has."""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.build.borrowed import borrowed, hint_of, missing_here
from multi_env_lambda.build.elf import elf_machine
from multi_env_lambda.build.imports import (
    Code,
    Handler,
    check_statically,
    missing_module,
    no_function,
    no_module,
    read_code,
)
from multi_env_lambda.build.shared_objects import Missing, missing_library_hint
from multi_env_lambda.build.unpacked import kept_folder, unpack
from multi_env_lambda.errors import BuildError, ConfigurationError, ToolError
from multi_env_lambda.host import sandbox
from multi_env_lambda.host.files import sha256_of
from multi_env_lambda.host.interpreter import intact_runtime
from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.lambda_image import AMAZON_LINUX_2023, LambdaImage

__all__ = ["check_handlers", "check_job_entries"]

_VERSION = 3
_PROGRAM = Path(__file__).with_name("preflight_run.py")
_SANDBOX = Path(sandbox.__file__)
_TAIL_BYTES = 2000
_ARCHITECTURES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def check_handlers(
    wheel: Path,
    layer: Path | None,
    handlers: tuple[tuple[str, str], ...],
    *,
    interpreter: Path | None,
    where: str,
    environment: Mapping[str, str],
    image: LambdaImage = AMAZON_LINUX_2023,
    unloadable: Mapping[str, tuple[Missing, ...]] | None = None,
    cache: Path | None = None,
    seconds: float = 60,
) -> None:
    """Find a handler that would not start in Lambda; ``handlers`` are (function key, handler).

    ``interpreter`` belongs to a venv that holds boto3 alone. Without one, and where the layer is for another processor
    than this machine's, the handlers are looked at and not imported; jobs (`module:function`) never are.
    ``image`` is the machine that they will run on, ``unloadable`` the objects of the layer that it could not load.
    A success is remembered in ``cache``.

    Raises:
        ConfigurationError: with the function, its handler, and what is missing.
    """
    wanted = tuple(Handler(key=key, text=text) for key, text in handlers)
    with _readable(where):
        code = read_code(wheel, layer)
        check_statically(code, wanted, where=where)
        imported = tuple(handler for handler in wanted if not handler.is_job)
        if interpreter is None or not imported or not _runs_here(layer):
            return
        check = _Check(
            wheel=wheel,
            layer=layer,
            handlers=imported,
            interpreter=interpreter,
            environment=dict(environment),
            image=image,
            unloadable=unloadable or {},
            where=where,
        )
        mark = None if cache is None else cache / "preflight" / check.digest()
        if mark is None or not mark.exists():
            _judge(check, code, check.run(cache, seconds))
            if mark is not None:
                mark.parent.mkdir(parents=True, exist_ok=True)
                mark.touch()


def check_job_entries(wheel: Path, entries: tuple[tuple[str, str], ...], *, where: str) -> None:
    """Find a Glue job, as (job key, `module:function`), whose entry is not in the wheel; nothing is run.

    Raises:
        ConfigurationError: with the job, its entry, and what is missing.
    """
    with _readable(where):
        check_statically(read_code(wheel, None), [Handler(key=key, text=text) for key, text in entries], where=where)


@contextmanager
def _readable(where: str) -> Iterator[None]:
    try:
        yield
    except zipfile.BadZipFile as error:
        raise BuildError(
            where, f"the wheel or the layer is not a readable zip: {error}", hint="build it again"
        ) from error


def _runs_here(layer: Path | None) -> bool:
    """Whether the compiled modules of the layer, if any, are for this machine's system and processor."""
    if layer is None:
        return True
    with zipfile.ZipFile(layer) as archive:
        for info in archive.infolist():
            if info.filename.endswith(".so"):
                with archive.open(info) as stream:
                    head = stream.read(20)
                here = _ARCHITECTURES.get(platform.machine()) if platform.system() == "Linux" else None
                if _machine_of(head) != here:
                    return False
    return True


def _machine_of(head: bytes) -> str:
    try:
        return elf_machine(head)
    except ValueError:
        return "nothing that could be loaded"


@attrs.frozen(kw_only=True)
class _Check:
    """One run of the clean interpreter."""

    wheel: Path
    layer: Path | None
    handlers: tuple[Handler, ...]
    interpreter: Path
    environment: Mapping[str, str]
    image: LambdaImage
    unloadable: Mapping[str, tuple[Missing, ...]]
    where: str

    def digest(self) -> str:
        """Everything that the outcome depends on."""
        return digest(
            {
                "version": _VERSION,
                "wheel": sha256_of(self.wheel),
                "layer": None if self.layer is None else sha256_of(self.layer),
                "handlers": [(handler.key, handler.text) for handler in self.handlers],
                "interpreter": [os.path.realpath(self.interpreter), _venv_settings(self.interpreter)],
                "environment": dict(self.environment),
                "image": [sorted(self.image.libraries), sorted(self.image.programs)],
            }
        )

    def run(self, cache: Path | None, seconds: float) -> _Outcome:
        with (
            tempfile.TemporaryDirectory(prefix="multi_env_lambda-", ignore_cleanup_errors=True) as scratch,
            _extracted(self.layer, cache, self.where) as layer_folder,
        ):
            folder = Path(scratch).resolve()
            unpack(self.wheel, folder / "task", "", where=self.where)
            interpreter = intact_runtime(self.interpreter)
            orders = self._orders(folder, layer_folder, interpreter)
            (folder / "orders.json").write_text(json.dumps(orders), encoding="utf-8")
            words: list[str | Path] = [
                interpreter,
                "-I",
                "-S",
                _PROGRAM,
                folder / "orders.json",
                folder / "answers.jsonl",
            ]
            _link_programs(folder / "bin", self.image)
            (folder / "tmp").mkdir()
            outcome = _start(words, folder, _lambda_environment(folder, self.environment), seconds)
            return attrs.evolve(outcome, layer_folder=layer_folder)

    def _orders(self, folder: Path, layer: Path | None, interpreter: Path) -> dict[str, Any]:
        packages = sorted(layer.glob("lib/python3*/site-packages")) if layer else []
        first = [folder / "task", *packages, *([layer] if layer else [])]
        # A process that the handler starts reads this program, too (`multiprocessing`).
        own = [folder / "task", *([layer] if layer else []), _PROGRAM]
        return {
            "first": [str(path) for path in first],
            "last": [str(path) for path in _site_packages(interpreter)],
            "sandbox": str(_SANDBOX),
            "own": [str(path) for path in own],
            "write": [str(folder / "tmp")],
            "bytecode": [str(layer)] if layer else [],
            "bin": str(folder / "bin"),
            "libraries": sorted(self.image.libraries),
            "programs": sorted(self.image.programs),
            "handlers": [
                {"key": h.key, "text": h.text, "module": h.module, "function": h.function} for h in self.handlers
            ],
        }


@attrs.frozen(kw_only=True)
class _Outcome:
    """What the interpreter wrote before it ended; ``status`` is None where it was ended by the time limit."""

    answers: tuple[Mapping[str, Any], ...]
    status: int | None
    seconds: float
    tail: str
    layer_folder: Path | None = None


def _link_programs(folder: Path, image: LambdaImage) -> None:
    """PATH has what Lambda's has, as far as this machine has it: a tool of the developer is not found."""
    folder.mkdir()
    for name in image.programs:
        if (found := shutil.which(name, path=os.pathsep.join(sandbox.PROGRAM_FOLDERS))) is not None:
            (folder / name).symlink_to(found)


def _start(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], seconds: float) -> _Outcome:
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
    return _Outcome(answers=tuple(json.loads(line) for line in lines), status=status, seconds=seconds, tail=tail)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _lambda_environment(folder: Path, own: Mapping[str, str]) -> dict[str, str]:
    """The variables that Lambda sets, those of the function, and nothing of the user; credentials cannot be found."""
    region = own.get("AWS_REGION") or own.get("AWS_DEFAULT_REGION") or "us-east-1"
    return {
        "PATH": str(folder / "bin"),
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "HOME": str(folder / "tmp"),
        "TMPDIR": str(folder / "tmp"),
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "LAMBDA_TASK_ROOT": str(folder / "task"),
        **own,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def _venv_settings(interpreter: Path) -> str:
    settings = interpreter.parent.parent / "pyvenv.cfg"
    return settings.read_text(encoding="utf-8") if settings.is_file() else ""


def _site_packages(interpreter: Path) -> list[Path]:
    # `-S` leaves out the venv's own packages, so that nothing in them runs by itself (`.pth` files).
    venv = interpreter.parent.parent
    return sorted(venv.glob("lib/python3*/site-packages")) if (venv / "pyvenv.cfg").is_file() else []


@contextmanager
def _extracted(layer: Path | None, cache: Path | None, where: str) -> Iterator[Path | None]:
    """The layer's ``python`` folder."""
    if layer is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="multi_env_lambda-") as scratch:
        kept = Path(scratch) if cache is None else cache / "preflight"
        with kept_folder(layer, kept / f"layer-{sha256_of(layer)}", "python/", where=where) as folder:
            yield folder


def _judge(check: _Check, code: Code, outcome: _Outcome) -> None:
    """Raise for the first handler, in order, that did not come to its end well."""
    last = {answer["number"]: answer for answer in outcome.answers}
    for number, handler in enumerate(check.handlers):
        answer = last.get(number, {"kind": "started"})
        _refuse_borrowed(check, handler, answer, outcome.layer_folder)
        match answer["kind"]:
            case "ok" | "undecided":
                continue
            case "raised" if missing_here(answer["text"], check.image):
                continue
            case "missing" if answer["module"] == handler.module:
                raise no_module(code, handler, check.where)
            case "missing":
                raise missing_module(code, handler, answer["module"], answer["place"] or handler.module, check.where)
            case "no_function":
                raise no_function(handler, answer["functions"], check.where)
            case "not_callable":
                what = f"{handler.shown}: `{handler.function}` is of type {answer['type']}, which cannot be called"
                raise ConfigurationError(check.where, what, hint="name a function")
            case "raised":
                raise _raised(check, handler, answer, outcome.tail)
            case _:
                raise _not_finished(check, handler, outcome)


def _raised(check: _Check, handler: Handler, answer: Mapping[str, Any], tail: str) -> ConfigurationError:
    at = f" ({answer['place']})" if answer["place"] else ""
    if (path := answer["denied"]) is not None:
        does = f"needs {path}, which is of this machine and not in Lambda ({check.image.title})"
        return ConfigurationError(
            check.where, f"{handler.shown}: importing its module {does}{at}", hint=hint_of(path, [path])
        )
    what = f"{handler.shown}: importing its module raises {answer['text']}{at}"
    return ConfigurationError(check.where, what, hint=hint_of(answer["text"], answer["refused"], answer["said"] + tail))


def _refuse_borrowed(check: _Check, handler: Handler, answer: Mapping[str, Any], layer: Path | None) -> None:
    """What was imported may have found on this machine what Lambda's does not have."""
    if (found := borrowed(answer, check.image, check.unloadable, layer)) is not None:
        what = f"{handler.shown}: importing its module loads {found}"
        raise ConfigurationError(check.where, what, hint=missing_library_hint(found))


def _not_finished(check: _Check, handler: Handler, outcome: _Outcome) -> ConfigurationError:
    if outcome.status is None:
        what = f"{handler.shown}: importing its module did not end within {outcome.seconds:g} seconds"
        return ConfigurationError(check.where, what, hint="do long work in the function, not at the top of the module")
    what = f"{handler.shown}: importing its module ended the interpreter with status {outcome.status}: {outcome.tail}"
    return ConfigurationError(check.where, what, hint="the module, or a compiled one that it imports, ends the process")
