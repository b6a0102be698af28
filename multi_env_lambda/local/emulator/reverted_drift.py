"""A drift-aware change set restores what was changed manually, and recreates what was deleted.

Reason: ministack ignores ``DeploymentMode``, so only differences between templates were ever changed.
Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html (three states are
compared; what a service does not answer, as the code of a function, is compared with the deployment before; a rollback
goes back to what was there), ``DeploymentMode`` and ``ResourceDriftStatus`` in
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html and, for what is recreated,
https://aws.amazon.com/blogs/devops/safely-handle-configuration-drift-with-cloudformation-drift-aware-change-sets/
What is read is what drift detection reads (``drift``); of a type that it does not read ``UNSUPPORTED`` is said.
Stricter than what is written: the mode goes with an update alone, and without ``ImportExistingResources``.
``SyncWithActual`` is never said: whatever differs is written.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any

from .names import load, original

__all__ = ["patch"]

_MODE = "REVERT_DRIFT"
_KEPT_AS = "_drift_to_revert"
_ID = re.compile(r"<Id>([^<]+)</Id>")
_NAMED = re.compile(r"<LogicalResourceId>([^<]+)</LogicalResourceId>")
_WRONG = "1 validation error detected: Value '{mode}' at 'deploymentMode' failed to satisfy constraint"
_ONLY_UPDATES = "DeploymentMode REVERT_DRIFT is only valid when ChangeSetType is UPDATE"
_NO_IMPORTS = "DeploymentMode REVERT_DRIFT cannot be combined with ImportExistingResources"

Drifts = dict[str, dict[str, Any]]

_reverting: ContextVar[Drifts | None] = ContextVar("reverting", default=None)
"""What the change set that is being executed has found; each operation is a task with a context of its own."""


def patch() -> None:
    """Wrap the calls about change sets, and the deployment that one of them starts."""
    handlers = load("ministack.services.cloudformation.handlers")
    cloudformation = load("ministack.services.cloudformation")
    actions, parameter = original(handlers, "_ACTION_HANDLERS"), original(handlers, "_p")
    error = original(handlers, "_error")
    find = original(load("ministack.services.cloudformation.changesets"), "_find_change_set")
    made = original(cloudformation, "_change_sets")
    stacks = original(cloudformation, "_stacks")
    actions["CreateChangeSet"] = _comparing(actions["CreateChangeSet"], parameter, error, made, stacks)
    actions["DescribeChangeSet"] = _telling(actions["DescribeChangeSet"], parameter, find)
    actions["ExecuteChangeSet"] = _remembering(actions["ExecuteChangeSet"], parameter, find)
    deploy = _reverted(original(load("ministack.services.cloudformation.stacks"), "_deploy_stack_async"), stacks)
    for name in ("stacks", "changesets", "handlers"):
        module = load(f"ministack.services.cloudformation.{name}")
        if hasattr(module, "_deploy_stack_async"):
            module._deploy_stack_async = deploy


def _comparing(create: Any, parameter: Any, error: Any, made: Any, stacks: Any) -> Callable[[Any], Any]:
    def compare(params: Any) -> Any:
        mode = parameter(params, "DeploymentMode")
        if not mode:
            return create(params)
        if mode != _MODE:
            return error("ValidationError", _WRONG.format(mode=mode))
        if parameter(params, "ChangeSetType", "UPDATE") != "UPDATE":
            return error("ValidationError", _ONLY_UPDATES)
        if parameter(params, "ImportExistingResources", "false").lower() == "true":
            return error("ValidationError", _NO_IMPORTS)
        answer = create(params)
        named = _ID.search(_text(answer[2]))
        if answer[0] == 200 and named:
            change_set = made[named[1]]
            _add(change_set, _drifts(stacks[change_set["StackName"]]))
        return answer

    return compare


def _drifts(stack: Mapping[str, Any]) -> Drifts:
    """What differs from the stack's template, by logical id, and which types cannot be read."""
    drift = load("ministack.services.cloudformation.drift")
    detect, readers = original(drift, "detect_resource_drift"), original(drift, "_DRIFT_READERS")
    unsupported = {"StackResourceDriftStatus": "UNSUPPORTED"}
    return {
        name: detect(stack, name, record, "") if record["ResourceType"] in readers else unsupported
        for name, record in stack["_resources"].items()
    }


def _add(change_set: dict[str, Any], found: Drifts) -> None:
    """The changes, extended by what was found; for an unchanged resource, a new change."""
    change_set[_KEPT_AS] = found
    wanted = change_set["_template"].get("Resources", {})
    changes = {item["ResourceChange"]["LogicalResourceId"]: item for item in change_set["Changes"]}
    for name, drift in found.items():
        if name in wanted and drift["StackResourceDriftStatus"] in ("MODIFIED", "DELETED"):
            changes[name] = {"ResourceChange": _change(drift)}
    if changes and change_set["Status"] == "FAILED" and "didn't contain changes" in change_set["StatusReason"]:
        change_set |= {"Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE", "StatusReason": ""}
    change_set["Changes"] = [changes[name] for name in sorted(changes)]


def _change(drift: Mapping[str, Any]) -> dict[str, Any]:
    named = {"LogicalResourceId": drift["LogicalResourceId"], "ResourceType": drift["ResourceType"]}
    if drift["StackResourceDriftStatus"] == "DELETED":
        return {"Action": "Add", **named}
    recreation = original(load("ministack.services.cloudformation.provisioners"), "_property_recreation")
    kinds = {name: recreation(drift["ResourceType"], name) for name in _names(drift)}
    details = [
        {
            "Target": {"Attribute": "Properties", "Name": name, "RequiresRecreation": kind},
            "Evaluation": "Static",
            "ChangeSource": "DirectModification",
        }
        for name, kind in kinds.items()
    ]
    replaced = "True" if "Always" in kinds.values() else "Conditional" if "Conditionally" in kinds.values() else "False"
    more = {"PhysicalResourceId": drift["PhysicalResourceId"], "Replacement": replaced, "Scope": ["Properties"]}
    return {"Action": "Modify", **named, **more, "Details": details}


def _names(drift: Mapping[str, Any]) -> list[str]:
    """The top-level properties that differ."""
    return sorted({item["PropertyPath"].split("/")[1] for item in drift.get("PropertyDifferences", ())})


def _telling(describe: Any, parameter: Any, find: Any) -> Callable[[Any], Any]:
    def tell(params: Any) -> Any:
        status, headers, body = describe(params)
        change_set = find(parameter(params, "ChangeSetName"), parameter(params, "StackName"))[1]
        found: Drifts | None = None if change_set is None else change_set.get(_KEPT_AS)
        if found is None or status != 200:
            return status, headers, body

        def with_status(match: re.Match[str]) -> str:
            said = found.get(match[1], {}).get("StackResourceDriftStatus")
            return match[0] + (f"<ResourceDriftStatus>{said}</ResourceDriftStatus>" if said else "")

        drifted = any(item["StackResourceDriftStatus"] in ("MODIFIED", "DELETED") for item in found.values())
        more = f"<DeploymentMode>{_MODE}</DeploymentMode>"
        more += f"<StackDriftStatus>{'DRIFTED' if drifted else 'IN_SYNC'}</StackDriftStatus>"
        text = _NAMED.sub(with_status, _text(body))
        text = text.replace("</DescribeChangeSetResult>", f"{more}</DescribeChangeSetResult>")
        return status, headers, text.encode("utf-8")

    return tell


def _remembering(execute: Any, parameter: Any, find: Any) -> Callable[[Any], Any]:
    def remember(params: Any) -> Any:
        change_set = find(parameter(params, "ChangeSetName"), parameter(params, "StackName"))[1]
        token = _reverting.set(None if change_set is None else change_set.get(_KEPT_AS))
        try:
            return execute(params)
        finally:
            _reverting.reset(token)

    return remember


def _reverted(deploy: Callable[..., Awaitable[Any]], stacks: Any) -> Callable[..., Awaitable[Any]]:
    async def reverted(stack_name: str, *args: Any, previous_stack: Any = None, **kwargs: Any) -> Any:
        found = _reverting.get()
        if not found or not previous_stack:
            return await deploy(stack_name, *args, previous_stack=previous_stack, **kwargs)
        stack = stacks[stack_name]
        before = copy.deepcopy(previous_stack["_resources"])
        for name, drift in found.items():
            if drift["StackResourceDriftStatus"] == "DELETED":
                stack["_resources"].pop(name, None)
                previous_stack["_resources"].pop(name, None)
            elif drift["StackResourceDriftStatus"] == "MODIFIED":
                # What is compared with the template, and gone back to, is what is there.
                record = previous_stack["_resources"][name]
                record["Properties"] = _as_it_is(record["Properties"], drift)
        result = await deploy(stack_name, *args, previous_stack=previous_stack, **kwargs)
        if stack["StackStatus"].startswith("UPDATE_ROLLBACK"):
            stack["_resources"] = before
        return result

    return reverted


def _as_it_is(properties: Mapping[str, Any], drift: Mapping[str, Any]) -> dict[str, Any]:
    actual, names = json.loads(drift["ActualProperties"]), _names(drift)
    kept = {name: value for name, value in properties.items() if name not in names}
    return kept | {name: actual[name] for name in names if name in actual}


def _text(body: Any) -> str:
    return body.decode("utf-8") if isinstance(body, bytes) else str(body)
