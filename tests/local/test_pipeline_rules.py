"""What the local cloud's CodePipeline refuses of a definition, as the service does."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from multi_env_lambda.local.emulator.pipeline_rules import problems
from multi_env_lambda.local.emulator.pipelines import _of_template
from tests.plan.test_codepipeline import pipeline


def good() -> dict[str, Any]:
    return _of_template(json.loads(json.dumps(pipeline()).replace('{"Ref": "Sources"}', '"a-bucket"')))


def action(found: dict[str, Any], stage: int, place: int = 0) -> dict[str, Any]:
    one: dict[str, Any] = found["stages"][stage]["actions"][place]
    return one


WRONG: dict[str, Callable[[dict[str, Any]], Any]] = {
    "minimum of two stages": lambda one: one.update(stages=one["stages"][:1]),
    "Two stages are called": lambda one: one["stages"][2].update(name="Plan"),
    "Two actions of the stage": lambda one: action(one, -2).update(name="Witness"),
    "contains unknown configuration 'Branch'": lambda one: action(one, 0)["configuration"].update(Branch="x"),
    "missing required configuration 'ProjectName'": lambda one: action(one, 1)["configuration"].pop("ProjectName"),
    "no text of 1 to 1000": lambda one: action(one, -2)["configuration"].update(CustomData="x" * 1001),
    "no list of names and values": lambda one: action(one, 1)["configuration"].update(EnvironmentVariables="X=1"),
    "not available": lambda one: action(one, 1)["actionTypeId"].update(provider="Jenkins"),
    "no other stage has one": lambda one: one["stages"].reverse(),
    "the artifact Other": lambda one: action(one, 1).update(inputArtifacts=[{"name": "Other"}]),
    "0 inputArtifacts": lambda one: action(one, 1).pop("inputArtifacts"),
    "has the namespace Plan": lambda one: action(one, 1).pop("namespace"),
    "or is another action's": lambda one: action(one, 2).update(namespace="Plan"),
    "of the type V2": lambda one: one.update(pipelineType="V1"),
    "is not one of a pipeline": lambda one: one.update(executionMode="QUEUED", pipelineType="V1"),
    "no artifact store": lambda one: one.pop("artifactStore"),
    "must reference a CodeStarSourceConnection": lambda one: one.update(
        triggers=[{"providerType": "CodeStarSourceConnection", "gitConfiguration": {"sourceActionName": "Source"}}]
    ),
    "an Operator of": lambda one: one["stages"][2]["beforeEntry"]["conditions"][0]["rules"][0]["configuration"].update(
        Operator="GT"
    ),
    "with the result FAIL or SKIP": lambda one: one["stages"][2]["beforeEntry"]["conditions"][0].update(result="GO"),
    "VariableCheck only": lambda one: one["stages"][2]["beforeEntry"]["conditions"][0]["rules"][0].pop("name"),
    "no valid name or run order": lambda one: action(one, 1).update(runOrder=0),
    "of an entry only": lambda one: one["stages"][2].update(onSuccess={"conditions": []}),
}


def test_what_is_written_is_taken() -> None:
    assert list(problems(good())) == []


@pytest.mark.parametrize("said", WRONG)
def test_what_the_service_refuses_is_refused(said: str) -> None:
    wrong = copy.deepcopy(good())
    WRONG[said](wrong)

    assert [text for text in problems(wrong) if said in text], list(problems(wrong))
