"""Unpacks archives to import from: a zip in, a folder out that has its files and nothing else.

A layer is unpacked once and cached, because units change and layers rarely do. The cache is compared at each use: with
the zip, which was verified; bytecode, which is added by a process that runs none of the code, with what it was then.
"""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from multi_env_lambda.building.archive import check_names
from multi_env_lambda.host.files import has_sha256, read_sealed, sha256_of, write_sealed

__all__ = ["kept_folder", "kept_layer", "layer_folders", "unpack", "without_bytecode"]

_BYTECODE = "__pycache__"
_CHUNK = 1 << 20


@contextmanager
def kept_folder(archive: Path, place: Path, prefix: str, *, where: str) -> Iterator[Path]:
    """The files of ``archive`` below ``prefix``, in the folder ``place``, which is recreated if it is not right."""
    if not _is_whole(place, archive, prefix):
        _renew(archive, place, prefix, where)
    _drop_unknown_bytecode(place)
    yield place
    with suppress(FileNotFoundError):  # another process has removed one: then the next use can reuse less
        known = {path.relative_to(place).as_posix(): sha256_of(path) for path in list(_bytecode(place))}
        write_sealed(_listing(place), known)


@contextmanager
def kept_layer(layer: Path | None, kept: Path, inner: str, *, where: str) -> Iterator[Path | None]:
    """The content of a folder of a layer, by the layer's bytes; None without a layer."""
    if layer is None:
        yield None
        return
    with kept_folder(layer, kept / f"layer-{sha256_of(layer)}", inner, where=where) as folder:
        yield folder


def layer_folders(layer: Path) -> list[Path]:
    """Where a function finds modules in the content of ``python/``: first among the packages of its version."""
    return [*sorted(layer.glob("lib/python3*/site-packages")), layer]


def unpack(archive_path: Path, folder: Path, prefix: str, *, where: str) -> None:
    """Write the files of the archive below ``prefix`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive_path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        check_names([info.orig_filename for info in infos], where=where, exact=True)
        for info in infos:
            if info.filename.startswith(prefix):
                target = folder / info.filename.removeprefix(prefix)
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(info) as reader, target.open("wb") as writer:
                    shutil.copyfileobj(reader, writer, _CHUNK)


def _renew(archive: Path, place: Path, prefix: str, where: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=place.parent))
    try:
        unpack(archive, new, prefix, where=where)
        if _renamed(new, place) or _is_whole(place, archive, prefix):
            return  # units with the same layer unpack it at the same time, and the first one imports from it already
        # Aside first: another process may still read from it.
        old = Path(tempfile.mkdtemp(prefix=".old-", dir=place.parent))
        with suppress(FileNotFoundError):
            os.rename(place, old / "place")
        shutil.rmtree(old, ignore_errors=True)
        os.rename(new, place)
    except OSError:
        # If another process was faster, its folder has the same content.
        if not _is_whole(place, archive, prefix):
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _renamed(new: Path, place: Path) -> bool:
    """False if there is something at the place."""
    try:
        os.rename(new, place)
    except OSError:
        return False
    return True


def _is_whole(place: Path, archive_path: Path, prefix: str) -> bool:
    """Whether the folder has the files of the archive and, apart from bytecode, no others."""
    with zipfile.ZipFile(archive_path) as archive:
        infos = (info for info in archive.infolist() if not info.is_dir() and info.filename.startswith(prefix))
        wanted = {info.filename.removeprefix(prefix): (info.file_size, info.CRC) for info in infos}
    found = set()
    for path in _files(place):
        name = path.relative_to(place).as_posix()
        if name not in wanted:
            if path.parent.name != _BYTECODE:
                return False
        elif path.is_symlink() or _size_and_crc(path) != wanted[name]:
            return False
        found.add(name)
    return place.is_dir() and found >= wanted.keys()


def _files(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (Path(parent, name) for name in names)


def _size_and_crc(path: Path) -> tuple[int, int]:
    size = crc = 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            size, crc = size + len(chunk), zlib.crc32(chunk, crc)
    return size, crc


def _bytecode(place: Path) -> Iterator[Path]:
    return (path for path in _files(place) if path.parent.name == _BYTECODE)


def _listing(place: Path) -> Path:
    return place.with_name(f"{place.name}.compiled.json")


def without_bytecode(place: Path, names: Iterable[str]) -> list[Path]:
    """Which of these are modules in the folder that are not compiled yet; ``names`` are untrusted."""
    inside = f"{place}{os.sep}"
    modules = [Path(name) for name in names if name.startswith(inside) and name.endswith(".py") and "\n" not in name]
    return [path for path in modules if ".." not in path.parts and _is_file(path) and not _compiled(path)]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False


def _compiled(module: Path) -> bool:
    return any((module.parent / _BYTECODE).glob(f"{glob.escape(module.stem)}.*.pyc"))


def _drop_unknown_bytecode(place: Path) -> None:
    """Python accepts bytecode if time and length of its source match; it is recreated if it is missing."""
    known = read_sealed(_listing(place)) or {}
    for path in list(_bytecode(place)):
        if not has_sha256(path, known.get(path.relative_to(place).as_posix(), "")):
            path.unlink(missing_ok=True)
