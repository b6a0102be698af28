"""A client that can be told to fail: refuse a call, lose its answer, or change what it says."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any

import attrs

__all__ = ["FaultyClient", "client_error", "lost_answer"]


def client_error(operation: str, code: str, message: str, *, status: int = 400) -> Exception:
    """The error that boto3 raises for such an answer of the service."""
    from botocore.exceptions import ClientError

    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}},
    }
    error: Exception = ClientError(response, operation)
    return error


def lost_answer() -> Exception:
    """The error that boto3 raises when the connection ends before the answer."""
    from botocore.exceptions import ConnectionClosedError

    error: Exception = ConnectionClosedError(endpoint_url="https://aws.example")
    return error


@attrs.frozen(kw_only=True)
class _Fault:
    error: Exception | None = None
    applied: bool = False
    change: Callable[[Any], Any] = lambda answer: answer


class FaultyClient:
    """Stands before a boto3 client (or a stand-in for one): passes every call on, except those told to fail.

    Faults of one operation happen in the order in which they were told. ``calls`` are all calls so far.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._faults: dict[str, deque[_Fault]] = defaultdict(deque)
        self._lock = threading.Lock()
        self.calls: list[tuple[str, Mapping[str, Any]]] = []

    def fail(self, operation: str, *, code: str, status: int, message: str = "told to fail", times: int = 1) -> None:
        """The next calls are refused, and not applied."""
        error = client_error(operation, code, message, status=status)
        self._faults[operation].extend([_Fault(error=error)] * times)

    def lose(self, operation: str, *, applied: bool = True, times: int = 1) -> None:
        """The next calls end without an answer; ``applied`` says whether the service did what was asked."""
        self._faults[operation].extend([_Fault(error=lost_answer(), applied=applied)] * times)

    def answer(self, operation: str, change: Callable[[Any], Any]) -> None:
        """The next call's answer is changed on its way back."""
        self._faults[operation].append(_Fault(change=change))

    def __getattr__(self, operation: str) -> Any:
        attribute = getattr(self._client, operation)
        if operation == "meta" or not callable(attribute):
            return attribute

        def call(**parameters: Any) -> Any:
            with self._lock:
                self.calls.append((operation, parameters))
                waiting = self._faults[operation]
                fault = waiting.popleft() if waiting else _Fault()
            answer = attribute(**parameters) if fault.error is None or fault.applied else None
            if fault.error is not None:
                raise fault.error
            return fault.change(answer)

        return call
