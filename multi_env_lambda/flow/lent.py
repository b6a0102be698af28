"""The version of another unit's layer that a stack gets: found by its content in the account, and compared."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from multi_env_lambda.aws.account import Platform
from multi_env_lambda.errors import ConfigurationError, DocumentError, MultiEnvLambdaError
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.artifact import base64_sha256
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.lent import LentLayer
from multi_env_lambda.model.plan import BlockedStep, DeployStep, Plan, Step, with_steps
from multi_env_lambda.model.record import Action
from multi_env_lambda.model.versions import KeptLayer
from multi_env_lambda.plan.desired import RecordedState
from multi_env_lambda.plan.lent import lent_in, lent_pin
from multi_env_lambda.wording import Advice, advice, unit_call
from multi_env_lambda.world import World

__all__ = ["lent_layers_are_there", "lent_parameters"]


def lent_layers_are_there(world: World, plan: Plan, known: RecordedState) -> Plan:
    """The same plan, with units blocked whose layer of another unit is not in the account, and does not come with it.

    If the account's layers cannot be listed now, the step says so: they are looked for again before the change.
    """
    steps = {(step.environment, step.project): step for step in plan.steps}
    asked = []
    for step in plan.deploys:
        lent = _lent_to(step, known)
        lender = None if lent is None else steps.get((step.environment, lent.unit))
        # One that is blocked holds up the others anyway.
        if lent is not None and not isinstance(lender, BlockedStep) and _coming(lender) != lent.digest[:12]:
            asked.append(_Lacking(step=step, lent=lent, coming=_coming(lender)))
    places = list(dict.fromkeys(one.place for one in asked))
    there = dict(zip(places, in_parallel(lambda place: _listed(world, *place), places), strict=True))
    return with_steps(plan, (_judged(world, one, there[one.place]) for one in asked))


@attrs.frozen(kw_only=True)
class _Lacking:
    """A step whose layer does not come with the plan; ``coming`` is what comes instead, if anything."""

    step: DeployStep
    lent: LentLayer
    coming: str

    @property
    def place(self) -> tuple[str, str]:
        return self.step.environment, self.lent.unit


def _lent_to(step: DeployStep, known: RecordedState) -> LentLayer | None:
    stage = step.release.stage(step.environment)
    template = None if stage is None else known.templates.get(stage.template_sha256)
    return None if template is None else lent_in(template)


def _coming(lender: Step | None) -> str:
    """The layer of the release that this step brings, by the beginning of its digest; empty: none."""
    layer = lender.release.layer if isinstance(lender, DeployStep) else None
    return "" if layer is None else layer.digest[:12]


def _listed(world: World, environment: str, unit: str) -> tuple[KeptLayer, ...] | MultiEnvLambdaError:
    try:
        return world.platform.kept_layers(world.config.environment(environment), f"{unit}-{environment}")
    except MultiEnvLambdaError as error:
        return error


def _judged(world: World, lacking: _Lacking, there: tuple[KeptLayer, ...] | MultiEnvLambdaError) -> Step:
    step, lent = lacking.step, lacking.lent
    if isinstance(there, MultiEnvLambdaError):
        note = f"whether {step.environment} has the layer {lent.digest[:12]} of {lent.unit} could not be checked"
        return attrs.evolve(step, notes=(*step.notes, f"{note} ({there.where}: {there.what})"))
    if _newest(there, lent) is not None:
        return step
    what, hint = _missing(world.config.environment(step.environment), lent, there, step.action)
    if lacking.coming:
        what += f"; this plan brings {lacking.coming}"
        hint = advice("deploy {} and {} together where they come from, and run the same again", lent.unit, step.project)
    return BlockedStep.refused(step.project, step.environment, what, hint)


def lent_parameters(platform: Platform, environment: Environment, template: str) -> dict[str, str]:
    """The value of the parameter with which a template names another unit's layer; nothing if it names none.

    Raises:
        ConfigurationError: that unit has not published the layer there.
        DocumentError: a version that says that it is this layer has different bytes.
    """
    lent = lent_in(template)
    return {} if lent is None else {lent_pin(lent): _arn(platform, environment, lent)}


def _arn(platform: Platform, environment: Environment, lent: LentLayer) -> str:
    """Of the newest version with this content: ``prune`` keeps that one."""
    there = platform.kept_layers(environment, f"{lent.unit}-{environment.name}")
    where = f"the layer {lent.digest[:12]} of {lent.unit} in {environment.name}"
    newest = _newest(there, lent)
    found = None if newest is None else platform.layer_sha256(environment, newest.arn)
    if newest is None or found is None:
        what, hint = _missing(environment, lent, there)
        raise ConfigurationError(where, what, hint=hint)
    if found != base64_sha256(lent.sha256):
        what = f"{newest.arn} has the SHA-256 {found}, expected the released {base64_sha256(lent.sha256)}"
        raise DocumentError(where, what, hint="somebody published it by hand; delete that version")
    return newest.arn


def _newest(there: Sequence[KeptLayer], lent: LentLayer) -> KeptLayer | None:
    same = (one for one in there if one.description.endswith(lent.digest[:12]))
    return max(same, key=lambda one: one.number, default=None)


def _missing(
    environment: Environment, lent: LentLayer, there: Sequence[KeptLayer], action: Action = "deploy"
) -> tuple[str, Advice]:
    """What the account has instead of the layer, and what to do."""
    name = f"{lent.unit}-{environment.name}"
    newest = max(there, key=lambda one: one.number, default=None)
    has = f"has no version of {name}"
    if newest is not None:
        has = f"has {newest.description.rpartition(' ')[2]} as the newest version of {name}, and none with this content"
    what = f"its functions get the layer {lent.digest[:12]} of {lent.unit}, but account {environment.account_id} {has}"
    if action in ("deploy", "promote"):
        bring = unit_call(action, lent.unit, environment.name)
        return what, advice("bring {} there first, or both together: `{}`", lent.unit, bring)
    ways = (unit_call("history", lent.unit, environment.name), unit_call("rollback", lent.unit, environment.name))
    return what, advice("`{}` shows which release of {} had it; `{}` brings one back", ways[0], lent.unit, ways[1])
