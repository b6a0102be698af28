"""The rules that a pipeline's definition has to keep, before CodePipeline takes it.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/pipeline-requirements.html,
https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-valid-providers.html (numbers of artifacts),
https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference.html (keys of each action),
https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-conditions.html and
https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineDeclaration.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

__all__ = ["VARIABLE", "KINDS", "problems"]

VARIABLE = re.compile(r"#\{([A-Za-z0-9@_-]+)\.([A-Za-z0-9@_-]+)\}")
_NAME = re.compile(r"[A-Za-z0-9.@_-]{1,100}")
_ARTIFACT = re.compile(r"[A-Za-z0-9_-]{1,100}")
_SPACE = re.compile(r"[A-Za-z0-9@_-]{1,100}")
_MODES = ("SUPERSEDED", "QUEUED", "PARALLEL")
_OPERATORS = ("EQ", "NE", "CONTAINS", "MATCHES")


class _Kind(NamedTuple):
    required: tuple[str, ...]
    optional: tuple[str, ...]
    inputs: tuple[int, int]
    outputs: tuple[int, int]


KINDS: Mapping[tuple[str, str], _Kind] = {
    ("Source", "CodeCommit"): _Kind(
        ("RepositoryName", "BranchName"), ("PollForSourceChanges", "OutputArtifactFormat"), (0, 0), (1, 1)
    ),
    ("Source", "CodeStarSourceConnection"): _Kind(
        ("ConnectionArn", "FullRepositoryId", "BranchName"), ("OutputArtifactFormat", "DetectChanges"), (0, 0), (1, 1)
    ),
    ("Source", "S3"): _Kind(("S3Bucket", "S3ObjectKey"), ("PollForSourceChanges",), (0, 0), (1, 1)),
    ("Build", "CodeBuild"): _Kind(
        ("ProjectName",),
        ("PrimarySource", "BatchEnabled", "BuildspecOverride", "CombineArtifacts", "EnvironmentVariables"),
        (1, 5),
        (0, 5),
    ),
    ("Approval", "Manual"): _Kind((), ("CustomData", "ExternalEntityLink", "NotificationArn"), (0, 0), (0, 0)),
    ("Invoke", "Lambda"): _Kind(("FunctionName",), ("UserParameters",), (0, 5), (0, 5)),
}
"""The actions that the local cloud knows."""


def problems(pipeline: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with it, a sentence each."""
    if not _NAME.fullmatch(str(pipeline.get("name", ""))):
        yield f"The name of the pipeline does not match {_NAME.pattern}"
    second = pipeline.get("pipelineType") == "V2"
    mode = pipeline.get("executionMode", "SUPERSEDED")
    if mode not in _MODES or (mode != "SUPERSEDED" and not second):
        yield f"The execution mode {mode} is not one of a pipeline of this type"
    store = pipeline.get("artifactStore") or {}
    if store.get("type") != "S3" or not store.get("location"):
        yield "The pipeline has no artifact store of the type S3"
    stages = pipeline.get("stages") or []
    if len(stages) < 2:
        yield "Pipeline has only one stage(s). There should be a minimum of two stages in a pipeline"
    yield from _twice("stages", [stage.get("name") for stage in stages])
    seen, spaces = set[str](), {"codepipeline", "variables"}
    for number, stage in enumerate(stages):
        yield from _stage(stage, number, seen, spaces, second=second)
    yield from _triggers(pipeline, stages, second=second)


def _twice(what: str, names: list[Any]) -> Iterator[str]:
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield f"Two {what} are called {name}"


def _stage(stage: Any, number: int, seen: set[str], spaces: set[str], *, second: bool) -> Iterator[str]:
    name, actions = str(stage.get("name", "")), stage.get("actions") or []
    if not _NAME.fullmatch(name) or not 1 <= len(actions) <= 50:
        yield f"The stage {name} has no valid name, or no actions"
    yield from _conditions(stage, spaces, second=second)
    yield from _twice(f"actions of the stage {name}", [action.get("name") for action in actions])
    for action in sorted(actions, key=lambda one: int(one.get("runOrder", 1))):
        yield from _action(action, f"{name}/{action.get('name')}", number, seen, spaces)


def _action(action: Any, where: str, number: int, seen: set[str], spaces: set[str]) -> Iterator[str]:
    kind_of = action.get("actionTypeId") or {}
    place = (str(kind_of.get("category")), str(kind_of.get("provider")))
    kind = KINDS.get(place)
    if kind is None or kind_of.get("owner") != "AWS" or kind_of.get("version") != "1":
        yield f"ActionType {where}: {kind_of} is not available in this local cloud"
        return
    if not _NAME.fullmatch(str(action.get("name", ""))) or not 1 <= int(action.get("runOrder", 1)) <= 999:
        yield f"{where} has no valid name or run order"
    if (place[0] == "Source") != (number == 0):
        yield f"{where}: the first stage has source actions and nothing else, and no other stage has one"
    yield from _configuration(action.get("configuration") or {}, kind, where, spaces)
    yield from _artifacts(action, kind, where, seen)
    space = action.get("namespace")
    if space is not None:
        if not _SPACE.fullmatch(str(space)) or space in spaces:
            yield f"{where}: the namespace {space} is not valid, or is another action's"
        spaces.add(str(space))


def _configuration(said: Mapping[str, Any], kind: _Kind, where: str, spaces: set[str]) -> Iterator[str]:
    for key in kind.required:
        if key not in said:
            yield f"Action configuration for action '{where}' is missing required configuration '{key}'"
    for key, value in said.items():
        if key not in (*kind.required, *kind.optional):
            yield f"Action configuration for action '{where}' contains unknown configuration '{key}'"
        elif not isinstance(value, str) or not 1 <= len(value) <= 1000:
            yield f"{where}: the value of {key} is no text of 1 to 1000 characters"
        else:
            yield from _references(value, where, spaces)
    if "EnvironmentVariables" in said:
        yield from _variables(said["EnvironmentVariables"], where)


def _references(value: str, where: str, spaces: set[str]) -> Iterator[str]:
    for space, _ in VARIABLE.findall(value):
        if space not in spaces:
            yield f"{where}: no action before it has the namespace {space}"


def _variables(text: Any, where: str) -> Iterator[str]:
    try:
        good = all({"name", "value"} <= set(one) <= {"name", "value", "type"} for one in json.loads(text))
    except (TypeError, ValueError):
        good = False
    if not good:
        yield f"{where}: EnvironmentVariables is no list of names and values in JSON"


def _artifacts(action: Any, kind: _Kind, where: str, seen: set[str]) -> Iterator[str]:
    for key, (least, most) in (("inputArtifacts", kind.inputs), ("outputArtifacts", kind.outputs)):
        names = [str(one.get("name", "")) for one in action.get(key) or []]
        if not least <= len(names) <= most:
            yield f"{where} has {len(names)} {key}; there may be {least} to {most}"
        for name in names:
            if not _ARTIFACT.fullmatch(name) or (name in seen) != (key == "inputArtifacts"):
                yield f"{where}: the artifact {name} is not valid, or not one of an action before, or made twice"
        if key == "outputArtifacts":
            seen.update(names)


def _conditions(stage: Any, spaces: set[str], *, second: bool) -> Iterator[str]:
    where = stage.get("name")
    if stage.get("onFailure") or stage.get("onSuccess"):
        yield f"{where}: the local cloud knows conditions of an entry only"
    if "beforeEntry" not in stage:
        return
    conditions = stage["beforeEntry"].get("conditions") or []
    if not second or len(conditions) != 1 or conditions[0].get("result") not in ("FAIL", "SKIP"):
        yield f"{where}: one condition, in a pipeline of the type V2, with the result FAIL or SKIP"
        return
    rules = conditions[0].get("rules") or []
    if not 1 <= len(rules) <= 5:
        yield f"{where}: a condition has one to five rules"
    for rule in rules:
        said = rule.get("configuration") or {}
        wanted = {"category": "Rule", "owner": "AWS", "provider": "VariableCheck", "version": "1"}
        if rule.get("ruleTypeId") != wanted or not _NAME.fullmatch(str(rule.get("name", ""))):
            yield f"{where}: the local cloud knows the rule VariableCheck only, which has a name"
        elif set(said) != {"Variable", "Value", "Operator"} or said["Operator"] not in _OPERATORS:
            yield f"{where}: a VariableCheck has Variable, Value and an Operator of {', '.join(_OPERATORS)}"
        else:
            yield from _references(str(said["Variable"]), str(where), spaces)


def _triggers(pipeline: Mapping[str, Any], stages: list[Any], *, second: bool) -> Iterator[str]:
    connected = {
        action.get("name")
        for stage in stages
        for action in stage.get("actions") or []
        if (action.get("actionTypeId") or {}).get("provider") == "CodeStarSourceConnection"
    }
    sources: list[Any] = []
    for trigger in pipeline.get("triggers") or []:
        sources.append((trigger.get("gitConfiguration") or {}).get("sourceActionName"))
        if not second or trigger.get("providerType") != "CodeStarSourceConnection" or sources[-1] not in connected:
            yield "Triggers for connection must reference a CodeStarSourceConnection action"
    yield from _twice("triggers of the source", sources)
