"""Plays a cassette as a boto3 client: the same answers and errors in the same order, and nothing else."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError, ConnectionClosedError

from .cassette import Call

__all__ = ["Player", "service_model"]


@cache
def service_model(service: str) -> Any:
    """What botocore knows of a service."""
    import botocore.session

    return botocore.session.Session().get_service_model(service)


class Player:
    """Each call must be the next of the cassette; its parameters are the caller's, and kept in ``asked``."""

    def __init__(self, calls: Iterable[Call]) -> None:
        self._waiting = deque(calls)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, method: str) -> Any:
        def call(**parameters: Any) -> Any:
            self.asked.append((method, parameters))
            if not self._waiting:
                raise AssertionError(f"the cassette is over, but {method} was called")
            expected = self._waiting.popleft()
            if method != xform_name(expected.operation):
                raise AssertionError(f"{method} was called, the cassette has {expected.name}")
            return played(expected)

        return call

    def finish(self) -> None:
        """Fail where the cassette has calls that nobody made."""
        assert not self._waiting, f"nobody called {self._waiting[0].name}"


def played(call: Call) -> Any:
    """The answer as botocore gives it, or its error raised."""
    metadata = {"HTTPStatusCode": call.status, "HTTPHeaders": {}}
    if call.code and not call.status:
        raise ConnectionClosedError(endpoint_url="https://aws.example", error=call.message)
    if call.code:
        error: Any = {"Error": {"Code": call.code, "Message": call.message}, "ResponseMetadata": metadata}
        raise ClientError(error, call.operation)
    shape = service_model(call.service).operation_model(call.operation).output_shape
    return {**_typed(call.answer, shape), "ResponseMetadata": metadata}


def _typed(value: Any, shape: Any) -> Any:
    """JSON has no times; the shape of the answer says where they are. What the scrubber replaced stays its text."""
    match shape.type_name if shape is not None else "":
        case "timestamp":
            return datetime.fromisoformat(value)
        case "structure" if isinstance(value, dict):
            return {key: _typed(item, shape.members[key]) for key, item in value.items()}
        case "list":
            return [_typed(item, shape.member) for item in value]
        case "map":
            return {key: _typed(item, shape.value) for key, item in value.items()}
        case _:
            return value
