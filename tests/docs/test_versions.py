"""Each version has a date and its upgrade notes, and the page about stability says what is so."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date

import pytest

import multi_env_lambda
from multi_env_lambda.model.document import FORMAT
from tests.house import ROOT

HISTORY = (ROOT / "release-history.rst").read_text("utf-8")
STABLE = (ROOT / "docs/source/04-Reference/versions.rst").read_text("utf-8")
LONGEST_LINE = 200
PARTS = ("Upgrade", "Features and Improvements", "Minor Improvements", "Bugfixes", "Miscellaneous")
VERSIONS = re.findall(r"^(\d+\.\d+\.\d+) \((.+)\)\n-+\n((?:.*\n(?!\d+\.\d+\.\d+ \())*)", HISTORY, re.MULTILINE)


def test_only_the_newest_version_may_lack_a_date_and_it_is_the_one_that_is_installed() -> None:
    titles = re.findall(r"^(.+)\n-{3,}$", HISTORY, re.MULTILINE)
    dates = [when for _, when, _ in VERSIONS if when != "not released yet"]

    assert titles == [f"{name} ({when})" for name, when, _ in VERSIONS]
    assert VERSIONS[0][0] == multi_env_lambda.__version__
    assert len(dates) >= len(VERSIONS) - 1
    assert dates == sorted(dates, key=date.fromisoformat, reverse=True)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, _, text in VERSIONS])
def test_a_version_has_upgrade_notes_and_no_empty_part(name: str, text: str) -> None:
    _, *parts = re.split(r"^(.+)\n~+$", text, flags=re.MULTILINE)
    titles, bodies = parts[::2], parts[1::2]

    assert titles[:2] == list(PARTS[:2])
    assert set(titles) <= set(PARTS)
    assert all(body.strip() for body in bodies)
    assert name == VERSIONS[-1][0] or "<docs/source/02-How-To/upgrade.rst>" in bodies[0]


def test_a_change_is_said_once_and_in_short_lines() -> None:
    lines = [line for line in HISTORY.splitlines() if line.startswith("- ")]

    assert len(lines) > 100
    assert [line for line, count in Counter(lines).items() if count > 1] == []
    assert [line for line in HISTORY.splitlines() if len(line) > LONGEST_LINE] == []


def test_each_change_that_breaks_something_says_how_to_find_out() -> None:
    notes = re.split(r"^(.+)\n~+$", VERSIONS[0][2], flags=re.MULTILINE)[2].partition("These changes break something")[2]
    items = re.findall(r"^- (.+(?:\n  .+)*)", notes.partition("\nIf you have installed")[0], re.MULTILINE)

    assert len(items) > 15
    assert [item for item in items if ": " not in item] == []


def test_every_link_of_the_history_leads_to_a_page() -> None:
    links = re.findall(r"`[^`<]+ <([^`>]+)>`__", HISTORY)

    assert len(links) > 50
    assert [link for link in links if not (ROOT / link).is_file()] == []
    assert re.findall(r"``docs/[^`]+``", HISTORY) == []


def test_the_page_about_stability_names_the_formats_and_the_pythons() -> None:
    pythons = re.findall(r"Python :: (3\.\d+)", (ROOT / "setup.py").read_text("utf-8"))

    assert f"``0.2.0`` writes format {FORMAT}" in STABLE
    assert re.findall(r"3\.\d+", re.search(r"^Python of your machine.*", STABLE, re.MULTILINE)[0]) == pythons  # type: ignore[index]
