"""A function gets what Lambda gives it, and nothing of the developer's that it has no need of."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of, running_local_cloud
from multi_env_lambda.testing.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
SOURCE = """
import os, tempfile
def handler(event, context):
    with tempfile.NamedTemporaryFile() as scratch, open(os.path.expanduser("~/mine"), "a") as mine:
        return {"environment": dict(os.environ), "cwd": os.getcwd(), "scratch": scratch.name, "mine": mine.name}
"""
DEVELOPERS = {
    "HTTPS_PROXY": "http://ada:canary@proxy:3128",
    "GITHUB_TOKEN": "canary",
    "AWS_SECRET_ACCESS_KEY": "canary",
    "PYTHONPATH": "/canary",
}
OF_LAMBDA = {"LANG", "TZ", "PATH", "HOME", "TMPDIR", "LAMBDA_TASK_ROOT"}
OF_THE_MACHINE = {"NO_PROXY", "SSL_CERT_FILE", "PYTHONNOUSERSITE", "PYTHONSAFEPATH", "LC_CTYPE"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, local_config: WorkspaceConfig) -> Iterator[LocalCloud]:
    """Started by somebody who has something to hide."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in DEVELOPERS.items():
            environment.setenv(name, value)
        with running_local_cloud(tmp_path_factory.mktemp("hiding"), local_config) as running:
            yield running


@pytest.fixture(scope="module")
def seen(cloud: LocalCloud, local_config: WorkspaceConfig) -> list[dict[str, Any]]:
    """What two functions see."""
    place = local_config.environment("sandbox")
    cloudformation, functions = client_of(cloud, place, "cloudformation"), client_of(cloud, place, "lambda")
    found = []
    for name in ("environment-a", "environment-b"):
        own = {"Variables": {"LOG_LEVEL": "WARNING", "STAGE": name}}
        resources = function_resources(name, {"ZipFile": SOURCE}, Runtime=RUNTIME, Environment=own)
        assert create_stack(cloudformation, name, resources)[0] == "CREATE_COMPLETE"
        found.append(json.loads(functions.invoke(FunctionName=name)["Payload"].read()))
    return found


def test_it_sees_its_own_variables_and_those_of_lambda(seen: list[dict[str, Any]]) -> None:
    for name, one in zip(("environment-a", "environment-b"), seen, strict=True):
        environment = one["environment"]
        assert (environment["STAGE"], environment["LOG_LEVEL"]) == (name, "WARNING")
        others = {key for key in environment if not key.startswith(("AWS_", "_"))} - {"STAGE", "LOG_LEVEL"}
        assert others <= OF_LAMBDA | OF_THE_MACHINE
        assert "canary" not in json.dumps(environment)


def test_it_has_a_home_and_a_scratch_folder_of_its_own(seen: list[dict[str, Any]]) -> None:
    homes = [one["environment"]["HOME"] for one in seen]
    assert len({*homes, os.environ["HOME"]}) == 3
    for one in seen:
        assert Path(one["mine"]).parent == Path(one["environment"]["HOME"])
        assert Path(one["scratch"]).parent == Path(one["environment"]["TMPDIR"])
        assert Path(one["cwd"]) == Path(one["environment"]["LAMBDA_TASK_ROOT"])


def test_its_role_has_keys_that_are_not_the_developers(seen: list[dict[str, Any]], cloud: LocalCloud) -> None:
    keys = [one["environment"]["AWS_ACCESS_KEY_ID"] for one in seen]
    assert len({*keys, cloud.access_key_id}) == 3
    assert all(key.startswith("ASIA") for key in keys)
