"""The pages as a browser shows them: built without a warning, and as wide as a telephone."""

from __future__ import annotations

import html
import json
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
    found[words] = frame.contentDocument.querySelector("#search-results li > a")?.getAttribute("href").split("#")[0];
    frame.remove();
  }
  document.body.innerText = JSON.stringify(found);
})();
</script>"""

FOUND_FIRST = {
    "approve": "02-How-To/promote-and-approve",
    "bootstrap": "02-How-To/push-to-prod",
    "canary": "02-How-To/checks-and-traffic",
    "cost": "04-Reference/costs",
    "delete": "02-How-To/remove-and-prune",
    "exit code": "04-Reference/exit-codes",
    "rate exceeded": "04-Reference/errors",
    "UPDATE_ROLLBACK_FAILED": "04-Reference/errors",
    "freeze": "02-How-To/freeze",
    "github actions": "02-How-To/github-actions",
    "glossary": "03-Concepts/words",
    "hold": "02-How-To/roll-back",
    "http api": "02-How-To/answer-http-requests",
    "limits": "04-Reference/limits",
    "logs": "02-How-To/read-the-logs",
    "migration": "02-How-To/move-in",
    "notebook": "02-How-To/in-a-notebook",
    "permission": "02-How-To/permissions",
    "poetry": "02-How-To/lock-dependencies",
    "pull request": "02-How-To/push-to-prod",
    "retry": "02-How-To/when-something-fails",
    "rollback": "02-How-To/roll-back",
    "s3": "02-How-To/trigger-a-function",
    "schedule": "02-How-To/trigger-a-function",
    "secrets": "02-How-To/secrets-and-parameters",
    "vpc": "02-How-To/functions-in-a-vpc",
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


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: nobody searches")
def test_the_search_finds_the_task_first(site: Path, tmp_path: Path) -> None:
    script = SEARCH.replace("SEARCHED", json.dumps(list(FOUND_FIRST)))
    found = shown_by_a_browser(site, script, tmp_path / "profile")

    assert found == {words: f"{page}.html" for words, page in FOUND_FIRST.items()}
