"""The first pages that a reader sees: at a Git host, which knows no Sphinx, and on the front of the site."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from docutils import nodes
from docutils.core import publish_doctree

from tests.house import ROOT
from tests.pages import of_docs

PAGES = of_docs("pages")
SOURCE = ROOT / "docs/source"
README = (ROOT / "README.rst").read_text("utf-8")
WIDEST = 80
PARTS = ("02-How-To", "03-Concepts", "04-Reference", "05-Contributing")


def at_a_git_host(path: Path) -> nodes.document:
    """The page as docutils alone reads it, without files that it includes."""
    settings = {"file_insertion_enabled": False, "raw_enabled": False, "report_level": 5, "halt_level": 5}
    return publish_doctree(path.read_text("utf-8"), source_path=str(path), settings_overrides=settings)


def links_of(tree: nodes.document) -> Iterator[str]:
    return (link["refuri"] for link in tree.findall(nodes.reference) if "refuri" in link)


def title_of(path: Path) -> str:
    found = re.search(r"^(.+)\n=+$", path.read_text("utf-8"), re.MULTILINE)
    assert found is not None, path
    return found[1].replace("``", "")


DOORS = sorted({*re.findall(r"<([^<>\s]+\.rst)>`_", README), "docs/README.rst"})


@pytest.mark.parametrize("door", DOORS)
def test_each_link_of_the_readme_leads_to_a_page_that_a_git_host_can_show(door: str) -> None:
    path = ROOT / door
    tree = at_a_git_host(path)
    lost = {name for name in re.findall(r"^ *\.\. ([a-z-]+)::", path.read_text("utf-8"), re.MULTILINE)}

    assert len(list(tree.findall(nodes.paragraph))) > 4
    assert re.findall(r":(?:doc|ref|term|meth|class|func):`[^`]*`", without_what_vanishes(tree)) == []
    assert lost & {"include", "glossary", "automodule", "autoclass"} == set()
    found = [link for link in links_of(tree) if not re.match(r"https?:", link)]
    assert [link for link in found if not (path.parent / link.partition("#")[0]).is_file()] == []
    assert found


def without_what_vanishes(tree: nodes.document) -> str:
    """The text, without the directives that only Sphinx knows."""
    for message in list(tree.findall(nodes.system_message)):
        message.parent.remove(message)
    return tree.astext()


def test_a_link_that_only_sphinx_knows_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.rst"
    page.write_text("Read :doc:`this`.\n", "utf-8")

    assert ":doc:`this`" in without_what_vanishes(at_a_git_host(page))


def test_the_first_sentence_is_the_same_everywhere() -> None:
    sentence = README.split("\n\n")[1].partition("\n")[0]

    assert (SOURCE / "index.rst").read_text("utf-8").split("\n\n")[1].partition("\n")[0] == sentence
    package = (ROOT / "setup.py").read_text("utf-8").replace('"\n    "', "")
    assert f'description="{sentence.rstrip(".")}"' in package


def test_code_in_the_readme_is_as_wide_as_the_host_shows() -> None:
    shown = [line[4:] for line in README.splitlines() if line.startswith("    ")]

    assert len(shown) > 50
    assert [line for line in shown if len(line) > WIDEST] == []
    assert [line for line in shown if re.match(r"(\./|python |\$ ).*  ?# ", line)] == [], (
        "a comment has a line for itself"
    )


def test_the_same_change_has_the_same_numbers() -> None:
    drawn = (SOURCE / "_static/pictures/plan.svg").read_text("utf-8").replace("&#160;", " ")
    numbers = re.compile(r"stack orders-sandbox \((.+?) resources\)")

    assert numbers.findall(drawn) == numbers.findall(README)


# --- the lists of pages, of which a Git host shows no toctree ---
def groups_of(part: str) -> Iterator[tuple[str, list[tuple[str, str]], list[str]]]:
    """(caption, links with their texts, pages of the toctree) of each group of an index."""
    page = (SOURCE / part / "index.rst").read_text("utf-8")
    parts = re.split(r"^(.+)\n-+\n", page, flags=re.MULTILINE)[1:]
    for caption, body in zip(parts[::2], parts[1::2], strict=True):
        hidden = re.search(r":caption: (.+)\n\n((?:   \S+\n)+)", body)
        assert hidden is not None and hidden[1] == caption
        yield caption, re.findall(r"^- `(.+?) <(.+?)>`__: \S", body, re.MULTILINE), hidden[2].split()


def named_in_toctrees(text: str) -> set[str]:
    lists = re.findall(r"^\.\. toctree::\n(?:   :.*\n)*\n((?:   \S+\n)+)", text, re.MULTILINE)
    return {name for names in lists for name in names.split()}


@pytest.mark.parametrize("part", PARTS)
def test_an_index_links_each_page_by_its_title(part: str) -> None:
    pages = []
    for caption, links, hidden in groups_of(part):
        files = [Path(os.path.normpath(SOURCE / part / file)) for _, file in links]
        assert [PAGES.page_of(file) for file in files] == [f"{part}/{name}" for name in hidden], caption
        assert [text for text, _ in links] == [title_of(file) for file in files]
        pages += hidden

    others = [path.read_text("utf-8") for path in (SOURCE / part).glob("*.[ri]*") if path.stem != "index"]
    below = {name for text in others for name in named_in_toctrees(text)}
    assert {path.stem for path in (SOURCE / part).glob("*.rst")} - below == {*pages, "index"}


# --- files and their pages ---
@pytest.mark.parametrize(
    ("file", "page"),
    [
        ("docs/source/02-How-To/roll-back.rst", "02-How-To/roll-back"),
        ("docs/adr/0106-read-once.rst", "05-Contributing/adr/0106-read-once"),
        ("docs/adr/README.rst", "05-Contributing/decisions"),
        ("release-history.rst", "release-history"),
        ("CONTRIBUTING.rst", None),
    ],
)
def test_a_file_has_its_page(file: str, page: str | None) -> None:
    assert PAGES.page_of(ROOT / file) == page


def test_a_link_between_files_leads_to_a_file() -> None:
    sources = [*SOURCE.rglob("*.rst"), *(ROOT / "docs/adr").glob("*.rst"), ROOT / "release-history.rst"]
    wrong = [
        f"{path.relative_to(ROOT)}: {file}"
        for path in {path.resolve() for path in sources}
        for file in re.findall(r"<([\w./-]+\.(?:rst|md|py))(?:#[\w-]+)?>`_", path.read_text("utf-8"))
        if not (path.parent / file).is_file()
    ]

    assert wrong == []
