"""The reason of a failed resource is a sentence, not the bytes of a response.

Reason: where ministack passes a response on, it puts its body as Python writes bytes into the event
(``code update failed: b'{"message": …}'``).
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html ("Resource handler returned
message")
"""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from .names import load, original

__all__ = ["patch", "readable"]

_BODY = re.compile(r"""(?P<what>[^\n]*?) failed: (?P<body>b(?P<quote>['"]).*(?P=quote))$""", re.DOTALL)
_HANDLER = 'Resource handler returned message: "{message}" (HandlerErrorCode: InvalidRequest)'


def readable(reason: str) -> str:
    """The reason with the message of the response in it.

    >>> readable("AWS::Lambda::Function code update failed: b'{\\"message\\": \\"no such key\\"}'")
    'Resource handler returned message: "no such key" (HandlerErrorCode: InvalidRequest)'
    """
    found = _BODY.search(reason)
    if found is None:
        return reason
    try:
        said = json.loads(ast.literal_eval(found["body"]))
    except (SyntaxError, ValueError):
        return reason
    message = next((said[key] for key in ("message", "Message") if isinstance(said, dict) and said.get(key)), None)
    if message is None:
        return reason
    before = reason[: found.start("what")]
    prefix = re.match(r"Resource \S+ failed: ", found["what"])
    return f"{before}{prefix[0] if prefix else ''}{_HANDLER.format(message=message)}"


def patch() -> None:
    """Each event's reason is made readable before anybody can read it."""
    deployment = load("ministack.services.cloudformation.stacks")
    add = original(deployment, "_add_event")

    def added(*args: Any, **named: Any) -> None:
        words = [readable(each) if isinstance(each, str) else each for each in args]
        add(*words, **{name: readable(value) if name == "reason" else value for name, value in named.items()})

    deployment._add_event = added
