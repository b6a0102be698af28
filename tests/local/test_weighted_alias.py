"""A canary in the local cloud can be seen: its share of the calls, and its errors."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from multi_env_lambda.aws.functions import code_of_function, find_alias, invoke
from multi_env_lambda.aws.metrics import counts
from multi_env_lambda.host.retrying import Retrying
from multi_env_lambda.local.cloud import LocalCloud
from multi_env_lambda.model.alias import Counts
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.local_cloud import client_of
from tests.rules import cloud_keeping
from tests.tools.stacks import create_stack, function_resources

pytestmark = pytest.mark.local_cloud


@pytest.fixture(scope="module")
def local_cloud(tmp_path_factory: pytest.TempPathFactory, local_config: WorkspaceConfig) -> Iterator[LocalCloud]:
    """One that shows what was measured at once."""
    with cloud_keeping(tmp_path_factory.mktemp("cloud"), local_config) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def clients(local_cloud: LocalCloud, local_config: WorkspaceConfig) -> dict[str, Any]:
    place = local_config.environment("test")
    return {service: client_of(local_cloud, place, service) for service in ("lambda", "cloudwatch", "cloudformation")}


@pytest.fixture(scope="module")
def function(clients: dict[str, Any]) -> str:
    """Version 1 fails when it is told to; so does version 2, which gets half of the calls."""
    code = {"ZipFile": "def handler(event, context):\n    return 1 / event['by']\n"}
    create_stack(clients["cloudformation"], "weighted", function_resources("weighted", code, Runtime=_runtime()))
    client = clients["lambda"]
    client.publish_version(FunctionName="weighted")
    client.update_function_configuration(FunctionName="weighted", Description="second")
    client.publish_version(FunctionName="weighted")
    routing = {"AdditionalVersionWeights": {"2": 0.5}}
    client.create_alias(FunctionName="weighted", Name="live", FunctionVersion="1", RoutingConfig=routing)
    return "weighted"


def _runtime() -> str:
    return f"python{sys.version_info[0]}.{sys.version_info[1]}"


def test_calls_and_errors_are_counted_by_the_version_that_ran(clients: dict[str, Any], function: str) -> None:
    payloads = [b'{"by": 1}'] * 30 + [b'{"by": 0}'] * 10
    ran = [clients["lambda"].invoke(FunctionName=function, Qualifier="live", Payload=payload) for payload in payloads]

    found = {version: counts(clients["cloudwatch"], function, "live", version, 180) for version in ("1", "2")}
    assert set(found) == {answer["ExecutedVersion"] for answer in ran}
    assert found == {
        version: Counts(
            invocations=sum(answer["ExecutedVersion"] == version for answer in ran),
            errors=sum(answer["ExecutedVersion"] == version and "FunctionError" in answer for answer in ran),
        )
        for version in ("1", "2")
    }


def test_the_version_behind_an_alias_is_the_one_that_answers_for_it(clients: dict[str, Any], function: str) -> None:
    client = clients["lambda"]
    client.create_alias(FunctionName=function, Name="second", FunctionVersion="2")

    assert code_of_function(client, function, "second").version == "2"
    assert invoke(client, function, "second", b'{"by": 1}', Retrying()).version == "2"
    assert code_of_function(client, function, "live").version == "1"


def test_a_template_that_says_no_weights_clears_them(clients: dict[str, Any]) -> None:
    code = {"ZipFile": "def handler(event, context): return 1"}
    found = function_resources("cleared", code, Runtime=_runtime())
    create_stack(clients["cloudformation"], "cleared", found)
    for description in ("first", "second"):
        clients["lambda"].update_function_configuration(FunctionName="cleared", Description=description)
        clients["lambda"].publish_version(FunctionName="cleared")

    def alias(version: str, weights: list[dict[str, object]]) -> dict[str, object]:
        routing = {"AdditionalVersionWeights": weights}
        names = {"FunctionName": "cleared", "Name": "live", "FunctionVersion": version}
        return {"Type": "AWS::Lambda::Alias", "Properties": {**names, "RoutingConfig": routing}}

    seen = []
    for each in (alias("1", [{"FunctionVersion": "2", "FunctionWeight": 0.1}]), alias("2", [])):
        body = json.dumps({"Resources": {**found, "Alias": each}})
        clients["cloudformation"].update_stack(
            StackName="cleared", TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        there = find_alias(clients["lambda"], "cleared", "live")
        assert there is not None
        seen.append((there.version, there.weights))
    assert seen == [("1", (("2", 0.1),)), ("2", ())]
