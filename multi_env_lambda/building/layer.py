"""The layer of a unit: selected wheels in, ``layer.zip`` and ``requirements.zip`` out, equal digest for equal bytes.

The library of its Glue jobs is made in the same way, with the packages at the top.

The wheels' members are copied in their compressed form; nothing is inflated, installed or run.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import attrs

from multi_env_lambda.building.archive import Member, content, of_unit, read_zip, write_zip
from multi_env_lambda.building.download import fetch
from multi_env_lambda.building.locked import Lock
from multi_env_lambda.building.select import SelectedWheel, Target
from multi_env_lambda.building.shared_objects import Audit, Missing, audit, missing_library_hint
from multi_env_lambda.building.wheel import Installed, installed, wheel_of_sdist
from multi_env_lambda.building.wheel_claims import check_claims, check_filename
from multi_env_lambda.errors import BuildError
from multi_env_lambda.host.files import has_sha256, read_sealed, write_sealed
from multi_env_lambda.host.folders import user_cache
from multi_env_lambda.model.artifact import Package
from multi_env_lambda.model.digest import canonical_json, digest
from multi_env_lambda.model.lambda_image import MAX_UNZIPPED_BYTES

__all__ = ["BUILDER_VERSION", "BuiltLayer", "build_layer", "check_together"]

BUILDER_VERSION = 2
"""Increased whenever the same wheels would produce other bytes."""

_PLAIN = 1
"""The version whose bytes version 2 still makes from wheels without data files and without modules lacking source."""

_AUDIT = 2
"""Increased whenever a cached layer must be checked again."""

_BIGGEST_SHOWN = 10
_NAMES_SHOWN = 3

_BESIDE_THE_CODE = frozenset({"benchmarks", "doc", "docs", "example", "examples", "test", "tests"})
"""Folders at the top that packages leave in their wheels by mistake, and that nothing imports in production."""
_CODE = (".py", ".pyc", ".so")


@attrs.frozen(kw_only=True)
class BuiltLayer:
    """The two files of a layer on this disk; sizes are in bytes."""

    digest: str
    layer: Path
    layer_sha256: str
    layer_size: int
    requirements: Path
    requirements_sha256: str
    requirements_size: int
    packages: tuple[Package, ...]
    unzipped_size: int
    notes: tuple[str, ...] = ()
    useless: tuple[tuple[str, str], ...] = ()
    unloadable: Mapping[str, tuple[Missing, ...]] = attrs.field(factory=dict)


def _digest(selected: Iterable[SelectedWheel], target: Target, builder: int) -> str:
    """Over everything that determines the bytes of the layer."""
    return digest(_inputs(selected, target, builder))


def _inputs(selected: Iterable[SelectedWheel], target: Target, builder: int) -> dict[str, object]:
    return {
        **({} if target.place == "Lambda" else {"place": target.place}),
        "architecture": target.architecture,
        "builder": builder,
        "files": sorted([wheel.filename, wheel.sha256] for wheel in selected),
        "glibc": list(target.glibc),
        "python": target.python,
    }


def build_layer(
    selected: tuple[SelectedWheel, ...],
    target: Target,
    *,
    cache: Path,
    lock: Lock,
    downloads: Path | None = None,
    alone: bool = True,
    indexes: str = "",
) -> BuiltLayer:
    """Make both files below ``cache``, or return existing ones.

    ``downloads`` is where wheels are kept for all workspaces; by default the user's cache. ``alone``: it is the only
    layer of some function, so no other one brings a library that it lacks. ``indexes`` are the workspace's, for uv.

    Raises:
        BuildError: two wheels disagree about a file, Lambda or Glue could not load one, or together they are too big.
    """
    name = _digest(selected, target, BUILDER_VERSION)
    folder = cache / "layer" / name
    if (kept := _kept(folder, name)) is not None:
        return _loadable(kept, target, alone=alone, where=lock.where)
    wheels = _installed(selected, target, lock=lock, downloads=downloads or user_cache(), indexes=indexes)
    members, doubled = _members(wheels, target, where=lock.where)
    if target.place == "Lambda":
        _check_size(members, where=lock.where)
    audited = audit(members, target)
    if audited.problems:
        wrong = "the wheel's content does not match its name; choose another version"
        raise _cannot_load(audited.problems, target, where=lock.where, hint=wrong)
    builder = BUILDER_VERSION if any(wheel.data or wheel.sourceless for wheel in wheels.values()) else _PLAIN
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new.", dir=folder.parent) as scratch:
        new = Path(scratch) / name
        everything = [member for group in members.values() for member in group]
        with of_unit(lock.where):
            layer_sha256 = write_zip(new / "layer.zip", everything, exact=True)
        requirements_sha256 = write_zip(new / "requirements.zip", _requirements(selected, target, builder))
        built = {
            "name": name,
            "audit": _AUDIT,
            "digest": _digest(selected, target, builder),
            "layer": [layer_sha256, (new / "layer.zip").stat().st_size],
            "requirements": [requirements_sha256, (new / "requirements.zip").stat().st_size],
            "packages": [[wheel.name, wheel.version] for wheel in selected],
            "unzipped_size": sum(member.size for group in members.values() for member in group),
            "notes": [*doubled, *_notes(wheels, target), *_notes_of(audited, target)],
            "useless": audited.useless,
            "unloadable": {
                name: [[one.library, one.needed_by] for one in lost] for name, lost in audited.unloadable.items()
            },
        }
        write_sealed(new / "built.json", built)
        _move_in(new, folder, name)
    kept = _kept(folder, name)
    if kept is None:
        what = "disappeared during the build"
        raise BuildError(str(folder), what, hint="is something deleting the cache? run again")
    return _loadable(kept, target, alone=alone, where=lock.where)


def check_together(wheel: Path, layer: BuiltLayer, *, where: str) -> None:
    """Check code and layer together against the limit that each alone respects.

    Raises:
        BuildError: they are too big.
    """
    with zipfile.ZipFile(wheel) as archive:
        code = sum(info.file_size for info in archive.infolist())
    total = code + layer.unzipped_size
    if total > MAX_UNZIPPED_BYTES:
        what = f"code ({code} bytes) and layer ({layer.unzipped_size} bytes) have {total} bytes unzipped; Lambda allows"
        hint = "remove large files and read them from S3, or drop a dependency"
        raise BuildError(where, f"{what} {MAX_UNZIPPED_BYTES} for both", hint=hint)


def _kept(folder: Path, name: str) -> BuiltLayer | None:
    """The result of an earlier call, if not a byte of it has changed."""
    built = read_sealed(folder / "built.json")
    layer, requirements = folder / "layer.zip", folder / "requirements.zip"
    if built is None or built.get("name") != name or built.get("audit") != _AUDIT:
        return None
    if not has_sha256(layer, built["layer"][0]) or not has_sha256(requirements, built["requirements"][0]):
        return None
    return BuiltLayer(
        digest=built["digest"],
        layer=layer,
        layer_sha256=built["layer"][0],
        layer_size=built["layer"][1],
        requirements=requirements,
        requirements_sha256=built["requirements"][0],
        requirements_size=built["requirements"][1],
        packages=tuple(Package(name=name, version=version) for name, version in built["packages"]),
        unzipped_size=built["unzipped_size"],
        notes=tuple(built["notes"]),
        useless=tuple((wheel, text) for wheel, text in built["useless"]),
        unloadable={
            name: tuple(Missing(library=library, needed_by=needed_by) for library, needed_by in lost)
            for name, lost in built["unloadable"].items()
        },
    )


def _move_in(new: Path, folder: Path, name: str) -> None:
    """Rename the finished folder; if another process was first, its equal files stay."""
    os.chmod(new, 0o755)
    if folder.exists() and _kept(folder, name) is None:
        # An incomplete folder cannot come from this module; move it out of the way.
        with tempfile.TemporaryDirectory(prefix=".broken.", dir=folder.parent) as aside, suppress(FileNotFoundError):
            os.rename(folder, Path(aside) / name)
    try:
        os.rename(new, folder)
    except OSError:
        if _kept(folder, name) is None:
            raise


def _installed(
    selected: Iterable[SelectedWheel], target: Target, *, lock: Lock, downloads: Path, indexes: str
) -> dict[str, Installed]:
    """What each wheel installs, by its file name."""
    ordered = sorted(selected, key=lambda wheel: wheel.filename)
    wheels: dict[str, Installed] = {}
    for wheel, path in zip(ordered, fetch(ordered, lock=lock, cache=downloads, indexes=indexes), strict=True):
        if wheel.is_sdist:
            path = wheel_of_sdist(wheel, path, where=lock.where, cache=downloads, indexes=indexes)
        wheels[wheel.filename] = _opened(wheel, path, target, where=lock.where)
    return wheels


def _members(
    wheels: Mapping[str, Installed], target: Target, *, where: str
) -> tuple[dict[str, tuple[Member, ...]], tuple[str, ...]]:
    """The members that each wheel adds, each file once; and the files that two wheels have with different content."""
    folder = "python/" if target.place == "Lambda" else ""
    from_wheel: dict[str, tuple[str, Member]] = {}
    doubled: set[str] = set()
    for filename, wheel in wheels.items():
        for member in wheel.members:
            first = from_wheel.setdefault(member.name, (filename, member))
            if not _alike(first[1], member):
                from_wheel[member.name] = _chosen(first, (filename, member), where)
                doubled.add(member.name)
    groups = {
        filename: tuple(
            member.renamed(f"{folder}{member.name}") for member in wheel.members if from_wheel[member.name][1] is member
        )
        for filename, wheel in wheels.items()
    }
    return groups, tuple(f"{from_wheel[name][0]}: its {name} is taken, others have one too" for name in sorted(doubled))


def _chosen(first: tuple[str, Member], second: tuple[str, Member], where: str) -> tuple[str, Member]:
    """Of two different files of one name, the one that takes nothing from the other package.

    An installer writes one over the other, whatever they are.

    Raises:
        BuildError: both are code, so one package would run the other one's.
    """
    name = first[1].name
    if first[0] == second[0]:
        what = f"{first[0]} has {name!r} twice, with different content"
        raise BuildError(where, what, hint="choose another version of the package")
    top, _, rest = name.partition("/")
    if top in _BESIDE_THE_CODE or not (rest or name.endswith(_CODE)):
        return first
    if name.endswith("/__init__.py"):
        for one, other in ((first, second), (second, first)):
            if not one[1].read().strip():
                return other
    what = f"{first[0]} and {second[0]} both have a file {name!r}, with different content"
    raise BuildError(where, what, hint="they cannot be used together; choose one of them")


def _opened(wheel: SelectedWheel, path: Path, target: Target, *, where: str) -> Installed:
    """What a wheel installs; an error about the wheel names its lock."""
    try:
        opened = read_zip(path, sha256=None if wheel.is_sdist else wheel.sha256, exact=True)
        check_filename(opened.name, wheel)
        found = installed(opened, name=wheel.name)
        check_claims(opened, wheel, target)
        return found
    except BuildError as error:
        of = f"{wheel.filename}: " if wheel.is_sdist else ""
        raise BuildError(where, f"{of}{error.where}: {error.what}", hint=error.hint) from error


def _alike(one: Member, other: Member) -> bool:
    if (one.crc, one.size) != (other.crc, other.size):
        return False
    try:
        return one.sha256() == other.sha256()
    except zlib.error:
        return False


def _check_size(groups: Mapping[str, tuple[Member, ...]], *, where: str) -> None:
    sizes = {filename: sum(member.size for member in group) for filename, group in groups.items()}
    total = sum(sizes.values())
    if total <= MAX_UNZIPPED_BYTES:
        return
    biggest = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:_BIGGEST_SHOWN]
    lines = "".join(f"\n  {size / 1e6:8.1f} MB  {filename}" for filename, size in biggest)
    what = f"the layer has {total} bytes unzipped; Lambda allows {MAX_UNZIPPED_BYTES}; the biggest are:{lines}"
    raise BuildError(where, what, hint="drop or replace one of them; boto3 is available without a layer")


def _loadable(built: BuiltLayer, target: Target, *, alone: bool, where: str) -> BuiltLayer:
    # Which libraries Glue has is not documented: there the import decides, and the first run.
    if alone and built.useless and target.place == "Lambda":
        hint = missing_library_hint(str(built.useless))
        raise _cannot_load(built.useless, target, where=where, hint=hint)
    return built


def _cannot_load(problems: Iterable[tuple[str, str]], target: Target, *, where: str, hint: str) -> BuildError:
    lines = "".join(f"\n  {filename}: {problem}" for filename, problem in problems)
    what = f"{target.place} (Python {target.python}, {target.architecture}) could not load:{lines}"
    return BuildError(where, what, hint=hint)


def _notes(wheels: Mapping[str, Installed], target: Target) -> Iterator[str]:
    """What does not work from a layer, but would from an installation on a machine."""
    name, place = ("layer", "/opt/python") if target.place == "Lambda" else ("library of the jobs", "its folder")
    for filename, wheel in wheels.items():
        if wheel.unused:
            yield f"{filename}: its scripts and headers are not in the {name} ({_some(wheel.unused)})"
        if wheel.data:
            yield f"{filename}: its data files are in {place}, not in sys.prefix ({_some(wheel.data)})"
        if wheel.sourceless:
            yield f"{filename}: has compiled modules without source ({_some(wheel.sourceless)})"
        if wheel.untrue:
            yield f"{filename}: does not match its own RECORD ({_some(wheel.untrue)})"


def _notes_of(audited: Audit, target: Target) -> Iterator[str]:
    if target.place != "Lambda":
        return
    for name, missing in sorted(audited.unloadable.items()):
        libraries = _some(sorted({one.library for one in missing}))
        yield f"{name} cannot be loaded: neither the layer nor Lambda has {libraries}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f"{', '.join(names[:_NAMES_SHOWN])}{more}"


def _requirements(selected: Iterable[SelectedWheel], target: Target, builder: int) -> tuple[Member, ...]:
    """The lock in a normal form and the manifest: the digest covers all of it, so equal digest is equal bytes."""
    ordered = sorted(selected, key=lambda wheel: wheel.filename)
    lines = sorted(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n" for wheel in ordered)
    packages = [
        {"name": wheel.name, "version": wheel.version, "filename": wheel.filename, "sha256": wheel.sha256}
        for wheel in ordered
    ]
    manifest = {
        "digest": _digest(ordered, target, builder),
        "python": target.python,
        "architecture": target.architecture,
        "builder": builder,
        "packages": packages,
    }
    return (
        content("manifest.json", canonical_json(manifest).encode("ascii")),
        content("requirements.txt", "".join(lines).encode("utf-8")),
    )
