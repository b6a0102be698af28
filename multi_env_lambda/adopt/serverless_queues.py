"""The queues of the plugin serverless-lift: each has a function that works on its messages."""

from __future__ import annotations

from typing import Any

from multi_env_lambda.adopt.serverless_service import Service, at, key_of

__all__ = ["add_queues"]


def add_queues(service: Service, functions: dict[str, Any]) -> dict[str, Any]:
    """The tables of the queues; their functions are added to those of the service, which all may send to them."""
    found = service.get("constructs")
    queues: dict[str, Any] = {}
    senders = tuple(functions)
    for name, construct in found.items() if isinstance(found, dict) else ():
        if at(construct, "type") == "queue" and service.known("", f"construct {name}", construct):
            _add(service, name, construct, functions, queues)
    for sender in senders if queues else ():
        functions[sender] = {**functions[sender], "write": sorted(queues)}
    return queues


def _add(service: Service, name: str, construct: Any, functions: dict[str, Any], queues: dict[str, Any]) -> None:
    path = ["constructs", name]
    worker, key = at(construct, "worker"), key_of(name)
    handler = at(worker, "handler")
    if not isinstance(handler, str):
        service.dropped("", f"construct {name}", path, "it has no worker with a handler")
        return
    retries, size, window = (at(construct, word) for word in ("maxRetries", "batchSize", "maxBatchingWindow"))
    queues[key] = {
        **({"fifo": True} if at(construct, "fifo") is True else {}),
        "max_receive_count": retries if isinstance(retries, int) else 3,
    }
    event = {
        "sqs": key,
        "batch_size": size if isinstance(size, int) else 1,
        **({"window": window} if isinstance(window, int) else {}),
    }
    functions[f"{key}-worker"] = {
        "handler": handler,
        "memory_size": at(worker, "memorySize") or service.get("provider", "memorySize") or 1024,
        "timeout": at(worker, "timeout") or service.get("provider", "timeout") or 6,
        "log_retention_days": 0,
        "events": [event],
    }
    service.changed("", f"construct {name}", path, f"queues.{key}", f"the queue is called UNIT-ENVIRONMENT-{key}")
    for word in construct:
        if word not in ("type", "worker", "fifo", "maxRetries", "batchSize", "maxBatchingWindow"):
            service.dropped("", f"construct {name}: {word}", [*path, word], "see the keys of a queue")
    for word in worker if isinstance(worker, dict) else ():
        if word not in ("handler", "timeout", "memorySize"):
            service.dropped(
                "", f"construct {name}: worker.{word}", [*path, "worker", word], "see the keys of a function"
            )
