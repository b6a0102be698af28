"""From what arrives to what happened. Any JSON gives a value: at least ``NotForUs``, with the reason.

Sources: https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html for the envelope,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html,
https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html for what AWS sends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from multi_env_lambda.ci.asked import asked
from multi_env_lambda.ci.given import Given
from multi_env_lambda.ci.happened import ApprovalGiven, BuildEnded, Happened, Host, NotForUs, ScheduleLooked
from multi_env_lambda.ci.hosts.bitbucket import read_bitbucket
from multi_env_lambda.ci.hosts.codecommit import read_codecommit
from multi_env_lambda.ci.hosts.github import read_github
from multi_env_lambda.ci.hosts.gitlab import read_gitlab
from multi_env_lambda.ci.names import quoted
from multi_env_lambda.model.ci_stack import BUILD_IS_OVER, JOB_VARIABLE
from multi_env_lambda.model.name import ENVIRONMENT_NAME

__all__ = ["ASKED", "HEARD", "JOB_VARIABLE", "LARGEST", "OWN_SOURCE", "read_event", "read_webhook"]

LARGEST = 1024 * 1024
"""Bytes of a message; more fits neither into an event nor into a queue."""

OWN_SOURCE = "multi_env_lambda"
"""The source of events that people and this library put on a bus. AWS keeps all that begin with ``aws.`` to itself."""

ASKED = "asked"
"""The detail type of a person's wish; its detail has a ``branch``, ``tag`` or ``pull_request``, or is empty."""

_HOSTS: Mapping[Host, Callable[[str, Given], tuple[Happened, ...]]] = {
    "codecommit": read_codecommit,
    "github": read_github,
    "gitlab": read_gitlab,
    "bitbucket": read_bitbucket,
}
_SOURCES: Mapping[str, Host] = {
    "aws.codecommit": "codecommit",
    f"{OWN_SOURCE}.codecommit": "codecommit",
    "github.com": "github",
    f"{OWN_SOURCE}.github": "github",
    "gitlab.com": "gitlab",
    f"{OWN_SOURCE}.gitlab": "gitlab",
    "bitbucket.org": "bitbucket",
    f"{OWN_SOURCE}.bitbucket": "bitbucket",
}
HEARD = (OWN_SOURCE, *(source for source in _SOURCES if not source.startswith("aws.")))
"""The sources that anybody may put events under who may put them on the bus."""

_APPROVAL = re.compile(r"environments/([^/]+)/approvals/([0-9a-f]{64})/[0-9a-f]{16}/([^/]+)\.json")
_JOB = re.compile(r"[0-9a-f]{32}")


def read_event(event: object) -> tuple[Happened, ...]:
    """What an event of EventBridge says happened; one push to Bitbucket may say several things."""
    given = Given(event)
    source, kind = given.text("source"), given.text("detail-type")
    if (host := _SOURCES.get(source)) is not None:
        return _HOSTS[host](kind, given.at("detail"))
    match source, kind:
        case (("aws.events" | "aws.scheduler"), "Scheduled Event"):
            return (ScheduleLooked(),)
        case "aws.s3", "Object Created":
            return (_approval(given.at("detail")),)
        case "aws.codebuild", "CodeBuild Build State Change":
            return (_build(given.at("detail")),)
        case source, kind if (source, kind) == (OWN_SOURCE, ASKED):
            return (asked(given.at("detail"), who=given.text("detail", "who")),)
        case _:
            return (NotForUs(reason=f"an event {quoted(kind)} of {quoted(source)}"),)


def read_webhook(host: Host, name: str, body: bytes | str) -> tuple[Happened, ...]:
    """What a webhook says happened. Its signature was checked before, by the receiver.

    Args:
        name: the kind of event: the header ``X-GitHub-Event`` or ``X-Event-Key``; GitLab's stands in the body, too.
    """
    if len(body) > LARGEST:
        return (NotForUs(reason=f"a webhook of {len(body)} bytes, {LARGEST} are read"),)
    try:
        return _HOSTS[host](name, Given(json.loads(body)))
    except (ValueError, RecursionError) as error:
        return (NotForUs(reason=f"a webhook that is no JSON: {type(error).__name__}"),)


def _approval(detail: Given) -> Happened:
    """S3 writes the key into an event as it is, unlike into its older notifications."""
    key = detail.text("object", "key")
    found = _APPROVAL.fullmatch(key)
    if found is None or not ENVIRONMENT_NAME.accepts(found[1]):
        return NotForUs(reason=f"the object {quoted(key)} is no approval")
    bucket = detail.text("bucket", "name")
    return ApprovalGiven(bucket=bucket, environment=found[1], digest=found[2], user_id=found[3])


def _build(detail: Given) -> Happened:
    status = detail.text("build-status")
    if status not in BUILD_IS_OVER:
        return NotForUs(reason=f"a build that is {quoted(status)}")
    variables = detail.items("additional-information", "environment", "environment-variables")
    jobs = [one.text("value") for one in variables if one.text("name") == JOB_VARIABLE]
    if len(jobs) != 1 or not _JOB.fullmatch(jobs[0]):
        return NotForUs(reason="a build that was started for no job")
    return BuildEnded(project=detail.text("project-name"), build=detail.text("build-id"), job=jobs[0], status=status)
