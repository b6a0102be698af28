"""What the resources of HTTP APIs and of REST APIs have in common: who may call a function, its address, the log.

Sources: of the source of a call
https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html; of the log's name
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
"""

from __future__ import annotations

import json

from multi_env_lambda.model.settings import Function
from multi_env_lambda.plan.template.event_parts import alias_of, may_invoke
from multi_env_lambda.plan.template.parts import Json, Resource, StackInput, ref

__all__ = ["access_log", "address_of", "joined", "log_format", "may_be_called"]


def may_be_called(unit: StackInput, function: Function, name: str, api: str, *rest: str | Json) -> Resource:
    """By this API only, whose logical id is ``api``; ``rest`` are its stages and routes, or its authorizer."""
    source = joined(unit.arn("execute-api", ""), ref(api), *rest)
    return may_invoke(function, name, "apigateway.amazonaws.com", source)


def address_of(unit: StackInput, function: Function) -> Json:
    """Where API Gateway calls the alias of a function."""
    start = f"arn:{unit.partition}:apigateway:{unit.environment.region}:lambda:path/2015-03-31/functions/"
    return joined(start, alias_of(function), "/invocations")


def access_log(unit: StackInput, name: str, api_name: str, days: int | None, *, made_by: str) -> tuple[Resource, ...]:
    """Below the prefix of vended logs: for others CloudWatch adds to one policy of the account, which gets too long."""
    if days is None:
        return ()
    keep = {"RetentionInDays": days} if days else {}
    properties = {"LogGroupName": f"/aws/vendedlogs/{api_name}", **keep, **unit.tags}
    return (Resource(logical_id=name, type="AWS::Logs::LogGroup", properties=properties, made_by=made_by, retain=True),)


def log_format(*, route: str, failure: str) -> str:
    """A line for each request; the two are what a kind of API calls its route, and why a function failed."""
    variables = {
        "requestId": "requestId",
        "requestTime": "requestTime",
        "ip": "identity.sourceIp",
        "httpMethod": "httpMethod",
        "path": "path",
        route: route,
        "status": "status",
        "responseLength": "responseLength",
        "responseLatency": "responseLatency",
        "error": "error.message",
        "authorizerError": "authorizer.error",
        "integrationError": failure,
    }
    return json.dumps({key: f"$context.{variable}" for key, variable in variables.items()})


def joined(*parts: str | Json) -> Json:
    return {"Fn::Join": ["", list(parts)]}
