"""CodeBuild starts one build per idempotency token, respects a project's concurrency limit, and sends events about
builds.

Reason: ministack supports neither tokens nor limits nor events.
Sources: https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html (`idempotencyToken`, five
minutes), https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html (`concurrentBuildLimit`) and
https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html (the events)
Text: https://github.com/aws-ia/terraform-aws-control_tower_account_factory/issues/179 (of an account's limit)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from .names import load, original

__all__ = ["TOKEN_SECONDS", "patch"]

TOKEN_SECONDS = 300.0
_NO_ROOM = "Cannot have more than {limit} builds in queue for the account"
_OTHER = "The idempotency token was used with other parameters"
_PROJECT = "AWS::CodeBuild::Project"


def patch(now: Callable[[], float]) -> None:
    """Wrap what starts and finishes a build; ``now`` is in seconds since 1970."""
    codebuild = load("ministack.services.codebuild")
    start, finish = original(codebuild, "_start_build"), original(codebuild, "_finish_build")
    stop, respond = original(codebuild, "_stop_build"), original(codebuild, "error_response_json")
    seen: dict[tuple[str, str, str], tuple[float, str, Any]] = {}

    def started(data: dict[str, Any]) -> Any:
        token = str(data.get("idempotencyToken") or "")
        place = (_account(), str(data.get("projectName", "")), token)
        said = json.dumps(data, sort_keys=True)
        if token and place in seen and now() - seen[place][0] < TOKEN_SECONDS:
            _, before, answer = seen[place]
            return answer if before == said else respond("InvalidInputException", _OTHER, 400)
        limit = _limit(codebuild, data)
        if limit is not None and _running(codebuild, data) >= limit:
            return respond("AccountLimitExceededException", _NO_ROOM.format(limit=limit), 400)
        answer = start(data)
        if answer[0] == 200:
            if token:
                seen[place] = (now(), said, answer)
            _tell(codebuild._builds[_build_of(answer)["id"]])
        return answer

    def finished(build: dict[str, Any], status: str) -> None:
        finish(build, status)
        _tell(build)

    def stopped(data: dict[str, Any]) -> Any:
        answer = stop(data)
        if answer[0] == 200:
            _tell(codebuild._builds[data["id"]])
        return answer

    codebuild._start_build, codebuild._finish_build, codebuild._stop_build = started, finished, stopped
    _keep_limit(codebuild)


def _account() -> str:
    responses = load("ministack.core.responses")
    return f"{responses.get_account_id()}:{responses.get_region()}"


def _build_of(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer[2])["build"]
    return found


def _limit(codebuild: Any, data: Mapping[str, Any]) -> int | None:
    project = codebuild._projects.get(data.get("projectName", "")) or {}
    found = project.get("concurrentBuildLimit")
    return None if found is None else int(found)


def _running(codebuild: Any, data: Mapping[str, Any]) -> int:
    mine = [one for one in list(codebuild._builds.values()) if one.get("projectName") == data.get("projectName")]
    return sum(1 for one in mine if one.get("buildStatus") == "IN_PROGRESS")


def _tell(build: Mapping[str, Any]) -> None:
    """Only AWS services may send events with a source that begins with ``aws.``; CodeBuild is one."""
    environment = build.get("environment") or {}
    variables = [
        {name: one.get(name, "PLAINTEXT") for name in ("name", "value", "type")}
        for one in environment.get("environmentVariables") or []
    ]
    detail = {
        "build-status": build["buildStatus"],
        "project-name": build["projectName"],
        "build-id": build["arn"],
        "current-phase": build["currentPhase"],
        "current-phase-context": "[]",
        "version": "1",
        "additional-information": {
            "build-complete": build["buildStatus"] != "IN_PROGRESS",
            "build-number": build["buildNumber"],
            "initiator": build["initiator"],
            "build-start-time": _time(build["startTime"]),
            "source-version": build.get("sourceVersion"),
            "environment": {**_plain(environment), "environment-variables": variables},
            "logs": {"group-name": build["logs"]["groupName"], "stream-name": build["logs"]["streamName"]},
        },
    }
    entry = {
        "Source": "aws.codebuild",
        "DetailType": "CodeBuild Build State Change",
        "Detail": json.dumps(detail),
        "Resources": [build["arn"]],
    }
    original(load("ministack.services.eventbridge"), "_put_events")({"Entries": [entry]}, allow_aws_source=True)


def _plain(environment: Mapping[str, Any]) -> dict[str, Any]:
    names = {"image": "image", "computeType": "compute-type", "type": "type", "privilegedMode": "privileged-mode"}
    return {other: environment[name] for name, other in names.items() if name in environment}


def _time(seconds: float) -> str:
    """As in the events: ``Sep 1, 2017 4:12:29 PM``."""
    found = datetime.fromtimestamp(seconds, UTC)
    return f"{found:%b} {found.day}, {found.year} {found.hour % 12 or 12}:{found:%M:%S %p}"


def _keep_limit(codebuild: Any) -> None:
    """Through the API and CloudFormation; ministack drops it."""
    create, update = original(codebuild, "_create_project"), original(codebuild, "_update_project")

    def kept(name: str, data: Mapping[str, Any], key: str) -> None:
        if name in codebuild._projects and key in data:
            codebuild._projects[name]["concurrentBuildLimit"] = data[key]

    def created(data: dict[str, Any]) -> Any:
        answer = create(data)
        kept(data.get("name", ""), data, "concurrentBuildLimit")
        return answer

    def updated(data: dict[str, Any]) -> Any:
        answer = update(data)
        kept(data.get("name", ""), data, "concurrentBuildLimit")
        return answer

    codebuild._create_project, codebuild._update_project = created, updated
    handlers = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    own = handlers[_PROJECT]

    def made(logical_id: str, properties: dict[str, Any], *more: Any, **named: Any) -> Any:
        answer = own["create"](logical_id, properties, *more, **named)
        kept(answer[0], properties, "ConcurrentBuildLimit")
        return answer

    def changed(physical_id: str, old: dict[str, Any], new: dict[str, Any], *more: Any, **named: Any) -> Any:
        answer = own["update"](physical_id, old, new, *more, **named)
        kept(physical_id, new, "ConcurrentBuildLimit")
        return answer

    handlers[_PROJECT] = {**own, "create": made, "update": changed}
