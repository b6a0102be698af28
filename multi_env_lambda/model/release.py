"""One immutable version of a unit: its artifacts, and what it becomes in every environment.

A release has everything that promotion and rollback need, so that neither needs Git, a build or a package index. Its
name is the SHA-256 of its manifest's bytes, and the manifest has the SHA-256 of everything else.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Any

import attrs

from multi_env_lambda.errors import UpgradeNeeded
from multi_env_lambda.model.artifact import (
    Artifact,
    LayerArtifact,
    LibraryArtifact,
    PublishedObject,
    RootArtifact,
    ScriptArtifact,
    SourceArtifact,
)
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.document import FORMAT, is_junk, read_document, structure
from multi_env_lambda.model.reference import Reference
from multi_env_lambda.model.settings import Smoke

__all__ = ["Release", "ReleasedFunction", "ReleaseTemplate", "release_folder", "template_key"]

_KIND = "a manifest"
_ARTIFACTS: dict[str, type[Artifact]] = {
    "source": SourceArtifact,
    "root": RootArtifact,
    "layer": LayerArtifact,
    "library": LibraryArtifact,
    "script": ScriptArtifact,
}


def release_folder(project: str, release: str) -> str:
    """The folder of a release in the bucket."""
    return f"projects/{project}/release/{release}"


def template_key(project: str, release: str, environment: str) -> str:
    """The key of the template of a release for an environment."""
    return f"{release_folder(project, release)}/{environment}.template.json"


@attrs.frozen(kw_only=True)
class ReleasedFunction:
    """One function of a release template: its physical name, and what happens after its deploy.

    ``traffic`` is (kind, percent, minutes), as in ``("canary", 10, 5)``.
    """

    key: str
    name: str
    smoke: Smoke | None = None
    traffic: tuple[str, int, int] | None = None


@attrs.frozen(kw_only=True)
class ReleaseTemplate:
    """What a release becomes in one environment.

    ``references`` name what must exist there already; they never have a value.
    """

    environment: str
    account_id: str
    region: str
    stack_name: str
    template_sha256: str
    functions: tuple[ReleasedFunction, ...] = ()
    references: tuple[Reference, ...] = ()


@attrs.frozen(kw_only=True)
class Release:
    """A named, immutable version of a unit.

    ``written`` are the bytes of the manifest that this value was read from; empty if it was just made.
    """

    project: str
    artifacts: tuple[Artifact, ...]
    stages: tuple[ReleaseTemplate, ...]
    needs: tuple[str, ...] = ()
    written: bytes = attrs.field(default=b"", eq=False, repr=False)

    @property
    def source(self) -> SourceArtifact:
        """The unit's own code."""
        return next(artifact for artifact in self.artifacts if isinstance(artifact, SourceArtifact))

    @property
    def roots(self) -> tuple[RootArtifact, ...]:
        """The code of functions that have a root of their own."""
        return tuple(artifact for artifact in self.artifacts if isinstance(artifact, RootArtifact))

    @property
    def _code(self) -> tuple[SourceArtifact | RootArtifact, ...]:
        return (self.source, *self.roots)

    @property
    def wheels(self) -> dict[str, str]:
        """By the key of a wheel that functions may run, the base64 SHA-256 of its code."""
        return {item.wheel_key: item.code_sha256 for item in self._code}

    def code_at(self, key: str) -> str:
        """What Lambda reports for the wheel with this key, which may be that of a root; else for the unit's own."""
        return self.wheels.get(key, self.source.code_sha256)

    @property
    def files(self) -> dict[str, str]:
        """What its functions and jobs import or read, by path, with its SHA-256."""
        of_roots = {f"{item.root}/{path}": sha256 for item in self.roots for path, sha256 in item.files}
        return of_roots | dict(self.source.files)

    @property
    def layer(self) -> LayerArtifact | None:
        """The unit's dependencies; None if its functions have none."""
        return next((artifact for artifact in self.artifacts if isinstance(artifact, LayerArtifact)), None)

    @property
    def libraries(self) -> tuple[LibraryArtifact, ...]:
        """One for each Python in which Glue runs a job of the unit, if the unit has dependencies."""
        return tuple(artifact for artifact in self.artifacts if isinstance(artifact, LibraryArtifact))

    @property
    def packages(self) -> dict[str, str]:
        """Versions by name; jobs may have other versions than functions, which are listed with their Python."""
        found = {} if self.layer is None else {package.name: package.version for package in self.layer.packages}
        for library in self.libraries:
            for package in library.packages:
                found[f"{package.name} (jobs, Python {library.python})"] = package.version
        return found

    @property
    def scripts(self) -> tuple[ScriptArtifact, ...]:
        """The scripts of its Glue jobs."""
        return tuple(artifact for artifact in self.artifacts if isinstance(artifact, ScriptArtifact))

    @property
    def objects(self) -> tuple[PublishedObject, ...]:
        """Everything in the bucket that the release consists of, except its manifest and templates."""
        return tuple(item for artifact in self.artifacts for item in artifact.objects)

    @property
    def dependencies(self) -> tuple[PublishedObject, ...]:
        """Its layer and libraries, without their locks; other units with an equal lock have the same bytes."""
        keys = {library.library_key for library in self.libraries}
        keys |= set() if self.layer is None else {self.layer.layer_key}
        return tuple(item for item in self.objects if item.key in keys)

    @property
    def version(self) -> str:
        """The version of its source; unlike ``digest``, it does not cover the layer and the templates."""
        return self.source.version

    @cached_property
    def digest(self) -> str:
        """The release's name, the SHA-256 of its manifest."""
        return hashlib.sha256(self.manifest).hexdigest()

    @property
    def folder(self) -> str:
        """The folder of the release in the artifact bucket."""
        return release_folder(self.project, self.digest)

    @property
    def manifest_key(self) -> str:
        """The object key of its manifest, which names everything that belongs to it."""
        return f"{self.folder}/manifest.json"

    @cached_property
    def manifest(self) -> bytes:
        return self.written or canonical_json(self._document()).encode("ascii")

    def template_key(self, environment: str) -> str:
        """The object key of its template for an environment."""
        return template_key(self.project, self.digest, environment)

    def stage(self, environment: str) -> ReleaseTemplate | None:
        """What this release is in an environment; None if it was made before the environment was added."""
        return next((stage for stage in self.stages if stage.environment == environment), None)

    def _document(self) -> dict[str, Any]:
        kinds = {cls: kind for kind, cls in _ARTIFACTS.items()}
        return {
            "format": FORMAT,
            "project": self.project,
            "artifacts": [{"kind": kinds[type(item)], **attrs.asdict(item)} for item in self.artifacts],
            "stages": [attrs.asdict(stage) for stage in self.stages],
            "needs": list(self.needs),
        }

    @classmethod
    def from_bytes(cls, body: bytes, *, where: str) -> Release:
        """Read a manifest of any format up to this version's.

        Raises:
            UpgradeNeeded: it was written by a newer version of this library.
            DocumentError: it is not a manifest.
        """
        document = read_document(body, where=where, kind=_KIND)
        artifacts = _artifacts_of_1(document) if document.get("format", 1) == 1 else document.get("artifacts")
        if not isinstance(artifacts, list) or not all(isinstance(item, dict) for item in artifacts):
            raise is_junk(where, _KIND, "it has no list of artifacts")
        head = structure(_Head, document, where=where, kind=_KIND)
        found = tuple(_artifact(item, where) for item in artifacts)
        if not any(isinstance(item, SourceArtifact) for item in found):
            raise is_junk(where, _KIND, "it has no source")
        return cls(
            project=head.project,
            artifacts=found,
            stages=head.stages,
            needs=head.needs,
            written=body,
        )


@attrs.frozen(kw_only=True)
class _Head:
    """The part of a manifest that is the same in every format."""

    project: str
    stages: tuple[ReleaseTemplate, ...]
    needs: tuple[str, ...] = ()


def _artifact(document: dict[str, Any], where: str) -> Artifact:
    kind = document.get("kind")
    if kind not in _ARTIFACTS and isinstance(kind, str):
        what = f"found an artifact of kind {kind!r}; this version of multi_env_lambda knows {', '.join(_ARTIFACTS)}"
        raise UpgradeNeeded(where, what, hint="upgrade multi_env_lambda")
    if kind not in _ARTIFACTS:
        raise is_junk(where, _KIND, f"found an artifact of kind {kind!r}; expected {', '.join(_ARTIFACTS)}")
    return structure(_ARTIFACTS[kind], document, where=where, kind=_KIND)


def _artifacts_of_1(document: dict[str, Any]) -> list[Any]:
    """0.1.1 had one source, perhaps one layer, and the keys of scripts; the SHA-256 of the wheel only."""
    singles = ((kind, document.get(kind)) for kind in ("source", "layer"))
    found = [{"kind": kind, **item} for kind, item in singles if isinstance(item, dict)]
    scripts = document.get("scripts")
    keys = scripts if isinstance(scripts, list) else []
    return [*found, *({"kind": "script", "project": document.get("project"), "key": key} for key in keys)]
