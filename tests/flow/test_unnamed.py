"""What no property of a template says of a function is seen all the same: reservations, and layers that are gone."""

from __future__ import annotations

import json

import pytest

from multi_env_lambda.aws.drift import ResourceDrift
from multi_env_lambda.errors import AccountError
from multi_env_lambda.flow.unnamed import unnamed_drift
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.versions import FunctionCode
from multi_env_lambda.testing.memory import MemoryPlatform

PROD = Environment(name="prod", account_id="5" * 12, region="us-east-1", position=0)
NAME = "orders-prod-main"
LAYER = "arn:aws:lambda:us-east-1:999999999999:layer:insights:3"


class Lambda(MemoryPlatform):
    """One function with one layer. ``denied``: the role may look at neither."""

    def __init__(self, reserved: int | None = None, *, layer: str | None = "2" * 64, denied: bool = False) -> None:
        super().__init__(lambda key: key)
        self.kept, self.layer, self.denied = reserved, layer, denied

    def find_code(self, environment: Environment, function_name: str, qualifier: str) -> FunctionCode | None:
        raise AssertionError("it was seen before, and is not asked for again")

    def layer_sha256(self, environment: Environment, arn: str) -> str | None:
        self._may_look()
        return self.layer

    def reserved(self, environment: Environment, function_name: str) -> int | None:
        self._may_look()
        return self.kept

    def _may_look(self) -> None:
        if self.denied:
            raise AccountError("lambda", "AccessDenied", hint="allow it")


def found(platform: Lambda, **properties: object) -> tuple[ResourceDrift, ...]:
    function = {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": NAME, **properties}}
    seen = {NAME: FunctionCode(code_sha256="1", layers=(LAYER,), version="$LATEST")}
    return unnamed_drift(platform, PROD, json.dumps({"Resources": {"Main": function}}), seen)


def names(items: tuple[ResourceDrift, ...]) -> list[tuple[str, str, str, str]]:
    return [(item.logical_id, one.path, one.expected, one.actual) for item in items for one in item.differences]


@pytest.mark.parametrize("reserved", [0, 7])
def test_a_reservation_that_no_template_has_made_is_drift(reserved: int) -> None:
    assert names(found(Lambda(reserved))) == [("Main", "/ReservedConcurrentExecutions", "null", str(reserved))]


def test_a_reservation_that_the_template_says_is_cloudformations_to_compare() -> None:
    assert found(Lambda(0), ReservedConcurrentExecutions=5) == ()


def test_a_layer_version_that_is_gone_is_drift_of_the_function_that_names_it() -> None:
    assert names(found(Lambda(layer=None))) == [("Main", "/Layers", LAYER, "a version that somebody deleted")]


def test_a_function_as_it_was_deployed_has_none() -> None:
    assert found(Lambda()) == ()


def test_what_the_role_may_not_look_at_stops_no_comparison() -> None:
    assert found(Lambda(0, layer=None, denied=True)) == ()
