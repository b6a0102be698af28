"""Explain a decision, to deploy or not to, as the chain of inputs behind it, and name the units that share the cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from multi_env_lambda.flow.ask import Ask
from multi_env_lambda.model.change import ResourceChange
from multi_env_lambda.model.plan import BlockedStep, DeployStep, RemovedStep, Step, UnchangedStep
from multi_env_lambda.model.release import Release
from multi_env_lambda.pipeline import Draft, plan
from multi_env_lambda.world import World

__all__ = ["Cause", "Explanation", "compare", "explain"]


@attrs.frozen(kw_only=True)
class Cause:
    """One link of the chain: the kind of input, what happened to it, and who else has the same cause."""

    kind: str
    text: str
    shared_by: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Explanation:
    """Why a unit would be deployed to an environment, or would not."""

    project: str
    environment: str
    decision: str
    reasons: tuple[str, ...]
    causes: tuple[Cause, ...]

    def text(self) -> str:
        """The chain as indented lines."""
        lines = [f"{self.project} in {self.environment}: {self.decision}"]
        lines += [f"  because {reason}" for reason in self.reasons]
        for cause in self.causes:
            others = f"   (also: {', '.join(cause.shared_by)})" if cause.shared_by else ""
            lines.append(f"    {cause.kind}: {cause.text}{others}")
        return "\n".join(lines)


def explain(world: World, name: str, environment: str) -> Explanation:
    """Plan the whole environment, and tell what is behind one unit's step."""
    _check(world, name, environment)
    draft = plan(world, Ask(verb="deploy", target=environment))
    steps = {step.project: step for step in draft.plan.steps}
    step = steps[name]
    others = {other: _causes(draft, found) for other, found in steps.items() if other != name}
    causes = tuple(_with_others(cause, others) for cause in _causes(draft, step))
    decision, reasons = _decision(step)
    return Explanation(project=name, environment=environment, decision=decision, reasons=reasons, causes=causes)


def _check(world: World, name: str, environment: str) -> None:
    """An unknown unit is refused with a hint before anything is made."""
    from multi_env_lambda.errors import ConfigurationError
    from multi_env_lambda.model.reading import did_you_mean

    known = {project.name for project in world.projects} | set(world.ledger.records(environment))
    world.config.environment(environment)
    if name not in known:
        raise ConfigurationError("why", f"there is no unit `{name}`", hint=did_you_mean(name, known))


def _decision(step: Step) -> tuple[str, tuple[str, ...]]:
    match step:
        case DeployStep():
            before = f" instead of {step.running_version}" if step.running_version else ""
            return f"deploy {step.release.version}{before}", step.why
        case UnchangedStep():
            return "do nothing", (step.why,)
        case BlockedStep():
            return "blocked", (step.what,)
        case RemovedStep():
            return "do nothing", ("its folder is gone; only `destroy.py` deletes",)


def _causes(draft: Draft, step: Step) -> tuple[Cause, ...]:
    match step:
        case DeployStep():
            running = draft.known.releases.get(step.running) if step.running else None
            return (*_inputs(step.why), *compare(running, step.release), *_settings(step.changes))
        case UnchangedStep() | BlockedStep() | RemovedStep():
            return _inputs(draft.looked_at.get(step.project, ()))


def _inputs(why: Iterable[str]) -> tuple[Cause, ...]:
    return tuple(Cause(kind="input", text=text) for text in why)


def compare(old: Release | None, new: Release) -> tuple[Cause, ...]:
    """What differs between two releases: files of the wheel, packages of the layer, the version."""
    files = _differences(dict(old.source.files) if old else {}, dict(new.source.files))
    packages = _differences(_packages(old), _packages(new), values=True)
    return (
        *(Cause(kind="file", text=text) for text in files),
        *(Cause(kind="lock entry", text=text) for text in packages),
    )


def _packages(release: Release | None) -> dict[str, str]:
    layer = None if release is None else release.layer
    return {} if layer is None else {package.name: package.version for package in layer.packages}


def _differences(old: Mapping[str, str], new: Mapping[str, str], *, values: bool = False) -> list[str]:
    found = []
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            found.append(f"{name} {new[name]} added" if values else f"{name} added")
        elif name not in new:
            found.append(f"{name} {old[name]} removed" if values else f"{name} removed")
        elif old[name] != new[name]:
            found.append(f"{name} {old[name]} → {new[name]}" if values else f"{name} changed")
    return found


def _settings(changes: Iterable[ResourceChange]) -> tuple[Cause, ...]:
    """Properties of the template that a setting stands behind; code and versions only follow from the files."""
    found = []
    for change in changes:
        if change.action != "modify":
            continue
        for item in change.properties:
            if not item.path.startswith(("Code", "Layers", "FunctionVersion")):
                found.append(Cause(kind="setting", text=f"{change.logical_id}.{item.path}: {item.old} → {item.new}"))
    return tuple(found)


def _with_others(cause: Cause, others: Mapping[str, tuple[Cause, ...]]) -> Cause:
    shared = tuple(
        sorted(name for name, causes in others.items() if cause in causes and not cause.text.startswith("never"))
    )
    return attrs.evolve(cause, shared_by=shared)
