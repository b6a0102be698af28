"""Goals of a thief about builds, and about the pipeline with its witness."""

from __future__ import annotations

from collections.abc import Iterator

from multi_env_lambda.model.ci_stack import JOB_VARIABLE

from .goal import DEVOPS, Goal, goal_of

__all__ = ["OVERRIDES", "builds", "pipeline"]

_ITS_JOB = {"codebuild:environment.environmentVariables.name": JOB_VARIABLE}
OVERRIDES = {
    "another build spec": {"codebuild:source.buildspec": "version: 0.2"},
    "another source": {"codebuild:source.location": "https://github.com/mallory/units"},
    "a second source": {"codebuild:secondarySources": "mallory"},
    "another role": {"codebuild:serviceRole": f"arn:aws:iam::{DEVOPS}:role/acme-build"},
    "another image": {"codebuild:environment.image": "mallory/image"},
    "privileges": {"codebuild:environment.privilegedMode": "true"},
    "another log": {"codebuild:logsConfig": "mallory"},
    "another connection": {"codebuild:source.auth.resource": "mallory"},
    "another kind of connection": {"codebuild:source.auth.type": "OAUTH"},
    "a host that nobody proves": {"codebuild:source.insecureSsl": "true"},
    "a certificate": {"codebuild:environment.certificate": "mallory/ca.zip"},
    "a machine of its own": {"codebuild:environment.fleet.fleetArn": "mallory"},
    "another kind of machine": {"codebuild:environment.type": "WINDOWS_SERVER_2022_CONTAINER"},
    "a password of a registry": {"codebuild:environment.registryCredential": "true"},
    "the role for the image": {"codebuild:environment.imagePullCredentialsType": "SERVICE_ROLE"},
    "another key": {"codebuild:encryptionKey": "mallory"},
    "more artifacts": {"codebuild:secondaryArtifacts": "mallory"},
    "artifacts": {"codebuild:artifacts": "mallory"},
    "a cache": {"codebuild:cache": "mallory"},
}


def builds() -> Iterator[Goal]:
    for name in ("build", "plan"):
        arn = f"arn:aws:codebuild:us-east-1:{DEVOPS}:project/acme-{name}"
        start = "codebuild:StartBuild"
        yield goal_of(start, arn, DEVOPS, "acme-dispatcher", name=f"start {name} as it is", context=_ITS_JOB)
        yield goal_of(start, arn, DEVOPS, name=f"start {name} without a job")
        other = {"codebuild:environment.environmentVariables.name": "PATH"}
        yield goal_of(start, arn, DEVOPS, name=f"start {name} with a variable", context=other)
        for what, changed in OVERRIDES.items():
            yield goal_of(start, arn, DEVOPS, name=f"start {name} with {what}", context={**_ITS_JOB, **changed})
        for verb in (
            "CreateProject",
            "CreateWebhook",
            "DeleteProject",
            "RetryBuild",
            "StartBuildBatch",
            "UpdateProject",
        ):
            yield goal_of(f"codebuild:{verb}", arn, DEVOPS)
        for verb in ("BatchDeleteBuilds", "PutResourcePolicy", "StopBuild", "UpdateProjectVisibility"):
            yield goal_of(f"codebuild:{verb}", arn, DEVOPS)
    yield goal_of("codebuild:CreateProject", f"arn:aws:codebuild:us-east-1:{DEVOPS}:project/mine", DEVOPS, *_UNIT)
    yield goal_of("codebuild:ImportSourceCredentials", "*", DEVOPS, *_UNIT)


_UNIT = ("orders-sandbox-Role",)
"""A unit in this account, as far as it gives itself the right: of the account's other things nothing is known."""


def pipeline() -> Iterator[Goal]:
    """Who changes the witness, or answers in its place or the approver's, has approved whatever she likes."""
    here = f"us-east-1:{DEVOPS}"
    arn = f"arn:aws:codepipeline:{here}:acme-pipeline"
    yield goal_of("codepipeline:PutApprovalResult", f"{arn}/prod/Approve", DEVOPS, "acme-approver")
    yield goal_of("codepipeline:PutApprovalResult", f"{arn}/test/Approve", DEVOPS)
    yield goal_of("codepipeline:StartPipelineExecution", arn, DEVOPS, "acme-starter")
    for verb in ("DeletePipeline", "PutWebhook", "StopPipelineExecution", "UpdatePipeline"):
        yield goal_of(f"codepipeline:{verb}", arn, DEVOPS)
    transitions = ("DisableStageTransition", "EnableStageTransition")
    for verb in (*transitions, "OverrideStageCondition", "RetryStageExecution", "RollbackStage"):
        yield goal_of(f"codepipeline:{verb}", f"{arn}/prod", DEVOPS)
    yield from _of_its_builds(f"arn:aws:codebuild:{here}:project/acme-pipeline")
    witness = f"arn:aws:lambda:{here}:function:acme-witness"
    yield goal_of("lambda:InvokeFunction", witness, DEVOPS, "acme-pipeline")
    for verb in ("AddPermission", "CreateAlias", "DeleteFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration"):
        yield goal_of(f"lambda:{verb}", witness, DEVOPS)
    source = f"arn:aws:s3:::acme-pipeline-{DEVOPS}-us-east-1"
    yield goal_of("s3:PutObject", f"{source}/units/Source/a.zip", DEVOPS, "acme-pipeline")
    yield goal_of("s3:GetObject", f"{source}/units/Source/a.zip", DEVOPS, "acme-pipeline", "acme-build")
    yield goal_of("s3:DeleteObject", f"{source}/units/Source/a.zip", DEVOPS)
    yield goal_of("s3:PutBucketPolicy", source, DEVOPS)
    for verb in ("DeleteRule", "DisableRule", "PutRule", "PutTargets", "RemoveTargets"):
        yield goal_of(f"events:{verb}", f"arn:aws:events:{here}:rule/acme-starter", DEVOPS)
    for group, may in (("lambda/acme-witness", "acme-witness"), ("codebuild/acme-pipeline", "acme-build")):
        log = f"arn:aws:logs:{here}:log-group:/aws/{group}"
        yield goal_of("logs:DeleteLogGroup", log, DEVOPS)
        yield goal_of("logs:PutLogEvents", f"{log}:log-stream:1", DEVOPS, may)


_CODE = ("another build spec", "another role", "another image", "privileges")
"""With one of these a build is no step of the pipeline , but what its starter likes, in the role of builds."""


def _of_its_builds(arn: str) -> Iterator[Goal]:
    yield goal_of("codebuild:StartBuild", arn, DEVOPS, "acme-pipeline")
    for what in _CODE:
        name = f"start a build of the pipeline with {what}"
        yield goal_of("codebuild:StartBuild", arn, DEVOPS, name=name, context=OVERRIDES[what])
    for verb in ("DeleteProject", "RetryBuild", "StartBuildBatch", "StopBuild", "UpdateProject"):
        yield goal_of(f"codebuild:{verb}", arn, DEVOPS)
