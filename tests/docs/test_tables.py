"""Every table on a page is read by the real readers and fits the schema, and leads to what the page says."""

from __future__ import annotations

import json
import re
import textwrap
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from jsonschema import Draft7Validator

from multi_env_lambda import sample_event
from multi_env_lambda.model.key import Keys
from multi_env_lambda.model.keys.event import EVENTS
from multi_env_lambda.model.project import Project, read_project
from multi_env_lambda.model.reading import merge
from multi_env_lambda.model.schema import SchemaName, schema_of
from multi_env_lambda.model.settings import Alarms, PlainValue, SecretReference
from multi_env_lambda.plan.template import render
from tests.declared import DEVOPS, ENVIRONMENTS, complete_unit, complete_workspace, refusal
from tests.house import ROOT
from tests.plan.template_values import BUCKET, SOURCE

PAGES = [ROOT / "README.rst", *sorted((ROOT / "docs/source").rglob("*.rst"))]
HOW_TO = ROOT / "docs/source/02-How-To"
VALIDATORS = {name: Draft7Validator(schema_of(name)) for name in ("unit", "workspace")}
OF_A_WORKSPACE = {"units", "id", "devops", "keep", "approvals_by_author", "ci", "roles"}
_BLOCK = re.compile(r"^( *)(?:\.\. code-block:: toml\n|.*::\n)(?:\1 +:.*\n)*\n((?:\1 +.*\n|\n)+)", re.MULTILINE)


def blocks(path: Path, start: str = "") -> Iterator[str]:
    """What is shown literally on a page; ``start``: how it begins."""
    for found in _BLOCK.finditer(path.read_text("utf-8")):
        text = textwrap.dedent(found[2]).strip("\n") + "\n"
        if text.startswith(start):
            yield text


def tables(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for block in blocks(path):
        if "tool.multi_env_lambda" in block.split("#")[0] and "\n[" in f"\n{block}":
            document = tomllib.loads(block.replace("sha256:…", f"sha256:{'0' * 64}"))
            if isinstance(document.get("tool", {}).get("multi_env_lambda"), dict):
                yield block, document


def kind_of(table: dict[str, Any]) -> SchemaName:
    of_workspace = OF_A_WORKSPACE & table.keys() or isinstance(table.get("environments"), list)
    return "workspace" if of_workspace else "unit"


def test_every_table_of_a_page_is_read_and_fits_the_schema() -> None:
    seen, wrong = Counter[str](), []
    for path in PAGES:
        for block, document in tables(path):
            schema = kind_of(document["tool"]["multi_env_lambda"])
            seen[schema] += 1
            complete = complete_unit(document) if schema == "unit" else complete_workspace(document)
            wrong += [f"{path.name}: {why}\n{block}" for why in (refusal(schema, complete),) if why]
            wrong += [f"{path.name}: {error.message}\n{block}" for error in VALIDATORS[schema].iter_errors(complete)]

    assert wrong == [], "\n".join(wrong)
    assert seen["unit"] > 20
    assert seen["workspace"] > 10


# --- the page about events ---
EVENTS_PAGE = HOW_TO / "trigger-a-function.rst"


def unit_of(page: Path) -> Project:
    """A unit that has every table of the page."""
    document: dict[str, Any] = {"project": {"name": "intake", "version": "0.1.0"}}
    for block in blocks(page, "[tool"):
        document = merge(document, tomllib.loads(block))
    where = "projects/intake/pyproject.toml"
    return read_project(document, folder="projects/intake", where=where, environments=ENVIRONMENTS, devops=DEVOPS)


def made_for(event: dict[str, Any]) -> set[str]:
    """The types that an event adds to a stack, each with its number if there are several."""

    def types(events: list[dict[str, Any]]) -> Counter[str]:
        functions = {"main": {"handler": "intake.main.handler", "events": events}}
        document = {
            "project": {"name": "intake", "version": "0.1.0"},
            "tool": {"multi_env_lambda": {"functions": functions}},
        }
        project = read_project(document, folder="projects/intake", where="x", environments=ENVIRONMENTS, devops=DEVOPS)
        source = attrs.evolve(SOURCE, project="intake")
        made = json.loads(render(project, ENVIRONMENTS[0], bucket=BUCKET, source=source, layer=None))
        return Counter(resource["Type"].rpartition(":")[2] for resource in made["Resources"].values())

    more = types([event]) - types([])
    return {f"{number} × ``{name}``" if number > 1 else f"``{name}``" for name, number in more.items()}


def test_every_kind_of_event_is_on_its_page() -> None:
    shown = set(re.findall(rf"\b({'|'.join(EVENTS.kinds)}) = ", EVENTS_PAGE.read_text("utf-8")))

    assert shown | {"http", "rest"} == set(EVENTS.kinds)
    for page in ("answer-http-requests", "rest-apis"):
        assert f":doc:`{page}`" in EVENTS_PAGE.read_text("utf-8")


ARN = "arn:aws:{}:us-east-1:222222222222:a"
ROWS: dict[str, dict[str, Any]] = {
    "``schedule``": {"schedule": "rate(1 hour)"},
    "``scheduler``": {"scheduler": "rate(1 hour)"},
    "``sqs``, created": {"sqs": True},
    "``sqs``, existing": {"sqs": ARN.format("sqs")},
    "``sns``, created": {"sns": True},
    "``sns``, existing": {"sns": ARN.format("sns")},
    "``s3``, created": {"s3": True},
    "``s3``, existing, ``eventbridge``": {"s3": "acme-in", "form": "eventbridge"},
    "``s3``, existing, ``s3``": {"s3": "acme-in", "form": "s3"},
    "``event_pattern``": {"event_pattern": {"source": ["a"]}},
    "``dynamodb``, ``kinesis``": {"kinesis": ARN.format("kinesis")},
    "``url``": {"url": True},
    "``url`` for everybody": {"url": "NONE"},
    "``http``, the unit's first route": {"http": "GET /a"},
    "``rest``, the unit's first route": {"rest": "GET /a"},
}


def test_the_page_says_what_a_stack_gets_for_each_event() -> None:
    rows = re.findall(r"^(``[a-z0-9_]+``.*?)  +(.*``)$", EVENTS_PAGE.read_text("utf-8"), re.MULTILINE)

    assert {name: set(cell.split(", ")) for name, cell in rows} == {name: made_for(row) for name, row in ROWS.items()}


HANDLERS = {
    "nightly": [("schedule", {}, "2026-03-31T08:00:00Z")],
    "mornings": [("scheduler", {}, "2026-03-31T08:00:00Z")],
    "orders": [("sqs", {"body": {"id": 7}}, {"batchItemFailures": []})],
    "news": [("sns", {"message": "hello"}, None)],
    "uploads": [("s3", {"key": "in/a b.csv"}, ("incoming", "in/a b.csv"))],
    "archive": [("s3", {"form": "eventbridge", "key": "a"}, ("incoming", "a"))],
    "audit": [("event_pattern", {}, ("order", {"id": 1}))],
    "changes": [("dynamodb", {}, None)],
    "clicks": [("kinesis", {"data": "x"}, [b"x"])],
    "hook": [("url", {"body": {"id": 7}}, {"statusCode": 200, "body": '{"id": 7}'})],
}


@pytest.mark.parametrize("name", HANDLERS)
def test_each_handler_of_the_page_gets_its_event(name: str) -> None:
    shown = re.search(rf"   :caption: intake/{name}\.py\n\n((?:    .*\n|\n)+)", EVENTS_PAGE.read_text("utf-8"))
    assert shown is not None
    names: dict[str, Any] = {}
    exec(textwrap.dedent(shown[1]), names)  # noqa: S102 -- of this repository's own page

    for kind, values, answer in HANDLERS[name]:
        given = names["handler"](sample_event(kind, values), None)
        assert answer is None or given == answer


def test_all_tables_about_events_are_one_unit_with_a_handler_each() -> None:
    project = unit_of(EVENTS_PAGE)
    modules = {handler.split(".")[1] for _, handler in project.handlers}

    assert modules == set(HANDLERS)
    for place in ENVIRONMENTS:
        source = attrs.evolve(SOURCE, project="intake")
        assert render(project, place, bucket=BUCKET, source=source, layer=None)


# --- the page about environments ---
def test_the_page_about_environments_says_what_its_table_leads_to() -> None:
    settings = unit_of(HOW_TO / "differ-between-environments.rst").settings
    main = {name: {one.key: one for one in found.functions}["main"] for name, found in settings.items()}
    prod, sandbox = main["prod"], main["sandbox"]

    assert (prod.memory_size, prod.timeout, sandbox.memory_size) == (1024, 30, 256)
    assert dict(prod.environment)["TABLE"] == PlainValue(text="orders-prod")
    assert dict(prod.environment)["LEVEL"] == PlainValue(text="warning")
    assert dict(prod.environment)["DB"] == SecretReference(name="billing/db")
    assert prod.alarms == Alarms(errors=1, minutes=15)
    assert dict(settings["prod"].tags) == {"team": "billing", "criticality": "high"}
    assert (sandbox.alarms, sandbox.events, len(prod.events)) == (None, (), 1)
    assert [one.key for one in settings["sandbox"].functions] == ["debug", "main"]
    assert [one.key for one in settings["test"].functions] == ["main"]


# --- the pages about permissions, alarms and VPCs ---
def template_of(page: str) -> dict[str, Any]:
    source = attrs.evolve(SOURCE, project="intake")
    found: dict[str, Any] = json.loads(
        render(unit_of(HOW_TO / page), ENVIRONMENTS[0], bucket=BUCKET, source=source, layer=None)
    )
    return found["Resources"]


def test_the_page_about_permissions_leads_to_the_roles_that_it_describes() -> None:
    found = template_of("permissions.rst")
    statements = [
        (one["Effect"], action)
        for name in ("MainRole", "ExportRole")
        for one in found[name]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        for action in one["Action"]
    ]

    assert {("Allow", "dynamodb:PutItem"), ("Allow", "s3:PutObject"), ("Deny", "s3:DeleteObject")} <= set(statements)
    assert {action for effect, action in statements if action.startswith("logs:")} == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }
    assert found["ReportRole"]["Properties"]["ManagedPolicyArns"][1] == "arn:aws:iam::222222222222:policy/read-the-lake"


def test_the_page_about_alarms_leads_to_the_alarm_that_it_describes() -> None:
    alarm = template_of("alarms.rst")["MainErrorAlarm"]["Properties"]

    assert alarm["AlarmName"] == "billing-sandbox-main-errors".replace("billing", "intake")
    assert (alarm["Threshold"], alarm["Period"], alarm["TreatMissingData"]) == (5, 900, "notBreaching")
    assert alarm["AlarmActions"] == ["arn:aws:sns:us-east-1:222222222222:on-call"]
    assert not {"OKActions", "InsufficientDataActions"} & alarm.keys()


def test_the_page_about_vpcs_gives_each_environment_its_own() -> None:
    settings = unit_of(HOW_TO / "functions-in-a-vpc.rst").settings
    found = {name: one.functions[0].vpc for name, one in settings.items()}
    sandbox, prod = found["sandbox"], found["prod"]

    assert sandbox is not None and prod is not None
    assert set(sandbox.subnet_ids).isdisjoint(prod.subnet_ids)
    assert set(sandbox.security_group_ids).isdisjoint(prod.security_group_ids)


def test_every_option_of_an_event_has_a_label_to_link_to() -> None:
    page = (ROOT / "docs/source/04-Reference/unit-events.rst").read_text("utf-8")
    kinds: dict[str, Keys] = dict(EVENTS.kinds)

    for kind, keys in kinds.items():
        for key in keys:
            assert f".. _key.unit.functions.events.{kind}.{key.name}:\n" in page
