"""AWS: sessions, the artifact bucket, stacks, the ledger of records.

Each module in ``__all__`` knows one kind of call, and is imported when the first one of it is made: a run that changes
nothing calls only S3 and STS.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multi_env_lambda.aws import (
        concurrency,
        functions,
        jobs,
        logs,
        metrics,
        poller,
        protection,
        quotas,
        references,
        stack,
        stack_listing,
        stack_tags,
        versions,
    )

__all__ = [
    "concurrency",
    "functions",
    "jobs",
    "logs",
    "metrics",
    "poller",
    "protection",
    "quotas",
    "references",
    "stack",
    "stack_listing",
    "stack_tags",
    "versions",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.{name}")
