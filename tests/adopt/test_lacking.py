"""What functions import and no list names is added, if its package is well known and nothing else may have it."""

from __future__ import annotations

from typing import Any

import pytest

from multi_env_lambda.adopt.joined import Adopted
from multi_env_lambda.adopt.lacking import with_lacking

APP = "import json, boto3, requests\nimport unheard_of\nfrom . import own\ndef handler(event, context): ...\n"


def completed(
    texts: dict[str, str], *lists: str, table: dict[str, Any] | None = None, files: dict[str, str] | None = None
) -> Adopted:
    functions = {"functions": {"send": {"handler": "app.handler", "root": "src"}}, **(table or {})}
    adopted = Adopted(table=functions, stacks={}, findings=(), folders=(".",), files=files or {})
    return with_lacking(adopted, texts, lists, "projects/shop", is_listed=False)


def test_a_well_known_package_that_no_list_names_is_added_and_said() -> None:
    found = completed({"src/app.py": APP}, "flask==1.0\n")

    assert found.files == {"requirements.txt": "requests\n"}
    [said] = found.findings
    assert (said.what, str(said.place)) == ("import requests", "src/app.py:1")


@pytest.mark.parametrize(
    ("texts", "lists"),
    [
        ({"src/app.py": "import requests\n"}, ["Requests>=2\n"]),
        ({"src/app.py": "import psycopg2\n"}, ["aws-psycopg2\n"]),
        ({"src/app.py": "import yaml\n"}, ["ruamel.yaml\n"]),
        ({"src/app.py": "import discord\n"}, ["py-cord\n"]),
        ({"src/app.py": "import requests\n", "layer/python/requests.py": ""}, []),
        ({"src/app.py": "import requests\n", "layer/python/requests/api.py": ""}, []),
        ({"src/app.py": "import requests\n", "src/requests/api.py": ""}, []),
        ({"src/app.py": "try:\n    import requests\nexcept ImportError: ...\n"}, []),
        ({"src/app.py": "def handler(event, context):\n    import requests\n"}, []),
        ({"src/app.py": "import app_two\n", "src/other.py": "import requests\n"}, []),
        ({"other/app.py": "import requests\n"}, []),
    ],
)
def test_nothing_is_added_where_something_may_have_it_or_nothing_needs_it(
    texts: dict[str, str], lists: list[str]
) -> None:
    found = completed(texts, *lists, table={"shared": ["projects/shop/layer/python", "libs/common"]})
    assert (found.files, found.findings) == ({}, ())


def test_a_folder_that_is_called_like_a_package_and_is_no_top_of_the_code_is_none() -> None:
    """A function of ``CodeUri: jinja2/`` imports Jinja2."""
    found = completed({"src/app.py": "import requests\n", "requests/app.py": ""})
    assert found.files == {"requirements.txt": "requests\n"}


def test_what_a_module_of_the_project_imports_counts_too() -> None:
    found = completed({"src/app.py": "import helper\n", "src/helper.py": "import yaml\n"})
    assert found.files == {"requirements.txt": "pyyaml\n"}


def test_what_was_added_for_another_reason_is_a_list_too() -> None:
    found = completed({"src/app.py": "import requests\n"}, files={"requirements.txt": "requests==2.1\n"})
    assert found.files == {"requirements.txt": "requests==2.1\n"}


@pytest.mark.parametrize("where", ["here", "prod"])
def test_a_function_with_layers_of_others_may_have_it_from_there(where: str) -> None:
    layers = {"functions": {"send": {"handler": "app.handler", "root": "src", "layers": ["arn"]}}}
    found = completed({"src/app.py": APP}, table=layers if where == "here" else {"environments": {"prod": layers}})
    assert found.files == {}
