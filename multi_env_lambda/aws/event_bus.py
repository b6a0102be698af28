"""Puts events on the default bus of an account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from multi_env_lambda.aws.error_codes import account_error, aws_errors, is_denied, text_of
from multi_env_lambda.errors import PublishError

__all__ = ["LARGEST_EVENT", "put_event"]

LARGEST_EVENT: Final = 256 * 1024
"""Bytes of an entry: what EventBridge has always taken.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
"""
_WHERE, _AGAIN = "the default bus", "send it again"


def put_event(client: Any, source: str, kind: str, detail: Mapping[str, object]) -> None:
    """Put one event there; it is there once this returns.

    Raises:
        AccountError: the role may not do this.
        PublishError: it is too long, or was not taken.
    """
    # Escapes would count: a name of a branch may be three times as long with them.
    text = json.dumps(detail, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    size = sum(len(part.encode("utf-8")) for part in (source, kind, text))
    if size >= LARGEST_EVENT:
        what = f"an event of {size} bytes; less than {LARGEST_EVENT} are taken"
        raise PublishError(_WHERE, what, hint="the hourly look finds what it was about")
    try:
        answer = client.put_events(Entries=[{"Source": source, "DetailType": kind, "Detail": text}])
    except aws_errors() as error:
        known = account_error(_WHERE, error)
        if known is not None:
            raise known from error
        hint = "run `bootstrap devops` again: its role may put events of one host there" if is_denied(error) else _AGAIN
        raise PublishError(_WHERE, text_of(error), hint=hint) from error
    # The call succeeds even where an entry fails.
    for entry in answer.get("Entries", ()):
        if entry.get("ErrorCode"):
            what = f"not taken: {entry['ErrorCode']}: {entry.get('ErrorMessage', '')}"
            raise PublishError(_WHERE, what, hint=_AGAIN)
