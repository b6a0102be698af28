"""Three lock formats, one meaning; whatever is not pinned by version and hash is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from multi_env_lambda.building.archive import write_tar_gz
from multi_env_lambda.building.lock import Lock, Target, check_covers, check_not_ours, read_lock, select, write_lock
from multi_env_lambda.building.lock_formats import pins
from multi_env_lambda.building.locked import LOCK_NAMES
from multi_env_lambda.building.uv_settings import indexes_of_the_root
from multi_env_lambda.errors import ConfigurationError, ToolError
from multi_env_lambda.host.private import private_folder

ARM = Target(python="3.13", architecture="arm64")
A, B = "a" * 64, "b" * 64
URL = "https://files.example.org"


def read(folder: Path, name: str, text: str, *, shared: tuple[str, ...] = ()) -> Lock:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    found = read_lock(folder, where="projects/orders", shared=[folder / one for one in shared])
    assert found is not None
    return found


def pylock(packages: str, python: str = ">=3.13") -> str:
    return f'lock-version = "1.0"\ncreated-by = "test"\nrequires-python = "{python}"\npackages = [{packages}]\n'


def one(name: str = "a", *, source: str = "", marker: str = "os_name == 'posix'") -> str:
    file = source or f'wheels = [{{ url = "{URL}/{name}-1.0-py3-none-any.whl", hashes = {{ sha256 = "{A}" }} }}]'
    return f'{{ name = "{name}", version = "1.0", marker = "{marker}", {file} }}'


def uv_lock(own: str, packages: str = "", version: int = 1) -> str:
    head = f'version = {version}\nrequires-python = ">=3.12"\n'
    return f'{head}[[package]]\nname = "orders"\nsource = {{ virtual = "." }}\ndependencies = [{own}]\n{packages}'


def uv_package(name: str, *, source: str = 'registry = "https://pypi.org/simple"', more: str = "") -> str:
    wheel = f'{{ url = "{URL}/{name}-1.0-py3-none-any.whl", hash = "sha256:{A}", size = 3 }}'
    head = f'[[package]]\nname = "{name}"\nversion = "1.0"\nsource = {{ {source} }}\n'
    return f"{head}wheels = [{wheel}]\n{more}\n"


# A lock of each format in which nothing is locked, and what its hint says.
FORMATS = {
    "pylock.toml": (pylock(""), "run the verb `lock`"),
    "uv.lock": (uv_lock(""), "run `uv lock`"),
    "requirements.txt": ("", "with the tool that wrote it"),
}


def test_a_folder_without_a_lock_has_none(tmp_path: Path) -> None:
    assert read_lock(tmp_path, where="projects/orders") is None


def test_pylock_comes_before_uv_lock_before_requirements(tmp_path: Path) -> None:
    assert LOCK_NAMES == ("pylock.toml", "uv.lock", "requirements.txt")
    for name in reversed(LOCK_NAMES):
        assert read(tmp_path, name, FORMATS[name][0]).format == name


def test_a_pylock_gives_files_hashes_and_markers(tmp_path: Path) -> None:
    (package,) = read(tmp_path, "pylock.toml", pylock(one())).packages
    assert (package.name, package.version, package.marker) == ("a", "1.0", 'os_name == "posix"')
    (wheel,) = package.wheels
    assert (wheel.filename, wheel.sha256, wheel.url) == (
        "a-1.0-py3-none-any.whl",
        A,
        f"{URL}/a-1.0-py3-none-any.whl",
    )


def test_a_direct_address_of_a_wheel_counts_as_its_file(tmp_path: Path) -> None:
    source = f'archive = {{ url = "{URL}/a-1.0-py3-none-any.whl", hashes = {{ sha256 = "{A}" }} }}'
    (package,) = read(tmp_path, "pylock.toml", pylock(one(source=source))).packages
    assert package.wheels[0].filename == "a-1.0-py3-none-any.whl"


def test_a_wheel_beside_the_lock_has_a_relative_path(tmp_path: Path) -> None:
    source = f'wheels = [{{ path = "../wheels/a-1.0-py3-none-any.whl", hashes = {{ sha256 = "{A}" }} }}]'
    (package,) = read(tmp_path, "pylock.toml", pylock(one(source=source))).packages
    assert package.wheels[0].path == "../wheels/a-1.0-py3-none-any.whl"


def wheel_at(address: str, hashes: str = f'sha256 = "{A}"') -> str:
    return pylock(one(source=f"wheels = [{{ {address}, hashes = {{ {hashes} }} }}]"))


BAD_PYLOCKS = {
    "not TOML": ("x = ", "not a TOML document"),
    "no packages": ('lock-version = "1.0"\ncreated-by = "x"\n', "is not a valid pylock.toml"),
    "newer format": (pylock("").replace('"1.0"', '"2.0"'), "version 2.0 is not supported"),
    "another hash": (wheel_at(f'url = "{URL}/a-1.0-py3-none-any.whl"', 'md5 = "0"'), "has no SHA-256"),
    "short hash": (wheel_at(f'url = "{URL}/a-1.0-py3-none-any.whl"', 'sha256 = "0"'), "has no SHA-256"),
    "file address": (wheel_at('url = "file:///wheels/a-1.0-py3-none-any.whl"'), "a 'file' address"),
    **{
        f"address {url}": (wheel_at(f'url = "{url}/a-1.0-py3-none-any.whl"'), "an address that cannot be fetched from")
        for url in ("http://ı‥.example", "http://a..b", "http:///x", "http://a:0", "http://a b", f"http://{'a' * 64}.b")
    },
    **{
        f"address {url}": (wheel_at(f'url = "{url}/a-1.0-py3-none-any.whl"'), "")
        for url in ("http://[::1", "http://a:99999", "http://a:x", "http://a\\u202e")
    },
    "absolute path": (wheel_at('path = "/wheels/a-1.0-py3-none-any.whl"'), "which is not relative"),
    "another package": (wheel_at(f'url = "{URL}/b-1.0-py3-none-any.whl"'), "not consistent with package name 'a'"),
    "escaping name": (wheel_at(f'url = "{URL}/a-1.0-py3-none-..%2F..%2Fany.whl"'), "Invalid wheel filename"),
    "git": (
        pylock(one(source='vcs = { type = "git", url = "https://x.org/a", commit-id = "1" }')),
        "comes from version control (git)",
    ),
    "folder": (pylock(one(source='directory = { path = "../../libs/a" }')), "comes from the folder '../../libs/a'"),
}


@pytest.mark.parametrize("mistake", BAD_PYLOCKS)
def test_a_pylock_that_pins_too_little_is_refused(tmp_path: Path, mistake: str) -> None:
    text, reason = BAD_PYLOCKS[mistake]
    with pytest.raises(ConfigurationError, match=r"projects/orders/pylock\.toml: ") as caught:
        read(tmp_path, "pylock.toml", text)
    assert reason in caught.value.what


@pytest.mark.parametrize("size", ["-1", "true"])
@pytest.mark.parametrize("name", ["pylock.toml", "uv.lock"])
def test_a_size_that_no_file_can_have_is_refused_with_the_file_s_name(tmp_path: Path, name: str, size: str) -> None:
    text = pylock(one().replace("hashes", f"size = {size}, hashes"))
    if name == "uv.lock":
        text = uv_lock('{ name = "a" }', uv_package("a").replace("size = 3", f"size = {size}"))

    with pytest.raises(ConfigurationError, match="size") as caught:
        read(tmp_path, name, text)

    assert caught.value.where == f"projects/orders/{name}"


def test_a_shared_folder_is_part_of_the_unit_and_not_of_its_lock(tmp_path: Path) -> None:
    text = pylock(one(source='directory = { path = "../../libs/a", editable = true }') + ", " + one("b"))
    lock = read(tmp_path / "projects" / "orders", "pylock.toml", text, shared=("../../libs/a",))
    assert lock.local == {"a"} and [package.name for package in lock.packages] == ["b"]
    check_covers(lock, ["a", "b"], "projects/orders")


def test_a_uv_lock_is_walked_from_the_project(tmp_path: Path) -> None:
    own = '{ name = "a", extra = ["x"] }, { name = "w", marker = "os_name == \'nt\'" }'
    more = '[package.optional-dependencies]\nx = [{ name = "c" }]\n'
    text = uv_lock(own, uv_package("a", more=more) + "".join(map(uv_package, ("c", "unused", "w"))))
    lock = read(tmp_path, "uv.lock", text)
    assert [wheel.name for wheel in select(lock, ARM)] == ["a", "c"]
    assert {package.name for package in lock.packages} == {"a", "c", "w"}


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ('git = "https://x.org/a?rev=1#1"', "comes from git"),
        ('editable = "../../libs/a"', "comes from editable"),
        ('directory = "../a"', "comes from directory"),
        ('path = "../a-1.0-py3-none-any.whl"', "comes from path"),
    ],
)
def test_a_uv_lock_with_an_unpinned_source_is_refused(tmp_path: Path, source: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=f"uv.lock: a {reason}"):
        read(tmp_path, "uv.lock", uv_lock('{ name = "a" }', uv_package("a", source=source)))


def test_an_unpinned_source_that_nothing_needs_does_no_harm(tmp_path: Path) -> None:
    assert read(tmp_path, "uv.lock", uv_lock("", uv_package("a", source='git = "https://x.org/a"'))).packages == ()


def test_what_a_shared_folder_needs_is_followed_in_a_uv_lock(tmp_path: Path) -> None:
    common = uv_package("common", source='editable = "../../libs/common"', more='dependencies = [{ name = "a" }]\n')
    text = uv_lock('{ name = "common" }', common + uv_package("a"))
    lock = read(tmp_path / "projects" / "orders", "uv.lock", text, shared=("../../libs/common",))
    assert lock.local == {"orders", "common"} and [wheel.name for wheel in select(lock, ARM)] == ["a"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (uv_lock("", version=2), "has the format version 2"),
        (
            uv_lock("").replace('virtual = "."', 'virtual = "projects/orders"'),
            "does not contain the project of its own",
        ),
        (uv_lock('{ nam = "a" }'), "is not a uv.lock as uv writes it"),
        (uv_lock('{ name = "a", marker = "linux" }'), "is not a uv.lock as uv writes it"),
        (uv_lock("{ name = 'a', marker = \"os_name >= '\\\\u0000'\" }"), "is not a uv.lock as uv writes it"),
        (uv_lock("").replace(">=3.12", "three"), "is not a uv.lock as uv writes it"),
    ],
)
def test_a_strange_uv_lock_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        read(tmp_path, "uv.lock", text)


def test_pinned_requirements_give_names_versions_markers_and_hashes(tmp_path: Path) -> None:
    hashes = f"    --hash=sha256:{B} \\\n    --hash=sha256:{A}\n    # via x\n"
    text = f"# a comment\nPy_Dantic==2.0 ; os_name == 'posix' \\\n{hashes}"
    (package,) = read(tmp_path, "requirements.txt", text).packages
    assert (package.name, package.version, package.hashes) == ("py-dantic", "2.0", (A, B))
    assert package.marker == 'os_name == "posix"' and not package.complete


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a==1.0", "has no hash"),
        (f"a>=1.0 --hash=sha256:{A}", "does not name one version"),
        (f"a==1.* --hash=sha256:{A}", "does not name one version"),
        (f"a --hash=sha256:{A}", "does not name one version"),
        (f"a @ https://x.org/a.whl --hash=sha256:{A}", "does not name one version"),
        ("a==1.0 --hash=md5:0", "is not a SHA-256 option"),
        ("-e ../a", "is not a pinned requirement"),
        ("../libs/a", "is not a pinned requirement"),
        ("--no-deps", "is not a pinned requirement"),
        ("-r other.txt", "is not a pinned requirement"),
        (f"a==1.0 ; python_version >= '\"\\u0000\"' --hash=sha256:{A}", "is not a pinned requirement"),
    ],
)
def test_an_unpinned_requirement_is_refused_with_its_line(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=r"projects/orders/requirements\.txt line 3: ") as caught:
        read(tmp_path, "requirements.txt", f"\nb==1 --hash=sha256:{A}\n{line}\n")
    assert reason in caught.value.what


@pytest.mark.parametrize(
    "line",
    [
        *("-e .", ".", "--editable ./", "-e ../../libs/money ; os_name == 'posix'", "./../../libs/money/"),
        *("-i https://x.org/simple", "--extra-index-url=https://x.org/simple", "--trusted-host x.org", "--pre"),
    ],
)
def test_own_folders_and_the_addresses_of_indexes_are_passed_over(tmp_path: Path, line: str) -> None:
    text = f"{line}\nb==1 --hash=sha256:{A}\n"
    lock = read(tmp_path / "projects" / "orders", "requirements.txt", text, shared=("../../libs/money",))
    assert [package.name for package in lock.packages] == ["b"]


@pytest.mark.parametrize("name", LOCK_NAMES)
def test_the_hint_of_an_old_lock_names_the_tool_that_renews_it(tmp_path: Path, name: str) -> None:
    text, hint = FORMATS[name]
    with pytest.raises(ConfigurationError) as caught:
        check_covers(read(tmp_path, name, text), ["a"], "orders")
    assert hint in caught.value.hint


def test_a_package_of_an_index_that_is_called_like_a_shared_folder_is_refused(tmp_path: Path) -> None:
    lock = read(tmp_path, "pylock.toml", pylock(one("money")))
    with pytest.raises(ConfigurationError, match="money 1.0 is locked from a package index, but is a folder"):
        check_not_ours(select(lock, ARM), {"orders", "money"}, lock.where)
    check_not_ours(select(lock, ARM), {"orders"}, lock.where)


@pytest.mark.parametrize(
    ("dependency", "reason"),
    [
        ("b", "b is not locked"),
        ("A>=2", "a is locked as 1.0, but the project requires A>=2"),
        ("a b", "'a b' is not a requirement"),
    ],
)
def test_a_dependency_that_the_lock_does_not_have_is_refused(tmp_path: Path, dependency: str, reason: str) -> None:
    lock = read(tmp_path, "pylock.toml", pylock(one()))
    with pytest.raises(ConfigurationError) as caught:
        check_covers(lock, ["a>=1", dependency], "projects/orders/pyproject.toml")
    assert reason in caught.value.what


def test_dependencies_without_a_lock_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"a>=1 is not locked; expected one of pylock\.toml"):
        check_covers(None, ["a>=1"], "projects/orders/pyproject.toml")
    check_covers(None, [], "projects/orders/pyproject.toml")
    check_covers(None, ["a; os_name == 'nt'"], "projects/orders/pyproject.toml", target=ARM)


def test_a_package_that_is_locked_for_another_machine_only_does_not_cover(tmp_path: Path) -> None:
    lock = read(tmp_path, "pylock.toml", pylock(one(marker="os_name == 'nt'")))
    with pytest.raises(ConfigurationError, match="a is not locked"):
        check_covers(lock, ["a"], "projects/orders", target=ARM)


NO_ANSWER = ["os_name ~= 'x'", "os_name === 'x'", "'a' == 'b'", "extras == 'x'"]


@pytest.mark.parametrize("marker", NO_ANSWER)
def test_a_marker_without_an_answer_is_refused_with_its_file(tmp_path: Path, marker: str) -> None:
    locks = {
        "pylock.toml": pylock(one(marker=marker)),
        "uv.lock": uv_lock(f'{{ name = "a", marker = "{marker}" }}', uv_package("a")),
    }
    for name, text in locks.items():
        with pytest.raises(ConfigurationError, match=r"the marker .* has no answer: ") as caught:
            check_covers(read(tmp_path / name, name, text), [], "projects/orders", target=ARM)
        assert caught.value.where == f"projects/orders/{name}"


@pytest.mark.parametrize("marker", NO_ANSWER)
def test_a_dependency_whose_marker_has_no_answer_is_refused(marker: str) -> None:
    with pytest.raises(ConfigurationError, match=r"the marker .* has no answer: ") as caught:
        check_covers(None, [f"a; {marker}"], "projects/orders/pyproject.toml", target=ARM)
    assert caught.value.where == "projects/orders/pyproject.toml"


def test_a_lock_for_another_python_does_not_cover(tmp_path: Path) -> None:
    lock = read(tmp_path, "pylock.toml", pylock("", python=">=3.14"))
    with pytest.raises(ConfigurationError, match=r"is made for Python >=3\.14, but the runtime is Python 3\.13"):
        check_covers(lock, [], "projects/orders", target=ARM)


def test_a_lock_for_other_machines_does_not_cover(tmp_path: Path) -> None:
    text = pylock("").replace("packages", "environments = [\"sys_platform == 'win32'\"]\npackages")
    with pytest.raises(
        ConfigurationError, match=r'is made for sys_platform == "win32", but the function runs on Linux'
    ):
        check_covers(read(tmp_path, "pylock.toml", text), [], "projects/orders", target=ARM)


def project(folder: Path, *dependencies: str) -> Path:
    quoted = ", ".join(f'"{one}"' for one in dependencies)
    text = f'[project]\nname = "orders"\nversion = "0.1.0"\ndependencies = [{quoted}]\n'
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("requirement", "sources", "hint"),
    [
        ("a @ git+file:///nonexistent/a.git", "", "what comes from Git has no hash"),
        ("a", 'a = { git = "file:///nonexistent/a.git" }', "what comes from Git has no hash"),
        ("a", 'a = { path = "../nowhere" }', "a folder of the repository belongs in `shared`"),
        ("a @ file:///nonexistent/a", "", "a folder of the repository belongs in `shared`"),
        ("a", "a = { workspace = true }", "a folder of the repository belongs in `shared`"),
        ("a", 'a = { index = "private" }', "declare the index by this name in [[tool.uv.index]]"),
    ],
)
def test_a_source_that_cannot_be_locked_has_the_hint_that_helps(
    tmp_path: Path, requirement: str, sources: str, hint: str
) -> None:
    folder = project(tmp_path, requirement)
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as stream:
        stream.write(f"[tool.uv.sources]\n{sources}\n")

    with pytest.raises(ToolError) as caught:
        write_lock(folder, python="3.13", where="projects/orders")

    assert caught.value.where == "projects/orders/pylock.toml"
    assert hint in caught.value.hint


def test_an_error_of_the_verb_lock_names_the_file_by_its_path_in_the_workspace(tmp_path: Path) -> None:
    folder = project(tmp_path, "a @ https://x.example/${HOME}/a-1.0-py3-none-any.whl")

    with pytest.raises(ConfigurationError) as caught:
        write_lock(folder, python="3.13", where="projects/orders")

    assert caught.value.where == "projects/orders/pyproject.toml"


def test_the_verb_lock_takes_no_other_lock_s_place(tmp_path: Path) -> None:
    (project(tmp_path) / "uv.lock").write_text(uv_lock(""), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"would replace uv\.lock"):
        write_lock(tmp_path, python="3.13")


def test_a_project_without_dependencies_gets_an_empty_lock_without_a_network(tmp_path: Path) -> None:
    path = write_lock(project(tmp_path), python="3.13")
    assert str(tmp_path) not in path.read_text(encoding="utf-8")
    lock = read_lock(tmp_path, where="projects/orders")
    assert lock is not None and lock.packages == () and lock.requires_python == ">=3.13"


def vendored(folder: Path, where: Path) -> str:
    """A project that takes its wheels from a folder and from no index; gives what says so to uv."""
    where.mkdir(parents=True)
    with zipfile.ZipFile(where / "tiny-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("tiny-1.0.dist-info/RECORD", "")
    project(folder, "tiny")
    return f'no-index = true\nfind-links = ["{where.as_posix()}"]\n'


def test_wheels_inside_the_project_are_locked_by_their_relative_path(tmp_path: Path) -> None:
    indexes = vendored(tmp_path, tmp_path / "wheels")
    path = write_lock(tmp_path, python="3.13", indexes=indexes)
    first = path.read_bytes()
    lock = read_lock(tmp_path, where="projects/orders")
    assert lock is not None and lock.packages[0].wheels[0].path == "wheels/tiny-1.0-py3-none-any.whl"
    assert write_lock(tmp_path, python="3.13", indexes=indexes).read_bytes() == first
    assert str(tmp_path).encode() not in first


def test_what_a_unit_without_the_standard_table_requires_is_locked(tmp_path: Path) -> None:
    indexes = vendored(tmp_path, tmp_path / "wheels")
    (tmp_path / "pyproject.toml").write_text("[tool.multi_env_lambda]\n")
    write_lock(tmp_path, python="3.13", extra_requirements=("tiny",), indexes=indexes)
    lock = read_lock(tmp_path, where="projects/orders")

    assert lock is not None and [package.name for package in lock.packages] == ["tiny"]


def test_no_index_is_asked_for_a_shared_folder(tmp_path: Path) -> None:
    indexes = vendored(tmp_path, tmp_path / "wheels")
    path = tmp_path / "pyproject.toml"
    path.write_text(path.read_text().replace('"tiny"', '"tiny", "money>=1"'))
    write_lock(tmp_path, python="3.13", ours=("money", "orders"), indexes=indexes)
    lock = read_lock(tmp_path, where="projects/orders")
    assert lock is not None and [package.name for package in lock.packages] == ["tiny"]


def test_a_lock_that_would_name_a_folder_of_this_machine_is_not_written(tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    indexes = vendored(folder, tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="the lock would contain a path on this machine"):
        write_lock(folder, python="3.13", indexes=indexes)
    assert not (folder / "pylock.toml").exists()


@pytest.mark.network
def test_a_written_lock_covers_the_project_and_is_the_same_the_second_time(tmp_path: Path) -> None:
    path = write_lock(project(tmp_path, "idna>=3"), python="3.13", extra_requirements=("certifi",))
    first = path.read_bytes()
    assert write_lock(tmp_path, python="3.13", extra_requirements=("certifi",)).read_bytes() == first
    lock = read_lock(tmp_path, where="projects/orders")
    check_covers(lock, ["idna>=3", "certifi"], "projects/orders", target=ARM)
    assert b"certifi" in first and str(tmp_path).encode() not in first


@pytest.mark.network
def test_a_name_that_no_index_has_is_an_error_of_the_tool(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="uv pip"):
        write_lock(project(tmp_path, "idna==999.0"), python="3.13")
    assert not (tmp_path / "pylock.toml").exists()


HOOKS = """
import os
def prepare_metadata_for_build_wheel(folder, settings=None):
    seen = []
    for path in ("{root}/secret", "{root}/projects/other/code.py"):
        try:
            seen.append(open(path).read())
        except OSError:
            pass
    assert not seen, seen
    os.makedirs(folder + "/x-1.0.dist-info")
    with open(folder + "/x-1.0.dist-info/METADATA", "w") as file:
        file.write("Metadata-Version: 2.1\\nName: x\\nVersion: 1.0\\n")
    return "x-1.0.dist-info"
"""
RUNS = """
[project]
name = "x"
version = "1.0"
dynamic = ["dependencies"]
[build-system]
requires = []
build-backend = "own"
backend-path = ["."]
"""


@pytest.mark.parametrize("members", ["", '[tool.uv.workspace]\nmembers = ["projects/*"]\n'])
@pytest.mark.parametrize("asked", ["x", "x @ {address}"])
def test_a_package_that_has_to_run_is_locked_in_a_workspace(tmp_path: Path, asked: str, members: str) -> None:
    """Shut in, it says what it needs; of the rest of the repository it reads nothing but uv's tables."""
    with private_folder() as root:
        unit, other = root / "projects/orders", root / "projects/other"
        (unit / "links").mkdir(parents=True)
        other.mkdir()
        (root / "secret").write_text("canary")
        (other / "code.py").write_text("canary")
        (other / "pyproject.toml").write_text('[project]\nname = "other"\nversion = "1"\n')
        sdist = unit / "links/x-1.0.tar.gz"
        metadata = "Metadata-Version: 2.1\nName: x\nVersion: 1.0\n"
        files = {"pyproject.toml": RUNS, "own.py": HOOKS.format(root=root), "PKG-INFO": metadata}
        write_tar_gz(sdist, [(f"x-1.0/{name}", text.encode(), False) for name, text in files.items()])
        (root / "pyproject.toml").write_text(
            f'{members}[tool.uv]\nfind-links = ["projects/orders/links"]\nno-index = true\n'
        )
        wanted = asked.format(address=sdist.as_uri())
        table = f'[project]\nname = "orders"\nversion = "1.0"\ndependencies = ["{wanted}"]\n'
        (unit / "pyproject.toml").write_text(table)

        if wanted == "x":
            path = write_lock(unit, python="3.12", indexes=indexes_of_the_root(root))
            assert 'path = "links/x-1.0.tar.gz"' in path.read_text(encoding="utf-8")
        else:  # it was asked, and its address is one that no other machine has
            with pytest.raises(ConfigurationError, match="would contain a path on this machine"):
                write_lock(unit, python="3.12", indexes=indexes_of_the_root(root))


def test_pins_are_those_lines_that_name_a_version_and_a_hash_and_no_other_line_is_a_mistake() -> None:
    text = f"""\
# what builds the units
-i https://example.org/simple
Hatchling==1.27.0 ; python_version >= "3.9" \\
    --hash=sha256:{"a" * 64} \\
    --hash=sha256:{"b" * 64}
flit-core==3.9
wheel>=0.40 --hash=sha256:{"a" * 64}
nonsense ===
"""

    assert pins(text) == {"hatchling": "1.27.0"}
