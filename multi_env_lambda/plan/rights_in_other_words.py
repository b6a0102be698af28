"""Types that grant rights without statements: what they allow is expressed in terms of their own service."""

from __future__ import annotations

import re

from multi_env_lambda.plan.api_bodies import open_routes
from multi_env_lambda.plan.computed import Computed, Json, is_computed, type_of
from multi_env_lambda.plan.rights_documents import NAMED_AT_WILL

__all__ = ["gives_rights"]

_ALWAYS = re.compile(
    r"AWS::IAM::(AccessKey|OIDCProvider|SAMLProvider)|"
    r"AWS::RolesAnywhere::.*|AWS::SSO::.*|AWS::IdentityStore::GroupMembership|AWS::Organizations::.*|"
    r"AWS::EKS::(AccessEntry|PodIdentityAssociation)|"
    r"AWS::LakeFormation::(Permissions|PrincipalPermissions|DataLakeSettings|TagAssociation)|"
    r"AWS::S3::AccessGrant.*|AWS::Events::ApiDestination|AWS::EC2::VPCEndpointServicePermissions|.*::MODULE|"
    r"AWS::ServiceCatalog::.*Provisioned.*"
)

_SENT_TO = frozenset(
    ("AlarmActions", "Arn", "Destination", "FirehoseArn", "Function", "InsufficientDataActions", "LogDestination")
    + ("OKActions", "Queue", "Target", "TargetArn", "Topic", "deadLetterTargetArn")
)
"""Properties, in any type, to which messages, events or logs are sent."""

_INSIDE = ("lambda", "sqs", "firehose")
"""Protocols of a subscription whose endpoint is an ARN, which has an account.

Source: https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
"""


def gives_rights(type_: str, properties: Json, computed: Computed) -> bool:
    """Whether a resource grants a right, or something that leads to one, that is not read as a statement."""

    def is_elsewhere(key: str) -> bool:
        return any(not _is_here(text, computed) for text in computed.texts(properties.get(key)))

    match type_:
        case "AWS::IAM::InstanceProfile":
            return is_elsewhere("Roles")
        case "AWS::IAM::UserToGroupAddition":
            return is_elsewhere("GroupName")
        case "AWS::IAM::User":
            return "LoginProfile" in properties or is_elsewhere("Groups")
        case "AWS::Cognito::IdentityPool":
            return computed.texts(properties.get("AllowUnauthenticatedIdentities", "false")) != ("false",)
        case "AWS::Cognito::IdentityPoolRoleAttachment":
            roles = properties.get("Roles")
            return not isinstance(roles, dict) or set(roles) != {"authenticated"}
        case "AWS::ApiGateway::RestApi" | "AWS::ApiGatewayV2::Api":
            has_one = not {"Body", "BodyS3Location"}.isdisjoint(properties)
            return has_one and (type_.endswith("V2::Api") or open_routes(properties, computed) is None)
        case _ if type_.startswith(("Custom::", "AWS::CloudFormation::CustomResource")):
            return _is_foreign(properties.get("ServiceToken"), computed)
        case _:
            return _ALWAYS.fullmatch(type_) is not None or _sends_away(type_, properties, computed)


def _sends_away(type_: str, properties: Json, computed: Computed) -> bool:
    """Whether what arrives at a resource leaves the account, or may."""
    match type_:
        case "AWS::Logs::SubscriptionFilter" | "AWS::Logs::Destination":
            return _is_foreign(properties.get("DestinationArn", properties.get("TargetArn")), computed)
        case "AWS::SNS::Subscription":
            return _is_sent_away(properties, computed)
        case "AWS::SNS::Topic":
            return any(_is_sent_away(each, computed) for each in computed.each(properties.get("Subscription")))
        case "AWS::Events::Rule":
            targets = computed.each(properties.get("Targets"))
            return any(_is_foreign(_at(each, "Arn"), computed) for each in targets) or _is_sent_to(properties, computed)
        case "AWS::S3::Bucket" if _has_another_owner(properties.get("ReplicationConfiguration"), computed):
            return True
        case _:
            return _is_sent_to(properties, computed)


def _is_sent_to(value: object, computed: Computed) -> bool:
    """Whether an ARN of another account is where something is sent to: a dead letter, an event, the end of an alarm."""
    match value:
        case dict() if not is_computed(value):
            rest = {key: each for key, each in value.items() if key not in NAMED_AT_WILL}
            return any(
                (key in _SENT_TO and any(_is_of_another(text, computed) for text in computed.texts(each)))
                or _is_sent_to(each, computed)
                for key, each in rest.items()
            )
        case list():
            return any(_is_sent_to(each, computed) for each in value)
        case _:
            return False


def _is_of_another(text: str, computed: Computed) -> bool:
    found = re.match(r"arn:[^:]*:[^:]*:[^:]*:(\d{12}):", text)
    return found is not None and found.group(1) != computed.place.account_id


def _has_another_owner(replication: object, computed: Computed) -> bool:
    """Whether copies of a bucket's objects go to a bucket of another account, whose ARN does not say that."""
    rules = _at(replication, "Rules") if isinstance(replication, dict) else None
    owners = (_at(_at(rule, "Destination"), "Account") for rule in computed.each(rules))
    return any(text != computed.place.account_id for owner in owners for text in computed.texts(owner))


def _is_sent_away(subscription: object, computed: Computed) -> bool:
    """Whether messages of a topic leave the account, or may: to an address, a telephone, or another account."""
    protocols = computed.texts(_at(subscription, "Protocol"))
    inside = protocols and all(each in _INSIDE for each in protocols)
    return not inside or _is_foreign(_at(subscription, "Endpoint"), computed)


def _at(value: object, key: str) -> object:
    """A property; what cannot be read itself stands for it."""
    return value.get(key) if isinstance(value, dict) and not is_computed(value) else value


def _is_here(text: str, computed: Computed) -> bool:
    return bool(type_of(text, computed.types))


def _is_foreign(value: object, computed: Computed) -> bool:
    """Whether something is in another account, or in one that cannot be read."""
    ours = rf"\$\{{[A-Za-z0-9.]+\}}.*|arn:[^:{{]*:[^:{{]*:[^:{{]*:{computed.place.account_id}:.*"
    return any(re.fullmatch(ours, text) is None for text in computed.texts(value))
