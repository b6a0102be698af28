"""From a lock, the one wheel per package that Lambda can load."""

from __future__ import annotations

from pathlib import Path

import pytest

from multi_env_lambda.building.locked import Lock, LockedFile, LockedPackage, Need
from multi_env_lambda.building.select import SelectedWheel, Target, select
from multi_env_lambda.errors import BuildError, ConfigurationError

ARM, X86 = Target(python="3.13", architecture="arm64"), Target(python="3.13", architecture="x86_64")
OLD = Target(python="3.11", architecture="x86_64")


def package(name: str, *tags: str, version: str = "1.0", sdist: bool = False, **more: object) -> LockedPackage:
    wheels = tuple(LockedFile(filename=f"{name}-{version}-{tag}.whl", sha256="0" * 64) for tag in tags)
    source = LockedFile(filename=f"{name}-{version}.tar.gz", sha256="1" * 64) if sdist else None
    return LockedPackage(name=name, version=version, wheels=wheels, sdist=source, **more)  # type: ignore[arg-type]


def lock(*packages: LockedPackage, **more: object) -> Lock:
    return Lock(path=Path("pylock.toml"), where="projects/orders/pylock.toml", packages=packages, **more)  # type: ignore[arg-type]


def tag_of(selected: tuple[SelectedWheel, ...]) -> str:
    (only,) = selected
    return only.filename.removeprefix("a-1.0-").removesuffix(".whl")


BOTH = [f"cp313-cp313-manylinux_2_28_{machine}" for machine in ("x86_64", "aarch64")]


@pytest.mark.parametrize(
    ("target", "tags", "best"),
    [
        (ARM, BOTH, BOTH[1]),
        (X86, BOTH, BOTH[0]),
        (X86, [*BOTH, "py3-none-any"], BOTH[0]),
        (X86, ["py3-none-any", "cp313-cp313-musllinux_1_2_x86_64"], "py3-none-any"),
        (X86, ["py3-none-any", "cp38-abi3-manylinux2014_x86_64"], "cp38-abi3-manylinux2014_x86_64"),
        (
            X86,
            ["cp313-cp313-manylinux_2_34_x86_64", "cp313-cp313-manylinux_2_17_x86_64"],
            "cp313-cp313-manylinux_2_17_x86_64",
        ),
        (X86, ["cp313-cp313-manylinux_2_34_x86_64"], "cp313-cp313-manylinux_2_34_x86_64"),
        (X86, ["cp313-cp313t-manylinux_2_28_x86_64", "py3-none-any"], "py3-none-any"),
        (
            OLD,
            ["cp311-cp311-manylinux_2_28_x86_64", "cp311-cp311-manylinux2014_x86_64"],
            "cp311-cp311-manylinux2014_x86_64",
        ),
        (
            ARM,
            ["cp313-cp313-manylinux2014_aarch64.manylinux_2_17_aarch64"],
            "cp313-cp313-manylinux2014_aarch64.manylinux_2_17_aarch64",
        ),
        (X86, ["1-py3-none-any", "2-py3-none-any"], "2-py3-none-any"),
    ],
)
def test_the_best_wheel_for_the_target_is_taken(target: Target, tags: list[str], best: str) -> None:
    assert tag_of(select(lock(package("a", *tags)), target)) == best
    assert tag_of(select(lock(package("a", *reversed(tags))), target)) == best


@pytest.mark.parametrize(
    ("target", "tag"),
    [
        (X86, "cp313-cp313-manylinux_2_35_x86_64"),
        (OLD, "cp311-cp311-manylinux_2_28_x86_64"),
        (X86, "cp313-cp313-macosx_11_0_arm64"),
        (X86, "cp312-cp312-manylinux_2_28_x86_64"),
    ],
)
def test_a_package_without_a_fitting_wheel_lists_what_there_is(target: Target, tag: str) -> None:
    with pytest.raises(BuildError, match="no wheel for Python") as caught:
        select(lock(package("a", tag, sdist=True)), target)
    assert f"a-1.0-{tag}.whl" in str(caught.value)


def test_of_many_wheels_the_nearest_are_listed() -> None:
    tags = [f"cp3{minor}-cp3{minor}-{system}" for minor in range(10, 14) for system in ("win32", "macosx_11_0_arm64")]
    with pytest.raises(BuildError) as caught:
        select(lock(package("a", *tags, "cp313-cp313-manylinux_2_39_x86_64")), X86)
    lines = caught.value.what.splitlines()
    assert lines[1].strip() == "a-1.0-cp313-cp313-manylinux_2_39_x86_64.whl"
    assert len(lines) == 10 and lines[-1].strip() == "and 1 more"


def test_the_glibc_of_another_machine_can_be_given() -> None:
    new = Target(python="3.11", architecture="x86_64", glibc=(2, 34))
    assert tag_of(select(lock(package("a", "cp311-cp311-manylinux_2_28_x86_64")), new)).endswith("2_28_x86_64")


def test_an_sdist_is_taken_only_where_there_is_no_wheel() -> None:
    (only,) = select(lock(package("a", sdist=True)), X86)
    assert only.is_sdist and only.filename == "a-1.0.tar.gz"


@pytest.mark.parametrize(
    ("marker", "there"),
    [
        ("sys_platform == 'win32'", False),
        ("platform_machine == 'aarch64'", True),
        ("python_full_version < '3.13.4'", False),
        ("python_version >= '3.13' and os_name == 'posix'", True),
        ("'x' in extras", False),
        ("extra == 'x'", False),
    ],
)
def test_markers_are_read_for_the_target_and_not_for_this_machine(marker: str, there: bool) -> None:
    selected = select(lock(package("a", "py3-none-any", marker=marker)), ARM)
    assert bool(selected) is there


def test_a_lock_for_another_python_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"Python >=3.14, but the runtime is Python 3.13"):
        select(lock(requires_python=">=3.14"), X86)


def test_a_package_for_another_python_is_refused() -> None:
    with pytest.raises(BuildError, match=r"a 1.0 needs Python <3.13"):
        select(lock(package("a", "py3-none-any", requires_python="<3.13")), X86)


def test_two_versions_of_one_package_are_refused() -> None:
    two = lock(package("a", "py3-none-any"), package("a", "py3-none-any", version="2.0"))
    with pytest.raises(BuildError, match=r"a is locked as 1.0 and as 2.0"):
        select(two, X86)


def test_a_graph_is_walked_along_extras_and_markers() -> None:
    packages = (
        package(
            "a", "py3-none-any", needs=(Need(name="b", extras=("fast",)), Need(name="w", marker="os_name == 'nt'"))
        ),
        package("b", "py3-none-any", needs=(Need(name="a"),), extras={"fast": (Need(name="c", version="2.0"),)}),
        package("c", "py3-none-any"),
        package("c", "py3-none-any", version="2.0"),
        package("unused", "py3-none-any"),
        package("w", "py3-none-any"),
    )
    selected = select(lock(*packages, roots=(Need(name="a"),)), X86)
    assert [(one.name, one.version) for one in selected] == [("a", "1.0"), ("b", "1.0"), ("c", "2.0")]


def test_a_local_package_is_left_out_but_what_it_needs_is_not() -> None:
    packages = (package("common", needs=(Need(name="a"),)), package("a", "py3-none-any"))
    found = select(lock(*packages, roots=(Need(name="common"),), local=frozenset({"common"})), X86)
    assert [one.name for one in found] == ["a"]
