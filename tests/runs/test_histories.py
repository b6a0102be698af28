"""Several people and machines at once, at random: what runs in the end is what ten lines say, and on the way there
nothing was lost, doubled or set back. What is drawn is in ``people.py`` and ``town.py``, what is watched in
``watch.py``; only the hosts and the accounts are played, in memory."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from multi_env_lambda.ci.names import environment_of_branch
from multi_env_lambda.operations.ci_kept import read_result
from tests.runs.people import AMID, DOINGS, FEATURES, People
from tests.runs.town import PLACES, UNITS
from tests.runs.watch import text_of

pytestmark = pytest.mark.story

FAST, ALL, CHUNKS = 24, 10_000, 40
_WEEK = 7 * 86_400.0
Runs = dict[tuple[str, str], str]


def expected(content: dict[str, str], stays: set[tuple[str, str]], frozen: set[str], before: Runs) -> Runs:
    """The branch, up to the first place where the unit is held or the environment frozen; from there it stays."""
    found: Runs = {}
    for unit in UNITS:
        still = False
        for place in PLACES:
            still = still or place in frozen or (place, unit) in stays
            wanted = before.get((place, unit)) if still else content[unit]
            found |= {} if wanted is None else {(place, unit): wanted}
    return found


def expected_own(town: People) -> dict[str, dict[str, str]]:
    """What each branch has that is there and has moved within its days, of what nobody has merged."""
    heads = {name: town.repository.remote[name] for name in FEATURES if name in town.repository.remote}
    lives = {name: head for name, head in heads.items() if town.repository.times[head] + _WEEK > town.store.time}
    return {environment_of_branch(name): town.repository.commits[head].content for name, head in lives.items()}


def play(folder: Path, seed: int) -> People:
    town = People.of(folder, Random(seed))  # noqa: S311
    town.amid = AMID
    town.push()
    for name in town.random.choices(list(DOINGS), list(DOINGS.values()), k=town.random.randint(5, 35)):
        getattr(town, name)()
    records = town.records()
    stays = {where for where, record in records.items() if record.hold is not None}
    # Of a build that was killed amid a deploy, what stays under a hold or a freeze is seen when it has been repaired.
    before = {(place, unit): text for place in PLACES for unit, text in town.runs(place).items()}
    # An approval is one more reason to look, so without it more is seen of what was lost.
    approving = town.random.random() < 0.6
    town.rest(approving=approving)
    _ends_well(town, stays, before, PLACES if approving else PLACES[:1], seed)
    return town


def _ends_well(town: People, stays: set[tuple[str, str]], before: Runs, places: tuple[str, ...], seed: int) -> None:
    head = next(one for one, text in town.repository.log(town.repository.remote["main"]) if "[skip ci]" not in text)
    wanted = expected(town.repository.commits[head].content, stays, town.frozen, before)
    wanted = {where: text for where, text in wanted.items() if where[0] in places}
    said = {(place, unit): text for place in places for unit, text in town.runs(place).items()}
    assert said == wanted, seed

    # The accounts: each unit once, as the records say; what stays is as some build has left it.
    stacks = {key: text_of(town.store, stack.template) for key, stack in town.home.platform.stacks.items()}
    there = {(place, name.removesuffix(f"-{place}")): text for (place, name), text in stacks.items()}
    free = {where for where in wanted if where[0] not in town.frozen and where not in stays}
    assert {where: there.get(where) for where in free} == {where: wanted[where] for where in free}, seed
    assert {where for where in there if where[0] in places} <= wanted.keys() | stays | _unsure(town), seed

    own = expected_own(town)
    found = {place for place, _ in there if place not in PLACES}
    for place in found:
        assert {unit: text for (where, unit), text in there.items() if where == place}.items() <= own[place].items(), (
            seed
        )
    for place, content in own.items():
        alone = {
            unit: text for unit, text in content.items() if text.startswith("feature") and text not in town.arrived
        }
        assert alone.items() <= {unit: text for (where, unit), text in there.items() if where == place}.items(), seed

    assert town.watch.wrong == [], (seed, town.watch.wrong)
    assert not town.strange & town.opened_up, f"{seed}: a stranger's commit was checked out"
    for one in town.wanted():
        assert one.state == "done", (seed, one)
    for number, commit in town.asked.items():
        assert _planned(town, number, commit), f"{seed}: pull request {number} at {commit[:12]} was not planned"


def _unsure(town: People) -> set[tuple[str, str]]:
    return {where for where, record in town.records().items() if record.unsure is not None}


def _planned(town: People, number: int, commit: str) -> bool:
    (one,) = [one for one in town.wanted() if one.key.endswith(f" {number}") or one.key.endswith(f"/{number}")]
    said = read_result(town.store, one.id, one.build) or {}
    return any(f"pull request {number} at {commit[:12]}" in note for note in said.get("notes", ()))


@pytest.mark.parametrize("chunk", range(3))
def test_what_many_people_do_ends_with_what_the_branch_says(tmp_path: Path, chunk: int) -> None:
    for seed in range(chunk * FAST // 3, (chunk + 1) * FAST // 3):
        play(tmp_path, seed)


@pytest.mark.long
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_ten_thousand_histories_end_with_what_the_branch_says(tmp_path: Path, chunk: int) -> None:
    for seed in range(chunk * ALL // CHUNKS, (chunk + 1) * ALL // CHUNKS):
        play(tmp_path, seed)
