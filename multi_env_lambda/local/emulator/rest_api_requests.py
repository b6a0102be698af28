"""A request to a REST API: the stage's copy of the API says which method it meets, who may call it, and who answers.

Reason: ministack serves what the API is at the moment, calls functions without a permission, and waits longer than API
Gateway. The messages of its own answers are those of API Gateway, and stay.
Sources: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-settings-method-request.html,
api-gateway-execution-service-limits-table.html (29 seconds, 10 MB) and supported-gateway-response-types.html
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from . import rest_api_answers, rest_api_events
from .api_calls import call, may_call
from .names import load, original
from .rest_api_events import Request

__all__ = ["COPY", "patch"]

COPY = "_served"
"""Where a deployment keeps what the API was when it was made."""

_SECONDS = 29.0
_MOST_BYTES = 10 * 1024 * 1024
_Answer = tuple[int, dict[str, Any], bytes]


def patch() -> None:
    rest = load("ministack.services.apigateway_v1")
    otherwise = original(rest, "_execute_in_scope")

    async def executed(request: Any, *more: Any) -> Any:
        return await _served(otherwise, request, *more)

    rest._execute_in_scope = executed
    original(rest, "method_authorization_type")
    rest.method_authorization_type = _kind_of
    rest._invoke_authorizer_lambda = _if_permitted(original(rest, "_invoke_authorizer_lambda"))


# --- routes ---
def _kind_of(api: str, stage: str, method: str, path: str) -> str | None:
    """Who may call the method that a request meets; None if it meets none."""
    rest = load("ministack.services.apigateway_v1")
    scope = rest.find_api_scope(api)
    if scope is None:
        return None
    with rest.request_scope(*scope):
        met = _met(api, rest._stages_v1.get(api, {}).get(stage), method, path)
    return None if met is None else str(met[1].get("authorizationType") or "NONE").upper()


def _met(api: str, stage: Any, method: str, path: str) -> tuple[Any, Any, dict[str, str]] | None:
    """The resource, its method, and what the variables of its path stand for."""
    resources = _copy(api, stage).get("resources", {})
    root = next((name for name, each in resources.items() if each["path"] == "/"), None)
    parts = [part for part in path.split("/") if part]
    if root is None:
        return None
    found = list(_matches(resources, root, parts, {}))
    for number, (resource, variables) in enumerate(found):
        own = resource.get("resourceMethods", {})
        chosen = own.get(method) or own.get("ANY")
        # Only the first one, or what takes the rest of a path.
        if chosen and (number == 0 or resource["pathPart"].endswith("+}")):
            return resource, chosen, variables
    return None


def _copy(api: str, stage: Any) -> Mapping[str, Any]:
    """What a stage serves; nothing without a stage."""
    deployments = load("ministack.services.apigateway_v1")._deployments_v1.get(api, {})
    found: Mapping[str, Any] = (deployments.get((stage or {}).get("deploymentId")) or {}).get(COPY) or {}
    return found


def _matches(
    resources: Mapping[str, Any], at: str, parts: list[str], variables: dict[str, str]
) -> Iterator[tuple[Any, dict[str, str]]]:
    """Every resource for a path: a fixed part before a variable, and both before the rest of a path."""
    if not parts:
        yield resources[at], variables
        return
    below = {each["pathPart"]: name for name, each in resources.items() if each.get("parentId") == at}
    for part in sorted(below, key=lambda part: (part.startswith("{"), part.endswith("+}"))):
        if part.endswith("+}"):
            yield resources[below[part]], {**variables, part[1:-2]: "/".join(parts)}
        elif part.startswith("{"):
            yield from _matches(resources, below[part], parts[1:], {**variables, part[1:-1]: parts[0]})
        elif part == parts[0]:
            yield from _matches(resources, below[part], parts[1:], variables)


# --- a request ---
async def _served(
    otherwise: Callable[..., Any],
    request: dict[str, Any],
    api: str,
    name: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    query: Mapping[str, list[str]],
    account: str,
    region: str,
) -> Any:
    rest = load("ministack.services.apigateway_v1")
    stage = rest._stages_v1.get(api, {}).get(name)
    if stage is None:
        return await otherwise(request, api, name, method, path, headers, body, query, account, region)
    request["stage"] = stage
    met = _met(api, stage, method, path)
    if met is None:
        return rest._gw_error("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token")
    resource, chosen, variables = met
    request |= {"resource_path": resource["path"], "path_params": variables}
    if len(body or b"") > _MOST_BYTES:
        return rest._gw_error("REQUEST_TOO_LARGE", "Request Too Long")
    refused, said = await rest._authorize_request_v1(
        api, name, chosen, method, path, resource, headers, body, query, variables, stage, account, region
    )
    if refused is not None:
        return refused
    refused, key = _limited(chosen, request, api, name, method, headers, body, query)
    if refused is not None:
        return refused
    asked = Request(
        api=api,
        stage=name,
        deployment=stage["deploymentId"],
        resource=resource,
        method=method,
        path=path,
        headers={each.lower(): text for each, text in headers.items()},
        body=body or b"",
        query={each: list(values) for each, values in (query or {}).items()},
        variables=variables,
        stage_variables=stage.get("variables") or {},
        account=account,
        region=region,
        request=request["request_id"],
        key=key or {},
        binary=tuple(_copy(api, stage).get("binary", ())),
    )
    match chosen["methodIntegration"]["type"]:
        case "AWS_PROXY":
            caller = rest._iam_caller_identity(headers, query) if chosen.get("authorizationType") == "AWS_IAM" else None
            return _told(asked, await _called(chosen["methodIntegration"], asked, said, caller))
        case "MOCK" if not _has_a_text(chosen["methodIntegration"]):
            return _told(asked, rest_api_answers.without_a_function(chosen["methodIntegration"]))
        case _:
            return await otherwise(request, api, name, method, path, headers, body, query, account, region)


def _limited(
    chosen: Any, request: Any, api: str, name: str, method: str, headers: Any, body: Any, query: Any
) -> tuple[Any, Any]:
    """What API Gateway checks by itself, in its order; and the key of the caller."""
    rest = load("ministack.services.apigateway_v1")
    refused, key = rest._check_api_key(chosen, api, name, headers)
    resource = request["resource_path"]
    refused = (
        refused
        or rest._check_throttle(request["stage"], api, name, resource, method, key)
        or rest._check_quota(key, api, name)
        or rest._check_request_validation(chosen, api, request, headers, body, query)
        or rest._check_passthrough_behavior(chosen["methodIntegration"], headers)
    )
    return refused, key


def _has_a_text(behind: Mapping[str, Any]) -> bool:
    return any(each.get("responseTemplates") for each in (behind.get("integrationResponses") or {}).values())


async def _called(behind: Mapping[str, Any], asked: Request, said: Any, caller: Any) -> Any:
    rest = load("ministack.services.apigateway_v1")
    arn = rest._extract_lambda_ref_from_integration_uri(behind.get("uri", ""))
    place = f"{asked.api}/{asked.stage}/{asked.method}{asked.resource['path']}"
    if not may_call(arn, place):
        return rest._gw_error("API_CONFIGURATION_ERROR", "Internal server error")
    event = rest_api_events.event_of(asked, said, caller)
    seconds = min(_SECONDS, (behind.get("timeoutInMillis") or 29_000) / 1000)
    try:
        result = await call(rest, arn, event, seconds=seconds, thread_name="rest-api")
    except TimeoutError:
        return rest._gw_error("INTEGRATION_TIMEOUT", "Endpoint request timed out")
    if result.get("throttle") or result.get("error"):
        return rest_api_answers.FAILED
    return rest_api_answers.answer_of(result.get("body"), asked.headers.get("accept", ""), asked.binary)


def _told(asked: Request, answer: Any) -> Any:
    """With the ids of the request, unless it is an answer of API Gateway itself."""
    if not isinstance(answer, tuple):
        return answer
    status, headers, body = answer
    return status, {**headers, "x-amzn-requestid": asked.request, "x-amz-apigw-id": secrets.token_urlsafe(11)}, body


def _spelled(headers: Mapping[str, Any]) -> dict[str, Any]:
    """As the function behind the method gets them."""
    return {name.title(): value for name, value in headers.items()}


def _if_permitted(invoke: Callable[..., Any]) -> Callable[..., Any]:
    async def permitted(authorizer: Mapping[str, Any], event: Mapping[str, Any], *more: Any) -> Any:
        rest = load("ministack.services.apigateway_v1")
        arn = rest._extract_lambda_ref_from_integration_uri(authorizer.get("authorizerUri", ""))
        api = str(event["methodArn"]).split(":")[5].split("/")[0]
        allowed = may_call(arn, f"{api}/authorizers/{authorizer['id']}")
        told = {**event, **{key: _spelled(event[key]) for key in ("headers", "multiValueHeaders") if key in event}}
        return await invoke(authorizer, told, *more) if allowed else None

    return permitted
