"""The cells of a stage, at once: in one build or in several, and whoever is killed is finished by others."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest

from multi_env_lambda.ci.subject import Branch, Cell, Tag, subject_of
from multi_env_lambda.model.freeze import Freeze, freeze_key, freezes_to_bytes
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.operations.messages import Desk
from multi_env_lambda.testing.memory import Killed
from tests.ci.history import Mortal
from tests.flow.test_stages import staged

from .test_killed import settled
from .test_many_people import Town, play_in
from .village import Repository, Village

STAGES = (("sandbox",), ("eu", "us"), ("vault",))
EVERYWHERE = {"billing": "b1", "orders": "o2"}


def regions(*, approval: tuple[str, ...] = ()) -> WorkspaceConfig:
    found = staged(*STAGES)
    # As with roles of `bootstrap`, an environment has no hash.
    places = (attrs.evolve(one, approval=one.name in approval, through=found.devops) for one in found.environments)
    return attrs.evolve(found, environments=tuple(places))


def village(folder: Path, *, spreads: bool = True, config: WorkspaceConfig | None = None, **more: Any) -> Village:
    units = {"billing": "b1", "orders": "o1", **more.pop("units", {})}
    return Village(folder, Repository(units), config=config or regions(), spreads=spreads, **more)


def everywhere(found: Village) -> dict[str, dict[str, str]]:
    return {place: found.runs(place) for stage in STAGES for place in stage}


both_ways = pytest.mark.parametrize("spreads", [True, False], ids=["builds of their own", "one build"])


@pytest.mark.parametrize("of", [Branch(name="main"), Tag(name="orders-0.1.1")])
def test_a_cell_is_read_back_from_its_key(of: Branch | Tag) -> None:
    cell = Cell(of=of, stage="prod", place="555555555555/eu-central-1")

    assert subject_of(cell.key) == cell


@pytest.mark.parametrize(
    "key", ["cell", "cell prod", "cell prod a/b", "cell prod a/b everything", "cell  a/b branch m"]
)
def test_what_names_no_cell_is_none(key: str) -> None:
    assert subject_of(key) is None


@both_ways
def test_a_push_comes_to_every_region_and_to_what_comes_after(tmp_path: Path, spreads: bool) -> None:
    found = village(tmp_path, spreads=spreads)
    found.pushed(orders="o2")

    found.settle()

    assert everywhere(found) == dict.fromkeys(("sandbox", "eu", "us", "vault"), EVERYWHERE)
    assert found.started == (4 if spreads else 1)  # the branch, its two cells, and the branch that goes on


def test_the_builds_of_the_cells_run_side_by_side(tmp_path: Path) -> None:
    found = village(tmp_path)
    found.pushed(orders="o2")
    found.deliver()
    assert found.build().outcome == "continues"

    found.deliver()

    assert len(found.builds) == 2
    assert found.runs("vault") == {}
    found.build(1)
    assert [found.runs("eu"), found.runs("us")] == [{}, EVERYWHERE]
    found.deliver()
    assert len(found.builds) == 1  # nobody goes on before the last cell has ended
    found.build()
    found.deliver()
    assert found.build().outcome == "done"
    assert found.runs("vault") == EVERYWHERE


def test_work_in_one_cell_needs_no_other_build(tmp_path: Path) -> None:
    found = village(tmp_path)
    freeze(found, "eu")
    found.pushed(orders="o2")

    found.settle()

    assert found.started == 1
    assert [found.runs("eu"), found.runs("us"), found.runs("vault")] == [{}, EVERYWHERE, {}]


def test_a_build_that_has_no_room_beside_it_does_all_cells_itself(tmp_path: Path) -> None:
    found = village(tmp_path, most=1)
    found.pushed(orders="o2")

    found.settle()

    assert everywhere(found) == dict.fromkeys(("sandbox", "eu", "us", "vault"), EVERYWHERE)


@both_ways
def test_a_unit_that_fails_in_one_cell_stops_itself_and_what_needs_it_and_nobody_else(
    tmp_path: Path, spreads: bool
) -> None:
    found = village(tmp_path, spreads=spreads, units={"reports": "r1"}, needs={"reports": ("orders",)})
    found.home.platform.failing["orders-eu"] = "no"
    found.pushed(orders="o2")

    last = found.settle()[-1]

    assert found.runs("eu") == {"billing": "b1"}
    assert found.runs("us") == {"billing": "b1", "orders": "o2", "reports": "r1"}
    assert found.runs("vault") == {"billing": "b1"}
    assert last.outcome == "failed"
    assert any(text.startswith("eu orders: ") for text in last.failures)
    assert found.started == (4 if spreads else 1)

    found.home.platform.failing.clear()
    settled(found)
    whole = {"billing": "b1", "orders": "o2", "reports": "r1"}
    assert everywhere(found) == dict.fromkeys(("sandbox", "eu", "us", "vault"), whole)


def test_what_fails_in_every_cell_is_not_tried_without_end(tmp_path: Path) -> None:
    found = village(tmp_path)
    found.home.platform.failing |= {"orders-eu": "no", "orders-us": "no"}
    found.pushed(orders="o2")

    last = found.settle()[-1]

    assert found.started == 4
    assert sorted(text.split(":")[0] for text in last.failures) == ["eu orders", "us orders"]
    found.scheduled()
    found.settle()
    assert found.started <= 4 + 6  # the hourly look tries it once more


def freeze(found: Village, *places: str) -> None:
    for place in places:
        found.store.put_new(freeze_key(place), freezes_to_bytes((Freeze(environment=place, who="ada"),)))


def test_what_did_not_come_so_far_is_in_no_cell(tmp_path: Path) -> None:
    """`reports` already runs in test, and what it needs has failed there: no record says so, the run does."""
    stages = (("sandbox",), ("test",), ("eu", "us"))
    found = village(tmp_path, config=staged(*stages), units={"reports": "r1"}, needs={"reports": ("orders",)})
    found.pushed(orders="o2")
    found.settle()
    freeze(found, "eu", "us")
    found.pushed(reports="r2")
    found.settle()
    for place in ("eu", "us"):
        found.store.objects.pop(freeze_key(place))

    found.home.platform.failing["orders-test"] = "no"
    found.pushed(billing="b2", orders="o3")
    found.settle()

    now = {"billing": "b2", "orders": "o2", "reports": "r1"}
    assert [found.runs("test"), found.runs("eu"), found.runs("us")] == [{**now, "reports": "r2"}, now, now]


@both_ways
def test_each_region_waits_for_its_own_yes(tmp_path: Path, spreads: bool) -> None:
    found = village(tmp_path, spreads=spreads, config=regions(approval=("eu", "us")))
    found.pushed(orders="o2")
    last = found.settle()[-1]
    assert {wait.environment for wait in last.waits} == {"eu", "us"}

    found.approve("us")
    found.settle()
    assert [found.runs("eu"), found.runs("us"), found.runs("vault")] == [{}, EVERYWHERE, EVERYWHERE]

    found.pushed(orders="o3")
    found.settle()
    found.approve("us")
    found.settle()
    found.approve("eu")
    found.settle()
    assert everywhere(found) == dict.fromkeys(STAGES[1] + ("sandbox", "vault"), {"billing": "b1", "orders": "o3"})


def test_the_command_verify_runs_once_for_each_environment_before(tmp_path: Path) -> None:
    found = village(tmp_path, spreads=False)
    found.ruled(verify=("check",))
    found.pushed(orders="o2")

    found.settle()

    assert [one for one in found.proofs.asked if one.startswith("check")] == ["check sandbox", "check eu", "check us"]


@both_ways
def test_a_stage_that_is_not_verified_lets_nothing_on(tmp_path: Path, spreads: bool) -> None:
    found = village(tmp_path, spreads=spreads)
    found.ruled(verify=("check",))
    found.proofs.bad_places = {"us"}
    found.pushed(orders="o2")

    assert found.settle()[-1].outcome == "failed"

    assert [found.runs("eu"), found.runs("us"), found.runs("vault")] == [EVERYWHERE, EVERYWHERE, {}]


def test_a_push_while_cells_are_at_work_reaches_every_region(tmp_path: Path) -> None:
    found = village(tmp_path)
    found.pushed(orders="o2")
    found.deliver()
    found.build()
    found.deliver()
    found.pushed(orders="o3")
    found.build(0)

    found.settle()

    assert everywhere(found) == dict.fromkeys(STAGES[1] + ("sandbox", "vault"), {"billing": "b1", "orders": "o3"})


def test_a_lost_end_of_a_cell_is_found_by_the_schedule(tmp_path: Path) -> None:
    found = village(tmp_path)
    found.pushed(orders="o2")
    for _ in range(3):  # the branch, and its cells
        found.deliver()
        found.build()
    found.queue.clear()
    assert found.runs("vault") == {}

    settled(found)

    assert found.runs("vault") == EVERYWHERE


# --- killed anywhere ---
class Death:
    """Ends the process after so many writes, of the bucket and the accounts together, with all of its threads."""

    def __init__(self, left: int) -> None:
        self.left, self.turn = left, threading.Lock()

    def __call__(self, *words: Any) -> None:
        with self.turn:
            self.left -= 1
            if self.left <= 0:
                raise Killed


def _killed(found: Village, death: Death, act: Callable[[], object]) -> bool:
    found.store.after_write = found.home.platform.after_write = death
    with suppress(Killed):
        act()
    found.store.after_write = found.home.platform.after_write = None
    return death.left <= 0


@pytest.mark.parametrize("which", range(4), ids=["the branch", "a cell", "the last cell", "what goes on"])
def test_a_build_that_is_killed_after_any_write_is_finished_by_others(tmp_path: Path, which: int) -> None:
    """Every seventh write in the ordinary suite, with another remainder for each build."""
    for number in itertools.count(1 + which, 7):
        found = village(tmp_path / str(number))
        found.pushed(orders="o2")
        for _ in range(which):
            found.deliver()
            found.build()
        found.deliver()
        died = _killed(found, Death(number), found.build)
        if number % 2:
            found.queue.clear()
        settled(found)
        assert everywhere(found) == dict.fromkeys(("sandbox", "eu", "us", "vault"), EVERYWHERE), number
        if not died:
            return


@pytest.mark.long
@pytest.mark.parametrize("which", range(4), ids=["the branch", "a cell", "the last cell", "what goes on"])
@both_ways
def test_the_same_at_every_write(tmp_path: Path, which: int, spreads: bool) -> None:
    for number in itertools.count(1):
        found = village(tmp_path / str(number), spreads=spreads)
        found.pushed(orders="o2")
        for _ in range(which if spreads else 0):
            found.deliver()
            found.build()
        found.deliver()
        died = _killed(found, Death(number), found.build)
        if (number + which) % 2:
            found.queue.clear()
        settled(found)
        assert everywhere(found) == dict.fromkeys(("sandbox", "eu", "us", "vault"), EVERYWHERE), number
        if not died:
            return


@pytest.mark.parametrize("done", [False, True], ids=["before the call", "after it"])
def test_a_dispatcher_that_is_killed_at_any_call_hands_on_and_goes_on_all_the_same(tmp_path: Path, done: bool) -> None:
    class Always(Random):
        def random(self) -> float:
            return 0.0 if done else 1.0

    for which, number in itertools.product(range(1, 4), range(1, 16, 5)):
        found = village(tmp_path / f"{which}-{number}")
        found.pushed(orders="o2")
        for _ in range(which):
            found.deliver()
            found.build()
        calls = iter([*range(number, -1, -1), *[10**9] * 99])
        store, builds = (Mortal(one, calls, Always()) for one in (found.store, found))
        desk = Desk(store=store, builds=builds, bucket="artifacts", repository="acme/units")
        for name, event in list(found.queue):
            with suppress(Killed):
                found.take(name, event, desk)
        settled(found)
        assert everywhere(found) == dict.fromkeys(("sandbox", "eu", "us", "vault"), EVERYWHERE), (which, number)


# --- whole histories ---
def _play(folder: Path, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    approval = tuple(random.sample(("eu", "us", "vault"), random.randint(0, 2)))
    there = village(folder / str(seed), spreads=random.random() < 0.7, config=regions(approval=approval))
    there.most = random.choice((1, 2, 10))
    play_in(Town(there, random, stages=STAGES), random, seed)


@pytest.mark.story
def test_random_histories_with_a_stage_end_with_what_the_branch_says(tmp_path: Path) -> None:
    for seed in range(3):
        _play(tmp_path, seed)


@pytest.mark.long
@pytest.mark.parametrize("chunk", range(10))
def test_many_random_histories_with_a_stage_end_with_what_the_branch_says(tmp_path: Path, chunk: int) -> None:
    for seed in range(3 + chunk * 40, 43 + chunk * 40):
        _play(tmp_path, seed)
