"""What a wheel says of itself, compared with the name that is locked and the Python that will import it."""

from __future__ import annotations

import re
import zlib
from contextlib import suppress
from email.message import Message
from email.parser import BytesHeaderParser
from math import prod

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, parse_tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from multi_env_lambda.building.archive import Member, Zip
from multi_env_lambda.building.select import SelectedWheel, Target
from multi_env_lambda.errors import BuildError

__all__ = ["check_claims", "check_filename"]

_LARGEST_HEAD = 4 << 20
"""Bytes of METADATA and of WHEEL; of a thousand common wheels, none has a tenth of that."""

_MOST_TAGS = 10_000
_NEWEST_FORMAT = 1
_ANY_LINUX = re.compile(r"(many|musl)?linux(\d+|_\d+_\d+)?_")
_HINT = "report it to the package's authors, or choose another version"


def check_claims(wheel: Zip, selected: SelectedWheel, target: Target) -> None:
    """Refuse a wheel that contradicts its own name, or is not for this Python.

    Raises:
        BuildError: with what it says and what is locked.

    Source: https://packaging.python.org/en/latest/specifications/binary-distribution-format/
    """
    _check_wheel(wheel.name, _head(wheel, "WHEEL"))
    metadata = _head(wheel, "METADATA")
    name, version = str(metadata.get("Name", "")).strip(), str(metadata.get("Version", "")).strip()
    if canonicalize_name(name) != selected.name or _normal(version) != selected.version:
        what = f"its METADATA is that of {name!r} {version!r}, but {selected.name} {selected.version} is locked"
        raise BuildError(wheel.name, what, hint=_HINT)
    python = str(metadata.get("Requires-Python", "")).strip()
    if not _allows(python, target):
        what = f"its METADATA requires Python {python}, but {target.title}"
        raise BuildError(wheel.name, what, hint="choose another version of the package, or another runtime")


def check_filename(filename: str, selected: SelectedWheel) -> None:
    """Refuse a wheel that is named after another package or version, such as one that an sdist has built.

    Raises:
        BuildError: with both.
    """
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise BuildError(filename, f"is no name of a wheel: {error}", hint=_HINT) from error
    if (name, str(version)) != (selected.name, selected.version):
        what = f"is the wheel of {name} {version}, but {selected.name} {selected.version} is locked"
        raise BuildError(filename, what, hint=_HINT)


def _check_wheel(filename: str, head: Message) -> None:
    said = str(head.get("Wheel-Version", "")).strip()
    if (found := re.fullmatch(r"(\d{1,9})(\.\d{1,9})*", said)) is None or int(found[1]) > _NEWEST_FORMAT:
        what = f"has the Wheel-Version {said!r}; only versions up to {_NEWEST_FORMAT}.x can be installed"
        raise BuildError(filename, what, hint="choose another version of the package, or update this library")
    tags = _tags(filename, head)
    named = parse_wheel_filename(filename)[3]
    if tags and not any(_is_same(one, other) for one in tags for other in named):
        what = (
            f"is made for {', '.join(sorted(set(map(str, tags))))} as its WHEEL says, which is not what its name says"
        )
        raise BuildError(filename, what, hint=_HINT)


def _tags(filename: str, head: Message) -> list[Tag]:
    """What stands there for many tags at once is written out; what is none counts for nothing, as for installers."""
    texts = [text for text in map(str, head.get_all("Tag", [])) if text.count("-") == 2]
    if (count := sum(prod(part.count(".") + 1 for part in text.split("-")) for text in texts)) > _MOST_TAGS:
        raise BuildError(filename, f"its WHEEL has {count} tags; the limit is {_MOST_TAGS}", hint=_HINT)
    found: list[Tag] = []
    for text in texts:
        with suppress(ValueError):
            found += parse_tag(text)
    return found


def _is_same(said: Tag, named: Tag) -> bool:
    """Wheels are often renamed from `linux` to `manylinux`, and what is for any platform is for Linux, too."""
    if (said.interpreter, said.abi) != (named.interpreter, named.abi):
        return False
    return said.platform == "any" or _platform(said) == _platform(named)


def _platform(tag: Tag) -> str:
    return _ANY_LINUX.sub("linux_", tag.platform)


def _head(wheel: Zip, name: str) -> Message:
    """The headers of a file of the one dist-info folder."""
    member = _member(wheel, name)
    if member.size > _LARGEST_HEAD:
        what = f"its {name} has {member.size} bytes; the limit is {_LARGEST_HEAD}"
        raise BuildError(wheel.name, what, hint=_HINT)
    try:
        return BytesHeaderParser().parsebytes(member.read())
    except zlib.error as error:
        what = f"is damaged: {member.name}: {error}"
        raise BuildError(wheel.name, what, hint="delete the file and run again") from error


def _member(wheel: Zip, name: str) -> Member:
    for member in wheel.members:
        if re.fullmatch(rf"[^/]+\.dist-info/{name}", member.name):
            return member
    raise BuildError(wheel.name, f"has no {name} in its .dist-info folder", hint=_HINT)


def _normal(version: str) -> str:
    try:
        return str(Version(version))
    except ValueError:  # or a number of more digits than Python reads
        return version


def _allows(python: str, target: Target) -> bool:
    """Old packages have requirements that are none, which installers ignore."""
    try:
        return SpecifierSet(python).contains(target.full_version)
    except InvalidSpecifier:
        return True
    except ValueError:  # a number of more digits than Python reads
        return False
