"""What a run leaves in the bucket: plans that wait for somebody, what was verified, and how it went."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from multi_env_lambda.ci.subject import Branch
from multi_env_lambda.ci.wanted import place_of
from multi_env_lambda.errors import ConfigurationError, MultiEnvLambdaError
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.document import FORMAT, is_junk, read_document
from multi_env_lambda.model.plan import Plan
from multi_env_lambda.model.store import ObjectStore
from multi_env_lambda.model.waiting import WaitingChange
from multi_env_lambda.operations.dispatch import leave, wanted_at

__all__ = [
    "keep_plan",
    "kept_plan",
    "read_result",
    "read_step",
    "result_place",
    "units_in",
    "waiting_changes",
    "was_asked",
    "was_verified",
    "write_asked",
    "write_result",
    "write_step",
    "write_verified",
]

_DIGEST = re.compile(r"[0-9a-f]{7,64}")


def keep_plan(store: ObjectStore, environment: str, digest: str, plan: Plan) -> None:
    """Keep a plan where its approver finds it; a plan of this digest that is stored there already is as good."""
    store.put_new(f"{_plans(environment)}{digest}.json", json.dumps(plan.to_dict(), sort_keys=True).encode())


def kept_plan(store: ObjectStore, environment: str, digest: str) -> Mapping[str, Any] | None:
    """The plan that waits there; None if it was never kept.

    Args:
        digest: its digest, or the beginning of it.

    Raises:
        ConfigurationError: several begin like that.
        DocumentError: what is stored there is not a plan.
    """
    found = [item.key for item in store.list(f"{_plans(environment)}{digest}")] if _DIGEST.fullmatch(digest) else []
    if len(found) > 1:
        what = f"{len(found)} plans that wait for {environment} begin with `{digest}`"
        raise ConfigurationError("approve", what, hint="give more of the digest")
    there = store.get(found[0]) if found else None
    if there is None:
        return None
    document = read_document(there.body, where=there.key, kind="a plan")
    # Its approver agrees to the digest that she was told, not to what somebody wrote under its name.
    if f"{_plans(environment)}{document.get('digest')}.json" != there.key:
        raise is_junk(there.key, "a plan", f"its digest is {document.get('digest')!r:.80}")
    return document


def waiting_changes(store: ObjectStore, branch: str) -> tuple[WaitingChange, ...]:
    """What the last run of the branch stopped in front of: one GET, and two calls for each. What cannot be read waits
    for nothing, and a change whose plan cannot be read is one of unknown units."""
    with suppress(MultiEnvLambdaError):
        wanted = wanted_at(store, place_of(Branch(name=branch).key))
        return () if wanted is None else tuple(_waiting(store, place, digest) for place, digest in wanted.waits)
    return ()


def _waiting(store: ObjectStore, environment: str, digest: str) -> WaitingChange:
    with suppress(MultiEnvLambdaError):
        plan = kept_plan(store, environment, digest) or {}
        return WaitingChange(environment=environment, digest=digest, units=units_in(plan, environment))
    return WaitingChange(environment=environment, digest=digest)


def units_in(plan: Mapping[str, Any], environment: str) -> tuple[str, ...]:
    """The units that a kept plan would change in an environment."""
    steps = plan.get("steps")
    named = [
        str(step.get("project", ""))
        for step in (steps if isinstance(steps, list) else [])
        if isinstance(step, Mapping) and step.get("environment") == environment and step.get("kind") == "deploy"
    ]
    return tuple(dict.fromkeys(named))


def _plans(environment: str) -> str:
    return f"ci/plans/{environment}/"


def was_asked(store: ObjectStore, environment: str, digest: str) -> str:
    """The run in which reviewers were asked about a plan; empty: in none yet."""
    there = store.get(_asked_place(environment, digest))
    return "" if there is None else str(read_document(there.body, where=there.key, kind="a question").get("run", "?"))


def write_asked(store: ObjectStore, environment: str, digest: str, run: str) -> None:
    store.put_new(_asked_place(environment, digest), canonical_json({"format": FORMAT, "run": run}).encode("ascii"))


def _asked_place(environment: str, digest: str) -> str:
    return f"ci/results/reviews/{environment}/{digest}.json"


def was_verified(store: ObjectStore, environment: str, digest: str) -> bool:
    """Whether the command between two environments has succeeded for this very change of the second one."""
    return store.head(_verified_place(environment, digest)) is not None


def write_verified(store: ObjectStore, environment: str, digest: str) -> None:
    store.put_new(_verified_place(environment, digest), canonical_json({"format": FORMAT}).encode())


def _verified_place(environment: str, digest: str) -> str:
    return f"ci/verified/{environment}/{digest}.json"


def result_place(job: str, build: str) -> str:
    """Where a build leaves how its job went; the names of builds are others' texts."""
    return f"ci/results/{job}/{hashlib.sha256(build.encode()).hexdigest()[:16]}.json"


def write_result(store: ObjectStore, job: str, build: str, document: Mapping[str, Any]) -> None:
    """Leave how it went so far; a build that looks again replaces what it left."""
    place = result_place(job, build)
    body = canonical_json({"format": FORMAT, "job": job, "build": build, **document}).encode("ascii")
    leave(store, store.get(place), place, body)


def read_result(store: ObjectStore, job: str, build: str) -> Mapping[str, Any] | None:
    """What a build has left; None: nothing yet."""
    place = result_place(job, build)
    there = store.get(place)
    return None if there is None else read_document(there.body, where=place, kind="a result")


def write_step(store: ObjectStore, execution: str, step: str, failures: tuple[str, ...]) -> None:
    """Leave what failed in a step of a pipeline, for its last one; a step that is tried again replaces it."""
    place = _step_place(execution, step)
    there = store.get(place)
    if failures or there is not None:
        document = {"format": FORMAT, "execution": execution, "step": step, "failures": list(failures)}
        leave(store, there, place, canonical_json(document).encode("ascii"))


def read_step(store: ObjectStore, execution: str, step: str) -> tuple[str, ...]:
    """What failed in it."""
    there = store.get(_step_place(execution, step))
    if there is None:
        return ()
    found = read_document(there.body, where=there.key, kind="a result").get("failures")
    return tuple(str(text) for text in found) if isinstance(found, list) else ()


def _step_place(execution: str, step: str) -> str:
    return f"ci/results/pipeline-{execution}/{step}.json"
