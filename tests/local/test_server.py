"""The server's life: started once, found again, stopped, started again with what it knew."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from multi_env_lambda.errors import LocalCloudError
from multi_env_lambda.local.cloud import LOG, LocalCloud, places
from multi_env_lambda.local.server import down, ensure_running, reset, status
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of, eventually

pytestmark = pytest.mark.local_cloud


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    down(tmp_path)


def test_each_environment_is_an_account_of_its_own(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> None:
    for place in places(local_config):
        arn = client_of(local_cloud, place, "sts").get_caller_identity()["Arn"]
        assert arn.startswith(f"arn:aws:sts::{place.account_id}:assumed-role/OrganizationAccountAccessRole/")


def test_the_second_command_finds_the_server_of_the_first(root: Path, local_config: WorkspaceConfig) -> None:
    said: list[str] = []
    first = ensure_running(root, local_config)
    pid = status(root).pid
    assert ensure_running(root, local_config, progress=said.append) == first
    assert (status(root).pid, said) == (pid, [])


def test_a_server_whose_folder_was_deleted_ends(root: Path, local_config: WorkspaceConfig) -> None:
    ensure_running(root, local_config)
    port = int(status(root).endpoint.rpartition(":")[2])
    shutil.rmtree(status(root).folder)

    def is_closed() -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) != 0

    eventually(is_closed)


def test_two_commands_at_once_start_one_server(root: Path, local_config: WorkspaceConfig) -> None:
    with ThreadPoolExecutor() as pool:
        clouds = list(pool.map(lambda _: ensure_running(root, local_config), range(4)))
    assert all(cloud == clouds[0] for cloud in clouds)


def test_what_was_made_is_there_after_down_and_up(root: Path, local_config: WorkspaceConfig) -> None:
    before = ensure_running(root, local_config)
    client = client_of(before, local_config.environment("prod"), "ssm")
    client.put_parameter(Name="/kept", Value="yes", Type="String")
    assert down(root)
    assert not status(root).running
    after = ensure_running(root, local_config)
    assert client.get_parameter(Name="/kept")["Parameter"]["Value"] == "yes"  # the session is known, too
    assert after == before  # the same port and the same key: a shell that was set up for it goes on working


def test_a_killed_server_is_started_again_with_what_it_had_answered(root: Path, local_config: WorkspaceConfig) -> None:
    before = ensure_running(root, local_config)
    client_of(before, local_config.devops, "s3").put_object(Bucket=local_config.devops.bucket, Key="k", Body=b"kept")
    prod = local_config.environment("prod")
    client_of(before, prod, "ssm").put_parameter(Name="/kept", Value="yes", Type="String")
    pid = status(root).pid or 0
    os.killpg(pid, signal.SIGKILL)
    eventually(lambda: not status(root).running)
    after = ensure_running(root, local_config)
    assert client_of(after, prod, "ssm").get_parameter(Name="/kept")["Parameter"]["Value"] == "yes"
    kept = client_of(after, local_config.devops, "s3").get_object(Bucket=local_config.devops.bucket, Key="k")
    assert kept["Body"].read() == b"kept"


def test_a_command_that_was_killed_while_starting_left_a_server_that_is_found(
    root: Path, local_config: WorkspaceConfig
) -> None:
    server = ensure_running(root, local_config)
    announced = server.folder / "listening.json"
    said = announced.read_bytes()
    announced.unlink()  # the moment before the server says where it listens
    with ThreadPoolExecutor() as pool:
        later = pool.submit(ensure_running, root, local_config)
        announced.write_bytes(said)
        assert later.result() == server


def test_a_server_that_hangs_is_replaced(root: Path, local_config: WorkspaceConfig) -> None:
    ensure_running(root, local_config)
    pid = status(root).pid or 0
    os.kill(pid, signal.SIGSTOP)
    ensure_running(root, local_config, patience_seconds=0.2)
    assert status(root).pid != pid


def test_reset_forgets_everything(root: Path, local_config: WorkspaceConfig) -> None:
    first = ensure_running(root, local_config)
    reset(root)
    assert not first.folder.exists()
    assert ensure_running(root, local_config).access_key_id != first.access_key_id


def test_down_without_a_server_says_so(tmp_path: Path) -> None:
    assert not down(tmp_path)
    assert not status(tmp_path).running
    assert not list(tmp_path.iterdir())


def test_nothing_of_it_can_be_committed_or_read_by_others(local_cloud: LocalCloud) -> None:
    assert (local_cloud.folder.parent / ".gitignore").read_text() == "*\n"
    assert stat.S_IMODE(local_cloud.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(local_cloud.credentials_file.stat().st_mode) == 0o600


def test_each_start_has_a_secret_of_its_own_that_nothing_tells(root: Path, local_config: WorkspaceConfig) -> None:
    said: list[str] = []
    first = ensure_running(root, local_config, progress=said.append)
    before = json.loads((first.folder / "listening.json").read_text())
    down(root)
    again = ensure_running(root, local_config, progress=said.append)
    after = json.loads((again.folder / "listening.json").read_text())

    assert after["port"] == before["port"] and after["secret"] != before["secret"]
    told = [*said, repr(again), repr(status(root)), (again.folder / LOG).read_text(), again.config_file.read_text()]
    told.append(Path(f"/proc/{after['pid']}/cmdline").read_text() if Path("/proc").exists() else "")
    assert not [text for text in told for secret in (before["secret"], after["secret"]) if secret in text]


def test_a_server_without_a_secret_is_replaced(root: Path, local_config: WorkspaceConfig) -> None:
    """That of an earlier release lets everybody in."""
    first = ensure_running(root, local_config)
    announced = first.folder / "listening.json"
    said = json.loads(announced.read_text())
    announced.write_text(json.dumps({"pid": said["pid"], "port": said["port"]}))
    ensure_running(root, local_config)
    assert status(root).pid != said["pid"]


def test_a_server_that_cannot_start_says_why(root: Path, local_config: WorkspaceConfig) -> None:
    folder = status(root).folder
    folder.mkdir(parents=True)
    (folder / "blobs").write_text("not a folder")
    with pytest.raises(LocalCloudError, match=r"(?s)ended with status 1.*FileExistsError.*hint: .*`local reset`"):
        ensure_running(root, local_config)
