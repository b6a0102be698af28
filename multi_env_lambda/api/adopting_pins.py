"""Tries an adopted unit before anything of it is written: whether it can be read, and whether its versions can be had.

A copy of what the unit will be is locked in a folder of its own. Pins that cannot be installed for the runtime are
replaced by the nearest versions that can, and each of them is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import assert_never

import attrs
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from multi_env_lambda.adopt.found import Changed, Place
from multi_env_lambda.adopt.joined import Adopted
from multi_env_lambda.api.adopting_day import LISTS, with_versions
from multi_env_lambda.api.adopting_instead import NEWEST, NEXT, Instead, instead_of, together
from multi_env_lambda.api.opened import Opened
from multi_env_lambda.api.setup import LOCK, kept_versions, make_lock
from multi_env_lambda.api.unit_tables import read_units
from multi_env_lambda.building.asked import completed
from multi_env_lambda.building.lock import Target, locked_by_another_tool, read_lock
from multi_env_lambda.building.nearest import (
    Nearest,
    Pin,
    built_from_source,
    lacking,
    nearest,
    newest,
    of_day,
    pins_of,
    stay,
)
from multi_env_lambda.building.requirements import overridden, third_party
from multi_env_lambda.building.together import at_odds
from multi_env_lambda.building.uv_settings import indexes_of_the_root
from multi_env_lambda.errors import BuildError, ConfigurationError, ToolError
from multi_env_lambda.host.documents import read_toml
from multi_env_lambda.host.git import run_git
from multi_env_lambda.host.private import private_folder
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.runtime import creatable

__all__ = ["settled"]

_USUAL = "python3.13"
"""The runtime of a project that says none."""

_FURTHEST = 8
"""How many lines below a name its version stands at most, as far as it is looked for."""


def settled(
    opened: Opened,
    folder: str,
    sources: Iterable[tuple[str, Path]],
    read: Callable[[tuple[str, ...]], Adopted],
    files: Callable[[Adopted], Mapping[str, bytes]],
    today: date,
    then: date | None = None,
) -> Adopted:
    """The unit with a runtime and with versions that can be installed.

    Args:
        then: the day of which versions are that no list pins, as far as they fit; None: the newest.
        folder: of the unit, relative to the root. sources: the project's own files that are in that folder.
        read: the project, with the runtimes that may be chosen, the first one in place of those that may not.
        files: what is written for the unit, by path relative to its folder.

    Raises:
        ConfigurationError: the unit cannot be read, or a package has no version that can be installed.
        ToolError: the package index cannot be reached, or nothing fits together.
    """
    with private_folder() as root:
        trial = _Trial(opened=opened, root=root, folder=folder, files=files)
        trial.begin(sources)
        try:
            return _settled(trial, read, creatable(today), then)
        except (BuildError, ConfigurationError, ToolError):
            if then is None:
                raise
        (trial.unit / LOCK).unlink(missing_ok=True)
        return _settled(trial, read, creatable(today), None)


def _settled(
    trial: _Trial, read: Callable[[tuple[str, ...]], Adopted], there: tuple[str, ...], then: date | None
) -> Adopted:
    first, *others = _in_order(read(there), there)
    adopted = read((first, *there))
    tried = trial.write(adopted)
    if not tried.needs_packages:
        return adopted
    before = (*tried.at_odds(), *tried.of_python())
    if before:
        adopted = trial.changed(adopted, before)
        tried = trial.write(adopted)
    found = tried.nearest()
    if found.moved and others and not tried.stays(found):
        last = min((first, *others), key=there.index)
        same = (one for one in others if tried.on(one).stays(found))
        chosen = next(same, last)
        if chosen != first:
            adopted = trial.changed(read((chosen, *there)), before)
            tried = trial.write(adopted)
            found = tried.nearest()
    if found.moved:
        adopted = trial.changed(adopted, tuple(instead_of(one, tried.target, NEXT) for one in found.moved))
        tried = trial.write(adopted)
    if then is not None and adopted.told != "nothing":
        adopted = tried.of_day(adopted, then)
        tried = trial.write(adopted)
    try:
        tried.check()
    except BuildError:
        older = tried.newest()
        if not older.moved:
            raise
        adopted = trial.changed(adopted, tuple(instead_of(one, tried.target, NEWEST) for one in older.moved))
        tried = trial.write(adopted)
        tried.check()
    # It ends: what is instead obeys the bound, and a stricter one may only replace a looser one.
    while unusable := (*tried.unusable_for_boto3(), *tried.too_new()):
        adopted = trial.changed(adopted, unusable)
        tried = trial.write(adopted)
        tried.check()
    return adopted


def _in_order(adopted: Adopted, there: tuple[str, ...]) -> tuple[str, ...]:
    """The runtimes to try; only one if the project says it."""
    match adopted.told:
        case "this one":
            return (str(adopted.table["runtime"]),)
        case "an ended one":
            return there
        case "nothing":
            last = there.index(_USUAL) if adopted.before not in there else there.index(adopted.before) - 1
            newer = () if adopted.before else there[last + 1 :]
            return (*reversed(there[: last + 1]), *newer)
        case _:
            assert_never(adopted.told)


@attrs.frozen(kw_only=True)
class _Trial:
    """A folder with one unit in it, which nobody else sees."""

    opened: Opened
    root: Path
    folder: str
    files: Callable[[Adopted], Mapping[str, bytes]]

    @property
    def unit(self) -> Path:
        return self.root / self.folder

    def begin(self, sources: Iterable[tuple[str, Path]]) -> None:
        """The indexes of the workspace, and the project's own files without a lock of ours."""
        self.unit.mkdir(parents=True, exist_ok=True)
        text = f"[tool.uv]\n{indexes_of_the_root(self.opened.root)}"
        (self.root / "pyproject.toml").write_text(text, encoding="utf-8")
        for name, path in sources:
            if name != LOCK:
                self._put(name, path.read_bytes())

    def _put(self, name: str, body: bytes) -> None:
        path = self.unit / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    def write(self, adopted: Adopted) -> _Tried:
        """The unit as it would be.

        Raises:
            ConfigurationError: its table, or its list of packages, cannot be read.
        """
        for name, body in self.files(adopted).items():
            self._put(name, body)
        where = f"{self.folder}/pyproject.toml"
        document = read_toml(self.unit / "pyproject.toml", where)
        projects, broken = read_units(self.root, {self.folder: document}, self.opened.config)
        for one in broken:
            raise one.error
        project = projects[0]
        if project.dynamic:
            run_git(self.root, "init", "--quiet")
            project = attrs.evolve(completed(self.root, project), dynamic=project.dynamic)
        return _Tried(trial=self, project=project, versions=adopted.versions)

    def changed(self, adopted: Adopted, instead: tuple[Instead, ...]) -> Adopted:
        """With these requirements instead of those of the project, each of them said.

        Raises:
            ConfigurationError: the project has a table that says such things already.
        """
        if not instead:
            return adopted
        if not adopted.overrides:
            self.refuse_second_table(one.requirement for one in instead)
        texts = {str(canonicalize_name(Requirement(text).name)): text for text in adopted.overrides}
        texts |= {one.pin.name: one.requirement for one in instead}
        said = tuple(
            Changed(function="", what=one.what, place=self.place(one.pin), to=one.to, reason=one.reason)
            for one in instead
        )
        return attrs.evolve(adopted, overrides=tuple(texts.values()), findings=(*adopted.findings, *said))

    def refuse_second_table(self, overrides: Iterable[str]) -> None:
        """A file can have one table ``[tool.uv]`` only.

        Raises:
            ConfigurationError: the project has one.
        """
        where = f"{self.folder}/pyproject.toml"
        tools = read_toml(self.unit / "pyproject.toml", where).get("tool")
        if isinstance(tools, dict) and "uv" in tools:
            wanted = ", ".join(f'"{one}"' for one in overrides)
            what = "some pinned versions cannot be installed for the runtime, and its [tool.uv] is yours"
            raise ConfigurationError(where, what, hint=f"add `override-dependencies = [{wanted}]` to it")

    def place(self, pin: Pin) -> Place:
        """The line that says the version; else one that says the name."""
        paths = (one.relative_to(self.unit).as_posix() for one in self.unit.rglob("*") if one.is_file())
        lists = sorted(
            filter(LISTS.search, paths), key=lambda path: (path != "requirements.txt", not path.endswith(".txt"), path)
        )
        texts = {path: (self.unit / path).read_text(encoding="utf-8", errors="replace") for path in lists}
        found = [(far, number, path) for path, text in texts.items() for far, number in _lines_with(pin, text)]
        far, number, path = min(found, key=lambda one: one[0], default=(0, 1, next(iter(lists), "pyproject.toml")))
        return Place(path, number)


def _lines_with(pin: Pin, text: str) -> Iterator[tuple[int, int]]:
    """How many lines below it the version stands, and the number, of each line that has the name."""
    name = re.compile(rf"(?i)(?<![\w.-]){re.sub('[-_.]+', '[-_.]+', pin.name)}(?![\w.-])")
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if name.search(line):
            below = lines[number : number + _FURTHEST]
            yield next((far for far, one in enumerate(below) if pin.version in one), _FURTHEST), number + 1


@attrs.frozen(kw_only=True)
class _Tried:
    """A unit as it would be; ``runtime`` is another one than its own, ``versions`` what it has beside its lists."""

    trial: _Trial
    project: Project
    runtime: str = ""
    versions: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        return self.project.folder

    @property
    def target(self) -> Target:
        python = (self.runtime or self.project.runtime).removeprefix("python")
        return Target(python=python, architecture=self.project.architecture)

    @property
    def indexes(self) -> str:
        return indexes_of_the_root(self.trial.root)

    @property
    def needs_packages(self) -> bool:
        return bool(third_party(self.trial.root, self.project))

    def on(self, runtime: str) -> _Tried:
        return attrs.evolve(self, runtime=runtime)

    def of_day(self, adopted: Adopted, day: date) -> Adopted:
        """With the versions of that day, where no list pins one; unchanged if the index does not know the day."""
        keep = kept_versions(self.trial.root, self.project)
        if locked_by_another_tool(self.trial.unit) or (keep is not None and keep.file != "requirements.txt"):
            return adopted
        found = of_day(self.direct, day, self.target, where=self.where, indexes=self.indexes)
        place = Place("pyproject.toml" if keep is None else keep.file, 1)
        return with_versions(adopted, found, day, place)

    def pins(self) -> tuple[Pin, ...]:
        root = self.trial.root
        if locked_by_another_tool(self.trial.unit):
            return ()
        keep = kept_versions(root, self.project)
        others = () if keep is None else keep.constraints
        return pins_of(self.direct, others, self.target, self.where)

    def nearest(self) -> Nearest:
        return nearest(self.pins(), self.target, where=self.where, indexes=self.indexes)

    @property
    def direct(self) -> tuple[str, ...]:
        root = self.trial.root
        return overridden(root, self.project, third_party(root, self.project))

    def at_odds(self) -> tuple[Instead, ...]:
        """Packages of which functions want several exact versions; all have one library, so the newest counts."""
        wanted: dict[str, list[Pin]] = {}
        for text in self.direct:
            for one in pins_of([text], (), self.target, self.where):
                wanted.setdefault(one.name, []).append(one)
        found = {name: together(pins) for name, pins in wanted.items()}
        return tuple(
            Instead(
                pin=one,
                what=one.exact,
                to=newest.exact,
                reason="another function needs this version, and all functions of a unit have the same",
                requirement=newest.exact,
            )
            for name, newest in found.items()
            for one in dict.fromkeys(wanted[name])
            if one.version != newest.version
        )

    def of_python(self) -> tuple[Instead, ...]:
        """What is required although it is a part of Python."""
        reason = "it is a part of Python, and no index has a package of this name"
        names = lacking(self.direct, self.target, where=self.where, indexes=self.indexes)
        never = "python_version < '3'"
        return tuple(
            Instead(pin=Pin(name, ""), what=name, to="nothing", reason=reason, requirement=f"{name}; {never}")
            for name in names
        )

    def unusable_for_boto3(self) -> tuple[Instead, ...]:
        """A urllib3 so old that the botocore of Lambda cannot be imported beside it; one of the unit's own may use it.

        Source: https://github.com/boto/botocore/blob/develop/setup.cfg
        """
        locked = self.locked()
        version = locked.get("urllib3")
        if version is None or "botocore" in locked or Version(version) >= Version("1.25.4"):
            return ()
        pin, text = Pin("urllib3", version), "urllib3>=1.25.4,<2"
        reason = "the boto3 that Lambda has cannot be imported with this one"
        return (Instead(pin=pin, what=pin.exact, to=text, reason=reason, requirement=text),)

    def too_new(self) -> tuple[Instead, ...]:
        """What is not pinned and cannot be imported together with an old version that is."""
        if locked_by_another_tool(self.trial.unit):
            return ()
        locked = self.locked()
        pinned = {one.name for one in pins_of(self.direct, (), self.target, self.where)}
        return tuple(
            Instead(
                pin=(pin := Pin(one.other, locked[one.other])),
                what=pin.exact,
                to=one.requirement,
                reason=f"{one.package} {locked[one.package]} cannot be imported with this one",
                requirement=one.requirement,
            )
            for one in at_odds(locked, pinned)
        )

    def locked(self) -> dict[str, str]:
        lock = read_lock(self.trial.unit, where=self.where)
        return {} if lock is None else {one.name: one.version for one in lock.packages}

    def newest(self) -> Nearest:
        """For what the lock has and the machine cannot have."""
        lock = read_lock(self.trial.unit, where=self.where)
        extras = {one.name: one.extras for one in pins_of(self.direct, (), self.target, self.where)}
        locked = [] if lock is None else [Pin(one.name, one.version, extras.get(one.name, "")) for one in lock.packages]
        return newest(self.direct, locked, self.target, where=self.where, indexes=self.indexes)

    def stays(self, found: Nearest) -> bool:
        """Whether all pins have wheels here, but for those that are built from source."""
        pins = [one for one in self.pins() if one.name not in found.built]
        return stay(pins, self.target, where=self.where, indexes=self.indexes)

    def check(self) -> None:
        """Lock it, and build what has sources alone.

        Raises:
            BuildError: a package cannot be had for the runtime. ToolError: no versions fit together.
        """
        root, project = self.trial.root, self.project
        if not locked_by_another_tool(self.trial.unit):
            make_lock(root, project, kept_versions(root, project, self.versions), upgrade=False)
        lock = read_lock(self.trial.unit, where=self.where)
        if lock is not None and lock.complete:
            built_from_source(lock, self.target, self.indexes)
