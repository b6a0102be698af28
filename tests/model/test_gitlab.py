"""The table about a project at GitLab."""

from __future__ import annotations

from typing import Any

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.gitlab import GitLab, read_gitlab_table
from multi_env_lambda.model.reading import Table

IMAGE = f"public.ecr.aws/sam/build-python3.13@sha256:{'0' * 64}"


def read(has_roles: bool = True, **said: Any) -> GitLab | None:
    table = Table(where="pyproject.toml", path="ci", values={"gitlab": said} if said else {})
    return read_gitlab_table(table, has_roles=has_roles)


def test_a_project_may_lie_in_groups_of_groups() -> None:
    assert read(project="acme/units", image=IMAGE) == GitLab(project="acme/units", image=IMAGE)
    found = read(project="acme/back-end/lambdas/units_2.x", image=IMAGE, provider=False)
    assert found == GitLab(project="acme/back-end/lambdas/units_2.x", image=IMAGE, provider=False)
    assert read() is None


@pytest.mark.parametrize(
    "said",
    [
        {"project": "units"},
        {"project": "acme/units\n"},
        {"project": "acme/../units"},
        {"project": "acme/uni*ts"},
        {"project": "acme/units:ref_type:branch"},
        {"project": "https://gitlab.com/acme/units"},
        {"image": "public.ecr.aws/sam/build-python3.13:latest"},
        {"image": f"a b@sha256:{'0' * 64}"},
        {"image": f"$X@sha256:{'0' * 64}"},
        {"provider": "no"},
        {"branch": "main"},
    ],
)
def test_what_cannot_be_in_a_token_or_is_not_pinned_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        read(**{"project": "acme/units", "image": IMAGE, **said})


def test_without_roles_nobody_can_be_let_in() -> None:
    with pytest.raises(ConfigurationError, match="one role serves everybody"):
        read(has_roles=False, project="acme/units", image=IMAGE)
