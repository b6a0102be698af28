"""Each cassette against the local cloud: a machine says where it and AWS part, and what it says is known or red."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs
import boto3
import pytest
from botocore.config import Config

from multi_env_lambda.local.strict import FUNCTION_ROLES, VARIABLE
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of, running_local_cloud

from .cassette import cassettes, read
from .difference import differences, heard
from .known import KNOWN, KNOWN_OF_STEPS
from .scenes import NOT_SHOWN, SCENES, Clients

ROWS = (Path(__file__).parent.parent.parent / "docs/source/03-Concepts/divergences.rst").read_text(encoding="utf-8")
DOCUMENTED = {path.stem: path for path in cassettes() if path.parent.name == "documented"}


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory, local_config: WorkspaceConfig) -> Iterator[Clients]:
    here = local_config.environment("sandbox")
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv(VARIABLE, FUNCTION_ROLES)
        cloud = stack.enter_context(running_local_cloud(tmp_path_factory.mktemp("contract"), local_config))

        def caller(service: str) -> Any:
            keys = {"aws_access_key_id": cloud.access_key_id, "aws_secret_access_key": cloud.secret_access_key}
            session = boto3.Session(region_name=cloud.region, **keys)
            return session.client(service, endpoint_url=cloud.endpoint, config=Config(proxies={}))

        yield Clients(
            here=lambda service: client_of(cloud, here, service, attempts=1),
            elsewhere=lambda service: client_of(cloud, attrs.evolve(here, region="eu-central-1"), service),
            devops=lambda service: client_of(cloud, local_config.devops, service, attempts=1),
            caller=caller,
            bucket=local_config.devops.bucket,
        )


def test_each_documented_answer_has_a_scene_or_says_that_there_is_none() -> None:
    assert set(SCENES) | set(NOT_SHOWN) == set(DOCUMENTED)
    assert not set(SCENES) & set(NOT_SHOWN)


@pytest.mark.parametrize("row", [*NOT_SHOWN.values(), *(row for _, row in [*KNOWN.values(), *KNOWN_OF_STEPS.values()])])
def test_a_known_difference_has_its_row(row: str) -> None:
    assert f"   * - {row}\n" in ROWS


@pytest.mark.local_cloud
@pytest.mark.parametrize("name", sorted(SCENES))
def test_the_local_cloud_answers_as_aws_does_or_differs_as_is_known(name: str, clients: Clients) -> None:
    calls = read(DOCUMENTED[name])
    found = [differences(one, heard(call)) for one, call in zip(calls, SCENES[name](clients), strict=True)]

    lines, _ = KNOWN.get(name, ((), ""))
    assert tuple(line for lines in found for line in lines) == lines
