"""Termination protection of a stack: only ever enabled here; disabling it is done by hand."""

from __future__ import annotations

from typing import Any

from multi_env_lambda.aws.requests import StateConflict, repeated, stack_error
from multi_env_lambda.host.retrying import Retrying
from multi_env_lambda.model.lease import Held

__all__ = ["protect"]


def protect(client: Any, stack_name: str, where: str, held: Held, retrying: Retrying) -> None:
    """Make CloudFormation refuse to delete a stack. Idempotent.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-protect-stacks.html

    Raises:
        StackError: this is not allowed, or there is no response.
        PlanStale: the lease is lost.
    """

    def send() -> None:
        held.make_sure()
        client.update_termination_protection(StackName=stack_name, EnableTerminationProtection=True)

    try:
        repeated(send, where, retrying)
    except StateConflict as error:
        assert isinstance(error.__cause__, Exception)
        raise stack_error(where, error.__cause__) from error.__cause__
