"""CloudFormation: change sets, executions, waiting, and what a stack's state means."""

from __future__ import annotations

from tests.mutations.mutation import Mutation

__all__ = ["MUTATIONS"]

_STACK, _STATE, _POLLER = ("aws/test_stack.py",), ("plan/test_stackstate.py",), ("aws/test_poller.py",)

MUTATIONS = (
    Mutation(
        "aws/change_set.py",
        "target.held.begin()",
        "pass",
        "The lease is looked at right before a change set is executed.",
        ("test_changing_calls.py::test_once_the_lease_is_lost_no_changing_call_is_sent",),
    ),
    Mutation(
        "aws/change_set.py",
        "            target.held.make_sure()\n            try:\n                answer = self._client.create_change_set(",
        "            try:\n                answer = self._client.create_change_set(",
        "The lease is looked at before each try to make a change set.",
        ("test_changing_calls.py::test_once_the_lease_is_lost_no_changing_call_is_sent",),
    ),
    Mutation(
        "aws/change_set.py",
        "ClientRequestToken=token,\n",
        "ClientRequestToken=request_token(target.token, str(self._clock())),\n",
        "A repeated execution has the token of the first one.",
        ("aws/test_stack.py::test_a_repeated_call_has_the_token_of_the_first_one",),
    ),
    Mutation(
        "aws/change_set.py",
        "DisableRollback=False",
        "DisableRollback=True",
        "A failed update is taken back by CloudFormation.",
        ("aws/test_stack.py::test_rollback_is_never_left_to_the_default",),
    ),
    Mutation(
        "aws/change_set.py",
        'if is_lost(error) or is_throttled(error) or code_of(error) == "AlreadyExistsException":',
        "if is_throttled(error):",
        "A lost answer to the making of a change set is settled by looking for it.",
        ("aws/test_stack.py::test_a_lost_answer_is_settled_and_nothing_is_done_twice",),
    ),
    Mutation(
        "aws/change_set.py",
        "if not self._was_ours(change_set, error, target.where):\n                    raise",
        "raise",
        "A lost answer to an execution that was begun is no failure.",
        ("aws/test_stack.py::test_a_lost_answer_is_settled_and_nothing_is_done_twice",),
    ),
    Mutation(
        "aws/change_set.py",
        "        if isinstance(answer, Obsolete):\n            what",
        "        if False:\n            what",
        "A change set that became obsolete while it was sent is a stale plan.",
        ("aws/test_stack.py::test_a_change_computed_before_somebody_elses_is_not_made",),
    ),
    Mutation(
        "aws/execution.py",
        "return is_success(reading.status) and (self.is_named(reading) or complete)",
        "return is_success(reading.status) and (self.is_named(reading) or self.execution is not Execution.RUNNING)",
        "An execution that failed is never a success, whatever an old reading says.",
        ("aws/test_stack.py::test_a_stack_that_never_shows_the_change_ends_the_wait",),
    ),
    Mutation(
        "aws/execution.py",
        "        if self.execution is Execution.RUNNING:\n            # This reading is older than the answer, so it decides nothing.\n"
        "            self.execution, self.since = self.ask(), self.clock()\n            return False\n",
        "        if self.execution is Execution.RUNNING:\n            self.execution, self.since = self.ask(), self.clock()\n",
        "A reading from before the change set was seen to be over decides nothing.",
        ("aws/test_stack.py::test_a_stack_that_names_no_change_set_is_read_once_more_after_the_change_set_ended",),
    ),
    Mutation(
        "aws/execution.py",
        'return reading.change_set_id == self.ours and reading.status != "REVIEW_IN_PROGRESS"',
        'return reading.status != "REVIEW_IN_PROGRESS"',
        "The end of somebody else's change is not taken for the end of ours.",
        ("aws/test_stack.py::test_reads_from_before_the_execution_are_not_believed",),
    ),
    Mutation(
        "aws/execution.py",
        "complete = self.execution is Execution.COMPLETE and not self.is_foreign(reading)",
        "complete = self.execution is Execution.COMPLETE",
        "What somebody else made of the stack after us is not called our success.",
        ("aws/test_stack.py::test_somebody_elses_change_after_ours_is_no_success_of_ours",),
    ),
    Mutation(
        "aws/execution.py",
        'put_back = reading.status == "UPDATE_ROLLBACK_COMPLETE" and ending.is_new(reading)',
        "put_back = True",
        "Only CloudFormation's own word says that the stack is again as it was.",
        ("aws/test_stack.py::test_a_change_set_that_failed_is_never_a_success",),
    ),
    Mutation(
        "aws/stack.py",
        "        if reading.protected:\n",
        "        if False:\n",
        "A stack with termination protection is not deleted.",
        ("aws/test_stack.py::test_a_protected_stack_is_not_deleted",),
    ),
    Mutation(
        "aws/stack.py",
        'parameters: dict[str, Any] = {"StackName": reading.stack_id}',
        'parameters: dict[str, Any] = {"StackName": reading.name}',
        "A stack is deleted by its id, so that a new one of the same name is never meant.",
        ("aws/test_stack.py::test_a_stack_is_deleted_by_its_id",),
    ),
    Mutation(
        "aws/stack.py",
        "            target.held.begin()\n            call(**parameters)",
        "            call(**parameters)",
        "The lease is looked at right before a stack is deleted or repaired.",
        ("test_changing_calls.py::test_once_the_lease_is_lost_no_changing_call_is_sent",),
    ),
    Mutation(
        "aws/stack.py",
        "                ready()\n                self._change_sets.execute(change_set, target)",
        "                self._change_sets.execute(change_set, target)",
        "Nothing is executed before everything that the release consists of is in the bucket.",
        ("aws/test_stack.py::test_nothing_is_executed_before_the_caller_is_ready",),
    ),
    Mutation(
        "aws/stack.py",
        "                    if type(answer) in tried:\n",
        "                    if False:\n",
        "A repair that did not help is not repeated for ever.",
        ("aws/test_stack.py::test_a_stuck_rollback_is_continued_only_once",),
    ),
    Mutation(
        "aws/stack.py",
        "        if after is not None and after.status not in _GONE:\n            raise",
        "        if False:\n            raise",
        "A deletion that failed is not called done.",
        ("aws/test_stack.py::test_a_failed_deletion_says_what_blocks_it",),
    ),
    Mutation(
        "aws/poller.py",
        "if watch.trouble is not None and self.clock() - watch.answered >= SILENCE:",
        "if False:",
        "A wait ends when CloudFormation does not answer for minutes.",
        ("aws/test_poller.py::test_a_service_that_stays_silent_is_given_up_before_the_deadline",),
    ),
    Mutation(
        "aws/poller.py",
        "            if self.clock() >= deadline:\n",
        "            if self.clock() >= deadline + 3600:\n",
        "A wait ends at its deadline.",
        ("aws/test_poller.py::test_a_wait_ends_at_its_deadline_even_without_any_answer",),
    ),
    Mutation(
        "aws/errors_of.py",
        "return 500 <= status_of(error) < 600 and status_of(error) != 501",
        "return False",
        "A server's fault says nothing about whether the call was applied.",
        ("aws/test_bucket.py::test_what_asks_for_a_repetition_is_repeated",),
    ),
    Mutation(
        "plan/stackstate.py",
        '_SUCCESSES = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})',
        '_SUCCESSES = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})',
        "An update that was rolled back is no success.",
        ("plan/test_stackstate.py::test_only_two_statuses_are_success",),
    ),
    Mutation(
        "plan/stackstate.py",
        'return STACK_ANSWERS.get(status, Refuse(f"the stack is in the unknown status `{status}`", _UPGRADE))',
        "return STACK_ANSWERS.get(status, Update())",
        "A status that nobody knows is refused.",
        ("plan/test_stackstate.py::test_what_only_a_person_can_decide_is_refused",),
    ),
    Mutation(
        "plan/stackstate.py",
        '"UPDATE_ROLLBACK_FAILED": ContinueRollback()',
        '"UPDATE_ROLLBACK_FAILED": DeleteThenCreate()',
        "A stack that once worked is never deleted to repair it.",
        ("plan/test_stackstate.py::test_a_stack_that_can_be_helped_is_helped",),
    ),
    Mutation(
        "plan/stackstate.py",
        '    "OBSOLETE": Obsolete(),\n}',
        '    "OBSOLETE": ChangesReady(),\n}',
        "A change set that was overtaken is not executed.",
        ("plan/test_stackstate.py::test_a_change_set_is_read_by_both_of_its_statuses",),
    ),
    Mutation(
        "plan/stackstate.py",
        'return not status.endswith("_IN_PROGRESS")',
        "return False",
        "No wait hangs on a status that nobody knows.",
        ("plan/test_stackstate.py::test_an_unknown_status_is_named_in_the_refusal_and_is_never_success",),
    ),
)
