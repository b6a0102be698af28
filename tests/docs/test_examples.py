"""The examples in docstrings do what they say."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

from tests.house import module_name, module_paths

WITH_EXAMPLES = [path for path in module_paths() if ">>> " in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=module_name)
def test_an_example_of_a_docstring_holds(path: Path) -> None:
    found = doctest.testmod(importlib.import_module(module_name(path)))

    assert found.attempted > 0
    assert found.failed == 0
