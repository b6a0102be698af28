"""Who may do what with the pipeline of CodePipeline: four somebodies that cannot stand in for each other.

The pipeline starts builds and asks the witness; builds read the source and deploy; a person approves; and the witness
alone turns that into an approval of ours. Nothing that a build may do reaches the pipeline or the witness.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html (by action),
https://docs.aws.amazon.com/codepipeline/latest/userguide/approvals-iam-permissions.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodepipeline.html
"""

from __future__ import annotations

from collections.abc import Iterator

from multi_env_lambda.model.ci_stack import CiStack
from multi_env_lambda.model.codepipeline import APPROVE, groups_of
from multi_env_lambda.model.environment import Devops
from multi_env_lambda.model.record import WITNESSED, approvals_folder
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.access_trust import Trust, as_service
from multi_env_lambda.plan.grant import Grant, arn_of, calls_of, grant_of

__all__ = [
    "approves_there",
    "artifacts_bucket",
    "builds_there",
    "of_pipeline",
    "pipeline_arn",
    "reads_repository",
    "speaks",
    "spoken_in",
]

_VERB = "pipeline"
_FIXED = ("environment.image", "environment.privilegedMode", "serviceRole", "source.buildspec")
_AS_IN_THE_PROJECT = {f"codebuild:{key}": "true" for key in _FIXED}
"""With one of these in the request, a build would be whatever its starter likes, in the role of builds. Source and
artifacts CodePipeline says itself, for each build.

Source: https://docs.aws.amazon.com/codebuild/latest/userguide/action-context-keys.html
"""


def pipeline_arn(devops: Devops, roles: Roles) -> str:
    return arn_of(devops, "codepipeline", roles.pipeline)


def artifacts_bucket(devops: Devops, roles: Roles) -> str:
    """The pipeline's own: what it puts there may be deleted, and nothing of ours is near."""
    return f"{roles.pipeline}-{devops.account_id}-{devops.region}"


def of_pipeline(config: WorkspaceConfig, roles: Roles) -> Iterator[tuple[str, str, Trust, tuple[Grant, ...]]]:
    """The roles of a pipeline: key, name, trust and statements; none where the table has no ``codepipeline``."""
    if config.codepipeline is None:
        return
    devops, source = config.devops, config.codepipeline.source
    asks = any(place.approval for place in config.environments)
    trust = as_service("codepipeline", pipeline_arn(devops, roles))
    yield "PipelineRole", roles.pipeline, trust, tuple(_walks(config, roles, asks=asks))
    if source.kind == "CODECOMMIT":
        start = grant_of(
            "StartThePipeline", _VERB, [pipeline_arn(devops, roles)], "codepipeline:StartPipelineExecution"
        )
        yield (
            "StarterRole",
            roles.starter,
            as_service("events", arn_of(devops, "events", f"rule/{roles.starter}")),
            (start,),
        )
    if asks:
        yield "WitnessRole", roles.witness, as_service("lambda"), tuple(_witnesses(config, roles))


def _walks(config: WorkspaceConfig, roles: Roles, *, asks: bool) -> Iterator[Grant]:
    assert config.codepipeline is not None, "there is a pipeline"
    devops, source = config.devops, config.codepipeline.source
    project = arn_of(devops, "codebuild", f"project/{roles.pipeline}")
    starts = calls_of("codebuild", "BatchGetBuilds", "StartBuild")
    yield grant_of("StartItsBuilds", _VERB, [project], *starts, condition={"Null": _AS_IN_THE_PROJECT})
    if source.kind == "CODECOMMIT":
        reads = ("CancelUploadArchive", "GetBranch", "GetCommit", "GetRepository", "GetUploadArchiveStatus")
        arn = arn_of(devops, "codecommit", source.repository)
        yield grant_of("ReadTheSource", _VERB, [arn], *calls_of("codecommit", *reads, "UploadArchive"))
    else:
        service = source.connection.split(":")[2]
        yield grant_of("ReadTheSource", _VERB, [source.connection], f"{service}:UseConnection")
    bucket = f"arn:aws:s3:::{artifacts_bucket(devops, roles)}"
    keeps = ("GetBucketLocation", "GetBucketVersioning", "GetObject", "GetObjectVersion", "PutObject")
    yield grant_of("KeepTheSource", _VERB, [bucket, f"{bucket}/*"], *calls_of("s3", *keeps))
    if asks:
        witness = arn_of(devops, "lambda", f"function:{roles.witness}")
        yield grant_of("AskTheWitness", _VERB, [witness], "lambda:InvokeFunction")


def _witnesses(config: WorkspaceConfig, roles: Roles) -> Iterator[Grant]:
    """It reads what CodePipeline itself says of an approval, and writes keys that nobody else of ours may write."""
    devops = config.devops
    yield grant_of("LookAtApprovals", _VERB, [pipeline_arn(devops, roles)], "codepipeline:ListActionExecutions")
    # CodePipeline knows no resource for these two; a job's id is its own secret.
    answers = ("PutJobFailureResult", "PutJobSuccessResult")
    yield grant_of("AnswerThePipeline", _VERB, ["*"], *calls_of("codepipeline", *answers))
    # Without it S3 answers 403 instead of 404 for a key that is not there.
    yield grant_of("ListTheBucket", _VERB, [f"arn:aws:s3:::{devops.bucket}"], "s3:ListBucket")
    # Only where the pipeline asks; `*` stands for slashes, too, and no other name ends like this one.
    asking = [place for place in config.environments if place.approval]
    keys = [f"arn:aws:s3:::{devops.bucket}/{approvals_folder(place.name)}*/*/{WITNESSED}.json" for place in asking]
    yield grant_of("WriteApprovals", _VERB, keys, *calls_of("s3", "GetObject", "PutObject"))
    logs = [arn_of(devops, "logs", f"log-group:/aws/lambda/{roles.witness}:*")]
    yield grant_of("WriteItsLog", _VERB, logs, *calls_of("logs", "CreateLogStream", "PutLogEvents"))


def builds_there(config: WorkspaceConfig, roles: Roles) -> Iterator[Grant]:
    """What the pipeline asks of the role of builds: its log, the source, and the repository."""
    if config.codepipeline is None:
        return
    devops, source = config.devops, config.codepipeline.source
    logs = [arn_of(devops, "logs", f"log-group:/aws/codebuild/{roles.pipeline}:*")]
    yield grant_of("WriteThePipelinesLog", _VERB, logs, *calls_of("logs", "CreateLogStream", "PutLogEvents"))
    objects = f"arn:aws:s3:::{artifacts_bucket(devops, roles)}/*"
    yield grant_of("ReadThePipelinesSource", _VERB, [objects], *calls_of("s3", "GetObject", "GetObjectVersion"))
    there = config.ci_stack
    if there is None or (there.repository, there.connection) != (source.repository, source.connection):
        yield from reads_repository(devops, source, "ReadThePipelinesRepository", _VERB)
    if source.kind == "CODECOMMIT" and (there is None or there.kind != "CODECOMMIT"):
        yield speaks(devops, roles)


def spoken_in(config: WorkspaceConfig) -> tuple[CiStack, ...]:
    """The repositories in whose pull requests builds write, as the one role that is the author of it."""
    return tuple(one for one in config.read_by_builds if one.kind == "CODECOMMIT")


def speaks(devops: Devops, roles: Roles) -> Grant:
    """Into that role."""
    comments = f"arn:aws:iam::{devops.account_id}:role/{roles.comments}"
    return grant_of("SpeakInPullRequests", "push", [comments], "sts:AssumeRole")


def reads_repository(devops: Devops, source: CiStack, sid: str, verb: str) -> Iterator[Grant]:
    """What a build needs to clone it."""
    if source.kind == "CODECOMMIT":
        yield grant_of(sid, verb, [arn_of(devops, "codecommit", source.repository)], "codecommit:GitPull")
    elif source.connection:
        calls = calls_of(source.connection.split(":")[2], "GetConnection", "GetConnectionToken", "UseConnection")
        yield grant_of(sid, verb, [source.connection], *calls)


def approves_there(config: WorkspaceConfig, roles: Roles) -> Iterator[Grant]:
    """A person's yes in the pipeline: of the approval of each environment that asks, and of nothing else there."""
    asking = [group.name for group in groups_of(config.environments) if group.asks]
    if config.codepipeline is None or not asking:
        return
    arn = pipeline_arn(config.devops, roles)
    actions = [f"{arn}/{name}/{APPROVE}" for name in asking]
    yield grant_of("ApproveInThePipeline", _VERB, actions, "codepipeline:PutApprovalResult")
    look = ("GetPipeline", "GetPipelineExecution", "GetPipelineState", "ListActionExecutions", "ListPipelineExecutions")
    yield grant_of("LookAtThePipeline", _VERB, [arn], *calls_of("codepipeline", *look))
