"""A refusal in the middle of a stack's change has the words of the service.

Reason: ministack puts the bytes of the answer into the event, as Python writes them.
Source: https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html (the
codes of handlers); its words: https://repost.aws/knowledge-center/cloudformation-resource-handler-returned-message
"""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from .names import load, original

__all__ = ["in_words", "patch"]

_ANSWER = re.compile(r"^AWS::\S+ .*?failed: (b'.*'|b\".*\")$", re.DOTALL)


def in_words(reason: str) -> str:
    """The reason of an event.

    >>> in_words("AWS::Lambda::Function code update failed: b'{\\"message\\": \\"No such key.\\"}'")
    'Resource handler returned message: "No such key." (HandlerErrorCode: InvalidRequest)'
    >>> in_words("Resource creation cancelled")
    'Resource creation cancelled'
    """
    found = _ANSWER.match(reason)
    if found is None:
        return reason
    said = ast.literal_eval(found[1]).decode("utf-8", "replace")
    try:
        answer = json.loads(said)
        message = answer.get("message") or answer.get("Message") or said
    except (ValueError, AttributeError):
        tag = re.search(r"<Message>(.*?)</Message>", said, re.DOTALL)
        message = said if tag is None else tag[1]
    return f'Resource handler returned message: "{message}" (HandlerErrorCode: InvalidRequest)'


def patch() -> None:
    """Change the reason of each event before it is kept."""
    deployment = load("ministack.services.cloudformation.stacks")
    add = original(deployment, "_add_event")

    def added(stack_id: str, stack_name: str, logical_id: str, kind: str, status: str, *rest: Any, **more: Any) -> None:
        if rest:
            rest = (in_words(rest[0]), *rest[1:])
        if "reason" in more:
            more["reason"] = in_words(more["reason"])
        add(stack_id, stack_name, logical_id, kind, status, *rest, **more)

    deployment._add_event = added
