"""A page that lists "only these" lists what is declared, so that a new key, verb or mark cannot make it untrue."""

from __future__ import annotations

import json
import re

import attrs
import pytest

from multi_env_lambda.model.finding import Finding
from multi_env_lambda.model.keys.event import EVENTS
from multi_env_lambda.model.keys.unit import DIFFERENCE
from multi_env_lambda.model.project import read_project
from multi_env_lambda.model.release import release_folder
from multi_env_lambda.plan.scaffold import UNIT_SCRIPTS
from multi_env_lambda.plan.stackstate import STACK_ANSWERS, Create, Update, Wait
from multi_env_lambda.plan.template import render
from multi_env_lambda.show.doctor import doctor_table
from multi_env_lambda.show.marks import MARKS
from tests.declared import DEVOPS, ENVIRONMENTS
from tests.docs.test_documentation import WITHOUT_SCRIPT
from tests.house import ROOT
from tests.plan.template_values import BUCKET, SOURCE

DIFFERENT = [key.name for key in DIFFERENCE]
LISTS = {
    "only these tables can differ": (
        "02-How-To/differ-between-environments",
        "Only these tables can differ",
        DIFFERENT,
    ),
    "only these tables have variables": ("04-Reference/configuration", "These tables are", DIFFERENT),
    "every kind of event": ("04-Reference/configuration-unit", "The kinds are", list(EVENTS.kinds)),
    "verbs without a script": ("04-Reference/commands", "Only", ["bin/automation", *WITHOUT_SCRIPT]),
    "scripts of a unit": ("README", "Every unit has its own", ["bin/automation", *UNIT_SCRIPTS]),
}
"""What is listed -> (page, how the sentence begins, the names in it)."""


def text_of(page: str) -> str:
    path = ROOT / "README.rst" if page == "README" else ROOT / "docs/source" / f"{page}.rst"
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", LISTS)
def test_a_list_has_what_is_declared(name: str) -> None:
    page, begins, declared = LISTS[name]
    (line,) = (line for line in text_of(page).splitlines() if line.startswith(f"{begins} ") or f"{begins}:" in line)

    assert sorted(re.findall(r"``([^`]+)``", line)) == sorted(declared)


def test_every_mark_of_a_cell_is_explained() -> None:
    page = text_of("02-How-To/see-where-everything-is")
    explained = set(re.findall(r"^- ``([^\w(\s])", page, re.MULTILINE))

    assert explained == {mark.glyph for kind, mark in MARKS.items() if kind not in ("current", "empty")}


def resources_of(event: dict[str, object]) -> list[str]:
    """The types that a stack has beyond those of the unit's own tables."""
    declared = {"queues": {"jobs": {}}, "topics": {"news": {}}, "buckets": {"in": {}}}
    declared["tables"] = {"orders": {"partition_key": "id"}}
    functions = {"main": {"handler": "intake.main.handler", "events": [event]}}
    found = {"functions": functions, **declared}
    document = {"project": {"name": "intake", "version": "0.1.0"}, "tool": {"multi_env_lambda": found}}
    project = read_project(document, folder="projects/intake", where="x", environments=ENVIRONMENTS, devops=DEVOPS)
    source = attrs.evolve(SOURCE, project="intake")
    made = json.loads(render(project, ENVIRONMENTS[0], bucket=BUCKET, source=source, layer=None))
    return sorted(resource["Type"] for resource in made["Resources"].values())


@pytest.mark.parametrize(
    ("own", "existing"),
    [
        ({"sqs": "jobs"}, {"sqs": "arn:aws:sqs:us-east-1:222222222222:a"}),
        ({"sns": "news"}, {"sns": "arn:aws:sns:us-east-1:222222222222:a"}),
        ({"dynamodb": "orders"}, {"dynamodb": "arn:aws:dynamodb:us-east-1:222222222222:table/a/stream/b"}),
        ({"s3": "in"}, {"s3": "acme-in", "form": "s3"}),
    ],
    ids=lambda event: str(next(iter(event.items()))),
)
def test_a_resource_of_the_unit_adds_what_an_existing_one_adds(
    own: dict[str, object], existing: dict[str, object]
) -> None:
    assert resources_of(own) == resources_of(existing)


def test_the_key_of_a_manifest_on_the_page_about_trust_is_one_of_the_bucket() -> None:
    keys = re.findall(r"projects/\S+/manifest\.json", text_of("03-Concepts/whom-to-trust"))

    assert keys == [f"{release_folder('billing', '…')}/manifest.json"]


def test_the_page_about_webhooks_shows_what_doctor_prints() -> None:
    shown = re.search(r"^    (devops  .*) +(webhook) +(webhooks .*)$", text_of("02-How-To/webhooks"), re.MULTILINE)
    assert shown is not None
    finding = Finding(place="devops", check="webhook", state="ok", what=shown[3])

    columns = doctor_table([finding]).columns
    assert shown[0].split() == " ".join(str(next(iter(column.cells))) for column in columns).split()


def test_every_status_in_which_a_stack_is_stuck_is_on_the_page_about_failures() -> None:
    page = text_of("02-How-To/when-something-fails").partition("A stack is stuck\n")[2].partition("\n\nIf ")[0]
    stuck = {name for name, answer in STACK_ANSWERS.items() if not isinstance(answer, Create | Update | Wait)}
    waits = {name for name, answer in STACK_ANSWERS.items() if isinstance(answer, Wait)}

    assert set(re.findall(r"``([A-Z_]+)``", page)) == stuck
    assert {name for name in waits if not name.endswith("_IN_PROGRESS")} == set()
