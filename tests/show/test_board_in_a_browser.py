"""The board in a real Chromium without a window: what its program makes of the data."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import attrs
import pytest

from multi_env_lambda.model.outputs import Output
from multi_env_lambda.show.board import board_html
from tests.absent import absent

from .boards import Team, team
from .test_board import EVIL, hostile

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in NAMES if (path := shutil.which(name))), None)
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _browser() -> None:
    if CHROMIUM is None:
        absent("chromium on its PATH: the board is not looked at in a browser")


PROBE = """<!doctype html><body><iframe width="{width}" height="800" src="board.html{route}"></iframe><script>
onload = () => {{
  const page = document.querySelector("iframe").contentDocument;
  const wide = [...page.querySelectorAll("body *")].filter((e) => !e.closest("svg, .skip, .hidden, thead, .picture"));
  const over = wide.filter((e) => e.getBoundingClientRect().right > {width} + 1).map((e) => e.outerHTML.slice(0, 80));
  const small = [...page.querySelectorAll("button, input, select")].filter((e) => !e.closest("thead"))
    .filter((e) => e.offsetParent && e.getBoundingClientRect().height < 40).map((e) => e.textContent);
  {steps}
  document.body.dataset.answer = JSON.stringify({{over, small, answer: typeof answer === "undefined" ? null : answer}});
}};
</script></body>"""


def dom(folder: Path, url: str, *more: str) -> str:
    """The document after its program has run; the browser gets an empty profile of its own."""
    assert CHROMIUM is not None
    profile = f"--user-data-dir={folder / 'profile'}"
    command = [CHROMIUM, *FLAGS, *more, profile, "--dump-dom", "--", url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout


def write(folder: Path, of: Team) -> str:
    path = folder / "board.html"
    path.write_text(board_html(of.config, of.projects, of.status, of.histories, of.now), encoding="utf-8")
    return path.as_uri()


def probe(folder: Path, of: Team, *, width: int, route: str = "", steps: str = "") -> str:
    """What a page around the board finds in it: elements that are too wide, targets that are too small, an answer."""
    write(folder, of)
    path = folder / "probe.html"
    path.write_text(PROBE.format(width=width, route=route, steps=steps), encoding="utf-8")
    found = re.search(r'data-answer="([^"]*)"', dom(folder, path.as_uri(), "--allow-file-access-from-files"))
    assert found is not None
    return found[1].replace("&quot;", '"').replace("&gt;", ">").replace("&lt;", "<")


def test_it_begins_with_the_table(tmp_path: Path) -> None:
    found = dom(tmp_path, write(tmp_path, team(3)))

    assert 0 < found.index('role="table" class="matrix"') < found.index('class="overall"')


def test_every_unit_is_a_row_with_a_word_in_each_cell(tmp_path: Path) -> None:
    found = dom(tmp_path, write(tmp_path, team(500)))

    assert len(set(re.findall(r'<tr role="row" data-unit="([^"]+)"', found))) == 501
    cells = re.findall(r'<td role="cell".*?</td>', found, re.DOTALL)
    assert len(cells) == 501 * 5
    assert [cell for cell in cells if not re.search(r'class="glyph" aria-hidden="true">\S</span> \w', cell)] == []


def test_the_page_of_a_unit_has_its_graph_timeline_and_links(tmp_path: Path) -> None:
    of = team(40)
    found = dom(tmp_path, write(tmp_path, of) + "#orders-010")
    past = sum(len(of.histories.get(("orders-010", item.name), ())) for item in of.config.environments)

    assert "<h1>orders-010" in found
    assert len(re.findall(r'<li class="(?:good|bad)">', found)) == past > 0
    assert found.count('href="https://signin.aws.amazon.com/switchrole?') == 5
    assert all(f">{need}</text>" in found for need in of.projects[10].needs)


def test_an_attack_stays_a_text(tmp_path: Path) -> None:
    found = dom(tmp_path, write(tmp_path, hostile(team(3))) + "#orders-000")

    assert EVIL.replace("<", "&lt;").replace(">", "&gt;") in found
    assert "<img" not in found and found.count("<script") == 2


def test_filter_state_and_sort_work(tmp_path: Path) -> None:
    steps = """
      const names = () => [...page.querySelectorAll("tbody tr")].map((row) => row.dataset.unit);
      const press = (selector) => page.querySelector(selector).click();
      const search = page.getElementById("search");
      search.value = "orders"; search.dispatchEvent(new Event("input"));
      const filtered = names().every((name) => name.startsWith("orders")) && names().length;
      press("thead button"); const turned = names()[0];
      search.value = ""; search.dispatchEvent(new Event("input"));
      press(".chip.failed");
      const failed = [...page.querySelectorAll("tbody tr")].every((row) => row.textContent.includes("failed"));
      const chips = [...page.querySelectorAll(".chip b")].map((count) => Number(count.textContent));
      const sorted = page.querySelector("thead th").getAttribute("aria-sort");
      var answer = [filtered, turned, failed, Math.min(...chips) > 0, sorted];"""

    assert '"answer":[4,"orders-030",true,true,"descending"]' in probe(tmp_path, team(40), width=1200, steps=steps)


@pytest.mark.parametrize("route", ["", "#orders-010"], ids=["matrix", "unit"])
def test_nothing_is_wider_than_a_telephone_or_too_small_for_a_thumb(tmp_path: Path, route: str) -> None:
    assert '"over":[],"small":[]' in probe(tmp_path, team(40), width=375, route=route)


def test_an_unknown_unit_and_no_units_are_said(tmp_path: Path) -> None:
    of = team(1)
    empty = attrs.evolve(of, projects=(), status=attrs.evolve(of.status, units=(), removed=(), cells=()), histories={})

    assert "There is no unit with this name" in dom(tmp_path, write(tmp_path, of) + "#%3Cb%3E")
    assert "0 of 0 units" in dom(tmp_path, write(tmp_path, empty))


def test_what_holds_data_is_linked_where_there_is_a_console(tmp_path: Path) -> None:
    of = team(3)
    queue = Output(kind="queue", key="In", name="orders-in", link="https://console.example.org/in")
    cells = tuple(
        attrs.evolve(cell, outputs=(queue, attrs.evolve(queue, name="<b>", link=None))) for cell in of.status.cells
    )
    found = dom(
        tmp_path, write(tmp_path, attrs.evolve(of, status=attrs.evolve(of.status, cells=cells))) + "#orders-000"
    )

    assert len(re.findall(r'<a [^>]*href="https://console.example.org/in"[^>]*>queue orders-in', found)) == 5
    assert found.count("<li>queue &lt;b&gt;</li>") == 5
