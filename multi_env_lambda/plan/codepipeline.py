"""The pipeline for CodePipeline: the table in, a CloudFormation template out, as the text of a file.

Each action that builds runs the same command for one environment, in a project whose build spec is here and not in the
repository. Environments of one stage are actions beside each other. In front of those that ask, a person sees the
digest of each plan; the witness takes them, and who she is, from CodePipeline itself. What a build says reaches its
text and nothing else.

No script has a text of the table in it: those are variables of the project.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-pipeline-structure.html,
https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html (SUPERSEDED),
https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference-VariableCheck.html and
https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.ci_stack import ACCOUNT_VARIABLE, BUCKET_VARIABLE
from multi_env_lambda.model.codepipeline import (
    APPROVE,
    APPROVED,
    ARTIFACT,
    BRANCH_VARIABLE,
    EXECUTION_VARIABLE,
    FOUND,
    LIBRARY_VARIABLE,
    LONGEST_TEXT,
    NOTHING,
    PIPELINE_VARIABLE,
    PLAN,
    RESULT,
    ROLE_VARIABLE,
    SHA256_VARIABLE,
    SPOKEN,
    STEP_VARIABLE,
    WITNESS,
    WITNESS_HANDLER,
    CodePipeline,
    Group,
    groups_of,
    said_of,
    said_of_group,
    waiting_plans,
)
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.stages import cells_of
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.access_of_pipelines import artifacts_bucket, pipeline_arn
from multi_env_lambda.plan.ci_stack import DAYS, IMAGE, Resource
from multi_env_lambda.plan.github_steps import Library
from multi_env_lambda.plan.pipeline_spec import SPEC
from multi_env_lambda.plan.template.cotton import made_of
from multi_env_lambda.plan.yaml_text import yaml_of

__all__ = ["BEGIN", "END", "MINUTES", "pipeline_template", "template_text"]

BEGIN = (
    "# begin multi-env-lambda: `ci write codepipeline` writes what is between this line and the last one of its kind"
)
END = "# end multi-env-lambda: what comes below, such as resources of your own, stays as it is"
MINUTES = 55
_SHORTEST = 100
"""Characters that are left for words about the plans."""
_CHANGES, _DIGEST, _SUMMARY = FOUND
_EXECUTION = "#{codepipeline.PipelineExecutionId}"

Stage = dict[str, Any]


def template_text(config: WorkspaceConfig, library: Library, code: str, *, runtime: str) -> str:
    """The marked part of the file.

    Args:
        code: the key of the zip that is the witness's code. runtime: of the witness.

    Raises:
        ConfigurationError: the table has no pipeline.
    """
    return f"{BEGIN}\n{yaml_of(pipeline_template(config, library, code, runtime=runtime))}{END}\n"


def pipeline_template(config: WorkspaceConfig, library: Library, code: str, *, runtime: str) -> dict[str, Any]:
    """The template. Its resources come last, so that others can follow."""
    if config.codepipeline is None or config.roles is None:
        hint = 'for example `codepipeline = { repository = "units" }`'
        raise ConfigurationError("pyproject.toml", "[tool.multi_env_lambda.ci] has no `codepipeline`", hint=hint)
    roles, wanted = config.roles, config.codepipeline
    _check_texts(groups_of(config.environments))
    resources: dict[str, Resource] = {
        **_project(config, roles, library),
        **_bucket(config, roles),
        **(_witness(config, roles, code, runtime) if _asks(config) else {}),
        **(_starter(config, roles, wanted) if wanted.source.kind == "CODECOMMIT" else {}),
        "Pipeline": ("AWS::CodePipeline::Pipeline", _pipeline(config, roles, wanted)),
    }
    made = made_of("From a push to the last environment, for `ci write codepipeline` of multi_env_lambda", resources)
    # What cottonformation does not know of the second kind of pipelines.
    found = made["Resources"]["Pipeline"]["Properties"]
    found |= {"ExecutionMode": "SUPERSEDED", "PipelineType": "V2", **_triggers(config, wanted)}
    conditions = dict(_conditions(config))
    for stage in found["Stages"]:
        if condition := conditions.get(stage["Name"]):
            stage["BeforeEntry"] = {"Conditions": [condition]}
    made["Resources"]["Sources"]["DeletionPolicy"] = made["Resources"]["Sources"]["UpdateReplacePolicy"] = "Retain"
    return {**{key: value for key, value in made.items() if key != "Resources"}, "Resources": made["Resources"]}


def _asks(config: WorkspaceConfig) -> bool:
    return any(place.approval for place in config.environments)


def _project(config: WorkspaceConfig, roles: Roles, library: Library) -> dict[str, Resource]:
    devops = config.devops
    variables = {
        BRANCH_VARIABLE: config.ci.branch,
        LIBRARY_VARIABLE: library.address,
        SHA256_VARIABLE: library.sha256,
    }
    log = {"LogGroupName": f"/aws/codebuild/{roles.pipeline}", "RetentionInDays": DAYS}
    return {
        "BuildLog": ("AWS::Logs::LogGroup", log),
        "Build": (
            "AWS::CodeBuild::Project",
            {
                "Artifacts": {"Type": "CODEPIPELINE"},
                "Description": "Runs the steps of the pipeline",
                "Environment": {
                    "ComputeType": "BUILD_GENERAL1_MEDIUM",
                    "EnvironmentVariables": [{"Name": name, "Value": value} for name, value in variables.items()],
                    "Image": IMAGE,
                    "PrivilegedMode": False,
                    "Type": "LINUX_CONTAINER",
                },
                "LogsConfig": {"CloudWatchLogs": {"GroupName": {"Ref": "BuildLog"}, "Status": "ENABLED"}},
                "Name": roles.pipeline,
                "QueuedTimeoutInMinutes": 60,
                "ServiceRole": f"arn:aws:iam::{devops.account_id}:role/{roles.of_devops('build')}",
                "Source": {"BuildSpec": SPEC, "Type": "CODEPIPELINE"},
                "TimeoutInMinutes": MINUTES,
            },
        ),
    }


def _bucket(config: WorkspaceConfig, roles: Roles) -> dict[str, Resource]:
    """What the source action puts there says which commit it was; a month is enough."""
    rule = {"ExpirationInDays": 30, "Id": "old", "Status": "Enabled"}
    return {
        "Sources": (
            "AWS::S3::Bucket",
            {
                "BucketName": artifacts_bucket(config.devops, roles),
                "LifecycleConfiguration": {"Rules": [rule]},
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
            },
        )
    }


def _witness(config: WorkspaceConfig, roles: Roles, code: str, runtime: str) -> dict[str, Resource]:
    devops, name = config.devops, roles.witness
    variables = {
        ACCOUNT_VARIABLE: devops.account_id,
        BUCKET_VARIABLE: devops.bucket,
        PIPELINE_VARIABLE: roles.pipeline,
        ROLE_VARIABLE: roles.of_devops("approver"),
    }
    return {
        "WitnessLog": ("AWS::Logs::LogGroup", {"LogGroupName": f"/aws/lambda/{name}", "RetentionInDays": DAYS}),
        "Witness": (
            "AWS::Lambda::Function",
            {
                "Code": {"S3Bucket": devops.bucket, "S3Key": code},
                "Description": "Writes the approval of what a person approved in the pipeline",
                "Environment": {"Variables": variables},
                "FunctionName": name,
                "Handler": WITNESS_HANDLER,
                "MemorySize": 512,
                "Role": f"arn:aws:iam::{devops.account_id}:role/{name}",
                "Runtime": runtime,
                "Timeout": 60,
            },
        ),
    }


def _starter(config: WorkspaceConfig, roles: Roles, wanted: CodePipeline) -> dict[str, Resource]:
    """A repository at a connection has triggers; for one of CodeCommit a rule starts the pipeline."""
    devops = config.devops
    pattern = {
        "source": ["aws.codecommit", SPOKEN],
        "detail-type": ["CodeCommit Repository State Change"],
        "detail": {
            "event": ["referenceCreated", "referenceUpdated"],
            "referenceName": [config.ci.branch],
            "referenceType": ["branch"],
            "repositoryName": [wanted.repository],
        },
    }
    role = f"arn:aws:iam::{devops.account_id}:role/{roles.starter}"
    target = {"Arn": pipeline_arn(devops, roles), "Id": "pipeline", "RoleArn": role}
    rule = {"EventPattern": pattern, "Name": roles.starter, "State": "ENABLED", "Targets": [target]}
    return {"Starter": ("AWS::Events::Rule", rule)}


def _pipeline(config: WorkspaceConfig, roles: Roles, wanted: CodePipeline) -> dict[str, Any]:
    return {
        "ArtifactStore": {"Location": {"Ref": "Sources"}, "Type": "S3"},
        "Name": roles.pipeline,
        "RestartExecutionOnUpdate": False,
        "RoleArn": f"arn:aws:iam::{config.devops.account_id}:role/{roles.pipeline}",
        "Stages": [
            _stage(ARTIFACT, _source(config, wanted)),
            _stage(PLAN, _build(roles, PLAN, PLAN, keeps=PLAN)),
            *(stage for group in groups_of(config.environments) for stage in _stages(roles, group)),
            _stage(RESULT, _build(roles, RESULT, RESULT)),
        ],
    }


def _stages(roles: Roles, group: Group) -> Iterator[Stage]:
    """Environments beside each other are a stage; where they ask, another before it finds out what there is to agree
    to, and one yes is for all of it."""
    name = group.name
    if not group.asks:
        yield _stage(name, *_deploys(roles, group, first=1))
        return
    before = _asking(name)
    yield _stage(before, _build(roles, "Plan", name, keeps=before))
    says = said_of if group.is_one else said_of_group
    custom = says(name, f"#{{{before}.{_DIGEST}}}", f"#{{{before}.{_SUMMARY}}}")
    several = {} if group.is_one else {"environments": [place.name for place in group.places]}
    told = json.dumps({"environment": name, "execution": _EXECUTION, **several})
    yield _stage(
        name,
        _action(APPROVE, "Approval", "Manual", {"CustomData": custom}),
        _action(WITNESS, "Invoke", "Lambda", {"FunctionName": roles.witness, "UserParameters": told}, order=2),
        *_deploys(roles, group, first=3),
    )


def _deploys(roles: Roles, group: Group, *, first: int) -> Iterator[dict[str, Any]]:
    """All at the same time, but one after the other in an account and region, where AWS sets the pace."""
    ends = APPROVED if group.asks else ""
    for cell in cells_of(group.places):
        for order, place in enumerate(cell, start=first):
            action = "Deploy" if group.is_one else f"Deploy-{place.name}"
            yield _build(roles, action, f"{place.name}{ends}", order=order)


def _check_texts(groups: Iterable[Group]) -> None:
    """What an approver reads has to fit, with all the digests that may be in it and some words about each plan."""
    for group in groups:
        if group.asks and not group.is_one:
            most = said_of_group(group.name, waiting_plans({one.name: "0" * 64 for one in group.places}), "")
            if len(most) + _SHORTEST > LONGEST_TEXT:
                what = f"the text for {len(group.places)} environments has more than {LONGEST_TEXT} characters"
                hint = "divide them into two stages; in CodePipeline, one yes is for all that stand side by side"
                raise ConfigurationError(f"the stage `{group.name}`", what, hint=hint)


def _asking(name: str) -> str:
    """Names of environments have small letters only, so this is none."""
    return f"Ask-{name}"


def _conditions(config: WorkspaceConfig) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is skipped where there is nothing to do: it costs a moment, and no build."""
    for group in groups_of(config.environments):
        if group.asks:
            yield group.name, _unless(f"#{{{_asking(group.name)}.{_DIGEST}}}", "NE", NOTHING)
        else:
            yield group.name, _unless(f"#{{{PLAN}.{_CHANGES}}}", "CONTAINS", f":{group.name}:")
    yield RESULT, _unless(f"#{{{PLAN}.{_CHANGES}}}", "NE", NOTHING)


def _unless(variable: str, operator: str, value: str) -> dict[str, Any]:
    rule = {
        "Configuration": {"Operator": operator, "Value": value, "Variable": variable},
        "Name": "SomethingToDo",
        "RuleTypeId": {"Category": "Rule", "Owner": "AWS", "Provider": "VariableCheck", "Version": "1"},
    }
    return {"Result": "SKIP", "Rules": [rule]}


def _source(config: WorkspaceConfig, wanted: CodePipeline) -> dict[str, Any]:
    """The repository as a full clone: whether a commit comes before another is asked in each run."""
    said = {"BranchName": config.ci.branch, "OutputArtifactFormat": "CODEBUILD_CLONE_REF"}
    if wanted.source.kind == "CODECOMMIT":
        provider = "CodeCommit"
        said |= {"PollForSourceChanges": "false", "RepositoryName": wanted.repository}
    else:
        provider = "CodeStarSourceConnection"
        said |= {
            "ConnectionArn": wanted.connection,
            "DetectChanges": "false",  # the trigger does
            "FullRepositoryId": wanted.full_name,
        }
    return _action(ARTIFACT, "Source", provider, said) | {"OutputArtifacts": [{"Name": ARTIFACT}]}


def _triggers(config: WorkspaceConfig, wanted: CodePipeline) -> Mapping[str, Any]:
    if wanted.source.kind == "CODECOMMIT":
        return {}
    pushes = [{"Branches": {"Includes": [config.ci.branch]}}]
    git = {"Push": pushes, "SourceActionName": ARTIFACT}
    return {"Triggers": [{"GitConfiguration": git, "ProviderType": "CodeStarSourceConnection"}]}


def _build(roles: Roles, name: str, step: str, *, order: int = 1, keeps: str = "") -> dict[str, Any]:
    variables = {STEP_VARIABLE: step, EXECUTION_VARIABLE: _EXECUTION}
    listed = [{"name": key, "type": "PLAINTEXT", "value": value} for key, value in variables.items()]
    said = {"EnvironmentVariables": json.dumps(listed), "ProjectName": roles.pipeline}
    more = {"Namespace": keeps} if keeps else {}
    action = _action(name, "Build", "CodeBuild", said, order=order)
    return action | {"InputArtifacts": [{"Name": ARTIFACT}]} | more


def _action(name: str, category: str, provider: str, said: Mapping[str, str], *, order: int = 1) -> dict[str, Any]:
    return {
        "ActionTypeId": {"Category": category, "Owner": "AWS", "Provider": provider, "Version": "1"},
        "Configuration": dict(said),
        "Name": name,
        "RunOrder": order,
    }


def _stage(name: str, *actions: dict[str, Any]) -> Stage:
    return {"Actions": list(actions), "Name": name}
