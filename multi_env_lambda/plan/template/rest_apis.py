"""From the routes of functions to the unit's REST API: the API, its deployment, stage and log, API keys, permissions.

A stage serves a deployment: a copy of the API from the moment when it was made. So a changed API needs a new one, whose
logical id has a digest of what is served. CloudFormation makes it, moves the stage, and then deletes the old one; if
the update fails, the stage goes back to the old one, which is still there.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGateway.html and
https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.digest import digest
from multi_env_lambda.model.rest_settings import PoolAuthorizer, RestApi, RestRoute, UsagePlan
from multi_env_lambda.model.settings import Function
from multi_env_lambda.plan.changes import replaced_by
from multi_env_lambda.plan.template.api_parts import access_log, joined, log_format, may_be_called
from multi_env_lambda.plan.template.parts import Json, Part, Resource, StackInput, get_att, logical_id, ref
from multi_env_lambda.plan.template.rest_bodies import body_of
from multi_env_lambda.plan.template_text import references

__all__ = ["REST_API", "add_deployment", "rest_api_part", "rest_route_part"]

REST_API = "RestApi"
"""The logical id of a unit's REST API."""

_STAGE = f"{REST_API}Stage"
_LOGS = f"{REST_API}AccessLog"
_PLAN = f"{REST_API}UsagePlan"
_MADE_BY = "rest_api"
_NOT_SERVED = ("Description", "Name", "Tags")


# --- a route ---
def rest_route_part(unit: StackInput, function: Function, event: RestRoute) -> Part:
    """Only the permission, which all routes of a function share; the route itself is in the document of the API."""
    return Part(resources=(may_be_called(unit, function, logical_id(function.key, REST_API), REST_API, "/*/*"),))


# --- the API ---
def rest_api_part(unit: StackInput) -> Part:
    """What all routes share; nothing without a route."""
    api = unit.settings.rest_api
    if api is None:
        return Part()
    name = unit.project.rest_api_name(unit.environment.name)
    properties: Json = {
        "Name": name,
        "Body": body_of(unit, api),
        "EndpointConfiguration": {"Types": [api.endpoint.upper()]},
        "Mode": "overwrite",
        **unit.tags,
    }
    if api.binary_types:
        properties["BinaryMediaTypes"] = list(api.binary_types)
    host = f".execute-api.{unit.environment.region}.amazonaws.com/{api.stage}"
    return Part(
        resources=(
            _resource(REST_API, "AWS::ApiGateway::RestApi", properties),
            *_authorizing(unit, api),
            *access_log(unit, _LOGS, name, api.log_retention_days, made_by=_MADE_BY),
            _stage(unit, api),
            *(_usage_plan(unit, api.usage_plan) if api.usage_plan is not None else ()),
        ),
        outputs=((f"{REST_API}Endpoint", {"Value": joined("https://", ref(REST_API), host)}),),
    )


def _authorizing(unit: StackInput, api: RestApi) -> Iterator[Resource]:
    """The ids of authorizers in a document are not known, so each function may be asked by all of the API."""
    asked = {each.function for each in api.authorizers if not isinstance(each, PoolAuthorizer)}
    for function in unit.settings.functions:
        if function.key in asked:
            name = logical_id(function.key, REST_API, "Authorizer")
            yield may_be_called(unit, function, name, REST_API, "/authorizers/*")


def _stage(unit: StackInput, api: RestApi) -> Resource:
    """Without its deployment, whose name is known at the end: see ``add_deployment``."""
    properties: Json = {"RestApiId": ref(REST_API), "StageName": api.stage, **unit.tags}
    if api.log_retention_days is not None:
        format_ = log_format(route="resourcePath", failure="integration.error")
        properties["AccessLogSetting"] = {"DestinationArn": get_att(_LOGS, "Arn"), "Format": format_}
    if api.rate is not None:
        limits = {"ThrottlingRateLimit": api.rate, "ThrottlingBurstLimit": api.burst}
        properties["MethodSettings"] = [{"HttpMethod": "*", "ResourcePath": "/*", **limits}]
    return _resource(_STAGE, "AWS::ApiGateway::Stage", properties)


def _usage_plan(unit: StackInput, plan: UsagePlan) -> Iterator[Resource]:
    properties: Json = {
        "UsagePlanName": unit.project.rest_api_name(unit.environment.name),
        "ApiStages": [{"ApiId": ref(REST_API), "Stage": ref(_STAGE)}],
        **unit.tags,
    }
    if plan.rate is not None:
        properties["Throttle"] = {"RateLimit": plan.rate, "BurstLimit": plan.burst}
    if plan.quota is not None:
        properties["Quota"] = {"Limit": plan.quota, "Period": plan.period.upper()}
    yield _resource(_PLAN, "AWS::ApiGateway::UsagePlan", properties)
    for key in plan.keys:
        made = logical_id(REST_API, "Key", key)
        name = unit.project.api_key_name(unit.environment.name, key)
        yield _resource(made, "AWS::ApiGateway::ApiKey", {"Name": name, "Enabled": True, **unit.tags})
        member = {"KeyId": ref(made), "KeyType": "API_KEY", "UsagePlanId": ref(_PLAN)}
        yield _resource(f"{made}Use", "AWS::ApiGateway::UsagePlanKey", member)


def _resource(name: str, type_: str, properties: Json) -> Resource:
    return Resource(logical_id=name, type=type_, properties=properties, made_by=_MADE_BY)


# --- its deployment ---
def add_deployment(unit: StackInput, found: Json, *, where: str) -> Json:
    """The deployment of the finished API, named by a digest of what it serves, and the stage that serves it."""
    if unit.settings.rest_api is None:
        return found
    result = copy.deepcopy(found)
    resources = result["Resources"]
    for needed in (REST_API, _STAGE):
        if needed not in resources:
            what = f"{needed} was removed from the template but is still needed"
            raise ConfigurationError(where, what, hint="keep the unit's own resources")
    api = resources[REST_API].get("Properties", {})
    served = {key: value for key, value in api.items() if key not in _NOT_SERVED}
    name = logical_id(REST_API, "Deployment", digest([served, _called_by(served, resources)])[:8])
    resources[name] = _resource(name, "AWS::ApiGateway::Deployment", {"RestApiId": ref(REST_API)}).body()
    resources[_STAGE].setdefault("Properties", {})["DeploymentId"] = ref(name)
    return result


def _called_by(value: Any, resources: Mapping[str, Any]) -> Json:
    """What decides the names in AWS of all that the API refers to, and of what that refers to."""
    found: Json = {}
    waiting = [value]
    while waiting:
        for name in sorted(set(references(waiting.pop())) & resources.keys() - found.keys()):
            properties = resources[name].get("Properties", {})
            found[name] = {key: each for key, each in properties.items() if key in replaced_by(resources[name]["Type"])}
            waiting.append(found[name])
    return found
