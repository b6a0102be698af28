"""Pins that cannot be installed move to the lowest newer version that can, and no other pin moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from multi_env_lambda.building.nearest import Nearest, Pin, nearest, pins_of, stay
from multi_env_lambda.building.select import Target
from multi_env_lambda.errors import ConfigurationError
from tests.simple_index import SimpleIndex, simple_index

TARGET = Target(python="3.9", architecture="x86_64")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleIndex]:
    with simple_index(tmp_path / "index", monkeypatch) as index:
        yield index


def found(*pins: str, direct: bool = True) -> Nearest:
    asked = pins_of(pins if direct else (), () if direct else pins, TARGET, "projects/app")
    return nearest(asked, TARGET, where="projects/app", indexes="")


def moved(*pins: str) -> dict[str, tuple[str, bool]]:
    return {one.pin.exact: (one.requirement, one.alone) for one in found(*pins).moved}


@pytest.mark.parametrize(
    ("direct", "others", "pins"),
    [
        (("Old_Name==1.0", "range>=1", "any", "most==1.*"), (), (Pin("old-name", "1.0"),)),
        (("a[y,x]==1.0.0; python_version < '3.10'", "b===2"), (), (Pin("a", "1.0.0", "[x,y]"), Pin("b", "2"))),
        (("a==1; sys_platform == 'win32'",), (), ()),
        (("a>=1",), ("a==1.5", "b==2.0"), (Pin("a", "1.5"), Pin("b", "2.0", direct=False))),
        (("a==2",), ("a==1",), (Pin("a", "2"),)),
    ],
)
def test_pins_are_exact_versions_that_count_on_the_target(
    direct: tuple[str, ...], others: tuple[str, ...], pins: tuple[Pin, ...]
) -> None:
    assert pins_of(direct, others, TARGET, "projects/app") == pins


def test_what_can_be_installed_stays(index: SimpleIndex) -> None:
    for version in ("1.0", "2.0"):
        index.wheel("array", version, "cp39")

    assert found("array==1.0") == Nearest()
    assert stay(pins_of(["array==1.0"], (), TARGET, ""), TARGET, where="", indexes="")


def test_what_has_no_wheel_moves_to_the_next_version_that_has_one_and_nothing_else_moves(index: SimpleIndex) -> None:
    for version, tag in (("1.0", "cp37"), ("1.1", "cp38"), ("1.2", "cp39"), ("2.0", "cp39")):
        index.wheel("array", version, tag)
    for version in ("1.0", "2.0"):
        index.wheel("text", version)

    assert moved("array==1.0", "text==1.0") == {"array==1.0": ("array==1.2", True)}
    assert not stay(pins_of(["array==1.0"], (), TARGET, ""), TARGET, where="", indexes="")


def test_what_needs_the_old_version_moves_along_and_is_said_to_do_so(index: SimpleIndex) -> None:
    for version, tag in (("1.0", "cp37"), ("1.2", "cp39")):
        index.wheel("array", version, tag)
    for version, need in (("1.0", "array<1.1"), ("1.1", "array<1.1"), ("1.2", "array>=1.1"), ("2.0", "array")):
        index.wheel("frame", version, "py3-none-any", need)
    for version in ("1.0", "2.0"):
        index.wheel("text", version)

    assert moved("array==1.0", "frame==1.0", "text==1.0") == {
        "array==1.0": ("array==1.2", True),
        "frame==1.0": ("frame==1.2", False),
    }


def test_a_source_that_builds_a_pure_wheel_stays(index: SimpleIndex) -> None:
    index.source("words", "1.0")
    index.wheel("words", "2.0")
    index.wheel("array", "1.0", "cp37")
    index.wheel("array", "1.1", "cp39")

    there = found("words==1.0", "array==1.0")
    assert [one.requirement for one in there.moved] == ["array==1.1"] and there.built == {"words"}


def test_a_source_that_builds_no_pure_wheel_moves(index: SimpleIndex) -> None:
    index.source("words", "1.0", "cp39-cp39-linux_x86_64")
    index.wheel("words", "2.0")

    assert moved("words==1.0") == {"words==1.0": ("words==2.0", True)}


def test_extras_move_along(index: SimpleIndex) -> None:
    index.wheel("array", "1.0", "cp37")
    index.wheel("array", "1.1", "cp39")

    assert moved("array[fast]==1.0") == {"array[fast]==1.0": ("array[fast]==1.1", True)}


def test_what_no_version_can_replace_is_named_with_all_others_like_it(index: SimpleIndex) -> None:
    index.wheel("array", "1.0", "cp37")
    index.wheel("frame", "1.0", "cp36")
    index.wheel("text", "1.0")

    with pytest.raises(ConfigurationError) as caught:
        found("array==1.0", "frame==1.0", "text==1.0")

    assert caught.value.what == (
        "array 1.0, frame 1.0 have no wheel for Python 3.9 on x86_64 and cannot be built from source here, and no "
        "newer version has one"
    )
    assert found("array==1.0", "text==1.0", direct=False).moved == (), "perhaps nothing needs it"


def test_what_nobody_pins_moves_too_if_it_has_no_wheel_in_any_version_that_the_others_allow(index: SimpleIndex) -> None:
    index.wheel("frame", "1.0", "py3-none-any", "words<2")
    index.source("words", "1.0", "cp39-cp39-linux_x86_64")
    for version in ("1.5", "2.0", "3.0"):
        index.wheel("words", version, "cp37" if version == "1.5" else "cp39")

    assert moved("frame==1.0") == {"words==1.0": ("words==2.0", True)}


def test_a_reason_of_many_lines_is_one_too(index: SimpleIndex) -> None:
    """Of what uv says, an error has the end: the search ended there with an error instead of going on."""
    index.wheel("frame", "1.0", "py3-none-any", "words<20")
    for number in range(1, 20):
        if number % 2:
            index.source("words", f"{number}.0", "cp39-cp39-linux_x86_64")
        else:
            index.wheel("words", f"{number}.0", "cp37")
    index.wheel("words", "21.0", "cp39")

    assert moved("frame==1.0") == {"words==19.0": ("words==21.0", True)}
