"""Sets up files in the repository: locks, a new unit, a new workspace."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from multi_env_lambda.api.failed import UnitsFailed, listed
from multi_env_lambda.api.paths import handed_out
from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError
from multi_env_lambda.host.files import write_atomically
from multi_env_lambda.host.repository import units_of
from multi_env_lambda.host.unexpected import as_ours
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.result import Result
from multi_env_lambda.model.workspace import BUILD_CONSTRAINTS

if TYPE_CHECKING:
    from multi_env_lambda.api.opened import Opened
    from multi_env_lambda.api.outside import FilePath
    from multi_env_lambda.building.taken_over import TakenOver

__all__ = ["init", "kept_versions", "lock", "lock_one", "make_lock", "new"]

LOCK = "pylock.toml"
_MOST_SHOWN = 8
_LOCAL = "3.11"
"""The oldest Python that this library runs on, and so what the local cloud has in place of another."""


def lock(opened: Opened, names: Iterable[str], *, upgrade: bool) -> Mapping[str, FilePath | None]:
    """Lock the dependencies of the named units, or of all; returns the file of each unit, None without dependencies.

    Without names, the build backends are locked too.

    Raises:
        UnitsFailed: at least one unit cannot be locked; the others were.
    """
    found: dict[str, FilePath | None] = {}
    faults: dict[str, MultiEnvLambdaError] = {}
    for name in names:
        if name not in opened.faults:
            opened.project(name)
    chosen = tuple(names)
    for name in chosen or dict.fromkeys((*(unit.name for unit in opened.projects.outlines), *opened.faults)):
        try:
            found[name] = lock_one(opened.root, opened.project(name), upgrade=upgrade, said=opened.progress)
        except Exception as raised:
            faults[name] = as_ours(name, raised)
    if not chosen:
        try:
            _lock_backends(opened, upgrade=upgrade)
        except MultiEnvLambdaError as error:
            faults[BUILD_CONSTRAINTS] = error
    if len(faults) == 1 and not found:
        raise next(iter(faults.values()))
    if faults:
        results = listed(_not_locked(name, error) for name, error in faults.items())
        failed = UnitsFailed.of(f"{len(faults)} not locked", results, named=lambda result: result.project)
        failed.locked = found
        raise failed
    return found


def _not_locked(name: str, error: MultiEnvLambdaError) -> Result:
    """The result of a unit that cannot be locked; locks belong to no environment."""
    kind, what = type(error).__name__, f"{error.where}: {error.what}"
    return Result(project=name, environment="", outcome="failed", detail=what, hint=error.hint, error=kind)


def _lock_backends(opened: Opened, *, upgrade: bool) -> None:
    """Includes broken units, which will be built some day; what a unit with an unreadable file had is kept."""
    from multi_env_lambda.building.backends import wanted_backends, write_backends

    folders = {folder for unit in opened.projects.outlines for folder in (unit.folder, *unit.shared)}
    wanted = wanted_backends(opened.root, sorted(folders | {unit.folder for unit in opened.broken}))
    if wanted:
        path = write_backends(opened.root, wanted, upgrade=upgrade)
        opened.progress(f"what builds the units: locked in {path.name}")


def lock_one(
    root: Path, project: Project, *, upgrade: bool, said: Callable[[str], None], versions: Iterable[str] = ()
) -> FilePath | None:
    """Lock the dependencies of one unit; returns the file, or None if there are none.

    ``versions`` are requirements that the first lock of the unit obeys besides its own.
    """
    folder = root / project.folder
    if project.layer_of:
        said(f"{project.name}: gets the layer of {project.layer_of}, nothing to lock")
        return None
    has_lock = upgrade or (folder / LOCK).exists()
    keep = None if has_lock else kept_versions(root, project, versions)
    path = make_lock(root, project, keep, upgrade=upgrade)
    where = "has no dependencies, nothing to lock" if path is None else f"locked in {path.relative_to(root)}"
    said(f"{project.name}: {where}")
    for note in () if keep is None else _of_what_was_there(root, project, keep, path):
        said(f"{project.name}: {note}")
    return None if path is None else handed_out(path)


def kept_versions(root: Path, project: Project, versions: Iterable[str] = ()) -> TakenOver | None:
    """What another tool has locked, beside the given versions; the unit's own overrides count more."""
    from multi_env_lambda.building.requirements import overrides_of
    from multi_env_lambda.building.taken_over import TakenOver, taken_over

    folder = root / project.folder
    found = taken_over(folder.resolve(), root.resolve(), project.folder)
    if given := tuple(versions):
        none = TakenOver(file="pyproject.toml", constraints=(), names=frozenset())
        found = (found or none).beside(given)
    return None if found is None else found.without(overrides_of(folder).keys())


def _of_what_was_there(root: Path, project: Project, keep: TakenOver, path: Path | None) -> Iterator[str]:
    """What the lock has of another tool's file, and what it lacks."""
    from multi_env_lambda.building.lock import read_lock
    from multi_env_lambda.building.shared import own_names

    lock = None if path is None else read_lock(path.parent, where=project.folder)
    locked = frozenset() if lock is None else frozenset(package.name for package in lock.packages)
    if kept := locked & keep.names:
        versions = "1 version is that" if len(kept) == 1 else f"{len(kept)} versions are those"
        yield f"{versions} of {keep.file}; from now on, {LOCK} is what counts"
    if left := sorted(keep.names - locked - own_names(root, project)):
        shown = ", ".join(left[:_MOST_SHOWN]) + (f" and {len(left) - _MOST_SHOWN} more" if left[_MOST_SHOWN:] else "")
        yield f"{keep.file} also has {shown}: add what your code imports to [project].dependencies, then lock again"


def make_lock(root: Path, project: Project, keep: TakenOver | None, *, upgrade: bool) -> Path | None:
    """Write the lock of one unit; None if it has no dependencies. ``keep``: what another tool has locked.

    Raises:
        ConfigurationError: another tool locks it, or it cannot be locked.
        ToolError: uv found no versions that fit together.
    """
    from multi_env_lambda.building.asked import completed
    from multi_env_lambda.building.lock import write_lock
    from multi_env_lambda.building.requirements import lock_inputs
    from multi_env_lambda.building.shared import own_names, shared_dependencies
    from multi_env_lambda.building.uv_settings import indexes_of_the_root

    shared = shared_dependencies(root, project)
    if {"dependencies", "requires-python"} & {*project.dynamic}:
        project = completed(root, project)
    if not project.dependencies and not shared:
        return None
    is_listed = project.has_table and "dependencies" not in project.dynamic
    pythons = project.pythons or {project.python}
    oldest = _oldest(project.requires_python, min(pythons, key=lambda python: int(python.partition(".")[2])))
    return write_lock(
        root / project.folder,
        python=oldest,
        # What the unit's own file does not have, uv cannot read from it.
        extra_requirements=shared if is_listed else (*shared, *project.dependencies),
        listed=is_listed,
        ours=own_names(root, project) if project.shared else (),
        upgrade=upgrade,
        made_from=lock_inputs(root, project),
        indexes=indexes_of_the_root(root),
        keep=keep,
        where=project.folder,
    )


def _oldest(requires_python: str | None, runtime: str) -> str:
    """The lock covers every Python that the unit supports, starting with the oldest.

    If the unit does not say which, also that of the local cloud, which may lack the runtime's; ``new`` writes the same.
    """
    from packaging.specifiers import SpecifierSet

    least = min(runtime, _LOCAL, key=lambda version: int(version.partition(".")[2]))
    allowed = SpecifierSet(requires_python or f">={least}")
    return next((f"3.{minor}" for minor in range(9, 30) if allowed.contains(f"3.{minor}")), runtime)


def new(opened: Opened, name: str, runtime: str, architecture: str, *, flat: bool) -> tuple[str, ...]:
    """Write the files of a new unit.

    Raises:
        ConfigurationError: the name is invalid, or a file already exists; nothing was written.
    """
    from multi_env_lambda.plan.scaffold import new_unit

    root = opened.root
    files = new_unit(name, runtime, architecture, opened.config.units, flat=flat)
    for path, _ in files:
        if (root / path).exists():
            raise ConfigurationError(path, "the file already exists", hint="choose another name")
    for path, text in files:
        _write(root, path, text)
    return tuple(path for path, _ in files)


def init(path: str | os.PathLike[str]) -> tuple[str, ...]:
    """Write whatever the repository lacks to be a workspace."""
    from multi_env_lambda.flow.identity import new_id
    from multi_env_lambda.plan.scaffold import init_files

    root = Path(path)
    texts = {name: _text(root / name) for name in ("pyproject.toml", ".gitignore")}
    existing = [path.relative_to(root).as_posix() for path in (root / "bin" / "automation").glob("*.py")]
    files = tuple(init_files(texts["pyproject.toml"], texts[".gitignore"], existing, id=new_id()))
    for name, text in files:
        _write(root, name, text)
    (root / units_of(root)).mkdir(parents=True, exist_ok=True)
    return tuple(name for name, _ in files)


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _write(root: Path, path: str, text: str) -> None:
    target = root / path
    write_atomically(target, text.encode("utf-8"))
    executable = text.startswith("#!")
    os.chmod(target, 0o755 if executable else 0o644)
