"""Cells of a stage as jobs of a workflow at GitHub: one process each, and one that goes on after the last."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.operations.dispatch import begin_job
from multi_env_lambda.runs.event import Here, follow_cell, follow_event, follow_left, happened_at_github
from multi_env_lambda.runs.matrix import cell_named, cells_in, leave_cells
from multi_env_lambda.runs.report import Report
from multi_env_lambda.runs.reviews import OUTPUT
from multi_env_lambda.runs.run import run_job
from multi_env_lambda.testing.memory_store import MemoryStore
from multi_env_lambda.testing.world import fake_config
from tests.runs.test_reviews import Api
from tests.runs.village import ALL, Repository, Village, push_event

NOW = {**ALL, "orders": "o2"}


@attrs.define
class Workflow:
    """The jobs of a run of the workflow: each with hands of its own, all of them one build."""

    village: Village
    run: int = 0
    ended: set[str] = attrs.field(factory=set)

    @property
    def build(self) -> str:
        return f"github:{self.run}:1"

    def here(self, *, leaves: bool = True, mine: str = "") -> Here:
        cell_of = cells_in(self.village.store) if leaves or mine else lambda _: ""
        return Here(self.build, lambda build: build in self.ended, cell_of=cell_of, mine=mine)

    def doing(self, here: Here, *, leaves: bool) -> dict[str, Any]:
        village = attrs.evolve(self.village, spreads=leaves)
        village.config, village.home = self.village.config, self.village.home
        return {
            "desk": attrs.evolve(self.village.desk, rules=self.village.config.ci, builds=here),
            "here": here,
            "run": lambda job: run_job(village.hands(here.build, job), Path("clone")),
            "say": self.village.said.append,
            "sleep": self.village.slept.append,
        }

    def look(self, event: str = "push", **content: str) -> tuple[Report, list[str]]:
        self.ended.add(self.build)
        self.run += 1
        here = self.here()
        body: Any = {"schedule": "23 * * * *"}
        if event == "push":
            body = push_event("main", self.village.repository.push("main", **content))
        found = happened_at_github(event, json.dumps(body).encode(), Api())
        return follow_event(found=found, **self.doing(here, leaves=True)), here.left

    def cell(self, key: str) -> Report:
        return follow_cell(**self.doing(self.here(mine=key), leaves=False))

    def go_on(self, *, leaves: bool = False) -> tuple[Report, list[str]]:
        here = self.here(leaves=leaves)
        return follow_left(**self.doing(here, leaves=leaves)), here.left


def town(tmp_path: Path, *wide: str) -> Workflow:
    """A chain of which some stages have two regions."""
    found = fake_config()
    places = []
    for place in found.environments:
        if place.name in wide:
            places += [
                attrs.evolve(place, name=f"{place.name}-{region}", stage=place.name, region=full)
                for region, full in (("us", "us-east-1"), ("eu", "eu-central-1"))
            ]
        else:
            places.append(place)
    places = [attrs.evolve(place, position=number) for number, place in enumerate(places)]
    config = attrs.evolve(found, environments=tuple(places))
    return Workflow(Village(tmp_path, Repository(dict(ALL)), config=config))


def test_each_cell_is_a_job_and_the_run_goes_on_after_the_last_one(tmp_path: Path) -> None:
    workflow = town(tmp_path, "staging")
    village = workflow.village
    report, left = workflow.look(orders="o2")
    assert report.outcome == "continues" and len(left) == 2
    assert [bool(village.runs(place)) for place in ("sandbox", "test", "staging-us", "staging-eu", "prod")] == [
        *(True, True),
        *(False, False, False),
    ]
    first, second = left
    workflow.cell(first)
    workflow.cell(second)
    assert workflow.cell(first).notes == ("nothing is left to do in this cell",)
    assert village.runs("staging-us") == village.runs("staging-eu") == NOW and village.runs("prod") == {}
    report, left = workflow.go_on()

    assert village.runs("prod") == NOW and left == [] and not report.failures


def test_of_several_stages_with_cells_each_is_spread(tmp_path: Path) -> None:
    workflow = town(tmp_path, "staging", "prod")
    _, staging = workflow.look(orders="o2")
    for key in staging:
        workflow.cell(key)
    report, prod = workflow.go_on(leaves=True)
    assert len(prod) == 2 and report.handed and workflow.village.runs("prod-us") == {}
    for key in reversed(prod):
        workflow.cell(key)
    report, left = workflow.go_on()

    assert left == [] and not report.failures
    assert [workflow.village.runs(f"prod-{region}") for region in ("us", "eu")] == [NOW, NOW]


def test_a_cell_that_fails_stops_what_depends_on_it_and_nobody_else(tmp_path: Path) -> None:
    workflow = town(tmp_path, "staging")
    village = workflow.village
    _, left = workflow.look(orders="o2")
    bad = next(key for key in left if "eu-central-1" in key)
    village.home.platform.failing["orders-staging-eu"] = "no"
    failed = workflow.cell(bad)
    assert failed.failures
    workflow.cell(next(key for key in left if key != bad))
    report, again = workflow.go_on()

    assert report.failures and again == [], "it is not handed on for ever"
    assert village.runs("staging-us") == NOW
    assert village.runs("prod") == {"billing": "b1"}


def test_what_goes_on_does_what_a_job_that_never_started_has_left(tmp_path: Path) -> None:
    workflow = town(tmp_path, "staging")
    _, (first, _) = workflow.look(orders="o2")
    workflow.cell(first)
    workflow.go_on()

    assert workflow.village.runs("staging-eu") == workflow.village.runs("prod") == NOW


def test_a_job_that_was_killed_is_done_by_the_next_run(tmp_path: Path) -> None:
    workflow = town(tmp_path, "staging")
    _, (first, second) = workflow.look(orders="o2")
    workflow.cell(first)

    def killed(job: str) -> Report:
        begin_job(workflow.village.store, job, workflow.build)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        follow_cell(**{**workflow.doing(workflow.here(mine=second), leaves=False), "run": killed})
    report, _ = workflow.go_on()
    assert report.results == () and workflow.village.runs("prod") == {}, "it may still run, for all that is known"
    _, left = workflow.look("schedule")
    assert left == [second]
    workflow.cell(second)
    workflow.go_on()

    assert workflow.village.runs("prod") == NOW


def test_work_in_one_cell_alone_is_done_by_the_run_itself(tmp_path: Path) -> None:
    workflow = town(tmp_path, "staging")
    _, left = workflow.look(orders="o2")
    for key in left:
        workflow.cell(key)
    workflow.go_on()
    report, left = workflow.look("schedule")
    assert left == [] and not report.failures


def test_what_is_left_is_a_list_in_one_line_and_only_a_cell_is_one(tmp_path: Path) -> None:
    file = tmp_path / "output"
    leave_cells([], {OUTPUT: str(file)})
    assert not file.exists()
    leave_cells(["cell prod 5/eu branch main", 'cell prod 5/us tag a"b'], {OUTPUT: str(file)})
    name, _, value = file.read_text("utf-8").partition("=")
    assert name == "cells_left" and json.loads(value) == ["cell prod 5/eu branch main", 'cell prod 5/us tag a"b']
    assert file.read_text("utf-8").count("\n") == 1
    for wrong in ("branch main", "pull request 7", "everything", "cell", "$(id)", "0" * 24):
        with pytest.raises(ConfigurationError, match="is no cell"):
            cell_named(MemoryStore(), wrong)


def test_a_cell_is_named_by_the_id_of_what_is_wanted_too(tmp_path: Path) -> None:
    workflow = town(tmp_path, "staging")
    _, left = workflow.look(orders="o2")
    (there,) = [one for one in workflow.village.wanted() if one.key == left[0]]

    assert cell_named(workflow.village.store, there.id[:24]) == left[0]
    with pytest.raises(ConfigurationError, match="is no cell"):
        cell_named(
            workflow.village.store, next(one.id for one in workflow.village.wanted() if "cell" not in one.key)[:24]
        )
