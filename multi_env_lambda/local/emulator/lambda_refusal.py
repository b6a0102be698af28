"""How our checks refuse a request: with Lambda's code through the API, with its text through CloudFormation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["LambdaRefusal", "unless_refused"]


class LambdaRefusal(ValueError):
    """Code, status and message as Lambda returns them."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(message)
        self.code, self.status = code, status


def unless_refused(check: Callable[[], None], go_on: Callable[[], Any], respond: Callable[[str, str, int], Any]) -> Any:
    """The API's response: that of ``go_on``, or the refusal of ``check``."""
    try:
        check()
    except LambdaRefusal as refusal:
        return respond(refusal.code, str(refusal), refusal.status)
    return go_on()
