"""Glue starts nothing more often than every five minutes, and says so only in the middle of a deploy.

Source: https://docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html. The minutes of one hour are
compared; the last of an hour and the first of the next are left to Glue.
"""

from __future__ import annotations

import itertools
import re

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.plan.template.parts import Json

__all__ = ["check_job_schedules"]

_LEAST = 5
_PART = re.compile(r"(?:\*|([0-9]+)(?:-([0-9]+))?)(?:/([0-9]+))?")


def check_job_schedules(resources: Json, where: str) -> None:
    """Raise the first trigger that would start something more often."""
    for name, body in sorted(resources.items()):
        schedule = body.get("Properties", {}).get("Schedule")
        if body["Type"] != "AWS::Glue::Trigger" or not isinstance(schedule, str):
            continue
        if any(later - earlier < _LEAST for earlier, later in itertools.pairwise(_minutes(schedule))):
            what = f"Resources.{name}.Schedule: {schedule} starts it more often than every {_LEAST} minutes"
            raise ConfigurationError(
                where, what, hint="for example `cron(0/5 * * * ? *)`; Glue supports nothing faster"
            )


def _minutes(schedule: str) -> list[int]:
    """The minutes of an hour; empty if it is not a cron expression."""
    found = re.fullmatch(r"cron\((\S+) .*\)", schedule)
    parts = found[1].split(",") if found is not None else []
    return sorted(set(itertools.chain.from_iterable(map(_of_part, parts))))


def _of_part(part: str) -> range:
    found = _PART.fullmatch(part)
    if found is None:
        return range(0)
    first = int(found[1] or 0)
    last = int(found[2]) if found[2] else 59 if found[1] is None or found[3] else first
    return range(first, last + 1, max(1, int(found[3] or 1)))
