"""The nearest versions that can be installed: pins of old in, and the few that have to be newer out.

Old pins often have no wheel for any Python that Lambda still has, and most of these packages cannot be built here,
because they are not pure. uv decides what replaces them, with the lowest versions that have wheels and fit together.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path

import attrs
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from multi_env_lambda.building.download import fetch
from multi_env_lambda.building.lock_formats import read_pylock
from multi_env_lambda.building.locked import Lock
from multi_env_lambda.building.resolve import resolve
from multi_env_lambda.building.select import SelectedWheel, Target, marker_holds, select
from multi_env_lambda.building.uv_settings import plain_lines
from multi_env_lambda.building.wheel import wheel_of_sdist
from multi_env_lambda.errors import BuildError, ConfigurationError, ToolError
from multi_env_lambda.host.folders import user_cache
from multi_env_lambda.host.process import run_uv

__all__ = ["Moved", "Nearest", "Pin", "built_from_source", "lacking", "nearest", "newest", "of_day", "pins_of", "stay"]

_THREADS = 8
_OLDER = ("3.8", "3.7", "3.6")
"""The Pythons that projects of old were written for."""
_OLDEST = "3.6"
"""The Python for which uv lists the files of old versions."""

_UNSOLVABLE = ("No solution found", "requirements are unsatisfiable")
"""The beginning of what uv says then, and the end: of long reasons, an error has the end only."""
_HINT = "check that the package index can be reached"
_GLIBCS = (17, 28, *range(31, 41))
"""The minor versions of glibc 2 that uv knows as platforms."""


@attrs.frozen(order=True)
class Pin:
    """A package of which one exact version is wanted; ``extras`` as uv writes them, with brackets."""

    name: str
    version: str
    extras: str = ""
    direct: bool = True
    """Whether the unit itself requires it; else it is what another tool has locked, and perhaps nothing needs it."""

    @property
    def exact(self) -> str:
        return f"{self.name}{self.extras}=={self.version}"

    @property
    def or_newer(self) -> str:
        # A local version, as in 1.0+cpu, has no order.
        return f"{self.name}{self.extras}>={Version(self.version).public}"


@attrs.frozen(kw_only=True)
class Moved:
    """A pin and the version to take instead.

    Args:
        alone: whether the pinned version has nothing that can be installed; else another package needs a newer one.
    """

    pin: Pin
    version: str
    alone: bool

    @property
    def requirement(self) -> str:
        return f"{self.pin.name}{self.pin.extras}=={self.version}"


def pins_of(direct: Iterable[str], others: Iterable[str], target: Target, where: str) -> tuple[Pin, ...]:
    """The exact versions that count on the target; those of ``others`` count where ``direct`` is silent.

    Raises:
        ConfigurationError: a marker has no answer.
    """
    found: dict[str, Pin] = {}
    asked = [(text, True) for text in direct]
    for text, is_direct in (*asked, *((text, False) for text in others)):
        one = Requirement(text)
        if not marker_holds(str(one.marker) if one.marker else None, target, where):
            continue
        name, version = canonicalize_name(one.name), _exact(one)
        extras = f"[{','.join(sorted(one.extras))}]" if one.extras else ""
        if version and name not in found:
            found[name] = Pin(name, version, extras, direct=is_direct or _is_named(name, asked))
    return tuple(sorted(found.values()))


def _is_named(name: str, asked: Iterable[tuple[str, bool]]) -> bool:
    return any(canonicalize_name(Requirement(text).name) == name for text, _ in asked)


def _exact(requirement: Requirement) -> str:
    specifiers = list(requirement.specifier)
    if len(specifiers) != 1 or specifiers[0].operator not in ("==", "===") or "*" in specifiers[0].version:
        return ""
    try:
        return str(Version(specifiers[0].version))
    except InvalidVersion:
        return ""


@attrs.frozen(kw_only=True)
class Nearest:
    """What becomes of pins: those that move, and the names of those that are built from source."""

    moved: tuple[Moved, ...] = ()
    built: frozenset[str] = frozenset()


def stay(pins: Iterable[Pin], target: Target, *, where: str, indexes: str) -> bool:
    """Whether each of these pins has a wheel for the target."""
    asked = _Asked(target=target, where=where, indexes=indexes)
    return asked.solved([one.exact for one in pins], "--no-deps") is not None


def nearest(pins: Sequence[Pin], target: Target, *, where: str, indexes: str) -> Nearest:
    """The pins that cannot stay, each with the lowest newer version that has a wheel and fits to the others.

    Args:
        indexes: those of the workspace, as lines of ``[tool.uv]``.

    Raises:
        ConfigurationError: there is none for some packages, which are all named.
        ToolError: uv failed, for example because the index cannot be reached.
    """
    asked = _Asked(target=target, where=where, indexes=indexes)
    if not pins or asked.solved([one.exact for one in pins]) is not None:
        return Nearest()
    lowest = asked.lowest(pins)
    wheelless = [one for one in pins if not _same(one.version, lowest[one.name])]
    sources = frozenset(one.name for one in wheelless if asked.is_built(one))
    lost = [one for one in wheelless if lowest[one.name] is None and one.name not in sources]
    if refused := [one for one in lost if one.direct]:
        raise _no_version(refused, target, where)
    left = [one for one in pins if one not in lost and one.name not in sources]
    moving = frozenset(one.name for one in wheelless) - sources
    found = asked.together(left, moving, lowest)
    more: tuple[Moved, ...] = ()
    if found is None:
        found = {one.name: (lowest[one.name] or one.version) if one.name in moving else one.version for one in left}
        built = [one.exact for one in pins if one.name in sources]
        more = asked.needed_by([*(f"{one.name}{one.extras}=={found[one.name]}" for one in left), *built])
    moved = (
        Moved(pin=one, version=found[one.name], alone=one.name in moving)
        for one in left
        if not _same(one.version, found[one.name])
    )
    return Nearest(moved=(*moved, *more), built=sources)


def newest(requirements: Iterable[str], locked: Sequence[Pin], target: Target, *, where: str, indexes: str) -> Nearest:
    """What is ``locked`` without a wheel for the target, each in the newest version that has one and fits to the rest.

    A lock is for all machines, so that its newest version may be for newer ones than Lambda's.
    """
    asked = _Asked(target=target, where=where, indexes=indexes)
    lost = [one for one in locked if asked.solved([one.exact], "--no-deps") is None]
    fitting = asked.solved([*requirements]) or {}
    found = ((one, fitting.get(one.name) or asked.older(one)) for one in lost if not asked.is_built(one))
    moved = (Moved(pin=one, version=version, alone=True) for one, version in found if version is not None)
    return Nearest(moved=tuple(one for one in moved if not _same(one.pin.version, one.version)))


def of_day(requirements: Iterable[str], day: date, target: Target, *, where: str, indexes: str) -> tuple[Pin, ...]:
    """What these and their needs came to on a day, without exact ones; each in the lowest version from there on that
    has a wheel for the target.

    Nothing if they do not fit together, or the index does not say when it got its files.
    """
    asked, wanted = _Asked(target=target, where=where, indexes=indexes), [*requirements]
    exact = {one.name for one in pins_of(wanted, (), target, where)}
    found = asked.on_day(wanted, day)
    pins = [Pin(name, version, direct=False) for name, version in found.items() if name not in exact]
    if pins and asked.solved([*wanted, *(one.exact for one in pins)]) is None:
        lowest = asked.lowest(pins)
        pins = [attrs.evolve(one, version=version) for one in pins if (version := lowest[one.name]) is not None]
        if asked.solved([*wanted, *(one.exact for one in pins)]) is None:
            return ()
    return tuple(pins)


def lacking(requirements: Iterable[str], target: Target, *, where: str, indexes: str) -> tuple[str, ...]:
    """Those that are called like a module of Python itself, and that no index has: pip refuses them, too."""
    asked = _Asked(target=target, where=where, indexes=indexes)
    names = dict.fromkeys(canonicalize_name(Requirement(text).name) for text in requirements)
    own = (name for name in names if name.replace("-", "_") in sys.stdlib_module_names)
    return tuple(name for name in own if not asked.is_known(name))


def _same(version: str, other: str | None) -> bool:
    return other is not None and Version(other) in (Version(version), Version(Version(version).public))


def _versions(said: bytes) -> dict[str, str]:
    """By normal name, from the lines of an answer of uv's."""
    lines = [Requirement(line) for line in said.decode("utf-8").splitlines() if "==" in line]
    return {canonicalize_name(one.name): str(next(iter(one.specifier)).version) for one in lines}


def _no_version(lost: Sequence[Pin], target: Target, where: str) -> ConfigurationError:
    names = ", ".join(f"{one.name} {one.version}" for one in lost)
    has = "has" if len(lost) == 1 else "have"
    what = (
        f"{names} {has} no wheel for Python {target.python} on {target.architecture} and cannot be built from source "
        f"here, and no newer version has one"
    )
    hint = "use another package instead, or remove it if your code does not need it"
    return ConfigurationError(where, what, hint=hint)


@attrs.frozen(kw_only=True)
class _Asked:
    """What is asked of uv, and for which machine."""

    target: Target
    where: str
    indexes: str

    def solved(self, requirements: Iterable[str], *words: str) -> dict[str, str] | None:
        """The version of each package that these and their needs come to, with wheels only; None if there is none."""
        argv, stdin = [*self._words(), "--no-build", *words, "-"], self._lines(requirements)
        try:
            said = run_uv(argv, where=self.where, hint=_HINT, stdin=stdin, settings=self.indexes)
        except ToolError as error:
            if any(words in error.what for words in _UNSOLVABLE):
                return None
            raise
        return _versions(said)

    def on_day(self, requirements: Sequence[str], day: date) -> dict[str, str]:
        """For the target's Python or, where it was too new then, for an older one."""
        words = ("--exclude-newer", day.isoformat())
        olders = (attrs.evolve(self, target=attrs.evolve(self.target, python=python)) for python in _OLDER)
        try:
            for asked in (self, *olders):
                if (found := asked.solved(requirements, *words)) is not None:
                    return found
            argv, stdin = [*self._words(), *words, "-"], self._lines(requirements)
            return _versions(resolve(argv, where=self.where, hint=_HINT, stdin=stdin, settings=self.indexes))
        except ToolError:
            return {}

    def _words(self) -> list[str]:
        words = ["pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-strip-extras"]
        words += ["--python", sys.executable, "--python-version", self.target.python]
        return [*words, "--python-platform", _platform(self.target)]

    def _lines(self, requirements: Iterable[str]) -> bytes:
        return plain_lines(sorted(requirements), self.where)

    def lowest(self, pins: Sequence[Pin]) -> dict[str, str | None]:
        """For each package alone, the lowest version from the pinned one on that has a wheel."""
        with ThreadPoolExecutor(_THREADS) as pool:
            return dict(zip((one.name for one in pins), pool.map(self._lowest, pins), strict=True))

    def _lowest(self, pin: Pin) -> str | None:
        found = self.solved([pin.or_newer], "--no-deps", "--resolution", "lowest")
        return None if found is None else found[pin.name]

    def older(self, pin: Pin) -> str | None:
        """The newest version before the pinned one that has a wheel."""
        found = self.solved([f"{pin.name}{pin.extras}<{pin.version}"], "--no-deps")
        return None if found is None else found[pin.name]

    def is_known(self, name: str) -> bool:
        """Whether an index has a package of this name, in whatever form."""
        argv, stdin = [*self._words(), "--no-deps", "-"], self._lines([name])
        try:
            run_uv([*argv, "--no-build"], where=self.where, hint=_HINT, stdin=stdin, settings=self.indexes)
        except ToolError as error:
            return "was not found in the package registry" not in error.what
        return True

    def is_built(self, pin: Pin) -> bool:
        """Whether the pinned version has a source and no wheel, and builds a pure one here."""
        if self._listed(pin, _OLDEST, "--no-build") is not None:
            return False  # it has wheels, for other machines: what they hold is compiled
        lock = self._listed(pin, self.target.python)
        try:
            return lock is not None and bool(built_from_source(lock, self.target, self.indexes))
        except BuildError:
            return False

    def _listed(self, pin: Pin, python: str, *words: str) -> Lock | None:
        """All files of this version, as a lock."""
        argv = ["pip", "compile", "--quiet", "--universal", "--no-deps", "--generate-hashes", "--no-header", *words]
        argv += ["--python", sys.executable, "--python-version", python, "--format", "pylock.toml", "-"]
        ask = run_uv if words else resolve
        stdin = plain_lines([pin.exact], self.where)
        try:
            said = ask(argv, where=self.where, hint=_HINT, stdin=stdin, settings=self.indexes)
        except ToolError:
            return None
        path = Path("pylock.toml")
        return read_pylock(tomllib.loads(said.decode("utf-8")), path=path, where=self.where, local_paths=frozenset())

    def needed_by(self, requirements: Sequence[str]) -> tuple[Moved, ...]:
        """What these need in versions without wheels, and the versions to take instead, which those do not allow.

        Sources say what they need; nothing if even with them, nothing fits.
        """
        given = {canonicalize_name(Requirement(text).name) for text in requirements}
        try:
            said = resolve(
                [*self._words(), "-"],
                where=self.where,
                hint=_HINT,
                stdin=self._lines(requirements),
                settings=self.indexes,
            )
        except ToolError:
            return ()
        pins = [Pin(name, version, direct=False) for name, version in _versions(said).items() if name not in given]
        lowest = self.lowest(pins)
        missing = [one for one in pins if not _same(one.version, lowest[one.name]) and not self.is_built(one)]
        found = ((one, lowest[one.name]) for one in missing)
        return tuple(Moved(pin=one, version=version, alone=True) for one, version in found if version is not None)

    def together(
        self, pins: Sequence[Pin], moving: frozenset[str], lowest: Mapping[str, str | None]
    ) -> dict[str, str] | None:
        """A version for each of them, so that they fit together and as few as possible are not the pinned ones.

        None if none of their versions fit, as far as wheels say what they need.
        """
        free = {one.name: f"{one.name}{one.extras}>={lowest[one.name]}" for one in pins if one.name in moving}
        if (found := self._solve(pins, free)) is not None:
            return found
        free = {one.name: free.get(one.name, one.or_newer) for one in pins}
        if (found := self._solve(pins, free)) is None:
            return None
        for one in pins:
            if one.name not in moving and not _same(one.version, found[one.name]):
                without = {name: text for name, text in free.items() if name != one.name}
                if (again := self._solve(pins, without)) is not None:
                    free, found = without, again
        return found

    def _solve(self, pins: Sequence[Pin], free: Mapping[str, str]) -> dict[str, str] | None:
        return self.solved([free.get(one.name, one.exact) for one in pins], "--resolution", "lowest-direct")


def _platform(target: Target) -> str:
    """As uv calls it: the newest glibc of its list that is not newer than that of the target."""
    newest = max(minor for minor in _GLIBCS if minor <= target.glibc[1])
    return f"{target.machine}-manylinux_2_{newest}"


def built_from_source(lock: Lock, target: Target, indexes: str) -> tuple[SelectedWheel, ...]:
    """Build what the lock has as source only; returns those packages.

    Raises:
        BuildError: a package has nothing that runs on the target, or cannot be built, or is not pure.
    """
    sources = tuple(one for one in select(lock, target) if one.is_sdist)
    build = partial(wheel_of_sdist, where=lock.where, cache=user_cache(), indexes=indexes)
    for one, path in zip(sources, fetch(sources, lock=lock, indexes=indexes), strict=True):
        build(one, path)
    return sources
