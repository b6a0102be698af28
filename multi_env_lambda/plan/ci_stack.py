"""The stack of the CI in the devops account: what hears of events, what starts and runs builds, what tells people.

Written with cottonformation's types; the same bytes for the same workspace, so that a comparison says what differs. All
names follow from the prefix of the roles, as their statements in ``access.py`` do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from multi_env_lambda.model.ci_stack import BUILD_IS_OVER, CiStack
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.environment import Devops
from multi_env_lambda.model.roles import Acting, Roles
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.access import DEVOPS_STACK, ci_stack_name, repository_arn
from multi_env_lambda.plan.access_stack import AccessStack
from multi_env_lambda.plan.build_spec import build_spec
from multi_env_lambda.plan.ci_receiver import ADDRESS, receiver_resources
from multi_env_lambda.plan.grant import arn_of
from multi_env_lambda.plan.template.cotton import made_of

__all__ = ["APPROVALS", "DAYS", "IMAGE", "TEMPLATE", "CiCode", "ci_stack"]

Resource = tuple[str, Mapping[str, Any]]

TEMPLATE = '{"id": <id>, "source": <source>, "kind": <kind>, "detail": <detail>}'
"""What the queue gets of an event. Each value stands alone, so that it is written as JSON; between quotes, the first
``"`` in the name of a branch would end the message. Every event has these four: a path that one does not have leaves
a hole.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""
_PATHS = {"id": "$.id", "source": "$.source", "kind": "$.detail-type", "detail": "$.detail"}

APPROVALS = "environments/*/approvals/*"
_TIMEOUT = 60
_VISIBLE_AFTER = 120
"""Seconds. A message whose build could not be started comes again so often ..."""
_MOST_TIMES = 200
"""... that a time of many builds, up to seven hours, puts none aside. The scheduled look finds what was put aside."""
DAYS = 30
_TWO_WEEKS = 14 * 86_400
IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
_WHAT = {"build": "Brings the branch as far as it may go", "plan": "Says what a change that is not merged would do"}


@attrs.frozen(kw_only=True)
class CiCode:
    """What the stack runs.

    Args:
        bucket, key: of the zip for Lambda. wheel: the key of the library that builds install; ``sha256``: of its bytes.
        sources: of the events that are heard.
        runtime: of the functions. handler, variables: of the dispatcher. receiver: the handler of the receiver, which
            gets ``receiver_variables``, and those about the webhook.
    """

    bucket: str
    key: str
    wheel: str
    sha256: str
    runtime: str
    sources: tuple[str, ...]
    handler: str
    variables: Mapping[str, str]
    receiver: str = ""
    receiver_variables: Mapping[str, str] = attrs.field(factory=dict)


def ci_stack(config: WorkspaceConfig, stack: CiStack, roles: Roles, code: CiCode) -> AccessStack:
    """The stack as JSON."""
    devops = config.devops
    resources: dict[str, Resource] = {
        **_queues(devops, roles),
        **_rules(devops, stack, roles, code),
        **_dispatcher(devops, roles, code),
        **_builds(config, stack, roles, code),
        **_alarms(devops, stack, roles),
        **_receiver(config, roles, code),
    }
    template = made_of(f"What a push leads to: made by `bootstrap {DEVOPS_STACK}`", resources)
    if config.webhook is not None:
        template = {**template, "Outputs": {ADDRESS: {"Value": {"Fn::GetAtt": ["ReceiverUrl", "FunctionUrl"]}}}}
    return AccessStack(place=DEVOPS_STACK, name=ci_stack_name(roles.prefix), template=canonical_json(template))


def _receiver(config: WorkspaceConfig, roles: Roles, code: CiCode) -> dict[str, Resource]:
    webhook = config.webhook
    if webhook is None:
        return {}
    made = receiver_resources(
        config.devops,
        roles,
        webhook,
        {"S3Bucket": code.bucket, "S3Key": code.key},
        handler=code.receiver,
        runtime=code.runtime,
        variables=code.receiver_variables,
        days=DAYS,
    )
    measured = ("AWS/Lambda", "FunctionName", roles.receiver, "Sum")
    return {**made, **dict(_receivers_alarms(roles, *measured))}


def _receivers_alarms(
    roles: Roles, namespace: str, dimension: str, value: str, statistic: str
) -> Iterator[tuple[str, Resource]]:
    """A host repeats nothing, or little, so people have to hear of what was not received.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html
    """
    for key, name, what, metric in (
        ("ReceiverFailsAlarm", "webhook-fails", "A webhook was signed and not received", "Url5xxCount"),
        ("ReceiverIsBusyAlarm", "webhook-busy", "Requests to the receiver were turned away unread", "Throttles"),
    ):
        yield key, _alarm(roles, name, what, (namespace, metric, dimension, value, statistic), period=300)


def _name(roles: Roles) -> str:
    return roles.of_devops("dispatcher")


def _dead(roles: Roles) -> str:
    return f"{_name(roles)}-dead"


def _queues(devops: Devops, roles: Roles) -> dict[str, Resource]:
    queues = [arn_of(devops, "sqs", name) for name in (_name(roles), _dead(roles))]
    send = {
        "Sid": "EventsOfTheRules",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queues,
        "Condition": {"ArnLike": {"aws:SourceArn": arn_of(devops, "events", f"rule/{_name(roles)}-*")}},
    }
    return {
        "DeadLetters": (
            "AWS::SQS::Queue",
            {"MessageRetentionPeriod": _TWO_WEEKS, "QueueName": _dead(roles), "SqsManagedSseEnabled": True},
        ),
        "Events": (
            "AWS::SQS::Queue",
            {
                "MessageRetentionPeriod": _TWO_WEEKS,
                "QueueName": _name(roles),
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]},
                    "maxReceiveCount": _MOST_TIMES,
                },
                "SqsManagedSseEnabled": True,
                "VisibilityTimeout": _VISIBLE_AFTER,
            },
        ),
        "WhoSends": (
            "AWS::SQS::QueuePolicy",
            {
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [send]},
                "Queues": [{"Ref": "Events"}, {"Ref": "DeadLetters"}],
            },
        ),
    }


def _rules(devops: Devops, stack: CiStack, roles: Roles, code: CiCode) -> dict[str, Resource]:
    approvals = {"bucket": {"name": [devops.bucket]}, "object": {"key": [{"wildcard": APPROVALS}]}}
    project = {"build-status": list(BUILD_IS_OVER), "project-name": [roles.of_devops("build"), roles.of_devops("plan")]}
    heard = {
        "Approvals": _pattern(["aws.s3"], ["Object Created"], detail=approvals),
        "Builds": _pattern(["aws.codebuild"], ["CodeBuild Build State Change"], detail=project),
        "Hosts": {"EventPattern": {"source": sorted(code.sources)}},
        "Look": {"ScheduleExpression": "rate(1 hour)"},
    }
    if stack.kind == "CODECOMMIT":
        kinds = ["CodeCommit Pull Request State Change", "CodeCommit Repository State Change"]
        arn = repository_arn(devops, stack)
        heard["Repository"] = _pattern(["aws.codecommit"], kinds, resources=[arn])
    return {f"{key}Rule": _rule(f"{_name(roles)}-{key.lower()}", what) for key, what in heard.items()}


def _pattern(sources: list[str], kinds: list[str], **more: Any) -> dict[str, Any]:
    return {"EventPattern": {"source": sources, "detail-type": kinds, **more}}


def _rule(name: str, what: Mapping[str, Any]) -> Resource:
    target = {
        "Arn": {"Fn::GetAtt": ["Events", "Arn"]},
        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}},
        "Id": "queue",
        "InputTransformer": {"InputPathsMap": _PATHS, "InputTemplate": TEMPLATE},
    }
    return "AWS::Events::Rule", {**what, "Name": name, "State": "ENABLED", "Targets": [target]}


def _dispatcher(devops: Devops, roles: Roles, code: CiCode) -> dict[str, Resource]:
    name = _name(roles)
    return {
        "DispatcherLog": ("AWS::Logs::LogGroup", {"LogGroupName": f"/aws/lambda/{name}", "RetentionInDays": DAYS}),
        "Dispatcher": (
            "AWS::Lambda::Function",
            {
                "Code": {"S3Bucket": code.bucket, "S3Key": code.key},
                "Description": "Decides what follows from an event, and starts the build for it",
                "Environment": {"Variables": dict(code.variables)},
                "FunctionName": name,
                "Handler": code.handler,
                "MemorySize": 512,
                "Role": f"arn:aws:iam::{devops.account_id}:role/{name}",
                "Runtime": code.runtime,
                "Timeout": _TIMEOUT,
            },
        ),
        "DispatcherMapping": (
            "AWS::Lambda::EventSourceMapping",
            {
                "BatchSize": 10,
                "EventSourceArn": {"Fn::GetAtt": ["Events", "Arn"]},
                "FunctionName": {"Ref": "Dispatcher"},
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
            },
        ),
    }


def _builds(config: WorkspaceConfig, stack: CiStack, roles: Roles, code: CiCode) -> dict[str, Resource]:
    """Two projects that differ in their roles alone: what is not merged is planned by one that only reads."""
    spec = build_spec(
        stack,
        region=config.devops.region,
        branch=config.ci.branch,
        library=f"s3://{code.bucket}/{code.wheel}",
        sha256=code.sha256,
    )
    return {
        **_project(config.devops, stack, roles, "build", spec),
        **_project(config.devops, stack, roles, "plan", spec),
    }


def _project(devops: Devops, stack: CiStack, roles: Roles, acting: Acting, spec: str) -> dict[str, Resource]:
    key, name = acting.capitalize(), roles.of_devops(acting)
    log = {"LogGroupName": f"/aws/codebuild/{name}", "RetentionInDays": DAYS}
    return {
        f"{key}Log": ("AWS::Logs::LogGroup", log),
        key: (
            "AWS::CodeBuild::Project",
            {
                "Artifacts": {"Type": "NO_ARTIFACTS"},
                "ConcurrentBuildLimit": stack.builds,
                "Description": _WHAT[acting],
                "Environment": {
                    "ComputeType": "BUILD_GENERAL1_MEDIUM",
                    "Image": IMAGE,
                    "PrivilegedMode": False,
                    "Type": "LINUX_CONTAINER",
                },
                "LogsConfig": {"CloudWatchLogs": {"GroupName": {"Ref": f"{key}Log"}, "Status": "ENABLED"}},
                "Name": name,
                "QueuedTimeoutInMinutes": 60,
                "ServiceRole": f"arn:aws:iam::{devops.account_id}:role/{name}",
                "Source": _source(devops, stack, spec),
                "TimeoutInMinutes": stack.minutes,
            },
        ),
    }


def _source(devops: Devops, stack: CiStack, spec: str) -> dict[str, Any]:
    if stack.kind == "NO_SOURCE":
        return {"BuildSpec": spec, "Type": "NO_SOURCE"}
    auth = {"Auth": {"Resource": stack.connection, "Type": "CODECONNECTIONS"}} if stack.connection else {}
    # Depth 0 is the whole history: whether a commit comes before another is asked in each run.
    return {
        **auth,
        "BuildSpec": spec,
        "GitCloneDepth": 0,
        "Location": stack.address(devops.region),
        "Type": stack.kind,
    }


def _alarms(devops: Devops, stack: CiStack, roles: Roles) -> dict[str, Resource]:
    return {
        "People": ("AWS::SNS::Topic", {"TopicName": roles.topic}),
        "WhoWrites": (
            "AWS::SNS::TopicPolicy",
            {
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [_alarms_write(devops, roles)]},
                "Topics": [{"Ref": "People"}],
            },
        ),
        **dict(_subscriptions(stack.people)),
        "DeadLettersAlarm": _alarm(
            roles,
            "dead-letters",
            "Messages that nothing could be done with lie in the dead-letter queue",
            ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", _dead(roles), "Maximum"),
            period=300,
        ),
        "FailedBuildsAlarm": _alarm(
            roles,
            "failed-builds",
            "A build has failed",
            ("AWS/CodeBuild", "FailedBuilds", "ProjectName", roles.of_devops("build"), "Sum"),
            period=300,
        ),
        "NothingSeenAlarm": _alarm(
            roles,
            "nothing-seen",
            "The dispatcher was not called for a day, although there is a scheduled look each hour",
            ("AWS/Lambda", "Invocations", "FunctionName", _name(roles), "Sum"),
            period=86_400,
            less=True,
        ),
    }


def _alarms_write(devops: Devops, roles: Roles) -> dict[str, Any]:
    """The policy that a topic has without one lets everybody in the account write to it.

    Source: https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
    """
    alarms = arn_of(devops, "cloudwatch", f"alarm:{_name(roles)}-*")
    return {
        "Sid": "AlarmsOfThisStack",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": {"Ref": "People"},
        "Condition": {"ArnLike": {"aws:SourceArn": alarms}},
    }


def _subscriptions(people: Iterable[str]) -> Iterator[tuple[str, Resource]]:
    for number, address in enumerate(sorted(people), start=1):
        yield (
            f"Person{number}",
            ("AWS::SNS::Subscription", {"Endpoint": address, "Protocol": "email", "TopicArn": {"Ref": "People"}}),
        )


def _alarm(
    roles: Roles, name: str, what: str, metric: tuple[str, str, str, str, str], *, period: int, less: bool = False
) -> Resource:
    namespace, measured, dimension, value, statistic = metric
    return (
        "AWS::CloudWatch::Alarm",
        {
            "AlarmActions": [{"Ref": "People"}],
            "AlarmDescription": what,
            "AlarmName": f"{_name(roles)}-{name}",
            "ComparisonOperator": "LessThanThreshold" if less else "GreaterThanOrEqualToThreshold",
            "Dimensions": [{"Name": dimension, "Value": value}],
            "EvaluationPeriods": 1,
            "MetricName": measured,
            "Namespace": namespace,
            "OKActions": [{"Ref": "People"}],
            "Period": period,
            "Statistic": statistic,
            "Threshold": 1.0,
            "TreatMissingData": "breaching" if less else "notBreaching",
        },
    )
