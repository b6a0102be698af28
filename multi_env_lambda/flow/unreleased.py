"""Send saved files into the functions of a unit without a release: `deploy --watch`, between two deploys.

    hold the lease -> note in the record that it is no release -> send the code -> compare it -> record

The alias leads to ``$LATEST`` then. No version is published: Lambda would give it to the next deploy of the same code
as one that exists already, which CloudFormation takes for a failure (https://github.com/aws/aws-cdk/issues/28237), and
each save would leave one behind. The next deploy replaces what was sent, as it replaces code that somebody uploaded.

A process that dies on the way leaves a record that says so: nothing goes on from there, and the next deploy puts it
right.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import attrs

from multi_env_lambda.aws.index import read_release, read_running_template
from multi_env_lambda.aws.lease import HeldLease
from multi_env_lambda.errors import CheckFailed, PlanStale
from multi_env_lambda.flow.check import ALIAS, Asking, check_smoke
from multi_env_lambda.flow.code import LATEST
from multi_env_lambda.flow.hold import hold
from multi_env_lambda.host.made import MadeRelease
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.host.timing import timed
from multi_env_lambda.model.alias import AliasState
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.plan import DeployStep
from multi_env_lambda.model.record import Holder, Record
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.saved_there import unreleased_in
from multi_env_lambda.model.unreleased import Unreleased
from multi_env_lambda.plan.desired import RecordedState
from multi_env_lambda.plan.only_code import LARGEST_SENT, codes_in, more_than_code
from multi_env_lambda.wording import advice, unit_call
from multi_env_lambda.world import ProgressEvent, World

__all__ = ["Sending", "Sent", "send", "sending_of"]


@attrs.frozen(kw_only=True)
class Sending:
    """Code that can be sent as it is: by function, the bytes and their base64 SHA-256; ``after`` as in the record."""

    codes: Mapping[str, tuple[bytes, str]]
    after: str


@attrs.frozen(kw_only=True)
class Sent:
    """What was sent: the functions that got other code, and whose saved files were replaced, if they were others'."""

    functions: tuple[str, ...]
    replaced: Unreleased | None = None


def sending_of(world: World, step: DeployStep, made: MadeRelease, known: RecordedState, after: str) -> Sending | str:
    """What to send instead of a deploy of this step; a text says why it has to be deployed.

    Args:
        after: when the last deployment of this watch was made; empty: it has made none.
    """
    place = step.environment, step.project
    running = known.records[place].running if place in known.records else None
    if running is None or running.when != after:
        return "" if running is None else f"somebody else deployed {running.version} there in the meantime"
    if made.release.digest == running.release:
        return f"the files are those of {running.version} again"
    release = read_release(world.store, world.cache, step.project, running.release)
    before = read_running_template(world.store, world.cache, step.project, step.environment, running)
    template = made.templates[step.environment]
    if before is None:
        return f"{running.version} was not made for this environment"
    if reason := more_than_code(step.environment, release, made.release, before, template):
        return reason
    return _sending(made, template, after)


def _sending(made: MadeRelease, template: str, after: str) -> Sending | str:
    contents = {item.key: item for item in made.uploads}
    codes: dict[str, tuple[bytes, str]] = {}
    for name, (key, sha256) in codes_in(template, made.release).items():
        if key in contents:
            body = contents[key].read()
            if len(body) > LARGEST_SENT:
                return f"its code has {len(body):,} bytes, and Lambda takes {LARGEST_SENT:,} in a request"
            codes[name] = (body, sha256)
    return Sending(codes=codes, after=after)


@timed("step", "send")
def send(world: World, step: DeployStep, release: Release, sending: Sending, watcher: Holder) -> Sent:
    """Send it under the lease, and record it. Functions that have this code already are left alone.

    Args:
        release: what the saved files would be; it is not published.
        watcher: the watch, as the holder of its first lease.

    Raises:
        Busy: somebody else is changing the unit.
        PlanStale: another release runs now, or the lease is lost.
        CheckFailed: it was sent and is recorded; a function does not answer as its `smoke` says.
        StackError, AccountError: Lambda refuses it.
    """
    environment = world.config.environment(step.environment)
    world.platform.verify(environment)
    with hold(world, step.environment, step.project, running=step.running, toward=release.digest) as held:
        world.may_go(step, held.record)
        before = _lying_on(step, held.record, sending)
        mine = before if before is not None and before.watch == watcher.nonce else None
        wanted = _wanted(sending, mine)
        if mine is None:
            held.save(attrs.evolve(held.record, unreleased=_noted(world, watcher, sending, mine)))
        held.begin()
        in_parallel(partial(_send_one, world, environment, held, sending), wanted)
        held.changed()
        noted = attrs.evolve(_noted(world, watcher, sending, mine), codes=_codes(sending))
        failed = _answers(world, environment, held, step, release)
        held.finish(attrs.evolve(held.record, unreleased=noted, unsure=release.digest))
    if failed is not None:
        raise failed
    return Sent(functions=wanted, replaced=before if mine is None else None)


def _lying_on(step: DeployStep, record: Record, sending: Sending) -> Unreleased | None:
    """Which saved files the unit has already, if they lie on the same deployment as these."""
    if record.running is None or record.running.when != sending.after:
        what = "somebody else deployed it in the meantime"
        raise PlanStale(f"{step.project} in {step.environment}", what, hint="save again")
    return unreleased_in(record)


def _wanted(sending: Sending, mine: Unreleased | None) -> tuple[str, ...]:
    there = {} if mine is None else dict(mine.codes)
    return tuple(name for name, (_, sha256) in sending.codes.items() if there.get(name) != sha256)


def _codes(sending: Sending) -> tuple[tuple[str, str], ...]:
    return tuple((name, sha256) for name, (_, sha256) in sorted(sending.codes.items()))


def _noted(world: World, watcher: Holder, sending: Sending, mine: Unreleased | None) -> Unreleased:
    return Unreleased(
        who=watcher.who,
        host=watcher.host,
        when=world.now(),
        after=sending.after,
        watch=watcher.nonce,
        saves=1 if mine is None else mine.saves + 1,
        codes=() if mine is None else mine.codes,
    )


def _send_one(world: World, environment: Environment, held: HeldLease, sending: Sending, name: str) -> None:
    """Send the code, let the alias lead to it, and compare what callers get from now on."""
    body, expected = sending.codes[name]
    platform = world.platform
    platform.send_code(environment, name, body, held)
    there = platform.find_code(environment, name, ALIAS)
    if there is None or there.version != LATEST:
        platform.point_alias(environment, name, ALIAS, AliasState(version=LATEST, weights=()), held)
        there = platform.find_code(environment, name, LATEST)
    if there is None or there.code_sha256 != expected:
        found = "no code" if there is None else f"code {there.code_sha256}"
        hint = "somebody else is sending code to this function; save again"
        raise CheckFailed(f"{name} in {environment.name}", f"Lambda runs {found}, expected {expected}", hint=hint)


def _answers(
    world: World, environment: Environment, held: HeldLease, step: DeployStep, release: Release
) -> CheckFailed | None:
    """Whether the functions answer as their `smoke` says. What was sent stays: it is what somebody is trying."""
    stage = release.stage(environment.name)
    say = partial(ProgressEvent, project=step.project, environment=environment.name, phase="check")
    asking = Asking(world=world, held=held, environment=environment, say=lambda text: world.reported(say(text=text)))
    try:
        for function in () if stage is None else stage.functions:
            if function.smoke is not None:
                where = f"smoke of {release.project}.{function.key} in {environment.name}"
                check_smoke(asking, where, function.name, function.smoke, LATEST)
    except CheckFailed as failed:
        back = unit_call("repair", release.project, environment.name)
        failed.hint = advice("correct it and save again; `{}` brings back what was deployed", back)
        return failed
    return None
