"""APIs of SAM: their routes, who may call them, and from which websites."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from multi_env_lambda.adopt.cfn_draft import Draft
from multi_env_lambda.adopt.document import Node

__all__ = ["API_KINDS", "read_api", "read_route"]

API_KINDS = ("AWS::Serverless::Api", "AWS::Serverless::HttpApi")
_METHODS = {"ANY", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_READ_HERE = {
    "StageName",
    "Name",
    "Auth",
    "Cors",
    "CorsConfiguration",
    "Description",
    "TracingEnabled",
    "FailOnWarnings",
}
_CLOSED = "the route is closed by `iam` until you say who may call it: see `authorizers` of `http_api`"


def read_route(draft: Draft, function: str, name: str, node: Node, *, is_rest: bool) -> Iterator[tuple[Any, str]]:
    """The event of ours for a route of a REST API or an HTTP API, and what to call it."""
    what = f"event {name} ({'Api' if is_rest else 'HttpApi'})"
    path, method = draft.values.of(node.get("Path")), str(draft.values.of(node.get("Method")) or "ANY").upper()
    if isinstance(path, str) and method in {"X-AMAZON-APIGATEWAY-ANY-METHOD", "*"}:
        method = "ANY"
    if path is not None and (not isinstance(path, str) or method not in _METHODS):
        draft.left(function, what, node, "its path or method is only known to the stack")
        return
    route = "$default" if path is None else f"{method} {_path(path)}"
    if method == "OPTIONS":
        draft.left(function, what, node, "requests of browsers with `OPTIONS` are answered by `cors` of `http_api`")
        return
    entry: dict[str, Any] = {"http": route}
    version = str(draft.values.of(node.get("PayloadFormatVersion")) or ("1.0" if is_rest else "2.0"))
    if version == "1.0":
        entry["payload"] = "1.0"
    if is_rest:
        reason = "a route of an HTTP API, with requests in the form of REST APIs; its URL has no stage in it"
        draft.changed(function, what, node, f'http = "{route}"', reason)
    authorizer = _authorizer(draft, function, what, node)
    if authorizer:
        entry["authorizer"] = authorizer
    yield entry, what


def _path(path: str) -> str:
    return re.sub(r"(?<=.)/$", "", path if path.startswith("/") else f"/{path}")


def _authorizer(draft: Draft, function: str, what: str, node: Node) -> str:
    """The key of our table, "" for that of the API; a route is closed rather than opened by what is not understood."""
    auth = draft.values.of(node.get("Auth"))
    if not isinstance(auth, Mapping):
        return ""
    if auth.get("ApiKeyRequired") not in (None, False):
        draft.left(function, f"{what}: ApiKeyRequired", node, f"an HTTP API has no API keys; {_CLOSED}")
        return "iam"
    name = auth.get("Authorizer")
    if name is None:
        return ""
    if name == "NONE":
        return "none"
    if name == "AWS_IAM":
        return "iam"
    if _key(str(name)) in draft.unit_table.get("http_api", {}).get("authorizers", {}):
        return _key(str(name))
    draft.left(function, f"{what}: Authorizer {name}", node, _CLOSED)
    return "iam"


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()).strip("-") or "callers"


def read_api(draft: Draft, name: str, properties: Node, node: Node) -> None:
    """What holds for all routes of an API; ``properties`` are those of the resource, or of ``Globals``."""
    if node.get("Properties", "DefinitionBody") is not None or node.get("Properties", "DefinitionUri") is not None:
        reason = "the routes are those of the functions' events; what else the definition says is not taken over"
        draft.left("", f"{name}: definition of the API", node, reason)
    auth = draft.values.of(properties.get("Auth"))
    if isinstance(auth, Mapping):
        _auth(draft, name, auth, properties)
    cors = draft.values.of(properties.get("Cors")) or draft.values.of(properties.get("CorsConfiguration"))
    if cors:
        _cors(draft, name, cors, properties)
    for key, found in properties.table.items():
        if key not in _READ_HERE and not key.startswith("Definition"):
            draft.left("", f"{name}: {key}", found, "the HTTP API of the unit has no such setting")


def _auth(draft: Draft, name: str, auth: Mapping[str, Any], node: Node) -> None:
    api = draft.unit_table.setdefault("http_api", {})
    authorizers = auth.get("Authorizers")
    for key, one in (authorizers if isinstance(authorizers, Mapping) else {}).items():
        found = _of_tokens(draft, one) or _of_a_function(draft, one)
        if found is None:
            draft.left("", f"{name}: authorizer {key}", node, "write it below `http_api.authorizers`")
        else:
            api.setdefault("authorizers", {})[_key(str(key))] = found
            draft.carried("", f"{name}: authorizer {key}", node, f"http_api.authorizers.{_key(str(key))}")
    default = auth.get("DefaultAuthorizer")
    is_key = auth.get("ApiKeyRequired") not in (None, False) or auth.get("ResourcePolicy") is not None
    if default == "AWS_IAM" or (isinstance(default, str) and _key(default) in api.get("authorizers", {})):
        api["authorizer"] = "iam" if default == "AWS_IAM" else _key(default)
        draft.carried("", f"{name}: DefaultAuthorizer", node, f'http_api.authorizer = "{api["authorizer"]}"')
    elif default not in (None, "NONE") or is_key:
        api["authorizer"] = "iam"
        draft.left("", f"{name}: Auth", node, f"who may call is decided there in a way that is not known; {_CLOSED}")
    if not api:
        del draft.unit_table["http_api"]


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
    if not isinstance(one, Mapping) or str(one.get("EnableSimpleResponses")).lower() != "true":
        return None
    target = draft.target(one.get("FunctionArn"))
    key = draft.functions.get(target[0]) if target is not None else None
    return None if key is None else {"function": key}


def _cors(draft: Draft, name: str, cors: Any, node: Node) -> None:
    origins: Any = "*"
    table: dict[str, Any] = {}
    if isinstance(cors, Mapping):
        origins = cors.get("AllowOrigins", cors.get("AllowOrigin", "*"))
        for theirs, ours in (("AllowMethods", "allow_methods"), ("AllowHeaders", "allow_headers")):
            if found := _words(draft, cors.get(theirs)):
                table[ours] = [one for one in found if one != "OPTIONS"] if ours == "allow_methods" else found
        if found := _words(draft, cors.get("ExposeHeaders")):
            table["expose_headers"] = found
        if isinstance(cors.get("MaxAge"), int | str) and str(cors["MaxAge"]).strip("'").isdigit():
            table["max_age"] = int(str(cors["MaxAge"]).strip("'"))
        if str(cors.get("AllowCredentials")).lower() == "true":
            table["allow_credentials"] = True
    elif not isinstance(cors, bool):
        origins = cors
    found = _words(draft, origins)
    if not found or (table.get("allow_credentials") and "*" in found):
        draft.left("", f"{name}: Cors", node, "write it as `cors` of `http_api`")
        return
    draft.unit_table.setdefault("http_api", {})["cors"] = {"allow_origins": found, **table}
    draft.carried("", f"{name}: Cors", node, "http_api.cors")


def _words(draft: Draft, value: Any) -> list[str]:
    """``"'GET,POST'"`` and lists alike; nothing if a part is only known to the stack."""
    texts = [draft.text(one) for one in (value if isinstance(value, list) else [value])]
    if value is None or None in texts:
        return []
    return list(
        dict.fromkeys(word.strip(" '\"") for text in texts for word in str(text).split(",") if word.strip(" '\""))
    )
