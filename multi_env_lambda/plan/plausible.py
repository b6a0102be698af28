"""The variables of functions before their stack exists: what CloudFormation will fill in gets a value of its kind.

A handler may read them when it is imported: `os.environ["TABLE"]`, the last part of an ARN, the host of a URL.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import attrs

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.plan.computed import Computed, Json, computed_of, is_unread, place_of
from multi_env_lambda.plan.template.parts import logical_id

__all__ = ["REFERENCE", "Stack", "plausible_variables"]

REFERENCE = "reference"
"""The value of what is known only when the stack is created: a secret, an SSM parameter, an import."""

_GROUP_ID = f"sg-{'0' * 17}"
_NAMED = re.compile(r"\$\{([A-Za-z0-9:]+)(?:\.([A-Za-z0-9.]+))?\}")
_CALLED = re.compile(r"(?:.*Name|.*Identifier|Id)")
_ADDRESS = re.compile(r".*(?:Url|URL|Uri|URI)")
_HOST = re.compile(r".*(?:Endpoint|DomainName|Address|DnsName|DNSName|HostName)")

_REF_IS_ARN = re.compile(
    r"AWS::(?:SNS::Topic|StepFunctions::StateMachine|SecretsManager::Secret|Batch::.*|ECS::Service"
    r"|ElasticLoadBalancingV2::.*|IAM::ManagedPolicy|KinesisFirehose::.*|Lambda::(?:Version|LayerVersion|Alias))"
)
"""Types for which ``Ref`` returns an ARN; for most others it is a name or an id.

Source: the return values of each type in the CloudFormation template reference.
"""
_KINDS = {
    "AWS::DynamoDB::Table": "table/",
    "AWS::IAM::Role": "role/",
    "AWS::KMS::Key": "key/",
    "AWS::Kinesis::Stream": "stream/",
    "AWS::KinesisFirehose::DeliveryStream": "deliverystream/",
    "AWS::Lambda::Function": "function:",
    "AWS::Logs::LogGroup": "log-group:",
    "AWS::S3::Bucket": "",
    "AWS::SNS::Topic": "",
    "AWS::SQS::Queue": "",
    "AWS::SSM::Parameter": "parameter/",
    "AWS::SecretsManager::Secret": "secret:",
    "AWS::StepFunctions::StateMachine": "stateMachine:",
}
"""What stands before the name in an ARN; for other types, the type in lower case and a slash."""

_WITHOUT_REGION = frozenset({"iam", "s3", "cloudfront", "route53"})
_SERVICES = {"Events": "events", "StepFunctions": "states", "KinesisFirehose": "firehose", "Logs": "logs"}


@attrs.frozen(kw_only=True)
class Stack:
    """A finished template, and where it becomes a stack."""

    name: str
    environment: Environment
    document: Json

    @property
    def computed(self) -> Computed:
        return computed_of(self.document, place_of(self.environment))


def plausible_variables(stack: Stack, key: str) -> Mapping[str, str]:
    """The variables of one function, by its key, as it has them in this stack."""
    body = stack.document["Resources"].get(logical_id(key, "Function"), {})
    table = body.get("Properties", {}).get("Environment", {})
    variables = table.get("Variables", {}) if isinstance(table, dict) else {}
    computed = stack.computed
    return {
        name: _value(value, computed, stack) for name, value in variables.items() if value != {"Ref": "AWS::NoValue"}
    }


def _value(written: Any, computed: Computed, stack: Stack) -> str:
    chosen = next(iter(computed.each(written)), "")
    text = computed.text(chosen)
    return REFERENCE if is_unread(text) else _NAMED.sub(lambda found: _of_resource(found, stack), text)


def _of_resource(found: re.Match[str], stack: Stack) -> str:
    logical, attribute = found.group(1), found.group(2) or ""
    if logical.startswith("AWS::"):
        return _of_the_stack(logical, stack)
    body = stack.document["Resources"].get(logical, {})
    type_ = str(body.get("Type", ""))
    if type_ == "AWS::EC2::SecurityGroup" and attribute in ("", "GroupId"):
        return _GROUP_ID
    name = _name(logical, body, stack)
    host = f"{name}.{_service(type_)}.{stack.environment.region}.amazonaws.com"
    if type_ == "AWS::SQS::Queue" and attribute in ("", "QueueUrl"):
        place = stack.environment
        return f"https://sqs.{place.region}.amazonaws.com/{place.account_id}/{name}"
    if attribute.endswith("StreamArn"):
        return f"{_arn(type_, name, stack)}/stream/2026-01-01T00:00:00.000"
    is_arn = attribute.endswith("Arn") or (type_, attribute) == ("AWS::SecretsManager::Secret", "Id")
    if is_arn or (not attribute and _REF_IS_ARN.fullmatch(type_)):
        return _arn(type_, name, stack)
    if _ADDRESS.fullmatch(attribute):
        return f"https://{host}/"
    if attribute.rpartition(".")[2] == "Port":
        return "443"
    return host if _HOST.fullmatch(attribute.rpartition(".")[2]) else name


def _of_the_stack(name: str, stack: Stack) -> str:
    place = stack.environment
    region, account = place.region, place.account_id
    id_ = f"arn:{place.partition}:cloudformation:{region}:{account}:stack/{stack.name}/{'0' * 8}-{'0' * 4}"
    known = {"AWS::StackName": stack.name, "AWS::StackId": id_, "AWS::URLSuffix": "amazonaws.com"}
    return known.get(name, REFERENCE)


def _name(logical: str, body: Json, stack: Stack) -> str:
    """The one that the template gives it, or one like those that CloudFormation makes."""
    properties = body.get("Properties", {})
    named = (value for key, value in properties.items() if _CALLED.fullmatch(key) and isinstance(value, str))
    return next(named, f"{stack.name}-{logical}-1A2B3C4D5E6F")


def _service(type_: str) -> str:
    service = (type_.split("::") + ["", ""])[1]
    return _SERVICES.get(service, service.lower())


def _arn(type_: str, name: str, stack: Stack) -> str:
    place, service = stack.environment, _service(type_)
    region = "" if service in _WITHOUT_REGION else place.region
    account = "" if service == "s3" else place.account_id
    kind = _KINDS.get(type_, f"{type_.rpartition('::')[2].lower()}/")
    return f"arn:{place.partition}:{service}:{region}:{account}:{kind}{name}"
