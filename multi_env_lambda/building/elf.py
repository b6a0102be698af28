"""One shared object: its bytes in, what it requires of the machine out. It is read, never loaded."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile

__all__ = ["FILE_NAME", "MAGIC", "SharedObject", "elf_machine", "read_shared_object"]

FILE_NAME = re.compile(r"\.so(\.\d[\w-]*)*$")
"""How the names of shared objects end: `.so`, `.so.1.2.3`, `.so.7-abc`."""

MAGIC = b"\x7fELF"
_MACHINES = {3: "x86 (32 bit)", 40: "arm (32 bit)", 62: "x86_64", 183: "arm64"}
_VERSION = re.compile(r"(?P<family>GLIBC|GLIBCXX)_(?P<number>\d+(\.\d+)*)")
_MOST_ENTRIES = 4096
"""Entries of a table in one file; a damaged one may claim four billion."""


@attrs.frozen(kw_only=True)
class SharedObject:
    """What the loader reads before it maps an object.

    ``needed`` are the sonames of other libraries. ``glibc`` and ``libstdcxx`` are the newest symbol versions that it
    requires, empty if it requires none. ``search`` are the folders that it names for its libraries, as written.
    ``is_program``: it is started, not loaded.
    """

    name: str
    machine: str
    soname: str | None = None
    needed: tuple[str, ...] = ()
    glibc: tuple[int, ...] = ()
    libstdcxx: tuple[int, ...] = ()
    search: tuple[str, ...] = ()
    is_program: bool = False

    @property
    def file_name(self) -> str:
        return self.name.rpartition("/")[2]


def elf_machine(body: bytes) -> str:
    """Lambda's name for the architecture; the first 20 bytes are enough.

    Raises:
        ValueError: it is not in the format of Linux.
    """
    if body[:4] != MAGIC:
        raise ValueError("it does not start with the ELF signature")
    if len(body) < 20:
        raise ValueError("it ends within its header")
    order = "<" if body[5] == 1 else ">"
    (machine,) = struct.unpack_from(f"{order}H", body, 18)
    if machine in (62, 183) and (body[4], body[5]) != (2, 1):
        return f"{_MACHINES[machine]} with 32 bit or another byte order"
    return _MACHINES.get(machine, f"machine number {machine}")


def read_shared_object(name: str, body: bytes) -> SharedObject:
    """``name`` is its path in messages. An object for another machine is not read any further.

    Source: https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.dynamic.html and
    https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html

    Raises:
        ValueError: it cannot be read to its end.
    """
    machine = elf_machine(body)
    if machine not in ("x86_64", "arm64"):
        return SharedObject(name=name, machine=machine)
    from elftools.elf.elffile import ELFFile

    try:
        return _read(name, machine, ELFFile(io.BytesIO(body)))
    # The reader raises as many kinds of errors as a file can be damaged in.
    except Exception as error:
        raise ValueError(f"its tables are damaged: {type(error).__name__} {error}".rstrip()) from error


def _read(name: str, machine: str, file: ELFFile) -> SharedObject:
    kinds = {segment.header.p_type for segment in islice(file.iter_segments(), _MOST_ENTRIES)}
    tags = list(_dynamic_tags(file))
    versions = [found for text in _needed_versions(file) if (found := _version(text)) is not None]
    return SharedObject(
        name=name,
        machine=machine,
        soname=next((tag.soname for tag in tags if tag.entry.d_tag == "DT_SONAME"), None),
        needed=tuple(tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED"),
        glibc=max((number for family, number in versions if family == "GLIBC"), default=()),
        libstdcxx=max((number for family, number in versions if family == "GLIBCXX"), default=()),
        search=_search(tags),
        is_program="PT_INTERP" in kinds or file.header.e_type != "ET_DYN",
    )


def _search(tags: list[Any]) -> tuple[str, ...]:
    """A loader that finds a RUNPATH does not look at the RPATH."""
    newer = [tag.runpath for tag in tags if tag.entry.d_tag == "DT_RUNPATH"]
    older = [tag.rpath for tag in tags if tag.entry.d_tag == "DT_RPATH"]
    return tuple(folder for text in newer or older for folder in text.split(":"))


def _dynamic_tags(file: ELFFile) -> Iterator[Any]:
    segments: Iterator[Any] = file.iter_segments("PT_DYNAMIC")
    for segment in islice(segments, 1):
        yield from islice(segment.iter_tags(), _MOST_ENTRIES)


def _needed_versions(file: ELFFile) -> Iterator[str]:
    sections: Iterator[Any] = file.iter_sections("SHT_GNU_verneed")
    for section in islice(sections, 1):
        for _, entries in islice(section.iter_versions(), _MOST_ENTRIES):
            yield from (entry.name for entry in islice(entries, _MOST_ENTRIES))


def _version(text: str) -> tuple[str, tuple[int, ...]] | None:
    if text == "GLIBC_ABI_DT_RELR":
        return "GLIBC", (2, 36)  # a packing of relocations that older loaders do not understand
    found = _VERSION.fullmatch(text)
    return None if found is None else (found["family"], tuple(int(part) for part in found["number"].split(".")))
