"""Reading an object from another account's bucket is authorised for the role that reads it, not for its whole account.

Reason: ministack evaluates the bucket policy for the account's root, so a statement that names the permitted roles
never matches; and it does not evaluate the reader's own policies.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-walkthroughs-managing-access-example2.html (across
accounts the bucket and the reader's own policies both have to allow it),
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html (code and layers: the stack's
role) and https://docs.aws.amazon.com/glue/latest/dg/create-an-iam-role.html (scripts: the job's role). A template that
lies in a bucket is read by who names it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from . import service_role
from .names import load, original

__all__ = ["as_caller", "as_role", "patch"]

_SERVICE = object()
"""A service reads in somebody's name: nobody has asked yet what that somebody may do."""

_reader: ContextVar[Any] = ContextVar("reader", default=None)
_asked: ContextVar[tuple[Any, bool]] = ContextVar("asked", default=(None, False))
"""Who is meant while a bucket's policy is asked about another account, and whether a service reads for her."""


def patch(*, with_rights: bool) -> None:
    """Evaluate policies for the actual reader. ``with_rights``: what a service reads on the caller's behalf, the caller
    must be allowed to read.
    """
    s3, evaluator = load("ministack.services.s3"), load("ministack.core.iam_evaluator")
    fetch = original(s3, "_get_object_data")
    evaluate = original(evaluator, "evaluate_resource_policy")
    s3._get_object_data = _in_a_name(fetch)
    s3._foreign_bucket_allows = _in_whose_name(original(s3, "_foreign_bucket_allows"))
    evaluator.evaluate_resource_policy = _about_somebody(evaluator, evaluate, with_rights=with_rights)


@contextmanager
def as_role(arn: str) -> Iterator[None]:
    """What a job reads within is read by its role, an ARN or a name.

    A run that is asked for starts later than IAM needs to know a new policy everywhere.
    Source: https://aws.amazon.com/about-aws/whats-new/2020/08/aws-glue-version-2-featuring-10x-faster-job-start-times-1-minute-minimum-billing-duration/
    """
    account = original(load("ministack.core.responses"), "get_account_id")()
    token = _reader.set(service_role.principal(account, arn.rpartition("/")[2], "reads", settled=True))
    try:
        yield
    finally:
        _reader.reset(token)


@contextmanager
def as_caller() -> Iterator[None]:
    """Objects that a service reads inside the block are read as the sender of the request, whichever role the stack
    acts with.
    """
    token = _reader.set(_caller() or _SERVICE)
    try:
        yield
    finally:
        _reader.reset(token)


def _in_a_name(fetch: Callable[..., Any]) -> Callable[..., Any]:
    def fetched(*args: Any, **named: Any) -> Any:
        token = _reader.set(_reader.get() or service_role.acting() or _caller() or _SERVICE)
        try:
            return fetch(*args, **named)
        finally:
            _reader.reset(token)

    return fetched


def _in_whose_name(allows: Callable[..., bool]) -> Callable[..., bool]:
    def asked(*args: Any, **named: Any) -> bool:
        service = _reader.get()
        token = _asked.set((_caller(), False) if service is None else (service, True))
        try:
            return allows(*args, **named)
        finally:
            _asked.reset(token)

    return asked


def _about_somebody(evaluator: Any, evaluate: Callable[..., Any], *, with_rights: bool) -> Callable[..., Any]:
    def about(document: Any, context: Any, *more: Any, **named: Any) -> Any:
        who, by_service = _asked.get()
        if who in (None, _SERVICE) or context.principal_type != "Root":
            return evaluate(document, context, *more, **named)
        told = dataclasses.replace(
            context,
            principal_arn=who.arn,
            principal_type=who.type,
            principal_account=who.account,
            principal_keys=who.keys,
        )
        if by_service and with_rights:
            own = evaluator.evaluate(told, who.policies, *who.limits)
            if own.decision != "Allow":
                return own
        return evaluate(document, told, *more, **named)

    return about


def _caller() -> Any:
    """The sender of the current request; None for an account's root, and outside of a request."""
    evaluator = load("ministack.core.iam_evaluator")
    key = original(evaluator, "_verified_key").get()
    if not key:
        return None
    found = original(evaluator, "resolve_principal")(
        key, original(load("ministack.core.responses"), "get_account_id")()
    )
    return found if getattr(found, "policies", None) is not None else None
