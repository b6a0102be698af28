"""A name is added to a table that people write, and nothing else in it changes."""

from __future__ import annotations

import pytest

from multi_env_lambda.adopt.stated import with_names
from multi_env_lambda.errors import ConfigurationError

HEADER = "[tool.multi_env_lambda.environments.prod.tables.orders]"
TEXT = f"""# ours
[project]
name = "shop"

{HEADER}  # of prod
deletion_protection = true
name = "old"

[tool.other]
"""


def test_a_table_that_is_there_gets_a_line_and_keeps_its_comments() -> None:
    assert with_names(TEXT, [(HEADER, "new")], "pyproject.toml") == TEXT.replace('name = "old"\n', "").replace(
        "# of prod\n", '# of prod\nname = "new"\n'
    )


def test_a_table_that_is_missing_is_added_at_the_end() -> None:
    found = with_names("[project]\nname = 'shop'\n", [(HEADER, "new")], "pyproject.toml")
    assert found == f"[project]\nname = 'shop'\n\n{HEADER}\nname = \"new\"\n"
    assert with_names(found, [(HEADER, "new")], "pyproject.toml") == found


@pytest.mark.parametrize(
    "text",
    [
        "[tool.multi_env_lambda.environments.prod]\ntables.orders = { partition_key = 'id' }\n",
        "[tool.multi_env_lambda]\nenvironments = { prod = {} }\n",
    ],
)
def test_another_form_is_left_to_a_person(text: str) -> None:
    with pytest.raises(ConfigurationError, match="could not be added") as raised:
        with_names(text, [(HEADER, "new")], "projects/shop/pyproject.toml")
    assert raised.value.hint == 'write `name = "new"` into that table'
