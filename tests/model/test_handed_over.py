"""Values that a unit reads of another one are there, and come in the right order."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.claims import claims_of
from multi_env_lambda.model.environment import Devops, Environment
from multi_env_lambda.model.handed_over import wrong_values
from multi_env_lambda.model.project import Project, read_project

DEVOPS = Devops(account_id="1" * 12, region="us-east-1", bucket="acme")
SANDBOX = Environment(name="sandbox", account_id="2" * 12, region="us-east-1")
READS = 'functions.main = { handler = "a.b", environment.SHOP = { unit = "UNIT", parameter = "KEY" } }\n'
SHOP = '[tool.multi_env_lambda.parameters.orders]\nvalue = "x"\n'


def unit(name: str, table: str) -> Project:
    text = f'[project]\nname = "{name}"\nversion = "0.1.0"\n[tool.multi_env_lambda]\n{table}'
    folder = f"projects/{name}"
    return read_project(tomllib.loads(text), folder=folder, where=folder, environments=(SANDBOX,), devops=DEVOPS)


def faults(of: str, key: str, *, needs: str = 'needs = ["shop"]\n') -> Mapping[str, ConfigurationError]:
    reader = unit("reader", needs + READS.replace("UNIT", of).replace("KEY", key))
    return wrong_values(claims_of(one, (SANDBOX,)) for one in (unit("shop", SHOP), reader))


def test_a_value_of_a_unit_that_is_needed_is_read() -> None:
    assert faults("shop", "orders") == {}


def test_a_unit_that_cannot_be_read_is_not_blamed() -> None:
    assert faults("broken", "orders", needs='needs = ["broken"]\n') == {}


@pytest.mark.parametrize(
    ("of", "key", "needs", "words"),
    [
        ("shop", "orders", "", ["it is a value of `shop`, which the unit does not need", 'add "shop" to `needs`']),
        (
            "shop",
            "order",
            'needs = ["shop"]\n',
            ["`shop` has no parameter `order` in sandbox", "did you mean `orders`?"],
        ),
        ("reader", "orders", "", ["a unit names its own parameters without `unit`"]),
    ],
)
def test_a_value_that_nobody_hands_over_is_refused(of: str, key: str, needs: str, words: list[str]) -> None:
    found = faults(of, key, needs=needs)

    assert list(found) == ["projects/reader"]
    message = str(found["projects/reader"])
    assert "[tool.multi_env_lambda.functions.main.environment.SHOP]" in message
    assert not [word for word in words if word not in message], message
