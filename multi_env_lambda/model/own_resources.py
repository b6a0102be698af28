"""The queues and buckets of events that a unit's stack creates."""

from __future__ import annotations

from multi_env_lambda.model.settings import BucketEvents, BucketNotification, Event, Own, OwnQueue, Queue, Settings

__all__ = ["own_buckets", "own_queues"]


def own_queues(settings: Settings) -> tuple[OwnQueue, ...]:
    """The queues that the stack creates, in order of the functions."""
    events = (event for function in settings.functions for event in function.events)
    sources = (event.source for event in events if isinstance(event, Queue))
    return tuple(source for source in sources if isinstance(source, OwnQueue))


def own_buckets(settings: Settings) -> tuple[str, ...]:
    """The keys of the buckets that the stack creates, once each: several functions may have events of one."""
    keys = (_own_bucket(event) for function in settings.functions for event in function.events)
    return tuple(dict.fromkeys(key for key in keys if key is not None))


def _own_bucket(event: Event) -> str | None:
    if isinstance(event, BucketNotification):
        return event.key
    if isinstance(event, BucketEvents) and isinstance(event.source, Own):
        return event.source.key
    return None
