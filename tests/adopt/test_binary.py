"""The source of psycopg2 cannot be built for Lambda, and its wheels are another package."""

from __future__ import annotations

import pytest

from multi_env_lambda.adopt.binary import with_binary
from multi_env_lambda.adopt.joined import Adopted


def changed(text: str) -> Adopted:
    adopted = Adopted(table={}, stacks={}, findings=(), folders=(".",), files={})
    return with_binary(adopted, [("src/requirements.txt", text)], "projects/shop", is_listed=False)


@pytest.mark.parametrize(
    ("line", "requirement"),
    [
        ("psycopg2==2.9.9", "psycopg2-binary==2.9.9"),
        ("Psycopg2 >= 2.8,<3  # the database", "psycopg2-binary>=2.8,<3"),
        ("psycopg2", "psycopg2-binary"),
        ("psycopg2==2.9.9\r", "psycopg2-binary==2.9.9"),
    ],
)
def test_the_wheels_have_the_same_versions(line: str, requirement: str) -> None:
    found = changed(f"requests\n{line}\n")

    assert found.files == {"requirements.txt": f"{requirement}\n"}
    assert found.overrides == ("psycopg2; python_version < '3'",)
    assert [(one.what, str(one.place)) for one in found.findings] == [("psycopg2", "src/requirements.txt:2")]


def test_wheels_that_are_listed_already_are_not_listed_again() -> None:
    found = changed("psycopg2==2.9.9\npsycopg2-binary==2.9.9\n")
    assert (found.files, len(found.overrides)) == ({}, 1)


def test_a_table_of_uv_that_the_project_has_stays_alone() -> None:
    adopted = Adopted(table={}, stacks={}, findings=(), folders=(".",), files={})
    lists = [("pyproject.toml", "[tool.uv]\nlink-mode = 'copy'\n"), ("requirements.txt", "psycopg2\n")]
    assert with_binary(adopted, lists, "projects/shop", is_listed=True) == adopted


@pytest.mark.parametrize("text", ["psycopg2-binary==2.9\n", "aws-psycopg2\n", "# psycopg2\n", "psycopg2-pool\n", ""])
def test_nothing_else_is_changed(text: str) -> None:
    assert changed(text) == Adopted(table={}, stacks={}, findings=(), folders=(".",), files={})
