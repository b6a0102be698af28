"""The local cloud for tests: a real, private server, stopped at the end."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.local.server import CLOCK, QUOTAS, SECRET_HEADER, down, ensure_running

if TYPE_CHECKING:
    from multi_env_lambda.model.environment import Devops, Environment
    from multi_env_lambda.model.workspace import WorkspaceConfig

__all__ = ["CloudTime", "client_of", "eventually", "running_local_cloud", "sample_config", "set_quotas"]


@contextmanager
def running_local_cloud(root: Path, config: WorkspaceConfig, *, runtimes: Iterable[str] = ()) -> Iterator[LocalCloud]:
    """A seeded local cloud with its state under ``root``; what has to be installed is shared with all others.

    About 0.8 s once its environment is in the user's cache, so use one per test session.
    """
    try:
        yield ensure_running(root, config, runtimes=runtimes)
    finally:
        down(root)


def sample_config() -> WorkspaceConfig:
    """Five accounts: devops, then sandbox, test, staging and prod."""
    from multi_env_lambda.model.environment import Devops, Environment
    from multi_env_lambda.model.workspace import WorkspaceConfig

    names = ("sandbox", "test", "staging", "prod")
    return WorkspaceConfig(
        id="7c1f3a92be40",
        devops=Devops(account_id="111111111111", region="us-east-1", bucket="acme-artifacts-111111111111-us-east-1"),
        environments=tuple(
            Environment(name=name, account_id=str(position + 2) * 12, region="us-east-1", position=position)
            for position, name in enumerate(names)
        ),
    )


def client_of(
    cloud: LocalCloud, place: Devops | Environment, service: str, *, endpoint: str | None = None, attempts: int = 3
) -> Any:
    """A boto3 client as the role of ``place``, obtained as the library itself does; ``endpoint`` for a proxy."""
    import boto3
    from botocore.config import Config

    base = boto3.Session(
        aws_access_key_id=cloud.access_key_id,
        aws_secret_access_key=cloud.secret_access_key,
        region_name=place.region,
    )
    assumed = base.client("sts", endpoint_url=cloud.endpoint).assume_role(
        RoleArn=place.role_arn, RoleSessionName="multi-env-lambda-test"
    )["Credentials"]
    return base.client(
        service,
        endpoint_url=endpoint or cloud.endpoint,
        aws_access_key_id=assumed["AccessKeyId"],
        aws_secret_access_key=assumed["SecretAccessKey"],
        aws_session_token=assumed["SessionToken"],
        config=Config(proxies={}, retries={"mode": "standard", "total_max_attempts": attempts}),
    )


def eventually(is_so: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Return as soon as ``is_so()``; fail after ``seconds``. For what another process does asynchronously."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise AssertionError(f"this did not become true within {seconds} s: {is_so}")
        time.sleep(0.01)


@attrs.frozen
class CloudTime:
    """The clock of a local cloud, which is moved instead of waiting; no other cloud has one.

    ``seconds`` and ``sleep`` fit into a ``World``: a wait there moves the clock, so that leases, metrics, rights and
    aliases are as they would be after the wait.
    """

    cloud: LocalCloud

    def seconds(self) -> float:
        """The time of the local cloud, in seconds since 1970."""
        return self._answer("GET", b"")

    def sleep(self, seconds: float) -> None:
        """Move it forward by ``seconds``: not negative, and a week at most.

        Raises:
            ValueError: the local cloud refuses that.
        """
        self._answer("POST", json.dumps({"seconds": seconds}).encode("ascii"))

    def _answer(self, method: str, body: bytes) -> float:
        return float(_at_the_door(self.cloud, method, CLOCK, body)["now"])


def set_quotas(cloud: LocalCloud, **limits: int) -> dict[str, int]:
    """Set what all accounts may have (``roles``, ``stacks``, ``rules``, ``code`` in bytes, ``builds``); all limits.

    Raises:
        ValueError: there is no such quota.
    """
    return dict(_at_the_door(cloud, "POST", QUOTAS, json.dumps(limits).encode("ascii")))


def _at_the_door(cloud: LocalCloud, method: str, path: str, body: bytes) -> dict[str, Any]:
    """What the local cloud answers at one of its own endpoints."""
    secret = json.loads((cloud.folder / "listening.json").read_text(encoding="utf-8"))["secret"]
    connection = http.client.HTTPConnection(urlsplit(cloud.endpoint).netloc, timeout=10)
    try:
        connection.request(method, path, body, {SECRET_HEADER: secret})
        answer = connection.getresponse()
        content: dict[str, Any] = json.loads(answer.read())
    finally:
        connection.close()
    if answer.status != 200:
        raise ValueError(f"the local cloud at {path}: {content['message']}")
    return content
