"""Patterns of files mean what they mean to Git, which is asked itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.model.patterns import PATTERN, matches

PATHS = (
    *("a.csv", "raw/a.csv", "data/raw/a.csv", "data/raw", "data/a.csv", "data/raw/deep/b.txt", "docs/x/y/z.md"),
    *("docs", "docs/z.md", "rawest/a.csv", "x/data/a.csv", ".env", "raw.csv/inner", "a b/c.csv", "[x]/y"),
)
PATTERNS = (
    *("raw", "raw/", "*.csv", "data/raw", "data/raw/", "data/*.csv", "data/**", "docs/**/*.md", "**/raw", "**/a.csv"),
    *("a.csv", "data/", "*", "?.csv", "[ab].csv", "**/deep/", "docs/**", "data/*/a.csv", ".env", "a b/", "x/**/a.csv"),
)


def test_a_pattern_matches_what_git_would_ignore(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    words = ["git", "-C", str(tmp_path), "check-ignore", "--no-index", "-z", "--stdin"]
    for pattern in PATTERNS:
        (tmp_path / ".git/info/exclude").write_text(f"{pattern}\n")
        said = subprocess.run(words, input="\0".join(PATHS).encode(), capture_output=True, check=False).stdout
        ignored = {path for path in said.decode().split("\0") if path}
        assert {path for path in PATHS if matches(pattern, path)} == ignored, pattern


@pytest.mark.parametrize("text", [*PATTERNS, "ä.csv", "a-b_c.d/**"])
def test_a_pattern_below_the_folder_is_taken(text: str) -> None:
    assert PATTERN.accepts(text)


@pytest.mark.parametrize(
    "text", ["", "/a", "../a", "a/../b", "a/..", ".", "./a", "!a", "a\\b", "a//b", "a\n", "a" * 201]
)
def test_what_is_no_pattern_below_the_folder_is_refused(text: str) -> None:
    assert not PATTERN.accepts(text)


@given(st.lists(st.sampled_from(("**", "a*", "*")), min_size=1, max_size=40), st.integers(1, 60))
def test_many_stars_take_no_time(words: list[str], length: int) -> None:
    assert matches("/".join(words), "/".join(["b"] * length)) in (True, False)
