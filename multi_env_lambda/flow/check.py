"""Check before the deploy that what it refers to exists, and after it that the published code runs and answers."""

from __future__ import annotations

import json
from typing import Any

from multi_env_lambda.errors import CheckFailed, ConfigurationError
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.release import Release, ReleasedFunction, Stage
from multi_env_lambda.model.settings import Smoke
from multi_env_lambda.world import Invocation, Platform

__all__ = ["ALIAS", "check", "check_references", "check_smoke", "matches"]

ALIAS = "live"

_LOG_LINES = 12


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


def check(platform: Platform, environment: Environment, release: Release, stage: Stage) -> None:
    """All checks of one unit in one environment.

    Raises:
        CheckFailed: with request, answer and the tail of the log.
    """
    for function in stage.functions:
        check_code(platform, environment, release, function)
        if function.smoke is not None:
            where = f"smoke of {release.project}.{function.key} in {environment.name}"
            check_smoke(platform, environment, where, function.name, function.smoke)


def check_code(platform: Platform, environment: Environment, release: Release, function: ReleasedFunction) -> None:
    """What Lambda says it runs is what was published."""
    runs = platform.code_sha256(environment, function.name)
    if runs != release.source.code_sha256:
        raise CheckFailed(
            f"{function.name} in {environment.name}",
            f"Lambda runs code {runs}, published was {release.source.code_sha256}",
            hint="somebody changed the code by hand, and CloudFormation does not see that; put it back by hand",
        )


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
