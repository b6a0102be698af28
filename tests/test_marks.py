"""What is said of a file without importing it: no part leaves a file out of which it would take a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.marks import LONGEST, MARKS, TESTS, certain, possible, takes_some_of

FAST = "not slow and not local_cloud and not network and not long and not story"
SLOWER = "(story or slow or local_cloud or network) and not long"

WHOLE = "import pytest\n\npytestmark = pytest.mark.local_cloud\n\n\n@pytest.mark.long\ndef test_x() -> None: ...\n"
LINES = "pytestmark = [\n    pytest.mark.slow,\n    pytest.mark.long,\n]\n"
ONE = "@pytest.mark.slow\ndef test_x() -> None: ...\n"
SAMPLED = '@pytest.mark.parametrize("n", some_of(range(9), every=3))\ndef test_x(n: int) -> None: ...\n'
PLAIN = "def test_x() -> None: ...\n"


@pytest.mark.parametrize(
    ("text", "sure", "perhaps"),
    [
        (WHOLE, {"local_cloud"}, {"local_cloud", "long"}),
        (LINES, {"slow", "long"}, {"slow", "long"}),
        (ONE, set(), {"slow"}),
        (SAMPLED, set(), {"slow", "long"}),
        (PLAIN, set(), set()),
        (f"{LINES}\nif x:\n    pass\n{LINES}", set(), {"slow", "long"}),
    ],
)
def test_a_text_says_which_marks_all_and_some_of_its_tests_have(
    tmp_path: Path, text: str, sure: set[str], perhaps: set[str]
) -> None:
    path = tmp_path / "test_x.py"
    path.write_text(text, "utf-8")

    assert (certain(path), possible(path)) == (sure, perhaps)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (WHOLE, {SLOWER, "long", "no_such_mark"}),
        (LINES, {"long", "no_such_mark"}),
        (ONE, {FAST, SLOWER, "no_such_mark"}),
        (SAMPLED, {FAST, SLOWER, "long", "no_such_mark"}),
        (PLAIN, {FAST, "no_such_mark"}),
    ],
)
def test_a_part_reads_each_file_of_which_it_may_take_a_test(tmp_path: Path, text: str, parts: set[str]) -> None:
    path = tmp_path / "test_x.py"
    path.write_text(text, "utf-8")

    assert {part for part in (FAST, SLOWER, "long", "no_such_mark") if takes_some_of(path, part)} == parts


def test_folders_say_it_too() -> None:
    here = Path(__file__).parent

    assert certain(here / "flow/test_gate.py") == {"story"}
    assert possible(next((here / "live").glob("test_*.py"))) == MARKS
    assert not takes_some_of(here / "flow/test_gate.py", FAST)


def test_every_long_file_is_there() -> None:
    assert [name for name in LONGEST if not (TESTS / name).is_file()] == []
