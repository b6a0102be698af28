"""A unit tells what it made, from its stack as it is now, to people and to programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import Outputs, Workspace, pipeline
from multi_env_lambda.cli.main import main
from multi_env_lambda.errors import ConfigurationError, Refused, StackError
from multi_env_lambda.model.request import Request
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_world

from .stage import opened

pytestmark = pytest.mark.story

QUEUE = {"In": {"Type": "AWS::SQS::Queue", "Properties": {}}}


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    made = fake_world(FakeTree(content={"customers": "c1"}), tmp_path)
    pipeline.apply(made.world, pipeline.plan(made.world, Request(verb="deploy", target="sandbox")))
    return made


@pytest.fixture
def workspace(fake: FakeWorld, tmp_path: Path) -> Workspace:
    return opened(fake.world, tmp_path)


def with_outputs(fake: FakeWorld, **values: str) -> None:
    """As a `stack.py` with these outputs would have deployed it."""
    there = fake.platform.stacks["sandbox", "customers-sandbox"]
    document = {**json.loads(there.template), "Outputs": {key: {"Value": value} for key, value in values.items()}}
    fake.platform.stacks["sandbox", "customers-sandbox"] = attrs.evolve(there, template=json.dumps(document))


def test_what_a_unit_made_is_read_from_its_stack(fake: FakeWorld, workspace: Workspace) -> None:
    with_outputs(fake, Endpoint="db.example.org", DbPassword="hunter2hunter2")

    found = workspace["customers"].outputs()

    kinds = [item.kind for item in found]
    assert kinds[0] == "function" and kinds[-2:] == ["output", "output"] and len(found) == len(kinds)
    assert found.text().startswith("customers in sandbox\n  function ")
    assert "  output Endpoint: db.example.org" in found.text().splitlines()
    assert "  output DbPassword: ***" in found.text().splitlines()
    assert found.to_dict()["items"][-1]["value"] == "db.example.org"
    for shown in (found.text(), repr(found), found._repr_html_(), json.dumps(found.to_dict()), found.short()):
        assert "hunter2" not in shown
    assert found._repr_html_().startswith("<pre")


def test_there_are_no_links_where_there_is_no_console(fake: FakeWorld, tmp_path: Path) -> None:
    here = opened(fake.world, tmp_path)["customers"].outputs("sandbox")
    local = opened(fake.world, tmp_path, local=True)["customers"].outputs("sandbox")

    assert "console: https://" in here.text()
    assert "console" not in local.text() and {item.link for item in local} == {None}


def test_where_nothing_runs_it_says_so(workspace: Workspace) -> None:
    with pytest.raises(StackError, match="customers in prod: nothing of it is deployed there"):
        workspace["customers"].outputs("prod")
    with pytest.raises(ConfigurationError, match="there is no unit `custmers`"):
        workspace.unit("custmers").outputs("prod")


def test_a_stack_of_somebody_else_is_not_told(fake: FakeWorld, workspace: Workspace) -> None:
    fake.platform.put_stack("sandbox", "customers-sandbox", '{"Resources": {}}', {"owner": "others"})

    with pytest.raises(Refused, match="does not belong to this workspace"):
        workspace["customers"].outputs("sandbox")


def test_nothing_is_a_sentence() -> None:
    assert Outputs(project="a", environment="b", items=()).text() == "a in b made nothing that others can use"


Type = Callable[..., tuple[int, str, str]]


@pytest.fixture
def type_(fake: FakeWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Type:
    def opener(start: Path, *, local: bool | None, **shown: Any) -> Workspace:
        return opened(fake.world, start, **shown)

    def run(*words: str, unit: str | None = None) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([*words], start=tmp_path, unit=unit, opener=opener)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_the_verb_prints_it(type_: Type, workspace: Workspace) -> None:
    text = workspace["customers"].outputs().text()

    assert type_("outputs", "customers") == (0, f"{text}\n", "")
    assert type_("outputs", "sandbox", unit="customers") == (0, f"{text}\n", "")
    assert json.loads(type_("outputs", "customers", "sandbox", "--json")[1])["environment"] == "sandbox"
    assert type_("outputs", "customers", "prod")[::2] == (
        StackError.exit_code,
        "error[StackError]: customers in prod: nothing of it is deployed there\n"
        "hint: `deploy.py customers prod` deploys it\n",
    )
    assert type_("outputs", "customers", "sandbox", "prod")[0] == 2


def test_a_deploy_of_a_single_unit_ends_with_what_people_look_for(tmp_path: Path, type_: Type, fake: FakeWorld) -> None:
    fake.tree.content["customers"] = "c2"
    fake.tree.resources["customers"] = QUEUE

    code, _, err = type_("deploy", "customers", "sandbox", "--yes")

    assert code == 0
    assert "customers in sandbox: queue In: customers-sandbox-In" in err.splitlines()
    assert "for ARNs and links: `outputs.py customers sandbox`" in err.splitlines()
    assert "outputs.py" not in type_("deploy", "customers", "sandbox", "--yes", "--force", "--json")[2]


def test_a_deploy_of_several_units_or_of_functions_alone_says_nothing_of_them(tmp_path: Path, type_: Type) -> None:
    assert "outputs.py" not in type_("deploy", "customers", "sandbox", "--yes", "--force")[2]


def test_what_a_record_knows_is_in_the_status_and_on_the_board(tmp_path: Path) -> None:
    fake = fake_world(FakeTree(content={"customers": "c1"}, resources={"customers": QUEUE}), tmp_path)
    pipeline.apply(fake.world, pipeline.plan(fake.world, Request(verb="deploy", target="sandbox")))
    workspace = opened(fake.world, tmp_path)
    fake.platform.looked.clear()

    status, board = workspace.status(), workspace.board()

    (queue,) = status.cell("customers", "sandbox").outputs
    assert queue.name == "customers-sandbox-In"
    assert status.cell("customers", "prod").outputs == ()
    assert status.to_dict()["cells"][0]["outputs"][0]["arn"].endswith(":customers-sandbox-In")
    assert board.to_dict()["units"][0]["cells"][0]["made"] == [["queue customers-sandbox-In", queue.link]]
    assert fake.platform.looked == []
    local = opened(fake.world, tmp_path, local=True).status().cell("customers", "sandbox")
    assert [item.link for item in local.outputs] == [None]


def test_what_an_environment_made_that_left_the_table_is_told_too(tmp_path: Path) -> None:
    fake = fake_world(FakeTree(content={"customers": "c1"}, resources={"customers": QUEUE}), tmp_path)
    pipeline.apply(fake.world, pipeline.plan(fake.world, Request(verb="deploy", target="prod", through=True)))
    stay = tuple(place for place in fake.world.config.environments if place.name != "prod")
    left = attrs.evolve(fake.world, config=attrs.evolve(fake.world.config, environments=stay))
    workspace = opened(left, tmp_path)

    for status in (workspace.status(), workspace.status("customers"), workspace.status(drift=True)):
        (queue,) = status.cell("customers", "prod").outputs
        assert queue.name == "customers-prod-In" and ":555555555555:" in str(queue)
    assert "customers-prod-In" in json.dumps(workspace.board().to_dict())


def test_the_local_cloud_has_no_console_to_link_to(fake: FakeWorld, tmp_path: Path, type_: Type) -> None:
    local, aws = (opened(fake.world, tmp_path, local=is_local) for is_local in (True, False))

    for workspace in (local, aws):
        places = workspace.board().to_dict()
        found = [
            workspace["customers"].links("sandbox"),
            workspace.environments["sandbox"].links(),
            [place["role"] for place in places["environments"] if place["role"]],
            [link for unit in places["units"] for links in unit["links"] for link in links],
        ]
        assert [bool(links) for links in found] == [workspace is aws] * 4
