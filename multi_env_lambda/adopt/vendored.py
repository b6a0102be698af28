"""Packages that somebody installed next to the code with ``pip install -t``: files in, names and versions out.

What pip installed says its name, its version and its files. A copy that says nothing, that is no longer what was
installed, or that no index has, is code.

Source: https://packaging.python.org/en/latest/specifications/recording-installed-packages/
"""

from __future__ import annotations

import base64
import csv
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator

import attrs

from multi_env_lambda.adopt.found import Changed, NotCarried, Place
from multi_env_lambda.adopt.joined import Adopted
from multi_env_lambda.adopt.more_packages import with_more_in, with_requirements

__all__ = ["Copy", "copies_in", "with_pins", "without_copies"]

_LISTS = {".dist-info/RECORD": "METADATA", ".egg-info/installed-files.txt": "PKG-INFO"}
"""The list of the files of a package, and what says its name beside it."""

_HEADER = re.compile(r"^(Name|Version): *(\S+) *$", re.MULTILINE)
_NOT_FROM_AN_INDEX = "direct_url.json"

Body = Callable[[str], bytes | None]


@attrs.frozen(kw_only=True)
class Copy:
    """A package next to the code.

    Args:
        place: what says its name. files: those of the project that are the package's, by path.
        changed: a module that is no longer as it was installed; empty: none.
    """

    name: str
    version: str
    place: Place
    files: frozenset[str]
    changed: str = ""

    @property
    def pin(self) -> str:
        return f"{self.name}=={self.version}"


def copies_in(files: Collection[str], body: Body) -> tuple[Copy, ...]:
    """The packages next to the code of a project; ``body`` is the content of a file."""
    there = frozenset(files)
    found = (_copy(path, said, there, body) for path in sorted(there) for said in _said(path))
    return tuple(one for one in found if one is not None)


def without_copies(files: Iterable[str], copies: Iterable[Copy]) -> tuple[str, ...]:
    """The files that stay: without those of packages that are as they were installed."""
    gone = {path for one in copies if not one.changed for path in one.files}
    return tuple(path for path in files if path not in gone)


def _said(path: str) -> Iterator[str]:
    """The file that says the name, if ``path`` is the list of a package."""
    for ending, name in _LISTS.items():
        if path.endswith(ending):
            yield f"{path.rpartition('/')[0]}/{name}"


def _copy(listed: str, said: str, there: frozenset[str], body: Body) -> Copy | None:
    info = said.rpartition("/")[0]
    text = _text(body(said)).partition("\n\n")[0]
    header = dict(_HEADER.findall(text))
    if not {"Name", "Version"} <= header.keys() or f"{info}/{_NOT_FROM_AN_INDEX}" in there:
        return None
    digests = dict(_paths(listed, _text(body(listed))))
    own = {path for path in digests if path in there} | {path for path in there if path.startswith(f"{info}/")}
    changed = next((path for path in sorted(own) if not _is_as_it_was(path, digests.get(path, ""), body)), "")
    place = Place(said, text[: text.index("Name:")].count("\n") + 1)
    return Copy(name=header["Name"], version=header["Version"], place=place, files=frozenset(own), changed=changed)


def _text(found: bytes | None) -> str:
    return (found or b"").decode("utf-8", "replace").replace("\r\n", "\n")


def _paths(listed: str, text: str) -> Iterator[tuple[str, str]]:
    """Each path from the top of the project, with its digest, if that is known."""
    info = listed.rpartition("/")[0]
    is_record = listed.endswith("RECORD")
    top = info.rpartition("/")[0] if is_record else info
    for row in csv.reader(text.splitlines()):
        if row and (path := _joined(top, row[0])):
            yield path, row[1] if is_record and len(row) > 1 else ""


def _joined(top: str, path: str) -> str:
    """Empty: it is outside of the project."""
    parts = top.split("/") if top else []
    for part in path.split("/"):
        if part == ".." and not parts:
            return ""
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/".join(parts)


def _is_as_it_was(path: str, digest: str, body: Body) -> bool:
    """Only modules are compared, and Git may have written their lines with other ends."""
    word, _, wanted = digest.partition("=")
    if not path.endswith(".py") or word != "sha256":
        return True
    found = body(path) or b""
    lines = found.replace(b"\r\n", b"\n")
    return any(_digest(one) == wanted for one in (found, lines, lines.replace(b"\n", b"\r\n")))


def _digest(body: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode("ascii")


def with_pins(
    adopted: Adopted, copies: Collection[Copy], folder: str, in_place: Collection[str], *, is_listed: bool
) -> Adopted:
    """The unit with these packages among its requirements instead of beside its code.

    Args:
        folder: of the unit, relative to the root.
        in_place: all files of the project, the copies among them, if they lie in that folder: they are not packed.
        is_listed: whether the top of the project has a list of what it needs, which stays as it is.
    """
    taken = [one for one in copies if not one.changed]
    found = attrs.evolve(adopted, findings=(*adopted.findings, *(_finding(one) for one in copies)))
    if in_place and taken:
        gone = {path for one in taken for path in one.files}
        found = attrs.evolve(found, table=with_more_in(found.table, "exclude", [*_patterns(gone, in_place)]))
    return with_requirements(found, [one.pin for one in taken], folder, is_listed=is_listed)


def _finding(copy: Copy) -> Changed | NotCarried:
    what = f"package {copy.name} {copy.version} next to the code"
    if copy.changed:
        reason = f"{copy.changed} is no longer what was installed, so it is packed as code"
        return NotCarried(function="", what=what, place=copy.place, reason=reason)
    reason = "it is locked and comes from the index, and the copy is not packed"
    return Changed(function="", what=what, place=copy.place, to=f"requirements: {copy.pin}", reason=reason)


def _patterns(gone: Collection[str], files: Collection[str]) -> Iterator[str]:
    """The folders of which all files go, and the files that go alone, as patterns of what is not packed."""
    kept = {folder for path in files if path not in gone for folder in _folders(path)}
    for path in gone:
        whole = next((folder for folder in _folders(path) if folder not in kept), None)
        yield path if whole is None else f"{whole}/**"


def _folders(path: str) -> Iterator[str]:
    """Those above it, the highest first."""
    parts = path.split("/")
    yield from ("/".join(parts[:number]) for number in range(1, len(parts)))
