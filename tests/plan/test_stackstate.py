"""Every state that CloudFormation knows has a written answer, and an unknown one is refused."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from multi_env_lambda.plan.stackstate import (
    CHANGE_SET_ANSWERS,
    STACK_ANSWERS,
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
    change_set_answer,
    is_final,
    is_success,
    stack_answer,
)

NOTHING_CHANGED = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)


@cache
def enum_of(shape: str) -> tuple[str, ...]:
    import botocore.session

    model: Any = botocore.session.Session().get_service_model("cloudformation")
    return tuple(model.shape_for(shape).enum)


def test_the_table_names_exactly_the_stack_statuses_of_the_api() -> None:
    assert set(STACK_ANSWERS) == set(enum_of("StackStatus"))


def test_the_table_names_exactly_the_change_set_statuses_of_the_api() -> None:
    assert set(CHANGE_SET_ANSWERS) == set(enum_of("ChangeSetStatus"))
    assert {frozenset(row) for row in CHANGE_SET_ANSWERS.values()} == {frozenset(enum_of("ExecutionStatus"))}


def test_everything_in_progress_is_waited_for_except_a_review() -> None:
    waited = {status for status, answer in STACK_ANSWERS.items() if isinstance(answer, Wait)}
    assert waited == {status for status in enum_of("StackStatus") if "IN_PROGRESS" in status} - {"REVIEW_IN_PROGRESS"}


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (None, Create()),
        ("REVIEW_IN_PROGRESS", Create()),
        ("DELETE_COMPLETE", Create()),
        ("CREATE_COMPLETE", Update()),
        ("UPDATE_COMPLETE", Update()),
        ("UPDATE_ROLLBACK_COMPLETE", Update()),
        ("IMPORT_COMPLETE", Update()),
        ("IMPORT_ROLLBACK_COMPLETE", Update()),
        ("ROLLBACK_COMPLETE", DeleteThenCreate()),
        ("ROLLBACK_FAILED", DeleteThenCreate()),
        ("CREATE_FAILED", Rollback()),
        ("UPDATE_FAILED", Rollback()),
        ("UPDATE_ROLLBACK_FAILED", ContinueRollback()),
    ],
)
def test_a_stack_that_can_be_helped_is_helped(status: str | None, answer: object) -> None:
    assert stack_answer(status) == answer


@pytest.mark.parametrize("status", ["DELETE_FAILED", "IMPORT_ROLLBACK_FAILED", "TELEPORT_COMPLETE"])
def test_what_only_a_person_can_decide_is_refused(status: str) -> None:
    assert isinstance(stack_answer(status), Refuse)


def test_an_unknown_status_is_named_in_the_refusal_and_is_never_success() -> None:
    answer = stack_answer("TELEPORT_COMPLETE")
    assert isinstance(answer, Refuse) and "TELEPORT_COMPLETE" in answer.reason
    assert is_final("TELEPORT_COMPLETE") and not is_success("TELEPORT_COMPLETE")
    assert not is_final("TELEPORT_IN_PROGRESS")


def test_only_two_statuses_are_success() -> None:
    assert {status for status in enum_of("StackStatus") if is_success(status)} == {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def test_a_review_is_final_because_nobody_else_will_end_it() -> None:
    assert is_final("REVIEW_IN_PROGRESS")


@pytest.mark.parametrize(
    ("status", "execution", "answer"),
    [
        ("CREATE_PENDING", "UNAVAILABLE", KeepWaiting()),
        ("CREATE_IN_PROGRESS", "UNAVAILABLE", KeepWaiting()),
        ("CREATE_COMPLETE", "AVAILABLE", ChangesReady()),
        ("CREATE_COMPLETE", "EXECUTE_IN_PROGRESS", Executed()),
        ("CREATE_COMPLETE", "EXECUTE_COMPLETE", Executed()),
        ("CREATE_COMPLETE", "EXECUTE_FAILED", Executed()),
        ("CREATE_COMPLETE", "OBSOLETE", Obsolete()),
    ],
)
def test_a_change_set_is_read_by_both_of_its_statuses(status: str, execution: str, answer: object) -> None:
    assert change_set_answer(status, execution, "") == answer


@pytest.mark.parametrize("reason", [NOTHING_CHANGED, "No updates are to be performed."])
def test_an_empty_change_set_is_no_failure(reason: str) -> None:
    assert change_set_answer("FAILED", "UNAVAILABLE", reason) == NoChanges()


def test_a_failed_change_set_says_its_reason() -> None:
    assert change_set_answer("FAILED", "UNAVAILABLE", "Transform failed") == NotExecuted("Transform failed")


@pytest.mark.parametrize(("status", "execution"), [("NEW", "AVAILABLE"), ("CREATE_COMPLETE", "NEW")])
def test_an_unknown_change_set_status_is_not_executed(status: str, execution: str) -> None:
    assert isinstance(change_set_answer(status, execution, ""), NotExecuted)


def test_a_deleted_change_set_is_never_executed() -> None:
    rows = [CHANGE_SET_ANSWERS[status] for status in enum_of("ChangeSetStatus") if status.startswith("DELETE")]
    assert all(isinstance(answer, NotExecuted) for row in rows for answer in row.values())
