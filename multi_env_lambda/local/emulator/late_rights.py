"""Changes that a template makes to a role's policies take effect some seconds later.

Reason: IAM is eventually consistent: a function that was just granted a permission may still be refused. In ministack,
permissions take effect at once, so a check that trusts the first refusal would pass as one that asks again.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
(no bound is promised; some seconds are usual)

Roles created through the IAM API take effect at once, because that is how the local accounts are set up.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .names import load, original

__all__ = ["LATE_SECONDS", "patch"]

LATE_SECONDS = 5.0
_TYPES = ("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")

_Key = tuple[str, str]
_Change = tuple[float, Any]
"""When, and the policies before."""


def patch(now: Callable[[], float]) -> None:
    """``now`` is in seconds since 1970."""
    evaluator, roles = load("ministack.core.iam_evaluator"), original(load("ministack.services.iam"), "_roles")
    account_id = original(load("ministack.core.responses"), "get_account_id")
    gather = original(evaluator, "_gather_role_policies")
    changes: dict[_Key, _Change] = {}

    @functools.wraps(gather)  # who has waited for IAM unwraps it
    def seen(role: str, account: str) -> Any:
        when, before = changes.get((account, role), (0.0, None))
        return before if now() < when + LATE_SECONDS else gather(role, account)

    def all_roles(reading: Callable[[str, str], Any]) -> dict[_Key, Any]:
        account = account_id()
        return {(account, role): reading(role, account) for role in list(roles)}

    def watched(operation: Callable[..., Any]) -> Callable[..., Any]:
        def watch(*args: Any, **kwargs: Any) -> Any:
            was, shown = all_roles(gather), all_roles(seen)
            try:
                return operation(*args, **kwargs)
            finally:
                for key, policies in all_roles(gather).items():
                    if policies != was.get(key, []):
                        changes[key] = (now(), shown.get(key, []))

        return watch

    evaluator._gather_role_policies = seen
    resources = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    for kind in _TYPES:
        resources[kind] = {step: watched(run) if callable(run) else run for step, run in resources[kind].items()}
