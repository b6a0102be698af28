"""A unit's own tests, in an environment with its locked dependencies, shut in like everything that it runs.

fetch (passwords and network, no code runs) -> test (code runs; no credentials, no network, none of this user's files)

What the tests themselves need is named by the unit's dependency group ``test``, else it is pytest; the lock decides the
version of whatever it knows.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from multi_env_lambda.building.backend import fetching_environment
from multi_env_lambda.building.lock import read_lock
from multi_env_lambda.building.locked import Lock, LockedPackage
from multi_env_lambda.building.uv_settings import indexes_of_the_root
from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError
from multi_env_lambda.host.confined import Bounds, run_confined
from multi_env_lambda.host.documents import read_toml
from multi_env_lambda.host.git import entries, untracked
from multi_env_lambda.host.interpreter import find_python
from multi_env_lambda.host.private import private_folder
from multi_env_lambda.host.process import last_lines, run_uv
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.visible import visible

__all__ = ["code_folders", "has_tests", "own_tests"]

SECONDS = 900.0
_FOLDER, _GROUP = "tests", "test"
_PYTEST = ("-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "--rootdir", ".", "-c", "pyproject.toml")
_REGULAR = ("100644", "100755")
_NO_TESTS = 5
"""Pytest's status where it has collected nothing."""
_MEMORY = 8 << 30
_HINT = "run the unit's tests on your machine with the same lock"


def has_tests(root: Path, unit: Project) -> bool:
    """Whether there is a folder in which they would be."""
    return bool(_places(root, unit))


def _places(root: Path, unit: Project) -> tuple[str, ...]:
    """The tops of code, empty for the unit's own, that have tests beside them."""
    return tuple(top for top in ("", *unit.roots) if (root / unit.folder / top / _FOLDER).is_dir())


def code_folders(root: Path, unit: Project, top: str = "") -> tuple[Path, ...]:
    """Where Python finds the modules of the work tree: the unit's own, and those of what it shares.

    Args:
        top: the root of a function, which is in the place of the unit's folder; empty: it has none.
    """
    folders = (root / path for path in (f"{unit.folder}/{top}", *unit.shared))
    return tuple(place for folder in folders for place in (folder, folder / "src"))


def own_tests(root: Path, unit: Project, *, is_new: bool = False) -> str:
    """Run them; what went wrong, empty if nothing did, or if the unit has none.

    Args:
        is_new: they also see files of the unit that Git neither tracks nor ignores. A person writes such files; in the
            checkout of a CI they are none of the unit's.
    """
    folder = root / unit.folder
    if not has_tests(root, unit):
        return ""
    try:
        return _tested(root, unit, folder, _visible(root, unit, is_new=is_new))
    except MultiEnvLambdaError as error:
        return f"{error.where}: {error.what}"


def _tested(root: Path, unit: Project, folder: Path, files: Sequence[Path]) -> str:
    base = find_python(unit.python)
    if base is None:
        what = f"this machine has no Python {unit.python}, which {unit.name} runs on"
        raise ConfigurationError(unit.folder, what, hint=f"`uv python install {unit.python}`")
    locked = unit if unit.lender is None else unit.lender
    shared = [root / path for path in locked.shared]
    with private_folder() as made:
        lock = read_lock(root / locked.folder, where=locked.folder, shared=shared)
        python = _environment(made, base, _tools(folder, unit.folder), lock, indexes_of_the_root(root))
        scratch = made / "scratch"
        scratch.mkdir()
        bounds = Bounds(
            own=(*files, made, base.resolve().parent.parent),
            listed=(root,),
            write=(scratch,),
            seconds=SECONDS,
            memory=_MEMORY,
        )
        for top in _places(root, unit):
            # In a process for each: functions with roots may have modules of the same name.
            words: list[str | Path] = [python, *_PYTEST, f"--basetemp={scratch / 'pytest'}", Path(top) / _FOLDER]
            path = os.pathsep.join(map(os.fspath, _importable(root, unit, top)))
            env = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": os.fspath(scratch)}
            ended = run_confined(words, bounds, where=unit.folder, cwd=folder, env=env)
            if ended.status not in (0, _NO_TESTS):
                said = visible(last_lines(f"{ended.answer.decode('utf-8', 'replace')}\n{ended.said}"))
                return said if ended.status is not None else f"they took longer than {SECONDS:g} seconds: {said}"
        return ""


def _importable(root: Path, unit: Project, top: str) -> tuple[Path, ...]:
    """For tests beside this top of code: its modules first; then those of the unit, and of all other roots."""
    others = (root / unit.folder / one for one in unit.roots)
    return tuple(dict.fromkeys((*code_folders(root, unit, top), *code_folders(root, unit), *others)))


def _visible(root: Path, unit: Project, *, is_new: bool) -> tuple[Path, ...]:
    """The files that Git tracks, and nothing else of a checkout: in ``.git`` and beside it a CI keeps its tokens."""
    tracked = (entry.path for entry in entries(root, ".") if entry.mode in _REGULAR)
    new = (path for folder in (unit.folder, *unit.shared) if is_new for path in untracked(root, folder))
    paths = (root / path for path in (*tracked, *new))
    return tuple(path for path in paths if path.is_file() and not path.is_symlink())


def _environment(made: Path, base: Path, tools: Sequence[str], lock: Lock | None, indexes: str) -> Path:
    """The interpreter of a new environment, with nothing in it that had to be run."""
    venv, where = made / "venv", "the environment of the tests"
    environment = fetching_environment(os.environ)
    run_uv(["venv", "--quiet", "--python", base, venv], where=where, hint=_HINT, env=environment)
    python = venv / "bin" / "python"
    install: list[str | Path] = ["pip", "install", "--quiet", "--no-build", "--python", python]
    pinned = [] if lock is None else [one for one in lock.packages if one.name not in lock.local]
    hashed, versions = made / "locked.txt", made / "versions.txt"
    hashed.write_text("".join(map(_with_hashes, pinned)), encoding="utf-8")
    versions.write_text("".join(f"{_pin(one)}\n" for one in pinned), encoding="utf-8")
    if pinned:
        words = [*install, "--no-deps", "--require-hashes", "-r", hashed]
        run_uv(words, where=where, hint=_HINT, env=environment, settings=indexes)
    words = [*install, "--constraint", versions, "--", *tools]
    run_uv(words, where=where, hint=_HINT, env=environment, settings=indexes)
    return python


def _pin(package: LockedPackage) -> str:
    return f"{package.name}=={package.version}" + (f" ; {package.marker}" if package.marker else "")


def _with_hashes(package: LockedPackage) -> str:
    files = [*package.wheels, *([package.sdist] if package.sdist else [])]
    hashes = sorted({*package.hashes, *(file.sha256 for file in files)})
    return " ".join([_pin(package), *(f"--hash=sha256:{each}" for each in hashes)]) + "\n"


def _tools(folder: Path, where: str) -> tuple[str, ...]:
    """What the group says; groups that include others are refused, since nobody would see what they bring."""
    groups = read_toml(folder / "pyproject.toml", f"{where}/pyproject.toml").get("dependency-groups", {})
    found = groups.get(_GROUP, ["pytest"]) if isinstance(groups, dict) else ["pytest"]
    if not isinstance(found, list) or not all(isinstance(one, str) and not one.startswith("-") for one in found):
        what = f"the group `{_GROUP}` is not a list of requirements"
        raise ConfigurationError(
            f"{where}/pyproject.toml [dependency-groups]", what, hint='for example `test = ["pytest>=8"]`'
        )
    return tuple(found)
