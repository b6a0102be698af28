"""The site of all versions: what is built, what is kept, and what a page says about its version."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.test_site import CHROMIUM, FLAGS
from tests.house import ROOT
from tests.pages import of_docs

VERSIONS = of_docs("versions")
NAMES = re.compile(r"const VERSIONS = (.*);\n")


def names(versions: tuple[object, ...]) -> list[tuple[str, str | None]]:
    return [(version.name, version.tag) for version in versions]  # type: ignore[attr-defined]


def test_releases_are_sorted_by_their_numbers_and_other_tags_are_none() -> None:
    found = VERSIONS.versions_of(["0.9.0", "v0.10.0", "nightly", "0.1.0-rc1"], "0.11.0")

    assert names(found) == [("0.11.0", None), ("0.10.0", "v0.10.0"), ("0.9.0", "0.9.0")]


def test_a_work_tree_of_a_released_version_is_the_next_one() -> None:
    assert names(VERSIONS.versions_of(["0.2.0"], "0.2.0")) == [("next", None), ("0.2.0", "0.2.0")]


class FakeBuilder:
    """Makes a page of the text in a checkout, and remembers what it has built."""

    def __init__(self) -> None:
        self.built: list[str] = []

    def __call__(self, checkout: Path) -> Path:
        text = (checkout / "page.txt").read_text("utf-8")
        self.built.append(text)
        folder = checkout / "html"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "_static").mkdir(parents=True)
        shutil.copy(ROOT / "docs/source/_static/switch.js", folder / "_static")
        scripts = "".join(f'<script src="_static/{name}.js"></script>' for name in ("versions", "switch"))
        body = f'<a class="sidebar-brand"></a><article>{text}</article>{scripts}'
        page = f'<!doctype html><html data-content_root="./">{body}'
        (folder / "index.html").write_text(page, "utf-8")
        (folder / f"{text}.html").write_text(page, "utf-8")
        return folder


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two releases, and a work tree after them."""
    root = tmp_path / "repository"
    (root / "multi_env_lambda").mkdir(parents=True)
    git = ["git", "-c", "user.name=ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    for version in ("0.1.0", "0.2.0"):
        (root / "page.txt").write_text(version, "utf-8")
        subprocess.run([*git, "add", "page.txt"], cwd=root, check=True)
        subprocess.run([*git, "commit", "-q", "-m", version], cwd=root, check=True)
        subprocess.run([*git, "tag", version], cwd=root, check=True)
    (root / "page.txt").write_text("0.3.0", "utf-8")
    (root / "multi_env_lambda/_version.py").write_text('__version__ = "0.3.0"\n', "utf-8")
    return root


def test_every_version_has_a_folder_and_knows_the_others(repository: Path) -> None:
    site = VERSIONS.main(repository, FakeBuilder())

    for version in ("0.1.0", "0.2.0", "0.3.0"):
        assert f"<article>{version}</article>" in (site / version / "index.html").read_text("utf-8")
        data = (site / version / "_static/versions.js").read_text("utf-8")
        assert f'const VERSION = "{version}";\n' in data
        found = [(one["name"], one["released"], one["pages"]) for one in json.loads(NAMES.findall(data)[0])]
        assert found == [
            ("0.3.0", False, ["0.3.0.html", "index.html"]),
            ("0.2.0", True, ["0.2.0.html", "index.html"]),
            ("0.1.0", True, ["0.1.0.html", "index.html"]),
        ]
    assert "url=0.2.0/index.html" in (site / "index.html").read_text("utf-8")
    checkouts = subprocess.run(["git", "worktree", "list"], cwd=repository, capture_output=True, text=True, check=True)
    assert len(checkouts.stdout.splitlines()) == 1


def test_a_release_is_built_once_and_the_work_tree_each_time(repository: Path) -> None:
    builder = FakeBuilder()
    VERSIONS.main(repository, builder)
    VERSIONS.main(repository, builder)

    assert builder.built == ["0.3.0", "0.2.0", "0.1.0", "0.3.0"]


def test_a_version_that_cannot_be_built_leaves_nothing(repository: Path) -> None:
    def broken(checkout: Path) -> Path:
        raise OSError(checkout)

    with pytest.raises(OSError):
        VERSIONS.build(VERSIONS.Version(name="0.1.0", tag="0.1.0"), repository, repository / "site", broken)
    assert not (repository / "site").exists()
    checkouts = subprocess.run(["git", "worktree", "list"], cwd=repository, capture_output=True, text=True, check=True)
    assert len(checkouts.stdout.splitlines()) == 1


BANNERS = {
    "0.3.0": "This page describes 0.3.0, which is not released yet. The newest release is 0.2.0.",
    "0.2.0": None,
    "0.1.0": "This page describes 0.1.0, which is not the newest version. The newest release is 0.2.0.",
}


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: nobody looks at the switch")
@pytest.mark.parametrize("version", BANNERS)
def test_a_page_offers_the_same_page_of_other_versions(version: str, repository: Path, tmp_path: Path) -> None:
    assert CHROMIUM is not None
    site = VERSIONS.main(repository, FakeBuilder())
    words = [CHROMIUM, *FLAGS, "--dump-dom", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run(
        [*words, (site / version / f"{version}.html").as_uri()], capture_output=True, text=True, check=True, timeout=120
    )

    offered = re.findall(r'<option value="[^"]*/site/([^"]+)">([^<]+)</option>', done.stdout)
    banner = re.search(r'<p class="version-banner">(.*?)</p>', done.stdout)
    assert dict(offered) == {
        f"{name}/{name if name == version else 'index'}.html": words
        for name, words in (("0.3.0", "0.3.0 (not released yet)"), ("0.2.0", "0.2.0"), ("0.1.0", "0.1.0"))
    }
    assert (re.sub(r"<.*?>", "", banner[1]) if banner else None) == BANNERS[version]
