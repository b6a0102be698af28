"""Types that grant rights without statements: what they allow is expressed in terms of their own service."""

from __future__ import annotations

import re

from multi_env_lambda.plan.computed import Computed, Json, type_of

__all__ = ["gives_rights"]

_ALWAYS = re.compile(
    r"AWS::IAM::(AccessKey|OIDCProvider|SAMLProvider)|"
    r"AWS::RolesAnywhere::.*|AWS::SSO::.*|AWS::IdentityStore::GroupMembership|AWS::Organizations::.*|"
    r"AWS::EKS::(AccessEntry|PodIdentityAssociation)|"
    r"AWS::LakeFormation::(Permissions|PrincipalPermissions|DataLakeSettings|TagAssociation)|"
    r"AWS::S3::AccessGrant.*|AWS::EC2::VPCEndpointServicePermissions|.*::MODULE|"
    r"AWS::ServiceCatalog::.*Provisioned.*"
)


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
        case "AWS::Logs::SubscriptionFilter" | "AWS::Logs::Destination":
            return _is_foreign(properties.get("DestinationArn", properties.get("TargetArn")), computed)
        case "AWS::Cognito::IdentityPool":
            return computed.texts(properties.get("AllowUnauthenticatedIdentities", "false")) != ("false",)
        case "AWS::Cognito::IdentityPoolRoleAttachment":
            roles = properties.get("Roles")
            return not isinstance(roles, dict) or set(roles) != {"authenticated"}
        case "AWS::ApiGateway::RestApi" | "AWS::ApiGatewayV2::Api":
            return not {"Body", "BodyS3Location"}.isdisjoint(properties)
        case _ if type_.startswith(("Custom::", "AWS::CloudFormation::CustomResource")):
            return _is_foreign(properties.get("ServiceToken"), computed)
        case _:
            return _ALWAYS.fullmatch(type_) is not None


def _is_here(text: str, computed: Computed) -> bool:
    return bool(type_of(text, computed.types))


def _is_foreign(value: object, computed: Computed) -> bool:
    """Whether something is in another account, or in one that cannot be read."""
    ours = rf"\$\{{[A-Za-z0-9.]+\}}.*|arn:[^:{{]*:[^:{{]*:[^:{{]*:{computed.place.account_id}:.*"
    return any(re.fullmatch(ours, text) is None for text in computed.texts(value))
