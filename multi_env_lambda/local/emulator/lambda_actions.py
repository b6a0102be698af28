"""The IAM action of a Lambda call comes from Lambda's own service description, as in IAM.

Reason: ministack guesses it from the path: ListLayerVersions and GetLayerVersion required ``lambda:ListLayers``,
GetAlias ``lambda:ListAliases``, and UpdateAlias, DeleteLayerVersion and others nothing. A layer requested by its ARN
counted as any resource.
Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .names import load, original

__all__ = ["patch"]

_NAMED_OTHERWISE = {
    "GetLayerVersionByArn": "GetLayerVersion",
    "Invoke": "InvokeFunction",
    "InvokeAsync": "InvokeFunction",
    "InvokeWithResponseStream": "InvokeFunction",
}
_Route = tuple[str, re.Pattern[str], Mapping[str, str], str]


def patch() -> None:
    """Determine the action of every request to Lambda; unknown operations stay as before."""
    actions = load("ministack.core.iam_actions")
    extract = original(actions, "extract_iam_action")
    routes = sorted(_routes(), key=lambda route: (-len(route[2]), -len(route[1].pattern)))

    def named(service: str, method: str, path: str, headers: Any, body: bytes, query_params: dict[str, Any]) -> Any:
        if service == "lambda":
            for wanted, pattern, query, action in routes:
                if wanted == method and pattern.fullmatch(path) and _has(query_params, query):
                    return f"lambda:{action}"
        return extract(service, method, path, headers, body, query_params)

    resource = original(actions, "extract_resource_arn")

    def found(service: str, method: str, path: str, headers: Any, body: bytes, query_params: Any, *more: Any) -> Any:
        arn = query_params.get("Arn") if service == "lambda" and path.rstrip("/").endswith("/layers") else None
        named_one = arn[0] if isinstance(arn, list) else arn
        return named_one or resource(service, method, path, headers, body, query_params, *more)

    actions.extract_iam_action = named
    actions.extract_resource_arn = found


def _routes() -> Iterator[_Route]:
    session = load("botocore.session").get_session()
    for name, operation in session.get_service_model("lambda")._service_description["operations"].items():
        path, _, query = operation["http"]["requestUri"].partition("?")
        words = dict(pair.split("=", 1) for pair in query.split("&") if "=" in pair)
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path.rstrip("/"))) + "/?"
        yield operation["http"]["method"], re.compile(pattern), words, _NAMED_OTHERWISE.get(name, name)


def _has(found: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    return all(value in json.dumps(found.get(key, "")) for key, value in wanted.items())
