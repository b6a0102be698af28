"""Check before the deploy that what it refers to exists, and after it that the published code runs and answers."""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import partial
from typing import Any

from multi_env_lambda.errors import CheckFailed, ConfigurationError
from multi_env_lambda.host.parallel import together
from multi_env_lambda.model.artifact import base64_sha256
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.record import LayerReceipt, PhysicalResource
from multi_env_lambda.model.release import Release, ReleasedFunction, Stage
from multi_env_lambda.model.settings import Smoke
from multi_env_lambda.plan.changes import STATEFUL
from multi_env_lambda.plan.pins import ExpectedCode, code_of
from multi_env_lambda.world import Invocation, Platform

__all__ = ["ALIAS", "check", "check_references", "check_smoke", "matches", "stateful_resources"]

ALIAS = "live"

_LOG_LINES = 12
_BY_HAND = "somebody changed it by hand, and CloudFormation does not see that; put it back by hand"


def check_references(platform: Platform, environment: Environment, release: Release) -> None:
    """Every secret and parameter that the release refers to is there. Nothing was published or changed yet.

    Raises:
        ConfigurationError: one is not; with all of them, by function and variable.
    """
    stage = release.stage(environment.name)
    if stage is None or not stage.references:
        return
    missing = platform.references_missing(environment, stage.references)
    if missing:
        what = "; ".join(f"{item.reference}: {item.what}" for item in missing)
        raise ConfigurationError(f"{release.project} in {environment.name}", what, hint=missing[0].hint)


def check(
    platform: Platform,
    environment: Environment,
    release: Release,
    stage: Stage,
    template: str,
    known: Collection[LayerReceipt] = (),
) -> tuple[LayerReceipt, ...]:
    """All checks of one unit in one environment; gives the layer versions that its functions were seen to use.

    Args:
        known: layer versions that were compared before. What lies under an ARN never changes.

    Raises:
        CheckFailed: with request, answer and the tail of the log.
    """
    places = code_of(template)
    seen: dict[str, LayerReceipt] = {receipt.arn: receipt for receipt in known}
    used: set[str] = set()

    def code(function: ReleasedFunction) -> None:
        used.update(check_code(platform, environment, release, stage, function, places.get(function.name), seen))

    def smoke(function: ReleasedFunction) -> None:
        if function.smoke is not None:
            where = f"smoke of {release.project}.{function.key} in {environment.name}"
            check_smoke(platform, environment, where, function.name, function.smoke)

    together(*(partial(step, function) for function in stage.functions for step in (code, smoke)))
    return tuple(seen[arn] for arn in sorted(used))


def check_code(
    platform: Platform,
    environment: Environment,
    release: Release,
    stage: Stage,
    function: ReleasedFunction,
    expected: ExpectedCode | None,
    seen: dict[str, LayerReceipt],
) -> list[str]:
    """What Lambda says it runs, code and layer, is what was published; gives the ARNs of our layer.

    A function whose code or layers a ``stack.py`` has set is not compared in that respect.
    """
    runs = platform.code(environment, function.name)
    where = f"{function.name} in {environment.name}"
    if (expected is None or expected.ours) and runs.code_sha256 != release.source.code_sha256:
        what = f"Lambda runs code {runs.code_sha256}, published was {release.source.code_sha256}"
        raise CheckFailed(where, what, hint=_BY_HAND)
    layer = release.layer
    ours = [arn for arn in runs.layers if arn.split(":")[6:7] == [stage.stack_name]]
    if layer is None or not layer.layer_sha256:
        return []
    if not ours and expected is not None and expected.layered:
        raise CheckFailed(where, f"Lambda runs it without layer {layer.number:06d}", hint=_BY_HAND)
    for arn in ours:
        if arn not in seen:
            seen[arn] = LayerReceipt(arn=arn, sha256=platform.layer_sha256(environment, arn))
        if seen[arn].sha256 != base64_sha256(layer.layer_sha256):
            what = f"{arn} has the SHA-256 {seen[arn].sha256}, published was {base64_sha256(layer.layer_sha256)}"
            raise CheckFailed(where, what, hint=_BY_HAND)
    return ours


def stateful_resources(
    platform: Platform, environment: Environment, stack_name: str, template: str
) -> tuple[PhysicalResource, ...]:
    """What of a stack holds data, by the names that AWS knows it under. A stack without data costs no call."""
    types = {body["Type"] for body in json.loads(template)["Resources"].values()} & STATEFUL
    if not types:
        return ()
    return tuple(item for item in platform.resources(environment, stack_name) if item.type in types)


def check_smoke(
    platform: Platform, environment: Environment, where: str, function_name: str, smoke: Smoke, qualifier: str = ALIAS
) -> None:
    """One invocation through an alias or of a version, and its answer."""
    answer = platform.invoke(environment, function_name, qualifier, smoke.payload.encode())
    expected = None if smoke.expect is None else json.loads(smoke.expect)
    if answer.error is None and (smoke.expect is None or matches(expected, _json(answer))):
        return
    log = "\n".join(answer.log_tail.strip().splitlines()[-_LOG_LINES:])
    raise CheckFailed(
        where,
        f"expected {smoke.expect or 'no error'}, got {answer.payload.decode('utf-8', 'replace')}"
        f"\nrequest: {smoke.payload}\nlog: {log or 'empty'}",
        hint="correct the function or its `smoke` and deploy again",
    )


def _json(answer: Invocation) -> Any:
    try:
        return json.loads(answer.payload)
    except ValueError:
        return answer.payload.decode("utf-8", "replace")


def matches(expected: Any, answer: Any) -> bool:
    """An answer is as expected when it has at least every expected key, with the expected value.

    >>> matches({"ok": True}, {"ok": True, "id": 7}), matches({"ok": True}, {"ok": 1}), matches([1], [1, 2])
    (True, False, False)
    """
    if isinstance(expected, dict):
        return isinstance(answer, dict) and all(
            key in answer and matches(value, answer[key]) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(answer, list) and len(answer) == len(expected) and all(map(matches, expected, answer))
    return type(expected) is type(answer) and bool(expected == answer)
