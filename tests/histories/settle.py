"""The end of a week: troubles are over, somebody sends everything everywhere, and then nothing is left to do."""

from __future__ import annotations

import attrs

from multi_env_lambda.plan.ownership import stack_tags

from .commands import KINDS, Agreed, Ask
from .people import ENVIRONMENTS, UNITS, config_of
from .play import Play
from .promises import wrong
from .watch import Watch

__all__ = ["settle"]

ALL = frozenset(KINDS)
EVERYTHING = Ask("ada", "deploy", "prod", through=True, only=UNITS, everything=True, agree=ALL)
AGAIN = attrs.evolve(EVERYTHING, force=True)


def settle(play: Play, watch: Watch) -> list[str]:
    """What still is not as it should be after everything was repaired, sent and agreed to."""
    _end_troubles(play)
    watch.by_hand(play.snapshot())
    for place in ENVIRONMENTS:
        repair = Agreed(Ask("ada", "repair", place, agree=ALL), by="bob")
        if any(wrong(watch.now, (place, unit)) for unit in UNITS) and (found := play.step(watch, repair)):
            return ["at the end", *found]
    # What failed when it was sent again wants to be sent with force.
    for ask in (EVERYTHING, AGAIN):
        if found := play.step(watch, Agreed(ask, by="bob")):
            return ["at the end", *found]
        if not (left := _left(play, watch)):
            break
    return left


def _left(play: Play, watch: Watch) -> list[str]:
    """What one more deploy of everything would still do, or finds."""
    told = play.run(Agreed(EVERYTHING, by="bob"))
    found = watch.after(told, now := play.snapshot())
    found += [f"not settled: {place} {'; '.join(wrong(now, place))}" for place in watch.places if wrong(now, place)]
    found += [f"not settled: {place} is open" for place in watch.places if now.is_open(place) or now.is_held(place)]
    for unit in UNITS:
        runs = {now.running((place, unit)) for place in ENVIRONMENTS}
        found += [f"not settled: {unit} runs as {runs}"] if len(runs) != 1 or None in runs else []
    found += [f"not settled: {item}" for item in told.results if item.outcome != "unchanged"]
    return found + [f"not settled: {what}" for what in told.errors]


def _end_troubles(play: Play) -> None:
    """By hand, as people would; what is somebody else's under our name is taken away by him."""
    play.platform.failing.clear()
    play.platform.answers.clear()
    for key, stack in list(play.platform.stacks.items()):
        if "owner" in stack.tags:
            del play.platform.stacks[key]
        elif not stack.tags:
            unit = key[1].removesuffix(f"-{key[0]}")
            stack.tags.update(stack_tags(config_of(play.team.main.files).id, unit, key[0]))
    left, right = (play.team.clones[name] for name in ("left", "right"))
    for _ in range(2):  # before the pull and after it
        whole = {"environments": "sandbox test prod", "search/code": left.files.get("search/code", "1")}
        left.files |= whole
        play.team.commit(left)
        play.team.pull(left)
    # Who approves makes the plan again, with the environments of her own table.
    right.files = dict(left.files)
