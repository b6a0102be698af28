"""IAM evaluates what a StartBuild request overrides: a policy can forbid another build spec, or a second variable.

Reason: ministack passes none of it to its policy evaluator, so ``Null`` conditions allow every override; and it checks
the right to see a build on any resource instead of on its project.
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
    "certificateOverride": "environment.certificate",
    "computeTypeOverride": "environment.computeType",
    "encryptionKeyOverride": "encryptionKey",
    "environmentTypeOverride": "environment.type",
    "imageOverride": "environment.image",
    "imagePullCredentialsTypeOverride": "environment.imagePullCredentialsType",
    "insecureSslOverride": "source.insecureSsl",
    "logsConfigOverride": "logsConfig",
    "privilegedModeOverride": "environment.privilegedMode",
    "registryCredentialOverride": "environment.registryCredential",
    "secondaryArtifactsOverride": "secondaryArtifacts",
    "secondarySourcesOverride": "secondarySources",
    "serviceRoleOverride": "serviceRole",
    "sourceLocationOverride": "source.location",
}
"""Of a request -> the key, without ``codebuild:``. Of texts it is the text, of the others that they are there."""
_TEXTS = frozenset(
    {
        "encryptionKey",
        "environment.certificate",
        "environment.computeType",
        "environment.image",
        "environment.imagePullCredentialsType",
        "environment.type",
        "serviceRole",
        "source.location",
    }
)


def patch() -> None:
    """Add CodeBuild's condition keys to the context of a request."""
    actions = load("ministack.core.iam_actions")
    context_of = original(actions, "request_tag_context")

    def told(service: str, action: str, body: bytes, parameters: Mapping[str, Any]) -> dict[str, Any]:
        context: dict[str, Any] = context_of(service, action, body, parameters)
        return {**context, **dict(_keys(body))} if action == "codebuild:StartBuild" else context

    resource = original(actions, "extract_resource_arn")

    def named(service: str, method: str, path: str, headers: Any, body: bytes, *more: Any, **others: Any) -> Any:
        found = resource(service, method, path, headers, body, *more, **others)
        return _of_builds(body) or found if service == "codebuild" else found

    actions.request_tag_context, actions.extract_resource_arn = told, named


def _of_builds(body: bytes) -> str:
    """The project of the named builds; empty if there are several projects, or no builds."""
    try:
        ids = json.loads(body).get("ids") or ()
    except (ValueError, AttributeError):
        return ""
    projects = {str(one).rpartition(":")[0] for one in ids}
    responses = load("ministack.core.responses")
    place = f"arn:aws:codebuild:{responses.get_region()}:{responses.get_account_id()}:project/"
    return place + projects.pop() if len(projects) == 1 else ""


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
        yield "codebuild:source.auth.type", str(auth.get("type", ""))
    if fleet := request.get("fleetOverride"):
        yield "codebuild:environment.fleet.fleetArn", str(fleet.get("fleetArn", ""))
    variables = request.get("environmentVariablesOverride") or []
    if variables:
        yield "codebuild:environment.environmentVariables.name", [str(one.get("name", "")) for one in variables]
