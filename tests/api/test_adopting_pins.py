"""A project with pins of old is adopted with the nearest versions that can be installed, and each change is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from multi_env_lambda.api.adopting import Adoption
from multi_env_lambda.api.opening import read
from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.building.lock import read_lock
from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError, ToolError
from multi_env_lambda.make.dependencies import build_dependencies
from multi_env_lambda.model.published import Published
from tests.house import ROOT
from tests.simple_index import SimpleIndex, simple_index

SERVICE = "service: shop\nprovider: {name: aws, runtime: RUNTIME}\nfunctions: {send: {handler: send.handler}}\n"
TEMPLATE = """Transform: AWS::Serverless-2016-10-31
Resources:
  Send: {Type: AWS::Serverless::Function, Properties: {Handler: send.handler, Runtime: RUNTIME, CodeUri: .}}
"""
HANDLER = "def handler(event, context):\n    return 1\n"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleIndex]:
    with simple_index(tmp_path / "index", monkeypatch) as index:
        for version, tag in (("1.0", "cp37"), ("1.1", "cp38"), ("1.2", "cp39"), ("1.3", "cp311"), ("2.0", "cp313")):
            index.wheel("array", version, tag)
        for version in ("1.0", "2.0"):
            index.wheel("text", version)
        index.wheel("ended", "1.0", "cp37")
        yield index


@pytest.fixture
def root(tmp_path: Path) -> Path:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    start, end = text.index("[tool.multi_env_lambda]"), text.index("# --- the tools of this repository")
    root = tmp_path / "root"
    root.mkdir()
    (root / "pyproject.toml").write_text(text[start:end], encoding="utf-8")
    return root


def project(root: Path, requirements: str, runtime: str = "python3.7", **files: str) -> Path:
    folder = root / "projects" / "shop"
    folder.mkdir(parents=True)
    (folder / "send.py").write_text(HANDLER, encoding="utf-8")
    (folder / "requirements.txt").write_text(requirements, encoding="utf-8")
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text.replace("RUNTIME", runtime), encoding="utf-8")
    return folder


def adopt(root: Path, *, really: bool = True) -> Adoption:
    return Workspace.open(root, local=False).adopt(root / "projects" / "shop", really=really)


def everything(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def locked(root: Path) -> list[str]:
    lock = read_lock(root / "projects" / "shop", where="projects/shop")
    return [] if lock is None else [f"{one.name} {one.version}" for one in lock.packages]


def test_pins_that_cannot_be_installed_move_and_the_files_of_the_project_stay(root: Path, index: SimpleIndex) -> None:
    folder = project(root, "# what we need\ntext==1.0\narray==1.0  # for sums\n", serverless_yml=SERVICE)
    before = everything(folder)

    found = adopt(root)

    assert found.text() == snapshot("""\
shop from serverless.yml
  the whole project
    ~ serverless.yml:2 runtime → python3.9: AWS creates no new functions with it
    ~ requirements.txt:3 array==1.0 → array==1.2: no wheel of 1.0 fits Python 3.9 on x86_64; this is the next that does
  send
    ✓ serverless.yml:3 handler → functions.send
  1 carried over, 2 changed, 0 not carried over
files in projects/shop
  written   pyproject.toml\
""")
    assert locked(root) == ["array 1.2", "text 1.0"]
    assert {name: body for name, body in everything(folder).items() if name in before} == before
    assert {one.what for one in adopt(root).files} == {"unchanged"}


def test_what_was_locked_so_is_built_without_another_lock(root: Path, index: SimpleIndex, tmp_path: Path) -> None:
    """The list still names the old version: what the unit has instead counts."""
    project(root, "text==1.0\narray==1.0\n", serverless_yml=SERVICE)
    adopt(root)

    (unit,) = read(root).projects
    built = build_dependencies(root, tmp_path / "cache", unit, Published())
    assert built.layer is not None
    assert [(one.name, one.version) for one in built.layer.artifact.packages] == [("array", "1.2"), ("text", "1.0")]


def test_a_package_that_nothing_can_replace_is_named_before_anything_is_written(root: Path, index: SimpleIndex) -> None:
    project(root, "text==1.0\nended==1.0\n", serverless_yml=SERVICE)
    before = everything(root)

    with pytest.raises(ConfigurationError, match=r"ended 1\.0 has no wheel for Python 3\.9 on x86_64"):
        adopt(root)

    assert everything(root) == before


def test_versions_of_another_tool_move_where_nothing_else_says_one(root: Path, index: SimpleIndex) -> None:
    lock = '[[package]]\nname = "array"\nversion = "1.0"\n\n[[package]]\nname = "ended"\nversion = "1.0"\n'
    project(root, "array\n", serverless_yml=SERVICE, poetry_lock=lock)

    assert "~ poetry.lock:2 array==1.0 → array==1.2" in adopt(root).text()
    assert locked(root) == ["array 1.2"]


@pytest.mark.parametrize(
    ("tag", "file", "text", "runtime"),
    [
        ("cp310", "serverless_yml", SERVICE, "python3.10"),
        ("cp312", "template_yaml", TEMPLATE, "python3.12"),
        ("cp312", "README_md", "", "python3.12"),
        ("py3-none-any", "serverless_yml", SERVICE, "python3.9"),
        ("py3-none-any", "README_md", "", "python3.13"),
    ],
)
def test_an_ended_runtime_becomes_the_oldest_for_which_there_are_wheels(
    root: Path, index: SimpleIndex, tag: str, file: str, text: str, runtime: str
) -> None:
    """And one that nobody says, the usual one or the next older."""
    index.wheel("only", "1.0", tag)
    index.wheel("only", "2.0")
    project(root, "only==1.0\n", **{file: text})

    found = adopt(root, really=False)
    (body,) = (one.body for one in found.files if one.path == "pyproject.toml")

    assert body is not None and f'runtime = "{runtime}"' in body.decode() and b"override" not in body


def test_without_a_runtime_the_modules_of_python_count_too(root: Path, index: SimpleIndex) -> None:
    folder = project(root, "text==1.0\n")
    (folder / "send.py").write_text(f"import cgi\n{HANDLER}", encoding="utf-8")

    assert '~ send.py:1 runtime → runtime = "python3.12"' in adopt(root).text()


def test_a_runtime_that_is_said_stays_and_the_pins_move(root: Path, index: SimpleIndex) -> None:
    project(root, "array==1.2\n", "python3.11", template_yaml=TEMPLATE)

    assert "~ requirements.txt:1 array==1.2 → array==1.3: no wheel of 1.2 fits Python 3.11" in adopt(root).text()


def test_a_table_of_uv_that_is_there_is_not_written_over(root: Path, index: SimpleIndex) -> None:
    own = '[tool.uv]\nprerelease = "disallow"\n'
    folder = project(root, "array==1.0\n", serverless_yml=SERVICE, pyproject_toml=own)

    with pytest.raises(ConfigurationError) as caught:
        adopt(root)
    assert caught.value.hint == 'add `override-dependencies = ["array==1.2"]` to it'
    (folder / "pyproject.toml").write_text(f'{own}override-dependencies = ["array==1.2"]\n', encoding="utf-8")
    adopt(root)

    assert locked(root) == ["array 1.2"]


def test_versions_that_do_not_fit_together_are_refused_before_anything_is_written(
    root: Path, index: SimpleIndex
) -> None:
    index.wheel("needs", "1.0", "py3-none-any", "text>=3")
    project(root, "needs==1.0\n", serverless_yml=SERVICE)
    before = everything(root)

    with pytest.raises(ToolError, match="text>=3"):
        adopt(root)

    assert everything(root) == before


def test_a_project_with_a_setup_py_is_packed_as_it_lies_and_its_list_counts(root: Path, index: SimpleIndex) -> None:
    """Its plan led to `lock` and that back to the plan, because setuptools knew nothing of the list."""
    setup = "from setuptools import setup\nsetup(name='other', packages=[])\n"
    project(root, "text\n", "python3.13", serverless_yml=SERVICE, setup_py=setup)

    found = adopt(root)
    (unit,) = read(root).projects

    assert "~ setup.py:1 the build → build = false: as before, what lies in the folder is packed" in found.text()
    assert (unit.name, unit.dependencies, locked(root)) == ("shop", ("text",), ["text 2.0"])


def test_no_newer_runtime_is_taken_for_what_no_pin_says(root: Path, index: SimpleIndex) -> None:
    """All pins have wheels for the oldest one; only what they need has not, and would not have for another, either."""
    index.wheel("frame", "1.0", "py3-none-any", "words<2")
    index.source("words", "1.0", "cp39-cp39-linux_x86_64")
    index.wheel("words", "2.0")
    folder = project(root, "frame==1.0\n", serverless_yml=SERVICE)
    (folder / "requirements.dev.txt").write_text("pytest\n", encoding="utf-8")

    text = adopt(root).text()
    assert "serverless.yml:2 runtime → python3.9" in text and "~ requirements.txt:1 words==1.0 → words==2.0" in text


def test_what_nobody_has_pinned_is_the_newest_version_that_can_be_installed(root: Path, index: SimpleIndex) -> None:
    project(root, "array\ntext\n", "python3.9", serverless_yml=SERVICE)

    found = adopt(root)

    assert locked(root) == ["array 1.2", "text 2.0"]
    changed = (
        "~ requirements.txt:1 array==2.0 → array==1.2: no wheel of 2.0 fits Python 3.9 on x86_64; "
        "this is the newest that does"
    )
    assert changed in found.text()
    adopt(root)
    assert locked(root) == ["array 1.2", "text 2.0"]


def test_what_has_no_wheel_in_any_version_is_refused_without_a_pin(root: Path, index: SimpleIndex) -> None:
    folder = project(root, "ended\n", "python3.13", serverless_yml=SERVICE)
    before = everything(folder)

    with pytest.raises(MultiEnvLambdaError) as caught:
        adopt(root)

    assert "ended==1.0" in caught.value.what and everything(folder) == before


def test_of_two_pins_of_two_functions_the_newer_one_counts(root: Path, index: SimpleIndex) -> None:
    other = (
        "  Get: {Type: AWS::Serverless::Function, Properties: {Handler: get.handler, Runtime: RUNTIME, CodeUri: b}}\n"
    )
    template = TEMPLATE.replace("CodeUri: .", "CodeUri: a") + other
    folder = project(root, "", "python3.13", template_yaml=template)
    for name, module, version in (("a", "send", "1.0"), ("b", "get", "2.0")):
        (folder / name).mkdir()
        (folder / name / f"{module}.py").write_text(HANDLER, encoding="utf-8")
        (folder / name / "requirements.txt").write_text(f"text[{name}]=={version}\n", encoding="utf-8")
    (folder / "requirements.txt").unlink()

    found = adopt(root)

    assert locked(root) == ["text 2.0"]
    changed = "~ a/requirements.txt:1 text[a]==1.0 → text[a,b]==2.0: another function needs this version"
    assert changed in found.text()


def test_what_is_a_part_of_python_and_in_no_index_is_left_out(root: Path, index: SimpleIndex) -> None:
    index.wheel("uuid", "1.0")
    project(root, "json\nuuid\ntext==1.0\n", "python3.13", serverless_yml=SERVICE)

    found = adopt(root)

    assert locked(root) == ["text 1.0", "uuid 1.0"]
    assert "~ requirements.txt:1 json → nothing: it is a part of Python" in found.text()


def test_a_name_that_is_in_no_index_and_no_part_of_python_is_refused(root: Path, index: SimpleIndex) -> None:
    project(root, "jsonn\n", "python3.13", serverless_yml=SERVICE)

    with pytest.raises(ToolError) as caught:
        adopt(root)

    assert "jsonn was not found" in caught.value.what


@pytest.mark.parametrize(
    ("requirements", "versions"),
    [
        ("web==1.0\n", ["urllib3 1.26.20", "web 1.0"]),
        ("web==1.0\nbotocore==1.0\n", ["botocore 1.0", "urllib3 1.24.3", "web 1.0"]),
        ("web==2.0\n", ["urllib3 1.26.20", "web 2.0"]),
    ],
)
def test_a_urllib3_that_boto3_cannot_use_is_replaced(
    root: Path, index: SimpleIndex, requirements: str, versions: list[str]
) -> None:
    for version in ("1.24.3", "1.26.20", "2.2.3"):
        index.wheel("urllib3", version)
    index.wheel("web", "1.0", "py3-none-any", "urllib3<1.25")
    index.wheel("web", "2.0", "py3-none-any", "urllib3<2")
    index.wheel("botocore", "1.0")
    project(root, requirements, "python3.13", serverless_yml=SERVICE)

    found = adopt(root)

    assert locked(root) == versions
    assert ("cannot be imported with this one" in found.text()) is (requirements == "web==1.0\n")


def test_a_package_beside_the_code_is_locked_and_not_packed(root: Path, index: SimpleIndex) -> None:
    """Its files stay where they are, and the list of the project, too."""
    folder = project(root, "text==1.0\n", "python3.9", serverless_yml=SERVICE)
    (folder / "array-1.0.dist-info").mkdir()
    for name, text in (
        ("array.py", "A = 1\n"),
        ("array-1.0.dist-info/METADATA", "Name: array\nVersion: 1.0\n"),
        ("array-1.0.dist-info/RECORD", "array.py,,\narray-1.0.dist-info/METADATA,,\n"),
    ):
        (folder / name).write_text(text, encoding="utf-8")
    before = everything(folder)

    found = adopt(root)

    assert (
        "array-1.0.dist-info/METADATA:1 package array 1.0 next to the code → requirements: array==1.0" in found.text()
    )
    assert locked(root) == ["array 1.2", "text 1.0"]
    (unit,) = read(root).projects
    assert unit.exclude == ("array-1.0.dist-info/**", "array.py")
    assert {name: body for name, body in everything(folder).items() if name in before} == before
    assert {one.what for one in adopt(root).files} == {"unchanged"}


def test_a_folder_whose_packages_lie_in_it_needs_no_list(root: Path, index: SimpleIndex) -> None:
    index.wheel("pyyaml", "5.0")
    folder = root / "elsewhere" / "shop"
    (folder / "text-1.0.dist-info").mkdir(parents=True)
    for name, text in (
        ("send.py", f"import text, yaml\n{HANDLER}"),
        ("text.py", HANDLER),
        ("text-1.0.dist-info/METADATA", "Name: text\nVersion: 1.0\n"),
        ("text-1.0.dist-info/RECORD", "text.py,,\n"),
    ):
        (folder / name).write_text(text, encoding="utf-8")

    found = Workspace.open(root, local=False).adopt(folder, really=True)

    assert sorted(one.path for one in found.files) == ["pyproject.toml", "requirements.txt", "send.py"]
    assert locked(root) == ["pyyaml 5.0", "text 1.0"]


def test_a_package_that_no_list_names_is_locked_too_and_the_list_stays(root: Path, index: SimpleIndex) -> None:
    """PowerShell writes lists in UTF-16."""
    for version in ("1.0", "2.0"):
        index.wheel("requests", version)
    index.wheel("pyyaml", "5.0")
    folder = project(root, "", "python3.13", serverless_yml=SERVICE)
    (folder / "send.py").write_text(f"import requests, yaml\n{HANDLER}", encoding="utf-8")
    (folder / "requirements.txt").write_text("requests==1.0\n", encoding="utf-16")

    found = adopt(root)

    assert "~ send.py:1 import yaml → requirements: pyyaml: no list names the package" in found.text()
    assert "import requests" not in found.text()
    assert locked(root) == ["pyyaml 5.0", "requests 1.0"]
    assert {one.what for one in adopt(root).files} == {"unchanged"}


def test_a_project_table_says_all_that_is_needed(root: Path, index: SimpleIndex) -> None:
    """Beside it, no other list counts."""
    table = '[project]\nname = "shop"\nversion = "1.0"\ndependencies = ["text"]\n'
    folder = project(root, "", "python3.13", serverless_yml=SERVICE, pyproject_toml=table)
    (folder / "send.py").write_text(f"import requests\n{HANDLER}", encoding="utf-8")

    adopt(root)

    assert locked(root) == ["text 2.0"]


@pytest.mark.parametrize(
    ("requirements", "versions"),
    [
        ("flask==1.0\n", ["flask 1.0", "jinja2 3.0", "markupsafe 2.1"]),
        ("flask==1.0\njinja2==3.1\n", ["flask 1.0", "jinja2 3.1", "markupsafe 2.1"]),
        ("flask==1.0\njinja2<3.0\n", ["flask 1.0", "jinja2 2.11", "markupsafe 2.0"]),
        ("flask==2.0\n", ["flask 2.0", "jinja2 3.1", "markupsafe 2.1"]),
    ],
)
def test_what_came_out_too_late_for_an_old_pin_is_an_older_one(
    root: Path, index: SimpleIndex, requirements: str, versions: list[str]
) -> None:
    for name, version, *needs in (
        *(("markupsafe", version) for version in ("2.0", "2.1")),
        *(("jinja2", version, "markupsafe>=2") for version in ("2.11", "3.0", "3.1")),
        *(("flask", version, "jinja2>=2.10") for version in ("1.0", "2.0")),
    ):
        index.wheel(name, version, "py3-none-any", *needs)
    project(root, requirements, "python3.13", serverless_yml=SERVICE)

    found = adopt(root)

    assert locked(root) == versions
    assert ("jinja2==3.1 → jinja2<3.1: flask 1.0 cannot be imported" in found.text()) is (versions[1] == "jinja2 3.0")
    assert {one.what for one in adopt(root).files} == {"unchanged"}
