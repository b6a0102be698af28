"""This library as files that run elsewhere: a wheel, which a build installs, and a zip, which is the dispatcher's code.

Both are made of what is installed here, so equal installations make equal bytes, and their names are digests of them.
That does not change while this runs, so each is made once.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

import attrs
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from multi_env_lambda._version import __version__
from multi_env_lambda.building.archive import Member, content, write_zip
from multi_env_lambda.errors import BuildError
from multi_env_lambda.host.private import private_folder

__all__ = ["OwnFile", "dispatcher_zip", "pinned", "wheel"]

_NAME = "multi_env_lambda"
_ROOT = Path(__file__).parent.parent
_OF_THE_DISPATCHER = ("attr", "attrs", "packaging")
"""What the dispatcher imports beside this library and boto3, which Lambda has."""


@attrs.frozen
class OwnFile:
    """A file of the library: how it is called, and its bytes."""

    name: str
    body: bytes = attrs.field(repr=False)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @property
    def key(self) -> str:
        """Where it lies in the bucket."""
        return f"ci/library/{self.sha256}/{self.name}"


@cache
def wheel() -> OwnFile:
    """The library as a wheel that asks for exactly the versions that are installed here, those of all it needs.

    Raises:
        BuildError: something that it needs is not installed here.
    """
    info = f"{_NAME}-{__version__}.dist-info"
    wants = "".join(f"Requires-Dist: {name}=={version}\n" for name, version in pinned().items())
    files = {
        **_package(_ROOT),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {_NAME}\nVersion: {__version__}\n{wants}".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: multi_env_lambda\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": b"[console_scripts]\nmulti-env-lambda = multi_env_lambda.cli.main:main\n",
    }
    record = f"{info}/RECORD"
    files[record] = "".join([*(_line(name, body) for name, body in files.items()), f"{record},,\n"]).encode()
    return OwnFile(f"{_NAME}-{__version__}-py3-none-any.whl", _zipped(files))


@cache
def dispatcher_zip() -> OwnFile:
    """The dispatcher's code: the library, and what it imports there."""
    files = _package(_ROOT)
    for name in _OF_THE_DISPATCHER:
        files |= _package(_folder_of(name))
    return OwnFile("dispatcher.zip", _zipped(files))


def pinned() -> Mapping[str, str]:
    """By name, the version of each distribution that this library needs, directly or not, as it is installed here.

    Raises:
        BuildError: one is not.
    """
    found: dict[str, str] = {}
    left = [_NAME]
    while left:
        name = left.pop()
        try:
            here = metadata.distribution(name)
        except metadata.PackageNotFoundError as error:
            raise BuildError(_NAME, f"{name} is not installed here", hint="install the library again") from error
        if canonicalize_name(name) != canonicalize_name(_NAME):
            found[canonicalize_name(name)] = here.version
        left += [one for one in _needs(here.requires or ()) if canonicalize_name(one) not in found]
    return dict(sorted(found.items()))


def _needs(requires: Iterable[str]) -> Iterator[str]:
    for text in requires:
        wanted = Requirement(text)
        if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
            yield wanted.name


def _folder_of(name: str) -> Path:
    module = __import__(name)
    return Path(str(module.__file__)).parent


def _package(folder: Path) -> dict[str, bytes]:
    """All files of a package but what Python makes of them."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder.parent).as_posix(): path.read_bytes() for path in paths}


def _line(name: str, body: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(body)}\n"


def _zipped(files: Mapping[str, bytes]) -> bytes:
    members: list[Member] = [content(name, body) for name, body in files.items()]
    with private_folder() as folder:
        path = folder / "file.zip"
        write_zip(path, members)
        return path.read_bytes()
