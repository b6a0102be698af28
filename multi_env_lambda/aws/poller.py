"""One poller per account and region: however many stacks are being waited for, one thread at a time reads all of them.

The waiters elect a leader among themselves; it reads all stacks, and passes the lead on when its own wait is over.
A few stacks are read by id, many by listing all stacks of the account.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import attrs

from multi_env_lambda.aws.error_codes import (
    account_error,
    aws_errors,
    is_denied,
    is_lost,
    is_missing_stack,
    is_throttled,
    text_of,
)
from multi_env_lambda.errors import MultiEnvLambdaError, StackError
from multi_env_lambda.host.timing import timed

__all__ = ["SILENCE", "Look", "NotLooked", "Poller", "StackReading", "pages_of", "reading_of"]

_FIRST = 0.05
_AT_FIRST = 0.12
_SOON = 0.2
_SLOWEST = 5.0
_MOST_SLOWED = 8.0
_SHARE_OF_AGE = 0.25
SILENCE = 300.0
"""Seconds without any response after which a wait ends before its deadline."""
_BY_ID_BELOW = 4


@attrs.frozen(kw_only=True)
class StackReading:
    """What DescribeStacks returned for one stack."""

    stack_id: str
    name: str
    status: str
    reason: str = ""
    change_set_id: str = ""
    protected: bool = False
    outputs: Mapping[str, str] = attrs.field(factory=dict)
    tags: Mapping[str, str] = attrs.field(factory=dict)
    changed: str = ""
    """When its template was last changed, in ISO 8601."""
    parent: str = ""
    """The id of the stack that it is nested in."""


class NotLooked(Enum):
    """In place of a reading before the first one; ``None`` already means that there is no stack."""

    NOT_LOOKED = "not read yet"


Look = StackReading | None | NotLooked


def reading_of(stack: Mapping[str, Any]) -> StackReading:
    """One stack of a DescribeStacks response."""
    return StackReading(
        stack_id=stack["StackId"],
        name=stack["StackName"],
        status=stack["StackStatus"],
        reason=stack.get("StackStatusReason", ""),
        change_set_id=stack.get("ChangeSetId", ""),
        protected=bool(stack.get("EnableTerminationProtection")),
        outputs={line["OutputKey"]: line["OutputValue"] for line in stack.get("Outputs", ())},
        tags={line["Key"]: line["Value"] for line in stack.get("Tags", ())},
        changed=_time(stack.get("LastUpdatedTime") or stack.get("CreationTime")),
        parent=stack.get("ParentId", ""),
    )


def _time(value: Any) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds") if isinstance(value, datetime) else ""


@attrs.define(eq=False)
class _Watch:
    """One waiter: what it waits for, and what was last read for it (None: the stack is gone).

    ``error`` ends the wait at once, ``trouble`` (throttled, no response) only if it lasts.
    """

    stack_id: str
    since: float
    answered: float
    trouble: Exception | None = None
    reading: StackReading | None = None
    error: Exception | None = None
    rounds: int = 0


class Poller:
    """Serves every wait of one account and region.

    ``clock`` and ``sleep`` exist for tests; ``jitter`` returns a factor around 1.
    """

    def __init__(
        self,
        client: Any,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = lambda: random.uniform(0.8, 1.2),
    ) -> None:
        self._client = client
        self.clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._changed = threading.Condition()
        self._watches: list[_Watch] = []
        self._led = False
        self._last_round = float("-inf")
        self._slowed = 1.0
        self._pages = _BY_ID_BELOW
        self._may_list = True

    @property
    def waiting(self) -> int:
        """How many waits are not over."""
        with self._changed:
            return len(self._watches)

    def wait(
        self,
        stack_id: str,
        until: Callable[[StackReading | None], bool],
        *,
        deadline: float,
        where: str,
        on_reading: Callable[[StackReading], None] = lambda _: None,
    ) -> StackReading | None:
        """The first reading for which ``until`` holds; None is the reading of a stack that does not exist.

        ``stack_id`` is the id, never the name: a name may mean a different stack tomorrow.
        ``deadline`` is a time of ``clock``.

        Raises:
            StackError: the deadline passed (the last status is in the text), or CloudFormation refused to respond.
        """
        now = self.clock()
        watch = _Watch(stack_id, now, now)
        with self._changed:
            self._watches.append(watch)
        try:
            with timed("wait", "CloudFormation"):
                return self._until_answered(watch, until, deadline, where, on_reading)
        finally:
            with self._changed:
                self._watches.remove(watch)
                self._changed.notify_all()

    def _until_answered(
        self,
        watch: _Watch,
        until: Callable[[StackReading | None], bool],
        deadline: float,
        where: str,
        on_reading: Callable[[StackReading], None],
    ) -> StackReading | None:
        while True:
            seen = watch.rounds
            self._one_round(watch)
            if isinstance(watch.error, MultiEnvLambdaError):
                raise watch.error
            if watch.error is not None:
                raise _unreadable(where, watch.error) from watch.error
            if watch.rounds > seen:
                if watch.reading is not None:
                    on_reading(watch.reading)
                if until(watch.reading):
                    return watch.reading
            if watch.trouble is not None and self.clock() - watch.answered >= SILENCE:
                raise _unreadable(where, watch.trouble) from watch.trouble
            if self.clock() >= deadline:
                raise StackError(where, _too_late(watch, self.clock()), hint="run the command again; it keeps waiting")

    def _one_round(self, watch: _Watch) -> None:
        """Lead one round for everybody, or wait for the leader's."""
        with self._changed:
            if watch.error is not None:  # the round before was for this one as well
                return
            if self._led:
                seen = watch.rounds
                self._changed.wait_for(lambda: not self._led or watch.rounds > seen or watch.error is not None)
                return
            self._led = True
        try:
            self._pause()
            with self._changed:
                watches = tuple(self._watches)
            self._read(watches)
        finally:
            with self._changed:
                self._led = False
                self._last_round = self.clock()
                self._changed.notify_all()

    def _pause(self) -> None:
        """Sleep until the next round is due: soon after something began, less often for what takes long."""
        jitter = self._jitter()
        while True:
            now = self.clock()
            with self._changed:
                youngest = max(watch.since for watch in self._watches)
            rest = self._last_round + _interval(now - youngest) * self._slowed * jitter - now
            if rest <= 0:
                return
            # In slices, so that a new waiter is not held up by the slow pace of older ones.
            self._sleep(min(rest, _FIRST * self._slowed))

    def _read(self, watches: tuple[_Watch, ...]) -> None:
        ids = {watch.stack_id for watch in watches}
        try:
            found = self._by_pages() if self._may_list and len(ids) > self._pages else {}
            for stack_id in ids - found.keys():
                # A listing does not show deleted stacks; reading by id still works.
                self._by_id(stack_id, found)
            self._slowed = max(1.0, self._slowed / 2)
        except MultiEnvLambdaError as error:
            # It is about the credentials, so each of the others would only get the same answer, one after the other.
            for watch in watches:
                watch.error = error
            return
        except aws_errors() as error:
            if not (is_throttled(error) or is_lost(error)):
                for watch in watches:
                    watch.error = error
                return
            self._slowed = min(_MOST_SLOWED, self._slowed * 2)
            for watch in watches:
                watch.trouble = error
            return
        now = self.clock()
        for watch in watches:
            answer = found[watch.stack_id]
            if isinstance(answer, Exception):
                watch.error = answer
            else:
                watch.reading = answer
            watch.trouble, watch.answered = None, now
            watch.rounds += 1

    def _by_id(self, stack_id: str, found: dict[str, StackReading | Exception | None]) -> None:
        try:
            answer = self._client.describe_stacks(StackName=stack_id)
            found[stack_id] = reading_of(answer["Stacks"][0])
        except aws_errors() as error:
            if is_missing_stack(error):
                found[stack_id] = None
            elif is_throttled(error) or is_lost(error):
                raise
            else:
                found[stack_id] = error

    def _by_pages(self) -> dict[str, StackReading | Exception | None]:
        found: dict[str, StackReading | Exception | None] = {}
        pages = 0
        try:
            for page in pages_of(self._client):
                pages += 1
                found.update({stack["StackId"]: reading_of(stack) for stack in page})
        except aws_errors() as error:
            if not is_denied(error):
                raise
            # A role that may see only its own stacks cannot list them all.
            self._may_list = False
            return {}
        self._pages = max(_BY_ID_BELOW, pages)
        return found


def pages_of(client: Any) -> Iterator[list[Mapping[str, Any]]]:
    """All stacks of the account and region that are not deleted, page by page."""
    token: dict[str, str] = {}
    while True:
        answer = client.describe_stacks(**token)
        yield answer["Stacks"]
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}


def _interval(age: float) -> float:
    """Seconds between two rounds: what may be over at once is read twice quickly, what takes long less often."""
    return _FIRST if age < _AT_FIRST else min(_SLOWEST, max(_SOON, age * _SHARE_OF_AGE))


def _unreadable(where: str, error: Exception) -> MultiEnvLambdaError:
    what = f"its state cannot be read: {text_of(error)}"
    hint = "check the role's permission for cloudformation:DescribeStacks, then run the command again; it keeps waiting"
    return account_error(where, error) or StackError(where, what, hint=hint)


def _too_late(watch: _Watch, now: float) -> str:
    status = "unknown, CloudFormation did not respond" if watch.rounds == 0 else "gone"
    if watch.reading is not None:
        status = watch.reading.status
    return f"not finished after {now - watch.since:.0f} s; last status: {status}"
