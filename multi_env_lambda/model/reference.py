"""What a function needs from its account by name only: a secret, or a parameter. A reference never holds a value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, assert_never

import attrs

from multi_env_lambda.model.settings import Function, ParameterReference, SecretReference
from multi_env_lambda.model.settings import Literal as LiteralValue

__all__ = ["MissingReference", "Reference", "references_of"]


@attrs.frozen(kw_only=True)
class Reference:
    """The variable of a function that refers to a secret or a parameter."""

    function: str
    variable: str
    kind: Literal["secret", "parameter"]
    name: str

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
    return tuple(found)
