"""How calls to CloudFormation are sent: names and tokens made from ours, lost responses, and errors in our words."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from multi_env_lambda.aws.error_codes import (
    account_error,
    aws_errors,
    code_of,
    is_denied,
    is_lost,
    is_throttled,
    message_of,
    text_of,
)
from multi_env_lambda.errors import MultiEnvLambdaError, StackError
from multi_env_lambda.host.retrying import Retrying

__all__ = ["StateConflict", "in_state", "repeated", "request_token", "retried", "stack_error"]

_Answer = TypeVar("_Answer")

_PLAIN = re.compile(r"[A-Za-z0-9](-?[A-Za-z0-9])*")
_IN_STATE = re.compile(r"is in [`'\[]?([A-Z_]+)[`'\]]? (?:state|status)")


class StateConflict(Exception):
    """CloudFormation refuses because the stack's state has changed; never leaves this folder."""


def request_token(token: str, step: str) -> str:
    """A ClientRequestToken, also used as a name, for one step of one run: equal for equal steps, whatever the text.

    A simple token stays readable in the stack's events; it carries the fencing number of the lease.
    """
    if len(token) <= 80 and _PLAIN.fullmatch(token):
        return f"mel-{step}-{token}"
    return f"mel-{step}-{hashlib.sha256(token.encode()).hexdigest()[:40]}"


def in_state(error: Exception) -> str | None:
    """The state of a stack, if an error says that this state is why it refuses."""
    found = _IN_STATE.search(message_of(error))
    return found.group(1) if found and code_of(error) == "ValidationError" else None


def repeated(send: Callable[[], object], where: str, retrying: Retrying) -> None:
    """Send a call that carries a token: retried while its response is lost, done if the token is already known.

    Raises:
        StateConflict: the stack is in a state that does not allow it (perhaps because a lost call was applied).
        StackError: it is refused for another reason, or there is no response.
        AccountError: the credentials are not valid (any more), or nothing listens at the endpoint.
    """

    def once() -> None:
        try:
            send()
        except aws_errors() as error:
            if in_state(error) is not None:
                raise StateConflict from error
            if code_of(error) != "TokenAlreadyExistsException":
                raise

    retried(once, lambda error: is_lost(error) or is_throttled(error), where, partial(stack_error, where), retrying)


def retried(
    send: Callable[[], _Answer],
    passes: Callable[[Exception], bool],
    what: str,
    in_our_words: Callable[[Exception], Exception],
    retrying: Retrying,
    *,
    throttled: Callable[[Exception], bool] = is_throttled,
) -> _Answer:
    """The response to a call, which is retried after a pause if ``passes`` says that its error may be temporary.

    ``throttled``: whether the account only asks for less at a time, and so for minutes.

    Raises:
        Exception: what ``in_our_words`` makes of a permanent error, or of the last one.
    """
    try:
        return retrying.run(send, what=what, errors=aws_errors(), passes=passes, throttled=throttled, reason=code_of)
    except aws_errors() as error:
        raise in_our_words(error) from error


def stack_error(where: str, error: Exception) -> MultiEnvLambdaError:
    """An error of CloudFormation in our words."""
    known = account_error(where, error)
    if known is not None:
        return known
    if is_denied(error):
        hint = "allow the environment's role this action on its stacks"
    elif is_lost(error) or is_throttled(error):
        hint = "run the same command again; nothing is done twice"
    elif code_of(error) == "LimitExceededException":
        hint = "raise the quota in Service Quotas, or delete what you do not need"
    else:
        hint = "fix the unit's settings or its stack.py; `plan` shows the template"
    return StackError(where, text_of(error), hint=hint)
