"""All scripts of one verb are the same bytes, wherever they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from multi_env_lambda.plan.scaffold import SCRIPTS, UNIT_SCRIPTS, script

ROOT = Path(__file__).parent.parent
FOLDERS = [ROOT, *sorted(folder.parent for folder in ROOT.glob("projects/*/pyproject.toml"))]


def scripts_of(folder: Path) -> list[Path]:
    return sorted(folder.glob("bin/automation/*.py"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_script_is_the_one_that_the_library_writes(folder: Path) -> None:
    for path in scripts_of(folder):
        assert path.read_text(encoding="utf-8") == script(path.stem), path


def test_the_top_has_a_script_for_every_verb() -> None:
    assert {path.stem for path in scripts_of(ROOT)} == set(SCRIPTS)


@pytest.mark.parametrize("folder", FOLDERS[1:], ids=lambda folder: folder.name)
def test_a_unit_has_the_scripts_that_a_new_one_gets(folder: Path) -> None:
    assert {path.stem for path in scripts_of(folder)} == set(UNIT_SCRIPTS)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_script_can_be_started(folder: Path) -> None:
    assert [path for path in scripts_of(folder) if not path.stat().st_mode & 0o100] == []
