"""Shift: move the traffic of a unit's aliases in steps, watch it, and roll back when errors rise.

Each step is a deploy of the shifting template and a line in the record, so a process that dies between two steps leaves
all that the same command needs to continue where it stopped. Before the first one, the record says which alarms are on:
from the first change on, they may be on because of the new version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import attrs

from multi_env_lambda.aws.lease import HeldLease
from multi_env_lambda.errors import CheckFailed, MultiEnvLambdaError, Refused
from multi_env_lambda.flow.aliases import must_be_agreed, put_back, said_of, strayed_of
from multi_env_lambda.flow.check import ALIAS, Asking, check_smoke
from multi_env_lambda.model.alias import AliasState, Counts, SaidAlias, alias_text
from multi_env_lambda.model.plan import DeployStep
from multi_env_lambda.model.record import Deployment
from multi_env_lambda.model.release import ReleasedFunction
from multi_env_lambda.plan.traffic import (
    ShiftStep,
    alarms_in,
    shift_steps,
    shifting_template,
    silence,
    verdict,
)
from multi_env_lambda.wording import advice, unit_call

__all__ = ["shift"]

WATCH_SECONDS = 10.0
"""How often to check the errors while watching a step."""

LATE_SECONDS = 240.0
"""How long to wait for CloudWatch after the minutes of a step.

Lambda's metrics have one point a minute, which appears when the minute is over, and usually within two more; no upper
bound is promised. Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics.html
"""

_MINUTE = 60.0


@attrs.frozen(kw_only=True)
class _Shift:
    """``on_before``: the alarms that were on before the shift began and have been on ever since."""

    asking: Asking
    held: HeldLease
    step: DeployStep
    functions: tuple[ReleasedFunction, ...]
    template: str
    entry: Deployment
    change: Callable[[str], object]
    say: Callable[[str], None]
    on_before: set[str]


@attrs.frozen(kw_only=True)
class _Pair:
    """A function with traffic on two versions, and the percentage that the new one gets."""

    function: str
    old: str
    new: str
    percent: int

    @property
    def said(self) -> SaidAlias:
        state = AliasState(version=self.old, weights=((self.new, self.percent / 100),))
        return SaidAlias(logical_id="", function=self.function, name=ALIAS, state=state)


def shift(
    asking: Asking,
    held: HeldLease,
    step: DeployStep,
    functions: tuple[ReleasedFunction, ...],
    template: str,
    entry: Deployment,
    change: Callable[[str], object],
    say: Callable[[str], None],
) -> None:
    """Move the traffic up to the last step; the caller then deploys ``template`` itself, which moves the rest.

    Args:
        step: holds what a person has agreed to.
        functions: those whose traffic moves.
        change: deploys a template text to the unit's stack.
        entry: the deployment as it will be recorded; each step is saved as ``shifting``.

    Raises:
        CheckFailed: the new version does worse, or nobody can see how it does; the caller rolls back.
        Refused: somebody moved the traffic by hand, before or during the shift; nothing is rolled back.
    """
    earlier = _earlier(held, entry.release)
    latest = earlier if earlier is not None and earlier.outcome == "shifting" and earlier.step else None
    said, again = _said(asking, held, step, functions)
    on = set(asking.world.platform.alarmed(asking.environment, alarms_in(template)))
    on_before = on if earlier is None else on & set(earlier.alarms)
    work = _Shift(
        asking=asking,
        held=held,
        step=step,
        functions=functions,
        template=template,
        entry=entry,
        change=change,
        say=say,
        on_before=on_before,
    )
    steps = shift_steps(functions)
    aliases = said if latest is None else _divided(work, steps, said)
    old = {name: alias.version for name, alias in aliases.items()}
    first = 0 if latest is None or again else _reached(work, steps, aliases)
    if old and on_before:
        say(f"alarm {', '.join(sorted(on_before))} was already on; it counts if it turns off and on again")
    _tell_of_the_end(work, sum(step.minutes for step in steps[first:]) if old else 0)
    for position in range(first, len(steps)) if old else ():
        _take(work, steps, position, old)


def _earlier(held: HeldLease, release: str) -> Deployment | None:
    """The last attempt, if it moved traffic to this release or was about to, and nobody saw how it ended."""
    latest = held.record.latest
    if latest is None or latest.release != release:
        return None
    return latest if latest.outcome == "shifting" or (latest.outcome == "failed" and held.unsure == release) else None


def _tell_of_the_end(work: _Shift, minutes: int) -> None:
    """Nothing is stopped: after signing in again, the same command continues where this one ended."""
    world = work.asking.world
    end = world.platform.session_end()
    if _is_before(end, datetime.fromisoformat(world.now()) + timedelta(minutes=minutes)):
        work.say(
            f"your credentials expire at {end}, but this takes {minutes} min: sign in then, and run the command again"
        )


def _is_before(end: str, moment: datetime) -> bool:
    """False if ``end`` is not a time: botocore will say what it thinks of it."""
    try:
        found = datetime.fromisoformat(end)
    except ValueError:
        return False
    return (found if found.tzinfo else found.replace(tzinfo=UTC)) < moment


def _said(
    asking: Asking, held: HeldLease, step: DeployStep, functions: tuple[ReleasedFunction, ...]
) -> tuple[dict[str, AliasState], bool]:
    """Where the aliases point, as CloudFormation last wrote them, and whether somebody moved one in between.

    Raises:
        Refused: somebody moved one, and nobody has agreed to move it again.
    """
    world, environment, stage = asking.world, asking.environment, step.release.stage(asking.environment.name)
    assert stage is not None
    names = {function.name for function in functions}
    said = [
        item for item in said_of(world, environment, stage.stack_name) if item.name == ALIAS and item.function in names
    ]
    strayed = strayed_of(world, environment, said)
    must_be_agreed(step, strayed)
    put_back(world, environment, strayed, held)
    return {item.function: item.state for item in said}, bool(strayed)


def _divided(work: _Shift, steps: tuple[ShiftStep, ...], said: Mapping[str, AliasState]) -> dict[str, AliasState]:
    """The aliases whose traffic is still moving; all of it may have arrived only if that was the next step.

    Raises:
        Refused: all of it has arrived, and nobody watched the steps before.
    """
    assert work.held.record.latest is not None
    recorded, environment = work.held.record.latest.step, work.asking.environment.name
    for name, alias in said.items():
        if not alias.weights and recorded < len(steps) and steps[recorded].percent.get(name, 100) < 100:
            what = f"{alias_text(alias)} has all traffic, but step {recorded} of {len(steps)} is the last one recorded"
            hint = advice("`{}`, then deploy again", unit_call("rollback", work.held.record.project, environment))
            raise Refused(f"{name} in {environment}", what, hint=hint)
    return {name: alias for name, alias in said.items() if alias.weights}


def _reached(work: _Shift, steps: tuple[ShiftStep, ...], aliases: Mapping[str, AliasState]) -> int:
    """The step at which an earlier run of the same release stopped: the recorded one, or the one after.

    A step is deployed first and then recorded, and the run may have ended in between.
    """
    assert work.held.record.latest is not None
    position = max(work.held.record.latest.step - 1, 0)
    there = {name: sum(share for _, share in alias.weights) for name, alias in aliases.items()}
    if position + 1 < len(steps) and all(
        abs(share - steps[position + 1].percent.get(name, 100) / 100) < 0.001 for name, share in there.items()
    ):
        return position + 1
    return position


def _take(work: _Shift, steps: tuple[ShiftStep, ...], position: int, old: Mapping[str, str]) -> None:
    step = steps[position]
    text = ", ".join(f"{name} {percent} %" for name, percent in step.percent.items())
    detail = f"step {position + 1}/{len(steps)}: {text} for {step.minutes} min"
    work.say(detail)
    with _known_before(work, detail):
        work.change(shifting_template(work.template, old, step))
    _record(work, attrs.evolve(work.entry, outcome="shifting", detail=detail, step=position + 1))
    pairs = tuple(
        _pair(work, name, old[name], percent) for name, percent in step.percent.items() if name in old and percent < 100
    )
    if position == 0:
        try:
            _smoke_the_new_versions(work, pairs)
        except CheckFailed:
            _must_be_ours(work, pairs)
            raise
    _watch(work, step, pairs, is_first=position == 0)


@contextmanager
def _known_before(work: _Shift, detail: str) -> Iterator[None]:
    """Around a change of the stack: the record says which alarms are on before the first one.

    If nothing was changed in the end, the record is as it was: this attempt has moved no traffic.
    """
    before, release = work.held.record.latest, work.entry.release
    if before is not None and work.held.record.is_moving_to(release) and before.step:
        yield
        return
    losses = () if before is None else before.losses
    _record(work, attrs.evolve(work.entry, outcome="shifting", detail=f"before {detail}", losses=losses))
    try:
        yield
    except BaseException:
        if work.held.unsure != release:
            with suppress(MultiEnvLambdaError):  # without the lease, the first error ends it
                work.held.save(attrs.evolve(work.held.record, latest=before))
        raise


def _record(work: _Shift, latest: Deployment) -> None:
    latest = attrs.evolve(latest, alarms=tuple(sorted(work.on_before)))
    work.held.save(attrs.evolve(work.held.record, latest=latest))


def _pair(work: _Shift, name: str, old: str, percent: int) -> _Pair:
    """The versions behind an alias, which must be split as the step says, at least as CloudFormation wrote them.

    If Lambda shows something else, somebody has moved it since, which is not a failed check: the next read decides.
    """
    environment = work.asking.environment
    alias = work.asking.world.platform.alias(environment, name, ALIAS)
    pair = _divided_as(alias, name, old, percent) or _divided_as(_written(work, name), name, old, percent)
    if pair is None:
        where = f"its alias points at {alias_text(alias)}, but should point at version {old}"
        what = f"{where} and give {percent} % to the new one"
        raise CheckFailed(f"{name} in {environment.name}", what, hint="somebody else changed it; deploy again")
    return pair


def _divided_as(alias: AliasState | None, name: str, old: str, percent: int) -> _Pair | None:
    match alias:
        case AliasState(version=found, weights=((new, share),)) if found == old and abs(share - percent / 100) < 0.001:
            return _Pair(function=name, old=old, new=new, percent=percent)
    return None


def _written(work: _Shift, name: str) -> AliasState | None:
    """Where an alias points according to what CloudFormation last wrote."""
    stage = work.step.release.stage(work.asking.environment.name)
    assert stage is not None
    said = said_of(work.asking.world, work.asking.environment, stage.stack_name)
    return next((item.state for item in said if item.name == ALIAS and item.function == name), None)


def _smoke_the_new_versions(work: _Shift, pairs: tuple[_Pair, ...]) -> None:
    """The alias still points at the old version, so the new one is called by its number."""
    smokes = {function.name: function.smoke for function in work.functions}
    for pair in pairs:
        smoke = smokes[pair.function]
        if smoke is not None:
            where = f"smoke of {pair.function} version {pair.new} in {work.asking.environment.name}"
            check_smoke(work.asking, where, pair.function, smoke, pair.new, pair.new)


def _watch(work: _Shift, step: ShiftStep, pairs: tuple[_Pair, ...], *, is_first: bool) -> None:
    """Watch until the minutes are over and CloudWatch has shown each new version, or should have."""
    world = work.asking.world
    began, waiting = world.seconds(), False
    while True:
        left = step.minutes * 60 - (world.seconds() - began)
        over = pairs if left <= 0 else ()
        unseen = tuple(pair for pair in over if not _is_seen(work, pair, world.seconds() - began, is_first))
        # Read after that, so that every call that counts as seen is judged as well.
        _look(work, pairs, world.seconds() - began)
        if left <= 0:
            left += LATE_SECONDS
            if not unseen or left <= 0:
                break
            if not waiting:
                names = ", ".join(pair.function for pair in unseen)
                work.say(f"no call of the new {names} in CloudWatch yet, waiting up to {LATE_SECONDS:.0f} s longer")
                waiting = True
        world.sleep(min(WATCH_SECONDS, left))
        work.held.make_sure()
    for pair in unseen:
        _judge_silence(work, pair, world.seconds() - began)


def _look(work: _Shift, pairs: tuple[_Pair, ...], seconds: float) -> None:
    environment = work.asking.environment
    _must_be_ours(work, pairs)
    on = set(work.asking.world.platform.alarmed(environment, alarms_in(work.template)))
    latest = work.held.record.latest
    if latest is not None and work.on_before - on:
        work.on_before.intersection_update(on)
        _record(work, latest)
    hint = "check its log, fix it and deploy again"
    if on - work.on_before:
        raise CheckFailed(f"alarms in {environment.name}", f"{', '.join(sorted(on - work.on_before))} is on", hint=hint)
    for pair in pairs:
        # Including the minute in which the step began: what fails there fails here.
        new, old = (_counts(work, pair, version, seconds + _MINUTE) for version in (pair.new, pair.old))
        problem = verdict(new, old)
        if problem is not None:
            raise CheckFailed(f"{pair.function} in {environment.name}", problem, hint=hint)


def _must_be_ours(work: _Shift, pairs: tuple[_Pair, ...]) -> None:
    """Check that the traffic is split as the step wrote it. If somebody moved it, stop without rolling anything back.

    Raises:
        Refused: somebody moved it by hand.
    """
    said = [pair.said for pair in pairs]
    must_be_agreed(work.step, strayed_of(work.asking.world, work.asking.environment, said), news=True)


def _is_seen(work: _Shift, pair: _Pair, seconds: float, is_first: bool) -> bool:
    """Whether CloudWatch shows a call of the new version in this step.

    Before the first step it got no calls, so the minute in which that began counts; a later step shares it with the
    step before.
    """
    return _counts(work, pair, pair.new, seconds + is_first * _MINUTE).invocations > 0


def _judge_silence(work: _Shift, pair: _Pair, seconds: float) -> None:
    where = f"{pair.function} in {work.asking.environment.name}"
    called = _counts(work, pair, pair.old, seconds).invocations
    problem = silence(pair.new, pair.old, called, pair.percent)
    if problem is not None:
        hint = "check that version and alias are as expected, and that the function logs its calls"
        raise CheckFailed(where, problem, hint=hint)
    work.say(f"{where}: too few calls to judge: {called} of version {pair.old}, none of version {pair.new}")


def _counts(work: _Shift, pair: _Pair, version: str, seconds: float) -> Counts:
    return work.asking.world.platform.counts(work.asking.environment, pair.function, version, seconds)
