"""Folders of handlers without a template: where the top of the code of each one is."""

from __future__ import annotations

from typing import Any

import pytest

from multi_env_lambda.adopt.plain import read_folder

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
