"""A version is published only if code and revision are the requested ones.

Reason: ministack ignores ``CodeSha256`` and ``RevisionId``, and publishes whatever ``$LATEST`` is. Code that somebody
uploaded manually would be published here by the next release that changes any setting.
Text: ``CodeSha256`` and ``RevisionId`` in https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html; the
message as CloudFormation repeats it in https://github.com/justinram11/serverless-aws-batch/issues/22, and LocalStack's
provider
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .lambda_refusal import LambdaRefusal, unless_refused
from .names import load, original

__all__ = ["patch"]

_VERSION = "AWS::Lambda::Version"
_OTHER = (
    "CodeSHA256 ({}) is different from current CodeSHA256 in $LATEST ({}). "
    "Please try again with the CodeSHA256 in $LATEST."
)


def patch() -> None:
    """Through the API, and through CloudFormation, whose handler in ministack drops the property."""
    functions = load("ministack.services.lambda_svc")
    stored, publish = original(functions, "_functions"), original(functions, "_publish_version")
    respond, check_revision = original(functions, "error_response_json"), original(functions, "_check_revision")

    def published(name: str, data: dict[str, Any]) -> Any:
        function = stored.get(name)
        refusal = None if function is None else check_revision(function["config"], data)
        if refusal is not None:
            return refusal
        return unless_refused(lambda: _check(stored.get(name), data), lambda: publish(name, data), respond)

    functions._publish_version = published
    provisioners = load("ministack.services.cloudformation.provisioners")
    resources = original(provisioners, "_RESOURCE_HANDLERS")
    find, make = original(provisioners, "_lambda_function_for_cfn_ref"), resources[_VERSION]["create"]

    def create(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        _check(stored.get(find(properties.get("FunctionName", ""))[1]), properties)
        return make(logical_id, properties, stack_name)

    resources[_VERSION] = {**resources[_VERSION], "create": create}


def _check(function: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> None:
    expected = wanted.get("CodeSha256")
    if function is None or not expected:
        return
    there = function["config"].get("CodeSha256")
    if there != expected:
        raise LambdaRefusal("InvalidParameterValueException", 400, _OTHER.format(expected, there))
