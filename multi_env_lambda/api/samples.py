"""Sample events, for tests of handlers and for trying a function out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from multi_env_lambda.api.arguments import checked
from multi_env_lambda.model.settings import Schedule, SchedulerSchedule
from multi_env_lambda.plan.sample_events import EVENT_KEYS, sample
from multi_env_lambda.plan.sample_sources import KIND_OF, source_values

if TYPE_CHECKING:
    from multi_env_lambda.model.environment import Environment
    from multi_env_lambda.model.project import Project
    from multi_env_lambda.model.settings import Function

__all__ = ["EVENT_KEYS", "event_for", "sample_event"]


@checked
def sample_event(kind: str, values: Mapping[str, Any] | None = None) -> Any:
    """A sample of what a function gets from one kind of source, in the form that AWS sends it.

    It is the same every time, so it fits into a test: ``handler(sample_event("sqs", {"body": "hello"}), None)``.
    The command ``event`` lists the values that each kind takes.

    >>> sample_event("sqs", {"body": {"id": 7}})["Records"][0]["body"]
    '{"id": 7}'

    Args:
        kind: as in the table of a function: ``sqs``, ``sns``, ``s3``, ``schedule``, ``event_pattern``, …
        values: what is in it, such as ``body`` or ``key``; where AWS sends a text, any other value becomes JSON.

    Raises:
        ConfigurationError: there is no such kind or value.
    """
    return sample(kind, values or {})


def event_for(kind: str, function: Function, project: Project, place: Environment, values: Mapping[str, Any]) -> Any:
    """The same from the function's own source; a schedule that sends a payload sends that."""
    event = next((each for each in function.events if KIND_OF[type(each)] == kind), None)
    own = source_values(kind, function, project, place)
    made = sample(kind, {name: value for name, value in own.items() if name in EVENT_KEYS.get(kind, {})} | dict(values))
    sends = event.payload if isinstance(event, Schedule | SchedulerSchedule) else None
    return made if sends is None else json.loads(sends)
