"""Requests, the policies that apply to them, and what AWS's pages say of them; each row has its page.

Rows with one Deny say by it that the request would pass without that statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.plan.bucket import policy_statements

__all__ = ["ALLOWED", "CASES", "DENIED", "FORBIDDEN", "Case", "Document", "document", "without_denials"]

ALLOWED, DENIED, FORBIDDEN = "allowed", "denied", "forbidden"
"""Something allows it; nothing does; a Deny applies."""

Document = dict[str, Any]

_GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
_ONE_ACCOUNT = _GUIDE + "reference_policies_evaluation-logic_policy-eval-basics.html"
_ORDER = _GUIDE + "reference_policies_evaluation-logic_policy-eval-denyallow.html"
_ACROSS = _GUIDE + "reference_policies_evaluation-logic-cross-account.html"
_BOUNDARIES = _GUIDE + "access_policies_boundaries.html"
_NOT_PRINCIPAL = _GUIDE + "reference_policies_elements_notprincipal.html"
_VARIABLES = _GUIDE + "reference_policies_variables.html"
_VERSION = _GUIDE + "reference_policies_elements_version.html"
_OPERATORS = _GUIDE + "reference_policies_elements_condition_operators.html"
_GLOBAL_KEYS = _GUIDE + "reference_policies_condition-keys.html"
_PASSING = _GUIDE + "id_roles_use_passrole.html"
_EXTERNAL_ID = _GUIDE + "id_roles_common-scenarios_third-party.html"
_SOURCE_IDENTITY = _GUIDE + "id_credentials_temp_control-access_monitor.html"
_CONDITIONAL_WRITES = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html"
_STS = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html"
_TLS_ONLY = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html"


@attrs.frozen(kw_only=True)
class Case:
    """One request. ``account`` owns the resource; a trust policy is the resource's policy of its role."""

    name: str
    source: str
    verdict: str
    action: str
    resource: str
    principal: str
    account: str
    identity: tuple[Document, ...] = ()
    boundary: Document | None = None
    of_resource: Document | None = None
    context: Mapping[str, str] = attrs.field(factory=dict)
    second: str | None = None
    """What the second judge says, where we know that it is not what AWS's page says."""


def document(*statements: Document, version: str = "2012-10-17") -> Document:
    return ({"Version": version} if version else {}) | {"Statement": list(statements)}


def without_denials(case: Case) -> Case:
    def kept(one: Document) -> Document:
        return one | {"Statement": [item for item in one["Statement"] if item["Effect"] != "Deny"]}

    return attrs.evolve(
        case,
        identity=tuple(kept(one) for one in case.identity),
        boundary=case.boundary and kept(case.boundary),
        of_resource=case.of_resource and kept(case.of_resource),
    )


DEVOPS, PROD, OTHER = "111111111111", "555555555555", "666666666666"
BUCKET = "acme-artifacts"
CODE, RECORD = f"arn:aws:s3:::{BUCKET}/projects/orders/1.0.0/code.zip", f"arn:aws:s3:::{BUCKET}/environments/prod.json"
ROLE, SESSION = f"arn:aws:iam::{PROD}:role/deployer", f"arn:aws:sts::{PROD}:assumed-role/deployer/ada"
USER = f"arn:aws:iam::{PROD}:user/ada"
BOUNDARY = f"arn:aws:iam::{PROD}:policy/team"
OWN = "arn:aws:s3:::own-data/ada/one.json"


def allow(actions: str, resources: str = "*", **more: Any) -> Document:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions: str, resources: str = "*", **more: Any) -> Document:
    return allow(actions, resources, **more) | {"Effect": "Deny"}


def to(*principals: str) -> Document:
    return {"Principal": {"AWS": list(principals)}}


def when(operator: str, **keys: Any) -> Document:
    """``aws__SecureTransport`` is ``aws:SecureTransport``, ``s3__if_none_match`` is ``s3:if-none-match``."""
    told = {key.replace("__", ":").replace("_", "-"): value for key, value in keys.items()}
    return {"Condition": {operator: told}}


def _case(name: str, source: str, verdict: str, **told: Any) -> Case:
    plain = {"principal": SESSION, "action": "s3:GetObject", "resource": OWN, "account": PROD}
    return Case(name=name, source=source, verdict=verdict, **plain | told)


EVERYTHING = document(allow("*"))
READS = document(allow("s3:GetObject"))

_LOGIC = (
    _case("an identity's policy allows", _ONE_ACCOUNT, ALLOWED, identity=(READS,)),
    _case("nothing allows", _ORDER, DENIED),
    _case("another action is allowed", _ORDER, DENIED, identity=(READS,), action="s3:PutObject"),
    _case("a Deny wins", _ORDER, FORBIDDEN, identity=(READS, document(deny("s3:*")))),
    _case(
        "the resource's policy alone allows in its own account",
        _ONE_ACCOUNT,
        ALLOWED,
        of_resource=document(allow("s3:GetObject", OWN, **to(ROLE))),
    ),
    _case(
        "naming the account leaves it to the identity's policy",
        _ONE_ACCOUNT,
        DENIED,
        of_resource=document(allow("s3:GetObject", OWN, **to(f"arn:aws:iam::{PROD}:root"))),
    ),
    _case(
        "the resource's policy denies",
        _ONE_ACCOUNT,
        FORBIDDEN,
        identity=(EVERYTHING,),
        of_resource=document(deny("s3:GetObject", OWN, Principal="*")),
    ),
    _case("across accounts the identity alone is not enough", _ACROSS, DENIED, identity=(READS,), account=OTHER),
    _case(
        "across accounts the resource alone is not enough",
        _ACROSS,
        DENIED,
        account=OTHER,
        of_resource=document(allow("s3:GetObject", OWN, **to(ROLE))),
    ),
    _case(
        "across accounts both allow",
        _ACROSS,
        ALLOWED,
        account=OTHER,
        identity=(READS,),
        of_resource=document(allow("s3:GetObject", OWN, **to(f"arn:aws:iam::{PROD}:root"))),
    ),
    _case("a boundary that allows", _BOUNDARIES, ALLOWED, identity=(EVERYTHING,), boundary=READS),
    _case("a boundary allows nothing by itself", _BOUNDARIES, DENIED, boundary=EVERYTHING),
    _case(
        "a boundary that does not allow",
        _BOUNDARIES,
        DENIED,
        identity=(EVERYTHING,),
        boundary=READS,
        action="s3:PutObject",
    ),
    _case(
        "a boundary that denies",
        _BOUNDARIES,
        FORBIDDEN,
        identity=(EVERYTHING,),
        boundary=document(allow("*"), deny("s3:GetObject")),
    ),
    _case(
        "a boundary narrows what a bucket gives to the role",
        _BOUNDARIES,
        DENIED,
        boundary=document(allow("sqs:*")),
        of_resource=document(allow("s3:GetObject", OWN, **to(ROLE))),
    ),
    _case(
        "a boundary does not narrow what a bucket gives to the session",
        _BOUNDARIES,
        ALLOWED,
        boundary=document(allow("sqs:*")),
        of_resource=document(allow("s3:GetObject", OWN, **to(SESSION))),
    ),
    _case(
        "all but what is named",
        _GUIDE + "reference_policies_elements_notaction.html",
        DENIED,
        identity=(document({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}),),
    ),
    _case(
        "what is not named is denied",
        _GUIDE + "reference_policies_elements_notresource.html",
        FORBIDDEN,
        identity=(EVERYTHING, document({"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::other/*"})),
    ),
    _case(
        "a key that is absent fulfils what is negated",
        _OPERATORS,
        FORBIDDEN,
        identity=(EVERYTHING, document(deny("s3:*", **when("StringNotEquals", aws__PrincipalOrgID="o-acme")))),
    ),
    _case(
        "a key that is absent fulfils nothing else",
        _OPERATORS,
        DENIED,
        identity=(document(allow("s3:*", **when("StringEquals", aws__PrincipalOrgID="o-acme"))),),
    ),
    _case(
        "a key that may be absent",
        _OPERATORS,
        ALLOWED,
        identity=(document(allow("s3:*", **when("StringEqualsIfExists", aws__PrincipalOrgID="o-acme"))),),
    ),
)


def _all_but(*names: str) -> Document:
    return document({"Effect": "Deny", "NotPrincipal": {"AWS": list(names)}, "Action": "s3:*", "Resource": OWN})


_EXCEPTIONS = (
    _case(
        "account, role and session are left out",
        _NOT_PRINCIPAL,
        ALLOWED,
        identity=(READS,),
        of_resource=_all_but(f"arn:aws:iam::{PROD}:root", ROLE, SESSION),
    ),
    _case(
        "the account is not left out",
        _NOT_PRINCIPAL,
        FORBIDDEN,
        identity=(READS,),
        of_resource=_all_but(ROLE, SESSION),
        second=ALLOWED,
    ),
    _case(
        "the role is not left out",
        _NOT_PRINCIPAL,
        FORBIDDEN,
        identity=(READS,),
        of_resource=_all_but(f"arn:aws:iam::{PROD}:root", SESSION),
        second=ALLOWED,
    ),
    _case(
        "somebody else is left out",
        _NOT_PRINCIPAL,
        FORBIDDEN,
        identity=(READS,),
        of_resource=_all_but(f"arn:aws:iam::{OTHER}:root", f"arn:aws:iam::{OTHER}:role/other"),
    ),
    _case(
        "who has a boundary is not left out",
        _NOT_PRINCIPAL,
        FORBIDDEN,
        identity=(READS,),
        boundary=EVERYTHING,
        of_resource=_all_but(f"arn:aws:iam::{PROD}:root", ROLE, SESSION),
    ),
    _case(
        "aws:PrincipalArn is the role of a session",
        _GLOBAL_KEYS,
        ALLOWED,
        identity=(READS,),
        of_resource=document(deny("s3:*", OWN, Principal="*", **when("ArnNotEquals", aws__PrincipalArn=ROLE))),
        context={"aws:PrincipalArn": ROLE},
    ),
    _case(
        "aws:PrincipalArn of another role",
        _GLOBAL_KEYS,
        FORBIDDEN,
        identity=(READS,),
        of_resource=document(deny("s3:*", OWN, Principal="*", **when("ArnNotEquals", aws__PrincipalArn=ROLE + "2"))),
        context={"aws:PrincipalArn": ROLE},
    ),
)

_OWN_FOLDER = allow("s3:GetObject", "arn:aws:s3:::own-data/${aws:username}/*")
_AS_ADA = {"principal": USER, "context": {"aws:username": "ada"}}


_FILLED_IN = (
    _case("one's own folder", _VARIABLES, ALLOWED, identity=(document(_OWN_FOLDER),), **_AS_ADA),
    _case(
        "another's folder",
        _VARIABLES,
        DENIED,
        identity=(document(_OWN_FOLDER),),
        principal=USER,
        context={"aws:username": "bob"},
    ),
    *(
        _case(
            f"no variables in {version or 'no'} version",
            _VERSION,
            DENIED,
            identity=(document(_OWN_FOLDER, version=version),),
            second=ALLOWED,
            **_AS_ADA,
        )
        for version in ("2008-10-17", "")
    ),
)

_BOOTSTRAP = document(*policy_statements(BUCKET, [PROD]))
_READER = {"principal": SESSION, "account": DEVOPS, "resource": CODE, "of_resource": _BOOTSTRAP}
_WRITER = _READER | {"principal": f"arn:aws:sts::{DEVOPS}:assumed-role/artifacts/ada", "identity": (EVERYTHING,)}
_TLS, _CLEAR = {"aws:SecureTransport": "true"}, {"aws:SecureTransport": "false"}

_OF_THE_BUCKET = (
    _case("an environment reads code", _ACROSS, ALLOWED, identity=(READS,), context=_TLS, **_READER),
    _case(
        "an environment reads a version of code",
        _ACROSS,
        ALLOWED,
        identity=(document(allow("s3:GetObjectVersion")),),
        context=_TLS,
        **_READER | {"action": "s3:GetObjectVersion"},
    ),
    _case("an environment needs its own rights, too", _ACROSS, DENIED, context=_TLS, **_READER),
    _case(
        "an environment reads no records",
        _ACROSS,
        DENIED,
        identity=(EVERYTHING,),
        context=_TLS,
        **_READER | {"resource": RECORD},
    ),
    _case(
        "an environment writes no code",
        _ACROSS,
        DENIED,
        identity=(EVERYTHING,),
        context=_TLS,
        **_READER | {"action": "s3:PutObject"},
    ),
    _case(
        "an account that is no environment reads nothing",
        _ACROSS,
        DENIED,
        identity=(EVERYTHING,),
        context=_TLS,
        **_READER | {"principal": f"arn:aws:sts::{OTHER}:assumed-role/deployer/ada"},
    ),
    _case("nobody reads in clear text", _TLS_ONLY, FORBIDDEN, identity=(READS,), context=_CLEAR, **_READER),
    _case("devops writes", _TLS_ONLY, ALLOWED, action="s3:PutObject", context=_TLS, **_WRITER),
    _case(
        "devops does not write in clear text", _TLS_ONLY, FORBIDDEN, action="s3:PutObject", context=_CLEAR, **_WRITER
    ),
    _case(
        "devops does not list in clear text",
        _TLS_ONLY,
        FORBIDDEN,
        action="s3:ListBucket",
        context=_CLEAR,
        **_WRITER | {"resource": f"arn:aws:s3:::{BUCKET}"},
    ),
)

_HOME = to(f"arn:aws:iam::{DEVOPS}:root")
_ASSUMED = {"Effect": "Allow", "Action": "sts:AssumeRole", **_HOME}
_BY_ID = _ASSUMED | when("StringEquals", sts__ExternalId="acme-7")
_TRUST = document(_BY_ID, {"Effect": "Allow", "Action": "sts:SetSourceIdentity", **_HOME})
_IN_ONE = document(_BY_ID | {"Action": ["sts:AssumeRole", "sts:SetSourceIdentity"]})
_TRUST_ALONE = document(_ASSUMED)
_INSISTING = document(_ASSUMED | when("StringLike", sts__SourceIdentity="*"))
_DEVELOPER = f"arn:aws:iam::{DEVOPS}:user/ada"
_MAY_ASSUME = (document(allow("sts:*")),)


def _trusts(name: str, source: str, verdict: str, trust: Document, action: str = "AssumeRole", **told: Any) -> Case:
    plain = {"principal": _DEVELOPER, "resource": ROLE, "identity": _MAY_ASSUME}
    return _case(name, source, verdict, action=f"sts:{action}", of_resource=trust, **plain | told)


_ACME, _ADA = {"sts:ExternalId": "acme-7"}, {"sts:SourceIdentity": "ada"}
_OF_TRUST = (
    _trusts("the external id is right", _EXTERNAL_ID, ALLOWED, _TRUST, context=_ACME),
    _trusts("the external id is wrong", _EXTERNAL_ID, DENIED, _TRUST, context={"sts:ExternalId": "acme-8"}),
    _trusts("there is no external id", _EXTERNAL_ID, DENIED, _TRUST),
    _trusts("the caller may not", _ACROSS, DENIED, _TRUST, context=_ACME, identity=()),
    _trusts("another account", _ACROSS, DENIED, _TRUST, context=_ACME, principal=f"arn:aws:iam::{OTHER}:user/ada"),
    _trusts("a name is taken", _SOURCE_IDENTITY, ALLOWED, _TRUST, "SetSourceIdentity", context=_ADA),
    _trusts("a name is no matter of the external id", _STS, DENIED, _IN_ONE, "SetSourceIdentity", context=_ADA),
    _trusts("no name is taken", _SOURCE_IDENTITY, DENIED, _TRUST_ALONE, "SetSourceIdentity", context=_ADA),
    _trusts("a name is asked for", _SOURCE_IDENTITY, DENIED, _INSISTING),
    _trusts("a name that is asked for is said", _SOURCE_IDENTITY, ALLOWED, _INSISTING, context=_ADA),
)

_GUARDED = (EVERYTHING, document(deny("iam:CreateRole", **when("StringNotEquals", iam__PermissionsBoundary=BOUNDARY))))
_OF_ROLE = {"action": "iam:CreateRole", "resource": f"arn:aws:iam::{PROD}:role/of-orders", "identity": _GUARDED}
_PASSES = (
    document(allow("iam:PassRole", f"arn:aws:iam::{PROD}:role/*-prod-*"))
    | {"Statement": [allow("iam:PassRole", ROLE, **when("StringEquals", iam__PassedToService="lambda.amazonaws.com"))]},
)
_PASSED = {"action": "iam:PassRole", "resource": ROLE, "identity": _PASSES}
_WRITES_ONCE = (
    EVERYTHING,
    document(
        deny("s3:PutObject")
        | {"Condition": {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}}}
    ),
)
_WRITTEN = {"action": "s3:PutObject", "identity": _WRITES_ONCE}

_GUARDS = (
    _case("a role under the boundary", _BOUNDARIES, ALLOWED, context={"iam:PermissionsBoundary": BOUNDARY}, **_OF_ROLE),
    _case("a role without a boundary", _BOUNDARIES, FORBIDDEN, **_OF_ROLE),
    _case(
        "a role under another", _BOUNDARIES, FORBIDDEN, context={"iam:PermissionsBoundary": BOUNDARY + "s"}, **_OF_ROLE
    ),
    _case(
        "a role is passed to Lambda",
        _PASSING,
        ALLOWED,
        context={"iam:PassedToService": "lambda.amazonaws.com"},
        **_PASSED,
    ),
    _case(
        "a role is passed to Glue", _PASSING, DENIED, context={"iam:PassedToService": "glue.amazonaws.com"}, **_PASSED
    ),
    _case(
        "what is not there is written",
        _CONDITIONAL_WRITES,
        ALLOWED,
        context={"s3:if-none-match": "*", "s3:ObjectCreationOperation": "true"},
        **_WRITTEN,
    ),
    _case(
        "what may be there is not overwritten",
        _CONDITIONAL_WRITES,
        FORBIDDEN,
        context={"s3:ObjectCreationOperation": "true"},
        **_WRITTEN,
    ),
    _case(
        "a part of an upload",
        _CONDITIONAL_WRITES,
        ALLOWED,
        context={"s3:ObjectCreationOperation": "false"},
        **_WRITTEN,
    ),
)

CASES = (*_LOGIC, *_EXCEPTIONS, *_FILLED_IN, *_OF_THE_BUCKET, *_OF_TRUST, *_GUARDS)


def told(cases: tuple[Case, ...]) -> bytes:
    """What a judge reads."""
    return canonical_json([attrs.asdict(case) for case in cases]).encode("ascii")
