"""The page about HTTP requests is followed: its tables are read, its handler answers, its addresses are those made."""

from __future__ import annotations

import json
import re
import textwrap
import tomllib
from typing import Any

import attrs
import pytest

from multi_env_lambda import sample_event
from multi_env_lambda.model.any_api import routes_of
from multi_env_lambda.model.api_settings import HttpRoute
from multi_env_lambda.model.project import Project, read_project
from multi_env_lambda.model.reading import merge
from multi_env_lambda.model.route import problem_with_route
from multi_env_lambda.plan.template import render
from multi_env_lambda.testing.local_cloud import sample_config
from tests.house import ROOT
from tests.plan.template_values import BUCKET, SOURCE

PAGE = (ROOT / "docs/source/02-How-To/answer-http-requests.rst").read_text("utf-8")
BLOCKS = [textwrap.dedent(found) for found in re.findall(r"::\n\n((?:    .*\n|\n)+)", PAGE)]
TABLES = [tomllib.loads(block) for block in BLOCKS if block.startswith("[tool")]
CHECK = {"tool": {"multi_env_lambda": {"functions": {"check": {"handler": "shop.check.handler"}}}}}


def followed() -> Project:
    """A unit that has done everything that the page shows."""
    document: dict[str, Any] = {"project": {"name": "shop", "version": "0.1.0"}}
    for table in (*TABLES, CHECK):
        document = merge(document, table)
    config = sample_config()
    return read_project(
        document,
        folder="projects/shop",
        where="pyproject.toml",
        environments=config.environments,
        devops=config.devops,
    )


def test_all_tables_together_are_a_unit() -> None:
    project = followed()
    api = project.settings["sandbox"].http_api

    assert api is not None
    assert [each.key for each in api.authorizers] == ["customers", "members", "partners"]
    assert (api.rate, api.burst, api.log_retention_days, api.stage) == (5, 100, 90, "v1")
    routes = routes_of(project.settings["sandbox"].functions, HttpRoute)
    found = {event.route.key: event.authorizer for _, _, event in routes}
    assert found == {"GET /orders/{id}": "customers", "GET /health": "none"}


def test_the_log_and_the_url_are_where_the_page_says() -> None:
    project, place = followed(), sample_config().environment("sandbox")
    source = attrs.evolve(SOURCE, project="shop")
    document = json.loads(render(project, place, bucket=BUCKET, source=source, layer=None))

    group = document["Resources"]["HttpApiAccessLog"]["Properties"]["LogGroupName"]
    assert f"``{group}``" in PAGE
    assert json.dumps(document["Outputs"]["HttpApiEndpoint"]).count("/v1") == 1


def test_the_handler_answers_the_sample_that_the_page_sends() -> None:
    (source,) = (block for block in BLOCKS if block.startswith("import json"))
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102 -- of this repository's own page

    answer = names["handler"](sample_event("http", {"path": "/orders/7"}), None)

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == {"id": "7"}


@pytest.mark.parametrize("route", re.findall(r"^``([A-Z]+ /[^`]*|\$default)`` ", PAGE, re.MULTILINE))
def test_every_route_in_the_table_is_taken(route: str) -> None:
    assert problem_with_route(route) is None
