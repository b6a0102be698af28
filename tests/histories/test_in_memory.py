"""A week of three people in two clones, with changes by hand, killed processes, and commands in the middle of others.

More of it: `HISTORIES=2000 HISTORIES_SEED=7 pytest -m long tests/histories/test_in_memory.py`. What fails is shrunk,
and printed as a list that can be given to `example`.

Units are deployed by threads, so a process that is killed at one of its writes may have done another one at the next
try: Hypothesis then calls the failure flaky, and shows it all the same.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs
import pytest
from hypothesis import HealthCheck, Phase, example, given, seed, settings

from .commands import KINDS, Agreed, Ask, Command, Destroy, Edit, Hand, Look, Prune, Trouble, Wait, histories
from .play import Play
from .settle import settle

MANY = int(os.environ.get("HISTORIES", "150"))
SEED = int(os.environ.get("HISTORIES_SEED", "0"))
ALL = frozenset(KINDS)
TO_TEST = Ask("ada", "deploy", "test", through=True, agree=ALL)
TO_PROD = Agreed(Ask("ada", "deploy", "prod", through=True, agree=ALL), by="bob")
KEPT = settings(
    database=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate, Phase.shrink]
)


def played(history: Sequence[Command], folder: Path) -> list[str]:
    """What does not hold, and after which command; nothing, if all is well to the end."""
    play = Play.new(folder)
    watch = play.watched()
    for command in (TO_PROD, *history):
        if found := play.step(watch, command):
            return found
    return settle(play, watch)


def must_hold(history: Sequence[Command]) -> None:
    with TemporaryDirectory() as folder:
        assert "\n".join(played(history, Path(folder))) == ""


def edited(file: str, text: str, *then: Command) -> list[Command]:
    return [Edit("left", file, text), *then]


NO_PROMOTION = [Trouble("search", "sandbox", "errors"), *edited("search/code", "2", TO_TEST)]
OWN_APPROVAL = edited("search/code", "2", attrs.evolve(TO_PROD, by="ada"))
NO_TABLE = [
    *edited("search/table", "", attrs.evolve(TO_TEST, agree=frozenset()), TO_TEST),
    *edited("orders/table", "other", attrs.evolve(TO_TEST, agree=frozenset()), TO_PROD),
]
PRUNED = [*(step for text in "2345" for step in edited("search/code", text, TO_TEST)), Wait(10), Prune("bob")]
BACK = [*edited("search/code", "2", TO_PROD), Agreed(Ask("bob", "rollback", "prod", only=("search",)), by="ada")]
BY_HAND = [
    *(Hand("orders", "test", what) for what in ("property", "code", "no alias")),
    *(Hand("customers", "sandbox", "alias"), Hand("search", "test", "no stack"), Look("bob")),
    *(Ask("bob", "repair", "test"), Ask("carol", "repair", "sandbox"), Look("bob")),
]
NO_CHECK = [Hand("orders", "sandbox", "no alias"), *edited("orders/table", "other", TO_TEST)]
MADE_AGAIN = [Hand("search", "prod", "code"), Destroy("ada", "search", "prod", by="bob")]
KILLED = [step for at in range(10, 17) for step in edited("customers/code", f"{at}", attrs.evolve(TO_TEST, at=at))]


@example([*OWN_APPROVAL, *NO_PROMOTION, *NO_TABLE, Destroy("ada", "search", "test")])
@example([*PRUNED, *BACK, *NO_CHECK])
@example([*BY_HAND, *KILLED])
@example(MADE_AGAIN)
@seed(SEED)
@settings(KEPT, max_examples=2)
@given(histories)
def test_what_is_promised_holds_in_a_few_weeks(history: list[Command]) -> None:
    must_hold(history)


@pytest.mark.long
@seed(SEED + 1)
@settings(KEPT, max_examples=MANY)
@given(histories)
def test_what_is_promised_holds_in_many_weeks(history: list[Command]) -> None:
    must_hold(history)
