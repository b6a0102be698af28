"""What the actions of a pipeline do here: each with the rights of the pipeline's role, and of its own.

The source is the repository beside the local cloud; builds and functions really run; a person answers, or nobody does.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference.html and
https://docs.aws.amazon.com/codepipeline/latest/userguide/how-to-custom-role.html (rights by action)
"""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .names import load, original
from .pipeline_runs import ActionFailed, Run, event_of
from .role_rights import may

__all__ = ["Actions"]

_POLL_SECONDS = 0.1
_APPROVAL_SECONDS, _JOB_SECONDS = 7 * 86_400.0, 3600.0
_READS = ("CancelUploadArchive", "GetBranch", "GetCommit", "GetRepository", "GetUploadArchiveStatus", "UploadArchive")
_DENIED = "The service role {role} is not authorized to perform {action} on resource {resource}"


class Actions:
    """Carries actions out. ``state`` is the folder with ``remote.git``; ``now`` is in seconds since 1970."""

    def __init__(self, state: Path, now: Callable[[], float]) -> None:
        self._state, self._now = state, now
        self.jobs: dict[str, dict[str, Any]] = {}

    def carry(self, run: Run, said: dict[str, Any], action: dict[str, Any], given: dict[str, str]) -> dict[str, str]:
        """One action.

        Raises:
            ActionFailed: it has failed.
        """
        match action["actionTypeId"]["provider"]:
            case "CodeCommit" | "CodeStarSourceConnection":
                return self._source(run, given)
            case "S3":
                return self._object(run, given)
            case "CodeBuild":
                return self._build(run, said, given)
            case "Manual":
                return self._person(said)
            case _:
                return self._function(run, said, given)

    def _object(self, run: Run, given: Mapping[str, str]) -> dict[str, str]:
        bucket, key = given["S3Bucket"], given["S3ObjectKey"]
        for name in ("GetObject", "GetObjectVersion"):
            _must(run, f"s3:{name}", f"arn:aws:s3:::{bucket}/{key}")
        if original(load("ministack.services.s3"), "_get_object_data")(bucket, key) is None:
            raise ActionFailed(f"The object with key '{key}' does not exist")
        self._may_keep(run)
        return {"BucketName": bucket, "ObjectKey": key}

    def _may_keep(self, run: Run) -> None:
        bucket = _bucket(run)
        for name in ("GetBucketLocation", "GetBucketVersioning"):
            _must(run, f"s3:{name}", f"arn:aws:s3:::{bucket}")
        for name in ("GetObject", "GetObjectVersion", "PutObject"):
            _must(run, f"s3:{name}", f"arn:aws:s3:::{bucket}/{_key(run)}")

    def _source(self, run: Run, given: Mapping[str, str]) -> dict[str, str]:
        repository, branch = given.get("RepositoryName", given.get("FullRepositoryId", "")), given["BranchName"]
        if "RepositoryName" in given:
            arn = _arn("codecommit", repository)
            for name in _READS:
                _must(run, f"codecommit:{name}", arn)
            address = f"https://git-codecommit.{_region()}.amazonaws.com/v1/repos/{repository}"
        else:
            _must(run, f"{given['ConnectionArn'].split(':')[2]}:UseConnection", given["ConnectionArn"])
            address = f"https://github.com/{repository}"
        kept = self._state / "remote.txt"
        words = [
            "git",
            "-C",
            str(self._state / "remote.git"),
            "rev-parse",
            "--verify",
            "--quiet",
            f"refs/heads/{branch}",
        ]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        there = kept.read_text("utf-8").strip() if kept.is_file() else ""
        if done.returncode or there.removesuffix(".git") != address.removesuffix(".git"):
            raise ActionFailed(f"No branch {branch} was found in the repository {repository}")
        self._may_keep(run)
        run.source = {"address": there, "commit": done.stdout.strip()}
        return {"RepositoryName": repository, "BranchName": branch, "CommitId": run.source["commit"]}

    def _build(self, run: Run, said: dict[str, Any], given: Mapping[str, str]) -> dict[str, str]:
        codebuild = load("ministack.services.codebuild")
        name = given["ProjectName"]
        for action in ("codebuild:StartBuild", "codebuild:BatchGetBuilds"):
            _must(run, action, _arn("codebuild", f"project/{name}"))
        project = codebuild._projects.get(name)
        if project is None or (project.get("source") or {}).get("type") != "CODEPIPELINE":
            raise ActionFailed(f"Project {name} cannot be found, or its source is not of the type CODEPIPELINE")
        for action in ("s3:GetObject", "s3:GetObjectVersion"):
            _must(run, action, f"arn:aws:s3:::{_bucket(run)}/{_key(run)}", role=str(project.get("serviceRole", "")))
        status, _, body = original(codebuild, "_start_build")(
            {
                "projectName": name,
                "sourceTypeOverride": "CODECOMMIT",
                "sourceLocationOverride": run.source["address"],
                "sourceVersion": run.source["commit"],
                "environmentVariablesOverride": json.loads(given.get("EnvironmentVariables", "[]")),
            }
        )
        document = json.loads(body)
        if status != 200:
            raise ActionFailed(f"{document.get('__type')}: {document.get('message')}")
        build = codebuild._builds[document["build"]["id"]]
        build["initiator"] = f"codepipeline/{run.pipeline['name']}"
        said["output"]["executionResult"]["externalExecutionId"] = build["id"]
        while build["buildStatus"] == "IN_PROGRESS" and said["status"] == "InProgress":
            time.sleep(_POLL_SECONDS)
        if build["buildStatus"] != "SUCCEEDED":
            raise ActionFailed(f"Build terminated with state: {build['buildStatus']}")
        return {one["name"]: one["value"] for one in build.get("exportedEnvironmentVariables", ())}

    def _person(self, said: dict[str, Any]) -> dict[str, str]:
        said["token"] = str(uuid.uuid4())
        self._until(said, _APPROVAL_SECONDS, "The approval was not given within seven days")
        return {}

    def _function(self, run: Run, said: dict[str, Any], given: Mapping[str, str]) -> dict[str, str]:
        functions = load("ministack.services.lambda_svc")
        arn = _arn("lambda", f"function:{given['FunctionName']}")
        _must(run, "lambda:InvokeFunction", arn)
        function = original(functions, "_get_func_record_for_ref")(arn)[0]
        if function is None:
            raise ActionFailed(f"Function not found: {arn}")
        job = str(uuid.uuid4())
        self.jobs[job] = said
        said["output"]["executionResult"]["externalExecutionId"] = job
        account = load("ministack.core.responses").get_account_id()
        original(functions, "invoke_async_with_retry")(function, event_of(job, given, account))
        self._until(said, _JOB_SECONDS, "The AWS Lambda function failed to return a result")
        return dict(said["output"]["outputVariables"])

    def _until(self, said: dict[str, Any], seconds: float, late: str) -> None:
        """Wait until somebody has ended it.

        Raises:
            ActionFailed: with a no, or not in time.
        """
        end = self._now() + seconds
        while said["status"] == "InProgress":
            if self._now() > end:
                raise ActionFailed(late)
            time.sleep(_POLL_SECONDS)
        if said["status"] != "Succeeded":
            raise ActionFailed(str(said["output"]["executionResult"].get("externalExecutionSummary", "")))


def _must(run: Run, action: str, resource: str, *, role: str = "") -> None:
    role = role or str(run.pipeline["roleArn"])
    if not may(role, action, resource):
        raise ActionFailed(_DENIED.format(role=role, action=action, resource=resource))


def _arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{_region()}:{load('ministack.core.responses').get_account_id()}:{rest}"


def _region() -> str:
    return str(load("ministack.core.responses").get_region())


def _bucket(run: Run) -> str:
    bucket = str(run.pipeline["artifactStore"]["location"])
    if original(load("ministack.services.s3"), "_buckets").get(bucket) is None:
        raise ActionFailed(f"The artifact bucket {bucket} does not exist")
    return bucket


def _key(run: Run) -> str:
    """Where the artifact of the source would lie; its text would be the repository's address and the commit."""
    return f"{run.pipeline['name'][:20]}/Source/{run.id[:7]}"
