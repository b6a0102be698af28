"""The plan on a terminal: what a person has to agree to is complete, and the words for it stand there once."""

from __future__ import annotations

from pathlib import Path

import attrs

from multi_env_lambda import pipeline
from multi_env_lambda.flow.rules import with_rules
from multi_env_lambda.model.change import ResourceChange
from multi_env_lambda.model.plan import BlockedStep, Plan
from multi_env_lambda.model.request import Request
from multi_env_lambda.show.text import plan_text
from multi_env_lambda.testing.world import FakeTree, fake_config, fake_world

ADDED = ResourceChange(logical_id="Main", type="AWS::Lambda::Function", action="add")


def test_all_questions_are_shown_in_full_and_all_answers_in_one_line(tmp_path: Path) -> None:
    fake = fake_world(FakeTree(content={"a": "1", "b": "1"}), tmp_path)
    for name in ("a-sandbox", "b-sandbox"):
        fake.platform.put_stack("sandbox", name, '{"Resources": {"Data": {"Type": "AWS::S3::Bucket"}}}')

    lines = plan_text(pipeline.plan(fake.world, Request(verb="deploy", target="sandbox")).plan).plain.splitlines()

    assert "to agree to all of it: --agree take-over:a-sandbox --agree take-over:b-sandbox" in lines
    assert [line for line in lines if "would be deleted" in line] == [
        f"        AWS::S3::Bucket Data ({name}-sandbox-Data) would be deleted, with the data in it"
        for name in ("a", "b")
    ]


def test_a_blocked_unit_has_the_name_of_its_error_which_explain_takes() -> None:
    step = BlockedStep(project="a", environment="test", kind="Refused", what="sandbox has never run it", hint="wait")
    plan = Plan(environments=("test",), asked=(), commit="", committed="", dirty=False, steps=(step,))

    assert plan_text(plan).plain.splitlines()[1:3] == ["  ✗ a [Refused]: sandbox has never run it", "    hint: wait"]


def test_a_plan_without_questions_has_no_such_line(tmp_path: Path) -> None:
    fake = fake_world(FakeTree(content={"a": "1"}), tmp_path)

    assert "agree" not in plan_text(pipeline.plan(fake.world, Request(verb="deploy", target="sandbox")).plan).plain


def test_a_plan_through_several_environments_says_before_which_the_run_stops(tmp_path: Path) -> None:
    config = fake_config(prod={"approval": True})
    fake = fake_world(FakeTree(content={"a": "1"}), tmp_path, config=config)
    draft = pipeline.plan(fake.world, Request(verb="deploy", target="prod", through=True))
    lines = plan_text(with_rules(fake.world, draft.plan)).plain.splitlines()

    assert lines[-3:-1] == [
        "prod: this plan needs an approval by somebody else",
        "prod: without it this run changes sandbox, test, staging and then stops",
    ]
    alone = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox"))
    assert "then stops" not in plan_text(with_rules(fake.world, alone.plan)).plain


def test_notes_and_questions_stand_below_the_resources(tmp_path: Path) -> None:
    fake = fake_world(FakeTree(content={"a": "1"}), tmp_path)
    fake.platform.put_stack("sandbox", "a-sandbox", '{"Resources": {"Data": {"Type": "AWS::S3::Bucket"}}}')
    plan = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox")).plan
    step = attrs.evolve(plan.steps[0], notes=("it takes a while",), changes=(ADDED,))
    lines = plan_text(attrs.evolve(plan, steps=(step,)), details=True).plain.splitlines()

    deploy = next(number for number, line in enumerate(lines) if line.startswith("    deploy "))
    assert [line.split()[0] for line in lines[deploy + 1 : deploy + 4]] == ["+", "note:", "!"]
