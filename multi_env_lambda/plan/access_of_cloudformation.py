"""What CloudFormation may do in an environment whose roles `bootstrap` made: what stacks of units consist of.

It may make and change roles and policies below one path, under one boundary, and give them to what gets a role there.
Everything else of IAM is not for it: neither that boundary, nor the roles of `bootstrap`, nor anybody's user.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs

from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.access_boundary import not_by_cloudformation
from multi_env_lambda.plan.grant import Grant, arn_of, calls_of, grant_of
from multi_env_lambda.plan.handler_calls import Handlers, of_cloudformation
from multi_env_lambda.plan.named_resources import NamedResource
from multi_env_lambda.plan.permissions import NAMES_OF_CHANGE_SETS, others_layers, resolved

__all__ = ["execution_grants", "in_its_role"]

_IAM = "AWS::IAM::"
_UNDER_THE_BOUNDARY = calls_of(
    "iam",
    "AttachRolePolicy",
    "CreateRole",
    "DeleteRolePolicy",
    "DetachRolePolicy",
    "PutRolePermissionsBoundary",
    "PutRolePolicy",
)
"""What IAM tells the boundary of the role that is meant, or will be; to take a boundary away is not among them.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""
_ON_ROLES = calls_of(
    "iam",
    "DeleteRole",
    "GetRole",
    "GetRolePolicy",
    "ListAttachedRolePolicies",
    "ListRolePolicies",
    "TagRole",
    "UntagRole",
    "UpdateAssumeRolePolicy",
    "UpdateRole",
    "UpdateRoleDescription",
)
_ON_POLICIES = calls_of(
    "iam",
    "CreatePolicy",
    "CreatePolicyVersion",
    "DeletePolicy",
    "DeletePolicyVersion",
    "GetPolicy",
    "GetPolicyVersion",
    "ListEntitiesForPolicy",
    "ListPolicyVersions",
)

_CARRIED_OUT = calls_of("cloudformation", "ContinueUpdateRollback", "CreateChangeSet", "DeleteStack", "RollbackStack")
"""What CloudFormation carries out in the role that the call names, and otherwise in the one that the stack has.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
"""
_EXECUTES = "cloudformation:ExecuteChangeSet"
"""It carries out what somebody else may have prepared, in a role that nobody asks about any more. IAM knows the name of
the change set alone; ours have a beginning that nobody else's has (``aws/requests.py``).
"""


def in_its_role(place: Environment, grants: Iterable[Grant]) -> Iterator[Grant]:
    """The same statements, so that CloudFormation acts in the role of this environment and in no other.

    A stack keeps its role, and anyone who changes the stack acts in it without ``iam:PassRole``. Stacks of others may
    have names like those of units, and an administrator's role; or a change set that an administrator has prepared.
    """
    condition = {"ArnEquals": {"cloudformation:RoleArn": place.execution_role_arn}}
    # A call names a change set by its name or its ARN, and which of the two IAM compares is documented nowhere.
    names = [NAMES_OF_CHANGE_SETS, arn_of(place, "cloudformation", f"changeSet/{NAMES_OF_CHANGE_SETS}")]
    for grant in grants:
        carried_out = tuple(action for action in grant.actions if action in _CARRIED_OUT)
        others = tuple(action for action in grant.actions if action not in _CARRIED_OUT)
        if others:
            # Tags have no such key; each request that is about a change set names it.
            ours = {"StringLikeIfExists": {"cloudformation:ChangeSetName": names}}
            yield attrs.evolve(grant, actions=others, condition=ours if _EXECUTES in others else grant.condition)
        if carried_out:
            sid = f"{grant.sid}InItsRole" if others else grant.sid
            yield attrs.evolve(grant, sid=sid, actions=carried_out, condition=condition)


def execution_grants(
    config: WorkspaceConfig,
    place: Environment,
    templates: Mapping[str, str],
    handlers: Handlers,
    *,
    layers: Iterable[str] = (),
) -> tuple[Grant, ...]:
    """Statements for what the templates consist of; ``layers`` are ARNs of others' layers."""
    made = [NamedResource(stack, json.loads(text)["Resources"]) for stack, text in templates.items()]
    buckets = sorted({f"arn:aws:s3:::{config.devops.at(place.region).bucket}/projects/*"})
    return (
        grant_of("TakeCodeAndLayers", "deploy", buckets, *calls_of("s3", "GetObject", "GetObjectVersion")),
        *resolved(place, templates.values()),
        *_without_iam(place, made, handlers),
        *_of_iam(place, made),
        *others_layers(layers),
        *not_by_cloudformation(config, place),
    )


def _without_iam(place: Environment, made: Sequence[NamedResource], handlers: Handlers) -> Iterator[Grant]:
    """As for a role that deploys and makes everything itself; roles may be passed from below the path only."""
    plain = [attrs.evolve(one, resources=_others(one)) for one in made]
    for grant in of_cloudformation(place, plain, handlers, frozenset()):
        below = (f"arn:aws:iam::{place.account_id}:role{place.role_path}*",)
        yield attrs.evolve(grant, resources=below) if grant.sid == "PassRoles" else grant


def _others(one: NamedResource) -> dict[str, Mapping[str, object]]:
    return {name: body for name, body in one.resources.items() if not body["Type"].startswith(_IAM)}


def _of_iam(place: Environment, made: Sequence[NamedResource]) -> Iterator[Grant]:
    types = {body["Type"] for one in made for body in one.resources.values()}
    below = [f"arn:aws:iam::{place.account_id}:role{place.role_path}*"]
    bounded = {"StringEquals": {"iam:PermissionsBoundary": place.boundary_arn}}
    if any(name.startswith(_IAM) for name in types):
        yield grant_of("MakeRoles", "deploy", below, *_UNDER_THE_BOUNDARY, condition=bounded)
        yield grant_of("ChangeRoles", ("deploy", "destroy"), below, *_ON_ROLES)
    if "AWS::IAM::ManagedPolicy" in types:
        policies = [f"arn:aws:iam::{place.account_id}:policy{place.role_path}*"]
        yield grant_of("MakePolicies", ("deploy", "destroy"), policies, *_ON_POLICIES)
