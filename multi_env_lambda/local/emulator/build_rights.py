"""IAM knows what a request to start a build says: a policy may refuse another build spec, or a second variable.

Reason: ministack tells its evaluator nothing of it, so that ``Null`` would allow every override.
Source: https://docs.aws.amazon.com/codebuild/latest/userguide/action-context-keys.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .names import load, original

__all__ = ["patch"]

_OVERRIDES = {
    "artifactsOverride": "artifacts",
    "buildspecOverride": "source.buildspec",
    "cacheOverride": "cache",
    "computeTypeOverride": "environment.computeType",
    "imageOverride": "environment.image",
    "logsConfigOverride": "logsConfig",
    "privilegedModeOverride": "environment.privilegedMode",
    "secondarySourcesOverride": "secondarySources",
    "serviceRoleOverride": "serviceRole",
    "sourceLocationOverride": "source.location",
}
"""Of a request -> the key, without ``codebuild:``. Of texts it is the text, of the others that they are there."""
_TEXTS = frozenset({"environment.computeType", "environment.image", "serviceRole", "source.location"})


def patch() -> None:
    """Add the keys of CodeBuild to what the evaluator hears of a request."""
    actions = load("ministack.core.iam_actions")
    context_of = original(actions, "request_tag_context")

    def told(service: str, action: str, body: bytes, parameters: Mapping[str, Any]) -> dict[str, Any]:
        context: dict[str, Any] = context_of(service, action, body, parameters)
        return {**context, **dict(_keys(body))} if action == "codebuild:StartBuild" else context

    actions.request_tag_context = told


def _keys(body: bytes) -> Iterator[tuple[str, Any]]:
    try:
        request = json.loads(body)
    except ValueError:
        return
    for name, key in _OVERRIDES.items():
        if request.get(name) is not None:
            yield f"codebuild:{key}", str(request[name]) if key in _TEXTS else "true"
    if auth := request.get("sourceAuthOverride"):
        yield "codebuild:source.auth.resource", str(auth.get("resource", ""))
    variables = request.get("environmentVariablesOverride") or []
    if variables:
        yield "codebuild:environment.environmentVariables.name", [str(one.get("name", "")) for one in variables]
