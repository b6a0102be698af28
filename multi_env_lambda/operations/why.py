"""Explain a decision as the chain of inputs behind it, and name the units that share the cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from multi_env_lambda.model.change import ResourceChange
from multi_env_lambda.model.plan import (
    BlockedStep,
    DeployStep,
    NewerStep,
    Plan,
    Question,
    RemovedStep,
    Step,
    UnchangedStep,
)
from multi_env_lambda.model.reading import no_such_unit
from multi_env_lambda.model.release import Release
from multi_env_lambda.model.shown import shown_as_text
from multi_env_lambda.plan.desired import RecordedState
from multi_env_lambda.wording import advice, option

__all__ = ["Cause", "Explanation", "compare", "explain"]


@attrs.frozen(kw_only=True)
class Cause:
    """One link of the chain: the kind of input, what happened to it, and which other units share it."""

    kind: str
    text: str
    shared_by: tuple[str, ...] = ()


@shown_as_text
@attrs.frozen(kw_only=True)
class Explanation:
    """Why a unit would be deployed to an environment, or would not.

    Args:
        project: the unit.
        environment: where it would be deployed.
        decision: what the plan does with it, such as ``do nothing``.
        reasons: why, and the questions that have to be answered before.
        causes: the inputs, files, packages and settings behind it, each with the units that share it.
        unseen: units that could not be read, so what they share with this one is unknown.
    """

    project: str
    environment: str
    decision: str
    reasons: tuple[str, ...]
    causes: tuple[Cause, ...]
    unseen: tuple[str, ...] = ()

    def text(self) -> str:
        """The chain as indented lines."""
        lines = [f"{self.project} in {self.environment}: {self.decision}"]
        lines += [f"  because {reason}" for reason in self.reasons]
        for cause in self.causes:
            others = f"   (also: {', '.join(cause.shared_by)})" if cause.shared_by else ""
            lines.append(f"    {cause.kind}: {cause.text}{others}")
        if self.unseen:
            lines.append(f"  not inspected, because they are broken: {', '.join(self.unseen)}")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """JSON-compatible data."""
        return attrs.asdict(self)


def explain(plan: Plan, known: RecordedState, looked_at: Mapping[str, tuple[str, ...]], name: str) -> Explanation:
    """Explain one unit's step of a plan for a whole environment.

    Args:
        looked_at: why each unit was compared at all, changed or not.

    Raises:
        ConfigurationError: there is no such unit.
    """
    steps = {step.project: step for step in plan.steps}
    if name not in steps:
        raise no_such_unit(name, steps, where="why")
    causes = {other: _causes(known, looked_at.get(other, ()), step) for other, step in steps.items()}
    decision, reasons = _decision(steps[name])
    return Explanation(
        project=name,
        environment=steps[name].environment,
        decision=decision,
        reasons=reasons,
        causes=tuple(_with_others(name, cause, causes) for cause in causes[name]),
        unseen=tuple(
            other
            for other, step in steps.items()
            if isinstance(step, BlockedStep) and other in known.broken and other != name
        ),
    )


def _decision(step: Step) -> tuple[str, tuple[str, ...]]:
    match step:
        case DeployStep():
            before = f" instead of {step.running_label}" if step.running_version else ""
            asks = ", if you agree" if step.questions else ""
            return f"deploy {step.label}{before}{asks}", (*step.why, *map(_asked, step.questions))
        case UnchangedStep():
            return "do nothing", (step.why,)
        case NewerStep():
            return "do nothing", (step.what,)
        case BlockedStep():
            return "blocked", (step.what,)
        case RemovedStep():
            return "do nothing", ("its folder is gone; only `destroy` deletes",)


def _asked(question: Question) -> str:
    """What keeps the unit from being deployed without a word, and that word."""
    return advice("{}; agree with `{}`", question.text, option("agree", question.answer))


def _causes(known: RecordedState, looked_at: tuple[str, ...], step: Step) -> tuple[Cause, ...]:
    match step:
        case DeployStep():
            running = known.releases.get(step.running) if step.running else None
            return (*_inputs(step.why), *compare(running, step.release), *_settings(step.changes))
        case UnchangedStep() | NewerStep() | BlockedStep() | RemovedStep():
            return _inputs(looked_at)


def _inputs(why: Iterable[str]) -> tuple[Cause, ...]:
    return tuple(Cause(kind="input", text=text) for text in why)


def compare(old: Release | None, new: Release) -> tuple[Cause, ...]:
    """What differs between two releases: files of the wheel, packages, the version."""
    files = _differences(old.files if old else {}, new.files)
    packages = _differences(old.packages if old else {}, new.packages, values=True)
    return (
        *(Cause(kind="file", text=text) for text in files),
        *(Cause(kind="lock entry", text=text) for text in packages),
    )


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
    """Template properties that come from a setting; code and versions only follow from the files."""
    found = []
    for change in changes:
        if change.action != "modify":
            continue
        for item in change.properties:
            if not item.path.startswith(("Code", "Layers", "FunctionVersion")):
                found.append(Cause(kind="setting", text=f"{change.logical_id}.{item.path}: {item.old} → {item.new}"))
    return tuple(found)


def _with_others(name: str, cause: Cause, causes: Mapping[str, tuple[Cause, ...]]) -> Cause:
    shared = tuple(sorted(other for other, found in causes.items() if other != name and cause in found))
    return attrs.evolve(cause, shared_by=shared)
