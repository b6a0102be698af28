"""For a moment, a stack that was just changed is described as it was before.

Reason: DescribeStacks is eventually consistent, so a call right after ExecuteChangeSet may return the previous state
(REVIEW_IN_PROGRESS, or the end of the last update). Code that trusts it reports a running change as failed, or an old
success as new.
Source: https://github.com/aws/aws-cdk-cli/issues/1802 and https://github.com/aws/aws-cdk-cli/pull/1848 (no bound is
promised; here it is shorter than the second of a late alias, so that both are met)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .names import load, original

__all__ = ["LATE_SECONDS", "patch"]

LATE_SECONDS = 0.3
_CHANGES = ("ContinueUpdateRollback", "DeleteStack", "ExecuteChangeSet", "RollbackStack")

_Handler = Callable[[Any], Any]
"""The parameters of a request in, the answer out: its status first."""


class _Old:
    """Responses that are repeated until their time is over, by account, region and either name of a stack."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: dict[tuple[str, str, str], tuple[float, Any]] = {}
        self._responses = load("ministack.core.responses")

    def of(self, name: str) -> Any:
        """None if there is no older response."""
        until, answer = self._kept.get(self._key(name), (0.0, None))
        return answer if self._now() < until else None

    def keep(self, name: str, answer: Any) -> None:
        self._kept[self._key(name)] = (self._now() + LATE_SECONDS, answer)

    def _key(self, name: str) -> tuple[str, str, str]:
        return self._responses.get_account_id(), self._responses.get_region(), name


def patch(now: Callable[[], float]) -> None:
    """``now`` is in seconds since 1970. Listings of all stacks are current: the two may differ on AWS, too."""
    handlers = load("ministack.services.cloudformation.handlers")
    actions, parameter = original(handlers, "_ACTION_HANDLERS"), original(handlers, "_p")
    describe, old = actions["DescribeStacks"], _Old(now)

    def changing(change: _Handler) -> _Handler:
        def changed(parameters: Any) -> Any:
            before = {name: old.of(name) or describe({"StackName": [name]}) for name in _names(parameters, parameter)}
            answer = change(parameters)
            for name, described in before.items():
                if answer[0] == 200:
                    old.keep(name, described)
            return answer

        return changed

    for name in _CHANGES:
        actions[name] = changing(actions[name])
    actions["DescribeStacks"] = lambda parameters: old.of(parameter(parameters, "StackName")) or describe(parameters)


def _names(parameters: Mapping[str, Any], parameter: Callable[..., str]) -> Iterator[str]:
    """Both names of the stack that is about to change."""
    find = original(load("ministack.services.cloudformation.changesets"), "_find_change_set")
    asked = parameter(parameters, "StackName")
    change_set = find(parameter(parameters, "ChangeSetName"), asked)[1] or {}
    for name, stack in original(load("ministack.services.cloudformation"), "_stacks").items():
        if {change_set.get("StackName"), asked} & {name, stack.get("StackId")}:
            yield from (name, stack["StackId"])
