from __future__ import annotations

import tomllib

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.project import read_project
from multi_env_lambda.model.workspace import read_workspace
from multi_env_lambda.plan.scaffold import SCRIPTS, UNIT_SCRIPTS, WORKSPACE_TABLE, init_files, new_unit, script

WORKSPACE = read_workspace(tomllib.loads(WORKSPACE_TABLE), where="pyproject.toml")


def read(name: str):
    document = tomllib.loads(dict(new_unit(name))[f"projects/{name}/pyproject.toml"])
    folder = f"projects/{name}"
    return read_project(
        document, folder=folder, where=folder, environments=WORKSPACE.environments, devops=WORKSPACE.devops
    )


def test_a_new_unit_is_four_files_to_edit_and_its_scripts() -> None:
    files = dict(new_unit("billing"))
    scripts = {f"projects/billing/bin/automation/{verb}.py": script(verb) for verb in UNIT_SCRIPTS}

    assert {path: text for path, text in files.items() if path in scripts} == scripts
    assert sorted(set(files) - set(scripts)) == [
        "projects/billing/billing/__init__.py",
        "projects/billing/billing/main.py",
        "projects/billing/pyproject.toml",
        "projects/billing/tests/test_billing.py",
    ]


@pytest.mark.parametrize("name", ["billing", "data-import", "s3-to-redshift"])
def test_a_new_unit_is_a_project_without_another_edit(name: str) -> None:
    assert read(name).handlers == (("main", f"{name.replace('-', '_')}.main.handler"),)


def test_the_handler_of_a_new_unit_answers_as_its_smoke_check_expects() -> None:
    found: dict[str, object] = {}
    exec(dict(new_unit("billing"))["projects/billing/billing/main.py"], found)

    assert found["handler"]({"name": "world"}, None) == {"greeting": "hello world"}  # type: ignore[operator]


@pytest.mark.parametrize("name", ["", "Orders", "a_b", "../x", "1st", "x" * 41, "a b", "a\nb"])
def test_a_name_that_aws_will_not_take_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="expected up to 40 lowercase letters"):
        new_unit(name)


@pytest.mark.parametrize("name", ["class", "json", "email"])
def test_a_name_that_python_uses_itself_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match="means something else to Python"):
        new_unit(name)


@pytest.mark.parametrize("verb", SCRIPTS)
def test_a_script_is_six_lines(verb: str) -> None:
    text = script(verb)
    compile(text, f"{verb}.py", "exec")

    assert len([line for line in text.splitlines() if line.strip()]) == 5 and len(text.splitlines()) == 6


def test_a_units_scripts_are_some_of_all() -> None:
    assert set(UNIT_SCRIPTS) <= set(SCRIPTS)


def test_an_empty_repository_gets_the_table_the_ignored_folder_and_all_scripts() -> None:
    files = dict(init_files(None, None, id="abc"))
    workspace = read_workspace(tomllib.loads(files["pyproject.toml"]), where="pyproject.toml")

    assert (workspace.id, workspace.environment("prod").approval) == ("abc", True)
    assert files[".gitignore"] == "/.multi_env_lambda/\n"
    assert len(files) == len(SCRIPTS) + 2


def test_what_a_repository_has_is_kept() -> None:
    files = dict(init_files("[tool.ruff]\nline-length = 100", "*.pyc", ["bin/automation/deploy.py"], id="abc"))

    assert tomllib.loads(files["pyproject.toml"])["tool"]["ruff"] == {"line-length": 100}
    assert files[".gitignore"] == "*.pyc\n/.multi_env_lambda/\n"
    assert "bin/automation/deploy.py" not in files


def test_running_init_twice_writes_nothing() -> None:
    first = dict(init_files(None, None, id="abc"))

    assert init_files(first["pyproject.toml"], first[".gitignore"], list(first), id="def") == ()


def test_a_flat_unit_is_modules_in_a_folder_that_nothing_builds() -> None:
    files = dict(new_unit("billing", units="lambdas", flat=True))
    document = tomllib.loads(files["lambdas/billing/pyproject.toml"])

    assert "build-system" not in document
    assert document["tool"]["multi_env_lambda"]["functions"]["main"]["handler"] == "main.handler"
    assert {path for path in files if "/bin/" not in path} == {
        "lambdas/billing/pyproject.toml",
        "lambdas/billing/main.py",
        "lambdas/billing/tests/test_billing.py",
    }
    assert "from main import handler" in files["lambdas/billing/tests/test_billing.py"]
