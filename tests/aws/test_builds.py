"""CodeBuild as far as the dispatcher uses it: one variable, one token, and refusals that are no errors."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from multi_env_lambda.aws.builds import CodeBuilds
from multi_env_lambda.errors import StackError
from tests.tools.faulty_client import FaultyClient

JOB = "0" * 31 + "1"


@attrs.define
class Client:
    """CodeBuild with these builds; ``asked`` is what it was asked."""

    builds: dict[str, str] = attrs.field(factory=dict)
    asked: list[dict[str, Any]] = attrs.field(factory=list)

    def start_build(self, **parameters: Any) -> dict[str, Any]:
        self.asked.append(parameters)
        return {"build": {"id": "units-ci:1"}}

    def batch_get_builds(self, ids: list[str]) -> dict[str, Any]:
        found = [{"id": one, "buildStatus": self.builds[one]} for one in ids if one in self.builds]
        return {"builds": found, "buildsNotFound": [one for one in ids if one not in self.builds]}


def test_a_build_is_told_its_id_and_nothing_is_overridden() -> None:
    client = Client()

    assert CodeBuilds(client, "units-ci", "JOB").start(JOB) == "units-ci:1"
    variable = {"name": "JOB", "value": JOB, "type": "PLAINTEXT"}
    assert client.asked == [
        {"projectName": "units-ci", "idempotencyToken": JOB, "environmentVariablesOverride": [variable]}
    ]


def test_what_is_not_merged_is_built_by_another_project_if_there_is_one() -> None:
    client = Client()
    CodeBuilds(client, "units-ci", "JOB", unmerged="units-plan").start(JOB, merged=False)
    CodeBuilds(client, "units-ci", "JOB", unmerged="units-plan").start(JOB)
    CodeBuilds(client, "units-ci", "JOB").start(JOB, merged=False)

    assert [one["projectName"] for one in client.asked] == ["units-plan", "units-ci", "units-ci"]


@pytest.mark.parametrize("code", ["AccountLimitExceededException", "ThrottlingException"])
def test_where_no_more_may_run_none_is_started_and_that_is_no_error(code: str) -> None:
    client = FaultyClient(Client())
    client.fail("start_build", code=code, status=400)

    assert CodeBuilds(client, "units-ci", "JOB").start(JOB) is None


@pytest.mark.parametrize("call", ["start_build", "batch_get_builds"])
def test_another_refusal_is_an_error_that_names_the_project(call: str) -> None:
    client = FaultyClient(Client())
    client.fail(call, code="AccessDeniedException", status=400, message="not for you")
    builds = CodeBuilds(client, "units-ci", "JOB")

    with pytest.raises(StackError, match="units-ci: .*not for you"):
        builds.start(JOB) if call == "start_build" else builds.is_over("units-ci:1")


@pytest.mark.parametrize(
    ("status", "over"),
    [
        ("IN_PROGRESS", False),
        ("SUCCEEDED", True),
        ("FAILED", True),
        ("STOPPED", True),
        ("TIMED_OUT", True),
        (None, True),
    ],
)
def test_a_build_is_over_when_codebuild_says_so_or_knows_nothing_of_it(status: str | None, over: bool) -> None:
    client = Client({} if status is None else {"units-ci:1": status})

    assert CodeBuilds(client, "units-ci", "JOB").is_over("units-ci:1") is over


def test_a_run_at_github_is_not_taken_for_a_build_that_has_ended() -> None:
    assert not CodeBuilds(Client(), "units-ci", "JOB").is_over("github:7:1")
    assert not CodeBuilds(Client(), "units-ci", "JOB").is_over("gitlab:7")
