"""Selects from a lock the wheels that Lambda's or Glue's Python can load: lock and target in, a file for each out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Literal

import attrs
from packaging.markers import Marker, UndefinedEnvironmentName
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

from multi_env_lambda.building.locked import Lock, LockedFile, LockedPackage, Need, parse_filename
from multi_env_lambda.errors import BuildError, ConfigurationError

__all__ = ["SelectedWheel", "Target", "check_made_for", "holding_needs", "marker_holds", "needed", "select"]

_LEGACY_ALIASES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_NEWEST_PATCH = 99
_MOST_SHOWN = 8


@attrs.frozen(kw_only=True)
class Target:
    """The machine that the code will run on, in Lambda or in Glue."""

    python: str
    architecture: Literal["arm64", "x86_64"] | str
    place: Literal["Lambda", "Glue"] = "Lambda"
    glibc: tuple[int, int] = attrs.field()
    """The operating system's: in Lambda Amazon Linux 2023 since Python 3.12, Amazon Linux 2 before.

    AWS does not document what Python shell jobs run on. 2.26 is what Glue 3.0 and 4.0 have, and what wheels for Python
    3.9 rarely exceed. Sources: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html and
    https://github.com/aws-samples/aws-glue-samples (Glue Python Dependency Packager, Supported Glue Versions)
    """

    @glibc.default
    def _glibc(self) -> tuple[int, int]:
        return (2, 34) if self.version >= (3, 12) else (2, 26)

    @property
    def title(self) -> str:
        return f"the runtime is Python {self.python}" if self.place == "Lambda" else f"Glue runs Python {self.python}"

    @property
    def machine(self) -> str:
        """The architecture as Linux calls it."""
        return "aarch64" if self.architecture == "arm64" else self.architecture

    @property
    def version(self) -> tuple[int, int]:
        major, minor = self.python.split(".")
        return int(major), int(minor)

    @property
    def platform_tags(self) -> tuple[str, ...]:
        """Best first: manylinux_2_28 and older run everywhere; what needs a newer glibc is taken only if necessary."""
        newest = self.glibc[1]
        oldest = 5 if self.architecture == "x86_64" else 17
        common = range(min(newest, 28), oldest - 1, -1)
        tags: list[str] = []
        for minor in [*common, *range(29, newest + 1)]:
            tags.append(f"manylinux_2_{minor}_{self.machine}")
            if minor in _LEGACY_ALIASES:
                tags.append(f"{_LEGACY_ALIASES[minor]}_{self.machine}")
        return (*tags, f"linux_{self.machine}")

    @property
    def tags(self) -> Iterator[Tag]:
        """All wheel tags that can be loaded, best first."""
        major, minor = self.version
        interpreter = f"cp{major}{minor}"
        platforms = self.platform_tags
        yield from cpython_tags((major, minor), abis=[interpreter], platforms=platforms)
        yield from compatible_tags((major, minor), interpreter=interpreter, platforms=platforms)

    @property
    def full_version(self) -> str:
        # AWS keeps the patch release current, so a marker such as python_full_version < "3.11.4" never applies.
        return f"{self.python}.{_NEWEST_PATCH}"

    @property
    def environment(self) -> dict[str, str | frozenset[str]]:
        """The values of all marker variables there."""
        return {
            "implementation_name": "cpython",
            "implementation_version": self.full_version,
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": self.full_version,
            "python_version": self.python,
            "sys_platform": "linux",
            "extra": "",
            "extras": frozenset(),
            "dependency_groups": frozenset(),
        }


@attrs.frozen(kw_only=True)
class SelectedWheel:
    """The one file that was chosen for a package; ``is_sdist`` if there is no wheel at all."""

    name: str
    version: str
    file: LockedFile

    @property
    def filename(self) -> str:
        return self.file.filename

    @property
    def sha256(self) -> str:
        return self.file.sha256

    @property
    def is_sdist(self) -> bool:
        return not self.file.filename.endswith(".whl")


def marker_holds(marker: str | None, target: Target, where: str) -> bool:
    """Whether a requirement with this marker counts on the target.

    Raises:
        ConfigurationError: the marker compares what cannot be compared.
    """
    try:
        return marker is None or _parsed(marker).evaluate(target.environment, context="lock_file")
    except (ValueError, UndefinedEnvironmentName) as error:
        what = f"the marker {marker!r} has no answer: {error}"
        raise ConfigurationError(where, what, hint="compare versions by numbers, and texts by `==` or `!=`") from error


@cache
def _parsed(marker: str) -> Marker:
    # A lock repeats a handful of markers hundreds of times.
    return Marker(marker)


def check_made_for(lock: Lock, target: Target) -> None:
    """Refuse a lock that was made for another Python version or other machines."""
    hint = "run the verb `lock` again"
    if lock.requires_python is not None and not SpecifierSet(lock.requires_python).contains(target.full_version):
        what = f"is made for Python {lock.requires_python}, but {target.title}"
        raise ConfigurationError(lock.where, what, hint=hint)
    if lock.environments and not any(marker_holds(one, target, lock.where) for one in lock.environments):
        who = "the function" if target.place == "Lambda" else "the job"
        what = f"is made for {' or '.join(lock.environments)}, but {who} runs on Linux {target.architecture}"
        raise ConfigurationError(lock.where, what, hint=hint)


def select(lock: Lock, target: Target) -> tuple[SelectedWheel, ...]:
    """One file for each package that is needed on this target, sorted by name.

    Raises:
        ConfigurationError: the lock is for another Python.
        BuildError: a package has nothing that runs there, or is locked in two versions at once.
    """
    check_made_for(lock, target)
    rank = {tag: position for position, tag in enumerate(target.tags)}
    chosen: dict[str, SelectedWheel] = {}
    for package in needed(lock, target):
        file = _best(lock, package, target, rank)
        # Locks may write 1.0 or 1.0.0 for the same file; what is made from the file must not depend on that.
        wheel = SelectedWheel(name=package.name, version=parse_filename(file.filename)[1], file=file)
        if (other := chosen.get(package.name)) is not None and other != wheel:
            what = f"{package.name} is locked as {other.version} and as {package.version} for the same machine"
            raise BuildError(lock.where, what, hint="their markers overlap; run the verb `lock` again")
        chosen[package.name] = wheel
    return tuple(chosen[name] for name in sorted(chosen))


def needed(lock: Lock, target: Target) -> Iterable[LockedPackage]:
    """The packages of the lock that are installed on this target."""
    if lock.roots is None:
        return [package for package in lock.packages if marker_holds(package.marker, target, lock.where)]
    versions: dict[str, set[str | None]] = {}
    for need in holding_needs(lock, target):
        versions.setdefault(need.name, set()).add(need.version)
    return [
        package
        for package in lock.packages
        if package.name not in lock.local and versions.get(package.name, set()) & {None, package.version}
    ]


def holding_needs(lock: Lock, target: Target) -> frozenset[Need]:
    """Every edge of the dependency graph that applies to this target, starting at the roots."""
    by_name: dict[str, list[LockedPackage]] = {}
    for package in lock.packages:
        by_name.setdefault(package.name, []).append(package)
    seen: set[Need] = set()
    waiting = list(lock.roots or ())
    while waiting:
        need = waiting.pop()
        if need in seen or not marker_holds(need.marker, target, lock.where):
            continue
        seen.add(need)
        for package in by_name.get(need.name, ()):
            if need.version in (None, package.version):
                waiting.extend(package.needs)
                for extra in need.extras:
                    waiting.extend(package.extras.get(extra, ()))
    return frozenset(seen)


def _best(lock: Lock, package: LockedPackage, target: Target, rank: dict[Tag, int]) -> LockedFile:
    title = f"{package.name} {package.version}"
    python = package.requires_python
    if python is not None and not SpecifierSet(python).contains(target.full_version):
        what = f"{title} needs Python {python}, but {target.title}"
        raise BuildError(lock.where, what, hint=f"run the verb `lock` again, or {_other_way(target)}")
    if not package.complete:
        what = f"the files of {title} are not known, only their hashes"
        raise BuildError(lock.where, what, hint="complete the lock before selecting from it")
    fitting = [(score, wheel) for wheel in package.wheels if (score := _score(wheel, rank)) is not None]
    if fitting:
        return min(fitting, key=lambda pair: pair[0])[1]
    if not package.wheels and package.sdist is not None:
        return package.sdist
    raise _nothing_fits(lock, package, target)


def _score(wheel: LockedFile, rank: dict[Tag, int]) -> tuple[int, tuple[int, str], str] | None:
    """Less is better: the best tag, then the highest build number, then the name, so that it is deterministic."""
    _, _, build, tags = parse_wheel_filename(wheel.filename)
    ranks = [rank[tag] for tag in tags if tag in rank]
    if not ranks:
        return None
    number, suffix = build or (0, "")
    return min(ranks), (-number, suffix), wheel.filename


def _nothing_fits(lock: Lock, package: LockedPackage, target: Target) -> BuildError:
    names = sorted((wheel.filename for wheel in package.wheels), key=lambda name: (-_closeness(name, target), name))
    there = "".join(f"\n  {name}" for name in names[:_MOST_SHOWN])
    more = f"\n  and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    glibc = ".".join(map(str, target.glibc))
    what = (
        f"{package.name} {package.version} has no wheel for Python {target.python} on {target.architecture} "
        f"(Linux, glibc {glibc} or older); these are locked:{there}{more}"
    )
    hint = f"require a version with such a wheel in [project].dependencies and renew the lock, or {_other_way(target)}"
    return BuildError(lock.where, what, hint=hint)


def _other_way(target: Target) -> str:
    """What helps besides another version."""
    return "choose another runtime" if target.place == "Lambda" else "move the job to a separate unit"


def _closeness(filename: str, target: Target) -> int:
    """How many of Python, system and machine match: near misses are what a person wants to see."""
    python = f"-cp{target.python.replace('.', '')}-"
    return sum(part in filename for part in (python, "manylinux", target.machine))
