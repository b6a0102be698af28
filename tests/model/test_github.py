"""The table about a repository at GitHub."""

from __future__ import annotations

from typing import Any

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.github import GitHub, read_github_table
from multi_env_lambda.model.reading import Table


def read(has_roles: bool = True, approving: tuple[str, ...] = (), **said: Any) -> GitHub | None:
    table = Table(where="pyproject.toml", path="ci", values={"github": said} if said else {})
    return read_github_table(table, has_roles=has_roles, approving=approving)


def test_numbers_are_asked_for_unless_the_repository_sends_names() -> None:
    assert read(repository="acme/units", owner_id=1, repository_id=2) == GitHub(
        repository="acme/units", owner_id=1, repository_id=2
    )
    assert read(repository="acme/units", subject="names", provider=False) == GitHub(
        repository="acme/units", subject="names", provider=False
    )
    assert read() is None
    with pytest.raises(ConfigurationError, match="owner_id") as caught:
        read(repository="acme/units")
    assert "gh api" in caught.value.hint and "names" in caught.value.hint


@pytest.mark.parametrize(
    "said",
    [
        {"repository": "units"},
        {"repository": "acme/units\n"},
        {"repository": "acme/.."},
        {"repository": "-acme/units"},
        {"repository": "acme/uni*ts"},
        {"repository": "https://github.com/acme/units"},
        {"owner_id": 0},
        {"repository_id": "2"},
        {"subject": "numbers"},
        {"provider": "no"},
        {"environment": "prod"},
    ],
)
def test_what_cannot_be_in_a_token_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        read(**{"repository": "acme/units", "owner_id": 1, "repository_id": 2, **said})


def test_without_roles_nobody_can_be_let_in() -> None:
    with pytest.raises(ConfigurationError, match="one role serves everybody"):
        read(has_roles=False, repository="acme/units", owner_id=1, repository_id=2)


ASKING = ("staging", "prod", "multi-env-lambda-plan")


def test_reviewers_open_environments_that_ask_in_the_order_of_the_table() -> None:
    found = read(approving=ASKING, repository="acme/units", subject="names", reviewed=["prod", "staging"])
    assert found is not None and found.reviewed == ("staging", "prod")


@pytest.mark.parametrize(
    ("approving", "reviewed", "hint"),
    [
        (ASKING, ["sandbox"], "use one of: prod, staging"),
        (ASKING, ["prodd"], "did you mean `prod`?"),
        (ASKING, ["multi-env-lambda-plan"], "use one of: prod, staging"),
        ((), ["prod"], "approval = true"),
        (ASKING, "prod", "[ … ]"),
    ],
)
def test_no_other_environment_has_reviewers(approving: tuple[str, ...], reviewed: Any, hint: str) -> None:
    with pytest.raises(ConfigurationError, match="reviewed") as caught:
        read(approving=approving, repository="acme/units", subject="names", reviewed=reviewed)
    assert hint in caught.value.hint
