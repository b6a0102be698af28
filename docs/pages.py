"""What the site adds to Sphinx: links between files are links between pages, and the sidebar shows groups of pages.

Pages link to files, as in ``add-a-unit.rst``, where a reader may see them at a Git host, which shows reStructuredText
without Sphinx. Here each such link leads to the page that is made from the file.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.util import logging

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "source"
ELSEWHERE = {"release-history.rst": "release-history", "docs/adr/README.rst": "05-Contributing/decisions"}
"""Files that a page includes -> that page."""

FILE = re.compile(r"(?P<path>[\w./-]+\.(?:rst|py|md))(?P<anchor>#[\w-]+)?")
_LOGGER = logging.getLogger(__name__)


def page_of(file: Path) -> str | None:
    """The page that is made from a file; none, if it is no part of the site."""
    name = file.relative_to(ROOT).as_posix()
    if name in ELSEWHERE:
        return ELSEWHERE[name]
    decision = re.fullmatch(r"docs/adr/(.+)\.rst", name)
    if decision:
        return f"05-Contributing/adr/{decision[1]}"
    page = re.fullmatch(r"docs/source/(.+)\.rst", name)
    return page[1] if page else None


def linked(app: Any, tree: nodes.document, page: str) -> None:
    """Let each link to a file lead to its page; one to a file that is no page becomes text."""
    for link in list(tree.findall(nodes.reference)):
        found = FILE.fullmatch(link.get("refuri", ""))
        if found is None:
            continue
        file = Path(os.path.normpath(_file_of(link).parent / found["path"]))
        if not file.is_file():
            _LOGGER.warning("no file %s", found["path"], location=link)
            continue
        target = page_of(file)
        if target is None:
            link.replace_self(link.children)
        else:
            link["refuri"] = app.builder.get_relative_uri(page, target) + (found["anchor"] or "")


def _file_of(node: nodes.Node) -> Path:
    """The file in which it is written, which may be included by another one."""
    while node.source is None:
        node = node.parent
    return Path(node.source).resolve()


def framed(app: Any, tree: nodes.document, page: str) -> None:
    """Put each picture into a box of its own, in which a telephone can move it sideways."""
    for image in list(tree.findall(nodes.image)):
        outer = image.parent if isinstance(image.parent, nodes.reference) else image
        frame = nodes.container(classes=["picture"])
        outer.replace_self(frame)
        frame += outer


def found_once(app: Any, tree: nodes.document, page: str) -> None:
    """Words of the index above a title lead to the page itself, as its title does: a search shows it once."""
    for child in tree.children:
        if isinstance(child, addnodes.index):
            child["entries"] = [(kind, words, "", main, key) for kind, words, _, main, key in child["entries"]]


@cache
def groups(env: Any) -> tuple[tuple[str, str], ...]:
    """(first page, caption) of each list of pages below one of the site's parts."""
    parts = env.toctree_includes[env.config.root_doc]
    lists = [found for part in parts for found in env.get_doctree(part).findall(addnodes.toctree)]
    return tuple((found["includefiles"][0], found["caption"]) for found in lists if found["caption"])


def grouped(app: Any, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Put the caption of each group into the sidebar, above its first page."""
    navigation = context.get("furo_navigation_tree", "")
    for first, caption in groups(app.env):
        address = "#" if first == page else app.builder.get_relative_uri(page, first)
        before = re.compile(rf'<li class="toctree-l2[^>]*>\s*<a [^>]*href="{re.escape(address)}"')
        item = f'<li class="group-of-pages">{caption}</li>'
        navigation = before.sub(lambda found, item=item: item + found[0], navigation, count=1)
    context["furo_navigation_tree"] = navigation


def setup(app: Any) -> dict[str, bool]:
    app.connect("doctree-resolved", linked)
    app.connect("doctree-resolved", framed)
    app.connect("doctree-resolved", found_once)
    app.connect("html-page-context", grouped, priority=900)
    return {"parallel_read_safe": True}
