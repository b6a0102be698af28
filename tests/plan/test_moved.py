"""A unit that runs in another place than the table says is told with both places."""

from __future__ import annotations

import attrs

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.record import Record
from multi_env_lambda.plan.moved import moved
from tests.plan.record_values import deployment

HERE = Environment(name="prod", account_id="555555555555", region="eu-central-1")
RUNNING = deployment(
    version="1.0",
    account_id="555555555555",
    region="us-east-1",
    stack_id="arn:aws:cloudformation:us-east-1:555555555555:stack/orders-prod/1",
)


def test_both_places_and_the_stack_are_named() -> None:
    assert moved(Record(project="orders", environment="prod", running=RUNNING), HERE) == (
        "1.0 runs in us-east-1 of account 555555555555 "
        "(arn:aws:cloudformation:us-east-1:555555555555:stack/orders-prod/1), "
        "the table says eu-central-1 of account 555555555555",
        "write the old place into the table and `destroy` it in prod, then the new one and deploy; "
        "or give the new place an environment of its own",
    )


def test_another_account_is_another_place() -> None:
    there = attrs.evolve(RUNNING, region=HERE.region, account_id="666666666666")
    assert moved(Record(project="orders", environment="prod", running=there), HERE) is not None


def test_where_it_is_or_is_not_known_to_be_elsewhere_nothing_is_said() -> None:
    same = attrs.evolve(RUNNING, region=HERE.region)
    unknown = attrs.evolve(RUNNING, region="", account_id="")
    for running in (same, unknown, None):
        assert moved(Record(project="orders", environment="prod", running=running), HERE) is None
    assert moved(None, HERE) is None
