"""Termination protection of a stack: only ever switched on here; who takes it away does so by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from multi_env_lambda.aws.calls import pauses, stack_error
from multi_env_lambda.aws.errors_of import aws_errors, is_lost, is_throttled
from multi_env_lambda.model.lease import Held

__all__ = ["protect"]


def protect(client: Any, stack_name: str, where: str, held: Held, sleep: Callable[[float], None]) -> None:
    """Let CloudFormation refuse to delete a stack. Said twice, it is said once.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html

    Raises:
        StackError: it may not be said, or is not answered.
        PlanStale: the lease is lost.
    """
    last: Exception | None = None
    for pause in pauses():
        held.make_sure()
        try:
            client.update_termination_protection(StackName=stack_name, EnableTerminationProtection=True)
            return
        except aws_errors() as error:
            if not (is_lost(error) or is_throttled(error)):
                raise stack_error(where, error) from error
            last = error
        sleep(pause)
    assert last is not None
    raise stack_error(where, last) from last
