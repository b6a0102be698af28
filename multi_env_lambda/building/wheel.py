"""What of a wheel belongs in a layer: its members in, the installed files out, with a matching RECORD."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import lzma
import os
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import attrs
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from multi_env_lambda.building.archive import (
    LARGEST_ARCHIVE,
    Member,
    Zip,
    content,
    of_unit,
    read_zip,
    too_large,
    too_long,
    write_zip,
)
from multi_env_lambda.building.backend import made_file, run_backend
from multi_env_lambda.building.elf import FILE_NAME
from multi_env_lambda.building.select import SelectedWheel
from multi_env_lambda.building.stage import EPOCH
from multi_env_lambda.errors import BuildError
from multi_env_lambda.host.files import has_sha256, read_sealed, write_sealed
from multi_env_lambda.host.private import private_folder

__all__ = ["Installed", "installed", "wheel_of_sdist"]

_DATA = re.compile(r"[^/]+\.data/(?P<scheme>[^/]+)/(?P<rest>.+)")
_COMPILED = (".pyc", ".pyo")
_OF_RECORD = (".dist-info/RECORD", ".dist-info/RECORD.jws", ".dist-info/RECORD.p7s")
_GENERATOR = re.compile(rb"(?m)^Generator: .*$")
_CHUNK, _MOST_ENTRIES = 1 << 20, 0xFFFF
_LARGEST_RECORD, _MOST_ROWS = 32 << 20, 2 * _MOST_ENTRIES
_UNREADABLE = (
    *(tarfile.TarError, zipfile.BadZipFile, OSError, EOFError, zlib.error, lzma.LZMAError),
    *(ValueError, OverflowError, KeyError, RuntimeError),
)
"""What the standard library raises for an archive that says what no archive can say."""
_HINT_WHEEL = "report it to the package's authors, or choose another version"


@attrs.frozen(kw_only=True)
class Installed:
    """What a wheel puts below ``python/`` of a layer.

    ``unused`` are its scripts and headers, which nothing in Lambda runs. ``data`` are files that an installer puts
    next to the interpreter, and ``sourceless`` compiled modules without source; both by their path in the layer.
    ``untrue`` is what its RECORD gets wrong.
    """

    members: tuple[Member, ...]
    unused: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    sourceless: tuple[str, ...] = ()
    untrue: tuple[str, ...] = ()


def installed(wheel: Zip, *, name: str) -> Installed:
    """The files that `pip install --target` would leave, still compressed.

    Compiled Python with its source present is left out, because it refers to other paths and times.

    Source: https://packaging.python.org/en/latest/specifications/binary-distribution-format/
    """
    info = _dist_info(wheel, name)
    sources = frozenset(member.name for member in wheel.members if member.name.endswith(".py"))
    places = {member.name: _place(wheel.name, member.name, sources) for member in wheel.members}
    kept = [member.renamed(place) for member in wheel.members if (place := places[member.name]) is not None]
    record = next((member for member in kept if member.name == f"{info}/RECORD"), None)
    if record is None:
        raise BuildError(wheel.name, f"has no {info}/RECORD", hint=_HINT_WHEEL)
    rows = _rows(wheel.name, record)
    if any(place != before for before, place in places.items()):
        kept = [*(member for member in kept if member is not record), _adapted(record, rows, places)]
    schemes = {before: data["scheme"] for before in places if (data := _DATA.fullmatch(before)) is not None}
    return Installed(
        members=tuple(kept),
        unused=tuple(sorted(name for name, scheme in schemes.items() if scheme in ("scripts", "headers"))),
        data=tuple(sorted(str(places[name]) for name, scheme in schemes.items() if scheme == "data")),
        sourceless=tuple(sorted(member.name for member in kept if member.name.endswith(_COMPILED))),
        untrue=tuple(_untrue(wheel, rows)),
    )


def _dist_info(wheel: Zip, name: str) -> str:
    tops = {member.name.partition("/")[0] for member in wheel.members}
    infos = sorted(top for top in tops if top.endswith(".dist-info"))
    if len(infos) != 1 or canonicalize_name(infos[0].partition("-")[0]) != name:
        found = ", ".join(infos) or "none"
        raise BuildError(
            wheel.name, f"must have one .dist-info folder, that of {name}; found: {found}", hint=_HINT_WHEEL
        )
    return infos[0]


def _place(where: str, name: str, sources: frozenset[str]) -> str | None:
    """Where a member of a wheel is installed, relative to the target folder; None: nowhere."""
    data = _DATA.fullmatch(name)
    match None if data is None else data["scheme"]:
        case None:
            pass
        case "scripts" | "headers":
            return None
        case "data" if FILE_NAME.search(name):
            what = f"entry {name!r} would be installed outside site-packages, where a layer has nothing"
            raise BuildError(where, what, hint="choose a version of the package that keeps its libraries inside")
        case "purelib" | "platlib" | "data":
            name = name.split("/", 2)[2]
        case scheme:
            raise BuildError(where, f"entry {name!r} is for the unknown place {scheme!r}", hint=_HINT_WHEEL)
    if "__pycache__" in name.split("/") or (name.endswith(_COMPILED) and _source_of(name) in sources):
        return None
    return None if name.endswith((".dist-info/RECORD.jws", ".dist-info/RECORD.p7s")) else name


def _source_of(compiled: str) -> str:
    return f"{compiled.rpartition('.')[0]}.py"


def _rows(where: str, record: Member) -> tuple[list[str], ...]:
    if record.size > _LARGEST_RECORD:
        what = f"its RECORD has {record.size} bytes; the limit is {_LARGEST_RECORD}"
        raise BuildError(where, what, hint=_HINT_WHEEL)
    try:
        with _whole(where, record):
            lines = csv.reader(io.StringIO(record.read().decode("utf-8")))
        rows = tuple(islice(filter(None, lines), _MOST_ROWS + 1))
        if len(rows) > _MOST_ROWS:
            raise csv.Error(f"it has more than {_MOST_ROWS} lines")
        return rows
    except (UnicodeDecodeError, csv.Error) as error:
        raise BuildError(where, f"its RECORD cannot be read: {error}", hint=_HINT_WHEEL) from error


def _untrue(wheel: Zip, rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """What differs from the RECORD. Installers do not mind, and the lock's hash covers everything.

    Raises:
        BuildError: a member does not have the length and checksum that the wheel promises.

    Source: https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file
    """
    recorded = {row[0]: row[1] if len(row) > 1 else "" for row in rows}
    there = {member.name: member for member in wheel.members}
    for name in sorted(recorded.keys() - there.keys()):
        yield f"{name} is missing"
    for name, member in sorted(there.items()):
        found = _sha256(wheel.name, member)  # even if not needed: what does not inflate is not a file
        if name.endswith(_OF_RECORD):
            continue
        if name not in recorded:
            yield f"{name} is not listed"
        elif (said := recorded[name]).startswith("sha256=") and said != _recorded(found):
            yield f"{name} has other bytes"


def _recorded(sha256: bytes) -> str:
    return f"sha256={base64.urlsafe_b64encode(sha256).rstrip(b'=').decode('ascii')}"


def _adapted(record: Member, rows: Iterable[Sequence[str]], places: Mapping[str, str | None]) -> Member:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        # A row for a file that the wheel does not have is kept: that is the wheel's own business.
        if (place := places.get(row[0], row[0])) is not None:
            writer.writerow([place, *row[1:]])
    return content(record.name, text.getvalue().encode("utf-8"))


def _sha256(where: str, member: Member) -> bytes:
    with _whole(where, member):
        return member.sha256()


@contextmanager
def _whole(where: str, member: Member) -> Iterator[None]:
    try:
        yield
    except zlib.error as error:
        raise BuildError(where, f"is damaged: {member.name}: {error}", hint="delete the file and run again") from error


def wheel_of_sdist(selected: SelectedWheel, sdist: Path, *, where: str, cache: Path, indexes: str = "") -> Path:
    """Build the wheel of a package that is published as sdist only; it must be pure, and its bytes are normalised.

    The build runs the package's own code, after the sdist was verified, without access to secrets, the network or files
    of the user. What it needs for that comes from the workspace's ``indexes``, which are lines of ``[tool.uv]``.

    Raises:
        BuildError: the build failed, or the wheel is for this machine and not for Lambda.
    """
    folder = cache / "built" / selected.sha256
    known = read_sealed(folder / "built.json")
    if known is not None and has_sha256(folder / known["wheel"], known["sha256"]):
        return folder / str(known["wheel"])
    if hashlib.sha256(sdist.read_bytes()).hexdigest() != selected.sha256:
        raise BuildError(sdist.name, "is not the sdist that was locked", hint="delete the file and run again")
    with private_folder() as scratch:
        out = scratch / "out"
        out.mkdir()
        try:
            source = _unpacked(sdist, scratch / "sdist", where)
            run_backend(source, out, where=where, sdist=False, indexes=indexes)
            built, tags = _built(out, where)
        except BuildError as error:
            hint = f"{selected.name} has no wheel at all; choose a version that has one"
            raise BuildError(where, f"{selected.filename}: {error.what}", hint=hint) from error
        if not any((tag.interpreter, tag.abi, tag.platform) == ("py3", "none", "any") for tag in tags):
            what = (
                f"{selected.filename} is the only file of {selected.name}, but builds {built.name}, which is not pure"
            )
            raise BuildError(where, what, hint="choose a version or a fork that has wheels for Linux")
        try:
            with of_unit(f"{where}: {selected.filename}"):
                sha256 = write_zip(folder / built.name, _normalised(read_zip(built, exact=True).members), exact=True)
        except (StopIteration, zlib.error) as error:
            raise BuildError(where, f"{built.name} has no RECORD, or is damaged", hint=_HINT_WHEEL) from error
    write_sealed(folder / "built.json", {"wheel": built.name, "sha256": sha256})
    return folder / built.name


def _built(out: Path, where: str) -> tuple[Path, frozenset[Tag]]:
    """The wheel, and what it is made for."""
    built = made_file(out, ".whl", where)
    try:
        return built, parse_wheel_filename(built.name)[3]
    except InvalidWheelFilename as error:
        raise BuildError(where, f"its backend made no wheel: {error}", hint=_HINT_WHEEL) from error


def _unpacked(sdist: Path, place: Path, where: str) -> Path:
    """The one folder in it; what would end up elsewhere is refused, and nothing runs."""
    if not hasattr(tarfile, "data_filter"):
        what = "this Python would unpack it wherever its links point"
        raise BuildError(where, what, hint="use Python 3.11.4 or newer")
    try:
        if sdist.name.endswith(".zip"):
            with zipfile.ZipFile(sdist) as archive:
                _check_unzipped(sum(info.file_size for info in archive.infolist()), where)
                _check_entries([info.filename for info in archive.infolist()], where)
                archive.extractall(place)  # automatically leaves out what points outside
        else:
            plain = place.with_name("sdist.tar")
            _inflate(sdist, plain, where)
            with tarfile.open(plain, "r:") as archive:
                archive.extractall(place, members=_bounded(archive, where), filter="data")
            plain.unlink()
    except _UNREADABLE as error:
        raise BuildError(where, f"cannot be unpacked: {_reason(error)}", hint=_HINT_WHEEL) from error
    for path in place.rglob("*"):
        # A zip allows no time before 1980, and a build should not depend on the time.
        os.utime(path, (EPOCH, EPOCH), follow_symlinks=False)
    found = [path for path in place.iterdir() if path.is_dir()]
    if len(found) != 1:
        what = f"has {len(found)} folders at its root; expected one"
        raise BuildError(where, what, hint=_HINT_WHEEL)
    return found[0]


def _inflate(sdist: Path, plain: Path, where: str) -> None:
    """First all of it, within the limit: tarfile reads names and headers of any length into memory."""
    size = 0
    with gzip.open(sdist) as packed, plain.open("wb") as writer:
        while chunk := packed.read(_CHUNK):
            _check_unzipped(size := size + len(chunk), where)
            writer.write(chunk)


def _bounded(archive: tarfile.TarFile, where: str) -> Iterator[tarfile.TarInfo]:
    """Its members, before each is written: a sparse one may say any size."""
    size = 0
    for number, member in enumerate(archive, 1):
        _check_unzipped(size := size + member.size, where)
        _check_entries([member.name], where, number)
        yield member


def _check_unzipped(size: int, where: str) -> None:
    if size > LARGEST_ARCHIVE:
        raise too_large(where, LARGEST_ARCHIVE)


def _check_entries(names: Sequence[str], where: str, number: int = 0) -> None:
    if max(number, len(names)) > _MOST_ENTRIES:
        raise BuildError(where, f"has more than the limit of {_MOST_ENTRIES} entries", hint=_HINT_WHEEL)
    for name in names:
        if (reason := too_long(name)) is not None:
            raise BuildError(where, f"entry {name[:80]!r} {reason}", hint=_HINT_WHEEL)


def _reason(error: Exception) -> str:
    """In words, without the folder on this machine."""
    match error:
        case tarfile.OutsideDestinationError() | tarfile.AbsolutePathError():
            return f"entry {error.tarinfo.name!r} would be outside of its folder"
        case tarfile.LinkOutsideDestinationError() | tarfile.AbsoluteLinkError():
            return f"entry {error.tarinfo.name!r} is a link to something outside of its folder"
        case gzip.BadGzipFile():
            return "it is not a gzip file, or is damaged"
        case EOFError() | zlib.error():
            return "it is damaged, or was cut off"
        case tarfile.FilterError():
            return str(error)
        case OSError(strerror=str(text)):
            return text[:1].lower() + text[1:]
        case _:
            return f"it is not a readable archive ({error})"


def _normalised(members: Iterable[Member]) -> Iterable[Member]:
    """Files in stored form, without the version of the tool that made them, and a new RECORD."""
    plain = {member.name: (member.read(), member.executable) for member in members}
    record = next(name for name in plain if name.endswith(".dist-info/RECORD"))
    rows = [f"{record},,\n"]
    for name, (data, executable) in plain.items():
        if name == record:
            continue
        if name.endswith(".dist-info/WHEEL"):
            data = _GENERATOR.sub(b"Generator: multi_env_lambda", data)
        row = io.StringIO()
        csv.writer(row, lineterminator="\n").writerow([name, _recorded(hashlib.sha256(data).digest()), len(data)])
        rows.append(row.getvalue())
        yield content(name, data, executable=executable)
    yield content(record, "".join(sorted(rows)).encode("utf-8"))
