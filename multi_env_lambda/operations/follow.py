"""Follows what a push or an approval leads to: the logs as they are written, until nothing more comes of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import attrs

from multi_env_lambda.aws.logs import recent_lines
from multi_env_lambda.ci.subject import Branch
from multi_env_lambda.ci.wanted import Wait, Wanted, next_step, place_of
from multi_env_lambda.errors import LocalCloudError
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.store import ObjectStore
from multi_env_lambda.operations.dispatch import wanted_at

__all__ = ["Ending", "Wanted", "Watch", "follow", "wanted_of"]

_PAUSE = 0.1
_MOST_SECONDS = 3600.0


@attrs.frozen(kw_only=True)
class Ending:
    """How it ended: in words, and what waits in front of which environment as (environment, digest).

    ``outcome`` is empty if nothing followed.
    """

    outcome: str = ""
    waits: tuple[tuple[str, str], ...] = ()


@attrs.frozen(kw_only=True)
class Watch:
    """What is looked at.

    Args:
        logs, sqs: clients of the devops account.
        say: a line, as it comes. now: seconds since 1970, by the clock of the logs.
    """

    store: ObjectStore
    logs: Any
    sqs: Any
    roles: Roles
    say: Callable[[str], None]
    now: Callable[[], float]
    sleep: Callable[[float], None]
    told: dict[str, int] = attrs.field(factory=dict)


def wanted_of(store: ObjectStore, branch: str) -> Wanted | None:
    """What is known of a branch; None: nobody has asked for it yet."""
    return wanted_at(store, place_of(Branch(name=branch).key))


_PREFIX = re.compile(r"^\[[A-Z]+\]\t\S+\t\S+\t([0-9a-f-]{36}: )?")
"""What Lambda's logger writes before a line (level, time, request), and the message of the queue that it is about."""


def follow(watch: Watch, branch: str, since: float, asked: int) -> Ending:
    """Wait until there is a new wish for the branch and it is done, and show what is written meanwhile.

    Args:
        since: when it began, in seconds since 1970. asked: how many wishes there were before.

    Raises:
        LocalCloudError: it does not end, or its builds end without a result.
    """
    limit = watch.now() + _MOST_SECONDS
    empty = 0
    while watch.now() < limit:
        _show(watch, since)
        wanted = wanted_of(watch.store, branch)
        if wanted is not None and wanted.asked > asked:
            if wanted.state == "done" and not wanted.handed:
                _show(watch, since)
                return Ending(outcome=wanted.result, waits=wanted.waits)
            if wanted.state == "wanted" and isinstance(step := next_step(wanted, watch.now()), Wait):
                _show(watch, since)
                raise _died(wanted, step.until - watch.now())
            empty = 0
        else:
            # Between leaving the queue and being stored a message is nowhere to be seen.
            empty = empty + 1 if _is_empty(watch) else 0
            if empty > 20:
                return Ending()
        watch.sleep(_PAUSE)
    raise LocalCloudError("push", f"nothing ended within {_MOST_SECONDS:.0f} s", hint="read the log of the build")


def _died(wanted: Wanted, seconds: float) -> LocalCloudError:
    """Nothing starts for minutes, and the reason is in the log that was shown."""
    soonest = f"{seconds / 60:.0f} min at the earliest"
    what = f"{wanted.deaths} builds ended without a result, and the next one starts in {soonest}"
    return LocalCloudError("push", what, hint="read above what the builds wrote; push again to start one now")


def _show(watch: Watch, since: float) -> None:
    groups = {
        f"/aws/lambda/{watch.roles.of_devops('dispatcher')}": "dispatcher",
        f"/aws/codebuild/{watch.roles.of_devops('build')}": "build",
    }
    for group, short in groups.items():
        lines = recent_lines(watch.logs, group, since=datetime.fromtimestamp(since, UTC))
        for line in lines[watch.told.get(group, 0) :]:
            if not line.text.startswith(("START ", "END ", "REPORT ", "INIT_START ")):
                watch.say(f"{short}: {_PREFIX.sub('', line.text)}")
        watch.told[group] = len(lines)


def _is_empty(watch: Watch) -> bool:
    address = watch.sqs.get_queue_url(QueueName=watch.roles.of_devops("dispatcher"))["QueueUrl"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = watch.sqs.get_queue_attributes(QueueUrl=address, AttributeNames=names)["Attributes"]
    return not any(int(found.get(name, 0)) for name in names)
