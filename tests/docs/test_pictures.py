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


@pytest.mark.parametrize("name", ["plan.svg", "status.svg", "chain.svg", "python.svg", "board.html"])
def test_a_picture_shows_what_is(name: str, drawn: dict[str, str]) -> None:
    assert drawn[name] == (FOLDER / name).read_text(encoding="utf-8"), "run `python docs/pictures.py`"


def test_every_picture_is_drawn_or_photographed(drawn: dict[str, str]) -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*drawn, "board.png"}


def test_a_picture_makes_no_requests(drawn: dict[str, str]) -> None:
    asked = {name for name, text in drawn.items() if "url(http" in text or 'src="http' in text}

    assert asked == set()


def contrast(one: str, other: str) -> float:
    """Source: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""

    def luminance(color: str) -> float:
        digits = color.lstrip("#")
        digits = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
        parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


COLOR = r"#[0-9a-f]{3,6}"


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
