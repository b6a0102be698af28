"""What modules import and read is found in their text; nothing of it runs."""

from __future__ import annotations

import pytest

from multi_env_lambda.adopt.modules import Read, imports_of, line_of_python2, reachable, variables_of


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ('import os\nA = os.environ["A"]', True),
        ('from os import environ\nA = environ["A"]', True),
        ('import os\nA = int(os.getenv("A"))', True),
        ('import os\nA = os.environ.get("A").split(",")', True),
        ('import os\nclass Settings:\n    a = os.environ["A"]', True),
        ('import os\nconnect(host=os.environ["A"])', True),
        ('import os\nA = os.environ.get("A")', False),
        ('import os\nA = int(os.environ.get("A", 1))', False),
        ('import os\ndef handler(event, context):\n    return os.environ["A"]', False),
        ('import os\nif LOCAL:\n    A = os.environ["A"]', False),
        ('import os\ntry:\n    A = os.environ["A"]\nexcept KeyError:\n    A = 1', False),
        ('import os\nget = lambda: os.environ["A"]', False),
        ('import os\nA = os.environ["A"] if LOCAL else 1', False),
    ],
)
def test_a_variable_is_needed_if_the_import_fails_without_it(text: str, needed: bool) -> None:
    [found] = variables_of(text)
    assert (found.name, found.needed) == ("A", needed)


@pytest.mark.parametrize(
    ("text", "has_default"),
    [
        ('A = os.getenv("A")', False),
        ('A = os.getenv("A", "1")', True),
        ('A = os.environ.get("A", default=1)', True),
        ('A = os.getenv("A") or 1', True),
        ('def handler(event, context):\n    return os.environ["A"]', False),
        ('A = os.getenv("A", "1")\nB = os.getenv("A")', False),
    ],
)
def test_a_default_is_what_counts_without_the_variable(text: str, has_default: bool) -> None:
    [found] = variables_of(f"import os\n{text}")
    assert found.has_default is has_default


def test_a_variable_that_the_module_sets_itself_is_none_that_it_needs() -> None:
    assert variables_of('import os\nos.environ["A"] = "1"\nA = os.environ["A"]') == ()
    assert variables_of('import os\nos.environ.setdefault("A", "1")\nA = os.environ["A"]') == ()


def test_the_line_is_that_of_the_read_which_fails() -> None:
    text = 'import os\ndef handler(event, context):\n    return os.environ["A"]\nA = os.environ["A"]'
    assert variables_of(text) == (Read("A", 4, True),)


@pytest.mark.parametrize("text", ["print 'hello'", "\0", "(" * 500])
def test_what_is_no_python_reads_and_imports_nothing(text: str) -> None:
    assert variables_of(text) == () and imports_of(text) == {}


@pytest.mark.parametrize(
    ("start", "text", "root", "reached"),
    [
        ("a.py", "import b", "", ["b.py"]),
        ("src/a.py", "import b", "src", ["src/b.py"]),
        ("src/a.py", "import b", "", ["b.py"]),
        ("a.py", "import p.c", "", ["p/__init__.py", "p/c.py"]),
        ("a.py", "from p import c", "", ["p/__init__.py", "p/c.py"]),
        ("p/a.py", "from . import c", "", ["p/__init__.py", "p/c.py"]),
        ("p/a.py", "from .c import x", "", ["p/__init__.py", "p/c.py"]),
        ("p/q/a.py", "from ..c import x", "", ["p/__init__.py", "p/c.py"]),
    ],
)
def test_an_import_leads_to_the_modules_of_the_same_top(start: str, text: str, root: str, reached: list[str]) -> None:
    texts = {"b.py": "", "src/b.py": "", "p/__init__.py": "", "p/c.py": "", start: text}
    assert list(reachable(texts, start, root)[1:]) == reached


def test_modules_that_import_each_other_are_reached_once() -> None:
    assert reachable({"a.py": "import b", "b.py": "import a"}, "a.py") == ("a.py", "b.py")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("import json\nprint event\n", 2),
        ("try:\n    a()\nexcept KeyError, error:\n    pass\n", 3),
        ("MODE = 0755\n", 1),
        ("print(event)\n", 0),
        ("def handler(event, context)\n    pass\n", 0),
        ("\0", 0),
    ],
)
def test_what_only_python_2_could_read_is_known_by_its_line(text: str, line: int) -> None:
    assert line_of_python2(text) == line
