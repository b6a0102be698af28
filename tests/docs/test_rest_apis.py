"""The page about REST APIs is followed: its tables are read, its handlers answer, its addresses are those made."""

from __future__ import annotations

import json
import re
import textwrap
import tomllib
from typing import Any

import attrs

from multi_env_lambda import sample_event
from multi_env_lambda.model.any_api import routes_of
from multi_env_lambda.model.project import Project, read_project
from multi_env_lambda.model.reading import merge
from multi_env_lambda.model.rest_settings import RestRoute
from multi_env_lambda.plan.template import render
from multi_env_lambda.testing.local_cloud import sample_config
from tests.house import ROOT
from tests.plan.template_values import BUCKET, SOURCE

PAGE = (ROOT / "docs/source/02-How-To/rest-apis.rst").read_text("utf-8")
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


def handler(word: str) -> Any:
    """The handler of the page with this word in it."""
    (source,) = (block for block in BLOCKS if "def handler" in block and word in block)
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102 -- of this repository's own page
    return names["handler"]


def test_all_tables_together_are_a_unit() -> None:
    project = followed()
    api = project.settings["sandbox"].rest_api

    assert api is not None and api.usage_plan is not None
    assert [each.key for each in api.authorizers] == ["members", "partners", "robots"]
    assert (api.rate, api.burst, api.log_retention_days, api.stage, api.endpoint) == (50, 100, 90, "v1", "edge")
    routes = routes_of(project.settings["sandbox"].functions, RestRoute)
    found = {event.route.key: event.authorizer for _, _, event in routes}
    assert found == {"GET /orders/{id}": "members", "GET /health": "none"}


def test_log_url_and_key_are_called_as_the_page_says() -> None:
    project, place = followed(), sample_config().environment("sandbox")
    source = attrs.evolve(SOURCE, project="shop")
    document = json.loads(render(project, place, bucket=BUCKET, source=source, layer=None))

    group = document["Resources"]["RestApiAccessLog"]["Properties"]["LogGroupName"]
    assert f"``{group}``" in PAGE
    assert f"--name-query {document['Resources']['RestApiKeyAcme']['Properties']['Name']} " in PAGE
    assert json.dumps(document["Outputs"]["RestApiEndpoint"]).count("/v1") == 1


def test_the_handler_answers_the_sample_that_the_page_prints() -> None:
    answer = handler("pathParameters")(sample_event("rest", {"path": "/orders/7"}), None)

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == {"id": "7"}


def test_the_authorizer_of_the_page_answers_with_a_policy() -> None:
    arn = "arn:aws:execute-api:us-east-1:222222222222:a1b2c3d4e5/live/GET/orders/7"
    effects = {
        token: handler("policyDocument")({"authorizationToken": token, "methodArn": arn}, None)["policyDocument"]
        for token in ("robot 7", "robot 8")
    }

    assert [found["Statement"][0]["Effect"] for found in effects.values()] == ["Allow", "Deny"]
