"""The keys of the table `ci` that make a stack."""

from __future__ import annotations

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.ci_stack import CiStack, read_ci_stack
from multi_env_lambda.model.reading import Table

CONNECTION = "arn:aws:codeconnections:us-east-1:111111111111:connection/0a1b-2c"


def read(has_roles: bool = True, **values: object) -> CiStack | None:
    return read_ci_stack(Table(where="pyproject.toml", path="ci", values=values), has_roles=has_roles)


def test_without_a_repository_there_is_none() -> None:
    assert read() is None


def test_all_but_the_repository_has_a_default() -> None:
    assert read(repository="units") == CiStack(repository="units", builds=5, minutes=60)
    assert read(repository="units", builds=2, minutes=30, people=["ada@example.org"]) == CiStack(
        repository="units", builds=2, minutes=30, people=("ada@example.org",)
    )


@pytest.mark.parametrize(
    ("repository", "connection", "kind", "name"),
    [
        ("units", "", "CODECOMMIT", "units"),
        ("https://github.com/acme/units", CONNECTION, "GITHUB", "units"),
        ("https://gitlab.com/acme/team/units.git", CONNECTION, "GITLAB", "units"),
        ("https://bitbucket.org/acme/units", CONNECTION, "BITBUCKET", "units"),
        ("https://github.com/acme/units.git", "", "NO_SOURCE", "units"),
        ("https://git.acme.org:8443/units", "", "NO_SOURCE", "units"),
    ],
)
def test_the_source_follows_from_the_address(repository: str, connection: str, kind: str, name: str) -> None:
    found = read(repository=repository, **({"connection": connection} if connection else {}))

    assert found is not None
    assert (found.kind, found.name) == (kind, name)


@pytest.mark.parametrize(
    "values",
    [
        {"repository": "units; id"},
        {"repository": "https://ada:secret@github.com/acme/units"},
        {"repository": "https://github.com/acme/$(id)"},
        {"repository": "http://github.com/acme/units"},
        {"repository": "--upload-pack=id/../x y"},
        {"repository": "units", "builds": 0},
        {"repository": "units", "minutes": 481},
        {"repository": "units", "people": ["ada"]},
        {"repository": "units", "connection": CONNECTION},
        {"repository": "https://git.acme.org/units", "connection": CONNECTION},
        {"builds": 3},
    ],
)
def test_what_is_no_such_thing_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="pyproject.toml"):
        read(**values)


def test_it_needs_the_roles_that_its_parts_act_in() -> None:
    with pytest.raises(ConfigurationError, match="one role serves everybody here"):
        read(has_roles=False, repository="units")
