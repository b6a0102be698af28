"""Act: one step of a plan, from the lease to the record. The only place where an environment changes.

    hold the lease -> publish -> change the stack -> check -> record

A step that dies anywhere is finished by the same command: what is published is found, a stack that is already changed
results in an empty change set, and the record is written last.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Literal

import attrs

from multi_env_lambda.aws.account import StackRequest
from multi_env_lambda.aws.index import read_release, read_running_template, read_template
from multi_env_lambda.aws.lease import HeldLease
from multi_env_lambda.aws.poller import Look, NotLooked, StackReading
from multi_env_lambda.errors import CheckFailed, MultiEnvLambdaError, PlanStale, Refused, SessionEnded, StackError
from multi_env_lambda.flow.address import address_of
from multi_env_lambda.flow.adopt import Adopting, made_from
from multi_env_lambda.flow.aliases import remake, restore
from multi_env_lambda.flow.already import Already
from multi_env_lambda.flow.check import Asking, check, check_aliases, protect
from multi_env_lambda.flow.code import check_codes, check_untouched, send_again
from multi_env_lambda.flow.failure import losses_of, name_the_unit, not_put_back, put_back_error, record_failure
from multi_env_lambda.flow.hold import hold
from multi_env_lambda.flow.lent import lent_parameters
from multi_env_lambda.flow.ownership import deploy_check, loss_check
from multi_env_lambda.flow.publish import Receipts, claim, complete, is_pinned, publish
from multi_env_lambda.flow.repair import must_be_right
from multi_env_lambda.flow.replicate import replicate
from multi_env_lambda.flow.sending import template_of_step
from multi_env_lambda.flow.shift import shift
from multi_env_lambda.flow.stateful import stateful_resources
from multi_env_lambda.flow.unnamed import unreserve
from multi_env_lambda.flow.written import check_unwritten
from multi_env_lambda.host.made import MadeRelease
from multi_env_lambda.host.parallel import together
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.plan import DeployStep, Plan
from multi_env_lambda.model.record import Deployment, LayerReceipt, PhysicalResource
from multi_env_lambda.model.release import Release, ReleasedFunction, ReleaseTemplate
from multi_env_lambda.model.result import Result
from multi_env_lambda.model.saved_there import unreleased_in
from multi_env_lambda.model.versions import FunctionCode
from multi_env_lambda.plan.aliases import rewritten
from multi_env_lambda.plan.backwards import author_of
from multi_env_lambda.plan.imports import known_of, left_behind
from multi_env_lambda.plan.keeping import keeping, left_over
from multi_env_lambda.plan.ownership import stack_tags
from multi_env_lambda.plan.pins import pins
from multi_env_lambda.plan.rights import rights_change
from multi_env_lambda.plan.rollback import succeeded
from multi_env_lambda.plan.traffic import aliased_versions, moved_at_once, said_weights, shifting_functions
from multi_env_lambda.wording import counted
from multi_env_lambda.world import Phase, World

__all__ = ["deploy_step", "publish_step"]

_NOT_LOOKED = NotLooked.NOT_LOOKED


def publish_step(world: World, step: DeployStep, made: MadeRelease) -> Result:
    """Publish a release without deploying it anywhere."""
    _say(world, step, "publish", f"{len(made.news)} objects")
    publish(world, made)
    _say(world, step, "done", step.release.version)
    return _result(step, "published")


def deploy_step(
    world: World,
    plan: Plan,
    step: DeployStep,
    made: MadeRelease | None,
    *,
    approved: str = "",
    already: Already | None = None,
    there: str | None = None,
) -> Result:
    """Deploy the release of the step to one unit in one environment, and record how it went.

    ``already`` is what the same run has written, compared or read before; ``there`` the stack's own template, if the
    plan read it.

    Raises:
        MultiEnvLambdaError: the deploy failed; the record says so, and what ran before still runs.
    """
    started = time.monotonic()
    environment = world.config.environment(step.environment)
    world.platform.verify(environment)
    say = partial(_say, world, step)
    template = template_of_step(world, step, made, there, say)
    with ThreadPoolExecutor(3) as pool:
        # None of these needs the lease: names are taken by conditional writes, and the rest only reads.
        known = Already() if already is None else already
        claimed = pool.submit(_claim, world, step.release, made, known)
        looked = pool.submit(known.look, world, environment, _stage(step.release, environment).stack_name)
        with hold(world, step.environment, step.project, running=step.running, toward=step.release.digest) as held:
            world.may_go(step, held.record)
            receipts, look = claimed.result(), looked.result()
            completed = pool.submit(complete, world, made, receipts) if made is not None else claimed
            work = _Work(
                world=world,
                held=held,
                step=step,
                environment=environment,
                template=template,
                receipts=_taken_there(world, environment, step.release, receipts, completed),
                look=look,
                there=made_from(look, there),
                completed=completed,
            )
            entry = attrs.evolve(_entry(work, plan), approved=approved)
            try:
                entry = _bring(work, entry)
            except MultiEnvLambdaError as error:
                name_the_unit(error, step.project, step.environment)
                if not isinstance(error, PlanStale | Refused | SessionEnded) or losses_of(error):
                    record_failure(held, entry, error, time.monotonic() - started, work.adopting.unknown)
                raise
            _say(world, step, "record")
            entry = attrs.evolve(entry, seconds=round(time.monotonic() - started, 3))
            held.finish(succeeded(held.record, entry, step))
            known.receipts[step.release.digest] = completed.result()
    _say(world, step, "done", step.release.version)
    return attrs.evolve(_result(step, "deployed"), seconds=entry.seconds)


def _claim(world: World, release: Release, made: MadeRelease | None, already: Already) -> Receipts:
    """What this run has already written or compared for one environment is not compared for the next."""
    there = already.receipts.get(release.digest)
    return claim(world, release, made) if there is None else there


@attrs.frozen(kw_only=True)
class _Work:
    """One step in progress. Nothing is executed before the release is ``completed``."""

    world: World
    held: HeldLease
    step: DeployStep
    environment: Environment
    template: str
    receipts: Receipts
    look: StackReading | None
    there: str | None
    completed: Future[Receipts]
    latest: dict[str, FunctionCode] = attrs.field(factory=dict)  # as found before the change
    adopting: Adopting = attrs.field(init=False)

    @adopting.default
    def _look_at_what_is_there(self) -> Adopting:
        name, place = _stage(self.step.release, self.environment).stack_name, self.environment
        of_step = partial(Adopting, world=self.world, held=self.held, step=self.step, environment=place)
        return of_step(stack_name=name, there=self.there)

    def wait(self) -> None:
        """Return once everything that the release consists of is in the bucket."""
        self.completed.result()


def _taken_there(
    world: World, environment: Environment, release: Release, receipts: Receipts, completed: Future[Receipts]
) -> Receipts:
    """The object versions that the stack uses; in another region, those of the copies there."""
    if environment.region != world.config.devops.region:
        return replicate(world, release, completed.result(), environment.region)
    return receipts if is_pinned(release, receipts) else completed.result()


def _bring(work: _Work, entry: Deployment) -> Deployment:
    """Change the stack and check it; a failed check rolls it back. Returns what was seen, to be recorded."""
    world, step, environment = work.world, work.step, work.environment
    stage = _stage(step.release, environment)
    running = work.held.record.running  # which the plan has already read
    before = read_running_template(world.store, world.cache, step.project, step.environment, running)
    known = before if work.held.unsure is None else None
    change = _changer(work, step.release, work.receipts, known, work.look)
    asking = _asking(work, before)
    back = partial(restore, world, environment, stage.stack_name, work.held, partial(_say, world, step, "deploy"))
    sent = unreleased_in(work.held.record) is not None
    earlier = frozenset() if before is None else said_weights(before)
    weighted = earlier | {item.name for item in stage.functions if item.traffic is not None}
    weighted |= rewritten(before, work.template)
    try:
        moving = _moving(work, stage, before)
        if moving and sent:  # traffic moves between versions, and the alias leads to none
            back()
        if moving:
            shift(asking, work.held, step, moving, work.template, entry, change, partial(_say, world, step, "shift"))
        if step.action == "rollback":
            remake(world, environment, stage.stack_name, work.held, partial(_say, world, step, "deploy"))
        stack_id = change(work.template)
        if step.running == step.release.digest:
            _ready(work, step.release, work.template, known, work.receipts)
        if step.running == step.release.digest or sent:
            back()
        if step.action == "repair":
            unreserve(world, environment, work.template, work.held, partial(_say, world, step, "deploy"))
        _say(world, step, "check", counted(len(stage.functions), "function"))
        layers, resources = _checked(work, stage, asking, weighted, before)
        if step.action == "repair":
            must_be_right(world, step, work.held.record, work.template)
        else:
            check_untouched(environment, step.release, work.template, known, work.latest)
    except CheckFailed as failure:
        if step.running is None or step.running == step.release.digest:
            raise
        there = frozenset() if before is None else aliased_versions(before).keys()
        raise _put_back(work, step.running, asking, sorted(weighted & there), failure) from failure
    protect(world.platform, environment, stage.stack_name, work.look, work.held)
    objects = tuple(receipt for _, receipt in sorted(work.completed.result().items()))
    left = left_behind(work.held.record, resources)
    seen = attrs.evolve(entry, stack_id=stack_id, layers=layers, resources=resources, objects=objects)
    return attrs.evolve(seen, left=left, taken=())


def _asking(work: _Work, before: str | None) -> Asking:
    return Asking(
        world=work.world,
        held=work.held,
        environment=work.environment,
        say=partial(_say, work.world, work.step, "check"),
        rights_change=rights_change(before, work.template),
        first=before is None,
    )


def _moving(work: _Work, stage: ReleaseTemplate, before: str | None) -> tuple[ReleasedFunction, ...]:
    """The functions whose traffic moves in steps. A rollback moves all of it at once, and so does a new function."""
    step = work.step
    if before is None or step.action == "rollback" or step.running == step.release.digest:
        return ()
    for name, why in moved_at_once(stage, before, work.template).items():
        _say(work.world, step, "shift", f"{name} at once: {why}")
    return shifting_functions(stage, before, work.template)


def _checked(
    work: _Work, stage: ReleaseTemplate, asking: Asking, weighted: Collection[str], before: str | None
) -> tuple[tuple[LayerReceipt, ...], tuple[PhysicalResource, ...]]:
    """What the checks saw, and what holds data; neither waits for the other."""
    platform, environment, release = work.world.platform, work.environment, work.step.release
    layers: list[LayerReceipt] = []
    resources: list[PhysicalResource] = []
    running = work.held.record.running
    known = () if running is None else running.layers
    together(
        lambda: layers.extend(check(asking, release, stage, work.template, weighted, known)),
        lambda: resources.extend(stateful_resources(platform, environment, stage.stack_name, work.template)),
        lambda: check_unwritten(asking, release.project, stage.stack_name, before, work.template),
    )
    return tuple(layers), tuple(resources)


def _put_back(
    work: _Work, running: str, asking: Asking, aliases: Iterable[str], failure: CheckFailed
) -> MultiEnvLambdaError:
    """Run what ran before, with all the traffic; returns the error to raise.

    Data that came with the failed release stays in the stack: somebody may have written to it.
    """
    world, environment = work.world, work.environment
    before = read_release(world.store, world.cache, work.step.project, running)
    work.held.make_sure()
    _say(world, work.step, "deploy", f"rolling back to {work.step.running_label}")
    receipts = replicate(world, before, claim(world, before, None), environment.region)
    back = _changer(work, before, receipts, work.template)
    wanted = keeping(read_template(world.store, world.cache, before, environment.name), work.template)
    looks = partial(_seen, work, _stage(before, environment).stack_name)
    made = looks()
    try:
        back(wanted)
    except Refused as stays:
        return not_put_back(failure, stays, f"{environment.name} was not rolled back to {work.step.running_label}")
    now = looks() if made else ()
    left = () if now is None else left_over(made or (), now, work.template, wanted)
    trouble: CheckFailed | None = None
    try:
        check_aliases(asking, aliases)
        check_codes(world, environment, before, wanted)
    except CheckFailed as found:
        trouble = found
    else:
        work.held.settled()
    return put_back_error(failure, f"{environment.name} was rolled back to {work.step.running_label}", left, trouble)


def _seen(work: _Work, stack_name: str) -> tuple[PhysicalResource, ...] | None:
    """What holds data in the stack; None if that cannot be read, which does not prevent a rollback."""
    try:
        return stateful_resources(work.world.platform, work.environment, stack_name, work.template)
    except MultiEnvLambdaError:
        return None


def _changer(
    work: _Work, release: Release, receipts: Receipts, before: str | None, look: Look = _NOT_LOOKED
) -> Callable[[str], str]:
    """The function that deploys a release's template to the unit's stack under this lease and returns its ARN."""
    world, held, environment = work.world, work.held, work.environment
    looks = [look]

    def change(template: str) -> str:
        request = StackRequest(
            name=_stage(release, environment).stack_name,
            template=template,
            address_of=partial(address_of, world, release, _stage(release, environment)),
            token=f"r{release.digest[:12]}-f{held.fencing}-{secrets.token_hex(4)}",
            tags=stack_tags(world.config.id, release.project, environment.name),
            check=deploy_check(world, work.step, held, work.template),
            parameters=pins(template, release, receipts) | lent_parameters(world.platform, environment, template),
            # Only the first change of a step directly follows the read.
            before=looks.pop() if looks else _NOT_LOOKED,
            ready=partial(_ready, work, release, template, before, receipts),
            adopts=partial(work.adopting.adopts, template),
            returning=work.adopting.returning(template),
            warned=partial(_say, world, work.step, "warning"),
            loses=loss_check(work.step),
            reverts=work.step.action == "repair",
        )
        try:
            stack_id = world.platform.deploy(environment, request, held, partial(_say, world, work.step, "deploy"))
        except StackError as error:
            if error.put_back:
                held.undone()
            raise
        held.changed()
        return stack_id

    return change


def _ready(work: _Work, release: Release, template: str, before: str | None, receipts: Receipts) -> None:
    """Right before a change: what it uses is in the bucket, and what it publishes is what was released."""
    work.wait()
    if work.look is not None:
        say, parameters = partial(_say, work.world, work.step, "deploy"), pins(template, release, receipts)
        found = send_again(work.world, work.environment, release, template, before, parameters, work.held, say)
        work.latest.update(found)


def _stage(release: Release, environment: Environment) -> ReleaseTemplate:
    stage = release.stage(environment.name)
    if stage is None:  # the planner has refused this already
        raise PlanStale(
            release.folder, f"this release was not made for {environment.name}", hint="run the same command again"
        )
    return stage


def _entry(work: _Work, plan: Plan) -> Deployment:
    step, environment, release, record = work.step, work.environment, work.step.release, work.held.record
    writer = work.world.platform.writer()
    return Deployment(
        sequence=record.next_sequence(release.digest),
        action=step.action,
        outcome="succeeded",
        release=release.digest,
        version=release.version,
        layer=None if release.layer is None else release.layer.number,
        who=writer.arn,
        user_id=writer.user_id,
        when=work.world.now(),
        commit=step.origin.commit,
        committed=step.origin.committed,
        dirty=step.origin.dirty,
        inputs=step.inputs,
        reason=step.reason,
        plan=plan.digest_of(environment.name),
        account_id=environment.account_id,
        region=environment.region,
        template_sha256=_stage(release, environment).template_sha256,
        # What a traffic shift records between two steps keeps all of it.
        left=known_of(record),
        taken=record.met,
        made_by=author_of(step, record.running, writer.arn),
    )


def _result(step: DeployStep, outcome: Literal["deployed", "published"]) -> Result:
    return Result(
        project=step.project,
        environment=step.environment,
        outcome=outcome,
        version=step.release.version,
        label=step.label,
        release=step.release.digest,
    )


def _say(world: World, step: DeployStep, phase: Phase, text: str = "") -> None:
    world.tell(step.project, step.environment, phase, text)
