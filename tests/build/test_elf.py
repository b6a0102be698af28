"""Shared objects are checked for architecture, glibc and Python tag without loading them."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from multi_env_lambda.build.archive import content, write_zip
from multi_env_lambda.build.download import fetch
from multi_env_lambda.build.elf import check_shared_objects, elf_machine, needed_glibc
from multi_env_lambda.build.lock import Target, read_lock, select, write_lock

X86, ARM = Target(python="3.13", architecture="x86_64"), Target(python="3.13", architecture="arm64")
OLD = Target(python="3.11", architecture="x86_64")
MACHINES = {"x86_64": 62, "arm64": 183, "i386": 3}


def elf(*versions: str, machine: str = "x86_64", bits: int = 2, order: int = 1) -> bytes:
    """The least that is a shared object: a header, names, version needs of one library, three sections."""
    strings = b"\0libc.so.6\0" + b"".join(version.encode() + b"\0" for version in versions)
    needs = struct.pack("<2H3I", 1, len(versions), 1, 16, 0) if versions else b""
    for index, version in enumerate(versions):
        step = 16 if index + 1 < len(versions) else 0
        needs += struct.pack("<I2H2I", 0, 0, index + 2, strings.index(b"\0" + version.encode() + b"\0") + 1, step)
    start = 64 + len(strings)
    table = [(0, 0, 0), (3, 64, len(strings)), (0x6FFFFFFE, start, len(needs))][: 3 if versions else 2]
    sections = b"".join(struct.pack("<2I4Q2I2Q", 0, kind, 0, 0, at, size, 1, 1, 1, 0) for kind, at, size in table)
    ident = b"\x7fELF" + bytes([bits, order, 1]) + bytes(9)
    where = start + len(needs)
    head = struct.pack("<16s2HI3QI6H", ident, 3, MACHINES[machine], 1, 0, 0, where, 0, 64, 0, 0, 64, len(table), 0)
    return head + strings + needs + sections


def problems(folder: Path, target: Target, **files: bytes) -> tuple[str, ...]:
    members = [content(name.replace("__", "."), body) for name, body in files.items()]
    write_zip(folder / "layer.zip", members)
    return check_shared_objects(folder / "layer.zip", target)


@pytest.mark.parametrize(
    ("versions", "newest"),
    [
        ((), (0, 0)),
        (("GLIBC_2.17",), (2, 17)),
        (("GLIBC_2.9", "GLIBC_2.17", "GLIBC_2.2.5"), (2, 17)),
        (("GLIBC_2.4", "GLIBC_PRIVATE"), (2, 4)),
        (("GLIBCXX_3.4.30", "GCC_3.0"), (0, 0)),
        (("GLIBC_2.4", "GLIBC_ABI_DT_RELR"), (2, 36)),
    ],
)
def test_the_newest_needed_glibc_is_found(versions: tuple[str, ...], newest: tuple[int, int]) -> None:
    assert needed_glibc(elf(*versions)) == newest


@pytest.mark.parametrize("machine", ["x86_64", "arm64"])
def test_the_architecture_is_in_the_words_of_lambda(machine: str) -> None:
    assert elf_machine(elf(machine=machine)) == machine


def test_a_fitting_object_is_no_problem(tmp_path: Path) -> None:
    assert problems(tmp_path, X86, lib__so=elf("GLIBC_2.34")) == ()
    assert problems(tmp_path, OLD, lib__so__1__2=elf("GLIBC_2.26")) == ()
    assert problems(tmp_path, ARM, lib__so=elf("GLIBC_2.17", machine="arm64")) == ()


@pytest.mark.parametrize(
    ("target", "body", "problem"),
    [
        (X86, elf("GLIBC_2.35"), "a.so needs glibc 2.35, allowed is 2.34 (Python 3.13)"),
        (OLD, elf("GLIBC_2.28"), "a.so needs glibc 2.28, allowed is 2.26 (Python 3.11)"),
        (X86, elf(machine="arm64"), "a.so is for arm64, allowed is x86_64"),
        (ARM, elf(machine="x86_64"), "a.so is for x86_64, allowed is arm64"),
        (X86, elf(machine="i386", bits=1), "a.so is for x86 (32 bit), allowed is x86_64"),
        (X86, elf(bits=1), "a.so is for x86_64 with 32 bit or another byte order, allowed is x86_64"),
        (X86, b"GROUP ( libc.so.6 )", "a.so is not a shared object that can be read: it does not start with"),
        (X86, elf("GLIBC_2.34")[:80], "a.so is not a shared object that can be read: unpack_from"),
        (X86, b"", "a.so is not a shared object that can be read"),
    ],
)
def test_a_problem_names_file_found_and_allowed(tmp_path: Path, target: Target, body: bytes, problem: str) -> None:
    (found,) = problems(tmp_path, target, a__so=body)
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("m__cpython-313-x86_64-linux-gnu__so", True),
        ("m__cpython-313__so", True),
        ("m__abi3__so", True),
        ("m__so", True),
        ("m__cpython-312-x86_64-linux-gnu__so", False),
        ("m__cpython-313t-x86_64-linux-gnu__so", False),
        ("m__cpython-313-aarch64-linux-gnu__so", False),
        ("m__pypy311-pp73-x86_64-linux-gnu__so", False),
    ],
)
def test_the_tag_in_the_name_must_be_the_target_s(tmp_path: Path, name: str, fits: bool) -> None:
    found = problems(tmp_path, X86, **{name: elf("GLIBC_2.17")})
    assert (found == ()) is fits
    assert fits or "allowed is cpython-313-x86_64-linux-gnu or abi3" in found[0]


def test_objects_for_other_pythons_beside_a_fitting_one_are_no_problem(tmp_path: Path) -> None:
    tags = {f"m__cpython-3{minor}-x86_64-linux-gnu__so": elf("GLIBC_2.99") for minor in (11, 12)}
    assert problems(tmp_path, X86, **{**tags, "m__cpython-313-x86_64-linux-gnu__so": elf("GLIBC_2.17")}) == ()


def test_what_only_looks_like_a_library_is_not_read(tmp_path: Path) -> None:
    assert problems(tmp_path, X86, a__so__py=b"text", b__sock=b"text", c__json=b"text") == ()


@pytest.mark.network
def test_numpy_is_read_as_its_name_says(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "r"\nversion = "1"\ndependencies = ["numpy"]\n')
    write_lock(tmp_path, python="3.13")
    lock = read_lock(tmp_path, where="projects/r")
    assert lock is not None
    (wheel,) = fetch(select(lock, ARM), lock=lock)
    assert check_shared_objects(wheel, ARM) == ()
    assert all(
        "is for arm64, allowed is x86_64" in one or "is built for" in one for one in check_shared_objects(wheel, X86)
    )
    assert any(
        "needs glibc" in one
        for one in check_shared_objects(wheel, Target(python="3.13", architecture="arm64", glibc=(2, 16)))
    )
