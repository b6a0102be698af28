"""A table that was read before is not read again, and nothing else is different for that."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest
from inline_snapshot import snapshot

from multi_env_lambda.api.reading_units import read_tables
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.kept_outlines import read_kept, write_kept
from multi_env_lambda.host.repository import Repository, read_repository
from multi_env_lambda.model.units import Units
from multi_env_lambda.model.workspace import read_workspace

ROOT = """\
[tool.multi_env_lambda]
id = "b3c4e7d10a55"
[tool.multi_env_lambda.devops]
account_id = "111111111111"
region = "us-east-1"
bucket = "many-artifacts-111111111111-us-east-1"
[[tool.multi_env_lambda.environments]]
name = "sandbox"
account_id = "222222222222"
[[tool.multi_env_lambda.environments]]
name = "prod"
account_id = "333333333333"
"""
FEW = 3
MANY = 24
LENDER = "u00"
"""Lends its layer, unless an edit takes that back."""


def unit(name: str, *lines: str, more: str = "") -> str:
    own = "\n".join(lines)
    return (
        f'[project]\nname = "{name}"\nversion = "0.1.0"\n[tool.multi_env_lambda]\n{own}\n'
        f'[tool.multi_env_lambda.functions.main]\nhandler = "a.b"\n{more}'
    )


def write(root: Path, number: int, text: str) -> None:
    folder = root / "projects" / f"u{number:02d}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")


def workspace(root: Path, units: int = MANY) -> Path:
    root.mkdir(exist_ok=True)
    (root / "pyproject.toml").write_text(ROOT, encoding="utf-8")
    for number in range(units):
        write(root, number, unit(f"u{number:02d}", *(["layer_for_others = true"] if number == 0 else [])))
    return root


class Counted(dict[str, Any]):
    """Tables that know which of them were read."""

    def __init__(self, tables: Any) -> None:
        super().__init__(tables)
        self.read: list[str] = []

    def __getitem__(self, folder: str) -> Any:
        self.read.append(folder)
        return super().__getitem__(folder)


def counted(root: Path) -> tuple[Repository, Counted]:
    found = read_repository(root)
    tables = Counted(found.tables)
    return attrs.evolve(found, tables=tables), tables


def said(root: Path) -> tuple[list[Any], list[Any]]:
    repository = read_repository(root)
    units, broken = read_tables(repository, read_workspace(repository.document, where="pyproject.toml"))
    return list(units), [(one.name, one.folder, str(one.error)) for one in broken]


def kept(root: Path) -> Path:
    return root / ".multi_env_lambda" / "cache" / "outlines"


def without(root: Path) -> tuple[list[Any], list[Any]]:
    """What is said where nothing was kept."""
    kept(root).unlink(missing_ok=True)
    return said(root)


def reads(root: Path) -> list[str]:
    repository, tables = counted(root)
    read_tables(repository, read_workspace(repository.document, where="pyproject.toml"))
    return tables.read


EDITS = (
    lambda name, other: unit(name),
    lambda name, other: unit(other),
    lambda name, other: unit(name, f'needs = ["{other}"]'),
    lambda name, other: unit(name, 'needs = ["nowhere"]'),
    lambda name, other: unit(name, 'shared = ["libs/common"]', 'architecture = "arm64"'),
    lambda name, other: unit(name, more=f'name = "{other}-${{environment}}-main"\n'),
    lambda name, other: unit(name, more="[tool.multi_env_lambda.parameters.p]\n"),
    lambda name, other: unit(
        name,
        f'needs = ["{other}"]',
        more=f'environment = {{ P = {{ unit = "{other}", parameter = "p" }} }}\n',
    ),
    lambda name, other: "[tool.multi_env_lambda]\n[tool.multi_env_lambda.functions.main]\nhandler = 'a.b'\n",
    lambda name, other: unit(name, "layer_for_others = true"),
    lambda name, other: unit(name, f'needs = ["{other}"]', f'layer_of = "{other}"'),
    lambda name, other: unit(name, f'needs = ["{LENDER}"]', f'layer_of = "{LENDER}"'),
    lambda name, other: "this is no table",
    lambda name, other: unit(name, "unknown = 1"),
)


@pytest.mark.parametrize("seed", range(8))
def test_after_any_edits_the_same_is_said_with_what_was_kept_as_without(tmp_path: Path, seed: int) -> None:
    chance, root = random.Random(seed), workspace(tmp_path / "w")
    for _ in range(6):
        for _ in range(chance.choice([0, 1, 3])):
            number, other = chance.randrange(MANY), f"u{chance.randrange(MANY):02d}"
            write(root, number, chance.choice(EDITS)(f"u{number:02d}", other))
        if chance.random() < 0.2:
            shutil.rmtree(root / "projects" / f"u{chance.randrange(MANY):02d}", ignore_errors=True)
        if chance.random() < 0.2:
            (root / "pyproject.toml").write_text(ROOT.replace('"prod"', chance.choice(['"prod"', '"live"'])))
        found = said(root)
        copy = tmp_path / "copy"
        shutil.copytree(root, copy)
        assert found == without(copy)
        shutil.rmtree(copy)


def test_only_a_table_that_changed_is_read(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    assert len(reads(root)) == MANY
    assert reads(root) == []
    write(root, 7, unit("u07", 'needs = ["u03"]'))
    assert reads(root) == ["projects/u07"]
    assert reads(root) == []


def borrowing(root: Path) -> Path:
    """Unit 7 gets the layer of unit 0, which is built from another folder, too."""
    workspace(root)
    write(root, 0, unit("u00", "layer_for_others = true", 'shared = ["libs/common"]'))
    write(root, 7, unit("u07", 'needs = ["u00"]', 'layer_of = "u00"'))
    return root


def opened(root: Path) -> Units:
    repository = read_repository(root)
    return read_tables(repository, read_workspace(repository.document, where="pyproject.toml"))[0]


def test_a_unit_has_the_one_whose_layer_it_gets_also_if_neither_table_changed(tmp_path: Path) -> None:
    root = borrowing(tmp_path)
    for _ in range(2):
        units = opened(root)
        (found,) = units.named("u07")
        assert found.lender is not None
        assert (found.lender.name, found.lender.settings.keys()) == ("u00", {"sandbox", "prod"})
        assert units.outlines[7].lent_folders == ("projects/u00", "libs/common")
    assert reads(root) == []


def test_what_its_layer_is_built_from_is_known_of_a_unit_whose_table_did_not_change(tmp_path: Path) -> None:
    root = borrowing(tmp_path)
    opened(root)
    write(root, 0, unit("u00", "layer_for_others = true", 'shared = ["libs/other"]'))

    assert opened(root).outlines[7].lent_folders == ("projects/u00", "libs/other")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((), "`u00` has no layer for others"),
        (("layer_for_others = true", 'architecture = "arm64"'), "`u00` has architecture arm64"),
        (("layer_for_others = true", 'runtime = "python3.12"'), "`u00` has runtime python3.12"),
        (("unknown = 1",), "`u00` cannot be read"),
    ],
)
def test_a_unit_that_did_not_change_is_held_to_what_its_lender_says_now(
    tmp_path: Path, lines: tuple[str, ...], words: str
) -> None:
    root = borrowing(tmp_path)
    assert said(root)[1] == []
    write(root, 0, unit("u00", *lines))

    broken = {name: error for name, _, error in said(root)[1]}
    assert f"layer_of: {words}" in broken["u07"]


def test_a_unit_is_read_when_its_settings_are_asked_for(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    said(root)
    repository, tables = counted(root)
    units, _ = read_tables(repository, read_workspace(repository.document, where="pyproject.toml"))
    write(root, 7, unit("u07", more="timeout = 9\n"))

    (found,) = units.named("u07")
    assert (found, tables.read) == (units[7], ["projects/u07"])
    assert found.settings["prod"].functions[0].timeout != 9, "as it was when the workspace was opened"


def test_a_folder_without_a_project_table_is_looked_at_each_time(tmp_path: Path) -> None:
    """What it is depends on other files in it."""
    root = workspace(tmp_path)
    write(root, 7, '[tool.multi_env_lambda.functions.main]\nhandler = "a.b"\n')
    (root / "projects/u07/requirements.txt").write_text("idna==3.10\n")
    said(root)
    (root / "projects/u07/requirements.txt").write_text("./no-package\n")

    assert [folder for _, folder, _ in said(root)[1]] == ["projects/u07"]


def test_a_unit_with_a_definition_in_a_file_is_looked_at_each_time(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    write(root, 7, unit("u07", more='[tool.multi_env_lambda.state_machines.m]\ndefinition = "m.asl.json"\n'))
    file = root / "projects/u07/m.asl.json"
    file.write_text('{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}')
    assert said(root)[1] == []
    assert said(root)[1] == []
    file.unlink()

    assert [folder for _, folder, _ in said(root)[1]] == ["projects/u07"]


def test_of_few_units_nothing_is_kept(tmp_path: Path) -> None:
    root = workspace(tmp_path, FEW)
    said(root)
    assert not (root / ".multi_env_lambda").exists()


def test_a_file_that_is_cut_or_changed_is_as_if_there_were_none(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    write(root, 3, unit("u03", 'needs = ["u04"]'))
    right = said(root)
    body = kept(root).read_bytes()
    for place in (0, 10, 70, 200, body.index(b"\n"), body.index(b"\n") + 80, len(body) - 2):
        for damaged in (body[:place], body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]):
            kept(root).write_bytes(damaged)
            write(root, 5, unit("u05", f'exclude = ["{place}"]'))
            assert said(root)[0][3:5] == right[0][3:5]
            assert said(root) == without(root)


@pytest.mark.parametrize("body", [b"", b"\n", b"\0" * 99, b"[" * 100_000, b"\xff\n{}", b"{}"])
def test_what_is_no_file_of_ours_is_none(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "f").write_bytes(body)

    found = read_kept(tmp_path / "f", "stamp")
    assert (found.sound, found.outline("projects/a", "1"), found.claims({"projects/a": "1"})) == ("", None, {})


def test_what_was_kept_under_another_version_or_root_table_does_not_count(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    said(root)
    (root / "pyproject.toml").write_text(ROOT.replace('"prod"', '"live"'))
    assert len(reads(root)) == MANY

    write_kept(tmp_path / "f", "1", {}, {}, {}, "sound")
    assert (read_kept(tmp_path / "f", "1").sound, read_kept(tmp_path / "f", "2").sound) == ("sound", "")


def test_a_lie_is_noticed_before_the_unit_is_used(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    said(root)
    repository = read_repository(root)
    units, _ = read_tables(repository, read_workspace(repository.document, where="pyproject.toml"))

    with pytest.raises(ConfigurationError) as caught:
        units.settled(attrs.evolve(units.outlines[7], shared=("libs/common",)))
    assert str(caught.value) == snapshot("""\
projects/u07/pyproject.toml: what this machine has noted about it is something else
hint: somebody has changed .multi_env_lambda/cache/outlines: delete it\
""")


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    (root / ".multi_env_lambda").write_text("a file where a folder should be")

    assert len(said(root)[0]) == MANY


def test_nothing_of_a_setting_is_kept(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    write(root, 7, unit("u07", more='environment = { GREETING = "from-the-table" }\n'))
    said(root)

    assert kept(root).exists()
    assert b"from-the-table" not in kept(root).read_bytes()


@pytest.mark.story
def test_processes_that_start_at_once_say_the_same(tmp_path: Path) -> None:
    root = workspace(tmp_path)
    code = "from multi_env_lambda import Workspace; w = Workspace.open('.'); print(len(w), len(w.configs))"
    started = [
        subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    assert [process.communicate()[0].split() for process in started] == [[str(MANY), str(MANY)]] * 4
    assert reads(root) == []
    assert [path.name for path in kept(root).parent.iterdir()] == ["outlines"], "no file of a writer is left"
