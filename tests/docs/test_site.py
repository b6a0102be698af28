"""The pages as a browser shows them: built without a warning, and as wide as a telephone."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

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


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: nobody looks how wide a page is")
def test_no_page_is_wider_than_a_telephone_and_commands_can_be_copied(site: Path, tmp_path: Path) -> None:
    assert CHROMIUM is not None
    pages = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    (site / "look.html").write_text(LOOK.replace("PAGES", json.dumps(pages)).replace("WIDTH", str(TELEPHONE)), "utf-8")
    words = [CHROMIUM, *FLAGS, "--allow-file-access-from-files", "--virtual-time-budget=60000", "--dump-dom"]
    done = subprocess.run(
        [*words, f"--user-data-dir={tmp_path / 'profile'}", (site / "look.html").as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    answer = re.search(r"<body>(\{.*\})</body>", done.stdout, re.DOTALL)
    assert answer is not None, done.stdout[-2000:] + done.stderr[-2000:]
    found = json.loads(html.unescape(answer[1]))

    assert found.keys() == set(pages)
    assert {page: sizes for page, sizes in found.items() if sizes[1] > sizes[0]} == {}
    assert found["02-How-To/push-to-prod.html"][2] > 0
