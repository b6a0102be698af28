"""Units begin at the pace of AWS only where AWS answers: a cloud on this machine has no quotas."""

from __future__ import annotations

from pathlib import Path

import pytest
from moto import mock_aws

from multi_env_lambda import Workspace
from multi_env_lambda.host.parallel import UNITS_AT_ONCE, UNITS_HERE
from multi_env_lambda.world import World

ROOT = Path(__file__).parent.parent.parent
AWS, PRIVATE = "https://s3.us-east-1.amazonaws.com", "https://bucket.vpce-1a2b3c.s3.us-east-1.vpce.amazonaws.com"


def opened_at(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> World:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    with mock_aws():
        return Workspace.open(ROOT, local=False)._opened.world


@pytest.mark.parametrize("endpoint", [AWS, PRIVATE])
def test_on_aws_64_units_are_on_their_way_and_begin_at_its_pace(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = opened_at(endpoint, monkeypatch)
    assert (world.workers, world.paces is None) == (UNITS_AT_ONCE, False)


@pytest.mark.parametrize("endpoint", ["http://localhost:4566", "http://127.0.0.1:5000", "https://[::1]:4566"])
def test_in_a_cloud_on_this_machine_units_wait_for_no_pace(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = opened_at(endpoint, monkeypatch)
    assert (world.workers, world.paces is None) == (UNITS_HERE, True)
