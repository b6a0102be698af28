"""A REST API is what its document says, a deployment is a copy of it, and a stage serves that copy.

Reason: ministack makes another API with another id when the document changes, reads of it neither ``ANY`` nor answers
without a function nor its media types, takes two variables on one level, and serves what the API is at the moment, so
that a template without a new deployment works here and changes nothing on AWS. It writes access logs without a role.
Sources: https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-deploy-api.html,
api-gateway-import-api-update.html, api-gateway-swagger-extensions.html and set-up-logging.html
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

from . import rest_api_requests
from .api_calls import finder, of_id
from .names import load, original
from .resources import check_first

__all__ = ["patch", "serves_page"]

_ANY = "x-amazon-apigateway-any-method"
_INTEGRATION = "x-amazon-apigateway-integration"
_METHODS = {
    **{word.lower(): word for word in ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")},
    _ANY: "ANY",
}
_IN_A_STACK = "{text} (Service: ApiGateway, Status Code: {status})"
_SIBLING = (
    "Errors found during import:\n\tUnable to create resource at path '{path}': A sibling ({other}) of this resource "
    "already has a variable path part -- only one is allowed"
)
_NO_ROLE = "CloudWatch Logs role ARN must be set in account settings to enable logging"
_IN_USE = "Active stages pointing to this deployment must be moved or deleted"


def patch() -> None:
    """Read documents, keep what is deployed, and serve it."""
    rest = load("ministack.services.apigateway_v1")
    stored = original(rest, "_rest_apis")
    original(rest, "find_api_scope")
    rest.find_api_scope = finder(stored)
    create = original(rest, "_create_rest_api")
    original(rest, "_import_rest_api")

    def imported(document: Any, data: Any = None) -> str:
        title = (document.get("info") or {}).get("title")
        status, _, body = create({"name": str(title or "unnamed"), **(data or {})})
        if status >= 400:
            raise ValueError(_IN_A_STACK.format(text=json.loads(body).get("message"), status=status))
        api = str(json.loads(body)["id"])
        try:
            _overwrite(api, document)
        except ValueError:
            rest._delete_rest_api(api)
            raise
        return api

    rest._import_rest_api = imported
    rest._create_deployment = _with_a_copy(original(rest, "_create_deployment"))
    _change_in_place()
    _keep_used_deployments()
    check_first("AWS::ApiGateway::Stage", _check_stage)
    rest_api_requests.patch()


def serves_page(api: str, origin: str) -> bool:
    """Whether some answer of an API lets pages of this origin call it."""
    every = original(load("ministack.services.apigateway_v1"), "_resources")
    for resource in of_id(every, api).values():
        for method in resource.get("resourceMethods", {}).values():
            for answer in ((method.get("methodIntegration") or {}).get("integrationResponses") or {}).values():
                named = {name.lower(): text for name, text in (answer.get("responseParameters") or {}).items()}
                allowed = str(named.get("method.response.header.access-control-allow-origin", "")).strip("'")
                if allowed == "*" or (allowed and allowed.lower() == origin.lower()):
                    return True
    return False


# --- documents ---
def _overwrite(api: str, document: Mapping[str, Any]) -> None:
    """All that the API was goes; what is deployed stays as it is."""
    rest = load("ministack.services.apigateway_v1")
    paths = document.get("paths") or {}
    _refuse_siblings(paths)
    resources = rest._resources[api]
    root = next(name for name, each in resources.items() if each["path"] == "/")
    for name in [name for name in resources if name != root]:
        del resources[name]
    resources[root]["resourceMethods"] = {}
    _forget_authorizers(api)
    schemes = original(rest, "_import_security_schemes")(api, document)
    rest._gateway_responses[api] = {}
    for kind, answer in (document.get("x-amazon-apigateway-gateway-responses") or {}).items():
        rest._put_gateway_response(api, kind, answer)
    if "x-amazon-apigateway-binary-media-types" in document:
        rest._rest_apis[api]["binaryMediaTypes"] = list(document["x-amazon-apigateway-binary-media-types"])
    for path, methods in paths.items():
        at = _made(api, root, path)
        for word, operation in methods.items():
            if word in _METHODS:
                _put(api, at, _METHODS[word], operation, schemes, document.get("security"))


def _refuse_siblings(paths: Mapping[str, Any]) -> None:
    variables: dict[str, str] = {}
    for path in paths:
        parts = path.strip("/").split("/")
        for number, part in enumerate(parts):
            other = variables.setdefault("/".join(parts[:number]), part) if part.startswith("{") else part
            if other != part:
                raise ValueError(_IN_A_STACK.format(text=_SIBLING.format(path=path, other=other), status=400))


def _made(api: str, root: str, path: str) -> str:
    """The id of the resource for a path."""
    rest = load("ministack.services.apigateway_v1")
    at = root
    for part in path.strip("/").split("/") if path != "/" else ():
        here = rest._resources[api].items()
        known = next((name for name, each in here if each["parentId"] == at and each["pathPart"] == part), None)
        at = known or json.loads(rest._create_resource(api, at, {"pathPart": part})[2])["id"]
    return at


def _put(api: str, at: str, method: str, operation: Mapping[str, Any], schemes: Any, default: Any) -> None:
    rest = load("ministack.services.apigateway_v1")
    security = operation.get("security", default)
    rest._put_method(api, at, method, original(rest, "_method_security")(security, schemes))
    behind = operation.get(_INTEGRATION)
    if not behind:
        return
    kept = ("uri", "credentials", "requestParameters", "requestTemplates", "passthroughBehavior", "timeoutInMillis")
    data = {name: behind[name] for name in kept if name in behind}
    kind = str(behind.get("type", "")).upper()
    rest._put_integration(api, at, method, {"type": kind, "httpMethod": behind.get("httpMethod"), **data})
    for pattern, answer in (behind.get("responses") or {}).items():
        status = str(answer.get("statusCode", "200"))
        chosen = {"selectionPattern": "" if pattern == "default" else pattern}
        rest._put_method_response(api, at, method, status, {})
        rest._put_integration_response(api, at, method, status, {**answer, **chosen})


def _forget_authorizers(api: str) -> None:
    """Those that nothing deployed asks."""
    rest = load("ministack.services.apigateway_v1")
    asked = {
        method.get("authorizerId")
        for deployment in rest._deployments_v1.get(api, {}).values()
        for resource in (deployment.get(rest_api_requests.COPY) or {}).get("resources", {}).values()
        for method in resource.get("resourceMethods", {}).values()
    }
    known = rest._authorizers_v1.get(api, {})
    for name in [name for name in known if name not in asked]:
        del known[name]


def _change_in_place() -> None:
    """A changed document is the same API."""
    handlers = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    steps = handlers["AWS::ApiGateway::RestApi"]

    def updated(name: str, old: Mapping[str, Any], new: Mapping[str, Any], *more: Any, **named: Any) -> Any:
        rest_of_it = {key: value for key, value in new.items() if key != "Body"}
        kept = {key: value for key, value in old.items() if key != "Body"}
        found = steps["update"](name, kept, rest_of_it, *more, **named)
        if new.get("Body") and new["Body"] != old.get("Body"):
            _overwrite(name, new["Body"])
        return found

    handlers["AWS::ApiGateway::RestApi"] = steps | {"update": updated}


# --- deployments and stages ---
def _with_a_copy(create: Callable[..., Any]) -> Callable[..., Any]:
    def created(api: str, data: Any) -> Any:
        rest = load("ministack.services.apigateway_v1")
        resources = rest._resources.get(api, {})
        methods = [each for resource in resources.values() for each in resource.get("resourceMethods", {}).values()]
        if api in rest._rest_apis and not methods:
            return rest._v1_error("BadRequestException", "The REST API doesn't contain any methods", 400)
        if any(not each.get("methodIntegration") for each in methods):
            return rest._v1_error("BadRequestException", "No integration defined for method", 400)
        answer = create(api, data)
        if answer[0] < 400:
            made = json.loads(answer[2])["id"]
            rest._deployments_v1[api][made][rest_api_requests.COPY] = {
                "resources": copy.deepcopy(dict(resources)),
                "binary": list(rest._rest_apis[api].get("binaryMediaTypes") or ()),
            }
        return answer

    return created


def _keep_used_deployments() -> None:
    """One that a stage serves cannot be deleted."""
    handlers = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    steps = handlers["AWS::ApiGateway::Deployment"]

    def deleted(name: str, properties: Mapping[str, Any], *more: Any, **named: Any) -> Any:
        stages = load("ministack.services.apigateway_v1")._stages_v1.get(properties.get("RestApiId"), {})
        if any(stage.get("deploymentId") == name for stage in stages.values()):
            raise ValueError(_IN_A_STACK.format(text=_IN_USE, status=400))
        return steps["delete"](name, properties, *more, **named)

    handlers["AWS::ApiGateway::Deployment"] = steps | {"delete": deleted}


def _check_stage(properties: Mapping[str, Any]) -> None:
    rest = load("ministack.services.apigateway_v1")
    api, deployment = properties.get("RestApiId", ""), properties.get("DeploymentId")
    if deployment and deployment not in rest._deployments_v1.get(api, {}):
        raise ValueError(_IN_A_STACK.format(text="Invalid Deployment identifier specified", status=400))
    settings = json.loads(original(rest, "_get_account")()[2])
    if properties.get("AccessLogSetting") and not settings.get("cloudwatchRoleArn"):
        raise ValueError(_IN_A_STACK.format(text=_NO_ROLE, status=400))
