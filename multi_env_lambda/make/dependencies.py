"""The locked dependencies of a unit, built: one layer for its functions, a library for each Python of its Glue jobs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import attrs
from packaging.utils import parse_wheel_filename

from multi_env_lambda.building.asked import completed
from multi_env_lambda.building.download import complete_lock
from multi_env_lambda.building.freshness import check_asked_for, check_made_from
from multi_env_lambda.building.layer import BuiltLayer, build_layer
from multi_env_lambda.building.lock import Lock, SelectedWheel, Target, check_covers, check_not_ours, read_lock, select
from multi_env_lambda.building.requirements import asked_elsewhere, lock_inputs, overridden, third_party
from multi_env_lambda.building.shared import own_names
from multi_env_lambda.building.uv_settings import indexes_of_the_root
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.artifact import LayerArtifact, LibraryArtifact
from multi_env_lambda.model.lent import LentLayer
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.published import Published, PublishedName
from multi_env_lambda.model.settings import Spark
from multi_env_lambda.plan.version import layer_number

__all__ = ["Dependencies", "Layer", "Library", "build_dependencies", "has_no_other_layer"]

_OF_SPARK_ALONE = frozenset({"awsglue", "py4j", "pyspark"})
"""Parts of the Spark that Glue runs; another version before it on the path would break Spark."""


@attrs.frozen(kw_only=True)
class Layer:
    """A layer with its name, and its files on this disk."""

    artifact: LayerArtifact
    built: BuiltLayer


@attrs.frozen(kw_only=True)
class Library:
    """The library for jobs on one Python, and its files on this disk."""

    artifact: LibraryArtifact
    built: BuiltLayer


@attrs.frozen(kw_only=True)
class Dependencies:
    """``layer`` is what functions have; ``lent`` says whose it is, if it is the layer of another unit."""

    layer: Layer | None = None
    libraries: tuple[Library, ...] = ()
    lent: LentLayer | None = None

    @property
    def own(self) -> Layer | None:
        """The layer that is published for this unit."""
        return self.layer if self.lent is None else None

    @property
    def notes(self) -> tuple[str, ...]:
        built = [*([self.layer.built] if self.layer else []), *(library.built for library in self.libraries)]
        return tuple(note for each in built for note in each.notes)

    def library(self, python: str) -> Path | None:
        """The zip for jobs of this Python."""
        return next((one.built.layer for one in self.libraries if one.artifact.python == python), None)


def build_dependencies(root: Path, cache: Path, project: Project, published: Published) -> Dependencies:
    """Everything that the lock says, for every Python that the unit runs on.

    Raises:
        ConfigurationError: the lock does not match these requirements.
        BuildError: something locked does not run there.
    """
    unit = _Unit(
        root=root,
        cache=cache,
        project=project,
        dependencies=third_party(root, project),
        alone=has_no_other_layer(project),
    )
    lock = unit.lock()
    if project.lender is not None:
        return _lent(unit, project.lender, lock)
    layer = None
    if project.handlers or not project.entries or project.layer_for_others:
        built = unit.built(lock, Target(python=project.python, architecture=project.built_for))
        layer = None if built is None else _layer(project, built, published)
    if project.layer_for_others and layer is None:
        what = "layer_for_others: the unit has no dependencies, and therefore no layer"
        raise ConfigurationError(unit.where, what, hint="add dependencies and lock them, or remove `layer_for_others`")
    libraries = []
    for python, _ in project.entries:
        built = unit.built(lock, Target(python=python, architecture="x86_64", place="Glue"))
        libraries += [] if built is None else [_library(project, built, python)]
    return Dependencies(layer=layer, libraries=tuple(libraries))


def _lent(unit: _Unit, lender: Project, own: Lock | None) -> Dependencies:
    """The layer of another unit, built from that one's lock, which must have all that this one requires."""
    project, target = unit.project, Target(python=unit.project.python, architecture=unit.project.built_for)
    if own is not None:
        what = f"it is a lock of {project.name}, which gets the layer of {lender.name}"
        raise ConfigurationError(own.where, what, hint=f"remove it, or remove `layer_of`; {lender.name} has the lock")
    lender = completed(unit.root, lender)
    lending = attrs.evolve(unit, project=lender, dependencies=third_party(unit.root, lender))
    lock = lending.lock()
    built = lending.built(lock, target)
    if lock is None or built is None:
        what = f"layer_of: {lender.name} has no dependencies, and therefore no layer"
        raise ConfigurationError(unit.where, what, hint=f"add dependencies to {lender.name}, and lock them")
    try:
        check_covers(lock, unit.dependencies, unit.where, target=target)
    except ConfigurationError as error:
        what = f"{project.name} gets the layer of {lender.name}, but {error.where}: {error.what}"
        raise ConfigurationError(unit.where, what, hint=f"add it to {lender.name}, and lock that unit") from error
    found = LentLayer(unit=lender.name, digest=built.digest, sha256=built.layer_sha256)
    return Dependencies(layer=_layer(lender, built, Published()), lent=found)


@attrs.frozen(kw_only=True)
class _Unit:
    """A unit and what it requires. ``alone``: some function has this layer and no other one."""

    root: Path
    cache: Path
    project: Project
    dependencies: tuple[str, ...]
    alone: bool

    @property
    def where(self) -> str:
        return f"{self.project.folder}/pyproject.toml"

    def lock(self) -> Lock | None:
        shared = tuple(self.root / path for path in self.project.shared)
        return read_lock(self.root / self.project.folder, where=self.project.folder, shared=shared)

    def built(self, lock: Lock | None, target: Target) -> BuiltLayer | None:
        """None if nothing is needed there."""
        project, dependencies = self.project, self.dependencies
        if lock is not None and dependencies:
            check_made_from(lock, lock_inputs(self.root, project), dependencies, target)
        asked = overridden(self.root, project, dependencies)
        check_covers(lock, asked, f"{project.folder}/pyproject.toml", target=target)
        if lock is None or not dependencies:
            return None
        indexes = indexes_of_the_root(self.root)
        lock = complete_lock(lock, target, indexes=indexes)
        selected = select(lock, target)
        if not selected:
            return None
        check_not_ours(selected, own_names(self.root, project), lock.where)
        if target.place == "Glue" and (jobs := _spark_jobs(project, target.python)):
            _check_spark(lock, selected, jobs)
        built = build_layer(selected, target, cache=self.cache, lock=lock, alone=self.alone, indexes=indexes)
        ours, also = own_names(self.root, project), asked_elsewhere(self.root, project)
        check_asked_for(lock, built.layer, dependencies, target, also=also, ours=ours)
        return built


def has_no_other_layer(project: Project) -> bool:
    """Whether some function has only the unit's own layer; another layer may bring unknown libraries."""
    return any(
        not (function.layers or function.provided)
        for settings in project.settings.values()
        for function in settings.functions
    )


def _spark_jobs(project: Project, python: str) -> list[str]:
    jobs = (job for settings in project.settings.values() for job in settings.jobs)
    return sorted({job.key for job in jobs if isinstance(job.runs_on, Spark) and job.python == python})


def _check_spark(lock: Lock, selected: Iterable[SelectedWheel], jobs: list[str]) -> None:
    """Spark passes a zip to its workers, from which Python cannot import compiled modules.

    Source: https://docs.aws.amazon.com/glue/latest/dg/aws-glue-programming-python-libraries.html#extra-py-files-support

    Raises:
        ConfigurationError: something locked is compiled, or is Spark itself.
    """
    for wheel in selected:
        if wheel.name in _OF_SPARK_ALONE:
            what = f"{wheel.name} {wheel.version} is locked, but the Spark job `{jobs[0]}` must use Glue's own"
            hint = "move it from [project].dependencies to a dependency group, then lock again"
            raise ConfigurationError(lock.where, what, hint=hint)
    compiled = sorted(wheel.filename for wheel in selected if not _is_pure(wheel))
    if compiled:
        what = f"the Spark job `{jobs[0]}` cannot have compiled modules on its workers: {', '.join(compiled)}"
        hint = "remove it if Glue has it anyway, or move what needs it to a Python shell job of another unit"
        raise ConfigurationError(lock.where, what, hint=hint)


def _is_pure(wheel: SelectedWheel) -> bool:
    # What is published without a wheel is built here, and refused if it is not pure.
    return wheel.is_sdist or all(tag.platform == "any" for tag in parse_wheel_filename(wheel.filename)[3])


def _layer(project: Project, built: BuiltLayer, published: Published) -> Layer:
    artifact = LayerArtifact(
        project=project.name,
        number=layer_number(built.digest, published.layer_digests),
        digest=built.digest,
        python=project.python,
        architecture=project.built_for,
        packages=built.packages,
        layer_sha256=built.layer_sha256,
        layer_size=built.layer_size,
        requirements_sha256=built.requirements_sha256,
        requirements_size=built.requirements_size,
    )
    return Layer(artifact=_as_published(artifact, published.layers.get(artifact.number)), built=built)


def _as_published(layer: LayerArtifact, name: PublishedName | None) -> LayerArtifact:
    """With the lock that is stored under its number: the same wheels may be locked by a different text."""
    for item in () if name is None else name.objects:
        if item.key == layer.requirements_key and item.sha256:
            return attrs.evolve(layer, requirements_sha256=item.sha256, requirements_size=item.size)
    return layer


def _library(project: Project, built: BuiltLayer, python: str) -> Library:
    artifact = LibraryArtifact(
        project=project.name,
        digest=built.digest,
        python=python,
        architecture="x86_64",
        packages=built.packages,
        library_sha256=built.layer_sha256,
        library_size=built.layer_size,
        requirements_sha256=built.requirements_sha256,
        requirements_size=built.requirements_size,
    )
    return Library(artifact=artifact, built=built)
