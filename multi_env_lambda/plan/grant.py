"""One IAM statement, and statements as documents that IAM accepts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import attrs

from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.environment import Devops, Environment

__all__ = ["LONGEST_POLICY", "Grant", "arn_of", "calls_of", "documents", "documents_of", "grant_of"]

LONGEST_POLICY = 6144
"""Characters of a managed policy, without white space.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""


@attrs.frozen(kw_only=True)
class Grant:
    """One statement: what is allowed on what, and the verbs that fail without it; or, with the effect ``Deny``, what is
    refused whatever else allows it."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    condition: Mapping[str, Any] | None = None
    effect: Literal["Allow", "Deny"] = "Allow"

    def statement(self) -> dict[str, Any]:
        body: dict[str, Any] = {"Sid": self.sid, "Effect": self.effect, "Action": sorted(self.actions)}
        more = {} if self.condition is None else {"Condition": dict(self.condition)}
        return {**body, "Resource": list(self.resources), **more}


def grant_of(sid: str, verbs: str | Sequence[str], resources: Iterable[str], *actions: str, **more: Any) -> Grant:
    named = (verbs,) if isinstance(verbs, str) else tuple(verbs)
    return Grant(sid=sid, actions=actions, resources=tuple(resources), verbs=named, **more)


def calls_of(service: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{service}:{name}" for name in names)


def arn_of(place: Devops | Environment, service: str, rest: str) -> str:
    return f"arn:aws:{service}:{place.region}:{place.account_id}:{rest}"


def documents(grants: Iterable[Grant]) -> tuple[dict[str, Any], ...]:
    """The statements as documents, each of which fits into one managed policy."""
    return documents_of(piece for grant in grants for piece in _pieces(grant))


def documents_of(statements: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """In order, with as many in each document as fit."""
    made: list[list[dict[str, Any]]] = [[]]
    for statement in statements:
        if made[-1] and not _fits([*made[-1], statement]):
            made.append([])
        made[-1].append(statement)
    return tuple(_document(group) for group in made if group)


def _pieces(grant: Grant) -> Iterator[dict[str, Any]]:
    """The statement; if it is too long for a document, several with some of its resources each."""
    number, rest = 1, list(grant.resources)
    while rest:
        count = len(rest)
        while count > 1 and not _fits([_piece(grant, number, rest[:count])]):
            count = count // 2
        yield _piece(grant, number, rest[:count])
        number, rest = number + 1, rest[count:]


def _piece(grant: Grant, number: int, resources: Sequence[str]) -> dict[str, Any]:
    sid = grant.sid if number == 1 else f"{grant.sid}{number}"
    return attrs.evolve(grant, sid=sid, resources=tuple(resources)).statement()


def _fits(statements: list[dict[str, Any]]) -> bool:
    return len(canonical_json(_document(statements))) <= LONGEST_POLICY


def _document(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}
