"""What `doctor` says of reviewers at GitHub, with a token and without one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from multi_env_lambda.errors import ToolError
from multi_env_lambda.model.github import GitHub
from multi_env_lambda.operations.doctor_reviewers import reviewers
from tests.host.test_github_api import TOKEN, Server
from tests.runs.test_reviewed import place

ON_GITHUB = GitHub(repository="acme/units", subject="names", reviewed=("staging", "prod"))
API = "/repos/acme/units/environments"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_without_a_token_it_says_what_to_look_at_and_asks_nobody() -> None:
    state, what, hint = reviewers(ON_GITHUB, {"GITHUB_API_URL": "http://127.0.0.1:1"})

    assert (state, "`staging` and `prod`" in what, "GH_TOKEN" in hint) == ("note", True, True)
    assert "prevent self-review" in hint


def test_with_one_it_looks_at_each_environment(server: Server) -> None:
    said = {"GITHUB_API_URL": server.address, "GH_TOKEN": TOKEN}
    open_ = {**place(), "protection_rules": [], "can_admins_bypass": True}
    server.answers = {f"{API}/staging": (200, place()), f"{API}/prod": (200, open_)}
    state, what, hint = reviewers(ON_GITHUB, said)
    assert (state, "`staging`" in what) == ("problem", False)
    assert "`prod`: no required reviewers, administrators may bypass the rules" in what and "Settings" in hint

    server.answers.pop(f"{API}/prod")
    assert "`prod`: there is no such environment" in reviewers(ON_GITHUB, said)[1]
    server.answers[f"{API}/prod"] = (200, place())
    for variable in ("GH_TOKEN", "GITHUB_TOKEN"):
        found = reviewers(ON_GITHUB, {"GITHUB_API_URL": server.address, variable: TOKEN})
        assert found == ("ok", "GitHub asks a reviewer before `staging` and `prod`", "")
    server.answers[f"{API}/prod"] = (401, {})
    with pytest.raises(ToolError, match="401"):
        reviewers(ON_GITHUB, said)
