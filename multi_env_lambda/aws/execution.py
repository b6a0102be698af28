"""How the execution of a change set ended, although reads of the stack may be old: two witnesses that must agree.

The stack says which change set it executed last. If it names ours, its status is the answer. If it does not, the
reading is old, or somebody else's change came after ours, or that cloud does not say: then the change set is asked how
far it is, and the stack is read again while the two contradict each other. A change set that failed is never a success,
whatever the stack seems to say.

Sources: ``ChangeSetId`` and ``StackStatus`` of DescribeStacks, ``ExecutionStatus`` of DescribeChangeSet in the
CloudFormation API Reference.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda.aws.change_set import ChangeSet, ChangeSets, Execution, Target
from multi_env_lambda.aws.error_codes import aws_errors
from multi_env_lambda.aws.stack_events import causes_of, hint_of
from multi_env_lambda.aws.stack_listing import resources_of
from multi_env_lambda.aws.validation import HINT, taken_in
from multi_env_lambda.aws.wait_conditions import statuses
from multi_env_lambda.errors import MultiEnvLambdaError, PlanStale, StackError
from multi_env_lambda.plan.stackstate import is_final, is_success

if TYPE_CHECKING:
    from multi_env_lambda.aws.poller import Poller, StackReading

__all__ = ["failure_of", "wait_executed"]

_IN_THE_WAY = ("already exists", "AlreadyExists", "requires replacing")
_REPLACED = (
    "it is in this stack, and the change wants a new one with the same name: restore its immutable properties, "
    "or give the new one another name; do not delete the existing one"
)

_PATIENCE = 30.0
"""Seconds for which an ended change set and a stack that does not name it may disagree."""


def wait_executed(
    client: Any,
    poller: Poller,
    change_sets: ChangeSets,
    change_set: ChangeSet,
    before: StackReading | None,
    target: Target,
    told: Callable[[str], None],
) -> StackReading:
    """Wait for the end of a started execution, and return the resulting stack; ``before``: as it was at the start.

    Raises:
        StackError: it failed (with the causes), or the deadline passed.
        PlanStale: somebody else deleted or changed the stack.
    """
    ending = _Ending(
        ours=change_set.change_set_id,
        before=before,
        ask=lambda: change_sets.execution(change_set),
        clock=poller.clock,
    )
    reading = poller.wait(
        change_set.stack_id, ending.is_over, deadline=target.deadline, where=target.where, on_reading=statuses(told)
    )
    if reading is None or reading.status == "DELETE_COMPLETE":
        what = "the stack was deleted while it was being changed"
        raise PlanStale(target.where, what, hint="run the command again")
    if ending.is_made(reading):
        return reading
    if ending.is_named(reading) or ending.execution is Execution.FAILED:
        # After a creation: nothing runs, as before.
        is_back = reading.status in ("ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
        put_back = is_back and ending.is_new(reading)
        raise failure_of(client, target.where, reading, put_back=put_back)
    raise _unnamed(target.where, ending, reading)


def failure_of(client: Any, where: str, reading: StackReading, *, put_back: bool = False) -> StackError:
    """The error of a stack whose operation did not succeed, with CloudFormation's first causes."""
    try:
        causes = causes_of(client, reading.stack_id)
    except aws_errors():
        causes = ()
    why = "; ".join(causes) or reading.reason or "no reason given"
    # A stale reading may still call it a success.
    status = "EXECUTE_FAILED" if is_success(reading.status) else reading.status
    is_inside = _is_of_this_stack(client, where, reading, causes)
    taken = () if is_inside else taken_in(causes)
    hint = HINT if taken else hint_of(causes)
    error = StackError(where, f"{status}: {why}", hint=_REPLACED if is_inside else hint)
    error.put_back = put_back
    error.taken = tuple((item.logical_id, item.type, item.physical_id) for item in taken)
    return error


def _is_of_this_stack(client: Any, where: str, reading: StackReading, causes: tuple[str, ...]) -> bool:
    """Whether the name is taken by a resource of this very stack: a replacement is created before the old one goes."""
    names = {cause.partition(" (")[0] for cause in causes if any(words in cause for words in _IN_THE_WAY)}
    if not names:
        return False
    try:
        inside = resources_of(client, where, reading.stack_id)
    except StackError:
        return False
    # What could not be created has no name that AWS knows, or is reported as deleted.
    return any(item.logical_id in names and item.physical_id for item in inside)


@attrs.define(kw_only=True)
class _Ending:
    """What is known so far; ``since``: when the change set was found to be over."""

    ours: str
    before: StackReading | None
    ask: Callable[[], Execution]
    clock: Callable[[], float]
    execution: Execution = Execution.RUNNING
    since: float = 0.0

    def is_named(self, reading: StackReading) -> bool:
        """A stack under review may name the change set that it waits for."""
        return reading.change_set_id == self.ours and reading.status != "REVIEW_IN_PROGRESS"

    def is_new(self, reading: StackReading) -> bool:
        """Whether this reading was certainly made after the execution began."""
        return self.is_named(reading) or self.before is None or reading.status != self.before.status

    def is_foreign(self, reading: StackReading) -> bool:
        """Whether somebody else's change set came after ours."""
        known = "" if self.before is None else self.before.change_set_id
        return not self.is_named(reading) and reading.change_set_id not in ("", self.ours, known)

    def is_made(self, reading: StackReading) -> bool:
        complete = self.execution is Execution.COMPLETE and not self.is_foreign(reading)
        return is_success(reading.status) and (self.is_named(reading) or complete)

    def is_over(self, reading: StackReading | None) -> bool:
        if reading is None or reading.status == "DELETE_COMPLETE":
            return True
        if not is_final(reading.status):
            return False
        if self.is_named(reading):
            return True
        if self.execution is Execution.RUNNING:
            # This reading is older than the response, so it decides nothing.
            self.execution, self.since = self.ask(), self.clock()
            return False
        return self._agree(reading) or self.clock() - self.since >= _PATIENCE

    def _agree(self, reading: StackReading) -> bool:
        """Whether a stack that does not name our change set still says the same as the change set."""
        names_none = not reading.change_set_id
        if self.execution is Execution.COMPLETE:
            return names_none and is_success(reading.status)
        # Under review it was before the execution; see https://github.com/aws/aws-cdk-cli/issues/1802.
        old = is_success(reading.status) or reading.status == "REVIEW_IN_PROGRESS"
        failed = self.execution is Execution.FAILED and not old
        return failed and (names_none or self.is_new(reading))


def _unnamed(where: str, ending: _Ending, reading: StackReading) -> MultiEnvLambdaError:
    """The stack does not name our change set, which did not fail."""
    if ending.execution is Execution.COMPLETE and ending.is_foreign(reading):
        return PlanStale(where, "somebody else changed the stack after this change", hint="run the command again")
    how = ending.execution.value
    what = f"its change set is {how}, but the stack does not name it; last status: {reading.status}"
    return StackError(where, what, hint="run the command again; it checks the current state")
