"""Opening a workspace changes nothing of the process: two of them, two people and two clouds live beside each other."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from multi_env_lambda.api.workspace import LOCAL_USER_VARIABLE, Workspace
from multi_env_lambda.errors import AccountError, ConfigurationError
from multi_env_lambda.local.config_file import EXPIRATION, environment_variables
from multi_env_lambda.local.server import down, ensure_running
from tests.bad_repositories import copy_of

pytestmark = pytest.mark.local_cloud

ELSEWHERE = {
    "AWS_PROFILE": "my-real-company",
    "AWS_ACCESS_KEY_ID": "real",
    "AWS_CONFIG_FILE": "/nowhere",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_CA_BUNDLE": "/nowhere.pem",
    "AWS_RETRY_MODE": "none",
    "HTTP_PROXY": "http://127.0.0.1:9",
}
"""What leads to nothing; the local cloud is reached all the same."""


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Two repositories of the same accounts, each with a local cloud of its own."""
    folder = tmp_path_factory.mktemp("two")
    found = copy_of(folder / "mine"), copy_of(folder / "theirs")
    yield found
    for root in found:
        down(root)


def caller(workspace: Workspace) -> str:
    return workspace.world.platform.caller().rpartition("/")[2]


def test_a_workspace_in_the_local_cloud_leaves_the_environment_as_it_was(
    roots: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ELSEWHERE.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    workspace = Workspace.open(roots[0], local=True)

    places = {finding.place: finding.state for finding in workspace.doctor() if finding.check == "role"}

    assert (caller(workspace), places) == ("local-developer", {"devops": "ok", "sandbox": "ok", "prod": "ok"})
    assert (workspace.bootstrap(), {cell.release for cell in workspace.status().cells}) == ((), {None})
    assert dict(os.environ) == before


def test_a_workspace_on_aws_beside_it_goes_where_its_own_credentials_lead(
    roots: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = Workspace.open(roots[1], local=True)
    # The second cloud stands for AWS, with credentials as somebody has them.
    aws = ensure_running(roots[1], theirs.config, user="ada")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environment_variables(aws).items():
        monkeypatch.setenv(name, value)

    mine, real = Workspace.open(roots[0], local=True), Workspace.open(roots[0], local=False)
    mine.world.store.put_new("records/two-workspaces", b"mine")

    assert (caller(mine), caller(real), caller(theirs)) == ("local-developer", "ada", "local-developer")
    # A profile that is named comes before what the variables say.
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody-elses")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "somebody-elses")
    named = Workspace.open(roots[0], local=False, profile=aws.profile)
    assert caller(named) == "ada"
    assert {cell.project for cell in named.status().cells} == {cell.project for cell in real.status().cells}

    found = {name: one.world.store.get("records/two-workspaces") for name, one in (("real", real), ("theirs", theirs))}
    assert found == {"real": None, "theirs": None}
    assert mine.world.store.get("records/two-workspaces") is not None


def test_two_people_work_in_one_local_cloud(roots: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LOCAL_USER_VARIABLE, "ada")
    named, grace = Workspace.open(roots[0], local=True), Workspace.open(roots[0], local=True, user="grace")
    nobody = Workspace.open(roots[0], local=True, user="")

    assert [caller(one) for one in (named, grace, nobody)] == ["ada", "grace", "local-developer"]
    grace.world.store.put_new("records/two-people", b"hers")
    assert named.world.store.get("records/two-people") is not None


def test_the_rehearsed_end_of_a_session_is_that_of_the_local_cloud_only(
    roots: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z")
    monkeypatch.setenv(EXPIRATION, "2030-01-01T00:00:00Z")
    workspace = Workspace.open(roots[0], local=True)

    (session,) = [finding.what for finding in workspace.doctor() if finding.check == "session"]
    assert workspace.world.platform.session_end() == "2030-01-01T00:00:00Z"
    assert session.startswith("your credentials end at 2030-01-01")


def test_a_workspace_starts_again_what_it_stopped(roots: tuple[Path, Path]) -> None:
    workspace = Workspace.open(roots[0], local=True)
    assert caller(workspace) == "local-developer"

    assert workspace.local_cloud.down()

    assert not workspace.local_cloud.status().running
    assert caller(workspace) == "local-developer"


def test_who_did_not_stop_it_is_told_what_helps(roots: tuple[Path, Path]) -> None:
    workspace = Workspace.open(roots[0], local=True)
    assert {cell.release for cell in workspace.status().cells} == {None}
    down(roots[0])

    with pytest.raises(AccountError, match=r"EndpointConnectionError") as caught:
        workspace.status()

    assert str(caught.value).endswith("`workspace.reload()` gives a workspace that starts it again")
    assert {cell.release for cell in workspace.reload().status().cells} == {None}


WHO = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"


def test_a_program_acts_with_the_role_of_an_environment(
    roots: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_CONFIG_FILE", "AWS_ENDPOINT_URL", "HTTP_PROXY"):
        monkeypatch.setenv(name, ELSEWHERE[name])
    before = dict(os.environ)
    sandbox = Workspace.open(roots[0], local=True).environments["sandbox"]

    status = sandbox.run(sys.executable, "-c", WHO)

    said = capfd.readouterr()
    assert (status, said.err) == (0, "")
    assert f":sts::{sandbox.account_id}:assumed-role/" in said.out
    assert dict(os.environ) == before


@pytest.mark.parametrize("command", [(), ("",)])
def test_no_program_is_refused(roots: tuple[Path, Path], command: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="command: there is none"):
        Workspace.open(roots[0], local=True).environments["sandbox"].run(*command)
