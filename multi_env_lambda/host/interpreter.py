"""Python interpreters: a version in, the path of an interpreter (of this machine, or of a clean venv) out."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from multi_env_lambda.errors import ToolError
from multi_env_lambda.host.files import has_sha256, read_sealed, sha256_of, write_sealed
from multi_env_lambda.host.folders import user_cache
from multi_env_lambda.host.process import run_uv

__all__ = [
    "RUNTIME_LOCK",
    "find_python",
    "find_runtime",
    "intact_runtime",
    "private_venv",
    "runtime_python",
]

RUNTIME_LOCK = Path(__file__).with_name("runtime.txt")
"""The packages that a function has without requiring them, with hashes; ``bin/lock`` writes it, and says why."""

_CONTENTS = "contents.json"
_INTACT: set[Path] = set()
_LOOKING = threading.Lock()
_PROBE = "import sys; print('%d.%d' % sys.version_info[:2])"
_PROBE_SECONDS = 20


def find_python(version: str) -> Path | None:
    """An interpreter of ``version`` ("3.13") that was started and confirmed it, else None.

    A name on PATH proves nothing: version managers have shims for versions that they then refuse to run.
    """
    if version == _own_version():
        return Path(sys.executable)
    return _search(version, os.environ.get("PATH", ""), Path.home())


@functools.cache
def _search(version: str, path: str, home: Path) -> Path | None:
    """Cached per process, because finding that there is none takes half a second."""
    return next((found for found in _candidates(version, path, home) if _answers(found, version)), None)


def runtime_python(version: str) -> Path:
    """The interpreter of a clean venv for the Lambda runtime of ``version``: standard library and ``RUNTIME_LOCK``.

    Raises:
        ToolError: this machine has no such Python, or the venv could not be made.
    """
    base = find_python(version)
    if base is None:
        hint = f"run `uv python install {version}`, or choose a runtime that this machine has"
        raise ToolError(f"Python {version}", "no interpreter of this version was found on this machine", hint=hint)
    return private_venv(base, RUNTIME_LOCK, _runtimes(), name=version, where=f"runtime python{version}")


def find_runtime(version: str) -> Path | None:
    """Like ``runtime_python``; None if this machine has no such Python."""
    return runtime_python(version) if find_python(version) is not None else None


def intact_runtime(python: Path) -> Path:
    """An interpreter from ``runtime_python``, recreated if a byte of what it imports has changed since.

    Each is checked once per process. An interpreter that is not ours is unknown, and returned as it is.

    Raises:
        ToolError: it could not be recreated.
    """
    folder = python.parent.parent
    if folder.parent != _runtimes():
        return python
    with _LOOKING:
        if folder not in _INTACT and not _has_its_contents(folder):
            with tempfile.TemporaryDirectory(prefix=".broken.", dir=folder.parent) as aside:
                folder.rename(Path(aside) / folder.name)
            python = runtime_python(folder.name.partition("-")[0])
        _INTACT.add(folder)
    return python


def _runtimes() -> Path:
    # Those of earlier releases, in the folder `runtimes`, do not have a list of their contents.
    return user_cache() / "sealed-runtimes"


def _has_its_contents(folder: Path) -> bool:
    known = read_sealed(folder / _CONTENTS)
    found = {path.relative_to(folder).as_posix(): path for path in _imported_files(folder)}
    return (
        known is not None
        and known.keys() == found.keys()
        and all(has_sha256(found[name], known[name]) for name in found)
    )


def _imported_files(folder: Path) -> Iterator[Path]:
    yield folder / "pyvenv.cfg"
    for parent, _, names in os.walk(folder / "lib"):
        yield from (Path(parent, name) for name in names)


def private_venv(base: Path, lock: Path, parent: Path, *, name: str, where: str) -> Path:
    """The interpreter of a venv with what ``lock`` names, a ``requirements.txt`` in which everything has a hash.

    It is made once, then shared by all processes of this user.

    The folder's name has the digest of what it was made from, and it appears complete or not at all:
    it is made next to its final path and renamed, so two processes need no lock and the second copy is dropped.

    Raises:
        ToolError: uv is missing, or could not make it.
    """
    base = base.resolve()  # the same one from within any venv
    digest = hashlib.sha256(os.fsencode(base) + b"\n" + lock.read_bytes()).hexdigest()[:16]
    folder = parent / f"{name}-{digest}"
    if not _interpreter(folder).exists():
        shutil.rmtree(folder, ignore_errors=True)  # its base was uninstalled: a dangling link is not an interpreter
        parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=parent))
        try:
            _fill(scratch, base, lock, where)
            _move(scratch, folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return _interpreter(folder)


def _fill(folder: Path, base: Path, lock: Path, where: str) -> None:
    # All workspaces share it, so what one of them says about indexes does not count.
    hint = "check that the package index can be reached; if it is not PyPI, set UV_DEFAULT_INDEX or your own uv.toml"
    # --allow-existing: the folder is there (mkdtemp), and empty.
    run_uv(["venv", "--quiet", "--allow-existing", "--python", base, folder], where=where, hint=hint)
    # Compiled once here instead of at the first cold start of a function.
    options = ["--quiet", "--compile-bytecode", "--python", os.fspath(_interpreter(folder))]
    run_uv(["pip", "install", *options, "--require-hashes", "-r", lock], where=where, hint=hint)
    listed = {path.relative_to(folder).as_posix(): sha256_of(path) for path in _imported_files(folder)}
    write_sealed(folder / _CONTENTS, listed)


def _move(scratch: Path, folder: Path) -> None:
    try:
        scratch.rename(folder)
    except OSError:
        if not _interpreter(folder).exists():
            raise  # not the lost race, in which an equal folder exists already


def _interpreter(folder: Path) -> Path:
    return folder / "bin" / "python"


def _own_version() -> str:
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _candidates(version: str, path: str, home: Path) -> Iterator[Path]:
    """Candidates, cheapest and most likely first; each once."""
    seen = set()
    for place in _places(version, path, home):
        if place not in seen and os.access(place, os.X_OK) and place.is_file():
            seen.add(place)
            yield place


def _places(version: str, path: str, home: Path) -> Iterator[Path]:
    name = f"python{version}"
    # A relative entry would run what is in the current folder; shims are slow to say that they do not have it.
    folders = [Path(entry) for entry in path.split(os.pathsep) if os.path.isabs(entry)]
    yield from (folder / name for folder in folders if folder.name != "shims")
    managed = os.environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local" / "share" / "uv" / "python"
    yield from sorted(Path(managed).glob(f"cpython-{version}[.-]*/bin/{name}"))
    pyenv = os.environ.get("PYENV_ROOT") or home / ".pyenv"
    yield from sorted(Path(pyenv).glob(f"versions/{version}*/bin/{name}"), reverse=True)
    for folder in ("/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"):
        yield Path(folder) / name
    yield from (folder / name for folder in folders if folder.name == "shims")
    yield from _known_to_uv(version)


def _known_to_uv(version: str) -> Iterator[Path]:
    words = ["python", "find", "--no-project", "--no-python-downloads", version]
    try:
        yield Path(os.fsdecode(run_uv(words, where="uv", hint="").strip()))
    except ToolError:
        return  # uv knows none


def _answers(path: Path, version: str) -> bool:
    words = [os.fspath(path), "-I", "-c", _PROBE]
    try:
        done = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, timeout=_PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.decode("ascii", "replace").strip() == version
