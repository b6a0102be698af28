"""What goes or stays beside the questions is told with the change."""

from __future__ import annotations

from typing import Any

import attrs

from multi_env_lambda.model.api_settings import HttpRoute
from multi_env_lambda.model.plan import DeployStep, RemovedStep
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.route import read_route
from multi_env_lambda.plan.changes import changes
from multi_env_lambda.plan.farewells import gone_notes
from multi_env_lambda.plan.renamed import new_names

from .template_values import SMALL, SOURCE, project, text

KEPT = {"DeletionPolicy": "RetainExceptOnCreate"}


def notes(before: str, after: str) -> tuple[str, ...]:
    return gone_notes(changes(before, after))


def test_a_function_under_a_new_name_says_who_is_turned_away_and_that_its_logs_stay() -> None:
    renamed = notes(text(project(SMALL)), text(project(attrs.evolve(SMALL, key="greet"))))

    assert renamed == (
        "orders-sandbox-create is deleted: calls to this name or its ARN will fail",
        "CreateLogs (AWS::Logs::LogGroup /aws/lambda/orders-sandbox-create) leaves the stack but stays in the account, "
        "with its content",
    )
    assert notes(text(project(SMALL)), text(project(SMALL, jobs=()), layer=None)) == ()


def test_logs_that_an_older_release_did_not_keep_are_said_to_go() -> None:
    old = text(project(SMALL)).replace('"DeletionPolicy":"RetainExceptOnCreate",', "")

    assert "is deleted, with its content" in notes(old, '{"Resources": {}}')[-1]


def test_a_route_that_goes_and_an_api_that_goes_say_who_is_turned_away() -> None:
    both = [HttpRoute(route=read_route(route)) for route in ("GET /a", "GET /b")]
    two, one = (text(project(attrs.evolve(SMALL, events=tuple(both[:many])))) for many in (2, 1))

    assert notes(two, one) == ("the route GET /b is deleted: requests that no other route takes get the status 404",)
    gone = notes(one, text(project(SMALL)))
    assert "HttpApi: its URL is deleted; calls to it will fail" in gone
    assert "HttpApiAccessLog (AWS::Logs::LogGroup /aws/vendedlogs/orders-sandbox-http-api) leaves the stack" in str(
        gone
    )


def step(name: str, running: str | None = None) -> DeployStep:
    release = Release(project=name, artifacts=(SOURCE,), stages=(), needs=())
    more: dict[str, Any] = {"running": running, "running_version": None, "why": ()}
    return DeployStep(project=name, environment="sandbox", action="deploy", release=release, **more)


def test_a_new_unit_beside_one_whose_folder_is_gone_is_told_what_a_new_name_means() -> None:
    gone = RemovedStep(project="bills", environment="sandbox", version="0.1.0")
    invoices, orders, _ = new_names((step("invoices"), step("orders", "r1"), gone))

    assert isinstance(invoices, DeployStep) and isinstance(orders, DeployStep)
    assert invoices.notes[0].startswith("if this is bills under a new name: it starts empty.")
    assert "`destroy.py bills sandbox`" in invoices.notes[0]
    assert orders.notes == ()
    assert new_names((step("invoices"),)) == (step("invoices"),)
