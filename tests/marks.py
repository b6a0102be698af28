"""Which files a part of the suite has to read: to import all of them is a third of the work of the fast part."""

from __future__ import annotations

import re
from functools import cache
from itertools import chain, combinations
from pathlib import Path

__all__ = ["LONGEST", "MARKS", "STORIES", "TESTS", "certain", "possible", "takes_some_of"]

TESTS = Path(__file__).parent

MARKS = frozenset({"story", "slow", "local_cloud", "network", "long"})
"""What a test may say of itself that takes it out of the fast part."""

STORIES = {"building", "faults", "flow", "histories", "host", "runs"}
"""The folders whose tests are whole runs in memory, or start other programs. Some files elsewhere say it themselves."""

LONGEST = (
    "end_to_end/test_removing.py",
    "faults/test_local_cloud_story.py",
    "docs/test_site.py",
    "end_to_end/test_main_story.py",
    "calls/test_bounds.py",
    "end_to_end/test_what_is_there.py",
    "end_to_end/test_bootstrap_again.py",
    "end_to_end/test_team_week.py",
    "local/test_durability.py",
    "faults/test_session_end.py",
    "end_to_end/test_branch_under_roles.py",
    "end_to_end/test_installed.py",
    "end_to_end/test_the_whole_chain.py",
    "end_to_end/test_upgrade.py",
    "end_to_end/test_running_stack.py",
    "end_to_end/test_push.py",
    "end_to_end/test_bootstrap.py",
    "end_to_end/test_quotas.py",
    "local/test_seed.py",
    "end_to_end/test_one_layer.py",
    "end_to_end/test_foreign_stacks.py",
    "faults/test_watched.py",
)
"""The files of the slow part that take longest, by ``--durations=0``: begun last, one would run on alone at the end."""

LIVE = "live"
"""The folder whose steps have marks that a function gives them."""

_OF_ALL = re.compile(r"^pytestmark = (\[[^\]]*\]|.*)", re.MULTILINE)
_MARK = re.compile(r"\bmark\.(\w+)")


@cache
def certain(path: Path) -> frozenset[str]:
    """The marks that every test of a file has, as far as its text says so."""
    lines = _OF_ALL.findall(path.read_text(encoding="utf-8"))
    return MARKS.intersection(_MARK.findall(lines[0]) if len(lines) == 1 else ()) | _of_folder(path)


@cache
def possible(path: Path) -> frozenset[str]:
    """The marks that some test of a file may have."""
    if LIVE in _folders(path):
        return MARKS
    text = path.read_text(encoding="utf-8")
    sampled = {"slow", "long"} if "some_of(" in text else set()
    return MARKS.intersection(_MARK.findall(text)) | sampled | _of_folder(path)


def takes_some_of(path: Path, expression: str) -> bool:
    """Whether ``-m expression`` may take a test of this file. Of an expression with other words, every file."""
    sure = certain(path)
    return _may_hold(expression, sure, possible(path) - sure)


@cache
def _may_hold(expression: str, sure: frozenset[str], perhaps: frozenset[str]) -> bool:
    subsets = chain.from_iterable(combinations(sorted(perhaps), size) for size in range(len(perhaps) + 1))
    return any(_holds(expression, sure.union(more)) for more in subsets)


def _holds(expression: str, marks: frozenset[str]) -> bool:
    """pytest's expressions of marks are those of Python."""
    try:
        return bool(eval(expression, {"__builtins__": {}}, {mark: mark in marks for mark in MARKS}))
    except (SyntaxError, NameError, TypeError):
        return True


def _folders(path: Path) -> tuple[str, ...]:
    return path.relative_to(TESTS).parts[:-1] if path.is_relative_to(TESTS) else ()


def _of_folder(path: Path) -> frozenset[str]:
    return frozenset({"story"} if STORIES.intersection(_folders(path)[:1]) else ())
