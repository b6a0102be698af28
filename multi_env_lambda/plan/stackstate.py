"""What to do about a stack or a change set in any state that CloudFormation knows: one closed answer per state.

Input: the status words of DescribeStacks and DescribeChangeSet. Output: one value of ``StackAnswer`` or
``ChangeSetAnswer``.
A status that is not in the tables (a future one) is refused; nothing unknown ever counts as success.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from multi_env_lambda.wording import advice, option

__all__ = [
    "CHANGE_SET_ANSWERS",
    "STACK_ANSWERS",
    "ChangeSetAnswer",
    "ChangesReady",
    "ContinueRollback",
    "Create",
    "DeleteThenCreate",
    "Executed",
    "KeepWaiting",
    "NoChanges",
    "NotExecuted",
    "Obsolete",
    "Refuse",
    "Rollback",
    "StackAnswer",
    "Update",
    "Wait",
    "change_set_answer",
    "is_final",
    "is_success",
    "stack_answer",
]


@attrs.frozen
class Create:
    """A change set of type CREATE: there is no stack with this name, or only an empty one under review."""


@attrs.frozen
class Update:
    """A change set of type UPDATE: the stack is whole."""


@attrs.frozen
class Wait:
    """An operation is running; check again when it is over."""


@attrs.frozen
class DeleteThenCreate:
    """The first deployment was rolled back; such a stack can only be deleted, and nothing in it ever worked."""


@attrs.frozen
class Rollback:
    """An operation failed with rollback disabled; RollbackStack, then check again."""


@attrs.frozen
class ContinueRollback:
    """A rollback got stuck; ContinueUpdateRollback once, skipping nothing, then check again."""


@attrs.frozen
class Refuse:
    """Only a person can decide this."""

    reason: str
    hint: str


StackAnswer = Create | Update | Wait | DeleteThenCreate | Rollback | ContinueRollback | Refuse

_DELETE_FAILED = Refuse(
    "an earlier deletion of the stack failed halfway",
    advice(
        "`destroy` it again once the cause is removed, or with `{}` for each resource to keep",
        option("retain", "LOGICAL-ID"),
    ),
)
_IMPORT_ROLLBACK_FAILED = Refuse(
    "an import of resources failed, and so did its rollback",
    "repair the stack in the CloudFormation console, then run the command again",
)

STACK_ANSWERS: Mapping[str, StackAnswer] = {
    "REVIEW_IN_PROGRESS": Create(),
    "CREATE_IN_PROGRESS": Wait(),
    "CREATE_COMPLETE": Update(),
    "CREATE_FAILED": Rollback(),
    "ROLLBACK_IN_PROGRESS": Wait(),
    "ROLLBACK_COMPLETE": DeleteThenCreate(),
    "ROLLBACK_FAILED": DeleteThenCreate(),
    "UPDATE_IN_PROGRESS": Wait(),
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": Wait(),
    "UPDATE_COMPLETE": Update(),
    "UPDATE_FAILED": Rollback(),
    "UPDATE_ROLLBACK_IN_PROGRESS": Wait(),
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": Wait(),
    "UPDATE_ROLLBACK_COMPLETE": Update(),
    "UPDATE_ROLLBACK_FAILED": ContinueRollback(),
    "DELETE_IN_PROGRESS": Wait(),
    "DELETE_COMPLETE": Create(),
    "DELETE_FAILED": _DELETE_FAILED,
    "IMPORT_IN_PROGRESS": Wait(),
    "IMPORT_COMPLETE": Update(),
    "IMPORT_ROLLBACK_IN_PROGRESS": Wait(),
    "IMPORT_ROLLBACK_COMPLETE": Update(),
    "IMPORT_ROLLBACK_FAILED": _IMPORT_ROLLBACK_FAILED,
}
"""Every StackStatus of the API, and what a deployment does about it."""

_UPGRADE = "upgrade multi_env_lambda; this version does not know that status"
_SUCCESSES = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})


def stack_answer(status: str | None) -> StackAnswer:
    """What a deployment does about a stack in this status; None: there is no such stack.

    >>> stack_answer("ROLLBACK_COMPLETE")
    DeleteThenCreate()
    """
    if status is None:
        return Create()
    return STACK_ANSWERS.get(status, Refuse(f"the stack is in the unknown status `{status}`", _UPGRADE))


def is_final(status: str) -> bool:
    """Whether nothing more will happen without a call. REVIEW_IN_PROGRESS counts as final: it waits for a person.

    An unknown status is final when its name does not say IN_PROGRESS, so that no wait hangs on it.
    """
    if status in STACK_ANSWERS:
        return not isinstance(STACK_ANSWERS[status], Wait)
    return not status.endswith("_IN_PROGRESS")


def is_success(status: str) -> bool:
    """Whether this final status means that a CREATE or an UPDATE succeeded."""
    return status in _SUCCESSES


@attrs.frozen
class KeepWaiting:
    """The change set is being computed, executed or deleted."""


@attrs.frozen
class ChangesReady:
    """The change set can be executed."""


@attrs.frozen
class NoChanges:
    """The stack is already what the template says."""


@attrs.frozen
class Executed:
    """Its execution began (and perhaps ended): from here on the stack's own status counts."""


@attrs.frozen
class Obsolete:
    """Another change set was executed first; the stack is not what this one was computed against."""


@attrs.frozen
class NotExecuted:
    """It cannot be executed, now or later."""

    reason: str


ChangeSetAnswer = KeepWaiting | ChangesReady | NoChanges | Executed | Obsolete | NotExecuted

_GONE = NotExecuted("the change set was deleted before it was executed")
_UNAVAILABLE = NotExecuted("the change set is complete, but cannot be executed")
_READY: Mapping[str, ChangeSetAnswer] = {
    "AVAILABLE": ChangesReady(),
    "UNAVAILABLE": _UNAVAILABLE,
    "EXECUTE_IN_PROGRESS": Executed(),
    "EXECUTE_COMPLETE": Executed(),
    "EXECUTE_FAILED": Executed(),
    "OBSOLETE": Obsolete(),
}
_EXECUTION_STATUSES = tuple(_READY)


def _always(answer: ChangeSetAnswer) -> dict[str, ChangeSetAnswer]:
    return dict.fromkeys(_EXECUTION_STATUSES, answer)


CHANGE_SET_ANSWERS: Mapping[str, Mapping[str, ChangeSetAnswer]] = {
    "CREATE_PENDING": _always(KeepWaiting()) | {"OBSOLETE": Obsolete()},
    "CREATE_IN_PROGRESS": _always(KeepWaiting()) | {"OBSOLETE": Obsolete()},
    "CREATE_COMPLETE": _READY,
    "DELETE_PENDING": _always(_GONE),
    "DELETE_IN_PROGRESS": _always(_GONE),
    "DELETE_COMPLETE": _always(_GONE),
    "DELETE_FAILED": _always(NotExecuted("deleting the change set failed")),
    "FAILED": _always(NotExecuted("the change set could not be computed")),
}
"""Status, then ExecutionStatus. FAILED is examined by ``change_set_answer``: it may mean "no changes"."""

_NO_CHANGES = ("didn't contain changes", "no updates are to be performed")


def change_set_answer(status: str, execution_status: str, reason: str) -> ChangeSetAnswer:
    """What a change set in this state means; ``reason`` is its StatusReason.

    >>> change_set_answer("FAILED", "UNAVAILABLE", "The submitted information didn't contain changes.")
    NoChanges()
    """
    if status == "FAILED":
        if any(words in reason.lower() for words in _NO_CHANGES):
            return NoChanges()
        return NotExecuted(reason or "the change set could not be computed")
    answer = CHANGE_SET_ANSWERS.get(status, {}).get(execution_status)
    if answer is None:
        return NotExecuted(f"the change set is in the unknown status `{status}`, `{execution_status}`")
    return answer
