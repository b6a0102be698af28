"""Nobody who may write an object begins a line of what others read before they agree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import Workspace
from multi_env_lambda.ci.comment import of_plan, render
from multi_env_lambda.errors import DocumentError, MultiEnvLambdaError
from multi_env_lambda.model.change import ResourceChange
from multi_env_lambda.model.freeze import Freeze, freeze_key, freezes_to_bytes, read_freezes
from multi_env_lambda.model.record import Loss, PhysicalResource
from multi_env_lambda.plan.imports import import_question
from multi_env_lambda.plan.losses import loss_question, planned_question
from multi_env_lambda.plan.ownership import Foreign, take_over
from multi_env_lambda.plan.removal import Retained
from multi_env_lambda.testing.world import FakeWorld, fake_world
from tests.api.stage import opened

from .worlds import chain, deploy, rollback

FORGED = "\nFORGED: all is well\r\x1b[2J"


def begins_a_line(text: str) -> bool:
    return any(line.strip().startswith("FORGED") for line in text.splitlines())


def views(workspace: Workspace) -> Iterator[str]:
    unit = workspace.unit("search")

    def planned() -> str:
        plan = unit.plan(to="prod")
        page = re.sub("<[^>]*>", "", plan._repr_html_())
        return f"{plan}\n{page}\n{render(of_plan(1, 'c', plan), 60_000)}"

    looks = (
        planned,
        lambda: workspace.status().text(),
        lambda: repr(unit.history()),
        lambda: repr(unit.why()),
        lambda: repr(workspace.drift()),
        lambda: str(unit.plan_promotion("test")),
        lambda: str(unit.plan_removal("sandbox")),
    )
    for look in looks:
        try:
            yield look()
        except MultiEnvLambdaError as error:
            yield f"{error.where}: {error.what}\nhint: {error.hint}"


def put(document: Any, path: str) -> Any:
    *way, last = (int(key) if key.isdigit() else key for key in path.split("."))
    inner = document
    for key in way:
        inner = inner[key]
    inner[last] += FORGED
    return document


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    found = chain(tmp_path)
    deploy(found, "prod")
    found.tree.content["search"] = "s2"
    deploy(found)
    rollback(found, "search", "sandbox", reason="slow")
    found.tree.content["search"], found.tree.commit = "s3", "d" * 40
    return found


@pytest.mark.parametrize(
    "path",
    [
        *("environment", "project", "workspace", "hold.who", "hold.reason", "rolled_back.version", "rolled_back.who"),
        *("running.account_id", "running.region", "running.who", "running.made_by", "running.template_sha256"),
        *("running.inputs.0.0", "running.inputs.3.0", "running.stack_id", "running.commit", "latest.detail"),
    ],
)
@pytest.mark.parametrize("environment", ["sandbox", "test"])
def test_no_text_of_a_record_begins_a_line(fake: FakeWorld, tmp_path: Path, path: str, environment: str) -> None:
    if environment == "test" and path.startswith(("hold", "rolled")):
        return
    key = f"environments/{environment}/current/search.json"
    there = fake.store.get(key)
    assert there is not None
    fake.store.replace(key, json.dumps(put(json.loads(there.body), path)).encode(), etag=there.etag)
    other = fake_world(fake.tree, tmp_path / "other", store=fake.store, platform=fake.platform)

    assert not any(map(begins_a_line, views(opened(other.world, tmp_path))))


def test_no_text_of_a_freeze_begins_a_line() -> None:
    body = freezes_to_bytes([Freeze(environment="prod", unit=f"x{FORGED}", who=FORGED, when=FORGED, reason=FORGED)])
    (found,) = read_freezes(body, where=freeze_key("prod"))
    assert not begins_a_line(str(found.line()))
    assert not begins_a_line(found.text())


def test_no_name_of_a_stack_or_a_release_begins_a_line_of_a_question() -> None:
    item = PhysicalResource(logical_id=f"T{FORGED}", type=f"AWS::DynamoDB::Table{FORGED}", physical_id=f"t{FORGED}")
    foreign = Foreign(name="s", stack_id=f"s{FORGED}", tags={"Owner": FORGED}, resources=(item,))
    loss = Loss(logical_id=item.logical_id, type=item.type, physical_id=item.physical_id, fate="deleted")
    change = ResourceChange(action="remove", logical_id=item.logical_id, type=item.type, destructive=True)
    questions = (
        take_over(foreign, {"Resources": {}}, "prod"),
        import_question("orders", item),
        loss_question("orders", loss),
        planned_question("orders", change),
    )
    assert not any(begins_a_line(question.text) for question in questions)
    assert not begins_a_line(str(Retained(logical_id="A", type=FORGED, fate="stays", name=FORGED)))
    assert attrs.evolve(loss, physical_id="t").physical_id in loss_question("orders", loss).text


def test_a_freeze_until_no_calendar_has_is_refused_and_none_in_the_bucket_is_a_traceback() -> None:
    body = freezes_to_bytes([Freeze(environment="prod", who="ada", until="9999-12-31T23:59:59-14:00")])
    with pytest.raises(DocumentError, match="expected a time"):
        read_freezes(body, where=freeze_key("prod"))
