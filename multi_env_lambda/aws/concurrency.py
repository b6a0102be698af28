"""Whether an account has the concurrency that functions should reserve; read only if one reserves some."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from multi_env_lambda.aws.error_codes import aws_errors, code_of, is_denied, text_of
from multi_env_lambda.aws.quotas import KEPT_UNRESERVED
from multi_env_lambda.errors import AccountError, MultiEnvLambdaError, StackError

__all__ = ["Shortage", "reserved_now", "shortage_of"]


@attrs.frozen(kw_only=True)
class Shortage:
    """``left`` of the account's ``limit`` would stay unreserved, and Lambda keeps ``least``."""

    wanted: int
    left: int
    limit: int
    least: int


def shortage_of(client: Any, place: str, reserved: Mapping[str, int]) -> Shortage | None:
    """What an account lacks for ``reserved``, by function name; None if it has enough.

    Raises:
        AccountError: the role lacks the permission to read.
        StackError: Lambda does not respond.
    """
    wanted = sum(reserved.values())
    if not wanted:
        return None
    try:
        limits = client.get_account_settings()["AccountLimit"]
        limit, free = int(limits["ConcurrentExecutions"]), int(limits["UnreservedConcurrentExecutions"])
        least = min(limit, KEPT_UNRESERVED)
        if free - wanted < least:
            # What the functions already have is released first.
            free += sum(_reserved(client, name) or 0 for name in reserved)
    except aws_errors() as error:
        raise _error(place, error) from error
    if free - wanted >= least:
        return None
    return Shortage(wanted=wanted, left=free - wanted, limit=limit, least=least)


def reserved_now(client: Any, place: str, name: str) -> int | None:
    """What is reserved for a function, by anybody; None if nothing is, or there is no such function.

    Raises:
        AccountError: the role lacks the permission to read.
        StackError: Lambda does not respond.
    Source: https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConcurrency.html
    """
    try:
        return _reserved(client, name)
    except aws_errors() as error:
        raise _error(f"{name} in {place}", error) from error


def _reserved(client: Any, name: str) -> int | None:
    try:
        found = client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
    except aws_errors() as error:
        if code_of(error) == "ResourceNotFoundException":
            return None
        raise
    return None if found is None else int(found)


def _error(place: str, error: Exception) -> MultiEnvLambdaError:
    where = f"the concurrency of {place}"
    if is_denied(error):
        hint = "allow the environment's role lambda:GetAccountSettings and lambda:GetFunctionConcurrency"
        return AccountError(where, text_of(error), hint=hint)
    return StackError(where, text_of(error), hint="run the same command again")
