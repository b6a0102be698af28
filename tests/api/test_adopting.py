"""A project of another tool is adopted: nothing of a person's is overwritten, and a second time changes nothing."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from multi_env_lambda.api.adopting import Adoption
from multi_env_lambda.api.adopting_project import project_at
from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.errors import ConfigurationError
from tests.house import ROOT

TEMPLATE = """Transform: AWS::Serverless-2016-10-31
Parameters: {Stage: {Type: String, AllowedValues: [dev, live], Description: which one}}
Resources:
  CreateFunction:
    Type: AWS::Serverless::Function
    Properties: {Handler: app.handler, Runtime: python3.13, CodeUri: src/, MemorySize: 256, Anything: 1}
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Stage}}
"""
VALUES = ("Stage=dev", "prod.Stage=live")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    start, end = text.index("[tool.multi_env_lambda]"), text.index("# --- the tools of this repository")
    (tmp_path / "pyproject.toml").write_text(text[start:end], encoding="utf-8")
    return tmp_path


def project(folder: Path, template: str = TEMPLATE) -> Path:
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "app.py").write_text("def handler(event, context):\n    return 1\n", encoding="utf-8")
    (folder / "template.yaml").write_text(template, encoding="utf-8")
    return folder


def adopt(root: Path, path: Path, *, values: tuple[str, ...] = VALUES, really: bool = True, name: str = "") -> Adoption:
    return Workspace.open(root, local=False).adopt(path, unit=name, values=values, really=really)


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def what(found: Adoption) -> dict[str, str]:
    return {one.path: one.what for one in found.files}


def test_a_project_where_units_are_becomes_one_and_again_is_nothing(root: Path) -> None:
    folder = project(root / "projects" / "shop")

    found = adopt(root, folder)
    written = snapshot(folder)

    assert what(found) == {"pyproject.toml": "written", "stack.py": "written"}
    assert [unit.name for unit in Workspace.open(root, local=False).configs] == ["shop"]
    assert what(adopt(root, folder)) == {"pyproject.toml": "unchanged", "stack.py": "unchanged"}
    assert what(adopt(root, folder, values=())) == {"pyproject.toml": "unchanged", "stack.py": "unchanged"}
    assert snapshot(folder) == written


def test_to_say_what_would_be_written_writes_nothing(root: Path) -> None:
    folder = project(root / "projects" / "shop")
    before = snapshot(root)

    found = adopt(root, folder, really=False)

    assert snapshot(root) == before and what(found)["pyproject.toml"] == "written"
    assert "✗ template.yaml:6 Anything" in found.text()


def test_a_changed_template_updates_what_nobody_has_edited(root: Path) -> None:
    folder = project(root / "projects" / "shop")
    adopt(root, folder)
    (folder / "stack.py").write_text("# mine\n", encoding="utf-8")
    (folder / "template.yaml").write_text(
        TEMPLATE.replace("256", "512").replace("!Ref Stage", "other"), encoding="utf-8"
    )

    found = adopt(root, folder)

    assert what(found) == {"pyproject.toml": "updated", "stack.py": "kept"}
    assert (folder / "stack.py").read_text(encoding="utf-8") == "# mine\n"
    assert "memory_size = 512" in (folder / "pyproject.toml").read_text(encoding="utf-8")
    assert "stack.py; you changed it" in found.text()


def test_a_rest_that_is_gone_takes_its_file_along(root: Path) -> None:
    folder = project(root / "projects" / "shop")
    adopt(root, folder)
    (folder / "template.yaml").write_text(
        TEMPLATE.replace(", Properties: {TopicName: !Ref Stage}", ""), encoding="utf-8"
    )

    assert what(adopt(root, folder))["stack.py"] == "removed"
    assert not (folder / "stack.py").exists()


def test_what_a_person_has_in_pyproject_stays(root: Path) -> None:
    folder = project(root / "projects" / "shop")
    (folder / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n", encoding="utf-8")

    assert what(adopt(root, folder))["pyproject.toml"] == "updated"
    text = (folder / "pyproject.toml").read_text(encoding="utf-8")
    assert text.startswith("[tool.ruff]\nline-length = 100\n\n# From template.yaml")
    assert what(adopt(root, folder))["pyproject.toml"] == "unchanged"
    (folder / "pyproject.toml").write_text(text.replace("256", "512"), encoding="utf-8")
    assert what(adopt(root, folder))["pyproject.toml"] == "kept"


def test_a_project_elsewhere_is_copied(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = project(tmp_path_factory.mktemp("other") / "Their_Shop")
    (folder / "README.md").write_text("not code", encoding="utf-8")
    before = snapshot(folder)

    found = adopt(root, folder)

    assert found.unit == "their-shop" and snapshot(folder) == before
    assert set(snapshot(root / "projects" / "their-shop")) == {
        ".adopted.json",
        "pyproject.toml",
        "src/app.py",
        "stack.py",
    }
    assert adopt(root, folder, name="shop", really=False).folder == "projects/shop"


def test_a_template_at_the_top_of_the_repository_gets_a_unit_without_the_others(root: Path) -> None:
    project(root / "projects" / "other")
    (root / "template.yaml").write_text(TEMPLATE.replace("CodeUri: src/", "CodeUri: ."), encoding="utf-8")
    (root / "app.py").write_text("def handler(event, context):\n    return 1\n", encoding="utf-8")

    for again in ("written", "unchanged"):
        assert what(adopt(root, root, name="shop")) == {
            "app.py": again,
            "pyproject.toml": again,
            "stack.py": again,
            "template.yaml": again,
        }


@pytest.mark.parametrize("uri", ["../../src", "../../../../../../../../../../etc"])
def test_code_above_the_template_is_only_taken_from_the_same_repository(root: Path, uri: str) -> None:
    folder = project(root / "projects" / "shop" / "a" / "b")
    (folder / "template.yaml").write_text(TEMPLATE.replace("CodeUri: src/", f"CodeUri: {uri}"), encoding="utf-8")
    (root / "projects" / "shop" / "src").mkdir()
    (root / "projects" / "shop" / "src" / "app.py").write_text("def handler(event, context): ...", encoding="utf-8")

    with pytest.raises(ConfigurationError, match="no function in Python"):
        adopt(root, folder)
    (root / ".git").mkdir()
    if uri == "../../src":
        assert adopt(root, folder, really=False).folder == "projects/shop"
    else:
        with pytest.raises(ConfigurationError, match="no function in Python"):
            adopt(root, folder)


def test_what_has_no_value_is_named_with_its_line_and_the_way_to_give_it(root: Path) -> None:
    folder = project(root / "projects" / "shop")

    with pytest.raises(ConfigurationError) as refused:
        adopt(root, folder, values=())
    with pytest.raises(ConfigurationError, match="the template allows dev, live"):
        adopt(root, folder, values=("Stage=other",))

    assert "line 2: Stage, one of dev, live (which one)" in refused.value.what
    assert refused.value.hint == "give it with `--set Stage=…`"
    assert "values=[" in str(refused.value)


def test_values_of_samconfig_hold_too(root: Path) -> None:
    folder = project(root / "projects" / "shop")
    config = '[default.deploy.parameters]\nparameter_overrides = "Stage=dev"\n'
    (folder / "samconfig.toml").write_text(config, encoding="utf-8")

    adopt(root, folder, values=())

    assert '"TopicName": "dev"' in (folder / "stack.py").read_text(encoding="utf-8")


def test_a_folder_of_handlers_needs_no_template(root: Path) -> None:
    folder = root / "projects" / "shop"
    for path, text in {
        "create.py": "def handler(event, context):\n    return 1\n",
        "mail/app.py": "import os\n\ndef lambda_handler(event, context):\n    return 1\n",
        "tests/test_create.py": "def handler(event, context):\n    return 1\n",
        "helper.py": "def help(a, b):\n    return a\n",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")

    found = adopt(root, folder, values=())
    unit = Workspace.open(root, local=False).configs[0]
    functions = {one.key: (one.handler, one.root) for one in unit.settings["sandbox"].functions}

    assert functions == {"create": ("create.handler", ""), "mail": ("app.lambda_handler", "mail")}
    assert "~ create.py:1 runtime" in found.text()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no template and no Python file"),
        ({"template.yaml": "a: ["}, "not YAML"),
        ({"a.yaml": TEMPLATE, "b.yaml": TEMPLATE}, "2 templates: a.yaml, b.yaml"),
        ({"template.yaml": TEMPLATE, ".adopted.json": "[]"}, "not a record"),
        ({"template.yaml": TEMPLATE, "samconfig.toml": "a = "}, "TOML"),
    ],
)
def test_what_cannot_be_adopted_is_refused(root: Path, files: dict[str, str], words: str) -> None:
    folder = root / "projects" / "shop"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    before = snapshot(root)

    with pytest.raises(ConfigurationError, match=words):
        adopt(root, folder, values=VALUES if files else ())

    assert snapshot(root) == before


def test_a_record_of_others_names_no_file_outside_of_the_unit(root: Path) -> None:
    folder = project(root / "projects" / "shop")
    victim = root / "victim.txt"
    victim.write_text("x", encoding="utf-8")
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    record = {"format": 1, "source": "x", "files": {"../../victim.txt": digest, str(victim): digest}, "values": {}}
    (folder / ".adopted.json").write_text(json.dumps(record), encoding="utf-8")

    adopt(root, folder)

    assert victim.read_text(encoding="utf-8") == "x"


def test_a_folder_whose_name_no_unit_can_have_is_copied_to_one_that_can(root: Path) -> None:
    folder = project(root / "projects" / "My_Shop")
    before = snapshot(folder)

    found = adopt(root, folder)

    assert (found.unit, found.folder) == ("my-shop", "projects/my-shop") and snapshot(folder) == before
    assert (root / "projects" / "my-shop" / "src" / "app.py").is_file()
    assert "~ template.yaml:1 the folder My_Shop → the unit my-shop" in found.text()
    assert [unit.name for unit in Workspace.open(root, local=False).configs] == ["my-shop"]
    assert adopt(root, root / "projects" / "my-shop" / ".." / "My_Shop", name="other").folder == "projects/other"
    with pytest.raises(ConfigurationError, match="is no name for a unit"):
        adopt(root, folder, name="My_Shop")
    with pytest.raises(ConfigurationError, match="there is no such"):
        adopt(root, root / "nowhere")


def test_a_secret_that_is_given_gets_into_no_file(root: Path) -> None:
    """Neither from the command nor from samconfig.toml, which people often have it in."""
    template = TEMPLATE.replace("which one}}", "which one}, Key: {Type: String, NoEcho: true}}")
    folder = project(root / "projects" / "shop", template)
    parameters = """parameter_overrides = "Key='hunter2'"\n"""
    (folder / "samconfig.toml").write_text(f"[default.deploy.parameters]\n{parameters}", encoding="utf-8")

    adopt(root, folder, values=(*VALUES, "Key=hunter3", "prod.Key=hunter4"))

    written = {path: body for path, body in snapshot(folder).items() if path != "samconfig.toml"}
    assert ".adopted.json" in written and not [path for path, body in written.items() if b"hunter" in body]


@pytest.mark.parametrize("value", ["Stag=dev", "prod.Stag=dev"])
def test_a_value_of_no_parameter_is_refused(root: Path, value: str) -> None:
    folder = project(root / "projects" / "shop")

    with pytest.raises(ConfigurationError, match="there is no parameter `Stag`") as caught:
        adopt(root, folder, values=(*VALUES, value))

    assert "Stage" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (TEMPLATE.encode("utf-16"), "not UTF-8"),
        (TEMPLATE.replace("Anything", "caf\xe9").encode("latin-1"), "not UTF-8"),
        (TEMPLATE.encode() + b"#" * 5_300_000, "more than 5,242,880 bytes"),
    ],
)
def test_a_template_is_read_whole_or_not_at_all(root: Path, body: bytes, words: str) -> None:
    folder = project(root / "projects" / "shop")
    (folder / "template.yaml").write_bytes(body)

    with pytest.raises(ConfigurationError, match=words):
        adopt(root, folder)


def test_what_an_ended_run_left_is_recorded_by_the_next(root: Path) -> None:
    """Else each file of it would count as a person's, and stay as it is for ever."""
    folder = project(root / "projects" / "shop")
    adopt(root, folder)
    (folder / ".adopted.json").unlink()
    adopt(root, folder)
    (folder / "template.yaml").write_text(
        TEMPLATE.replace("256", "512").replace("!Ref Stage", "other"), encoding="utf-8"
    )

    assert what(adopt(root, folder)) == {"pyproject.toml": "updated", "stack.py": "updated"}


def test_nothing_is_written_through_a_link(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    folder = project(root / "projects" / "shop", TEMPLATE.replace("Anything: 1", "InlineCode: x = 1"))
    (folder / "inline").symlink_to(outside)

    for really in (False, True):
        with pytest.raises(ConfigurationError, match="leads out of the unit's folder"):
            adopt(root, folder, really=really)

    assert not list(outside.iterdir())
    assert not (folder / "pyproject.toml").exists()


def test_a_pipe_is_no_file_of_a_project(root: Path) -> None:
    """To read one would wait for whoever writes it."""
    folder = project(root / "projects" / "shop", TEMPLATE)
    os.mkfifo(folder / "pipe.py")

    assert "pipe.py" not in project_at(folder, set()).files


def test_a_value_whose_name_says_secret_is_not_remembered(root: Path) -> None:
    """Many templates lack ``NoEcho``: the value would be in a file that is committed."""
    template = TEMPLATE.replace("which one}}", "which one}, DbPassword: {Type: String}, ApiKey: {Type: String}}")
    folder = project(root / "projects" / "shop", template)

    adopt(root, folder, values=(*VALUES, "DbPassword=hunter22", "ApiKey=hunter23", "prod.ApiKey=hunter24"))

    written = {path: body for path, body in snapshot(folder).items() if path != "template.yaml"}
    assert ".adopted.json" in written and not [path for path, body in written.items() if b"hunter" in body]
    assert b'"Stage": "dev"' in written[".adopted.json"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("MemorySize: 256", "MemorySize: 64", "memory_size"),
        ("MemorySize: 256", "Timeout: 901", "timeout"),
        ("MemorySize: 256", "VpcConfig: {SubnetIds: [x], SecurityGroupIds: [sg-0a1b2c3d]}", "subnet_ids"),
    ],
)
def test_a_value_that_no_unit_can_have_is_refused_before_anything_is_written(
    root: Path, old: str, new: str, words: str
) -> None:
    folder = project(root / "projects" / "shop", TEMPLATE.replace(old, new))
    before = snapshot(root)

    with pytest.raises(ConfigurationError, match=words):
        adopt(root, folder)

    assert snapshot(root) == before


def test_a_folder_without_a_list_is_adopted_again_with_what_was_written_for_it(root: Path) -> None:
    folder = root / "projects" / "shop"
    folder.mkdir(parents=True)
    text = 'import os, json\nTABLE = os.environ["TABLE"]\ndef handler(event, context): ...\n'
    (folder / "app.py").write_text(text, encoding="utf-8")
    assert "✗ app.py:2 variable TABLE" in adopt(root, folder, values=(), really=False).text()

    adopt(root, folder, values=("variable:TABLE=orders", "prod.variable:TABLE=live"))
    unit = (folder / "pyproject.toml").read_text(encoding="utf-8")

    assert 'environment.TABLE = "orders"' in unit and 'environment.TABLE = "live"' in unit
    assert what(adopt(root, folder, values=())) == {"pyproject.toml": "unchanged"}


def test_a_list_that_was_written_for_a_layer_is_there_the_second_time(root: Path) -> None:
    layers = "CodeUri: src/, Layers: ['arn:aws:lambda:us-east-1:017000801446:layer:AWSLambdaPowertoolsPythonV3:1']"
    folder = project(root / "projects" / "shop", TEMPLATE.replace("CodeUri: src/", layers))

    first = adopt(root, folder, really=False)
    for one in first.files:
        (folder / one.path).write_bytes(one.body or b"")
    record = {one.path: hashlib.sha256(one.body or b"").hexdigest() for one in first.files}
    (folder / ".adopted.json").write_text(
        json.dumps({"format": 1, "source": "template.yaml", "files": record, "values": {}}), encoding="utf-8"
    )

    assert what(first)["requirements.txt"] == "written"
    assert set(what(adopt(root, folder, really=False)).values()) == {"unchanged"}


def test_what_makes_a_repository_a_workspace_is_no_part_of_the_project_at_its_top(root: Path) -> None:
    (root / "template.yaml").write_text(TEMPLATE.replace("CodeUri: src/", "CodeUri: ."), encoding="utf-8")
    (root / "app.py").write_text("def handler(event, context):\n    return 1\n", encoding="utf-8")
    own = "[tool.ruff]\nline-length = 100\n"
    (root / "pyproject.toml").write_text(f"{own}\n{(root / 'pyproject.toml').read_text()}", encoding="utf-8")
    (root / "bin" / "automation").mkdir(parents=True)
    for name in ("deploy.py", "seed.py"):
        (root / "bin" / "automation" / name).write_text("", encoding="utf-8")

    found = adopt(root, root, name="shop")

    assert {*what(found)} == {"app.py", "bin/automation/seed.py", "pyproject.toml", "stack.py", "template.yaml"}
    text = (root / "projects" / "shop" / "pyproject.toml").read_text(encoding="utf-8")
    assert text.startswith(f"{own}\n# From template.yaml")
    assert "environments" not in text


def test_a_file_whose_name_says_secret_is_not_copied(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = project(tmp_path_factory.mktemp("other") / "shop")
    (folder / "src" / "credentials").write_text("[default]\n", encoding="utf-8")

    found = adopt(root, folder)

    assert "✗ src/credentials:1 the file: not carried over: its name says that it holds secrets" in found.text()
    assert not (root / "projects" / "shop" / "src" / "credentials").exists()
