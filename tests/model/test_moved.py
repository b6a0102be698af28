"""A unit that runs in another place than the table says is told with both places."""

from __future__ import annotations

import attrs

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.moved import moved, place_of
from multi_env_lambda.model.record import Record
from multi_env_lambda.model.status import make_status
from multi_env_lambda.show.text import status_table
from multi_env_lambda.testing.local_cloud import sample_config
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
        "but the table says eu-central-1 of account 555555555555",
        "`destroy.py orders prod` deletes it there, then deploy; or restore the old account and region "
        "in the table, and add an environment for the new ones",
    )


def test_another_account_is_another_place() -> None:
    there = attrs.evolve(RUNNING, region=HERE.region, account_id="666666666666")
    assert moved(Record(project="orders", environment="prod", running=there), HERE) is not None


def test_who_removes_it_goes_where_it_is() -> None:
    record = Record(project="orders", environment="prod", running=RUNNING)
    assert place_of(record, HERE) == attrs.evolve(HERE, region="us-east-1")
    assert place_of(attrs.evolve(record, running=None), HERE) is HERE


def test_where_it_is_or_is_not_known_to_be_elsewhere_nothing_is_said() -> None:
    same = attrs.evolve(RUNNING, region=HERE.region)
    unknown = attrs.evolve(RUNNING, region="", account_id="")
    for running in (same, unknown, None):
        assert moved(Record(project="orders", environment="prod", running=running), HERE) is None
    assert moved(None, HERE) is None


def test_status_and_board_mark_what_runs_elsewhere() -> None:
    config = sample_config()
    here = config.environment("test")
    same = attrs.evolve(RUNNING, region=here.region, account_id=here.account_id)
    records = {
        ("test", name): Record(project=name, environment="test", running=running)
        for name, running in (("orders", RUNNING), ("search", same))
    }

    status = make_status(config, ("orders", "search"), records)

    told = status.cell("orders", "test").moved
    assert told is not None and told.startswith("1.0 runs in us-east-1 of account 555555555555")
    assert status.cell("search", "test").moved is None
    cells = [str(cell) for column in status_table(status, "2026-11-26T00:00:00Z").columns for cell in column.cells]
    assert sum("⇢ elsewhere" in cell for cell in cells) == 1


def test_the_release_that_failed_is_that_of_the_latest_deployment() -> None:
    failed = attrs.evolve(RUNNING, release="f" * 64, version="1.1", outcome="failed", detail="no", when="2026-11-26")
    record = Record(project="orders", environment="test", running=RUNNING, latest=failed)

    cell = make_status(sample_config(), ("orders",), {("test", "orders"): record}).cell("orders", "test")

    assert (cell.failed, cell.failed_version, cell.failed_release) == ("no", "1.1", "f" * 64)
    assert (cell.failed_when, cell.release) == ("2026-11-26", RUNNING.release)
