"""CloudFormation in memory, as a boto3 client shows it: stacks, change sets, events, slow operations and old reads.

It does as AWS does where the emulators do not: a stack in progress takes no second change, a token is known again, a
change set becomes obsolete, a stack that failed to be created can only be deleted. For lost answers and throttling put
a ``FaultyClient`` before it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import attrs

from tests.tools.faulty_client import client_error

__all__ = ["InMemoryCloudFormation"]

_STACK = "AWS::CloudFormation::Stack"
_NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."
_UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")


@attrs.define(kw_only=True)
class _Stack:
    stack_id: str
    name: str
    status: str
    template: dict[str, Any]
    tags: dict[str, str]
    protected: bool = False
    change_set_id: str = ""
    events: list[dict[str, Any]] = attrs.field(factory=list)
    coming: list[Callable[[], None]] = attrs.field(factory=list)


@attrs.define(kw_only=True)
class _ChangeSet:
    change_set_id: str
    name: str
    stack: _Stack
    template: dict[str, Any]
    tags: dict[str, str]
    status: str
    execution: str
    reason: str = ""


class InMemoryCloudFormation:
    """Every operation takes ``steps`` reads until it is over; the first ``stale`` reads after a beginning are old."""

    def __init__(self, *, steps: int = 1, stale: int = 0, account_id: str = "222222222222") -> None:
        self._steps = steps
        self._stale = stale
        self._account = account_id
        self._lock = threading.RLock()
        self._stacks: list[_Stack] = []
        self._change_sets: list[_ChangeSet] = []
        self._tokens: set[str] = set()
        self._failures: list[tuple[str, str]] = []
        self._count = 0
        self.executions = 0

    def fail_next(self, logical_id: str, reason: str) -> None:
        """The next operation fails at this resource, and is rolled back."""
        self._failures.append((logical_id, reason))

    def put_stack(
        self, name: str, status: str, *, template: str = "{}", protected: bool = False, then: Sequence[str] = ()
    ) -> str:
        """A stack in any state; ``then`` are the states that the following reads show. Gives its id."""
        with self._lock:
            stack = self._new_stack(name, status, json.loads(template))
            stack.protected = protected
            stack.coming = [self._to(stack, later) for later in then]
            return stack.stack_id

    def status_of(self, stack: str) -> str | None:
        """The present state of a stack, without any effect."""
        found = self._find(stack)
        return found.status if found else None

    def change_set_names(self) -> list[str]:
        """The names of all change sets that exist."""
        return [change_set.name for change_set in self._change_sets]

    def describe_stacks(self, StackName: str | None = None, NextToken: str | None = None) -> dict[str, Any]:
        with self._lock:
            if StackName is not None:
                stack = self._must_find(StackName, "DescribeStacks")
                return {"Stacks": [self._read(stack)]}
            living = [stack for stack in self._stacks if stack.status != "DELETE_COMPLETE"]
            start = int(NextToken or 0)
            page = {"Stacks": [self._read(stack) for stack in living[start : start + 100]]}
            return {**page, "NextToken": str(start + 100)} if start + 100 < len(living) else page

    def describe_stack_events(self, StackName: str, NextToken: str | None = None) -> dict[str, Any]:
        with self._lock:
            events = self._must_find(StackName, "DescribeStackEvents").events[::-1]
            start = int(NextToken or 0)
            page = {"StackEvents": events[start : start + 10]}
            return {**page, "NextToken": str(start + 10)} if start + 10 < len(events) else page

    def create_change_set(
        self,
        *,
        StackName: str,
        ChangeSetName: str,
        ChangeSetType: str,
        TemplateBody: str | None = None,
        TemplateURL: str | None = None,
        Tags: Sequence[Mapping[str, str]] = (),
        **_: Any,
    ) -> dict[str, Any]:
        operation = "CreateChangeSet"
        with self._lock:
            stack = self._find(StackName)
            if any(c.name == ChangeSetName and c.stack is stack for c in self._change_sets):
                text = f"ChangeSet [{ChangeSetName}] already exists"
                raise client_error(operation, "AlreadyExistsException", text)
            template = json.loads(TemplateBody) if TemplateBody is not None else {"TemplateURL": TemplateURL}
            stack = self._stack_for_change(stack, StackName, ChangeSetType, operation)
            tags = {tag["Key"]: tag["Value"] for tag in Tags}
            same = ChangeSetType == "UPDATE" and (template, tags) == (stack.template, stack.tags)
            change_set = _ChangeSet(
                change_set_id=self._id("changeSet", ChangeSetName),
                name=ChangeSetName,
                stack=stack,
                template=template,
                tags=tags,
                status="FAILED" if same else "CREATE_COMPLETE",
                execution="UNAVAILABLE" if same else "AVAILABLE",
                reason=_NO_CHANGES if same else "",
            )
            self._change_sets.append(change_set)
            return {"Id": change_set.change_set_id, "StackId": stack.stack_id}

    def describe_change_set(self, *, ChangeSetName: str, StackName: str = "", **_: Any) -> dict[str, Any]:
        with self._lock:
            found = self._change_set(ChangeSetName, StackName, "DescribeChangeSet")
            old = found.stack.template.get("Resources", {})
            new = found.template.get("Resources", {})
            return {
                "ChangeSetId": found.change_set_id,
                "ChangeSetName": found.name,
                "StackId": found.stack.stack_id,
                "Status": found.status,
                "ExecutionStatus": found.execution,
                "StatusReason": found.reason,
                "Changes": _changes(old, new),
            }

    def execute_change_set(
        self, *, ChangeSetName: str, StackName: str = "", ClientRequestToken: str = "", **_: Any
    ) -> dict[str, Any]:
        operation = "ExecuteChangeSet"
        with self._lock:
            found = self._change_set(ChangeSetName, StackName, operation)
            if found.execution != "AVAILABLE":
                text = (
                    f"ChangeSet [{found.change_set_id}] cannot be executed in its current status of [{found.execution}]"
                )
                raise client_error(operation, "InvalidChangeSetStatus", text)
            self._must_rest(found.stack, operation)
            self.executions += 1
            for other in self._change_sets:
                if other.stack is found.stack and other is not found:
                    other.execution = "OBSOLETE"
            self._begin_execution(found, ClientRequestToken)
            return {}

    def delete_change_set(self, *, ChangeSetName: str, StackName: str = "") -> dict[str, Any]:
        with self._lock:
            self._change_sets.remove(self._change_set(ChangeSetName, StackName, "DeleteChangeSet"))
            return {}

    def delete_stack(self, *, StackName: str, **_: Any) -> dict[str, Any]:
        with self._lock:
            stack = self._find(StackName)
            if stack is None:
                return {}
            if stack.protected:
                text = f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
                raise client_error("DeleteStack", "ValidationError", text)
            self._run(stack, "DELETE", "DELETE_COMPLETE", "DELETE_FAILED")
            return {}

    def rollback_stack(self, *, StackName: str, ClientRequestToken: str = "", **_: Any) -> dict[str, Any]:
        with self._lock:
            stack = self._must_find(StackName, "RollbackStack")
            self._must_be(stack, ("CREATE_FAILED", "UPDATE_FAILED"), "RollbackStack", ClientRequestToken)
            prefix = "" if stack.status == "CREATE_FAILED" else "UPDATE_"
            self._run(stack, f"{prefix}ROLLBACK", f"{prefix}ROLLBACK_COMPLETE", f"{prefix}ROLLBACK_FAILED")
            return {}

    def continue_update_rollback(self, *, StackName: str, ClientRequestToken: str = "", **_: Any) -> dict[str, Any]:
        with self._lock:
            stack = self._must_find(StackName, "ContinueUpdateRollback")
            self._must_be(stack, ("UPDATE_ROLLBACK_FAILED",), "ContinueUpdateRollback", ClientRequestToken)
            self._run(stack, "UPDATE_ROLLBACK", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED")
            return {}

    def _begin_execution(self, change_set: _ChangeSet, token: str) -> None:
        stack = change_set.stack
        verb = "CREATE" if stack.status == "REVIEW_IN_PROGRESS" else "UPDATE"
        followers = "Resource creation cancelled" if verb == "CREATE" else "Resource update cancelled"
        failure = self._failures.pop(0) if self._failures else None
        change_set.execution = "EXECUTE_IN_PROGRESS"

        def begin() -> None:
            stack.change_set_id = change_set.change_set_id
            self._to(stack, f"{verb}_IN_PROGRESS", token)()

        def end() -> None:
            if failure is None:
                stack.template, stack.tags = change_set.template, change_set.tags
                change_set.execution = "EXECUTE_COMPLETE"
                self._to(stack, f"{verb}_COMPLETE", token)()
                return
            change_set.execution = "EXECUTE_FAILED"
            self._event(stack, failure[0], "AWS::Lambda::Function", f"{verb}_FAILED", failure[1], token)
            self._event(stack, "Other", "AWS::IAM::Role", f"{verb}_FAILED", followers, token)
            over = "ROLLBACK" if verb == "CREATE" else "UPDATE_ROLLBACK"
            self._to(stack, f"{over}_IN_PROGRESS", token)()
            stack.coming = [self._to(stack, f"{over}_COMPLETE", token)]

        waits: list[Callable[[], None]] = [lambda: None] * (self._steps - 1)
        stack.coming = [*([lambda: None] * self._stale), begin, *waits, end]

    def _run(self, stack: _Stack, verb: str, good: str, bad: str) -> None:
        failure = self._failures.pop(0) if self._failures else None

        def end() -> None:
            if failure is not None:
                self._event(stack, failure[0], "AWS::S3::Bucket", "DELETE_FAILED", failure[1], "")
            self._to(stack, good if failure is None else bad)()

        old: list[Callable[[], None]] = [lambda: None] * self._stale
        stack.coming = [*old, *(self._to(stack, f"{verb}_IN_PROGRESS") for _ in range(self._steps)), end]

    def _stack_for_change(self, stack: _Stack | None, name: str, kind: str, operation: str) -> _Stack:
        if kind == "CREATE":
            if stack is None:
                return self._new_stack(name, "REVIEW_IN_PROGRESS", {})
            if stack.status == "REVIEW_IN_PROGRESS":
                return stack
            raise client_error(
                operation, "ValidationError", f"Stack [{name}] already exists and cannot be created again"
            )
        if stack is None:
            raise client_error(operation, "ValidationError", f"Stack [{name}] does not exist")
        self._must_rest(stack, operation)
        return stack

    def _must_rest(self, stack: _Stack, operation: str) -> None:
        moving = bool(stack.coming)
        if moving or stack.status not in (*_UPDATABLE, "REVIEW_IN_PROGRESS"):
            status = "UPDATE_IN_PROGRESS" if moving else stack.status
            text = f"Stack:{stack.stack_id} is in {status} state and can not be updated."
            raise client_error(operation, "ValidationError", text)

    def _must_be(self, stack: _Stack, statuses: tuple[str, ...], operation: str, token: str) -> None:
        if token and token in self._tokens:
            text = f"A stack with client token {token} already exists"
            raise client_error(operation, "TokenAlreadyExistsException", text)
        if stack.coming or stack.status not in statuses:
            text = f"Stack:{stack.stack_id} is in {stack.status} state and can not be rolled back."
            raise client_error(operation, "ValidationError", text)
        self._tokens.add(token)

    def _change_set(self, name: str, stack: str, operation: str) -> _ChangeSet:
        for found in self._change_sets:
            if name == found.change_set_id or (
                name == found.name and stack in (found.stack.name, found.stack.stack_id)
            ):
                return found
        raise client_error(operation, "ChangeSetNotFound", f"ChangeSet [{name}] does not exist", status=404)

    def _find(self, stack: str) -> _Stack | None:
        for found in reversed(self._stacks):
            if stack == found.stack_id or (stack == found.name and found.status != "DELETE_COMPLETE"):
                return found
        return None

    def _must_find(self, stack: str, operation: str) -> _Stack:
        found = self._find(stack)
        if found is None:
            raise client_error(operation, "ValidationError", f"Stack with id {stack} does not exist")
        return found

    def _new_stack(self, name: str, status: str, template: dict[str, Any]) -> _Stack:
        stack_id = self._id("stack", name)
        stack = _Stack(stack_id=stack_id, name=name, status=status, template=template, tags={})
        self._stacks.append(stack)
        self._to(stack, status)()
        return stack

    def _to(self, stack: _Stack, status: str, token: str = "") -> Callable[[], None]:
        def change() -> None:
            stack.status = status
            self._event(stack, stack.name, _STACK, status, "", token)

        return change

    def _event(self, stack: _Stack, logical_id: str, kind: str, status: str, reason: str, token: str) -> None:
        self._count += 1
        stack.events.append(
            {
                "StackId": stack.stack_id,
                "LogicalResourceId": logical_id,
                "PhysicalResourceId": stack.stack_id if kind == _STACK else logical_id,
                "ResourceType": kind,
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
                "ClientRequestToken": token,
                "Timestamp": datetime.fromtimestamp(self._count, UTC),
            }
        )

    def _read(self, stack: _Stack) -> dict[str, Any]:
        """The answer of one read; each read lets time pass for this stack."""
        if stack.coming:
            stack.coming.pop(0)()
        outputs = stack.template.get("Outputs", {})
        return {
            "StackId": stack.stack_id,
            "StackName": stack.name,
            "StackStatus": stack.status,
            "ChangeSetId": stack.change_set_id,
            "EnableTerminationProtection": stack.protected,
            "Outputs": [{"OutputKey": key, "OutputValue": line["Value"]} for key, line in outputs.items()],
            "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
        }

    def _id(self, kind: str, name: str) -> str:
        self._count += 1
        return f"arn:aws:cloudformation:us-east-1:{self._account}:{kind}/{name}/{self._count:08}"


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[dict[str, Any]]:
    lines = []
    for logical_id in sorted({*old, *new}):
        if old.get(logical_id) == new.get(logical_id):
            continue
        action = "Add" if logical_id not in old else "Remove" if logical_id not in new else "Modify"
        kind = (new.get(logical_id) or old[logical_id]).get("Type", "")
        change = {"Action": action, "LogicalResourceId": logical_id, "ResourceType": kind, "Scope": []}
        if action == "Remove":
            policy = old[logical_id].get("DeletionPolicy", "Delete")
            change |= {"PhysicalResourceId": logical_id, "PolicyAction": policy}
        lines.append({"Type": "Resource", "ResourceChange": change})
    return lines
