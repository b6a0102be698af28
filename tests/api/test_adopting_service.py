"""A service of Serverless is adopted by the verb: which file, which values, and no file of a person is overwritten."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from multi_env_lambda.api.adopting import Adoption
from multi_env_lambda.api.workspace import Workspace
from multi_env_lambda.errors import ConfigurationError
from tests.house import ROOT

SERVICE = """service: shop
provider: {name: aws, runtime: python3.13, environment: {TABLE: '${env:TABLE}', LEVEL: '${param:level}'}}
params: {default: {level: info}, live: {level: error}}
functions: {sendMail: {handler: mail/send.handler, events: [{httpApi: GET /mail}]}}
resources: ${file(../shared.yml)}
"""
SHARED = "Resources: {Topic: {Type: 'AWS::SNS::Topic', Properties: {TopicName: 'news-${sls:stage}'}}}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    start, end = text.index("[tool.multi_env_lambda]"), text.index("# --- the tools of this repository")
    (tmp_path / "pyproject.toml").write_text(text[start:end], encoding="utf-8")
    folder = tmp_path / "projects" / "shop"
    (folder / "mail").mkdir(parents=True)
    (folder / "mail" / "send.py").write_text("def handler(event, context):\n    return 1\n", encoding="utf-8")
    (folder / "serverless.yml").write_text(SERVICE, encoding="utf-8")
    (tmp_path / "projects" / "shared.yml").write_text(SHARED, encoding="utf-8")
    return tmp_path


def adopt(root: Path, *values: str, path: str = "projects/shop", really: bool = True) -> Adoption:
    return Workspace.open(root, local=False).adopt(root / path, values=values, really=really)


def test_a_service_becomes_a_unit_in_its_place_and_a_second_time_changes_nothing(root: Path) -> None:
    found = adopt(root, "env:TABLE=orders", "prod.stage=live")
    assert {one.path: one.what for one in found.files} == {"pyproject.toml": "written", "stack.py": "written"}
    (unit,) = Workspace.open(root, local=False).configs
    settings = unit.settings["prod"].functions[0]
    assert (settings.key, settings.handler) == ("send-mail", "mail/send.handler")
    assert "✓ serverless.yml:4 handler → functions.send-mail" in found.text()
    table = (root / "projects" / "shop" / "pyproject.toml").read_text(encoding="utf-8")
    assert 'environment.LEVEL = "info"' in table and 'environment.LEVEL = "error"' in table

    again = adopt(root)
    assert {one.what for one in again.files} == {"unchanged"}


def test_values_that_nobody_has_given_are_asked_for_all_at_once_and_nothing_is_written(root: Path) -> None:
    before = sorted(root.rglob("*"))
    with pytest.raises(ConfigurationError) as error:
        adopt(root, "sandbox.env:TABLE=x")
    assert "serverless.yml:2 `${env:TABLE}` for test, staging, prod" in str(error.value)
    assert "--set prod.env:TABLE=…" in str(error.value.hint)
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("TABLE", "expected"),
        ("TABLE=x", "expected"),
        ("nowhere.env:TABLE=x", "no environment `nowhere`"),
        ("env:API_TOKEN=hunter2hunter2", "is a secret"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_without_being_shown(root: Path, value: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why) as error:
        adopt(root, value)
    assert "hunter2" not in str(error.value)


def test_two_projects_in_a_folder_are_told_apart_by_the_file(root: Path) -> None:
    folder = root / "projects" / "shop"
    (folder / "template.yaml").write_text("Transform: AWS::Serverless-2016-10-31\nResources: {}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="several projects: serverless.yml, template.yaml"):
        adopt(root, "env:TABLE=x")
    assert adopt(root, "env:TABLE=x", path="projects/shop/serverless.yml").source == "serverless.yml"


def test_a_service_that_is_a_program_is_refused_with_a_way_out(root: Path) -> None:
    folder = root / "projects" / "shop"
    (folder / "serverless.yml").rename(folder / "serverless.ts")
    with pytest.raises(ConfigurationError, match="serverless print"):
        adopt(root)


def test_a_file_outside_of_the_repository_is_not_read(root: Path) -> None:
    outside = root.parent / "outside-of-it.yml"
    outside.write_text("Resources: {Stolen: {Type: 'AWS::SNS::Topic'}}\n", encoding="utf-8")
    file = root / "projects" / "shop" / "serverless.yml"
    file.write_text(SERVICE.replace("../shared.yml", "../../../outside-of-it.yml"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="there is no file"):
        adopt(root, "env:TABLE=x")


def test_keys_fit_into_names_that_begin_with_the_name_of_the_project(root: Path) -> None:
    folder = root / "projects" / "shop"
    (folder / "pyproject.toml").write_text('[tool.poetry]\nname = "a-shop-with-a-very-long-name"\n', encoding="utf-8")
    service = SERVICE.replace("sendMail", "sendAllMailsOfTheDayToEverybody")
    (folder / "serverless.yml").write_text(service, encoding="utf-8")
    table = next(one for one in adopt(root, "env:TABLE=orders", really=False).files if one.path == "pyproject.toml")
    [key] = re.findall(rb"functions[.](.+)]", table.body or b"")
    assert len(f"a-shop-with-a-very-long-name-staging-{key.decode()}") <= 64 and key.startswith(b"send-all-mails")


@pytest.mark.parametrize(
    ("functions", "hint"),
    [
        ("functions: {}", "name the file, or the folder, that has functions"),
        ("functions: {a: {handler: a.b, runtime: nodejs20.x}}", "it runs on nodejs20.x, and functions are in Python"),
        ("functions: {a: {image: x}}", "serverless.yml:"),
    ],
)
def test_a_service_without_a_function_that_can_be_one_here_writes_nothing(
    root: Path, functions: str, hint: str
) -> None:
    service = f"service: shop\nprovider: {{name: aws, runtime: python3.13}}\n{functions}\n"
    (root / "projects" / "shop" / "serverless.yml").write_text(service, encoding="utf-8")
    before = sorted(root.rglob("*"))

    with pytest.raises(ConfigurationError, match="no function in Python that could be taken over") as error:
        adopt(root)

    assert sorted(root.rglob("*")) == before and hint in str(error.value.hint)


def test_a_table_by_stage_without_the_environment_asks_for_the_stage(root: Path) -> None:
    service = SERVICE.replace("${env:TABLE}", "${self:custom.by.${sls:stage}.table}")
    (root / "projects" / "shop" / "serverless.yml").write_text(f"{service}\ncustom: {{by: {{dev: {{table: a}}}}}}\n")
    with pytest.raises(ConfigurationError, match=r"nothing is there, `custom.by` has dev") as error:
        adopt(root)
    assert "--set sandbox.stage=… --set test.stage=…" in str(error.value.hint)


def test_a_module_that_is_called_like_a_test_is_packed_if_a_function_imports_it(root: Path) -> None:
    folder = root / "projects" / "shop"
    (folder / "mail" / "send.py").write_text("import mail.test_mode\n\n\ndef handler(event, context):\n    return 1\n")
    for name in ("test_mode.py", "test_other.py"):
        (folder / "mail" / name).write_text("")
    found = adopt(root, "env:TABLE=orders")
    assert "~ mail/test_mode.py:1 the file → include" in found.text()
    (unit,) = Workspace.open(root, local=False).configs
    assert unit.include == ("mail/test_mode.py",)


def test_a_file_of_values_that_is_not_in_the_repository_is_to_be_written(root: Path) -> None:
    file = root / "projects" / "shop" / "serverless.yml"
    file.write_text(
        SERVICE.replace("'${env:TABLE}'", "'${self:custom.own.table}'") + "custom: {own: '${file(own.yml)}'}\n"
    )
    with pytest.raises(ConfigurationError) as error:
        adopt(root)
    assert error.value.hint == "write `own.yml`, which is not in the repository"
    (file.parent / "own.yml").write_text("table: orders\n")
    assert adopt(root).unit == "shop"
