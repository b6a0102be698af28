"""Saved plans as people and CI jobs handle them: edited, of another shape, and with the words of a hint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.errors import ConfigurationError, PlanStale
from multi_env_lambda.model.request import Request
from multi_env_lambda.testing.world import FakeWorld, fake_config

from .worlds import chain, deploy, three_units

STAGING = {"staging": {"approval": True}}


def saved(fake: FakeWorld) -> dict[str, Any]:
    draft = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox", only=("search",)))
    document = json.loads(json.dumps(draft.plan.to_dict()))
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize(
    "edited",
    [
        {"asked": {"verb": "deploy", "target": "sandbox", "evil": "1"}},
        {"asked": {"verb": "steal", "target": "sandbox"}},
        {"asked": {"verb": "deploy"}},
        {"asked": ["deploy", "sandbox"]},
    ],
)
def test_a_plan_that_asks_for_something_unknown_is_refused(tmp_path: Path, edited: dict[str, Any]) -> None:
    fake = chain(tmp_path)
    document = saved(fake)

    with pytest.raises(ConfigurationError):
        pipeline.same_again(fake.world, {**document, **edited})


def test_a_plan_whose_selection_was_edited_is_another_plan(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    document = saved(fake)

    with pytest.raises(PlanStale):
        pipeline.same_again(fake.world, {**document, "asked": {**document["asked"], "only": "customers"}})


def test_steps_that_were_edited_change_nothing_because_the_plan_is_made_again(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    document = saved(fake)

    again = pipeline.same_again(fake.world, {**document, "steps": []})

    assert [step.project for step in again.plan.deploys] == ["search"]


def test_the_hint_of_a_closed_environment_makes_the_same_plan(tmp_path: Path) -> None:
    fake = chain(tmp_path, three_units(), config=fake_config(**STAGING))

    through = deploy(fake, "staging", only=("search",))["search"]

    assert (through.outcome, through.error) == ("blocked", "Refused")
    assert "`plan.py --to staging --only search --out plan.json`" in through.hint
