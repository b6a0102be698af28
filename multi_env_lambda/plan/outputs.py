"""What of a stack is an output, and what of it nobody may see: the only place that decides it.

Input: the resources of a stack by their names in AWS, the outputs of its template, and the template. Output: values.
Sources: what ``Ref`` returns, by type (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference), and
https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-call-api.html for URLs of APIs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from multi_env_lambda.masking import MASKED, masked
from multi_env_lambda.model.console import resource_link
from multi_env_lambda.model.outputs import Output, OutputKind
from multi_env_lambda.plan.changes import looks_secret
from multi_env_lambda.plan.secret_names import is_a_name, secret_names

if TYPE_CHECKING:
    from multi_env_lambda.model.environment import Environment
    from multi_env_lambda.model.record import PhysicalResource

__all__ = ["OUTPUT_TYPES", "outputs_of", "reachable", "recorded_outputs"]

_HERE = "{region}:{account}"
_SHAPES: Mapping[str, tuple[OutputKind, str]] = {
    "AWS::Lambda::Function": ("function", f"arn:aws:lambda:{_HERE}:function:{{name}}"),
    "AWS::Glue::Job": ("job", f"arn:aws:glue:{_HERE}:job/{{name}}"),
    "AWS::ApiGateway::RestApi": ("API", "arn:aws:apigateway:{region}::/restapis/{name}"),
    "AWS::ApiGatewayV2::Api": ("API", "arn:aws:apigateway:{region}::/apis/{name}"),
    "AWS::SQS::Queue": ("queue", f"arn:aws:sqs:{_HERE}:{{name}}"),
    "AWS::SNS::Topic": ("topic", f"arn:aws:sns:{_HERE}:{{name}}"),
    "AWS::S3::Bucket": ("bucket", "arn:aws:s3:::{name}"),
    "AWS::DynamoDB::Table": ("table", f"arn:aws:dynamodb:{_HERE}:table/{{name}}"),
    "AWS::DynamoDB::GlobalTable": ("table", f"arn:aws:dynamodb:{_HERE}:table/{{name}}"),
    "AWS::Kinesis::Stream": ("stream", f"arn:aws:kinesis:{_HERE}:stream/{{name}}"),
    "AWS::EC2::SecurityGroup": ("security group", f"arn:aws:ec2:{_HERE}:security-group/{{name}}"),
    "AWS::StepFunctions::StateMachine": ("state machine", f"arn:aws:states:{_HERE}:stateMachine:{{name}}"),
}
"""By type: what people call it, and its ARN. In this order they are shown."""

OUTPUT_TYPES = tuple(_SHAPES)

_STAGES = {
    "AWS::ApiGateway::Stage": "RestApiId",
    "AWS::ApiGateway::Deployment": "RestApiId",
    "AWS::ApiGatewayV2::Stage": "ApiId",
}
_IN_TEXT = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.([A-Za-z0-9.]+))?\}")
_FUNCTION_URL = re.compile(r"https://([a-z0-9]{32})\.lambda-url\.[a-z0-9-]+\.on\.aws(?=/|$)")
_API_URL = re.compile(r"https://([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?=/|$)")
_RESOLVED = re.compile(r"\{\{resolve:(ssm-secure|secretsmanager):")

Json = Mapping[str, Any]


def outputs_of(
    resources: Iterable[PhysicalResource],
    values: Mapping[str, str],
    template: str,
    place: Environment,
    *,
    keys: Mapping[str, str],
    console: bool,
) -> tuple[Output, ...]:
    """All outputs of one stack, ordered by kind and name.

    Args:
        values: the outputs of its template, as CloudFormation computed them.
        template: the template that it was made from; of one that is not JSON no value is shown.
        place: where the stack is.
        keys: names of functions and jobs in AWS -> their keys in the unit.
        console: whether there is a console; the local cloud has none.
    """
    document = _document(template)
    made = _made(resources, document or {}, place, keys, _function_urls(values, document or {}), console)
    said = (_said(key, values[key], document) for key in sorted(values))
    return (*made, *said)


def reachable(values: Mapping[str, str], endpoint: str) -> dict[str, str]:
    """The same outputs with URLs where the local cloud answers: there are no hosts with AWS's names in it."""
    return {
        key: _API_URL.sub(
            rf"{endpoint}/_aws/execute-api/\1", _FUNCTION_URL.sub(rf"{endpoint}/_aws/lambda-url/\1", value)
        )
        for key, value in values.items()
    }


def recorded_outputs(resources: Iterable[PhysicalResource], place: Environment, *, console: bool) -> tuple[Output, ...]:
    """What a record tells about it: what holds data, such as queues and buckets. It takes no call."""
    return _made(resources, {}, place, {}, {}, console)


# --- resources ---
def _made(
    resources: Iterable[PhysicalResource],
    document: Json,
    place: Environment,
    keys: Mapping[str, str],
    urls: Mapping[str, str],
    console: bool,
) -> tuple[Output, ...]:
    there = [item for item in resources if item.type in _SHAPES and item.physical_id]
    bodies = document.get("Resources", {})
    found = sorted(there, key=lambda item: (OUTPUT_TYPES.index(item.type), item.logical_id))
    return tuple(_output(item, bodies, place, keys, urls, console) for item in found)


def _output(
    item: PhysicalResource,
    bodies: Json,
    place: Environment,
    keys: Mapping[str, str],
    urls: Mapping[str, str],
    console: bool,
) -> Output:
    kind, shape = _SHAPES[item.type]
    name = re.split("[:/]", item.physical_id)[-1]
    arn = shape.format(region=place.region, account=place.account_id, name=name)
    url = item.physical_id if "://" in item.physical_id else None
    found = Output(
        kind=kind,
        key=keys.get(name, item.logical_id) if kind in ("function", "job") else item.logical_id,
        name=name,
        arn=arn,
        url=urls.get(item.logical_id) or (_api_url(item, bodies, place) if console else None) if kind == "API" else url,
        link=resource_link(kind, name, place, url=url or "", arn=arn) if console else None,
    )
    if kind != "function":
        return found
    alias = _alias_of(item.logical_id, bodies)
    return attrs.evolve(found, alias_arn=f"{arn}:{alias}" if alias else None, url=urls.get(item.logical_id))


def _alias_of(function: str, bodies: Json) -> str:
    for body in bodies.values():
        properties = body.get("Properties", {})
        if body.get("Type") == "AWS::Lambda::Alias" and function in _resources_in(properties.get("FunctionName")):
            return str(properties.get("Name", ""))
    return ""


def _function_urls(values: Mapping[str, str], document: Json) -> dict[str, str]:
    """Logical id of a function or API -> its URL, which CloudFormation tells only as an output of the template."""
    bodies = document.get("Resources", {})
    found: dict[str, str] = {}
    for key, output in document.get("Outputs", {}).items():
        for name, attribute in _references(output.get("Value")):
            if attribute == "FunctionUrl" and key in values:
                target = bodies.get(name, {}).get("Properties", {}).get("TargetFunctionArn")
                found |= dict.fromkeys(_resources_in(target), values[key])
            if "://" in values.get(key, "") and _SHAPES.get(bodies.get(name, {}).get("Type", ""), ("",))[0] == "API":
                found[name] = values[key]
    return found


def _api_url(item: PhysicalResource, bodies: Json, place: Environment) -> str | None:
    """Of the first stage that the template names, as API Gateway itself calls it."""
    scheme = (
        "wss" if bodies.get(item.logical_id, {}).get("Properties", {}).get("ProtocolType") == "WEBSOCKET" else "https"
    )
    base = f"{scheme}://{item.physical_id}.execute-api.{place.region}.amazonaws.com"
    for body in bodies.values():
        properties = body.get("Properties", {})
        owner = properties.get(_STAGES.get(body.get("Type", ""), ""))
        stage = properties.get("StageName")
        if item.logical_id in _resources_in(owner) and isinstance(stage, str):
            return base if stage == "$default" else f"{base}/{stage}"
    return None


# --- outputs of the template ---
def _said(key: str, value: str, document: Json | None) -> Output:
    shown = MASKED if document is None or _is_secret(key, value, document) else masked(value)
    return Output(kind="output", key=key, value=shown)


def _is_secret(key: str, value: str, document: Json) -> bool:
    """Whether the name of an output says so, or what its value is computed from does.

    ``NoEcho`` hides a parameter, but not an output that repeats it.
    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
    """
    expression = document.get("Outputs", {}).get(key, {}).get("Value")
    text = json.dumps(document)
    if looks_secret([key]) and not is_a_name(value, secret_names(text)):
        return True
    return _shows_secret(expression, document)


def _shows_secret(expression: Any, document: Json) -> bool:
    hidden = {name for name, body in document.get("Parameters", {}).items() if _is_hidden(body)}
    if _RESOLVED.search(json.dumps(expression)):
        return True
    for name, attribute in _references(expression):
        body = document.get("Resources", {}).get(name, {})
        held = body.get("Properties", {}).get(attribute)
        if name in hidden or looks_secret([attribute]) or hidden & {other for other, _ in _references(held)}:
            return True
    return False


def _is_hidden(parameter: Json) -> bool:
    return str(parameter.get("NoEcho", "")).lower() == "true"


def _references(value: Any) -> Iterator[tuple[str, str]]:
    """Every parameter and resource in it, with the attribute, if it is one of a resource."""
    match value:
        case {"Ref": str(name)}:
            yield name, ""
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            yield name, attribute
        case {"Fn::GetAtt": str(dotted)}:
            name, _, attribute = dotted.partition(".")
            yield name, attribute
        case dict():
            for each in value.values():
                yield from _references(each)
        case list():
            for each in value:
                yield from _references(each)
        case str():
            yield from _IN_TEXT.findall(value)
        case _:
            return


def _resources_in(value: Any) -> set[str]:
    return {name for name, _ in _references(value)}


def _document(template: str) -> Json | None:
    try:
        found = json.loads(template)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
