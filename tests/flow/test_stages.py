"""Stages: what an environment receives has run in all environments of the stage before, whatever happens beside it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest

from multi_env_lambda import pipeline
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.request import Request
from multi_env_lambda.model.result import Result
from multi_env_lambda.model.stages import stages_of
from multi_env_lambda.model.status import make_status
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.testing.world import FakeTree, FakeWorld, fake_config, fake_world

from .worlds import rollback, versions

UNITS = ("billing", "orders")


def staged(*stages: Sequence[str]) -> WorkspaceConfig:
    """A table with these environments, by stage, each in an account of its own."""
    places = [
        Environment(
            name=name,
            account_id=f"{number}{at}" * 6,
            region="us-east-1",
            stage=f"stage-{number}" if len(stage) > 1 else "",
        )
        for number, stage in enumerate(stages, start=2)
        for at, name in enumerate(stage)
    ]
    positioned = tuple(attrs.evolve(one, position=at) for at, one in enumerate(places))
    return attrs.evolve(fake_config(), environments=positioned)


REGIONS = staged(("sandbox",), ("eu", "us"), ("vault",))


def town(folder: Path, config: WorkspaceConfig = REGIONS) -> FakeWorld:
    return fake_world(FakeTree(content={unit: f"{unit}-1" for unit in UNITS}), folder, config=config)


def run(fake: FakeWorld, verb: Any, target: str, **ask: Any) -> dict[tuple[str, str], Result]:
    results = pipeline.apply(fake.world, pipeline.plan(fake.world, Request(verb=verb, target=target, **ask)))
    return {(one.environment, one.project): one for one in results}


def edited(fake: FakeWorld, **content: str) -> None:
    fake.tree.content.update(content)


def stack(unit: str, place: str) -> str:
    return f"{unit}-{place}"


def test_all_regions_of_a_stage_get_it_and_then_what_comes_after(tmp_path: Path) -> None:
    fake = town(tmp_path)

    done = run(fake, "deploy", "vault", through=True)

    assert {one.outcome for one in done.values()} == {"deployed"}
    assert [place for place, unit in done if unit == "orders"] == ["sandbox", "eu", "us", "vault"]


def test_a_unit_that_fails_in_one_region_stops_there_and_after_and_nowhere_else(tmp_path: Path) -> None:
    fake = town(tmp_path)
    fake.platform.failing[stack("orders", "eu")] = "no"

    done = run(fake, "deploy", "vault", through=True)

    assert {place: one.outcome for (place, unit), one in done.items() if unit == "orders"} == {
        "sandbox": "deployed",
        "eu": "failed",
        "us": "deployed",
        "vault": "skipped",
    }
    assert {one.outcome for (_, unit), one in done.items() if unit == "billing"} == {"deployed"}


def test_a_later_promotion_takes_nothing_of_a_stage_that_has_not_run_it_everywhere(tmp_path: Path) -> None:
    fake = town(tmp_path)
    run(fake, "deploy", "vault", through=True)
    edited(fake, orders="orders-2")
    fake.platform.failing[stack("orders", "eu")] = "no"
    run(fake, "deploy", "stage-3", through=True)
    fake.platform.failing.clear()

    done = run(fake, "promote", "vault")

    assert done["vault", "orders"].outcome == "blocked"
    assert "eu runs" in done["vault", "orders"].detail
    assert "us runs" in done["vault", "orders"].detail
    assert done["vault", "billing"].outcome == "unchanged"
    run(fake, "promote", "stage-3")
    assert run(fake, "promote", "vault")["vault", "orders"].outcome == "deployed"


def test_a_region_that_never_had_the_unit_says_nothing_about_it(tmp_path: Path) -> None:
    fake = town(tmp_path)
    run(fake, "deploy", "us", through=True)

    assert run(fake, "promote", "vault")["vault", "orders"].outcome == "deployed"


def test_a_region_in_which_the_first_deploy_failed_holds_it_back(tmp_path: Path) -> None:
    fake = town(tmp_path)
    fake.platform.failing[stack("orders", "eu")] = "no"
    run(fake, "deploy", "stage-3", through=True)

    done = run(fake, "promote", "vault")["vault", "orders"]

    assert (done.outcome, done.detail) == ("unchanged", "it does not run in eu")


def test_one_region_is_named_to_take_it_all_the_same(tmp_path: Path) -> None:
    fake = town(tmp_path)
    fake.platform.failing[stack("orders", "eu")] = "no"
    run(fake, "deploy", "stage-3", through=True)

    done = run(fake, "promote", "vault", skip_from="us", reason="eu is down")

    assert done["vault", "orders"].outcome == "deployed"


def test_a_rollback_in_one_region_holds_back_what_comes_after_but_not_beside(tmp_path: Path) -> None:
    fake = town(tmp_path)
    run(fake, "deploy", "stage-3", through=True)
    edited(fake, orders="orders-2")
    run(fake, "deploy", "stage-3", through=True)
    rollback(fake, "orders", "eu")

    assert run(fake, "promote", "vault")["vault", "orders"].outcome == "blocked"
    assert run(fake, "promote", "us")["us", "orders"].outcome == "unchanged"


def test_behind_is_who_does_not_run_what_any_region_before_runs(tmp_path: Path) -> None:
    fake = town(tmp_path)
    run(fake, "deploy", "vault", through=True)
    edited(fake, orders="orders-2")
    run(fake, "deploy", "us", through=True)

    records = {(place.name, unit): record for place in fake.world.config.environments
               for unit, record in fake.world.ledger.records(place.name).items()}  # fmt: skip
    status = make_status(fake.world.config, UNITS, records)

    behind = {place: status.cell("orders", place).behind for place in status.environments}
    assert behind == {"sandbox": False, "eu": True, "us": False, "vault": True}


def test_the_cells_of_a_stage_change_at_the_same_time(tmp_path: Path) -> None:
    """Each stack waits until the one of the other region is being changed, too."""
    fake = town(tmp_path)
    run(fake, "deploy", "sandbox")
    both = threading.Barrier(2, timeout=20)

    def meet(kind: str, name: str) -> None:
        if kind == "stack":
            both.wait()

    fake.platform.after_write = meet
    done = run(fake, "deploy", "stage-3", only=("orders",))

    assert {one.outcome for one in done.values()} == {"deployed"}


# --- the law, against ten lines ---
@attrs.define
class Model:
    """What runs by (environment, unit): the text that it was made from; None where its first deploy has failed."""

    stages: list[list[str]]
    runs: dict[tuple[str, str], str | None] = attrs.field(factory=dict)

    def go(self, targets: list[list[str]], content: dict[str, str], failing: set[tuple[str, str]]) -> None:
        stopped: set[str] = set()
        for stage in targets:
            at = next(number for number, names in enumerate(self.stages) if stage[0] in names)
            for unit in sorted(set(UNITS) - stopped):
                before = self.stages[at - 1] if at else []
                said = {self.runs[one, unit] for one in before if (one, unit) in self.runs} if at else {content[unit]}
                for place in stage if len(said) == 1 and None not in said else []:
                    if self.runs.get((place, unit)) not in said:
                        bad = (place, unit) in failing
                        self.runs[place, unit] = self.runs.get((place, unit)) if bad else next(iter(said))
                        stopped |= {unit} if bad else set()
                stopped |= {unit} if len(said) > 1 and None not in said else set()


def _chain(random: Random) -> WorkspaceConfig:
    names = iter("abcdefghij")
    sizes = [1, *(random.randint(1, 3) for _ in range(random.randint(1, 3)))]
    return staged(*([next(names) for _ in range(size)] for size in sizes))


def _play(folder: Path, seed: int) -> int:
    random = Random(seed)  # noqa: S311
    config = _chain(random)
    fake, model = town(folder / str(seed), config), Model([[one.name for one in stage] for stage in config.stages])
    places, made, apart = [place.name for place in config.environments], dict[tuple[str, str], str](), 0
    for number in range(random.randint(4, 10)):
        failing = {(random.choice(places), random.choice(UNITS)) for _ in range(random.choice((0, 1, 2, 4)))}
        fake.platform.failing = {stack(unit, place): "no" for place, unit in failing}
        target = random.choice([*places, *config.stage_names])
        if random.random() < 0.5:
            edited(fake, **{random.choice(UNITS): f"{seed}-{number}"})
        request = Request(verb="deploy", target=target, through=random.random() < 0.5)
        targets = [[one.name for one in stage] for stage in stages_of(request.targets(config))]
        done = run(fake, "deploy", target, through=request.through)
        apart += any(" runs " in one.detail and one.outcome == "blocked" for one in done.values())
        model.go(targets, fake.tree.content, failing)
        made |= {(unit, version): fake.tree.content[unit] for unit, version in versions(fake, places[0]).items()
                 if done.get((places[0], unit)) and done[places[0], unit].outcome == "deployed"}  # fmt: skip
        found = {
            (place, unit): None if record.running is None else made[unit, record.running.version]
            for place in places
            for unit, record in fake.world.ledger.records(place).items()
        }
        assert found == model.runs, (seed, number)
    return apart


def test_whatever_is_deployed_and_fails_each_stage_gets_what_ran_everywhere_before(tmp_path: Path) -> None:
    assert sum(_play(tmp_path, seed) for seed in range(8)) > 2


@pytest.mark.long
def test_the_same_many_times(tmp_path: Path) -> None:
    assert sum(_play(tmp_path, seed) for seed in range(8, 200)) > 5
