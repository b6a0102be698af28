"""Before anything is published: every handler is imported in a clean interpreter that has what Lambda has.

A Glue job is imported in one of Glue's own version. Much of what Glue has is not on this machine: what a job needs of
it is not checked here.
"""

from __future__ import annotations

import json
import os
import platform
import zipfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda.building.borrowed import borrowed, hint_of, missing_here
from multi_env_lambda.building.elf import elf_machine
from multi_env_lambda.building.import_time import slow_imports
from multi_env_lambda.building.imports import (
    Code,
    Handler,
    check_statically,
    imports_of_job,
    missing_module,
    no_function,
    no_module,
    not_this_python,
    read_code,
    sources_of_job,
)
from multi_env_lambda.building.job_entry import check_calls, no_call, not_run
from multi_env_lambda.building.preflight_process import (
    Outcome,
    environment_of,
    lambda_environment,
    link_programs,
    own_libraries,
    proof_folders,
    start,
)
from multi_env_lambda.building.shared_objects import Missing, missing_library_hint
from multi_env_lambda.building.unpacked import bytecode_folders, kept_folder, unpack
from multi_env_lambda.errors import BuildError, ConfigurationError
from multi_env_lambda.host import lambda_python, sandbox
from multi_env_lambda.host.files import sha256_of, write_atomically
from multi_env_lambda.host.interpreter import intact_runtime
from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.lambda_image import AMAZON_LINUX_2023, LambdaImage, variables_of

__all__ = ["check_handlers", "check_jobs"]

_VERSION = 6
_PROGRAM = Path(__file__).with_name("preflight_run.py")
_WATCH = Path(__file__).with_name("preflight_watch.py")
_WITHOUT_ARGUMENTS = ("SystemExit", "IndexError", "KeyError", "PermissionError")
"""What the import of a job raises if it reads its arguments, its variables or shared memory: there are none here."""

_OF_A_LAYER = ("OSError", "FileNotFoundError")
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
    layered: Collection[str] = (),
    settings: Mapping[str, Mapping[str, str]] | None = None,
    cache: Path | None = None,
    seconds: float = 60,
) -> tuple[str, ...]:
    """Find a handler that would not start in Lambda; ``handlers`` are (function key, handler).

    ``interpreter`` belongs to a venv that only has boto3. Without one, and if the layer is for another processor than
    this machine's, the handlers are read but not imported.
    ``image`` is the machine that they will run on, ``unloadable`` the objects of the layer that it could not load,
    ``layered`` the keys of functions that also have somebody else's layer: what they lack here may be in there;
    ``settings`` are the variables that Lambda sets, by function key (``variables_of``).
    A success is remembered in ``cache``.

    Returns:
        Notes about imports that took longer than a start in Lambda may take.

    Raises:
        ConfigurationError: with the function, its handler, and what is missing.
    """
    wanted = tuple(Handler(key=key, text=text, is_layered=key in layered) for key, text in handlers)
    with _readable(where):
        code = read_code(wheel, layer)
        check_statically(code, wanted, where=where)
        if interpreter is None or not wanted or not _runs_here(layer):
            return ()
        check = _Check(
            wheel=wheel,
            layer=layer,
            code=code,
            handlers=wanted,
            interpreter=interpreter,
            environment=dict(environment),
            image=image,
            unloadable=unloadable or {},
            settings=settings or {},
            where=where,
        )
        return check.remembered(cache, seconds)


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
            check = _Check(wheel=wheel, layer=library, code=code, handlers=wanted, interpreter=interpreter, where=where)
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
    code: Code
    handlers: tuple[Handler, ...]
    interpreter: Path
    environment: Mapping[str, str] = attrs.field(factory=dict)
    image: LambdaImage = AMAZON_LINUX_2023
    unloadable: Mapping[str, tuple[Missing, ...]] = attrs.field(factory=dict)
    settings: Mapping[str, Mapping[str, str]] = attrs.field(factory=dict)
    where: str

    def remembered(self, cache: Path | None, seconds: float) -> tuple[str, ...]:
        """Run it and raise what is wrong, unless ``cache`` says that the same succeeded before; returns the notes."""
        mark = None if cache is None else cache / "preflight" / self.digest()
        if mark is not None and mark.exists():
            return tuple(mark.read_text(encoding="utf-8").splitlines())
        outcome = self.run(cache, seconds)
        _judge(self, outcome)
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
                "handlers": [(handler.key, handler.text, handler.is_layered) for handler in self.handlers],
                "interpreter": [os.path.realpath(self.interpreter), _venv_settings(self.interpreter)],
                "environment": dict(self.environment),
                "settings": {key: dict(variables) for key, variables in self.settings.items()},
                "image": [sorted(self.image.libraries), sorted(self.image.programs)],
            }
        )

    def run(self, cache: Path | None, seconds: float) -> Outcome:
        inner = "" if self._are_jobs else "python/"
        with (
            proof_folders(cache) as (folder, scratch),
            _extracted(self.layer, folder if cache is None else cache / "preflight", inner, self.where) as layer_folder,
        ):
            unpack(self.wheel, folder / "task", "", where=self.where)
            interpreter = intact_runtime(self.interpreter)
            orders = self._orders(folder, scratch, layer_folder, interpreter)
            (folder / "orders.json").write_text(json.dumps(orders), encoding="utf-8")
            words: list[str | Path] = [
                interpreter,
                "-I",
                "-S",
                _PROGRAM,
                folder / "orders.json",
                folder / "answers.jsonl",
            ]
            link_programs(folder / "bin", self.image, interpreter)
            # What Glue sets for a job is not known.
            variables = environment_of if self._are_jobs else lambda_environment
            outcome = start(words, folder, variables(folder, scratch, self.environment), seconds)
            return attrs.evolve(outcome, layer_folder=layer_folder)

    def _orders(self, folder: Path, scratch: Path, layer: Path | None, interpreter: Path) -> dict[str, Any]:
        task, inner = folder / "task", "lib/python3*/site-packages"
        packages = sorted(layer.glob(inner)) if layer and not self._are_jobs else []
        brought = [task, *packages, *([layer] if layer else [])]
        first = [] if self._are_jobs else brought
        last = [*(brought if self._are_jobs else []), *_site_packages(interpreter)]
        # A process that the handler starts reads this program, too (`multiprocessing`).
        own = [task, folder / "bin", *([layer] if layer else []), _PROGRAM]
        return {
            "task": str(task),
            "first": [str(path) for path in first],
            "last": [str(path) for path in last],
            "watch": str(_WATCH),
            "sandbox": sandbox.__file__,
            "lambda_python": lambda_python.__file__,
            "own": [str(path) for path in own],
            "write": [str(scratch)],
            "bytecode": [str(place) for place in bytecode_folders(layer)] if layer else [],
            "bin": str(folder / "bin"),
            "libraries": sorted(self.image.libraries),
            "library_folders": [str(place) for place in own_libraries(task)],
            "programs": [*sorted(self.image.programs), "python", "python3"],
            "handlers": [_order(self.code, handler, self.settings.get(handler.key, {})) for handler in self.handlers],
        }

    @property
    def _are_jobs(self) -> bool:
        return self.handlers[0].is_job


def _order(code: Code, handler: Handler, settings: Mapping[str, str]) -> dict[str, Any]:
    """What the interpreter does for one handler; for a job it also compiles and looks up what the import may skip."""
    named = {"module": handler.module, "function": handler.function}
    if not handler.is_job:
        unknown = variables_of(name=handler.key, handler=handler.text, memory_size=128, log_format="Text")
        variables = {**unknown, **settings, "_HANDLER": handler.text}
        return {**named, "is_job": False, "variables": variables, "compiled": [], "wanted": []}
    compiled, wanted = sources_of_job(code, handler), imports_of_job(code, handler)
    return {**named, "is_job": True, "variables": {}, "compiled": compiled, "wanted": wanted}


def _venv_settings(interpreter: Path) -> str:
    settings = interpreter.parent.parent / "pyvenv.cfg"
    return settings.read_text(encoding="utf-8") if settings.is_file() else ""


def _site_packages(interpreter: Path) -> list[Path]:
    # `-S` leaves out the venv's own packages, so that nothing in them runs automatically (`.pth` files).
    venv = interpreter.parent.parent
    return sorted(venv.glob("lib/python3*/site-packages")) if (venv / "pyvenv.cfg").is_file() else []


@contextmanager
def _extracted(layer: Path | None, kept: Path, inner: str, where: str) -> Iterator[Path | None]:
    """The content of a folder of the layer."""
    if layer is None:
        yield None
        return
    with kept_folder(layer, kept / f"layer-{sha256_of(layer)}", inner, where=where) as folder:
        yield folder


def _judge(check: _Check, outcome: Outcome) -> None:
    """Raise for the first handler, in order, that did not end well."""
    last = {answer["number"]: answer for answer in outcome.answers}
    for number, handler in enumerate(check.handlers):
        answer = last.get(number, {"kind": "started"})
        if not handler.is_job and not handler.is_layered:
            _refuse_borrowed(check, handler, answer, outcome.layer_folder)
        if answer["kind"] != "ok" and not _is_undecided(check, handler, answer):
            raise _fault(check, handler, answer, outcome)


def _fault(check: _Check, handler: Handler, answer: Mapping[str, Any], outcome: Outcome) -> ConfigurationError:
    match answer["kind"]:
        case "missing" if answer["module"] == handler.module:
            return no_module(check.code, handler, check.where)
        case "missing":
            importer = answer["place"] or handler.module
            return missing_module(check.code, handler, answer["module"], importer, check.where)
        case "syntax":
            return not_this_python(handler, answer["place"], answer["text"], check.where)
        case "no_function":
            return no_function(handler, answer["functions"], check.where)
        case "not_called":
            return no_call(handler, answer["signature"], check.where)
        case "not_run":
            return not_run(handler, answer["what"], check.where)
        case "not_callable":
            what = f"{handler.shown}: `{handler.function}` is of type {answer['type']}, which cannot be called"
            return ConfigurationError(check.where, what, hint="name a function")
        case "raised":
            return _raised(check, handler, answer, outcome.tail)
        case _:
            return _not_finished(check, handler, outcome)


def _is_undecided(check: _Check, handler: Handler, answer: Mapping[str, Any]) -> bool:
    """Whether a verdict needs what AWS has but this machine lacks."""
    match answer["kind"]:
        case "undecided":
            return True
        case "raised" if handler.is_job:
            # Which libraries, programs and files Glue has is not documented.
            return (
                _borrows(answer) or answer["text"].startswith(_WITHOUT_ARGUMENTS) or "is not in list" in answer["text"]
            )
        case "raised" if handler.is_layered:
            lacks = "cannot open shared object" in answer["text"] or answer["text"].startswith(_OF_A_LAYER)
            return lacks or _borrows(answer)
        case "raised":
            return missing_here(answer["text"], check.image)
        case "missing":
            top = answer["module"].partition(".")[0]
            return top in handler.offered or (handler.is_layered and top not in check.code.modules)
        case _:
            return False


def _borrows(answer: Mapping[str, Any]) -> bool:
    """Whether it looked for a library, a program or a file of this machine."""
    return bool(answer["refused"]) or answer["denied"] is not None


def _raised(check: _Check, handler: Handler, answer: Mapping[str, Any], tail: str) -> ConfigurationError:
    at = f" ({answer['place']})" if answer["place"] else ""
    if (path := answer["denied"]) is not None:
        does = f"needs {path}, which is on this machine but not in Lambda ({check.image.title})"
        what = f"{handler.shown}: importing its module {does}{at}"
        return ConfigurationError(check.where, what, hint=hint_of(path, [path], handler.place))
    what = f"{handler.shown}: importing its module raises {answer['text']}{at}"
    hint = hint_of(answer["text"], answer["refused"], handler.place, answer["said"] + tail)
    return ConfigurationError(check.where, what, hint=hint)


def _refuse_borrowed(check: _Check, handler: Handler, answer: Mapping[str, Any], layer: Path | None) -> None:
    """What was imported may have found something on this machine that Lambda does not have."""
    if (found := borrowed(answer, check.image, check.unloadable, layer)) is not None:
        what = f"{handler.shown}: importing its module loads {found}"
        raise ConfigurationError(check.where, what, hint=missing_library_hint(found))


def _not_finished(check: _Check, handler: Handler, outcome: Outcome) -> ConfigurationError:
    if outcome.status is None:
        what = f"{handler.shown}: importing its module did not end within {outcome.seconds:g} seconds"
        return ConfigurationError(check.where, what, hint="do long work in the function, not at the top of the module")
    what = f"{handler.shown}: importing its module ended the interpreter with status {outcome.status}: {outcome.tail}"
    return ConfigurationError(check.where, what, hint="the module, or a compiled one that it imports, ends the process")
