"""APIs of SAM: their routes, who may call them, and from which websites."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from multi_env_lambda.adopt.cfn_draft import Draft, references
from multi_env_lambda.adopt.cfn_values import fits
from multi_env_lambda.adopt.document import Node
from multi_env_lambda.model.keys.api import USER_POOL

__all__ = ["API_KINDS", "read_api", "read_route", "routes_of_definition", "section_of"]

API_KINDS = ("AWS::Serverless::Api", "AWS::Serverless::HttpApi")
_METHODS = {"ANY", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
_READ_HERE = {
    *("StageName", "Name", "Auth", "Cors", "CorsConfiguration", "Description", "FailOnWarnings", "OpenApiVersion"),
    *("EndpointConfiguration", "BinaryMediaTypes"),
}
_CLOSED = "the route is closed by `iam` until you say who may call it"
_PERIODS = {"DAY": "day", "WEEK": "week", "MONTH": "month"}


def section_of(kind: str) -> str:
    """The table of ours for an API; ``kind`` is its type."""
    return "http_api" if kind.endswith("HttpApi") else "rest_api"


def read_route(draft: Draft, function: str, what: str, node: Node, *, is_rest: bool) -> dict[str, Any] | None:
    """The event of ours for a route of a REST API or an HTTP API, which is called ``what``; None if it has none."""
    path, method = draft.values.of(node.get("Path")), str(draft.values.of(node.get("Method")) or "ANY").upper()
    entry = _entry(draft, function, what, path, method, node, is_rest=is_rest)
    if entry is None:
        return None
    if str(draft.values.of(node.get("PayloadFormatVersion"))) == "1.0" and not is_rest:
        entry["payload"] = "1.0"
    return entry | _who(draft, function, what, node, "rest_api" if is_rest else "http_api")


def _entry(
    draft: Draft, function: str, what: str, path: Any, method: str, node: Node, *, is_rest: bool
) -> dict[str, Any] | None:
    method = "ANY" if method in ("X-AMAZON-APIGATEWAY-ANY-METHOD", "*") else method
    if method == "OPTIONS" and not is_rest:
        draft.left(function, what, node, "requests of browsers with `OPTIONS` are answered by `cors` of the API")
        return None
    if path is None and not is_rest:
        return {"http": "$default"}
    if not isinstance(path, str) or method not in {*_METHODS, "OPTIONS"}:
        draft.left(function, what, node, "its path or method is only known to the stack")
        return None
    return {"rest" if is_rest else "http": f"{method} {_path(path)}"}


def _path(path: str) -> str:
    return re.sub(r"(?<=.)/$", "", path if path.startswith("/") else f"/{path}")


def _who(draft: Draft, function: str, what: str, node: Node, section: str) -> dict[str, Any]:
    """Who may call the route; it is closed rather than opened by what is not understood."""
    auth = draft.values.of(node.get("Auth"))
    if not isinstance(auth, Mapping):
        return {}
    found: dict[str, Any] = {}
    if _is_true(auth.get("ApiKeyRequired")):
        if section == "http_api":
            draft.left(function, f"{what}: ApiKeyRequired", node, f"an HTTP API has no API keys; {_CLOSED}")
            return {"authorizer": "iam"}
        _api_key(draft, what, {}, node)
        found["api_key"] = True
    name = auth.get("Authorizer")
    known = draft.unit_table.get(section, {}).get("authorizers", {})
    if name in ("NONE", "AWS_IAM"):
        found["authorizer"] = "none" if name == "NONE" else "iam"
    elif name is not None and _key(str(name)) in known:
        found["authorizer"] = _key(str(name))
    elif name is not None:
        draft.left(function, f"{what}: Authorizer {name}", node, _CLOSED)
        found["authorizer"] = "iam"
    scopes = _words(draft, auth.get("AuthorizationScopes"))
    if scopes and found.get("authorizer") in known:
        found["scopes"] = scopes
    elif auth.get("AuthorizationScopes") or auth.get("ResourcePolicy"):
        draft.left(
            function, f"{what}: Auth", node, f"who may call is decided there in a way that is not known; {_CLOSED}"
        )
        found |= {"authorizer": "iam"}
    return found


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()).strip("-") or "callers"


def read_api(draft: Draft, name: str, kind: str, properties: Node) -> None:
    """What holds for all routes of an API; ``properties`` are those of the resource, or of ``Globals``."""
    section = section_of(kind)
    table = draft.unit_table.setdefault(section, {})
    auth = draft.values.of(properties.get("Auth"))
    if isinstance(auth, Mapping):
        _auth(draft, name, auth, properties, section)
    cors = draft.values.of(properties.get("Cors")) or draft.values.of(properties.get("CorsConfiguration"))
    if cors:
        _cors(draft, name, cors, properties, section)
    stage = draft.text(draft.values.of(properties.get("StageName")))
    if stage and stage != "$default":
        table["stage"] = stage
        draft.carried("", f"{name}: StageName", properties, f'{section}.stage = "{stage}"')
    if section == "rest_api":
        _endpoint(draft, name, properties, table)
    types = draft.values.of(properties.get("BinaryMediaTypes"))
    if isinstance(types, list) and section == "rest_api":
        table["binary_types"] = [str(one).replace("~1", "/") for one in types]
        draft.carried("", f"{name}: BinaryMediaTypes", properties, "rest_api.binary_types")
    for key, found in properties.table.items():
        if key not in _READ_HERE and not key.startswith("Definition"):
            draft.left(
                "", f"{name}: {key}", found, "the API of the unit has no such setting: see `RestApi` in stack.py"
            )
    if not table:
        del draft.unit_table[section]


def _endpoint(draft: Draft, name: str, properties: Node, table: dict[str, Any]) -> None:
    configured = draft.values.of(properties.get("EndpointConfiguration"))
    kinds = configured.get("Type", configured.get("Types")) if isinstance(configured, Mapping) else configured
    kind = str(kinds[0] if isinstance(kinds, list) and kinds else kinds or "EDGE").upper()
    if kind == "PRIVATE":
        table["authorizer"] = "iam"
        draft.left("", f"{name}: EndpointConfiguration", properties, f"an API here is not private; {_CLOSED}")
    elif kind == "EDGE" and not name.startswith("Globals"):
        table["endpoint"] = "edge"


def _auth(draft: Draft, name: str, auth: Mapping[str, Any], node: Node, section: str) -> None:
    api = draft.unit_table[section]
    authorizers = auth.get("Authorizers")
    for key, one in (authorizers if isinstance(authorizers, Mapping) else {}).items():
        found = _of_http(draft, one) if section == "http_api" else _of_rest(draft, one)
        if found is None:
            draft.left("", f"{name}: authorizer {key}", node, f"write it below `{section}.authorizers`")
        else:
            api.setdefault("authorizers", {})[_key(str(key))] = found
            draft.carried("", f"{name}: authorizer {key}", node, f"{section}.authorizers.{_key(str(key))}")
    default = auth.get("DefaultAuthorizer")
    if _is_true(auth.get("ApiKeyRequired")) and section == "rest_api":
        api["api_key"] = True
        _api_key(draft, name, auth.get("UsagePlan"), node)
    if default == "AWS_IAM" or (isinstance(default, str) and _key(default) in api.get("authorizers", {})):
        api["authorizer"] = "iam" if default == "AWS_IAM" else _key(default)
        draft.carried("", f"{name}: DefaultAuthorizer", node, f'{section}.authorizer = "{api["authorizer"]}"')
    elif default not in (None, "NONE") or auth.get("ResourcePolicy") is not None:
        api["authorizer"] = "iam"
        draft.left("", f"{name}: Auth", node, f"who may call is decided there in a way that is not known; {_CLOSED}")


def _api_key(draft: Draft, what: str, plan: Any, node: Node) -> None:
    """AWS generates the values of keys, so callers get new ones."""
    table = draft.unit_table.setdefault("rest_api", {})
    if "usage_plan" in table:
        return
    found: dict[str, Any] = {"keys": ["callers"]}
    throttle = plan.get("Throttle") if isinstance(plan, Mapping) else None
    quota = plan.get("Quota") if isinstance(plan, Mapping) else None
    if isinstance(throttle, Mapping):
        found |= {
            ours: int(throttle[one])
            for one, ours in (("RateLimit", "rate"), ("BurstLimit", "burst"))
            if one in throttle
        }
    if isinstance(quota, Mapping) and "Limit" in quota:
        found |= {"quota": int(quota["Limit"]), "period": _PERIODS.get(str(quota.get("Period")), "month")}
    table["usage_plan"] = found
    draft.changed(
        "", f"{what}: ApiKeyRequired", node, "rest_api.usage_plan", "the key is a new one, with another value"
    )


def _of_rest(draft: Draft, one: Any) -> dict[str, Any] | None:
    if not isinstance(one, Mapping) or one.get("AuthorizationScopes"):
        return None  # without its scopes, more tokens would do
    pools = one.get("UserPoolArn")
    texts = [draft.text(value) for value in (pools if isinstance(pools, list) else [pools])]
    if pools is not None:
        return None if not all(text and fits(USER_POOL, text) for text in texts) else {"user_pools": texts}
    key = draft.functions.get(draft.referred(one.get("FunctionArn")))
    if key is None:
        return None
    given = one.get("Identity")
    identity: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    found: dict[str, Any] = {"function": key, "cache_seconds": int(identity.get("ReauthorizeEvery", 300))}
    if one.get("FunctionPayloadType") == "REQUEST":
        found["decides_by"] = "request"
        if isinstance(identity.get("Headers"), list):
            found["headers"] = identity["Headers"]
        if isinstance(identity.get("QueryStrings"), list):
            found["query"] = identity["QueryStrings"]
    elif "Header" in identity:
        found["headers"] = [identity["Header"]]
    return found


def _of_http(draft: Draft, one: Any) -> dict[str, Any] | None:
    if isinstance(one, Mapping) and one.get("AuthorizationScopes"):
        return None  # without its scopes, more tokens would do
    return _of_tokens(draft, one) or _of_a_function(draft, one)


def routes_of_definition(draft: Draft, name: str, definition: Node | None, kind: str) -> Iterator[tuple[str, Any, str]]:
    """The routes that only the definition of an API (OpenAPI) says, by the function that answers them."""
    is_rest = section_of(kind) == "rest_api"
    paths = definition.get("paths") if definition is not None else None
    for path, operations in paths.table.items() if paths is not None else ():
        for method, operation in operations.table.items():
            integration = draft.values.of(operation.get("x-amazon-apigateway-integration"))
            function = next((one for one in references(integration) if one in draft.functions), None)
            what = f"{name}: {method.upper()} {path}"
            if function is None:
                if method.upper() in _METHODS:
                    draft.left("", what, operation, "no function of the template answers it: write it in stack.py")
                continue
            entry = _entry(draft, function, what, path, method.upper(), operation, is_rest=is_rest)
            if entry is None:
                continue
            if operation.get("security") is not None:
                draft.left(function, f"{what}: security", operation, _CLOSED)
                entry["authorizer"] = "iam"
            yield function, entry, what


def _of_tokens(draft: Draft, one: Any) -> dict[str, Any] | None:
    jwt = one.get("JwtConfiguration") if isinstance(one, Mapping) else None
    issuer = jwt.get("issuer", jwt.get("Issuer")) if isinstance(jwt, Mapping) else None
    audience = jwt.get("audience", jwt.get("Audience")) if isinstance(jwt, Mapping) else None
    texts = [draft.text(value) for value in (audience if isinstance(audience, list) else [audience])]
    issuer_text = draft.text(issuer)
    if not issuer_text or not issuer_text.startswith("https://") or None in texts:
        return None
    return {"issuer": issuer_text, "audience": texts}


def _of_a_function(draft: Draft, one: Any) -> dict[str, Any] | None:
    """Only where the function answers as an HTTP API asks: with ``isAuthorized``."""
    if not isinstance(one, Mapping) or not _is_true(one.get("EnableSimpleResponses")):
        return None
    key = draft.functions.get(draft.referred(one.get("FunctionArn")))
    return None if key is None else {"function": key}


def _cors(draft: Draft, name: str, cors: Any, node: Node, section: str) -> None:
    origins: Any = "*"
    table: dict[str, Any] = {}
    if isinstance(cors, Mapping):
        origins = cors.get("AllowOrigins", cors.get("AllowOrigin", "*"))
        for theirs, ours in (("AllowMethods", "allow_methods"), ("AllowHeaders", "allow_headers")):
            if found := _words(draft, cors.get(theirs)):
                table[ours] = [one for one in found if one != "OPTIONS"] if ours == "allow_methods" else found
        if section == "http_api" and (found := _words(draft, cors.get("ExposeHeaders"))):
            table["expose_headers"] = found
        if isinstance(cors.get("MaxAge"), int | str) and str(cors["MaxAge"]).strip("'").isdigit():
            table["max_age"] = int(str(cors["MaxAge"]).strip("'"))
        if _is_true(cors.get("AllowCredentials")):
            table["allow_credentials"] = True
    elif not isinstance(cors, bool):
        origins = cors
    found = _words(draft, origins)
    several = len(found) > 1 and section == "rest_api"
    if not found or several or (table.get("allow_credentials") and "*" in found):
        draft.left("", f"{name}: Cors", node, f"write it as `cors` of `{section}`")
        return
    draft.unit_table[section]["cors"] = {"allow_origins": found, **table}
    draft.carried("", f"{name}: Cors", node, f"{section}.cors")


def _words(draft: Draft, value: Any) -> list[str]:
    """``"'GET,POST'"`` and lists alike; nothing if a part is only known to the stack."""
    texts = [draft.text(one) for one in (value if isinstance(value, list) else [value])]
    if value is None or None in texts:
        return []
    return list(
        dict.fromkeys(word.strip(" '\"") for text in texts for word in str(text).split(",") if word.strip(" '\""))
    )
