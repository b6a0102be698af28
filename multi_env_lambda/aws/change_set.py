"""One change set: created under our own name, waited for, executed once, its lost responses settled by reading back."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import partial
from typing import Any

import attrs

from multi_env_lambda.aws.error_codes import aws_errors, code_of, is_lost, is_missing_stack, is_throttled, message_of
from multi_env_lambda.aws.poller import SILENCE, StackReading
from multi_env_lambda.aws.requests import StateConflict, in_state, repeated, request_token, retried, stack_error
from multi_env_lambda.aws.validation import may_warn, warnings_of
from multi_env_lambda.errors import PlanStale, Refused, StackError
from multi_env_lambda.host.retrying import Retrying
from multi_env_lambda.model.lease import Held
from multi_env_lambda.model.record import Loss, PhysicalResource
from multi_env_lambda.plan.losses import losses
from multi_env_lambda.plan.stackstate import (
    ChangeSetAnswer,
    ChangesReady,
    Executed,
    KeepWaiting,
    Obsolete,
    change_set_answer,
)
from multi_env_lambda.plan.template_text import LARGEST_INLINE_BODY, needs_template_url

__all__ = ["Address", "ChangeSet", "ChangeSets", "Execution", "Import", "Target", "capabilities", "nowhere"]

_FIRST, _SLOWEST, _EARLIER, _BETWEEN = 0.1, 2.0, 0.7, 0.2

Address = Callable[[str], str | None]


def nowhere(_: str) -> None:
    """The address of a template that is stored nowhere."""


@attrs.frozen(kw_only=True)
class Target:
    """What a stack should become, and how this run calls it. ``token`` is unique per run and unit.

    ``held`` is the lease of the unit; each call that changes something checks it first, and so does each retry.
    ``address_of`` returns the address of a template that is too long to be sent inline, this one or one made from it.
    ``check`` raises for a stack that is not ours. ``adopts``: whether existing resources may be brought into the stack.
    ``returning``: existing resources to bring in that are known only by their address.
    ``warned`` is called with CloudFormation's warnings before anything is executed.
    ``loses`` raises if data would be lost that must not be.
    ``reverts``: an update also compares with what exists, and restores what was changed or deleted by hand.
    ``role_arn``: the role in which CloudFormation acts; empty: the stack's role, or that of the caller. ``kept``:
    parameters that keep the values that the stack has.
    """

    stack_name: str
    template: str
    token: str
    tags: Mapping[str, str]
    where: str
    deadline: float
    held: Held
    address_of: Address = nowhere
    parameters: Mapping[str, str] = attrs.field(factory=dict)
    check: Callable[[StackReading], None] = lambda _: None
    adopts: Callable[[tuple[PhysicalResource, ...]], bool] = lambda _: False
    returning: tuple[PhysicalResource, ...] = ()
    warned: Callable[[str], None] = lambda _: None
    loses: Callable[[tuple[Loss, ...]], None] = lambda _: None
    reverts: bool = False
    role_arn: str = ""
    kept: tuple[str, ...] = ()

    @property
    def acting(self) -> dict[str, str]:
        """For each call that CloudFormation carries out in the name of a role.

        Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
        """
        return {"RoleARN": self.role_arn} if self.role_arn else {}


@attrs.frozen(kw_only=True)
class Import:
    """What an import brings into a stack, and by which identifier."""

    resource: PhysicalResource
    identifier: Mapping[str, str]


@attrs.frozen(kw_only=True)
class ChangeSet:
    """A change set that exists."""

    change_set_id: str
    stack_id: str


class Execution(Enum):
    """How far the execution of a change set is. ``GONE``: somebody deleted it, so it is unknown."""

    RUNNING = "not started, or in progress"
    COMPLETE = "made"
    FAILED = "failed"
    GONE = "gone"


_EXECUTIONS = {"EXECUTE_COMPLETE": Execution.COMPLETE, "EXECUTE_FAILED": Execution.FAILED}


def capabilities(template: str) -> tuple[str, ...]:
    """The capabilities that the template needs: named roles always; macros only if it uses one."""
    try:
        document = json.loads(template)
        expands = "Transform" in document or '"Fn::Transform"' in template
    except ValueError:
        expands = "Transform" in template
    return ("CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND") if expands else ("CAPABILITY_NAMED_IAM",)


class ChangeSets:
    """The change sets of one account and region."""

    def __init__(self, client: Any, *, clock: Callable[[], float], retrying: Retrying) -> None:
        self._client = client
        self._clock = clock
        self._retrying = retrying
        self._took: deque[float] = deque(maxlen=5)

    def create(
        self,
        target: Target,
        kind: str,
        *,
        importing: bool = False,
        wanted: Import | None = None,
        kept: tuple[str, ...] = (),
    ) -> ChangeSet:
        """Create it, or find the one that this run has already created; ``importing``: with existing resources.

        ``wanted`` is what an import (``kind``) brings in; the parameters ``kept`` are not changed.

        Raises:
            StateConflict: somebody else has started to change the stack.
            StackError: CloudFormation refuses the template.
        """
        name = request_token(target.token, f"{kind.lower()}-import" if importing else kind.lower())
        more = _mode(target, kind, importing)
        changed = _settings(target, (*kept, *target.kept)) if wanted is None else _import_settings(wanted, kept)

        def once() -> ChangeSet:
            target.held.make_sure()
            try:
                answer = self._client.create_change_set(
                    StackName=target.stack_name,
                    ChangeSetName=name,
                    ChangeSetType=kind,
                    ClientToken=name,
                    Capabilities=list(capabilities(target.template)),
                    **target.acting,
                    **changed,
                    **_body(target),
                    **more,
                )
                return ChangeSet(change_set_id=answer["Id"], stack_id=answer["StackId"])
            except aws_errors() as error:
                if _has_moved(error):
                    raise StateConflict from error
                # Only this run knows the name, so what exists under it was created by our lost call.
                found = self._find(target.stack_name, name) if _may_be_made(error) else None
                if found is None:
                    raise
                return found

        return retried(once, _may_be_made, target.where, partial(stack_error, target.where), self._retrying)

    def settled(self, change_set: ChangeSet, target: Target) -> ChangeSetAnswer:
        """Wait until it is computed, and return it.

        Raises:
            StackError: the deadline passed, or CloudFormation has not responded for a long time.
            Refused: it would lose data that must not be lost; the change set is deleted.
        """
        began = answered = self._clock()
        looks = self._looks()
        while True:
            # Wait first: CloudFormation has never computed it by the time it responds.
            self._retrying.sleep(next(looks))
            try:
                described, answered = self._describe(change_set), self._clock()
                answer = _answer_of(described)
                if isinstance(answer, ChangesReady):
                    described["Changes"] += self._further(change_set, described)
            except aws_errors() as error:
                silent = self._clock() - answered >= SILENCE
                if silent or not (is_lost(error) or is_throttled(error)):
                    raise stack_error(target.where, error) from error
                answer = KeepWaiting()
            if isinstance(answer, ChangesReady):
                self._must_lose_nothing(change_set, target, described["Changes"])
                for text in warnings_of(self._client, change_set.change_set_id) if may_warn(described) else ():
                    target.warned(text)
            if not isinstance(answer, KeepWaiting):
                self._took.append(self._clock() - began)
                return answer
            if self._clock() >= target.deadline:
                what = "the change set was not computed before the deadline"
                raise StackError(target.where, what, hint="run the command again")

    def _looks(self) -> Iterator[float]:
        """Seconds before each look: the first one shortly before the quickest of the last ones was done.

        Asking all the time for what takes seconds is what CloudFormation throttles first.
        """
        likely = min(self._took, default=0.0)
        pause = max(_FIRST, _EARLIER * likely)
        yield pause
        pause = max(_FIRST, _BETWEEN * likely)
        while True:
            yield pause
            pause = min(_SLOWEST, pause * 1.5)

    def execute(self, change_set: ChangeSet, target: Target) -> None:
        """Start its execution, exactly once.

        Raises:
            PlanStale: another change set was executed first, or the lease is lost.
            StateConflict: somebody else is changing the stack.
            StackError: CloudFormation refuses, or does not respond.
        """
        token = request_token(target.token, "execute")

        def send() -> None:
            target.held.begin()
            try:
                self._client.execute_change_set(
                    ChangeSetName=change_set.change_set_id,
                    StackName=change_set.stack_id,
                    ClientRequestToken=token,
                    # The API's documentation and its behaviour disagree about the default.
                    DisableRollback=False,
                    # What a failed first deployment created has never worked: nothing of it is worth keeping.
                    RetainExceptOnCreate=True,
                )
            except aws_errors() as error:
                if not self._was_ours(change_set, error, target.where):
                    raise

        repeated(send, target.where, self._retrying)

    def execution(self, change_set: ChangeSet) -> Execution:
        """How far its execution is; one that cannot be read now counts as running."""
        try:
            answer = self._client.describe_change_set(
                ChangeSetName=change_set.change_set_id, StackName=change_set.stack_id
            )
        except aws_errors() as error:
            return Execution.GONE if _is_gone(error) else Execution.RUNNING
        return _EXECUTIONS.get(answer.get("ExecutionStatus", ""), Execution.RUNNING)

    def remove(self, change_set: ChangeSet, held: Held) -> None:
        """Delete a change set that is not needed. One that remains does no harm, so no error of AWS is raised.

        Raises:
            PlanStale: the lease is lost.
        """
        held.make_sure()
        try:
            self._client.delete_change_set(ChangeSetName=change_set.change_set_id, StackName=change_set.stack_id)
        except aws_errors():
            return

    def _must_lose_nothing(self, change_set: ChangeSet, target: Target, changes: Iterable[dict[str, Any]]) -> None:
        """The last check before the execution: whatever a plan was made from, this is what will happen."""
        lost = losses(changes, target.template)
        try:
            if lost:
                target.loses(lost)
        except Refused:
            self.remove(change_set, target.held)
            raise

    def _describe(self, change_set: ChangeSet, **more: str) -> dict[str, Any]:
        found: dict[str, Any] = self._client.describe_change_set(
            ChangeSetName=change_set.change_set_id, StackName=change_set.stack_id, **more
        )
        return {**found, "Changes": list(found.get("Changes", ()))}

    def _further(self, change_set: ChangeSet, said: dict[str, Any]) -> list[dict[str, Any]]:
        """The changes on the pages after this one."""
        found: list[dict[str, Any]] = []
        while said.get("NextToken"):
            said = self._describe(change_set, NextToken=said["NextToken"])
            found += said["Changes"]
        return found

    def _answer(self, change_set: ChangeSet) -> ChangeSetAnswer:
        return _answer_of(self._describe(change_set))

    def _find(self, stack_name: str, name: str) -> ChangeSet | None:
        try:
            answer = self._client.describe_change_set(ChangeSetName=name, StackName=stack_name)
        except aws_errors() as error:
            if _is_gone(error) or is_lost(error) or is_throttled(error):
                return None
            raise
        return ChangeSet(change_set_id=answer["ChangeSetId"], stack_id=answer["StackId"])

    def _was_ours(self, change_set: ChangeSet, error: Exception, where: str) -> bool:
        """Whether the refusal to execute only means that our own earlier call was applied."""
        if is_lost(error) or is_throttled(error):
            return False
        if code_of(error) not in ("InvalidChangeSetStatus", "InvalidChangeSetStatusException"):
            if not _is_gone(error) and in_state(error) is None:
                return False
            return self._stack_runs(change_set)
        answer = self._answer(change_set)
        if isinstance(answer, Executed):
            return True
        if isinstance(answer, Obsolete):
            what = "somebody else changed the stack after this change was computed"
            raise PlanStale(where, what, hint="run the command again")
        return False

    def _stack_runs(self, change_set: ChangeSet) -> bool:
        """Whether the stack says that this change set is the last one it executed."""
        try:
            stacks = self._client.describe_stacks(StackName=change_set.stack_id)["Stacks"]
            if stacks[0].get("ChangeSetId") == change_set.change_set_id:
                return bool(stacks[0]["StackStatus"] != "REVIEW_IN_PROGRESS")
            return isinstance(self._answer(change_set), Executed)
        except aws_errors() as error:
            if _is_gone(error) or is_missing_stack(error):
                return False
            raise


def _answer_of(said: Mapping[str, Any]) -> ChangeSetAnswer:
    return change_set_answer(said["Status"], said.get("ExecutionStatus", ""), said.get("StatusReason", ""))


def _has_moved(error: Exception) -> bool:
    """Whether the stack is not what it just was: in progress, created, or deleted by somebody else."""
    if in_state(error) is not None or is_missing_stack(error):
        return True
    return code_of(error) == "ValidationError" and "already exists and cannot be created" in message_of(error)


def _may_be_made(error: Exception) -> bool:
    """Whether the change set may exist all the same, or another attempt may create it."""
    return is_lost(error) or is_throttled(error) or code_of(error) == "AlreadyExistsException"


def _is_gone(error: Exception) -> bool:
    return code_of(error) in ("ChangeSetNotFound", "ChangeSetNotFoundException") or is_missing_stack(error)


def _settings(target: Target, kept: tuple[str, ...]) -> dict[str, Any]:
    tags = [{"Key": key, "Value": value} for key, value in sorted(target.tags.items())]
    values = [{"ParameterKey": key, "ParameterValue": value} for key, value in sorted(target.parameters.items())]
    return {"Tags": tags, "Parameters": [*values, *_previous(kept)]}


def _mode(target: Target, kind: str, importing: bool) -> dict[str, Any]:
    """What else counts besides the template. It is not documented that an import can also restore something.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html
    """
    if importing:
        return {"ImportExistingResources": True}
    return {"DeploymentMode": "REVERT_DRIFT"} if target.reverts and kind == "UPDATE" else {}


def _previous(kept: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{"ParameterKey": key, "UsePreviousValue": True} for key in kept]


def _import_settings(wanted: Import, kept: tuple[str, ...]) -> dict[str, Any]:
    """An import must not change tags, so it names none."""
    resource = {
        "ResourceType": wanted.resource.type,
        "LogicalResourceId": wanted.resource.logical_id,
        "ResourceIdentifier": dict(wanted.identifier),
    }
    return {"ResourcesToImport": [resource], "Parameters": _previous(kept)}


def _body(target: Target) -> dict[str, str]:
    """The template inline, or by its address if it is too long for that."""
    if not needs_template_url(target.template):
        return {"TemplateBody": target.template}
    address = target.address_of(target.template)
    if address is None:
        size = len(target.template.encode("utf-8"))
        what = f"the template has {size} bytes and no address; at most {LARGEST_INLINE_BODY} bytes can be sent inline"
        raise StackError(target.where, what, hint="publish the release first")
    return {"TemplateURL": address}
