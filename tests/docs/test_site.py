"""The pages as a browser shows them: built without a warning, and as wide as a telephone."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.house import ROOT

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in NAMES if (path := shutil.which(name))), None)
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server")
TELEPHONE = 390

LOOK = """<!doctype html><body><script>
(async () => {
  const found = {};
  for (const page of PAGES) {
    const frame = document.createElement("iframe");
    Object.assign(frame.style, {width: "WIDTHpx", height: "800px", border: "0"});
    frame.src = page;
    document.body.append(frame);
    await new Promise((done) => { frame.onload = done; });
    const root = frame.contentDocument.documentElement;
    found[page] = [root.clientWidth, root.scrollWidth, frame.contentDocument.querySelectorAll("button.copybtn").length];
    frame.remove();
  }
  document.body.innerText = JSON.stringify(found);
})();
</script>"""

SEARCH = """<!doctype html><body><script>
(async () => {
  const found = {};
  for (const words of SEARCHED) {
    const frame = document.createElement("iframe");
    frame.src = "search.html?q=" + encodeURIComponent(words);
    document.body.append(frame);
    await new Promise((done) => { frame.onload = done; });
    const said = () => frame.contentDocument.querySelector("#search-results .search-summary")?.innerText || "";
    while (!/found|did not match/.test(said())) await new Promise((done) => setTimeout(done, 20));
    const links = [...frame.contentDocument.querySelectorAll("#search-results li > a")].slice(0, 8);
    found[words] = links.map((link) => [link.getAttribute("href"), link.innerText]);
    frame.remove();
  }
  document.body.innerText = JSON.stringify(found);
})();
</script>"""

NARROW = """<!doctype html><body><script>
(async () => {
  const frame = document.createElement("iframe");
  Object.assign(frame.style, {width: "WIDTHpx", height: "800px", border: "0"});
  frame.src = "index.html";
  document.body.append(frame);
  await new Promise((done) => { frame.onload = done; });
  const page = frame.contentDocument;
  const heading = page.querySelector("h1");
  const words = page.createRange();
  words.selectNodeContents(heading.firstChild);
  const pictures = [...page.querySelectorAll(".picture")].map((one) => [one.clientWidth, one.scrollWidth]);
  document.body.innerText = JSON.stringify({lines: words.getClientRects().length, pictures});
})();
</script>"""

FOUND_FIRST = {
    "add a new account": "02-How-To/environments",
    "api gateway custom domain": "02-How-To/answer-http-requests",
    "api key": "02-How-To/rest-apis",
    "approve": "02-How-To/promote-and-approve",
    "blue green": "02-How-To/checks-and-traffic",
    "bootstrap": "02-How-To/push-to-prod",
    "canary": "02-How-To/checks-and-traffic",
    "cold start": "02-How-To/questions",
    "cors": "02-How-To/answer-http-requests",
    "cost": "04-Reference/costs",
    "cron": "02-How-To/trigger-a-function",
    "custom domain": "02-How-To/answer-http-requests",
    "dead letter": "02-How-To/trigger-a-function",
    "debug handler": "02-How-To/sample-events",
    "delete a function": "02-How-To/remove-and-prune",
    "delete unit": "02-How-To/remove-and-prune",
    "delete": "02-How-To/remove-and-prune",
    "deploy from github actions": "02-How-To/github-actions",
    "environment variable": "02-How-To/differ-between-environments",
    "exit code": "04-Reference/exit-codes",
    "freeze": "02-How-To/freeze",
    "github actions": "02-How-To/github-actions",
    "glossary": "03-Concepts/words",
    "hold": "02-How-To/roll-back",
    "how to see logs": "02-How-To/read-the-logs",
    "http api": "02-How-To/answer-http-requests",
    "limits": "04-Reference/limits",
    "logs": "02-How-To/read-the-logs",
    "migrate from serverless": "02-How-To/move-in",
    "migrate": "02-How-To/move-in",
    "migration": "02-How-To/move-in",
    "ModuleNotFoundError": "04-Reference/errors",
    "move from sam": "02-How-To/move-in",
    "multi region": "02-How-To/regions",
    "notebook": "02-How-To/in-a-notebook",
    "numpy layer": "02-How-To/lock-dependencies",
    "offline": "03-Concepts/local-cloud",
    "oidc": "02-How-To/github-actions",
    "permission": "02-How-To/permissions",
    "poetry": "02-How-To/lock-dependencies",
    "private index": "02-How-To/lock-dependencies",
    "pull request": "02-How-To/push-to-prod",
    "python 3.14": "04-Reference/versions",
    "rate exceeded": "04-Reference/errors",
    "retry": "02-How-To/when-something-fails",
    "rollback": "02-How-To/roll-back",
    "run on a schedule": "02-How-To/trigger-a-function",
    "s3": "02-How-To/trigger-a-function",
    "schedule": "02-How-To/trigger-a-function",
    "secrets": "02-How-To/secrets-and-parameters",
    "shared library": "02-How-To/shared-code",
    "stack stuck": "02-How-To/when-something-fails",
    "step functions": "02-How-To/own-resources",
    "trace xray": "02-How-To/permissions",
    "undo a deploy": "02-How-To/roll-back",
    "UPDATE_ROLLBACK_FAILED": "04-Reference/errors",
    "vpc": "02-How-To/functions-in-a-vpc",
    "who approved": "02-How-To/promote-and-approve",
    "who deployed": "02-How-To/see-where-everything-is",
    "xray": "02-How-To/permissions",
}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "html"
    words = [sys.executable, "-m", "sphinx", "-n", "-W", "-q", "-b", "html", "docs/source", str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
    return folder


def test_every_page_is_built_without_a_warning(site: Path) -> None:
    sources = [path.relative_to(ROOT / "docs/source") for path in (ROOT / "docs/source").rglob("*.rst")]

    assert len(sources) > 40
    assert [str(path) for path in sources if not (site / path.with_suffix(".html")).is_file()] == []


def test_every_link_leads_to_a_page_and_a_place_on_it(site: Path) -> None:
    pages = {
        path: path.read_text("utf-8") for path in site.rglob("*.html") if path.name not in ("look.html", "board.html")
    }
    places = {path: set(re.findall(r' id="([^"]+)"', text)) for path, text in pages.items()}
    links = [
        (path, html.unescape(link)) for path, text in pages.items() for link in re.findall(r' href="([^"]+)"', text)
    ]
    wrong = {f"{path.relative_to(site)}: {link}" for path, link in links if not leads_somewhere(path, link, places)}

    assert len(links) > 10_000
    assert wrong == set()


def leads_somewhere(page: Path, link: str, places: dict[Path, set[str]]) -> bool:
    """Whether a link of a page is to another site, a file, or a place on a page."""
    if re.match(r"[a-z]+:", link):
        return True
    file, _, place = link.partition("#")
    target = Path(os.path.normpath(page.parent / file.partition("?")[0])) if file else page
    return place in places[target] if place and target in places else target.is_file()


def shown_by_a_browser(site: Path, script: str, profile: Path) -> dict[str, Any]:
    """What a page with this script writes about other pages of the site."""
    assert CHROMIUM is not None
    (site / "look.html").write_text(script, "utf-8")
    words = [CHROMIUM, *FLAGS, "--allow-file-access-from-files", "--virtual-time-budget=60000", "--dump-dom"]
    done = subprocess.run(
        [*words, f"--user-data-dir={profile}", (site / "look.html").as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    answer = re.search(r"<body>(\{.*\})</body>", done.stdout, re.DOTALL)
    assert answer is not None, done.stdout[-2000:] + done.stderr[-2000:]
    found: dict[str, Any] = json.loads(html.unescape(answer[1]))
    return found


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: nobody looks how wide a page is")
def test_no_page_is_wider_than_a_telephone_and_commands_can_be_copied(site: Path, tmp_path: Path) -> None:
    pages = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html") if path.name != "look.html")
    script = LOOK.replace("PAGES", json.dumps(pages)).replace("WIDTH", str(TELEPHONE))
    found = shown_by_a_browser(site, script, tmp_path / "profile")

    assert found.keys() == set(pages)
    assert {page: sizes for page, sizes in found.items() if sizes[1] > sizes[0]} == {}
    assert found["02-How-To/push-to-prod.html"][2] > 0


def shown_again(links: list[tuple[str, str]]) -> list[str]:
    """How-to pages that are found as a whole, and again by the same title."""
    whole = {(address, title) for address, title in links if re.match(r"02-How-To/[^#]+$", address)}
    return [address for address, title in links if "#" in address and (address.partition("#")[0], title) in whole]


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: nobody looks at the front")
def test_a_telephone_shows_the_name_in_one_line_and_pictures_that_can_be_read(site: Path, tmp_path: Path) -> None:
    found = shown_by_a_browser(site, NARROW.replace("WIDTH", str(TELEPHONE)), tmp_path / "profile")

    assert found["lines"] == 1
    assert len(found["pictures"]) == 2
    assert [sizes for sizes in found["pictures"] if sizes[1] < 2 * sizes[0]] == []


def test_the_sidebar_shows_the_groups_and_the_footer_no_empty_owner(site: Path) -> None:
    page = (site / "02-How-To/roll-back.html").read_text("utf-8")
    index = (ROOT / "docs/source/02-How-To/index.rst").read_text("utf-8")
    captions = re.findall(r"^   :caption: (.+)$", index, re.MULTILINE)

    shown = re.findall(r'<li class="group-of-pages">(.+?)</li>', page)
    assert len(captions) == 9
    assert [html.unescape(caption) for caption in shown[: len(captions)]] == captions
    assert "For people who run the CI" in shown and "In your code" in shown
    assert "Copyright" not in page


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: nobody searches")
def test_the_search_finds_the_task_first(site: Path, tmp_path: Path) -> None:
    script = SEARCH.replace("SEARCHED", json.dumps(list(FOUND_FIRST)))
    found = shown_by_a_browser(site, script, tmp_path / "profile")

    first = {words: links[0][0].partition("#")[0] if links else None for words, links in found.items()}
    twice = {words: again for words, links in found.items() if (again := shown_again(links))}
    assert first == {words: f"{page}.html" for words, page in FOUND_FIRST.items()}
    assert twice == {}
