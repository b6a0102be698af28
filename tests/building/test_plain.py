"""A unit that nothing builds: its files as they lie, without tests and caches, the same bytes everywhere."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tarfile
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multi_env_lambda.building.plain import is_code, is_plain
from multi_env_lambda.building.source import BuiltSource, build_source, stage_source
from multi_env_lambda.errors import BuildError
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.settings import Function, Settings
from tests.building.test_source import build, members, umask

TABLE = '[project]\nname = "orders"\nversion = "0.1.1"\ndependencies = ["attrs>=23"]\n[tool.multi_env_lambda]\n'
PROJECT = Project(name="orders", folder="lambdas/orders", version="0.1.1", dependencies=("attrs>=23",))
FILES: dict[str, bytes] = {
    "pyproject.toml": TABLE.encode(),
    "app.py": b"def handler(event, context):\r\n    return event\r\n",
    "data.json": b'{"a": 1}',
    "a-folder/with-hyphens.py": b"",
    "templates/mail.txt": b"Dear\r\n",
    "run.sh": b"#!/bin/sh\n",
}
NO_CODE = (
    *("tests/test_app.py", "a-folder/tests/helpers.py", "test_app.py", "app_test.py", "conftest.py", "test/x.json"),
    *("__pycache__/app.cpython-313.pyc", "old.pyc", ".gitignore", ".github/ci.yml", "x.egg-info/PKG-INFO"),
    *("pyproject.toml", "pylock.toml", "uv.lock", "requirements.txt", "requirements-dev.txt", "README.md"),
    *("stack.py", "bin/automation/deploy.py", "Pipfile", "node_modules/a/b.py"),
)
CODE = (
    *(
        "app.py",
        "data.json",
        "a/pyproject.toml",
        "a/stack.py",
        "a/README.md",
        "latest.py",
        "contest/a.py",
        "testing/a.py",
    ),
    *("bin/automation.py", "bin/automation/a/b.py", "LICENSE", "attest.json", "a b/ä.txt"),
)


def folder(root: Path, files: dict[str, bytes] = FILES) -> Path:
    for name, body in files.items():
        path = root / PROJECT.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    if (root / PROJECT.folder / "run.sh").exists():
        (root / PROJECT.folder / "run.sh").chmod(0o755)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


def with_roots(*roots: str) -> Project:
    functions = tuple(Function(key=f"f{at}", handler="app.handler", root=root) for at, root in enumerate(roots))
    return attrs.evolve(PROJECT, settings={"sandbox": Settings(functions=functions)})


@pytest.mark.parametrize("path", NO_CODE)
def test_tests_caches_and_what_is_read_before_are_left_out(path: str) -> None:
    assert not is_code(path)


@pytest.mark.parametrize("path", CODE)
def test_everything_else_comes_along(path: str) -> None:
    assert is_code(path)


@given(st.lists(st.text("abé._-", min_size=1), min_size=1, max_size=4))
def test_a_cache_is_left_out_wherever_it_lies(parts: list[str]) -> None:
    assert not is_code("/".join([*parts, "__pycache__", "a.py"]))


def test_the_files_are_at_the_top_of_the_wheel_byte_for_byte(tmp_path: Path) -> None:
    others = {name: b"x" for name in NO_CODE if not name.startswith((".gitignore", "pyproject"))}
    built = build(folder(tmp_path / "r", {**FILES, **others}), PROJECT)

    found = members(built.wheel)
    info = {name for name in found if name.startswith("orders-0.1.1.dist-info/")}

    assert {name: body for name, body in found.items() if name not in info} == {
        name: body for name, body in FILES.items() if name != "pyproject.toml"
    }
    assert b"Requires-Dist: attrs>=23\n" in found["orders-0.1.1.dist-info/METADATA"]
    assert {name.rpartition("/")[2] for name in info} == {"METADATA", "RECORD", "WHEEL"}


def test_another_folder_umask_time_and_order_give_the_same_bytes(tmp_path: Path) -> None:
    first = build(folder(tmp_path / "a"), PROJECT)
    with umask(0o077):
        root = folder(tmp_path / "b", dict(reversed(FILES.items())))
        for path in (root / PROJECT.folder).rglob("*"):
            os.utime(path, (1, 1))
        second = build(root, PROJECT)

    assert (first.wheel_sha256, first.sdist_sha256) == (second.wheel_sha256, second.sdist_sha256)


def test_nothing_is_run_for_it(tmp_path: Path) -> None:
    body = f"from pathlib import Path\nPath({str(tmp_path / 'ran')!r}).touch()\n".encode()
    code = {
        "pyproject.toml": TABLE.encode(),
        "app.py": body,
        "conftest.py": body,
        "__init__.py": body,
        "stack.py": body,
    }

    build(folder(tmp_path / "r", code), PROJECT)

    assert not (tmp_path / "ran").exists()


def test_the_sdist_has_the_folder_with_its_tests(tmp_path: Path) -> None:
    import tarfile

    built = build(folder(tmp_path / "r", {**FILES, "tests/test_app.py": b""}), PROJECT, version="0.1.1.post1")

    with tarfile.open(built.sdist) as archive:
        names = set(archive.getnames())
        table = archive.extractfile("orders-0.1.1.post1/pyproject.toml")
        assert table is not None and b'version = "0.1.1.post1"' in table.read()
    assert {"orders-0.1.1.post1/tests/test_app.py", "orders-0.1.1.post1/PKG-INFO"} < names


def test_the_sdist_has_nothing_hidden_and_nothing_of_npm_unless_it_is_included(tmp_path: Path) -> None:
    import tarfile

    files = {**FILES, ".env": b"PASSWORD=hunter2hunter2\n", ".kept": b"1", "node_modules/psl/.env": b"TOKEN=hunter2\n"}
    project = attrs.evolve(PROJECT, include=(".kept",))

    built = build(folder(tmp_path / "r", files), project)

    with tarfile.open(built.sdist) as archive:
        hidden = [name for name in archive.getnames() if "/." in name or "node_modules" in name]
    assert hidden == ["orders-0.1.1/.kept"]


@pytest.mark.parametrize(
    ("files", "plain"),
    [
        ({}, True),
        ({"pyproject.toml": b"[tool.multi_env_lambda]\n"}, True),
        ({"pyproject.toml": b'[build-system]\nrequires = ["hatchling"]\n'}, False),
        ({"pyproject.toml": b'[tool.setuptools]\npy-modules = ["a"]\n'}, False),
        ({"setup.py": b"import setuptools\n\nsetuptools.setup()\n"}, False),
        ({"setup.py": b""}, True),  # setuptools refuses one that does not call setup()
        ({"setup.cfg": b"[metadata]\nname = orders\n"}, False),
        ({"setup.cfg": b"[flake8]\nmax-line-length = 120\n"}, True),
    ],
)
def test_what_says_how_it_is_built_is_built_so(tmp_path: Path, files: dict[str, bytes], plain: bool) -> None:
    assert is_plain(folder(tmp_path, {**FILES, **files}), PROJECT.folder) == plain


def test_a_folder_without_code_is_refused(tmp_path: Path) -> None:
    root = folder(tmp_path / "r", {"pyproject.toml": TABLE.encode(), "tests/test_a.py": b""})
    with pytest.raises(BuildError, match="it has no code that Git knows"):
        build(root, PROJECT)


def test_a_shared_folder_of_plain_code_is_found_as_if_it_lay_in_the_unit(tmp_path: Path) -> None:
    root = folder(tmp_path / "r")
    (root / "libs" / "common" / "tests").mkdir(parents=True)
    (root / "libs" / "common" / "common.py").write_text("")
    (root / "libs" / "common" / "tests" / "test_common.py").write_text("")
    unit = attrs.evolve(PROJECT, shared=("libs/common",))

    assert "common.py" in members(build(root, unit).wheel)
    assert not [name for name in members(build(root, unit).wheel) if "test" in name]

    (root / "libs" / "common" / "app.py").write_text("")
    with pytest.raises(BuildError, match=r"lambdas/orders and libs/common both put app\.py into the wheel"):
        build(root, unit)


# --- a root per function
ROOTS: dict[str, bytes] = {
    "pyproject.toml": TABLE.encode(),
    "make-order/app.py": b"import helper\n",
    "make-order/helper.py": b"A = 1\n",
    "make-order/requirements.txt": b"attrs\n",
    "make-order/tests/test_app.py": b"",
    "send/mail/app.py": b"B = 2\n",
}


def content(path: Path) -> dict[str, bytes]:
    return {name: body for name, body in members(path).items() if ".dist-info/" not in name}


def test_each_root_is_a_wheel_of_its_own_with_its_files_at_the_top(tmp_path: Path) -> None:
    built = build(folder(tmp_path / "r", ROOTS), with_roots("make-order", "send/mail"))

    assert [made.wheel.name for made in built.roots] == [
        "orders-0.1.1-1_make_order-py3-none-any.whl",
        "orders-0.1.1-2_send_mail-py3-none-any.whl",
    ]
    assert content(built.wheel_of("make-order")) == {"app.py": b"import helper\n", "helper.py": b"A = 1\n"}
    assert content(built.wheel_of("send/mail")) == {"app.py": b"B = 2\n"}
    for made in built.roots:
        body = made.wheel.read_bytes()
        assert (made.wheel_sha256, made.wheel_size) == (hashlib.sha256(body).hexdigest(), len(body))
    assert content(built.wheel_of("")) == {}


def source_files(built: BuiltSource) -> set[str]:
    with tarfile.open(built.sdist) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def test_only_the_roots_are_packed_where_all_functions_have_one(tmp_path: Path) -> None:
    """And what says how they are made; a function without a root, or a job, has the whole folder."""
    root = folder(tmp_path / "r", {**ROOTS, "big/data.bin": b"1" * 9, "template.yaml": b"", "libs/a.py": b""})
    unit = attrs.evolve(with_roots("make-order", "send/mail"), shared=("lambdas/orders/libs",))
    all_in_roots, with_top = build(root, unit), build(root, with_roots("", "make-order", "send/mail"))

    assert content(all_in_roots.wheel_of("")) == {}
    assert {"a.py", "app.py"} <= content(all_in_roots.wheel_of("make-order")).keys()
    inside = source_files(all_in_roots)
    assert {*ROOTS, "template.yaml", "libs/a.py"} <= inside and "big/data.bin" not in inside
    assert {"make-order/app.py", "big/data.bin"} <= content(with_top.wheel_of("")).keys()
    assert "big/data.bin" in source_files(with_top)


def test_functions_with_a_root_can_share_a_folder_of_their_unit(tmp_path: Path) -> None:
    root = folder(tmp_path / "r", {**ROOTS, "layer/python/schemas/__init__.py": b"C = 3\n"})
    unit = attrs.evolve(with_roots("make-order", "send/mail"), shared=("lambdas/orders/layer/python",))
    built = build(root, unit)

    assert all("schemas/__init__.py" in content(made.wheel) for made in built.roots)


def changed(root: Path, name: str) -> BuiltSource:
    (root / PROJECT.folder / name).write_bytes(b"changed = True\n")
    return build(root, with_roots("make-order", "send/mail"))


def test_a_change_changes_the_digest_of_its_own_root_and_of_the_source(tmp_path: Path) -> None:
    root = folder(tmp_path / "r", ROOTS)
    before = build(root, with_roots("make-order", "send/mail"))
    after = changed(root, "send/mail/app.py")

    assert before.digest != after.digest
    assert before.roots[0].digest == after.roots[0].digest
    assert before.roots[1].digest != after.roots[1].digest


def test_the_version_is_no_part_of_a_roots_digest(tmp_path: Path) -> None:
    root = folder(tmp_path / "r", ROOTS)
    with stage_source(root, with_roots("make-order")) as staged:
        made = [build_source(staged, version=version, cache=tmp_path / "c") for version in ("0.1.1", "0.1.1.post1")]

    assert len({one.roots[0].digest for one in made}) == 1
    assert len({one.roots[0].wheel_sha256 for one in made}) == 2


@pytest.mark.parametrize(
    ("root", "said"),
    [
        ("make_order", r"the root `make_order` is no folder .*\n.*did you mean `make-order`"),
        ("docs", "the root `docs` has no code that Git knows"),
    ],
)
def test_a_root_without_code_is_refused_with_what_there_is(tmp_path: Path, root: str, said: str) -> None:
    place = folder(tmp_path / "r", {**ROOTS, "docs/README.md": b""})
    with pytest.raises(BuildError, match=said):
        build(place, with_roots(root))


def test_a_damaged_wheel_of_a_root_in_the_cache_is_built_again(tmp_path: Path) -> None:
    root = folder(tmp_path / "r", ROOTS)
    first = build(root, with_roots("make-order"))
    first.roots[0].wheel.write_bytes(b"damaged")

    assert build(root, with_roots("make-order")) == first
    assert first.roots[0].wheel.read_bytes() != b"damaged"


BACKEND = b"""[build-system]
requires = []
build-backend = "made"
backend-path = ["."]
"""
MADE = b"""import zipfile
from pathlib import Path
INFO = "orders-0.1.1.dist-info/"

def build_wheel(out, *_):
    name = "orders-0.1.1-py3-none-any.whl"
    with zipfile.ZipFile(Path(out, name), "w") as made:
        made.writestr("orders.py", "")
        made.writestr(INFO + "METADATA", "Metadata-Version: 2.1\\nName: orders\\nVersion: 0.1.1\\n")
        made.writestr(INFO + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        made.writestr(INFO + "RECORD", "")
    return name

def build_sdist(out, *_):
    import tarfile
    with tarfile.open(Path(out, "orders-0.1.1.tar.gz"), "w:gz") as made:
        made.add("orders.py", "orders-0.1.1/orders.py")
    return "orders-0.1.1.tar.gz"
"""


def beside_a_package(root: Path, **files: bytes) -> Path:
    """A unit that a backend builds, without the files of the root in wheel or sdist."""
    more = {f"extra/{name}.py": body for name, body in files.items()}
    return folder(root, {"pyproject.toml": TABLE.encode() + BACKEND, "made.py": MADE, "orders.py": b"", **more})


SECRET = b"AWS = 'AKIA" + b"Q3EXAMPLQ3EXAMPL'\n"


def test_a_secret_in_a_root_beside_a_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"extra/keys\.py"):
        build(beside_a_package(tmp_path / "r", keys=SECRET), with_roots("extra"))


def test_a_change_of_a_root_that_no_package_has_is_a_change_of_the_source(tmp_path: Path) -> None:
    first, second = (
        build(beside_a_package(tmp_path / name, app=name.encode()), with_roots("extra")) for name in ("a", "b")
    )
    assert content(first.wheel).keys() == {"orders.py"}
    assert first.digest != second.digest


# --- patterns ---
def test_exclude_and_include_decide_what_the_rules_do_not(tmp_path: Path) -> None:
    more = {
        "data/raw/big.csv": b"1",
        "x.ipynb": b"{}",
        "tests/data/one.json": b"1",
        "tests/test_a.py": b"",
        "README.md": b"r",
    }
    unit = attrs.evolve(
        PROJECT, exclude=("*.ipynb", "data/raw/", "*.json"), include=("README.md", "data.json", "tests/data/")
    )
    root = folder(tmp_path / "r", {**FILES, **more, "big.bin": b"1", ".gitignore": b"big.bin\n"})

    found = {name for name in members(build(root, attrs.evolve(unit, include=(*unit.include, "big.bin"))).wheel)}

    own = {name for name in found if ".dist-info/" not in name}
    assert own == (FILES.keys() - {"pyproject.toml"}) | {"README.md", "tests/data/one.json"}


def test_patterns_of_a_root_begin_in_the_unit(tmp_path: Path) -> None:
    files = {**FILES, "make/app.py": b"", "make/raw/a.csv": b"", "make/keep/raw.csv": b"", "make/tests/x.json": b""}
    unit = attrs.evolve(with_roots("make"), exclude=("make/raw",), include=("make/tests/x.json",))

    wheel = build(folder(tmp_path / "r", files), unit).wheel_of("make")

    assert {name for name in members(wheel) if ".dist-info/" not in name} == {"app.py", "keep/raw.csv", "tests/x.json"}


def test_other_patterns_are_another_build(tmp_path: Path) -> None:
    root = folder(tmp_path / "r")
    kept = [build(root, attrs.evolve(PROJECT, exclude=found)).digest for found in ((), ("run.sh",), ("data.json",))]
    assert len(set(kept)) == 3


def test_patterns_are_not_for_a_backend(tmp_path: Path) -> None:
    system = b'[build-system]\nrequires = ["uv_build"]\nbuild-backend = "uv_build"\n'
    root = folder(tmp_path / "r", {**FILES, "pyproject.toml": TABLE.encode() + system})
    with pytest.raises(BuildError, match="backend decides which files are packed") as caught:
        build(root, attrs.evolve(PROJECT, include=("x",)))
    assert caught.value.where.endswith("include") and "remove `include`" in caught.value.hint
