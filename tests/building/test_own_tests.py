"""A unit's own tests, as a run of the CI runs them: with the locked dependencies, and with nothing of this user's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from multi_env_lambda.building.own_tests import own_tests
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.settings import Function, Settings

_UNIT = """[project]
name = "billing"
version = "0.1.0"
{more}
"""


def unit(root: Path, test: str, *, more: str = "", runtime: str = "") -> Project:
    folder = root / "projects" / "billing"
    (folder / "tests").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(_UNIT.format(more=more), "utf-8")
    (folder / "billing.py").write_text("TOTAL = 3\n", "utf-8")
    (folder / "tests" / "test_billing.py").write_text(test, "utf-8")
    tracked(root)
    own = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    return Project(name="billing", folder="projects/billing", version="0.1.0", runtime=runtime or own)


def tracked(root: Path) -> None:
    for words in (("init", "-q"), ("add", "-A")):
        subprocess.run(["git", *words], cwd=root, check=True)


def test_a_unit_without_tests_has_none_that_fail(tmp_path: Path) -> None:
    (tmp_path / "projects" / "billing").mkdir(parents=True)

    assert own_tests(tmp_path, Project(name="billing", folder="projects/billing", version="0.1.0")) == ""


def test_a_python_that_is_not_there_is_said(tmp_path: Path) -> None:
    found = own_tests(tmp_path, unit(tmp_path, "", runtime="python3.99"))

    assert found == "projects/billing: this machine has no Python 3.99, which billing runs on"


@pytest.mark.parametrize("group", ['"pytest"', '["pytest", {include-group = "other"}]', '["--index-url=x"]'])
def test_a_group_that_is_no_list_of_requirements_is_said(tmp_path: Path, group: str) -> None:
    found = own_tests(tmp_path, unit(tmp_path, "", more=f"[dependency-groups]\ntest = {group}"))

    assert "the group `test` is not a list of requirements" in found


@pytest.mark.network
def test_they_pass_beside_each_root_and_fail_and_say_so_in_the_end_of_their_own_words(tmp_path: Path) -> None:
    good = "from billing import TOTAL\n\n\ndef test_total():\n    assert TOTAL == 3\n"

    made = unit(tmp_path / "good", good)
    roots = ("mail", "send")
    for root in roots:
        (tmp_path / "good" / made.folder / root / "tests").mkdir(parents=True)
        (tmp_path / "good" / made.folder / root / "app.py").write_text(f"NAME = {root!r}\n", "utf-8")
        test = f"import app, billing\n\n\ndef test_its_own():\n    assert app.NAME == {root!r}\n"
        (tmp_path / "good" / made.folder / root / "tests" / "test_app.py").write_text(test, "utf-8")
    tracked(tmp_path / "good")
    functions = tuple(Function(key=root, handler="app.handler", root=root) for root in roots)
    made = attrs.evolve(made, settings={"sandbox": Settings(functions=functions)})

    assert own_tests(tmp_path / "good", made) == ""
    assert "1 failed" in own_tests(tmp_path / "bad", unit(tmp_path / "bad", good.replace("== 3", "== 4")))


@pytest.mark.network
def test_they_have_what_the_lock_says_and_nothing_of_this_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    text = (
        "import importlib.metadata, os, pathlib, socket\nimport pytest\n\n\ndef test_alone():\n"
        "    assert importlib.metadata.version('iniconfig') == '2.0.0'\n"
        "    assert 'canary' not in str(os.environ)\n"
        f"    with pytest.raises(OSError):\n        pathlib.Path({str(tmp_path / 'mine')!r}).read_text()\n"
        "    with pytest.raises(OSError):\n        socket.socket().connect(('127.0.0.1', 1))\n"
        "    with pytest.raises(OSError):\n        pathlib.Path('left').write_text('x')\n"
    )
    (tmp_path / "mine").write_text("mine", "utf-8")
    made = unit(tmp_path / "workspace", text)
    lock = (
        "iniconfig==2.0.0 --hash=sha256:b6a85871a79d2e3b22d2d1b94ac2824226a63c6b741c88f7ae975f18b6778374 "
        "--hash=sha256:2d91e135bf72d31a410b17c16da610a82cb55f6b0477d1a902134b24a455b8b3\n"
    )
    (tmp_path / "workspace" / "projects" / "billing" / "requirements.txt").write_text(lock, "utf-8")

    assert own_tests(tmp_path / "workspace", made) == ""


@pytest.mark.network
def test_of_a_checkout_they_see_what_git_tracks_and_none_of_its_tokens(tmp_path: Path) -> None:
    text = (
        "import pathlib\nimport pytest\n\n\nROOT = pathlib.Path(__file__).parents[3]\n\n\n"
        "@pytest.mark.parametrize('name', ['.git/config', '.env', 'token.json', 'projects/billing/left', 'link'])\n"
        "def test_token(name):\n    with pytest.raises(PermissionError):\n        (ROOT / name).read_text()\n\n\n"
        "def test_others():\n    assert (ROOT / 'shared' / 'a.txt').read_text() == 'a'\n"
        "    assert (ROOT / 'inner').read_text() == 'a'\n"
    )
    made = unit(tmp_path, text)
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "a.txt").write_text("a", "utf-8")
    (tmp_path / "inner").symlink_to("shared/a.txt")
    (tmp_path / "link").symlink_to(".git/config")
    tracked(tmp_path)
    for name in (".env", "token.json", "projects/billing/left"):
        (tmp_path / name).write_text("canary", "utf-8")

    assert own_tests(tmp_path, made) == ""
