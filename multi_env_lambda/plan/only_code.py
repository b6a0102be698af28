"""Whether a release differs from the one that runs in the code of its functions alone, so that no stack has to change.

Then the code can be sent as it is. Everything else about a function is in a template, and only a change set says what
becomes of it.
"""

from __future__ import annotations

import json
from typing import Any

from multi_env_lambda.model.release import Release, ReleaseTemplate
from multi_env_lambda.plan.lent import lent_in
from multi_env_lambda.plan.pins import code_of

__all__ = ["LARGEST_SENT", "codes_in", "more_than_code"]

LARGEST_SENT = 50 * 1024 * 1024
"""Bytes of code that Lambda takes in a request, without a bucket.

Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html (Deployment package size)
"""

_FUNCTION, _VERSION, _ALIAS = "AWS::Lambda::Function", "AWS::Lambda::Version", "AWS::Lambda::Alias"


def codes_in(template: str, release: Release) -> dict[str, tuple[str, str]]:
    """By the name of each function that runs a wheel of the unit: its key, and the base64 SHA-256 of its code."""
    return {name: (code.key, release.code_at(code.key)) for name, code in code_of(template).items() if code.ours}


def more_than_code(environment: str, running: Release, made: Release, before: str, after: str) -> str:
    """Why the code of functions is not all that changes, as a sentence; empty: it is.

    Args:
        before, after: the templates of both releases there.
    """
    old, new = running.stage(environment), made.stage(environment)
    if old is None or new is None or _settings(old) != _settings(new) or running.needs != made.needs:
        return "its settings have changed"
    if running.layer != made.layer or running.libraries != made.libraries or running.scripts != made.scripts:
        return "its dependencies or jobs have changed"
    lent = lent_in(after)
    if lent is not None and lent_in(before) != lent:
        return f"its functions get another layer of {lent.unit}"
    if any(function.traffic is not None for function in new.functions):
        return "its traffic moves in steps"
    if reason := _needs_versions(after):
        return reason
    there, here = _without_code(before), _without_code(after)
    changed = sorted(name for name in there.keys() | here.keys() if there.get(name) != here.get(name))
    return f"its template has changed: {', '.join(changed)}" if changed else ""


def _settings(stage: ReleaseTemplate) -> Any:
    return stage.account_id, stage.region, stage.stack_name, stage.functions, stage.references


def _needs_versions(template: str) -> str:
    """Functions whose alias must point at a version, so it cannot point at what was just sent.

    Sources: https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html,
    https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html (neither with ``$LATEST``)
    """
    for body in json.loads(template)["Resources"].values():
        properties = body.get("Properties", {})
        if body["Type"] == _FUNCTION and "SnapStart" in properties:
            return "SnapStart needs a version"
        if body["Type"] in (_VERSION, _ALIAS) and "ProvisionedConcurrencyConfig" in properties:
            return "provisioned concurrency needs a version"
    return ""


def _without_code(template: str) -> dict[str, Any]:
    """A template without what every change of the code changes: each section, and each resource by its own name."""
    document = json.loads(template)
    ours = {name for name, code in code_of(template).items() if code.ours}
    versions: dict[str, str] = {}
    for name, body in document["Resources"].items():
        properties = body.get("Properties", {})
        if body["Type"] == _FUNCTION and properties.get("FunctionName") in ours:
            del properties["Code"]
        if body["Type"] == _VERSION:
            properties.pop("CodeSha256", None)
            versions[name] = f"version of {json.dumps(properties.get('FunctionName'), sort_keys=True)}"
    text = json.dumps(document)
    for name, instead in versions.items():
        text = text.replace(json.dumps(name), json.dumps(instead))
    found: dict[str, Any] = json.loads(text)
    resources: dict[str, Any] = found.pop("Resources")
    return {**found, **resources}
