"""Where roles and policies of a stack lie, and what bounds them, where `bootstrap` made the environment's roles.

CloudFormation may make them there and under that boundary only, so a template that says something else would fail in
the middle of a deploy.
"""

from __future__ import annotations

from collections.abc import Iterator

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.plan.template.parts import Json

__all__ = ["with_role_paths"]

_UNDER_A_BOUNDARY = ("AWS::IAM::Role",)
_BELOW_THE_PATH = ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy")
_NEVER = ("AWS::IAM::AccessKey", "AWS::IAM::Group", "AWS::IAM::User", "AWS::IAM::UserPolicy")
"""Somebody with a name and a password is nothing that a unit makes."""


def with_role_paths(found: Json, place: Environment, *, where: str) -> Json:
    """The template with path and boundary in every role and every managed policy; as it is, without such roles.

    Raises:
        ConfigurationError: it says another path or boundary, or makes a user.
    """
    if not place.prefix:
        return found
    resources = {name: _placed(name, body, place, where) for name, body in found["Resources"].items()}
    return {**found, "Resources": resources}


def _placed(name: str, body: Json, place: Environment, where: str) -> Json:
    if body["Type"] in _NEVER:
        what = f"Resources.{name} is of type {body['Type']}, which no stack of {place.name} may make"
        raise ConfigurationError(where, what, hint="give the unit's function or job what it needs by its own role")
    if body["Type"] not in _BELOW_THE_PATH:
        return body
    properties = dict(body.get("Properties", {}))
    for key, wanted in _wanted(body["Type"], place):
        said = properties.setdefault(key, wanted)
        if said != wanted and not (key == "Path" and str(said).startswith(wanted)):
            what = f"Resources.{name}.Properties.{key} is {said!r}, allowed in {place.name} is {wanted!r}"
            raise ConfigurationError(where, what, hint=f"leave `{key}` out: it is added")
    return {**body, "Properties": properties}


def _wanted(kind: str, place: Environment) -> Iterator[tuple[str, str]]:
    yield "Path", place.role_path
    if kind in _UNDER_A_BOUNDARY:
        yield "PermissionsBoundary", place.boundary_arn
