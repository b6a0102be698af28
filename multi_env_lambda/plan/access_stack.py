"""The stacks that `bootstrap` makes: the roles of one place and, in an environment, the boundary of what units make.

Written with cottonformation's types; the same bytes for the same workspace, so that a comparison says what differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.github import ISSUER
from multi_env_lambda.model.gitlab import GITLAB
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.access import DEVOPS_STACK, RoleAccess, access_stack_name
from multi_env_lambda.plan.access_boundary import boundary
from multi_env_lambda.plan.access_trust import AUDIENCE
from multi_env_lambda.plan.grant import documents
from multi_env_lambda.plan.permissions import MOST_POLICIES, too_many
from multi_env_lambda.plan.template.cotton import made_of

__all__ = ["AccessStack", "access_stack", "differences"]

_FINGERPRINTS = ("6938fd4d98bab03faadb97b34396831e3780aea1", "1c58a3a8518e8759bf075b76b750d4f2df264fcd")
"""Of the certificates that GitHub names; AWS keeps them and compares others.

Source: https://github.blog/changelog/2023-06-27-github-actions-update-on-oidc-integration-with-aws/
"""
_GITLABS_FINGERPRINTS = ("b3dd7606d2b5a8b4a13771dbecc9ee1cecafa38a",)
"""The same for gitlab.com, as its users' templates have it."""
_BITBUCKETS_FINGERPRINTS = ("a031c46782e6e6c662c2c87c76da9aa62ccabd8e",)
"""The same, as Bitbucket's own guide for AWS names it."""

Resource = tuple[str, Mapping[str, Any]]
"""Type and properties."""


@attrs.frozen(kw_only=True)
class AccessStack:
    """One stack of ``bootstrap``: where it belongs, its name and its template as JSON."""

    place: str
    name: str
    template: str


def access_stack(
    config: WorkspaceConfig, prefix: str, place: Environment | None, roles: Iterable[RoleAccess]
) -> AccessStack:
    """The stack of an environment, or of the devops account (None).

    Raises:
        ConfigurationError: a role would have more policies than IAM takes.
    """
    name = DEVOPS_STACK if place is None else place.name
    resources: dict[str, Resource] = {}
    # The environment's own bounds may name a boundary that somebody else has made.
    if place is not None and place.boundary_arn.endswith(f":policy/{place.boundary_name}"):
        resources["Boundary"] = _policy(place.boundary_name, boundary(config, place))
    if place is None and config.github is not None and config.github.provider:
        resources["GitHubProvider"] = _provider(ISSUER, _FINGERPRINTS)
    if place is None and config.gitlab is not None and config.gitlab.provider:
        resources["GitLabProvider"] = _provider(GITLAB, _GITLABS_FINGERPRINTS)
    if place is None and config.bitbucket is not None and config.bitbucket.provider:
        at = config.bitbucket
        resources["BitbucketProvider"] = _provider(at.issuer, _BITBUCKETS_FINGERPRINTS, at.audience)
    for role in roles:
        resources |= _of_role(role)
    template = canonical_json(made_of(f"Who may do what in {name}: made by `bootstrap {name}`", resources))
    return AccessStack(place=name, name=access_stack_name(prefix, name), template=template)


def _of_role(role: RoleAccess) -> dict[str, Resource]:
    texts = documents(role.grants)
    if len(texts) > MOST_POLICIES:
        what, _, hint = too_many(len(texts)).partition("; hint: ")
        raise ConfigurationError(f"role {role.name}", what, hint=hint)
    policies = {
        f"{role.key}Policy{number}": _policy(f"{role.name}-{number}", text)
        for number, text in enumerate(texts, start=1)
    }
    properties = {
        "AssumeRolePolicyDocument": role.trust,
        "ManagedPolicyArns": [{"Ref": key} for key in policies],
        "RoleName": role.name,
    }
    return {**policies, role.key: ("AWS::IAM::Role", properties)}


def _provider(issuer: str, fingerprints: Iterable[str], audience: str = AUDIENCE) -> Resource:
    """STS trusts these hosts' certificates without a fingerprint; the type here asks for the property.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html
    """
    return (
        "AWS::IAM::OIDCProvider",
        {"ClientIdList": [audience], "ThumbprintList": list(fingerprints), "Url": f"https://{issuer}"},
    )


def _policy(name: str, document: Mapping[str, Any]) -> Resource:
    return "AWS::IAM::ManagedPolicy", {"ManagedPolicyName": name, "PolicyDocument": dict(document)}


def differences(found: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> tuple[str, ...]:
    """What would change, resource by resource and statement by statement; nothing where a stack is as it should be.

    >>> differences(None, {"Resources": {"DeployRole": {"Type": "AWS::IAM::Role"}}})
    ('make DeployRole (AWS::IAM::Role)',)
    """
    before = {} if found is None else dict(found.get("Resources", {}))
    after = wanted["Resources"]
    lines = [f"make {key} ({body['Type']})" for key, body in after.items() if key not in before]
    lines += [
        f"change {key}{_statements(before[key], body)}" for key, body in after.items() if _differs(key, before, body)
    ]
    lines += [f"delete {key} ({body.get('Type', '')})" for key, body in before.items() if key not in after]
    return tuple(lines)


def _differs(key: str, before: Mapping[str, Any], body: Any) -> bool:
    return key in before and canonical_json(before[key]) != canonical_json(body)


def _statements(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The statements of a policy that come, go or say something else; nothing of what has none."""
    old, new = _by_sid(before), _by_sid(after)
    words = {
        "with": sorted(new.keys() - old.keys()),
        "without": sorted(old.keys() - new.keys()),
        "in": sorted(sid for sid in old.keys() & new.keys() if old[sid] != new[sid]),
    }
    said = [f"{word} {', '.join(sids)}" for word, sids in words.items() if sids]
    return f": {'; '.join(said)}" if said else ""


def _by_sid(body: Mapping[str, Any]) -> dict[str, str]:
    properties = body.get("Properties", {})
    document = properties.get("PolicyDocument", properties.get("AssumeRolePolicyDocument", {}))
    return {str(one.get("Sid", "")): canonical_json(one) for one in document.get("Statement", [])}
