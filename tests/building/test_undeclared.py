"""A unit whose file has our table alone: name, version and dependencies come from its folder."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.building.tool_requirements import poetry_requirements
from multi_env_lambda.building.undeclared import declared
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.standard import is_undeclared
from multi_env_lambda.plan.scaffold import WORKSPACE_TABLE

TABLE = """[tool.multi_env_lambda]
shared = ["libs/money"]
[tool.multi_env_lambda.functions.a]
handler = "app.handler"
root = "make/"
"""
UNIT = "units/Make_Orders"


def found(root: Path, files: dict[str, str | bytes], table: str = TABLE, folder: str = UNIT) -> dict[str, object]:
    for name, body in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(body if isinstance(body, bytes) else body.encode())
    project = declared(root, folder, tomllib.loads(table))["project"]
    assert isinstance(project, dict)
    return project


def dependencies(root: Path, **files: str | bytes) -> object:
    names = {"own": f"{UNIT}/requirements.txt", "make": f"{UNIT}/make/requirements.txt", "base": f"{UNIT}/base.txt"}
    names |= {"top": "requirements.txt", "other": f"{UNIT}/other/requirements.txt"}
    return found(root, {names[key]: body for key, body in files.items()})["dependencies"]


@pytest.mark.parametrize(
    ("document", "undeclared"),
    [(TABLE, True), (f"[project]\n{TABLE}", False), ("[tool.other]\n", False), ("tool = 1\n", False), ("", False)],
)
def test_only_a_file_with_our_table_and_no_other_is_completed(document: str, undeclared: bool) -> None:
    assert is_undeclared(tomllib.loads(document)) == undeclared


def test_without_requirements_it_is_name_and_first_version(tmp_path: Path) -> None:
    assert found(tmp_path, {}) == {"name": "make-orders", "version": "0.1.0", "dependencies": []}


def test_requirements_are_those_of_the_folder_and_of_its_roots(tmp_path: Path) -> None:
    own = "# comment\nrequests\n--index-url https://x\n-r base.txt\n\nattrs >= 23 ; python_version > '3' \n"
    make = "requests\nboto3==1.40.1 --hash=sha256:00 \\\n    --hash=sha256:11\n"

    assert dependencies(tmp_path, own=own, make=make, base="six\n-r base.txt\n", other="flask", top="django") == [
        "requests",
        'attrs>=23; python_version > "3"',
        "six",
        "boto3==1.40.1",
    ]


def test_what_a_shared_folder_of_plain_code_lists_is_required_too(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"libs/money/requirements.txt": "attrs\n", "libs/money/money.py": ""}

    assert found(tmp_path, files)["dependencies"] == ["attrs"]
    assert found(tmp_path, {"libs/money/pyproject.toml": "[project]\n"})["dependencies"] == []


def test_a_file_of_powershell_is_read(tmp_path: Path) -> None:
    assert dependencies(tmp_path, own="requests\n".encode("utf-16")) == ["requests"]


@pytest.mark.parametrize(
    "line", ["../../libs/money", "-e ../../libs/money", "./libs/money/", "libs/money", ".", "-e .", "./make"]
)
def test_a_shared_folder_need_not_be_required(tmp_path: Path, line: str) -> None:
    (tmp_path / "libs" / "money").mkdir(parents=True)
    (tmp_path / UNIT / "make").mkdir(parents=True)
    assert dependencies(tmp_path, own=f"{line}\nrequests\n") == ["requests"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("../../libs/other", r"requirements.txt line 1: `../../libs/other` .*\n.*add `shared = \[\"libs/other\"\]`"),
        (
            "-e ../..",
            r"line 1: `-e ../..` is not a package of an index\n.*folder of the repository belongs in `shared`",
        ),
        ("git+https://x/y.git", "line 1: .* is not a package of an index"),
        ("a @ git+https://x/y.git", "line 1: `a` is required by an address"),
        ("./a-1.0-py3-none-any.whl", "line 1: .* is not a package"),
        ("-r missing.txt", r"includes units/Make_Orders/missing.txt, which is not there"),
    ],
)
def test_what_an_index_does_not_have_is_named_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "libs" / "other").mkdir(parents=True)
    (tmp_path / UNIT).mkdir(parents=True)
    with pytest.raises(ConfigurationError, match=said):
        dependencies(tmp_path, own=f"{line}\n")


def test_nothing_outside_of_the_repository_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret\n")
    root = tmp_path / "repository"
    files: dict[str, str | bytes] = {f"{UNIT}/requirements.txt": "-r ../../../secret.txt\n-r /etc/passwd\nrequests\n"}

    assert found(root, files, TABLE.replace("make/", "../../.."))["dependencies"] == ["requests"]


@pytest.mark.parametrize("folder", ["units/1st", "units/" + "x" * 41, "units/ä"])
def test_a_folder_whose_name_aws_would_not_take_is_told_the_way_out(tmp_path: Path, folder: str) -> None:
    with pytest.raises(ConfigurationError, match=r"\[project\] with a name"):
        declared(tmp_path, folder, tomllib.loads(TABLE))


def test_a_workspace_reads_such_a_unit_and_calls_what_is_wrong_with_one_broken(tmp_path: Path) -> None:
    table = '[tool.multi_env_lambda.functions.a]\nhandler = "app.handler"\n'
    files = {
        "pyproject.toml": f'[tool.multi_env_lambda]\nunits = "units"\n{WORKSPACE_TABLE}',
        "units/good/pyproject.toml": table,
        "units/good/requirements.txt": "requests\n",
        "units/bad/pyproject.toml": table,
        "units/bad/requirements.txt": "git+https://x/y.git\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    workspace = Workspace.open(tmp_path, local=False)

    (good,) = workspace.configs
    assert (good.name, good.version, good.dependencies, good.has_table) == ("good", "0.1.0", ("requests",), False)
    assert "requirements.txt line 1" in str(workspace.broken["bad"])


PIPFILE = """[packages]
a = "*"
"B.c" = ">=1, <2"
d = {version = "==1.0", extras = ["x"], markers = "sys_platform == 'linux'"}
e = {version = "*", python_version = "< '3.10'"}
own = {path = ".", editable = true}
[dev-packages]
pytest = "*"
"""
POETRY = """[tool.poetry]
name = "not-that-one"
package-mode = false
[tool.poetry.dependencies]
python = "^3.9"
Tiny_Lib = {version = "^1.0", extras = ["x"]}
rarely = {version = "^1.0", optional = true}
[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
"""
POETRY_LOCK = '[[package]]\nname = "tiny-lib"\nversion = "1.2"\n[[package]]\nname = "other"\nversion = "3"\n'


def test_without_requirements_a_pipfile_says_them(tmp_path: Path) -> None:
    assert found(tmp_path, {f"{UNIT}/Pipfile": PIPFILE})["dependencies"] == [
        "a",
        "B.c<2,>=1",
        'd[x]==1.0; sys_platform == "linux"',
        'e; python_version < "3.10"',
    ]
    assert dependencies(tmp_path, own="six\n") == ["six"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('a = {git = "https://x/y.git"}', "`a` is required by `git`"),
        ('a = {path = "../a"}', "`a` is required by `path`"),
        ('a = "?"', "`a\\?` is not a requirement"),
    ],
)
def test_what_a_pipfile_has_from_elsewhere_is_refused(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        found(tmp_path, {f"{UNIT}/Pipfile": f"[packages]\n{line}\n"})


def test_a_unit_that_is_not_built_has_the_locked_versions_of_what_poetry_lists(tmp_path: Path) -> None:
    table = TABLE.replace("shared", "build = false\nshared")
    files: dict[str, str | bytes] = {f"{UNIT}/poetry.lock": POETRY_LOCK}

    assert found(tmp_path, files, table + POETRY) == {
        "name": "make-orders",
        "version": "0.1.0",
        "dependencies": ["tiny-lib[x]==1.2"],
    }
    elsewhere = POETRY.replace("[build-system]", 'far = {git = "https://x"}\n[build-system]')
    with pytest.raises(ConfigurationError, match="`far` is required by `git`"):
        found(tmp_path, files, table + elsewhere)


@pytest.mark.parametrize(
    ("said", "requirement"),
    [
        ('"*"', "a"),
        ('"1.2"', "a==1.2"),
        ('"^1.2.3"', "a<2,>=1.2.3"),
        ('"^1"', "a<2,>=1"),
        ('"^0.2.3"', "a<0.3,>=0.2.3"),
        ('"^0.0.3"', "a<0.0.4,>=0.0.3"),
        ('"^0"', "a<1,>=0"),
        ('"^0.0"', "a<0.1,>=0.0"),
        ('"~1.2.3"', "a<1.3,>=1.2.3"),
        ('"~1.2"', "a<1.3,>=1.2"),
        ('"~1"', "a<2,>=1"),
        ('"~=1.2"', "a~=1.2"),
        ('">=1.2,<3"', "a<3,>=1.2"),
        ('">=1.2 <3"', "a<3,>=1.2"),
        ('">= 1.2"', "a>=1.2"),
        ('"1.2.*"', "a==1.2.*"),
        ('{version = "^2.1", extras = ["x"]}', "a[x]<3,>=2.1"),
    ],
)
def test_without_a_lock_the_ranges_of_poetry_count(said: str, requirement: str) -> None:
    table = tomllib.loads(f"[tool.poetry.dependencies]\npython = '^3.9'\na = {said}\n")
    assert list(poetry_requirements(table, None, "pyproject.toml")) == [requirement]


@pytest.mark.parametrize(
    "said", ['"^1 || ^2"', '[{version = "1", python = "<3.9"}]', '{version = "1", python = ">3"}', '"^x"', "1", '""']
)
def test_a_range_that_only_poetry_can_read_is_refused(said: str) -> None:
    table = tomllib.loads(f"[tool.poetry.dependencies]\na = {said}\n")
    with pytest.raises(ConfigurationError, match="`a` has a range that only Poetry can read"):
        list(poetry_requirements(table, None, "pyproject.toml"))


def test_a_unit_that_is_not_built_asks_no_backend_whatever_its_folder_has(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        f"{UNIT}/setup.py": "from setuptools import setup\nsetup(name='x')\n",
        f"{UNIT}/requirements.txt": "six\n",
    }

    assert "dynamic" in found(tmp_path, files)
    assert found(tmp_path, {}, TABLE.replace("shared", "build = false\nshared"))["dependencies"] == ["six"]
