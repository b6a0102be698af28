"""Trust policies can compare the claims in GitHub's tokens, and a stack can create an identity provider.

Reason: ministack knows only audience, subject and ``amr`` of a token, and does not have the CloudFormation type. It
accepts any token; only tests create one here. Of the tokens of GitLab and Bitbucket,
AWS compares no other claims either.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html (keys of GitHub) and
https://aws.amazon.com/about-aws/whats-new/2026/01/aws-sts-supports-validation-identity-provider-claims/
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .names import load, original

__all__ = ["patch"]

_GITHUB, _GITLAB, _BITBUCKET = "token.actions.githubusercontent.com", "gitlab.com", "api.bitbucket.org/"
_CLAIMS = (
    *("actor", "actor_id", "enterprise_id", "environment", "job_workflow_ref"),
    *("ref", "repository", "repository_id", "workflow"),
)


def patch() -> None:
    """Give trust policies the claims of a GitHub token, and stacks the type."""
    sts = load("ministack.services.sts")
    principal_of = original(sts, "_web_identity_principal")
    decode = original(load("ministack.services.cognito"), "_decode_id_token_unverified")

    def principal(token: str, provider_id: str, role_arn: str) -> tuple[str, dict[str, Any]]:
        arn, keys = principal_of(token, provider_id, role_arn)
        host = arn.partition(":oidc-provider/")[2]
        if (host in (_GITHUB, _GITLAB) or host.startswith(_BITBUCKET)) and arn not in original(
            load("ministack.services.iam"), "_oidc_providers"
        ):
            return "", {}  # a token of somebody whom the account does not know
        if host == _GITHUB:
            claims = decode(token)
            keys |= {f"{_GITHUB}:{name}": claims[name] for name in _CLAIMS if name in claims}
        return arn, keys

    sts._web_identity_principal = principal
    handlers = original(load("ministack.services.cloudformation.provisioners"), "_RESOURCE_HANDLERS")
    handlers["AWS::IAM::OIDCProvider"] = {"create": _created, "update": _changed, "delete": _deleted}


def _created(logical_id: str, properties: Mapping[str, Any], stack: str) -> tuple[str, dict[str, str]]:
    iam, account_id = load("ministack.services.iam"), load("ministack.core.responses").get_account_id()
    arn = f"arn:aws:iam::{account_id}:oidc-provider/{str(properties['Url']).split('://', 1)[-1].rstrip('/')}"
    if arn in original(iam, "_oidc_providers"):
        raise ValueError(f"Provider with url {properties['Url']} already exists.")
    iam._oidc_providers[arn] = _record(arn, properties)
    return arn, {"Arn": arn}


def _changed(physical_id: str, _: Any, properties: Mapping[str, Any], stack: str) -> tuple[str, dict[str, str]]:
    iam = load("ministack.services.iam")
    original(iam, "_oidc_providers")[physical_id] = _record(physical_id, properties)
    return physical_id, {"Arn": physical_id}


def _deleted(physical_id: str, _: Any) -> None:
    original(load("ministack.services.iam"), "_oidc_providers").pop(physical_id, None)


def _record(arn: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Arn": arn,
        "ClientIDList": list(properties.get("ClientIdList", ())),
        "CreateDate": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "Tags": [],
        "ThumbprintList": list(properties.get("ThumbprintList", ())),
        "Url": properties["Url"],
    }
