"""Build the site of every release and of the work tree: ``python docs/versions.py``, or ``make site``.

Each version has its folder in ``docs/build/site``, and is built by its own ``make docs``, with the packages that it
names. A release never changes, so one that is built is not built again. A list in each folder says which versions
there are; with it, ``switch.js`` shows the switch in the sidebar, and what is not released, or not the newest.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import attrs

ROOT = Path(__file__).resolve().parent.parent
TAG = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
NEXT = "next"
"""The work tree, if the version that it names is released."""

Builder = Callable[[Path], Path]
"""Builds the site of a checkout, and says in which folder it is."""


@attrs.frozen(kw_only=True)
class Version:
    """``tag`` is None for the work tree, which is not released."""

    name: str
    tag: str | None = None


def versions_of(tags: Iterable[str], current: str) -> tuple[Version, ...]:
    """The work tree, then the releases, the newest first."""
    found = sorted((tuple(map(int, match.groups())), match[0]) for match in map(TAG.fullmatch, tags) if match)
    released = [Version(name=".".join(map(str, numbers)), tag=tag) for numbers, tag in reversed(found)]
    taken = any(version.name == current for version in released)
    return Version(name=NEXT if taken else current), *released


def build(version: Version, root: Path, site: Path, builder: Builder) -> None:
    """Build one version, unless it is a release that is there."""
    if version.tag is None:
        _replace(site / version.name, builder(root))
    elif not (site / version.name).is_dir():
        with tempfile.TemporaryDirectory() as folder:
            checkout = Path(folder) / "checkout"
            _git(root, "worktree", "add", "--quiet", "--detach", str(checkout), version.tag)
            try:
                _replace(site / version.name, builder(checkout))
            finally:
                _git(root, "worktree", "remove", "--force", str(checkout))


def _replace(folder: Path, made: Path) -> None:
    """Whoever is killed meanwhile leaves no half of a version under its name."""
    half = folder.with_name(f"{folder.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    shutil.copytree(made, half)
    shutil.rmtree(folder, ignore_errors=True)
    half.rename(folder)


def connect(versions: tuple[Version, ...], site: Path) -> None:
    """Tell every version which others there are, and let the site begin with the newest release."""
    known = [
        {
            "name": version.name,
            "released": version.tag is not None,
            "pages": sorted(page.relative_to(site / version.name).as_posix() for page in _pages(site / version.name)),
        }
        for version in versions
    ]
    for version in versions:
        text = f"const VERSION = {json.dumps(version.name)};\nconst VERSIONS = {json.dumps(known)};\n"
        (site / version.name / "_static").mkdir(exist_ok=True)
        (site / version.name / "_static" / "versions.js").write_text(text, encoding="utf-8")
    first = next((version for version in versions if version.tag), versions[0])
    begin = f'<!doctype html><meta http-equiv="refresh" content="0; url={first.name}/index.html">\n'
    (site / "index.html").write_text(begin, encoding="utf-8")


def _pages(folder: Path) -> Iterable[Path]:
    return (page for page in folder.rglob("*.html") if "_static" not in page.parts)


def make_docs(checkout: Path) -> Path:
    """As each version documents itself."""
    subprocess.run(["make", "docs"], cwd=checkout, check=True)
    return checkout / "docs" / "build" / "html"


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, check=True, stdout=subprocess.PIPE, text=True).stdout


def main(root: Path = ROOT, builder: Builder = make_docs) -> Path:
    """Build what is missing, and connect all of it."""
    current = re.search(r'"([^"]+)"', (root / "multi_env_lambda" / "_version.py").read_text("utf-8").split("=")[1])
    assert current is not None
    site = root / "docs" / "build" / "site"
    site.mkdir(parents=True, exist_ok=True)
    versions = versions_of(_git(root, "tag", "--list").split(), current[1])
    for version in versions:
        build(version, root, site, builder)
    connect(versions, site)
    return site


if __name__ == "__main__":
    sys.stdout.write(f"{main() / 'index.html'}\n")
