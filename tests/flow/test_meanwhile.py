"""What is asked for early decides nothing: it may fail, and only commands that apply their plan ask for it."""

from __future__ import annotations

from pathlib import Path

from multi_env_lambda import pipeline
from multi_env_lambda.errors import AccountError
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.request import Request
from multi_env_lambda.testing.memory import MemoryPlatform
from multi_env_lambda.testing.world import fake_world

from .worlds import chain, deploy, three_units

DEPLOY = Request(verb="deploy", target="sandbox")


class NotTrusting(MemoryPlatform):
    """Its roles cannot be assumed."""

    def verify(self, environment: Environment) -> None:
        raise AccountError(f"environment {environment.name}", "not allowed", hint="ask for it")


def test_a_plan_that_is_only_shown_enters_no_account(tmp_path: Path) -> None:
    fake = chain(tmp_path)

    pipeline.plan(fake.world, DEPLOY)

    assert fake.platform.verified == []


def test_nothing_is_entered_early_where_nothing_has_changed(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.platform.verified.clear()
    deploy(fake)

    assert fake.platform.verified == []


def test_an_account_that_cannot_be_entered_is_told_when_it_is_needed_and_before_anything_is_published(
    tmp_path: Path,
) -> None:
    fake = fake_world(three_units(), tmp_path, platform=NotTrusting(lambda _: ""))

    results = pipeline.apply(fake.world, pipeline.plan(fake.world, DEPLOY, soon=True))

    assert {result.error for result in results if result.outcome == "failed"} == {"AccountError"}
    assert [key for _, key in fake.store.writes if key != "workspace.json"] == []


def test_a_template_that_cannot_be_read_early_is_told_by_the_plan(tmp_path: Path) -> None:
    fake = chain(tmp_path / "ada")
    deploy(fake)
    for key in [key for key in fake.store.objects if key.endswith("/sandbox.template.json") and "/search/" in key]:
        del fake.store.objects[key]
    fake.tree.content["search"] = "changed"
    elsewhere = fake_world(fake.tree, tmp_path / "grace", store=fake.store, platform=fake.platform)

    result = deploy(elsewhere)["search"]

    assert (result.outcome, result.error) == ("blocked", "PublishError")
