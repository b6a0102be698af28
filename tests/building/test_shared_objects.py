"""Shared objects are checked without loading them: architecture, Python, symbols, and every library that they need."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest

from multi_env_lambda.building.archive import content, read_zip
from multi_env_lambda.building.download import fetch
from multi_env_lambda.building.elf import elf_machine, read_shared_object
from multi_env_lambda.building.lock import Target, read_lock, select, write_lock
from multi_env_lambda.building.shared_objects import Audit, Missing, audit

X86, ARM = Target(python="3.13", architecture="x86_64"), Target(python="3.13", architecture="arm64")
OLD = Target(python="3.11", architecture="x86_64")
MACHINES = {"x86_64": 62, "arm64": 183, "i386": 3}


def elf(
    *versions: str,
    machine: str = "x86_64",
    bits: int = 2,
    order: int = 1,
    needed: tuple[str, ...] = (),
    soname: str | None = None,
    search: tuple[int, str] | None = None,
    program: bool = False,
) -> bytes:
    """The least that is a shared object: a header, segments, names, version needs of one library, three sections."""
    texts = ["", "libc.so.6", *versions, *needed, *([soname] if soname else []), *([search[1]] if search else [])]
    strings = b"\0".join(text.encode() for text in texts) + b"\0"

    def at(text: str) -> int:
        return 0 if not text else strings.index(b"\0" + text.encode() + b"\0") + 1

    needs = struct.pack("<2H3I", 1, len(versions), 1, 16, 0) if versions else b""
    for index, version in enumerate(versions):
        step = 16 if index + 1 < len(versions) else 0
        needs += struct.pack("<I2H2I", 0, 0, index + 2, at(version), step)
    head_size = 64 + 3 * 56
    tags = [(1, at(name)) for name in needed] + ([(14, at(soname))] if soname else [])
    tags += [(search[0], at(search[1]))] if search else []
    tags += [(5, head_size), (10, len(strings)), (0, 0)]  # where the names are, how many bytes, the end
    dynamic = b"".join(struct.pack("<2Q", *tag) for tag in tags)
    start, end = head_size + len(strings), head_size + len(strings) + len(needs)
    table = [(0, 0, 0), (3, head_size, len(strings)), (0x6FFFFFFE, start, len(needs))][: 3 if versions else 2]
    rows = [(kind, at, size, max(len(versions) and 1, 0)) for kind, at, size in table]
    sections = b"".join(
        struct.pack("<2I4Q2I2Q", 0, kind, 0, 0, at, size, 1, count, 1, 0) for kind, at, size, count in rows
    )
    whole = end + len(dynamic) + len(sections)
    segments = struct.pack("<2I6Q", 1, 4, 0, 0, 0, whole, whole, 1)
    segments += struct.pack("<2I6Q", 2, 4, end, end, end, len(dynamic), len(dynamic), 8)
    segments += struct.pack("<2I6Q", 3 if program else 4, 4, 0, 0, 0, 0, 0, 1)
    ident = b"\x7fELF" + bytes([bits, order, 1]) + bytes(9)
    where = end + len(dynamic)
    head = struct.pack("<16s2HI3QI6H", ident, 3, MACHINES[machine], 1, 0, 64, where, 0, 64, 56, 3, 64, len(table), 0)
    return head + segments + strings + needs + dynamic + sections


def audited(target: Target, **wheels: Mapping[str, bytes]) -> Audit:
    return audit(
        {name: [content(path, body) for path, body in files.items()] for name, files in wheels.items()}, target
    )


def problems(target: Target, **files: bytes) -> tuple[str, ...]:
    found = audited(target, w={name.replace("__", "."): body for name, body in files.items()})
    return tuple(text for _, text in found.problems)


@pytest.mark.parametrize(
    ("versions", "newest"),
    [
        ((), ()),
        (("GLIBC_2.17",), (2, 17)),
        (("GLIBC_2.9", "GLIBC_2.17", "GLIBC_2.2.5"), (2, 17)),
        (("GLIBC_2.4", "GLIBC_PRIVATE"), (2, 4)),
        (("GLIBCXX_3.4.30", "GCC_3.0"), ()),
        (("GLIBC_2.4", "GLIBC_ABI_DT_RELR"), (2, 36)),
    ],
)
def test_the_newest_needed_glibc_is_found(versions: tuple[str, ...], newest: tuple[int, ...]) -> None:
    assert read_shared_object("a.so", elf(*versions)).glibc == newest


@pytest.mark.parametrize("machine", ["x86_64", "arm64"])
def test_the_architecture_is_in_the_words_of_lambda(machine: str) -> None:
    assert elf_machine(elf(machine=machine)) == machine


def test_a_fitting_object_is_no_problem() -> None:
    assert problems(X86, lib__so=elf("GLIBC_2.34")) == ()
    assert problems(OLD, lib__so__1__2=elf("GLIBC_2.26")) == ()
    assert problems(ARM, lib__so=elf("GLIBC_2.17", machine="arm64")) == ()


@pytest.mark.parametrize(
    ("target", "body", "problem"),
    [
        (X86, elf("GLIBC_2.35"), "a.so needs glibc 2.35; the limit is 2.34 (Python 3.13)"),
        (OLD, elf("GLIBC_2.28"), "a.so needs glibc 2.28; the limit is 2.26 (Python 3.11)"),
        (X86, elf(machine="arm64"), "a.so is for arm64; expected x86_64"),
        (ARM, elf(machine="x86_64"), "a.so is for x86_64; expected arm64"),
        (X86, elf(machine="i386", bits=1), "a.so is for x86 (32 bit); expected x86_64"),
        (X86, elf(bits=1), "a.so is for x86_64 with 32 bit or another byte order; expected x86_64"),
        (X86, b"GROUP ( libc.so.6 )", "a.so is not a readable shared object: it does not start with"),
        (X86, elf("GLIBC_2.34")[:80], "a.so is not a readable shared object: its tables are damaged"),
        (X86, elf("GLIBCXX_3.4.30"), "a.so needs GLIBCXX_3.4.30; the limit is 3.4.29 (Python 3.13)"),
        (X86, b"", "a.so is not a readable shared object"),
    ],
)
def test_a_problem_names_file_found_and_allowed(target: Target, body: bytes, problem: str) -> None:
    (found,) = problems(target, a__so=body)
    assert found.startswith(problem)


def test_of_the_same_object_for_several_machines_one_is_enough() -> None:
    both = {"a/amd64/focus__so": elf("GLIBC_2.4"), "a/x86/focus__so": elf(machine="i386", bits=1)}

    assert problems(X86, **both) == ()
    assert len(problems(ARM, **both)) == 2
    assert len(problems(X86, **both, other__so=elf(machine="arm64"))) == 1


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
def test_the_tag_in_the_name_must_be_the_target_s(name: str, fits: bool) -> None:
    found = problems(X86, **{name: elf("GLIBC_2.17")})
    assert (found == ()) is fits
    assert fits or "expected cpython-313-x86_64-linux-gnu or abi3" in found[0]


def test_objects_for_other_pythons_beside_a_fitting_one_are_no_problem() -> None:
    tags = {f"m__cpython-3{minor}-x86_64-linux-gnu__so": elf("GLIBC_2.99") for minor in (11, 12)}
    assert problems(X86, **{**tags, "m__cpython-313-x86_64-linux-gnu__so": elf("GLIBC_2.17")}) == ()


def test_what_only_looks_like_a_library_is_not_read() -> None:
    assert problems(X86, a__so__py=b"text", b__sock=b"text", c__json=b"text") == ()


# --- what an object needs is in the layer, or in Lambda ---
MODULE, QT = "cv2/cv2.abi3.so", "opencv.libs/libQt5Gui-ff.so.5"


def test_what_lambda_and_the_layer_have_is_not_missing() -> None:
    wheel = {
        "a/_a.abi3.so": elf(needed=("libc.so.6", "libstdc++.so.6", "libz.so.1", "libown-1f.so.3")),
        "a.libs/libown-1f.so.3": elf(soname="libown-1f.so.3"),
    }
    assert audited(X86, a=wheel) == Audit()


def test_an_object_is_found_by_its_soname_too() -> None:
    wheel = {"a/_a.abi3.so": elf(needed=("libown.so.3",)), "a.libs/libown-1f.so.3.2": elf(soname="libown.so.3")}
    assert audited(X86, a=wheel) == Audit()


@pytest.mark.parametrize("machine", ["x86_64", "arm64"])
def test_a_wheel_whose_only_module_needs_a_display_is_refused_on_any_machine(machine: str) -> None:
    wheel = {
        MODULE: elf(machine=machine, needed=("libQt5Gui-ff.so.5",)),
        QT: elf(machine=machine, needed=("libGL.so.1",)),
    }
    found = audited(Target(python="3.13", architecture=machine), opencv=wheel)
    assert found.useless == (
        ("opencv", f"{QT} needs libGL.so.1, which neither the layer nor Lambda (Amazon Linux 2023) has"),
    )
    assert found.unloadable[MODULE] == (Missing(library="libGL.so.1", needed_by=QT),)


def test_one_module_of_many_that_cannot_be_loaded_is_told_and_not_refused() -> None:
    wheel = {"numba/_helper.abi3.so": elf(), "numba/tbbpool.abi3.so": elf(needed=("libtbb.so.12",))}
    found = audited(X86, numba=wheel)
    assert found.useless == ()
    assert list(found.unloadable) == ["numba/tbbpool.abi3.so"]


def test_a_wheel_of_libraries_alone_is_refused_if_none_can_be_loaded() -> None:
    assert audited(X86, driver={"driver/libdriver.so": elf(needed=("libodbc.so.2",))}).useless
    assert not audited(
        X86, driver={"driver/libdriver.so": elf(needed=("libodbc.so.2",)), "driver/libb.so": elf()}
    ).problems


def test_libraries_that_need_each_other_come_to_an_end() -> None:
    wheel = {"liba.so": elf(needed=("libb.so",)), "libb.so": elf(needed=("liba.so", "libgone.so.1"))}
    found = audited(X86, a=wheel)
    assert (
        found.unloadable["liba.so"]
        == found.unloadable["libb.so"]
        == (Missing(library="libgone.so.1", needed_by="libb.so"),)
    )


def test_another_wheel_may_bring_what_is_needed() -> None:
    one, two = {"a/_a.abi3.so": elf(needed=("libfoo.so.1",))}, {"foo/libfoo.so.1": elf()}
    assert audited(X86, one=one, two=two) == Audit()


# --- the private folder of another wheel ---
RPATH, RUNPATH = 15, 29
PRIVATE = {"a/_a.abi3.so": elf(), "a.libs/libx-1f.so.1": elf(soname="libx-1f.so.1")}


def test_what_another_wheel_has_for_itself_alone_is_not_found() -> None:
    found = audited(X86, a=PRIVATE, b={"b/_b.abi3.so": elf(needed=("libx-1f.so.1",))})
    assert found.useless == (
        ("b", "b/_b.abi3.so needs libx-1f.so.1, which neither the layer nor Lambda (Amazon Linux 2023) has"),
    )


@pytest.mark.parametrize("tag", [RPATH, RUNPATH])
@pytest.mark.parametrize("path", ["$ORIGIN/../a.libs", "/usr/lib:${ORIGIN}/../b/../a.libs/"])
def test_it_is_found_where_the_object_says_that_it_looks_there(tag: int, path: str) -> None:
    module = elf(needed=("libx-1f.so.1",), search=(tag, path))
    assert audited(X86, a=PRIVATE, b={"b/_b.abi3.so": module}) == Audit()
    assert audited(X86, a=PRIVATE, b={"b/deep/_b.abi3.so": module}).unloadable


@pytest.mark.parametrize("place", ["a/lib/libx-1f.so.1", "lib/libx-1f.so.1"])
def test_what_lies_in_no_private_folder_may_be_loaded_by_a_package_in_advance(place: str) -> None:
    wheel = {"a/_a.abi3.so": elf(), place: elf(soname="libx-1f.so.1")}
    assert audited(X86, a=wheel, b={"b/_b.abi3.so": elf(needed=("libx-1f.so.1",))}) == Audit()


def test_a_library_of_another_wheel_finds_what_that_wheel_has_for_itself() -> None:
    wheel = {**PRIVATE, "a/lib/libpublic.so.1": elf(needed=("libx-1f.so.1",))}
    assert audited(X86, a=wheel, b={"b/_b.abi3.so": elf(needed=("libpublic.so.1",))}) == Audit()


def test_a_library_that_two_wheels_have_is_found_in_the_own_one() -> None:
    two = {f"{name}.libs/libx-1f.so.1": elf(soname="libx-1f.so.1") for name in "bc"}
    wheel = {"b/_b.abi3.so": elf(needed=("libx-1f.so.1",)), "b.libs/libx-1f.so.1": two["b.libs/libx-1f.so.1"]}
    assert audited(X86, b=wheel, c={"c.libs/libx-1f.so.1": two["c.libs/libx-1f.so.1"]}) == Audit()


def test_the_private_library_of_c_plus_plus_of_another_wheel_may_not_be_newer() -> None:
    own = {"b/_b.abi3.so": elf("GLIBCXX_3.4.33", needed=("libstdc++.so.6",))}
    other = {"a.libs/libstdc++.so.6": elf(soname="libstdc++.so.6")}
    assert audited(X86, a=other, b=own).problems
    assert audited(X86, b={**own, **other}) == Audit()


def test_amazon_linux_2_and_2023_have_other_libraries() -> None:
    wheel = {"a/_a.abi3.so": elf(needed=("libcrypt.so.1",))}
    assert audited(OLD, a=wheel) == Audit()
    assert audited(X86, a=wheel).useless


def test_a_library_that_can_be_started_is_a_library() -> None:
    wheel = {"a/_a.abi3.so": elf(needed=("libQt5Core.so.5",)), "a.libs/libQt5Core.so.5": elf(program=True)}
    assert audited(X86, a=wheel) == Audit()


def test_a_library_of_c_plus_plus_that_the_layer_brings_may_be_newer() -> None:
    new = {"a/_a.abi3.so": elf("GLIBCXX_3.4.33", needed=("libstdc++.so.6",))}
    assert audited(X86, a=new).problems
    assert audited(X86, a={**new, "a/libstdc++.so.6": elf(soname="libstdc++.so.6")}) == Audit()


@pytest.mark.parametrize("name", ["libcrypto-5409cd36.so.1.1.1k", "libfoo.so.3", "_rust.abi3.so", "libhidden.bin"])
def test_an_object_is_looked_at_whatever_follows_its_so(name: str) -> None:
    assert audited(X86, a={name: elf(needed=("libgone.so.1",))}).unloadable


def test_a_program_and_data_that_start_like_an_object_are_nobodys_library() -> None:
    wheel = {"bin/tool": elf(needed=("libgone.so.1",), program=True), "data.bin": b"\x7fELF and no more of it"}
    assert audited(X86, a=wheel) == Audit()
    assert audited(X86, a={"tool": elf(machine="arm64")}) == Audit()


@pytest.mark.network
def test_numpy_is_read_as_its_name_says(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "r"\nversion = "1"\ndependencies = ["numpy"]\n')
    write_lock(tmp_path, python="3.13")
    lock = read_lock(tmp_path, where="projects/r")
    assert lock is not None
    (wheel,) = fetch(select(lock, ARM), lock=lock)
    members = {wheel.name: read_zip(wheel).members}
    assert audit(members, ARM) == Audit()
    wrong = [text for _, text in audit(members, X86).problems]
    assert wrong and all("is for arm64; expected x86_64" in text or "is built for" in text for text in wrong)
    old = audit(members, attrs.evolve(ARM, glibc=(2, 16)))
    assert any("needs glibc" in text for _, text in old.problems)
