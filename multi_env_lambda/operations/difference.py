"""Compare what runs of one unit in two environments: versions, layers, files, template properties."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from multi_env_lambda.aws.index import read_release, read_template
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.flow.observe import read_records
from multi_env_lambda.model.change import ResourceChange
from multi_env_lambda.model.reading import no_such_unit
from multi_env_lambda.model.record import Deployment
from multi_env_lambda.model.release import Release
from multi_env_lambda.operations.why import Cause, compare
from multi_env_lambda.plan.changes import changes
from multi_env_lambda.wording import STATUS, advice
from multi_env_lambda.world import World

__all__ = ["Difference", "PackageChange", "Side", "difference", "package_changes"]


@attrs.frozen(kw_only=True)
class Side:
    """What runs in one of the two environments."""

    environment: str
    version: str
    release: str
    layer: int | None
    when: str
    who: str

    @classmethod
    def of(cls, environment: str, running: Deployment) -> Side:
        return cls(
            environment=environment,
            version=running.version,
            release=running.release,
            layer=running.layer,
            when=running.when,
            who=running.who,
        )


@attrs.frozen(kw_only=True)
class PackageChange:
    """One package of the layer, or of the jobs."""

    action: Literal["added", "removed", "bumped"]
    name: str
    old: str | None
    new: str | None


@attrs.frozen(kw_only=True)
class Difference:
    """From what runs in ``left`` to what runs in ``right``.

    Args:
        project: the unit.
        left, right: what runs in each environment.
        packages: those of the layer or of the jobs that were added, removed, or have another version.
        files: those of the code that were added, removed or changed, as ``path added``.
        template: both releases as rendered for the right environment: only what the releases make different. None if
            one of them was made before that environment was added.
        deployed: each release as rendered for its own environment, so names and settings of the environments differ,
            too. None if one of them was made before its environment was added.
    """

    project: str
    left: Side
    right: Side
    packages: tuple[PackageChange, ...]
    files: tuple[str, ...]
    template: tuple[ResourceChange, ...] | None
    deployed: tuple[ResourceChange, ...] | None

    @property
    def same(self) -> bool:
        """Whether both run the same release."""
        return self.left.release == self.right.release

    def __repr__(self) -> str:
        return self.text()

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data."""
        return {**attrs.asdict(self), "same": self.same}

    def text(self) -> str:
        """The text that the command line prints, without colours."""
        from multi_env_lambda.show.difference import difference_text
        from multi_env_lambda.show.render import text_of

        return text_of(difference_text(self))

    def _repr_html_(self) -> str:
        from multi_env_lambda.show.difference import difference_text
        from multi_env_lambda.show.render import html_of

        return html_of(difference_text(self))


def difference(world: World, unit: str, left: str, right: str) -> Difference:
    """What differs between two environments, from records and published releases only.

    Raises:
        ConfigurationError: there is no such unit or environment, or nothing of the unit runs there.
    """
    places = [world.config.environment(name) for name in (left, right)]
    records = read_records(world, places)
    known = set(world.unit_names) | {project for _, project in records}
    if unit not in known:
        raise no_such_unit(unit, known)
    running = []
    for place in places:
        record = records.get((place.name, unit))
        if record is None or record.running is None:
            what = f"it does not run in {place.name}"
            raise ConfigurationError(unit, what, hint=advice("`{}` shows what runs where", STATUS))
        running.append(record.running)
    old, new = (read_release(world.store, world.cache, unit, item.release) for item in running)
    causes = compare(old, new)
    return Difference(
        project=unit,
        left=Side.of(left, running[0]),
        right=Side.of(right, running[1]),
        packages=package_changes(old, new),
        files=_files(causes),
        template=_templates(world, (old, right), (new, right)),
        deployed=_templates(world, (old, left), (new, right)),
    )


def package_changes(old: Release, new: Release) -> tuple[PackageChange, ...]:
    """The packages that only one of two releases has, or that differ in version."""
    before, after = old.packages, new.packages
    return tuple(
        _package(name, before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )


def _package(name: str, old: str | None, new: str | None) -> PackageChange:
    action: Literal["added", "removed", "bumped"] = "added" if old is None else "removed" if new is None else "bumped"
    return PackageChange(action=action, name=name, old=old, new=new)


def _files(causes: tuple[Cause, ...]) -> tuple[str, ...]:
    return tuple(cause.text for cause in causes if cause.kind == "file")


def _templates(world: World, old: tuple[Release, str], new: tuple[Release, str]) -> tuple[ResourceChange, ...] | None:
    texts = []
    for release, environment in (old, new):
        if release.stage(environment) is None:
            return None
        texts.append(read_template(world.store, world.cache, release, environment))
    return changes(*texts)
