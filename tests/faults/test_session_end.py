"""The caller's session ends at any call of a command: it says so once, and the same command finishes everything.

With real processes, requests and signatures: from some call on, each service refuses the keys in its own words.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping

import pytest

from tests.end_to_end.stage import Done
from tests.tools.faults import EndSession
from tests.tools.ranges import some_of

from .shop import UNITS, Shop

pytestmark = pytest.mark.local_cloud

ENDED = 16


def outside(shop: Shop, name: str, *words: str) -> Done:
    return shop.stage.script(name, *words, local=False, env=shop.stage.credentials(shop.proxy.endpoint))


def ended(shop: Shop, after: int, name: str, *words: str, match: str = "*") -> Done:
    """The command, whose session ends after so many calls."""
    shop.proxy.set_rules(EndSession(match=match, after=after))
    done = outside(shop, name, *words)
    shop.proxy.set_rules()
    return done


def said_once(done: Done) -> None:
    assert done.code == ENDED, done.err
    assert done.err.count("error[SessionEnded]") == 1 and done.err.count(" has ended: ") == 1, done.err
    assert "run the same command again" in done.err and "Traceback" not in done.err, done.err
    assert "failed" not in done.err.split("error[SessionEnded]")[0], done.err


def calls_of(shop: Shop, name: str, *words: str) -> int:
    shop.proxy.forget_calls()
    assert outside(shop, name, *words).code == 0
    return len(shop.proxy.log)


def whole(shop: Shop, before: Mapping[str, int]) -> None:
    """Everything runs, nothing was recorded as failed, nobody holds anything, and each stack was changed once."""
    traces = shop.traces()
    assert {outcome for past in traces.histories.values() for _, outcome in past} == {"succeeded"}
    assert traces.held == frozenset()
    assert {number - before[stack] for stack, number in traces.updates.items()} == {1}, traces.updates


@pytest.mark.parametrize("share", some_of([0.65, 0.2, 0.35, 0.5, 0.8, 0.95], every=6))
def test_a_deploy_is_finished_by_the_same_command(shop: Shop, share: float) -> None:
    shop.change(*UNITS)
    total = calls_of(shop, "deploy", "--to", "prod", "--yes")
    before = shop.traces().updates
    shop.change(*UNITS)

    done = ended(shop, int(total * share), "deploy", "--to", "prod", "--yes", "--json")

    said_once(done)
    if done.out:
        found = set(done.outcomes().values())
        assert found <= {"deployed", "under way", "not begun"} and found & {"under way", "not begun"}
        assert re.search(r"\d+ done, \d+ under way.*, \d+ not begun", done.err), done.err
    assert shop.deploy().code == 0
    whole(shop, before)
    assert set(shop.deploy().outcomes().values()) == {"unchanged"}


def test_while_the_roles_live_what_is_under_way_is_finished_and_nothing_else_begins(shop: Shop) -> None:
    """The role of prod is assumed only after everything is in sandbox."""
    shop.change(*UNITS)

    done = ended(shop, 2, "deploy", "--to", "prod", "--yes", "--json", match="AssumeRole")

    said_once(done)
    if done.out:
        assert {place for (place, _), outcome in done.outcomes().items() if outcome == "deployed"} <= {"sandbox"}
    assert shop.deploy().code == 0


@pytest.mark.parametrize("share", some_of([0.5, 0.9], every=2))
def test_a_publish_is_finished_by_the_same_command(shop: Shop, share: float) -> None:
    shop.change(*UNITS)

    said_once(ended(shop, int(25 * share), "publish"))

    again = outside(shop, "publish")
    assert again.code == 0, again.err


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_promotion_is_finished_by_the_same_command(shop: Shop, share: float) -> None:
    assert shop.deploy().code == 0
    before = shop.traces().updates
    shop.change(*UNITS)
    assert outside(shop, "deploy", "sandbox", "--yes").code == 0

    said_once(ended(shop, int(47 * share), "promote", "prod", "--yes"))

    again = outside(shop, "promote", "prod", "--yes")
    assert again.code == 0, again.err
    whole(shop, before)


@pytest.mark.parametrize("after", some_of([10, 4, 12], every=3))
def test_a_deletion_is_finished_by_the_same_command(shop: Shop, after: int) -> None:
    shutil.rmtree(shop.stage.root / "projects" / "extra", ignore_errors=True)
    shop.add("extra")
    assert outside(shop, "deploy", "sandbox", "--only", "extra", "--yes").code == 0
    words = ("destroy", "extra", "sandbox", "--confirm", "extra", "--yes")

    done = ended(shop, after, *words)

    said_once(done)
    again = outside(shop, *words)
    assert again.code == 0, again.err
    assert "destroyed" in outside(shop, "history", "extra", "sandbox").out


def test_a_prune_is_finished_by_the_same_command(shop: Shop) -> None:
    said_once(ended(shop, 20, "prune", "--apply"))

    again = outside(shop, "prune", "--apply")
    assert again.code == 0, again.err


@pytest.mark.parametrize(
    ("words", "after"),
    [
        (("logs", "search", "sandbox", "--follow"), 8),
        (("plan",), 4),
        (("drift",), 40),
        *(pytest.param((name,), 4, marks=(pytest.mark.slow, pytest.mark.long)) for name in ("status", "board")),
    ],
)
def test_what_only_reads_ends_with_the_same_error(shop: Shop, words: tuple[str, ...], after: int) -> None:
    said_once(ended(shop, after, *words))
