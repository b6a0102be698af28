"""The pictures in the pages are what the same calls show today."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.house import ROOT

FOLDER = ROOT / "docs" / "source" / "_static" / "pictures"
DRAW = """
import sys, tempfile; from pathlib import Path
sys.path.insert(0, 'docs'); import pictures
pictures.FOLDER = Path(sys.argv[1])
with tempfile.TemporaryDirectory() as folder:
    for name, content in pictures.pictures(pictures.story(Path(folder))).items():
        (pictures.FOLDER / name).write_text(content, encoding='utf-8')
"""

pytestmark = pytest.mark.story


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """In a process of its own, since ``docs`` is no package."""
    folder = tmp_path_factory.mktemp("pictures")
    subprocess.run([sys.executable, "-c", DRAW, folder], cwd=ROOT, check=True)
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


DRAWINGS = ("way.svg", "accounts.svg", "run.svg", "shift.svg")


@pytest.mark.parametrize("name", ["plan.svg", "status.svg", "chain.svg", "python.svg", "board.html", *DRAWINGS])
def test_a_picture_shows_what_is(name: str, drawn: dict[str, str]) -> None:
    assert drawn[name] == (FOLDER / name).read_text(encoding="utf-8"), "run `python docs/pictures.py`"


def test_every_picture_is_drawn_or_photographed(drawn: dict[str, str]) -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*drawn, "board.png"}


def test_a_picture_makes_no_requests(drawn: dict[str, str]) -> None:
    asked = {name for name, text in drawn.items() if "url(http" in text or 'src="http' in text}

    assert asked == set()


COLOR = r"#[0-9a-f]{6}"


@pytest.mark.parametrize("name", ["plan.svg", "status.svg", "chain.svg", "python.svg"])
def test_letters_stand_out_from_what_is_behind_them(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8").lower()
    behind = re.findall(rf"\.(?:box|arrow){{fill:({COLOR})}}|<rect fill=\"({COLOR})\"", text)
    letters = re.findall(rf"(?:text{{[^}}]*|-r\d+ {{ )fill:\s?({COLOR})|-title\"? fill=\"({COLOR})\"", text)

    pairs = [("".join(letter), "".join(place)) for letter in letters for place in behind]
    assert pairs
    assert [pair for pair in pairs if contrast(*pair) < 4.5] == []


def test_the_pages_show_each_picture() -> None:
    pages = [ROOT / "README.rst", *(ROOT / "docs" / "source").rglob("*.rst")]
    texts = "\n".join(page.read_text(encoding="utf-8") for page in pages)

    assert {path.name for path in FOLDER.iterdir() if f"pictures/{path.name}" not in texts} == set()


READABLE, TELEPHONE = 11.0, 350
"""The least height of letters, and the width of a picture on a telephone, in pixels."""


def luminance(colour: str) -> float:
    """As WCAG defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_can_be_read_on_a_telephone_by_day_and_by_night(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    width = float(re.search(r'viewBox="0 0 (\d+)', text)[1])  # type: ignore[index]
    sizes = [float(size) for size in re.findall(r'font-size="(\d+)"', text)]
    grounds, *words = ([*re.findall(rf"\.{kind}\{{fill:(#\w+)", text)] for kind in ("ground", "head", "word"))

    assert min(sizes) * TELEPHONE / width >= READABLE
    assert len(grounds) == 2
    assert [found for found in words if len(found) != 2 or min(map(contrast, found, grounds)) < 7] == []


def test_the_roles_of_a_drawing_are_those_of_the_page() -> None:
    page = (ROOT / "docs/source/02-How-To/roles.rst").read_text(encoding="utf-8")
    named = set(re.findall(r"\bacme-[a-z-]+\b", (FOLDER / "accounts.svg").read_text(encoding="utf-8")))

    assert len(named) > 4
    assert {name for name in named if f"``{name}``" not in page} == set()
