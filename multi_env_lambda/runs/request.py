"""A pull request: what merging it would do. Nothing is deployed, and a stranger's change is not even opened."""

from __future__ import annotations

from pathlib import Path

from multi_env_lambda import pipeline
from multi_env_lambda.ci.decision import Plan
from multi_env_lambda.model.request import Request
from multi_env_lambda.runs.bring import tested
from multi_env_lambda.runs.hands import Hands
from multi_env_lambda.runs.look import Seen
from multi_env_lambda.runs.report import Report
from multi_env_lambda.world import World

__all__ = ["plan_request"]


def plan_request(hands: Hands, seen: Seen, job: Plan) -> Report:
    """The plan of the units that it affects, and whether their own tests succeed."""
    about = f"pull request {job.number}"
    if not seen.commit:
        return Report(notes=(f"{about}: the remote shows it under no name that is known; nothing was run",))
    if job.credentials == "none":
        return Report(notes=(f"{about} is a stranger's: this build has credentials, so nothing of it was run",))
    if job.agreed and seen.commit not in job.agreed:
        return Report(notes=(f"{about}: nobody has agreed to {seen.commit[:12]}, which it has now; nothing was run",))
    if _may_deploy(seen.protected):
        return Report(stops=(f"{about}: this build may deploy, so nothing of what is not merged was run in it",))
    root = hands.repository.check_out(seen.commit)
    world = hands.opens(root)
    if moved := _elsewhere(world, seen.protected):
        return Report(notes=(f"{about} moves {moved}, so no plan is made of it here",))
    return _planned(hands, world, root, about, seen.commit)


def _may_deploy(world: World) -> bool:
    """Whether this build has the role for what is merged, where `bootstrap` made roles for both."""
    roles = world.config.roles
    return roles is not None and world.config.devops.role_name == roles.of_devops("build")


def _planned(hands: Hands, world: World, root: Path, about: str, commit: str) -> Report:
    last = world.config.end
    plan = pipeline.plan(world, Request(verb="deploy", target=last, through=True)).plan
    changed = dict.fromkeys(step.project for step in plan.deploys)
    broken = tested(hands, world, root, changed, {})
    failures = tuple(f"{about}: the tests of {unit} failed: {text}" for unit, text in broken.items())
    blocked = tuple(
        f"{about}: {step.environment} {step.project}: {step.what}" for step in plan.blocked if step.kind != "Refused"
    )
    text = str(plan) if plan.deploys else "nothing would change"
    return Report(
        notes=(f"{about} at {commit[:12]}, plan {plan.digest[:12]}:\n{text}",),
        failures=(*failures, *blocked),
        plan=plan,
    )


def _elsewhere(world: World, protected: World) -> str:
    """What a change of the table would make this build look at instead; empty: the same."""
    if world.config.devops != protected.config.devops:
        return "the bucket"
    known = {place.name: place for place in protected.config.environments}
    for place in world.config.environments:
        there = known.get(place.name)
        if there is None or (there.account_id, there.role_arn) != (place.account_id, place.role_arn):
            return f"the environment {place.name}"
    return ""
