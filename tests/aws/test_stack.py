"""A stack reaches what its template says from every state, once, and failures carry their first causes."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from multi_env_lambda.aws.change_set import capabilities
from multi_env_lambda.aws.poller import Poller, StackReading
from multi_env_lambda.aws.stack import Stacks
from multi_env_lambda.errors import PlanStale, PublishError, Refused, SessionEnded, StackError
from multi_env_lambda.host.retrying import Retrying
from multi_env_lambda.testing.lease import FakeHeld
from tests.tools.cloudformation import InMemoryCloudFormation
from tests.tools.faulty_client import FaultyClient


def template(value: str = "1") -> str:
    resources = {"Function": {"Type": "AWS::Lambda::Function", "Properties": {"Description": value}}}
    return json.dumps({"Resources": resources, "Outputs": {"Value": {"Value": value}}})


@attrs.define
class Clock:
    """Time that passes only by sleeping."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@attrs.define(kw_only=True)
class Setting:
    cloud: InMemoryCloudFormation
    client: FaultyClient
    stacks: Stacks
    clock: Clock
    told: list[str] = attrs.field(factory=list)
    held: FakeHeld = attrs.field(factory=FakeHeld)

    def deploy(self, value: str = "1", *, token: str = "run-1 orders", **options: Any) -> Any:
        return self.stacks.deploy(
            "orders-test", template(value), held=self.held, token=token, on_event=self.told.append, **options
        )


def setting(**options: Any) -> Setting:
    cloud, clock = InMemoryCloudFormation(**options), Clock()
    client = FaultyClient(cloud)
    poller = Poller(client, clock=clock, sleep=clock.sleep, jitter=lambda: 1.0)
    return Setting(
        cloud=cloud,
        client=client,
        clock=clock,
        stacks=Stacks(client, poller, place="test", retrying=Retrying(sleep=clock.sleep)),
    )


def test_a_new_stack_is_created_with_its_outputs() -> None:
    it = setting(steps=2)
    result = it.deploy()
    assert (result.changed, result.outputs) == (True, {"Value": "1"})
    assert it.told == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]


def test_an_equal_template_changes_nothing_and_leaves_nothing_behind() -> None:
    it = setting()
    first = it.deploy(tags={"unit": "orders"})
    again = it.deploy(token="run-2 orders", tags={"unit": "orders"})
    assert (again.changed, again.outputs, again.stack_id) == (False, {"Value": "1"}, first.stack_id)
    assert it.cloud.executions == 1
    assert len(it.cloud.change_set_names()) == 1


def test_another_template_updates_the_stack() -> None:
    it = setting()
    it.deploy()
    assert it.deploy("2", token="run-2").outputs == {"Value": "2"}
    assert it.told[-1] == "UPDATE_COMPLETE"


@pytest.mark.parametrize("stale", [1, 2, 7])
def test_reads_from_before_the_execution_are_not_believed(stale: int) -> None:
    it = setting(stale=stale)
    it.deploy()
    assert it.deploy("2", token="run-2").outputs == {"Value": "2"}


@pytest.mark.parametrize("operation", ["create_change_set", "execute_change_set"])
@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("first", [True, False])
def test_a_lost_answer_is_settled_and_nothing_is_done_twice(operation: str, applied: bool, first: bool) -> None:
    it = setting()
    if not first:
        it.deploy("0", token="run-0")
    before = it.cloud.executions
    it.client.lose(operation, applied=applied)
    assert it.deploy().changed is True
    assert it.cloud.executions == before + 1


def test_nothing_is_executed_before_the_caller_is_ready() -> None:
    it = setting()

    def ready() -> None:
        it.told.append("asked")
        raise PublishError("s3://acme/layer.zip", "it cannot be written", hint="run again")

    with pytest.raises(PublishError):
        it.deploy(ready=ready)
    assert (it.told, it.cloud.executions) == (["asked"], 0)


@pytest.mark.parametrize(
    ("operation", "token", "status"),
    [
        ("create_change_set", "ClientToken", "UPDATE_COMPLETE"),
        ("execute_change_set", "ClientRequestToken", "UPDATE_COMPLETE"),
        ("delete_stack", "ClientRequestToken", "ROLLBACK_COMPLETE"),
        ("rollback_stack", "ClientRequestToken", "UPDATE_FAILED"),
        ("continue_update_rollback", "ClientRequestToken", "UPDATE_ROLLBACK_FAILED"),
    ],
)
def test_a_repeated_call_has_the_token_of_the_first_one(operation: str, token: str, status: str) -> None:
    it = setting()
    it.cloud.put_stack("orders-test", status)
    it.client.fail(operation, code="Throttling", status=400, message="Rate exceeded", times=2)
    it.deploy()
    tokens = [call[token] for name, call in it.client.calls if name == operation]
    assert (len(tokens), len(set(tokens))) == (3, 1)


@pytest.mark.parametrize(
    "operation", ["describe_stacks", "create_change_set", "describe_change_set", "execute_change_set"]
)
def test_throttling_and_server_faults_only_cost_time(operation: str) -> None:
    it = setting()
    if operation == "describe_stacks":
        it.cloud.put_stack("orders-test", "UPDATE_IN_PROGRESS", then=["UPDATE_COMPLETE"])
        it.client.answer("describe_stacks", lambda answer: answer)
    it.client.fail(operation, code="Throttling", status=400, message="Rate exceeded")
    it.client.fail(operation, code="InternalFailure", status=500)
    assert it.deploy().changed is True


def test_a_failure_carries_the_first_cause_and_not_its_followers() -> None:
    it = setting()
    it.cloud.fail_next("Function", "Your access has been denied by S3.\n S3 Error Code: AccessDenied")
    with pytest.raises(StackError) as caught:
        it.deploy()
    assert caught.value.where == "stack orders-test in test"
    cause = "Function (AWS::Lambda::Function): Your access has been denied by S3. S3 Error Code: AccessDenied"
    assert caught.value.what == f"ROLLBACK_COMPLETE: {cause}"


def test_causes_of_an_earlier_failure_are_not_told_again() -> None:
    it = setting()
    it.deploy("0", token="run-0")
    for value in ("first cause", "second cause"):
        it.cloud.fail_next("Function", value)
        with pytest.raises(StackError) as caught:
            it.deploy(value, token=value)
    assert "second cause" in caught.value.what and "first cause" not in caught.value.what


def test_a_stack_whose_creation_failed_is_made_anew() -> None:
    it = setting()
    it.cloud.fail_next("Function", "no")
    with pytest.raises(StackError):
        it.deploy()
    failed = it.cloud.status_of("orders-test")
    result = it.deploy(token="run-2")
    assert failed == "ROLLBACK_COMPLETE" and it.cloud.status_of(result.stack_id) == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("status", "calls"),
    [
        ("REVIEW_IN_PROGRESS", ()),
        ("CREATE_COMPLETE", ()),
        ("UPDATE_ROLLBACK_COMPLETE", ()),
        ("ROLLBACK_COMPLETE", ("delete_stack",)),
        ("ROLLBACK_FAILED", ("delete_stack",)),
        ("CREATE_FAILED", ("rollback_stack", "delete_stack")),
        ("UPDATE_FAILED", ("rollback_stack",)),
        ("UPDATE_ROLLBACK_FAILED", ("continue_update_rollback",)),
        ("DELETE_COMPLETE", ()),
    ],
)
@pytest.mark.parametrize("stale", [0, 1, 6])
def test_every_state_is_repaired(status: str, calls: tuple[str, ...], stale: int) -> None:
    it = setting(stale=stale)
    it.cloud.put_stack("orders-test", status)
    assert it.deploy().changed is True
    repairs = ("delete_stack", "rollback_stack", "continue_update_rollback")
    assert tuple(dict.fromkeys(name for name, _ in it.client.calls if name in repairs)) == calls


@pytest.mark.parametrize("operation", ["delete_stack", "rollback_stack", "continue_update_rollback"])
@pytest.mark.parametrize("applied", [True, False])
def test_a_lost_answer_to_a_repair_is_settled(operation: str, applied: bool) -> None:
    it = setting()
    states = {"delete_stack": "ROLLBACK_COMPLETE", "rollback_stack": "UPDATE_FAILED"}
    it.cloud.put_stack("orders-test", states.get(operation, "UPDATE_ROLLBACK_FAILED"))
    it.client.lose(operation, applied=applied)
    assert it.deploy().changed is True


def test_somebody_elses_update_is_waited_for() -> None:
    it = setting()
    it.cloud.put_stack("orders-test", "UPDATE_IN_PROGRESS", then=["UPDATE_IN_PROGRESS"] * 9 + ["UPDATE_COMPLETE"])
    assert it.deploy().changed is True
    assert it.clock.now > 1.0


def test_a_stuck_rollback_is_continued_only_once() -> None:
    it = setting()
    it.cloud.put_stack("orders-test", "UPDATE_ROLLBACK_FAILED")
    it.cloud.fail_next("Data", "it is not empty")
    with pytest.raises(StackError, match="UPDATE_ROLLBACK_FAILED"):
        it.deploy()
    assert [name for name, _ in it.client.calls].count("continue_update_rollback") == 1


@pytest.mark.parametrize("status", ["DELETE_FAILED", "IMPORT_ROLLBACK_FAILED", "TELEPORT_COMPLETE"])
def test_what_only_a_person_can_decide_is_left_alone(status: str) -> None:
    it = setting()
    it.cloud.put_stack("orders-test", status)
    with pytest.raises(StackError):
        it.deploy()
    assert {name for name, _ in it.client.calls} == {"describe_stacks"}


def test_a_protected_stack_is_not_deleted() -> None:
    it = setting()
    it.cloud.put_stack("orders-test", "ROLLBACK_COMPLETE", protected=True)
    with pytest.raises(StackError, match="termination protection"):
        it.deploy()
    assert "delete_stack" not in [name for name, _ in it.client.calls]


def test_a_wait_ends_at_its_deadline_with_the_last_status() -> None:
    it = setting()
    it.cloud.put_stack("orders-test", "UPDATE_IN_PROGRESS", then=["UPDATE_IN_PROGRESS"] * 9999)
    with pytest.raises(StackError, match="last status: UPDATE_IN_PROGRESS"):
        it.deploy(deadline_seconds=60)
    assert 60 <= it.clock.now < 70


def test_a_cloud_that_answers_no_more_is_given_up_long_before_the_deadline() -> None:
    it = setting()
    it.client.fail("describe_change_set", code="InternalFailure", status=500, times=9999)
    with pytest.raises(StackError, match="InternalFailure"):
        it.deploy(deadline_seconds=3600)
    assert 300 <= it.clock.now < 320


def test_a_change_computed_before_somebody_elses_is_not_made() -> None:
    it = setting()
    it.deploy("0", token="run-0")

    def overtaken(answer: Any) -> Any:
        other = Stacks(it.cloud, Poller(it.cloud), place="test", retrying=Retrying(sleep=it.clock.sleep))
        other.deploy("orders-test", template("theirs"), held=FakeHeld(), token="other")
        return answer

    it.client.answer("describe_change_set", overtaken)
    with pytest.raises(PlanStale):
        it.deploy()
    stack = it.stacks.describe("orders-test")
    assert stack is not None and stack.outputs == {"Value": "theirs"}


def test_an_update_begun_by_somebody_else_meanwhile_is_waited_for() -> None:
    it = setting()
    it.deploy("0", token="run-0")
    text = "Stack:arn is in UPDATE_IN_PROGRESS state and can not be updated."
    it.client.fail("create_change_set", code="ValidationError", status=400, message=text)
    assert it.deploy().changed is True


def test_a_refused_template_leaves_no_empty_stack() -> None:
    it = setting()
    it.client.answer("describe_change_set", lambda answer: {**answer, "Status": "FAILED", "StatusReason": "bad macro"})
    with pytest.raises(StackError, match="bad macro"):
        it.deploy()
    assert it.stacks.describe("orders-test") is None or it.cloud.status_of("orders-test") == "DELETE_IN_PROGRESS"
    assert it.cloud.change_set_names() == []


def test_a_denial_is_explained() -> None:
    it = setting()
    it.client.fail("create_change_set", code="AccessDenied", status=403, message="no")
    with pytest.raises(StackError) as caught:
        it.deploy()
    assert "AccessDenied: no" in caught.value.what and "role" in caught.value.hint


@pytest.mark.parametrize("operation", ["describe_stacks", "create_change_set"])
def test_credentials_that_ran_out_are_an_account_error(operation: str) -> None:
    it = setting()
    it.client.fail(operation, code="ExpiredToken", status=400, message="The security token has expired")
    with pytest.raises(SessionEnded, match="expired") as caught:
        it.deploy()
    assert "run the same command again" in caught.value.hint


def test_a_template_too_long_to_send_is_sent_by_address() -> None:
    it = setting()
    long = template("x" * 60_000)
    it.stacks.deploy(
        "orders-test",
        long,
        held=it.held,
        token="t",
        address_of=lambda text: f"https://s3.us-east-1.amazonaws.com/b/{len(text)}",
    )
    (call,) = (parameters for name, parameters in it.client.calls if name == "create_change_set")
    assert call["TemplateURL"].endswith(f"/b/{len(long)}") and "TemplateBody" not in call


def test_a_template_too_long_to_send_without_address_is_refused_before_any_write() -> None:
    it = setting()
    with pytest.raises(StackError, match="51200"):
        it.stacks.deploy("orders-test", template("x" * 60_000), held=it.held, token="t")
    assert {name for name, _ in it.client.calls} == {"describe_stacks"}


def test_tokens_are_what_the_api_accepts_whatever_the_run_is_called() -> None:
    it = setting()
    it.deploy(token="run/ünïcode $(id)\n")
    names = [call[key] for _, call in it.client.calls for key in ("ClientToken", "ChangeSetName") if key in call]
    assert all(len(name) <= 128 for name in names)
    assert all(name.startswith("mel-") for name in names if not name.startswith("arn:"))


def test_rollback_is_never_left_to_the_default() -> None:
    it = setting()
    it.deploy()
    (call,) = (parameters for name, parameters in it.client.calls if name == "execute_change_set")
    assert call["DisableRollback"] is False


def test_macros_are_allowed_only_to_a_template_that_names_one() -> None:
    assert capabilities(template()) == ("CAPABILITY_NAMED_IAM",)
    assert capabilities('{"Transform": "X"}') == ("CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")


def test_a_stack_is_deleted_by_its_id() -> None:
    it = setting()
    stack_id = it.deploy().stack_id
    assert it.stacks.delete("orders-test", held=it.held, token="t") is True
    assert it.stacks.delete("orders-test", held=it.held, token="t") is False
    assert [call["StackName"] for name, call in it.client.calls if name == "delete_stack"] == [stack_id]


@pytest.mark.parametrize("stale", range(8))
def test_a_deletion_is_not_called_failed_because_of_old_reads(stale: int) -> None:
    it = setting(stale=stale)
    it.deploy()
    assert it.stacks.delete("orders-test", held=it.held, token="t") is True
    assert it.stacks.describe("orders-test") is None


def test_a_failed_deletion_says_what_blocks_it() -> None:
    it = setting()
    it.deploy()
    it.cloud.fail_next("Data", "The bucket you tried to delete is not empty")
    with pytest.raises(StackError, match="DELETE_FAILED: Data .*not empty"):
        it.stacks.delete("orders-test", held=it.held, token="t")


def test_the_events_are_those_of_the_latest_operation() -> None:
    it = setting()
    it.deploy()
    it.deploy("2", token="run-2")
    assert [event.status for event in it.stacks.events("orders-test")] == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]


# --- old reads ---
def calls_of(it: Setting) -> list[str]:
    return [name for name, _ in it.client.calls]


def test_who_has_just_looked_need_not_look_again() -> None:
    it = setting()
    before = it.stacks.describe("orders-test")
    it.client.calls.clear()
    it.deploy(before=before)
    assert calls_of(it)[0] == "create_change_set"
    again = it.stacks.describe("orders-test")
    it.client.calls.clear()
    assert it.deploy("2", token="run-2", before=again).outputs == {"Value": "2"}
    assert calls_of(it)[0] == "create_change_set"


def test_a_look_that_is_old_by_now_is_made_again() -> None:
    it = setting()
    it.deploy("0", token="run-0")
    assert it.deploy(before=None).changed is True


@attrs.define
class Old:
    """An update whose next ``stale`` reads of the stack are from before; ``named``: whether stacks name change sets."""

    execution: str
    status: str
    stale: int
    before: str
    named: bool
    reads: int = 0
    executed: bool = False

    def describe_stacks(self, StackName: str) -> Any:
        self.reads += self.executed
        new = self.executed and self.reads > self.stale
        stack = {"StackId": "arn:s", "StackName": "s", "StackStatus": self.status if new else self.before}
        outputs = [{"OutputKey": "Is", "OutputValue": "new" if new else "old"}]
        return {"Stacks": [{**stack, "Outputs": outputs, "ChangeSetId": ("ours" if new else "old") * self.named}]}

    def create_change_set(self, **_: Any) -> Any:
        return {"Id": "ours", "StackId": "arn:s"}

    def describe_change_set(self, **_: Any) -> Any:
        execution = self.execution if self.executed else "AVAILABLE"
        return {"Status": "CREATE_COMPLETE", "ExecutionStatus": execution, "ChangeSetId": "ours", "StackId": "arn:s"}

    def execute_change_set(self, **_: Any) -> None:
        self.executed = True

    def describe_stack_events(self, **_: Any) -> Any:
        return {"StackEvents": []}


def deploy_over(cloud: Any) -> Any:
    clock = Clock()
    poller = Poller(cloud, clock=clock, sleep=clock.sleep, jitter=lambda: 1.0)
    stacks = Stacks(cloud, poller, place="test", retrying=Retrying(sleep=clock.sleep))
    return stacks.deploy("s", "{}", held=FakeHeld(), token="t")


def test_a_good_update_takes_five_calls() -> None:
    client = FaultyClient(Old("EXECUTE_COMPLETE", "UPDATE_COMPLETE", 0, "CREATE_COMPLETE", True))
    deploy_over(client)
    assert [name for name, _ in client.calls] == [
        "describe_stacks",
        "create_change_set",
        "describe_change_set",
        "execute_change_set",
        "describe_stacks",
    ]


OLD_STATES = pytest.mark.parametrize("before", ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])


@pytest.mark.parametrize("named", [True, False], ids=["named", "nameless"])
@pytest.mark.parametrize("stale", range(6))
@OLD_STATES
def test_a_change_set_that_failed_is_never_a_success(stale: int, before: str, named: bool) -> None:
    cloud = Old("EXECUTE_FAILED", "UPDATE_ROLLBACK_COMPLETE", stale, before, named)
    with pytest.raises(StackError) as caught:
        deploy_over(cloud)
    assert caught.value.what.startswith(("UPDATE_ROLLBACK_COMPLETE", "EXECUTE_FAILED"))
    # Only a reading that surely is a new one may say that what ran before runs again.
    if caught.value.put_back:
        assert cloud.reads > stale


@pytest.mark.parametrize("named", [True, False], ids=["named", "nameless"])
@pytest.mark.parametrize("stale", range(6))
def test_a_creation_that_failed_is_told_by_its_end_and_not_by_the_review_before_it(stale: int, named: bool) -> None:
    with pytest.raises(StackError) as caught:
        deploy_over(Old("EXECUTE_FAILED", "ROLLBACK_COMPLETE", stale, "REVIEW_IN_PROGRESS", named))
    assert caught.value.what.startswith("ROLLBACK_COMPLETE")
    assert caught.value.put_back, "nothing runs, as before"


@pytest.mark.parametrize("stale", range(6))
@OLD_STATES
def test_a_success_is_believed_when_the_stack_shows_it(stale: int, before: str) -> None:
    result = deploy_over(Old("EXECUTE_COMPLETE", "UPDATE_COMPLETE", stale, before, True))
    assert (result.changed, result.outputs) == (True, {"Is": "new"})


def test_a_stack_that_names_no_change_set_is_read_once_more_after_the_change_set_ended() -> None:
    cloud = Old("EXECUTE_COMPLETE", "UPDATE_COMPLETE", 1, "CREATE_COMPLETE", False)
    assert (deploy_over(cloud).outputs, cloud.reads) == ({"Is": "new"}, 2)


def test_a_failed_update_that_the_stack_shows_is_told_as_put_back() -> None:
    with pytest.raises(StackError) as caught:
        deploy_over(Old("EXECUTE_FAILED", "UPDATE_ROLLBACK_COMPLETE", 2, "UPDATE_COMPLETE", True))
    assert (caught.value.what[:24], caught.value.put_back) == ("UPDATE_ROLLBACK_COMPLETE", True)


@pytest.mark.parametrize(
    ("execution", "error", "text"),
    [
        ("EXECUTE_FAILED", StackError, "EXECUTE_FAILED"),
        ("EXECUTE_IN_PROGRESS", StackError, "not finished after 3"),
    ],
)
def test_a_stack_that_never_shows_the_change_ends_the_wait(execution: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        deploy_over(Old(execution, "UPDATE_COMPLETE", 10**6, "UPDATE_COMPLETE", True))


class Theirs(Old):
    """Somebody else's change set was executed right after ours."""

    def describe_stacks(self, StackName: str) -> Any:
        answer = super().describe_stacks(StackName)
        if self.executed:
            answer["Stacks"][0]["ChangeSetId"] = "theirs"
        return answer


def test_somebody_elses_change_after_ours_is_no_success_of_ours() -> None:
    with pytest.raises(PlanStale, match="after this change"):
        deploy_over(Theirs("EXECUTE_COMPLETE", "UPDATE_COMPLETE", 0, "CREATE_COMPLETE", True))


# --- whose a stack is ---
def not_ours(_: StackReading) -> None:
    raise Refused("orders", "it is somebody else's", hint="ask")


@pytest.mark.parametrize(
    "status", ["UPDATE_COMPLETE", "ROLLBACK_COMPLETE", "CREATE_FAILED", "UPDATE_ROLLBACK_FAILED", "UPDATE_IN_PROGRESS"]
)
def test_a_stack_that_is_not_ours_is_neither_changed_nor_repaired_nor_deleted(status: str) -> None:
    it = setting()
    it.cloud.put_stack("orders-test", status)

    with pytest.raises(Refused):
        it.deploy(check=not_ours)
    with pytest.raises(Refused):
        it.stacks.delete("orders-test", held=it.held, token="t", check=not_ours)
    assert {name for name, _ in it.client.calls} == {"describe_stacks"}


def test_a_stack_that_appears_between_two_looks_is_checked_as_well() -> None:
    it = setting()
    it.cloud.put_stack("orders-test", "CREATE_COMPLETE")

    with pytest.raises(Refused):
        # A look of a moment ago saw none, so its creation is tried, and refused by CloudFormation.
        it.deploy(before=None, check=not_ours)
    assert it.cloud.executions == 0


def test_an_empty_stack_under_review_is_nobodys() -> None:
    it = setting()
    it.cloud.put_stack("orders-test", "REVIEW_IN_PROGRESS")

    assert it.deploy(check=not_ours).changed is True


def test_a_few_stacks_are_asked_for_by_name_and_many_by_pages_of_all() -> None:
    it = setting()
    for number in range(120):
        it.cloud.put_stack(f"s{number}", "UPDATE_COMPLETE")

    assert set(it.stacks.find(["s1", "s119", "none"])) == {"s1", "s119"}
    assert sorted(call["StackName"] for _, call in it.client.calls) == ["none", "s1", "s119"]
    it.client.calls.clear()
    assert set(it.stacks.find(["s1", "s2", "s3", "s119", "none"])) == {"s1", "s2", "s3", "s119"}
    assert len(it.client.calls) == 2


def test_a_role_that_may_not_list_is_asked_by_name() -> None:
    it = setting()
    it.cloud.put_stack("s1", "UPDATE_COMPLETE")
    it.client.fail("describe_stacks", code="AccessDenied", status=403)

    assert set(it.stacks.find(["s1", "s2", "s3", "s4"])) == {"s1"}


def with_a_table(cloud: InMemoryCloudFormation, **more: str) -> None:
    table = {"Ledger": {"Type": "AWS::DynamoDB::Table", **more}}
    cloud.put_stack("orders-test", "CREATE_COMPLETE", template=json.dumps({"Resources": table}))


def no(lost: object) -> None:
    raise Refused("orders", f"{lost}", hint="agree")


def test_a_change_set_with_which_data_would_go_is_deleted_and_not_executed() -> None:
    it = setting()
    with_a_table(it.cloud)
    with pytest.raises(Refused, match="Ledger"):
        it.deploy(loses=no)
    assert (it.cloud.executions, it.cloud.change_set_names()) == (0, [])


def test_a_change_set_that_keeps_the_data_is_executed_without_a_question() -> None:
    it = setting()
    with_a_table(it.cloud, DeletionPolicy="Retain")
    assert it.deploy(loses=no).changed


def test_the_last_page_of_a_long_change_set_is_read_before_it_is_executed() -> None:
    it = setting()
    with_a_table(it.cloud)
    describe = it.cloud.describe_change_set

    def by_pages(*, NextToken: str = "", **names: Any) -> dict[str, Any]:
        said = describe(**names)
        changes = said["Changes"]
        return {**said, "Changes": changes[1:]} if NextToken else {**said, "Changes": changes[:1], "NextToken": "2"}

    it.cloud.describe_change_set = by_pages  # type: ignore[method-assign]
    with pytest.raises(Refused, match="Ledger"):
        it.deploy(loses=no)
    assert it.cloud.executions == 0


def test_an_update_that_puts_things_right_is_compared_with_what_is_there_and_a_creation_is_not() -> None:
    s = setting()
    s.deploy("1", reverts=True)
    s.deploy("2", token="run-2 orders", reverts=True)
    s.deploy("3", token="run-3 orders")

    made = [parameters for name, parameters in s.client.calls if name == "create_change_set"]
    assert [(item["ChangeSetType"], item.get("DeploymentMode")) for item in made] == [
        ("CREATE", None),
        ("UPDATE", "REVERT_DRIFT"),
        ("UPDATE", None),
    ]


ROLE = "arn:aws:iam::222222222222:role/acme-test-execution"

NAMES_A_ROLE = ("create_change_set", "delete_stack", "rollback_stack", "continue_update_rollback")


@pytest.mark.parametrize("status", [None, "ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED"])
def test_cloudformation_acts_as_its_role_in_every_call_that_has_one(status: str | None) -> None:
    it = setting()
    if status is not None:
        it.cloud.put_stack("orders-test", status)
    it.deploy("2", role_arn=ROLE)
    it.stacks.delete("orders-test", held=it.held, token="run 2", role_arn=ROLE)

    named = {name: parameters.get("RoleARN") for name, parameters in it.client.calls if name in NAMES_A_ROLE}
    assert {"create_change_set", "delete_stack"} <= named.keys()
    assert set(named.values()) == {ROLE}
