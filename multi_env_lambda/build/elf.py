"""What the shared objects of a layer ask of the machine: a zip in, the reasons why Lambda could not load them out."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from multi_env_lambda.build.archive import Member, read_zip
from multi_env_lambda.build.select import Target

__all__ = ["check_shared_objects", "elf_machine", "needed_glibc", "problems_of"]

_SHARED_OBJECT = re.compile(r"\.so(\.\d+)*$")
_EXTENSION = re.compile(r"(?P<stem>[^/]*?)\.(?P<tag>(?:cpython-|pypy|graalpy)[^/]*)\.so$")
_MACHINES = {3: "x86 (32 bit)", 40: "arm (32 bit)", 62: "x86_64", 183: "arm64"}
_SHT_GNU_VERNEED = 0x6FFFFFFE
_HEADER = struct.Struct("<16s2HI3QI6H")
_SECTION = struct.Struct("<2I4Q2I2Q")
_NEED = struct.Struct("<2H3I")
_NEED_ENTRY = struct.Struct("<I2H2I")


def check_shared_objects(layer: Path, target: Target) -> tuple[str, ...]:
    """One sentence per shared object in the zip that the target cannot load: the file, what it is, what is allowed."""
    return problems_of(read_zip(layer).members, target)


def problems_of(members: Iterable[Member], target: Target) -> tuple[str, ...]:
    """The same for the members of a zip that is not written yet."""
    shared = [member for member in members if _SHARED_OBJECT.search(member.name)]
    loadable = [member for member in shared if _tag_fits(member.name, target)]
    problems = list(_without_a_fitting_tag(shared, loadable, target))
    # zlib lets the other threads run while it inflates.
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(lambda member: tuple(_problems(member, target)), loadable):
            problems.extend(found)
    return tuple(sorted(problems))


def _tag_fits(name: str, target: Target) -> bool:
    found = _EXTENSION.search(name)
    if found is None:
        return True
    python = f"cpython-{target.python.replace('.', '')}"
    return found["tag"] == python or found["tag"].startswith(f"{python}-{target.machine}-")


def _without_a_fitting_tag(shared: list[Member], loadable: list[Member], target: Target) -> Iterator[str]:
    """Python looks for its own tag and leaves the others alone, so one that fits beside them is enough."""
    served = {_module(member.name) for member in loadable}
    for member in shared:
        if _module(member.name) not in served and (found := _EXTENSION.search(member.name)) is not None:
            allowed = f"cpython-{target.python.replace('.', '')}-{target.machine}-linux-gnu or abi3"
            yield f"{member.name} is built for {found['tag']}, allowed is {allowed}"


def _module(name: str) -> str:
    folder, _, file = name.rpartition("/")
    return f"{folder}/{file.partition('.')[0]}"


def _problems(member: Member, target: Target) -> Iterator[str]:
    name = member.name
    try:
        body = member.read()
        machine = elf_machine(body)
        if machine != target.architecture:
            yield f"{name} is for {machine}, allowed is {target.architecture}"
            return
        needed = needed_glibc(body)
    except (ValueError, struct.error, IndexError, zlib.error) as error:
        yield f"{name} is not a shared object that can be read: {error}"
        return
    if needed > target.glibc:
        allowed = ".".join(map(str, target.glibc))
        yield f"{name} needs glibc {'.'.join(map(str, needed))}, allowed is {allowed} (Python {target.python})"


def elf_machine(body: bytes) -> str:
    """The architecture in the words of Lambda, of a shared object."""
    if body[:4] != b"\x7fELF":
        raise ValueError("it does not start with the ELF signature")
    order = "<" if body[5] == 1 else ">"
    (machine,) = struct.unpack_from(f"{order}H", body, 18)
    if machine in (62, 183) and (body[4], body[5]) != (2, 1):
        return f"{_MACHINES[machine]} with 32 bit or another byte order"
    return _MACHINES.get(machine, f"machine number {machine}")


def needed_glibc(body: bytes) -> tuple[int, int]:
    """The newest GLIBC_x.y in the version needs of a 64-bit shared object; (0, 0) where it needs none.

    Source: https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html
    """
    header = _HEADER.unpack_from(body)
    offset, size, count = header[6], header[11], header[12]
    sections = [_SECTION.unpack_from(body, offset + size * index) for index in range(count)]
    newest = (0, 0)
    for section in sections:
        if section[1] == _SHT_GNU_VERNEED:
            strings = sections[section[6]][4]
            for name in _version_names(body, start=section[4], strings=strings):
                newest = max(newest, _glibc_version(name))
    return newest


def _version_names(body: bytes, *, start: int, strings: int) -> Iterator[str]:
    # Offsets are chained until a zero; each step must go forward, or a damaged file would never end.
    while True:
        _, _, _, first, following = _NEED.unpack_from(body, start)
        entry = start + first
        while True:
            _, _, _, name, step = _NEED_ENTRY.unpack_from(body, entry)
            text = strings + name
            yield body[text : body.index(b"\0", text)].decode("ascii", "replace")
            if not step:
                break
            entry += step
        if not following:
            return
        start += following


def _glibc_version(name: str) -> tuple[int, int]:
    if name == "GLIBC_ABI_DT_RELR":
        return (2, 36)  # a way of packing relocations that no older loader understands
    found = re.fullmatch(r"GLIBC_(\d+)\.(\d+)(\.\d+)*", name)
    return (int(found[1]), int(found[2])) if found else (0, 0)
