"""What builds the units is locked in one file; with it nothing else takes part in a build."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from multi_env_lambda.building.backends import locked_backends, wanted_backends, write_backends
from multi_env_lambda.building.source import build_source, stage_source
from multi_env_lambda.errors import BuildError, ConfigurationError, ToolError
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.workspace import BUILD_CONSTRAINTS
from multi_env_lambda.plan.affected import inputs_of, tracked_paths
from tests.building.test_checkout import git

UV_BUILD = '[build-system]\nrequires = ["uv_build>=0.9,<1"]\nbuild-backend = "uv_build"\n'
SETUPTOOLS = '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n'
A = Project(name="a", folder="projects/a", version="0.1.0")


def workspace(root: Path, **tables: str) -> Path:
    """One unit for each table `[build-system]`."""
    for name, table in tables.items():
        folder = root / "projects" / name
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("", "utf-8")
        text = f'[project]\nname = "{name}"\nversion = "0.1.0"\n{table}\n[tool.uv.build-backend]\nmodule-root = ""\n'
        (folder / "pyproject.toml").write_text(text, "utf-8")
    git(root, "init", "-q")
    git(root, "add", "--all")
    return root


def wanted(root: Path, *names: str) -> tuple[str, ...]:
    return wanted_backends(root, [f"projects/{name}" for name in names])


def build(root: Path, cache: Path) -> str:
    """The key under which the unit was built."""
    with stage_source(root, A) as staged:
        build_source(staged, version="0.1.0", cache=cache)
        return staged.key


def test_what_builds_any_unit_is_wanted_once(tmp_path: Path) -> None:
    root = workspace(tmp_path, a=UV_BUILD, b=UV_BUILD.replace("uv_build>=0.9", "UV-Build >= 0.9"), c=SETUPTOOLS, d="")

    assert wanted(root, "a", "b", "c", "d", "notes") == (
        "setuptools",
        "setuptools>=77",
        "uv-build<1,>=0.9",
    )


def test_a_unit_that_nothing_builds_wants_nothing(tmp_path: Path) -> None:
    root = workspace(tmp_path, a="[tool.multi_env_lambda]\n", b="[tool.multi_env_lambda]\n[tool.setuptools]\n")

    assert wanted(root, "a") == ()
    assert wanted(root, "b") == ("setuptools",)


@pytest.mark.parametrize("requires", ["3", "[1]", '["not a requirement!"]', '["a ; ((("]', f'["{"(" * 900}"]'])
def test_a_table_that_says_no_requirements_is_named_with_its_file(tmp_path: Path, requires: str) -> None:
    root = workspace(tmp_path, a=f"[build-system]\nrequires = {requires}\n")

    with pytest.raises(ConfigurationError, match=r"projects/a/pyproject\.toml \[build-system\]: `requires`"):
        wanted(root, "a")


def test_what_is_asked_for_by_its_address_is_not_locked(tmp_path: Path) -> None:
    root = workspace(tmp_path, a='[build-system]\nrequires = ["x @ git+https://example.com/x"]\n')

    with pytest.raises(ConfigurationError, match=r"projects/a/pyproject\.toml .* is required by URL"):
        wanted(root, "a")


def test_without_the_file_nothing_is_an_input_and_with_it_its_content_is(tmp_path: Path) -> None:
    ids = {"projects/a": "1"}
    more = {**ids, BUILD_CONSTRAINTS: "2"}

    without, with_it = (inputs_of(A, each, settings="", library="") for each in (ids, more))

    assert BUILD_CONSTRAINTS in tracked_paths((A,))
    assert set(with_it) - set(without) == {(BUILD_CONSTRAINTS, "2")}
    assert with_it[0] == ("projects/a", "1")


def test_what_is_built_by_another_backend_is_kept_apart(tmp_path: Path) -> None:
    root = workspace(tmp_path, a=UV_BUILD)
    keys = []
    for text in ("", "uv-build==0.9.0", "uv-build==0.9.1"):
        (root / BUILD_CONSTRAINTS).write_text(text, "utf-8")
        with stage_source(root, A) as staged:
            keys.append(staged.key)

    assert len(set(keys)) == 3
    assert locked_backends(tmp_path / "nowhere") == b""


@pytest.mark.network
def test_a_lock_of_backends_stays_and_builds(tmp_path: Path) -> None:
    root = workspace(tmp_path / "w", a=UV_BUILD, b=SETUPTOOLS)
    before = build(root, tmp_path / "cache")

    first = write_backends(root, wanted(root, "a", "b"), upgrade=False).read_bytes()
    again = write_backends(root, wanted(root, "a", "b"), upgrade=False).read_bytes()

    assert first == again
    assert first.startswith(b"# Written by the verb `lock`")
    assert first.count(b"==") == 2
    assert build(root, tmp_path / "cache") != before


@pytest.mark.network
@pytest.mark.parametrize("damage", ["another hash", "another backend", "no hash"])
def test_a_backend_that_is_not_the_locked_one_builds_nothing(tmp_path: Path, damage: str) -> None:
    root = workspace(tmp_path / "w", a=SETUPTOOLS)
    path = write_backends(root, ("uv-build",) if damage == "another backend" else ("setuptools",), upgrade=False)
    text = path.read_text("utf-8")
    if damage == "another hash":
        path.write_text(re.sub("sha256:.{8}", "sha256:00000000", text), "utf-8")
    if damage == "no hash":
        path.write_text("".join(line.removesuffix(" \\\n") for line in text.splitlines(True) if "==" in line), "utf-8")

    with pytest.raises(BuildError) as caught:
        build(root, tmp_path / "cache")

    assert f"does {BUILD_CONSTRAINTS} need to be renewed with `lock`?" in caught.value.hint


@pytest.mark.network
def test_units_that_no_version_fits_together_are_told_so(tmp_path: Path) -> None:
    root = workspace(tmp_path, a=SETUPTOOLS)

    with pytest.raises(ToolError, match=BUILD_CONSTRAINTS) as caught:
        write_backends(root, ("setuptools<70", "setuptools>=77"), upgrade=False)

    assert "one version of each backend" in caught.value.hint
    assert not (root / BUILD_CONSTRAINTS).exists()
