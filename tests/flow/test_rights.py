"""Rights that grow are a question, and bounds a wall: on the way up, on the way back, and for an approver."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs

from multi_env_lambda import pipeline
from multi_env_lambda.flow.consent import Consent
from multi_env_lambda.model.bounds import Bounds
from multi_env_lambda.model.request import Request
from multi_env_lambda.show.html import plan_html
from multi_env_lambda.show.text import plan_text
from multi_env_lambda.testing.world import FakeWorld, fake_config, fake_world

from .worlds import chain, deploy, promote, rollback

RIGHTS = Consent(allowed=frozenset({"rights:search"}))


def role(*actions: str) -> dict[str, Any]:
    statements = [{"Effect": "Allow", "Action": action, "Resource": "*"} for action in actions]
    policy = {"PolicyName": "unit", "PolicyDocument": {"Statement": statements}}
    return {"MainRole": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [policy]}}}


def with_role(folder: Path, *actions: str, **more: Any) -> FakeWorld:
    fake = chain(folder, **more)
    fake.tree.resources["search"] = role(*actions)
    return fake


def planned(fake: FakeWorld, to: str = "sandbox") -> Any:
    return pipeline.plan(fake.world, Request(verb="deploy", target=to, through=True)).plan


def test_a_star_behind_many_harmless_statements_is_shown_and_asks_in_every_environment(tmp_path: Path) -> None:
    fake = with_role(tmp_path, *(f"s3:Get{number}" for number in range(20)), "*")
    plan = planned(fake, "test")
    lines = plan_text(plan).plain.splitlines()

    assert lines[1:4] == ["  who may do what from now on", "    search", "      + MainRole may * on *  ! every action"]
    assert sum("MainRole may s3:Get" in line for line in lines) == 2 * 20
    assert "to agree to all of it: --agree rights:search" in lines
    assert "MainRole may s3:Get19 on *" in plan_html(plan)
    steps = json.loads(json.dumps(plan.to_dict()))["steps"]
    assert [len(step["rights"]) for step in steps if step["project"] == "search"] == [21, 21]

    refused = deploy(fake)["search"]
    assert (refused.outcome, refused.hint) == ("blocked", "agree with `--agree rights:search`")
    assert "MainRole may * on *: every action" in refused.detail
    assert deploy(fake, "test", Consent(allowed=frozenset({"rights"})))["search"].outcome == "deployed"
    assert planned(fake).questions == ()


def test_a_way_back_to_more_asks_as_a_way_forward_does(tmp_path: Path) -> None:
    fake = with_role(tmp_path, "s3:*")
    deploy(fake, "sandbox", RIGHTS)
    fake.tree.resources["search"] = role("s3:Get")
    (change,) = next(step for step in planned(fake).deploys if step.project == "search").rights

    assert change.change == "narrower"
    assert deploy(fake)["search"].outcome == "deployed"
    assert rollback(fake, "search", "sandbox").outcome == "blocked"
    assert rollback(fake, "search", "sandbox", RIGHTS).outcome == "deployed"


def bounded(fake: FakeWorld, folder: Path, bounds: Bounds, environment: str = "test") -> FakeWorld:
    """The same accounts and bucket, seen by a work tree whose table has these bounds."""
    config = fake_config()
    places = (
        attrs.evolve(place, bounds=bounds if place.name == environment else None) for place in config.environments
    )
    settings = attrs.evolve(config, environments=tuple(places))
    return fake_world(fake.tree, folder, config=settings, store=fake.store, platform=fake.platform)


def test_bounds_stop_a_promotion_and_hold_up_no_other_unit(tmp_path: Path) -> None:
    fake = with_role(tmp_path / "a", "s3:Get")
    deploy(fake)
    here = bounded(fake, tmp_path / "b", Bounds(actions=("sqs:*",)))
    here.tree.texts["projects/search/stack.py"] = '\n\nallow("s3:Get")\n'
    results = promote(here, "test")

    assert {name: result.outcome for name, result in results.items()} == {
        "customers": "deployed",
        "orders": "deployed",
        "search": "blocked",
    }
    assert results["search"].detail == (
        'projects/search/stack.py:3: MainRole may s3:Get; pyproject.toml: test has bounds.actions = ["sqs:*"]'
    )


def test_no_answer_and_no_uncommitted_line_leads_past_the_bounds(tmp_path: Path) -> None:
    fake = with_role(tmp_path / "a", "*")
    deploy(fake, "sandbox", RIGHTS)
    strict = bounded(fake, tmp_path / "b", Bounds(actions=("sqs:*",)))
    fake.tree.committed = strict.world.config

    refused = promote(fake, "test")["search"]
    assert refused.outcome == "blocked" and "pyproject.toml of the last commit: test has bounds" in refused.detail
    assert [step.project for step in planned(strict, "test").blocked] == ["search"]


def test_no_text_of_a_unit_adds_a_line_to_what_an_approver_reads(tmp_path: Path) -> None:
    forged = "      - MainRole may * on *"
    plan = planned(with_role(tmp_path, f"s3:Get\n{forged}"))

    assert forged not in plan_text(plan).plain.splitlines()
    assert f"      + MainRole may s3:Get\\n{forged} on *" in plan_text(plan).plain.splitlines()
    assert "s3:Get\n" not in plan_html(plan)
