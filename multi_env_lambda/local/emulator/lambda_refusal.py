"""How a check of ours refuses what Lambda would: by the API with code and status, by CloudFormation with the text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["LambdaRefusal", "unless_refused"]


class LambdaRefusal(ValueError):
    """Code, status and message of Lambda."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(message)
        self.code, self.status = code, status


def unless_refused(check: Callable[[], None], go_on: Callable[[], Any], respond: Callable[[str, str, int], Any]) -> Any:
    """The API's answer: that of ``go_on``, or the refusal of ``check``."""
    try:
        check()
    except LambdaRefusal as refusal:
        return respond(refusal.code, str(refusal), refusal.status)
    return go_on()
