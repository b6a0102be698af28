"""What only a build backend knows of its unit: asked once for the same files, shut in, and by what builds alone."""

from __future__ import annotations

import os
import subprocess
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from multi_env_lambda.api.opening import read
from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.building.asked import completed, metadata_of
from multi_env_lambda.building.backend import metadata_in
from multi_env_lambda.building.source import build_source, stage_source
from multi_env_lambda.errors import BuildError, ConfigurationError
from multi_env_lambda.model.project import Project, answered
from multi_env_lambda.model.settings import Function, Settings
from multi_env_lambda.plan.scaffold import WORKSPACE_TABLE

UNIT = "projects/orders"
TABLE = '[tool.multi_env_lambda]\n[tool.multi_env_lambda.functions.main]\nhandler = "orders.main.handler"\n'
OWN = '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'
POETRY = (
    '[tool.poetry]\nname = "Orders"\nversion = "0.1.0"\n[tool.poetry.dependencies]\npython = "^3.11"\nattrs = "^25"\n'
)
DYNAMIC = '[project]\nname = "orders"\ndynamic = ["version", "dependencies", "requires-python", "readme"]\n'
# A backend of the unit's own; what it says changes with the moment, so that an answer shows when it was given.
BACKEND = """
import io, os, tarfile, time, zipfile
METADATA = {metadata!r}.replace("@", str(time.time_ns()))
def build_wheel(out, settings=None, folder=None):
    version = METADATA.partition("\\nVersion: ")[2].partition("\\n")[0]
    with zipfile.ZipFile(out + "/orders-" + version + "-py3-none-any.whl", "w") as archive:
        info = "orders-" + version + ".dist-info/"
        archive.writestr("orders/main.py", "def handler(event, context): pass\\n")
        archive.writestr(info + "METADATA", METADATA)
        archive.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    return "orders.whl"
def build_sdist(out, settings=None):
    with tarfile.open(out + "/orders.tar.gz", "w:gz") as sdist:
        member = tarfile.TarInfo("orders/PKG-INFO")
        member.size = len(METADATA.encode())
        sdist.addfile(member, io.BytesIO(METADATA.encode()))
    return "orders.tar.gz"
"""
PREPARES = """
def prepare_metadata_for_build_wheel(out, settings=None):
    {}
"""
WRITES = (
    "os.mkdir(out + '/o.dist-info'); open(out + '/o.dist-info/METADATA', 'w').write(METADATA); return 'o.dist-info'"
)
SAYS = "Metadata-Version: 2.1\nName: Orders\nVersion: 0.1.0\nRequires-Python: >=3.11\nRequires-Dist: attrs (>=25,<26)\n"


def workspace(root: Path, table: str = POETRY + OWN, says: str = SAYS, more: str = "", **files: str) -> Project:
    (root / "pyproject.toml").write_text(WORKSPACE_TABLE)
    backend = BACKEND.format(metadata=says) + more
    made = {"pyproject.toml": table + TABLE, "own.py": backend, "orders/main.py": "", **files}
    for name, text in made.items():
        path = root / UNIT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return project(root)


def project(root: Path) -> Project:
    found = read(root)
    assert found.broken == ()
    return found.projects[0]


@pytest.mark.parametrize("more", ["", PREPARES.format(WRITES)])
@pytest.mark.parametrize("table", [POETRY, DYNAMIC])
def test_a_backend_says_version_dependencies_and_python(tmp_path: Path, table: str, more: str) -> None:
    says = f'{SAYS}Requires-Dist: six ; extra == "old"\nRequires-Dist: tomli ; python_version < "3.11"\n'
    unit = workspace(tmp_path, table + OWN, says, more)

    assert (unit.name, unit.version, unit.dependencies, unit.requires_python) == ("orders", "", (), None)
    asked = completed(tmp_path, unit)
    assert (asked.version, asked.requires_python) == ("0.1.0", ">=3.11")
    assert asked.dependencies == ("attrs<26,>=25", 'tomli; python_version < "3.11"')


def test_what_the_file_says_is_not_asked_for(tmp_path: Path) -> None:
    table = '[project]\nname = "orders"\nversion = "0.3.0"\ndependencies = ["six"]\ndynamic = ["requires-python"]\n'
    asked = completed(tmp_path, workspace(tmp_path, table + OWN))
    assert (asked.version, asked.dependencies, asked.requires_python) == ("0.3.0", ("six",), ">=3.11")


def test_a_unit_that_says_everything_is_not_built_for_it(tmp_path: Path) -> None:
    table = '[project]\nname = "orders"\nversion = "0.3.0"\ndynamic = ["readme", "scripts"]\n'
    unit = workspace(tmp_path, f'{table}[build-system]\nrequires = ["nowhere"]\nbuild-backend = "nowhere"\n')
    assert completed(tmp_path, unit) is unit


def test_the_same_files_are_asked_once_and_others_again(tmp_path: Path) -> None:
    unit = workspace(tmp_path, says=SAYS.replace("0.1.0", "0.1.@"))
    first = completed(tmp_path, unit).version
    assert completed(tmp_path, project(tmp_path)).version == first
    (tmp_path / UNIT / "orders" / "main.py").write_text("a = 1\n")
    assert completed(tmp_path, unit).version != first


def test_reading_a_workspace_runs_no_backend(tmp_path: Path) -> None:
    workspace(tmp_path, more="1 / 0\n")
    assert "orders" in Workspace.open(tmp_path, local=False)._repr_html_()
    with pytest.raises(BuildError, match="ZeroDivisionError"):
        completed(tmp_path, project(tmp_path))


def test_a_version_that_the_library_chose_is_written_over_that_of_the_backend(tmp_path: Path) -> None:
    unit = completed(tmp_path, workspace(tmp_path))
    with stage_source(tmp_path, unit) as staged:
        plain, post = (build_source(staged, version=name, cache=tmp_path / "c") for name in ("0.1.0", "0.1.0.post1"))

    assert plain.digest == post.digest and post.wheel.name == "orders-0.1.0.post1-py3-none-any.whl"
    with zipfile.ZipFile(post.wheel) as wheel, tarfile.open(post.sdist) as sdist:
        metadata = wheel.read("orders-0.1.0.post1.dist-info/METADATA")
        info = sdist.extractfile("orders-0.1.0.post1/PKG-INFO")
        assert info is not None and info.read() == metadata == SAYS.replace("0.1.0", "0.1.0.post1").encode()


@pytest.mark.parametrize(
    ("says", "said"),
    [
        (SAYS.replace("0.1.0", "0.1.1.dev3+g1a2b3c"), "a version without"),
        (SAYS.replace("0.1.0", "0.1.0.post3"), "a version without .post and .dev"),
        (SAYS.replace("Version: 0.1.0\n", ""), 'as its build backend says [project] version: found ""'),
        (SAYS.replace(">=3.11", ">=3.99"), "which excludes the runtime"),
        (SAYS.replace(">=3.11", "three"), "a version specifier"),
        (SAYS.replace("attrs (>=25,<26)", "=="), "'==', which is not a requirement"),
        (SAYS.replace("attrs (>=25,<26)", "x @ file:///etc/passwd"), "requires x by an address"),
    ],
)
def test_what_a_backend_may_not_say(says: str, said: str) -> None:
    unit = Project(
        name="orders",
        folder=UNIT,
        version="",
        dynamic=("dependencies", "requires-python", "version"),
        settings={"sandbox": Settings(functions=(Function(key="main", handler="orders.main.handler"),))},
    )
    with pytest.raises((BuildError, ConfigurationError)) as caught:
        answered(unit, metadata_of(says.encode(), UNIT), "p.toml: as its build backend says")
    assert said in str(caught.value) and caught.value.hint


def test_a_backend_may_not_give_another_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="calls it `bills`, and without a name in its file it is `orders`"):
        completed(tmp_path, workspace(tmp_path, says=SAYS.replace("Orders", "bills")))


@pytest.mark.parametrize(
    "left",
    [
        "",
        "os.mkdir(out + '/x'); open(out + '/x/METADATA', 'w').close(); os.symlink(out + '/x', out + '/o.dist-info')",
        "os.mkdir(out + '/o.dist-info'); os.symlink('/etc/hostname', out + '/o.dist-info/METADATA')",
        "os.mkdir(out + '/o.dist-info'); os.mkfifo(out + '/o.dist-info/METADATA')",
        "os.mkdir(out + '/o.dist-info'); open(out + '/o.dist-info/METADATA', 'w').write('a' * (2 << 20))",
        "os.mkdir(out + '/a.dist-info'); os.mkdir(out + '/b.dist-info')",
        "open(out + '/a-1.0-py3-none-any.whl', 'w').write('no zip')",
        "zipfile.ZipFile(out + '/a-1.0-py3-none-any.whl', 'w').close()",
    ],
)
def test_metadata_is_read_as_what_it_is(tmp_path: Path, left: str) -> None:
    (tmp_path / "out").mkdir()
    exec(left, {"os": os, "zipfile": zipfile, "out": str(tmp_path / "out")})
    with pytest.raises(BuildError) as caught:
        metadata_in(tmp_path / "out", UNIT, "own")
    assert caught.value.where == UNIT


def test_a_version_from_git_has_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    system = '[build-system]\nrequires = ["setuptools", "Setuptools_SCM>=8"]\nbuild-backend = "setuptools.build_meta"\n'
    with pytest.raises(BuildError) as caught:
        completed(tmp_path, workspace(tmp_path, DYNAMIC + system))
    assert "no Git, from which setuptools-scm takes the version: write `version` in [project]" in caught.value.hint


def test_without_a_backend_there_is_nobody_to_ask(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match="lacks `dependencies`, `requires-python`, `version`, and nothing builds"
    ):
        completed(tmp_path, workspace(tmp_path, DYNAMIC))
    with pytest.raises(ConfigurationError, match="lacks .* and uv_build takes them from there alone"):
        completed(tmp_path, workspace(tmp_path, DYNAMIC + OWN.replace('"own"', '"uv_build"')))


def test_a_key_is_dynamic_or_has_a_value(tmp_path: Path) -> None:
    table = '[project]\nname = "orders"\nversion = "1.0"\ndynamic = ["version"]\n'
    with pytest.raises(AssertionError, match="found `version`, which has a value, too"):
        workspace(tmp_path, table + OWN)


@pytest.mark.parametrize(
    ("table", "files", "name"),
    [
        (POETRY.replace("Orders", "Make_Orders") + OWN, {}, "make-orders"),
        (OWN, {}, "orders"),
        ("", {"setup.cfg": "[metadata]\nname = sales\n"}, "sales"),
        ("", {"setup.py": "from setuptools import setup\nsetup(name='sales', version=open('V').read())\n"}, "sales"),
        ("", {"setup.py": "from setuptools import setup\nsetup(name=open('N').read())\n"}, "orders"),
        ("[tool.poetry]\nname = 3\n" + OWN, {}, "orders"),
    ],
)
def test_a_name_is_known_without_asking(tmp_path: Path, table: str, files: dict[str, str], name: str) -> None:
    assert workspace(tmp_path, table, **files).name == name


def test_a_shared_folder_may_be_required_by_its_path(tmp_path: Path) -> None:
    body = f"{SAYS}Requires-Dist: Money @ file:///somewhere/money\n".encode()
    assert metadata_of(body, UNIT, {"orders", "money"})["dependencies"] == ["attrs<26,>=25"]


def test_what_a_backend_says_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    links = tmp_path / UNIT / "wheels"
    links.mkdir(parents=True)
    with zipfile.ZipFile(links / "attrs-25.1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("attrs-25.1.dist-info/METADATA", "Metadata-Version: 2.1\nName: attrs\nVersion: 25.1\n")
        wheel.writestr("attrs-25.1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("attrs-25.1.dist-info/RECORD", "")
    workspace(tmp_path)
    monkeypatch.setenv("UV_FIND_LINKS", str(links))
    monkeypatch.setenv("UV_NO_INDEX", "1")

    Workspace.open(tmp_path, local=False).lock("orders")

    lock = tomllib.loads((tmp_path / UNIT / "pylock.toml").read_text())
    assert [package["name"] for package in lock["packages"]] == ["attrs"]
    assert lock["tool"]["multi_env_lambda"]["made-from"] == ["attrs<26,>=25"]


REAL = {
    "poetry": (
        POETRY.replace("[tool.poetry]\n", '[tool.poetry]\ndescription = ""\nauthors = []\n')
        + '[build-system]\nrequires = ["poetry-core>=1,<3"]\nbuild-backend = "poetry.core.masonry.api"\n',
        {},
    ),
    "setup.py": (
        "",
        {
            "setup.py": "from setuptools import setup\n"
            "setup(name='orders', version=open('VERSION').read().strip(), packages=['orders'],\n"
            "      python_requires='>=3.11', install_requires=['attrs>=25,<26'])\n",
            "VERSION": "0.1.0\n",
        },
    ),
    "setuptools": (
        DYNAMIC.replace(', "requires-python", "readme"', "").replace("]\n", ']\nrequires-python = ">=3.11"\n', 1)
        + '[build-system]\nrequires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n'
        + '[tool.setuptools]\npackages = ["orders"]\n'
        + '[tool.setuptools.dynamic]\nversion = { attr = "orders.__version__" }\n'
        + 'dependencies = { file = ["requirements.in"] }\n',
        {"orders/__init__.py": '__version__ = "0.1.0"\n', "requirements.in": "attrs>=25,<26\n"},
    ),
}


@pytest.mark.network
@pytest.mark.long
@pytest.mark.parametrize("kind", list(REAL))
def test_real_backends_are_asked_and_build(tmp_path: Path, kind: str) -> None:
    table, files = REAL[kind]
    unit = workspace(tmp_path, table, **files)
    (tmp_path / UNIT / "own.py").unlink()

    asked = completed(tmp_path, unit)
    assert (asked.version, asked.dependencies) == ("0.1.0", ("attrs<26,>=25",))
    assert asked.requires_python is not None and "3.11" in asked.requires_python
    with stage_source(tmp_path, asked) as staged:
        built = build_source(staged, version="0.1.0.post1", cache=tmp_path / "c")
    assert "orders/main.py" in dict(built.files)
