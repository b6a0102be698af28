"""One immutable version of a unit: its layer, its source, and what it becomes in every environment.

A release holds all that promotion and rollback need, so that neither needs Git, a build or a package index.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from multi_env_lambda.errors import PublishError
from multi_env_lambda.model.artifact import LayerArtifact, Package, SourceArtifact
from multi_env_lambda.model.digest import canonical_json, digest
from multi_env_lambda.model.reference import Reference
from multi_env_lambda.model.settings import Smoke

__all__ = ["FORMAT", "Release", "ReleasedFunction", "Stage", "release_folder"]

FORMAT = 1
"""Version of the manifest's shape; a reader refuses a higher one."""


def release_folder(project: str, release: str) -> str:
    """Where a release lies in the bucket."""
    return f"projects/{project}/release/{release}"


@attrs.frozen(kw_only=True)
class ReleasedFunction:
    """One function of a stage: its physical name, and what follows its deploy.

    ``traffic`` is (kind, percent, minutes), as in ``("canary", 10, 5)``.
    """

    key: str
    name: str
    smoke: Smoke | None = None
    traffic: tuple[str, int, int] | None = None


@attrs.frozen(kw_only=True)
class Stage:
    """What a release becomes in one environment. ``references`` name what must exist there already, never a value."""

    environment: str
    account_id: str
    region: str
    stack_name: str
    template_sha256: str
    functions: tuple[ReleasedFunction, ...] = ()
    references: tuple[Reference, ...] = ()


@attrs.frozen(kw_only=True)
class Release:
    """A named, immutable version of a unit. ``scripts`` are further objects in the bucket that its templates name."""

    project: str
    source: SourceArtifact
    layer: LayerArtifact | None
    stages: tuple[Stage, ...]
    needs: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        return self.source.version

    @property
    def digest(self) -> str:
        """The release's name, the SHA-256 of its manifest."""
        return digest(self.to_document())

    @property
    def folder(self) -> str:
        return release_folder(self.project, self.digest)

    @property
    def manifest_key(self) -> str:
        return f"{self.folder}/manifest.json"

    @property
    def manifest(self) -> bytes:
        return canonical_json(self.to_document()).encode("ascii")

    def template_key(self, environment: str) -> str:
        return f"{self.folder}/{environment}.template.json"

    def stage(self, environment: str) -> Stage | None:
        """What this release is in an environment; None where it was made before the environment was added."""
        return next((stage for stage in self.stages if stage.environment == environment), None)

    def to_document(self) -> dict[str, Any]:
        document = {"format": FORMAT, **attrs.asdict(self)}
        for stage in document["stages"]:
            # A manifest from before there were references must keep its name when it is read back.
            if not stage["references"]:
                del stage["references"]
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any], *, where: str) -> Release:
        """Read a manifest.

        Raises:
            PublishError: the manifest was written by a newer version of this library.
        """
        if document.get("format") != FORMAT:
            raise PublishError(
                where,
                f"the manifest has format {document.get('format')!r}, this version reads {FORMAT}",
                hint="upgrade multi_env_lambda",
            )
        layer = document["layer"]
        return cls(
            project=document["project"],
            source=_source(document["source"]),
            layer=None if layer is None else _layer(layer),
            stages=tuple(_stage(stage) for stage in document["stages"]),
            needs=tuple(document["needs"]),
            scripts=tuple(document["scripts"]),
        )


def _source(document: Mapping[str, Any]) -> SourceArtifact:
    return SourceArtifact(**{**document, "files": tuple((path, sha) for path, sha in document["files"])})


def _layer(document: Mapping[str, Any]) -> LayerArtifact:
    return LayerArtifact(**{**document, "packages": tuple(Package(**package) for package in document["packages"])})


def _stage(document: Mapping[str, Any]) -> Stage:
    return Stage(
        **{
            **document,
            "functions": tuple(_function(item) for item in document["functions"]),
            "references": tuple(Reference(**item) for item in document.get("references", ())),
        }
    )


def _function(document: Mapping[str, Any]) -> ReleasedFunction:
    smoke, traffic = document["smoke"], document["traffic"]
    return ReleasedFunction(
        key=document["key"],
        name=document["name"],
        smoke=None if smoke is None else Smoke(**smoke),
        traffic=None if traffic is None else tuple(traffic),
    )
