"""Files of a repository tell uv which indexes to ask (the root) and which versions to choose (a unit), and no more."""

from __future__ import annotations

import tomllib
import zipfile
from pathlib import Path

import pytest

from multi_env_lambda.building.backend import run_backend
from multi_env_lambda.building.lock import write_lock
from multi_env_lambda.building.resolve import resolve
from multi_env_lambda.building.uv_settings import (
    indexes_of_the_root,
    plain_lines,
    refuse_own_indexes,
    versions_of_a_unit,
)
from multi_env_lambda.errors import ConfigurationError, ToolError
from multi_env_lambda.host.process import run_uv

REST = """
keyring-provider = "subprocess"
allow-insecure-host = ["127.0.0.1"]
cache-dir = "{away}"
link-mode = "symlink"
python-preference = "only-managed"
native-tls = true
exclude-newer = "2030-01-01"
"""
PIP = 'target = "{away}"\nprefix = "{away}"\nno-build = false\npython = "{away}/python"\n'


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where uv looks; one package, which starts with Python."""
    place = tmp_path / "wheels"
    place.mkdir()
    with zipfile.ZipFile(place / "tiny-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("tiny.pth", "import tiny\n")
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(place))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return place


def hostile(folder: Path, away: Path, form: str) -> Path:
    folder.mkdir(parents=True)
    text = '[project]\nname = "orders"\nversion = "0.1.0"\ndependencies = ["tiny"]\n'
    text += '[build-system]\nrequires = ["tiny"]\nbuild-backend = "own"\nbackend-path = ["."]\n'
    if form == "pyproject.toml":
        text += f"[tool.uv]{REST}[tool.uv.pip]\n{PIP}".format(away=away)
    else:
        (folder / "uv.toml").write_text(f"{REST}[pip]\n{PIP}".format(away=away), "utf-8")
    (folder / "pyproject.toml").write_text(text, "utf-8")
    (folder / "own.py").write_text(
        "def build_wheel(out, *more):\n    open(out + '/a.whl', 'w').close()\n    return 'a.whl'\n"
    )
    return folder


@pytest.mark.parametrize("form", ["pyproject.toml", "uv.toml"])
def test_what_a_unit_builds_with_lands_where_it_is_built(wheels: Path, tmp_path: Path, form: str) -> None:
    away, out = tmp_path / "away", tmp_path / "out"
    out.mkdir()

    run_backend(hostile(tmp_path / "projects/orders", away, form), out, where="w", sdist=False)

    assert [path.name for path in out.iterdir()] == ["a.whl"]
    assert not away.exists()


@pytest.mark.parametrize("form", ["pyproject.toml", "uv.toml"])
def test_a_lock_is_written_where_it_is_and_nothing_else_is(wheels: Path, tmp_path: Path, form: str) -> None:
    folder, away = hostile(tmp_path / "projects/orders", tmp_path / "away", form), tmp_path / "away"
    wheel = wheels / "tiny-1.0-py3-none-any.whl"
    wheel.rename(folder / wheel.name)

    write_lock(folder, python="3.11", indexes=f'find-links = ["{folder}"]\n')

    assert 'name = "tiny"' in (folder / "pylock.toml").read_text("utf-8")
    assert not away.exists()


@pytest.mark.parametrize("form", ["pyproject.toml", "uv.toml"])
def test_the_folder_that_the_user_is_in_says_nothing_to_uv(
    wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.chdir(hostile(tmp_path / "projects/orders", tmp_path / "away", form))
    venv = tmp_path / "venv"
    monkeypatch.delenv("UV_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))

    run_uv(["venv", "--quiet", venv], where="w", hint="")
    run_uv(["pip", "install", "--quiet", "--python", venv / "bin/python", "tiny"], where="w", hint="")

    assert len(list(venv.glob("lib/python*/site-packages/tiny.pth"))) == 1
    assert not (tmp_path / "away").exists()


def test_a_path_of_the_users_is_one_of_the_folder_that_the_user_is_in(
    wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UV_FIND_LINKS", "wheels")

    assert b"tiny==1.0" in resolve(["pip", "compile", "--quiet", "-"], where="w", hint="", stdin=b"tiny\n")


def test_the_users_own_file_acts(wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("UV_FIND_LINKS")
    (tmp_path / "config/uv").mkdir(parents=True)
    (tmp_path / "config/uv/uv.toml").write_text(f'find-links = ["{wheels}"]\n', "utf-8")

    assert b"tiny==1.0" in resolve(["pip", "compile", "--quiet", "-"], where="w", hint="", stdin=b"tiny\n")


def test_the_root_names_the_indexes_and_nothing_else(
    wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_FIND_LINKS")
    text = '[tool.uv]\nfind-links = ["wheels"]\nkeyring-provider = "subprocess"\n[tool.uv.pip]\ntarget = "x"\n'
    text += '[[tool.uv.index]]\nname = "own"\nurl = "https://index.example/simple"\nexplicit = true\n'
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    found = indexes_of_the_root(tmp_path)

    assert found == (
        'index = [{ "name" = "own", "url" = "https://index.example/simple", "explicit" = true }]\n'
        f'find-links = ["{tmp_path}/wheels"]\n'
    )
    assert b"tiny==1.0" in resolve(
        ["pip", "compile", "--quiet", "-"], where="w", hint="", stdin=b"tiny\n", settings=found
    )


@pytest.mark.parametrize(
    "line",
    [
        'index-url = "https://ada:hunter22@index.example/simple"',
        'extra-index-url = ["https://other.example/simple", "https://:hunter22@index.example/simple"]',
        'index = [{ name = "own", url = "https://ada:hunter22@index.example/simple" }]',
        'find-links = ["https://ada:hunter22@index.example/wheels"]',
    ],
)
def test_a_password_in_the_root_is_refused_and_not_shown(tmp_path: Path, line: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.uv]\n{line}\n", "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        indexes_of_the_root(tmp_path)
    assert "has a password for index.example, and this file is in the repository" in str(caught.value)
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize("form", ["pyproject.toml", "uv.toml"])
@pytest.mark.parametrize("table", ["", "pip"])
@pytest.mark.parametrize(
    "line",
    [
        'index-url = "http://ada@127.0.0.1:1/simple"',
        'extra-index-url = ["http://127.0.0.1:1"]',
        'find-links = ["http://127.0.0.1:1"]',
        "no-index = true",
        'index = [{ url = "http://127.0.0.1:1" }]',
    ],
)
def test_an_index_of_a_unit_is_refused_by_its_name(tmp_path: Path, form: str, table: str, line: str) -> None:
    head = ".".join(filter(None, ["tool.uv" if form == "pyproject.toml" else "", table]))
    (tmp_path / form).write_text(f"[{head}]\n{line}\n" if head else f"{line}\n", "utf-8")

    with pytest.raises(ConfigurationError) as caught:
        refuse_own_indexes(tmp_path, "projects/orders")
    assert caught.value.where == f"projects/orders/{form}"
    assert repr(line.partition(" ")[0]) in caught.value.what
    assert "at the root" in caught.value.hint


@pytest.mark.parametrize(
    ("dependency", "said"),
    [
        ("x @ http://127.0.0.1:1/${AWS_SECRET_ACCESS_KEY}/x-1.0-py3-none-any.whl", "has a variable"),
        ("x ; sys_platform == 'a\\n--index-url http://127.0.0.1:1\\n'", "more than one line"),
    ],
)
def test_a_requirement_that_uv_would_read_as_more_is_refused(tmp_path: Path, dependency: str, said: str) -> None:
    text = f'[project]\nname = "orders"\nversion = "0.1.0"\ndependencies = ["{dependency}"]\n'
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    written = tomllib.loads(text)["project"]["dependencies"]

    with pytest.raises(ConfigurationError, match=said):
        write_lock(tmp_path, python="3.11")
    with pytest.raises(ConfigurationError, match=said):
        plain_lines(written, "w")
    with pytest.raises(ConfigurationError, match="more than one line"):
        plain_lines(["--index-url http://127.0.0.1:1"], "w")


def test_versions_that_a_unit_does_not_want_are_not_locked(wheels: Path, tmp_path: Path) -> None:
    folder = tmp_path / "projects/orders"
    folder.mkdir(parents=True)
    kept = 'constraint-dependencies = ["tiny<1"]\nenvironments = ["sys_platform == \'linux\'"]\n'
    (folder / "pyproject.toml").write_text(f'[tool.uv]\n{kept}link-mode = "copy"\n', "utf-8")
    told = versions_of_a_unit(folder, "projects/orders")

    assert told == kept
    with pytest.raises(ToolError, match="tiny<1"):
        resolve(["pip", "compile", "--quiet", "--universal", "-"], where="w", hint="", stdin=b"tiny\n", settings=told)
