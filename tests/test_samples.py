"""The sample units, as the library reads them."""

from __future__ import annotations

from pathlib import Path

from multi_env_lambda import Workspace

ROOT = Path(__file__).parent.parent
WORKSPACE = Workspace.open(ROOT, local=False)


def test_the_four_units_are_found_in_four_environments() -> None:
    assert WORKSPACE.projects.keys() >= {"customers", "nightly", "orders", "reports"}
    assert [place.name for place in WORKSPACE.config.environments] == ["sandbox", "test", "staging", "prod"]


def test_orders_waits_for_customers_and_is_made_from_money() -> None:
    orders = WORKSPACE["orders"].config

    assert (orders.needs, orders.shared) == (("customers",), ("libs/money",))
