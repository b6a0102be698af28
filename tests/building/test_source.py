"""A unit's wheel and sdist: reproducible, merged with its shared folders, kept by key."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest

from multi_env_lambda.building.distribution import File, Wheel, content_digest_of
from multi_env_lambda.building.shared import check_required, is_package, own_names, shared_dependencies
from multi_env_lambda.building.source import BuiltSource, build_source, stage_source
from multi_env_lambda.errors import BuildError
from multi_env_lambda.model.artifact import SourceArtifact
from multi_env_lambda.model.project import Project

UV_BUILD = """
[build-system]
requires = ["uv_build>=0.9,<1"]
build-backend = "uv_build"
[tool.uv.build-backend]
module-root = ""
"""
ORDERS = '[project]\nname = "orders"\nversion = "0.1.1"\n'
MONEY = '[project]\nname = "money"\nversion = "1.0"\ndependencies = ["attrs>=23", "orders", "Dates_Lib"]\n'
DATES = '[project]\nname = "dates-lib"\nversion = "1.0"\ndependencies = ["attrs>=23", "tzdata"]\n'
PROJECT = Project(name="orders", folder="projects/orders", version="0.1.1")
WITH_MONEY = attrs.evolve(PROJECT, shared=("libs/money",))
MONEY_FILES = {
    "libs/money/pyproject.toml": MONEY + UV_BUILD,
    "libs/money/money/__init__.py": "def cents(amount):\n    return amount * 100\n",
}


def repository(root: Path, files: Mapping[str, str] | None = None) -> Path:
    every = {
        "projects/orders/pyproject.toml": ORDERS + UV_BUILD,
        "projects/orders/orders/__init__.py": "",
        "projects/orders/orders/create.py": "def handler(event, context):\n    return event\n",
        **(files or {}),
    }
    for name, text in every.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


def build(root: Path, project: Project = PROJECT, *, version: str = "0.1.1") -> BuiltSource:
    with stage_source(root, project) as staged:
        return build_source(staged, version=version, cache=root.parent / f"cache-{root.name}")


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@contextmanager
def umask(value: int) -> Iterator[None]:
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


def test_the_files_have_the_names_of_the_bucket_layout(tmp_path: Path) -> None:
    built = build(repository(tmp_path / "r"))
    artifact = SourceArtifact(project="orders", version="0.1.1", digest="", wheel_sha256="")
    assert built.wheel.name == artifact.wheel_key.rpartition("/")[2]
    assert built.sdist.name == artifact.sdist_key.rpartition("/")[2]


def test_the_handler_lies_at_the_top_of_the_wheel(tmp_path: Path) -> None:
    built = build(repository(tmp_path / "r"))
    assert members(built.wheel)["orders/create.py"].startswith(b"def handler")
    assert [path for path, _ in built.files] == ["orders/__init__.py", "orders/create.py"]


def test_what_is_said_of_the_two_files_is_true(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    for built in (build(root), build(root)):
        wheel, sdist = built.wheel.read_bytes(), built.sdist.read_bytes()
        assert (built.wheel_sha256, built.wheel_size) == (hashlib.sha256(wheel).hexdigest(), len(wheel))
        assert (built.sdist_sha256, built.sdist_size) == (hashlib.sha256(sdist).hexdigest(), len(sdist))
        assert content_digest_of(wheel, "0.1.1", "0.1.1") == built.digest


def test_no_network_is_needed_for_the_backend_of_uv(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    before = dict(os.environ)
    os.environ.update(UV_OFFLINE="1", UV_CACHE_DIR=str(tmp_path / "empty"))
    try:
        assert build(root).wheel.is_file()
    finally:
        os.environ.clear()
        os.environ.update(before)


def test_two_folders_and_two_umasks_give_the_same_bytes(tmp_path: Path) -> None:
    with umask(0o022):
        one = build(repository(tmp_path / "one", MONEY_FILES), WITH_MONEY)
    with umask(0o077):
        root = repository(tmp_path / "deeper" / "two", MONEY_FILES)
        os.utime(root / "projects/orders/orders/create.py", (1, 1))
        two = build(root, WITH_MONEY)
    assert one.wheel.read_bytes() == two.wheel.read_bytes()
    assert one.sdist.read_bytes() == two.sdist.read_bytes()


def test_the_environment_of_the_user_does_not_reach_the_bytes(tmp_path: Path) -> None:
    one = build(repository(tmp_path / "one"))
    before = dict(os.environ)
    os.environ.update(SOURCE_DATE_EPOCH="1700000000", VIRTUAL_ENV="/nowhere", PYTHONPATH="/nowhere", UV_PYTHON="2.7")
    try:
        two = build(repository(tmp_path / "two"))
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert (one.wheel_sha256, one.sdist_sha256) == (two.wheel_sha256, two.sdist_sha256)


def test_a_post_release_is_in_the_metadata_and_in_the_sdist(tmp_path: Path) -> None:
    built = build(repository(tmp_path / "r"), version="0.1.1.post2")
    assert b"\nVersion: 0.1.1.post2\n" in members(built.wheel)["orders-0.1.1.post2.dist-info/METADATA"]
    with tarfile.open(built.sdist) as archive:
        pyproject = archive.extractfile("orders-0.1.1.post2/pyproject.toml")
        assert pyproject is not None and b'version = "0.1.1.post2"' in pyproject.read()


def test_the_work_tree_is_not_touched(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    before = sorted((str(path), path.read_bytes()) for path in (root / "projects").rglob("*") if path.is_file())
    build(root, version="0.1.1.post2")
    assert before == sorted((str(p), p.read_bytes()) for p in (root / "projects").rglob("*") if p.is_file())


def test_the_digest_is_of_the_content_and_not_of_the_post_release(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    one, two = build(root), build(root, version="0.1.1.post1")
    assert one.digest == two.digest
    assert one.wheel_sha256 != two.wheel_sha256


def test_another_base_version_is_another_digest(tmp_path: Path) -> None:
    one = build(repository(tmp_path / "one"))
    root = repository(tmp_path / "two", {"projects/orders/pyproject.toml": ORDERS.replace("0.1.1", "0.1.2") + UV_BUILD})
    assert build(root, attrs.evolve(PROJECT, version="0.1.2"), version="0.1.2").digest != one.digest


def test_one_changed_line_is_another_digest(tmp_path: Path) -> None:
    one = build(repository(tmp_path / "one"))
    two = build(
        repository(tmp_path / "two", {"projects/orders/orders/create.py": "def handler(e, c):\n    return 1\n"})
    )
    assert one.digest != two.digest


def test_a_test_that_is_not_in_the_wheel_leaves_the_digest(tmp_path: Path) -> None:
    one = build(repository(tmp_path / "one"))
    two = build(repository(tmp_path / "two", {"projects/orders/tests/test_create.py": "x = 1\n"}))
    assert one.digest == two.digest


def test_no_backend_runs_twice_for_the_same_bytes(tmp_path: Path) -> None:
    # One that ran again would give other bytes; it cannot leave a mark anywhere.
    backend = READS_BESIDE.replace('pathlib.Path("../../libs/plain/plain.py").read_text()', "repr(os.urandom(8))")
    backend = backend.replace("import pathlib", "import os, pathlib")
    assert "urandom" in backend
    files = {"projects/orders/own.py": backend, "projects/orders/pyproject.toml": ORDERS + OWN_BACKEND}
    root = repository(tmp_path / "r", files)
    one = build(root)
    (root / "projects/orders/pyproject.toml").touch()
    assert build(root) == one


def test_versions_of_one_content_lie_in_one_folder(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    places = {build(root, version=version).wheel.parent.parent for version in ("0.1.1", "0.1.1.post1")}
    assert len(places) == 1


def test_all_versions_of_a_staged_unit_are_of_the_same_bytes_whatever_is_edited_meanwhile(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    with stage_source(root, PROJECT) as staged:
        one = build_source(staged, version="0.1.1", cache=tmp_path / "cache")
        (root / "projects/orders/orders/create.py").write_text("handler = print\n")
        two = build_source(staged, version="0.1.1.post1", cache=tmp_path / "cache")
    assert one.files == two.files


@pytest.mark.parametrize("change", ["content", "mode", "name", "an empty file"])
def test_every_byte_that_is_staged_is_part_of_the_key(tmp_path: Path, change: str) -> None:
    root = repository(tmp_path / "r")
    file = root / "projects/orders/orders/create.py"
    with stage_source(root, PROJECT) as staged:
        before = staged.key
    match change:
        case "content":
            file.write_text("handler = print\n")
        case "mode":
            file.chmod(0o755)
        case "name":
            file.rename(file.with_name("other.py"))
        case _:
            (file.parent / "py.typed").touch()
    with stage_source(root, PROJECT) as staged:
        assert staged.key != before


def test_time_and_place_are_no_part_of_the_key(tmp_path: Path) -> None:
    keys = []
    for name in ("one", "two"):
        root = repository(tmp_path / name)
        os.utime(root / "projects/orders/orders/create.py", (len(keys), len(keys)))
        with stage_source(root, PROJECT) as staged:
            keys.append(staged.key)
    assert keys[0] == keys[1]


def test_a_damaged_cache_is_built_again(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    one = build(root)
    one.wheel.write_bytes(one.wheel.read_bytes()[:100])
    assert build(root) == one
    assert zipfile.ZipFile(one.wheel).testzip() is None


def test_a_cache_that_was_cut_short_is_built_again(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    one = build(root)
    (one.wheel.parent / "built.json").write_text(json.dumps({"wheel": "x"}))
    assert build(root) == one


def test_many_builders_of_one_key_end_with_one_result(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    found: list[BuiltSource] = []
    threads = [threading.Thread(target=lambda: found.append(build(root))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len(set(found)) == 1
    assert [path.name for path in found[0].wheel.parent.parent.iterdir()] == [found[0].wheel.parent.name]


def test_a_shared_package_is_part_of_the_wheel(tmp_path: Path) -> None:
    built = build(repository(tmp_path / "r", MONEY_FILES), WITH_MONEY)
    inside = members(built.wheel)
    assert b"def cents" in inside["money/__init__.py"]
    assert b"money/__init__.py,sha256=" in inside["orders-0.1.1.dist-info/RECORD"]
    assert not any(name.startswith("money-") for name in inside)


def test_a_shared_package_is_no_longer_required_from_an_index(tmp_path: Path) -> None:
    pyproject = ORDERS + 'dependencies = ["money>=1", "attrs"]\n' + UV_BUILD
    built = build(repository(tmp_path / "r", {**MONEY_FILES, "projects/orders/pyproject.toml": pyproject}), WITH_MONEY)
    metadata = members(built.wheel)["orders-0.1.1.dist-info/METADATA"].decode()
    assert "Requires-Dist: attrs" in metadata
    assert "money" not in metadata


def test_a_file_in_two_packages_is_refused_with_both_names(tmp_path: Path) -> None:
    root = repository(
        tmp_path / "r", {**MONEY_FILES, "libs/money/pyproject.toml": MONEY + UV_BUILD + 'module-name = "orders"\n'}
    )
    (root / "libs/money/money").rename(root / "libs/money/orders")
    with pytest.raises(BuildError, match=r"projects/orders and libs/money both put orders/__init__\.py"):
        build(root, WITH_MONEY)


READS_BESIDE = """
import pathlib, tarfile, zipfile

def build_wheel(out, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(pathlib.Path(out) / "orders-0.1.1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("plain.py", pathlib.Path("../../libs/plain/plain.py").read_text())
        wheel.writestr("orders-0.1.1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: orders\\nVersion: 0.1.1\\n")
        wheel.writestr("orders-0.1.1.dist-info/WHEEL", "Root-Is-Purelib: true\\nTag: py3-none-any\\n")
    return "orders-0.1.1-py3-none-any.whl"

def build_sdist(out, config_settings=None):
    with tarfile.open(pathlib.Path(out) / "orders-0.1.1.tar.gz", "w:gz") as sdist:
        sdist.add("pyproject.toml", "orders-0.1.1/pyproject.toml")
    return "orders-0.1.1.tar.gz"
"""


OWN_BACKEND = '[build-system]\nrequires = []\nbuild-backend = "own"\nbackend-path = ["."]\n'


def test_a_shared_folder_without_a_package_is_staged_beside(tmp_path: Path) -> None:
    files = {
        "projects/orders/own.py": READS_BESIDE,
        "projects/orders/pyproject.toml": ORDERS + OWN_BACKEND,
        "libs/plain/plain.py": "a = 1\n",
    }
    built = build(repository(tmp_path / "r", files), attrs.evolve(PROJECT, shared=("libs/plain",)))
    assert members(built.wheel)["plain.py"] == b"a = 1\n"


def test_what_shared_folders_need_is_listed_without_the_workspace_s_own(tmp_path: Path) -> None:
    files = {**MONEY_FILES, "libs/dates/pyproject.toml": DATES, "libs/plain/x.py": ""}
    root = repository(tmp_path / "r", files)
    project = attrs.evolve(PROJECT, shared=("libs/money", "libs/dates", "libs/plain"))
    assert shared_dependencies(root, project) == ("attrs>=23", "tzdata")
    assert own_names(root, project) == {"orders", "money", "dates-lib"}


def test_a_shared_folder_of_poetry_1_is_a_package(tmp_path: Path) -> None:
    system = '[build-system]\nrequires = []\nbuild-backend = "x"\n'
    root = repository(tmp_path / "r", {"libs/money/pyproject.toml": f'[tool.poetry]\nname = "My_Money"\n{system}'})
    assert is_package(root, "libs/money") and own_names(root, WITH_MONEY) == {"orders", "my-money"}


def test_dynamic_dependencies_of_a_shared_folder_are_known_from_its_wheel(tmp_path: Path) -> None:
    files = {"libs/money/pyproject.toml": '[project]\nname = "money"\ndynamic = ["dependencies"]\n'}
    root = repository(tmp_path / "r", files)
    assert shared_dependencies(root, WITH_MONEY) == ()
    body = b"Metadata-Version: 2.1\nName: money\nRequires-Dist: attrs>=23\n"
    wheel = Wheel(name="money", version="1.0", files=(), info=(File(path="METADATA", body=body),))
    with pytest.raises(BuildError, match="libs/money requires attrs>=23, which the unit does not"):
        check_required(root, WITH_MONEY, [("libs/money", wheel)])
    check_required(root, attrs.evolve(WITH_MONEY, dependencies=("attrs",)), [("libs/money", wheel)])


def test_the_reason_of_the_backend_is_shown(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    (root / "projects/orders/orders/__init__.py").unlink()
    with pytest.raises(BuildError, match=r"(?s)projects/orders: .*__init__\.py"):
        build(root)


def test_a_name_in_pyproject_that_is_not_the_unit_s_is_refused(tmp_path: Path) -> None:
    root = repository(tmp_path / "r")
    with pytest.raises(BuildError, match="'orders', but 'bills' was to be built"):
        build(root, attrs.evolve(PROJECT, name="bills"))


@pytest.mark.parametrize("version", ["../../x", "01.1", "1.0-1", ""])
def test_a_version_that_is_not_in_normal_form_is_refused(tmp_path: Path, version: str) -> None:
    root = repository(tmp_path / "r")
    with pytest.raises(BuildError, match="not in normal form"):
        build(root, version=version)


def test_nothing_is_left_after_a_failure(tmp_path: Path) -> None:
    root = repository(tmp_path / "r", {"projects/orders/pyproject.toml": ORDERS})
    with pytest.raises(BuildError):
        build(root, attrs.evolve(PROJECT, shared=("libs/missing",)))
    assert not [path for path in (tmp_path / "cache-r").rglob("*") if path.is_file() or path.name.startswith(".new")]


BACKENDS = {
    "hatchling": 'requires = ["hatchling"]\nbuild-backend = "hatchling.build"\n',
    "flit_core": 'requires = ["flit_core>=3.9"]\nbuild-backend = "flit_core.buildapi"\n',
    "setuptools": 'requires = ["setuptools>=77"]\nbuild-backend = "setuptools.build_meta"\n',
}


@pytest.mark.network
@pytest.mark.parametrize("backend", sorted(BACKENDS))
def test_every_backend_gives_the_same_bytes_twice(tmp_path: Path, backend: str) -> None:
    system = f"description = 'Orders'\n[build-system]\n{BACKENDS[backend]}[tool.setuptools]\npackages = ['orders']\n"
    files = {"projects/orders/pyproject.toml": ORDERS + system}
    with umask(0o022):
        one = build(repository(tmp_path / "one", files))
    with umask(0o077):
        two = build(repository(tmp_path / "two", files))
        later = build(tmp_path / "two", version="0.1.1.post1")
    assert (one.wheel_sha256, one.sdist_sha256) == (two.wheel_sha256, two.sdist_sha256)
    assert one.digest == later.digest


def test_what_runs_must_have_been_through_its_filter_and_what_lies_beside_need_not(tmp_path: Path) -> None:
    beside = {"projects/orders/.gitattributes": "*.ipynb filter=clean\n", "projects/orders/look.ipynb": "{}"}
    assert build(repository(tmp_path / "beside", beside)).wheel.is_file()
    inside = {**beside, "projects/orders/orders/look.ipynb": "{1: 2}"}
    with pytest.raises(BuildError, match=r"orders/orders/look\.ipynb needs Git's filter 'clean'"):
        build(repository(tmp_path / "inside", inside))


@pytest.mark.parametrize("path", ["orders/.npmrc", "notes/keys.txt"])
def test_a_secret_is_published_neither_in_the_wheel_nor_in_the_sdist(tmp_path: Path, path: str) -> None:
    include = '[tool.uv.build-backend]\nsource-include = ["notes/**"]\n'
    settings = (ORDERS + UV_BUILD).replace("[tool.uv.build-backend]\n", include)
    token = "ghp_" + "a1B2" * 9
    files = {"projects/orders/pyproject.toml": settings, f"projects/orders/{path}": f"token = {token}\n"}
    root = repository(tmp_path / "r", files)

    with pytest.raises(BuildError, match=f"secrets would be published: projects/orders/{path} ") as caught:
        build(root)

    assert token not in str(caught.value)
    assert build(root, attrs.evolve(PROJECT, not_secret=((f"projects/orders/{path}", "revoked"),))).sdist.is_file()


@pytest.mark.parametrize("name", ["orders/create.py", "orders/new.py"])
def test_what_is_built_are_the_bytes_that_the_key_is_over(tmp_path: Path, name: str) -> None:
    with stage_source(repository(tmp_path / "r"), PROJECT) as staged:
        with (staged.tree / PROJECT.folder / name).open("a") as file:
            file.write("# a line of somebody else")

        with pytest.raises(BuildError, match="have changed since they were read"):
            build_source(staged, version="0.1.1", cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.whl"))


SETUP_PY = "from setuptools import setup\n\nsetup(name='Dino_Saur', version='1', packages=['dinosaur'], {more})\n"


def with_dinosaur(folder: Path, more: str = "") -> Path:
    files = {"libs/dino/setup.py": SETUP_PY.format(more=more), "libs/dino/dinosaur/__init__.py": "roar = 1\n"}
    return repository(folder, files)


@pytest.mark.network
def test_a_shared_folder_with_a_setup_py_alone_is_part_of_the_wheel(tmp_path: Path) -> None:
    project = attrs.evolve(PROJECT, shared=("libs/dino",))
    built = build(with_dinosaur(tmp_path / "r", "extras_require={'x': ['numpy']}"), project)

    assert members(built.wheel)["dinosaur/__init__.py"] == b"roar = 1\n"


@pytest.mark.network
def test_what_a_setup_py_asks_for_the_unit_asks_for_as_well(tmp_path: Path) -> None:
    root = with_dinosaur(tmp_path / "r", "install_requires=['attrs>=23', 'orders', 'tzdata']")
    project = attrs.evolve(PROJECT, shared=("libs/dino",), dependencies=("Attrs", "dino-saur"))

    with pytest.raises(BuildError, match="libs/dino requires tzdata, which the unit does not"):
        build(root, project)
    assert build(root, attrs.evolve(project, dependencies=("attrs", "tzdata"))).files


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"setup.py": SETUP_PY.format(more="")}, "dino-saur"),
        ({"setup.cfg": "[metadata]\nname = Dino.Saur\n"}, "dino-saur"),
        ({"setup.py": "import setuptools\nsetuptools.setup(name='dino')\n"}, "dino"),
        ({"setup.py": "setup(name=NAME)\n"}, None),
        ({"setup.py": "setup(\n"}, None),
        ({"setup.py": "(" * 100_000}, None),
        ({"setup.cfg": "[metadata]\nname = x\n[metadata]\n"}, None),
    ],
)
def test_the_name_of_an_older_folder_is_never_looked_for_on_an_index(
    tmp_path: Path, files: dict[str, str], name: str | None
) -> None:
    root = repository(tmp_path / "r", {f"libs/dino/{file}": text for file, text in files.items()})

    assert own_names(root, attrs.evolve(PROJECT, shared=("libs/dino",))) == {"orders", *([name] if name else [])}
    assert is_package(root, "libs/dino")
    assert not is_package(root, "libs/other")


def test_an_empty_setup_py_builds_nothing(tmp_path: Path) -> None:
    (tmp_path / "setup.py").touch()
    assert not is_package(tmp_path, ".")
    (tmp_path / "setup.py").write_text("from setuptools import setup\nsetup()\n")
    assert is_package(tmp_path, ".")
