"""Zip and tar.gz files whose bytes depend only on their content; compressed zip members are copied as they are.

Nothing is compressed here: zlib and its successors (zlib-ng, cloudflare's, Python's own build) turn equal content into
different bytes, and the SHA-256 of a wheel is the name by which Lambda, the release and the next machine know it.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import struct
import tarfile
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import attrs

from multi_env_lambda.errors import BuildError

__all__ = [
    "LARGEST_ARCHIVE",
    "Member",
    "Zip",
    "check_names",
    "content",
    "new_file",
    "parse_zip",
    "of_unit",
    "read_zip",
    "too_large",
    "too_long",
    "write_tar_gz",
    "write_zip",
]

_STORED, _DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
_UTF8_NAME, _ENCRYPTED = 0x800, 0x1
_DATE, _TIME = (1 << 5) | 1, 0  # 1980-01-01 00:00:00, the first time that a zip can store
_MADE_BY_UNIX, _NEEDED = (3 << 8) | 20, 20
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_MAX_BYTES, _MAX_ENTRIES = 0xFFFFFFFF, 0xFFFF
_MAX_STORED_BLOCK = 0xFFFF
_MOST_SHOWN = 80
_PIECE = 1 << 16
_DRIVE = re.compile(r"[A-Za-z]:")

LARGEST_ARCHIVE = 1 << 30
"""Bytes of a file that is fetched or opened. Lambda accepts 250 MB unzipped; no wheel that fits has four times that."""

_LONGEST_PART, _LONGEST_PATH, _DEEPEST = 255, 1024, 100
"""In bytes and in folders: what every file system keeps, with room for the folder that it is unpacked in."""

_LARGEST_UNZIPPED = 4 << 30
_LARGEST_DIRECTORY = 32 << 20
_LOCATOR_64 = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")


@attrs.frozen(kw_only=True)
class Member:
    """One file of a zip in the form in which it is stored: ``data`` is already compressed if ``method`` says so."""

    name: str
    data: bytes | memoryview = attrs.field(repr=False)
    method: int
    crc: int
    size: int
    executable: bool = False

    def renamed(self, name: str) -> Member:
        """The same bytes under another name; nothing is inflated."""
        return attrs.evolve(self, name=name)

    def read(self) -> bytes:
        """The content; a member that does not inflate to its own checksum is an error of the caller's archive."""
        # One byte more than promised is enough to detect a wrong length, however far the member would inflate.
        plain = bytes(self.data) if self.method == _STORED else self.head(self.size + 1)
        if len(plain) != self.size or zlib.crc32(plain) != self.crc:
            raise zlib.error(f"{self.name} does not have the length and checksum that its archive promises")
        return plain

    def sha256(self) -> bytes:
        """The digest of the content, which is checked as by ``read`` and never in memory as a whole."""
        digest, size, crc = hashlib.sha256(), 0, 0
        for piece in self._pieces():
            digest.update(piece)
            size, crc = size + len(piece), zlib.crc32(piece, crc)
            if size > self.size:
                break
        if (size, crc) != (self.size, self.crc):
            raise zlib.error(f"{self.name} does not have the length and checksum that its archive promises")
        return digest.digest()

    def _pieces(self) -> Iterator[bytes | memoryview]:
        if self.method == _STORED:
            yield self.data
            return
        inflater, rest = zlib.decompressobj(wbits=-zlib.MAX_WBITS), memoryview(self.data)
        while rest and not inflater.eof:
            some, rest = bytes(rest[:_PIECE]), rest[_PIECE:]
            while some and not inflater.eof:
                yield inflater.decompress(some, _PIECE)
                some = inflater.unconsumed_tail
        yield inflater.flush()

    def head(self, size: int) -> bytes:
        """The first ``size`` bytes of the content, without inflating the rest."""
        if self.method == _STORED:
            return bytes(self.data[:size])
        return zlib.decompressobj(wbits=-zlib.MAX_WBITS).decompress(self.data, size)


def content(name: str, data: bytes, *, executable: bool = False) -> Member:
    """A member from plain bytes, stored uncompressed."""
    return Member(name=name, data=data, method=_STORED, crc=zlib.crc32(data), size=len(data), executable=executable)


@attrs.frozen(kw_only=True)
class Zip:
    """A zip that was read: its files in the order of its directory, folders left out."""

    name: str
    members: tuple[Member, ...]


def read_zip(path: Path, *, sha256: str | None = None, exact: bool = False) -> Zip:
    """The members of a zip with their bytes as they are, every name and kind checked.

    With ``sha256``, exactly the returned bytes are verified, not what the file had at another time.
    """
    body = read_archive(path)
    if sha256 is not None and (found := hashlib.sha256(body).hexdigest()) != sha256:
        what = f"the file has SHA-256 {found}, but {sha256} is locked"
        raise BuildError(path.name, what, hint="delete the file and run again; if it happens twice, renew the lock")
    return parse_zip(body, name=path.name, exact=exact)


def read_archive(path: Path) -> bytes:
    """The whole file, if its size is reasonable.

    Raises:
        BuildError: it is too large to read.
    """
    with path.open("rb") as stream:
        body = stream.read(LARGEST_ARCHIVE + 1)
    if len(body) > LARGEST_ARCHIVE:
        raise too_large(path.name, LARGEST_ARCHIVE)
    return body


def too_large(where: str, most: int) -> BuildError:
    """The error for an archive that is too large to open."""
    hint = "Lambda accepts at most 250 MB unzipped; choose another file"
    return BuildError(where, f"has more than the limit of {most} bytes", hint=hint)


def parse_zip(body: bytes, *, name: str, exact: bool = False) -> Zip:
    """The same for a zip in memory; ``name`` is its name in messages.

    Raises:
        BuildError: it is not a zip, or its declared size exceeds anything that Lambda accepts.
    """
    try:
        if (size := _directory_size(body)) > _LARGEST_DIRECTORY:
            raise zipfile.BadZipFile(f"its directory has {size} bytes")
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            infos = [info for info in archive.infolist() if not info.orig_filename.endswith("/")]
            if (unzipped := sum(info.file_size for info in infos)) > _LARGEST_UNZIPPED:
                what = f"would have {unzipped} bytes unzipped; the limit is {_LARGEST_UNZIPPED}"
                raise BuildError(name, what, hint="Lambda accepts at most 250 MB; choose another file")
            check_names([info.orig_filename for info in infos], where=name, exact=exact)
            return Zip(name=name, members=tuple(_member(name, body, info) for info in infos))
    except (zipfile.BadZipFile, struct.error, NotImplementedError, UnicodeDecodeError) as error:
        raise BuildError(name, f"is not a readable zip: {error}", hint="download or build the file again") from error


def _directory_size(body: bytes) -> int:
    """How much of the zip zipfile would treat as its directory, all of which it keeps as objects.

    Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT 4.3.14 to 4.3.16
    """
    end = body.rfind(b"PK\x05\x06")
    if end < 0 or end + _END.size > len(body):
        return 0  # zipfile reports that it is not a zip
    size = int(_END.unpack_from(body, end)[5])
    if end < _LOCATOR_64.size or body[end - _LOCATOR_64.size :][:4] != b"PK\x06\x07":
        return size
    at = end - _LOCATOR_64.size - _END_64.size  # where zipfile looks, regardless of the locator
    return size if at < 0 or body[at : at + 4] != b"PK\x06\x06" else int(_END_64.unpack_from(body, at)[8])


def _member(where: str, body: bytes, info: zipfile.ZipInfo) -> Member:
    mode = info.external_attr >> 16
    entry = f"{where}: {info.orig_filename!r}"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        kind = "a symbolic link" if stat.S_ISLNK(mode) else "not a regular file"
        raise BuildError(where, f"entry {info.orig_filename!r} is {kind}", hint="only regular files can be packed")
    if info.flag_bits & _ENCRYPTED or info.compress_type not in (_STORED, _DEFLATED):
        what = f"entry {info.orig_filename!r} is encrypted or compressed by method {info.compress_type}"
        raise BuildError(where, what, hint="Lambda reads only stored and deflated members")
    # The sizes of the central directory count: with a data descriptor the local header has zeros instead.
    header = _LOCAL.unpack_from(body, info.header_offset)
    name_length, extra_length = header[9], header[10]
    start = info.header_offset + _LOCAL.size
    if header[0] != b"PK\x03\x04" or start + name_length + extra_length + info.compress_size > len(body):
        raise zipfile.BadZipFile(f"the header of {entry} is damaged")
    encoding = "utf-8" if info.flag_bits & _UTF8_NAME else "cp437"
    if body[start : start + name_length].decode(encoding) != info.orig_filename:
        raise zipfile.BadZipFile(f"{entry} has another name in its own header")
    if info.compress_type == _STORED and info.compress_size != info.file_size:
        raise zipfile.BadZipFile(f"{entry} is stored, but has two sizes")
    start += name_length + extra_length
    data = memoryview(body)[start : start + info.compress_size]
    return Member(
        name=info.orig_filename,
        data=data,
        method=info.compress_type,
        crc=info.CRC,
        size=info.file_size,
        executable=bool(mode & 0o111),
    )


def _shown(name: str) -> str:
    return repr(name) if len(name) <= _MOST_SHOWN else f"{name[:_MOST_SHOWN]!r}…"


def check_names(names: Iterable[str], *, where: str, exact: bool = False) -> None:
    """Refuse what would escape its target folder, or would unpack differently on another machine.

    ``exact``: names that differ in upper and lower case are two names, as they are in Lambda.
    """
    seen: dict[str, str] = {}
    folders: dict[str, str] = {}
    for name in names:
        if (reason := _unsafe(name)) is not None:
            hint = "an archive may only have files below its own root"
            raise BuildError(where, f"entry {_shown(name)} {reason}", hint=hint)
        if (reason := too_long(name)) is not None:
            hint = "not every machine could unpack it; rename it, or choose another version of the package"
            raise BuildError(where, f"entry {_shown(name)} {reason}", hint=hint)
        key = name if exact else unicodedata.normalize("NFC", name).casefold()
        if (other := seen.get(key)) is not None:
            reason = "is listed twice" if other == name else f"differs from {other!r} only in upper and lower case"
            raise BuildError(where, f"entry {name!r} {reason}", hint="rename or remove one of them")
        seen[key] = name
        while "/" in key and (key := key.rpartition("/")[0]) not in folders:
            folders[key] = name
    for key in seen.keys() & folders.keys():
        what = f"entry {seen[key]!r} is a file, but also the folder of {folders[key]!r}"
        raise BuildError(where, what, hint="rename or remove one of them")


@contextmanager
def of_unit(where: str) -> Iterator[None]:
    """An error about an archive also names the unit or the lock that it belongs to."""
    try:
        yield
    except BuildError as error:
        if error.where == where:
            raise
        raise BuildError(where, f"{error.where}: {error.what}", hint=error.hint) from error


def too_long(name: str) -> str | None:
    """Why a file of this name cannot be unpacked everywhere, if so."""
    parts = [part.encode("utf-8", "surrogatepass") for part in name.split("/")]
    if (longest := max(map(len, parts))) > _LONGEST_PART:
        return f"has a part of {longest} bytes in its path; the limit is {_LONGEST_PART}"
    if len(parts) > _DEEPEST:
        return f"is in {len(parts) - 1} nested folders; the limit is {_DEEPEST - 1}"
    size = sum(map(len, parts)) + len(parts) - 1
    return f"has a path of {size} bytes; the limit is {_LONGEST_PATH}" if size > _LONGEST_PATH else None


def _unsafe(name: str) -> str | None:
    if "\0" in name:
        return "has a NUL in its name"
    if "\\" in name:
        return "has a backslash in its name"
    if name.startswith("/") or _DRIVE.match(name):
        return "is an absolute path"
    parts = name.split("/")
    if ".." in parts:
        return "climbs out of its folder with '..'"
    return "has an empty or '.' part in its path" if "" in parts or "." in parts else None


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears under its name only when complete; a failure leaves nothing behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        # mkstemp uses 0600, which would stay with the file in caches that others read.
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_zip(path: Path, members: Iterable[Member], *, exact: bool = False) -> str:
    """Write a zip of these members, sorted by name; returns the hexadecimal SHA-256 of the file.

    ``exact`` as in ``check_names``: for what others have named, and only Linux unpacks.
    """
    ordered = sorted(members, key=lambda member: member.name)
    check_names([member.name for member in ordered], where=path.name, exact=exact)
    if len(ordered) > _MAX_ENTRIES or sum(len(member.data) + 256 for member in ordered) > _MAX_BYTES:
        what = f"{len(ordered)} entries do not fit into a zip without its 64-bit extension"
        raise BuildError(path.name, what, hint="Lambda accepts at most 250 MB unzipped; remove something")
    sha256 = hashlib.sha256()
    with new_file(path) as stream:

        def write(piece: bytes | memoryview) -> None:
            sha256.update(piece)
            stream.write(piece)

        _write_members(write, ordered)
    return sha256.hexdigest()


def _write_members(write: Callable[[bytes | memoryview], None], ordered: Sequence[Member]) -> None:
    directory = bytearray()
    offset = 0
    for member in ordered:
        name = member.name.encode("utf-8")
        flags = 0 if name.isascii() else _UTF8_NAME
        sizes = (member.crc, len(member.data), member.size)
        common = (_NEEDED, flags, member.method, _TIME, _DATE, *sizes, len(name), 0)
        write(_LOCAL.pack(b"PK\x03\x04", *common) + name)
        write(member.data)
        mode = stat.S_IFREG | (0o755 if member.executable else 0o644)
        directory += _CENTRAL.pack(b"PK\x01\x02", _MADE_BY_UNIX, *common, 0, 0, 0, mode << 16, offset) + name
        offset += _LOCAL.size + len(name) + len(member.data)
    write(bytes(directory))
    write(_END.pack(b"PK\x05\x06", 0, 0, len(ordered), len(ordered), len(directory), offset, 0))


def write_tar_gz(path: Path, files: Iterable[tuple[str, bytes, bool]]) -> str:
    """Write a tar.gz of (name, content, executable), sorted by name; returns the hexadecimal SHA-256 of the file."""
    ordered = sorted(files, key=lambda file: file[0])
    check_names([name for name, _, _ in ordered], where=path.name)
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8") as archive:
        for name, data, executable in ordered:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.mode = 0o755 if executable else 0o644
            archive.addfile(info, io.BytesIO(data))
    packed = _gzip(plain.getvalue())
    with new_file(path) as stream:
        stream.write(packed)
    return hashlib.sha256(packed).hexdigest()


def _gzip(plain: bytes) -> bytes:
    """A gzip file in which everything is stored.

    Source: RFC 1952 (header and tail), RFC 1951 section 3.2.4 (blocks without compression).
    """
    # The module gzip writes the operating system and, unless told otherwise, the time into the header.
    pieces = [b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff"]
    for start in range(0, len(plain), _MAX_STORED_BLOCK):
        block = plain[start : start + _MAX_STORED_BLOCK]
        is_last = start + _MAX_STORED_BLOCK >= len(plain)
        pieces += [struct.pack("<B2H", is_last, len(block), len(block) ^ 0xFFFF), block]
    pieces.append(struct.pack("<2L", zlib.crc32(plain), len(plain) & _MAX_BYTES))
    return b"".join(pieces)
