"""Glue does not start jobs more often than every five minutes.

Reason: ministack accepts any trigger schedule.
Source: https://docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html ("Cron expressions that lead to
rates faster than 5 minutes are not supported"; no text is known). Minutes of one hour are compared, and not the last
of an hour with the first of the next.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any

from .names import load, original
from .resources import check_first

__all__ = ["patch"]

_REFUSED = "The cron expression {expression} leads to a rate faster than 5 minutes"


def patch() -> None:
    """Check a trigger's schedule before it is created or changed, through the API or CloudFormation."""
    glue = load("ministack.services.glue")
    create, respond = (
        original(glue, "_create_trigger"),
        original(load("ministack.core.responses"), "error_response_json"),
    )

    def checked(data: dict[str, Any]) -> Any:
        try:
            _check(data)
        except ValueError as error:
            return respond("InvalidInputException", str(error), 400)
        return create(data)

    glue._create_trigger = checked
    check_first("AWS::Glue::Trigger", _check)


def _check(properties: Mapping[str, Any]) -> None:
    expression = str(properties.get("Schedule") or "")
    found = re.fullmatch(r"cron\((\S+) .*\)", expression)
    minutes = sorted(set(itertools.chain.from_iterable(map(_minutes, found[1].split(","))))) if found else []
    if any(later - earlier < 5 for earlier, later in itertools.pairwise(minutes)):
        raise ValueError(_REFUSED.format(expression=expression))


def _minutes(part: str) -> range:
    found = re.fullmatch(r"(?:\*|(\d+)(?:-(\d+))?)(?:/(\d+))?", part)
    if found is None:
        return range(0)
    first = int(found[1] or 0)
    last = int(found[2]) if found[2] else 59 if found[1] is None or found[3] else first
    return range(first, last + 1, max(1, int(found[3] or 1)))
