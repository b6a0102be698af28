"""A unit's own code: (work tree, project, version) -> a wheel and an sdist, cached by the bytes they are built from.

Git's view of these bytes does not count: its index may hide what is missing or was edited.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from packaging.version import InvalidVersion, Version

from multi_env_lambda.building.archive import of_unit
from multi_env_lambda.building.backends import locked_backends
from multi_env_lambda.building.checkout import without_their_filter
from multi_env_lambda.building.distribution import (
    File,
    Wheel,
    build_distributions,
    content_digest,
    listed_files,
    merge,
    read_sdist,
    read_wheel,
    sdist_with_version,
    with_version,
    write_sdist,
    write_wheel,
)
from multi_env_lambda.building.plain import (
    all_in_roots,
    check_patterns,
    is_plain,
    plain_sdist,
    plain_shared,
    plain_wheel,
    root_wheel,
    with_roots,
)
from multi_env_lambda.building.secrets import refuse_secrets
from multi_env_lambda.building.shared import check_required, is_package
from multi_env_lambda.building.stage import set_version, stage_folders, staged_files
from multi_env_lambda.building.uv_settings import indexes_of_the_root, refuse_own_indexes
from multi_env_lambda.errors import BuildError
from multi_env_lambda.host.files import has_sha256, read_sealed, write_sealed
from multi_env_lambda.host.git import clone_settings
from multi_env_lambda.host.private import private_folder
from multi_env_lambda.model.artifact import build_tag, distribution_name
from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.workspace import BUILD_CONSTRAINTS

if TYPE_CHECKING:
    from multi_env_lambda.model.project import Project

__all__ = [
    "BUILDER_VERSION",
    "BuiltRoot",
    "BuiltSource",
    "StagedSource",
    "build_source",
    "stage_source",
]

BUILDER_VERSION = 4
"""Increased when the same inputs produce other bytes than before, or are refused, so that no old result is reused."""


_PACKER_VERSION = 2
"""The same for what no backend builds."""


@attrs.frozen(kw_only=True)
class BuiltRoot:
    """The wheel of one root on this machine, and what ``RootArtifact`` says about it."""

    root: str
    build: str
    wheel: Path
    wheel_sha256: str
    wheel_size: int
    digest: str
    files: tuple[tuple[str, str], ...]


@attrs.frozen(kw_only=True)
class BuiltSource:
    """The files on this machine, and what ``SourceArtifact`` says about them; sizes are in bytes.

    ``digest`` is over the content without the version; ``files`` are (path, hexadecimal SHA-256) of what is imported.
    """

    wheel: Path
    wheel_sha256: str
    wheel_size: int
    sdist: Path
    sdist_sha256: str
    sdist_size: int
    digest: str
    files: tuple[tuple[str, str], ...]
    roots: tuple[BuiltRoot, ...] = ()

    def wheel_of(self, root: str) -> Path:
        """The code of the functions with this root; empty: of those without one."""
        return next((made.wheel for made in self.roots if made.root == root), self.wheel)


@attrs.frozen(kw_only=True)
class StagedSource:
    """A unit's folders at one moment, in ``tree``; ``key`` is over every byte in it and the settings.

    ``doubtful`` are the files that this clone may have in another form than others, with the reason. ``backends`` are
    the constraints for its build tools; empty if the workspace locks none. ``indexes`` are the root's settings about
    them for uv. ``plain``: nothing builds the unit.
    """

    project: Project
    tree: Path
    files: tuple[tuple[str, bool, str], ...]
    doubtful: tuple[tuple[str, str], ...]
    backends: bytes = b""
    indexes: str = ""
    plain: bool = False

    @property
    def key(self) -> str:
        project = self.project
        settings = [BUILDER_VERSION, project.name, project.version, project.folder, list(project.shared)]
        locked = {"backends": hashlib.sha256(self.backends).hexdigest()} if self.backends else {}
        packed = (
            {"packed": [_PACKER_VERSION, self.plain, all_in_roots(project), *project.roots]}
            if self.plain or project.roots
            else {}
        )
        if project.exclude or project.include:
            packed["patterns"] = [project.exclude, project.include]
        return digest({"settings": settings, "files": self.files, "doubtful": self.doubtful, **locked, **packed})


@contextmanager
def stage_source(root: Path, project: Project) -> Iterator[StagedSource]:
    """Copy what the unit is built from, so that all its versions are built from the same bytes.

    Raises:
        BuildError: a file of the unit is not what is committed, but `git status` would not show it.
    """
    # Outside the work tree: backends and uv look for settings and ignore files in the folders above.
    with private_folder() as scratch:
        tree = _folder(scratch, "tree")
        stage_folders(root, (project.folder, *project.shared), tree)
        files = staged_files(tree)
        doubtful = without_their_filter(root, [path for path, _, _ in files], clone_settings(root))
        yield StagedSource(
            project=project,
            tree=tree,
            files=files,
            doubtful=tuple(sorted(doubtful.items())),
            backends=locked_backends(root),
            indexes=indexes_of_the_root(root),
            plain=_is_plain(tree, project),
        )


def _is_plain(tree: Path, project: Project) -> bool:
    try:
        return is_plain(tree, project.folder)
    except FileNotFoundError:
        hint = "add it, or correct .gitignore"
        raise BuildError(project.folder, "has no pyproject.toml that Git knows or would add", hint=hint) from None


def build_source(staged: StagedSource, *, version: str, cache: Path) -> BuiltSource:
    """Build the unit under ``version``, or find in ``cache`` what was built from the same bytes.

    Raises:
        BuildError: there is nothing to build, the backend failed, or its wheel is not what Lambda can run.
    """
    _check_version(staged.project, version)
    # Inside a folder of the key, so that the cache shows all versions that one content got.
    place = cache / "source" / staged.key / version
    known = _read(place)
    if known is not None:
        return known
    place.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=place.parent))
    try:
        with private_folder() as scratch:
            _build(staged, version, scratch, new)
        return _settle(new, place)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _check_version(project: Project, version: str) -> None:
    try:
        normal: str | None = str(Version(version))
    except InvalidVersion:
        normal = None
    if normal != version:
        what = f"the version {version!r} is not in normal form{f', which is {normal!r}' if normal else ''}"
        raise BuildError(
            f"{project.folder}/pyproject.toml", what, hint="the version is part of keys and file names; see PEP 440"
        )


def _build(staged: StagedSource, version: str, scratch: Path, new: Path) -> None:
    project, tree = staged.project, scratch / "tree"
    # A backend may write into its source folder, and another version may be built from the same bytes.
    shutil.copytree(staged.tree, tree)
    if staged_files(tree) != staged.files:
        # The result would be kept under the key of other bytes.
        raise BuildError(project.folder, "its staged files have changed since they were read", hint="run again")
    check_patterns(project, is_plain=staged.plain)
    if "version" not in project.dynamic and (not staged.plain or project.has_table):
        set_version(tree / project.folder / "pyproject.toml", version, where=f"{project.folder}/pyproject.toml")
    constraints = scratch / BUILD_CONSTRAINTS if staged.backends else None
    if constraints is not None:
        constraints.write_bytes(staged.backends)
    shared = [
        (
            folder,
            _shared_wheel(tree / folder, _folder(scratch, f"shared-{number}"), folder, constraints, staged.indexes),
        )
        for number, folder in enumerate(project.shared)
        if is_package(tree, folder)
    ]
    check_required(tree, project, shared)
    plain = plain_shared(tree, staged.files, project)
    if staged.plain:
        more = [] if all_in_roots(project) else [*shared, *plain]
        wheel = merge(plain_wheel(tree, staged.files, project, version), more, where=project.folder)
        sdist = plain_sdist(tree, staged.files, project, version)
    else:
        wheel, sdist = _of_backend(staged, tree, _folder(scratch, "out"), version, constraints)
        wheel = merge(wheel, shared, where=project.folder)
    roots = {
        root: merge(
            root_wheel(tree, staged.files, project, root, version),
            [*shared, *plain],
            where=f"{project.folder}/{root}",
        )
        for root in project.roots
    }
    for one in (wheel, *roots.values()):
        _check_filtered(one, staged)
    _check_secrets((wheel, *roots.values()), sdist, staged)
    with of_unit(project.folder):
        _write(wheel, sdist, roots, project, new)


def _of_backend(
    staged: StagedSource, tree: Path, out: Path, version: str, constraints: Path | None
) -> tuple[Wheel, tuple[File, ...]]:
    """What the unit's own backend makes."""
    project = staged.project
    refuse_own_indexes(tree / project.folder, project.folder)
    raw_wheel, raw_sdist = build_distributions(
        tree / project.folder,
        out,
        where=project.folder,
        sdist=True,
        tree=tree,
        constraints=constraints,
        indexes=staged.indexes,
    )
    assert raw_sdist is not None
    own = project.version if "version" in project.dynamic else version
    wheel = read_wheel(raw_wheel, where=project.folder, name=project.name, version=own)
    sdist = read_sdist(raw_sdist, where=project.folder)
    # Which version a backend finds out cannot be set, so its metadata is written again.
    return (wheel, sdist) if own == version else (with_version(wheel, version), sdist_with_version(sdist, version))


def _check_secrets(wheels: Sequence[Wheel], sdist: tuple[File, ...], staged: StagedSource) -> None:
    """By their path in the work tree, if they are from there: that is what a person has to correct or excuse."""
    by_content: dict[str, list[str]] = {}
    for path, _, sha256 in staged.files:
        by_content.setdefault(sha256, []).append(path)
    bodies: dict[str, bytes] = {}
    for file in (*(file for wheel in wheels for file in (*wheel.files, *wheel.info)), *sdist):
        same = by_content.get(file.sha256, [])
        ours = next((path for path in same if path.endswith(f"/{file.path}")), same[0] if same else file.path)
        bodies.setdefault(ours, file.body)
    refuse_secrets(sorted(bodies.items()), dict(staged.project.not_secret), where=staged.project.folder)


def _check_filtered(wheel: Wheel, staged: StagedSource) -> None:
    """Files outside the package, such as a notebook, may be in any form; what runs may not."""
    filter_of = dict(staged.doubtful)
    origin = {sha256: path for path, _, sha256 in staged.files if path in filter_of}
    for file in wheel.files:
        if (path := origin.get(file.sha256)) is not None:
            name = filter_of[path]
            what = f"{path} needs Git's filter {name!r}, for which this clone has no program"
            hint = f"set up `git config filter.{name}.smudge`, then run `git checkout -- {path}`"
            raise BuildError(staged.project.folder, what, hint=hint)


def _folder(scratch: Path, name: str) -> Path:
    folder = scratch / name
    folder.mkdir()
    return folder


def _shared_wheel(folder: Path, out: Path, where: str, constraints: Path | None, indexes: str) -> Wheel:
    refuse_own_indexes(folder, where)
    built, _ = build_distributions(folder, out, where=where, sdist=False, constraints=constraints, indexes=indexes)
    return read_wheel(built, where=where)


def _write(wheel: Wheel, sdist: tuple[File, ...], roots: Mapping[str, Wheel], project: Project, new: Path) -> None:
    stem = f"{distribution_name(project.name)}-{wheel.version}"
    wheel_name, sdist_name = f"{stem}-py3-none-any.whl", f"{stem}.tar.gz"
    made = [_written_root(root, one, stem, project, new) for root, one in roots.items()]
    wheel = with_roots(wheel, ((one["root"], one["digest"]) for one in made))
    manifest = {
        "wheel": wheel_name,
        "wheel_sha256": write_wheel(wheel, new / wheel_name),
        "sdist": sdist_name,
        "sdist_sha256": write_sdist(sdist, new / sdist_name),
        "digest": content_digest(wheel, base_version=project.version),
        "files": listed_files(wheel),
        "roots": made,
    }
    write_sealed(new / "built.json", manifest)


def _written_root(root: str, wheel: Wheel, stem: str, project: Project, new: Path) -> dict[str, Any]:
    build = build_tag(project.roots, root)
    name = f"{stem}-{build}-py3-none-any.whl"
    return {
        "root": root,
        "build": build,
        "wheel": name,
        "wheel_sha256": write_wheel(wheel, new / name),
        "digest": content_digest(wheel, base_version=project.version),
        "files": listed_files(wheel),
    }


def _settle(new: Path, place: Path) -> BuiltSource:
    for _ in range(2):
        try:
            os.rename(new, place)
        except OSError:
            known = _read(place)
            if known is not None:
                return known
            # What is there was truncated or damaged, and is unusable.
            shutil.rmtree(place, ignore_errors=True)
        else:
            break
    built = _read(place)
    if built is None:
        raise BuildError(
            str(place), "the built files cannot be stored there", hint="delete the cache folder and run again"
        )
    return built


def _read(place: Path) -> BuiltSource | None:
    """The result of an earlier call, if not a byte of it has changed."""
    manifest = read_sealed(place / "built.json")
    if manifest is None:
        return None
    wheel, sdist = place / manifest["wheel"], place / manifest["sdist"]
    if not has_sha256(wheel, manifest["wheel_sha256"]) or not has_sha256(sdist, manifest["sdist_sha256"]):
        return None
    roots = manifest.get("roots", [])
    if not all(has_sha256(place / made["wheel"], made["wheel_sha256"]) for made in roots):
        return None
    return BuiltSource(
        wheel=wheel,
        wheel_sha256=manifest["wheel_sha256"],
        wheel_size=wheel.stat().st_size,
        sdist=sdist,
        sdist_sha256=manifest["sdist_sha256"],
        sdist_size=sdist.stat().st_size,
        digest=manifest["digest"],
        files=_pairs(manifest["files"]),
        roots=tuple(_built_root(place, made) for made in roots),
    )


def _built_root(place: Path, made: Mapping[str, Any]) -> BuiltRoot:
    wheel = place / made["wheel"]
    files = _pairs(made["files"])
    return BuiltRoot(**{**made, "wheel": wheel, "wheel_size": wheel.stat().st_size, "files": files})


def _pairs(rows: Iterable[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((path, sha256) for path, sha256 in rows)
