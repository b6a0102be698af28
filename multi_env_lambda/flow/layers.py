"""Whether a layer from elsewhere says that it is for the functions that are about to get it: read once per version.

Lambda takes any layer, so nothing is refused; but a module that was compiled for another Python or processor fails when
it is imported. A version of a layer never changes, so what it says is kept on this machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256

import attrs

from multi_env_lambda.errors import MultiEnvLambdaError
from multi_env_lambda.host.files import read_sealed, write_sealed
from multi_env_lambda.host.parallel import in_parallel
from multi_env_lambda.model.change import ResourceChange
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.plan import DeployStep, Plan, with_steps
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.versions import LayerSays
from multi_env_lambda.world import World

__all__ = ["look_at_layers"]


def look_at_layers(world: World, plan: Plan) -> Plan:
    """The same plan, with notes at units whose functions get layers that are for something else.

    The local cloud has none of them, which is said when the unit is made.
    """
    changing = world.projects.named(*(step.project for step in plan.deploys))
    projects = {project.name: project for project in changing if not project.processor}
    new = [(step, tuple(dict.fromkeys(_new(step)))) for step in plan.deploys if step.project in projects]
    asked = list(dict.fromkeys((step.environment, arn) for step, arns in new for arn in arns))
    said = dict(zip(asked, in_parallel(lambda one: _asked(world, *one), asked), strict=True))

    def noted(step: DeployStep, arns: tuple[str, ...]) -> DeployStep:
        notes = (_note(said[step.environment, arn], projects[step.project], arn) for arn in arns)
        return attrs.evolve(step, notes=(*step.notes, *filter(None, notes)))

    return with_steps(plan, (noted(step, arns) for step, arns in new))


def _new(step: DeployStep) -> Iterator[str]:
    """The ARNs that its functions get with this change, apart from those that CloudFormation makes."""
    for change in step.changes:
        if change.type == "AWS::Lambda::Function" and change.action != "remove":
            old = set(_layers(change, before=True))
            yield from (arn for arn in _layers(change, before=False) if arn not in old)


def _layers(change: ResourceChange, *, before: bool) -> Iterator[str]:
    for item in change.properties:
        if item.path == "Layers" or item.path.startswith("Layers."):
            text = item.old if before else item.new
            found = None if text is None else json.loads(text)
            for arn in found if isinstance(found, list) else [found]:
                if isinstance(arn, str) and arn.startswith("arn:"):
                    yield arn


def _asked(world: World, environment: str, arn: str) -> LayerSays | MultiEnvLambdaError | None:
    try:
        return _said(world, world.config.environment(environment), arn)
    except MultiEnvLambdaError as error:
        return error


def _note(said: LayerSays | MultiEnvLambdaError | None, project: Project, arn: str) -> str:
    if isinstance(said, MultiEnvLambdaError):
        return f"the layer {arn} could not be looked at ({said.what}); a deploy needs the right to use it"
    if said is None:
        return f"there is no layer {arn}: the deploy will fail"
    pairs = ((said.runtimes, project.runtime), (said.architectures, project.architecture))
    others = [(", ".join(offered), wanted) for offered, wanted in pairs if offered and wanted not in offered]
    says = " and ".join(offered for offered, _ in others)
    return f"the layer {arn} is for {says}, not for {' and '.join(wanted for _, wanted in others)}" if others else ""


def _said(world: World, place: Environment, arn: str) -> LayerSays | None:
    kept = world.cache / "layers-from-elsewhere" / f"{sha256(arn.encode()).hexdigest()}.json"
    known = read_sealed(kept)
    if known is not None:
        return LayerSays(runtimes=tuple(known["runtimes"]), architectures=tuple(known["architectures"]))
    said = world.platform.layer_says(place, arn)
    if said is not None:
        write_sealed(kept, attrs.asdict(said))
    return said
