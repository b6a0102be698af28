"""The board as a text: what is in it, and what cannot be."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import attrs
import pytest

from multi_env_lambda.model.freeze import Freeze
from multi_env_lambda.model.status import Cell, Status
from multi_env_lambda.show.board import NEWEST, board_data, board_html

from .boards import Team, team

EVIL = '</script><script>alert("x")</script><!--<img src=x onerror=alert(1)>'


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.data = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][1].get("id") == "data":
            self.data += data


def page(of: Team) -> str:
    return board_html(of.config, of.projects, of.status, of.histories, of.now)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def data(of: Team) -> dict[str, Any]:
    return board_data(of.config, of.projects, of.status, of.histories, of.now)


def hostile(of: Team) -> Team:
    """The same team, where all that people can type is an attack."""
    cells = tuple(
        attrs.evolve(cell, who=EVIL, failed=EVIL, failed_version=EVIL, commit=EVIL, version=EVIL)
        for cell in of.status.cells
    )
    histories = {
        key: tuple(attrs.evolve(item, who=EVIL, reason=EVIL, detail=EVIL, version=EVIL, commit=EVIL) for item in past)
        for key, past in of.histories.items()
    }
    return attrs.evolve(of, status=attrs.evolve(of.status, cells=cells), histories=histories)


def test_the_page_asks_nobody_for_anything() -> None:
    reader = read(page(team(3)))

    assert [attributes for _, attributes in reader.tags if {"src", "srcset", "data", "action"} & set(attributes)] == []
    assert {attributes["href"] for _, attributes in reader.tags if "href" in attributes} == {"#", "#content"}
    assert "link" not in {tag for tag, _ in reader.tags}


def test_the_policy_allows_the_inline_blocks_and_nothing_else() -> None:
    policy = next(a["content"] for _, a in read(page(team(3))).tags if a.get("http-equiv"))

    assert policy is not None
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/=]+'; script-src 'sha256-[\w+/=]+'; "
        r"base-uri 'none'; form-action 'none'",
        policy,
    )


def test_what_people_type_cannot_leave_the_data() -> None:
    calm, attacked = read(page(team(3))), read(page(hostile(team(3))))

    assert [tag for tag, _ in attacked.tags] == [tag for tag, _ in calm.tags]
    assert EVIL in json.loads(attacked.data)["texts"]


def test_the_page_says_which_workspace_it_is_about() -> None:
    of = team(1)
    found = board_html(of.config, of.projects, of.status, of.histories, of.now, title="<shop> on AWS")

    assert found.count("&lt;shop&gt; on AWS: what runs where") == 2
    assert "<shop>" not in found


def test_a_frozen_environment_is_named_without_it_where_only_its_name_is_meant() -> None:
    of = team(1)
    frozen = attrs.evolve(of.status, freezes=(Freeze(environment="prod", who="ada"),))

    names = [(item["name"], item["short"]) for item in data(attrs.evolve(of, status=frozen))["environments"]]

    assert names[-1] == ("prod (frozen)", "prod")


def test_texts_that_come_again_are_kept_once() -> None:
    found = data(team(20))

    assert len(set(found["texts"])) == len(found["texts"])


def test_a_promoted_release_shows_the_commit_it_was_made_from() -> None:
    found = data(team(20))
    rows = [row for unit in found["units"] for row in unit["past"] if row[0] == 4]

    assert rows and all(re.fullmatch(r"[0-9a-f]{10}", found["texts"][row[7]]) for row in rows)


def test_the_history_of_a_unit_is_the_newest_of_each_environment_newest_first() -> None:
    of = team(2, past=200)
    rows = data(of)["units"][0]["past"]

    assert max([row[0] for row in rows].count(position) for position in range(5)) == NEWEST
    assert [row[5] for row in rows] == sorted((row[5] for row in rows), reverse=True)


def test_a_removed_unit_is_there_without_links() -> None:
    gone = data(team(2))["units"][-1]

    assert (gone["name"], gone["state"], gone["links"]) == ("gone-000", "removed", [])


@pytest.mark.slow
def test_500_units_in_5_environments_are_a_sane_file() -> None:
    assert len(page(team(500, past=NEWEST))) < 5_000_000


def test_a_workspace_without_units_has_a_board() -> None:
    empty = attrs.evolve(team(1), projects=(), histories={})
    status = Status(environments=empty.status.environments, units=(), removed=(), cells=())

    assert data(attrs.evolve(empty, status=status))["units"] == []


def test_an_empty_cell_costs_nothing_but_its_mark() -> None:
    of = team(1)
    cells = (Cell(project="new", environment="sandbox"),)
    status = attrs.evolve(of.status, units=("new",), removed=(), cells=cells)

    assert data(attrs.evolve(of, status=status))["units"][0]["cells"][0] == {"marks": ["empty"]}


def colours(html: str) -> dict[str, tuple[float, ...]]:
    found = re.findall(r"--(changing|failed|drifted|rolled-back|behind|current|empty): #(\w{6})", html)
    return {name: tuple(int(text[i : i + 2], 16) / 255 for i in (0, 2, 4)) for name, text in found}


# Machado, Oliveira and Fernandes 2009, severity 1.0.
SEEN_WITH = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


@pytest.mark.parametrize("eyes", SEEN_WITH)
def test_the_colours_of_the_states_differ_for_colour_blind_eyes(eyes: str) -> None:
    seen = {
        name: tuple(sum(weight * part for weight, part in zip(row, rgb, strict=True)) for row in SEEN_WITH[eyes])
        for name, rgb in colours(page(team(1))).items()
    }
    distances = {
        (one, other): sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
        for one in seen
        for other in seen
        if one < other
    }

    assert len(distances) == 21
    assert {pair: round(value, 2) for pair, value in distances.items() if value < 0.12} == {}
