"""CodePipeline takes definitions that keep its rules, runs them, and says who approved what.

Reason: ministack has no CodePipeline.
Source: https://docs.aws.amazon.com/codepipeline/latest/APIReference/Welcome.html; of the resources that rights are
about https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodepipeline.html
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .function_roles import trusts
from .names import load, original
from .pipeline_actions import Actions
from .pipeline_rules import problems
from .pipeline_runs import Executions, Run
from .role_rights import may

__all__ = ["patch"]

_SERVICE, _TARGET = "codepipeline", "CodePipeline_20150709"
_KIND = "AWS::CodePipeline::Pipeline"
_NOT_OF_THE_API = ("RestartExecutionOnUpdate", "DisableInboundStageTransitions", "Tags")
_NO_ROLE = "CodePipeline is not authorized to perform AssumeRole on role {role}"
_SUMMARY = 512


class _Refused(Exception):
    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = f"{code}Exception", text


def patch(state: Path, now: Callable[[], float]) -> None:
    """Route the service, name the resource of a request, and let templates and rules reach it."""
    service = _Service(state, now)
    actions, router = load("ministack.core.iam_actions"), load("ministack.core.router")
    original(router, "SERVICE_PATTERNS")[_SERVICE] = {
        "target_prefixes": [_TARGET],
        "host_patterns": [r"codepipeline\."],
        "credential_scope": _SERVICE,
    }
    original(actions, "SERVICE_TO_IAM_NAMESPACE")[_SERVICE] = _SERVICE
    original(load("ministack.app"), "SERVICE_HANDLERS")[_SERVICE] = service.answer
    resource = original(actions, "extract_resource_arn")

    def found(name: str, method: str, path: str, headers: Any, body: bytes, query_params: Any, *more: Any) -> Any:
        if name != _SERVICE:
            return resource(name, method, path, headers, body, query_params, *more)
        return _resource(_asked(body))

    actions.extract_resource_arn = found
    handlers = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    handlers[_KIND] = {"create": service.made, "update": service.changed, "delete": service.gone}
    _start_by_rules(service)


def _start_by_rules(service: _Service) -> None:
    """A rule starts a pipeline as the role of its target."""
    events = load("ministack.services.eventbridge")
    invoke = original(events, "_invoke_target")

    def invoked(target: Mapping[str, Any], event: Any, rule: Mapping[str, Any], view: Any = None) -> Any:
        arn = str(target.get("Arn", ""))
        if ":codepipeline:" not in arn:
            return invoke(target, event, rule, view)
        role = str(target.get("RoleArn", ""))
        if _trusts(role, "events") and may(role, "codepipeline:StartPipelineExecution", arn):
            service.begin(arn.rpartition(":")[2], "CloudWatchEvent", str(rule.get("Arn", "")))
        return None

    events._invoke_target = invoked


class _Service:
    """The pipelines of all accounts and regions."""

    def __init__(self, state: Path, now: Callable[[], float]) -> None:
        self._pipelines: dict[tuple[str, str], dict[str, Any]] = {}
        self._actions = Actions(state, now)
        self._runs = Executions(now, self._actions.carry)
        self._now = now
        self._does: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "CreatePipeline": lambda asked: {"pipeline": self._put(asked.get("pipeline") or {}, new=True)},
            "UpdatePipeline": lambda asked: {"pipeline": self._put(asked.get("pipeline") or {}, new=False)},
            "GetPipeline": lambda asked: {"pipeline": self._named(asked.get("name"))},
            "DeletePipeline": self._delete,
            "StartPipelineExecution": self._start,
            "StopPipelineExecution": self._stop,
            "RetryStageExecution": self._retry,
            "GetPipelineExecution": self._execution,
            "ListPipelineExecutions": self._executions,
            "ListActionExecutions": self._list,
            "GetPipelineState": self._state,
            "PutApprovalResult": self._approve,
            "PutJobSuccessResult": lambda asked: self._end(asked, "Succeeded"),
            "PutJobFailureResult": lambda asked: self._end(asked, "Failed"),
        }

    async def answer(self, method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Any:
        responses = load("ministack.core.responses")
        target = next((str(value) for name, value in headers.items() if name.lower() == "x-amz-target"), "")
        operation = target.partition(".")[2]
        if operation not in self._does:
            said = f"The local cloud's CodePipeline cannot answer {operation}."
            return responses.error_response_json("InvalidActionException", said, 400)
        try:
            return responses.json_response(self._does[operation](_asked(body)))
        except _Refused as refused:
            return responses.error_response_json(refused.code, refused.text, 400)

    # --- definitions ---
    def _put(self, given: Mapping[str, Any], *, new: bool) -> dict[str, Any]:
        pipeline, name = copy.deepcopy(dict(given)), str(given.get("name", ""))
        there = self._pipelines.get(_place(name))
        if new and there is not None:
            raise _Refused("PipelineNameInUse", f"A pipeline with the name '{name}' already exists in account")
        if not new and there is None:
            raise _Refused("PipelineNotFound", f"Account does not have a pipeline with name '{name}'")
        role = str(pipeline.get("roleArn", ""))
        wrong = list(problems(pipeline)) or ([] if _trusts(role, _SERVICE) else [_NO_ROLE.format(role=role)])
        if wrong:
            raise _Refused("InvalidStructure", "; ".join(wrong))
        pipeline["version"] = 1 if there is None else int(there["version"]) + 1
        self._pipelines[_place(name)] = pipeline
        return pipeline

    def _named(self, name: Any) -> dict[str, Any]:
        found = self._pipelines.get(_place(str(name)))
        if found is None:
            raise _Refused("PipelineNotFound", f"Account does not have a pipeline with name '{name}'")
        return found

    def _delete(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._pipelines.pop(_place(str(asked.get("name"))), None)
        return {}

    # --- templates ---
    def made(self, logical_id: str, properties: Mapping[str, Any], stack: str) -> tuple[str, dict[str, Any]]:
        given = _of_template({"Name": f"{stack}-{logical_id}", **properties})
        pipeline = _told(lambda: self._put(given, new=True))
        # Creating a pipeline starts it.
        self.begin(pipeline["name"], "CreatePipeline", "")
        return pipeline["name"], {"Version": str(pipeline["version"])}

    def changed(
        self, name: str, old: Mapping[str, Any], new: Mapping[str, Any], stack: str, logical_id: str | None = None
    ) -> tuple[str, dict[str, Any]]:
        pipeline = _told(lambda: self._put(_of_template({"Name": name, **new}), new=False))
        return name, {"Version": str(pipeline["version"])}

    def gone(self, name: str, properties: Mapping[str, Any]) -> None:
        self._pipelines.pop(_place(name), None)

    # --- executions ---
    def begin(self, name: str, kind: str, detail: str) -> Run:
        trigger = {"triggerType": kind, "triggerDetail": detail}
        return self._runs.start(_place(name), copy.deepcopy(self._named(name)), trigger)

    def _start(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"pipelineExecutionId": self.begin(str(asked.get("name")), "StartPipelineExecution", _caller()).id}

    def _stop(self, asked: dict[str, Any]) -> dict[str, Any]:
        run = self._one(asked)
        if run.status == "Stopping" and not asked.get("abandon"):
            raise _Refused("DuplicatedStopRequest", "The pipeline execution is already in a Stopping state")
        if run.status not in ("InProgress", "Stopping"):
            raise _Refused("PipelineExecutionNotStoppable", f"The pipeline execution is {run.status}")
        self._runs.stop(run, abandon=bool(asked.get("abandon")))
        return {"pipelineExecutionId": run.id}

    def _retry(self, asked: dict[str, Any]) -> dict[str, Any]:
        run, stage = self._one(asked), str(asked.get("stageName"))
        if stage not in {one["name"] for one in run.pipeline["stages"]}:
            raise _Refused("StageNotFound", f"There is no stage '{stage}'")
        ended = run.status in ("Failed", "Stopped") and run.stages.get(stage) in ("Failed", "Stopped")
        if not ended or asked.get("retryMode") not in ("FAILED_ACTIONS", "ALL_ACTIONS"):
            raise _Refused("StageNotRetryable", f"The stage {stage} is {run.stages.get(stage)}")
        place = _place(str(asked.get("pipelineName")))
        if not self._runs.is_last_in(place, run, stage):
            raise _Refused("NotLatestPipelineExecution", "A newer execution has been in the stage")
        self._runs.retry(place, run, stage, all_actions=asked["retryMode"] == "ALL_ACTIONS")
        return {"pipelineExecutionId": run.id}

    def _one(self, asked: Mapping[str, Any]) -> Run:
        found = [run for run in self._of(asked.get("pipelineName")) if run.id == asked.get("pipelineExecutionId")]
        if not found:
            raise _Refused("PipelineExecutionNotFound", "There is no such execution")
        return found[0]

    def _of(self, name: Any) -> list[Run]:
        self._named(name)
        return list(self._runs.runs.get(_place(str(name)), ()))

    def _execution(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"pipelineExecution": {"pipelineName": asked["pipelineName"], **_summary(self._one(asked))}}

    def _executions(self, asked: dict[str, Any]) -> dict[str, Any]:
        runs = reversed(self._of(asked.get("pipelineName")))
        return {"pipelineExecutionSummaries": [{**_summary(run), "startTime": run.started} for run in runs]}

    def _list(self, asked: dict[str, Any]) -> dict[str, Any]:
        wanted = (asked.get("filter") or {}).get("pipelineExecutionId")
        runs = [run for run in self._of(asked.get("pipelineName")) if wanted in (None, run.id)]
        found = [_public(said) for run in reversed(runs) for said in reversed(run.actions)]
        return {"actionExecutionDetails": found}

    def _state(self, asked: dict[str, Any]) -> dict[str, Any]:
        pipeline, runs = self._named(asked.get("name")), self._of(asked.get("name"))
        return {
            "pipelineName": pipeline["name"],
            "pipelineVersion": pipeline["version"],
            "stageStates": [_stage_state(stage, runs, pipeline) for stage in pipeline["stages"]],
        }

    # --- what people and functions say ---
    def _approve(self, asked: dict[str, Any]) -> dict[str, Any]:
        pipeline = self._named(asked.get("pipelineName"))
        stage = next((one for one in pipeline["stages"] if one["name"] == asked.get("stageName")), None)
        if stage is None:
            raise _Refused("StageNotFound", f"There is no stage '{asked.get('stageName')}'")
        action = next((one for one in stage["actions"] if one["name"] == asked.get("actionName")), None)
        if action is None or action["actionTypeId"]["provider"] != "Manual":
            raise _Refused("ActionNotFound", f"There is no approval '{asked.get('actionName')}'")
        result = asked.get("result") or {}
        summary = result.get("summary")
        status = {"Approved": "Succeeded", "Rejected": "Failed"}.get(str(result.get("status")))
        if status is None or not isinstance(summary, str) or len(summary) > _SUMMARY:
            raise _Refused("Validation", f"a status, and a summary of at most {_SUMMARY} characters")
        with self._runs.turn:
            said = self._waiting(asked)
            if said["status"] != "InProgress":
                raise _Refused("ApprovalAlreadyCompleted", "The approval action has already been approved or rejected")
            said["output"]["executionResult"]["externalExecutionSummary"] = summary
            said |= {"status": status, "updatedBy": _caller(), "lastUpdateTime": self._now()}
        return {"approvedAt": said["lastUpdateTime"]}

    def _waiting(self, asked: dict[str, Any]) -> dict[str, Any]:
        place = (asked.get("stageName"), asked.get("actionName"))
        for run in self._of(asked.get("pipelineName")):
            for said in run.actions:
                if (said["stageName"], said["actionName"]) == place and said.get("token") == asked.get("token"):
                    return said
        raise _Refused("InvalidApprovalToken", "Invalid approval token")

    def _end(self, asked: dict[str, Any], status: str) -> dict[str, Any]:
        said = self._actions.jobs.get(str(asked.get("jobId")))
        if said is None:
            raise _Refused("JobNotFound", "The job was not found")
        if said["status"] != "InProgress":
            raise _Refused("InvalidJobState", f"The job is {said['status']}")
        why = (asked.get("failureDetails") or {}).get("message") or (asked.get("executionDetails") or {}).get("summary")
        if why:
            said["output"]["executionResult"]["externalExecutionSummary"] = str(why)
        said["output"]["outputVariables"] = dict(asked.get("outputVariables") or {})
        said |= {"status": status, "lastUpdateTime": self._now()}
        return {}


def _summary(run: Run) -> dict[str, Any]:
    return {
        "pipelineExecutionId": run.id,
        "status": run.status,
        "trigger": run.trigger,
        "executionMode": run.pipeline.get("executionMode", "SUPERSEDED"),
    }


def _public(said: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in said.items() if key != "token"}


def _stage_state(stage: Mapping[str, Any], runs: list[Run], pipeline: Mapping[str, Any]) -> dict[str, Any]:
    name = stage["name"]
    last = next((run for run in reversed(runs) if name in run.stages and run.status != "Superseded"), None)
    states = []
    for action in stage["actions"]:
        state: dict[str, Any] = {"actionName": action["name"]}
        mine = [said for run in runs for said in run.actions]
        found = [one for one in mine if (one["stageName"], one["actionName"]) == (name, action["name"])]
        if found:
            state["latestExecution"] = _latest(found[-1], pipeline)
        states.append(state)
    told: dict[str, Any] = {"stageName": name, "actionStates": states}
    if last is not None:
        told["latestExecution"] = {"pipelineExecutionId": last.id, "status": last.stages[name]}
    return told


def _latest(said: Mapping[str, Any], pipeline: Mapping[str, Any]) -> dict[str, Any]:
    found = {
        "actionExecutionId": said["actionExecutionId"],
        "status": said["status"],
        "lastStatusChange": said["lastUpdateTime"],
        "summary": said["output"]["executionResult"].get("externalExecutionSummary", ""),
    }
    if "updatedBy" in said:
        found["lastUpdatedBy"] = said["updatedBy"]
    if said["status"] == "InProgress" and "token" in said and pipeline.get("executionMode") != "PARALLEL":
        found["token"] = said["token"]
    return found


def _of_template(properties: Mapping[str, Any]) -> dict[str, Any]:
    return _api({key: value for key, value in properties.items() if key not in _NOT_OF_THE_API})  # type: ignore[no-any-return]


def _api(value: Any) -> Any:
    """Names as the API has them; the keys of a configuration are the same in both."""
    if isinstance(value, list):
        return [_api(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key[:1].lower() + key[1:]: inner if key == "Configuration" else int(inner) if key == "RunOrder" else _api(inner)
        for key, inner in value.items()
    }


def _told(put: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return put()
    except _Refused as refused:
        text = f"{refused.text} (Service: CodePipeline, Status Code: 400, Error Code: {refused.code})"
        raise ValueError(text) from refused


def _trusts(role: str, service: str) -> bool:
    found = original(load("ministack.services.iam"), "_roles").get(role.rpartition("/")[2]) or {}
    return trusts(found.get("AssumeRolePolicyDocument") or "{}", service)


def _resource(asked: Mapping[str, Any]) -> str:
    name = asked.get("pipelineName") or asked.get("name") or (asked.get("pipeline") or {}).get("name")
    if not name:
        return "*"
    account, region = _place("")[0].split(" ")
    more = "".join(f"/{asked[key]}" for key in ("stageName", "actionName") if asked.get(key))
    return f"arn:aws:codepipeline:{region}:{account}:{name}{more}"


def _place(name: str) -> tuple[str, str]:
    responses = load("ministack.core.responses")
    return f"{responses.get_account_id()} {responses.get_region()}", name


def _caller() -> str:
    return str(original(load("ministack.core.iam_evaluator"), "caller_arn")())


def _asked(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
