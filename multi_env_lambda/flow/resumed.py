"""Whether a saved plan that now has a different digest was started, or finished, by nothing but itself.

After an interruption the same command is run again; the current state is then what the plan has made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from multi_env_lambda.flow.saved import SavedPlan
from multi_env_lambda.model.digest import canonical_json, digest
from multi_env_lambda.model.plan import DeployStep, Plan
from multi_env_lambda.model.record import Record

__all__ = ["goes_on"]

_CHANGE = ("project", "environment", "running", "changes", "questions")


def goes_on(saved: SavedPlan, made: Plan, records: Mapping[tuple[str, str], Record]) -> bool:
    """Whether the current plan does the rest of what was saved, and nothing else.

    Each unit is as it was planned, runs what the plan was to deploy, or has an attempt at that which is not over.
    """
    steps = _steps(saved)
    planned = {(step["environment"], step["project"]): step for step in steps}
    now = {(step.environment, step.project): step for step in made.deploys}
    if not planned or now.keys() - planned.keys() or not _is_whole(saved, steps):
        return False
    digests = {step["environment"]: _digest_of(steps, step["environment"]) for step in steps}
    return all(
        _is_done(step, records.get(place), digests[place[0]])
        if place not in now
        else _is_the_same(step, now[place]) or _is_begun(step, now[place], records.get(place))
        for place, step in planned.items()
    )


def _steps(saved: SavedPlan) -> list[dict[str, Any]]:
    """What it changes. A plan of unknown shape changes nothing that is known here."""
    steps = saved.document.get("steps")
    found = [step for step in steps if isinstance(step, dict)] if isinstance(steps, list | tuple) else []
    deploys = [step for step in found if step.get("kind") == "deploy"]
    whole = all(isinstance(step.get("release"), dict) and not set(_CHANGE) - step.keys() for step in deploys)
    return deploys if whole else []


def _is_whole(saved: SavedPlan, steps: list[dict[str, Any]]) -> bool:
    """Whether its steps are those that its digest names."""
    places = list(dict.fromkeys(map(str, saved.document.get("environments", ()))))
    parts = [_digest_of(steps, place) for place in places]
    return saved.digest == (parts[0] if len(parts) == 1 else digest(parts))


def _digest_of(steps: list[dict[str, Any]], environment: str) -> str:
    """As ``Plan.digest_of``."""
    return digest([_change(step) for step in steps if step["environment"] == environment])


def _change(step: Mapping[str, Any]) -> dict[str, Any]:
    return {**{name: step[name] for name in _CHANGE}, "release": step["release"].get("digest")}


def _is_done(step: Mapping[str, Any], record: Record | None, plan: str) -> bool:
    """By this very plan: what somebody else has done since is not what was reviewed."""
    if record is None or record.running is None or record.unsure is not None:
        return False
    return (record.running.release, record.running.plan) == (step["release"].get("digest"), plan)


def _is_begun(step: Mapping[str, Any], now: DeployStep, record: Record | None) -> bool:
    release = now.release.digest
    same = (step["release"].get("digest"), step["running"]) == (release, now.running)
    return same and record is not None and (record.unsure == release or record.is_moving_to(release))


def _is_the_same(step: Mapping[str, Any], now: DeployStep) -> bool:
    document = {**attrs.asdict(now), "release": {"digest": now.release.digest}}
    return canonical_json(_change(step)) == canonical_json(_change(document))
