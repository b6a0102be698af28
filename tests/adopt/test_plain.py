"""Folders of handlers without a template: where the top of the code of each one is."""

from __future__ import annotations

from typing import Any

import pytest

from multi_env_lambda.adopt.found import NotCarried
from multi_env_lambda.adopt.plain import handlers_of, read_folder
from multi_env_lambda.adopt.plain_packages import has_list
from multi_env_lambda.errors import ConfigurationError

HANDLER = "def lambda_handler(event, context):\n    return 1\n"


@pytest.mark.parametrize(
    ("files", "handler", "root"),
    [
        ({"src/main.py": "", "src/api.py": ""}, "main.lambda_handler", "src"),
        ({"src/main.py": "from src.api import get", "src/api.py": ""}, "src.main.lambda_handler", None),
        ({"src/main.py": "import api", "src/api.py": ""}, "main.lambda_handler", "src"),
        (
            {
                "a/src/one/main.py": "from common.utils import x",
                "a/src/one/__init__.py": "",
                "a/src/common/utils.py": "",
            },
            "one.main.lambda_handler",
            "a/src",
        ),
        (
            {"a/one/main.py": "from .util import x\nimport boto3", "a/one/__init__.py": "", "a/one/util.py": ""},
            "a.one.main.lambda_handler",
            None,
        ),
    ],
)
def test_the_top_is_where_the_imported_modules_are(files: dict[str, str], handler: str, root: str | None) -> None:
    texts = {path: f"{text}\n{HANDLER}" if path.endswith("main.py") else text for path, text in files.items()}
    table: dict[str, Any] = dict(read_folder(texts, "shop", 40, "shop").table["functions"])
    [found] = table.values()
    assert (found["handler"], found.get("root")) == (handler, root)


@pytest.mark.parametrize(("module", "before"), [("cgi", "python3.13"), ("imp", "python3.12"), ("json", ""), ("uu", "")])
def test_a_handler_of_modules_that_python_no_longer_has_is_for_an_older_one(module: str, before: str) -> None:
    texts = {"a.py": f"import {module}\ndef handler(event, context): ...\n", "uu.py": ""}

    assert read_folder(texts, "shop", 40, "shop").before == before


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("lambda_handler = builder.lambda_handler()", "lambda_handler"),
        ("lambda_handler = skill.handler", "lambda_handler"),
        ("handler = Mangum(app)", "handler"),
        ("handler = mangum.Mangum(app, lifespan='off')", "handler"),
        ("handler = make_lambda_handler(app)", "handler"),
        ("handler = logging.StreamHandler()", ""),
        ("handler = None", ""),
        ("lambda_handler = None", ""),
        ("    lambda_handler = builder.lambda_handler()", ""),
    ],
)
def test_a_handler_may_be_made_by_something(line: str, name: str) -> None:
    found = handlers_of({"app.py": f"import builder\nif True:\n    pass\n{line}\n"})
    assert [handler for handler, _ in found.values()] == ([name] if name else [])


def test_a_function_counts_before_what_is_made() -> None:
    assert handlers_of({"app.py": f"handler = Mangum(app)\n{HANDLER}"}) == {"app.py": ("lambda_handler", 2)}


FOLDER = {
    "one/app.py": "import yaml, json, boto3, helper, unheard_of\ndef handler(event, context): ...\n",
    "one/helper.py": "import requests\n",
    "scripts/load.py": "import pandas\n",
}


def test_a_folder_without_a_list_gets_the_packages_whose_names_are_known() -> None:
    found = read_folder(FOLDER, "shop", 40, "shop", is_listed=False)

    assert found.files == {"requirements.txt": "pyyaml\nrequests\n"}
    said = {(str(one.place), type(one).__name__): one.what for one in found.findings if "import" in one.what}
    assert said == {
        ("one/app.py:1", "Changed"): "import yaml",
        ("one/app.py:1", "NotCarried"): "import unheard_of",
        ("one/helper.py:1", "Changed"): "import requests",
    }


def test_a_folder_with_a_list_keeps_it() -> None:
    assert read_folder(FOLDER, "shop", 40, "shop").files == {}


@pytest.mark.parametrize(
    ("files", "pyproject", "is_listed"),
    [
        (["app.py"], "", False),
        (["a/requirements-dev.txt"], "", True),
        (["Pipfile"], "", True),
        (["pyproject.toml"], '[project]\nname = "shop"\n', True),
        (["pyproject.toml"], '[tool.poetry.dependencies]\npython = "*"\n', True),
        (["pyproject.toml"], "[tool.ruff]\n", False),
    ],
)
def test_a_list_is_what_another_tool_reads(files: list[str], pyproject: str, is_listed: bool) -> None:
    assert has_list(files, pyproject) is is_listed


SCRIPT = (
    "import sys\nfrom awsglue.utils import getResolvedOptions\nARGUMENTS = getResolvedOptions(sys.argv, ['JOB_NAME'])\n"
)


def test_a_script_of_glue_is_said_with_the_table_that_it_needs() -> None:
    found = read_folder({"app.py": HANDLER, "etl/load.py": SCRIPT, "tests/test_load.py": SCRIPT}, "shop", 40, "shop")

    [said] = [one for one in found.findings if isinstance(one, NotCarried)]
    assert (said.what, str(said.place)) == ("the script etl/load.py of Glue", "etl/load.py:2")
    assert '`[tool.multi_env_lambda.jobs.load]` with `entry = "etl.load:main"`' in said.reason


def test_a_folder_that_has_only_scripts_of_glue_is_refused_with_what_they_are() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_folder({"load.py": SCRIPT}, "shop", 40, "shop")

    assert caught.value.what == "it has no function for Lambda, but the script load.py of Glue"
    assert 'entry = "load:main"' in (caught.value.hint or "")
