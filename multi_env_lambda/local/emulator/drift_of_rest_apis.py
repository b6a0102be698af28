"""What drift detection reads about REST APIs.

Reason: as for ``drift``, whose table this is a part of.
Source of what is not read: ``writeOnlyProperties`` in the types' schemas, such as ``Body`` of an API: only the methods
that were made from it could be compared, and CloudFormation does not.
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

from typing import Any

from .drift_of_lambda import Properties, Read, in_our_case
from .names import load, original

__all__ = ["REST_READERS"]


def _stored(store: str) -> Any:
    return original(load("ministack.services.apigateway_v1"), store)


def _kept(store: str, names: str) -> tuple[Read, str]:
    """A type whose records are stored by physical id, with names in the service's own case."""

    def read(physical_id: str, properties: Properties) -> dict[str, Any] | None:
        found = _stored(store).get(physical_id)
        return None if found is None else in_our_case(found, names)

    return read, names


def _inside(store: str, key: str, names: str) -> tuple[Read, str]:
    """A part of something else, which the template names under ``key``."""

    def read(physical_id: str, properties: Properties) -> dict[str, Any] | None:
        parts = _stored(store).get(properties.get(key)) or {}
        found = parts.get(physical_id.partition(":")[0])
        return None if found is None else in_our_case(found, names)

    return read, names


def _plan(physical_id: str, properties: Properties) -> dict[str, Any] | None:
    found = _stored("_usage_plans").get(physical_id)
    return None if found is None else {"UsagePlanName": found["name"]}


REST_READERS: dict[str, tuple[Read, str]] = {
    "AWS::ApiGateway::ApiKey": _kept("_api_keys", "Name Enabled"),
    "AWS::ApiGateway::Deployment": _inside("_deployments_v1", "RestApiId", ""),
    "AWS::ApiGateway::RestApi": _kept("_rest_apis", "Name BinaryMediaTypes"),
    "AWS::ApiGateway::Stage": _inside("_stages_v1", "RestApiId", "StageName DeploymentId"),
    "AWS::ApiGateway::UsagePlan": (_plan, "UsagePlanName"),
    "AWS::ApiGateway::UsagePlanKey": _inside("_usage_plan_keys", "UsagePlanId", ""),
}
