"""Whatever is lost, doubled, swapped, late or killed: in the end there is what a short model says, and nothing else."""

from __future__ import annotations

from random import Random

import pytest

from multi_env_lambda.ci.names import environment_of_branch
from tests.ci.history import ENVIRONMENTS, FEATURES, UNITS, History, World

pytestmark = pytest.mark.story

FAST, ALL = 200, 10_000
_WEEK = 7 * 86_400.0


def expected(world: World) -> dict[tuple[str, str], int]:
    """What runs where, if somebody has agreed to everything: what the branch says, up to a freeze or a hold."""
    head, found = world.commits[world.branches["main"]].content, {}
    for unit in UNITS:
        for environment in ENVIRONMENTS:
            if environment in world.frozen or (unit, environment) in world.holds:
                break
            found[environment, unit] = head[unit]
    return found


def expected_own(world: World) -> dict[str, dict[str, int]]:
    """The environments of branches: one of each branch that is there and has moved within its days."""
    heads = {name: world.commits[world.branches[name]] for name in FEATURES if name in world.branches}
    lives = {name: head for name, head in heads.items() if head.committed + _WEEK > world.store.time}
    return {environment_of_branch(name): head.content for name, head in lives.items()}


def check(seed: int) -> None:
    random = Random(seed)
    history = History(random, faithful=random.random() < 0.4)
    history.go(random.randrange(10, 60))
    stays = {
        (environment, unit): history.world.records.get((environment, unit))
        for unit in UNITS
        for environment in ENVIRONMENTS
        if not history.world._free(unit, environment)
    }
    approved = {content for (place, _), (_, content) in history.world.records.items() if place == "prod"}
    approving = random.random() < 0.5
    history.settle(approving=approving)

    world = history.world
    found = {place: content for place, (_, content) in world.records.items()}
    model = expected(world)
    places = [place for place in model if approving or place[0] != "prod"]
    assert {place: found.get(place) for place in places} == {place: model[place] for place in places}
    assert {place: world.records.get(place) for place in stays} == stays
    assert {name: content for name, (_, content) in world.own.items()} == expected_own(world)
    if not approving and not world.approvals:
        assert {content for (place, _), content in found.items() if place == "prod"} <= approved


@pytest.mark.parametrize("chunk", range(5))
def test_random_histories_end_as_a_model_predicts(chunk: int) -> None:
    for seed in range(chunk * FAST // 5, (chunk + 1) * FAST // 5):
        check(seed)


@pytest.mark.long
@pytest.mark.parametrize("chunk", range(20))
def test_ten_thousand_random_histories_end_as_a_model_predicts(chunk: int) -> None:
    for seed in range(chunk * ALL // 20, (chunk + 1) * ALL // 20):
        check(seed)
