"""A unit's first lock keeps the versions that another tool has written down."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import attrs
import pytest

from multi_env_lambda.api.setup import lock_one
from multi_env_lambda.building.lock import read_lock, write_lock
from multi_env_lambda.building.taken_over import TakenOver, taken_over
from multi_env_lambda.errors import ConfigurationError, ToolError
from multi_env_lambda.model.project import Project

POETRY = """
[[package]]
name = "Requests"
version = "2.31.0"
groups = ["main"]

[[package]]
name = "pytest"
version = "8.0.0"
groups = ["dev"]

[[package]]
name = "old"
version = "1.0"
category = "dev"

[[package]]
name = "ours"
version = "1.0"
[package.source]
type = "directory"
url = "../ours"
"""
PIPFILE = {
    "default": {
        "requests": {"version": "==2.31.0", "hashes": ["sha256:aa"], "markers": "python_version >= '3.7'"},
        "from-git": {"git": "https://example.org/x.git", "ref": "main"},
    },
    "develop": {"pytest": {"version": "==8.0.0"}},
}
WORKSPACE = """
version = 1

[[package]]
name = "app"
version = "0.1.0"
source = { editable = "projects/app" }

[[package]]
name = "requests"
version = "2.31.0"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "numpy"
version = "1.26.4"
source = { registry = "https://pypi.org/simple" }
resolution-markers = ["python_full_version < '3.12'"]

[[package]]
name = "numpy"
version = "2.2.0"
source = { registry = "https://pypi.org/simple" }
resolution-markers = ["python_full_version >= '3.12'", "sys_platform == 'win32'"]
"""


def found(tmp_path: Path, name: str, text: str | bytes) -> TakenOver | None:
    folder = tmp_path / "projects/app"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return taken_over(folder, tmp_path, "projects/app")


@pytest.mark.parametrize(
    ("name", "text", "constraints", "names"),
    [
        ("poetry.lock", POETRY, ("requests==2.31.0",), {"requests"}),
        ("Pipfile.lock", json.dumps(PIPFILE), ("requests==2.31.0",), {"requests"}),
        (
            "requirements.txt",
            "--index-url https://example.org\nRequests[socks]==2.31.0  # why\nflask\n-e ./x\nidna>=3; os_name=='nt'\n"
            "a @ https://example.org/a.whl\n./packages/dinosaur\nsix \\\n  ==1.17.0\n",
            ('idna>=3; os_name == "nt"', "requests==2.31.0", "six==1.17.0"),
            {"requests", "flask", "idna", "six"},
        ),
        ("requirements.txt", "six==1.17.0\n".encode("utf-16"), ("six==1.17.0",), {"six"}),
        ("requirements.txt", b"\xef\xbb\xbfsix==1.17.0\r\n", ("six==1.17.0",), {"six"}),
        ("requirements.txt", "six==1.16.0\nsix==1.17.0\n", (), {"six"}),
        ("requirements.txt", "", (), set()),
        (
            "../../uv.lock",
            WORKSPACE,
            (
                'numpy==1.26.4; python_full_version < "3.12"',
                'numpy==2.2.0; python_full_version >= "3.12" or sys_platform == "win32"',
                "requests==2.31.0",
            ),
            {"numpy", "requests"},
        ),
    ],
)
def test_versions_are_read_and_what_has_none_is_named(
    tmp_path: Path, name: str, text: str, constraints: tuple[str, ...], names: set[str]
) -> None:
    there = found(tmp_path, name, text)

    assert there is not None
    assert (there.file, set(there.constraints), set(there.names)) == (name, set(constraints), names)


def test_a_list_may_include_others_of_its_folder_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "secrets.txt").write_text("hunter2==1\n", encoding="utf-8")
    (tmp_path / "projects/app").mkdir(parents=True)
    (tmp_path / "projects/app/base.txt").write_text("-r requirements.txt\nsix==1.17.0\n", encoding="utf-8")

    there = found(tmp_path, "requirements.txt", "-r base.txt\n-r ../../secrets.txt\nidna==3.6\n")
    assert there is not None and there.constraints == ("idna==3.6", "six==1.17.0")


def test_a_lock_of_a_workspace_in_which_the_unit_is_no_member_says_nothing(tmp_path: Path) -> None:
    there = found(tmp_path, "../../uv.lock", WORKSPACE.replace("projects/app", "projects/other"))

    assert there is not None and there.constraints == () and there.names == frozenset()


def test_above_the_repository_nothing_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "repository/projects/app"
    folder.mkdir(parents=True)
    (tmp_path / "uv.lock").write_text(WORKSPACE, encoding="utf-8")

    assert taken_over(folder, tmp_path / "repository", "projects/app") is None


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("Pipfile.lock", "{", "is no JSON"),
        ("Pipfile.lock", "[" * 100_000, "is no JSON"),
        ("poetry.lock", "=", "TOML"),
        ("requirements.txt", b"\xff\xfe\x00", "is neither UTF-8 nor UTF-16"),
        ("requirements.txt", "-r missing.txt\n", r"includes missing\.txt, which is not there"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        found(tmp_path, name, text)

    assert caught.value.where == f"projects/app/{name}"


@pytest.mark.parametrize("text", ['{"default": []}', '{"default": {"a": []}}', "[]", "7"])
def test_a_pipfile_of_another_shape_says_nothing(tmp_path: Path, text: str) -> None:
    there = found(tmp_path, "Pipfile.lock", text)

    assert there is not None and there.constraints == ()


def two_versions(folder: Path) -> str:
    """A project that takes `tiny` from a folder that has 1.0 and 2.0; gives what says so to uv."""
    wheels = folder / "wheels"
    wheels.mkdir()
    for version in ("1.0", "2.0"):
        with zipfile.ZipFile(wheels / f"tiny-{version}-py3-none-any.whl", "w") as archive:
            text = f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n"
            archive.writestr(f"tiny-{version}.dist-info/METADATA", text)
            archive.writestr(f"tiny-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            archive.writestr(f"tiny-{version}.dist-info/RECORD", "")
    (folder / "pyproject.toml").write_text('[project]\nname = "app"\nversion = "1"\ndependencies = ["tiny"]\n')
    return f'no-index = true\nfind-links = ["{wheels.as_posix()}"]\n'


def locked(folder: Path) -> list[str]:
    lock = read_lock(folder, where="projects/app")
    assert lock is not None
    return [f"{package.name} {package.version}" for package in lock.packages]


def test_the_first_lock_has_its_versions_and_the_next_ones_those_of_the_lock(tmp_path: Path) -> None:
    indexes = two_versions(tmp_path)
    (tmp_path / "requirements.txt").write_text("tiny==1.0\n", encoding="utf-8")
    keep = taken_over(tmp_path, tmp_path, "projects/app")

    write_lock(tmp_path, python="3.13", indexes=indexes, keep=keep)
    assert locked(tmp_path) == ["tiny 1.0"]
    (tmp_path / "requirements.txt").write_text("tiny==2.0\n", encoding="utf-8")
    write_lock(tmp_path, python="3.13", indexes=indexes, keep=taken_over(tmp_path, tmp_path, "projects/app"))
    assert locked(tmp_path) == ["tiny 1.0"]
    write_lock(tmp_path, python="3.13", indexes=indexes, keep=keep, upgrade=True)
    assert locked(tmp_path) == ["tiny 2.0"]
    (tmp_path / "pylock.toml").unlink()
    write_lock(tmp_path, python="3.13", indexes=indexes, keep=keep, upgrade=True)
    assert locked(tmp_path) == ["tiny 2.0"], "nor when it is the first one"


def test_a_version_that_the_project_does_not_allow_names_the_file(tmp_path: Path) -> None:
    indexes = two_versions(tmp_path)
    (tmp_path / "requirements.txt").write_text("tiny==3.0\n", encoding="utf-8")

    with pytest.raises(ToolError) as caught:
        write_lock(tmp_path, python="3.13", indexes=indexes, keep=taken_over(tmp_path, tmp_path, "projects/app"))
    assert "its versions are those of requirements.txt: correct them there" in caught.value.hint


def test_a_list_with_hashes_is_a_lock_whose_place_nothing_takes(tmp_path: Path) -> None:
    indexes = two_versions(tmp_path)
    (tmp_path / "requirements.txt").write_text(f"tiny==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"would replace requirements\.txt, which locks this project now"):
        write_lock(tmp_path, python="3.13", indexes=indexes, keep=taken_over(tmp_path, tmp_path, "projects/app"))


def test_the_verb_says_what_it_has_kept_and_what_nothing_asks_for(tmp_path: Path) -> None:
    folder = tmp_path / "projects/app"
    folder.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(f"[tool.uv]\n{two_versions(folder)}", encoding="utf-8")
    (folder / "requirements.txt").write_text("tiny==1.0\nother==1\nApp==1\n", encoding="utf-8")
    project = Project(name="app", folder="projects/app", version="1", dependencies=("tiny",))
    said: list[str] = []

    lock_one(tmp_path, project, upgrade=False, said=said.append)
    lock_one(tmp_path, attrs.evolve(project, dependencies=()), upgrade=True, said=said.append)

    assert said == [
        "app: locked in projects/app/pylock.toml",
        "app: 1 version is that of requirements.txt; from now on, pylock.toml is what counts",
        "app: requirements.txt also has other: add what your code imports to [project].dependencies, then lock again",
        "app: has no dependencies, nothing to lock",
    ]
