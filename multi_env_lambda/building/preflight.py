"""Before anything is published: every handler is imported in a clean interpreter that has what Lambda has.

A Glue job is imported in one of Glue's own version. Much of what Glue has is not on this machine: what a job needs of
it is not checked here.
"""

from __future__ import annotations

import json
import os
import platform
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.building.elf import elf_machine
from multi_env_lambda.building.handler import Handler
from multi_env_lambda.building.import_time import slow_imports
from multi_env_lambda.building.imports import (
    Code,
    check_statically,
    imports_of_job,
    left_to_layers,
    read_code,
    sources_of_job,
)
from multi_env_lambda.building.job_entry import check_calls
from multi_env_lambda.building.judge import Judge
from multi_env_lambda.building.preflight_process import (
    Outcome,
    compile_loaded,
    environment_of,
    lambda_environment,
    link_programs,
    own_libraries,
    site_packages,
    start,
)
from multi_env_lambda.building.shared_objects import Missing
from multi_env_lambda.building.unpacked import kept_layer, layer_folders, unpack
from multi_env_lambda.errors import BuildError
from multi_env_lambda.host import lambda_python, sandbox
from multi_env_lambda.host.files import sha256_of, write_atomically
from multi_env_lambda.host.interpreter import intact_runtime
from multi_env_lambda.host.private import is_shared, private_folder
from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.lambda_image import AMAZON_LINUX_2023, LambdaImage, variables_of

__all__ = ["check_handlers", "check_jobs"]

_VERSION = 8
_PROGRAM = Path(__file__).with_name("preflight_run.py")
_WATCH = Path(__file__).with_name("preflight_watch.py")
_ARCHITECTURES = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def check_handlers(
    wheel: Path,
    layer: Path | None,
    handlers: Sequence[Handler],
    *,
    interpreter: Path | None,
    where: str,
    image: LambdaImage = AMAZON_LINUX_2023,
    unloadable: Mapping[str, tuple[Missing, ...]] | None = None,
    cache: Path | None = None,
    seconds: float = 60,
) -> tuple[str, ...]:
    """Find a handler that would not start in Lambda with its variables.

    Handlers that have variables of the same names share an interpreter, because a module is imported once in each: with
    others' variables it might only seem to start.
    ``interpreter`` belongs to a venv that only has boto3. Without one, and if the layer is for another processor than
    this machine's, the handlers are read but not imported.
    ``image`` is the machine that they will run on, ``unloadable`` the objects of the layer that it could not load.
    A success is remembered in ``cache``.

    Returns:
        Notes about what only layers from elsewhere may contain, and about imports that took longer than a start in
        Lambda may take.

    Raises:
        ConfigurationError: with the function, its handler, and what is missing.
    """
    with _readable(where):
        code = read_code(wheel, layer)
        check_statically(code, tuple(handlers), where=where)
        notes = [*left_to_layers(code, handlers)]
        if interpreter is None or not handlers or not _runs_here(layer):
            return tuple(notes)
        judge = Judge(code=code, image=image, unloadable=unloadable or {}, where=where)
        for together in _by_their_variables(handlers):
            check = _Check(
                wheel=wheel,
                layer=layer,
                handlers=together,
                interpreter=interpreter,
                judge=judge,
            )
            notes += check.remembered(cache, seconds)
        return tuple(dict.fromkeys(notes))


def _by_their_variables(handlers: Iterable[Handler]) -> tuple[tuple[Handler, ...], ...]:
    found: dict[frozenset[str], list[Handler]] = {}
    for handler in handlers:
        found.setdefault(frozenset(handler.variables), []).append(handler)
    return tuple(map(tuple, found.values()))


def check_jobs(
    wheel: Path,
    library: Path | None,
    entries: tuple[tuple[str, str], ...],
    *,
    python: str,
    interpreter: Path | None,
    where: str,
    cache: Path | None = None,
    seconds: float = 60,
) -> None:
    """Find a Glue job that would not start; ``entries`` are (job key, `module:function`), ``python`` is Glue's version.

    The module is imported, the function is not called. Without an ``interpreter`` of that version, whose venv only has
    boto3, and if the ``library`` of locked dependencies is for another processor, the jobs are read but not imported.
    What needs something that only Glue has is undecided.

    Raises:
        ConfigurationError: with the job, its entry, and what is missing.
    """
    wanted = tuple(Handler(key=key, text=text, python=python) for key, text in entries)
    with _readable(where):
        code = read_code(wheel, library, folder="")
        check_statically(code, wanted, where=where)
        check_calls(code, wanted, where=where)
        if interpreter is not None and wanted and _runs_here(library):
            judge = Judge(code=code, where=where)
            check = _Check(wheel=wheel, layer=library, handlers=wanted, interpreter=interpreter, judge=judge)
            check.remembered(cache, seconds)


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
    """One run of the clean interpreter, for functions or for jobs."""

    wheel: Path
    layer: Path | None = None
    handlers: tuple[Handler, ...]
    interpreter: Path
    judge: Judge

    def remembered(self, cache: Path | None, seconds: float) -> tuple[str, ...]:
        """Run it and raise what is wrong, unless ``cache`` says that the same succeeded before; returns the notes."""
        mark = None if cache is None else cache / "preflight" / self.digest()
        if mark is not None and mark.exists():
            return tuple(mark.read_text(encoding="utf-8").splitlines())
        outcome = self.run(cache, seconds)
        self.judge.judge(self.handlers, outcome)
        notes = slow_imports(self.handlers, outcome.answers)
        if mark is not None:
            write_atomically(mark, "\n".join(notes).encode())
        return notes

    def digest(self) -> str:
        """Everything that the outcome depends on."""
        return digest(
            {
                "version": _VERSION,
                "wheel": sha256_of(self.wheel),
                "layer": None if self.layer is None else sha256_of(self.layer),
                "handlers": [_identity(handler) for handler in self.handlers],
                "interpreter": [os.path.realpath(self.interpreter), _venv_settings(self.interpreter)],
                "image": [sorted(self.judge.image.libraries), sorted(self.judge.image.programs)],
            }
        )

    def run(self, cache: Path | None, seconds: float) -> Outcome:
        inner = "" if self._are_jobs else "python/"
        with (
            private_folder() as folder,
            kept_layer(
                self.layer, folder if cache is None else cache / "preflight", inner, where=self.judge.where
            ) as layer_folder,
        ):
            unpack(self.wheel, folder / "task", "", where=self.judge.where)
            interpreter = intact_runtime(self.interpreter)
            scratch = folder / "scratch"
            scratch.mkdir()
            orders = self._orders(folder, scratch, layer_folder, interpreter)
            orders["shared"] = not any(is_shared(path) for path in (folder, *([cache] if cache else [])))
            (folder / "orders.json").write_text(json.dumps(orders), encoding="utf-8")
            words: list[str | Path] = [
                interpreter,
                "-I",
                "-S",
                _PROGRAM,
                folder / "orders.json",
                folder / "answers.jsonl",
            ]
            link_programs(folder / "bin", self.judge.image, interpreter)
            # What Glue sets for a job is not known.
            variables = environment_of if self._are_jobs else lambda_environment
            environment = variables(folder, scratch, self.handlers[0].variables)
            outcome = start(words, folder, environment, seconds, len(self.handlers))
            if layer_folder is not None:
                compile_loaded(outcome, layer_folder, interpreter, folder)
            return attrs.evolve(outcome, layer_folder=layer_folder)

    def _orders(self, folder: Path, scratch: Path, layer: Path | None, interpreter: Path) -> dict[str, Any]:
        task = folder / "task"
        brought = [task, *([] if layer is None else [layer] if self._are_jobs else layer_folders(layer))]
        first = [] if self._are_jobs else brought
        last = [*(brought if self._are_jobs else []), *site_packages(interpreter)]
        # A process that the handler starts reads this program, too (`multiprocessing`).
        own = [task, folder / "bin", *([layer] if layer else []), _PROGRAM]
        return {
            "parent": os.getpid(),
            "task": str(task),
            "first": [str(path) for path in first],
            "last": [str(path) for path in last],
            "watch": str(_WATCH),
            "sandbox": sandbox.__file__,
            "lambda_python": lambda_python.__file__,
            "own": [str(path) for path in own],
            "write": [str(scratch)],
            "bin": str(folder / "bin"),
            "libraries": sorted(self.judge.image.libraries),
            "library_folders": [str(place) for place in own_libraries(task)],
            "programs": [*sorted(self.judge.image.programs), "python", "python3"],
            "handlers": [_order(self.judge.code, handler) for handler in self.handlers],
        }

    @property
    def _are_jobs(self) -> bool:
        return self.handlers[0].is_job


def _identity(handler: Handler) -> list[Any]:
    own, runtime = dict(handler.variables), dict(handler.runtime)
    return [handler.key, handler.text, handler.is_layered, list(handler.provided), own, runtime]


def _order(code: Code, handler: Handler) -> dict[str, Any]:
    """What the interpreter does for one handler; for a job it also compiles and looks up what the import may skip."""
    named = {"module": handler.module, "function": handler.function}
    if not handler.is_job:
        unknown = variables_of(name=handler.key, handler=handler.text, memory_size=128, log_format="Text")
        variables = {**handler.variables, **unknown, **handler.runtime, "_HANDLER": handler.text}
        return {**named, "is_job": False, "variables": variables, "compiled": [], "wanted": []}
    compiled, wanted = sources_of_job(code, handler), imports_of_job(code, handler)
    return {**named, "is_job": True, "variables": {}, "compiled": compiled, "wanted": wanted}


def _venv_settings(interpreter: Path) -> str:
    settings = interpreter.parent.parent / "pyvenv.cfg"
    return settings.read_text(encoding="utf-8") if settings.is_file() else ""
