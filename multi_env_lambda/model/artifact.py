"""The two things that are published for a unit: its dependencies (layer) and its own code (source).

The keys are the layout of the artifact bucket; no other module spells them.
"""

from __future__ import annotations

import base64

import attrs

__all__ = ["PRUNED", "LayerArtifact", "Package", "SourceArtifact", "distribution_name"]

PRUNED = "pruned.json"
"""Stays in the folder of a source whose wheel was pruned: its version is never given to other content."""


def distribution_name(project: str) -> str:
    """The project's name as it stands in file names of wheels and sdists (PEP 427 escaping)."""
    return project.replace("-", "_")


@attrs.frozen(kw_only=True, order=True)
class Package:
    """One locked dependency inside a layer."""

    name: str
    version: str


@attrs.frozen(kw_only=True)
class LayerArtifact:
    """The dependencies of a project for one Python version and architecture.

    ``digest`` is a hash over all that the layer is made from (the selected wheels, Python version, architecture,
    platform, builder version); equal digest means equal bytes.
    """

    project: str
    number: int
    digest: str
    python: str
    architecture: str
    packages: tuple[Package, ...] = ()

    @property
    def folder(self) -> str:
        return f"projects/{self.project}/lambda/layer/{self.number:06d}"

    @property
    def layer_key(self) -> str:
        return f"{self.folder}/layer.zip"

    @property
    def requirements_key(self) -> str:
        """The lock and the manifest that the layer was built from; putting it claims the number."""
        return f"{self.folder}/requirements.zip"


@attrs.frozen(kw_only=True)
class SourceArtifact:
    """The project's own code under one version: the wheel that Lambda runs, and the sdist beside it.

    ``digest`` is over the wheel's content and the project's base version, not over the ``.postN`` it got.
    ``files`` are the wheel's members as (path, hexadecimal SHA-256), without the dist-info folder.
    """

    project: str
    version: str
    digest: str
    wheel_sha256: str
    files: tuple[tuple[str, str], ...] = ()

    @property
    def folder(self) -> str:
        return f"projects/{self.project}/lambda/source/{self.version}"

    @property
    def wheel_key(self) -> str:
        return f"{self.folder}/{distribution_name(self.project)}-{self.version}-py3-none-any.whl"

    @property
    def sdist_key(self) -> str:
        return f"{self.folder}/{distribution_name(self.project)}-{self.version}.tar.gz"

    @property
    def code_sha256(self) -> str:
        """What Lambda reports as ``CodeSha256`` when it runs this wheel: the base64 of its SHA-256."""
        return base64.b64encode(bytes.fromhex(self.wheel_sha256)).decode("ascii")
