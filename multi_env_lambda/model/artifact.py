"""What is published for a unit: its code (source), its dependencies (layer, libraries), the scripts of its jobs.

The keys are the layout of the artifact bucket; no other module spells them out. Every object has its SHA-256 here, so
that it can be verified before use.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence

import attrs

__all__ = [
    "PRUNED",
    "Artifact",
    "LayerArtifact",
    "LibraryArtifact",
    "Package",
    "PublishedObject",
    "RootArtifact",
    "ScriptArtifact",
    "SourceArtifact",
    "base64_sha256",
    "build_tag",
    "distribution_name",
    "root_wheel",
]

PRUNED = "pruned.json"
"""Stays in the folder of a source whose wheel was pruned: its version is never reused for other content."""

_LONGEST_TAG = 64
_ROOT_WHEEL = re.compile(r"projects/[^/]+/lambda/source/([^/]+)/[^/-]+-[^/-]+-([0-9][^/-]*)-py3-none-any\.whl")


def distribution_name(project: str) -> str:
    """The project's name as used in the file names of wheels and sdists (PEP 427 escaping)."""
    return project.replace("-", "_")


def root_wheel(key: str) -> tuple[str, str] | None:
    """The version and the build tag in the key of the wheel of a root; nothing for any other key."""
    found = _ROOT_WHEEL.fullmatch(key)
    return None if found is None else (found[1], found[2])


def build_tag(roots: Sequence[str], root: str) -> str:
    """What sets the name of a root's wheel apart from the others of its version; it begins with a number (PEP 427)."""
    return f"{sorted(roots).index(root) + 1}_{re.sub(r'[^A-Za-z0-9.]', '_', root)}"[:_LONGEST_TAG]


def base64_sha256(sha256: str) -> str:
    """A hexadecimal SHA-256 as Lambda (``CodeSha256``) and S3 (``ChecksumSHA256``) write it."""
    return base64.b64encode(bytes.fromhex(sha256)).decode("ascii")


@attrs.frozen(kw_only=True, order=True)
class PublishedObject:
    """One object in the bucket. ``sha256`` is hexadecimal; empty if 0.1.1 published it, which kept none."""

    key: str
    sha256: str
    size: int


@attrs.frozen(kw_only=True, order=True)
class Package:
    """One locked dependency inside a layer."""

    name: str
    version: str


@attrs.frozen(kw_only=True)
class LayerArtifact:
    """The dependencies of a project for one Python version and architecture.

    ``digest`` is a hash over everything that the layer is built from (the selected wheels, Python version,
    architecture, platform, builder version); equal digest means equal bytes. The SHA-256s are of the two objects; sizes
    in bytes.
    """

    project: str
    number: int
    digest: str
    python: str
    architecture: str
    packages: tuple[Package, ...] = ()
    layer_sha256: str = ""
    layer_size: int = 0
    requirements_sha256: str = ""
    requirements_size: int = 0

    @property
    def folder(self) -> str:
        return f"projects/{self.project}/lambda/layer/{self.number:06d}"

    @property
    def layer_key(self) -> str:
        return f"{self.folder}/layer.zip"

    @property
    def requirements_key(self) -> str:
        """The lock and the manifest that the layer was built from; writing it claims the number."""
        return f"{self.folder}/requirements.zip"

    @property
    def objects(self) -> tuple[PublishedObject, ...]:
        return (
            PublishedObject(key=self.requirements_key, sha256=self.requirements_sha256, size=self.requirements_size),
            PublishedObject(key=self.layer_key, sha256=self.layer_sha256, size=self.layer_size),
        )


@attrs.frozen(kw_only=True)
class LibraryArtifact:
    """The dependencies of a project's Glue jobs for one Python version; its key contains its digest.

    Shaped like a layer, with the packages at the top of the zip.
    """

    project: str
    digest: str
    python: str
    architecture: str
    packages: tuple[Package, ...] = ()
    library_sha256: str = ""
    library_size: int = 0
    requirements_sha256: str = ""
    requirements_size: int = 0

    @property
    def folder(self) -> str:
        return f"projects/{self.project}/glue/library/{self.digest}"

    @property
    def library_key(self) -> str:
        return f"{self.folder}/library.zip"

    @property
    def requirements_key(self) -> str:
        """The lock and the manifest that the library was built from."""
        return f"{self.folder}/requirements.zip"

    @property
    def objects(self) -> tuple[PublishedObject, ...]:
        return (
            PublishedObject(key=self.requirements_key, sha256=self.requirements_sha256, size=self.requirements_size),
            PublishedObject(key=self.library_key, sha256=self.library_sha256, size=self.library_size),
        )


@attrs.frozen(kw_only=True)
class SourceArtifact:
    """The project's own code under one version: the wheel that Lambda runs, and its sdist.

    ``digest`` is over the wheel's content and the project's base version, not over the ``.postN`` it got.
    ``files`` are the wheel's members as (path, hexadecimal SHA-256), without the dist-info folder.
    """

    project: str
    version: str
    digest: str
    wheel_sha256: str
    files: tuple[tuple[str, str], ...] = ()
    wheel_size: int = 0
    sdist_sha256: str = ""
    sdist_size: int = 0

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
        return base64_sha256(self.wheel_sha256)

    @property
    def objects(self) -> tuple[PublishedObject, ...]:
        return (
            PublishedObject(key=self.wheel_key, sha256=self.wheel_sha256, size=self.wheel_size),
            PublishedObject(key=self.sdist_key, sha256=self.sdist_sha256, size=self.sdist_size),
        )


@attrs.frozen(kw_only=True)
class RootArtifact:
    """The code of the functions that start in one folder of the project, as a wheel of its own.

    It lies beside the wheel of the first version that had this content; ``build`` is what sets the names of such
    wheels apart (the build tag of PEP 427). ``digest`` and ``files`` are as in ``SourceArtifact``.
    """

    project: str
    root: str
    version: str
    build: str
    digest: str
    wheel_sha256: str
    files: tuple[tuple[str, str], ...] = ()
    wheel_size: int = 0

    @property
    def wheel_key(self) -> str:
        name = distribution_name(self.project)
        return (
            f"projects/{self.project}/lambda/source/{self.version}/{name}-{self.version}-{self.build}-py3-none-any.whl"
        )

    @property
    def code_sha256(self) -> str:
        """What Lambda reports as ``CodeSha256`` when it runs this wheel: the base64 of its SHA-256."""
        return base64_sha256(self.wheel_sha256)

    @property
    def objects(self) -> tuple[PublishedObject, ...]:
        return (PublishedObject(key=self.wheel_key, sha256=self.wheel_sha256, size=self.wheel_size),)


@attrs.frozen(kw_only=True)
class ScriptArtifact:
    """The script that Glue starts for a job; its key is derived from its content."""

    project: str
    key: str
    sha256: str = ""
    size: int = 0

    @property
    def objects(self) -> tuple[PublishedObject, ...]:
        return (PublishedObject(key=self.key, sha256=self.sha256, size=self.size),)


Artifact = SourceArtifact | RootArtifact | LayerArtifact | LibraryArtifact | ScriptArtifact
