"""A unit that no backend builds: the files that Git knows become the code as they lie, and nothing of it is run.

The same rules make the code of a function that starts in a folder of its own, also in a unit that a backend builds.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda.building.distribution import File, Wheel
from multi_env_lambda.building.shared import is_older, is_package
from multi_env_lambda.errors import BuildError
from multi_env_lambda.host.documents import read_toml
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.lambda_image import MAX_UNZIPPED_BYTES
from multi_env_lambda.model.patterns import matches
from multi_env_lambda.model.reading import did_you_mean

if TYPE_CHECKING:
    from multi_env_lambda.model.project import Project

__all__ = [
    "Staged",
    "all_in_roots",
    "check_patterns",
    "has_no_backend",
    "is_code",
    "is_plain",
    "plain_sdist",
    "plain_shared",
    "plain_wheel",
    "root_wheel",
    "with_roots",
]

Staged = Sequence[tuple[str, bool, str]]
"""As ``stage.staged_files`` gives them: path, executable, SHA-256."""

_TESTS = frozenset({"test", "tests", "__tests__"})
_CACHES = frozenset({"__pycache__", "node_modules"})
_LEFT_OUT = ("test_*.py", "*_test.py", "conftest.py", "*.pyc", "*.pyo")
_AT_THE_TOP = (
    *("pyproject.toml", "pylock.toml", "uv.lock", "poetry.lock", "Pipfile", "Pipfile.lock", "requirements*.txt"),
    *("stack.py", "README*", "bin/automation/*.py"),
)
"""What is read before the code runs, so that it is none of it."""


def is_plain(root: Path, folder: str) -> bool:
    """Whether nothing says how a unit is built: neither a ``[build-system]`` nor anything of setuptools; or it is not.

    Raises:
        ConfigurationError: its pyproject.toml cannot be read.
        FileNotFoundError: it has none.
    """
    return has_no_backend(read_toml(root / folder / "pyproject.toml", f"{folder}/pyproject.toml"), root / folder)


def has_no_backend(document: Mapping[str, object], folder: Path) -> bool:
    """The same for a unit's document that is read already, which may say so itself."""
    tools = document.get("tool", {})
    ours = tools.get("multi_env_lambda") if isinstance(tools, dict) else None
    if isinstance(ours, dict) and ours.get("build") is False:
        return True
    is_of_setuptools = isinstance(tools, dict) and "setuptools" in tools
    return "build-system" not in document and not is_of_setuptools and not is_older(folder)


def is_code(path: str) -> bool:
    """Whether a file, by its path from the top of the code, is part of it."""
    *folders, name = path.split("/")
    if any(part.startswith(".") or part.endswith((".egg-info",)) for part in (*folders, name)):
        return False
    if not _TESTS.isdisjoint(folders) or not _CACHES.isdisjoint(folders):
        return False
    matches = (fnmatch.fnmatchcase(name, pattern) for pattern in _LEFT_OUT)
    return not any(matches) and not any(
        fnmatch.fnmatchcase(path, pattern) and path.count("/") == pattern.count("/") for pattern in _AT_THE_TOP
    )


def all_in_roots(project: Project) -> bool:
    """Whether nothing starts at the top of the unit's folder: no job, and no function without a root."""
    functions = (function for settings in project.settings.values() for function in settings.functions)
    return bool(project.roots) and not project.entries and all(function.root for function in functions)


def plain_wheel(tree: Path, files: Staged, project: Project, version: str) -> Wheel:
    """All code of the unit's folder, with its paths unchanged; none where all of it is in roots, which have it.

    Raises:
        BuildError: there is none, or more than Lambda takes.
    """
    if all_in_roots(project):
        return _wheel((), project, version, project.folder)
    found = _code_below(tree, files, project.folder, project)
    if not found:
        hint = "add the modules of its functions to the folder, or let Git track them; tests are left out"
        raise BuildError(project.folder, "it has no code that Git knows or would add", hint=hint)
    return _wheel(found, project, version, project.folder)


def plain_shared(tree: Path, files: Staged, project: Project) -> list[tuple[str, Wheel]]:
    """Its shared folders that are no packages either: what is in them is found as if it lay in the unit."""
    folders = [folder for folder in project.shared if not is_package(tree, folder)]
    return [(folder, Wheel(name="", version="", files=_code_below(tree, files, folder), info=())) for folder in folders]


def root_wheel(tree: Path, files: Staged, project: Project, root: str, version: str) -> Wheel:
    """The code of the functions that start in a folder of the unit.

    Raises:
        BuildError: there is no such folder, or no code in it.
    """
    where, folder = f"{project.folder}/pyproject.toml", f"{project.folder}/{root}"
    found = _code_below(tree, files, folder, project)
    if not found:
        below = {str(PurePosixPath(path).parent) for path, _, _ in files if path.startswith(f"{project.folder}/")}
        folders = [one.removeprefix(f"{project.folder}/") for one in sorted(below - {project.folder})]
        is_there = any(path.startswith(f"{folder}/") for path, _, _ in files)
        what = (
            f"the root `{root}` {'has no code' if is_there else 'is no folder of the unit'} that Git knows or would add"
        )
        raise BuildError(where, what, hint=did_you_mean(root, folders) if folders and not is_there else _HINT)
    return _wheel(found, project, version, folder)


_HINT = "put the modules of its functions there, or correct `root`"


def check_patterns(project: Project, *, is_plain: bool) -> None:
    """Which files a backend packs is its own business.

    Raises:
        BuildError: the unit has patterns for them.
    """
    key = "exclude" if project.exclude else "include" if project.include else ""
    if key and not is_plain and not project.roots:
        where = f"{project.folder}/pyproject.toml [tool.multi_env_lambda] {key}"
        what = "the unit's build backend decides which files are packed"
        raise BuildError(where, what, hint=f"remove `{key}`, and use the settings of the backend")


def with_roots(wheel: Wheel, roots: Iterable[tuple[str, str]]) -> Wheel:
    """The unit's wheel, which also says what the roots beside it are: (root, content digest) of each.

    So its content is that of them all, and a version that it claims is theirs, too.
    """
    said = dict(roots)
    body = canonical_json(said).encode("ascii")
    return attrs.evolve(wheel, info=(*wheel.info, File(path="roots.json", body=body))) if said else wheel


def plain_sdist(tree: Path, files: Staged, project: Project, version: str) -> tuple[File, ...]:
    """The unit's folder as Git knows it, tests included; what no code can be in is left out, as in the wheel.

    Where all code is in roots, other folders are no part of it.
    """
    inside = f"{project.folder}/"
    kept = [file for file in files if _is_source(file[0].removeprefix(inside), project)]
    if all_in_roots(project):
        kept = [file for file in kept if _is_built(file[0], project)]
    found = _below(tree, kept, project.folder)
    return (*found, File(path="PKG-INFO", body=_metadata(project, version)))


def _is_built(path: str, project: Project) -> bool:
    """Whether something of a unit in roots may be made from a file: at the top, it says how."""
    folders = (*(f"{project.folder}/{root}" for root in project.roots), *project.shared)
    is_at_the_top = "/" not in path.removeprefix(f"{project.folder}/")
    return is_at_the_top or any(path.startswith(f"{one}/") for one in folders)


def _is_source(path: str, project: Project) -> bool:
    """Not hidden, where passwords often are, and in no cache: nothing of that is read when the wheel is made again."""
    is_hidden = any(part.startswith(".") or part in _CACHES for part in path.split("/"))
    return not is_hidden or any(matches(pattern, path) for pattern in project.include)


def _code_below(tree: Path, files: Staged, folder: str, project: Project | None = None) -> tuple[File, ...]:
    """What is code in this folder; with a ``project``, its patterns count."""
    inside = f"{folder}/"
    packed = [file for file in files if file[0].startswith(inside) and _is_packed(file[0], inside, project)]
    return _below(tree, packed, folder)


def _is_packed(path: str, inside: str, project: Project | None) -> bool:
    if project is not None:
        own = path.removeprefix(f"{project.folder}/")
        if any(matches(pattern, own) for pattern in project.include):
            return True
        if any(matches(pattern, own) for pattern in project.exclude):
            return False
    return is_code(path.removeprefix(inside))


def _below(tree: Path, files: Staged, folder: str) -> tuple[File, ...]:
    inside = f"{folder}/"
    return tuple(
        File(path=path.removeprefix(inside), body=(tree / path).read_bytes(), executable=executable)
        for path, executable, _ in files
        if path.startswith(inside)
    )


def _wheel(files: tuple[File, ...], project: Project, version: str, where: str) -> Wheel:
    size = sum(len(file.body) for file in files)
    if size > MAX_UNZIPPED_BYTES:
        biggest = max(files, key=lambda file: len(file.body))
        found = f"its files have {size} bytes, {biggest.path} alone {len(biggest.body)}"
        what = f"{found}; Lambda accepts {MAX_UNZIPPED_BYTES} with the layer"
        raise BuildError(where, what, hint="remove large files, and read them from S3")
    metadata = File(path="METADATA", body=_metadata(project, version))
    return Wheel(name=project.name, version=version, files=files, info=(metadata,))


def _metadata(project: Project, version: str) -> bytes:
    """Source: https://packaging.python.org/en/latest/specifications/core-metadata/"""
    lines = ["Metadata-Version: 2.1", f"Name: {project.name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {text}" for text in project.dependencies]
    lines += [f"Requires-Python: {project.requires_python}"] if project.requires_python else []
    return ("\n".join(lines) + "\n").encode()
