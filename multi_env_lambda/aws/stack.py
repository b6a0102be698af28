"""Makes one stack match its template, from whatever state it is in, and reports what happened.

Input: a template and a stack name. Output: a ``StackResult``, or a ``StackError`` that carries CloudFormation's causes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, assert_never

import attrs

from multi_env_lambda.aws.adoption import Adoption
from multi_env_lambda.aws.change_set import Address, ChangeSet, ChangeSets, Target, nowhere
from multi_env_lambda.aws.drift import StackDrift, detect_drift
from multi_env_lambda.aws.error_codes import aws_errors, is_missing_stack
from multi_env_lambda.aws.execution import failure_of, wait_executed
from multi_env_lambda.aws.poller import Look, NotLooked, Poller, StackReading, reading_of
from multi_env_lambda.aws.requests import StateConflict, repeated, request_token, stack_error
from multi_env_lambda.aws.stack_events import StackEvent, events_of, last_operation
from multi_env_lambda.aws.stack_listing import find_stacks, resources_of
from multi_env_lambda.aws.validation import refusal_of, refused
from multi_env_lambda.aws.wait_conditions import each_once, left, silent, statuses
from multi_env_lambda.errors import PlanStale, StackError
from multi_env_lambda.host.retrying import Retrying
from multi_env_lambda.plan.stackstate import (
    ChangesReady,
    ContinueRollback,
    Create,
    DeleteThenCreate,
    Executed,
    KeepWaiting,
    NoChanges,
    NotExecuted,
    Obsolete,
    Refuse,
    Rollback,
    Update,
    Wait,
    is_final,
    stack_answer,
)

if TYPE_CHECKING:
    from multi_env_lambda.model.lease import Held
    from multi_env_lambda.model.record import Loss, PhysicalResource

__all__ = ["StackResult", "Stacks"]

_ATTEMPTS = 5
_GONE = frozenset({"DELETE_COMPLETE"})


@attrs.frozen(kw_only=True)
class StackResult:
    """A stack that matches its template; ``changed`` is False if it already did."""

    stack_id: str
    changed: bool
    outputs: Mapping[str, str]


Check = Callable[[StackReading], None]
Repair = DeleteThenCreate | Rollback | ContinueRollback


class Stacks:
    """The stacks of one account and region. ``place`` is its name in errors."""

    def __init__(
        self,
        client: Any,
        poller: Poller,
        *,
        place: str,
        retrying: Retrying | None = None,
    ) -> None:
        self._client = client
        self._poller = poller
        self._place = place
        self._retrying = Retrying() if retrying is None else retrying
        self._change_sets = ChangeSets(client, clock=poller.clock, retrying=self._retrying)
        self._adoption = Adoption(client, self._change_sets, poller, self.describe)

    def deploy(
        self,
        stack_name: str,
        template: str,
        *,
        held: Held,
        token: str,
        before: Look = NotLooked.NOT_LOOKED,
        address_of: Address = nowhere,
        tags: Mapping[str, str] | None = None,
        deadline_seconds: float = 3600.0,
        on_event: Callable[[str], None] = silent,
        parameters: Mapping[str, str] | None = None,
        ready: Callable[[], None] = lambda: None,
        check: Check = lambda _: None,
        adopts: Callable[[tuple[PhysicalResource, ...]], bool] = lambda _: False,
        returning: tuple[PhysicalResource, ...] = (),
        warned: Callable[[str], None] = lambda _: None,
        loses: Callable[[tuple[Loss, ...]], None] = lambda _: None,
        reverts: bool = False,
        role_arn: str = "",
        kept: tuple[str, ...] = (),
    ) -> StackResult:
        """Create or update the stack; one that already matches is left alone.

        ``held`` is the unit's lease, checked right before each call that changes something. ``token`` is unique per
        run and unit: a repeated call of the same run is recognised by it. ``before`` is what ``describe`` has just
        returned under the same lease. ``address_of`` is for a template that is too long. ``on_event`` gets each status.
        ``check`` gets any existing stack before anything is done to it, and raises if it is not ours; one under review
        belongs to nobody. The others are as in ``StackRequest``.

        Raises:
            StackError: it failed (with the causes), only a person can continue, or the deadline passed.
            PlanStale: somebody else changed the stack meanwhile, or took over the lease.
            Refused: ``check`` or ``loses`` says so; nothing was executed.
        """
        target = self._target(stack_name, template, held, token, tags or {}, deadline_seconds)
        target = attrs.evolve(target, parameters=parameters or {}, check=check, adopts=adopts, returning=returning)
        target = attrs.evolve(target, warned=warned, loses=loses, address_of=address_of, reverts=reverts)
        target = attrs.evolve(target, role_arn=role_arn, kept=kept)
        told = each_once(on_event)
        for _ in range(_ATTEMPTS):
            reading = self._settle(target, before, told)
            try:
                reading = self._adoption.bring(target, reading, told, self._change)
                return self._change(target, reading, ready, told)
            except StateConflict:
                told("waiting for another operation on this stack")
                before = NotLooked.NOT_LOOKED
        what = "others kept changing the stack"
        raise PlanStale(target.where, what, hint="find out who else deploys it, then run the command again")

    def describe(self, stack: str) -> StackReading | None:
        """The stack with this name or id, or None if there is none (or only a deleted one).

        Raises:
            StackError: it cannot be read.
        """
        try:
            reading = reading_of(self._client.describe_stacks(StackName=stack)["Stacks"][0])
        except aws_errors() as error:
            if is_missing_stack(error):
                return None
            raise stack_error(self._where(stack), error) from error
        return None if reading.status in _GONE else reading

    def find(self, names: Collection[str]) -> dict[str, StackReading]:
        """The existing stacks with these names; as ``describe``, with few calls for many names."""
        return find_stacks(self._client, self._where("*"), self.describe, names)

    def delete(
        self,
        stack_name: str,
        *,
        held: Held,
        token: str,
        deadline_seconds: float = 3600.0,
        retain: tuple[str, ...] = (),
        on_event: Callable[[str], None] = silent,
        check: Check = lambda _: None,
        role_arn: str = "",
    ) -> bool:
        """Delete the stack; False if there was none. ``retain``: logical ids that blocked an earlier deletion.

        ``role_arn``: as whom CloudFormation acts, as in ``Target``.

        Raises:
            StackError: it is protected, its deletion failed (with the causes), or the deadline passed.
            PlanStale: the lease is lost, perhaps while waiting for another operation.
        """
        target = attrs.evolve(self._target(stack_name, "", held, token, {}, deadline_seconds), role_arn=role_arn)
        before = self.describe(stack_name)
        if before is None:
            return False
        check(before)
        told = each_once(on_event)
        if not is_final(before.status) and before.status != "DELETE_IN_PROGRESS":
            before = self._wait_final(before, target, told)
        if before is not None and before.status not in _GONE:
            self._delete(before, target, told, retain)
        return True

    def resources(self, stack_name: str) -> tuple[PhysicalResource, ...]:
        """What is in the stack, by the names that AWS knows it under.

        Raises:
            StackError: there is no such stack, or it cannot be read.
        """
        return resources_of(self._client, self._where(stack_name), stack_name)

    def events(self, stack_name: str) -> tuple[StackEvent, ...]:
        """The events of the stack's latest operation, in the order in which they happened.

        Raises:
            StackError: there is no such stack, or its events cannot be read.
        """
        try:
            return last_operation(events_of(self._client, stack_name))
        except aws_errors() as error:
            raise stack_error(self._where(stack_name), error) from error

    def drift(self, stack_name: str, *, deadline_seconds: float = 600.0) -> StackDrift:
        """What somebody changed by hand.

        Raises:
            StackError: there is no such stack, or the comparison failed.
        """
        deadline = self._poller.clock() + deadline_seconds
        return detect_drift(
            self._client,
            stack_name,
            self._where(stack_name),
            deadline=deadline,
            clock=self._poller.clock,
            sleep=self._retrying.sleep,
        )

    def _settle(self, target: Target, before: Look, told: Callable[[str], None]) -> StackReading | None:
        """Bring the stack into a state in which a change set can be created; each repair is tried once."""
        tried: set[type[Repair]] = set()
        while True:
            reading = self.describe(target.stack_name) if before is NotLooked.NOT_LOOKED else before
            before = NotLooked.NOT_LOOKED
            if reading is not None and reading.status != "REVIEW_IN_PROGRESS":
                target.check(reading)
            answer = stack_answer(reading.status if reading else None)
            match answer:
                case Create() | Update():
                    return reading
                case Refuse(reason=reason, hint=hint):
                    raise StackError(target.where, reason, hint=hint)
                case Wait():
                    assert reading is not None
                    self._wait_final(reading, target, told)
                case DeleteThenCreate() | Rollback() | ContinueRollback():
                    assert reading is not None
                    if type(answer) in tried:
                        raise failure_of(self._client, target.where, reading)
                    tried.add(type(answer))
                    self._repair(answer, reading, target, told)
                case _:
                    assert_never(answer)

    def _repair(self, answer: Repair, reading: StackReading, target: Target, told: Callable[[str], None]) -> None:
        stack_id = reading.stack_id
        match answer:
            case DeleteThenCreate():
                self._delete(reading, target, told, ())
                return
            case Rollback():
                call, step = self._client.rollback_stack, "rollback"
            case ContinueRollback():
                call, step = self._client.continue_update_rollback, "continue"
            case _:
                assert_never(answer)
        # If it has already begun, by our lost call or by somebody else's, the stack is read again.
        self._send(target, call, told, StackName=stack_id, ClientRequestToken=request_token(target.token, step))
        self._poller.wait(
            stack_id,
            left(reading.status, self._poller.clock),
            deadline=target.deadline,
            where=target.where,
            on_reading=statuses(told),
        )

    def _delete(
        self, reading: StackReading, target: Target, told: Callable[[str], None], retain: tuple[str, ...]
    ) -> None:
        """Delete by id, so that a new stack with the same name is never hit.

        CloudFormation keeps resources only once their deletion has failed.
        """
        if reading.protected:
            what = f"the stack has termination protection and is in status {reading.status}"
            hint = "only if it may really be deleted: `aws cloudformation update-termination-protection` disables it"
            raise StackError(target.where, what, hint=hint)
        parameters: dict[str, Any] = {"StackName": reading.stack_id}
        if retain and reading.status == "DELETE_FAILED":
            parameters["RetainResources"] = list(retain)
        token = request_token(target.token, "delete")
        self._send(target, self._client.delete_stack, told, ClientRequestToken=token, **parameters)
        after = self._poller.wait(
            reading.stack_id,
            left(reading.status, self._poller.clock),
            deadline=target.deadline,
            where=target.where,
            on_reading=statuses(told),
        )
        if after is not None and after.status not in _GONE:
            raise failure_of(self._client, target.where, after)

    def _send(
        self, target: Target, call: Callable[..., object], told: Callable[[str], None], **parameters: Any
    ) -> None:
        """Send a call that changes the stack, and each retry, under the lease."""

        def send() -> None:
            target.held.begin()
            call(**target.acting, **parameters)

        try:
            repeated(send, target.where, self._retrying)
        except StateConflict:
            told("waiting for another operation on this stack")

    def _change(
        self,
        target: Target,
        before: StackReading | None,
        ready: Callable[[], None],
        told: Callable[[str], None],
        *,
        importing: bool = False,
    ) -> StackResult:
        change_set = self._change_sets.create(target, _kind(before), importing=importing)
        answer = self._change_sets.settled(change_set, target)
        match answer:
            case ChangesReady():
                ready()
                self._change_sets.execute(change_set, target)
                return self._executed(change_set, target, before, told)
            case Executed():
                return self._executed(change_set, target, before, told)
            case NoChanges():
                self._discard(change_set, target, before)
                outputs = before.outputs if before is not None else {}
                return StackResult(stack_id=change_set.stack_id, changed=False, outputs=outputs)
            case NotExecuted(reason=reason):
                refusal = refusal_of(self._client, change_set.change_set_id, target.where, reason)
                if refusal.taken and not importing and target.adopts(refusal.taken):
                    told(f"importing {', '.join(item.physical_id for item in refusal.taken)}")
                    self._change_sets.remove(change_set, target.held)
                    return self._change(target, before, ready, told, importing=True)
                self._discard(change_set, target, before)
                raise refused(target.where, refusal)
            case Obsolete():
                self._discard(change_set, target, before)
                what = "somebody else changed the stack after this change was computed"
                raise PlanStale(target.where, what, hint="run the command again")
            case KeepWaiting():
                raise AssertionError("a settled change set is not waited for")
            case _:
                assert_never(answer)

    def _executed(
        self, change_set: ChangeSet, target: Target, before: StackReading | None, told: Callable[[str], None]
    ) -> StackResult:
        made = wait_executed(self._client, self._poller, self._change_sets, change_set, before, target, told)
        return StackResult(stack_id=made.stack_id, changed=True, outputs=made.outputs)

    def _wait_final(self, reading: StackReading, target: Target, told: Callable[[str], None]) -> StackReading | None:
        return self._poller.wait(
            reading.stack_id,
            lambda seen: seen is None or is_final(seen.status),
            deadline=target.deadline,
            where=target.where,
            on_reading=statuses(told),
        )

    def _discard(self, change_set: ChangeSet, target: Target, before: StackReading | None) -> None:
        """Remove a change set, and the empty stack that only its creation left."""
        self._change_sets.remove(change_set, target.held)
        if before is not None:
            return
        left = self.describe(change_set.stack_id)
        if left is not None and left.status == "REVIEW_IN_PROGRESS":
            # A new holder may be filling this very stack.
            target.held.make_sure()
            try:
                self._client.delete_stack(StackName=left.stack_id, **target.acting)
            except aws_errors():
                # An empty stack under review does no harm: the next deployment takes it over.
                return

    def _target(
        self, name: str, template: str, held: Held, token: str, tags: Mapping[str, str], seconds: float
    ) -> Target:
        return Target(
            stack_name=name,
            template=template,
            token=token,
            tags=tags,
            where=self._where(name),
            deadline=self._poller.clock() + seconds,
            held=held,
        )

    def _where(self, stack: str) -> str:
        return f"stack {stack} in {self._place}"


def _kind(before: StackReading | None) -> str:
    return "CREATE" if before is None or before.status == "REVIEW_IN_PROGRESS" else "UPDATE"
