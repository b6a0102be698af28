"""Saved plans as people and CI jobs handle them: edited, of another shape, and with the words of a hint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.api.saved import save
from multi_env_lambda.errors import ConfigurationError, PlanStale, PublishError
from multi_env_lambda.model.request import Request
from multi_env_lambda.testing.world import FakeWorld, fake_config, fake_world
from multi_env_lambda.world import ProgressEvent
from tests.api.stage import opened

from .worlds import chain, deploy, three_units, versions

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


def of_published(fake: FakeWorld, target: str = "sandbox", **ask: Any) -> dict[str, Any]:
    """A plan of the work tree whose releases are published, as ``plan.py --out`` leaves it."""
    draft = pipeline.plan(fake.world, Request(verb="deploy", target=target, **ask), closely=True)
    pipeline.publish(fake.world, draft)
    document = json.loads(json.dumps(draft.plan.to_dict()))
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize("ask", [{}, {"through": True, "target": "staging"}, {"only": ("search",)}])
def test_a_published_plan_is_made_again_without_making_anything(tmp_path: Path, ask: dict[str, Any]) -> None:
    fake = chain(tmp_path)
    deploy(fake, "sandbox", only=("customers",))
    document = of_published(fake, **ask)
    fake.tree.made.clear()
    # Another work tree, in which the author's unit is another one and a unit is missing.
    del fake.tree.content["customers"]
    fake.tree.content["search"] = "of somebody else"

    again = pipeline.same_again(fake.world, document, published=True)

    assert (again.plan.digest, fake.tree.made, dict(again.made)) == (document["digest"], [], {})
    assert again.plan.digest_of("sandbox") == pipeline.same_again(fake.world, document, published=True).plan.digest_of(
        "sandbox"
    )


def test_an_unpublished_plan_is_not_approved(tmp_path: Path) -> None:
    fake = chain(tmp_path)

    with pytest.raises(PublishError, match="search") as caught:
        pipeline.same_again(fake.world, saved(fake), published=True)
    assert "plan.py --out" in caught.value.hint


@pytest.mark.parametrize(
    "step",
    [
        {"project": "../../x"},
        {"project": ["search"]},
        {"kind": "steal"},
        {"release": {"digest": "../../x", "version": "1"}},
        {"release": None},
    ],
)
def test_steps_of_another_shape_are_no_plan(tmp_path: Path, step: dict[str, Any]) -> None:
    fake = chain(tmp_path)
    document = of_published(fake, only=("search",))

    with pytest.raises(ConfigurationError, match="the saved plan"):
        pipeline.same_again(fake.world, {**document, "steps": [{**document["steps"][0], **step}]}, published=True)


def test_a_plan_that_names_another_release_than_its_digest_says_is_stale(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    first = of_published(fake, only=("search",))
    fake.tree.content["search"] = "s2"
    second = of_published(fake, only=("search",))

    with pytest.raises(PlanStale):
        pipeline.same_again(fake.world, {**first, "steps": second["steps"]}, published=True)


def test_what_is_deployed_are_the_bytes_that_were_approved(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    document = of_published(fake, only=("search",))
    fake.tree.content["search"] = "s2"

    with pytest.raises(PlanStale):
        pipeline.same_again(fake.world, document)


def test_one_unit_alone_is_made_and_of_the_others_it_is_said_why_they_would_be(tmp_path: Path) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    fake.tree.made.clear()
    fake.tree.libraries["libs/money"] = "m2"
    fake.tree.content["search"] = "s2"

    draft = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox"), alone="orders")

    assert fake.tree.made == ["orders"]
    assert [step.project for step in draft.plan.deploys] == ["orders"]
    assert draft.looked_at["search"] == ("projects/search changed",)


def test_a_plan_is_saved_in_a_folder_that_is_made_and_where_that_cannot_be_the_error_is_ours(tmp_path: Path) -> None:
    plan = pipeline.plan(chain(tmp_path).world, Request(verb="deploy", target="sandbox", only=("search",))).plan
    path = tmp_path / "new" / "folder" / "plan.json"

    save(plan, path)

    assert json.loads(path.read_bytes())["digest"] == plan.digest
    with pytest.raises(ConfigurationError, match="it cannot be written") as caught:
        save(plan, path / "below a file.json")
    assert caught.value.hint == "choose another file"


def interrupted(fake: FakeWorld, saved: Any, phase: str, unit: str) -> None:
    """Apply a plan, and end without a word when a unit comes to a phase."""

    def reported(event: ProgressEvent) -> None:
        if (event.phase, event.project) == (phase, unit):
            raise KeyboardInterrupt

    world = attrs.evolve(fake.world, reported=reported)
    with pytest.raises(KeyboardInterrupt):
        pipeline.apply(world, pipeline.same_again(world, saved, soon=True))


def running(fake: FakeWorld) -> FakeWorld:
    """All units run in sandbox, and each has been changed since."""
    deploy(fake)
    fake.tree.content |= {"customers": "c2", "orders": "o2", "search": "s2"}
    return fake


def whole(fake: FakeWorld, **ask: Any) -> dict[str, Any]:
    made = pipeline.plan(fake.world, Request(verb="deploy", target="sandbox", **ask), closely=True).plan
    document = json.loads(json.dumps(made.to_dict()))
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize("unit", ["customers", "orders"], ids=["the first", "one after others"])
def test_a_saved_plan_that_was_interrupted_goes_on(tmp_path: Path, unit: str) -> None:
    fake = running(chain(tmp_path))
    document = whole(fake)
    interrupted(fake, document, "check", unit)

    results = pipeline.apply(fake.world, pipeline.same_again(fake.world, document, soon=True))

    assert {result.outcome for result in results} <= {"deployed", "unchanged"}
    assert set(versions(fake, "sandbox").values()) == {"0.1.0.post1"}


def test_a_saved_plan_that_was_interrupted_does_nothing_that_it_did_not_say(tmp_path: Path) -> None:
    fake = running(chain(tmp_path))
    document = whole(fake, only=("orders", "search"))
    interrupted(fake, document, "check", "search")
    fake.tree.content["orders"] = "o3"

    with pytest.raises(PlanStale, match="but the same request now makes"):
        pipeline.same_again(fake.world, document)


def test_a_saved_plan_that_was_interrupted_and_edited_is_stale(tmp_path: Path) -> None:
    fake = running(chain(tmp_path))
    document = whole(fake, only=("search",))
    interrupted(fake, document, "check", "search")
    (step,) = document["steps"]

    with pytest.raises(PlanStale):
        pipeline.same_again(fake.world, {**document, "steps": [{**step, "changes": []}]})


def promotion(folder: Path) -> tuple[FakeWorld, dict[str, Any]]:
    fake = running(chain(folder))
    deploy(fake)
    draft = pipeline.plan(fake.world, Request(verb="promote", target="test", only=("search",)))
    return fake, json.loads(json.dumps(draft.plan.to_dict()))


def test_an_approver_with_another_table_is_told_what_it_makes_of_the_plan(tmp_path: Path) -> None:
    fake, document = promotion(tmp_path)
    table, differs = {"releases_only": True}, "and is blocked .test accepts only releases, but 0.1.0.post1 is not one"
    hers = fake_world(fake.tree, tmp_path, config=fake_config(test=table), store=fake.store, platform=fake.platform)

    with pytest.raises(PlanStale, match=differs) as caught:
        pipeline.same_again(hers.world, document, published=True)

    assert caught.value.hint == (
        "if your table or units are not those that it was saved with, check that commit out; "
        "or make the plan again and review it"
    )


def test_an_approver_whose_table_has_another_account_is_told_that(tmp_path: Path) -> None:
    fake, document = promotion(tmp_path)
    deploy(fake, "test")
    places = (
        attrs.evolve(each, account_id="9" * 12) if each.name == "test" else each for each in fake_config().environments
    )
    config = attrs.evolve(fake_config(), environments=tuple(places))
    hers = fake_world(fake.tree, tmp_path, config=config, store=fake.store, platform=fake.platform)

    with pytest.raises(PlanStale, match="and is blocked .0.1.0.post1 runs in us-east-1 of account .* 999999999999"):
        pipeline.same_again(hers.world, document, published=True)


@pytest.mark.parametrize("steps", [None, 7, [7], [{}], {}])
def test_steps_of_any_shape_are_compared_with_what_is_made_now(tmp_path: Path, steps: object) -> None:
    fake, document = promotion(tmp_path)

    with pytest.raises(PlanStale, match="search in test: it was not in it, and is 0.1.0.post1 "):
        pipeline.same_again(fake.world, {**document, "digest": "0" * 64, "steps": steps})


@pytest.mark.parametrize("release", [3, None, {}, {"version": 7, "digest": None}])
def test_a_step_of_any_shape_is_compared_with_what_is_made_now(tmp_path: Path, release: object) -> None:
    fake, document = promotion(tmp_path)
    (step,) = document["steps"]

    with pytest.raises(PlanStale, match="search in test: it was .*, and is 0.1.0.post1 "):
        pipeline.same_again(fake.world, {**document, "digest": "0" * 64, "steps": [{**step, "release": release}]})


def test_a_plan_of_the_same_steps_under_another_digest_is_stale_and_says_no_more(tmp_path: Path) -> None:
    fake, document = promotion(tmp_path)

    with pytest.raises(PlanStale) as caught:
        pipeline.same_again(fake.world, {**document, "digest": "0" * 64})

    assert ":" not in caught.value.what


def test_other_changes_of_the_same_release_are_named(tmp_path: Path) -> None:
    fake, document = promotion(tmp_path)
    (step,) = document["steps"]

    with pytest.raises(PlanStale, match="search in test: other questions than then"):
        pipeline.same_again(fake.world, {**document, "digest": "0" * 64, "steps": [{**step, "questions": [7]}]})


def test_a_saved_plan_that_is_done_has_nothing_to_do(tmp_path: Path) -> None:
    fake = running(chain(tmp_path))
    document = whole(fake)
    pipeline.apply(fake.world, pipeline.same_again(fake.world, document))

    again = pipeline.apply(fake.world, pipeline.same_again(fake.world, document))

    assert {result.outcome for result in again} == {"unchanged"}


def test_a_saved_plan_whose_release_runs_by_another_deploy_is_stale(tmp_path: Path) -> None:
    fake = running(chain(tmp_path))
    document = whole(fake, only=("search",))
    deploy(fake, only=("search",))
    deploy(fake, only=("search",), force=True)

    with pytest.raises(PlanStale):
        pipeline.same_again(fake.world, document)


@pytest.mark.parametrize("removal", [7, {"keep": 5}, {"keep": {"Table": 1}}, {"lost": [5, None]}, {"needed_by": 1}])
def test_a_request_to_delete_of_any_shape_is_compared_with_what_is_made_now(tmp_path: Path, removal: object) -> None:
    fake = chain(tmp_path)
    deploy(fake)
    asked = {"verb": "destroy", "target": "sandbox", "only": "search"}
    with pytest.raises((ConfigurationError, PlanStale)):
        opened(fake.world, tmp_path).approve({"format": 1, "digest": "0" * 64, "asked": asked, "removal": removal})


def test_a_path_that_no_file_has_is_no_saved_plan(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="null byte"):
        opened(chain(tmp_path).world, tmp_path).apply("plan\0.json")
