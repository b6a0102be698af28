"""What a function needs from its account by name only: a secret, a parameter, a queue. It never holds a value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, assert_never

import attrs

from multi_env_lambda.model.settings import Existing, Function, ParameterReference, Queue, SecretReference
from multi_env_lambda.model.settings import Literal as LiteralValue

__all__ = ["MissingReference", "Reference", "references_of"]


@attrs.frozen(kw_only=True)
class Reference:
    """The variable of a function that refers to a secret or a parameter, or an event of it with an existing queue.

    ``seconds``: how long a queue has to hide a message at least, 0 for the others.
    """

    function: str
    variable: str
    kind: Literal["secret", "parameter", "queue"]
    name: str
    seconds: int = 0

    def __str__(self) -> str:
        return f"{self.function}.{self.variable}: {self.kind} `{self.name}`"


@attrs.frozen(kw_only=True)
class MissingReference:
    """A reference that leads nowhere, or to something that cannot be used there."""

    reference: Reference
    what: str
    hint: str


def references_of(functions: Iterable[Function]) -> tuple[Reference, ...]:
    """Every reference of some functions, in their order."""
    return tuple(found for function in functions for found in _references(function))


def _references(function: Function) -> tuple[Reference, ...]:
    found = []
    for variable, value in function.environment:
        match value:
            case LiteralValue():
                continue
            case SecretReference(name=name):
                found.append(Reference(function=function.key, variable=variable, kind="secret", name=name))
            case ParameterReference(name=name):
                found.append(Reference(function=function.key, variable=variable, kind="parameter", name=name))
            case _:
                assert_never(value)
    for event in function.events:
        if isinstance(event, Queue) and isinstance(event.source, Existing):
            arn, seconds = event.source.identifier, function.timeout
            found.append(Reference(function=function.key, variable="sqs", kind="queue", name=arn, seconds=seconds))
    return tuple(found)
