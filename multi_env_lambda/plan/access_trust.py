"""Who may become a role, as the trust policy says it.

Roles of another account are named by a condition: a principal has to be there when a policy names it, and is kept by an
id that a role made again does not have.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from multi_env_lambda.model.bitbucket import Bitbucket
from multi_env_lambda.model.github import ISSUER, WORKFLOW, GitHub
from multi_env_lambda.model.gitlab import GITLAB, GitLab

__all__ = [
    "AUDIENCE",
    "Trust",
    "as_any",
    "as_bitbucket",
    "as_github",
    "as_gitlab",
    "as_people",
    "as_roles",
    "as_service",
    "named",
    "provider_arn",
]

Trust = dict[str, Any]

_ASSUME = "sts:AssumeRole"
AUDIENCE = "sts.amazonaws.com"
"""Whom a token has to be made for: one that a job got for another service opens nothing here."""

_OWN_NAME = {
    # Of an IAM user and of a person of Identity Center IAM itself knows the name; the session has to be called so.
    "user": ("Users", {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}),
    "role": ("PeopleOfTheDirectory", {"StringLike": {"aws:userid": "*:${sts:RoleSessionName}"}}),
}


def as_service(name: str, source: str = "") -> Trust:
    """A service of AWS; ``source``: in the name of this resource only."""
    statement: dict[str, Any] = {
        "Sid": "Service",
        "Effect": "Allow",
        "Principal": {"Service": f"{name}.amazonaws.com"},
        "Action": _ASSUME,
    }
    # Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    condition = {"Condition": {"ArnEquals": {"aws:SourceArn": source}}} if source else {}
    return _document([{**statement, **condition}])


def named(trust: Trust, sid: str) -> Trust:
    """The same under another name: two statements of one policy may not share theirs."""
    return _document([{**statement, "Sid": sid} for statement in trust["Statement"]])


def as_roles(arns: Iterable[str]) -> Trust:
    """Exactly these roles."""
    named = sorted(arns)
    return _document([_statement("Roles", named, {"ArnEquals": {"aws:PrincipalArn": named}})])


def as_github(provider: str, github: GitHub, branch: str, *, environment: str = "") -> Trust:
    """Jobs of one file at GitHub, as the protected branch has it: those without an environment, or with this one.

    What plans a change that is not merged has one, and what a reviewer lets start has another. ``pull_request`` is the
    subject of a fork's changes as well, so no role lets it in; nor a tag or another branch, whose workflow is whatever
    its commit says. Kinds of jobs differ by the environment, which their tokens name: otherwise what is planned could
    ask for the token of what deploys, and what deploys for that of a reviewer's yes.

    Source: https://docs.github.com/en/actions/reference/security/oidc for the claims, and
    https://aws.amazon.com/about-aws/whats-new/2026/01/aws-sts-supports-validation-identity-provider-claims/ for those
    that STS compares beside audience and subject
    """
    place = f"environment:{environment}" if environment else f"ref:refs/heads/{branch}"
    claims = {
        "aud": AUDIENCE,
        "job_workflow_ref": f"{github.repository}/{WORKFLOW}@refs/heads/{branch}",
        "sub": f"{github.subject_prefix}{place}",
        **({"repository_id": str(github.repository_id)} if github.repository_id else {}),
        **({"environment": environment} if environment else {}),
    }
    equal = {f"{ISSUER}:{claim}": value for claim, value in sorted(claims.items())}
    return _federated("GitHub", provider, {"StringEquals": equal})


def as_gitlab(provider: str, gitlab: GitLab, branch: str, *, merged: bool) -> Trust:
    """Jobs at GitLab that run for the protected branch of one project: ``merged``, or for any branch of it.

    A tag's token says ``ref_type:tag``, and that of a merge request names the project and the branch that it comes
    from: a fork's names the fork. STS compares no other claim of GitLab. So everybody who may push a branch is
    let in by the role that may only read, and nobody else.

    Source: https://docs.gitlab.com/ci/secrets/id_token_authentication/ for the subject, and
    https://gitlab.com/gitlab-org/gitlab/-/issues/548165 for forks, since 18.2.2
    """
    aud = {f"{GITLAB}:aud": AUDIENCE}
    if merged:
        return _federated("GitLab", provider, {"StringEquals": {**aud, f"{GITLAB}:sub": gitlab.subject(branch)}})
    return _federated("GitLab", provider, {"StringEquals": aud, "StringLike": {f"{GITLAB}:sub": gitlab.members}})


def as_bitbucket(provider: str, bitbucket: Bitbucket, *, merged: bool) -> Trust:
    """Steps at Bitbucket of one repository: ``merged``, in one deployment environment of it, or any.

    The subject of other steps has no environment in it, so these are let in by the role that may only read, if by any.
    It has no branch either: which one may deploy there, only Bitbucket knows. A fork's steps run in the fork, and name
    it.

    Source: https://support.atlassian.com/bitbucket-cloud/docs/deploy-on-aws-using-bitbucket-pipelines-openid-connect/
    """
    condition = {
        "StringEquals": {f"{bitbucket.issuer}:aud": bitbucket.audience},
        "StringLike": {f"{bitbucket.issuer}:sub": bitbucket.subject if merged else bitbucket.members},
    }
    return _federated("Bitbucket", provider, condition)


def provider_arn(account_id: str, issuer: str = ISSUER) -> str:
    """A host's identity provider in an account, which can have only one of an address."""
    return f"arn:aws:iam::{account_id}:oidc-provider/{issuer}"


def as_any(trusts: Iterable[Trust]) -> Trust:
    """Everybody whom one of them lets in."""
    return _document([statement for trust in trusts for statement in trust["Statement"]])


def as_people(patterns: Iterable[str]) -> Trust:
    """Users and people of Identity Center, each under her own name: what she writes says who she is.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
    (``sts:RoleSessionName``), https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    (``aws:userid`` of an assumed role ends in its session's name)
    """
    return _document(list(_by_kind(sorted(patterns))))


def _by_kind(patterns: list[str]) -> Iterator[dict[str, Any]]:
    for kind, (sid, own_name) in _OWN_NAME.items():
        named = [pattern for pattern in patterns if pattern.split(":", 5)[5].startswith(f"{kind}/")]
        if named:
            yield _statement(sid, named, {"ArnLike": {"aws:PrincipalArn": named}, **own_name})


def _statement(sid: str, arns: list[str], condition: dict[str, Any]) -> dict[str, Any]:
    accounts = sorted({arn.split(":")[4] for arn in arns})
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{account_id}:root" for account_id in accounts]},
        "Action": _ASSUME,
        "Condition": condition,
    }


def _federated(sid: str, provider: str, condition: dict[str, Any]) -> Trust:
    """Who has a token of a host that the condition is true of."""
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    return _document([statement])


def _document(statements: list[dict[str, Any]]) -> Trust:
    return {"Version": "2012-10-17", "Statement": statements}
