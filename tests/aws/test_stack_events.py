"""Out of a stack's long history come the causes of the last failure, and what to do about them."""

from __future__ import annotations

import pytest

from multi_env_lambda.aws.stack_events import StackEvent, first_causes, hint_of, last_operation

STACK_ID = "arn:aws:cloudformation:us-east-1:222222222222:stack/orders-test/1"
STACK = "AWS::CloudFormation::Stack"


def event(logical_id: str, status: str, reason: str = "", *, kind: str = "AWS::S3::Bucket") -> StackEvent:
    return StackEvent(
        logical_id=logical_id,
        resource_type=kind,
        status=status,
        reason=reason,
        time=0.0,
        token="",
        physical_id=STACK_ID if logical_id == "orders-test" else logical_id,
        stack_id=STACK_ID,
    )


def of_stack(status: str, reason: str = "") -> StackEvent:
    return event("orders-test", status, reason, kind=STACK)


FAILED_UPDATE = (
    of_stack("UPDATE_IN_PROGRESS", "User Initiated"),
    event("Data", "CREATE_FAILED", "acme already exists"),
    event("Role", "UPDATE_FAILED", "Resource update cancelled"),
    of_stack("UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Data]"),
    of_stack("UPDATE_ROLLBACK_COMPLETE"),
)


def test_the_last_operation_ends_where_it_began_and_has_its_rollback() -> None:
    earlier = (of_stack("CREATE_IN_PROGRESS"), event("Old", "CREATE_FAILED", "old"), of_stack("CREATE_COMPLETE"))
    assert last_operation(reversed(earlier + FAILED_UPDATE)) == FAILED_UPDATE


def test_events_before_the_last_operation_are_not_even_read() -> None:
    def newest_first() -> object:
        yield from reversed(FAILED_UPDATE)
        raise AssertionError("one page too many")

    assert last_operation(newest_first()) == FAILED_UPDATE  # type: ignore[arg-type]


def test_a_nested_stack_does_not_end_the_operation() -> None:
    nested = event("Nested", "CREATE_IN_PROGRESS", kind=STACK)
    assert last_operation(reversed((*FAILED_UPDATE, nested))) == (*FAILED_UPDATE, nested)


def test_only_what_failed_by_itself_is_a_cause() -> None:
    assert first_causes(FAILED_UPDATE) == ("Data (AWS::S3::Bucket): acme already exists",)


def test_a_cause_is_told_once_and_in_one_line() -> None:
    twice = event("Data", "DELETE_FAILED", "not\n  empty")
    assert first_causes([twice, twice]) == ("Data (AWS::S3::Bucket): not empty",)


def test_where_no_resource_failed_the_stack_speaks() -> None:
    causes = first_causes([of_stack("CREATE_IN_PROGRESS"), of_stack("CREATE_FAILED", "Transform failed")])
    assert causes == ("orders-test (AWS::CloudFormation::Stack): Transform failed",)


def test_what_concerns_no_resource_is_told_from_where_cloudformation_begins_to_go_back() -> None:
    reason = "Export orders cannot be updated as it is in use by billing-test"
    ended = (of_stack("UPDATE_ROLLBACK_IN_PROGRESS", reason), of_stack("UPDATE_ROLLBACK_COMPLETE"))
    causes = first_causes((of_stack("UPDATE_IN_PROGRESS", "User Initiated"), event("Data", "UPDATE_COMPLETE"), *ended))

    assert causes == (f"orders-test (AWS::CloudFormation::Stack): {reason}",)
    assert hint_of(causes) == "first deploy the stacks that import it without that import, or with a different export"


def test_followers_are_told_where_there_is_nothing_else() -> None:
    assert len(first_causes([event("Role", "CREATE_FAILED", "Resource creation cancelled")])) == 1


@pytest.mark.parametrize(
    ("cause", "word"),
    [
        ("Your access has been denied by S3 (…). S3 Error Code: AccessDenied", "bootstrap"),
        ("Error occurred while GetObject. S3 Error Code: NoSuchKey", "publish"),
        ("Error occurred while GetObject. S3 Error Code: PermanentRedirect", "region"),
        ("User: arn is not authorized to perform: iam:CreateRole", "role"),
        ("acme-data already exists", "rename"),
        ("acme-data already exists", "`adopt --stack`"),
        ("with identifier 'acme' was not found. (RequestToken: 0, HandlerErrorCode: NotFound)", "deleted by hand"),
        ("Action denied by stack policy: Statement [#1] does not allow [Update:Modify]", "set-stack-policy"),
        ("Action not allowed by stack policy: no statement allows", "get-stack-policy"),
        ("The final policy size (20588) is bigger than the limit (20480).", "to another function"),
        ("'MemorySize' value failed to satisfy constraint: less than or equal to 3008", "a smaller `memory_size`"),
        ("You must wait 60 seconds after deleting a queue before you can create another", "wait"),
        ("Syntax errors in policy. (MalformedPolicyDocument)", "policies"),
        ("CloudWatch Logs role ARN must be set in account settings to enable logging", "update-account"),
        ("something new", "same command again"),
    ],
)
def test_a_known_cause_has_a_hint_of_its_own(cause: str, word: str) -> None:
    assert word in hint_of([cause])
