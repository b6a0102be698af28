"""The queues and buckets of events that a unit's stack creates."""

from __future__ import annotations

from multi_env_lambda.model.settings import BucketEvents, BucketNotification, Own, OwnQueue, Queue, Settings

__all__ = ["own_buckets", "own_queues"]


def own_queues(settings: Settings) -> tuple[OwnQueue, ...]:
    """The queues that the stack creates, in order of the functions."""
    events = (event for function in settings.functions for event in function.events)
    sources = (event.source for event in events if isinstance(event, Queue))
    return tuple(source for source in sources if isinstance(source, OwnQueue))


def own_buckets(settings: Settings) -> tuple[str, ...]:
    """The keys of the buckets that the stack creates, once each: several functions may have events of one."""
    events = (event for function in settings.functions for event in function.events)
    keys: dict[str, None] = {}
    for event in events:
        match event:
            case BucketNotification(key=key) | BucketEvents(source=Own(key=key)):
                keys[key] = None
            case _:
                pass
    return tuple(keys)
