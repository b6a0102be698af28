"""The values of one environment's template."""

from __future__ import annotations

import typing

import attrs
import pytest

from multi_env_lambda.model import settings
from multi_env_lambda.model.settings import Event, Function, ParameterReference, PlainValue, SecretReference, Settings


def function(key: str, **environment: settings.EnvironmentValue) -> Function:
    return Function(key=key, handler="a.b", environment=tuple(environment.items()))


def test_literals_are_no_references() -> None:
    assert Settings(functions=(function("f", AB=PlainValue(text="x")),)).references == ()


def test_each_reference_is_listed_once_and_in_order() -> None:
    secret, parameter = SecretReference(name="s"), ParameterReference(name="p")
    both = Settings(functions=(function("f", AB=secret, CD=parameter), function("g", AB=secret)))

    assert both.references == (parameter, secret)


@pytest.mark.parametrize("kind", [*typing.get_args(Event), Function, settings.GlueJob, Settings])
def test_every_value_is_frozen(kind: type) -> None:
    assert attrs.has(kind)
    assert kind.__setattr__ is not object.__setattr__
    assert kind.__hash__ is not None
