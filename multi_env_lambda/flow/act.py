"""Act: one step of a plan, from the lease to the record. The only place where an environment changes.

    hold the lease -> publish -> change the stack -> check -> record

A step that dies anywhere is finished by the same command: what is published is found, a stack that is there already
gives an empty change set, and the record is written last.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import Literal

import attrs

from multi_env_lambda.aws.index import read_release, read_template
from multi_env_lambda.aws.lease import HeldLease
from multi_env_lambda.errors import CheckFailed, MultiEnvLambdaError, PlanStale, StackError
from multi_env_lambda.flow.check import check, check_references
from multi_env_lambda.flow.hold import hold
from multi_env_lambda.flow.publish import check_complete, publish
from multi_env_lambda.flow.shift import shift
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.plan import DeployStep, Plan
from multi_env_lambda.model.record import Deployment, Outcome, Record, RolledBack
from multi_env_lambda.model.release import Release, Stage
from multi_env_lambda.plan.traffic import shifting_functions
from multi_env_lambda.world import Event, Made, Phase, StackRequest, World

__all__ = ["Result", "deploy_step", "publish_step", "stack_tags"]


@attrs.frozen(kw_only=True)
class Result:
    """How one step ended."""

    project: str
    environment: str
    outcome: Literal["deployed", "published", "unchanged", "removed", "destroyed", "blocked", "skipped", "failed"]
    version: str | None = None
    release: str | None = None
    detail: str = ""
    hint: str = ""
    error: str = ""
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        return self.outcome in ("deployed", "published", "unchanged", "removed", "destroyed")


def publish_step(world: World, step: DeployStep, made: Made) -> Result:
    """Publish a release without deploying it anywhere."""
    _say(world, step, "publish", f"{len(made.uploads)} objects")
    publish(world, made.uploads)
    _say(world, step, "done", step.release.version)
    return _result(step, "published")


def deploy_step(world: World, plan: Plan, step: DeployStep, made: Made | None, *, approved: str = "") -> Result:
    """Bring one unit in one environment to the release of the step, and record how it went.

    Raises:
        MultiEnvLambdaError: it did not get there; the record says so, and what ran before runs.
    """
    started = time.monotonic()
    environment = world.config.environment(step.environment)
    world.platform.verify(environment)
    check_references(world.platform, environment, step.release)
    with hold(world, step.environment, step.project, running=step.running, toward=step.release.digest) as held:
        if made is not None:
            _say(world, step, "publish", f"{len(made.uploads)} objects")
            publish(world, made.uploads)
        check_complete(world.store, step.release)
        entry = attrs.evolve(_entry(world, plan, step, held.record), approved=approved)
        try:
            _bring(world, held, step, environment, entry)
        except PlanStale:
            raise
        except MultiEnvLambdaError as error:
            _record_failure(held, entry, error, time.monotonic() - started)
            raise
        _say(world, step, "record")
        entry = attrs.evolve(entry, seconds=round(time.monotonic() - started, 3))
        held.finish(_succeeded(world, held.record, entry, step))
    _say(world, step, "done", step.release.version)
    return attrs.evolve(_result(step, "deployed"), seconds=entry.seconds)


def _bring(world: World, held: HeldLease, step: DeployStep, environment: Environment, entry: Deployment) -> None:
    """Change the stack and check it; a failed check puts back what ran before."""
    stage = _stage(step.release, environment)
    template = read_template(world.store, world.cache, step.release, environment.name)
    change = _changer(world, held, step, step.release, environment)
    try:
        if step.running not in (None, step.release.digest) and step.action != "rollback" and shifting_functions(stage):
            say = partial(_say, world, step, "shift")
            shift(world, held, step.release, environment, template, entry, change, say)
        change(template)
        _say(world, step, "check", f"{len(stage.functions)} functions")
        check(world.platform, environment, step.release, stage)
    except CheckFailed as failure:
        if step.running is None or step.running == step.release.digest:
            raise
        before = read_release(world.store, world.cache, step.project, step.running)
        _say(world, step, "deploy", f"back to {before.version}")
        back = _changer(world, held, step, before, environment)
        back(read_template(world.store, world.cache, before, environment.name))
        held.settled()
        what = f"{failure.what}\n{environment.name} was put back to {before.version}"
        raise CheckFailed(failure.where, what, hint=failure.hint) from failure


def _changer(
    world: World, held: HeldLease, step: DeployStep, release: Release, environment: Environment
) -> Callable[[str], None]:
    """What deploys a template of a release to the unit's stack, under this holder's lease."""
    devops = world.config.devops
    url = f"https://s3.{devops.region}.amazonaws.com/{devops.bucket}/{release.template_key(environment.name)}"

    def change(template: str) -> None:
        request = StackRequest(
            name=_stage(release, environment).stack_name,
            template=template,
            template_url=url,
            token=f"r{release.digest[:12]}-f{held.fencing}-{secrets.token_hex(4)}",
            tags=stack_tags(release, environment),
        )
        try:
            world.platform.deploy(environment, request, held, partial(_say, world, step, "deploy"))
        except StackError as error:
            if error.put_back:
                held.undone()
            raise
        held.changed()

    return change


def stack_tags(release: Release, environment: Environment) -> dict[str, str]:
    """Tags that CloudFormation hands on to every resource. Nothing that changes without the release changing."""
    return {
        "multi_env_lambda:project": release.project,
        "multi_env_lambda:environment": environment.name,
    }


def _stage(release: Release, environment: Environment) -> Stage:
    stage = release.stage(environment.name)
    if stage is None:  # the planner has refused this already
        raise PlanStale(release.folder, f"it was not made for {environment.name}", hint="run the same command again")
    return stage


def _entry(world: World, plan: Plan, step: DeployStep, record: Record) -> Deployment:
    return Deployment(
        sequence=record.next_sequence(step.release.digest),
        action=step.action,
        outcome="succeeded",
        release=step.release.digest,
        version=step.release.version,
        layer=None if step.release.layer is None else step.release.layer.number,
        who=world.platform.caller(),
        when=world.now(),
        commit=step.origin.commit,
        committed=step.origin.committed,
        dirty=step.origin.dirty,
        inputs=step.inputs,
        reason=step.reason,
        plan=plan.digest_of(step.environment),
    )


def _record_failure(held: HeldLease, entry: Deployment, error: MultiEnvLambdaError, seconds: float) -> None:
    went_back = isinstance(error, CheckFailed) and held.record.release not in (None, entry.release)
    outcome: Outcome = "went back" if went_back else "failed"
    detail = f"{error.where}: {error.what}"
    latest = attrs.evolve(entry, outcome=outcome, detail=detail, seconds=round(seconds, 3))
    held.finish(attrs.evolve(held.record, latest=latest, unsure=held.unsure))


def _succeeded(world: World, record: Record, entry: Deployment, step: DeployStep) -> Record:
    """What the record says after a success. A rollback remembers what it took away."""
    marks = record.taken_away
    if step.action == "rollback":
        back_again = any(mark.release == step.release.digest for mark in marks)
        taken = None if back_again else _taken_away(record, step)
        kept = [mark for mark in marks if mark.release not in (step.release.digest, taken and taken.release)]
        marks = (*([_mark(taken, entry)] if taken else []), *kept)
    elif step.release.digest != record.release:
        marks = ()
    newest, earlier = (marks[0] if marks else None), marks[1:]
    return attrs.evolve(
        record, running=entry, latest=entry, rolled_back=newest, rolled_back_before=earlier, unsure=None
    )


def _taken_away(record: Record, step: DeployStep) -> Deployment | None:
    """What a rollback takes away: what ran, or what was only on its way in."""
    if record.release != step.release.digest:
        return record.running
    return record.latest if record.latest is not None and record.latest.outcome == "shifting" else None


def _mark(taken: Deployment, entry: Deployment) -> RolledBack:
    return RolledBack(release=taken.release, version=taken.version, who=entry.who, when=entry.when, reason=entry.reason)


def _result(step: DeployStep, outcome: Literal["deployed", "published"]) -> Result:
    return Result(
        project=step.project,
        environment=step.environment,
        outcome=outcome,
        version=step.release.version,
        release=step.release.digest,
    )


def _say(world: World, step: DeployStep, phase: Phase, text: str = "") -> None:
    world.reported(Event(project=step.project, environment=step.environment, phase=phase, text=text))
