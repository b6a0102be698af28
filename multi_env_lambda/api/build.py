"""A unit built on this machine, with its artifacts as files that can be inspected and published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda.api.paths import handed_out
from multi_env_lambda.flow import publish
from multi_env_lambda.model.artifact import LayerArtifact as Layer
from multi_env_lambda.model.artifact import Package, PublishedObject
from multi_env_lambda.model.artifact import SourceArtifact as Source
from multi_env_lambda.model.shown import shown_as_text

if TYPE_CHECKING:
    from multi_env_lambda.api.opened import Opened
    from multi_env_lambda.api.outside import FilePath
    from multi_env_lambda.host.made import MadeRelease
    from multi_env_lambda.model.release import Release

__all__ = ["Build", "LayerArtifact", "SourceArtifact"]


@shown_as_text
@attrs.frozen(kw_only=True, repr=False)
class Build:
    """One unit, as just built. Builds are reproducible, so building unchanged inputs again costs next to nothing."""

    _opened: Opened = attrs.field(eq=False)
    _made: MadeRelease

    @property
    def name(self) -> str:
        """The unit's name."""
        return self._made.release.project

    @property
    def version(self) -> str:
        """The version that it was published under, or will be."""
        return self._made.release.version

    @property
    def release(self) -> Release:
        """The release that would be deployed, identified by one digest."""
        return self._made.release

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks about the build."""
        return self._made.notes

    @property
    def templates(self) -> dict[str, str]:
        """The CloudFormation template for each environment, as the JSON text that would be deployed."""
        return dict(self._made.templates)

    @property
    def source(self) -> SourceArtifact:
        """The unit's own code."""
        return SourceArtifact(opened=self._opened, made=self._made, artifact=self._made.release.source)

    @property
    def layer(self) -> LayerArtifact | None:
        """The unit's dependencies; None if its functions have none, or the layer of another unit."""
        artifact = self._made.release.layer
        return None if artifact is None else LayerArtifact(opened=self._opened, made=self._made, artifact=artifact)

    @property
    def files(self) -> dict[str, FilePath]:
        """Every file that was built, keyed by its object key in the artifact bucket."""
        return {item.key: handed_out(item.content) for item in self._made.uploads if isinstance(item.content, Path)}

    def text(self) -> str:
        """Name, version and files."""
        return "\n".join([f"{self.name} {self.version}", *(f"  {path}" for path in self.files.values())])

    def to_dict(self) -> list[dict[str, str]]:
        """The files with their object keys."""
        return [{"key": key, "file": str(path)} for key, path in self.files.items()]


@attrs.frozen(kw_only=True, repr=False)
class SourceArtifact:
    """The code of a unit at one version: the wheel that Lambda runs, and the matching sdist.

    ``artifact`` is the underlying value, with digests and checksums.
    """

    _opened: Opened = attrs.field(eq=False)
    _made: MadeRelease = attrs.field(eq=False)
    artifact: Source

    @property
    def path(self) -> FilePath:
        """The wheel on this machine."""
        return _file(self._made, self.artifact.wheel_key)

    @property
    def sdist_path(self) -> FilePath:
        """The sdist on this machine."""
        return _file(self._made, self.artifact.sdist_key)

    @property
    def version(self) -> str:
        """The version that it was published under, or will be."""
        return self.artifact.version

    @property
    def size(self) -> int:
        """Size of the wheel in bytes."""
        return self.artifact.wheel_size

    @property
    def files(self) -> tuple[str, ...]:
        """The paths inside the wheel."""
        return tuple(path for path, _ in self.artifact.files)

    @property
    def uri(self) -> str:
        """The address of the wheel in the artifact bucket, whether or not it has been published."""
        return _uri(self._opened, self.artifact.wheel_key)

    def exists(self) -> bool:
        """Whether the bucket holds exactly these bytes.

        Raises:
            DocumentError: the bucket holds different bytes at this key.
        """
        return _exists(self._opened, self.artifact.objects)

    def publish(self) -> str:
        """Upload whatever the bucket lacks of the unit's release, and return the address of the wheel.

        The manifest of a release names all of its artifacts, so they are published together.
        """
        publish.publish(self._opened.world, self._made)
        return self.uri

    def __repr__(self) -> str:
        return f"<SourceArtifact {self.artifact.project} {self.version}, {self.size} bytes: {self.uri}>"


@attrs.frozen(kw_only=True, repr=False)
class LayerArtifact:
    """The dependencies of a unit's functions as a Lambda layer. ``artifact`` is the underlying value."""

    _opened: Opened = attrs.field(eq=False)
    _made: MadeRelease = attrs.field(eq=False)
    artifact: Layer

    @property
    def path(self) -> FilePath:
        """The zip on this machine."""
        return _file(self._made, self.artifact.layer_key)

    @property
    def number(self) -> int:
        """The sequence number of the unit's layer; not the version number that Lambda assigns."""
        return self.artifact.number

    @property
    def size(self) -> int:
        """Size of the zip in bytes."""
        return self.artifact.layer_size

    @property
    def packages(self) -> tuple[Package, ...]:
        """The locked dependencies that it contains."""
        return self.artifact.packages

    @property
    def files(self) -> tuple[str, ...]:
        """The paths inside the zip."""
        import zipfile

        with zipfile.ZipFile(self.path) as archive:
            return tuple(archive.namelist())

    @property
    def uri(self) -> str:
        """Its address in the artifact bucket, whether or not it has been published."""
        return _uri(self._opened, self.artifact.layer_key)

    def exists(self) -> bool:
        """Whether the bucket holds exactly these bytes.

        Raises:
            DocumentError: the bucket holds different bytes at this key.
        """
        return _exists(self._opened, self.artifact.objects)

    def publish(self) -> str:
        """Publish the unit's release, as ``SourceArtifact.publish`` does, and return the address of the layer."""
        publish.publish(self._opened.world, self._made)
        return self.uri

    def __repr__(self) -> str:
        return f"<LayerArtifact {self.artifact.project} {self.number}, {self.size} bytes: {self.uri}>"


def _file(made: MadeRelease, key: str) -> FilePath:
    found: dict[str, Any] = {item.key: item.content for item in made.uploads}
    return handed_out(found[key])


def _uri(opened: Opened, key: str) -> str:
    return f"s3://{opened.config.devops.bucket}/{key}"


def _exists(opened: Opened, objects: tuple[PublishedObject, ...]) -> bool:
    return all(publish.compare(opened.world.store, item) is not None for item in objects)
