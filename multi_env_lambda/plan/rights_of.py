"""A template -> who may do what: every policy wherever it is, and what opens something without a policy.

A policy is whatever has statements with an effect, in any property of any type, also as text: no type has to be known
for its policy to be seen. What is computed is read as far as possible, and otherwise shown as written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from multi_env_lambda.masking import masked
from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.right import ELSEWHERE, Kind, Right
from multi_env_lambda.plan.api_bodies import open_routes
from multi_env_lambda.plan.computed import (
    Computed,
    Json,
    Place,
    computed_of,
    is_computed,
    is_unread,
    may_be_absent,
    type_of,
)
from multi_env_lambda.plan.rights_documents import NAMED_AT_WILL, OPTIONAL, statements
from multi_env_lambda.plan.rights_in_other_words import gives_rights

__all__ = ["ROLES", "bare", "rights_of"]

_HOLDERS = {
    "Roles": "AWS::IAM::Role",
    "Users": "AWS::IAM::User",
    "Groups": "AWS::IAM::Group",
    "RoleName": "AWS::IAM::Role",
    "UserName": "AWS::IAM::User",
    "GroupName": "AWS::IAM::Group",
}
"""To whom a policy is attached, and the type that it has if it is in the same stack."""
_IDENTITIES = ("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group")
ROLES = ("AWS::IAM::Role", "AWS::IAM::InstanceProfile")
_OF_A_ROLE = (
    *("Role", "Roles", "RoleArn", "RoleARN", "RoleArns", "roleArn", "InstanceProfile"),
    *("Credentials", "CredentialsArn"),
)
_NESTED = ("AWS::CloudFormation::Stack", "AWS::CloudFormation::StackSet", "AWS::CloudFormation::Macro")


def rights_of(template: str | None, place: Place) -> tuple[Right, ...]:
    """Every right that a template grants or denies, in a fixed order; None is no stack."""
    if template is None:
        return ()
    document = json.loads(template)
    computed = computed_of(document, place)
    reader = _Reader(computed=computed, named=frozenset(_names(document.get("Resources", {}), computed)))
    found = {right for name, body in document.get("Resources", {}).items() for right in reader.of_resource(name, body)}
    if "Transform" in document:
        found.add(Right(kind="unread", holder="Transform", resources=(canonical_json(document["Transform"]),)))
    return tuple(sorted(found))


def _names(resources: Json, computed: Computed) -> Iterator[tuple[str, str]]:
    """The types and names of a template's own roles, users and groups, where the name is certain."""
    for body in resources.values():
        if body["Type"] in _IDENTITIES and "Condition" not in body:
            for key in ("RoleName", "UserName", "GroupName"):
                found = computed.texts(body.get("Properties", {}).get(key))
                yield from [(body["Type"], found[0])] if len(found) == 1 and not is_unread(found[0]) else ()


@attrs.frozen(kw_only=True)
class _Reader:
    """Reads the resources of one template.

    ``named``: what its own roles, users and groups are called.
    """

    computed: Computed
    named: frozenset[tuple[str, str]] = frozenset()

    @property
    def _texts(self) -> Callable[[Any], tuple[str, ...]]:
        return self.computed.texts

    def of_resource(self, name: str, body: Json) -> Iterator[Right]:
        type_, properties = body["Type"], body.get("Properties", {})
        holders = self._holders(name, type_, properties)
        is_optional = "Condition" in body or any('"Fn::If"' in canonical_json(properties.get(key)) for key in _HOLDERS)
        for path, statement in statements(properties, self.computed):
            if isinstance(statement, str):
                yield Right(kind="unread", holder=name, resources=(statement,))
            else:
                found = self._reaching(type_, properties, self._statement(name, type_, holders, path, statement))
                yield _unsure(found) if found.denies and (is_optional or _may_be_absent(path, statement)) else found
        for arn in self._texts(properties.get("ManagedPolicyArns")) if type_ in _IDENTITIES else ():
            yield Right(kind="managed policy", holder=name, who=holders, resources=(arn,))
        if "PermissionsBoundary" in properties:
            bounds = self._texts(properties["PermissionsBoundary"])
            bounds += ("nothing",) if may_be_absent(properties["PermissionsBoundary"]) else ()
            yield Right(kind="boundary", holder=name, who=holders, resources=bounds)
        for role in _roles(properties) if not type_.startswith("AWS::IAM::") else ():
            yield Right(kind="role", holder=name, who=(name,), resources=self._names_of_roles(role))
        if type_ in _NESTED or "Fn::Transform" in canonical_json(body):
            yield Right(kind="unread", holder=name, resources=(type_,))
        if gives_rights(type_, properties, self.computed):
            written = masked(canonical_json(self.computed.filled(properties)))
            yield Right(kind="other words", holder=name, actions=(type_,), resources=(written,))
        yield from self._without_a_policy(name, type_, properties)

    def _names_of_roles(self, role: Any) -> tuple[str, ...]:
        """``${MainRole.Arn}`` for one of this template; what is called after another resource can be any role."""
        found = []
        for each in self.computed.each(role):
            text = self.computed.text(each)
            is_other = text.startswith("${") and type_of(text, self.computed.types) not in ROLES
            found.append(canonical_json(each) if is_other else text)
        return tuple(found)

    def _holders(self, name: str, type_: str, properties: Json) -> tuple[str, ...]:
        """Who a policy without principals is about."""
        if type_ in _IDENTITIES or not type_.startswith("AWS::IAM::"):
            return (name,)
        found = [self._identity(text, _HOLDERS[key]) for key in _HOLDERS for text in self._texts(properties.get(key))]
        return tuple(found) or (f"anyone who has {name}",)

    def _identity(self, text: str, kind: str) -> str:
        """A role, user or group by its logical id or its name, and whether it is one of the stack."""
        is_own = type_of(text, self.computed.types) == kind or (kind, text) in self.named
        return bare(text) if is_own else f"{text}{ELSEWHERE}"

    def _statement(
        self, name: str, type_: str, holders: tuple[str, ...], path: tuple[str, ...], statement: Json
    ) -> Right:
        principals = tuple(self._principals(statement))
        kind: Kind = "resource policy" if principals else "permission"
        if type_.startswith("AWS::IAM::"):
            # A policy of an identity names nobody: a principal in it may be one that is left out in the end.
            kind, principals = ("trust", principals) if "AssumeRolePolicyDocument" in path else ("permission", ())
        condition = self.computed.filled(statement.get("Condition"))
        return Right(
            kind=kind,
            holder=name,
            who=principals or holders,
            effect=_effect(self._texts(statement["Effect"])),
            actions=self._listed(statement, "Action"),
            resources=self._listed(statement, "Resource") or (name,),
            condition=canonical_json(condition) if condition else "",
        )

    def _reaching(self, type_: str, properties: Json, right: Right) -> Right:
        """A right of a policy that says itself what it is attached to, where a pattern takes in whatever that is."""
        if right.kind != "resource policy" or not type_.endswith("Policy"):
            return right
        plain = (value for key, value in properties.items() if key != "PolicyName" and not _is_document(value))
        attached = tuple(bare(text) for value in plain for text in self._texts(value))
        if right.resources == (right.holder,):
            return attrs.evolve(right, resources=(right.holder, *attached))
        found = (_each_of(text, attached) if "*" in text or "?" in text else (text,) for text in right.resources)
        return attrs.evolve(right, resources=tuple(text for texts in found for text in texts))

    def _principals(self, statement: Json) -> Iterator[str]:
        for key in ("Principal", "NotPrincipal"):
            for each in self.computed.each(statement.get(key)):
                found = each if isinstance(each, dict) and not is_computed(each) else {"AWS": each}
                for kind, value in found.items():
                    prefix = "everybody but " if key == "NotPrincipal" else ""
                    known = kind in ("AWS", "Service")
                    yield from (f"{prefix}{text if known else f'{kind} {text}'}" for text in self._texts(value))

    def _listed(self, statement: Json, key: str) -> tuple[str, ...]:
        if f"Not{key}" in statement:
            return (f"everything but {', '.join(map(_apart, self._texts(statement[f'Not{key}'])))}",)
        return self._texts(statement.get(key))

    def _without_a_policy(self, name: str, type_: str, properties: Json) -> Iterator[Right]:
        """What opens something to somebody without statements."""
        match type_:
            case "AWS::Lambda::Permission":
                yield self._permission(name, properties, "FunctionName")
            case "AWS::Lambda::LayerVersionPermission":
                yield self._permission(name, properties, "LayerVersionArn")
            case "AWS::Events::EventBusPolicy" if "Principal" in properties:
                yield self._permission(name, properties, "EventBusName")
            case "AWS::RAM::ResourceShare":
                things = self._texts(properties.get("ResourceArns")) or (name,)
                who = self._texts(properties.get("Principals"))
                yield Right(kind="resource policy", holder=name, who=who, actions=("use",), resources=things)
            case "AWS::IAM::UserToGroupAddition":
                group = self._texts(properties.get("GroupName"))
                users = (self._identity(text, "AWS::IAM::User") for text in self._texts(properties.get("Users")))
                yield Right(kind="role", holder=name, who=tuple(users), resources=group)
            case "AWS::ApiGateway::RestApi":
                for route in open_routes(properties, self.computed) or ():
                    yield Right(kind="public", holder=name, resources=(route,))
            case "AWS::IAM::InstanceProfile" | "AWS::IAM::AccessKey":
                yield from self._lent(name, type_, properties)
            case _ if _is_public(type_, properties, self._texts):
                keys = ("TargetFunctionArn", "RouteKey", "HttpMethod", "BucketName")
                things = next((self._texts(properties[key]) for key in keys if key in properties), ())
                how = self._texts(properties.get("AccessControl"))
                yield Right(kind="public", holder=name, actions=how, resources=tuple(map(bare, things)) or (name,))
            case _:
                return

    def _lent(self, name: str, type_: str, properties: Json) -> Iterator[Right]:
        """A role, or a user's key, that is not of the stack: nobody can read here what it may do."""
        key, kind = ("UserName", "AWS::IAM::User") if type_.endswith("Key") else ("Roles", "AWS::IAM::Role")
        for text in self._texts(properties.get(key)):
            if self._identity(text, kind).endswith(ELSEWHERE):
                yield Right(kind="role", holder=name, who=(name,), resources=(text,))

    def _permission(self, name: str, properties: Json, thing: str) -> Right:
        rest = {key: value for key, value in properties.items() if key not in ("Principal", "Action", thing)}
        return Right(
            kind="resource policy",
            holder=name,
            who=self._texts(properties.get("Principal")),
            actions=self._texts(properties.get("Action")),
            resources=tuple(map(bare, self._texts(properties.get(thing)))) or (name,),
            condition=canonical_json(self.computed.filled(rest)) if rest else "",
        )


def _is_document(value: Any) -> bool:
    """Whether a property is no name and no list of names."""
    if isinstance(value, list):
        return any(map(_is_document, value))
    return not (isinstance(value, str) or is_computed(value)) or '"Statement' in canonical_json(value)


def _each_of(pattern: str, attached: tuple[str, ...]) -> tuple[str, ...]:
    """What a pattern can be at most: that to which its policy is attached."""
    return tuple(f"{pattern} of {name}" for name in attached) or (pattern,)


def _apart(text: str) -> str:
    """A name in a list: one with a comma is no two names."""
    return json.dumps(text) if "," in text else text


def _may_be_absent(path: tuple[str, ...], statement: Json) -> bool:
    """Whether a statement, or something that it is about, may be left out when the stack is created."""
    about = {key: value for key, value in statement.items() if key not in ("Effect", "Condition")}
    return OPTIONAL in path or f'"{OPTIONAL}"' in canonical_json(about)


def _unsure(denial: Right) -> Right:
    """A denial that may be left out: it denies less than one that is there for certain."""
    condition = json.loads(denial.condition) if denial.condition else {}
    return attrs.evolve(denial, condition=canonical_json({**condition, OPTIONAL: "it may be left out"}))


def _effect(said: tuple[str, ...]) -> str:
    """The effect of a statement: whatever is not certainly a denial may turn out to be an allowance."""
    others = [effect for effect in said if effect != "Deny"]
    if said and not others:
        return "Deny"
    return "Allow" if not others or "Allow" in others else others[0]


def _roles(value: Any) -> Iterator[Any]:
    """The roles that are passed to something, at any depth."""
    match value:
        case dict():
            for key, each in value.items():
                if key.endswith(_OF_A_ROLE) or (_is_arn_of_a_role(each) and "Principal" not in key):
                    yield from _named_by(each)
                elif key not in (*NAMED_AT_WILL, "Statement"):
                    yield from _roles(each)
        case list():
            for each in value:
                yield from _roles(each)
        case _:
            return


def _is_arn_of_a_role(value: Any) -> bool:
    """Whether a property is the ARN of a role, whatever the property is called."""
    text = value if isinstance(value, str) else canonical_json(value) if is_computed(value) else ""
    return re.search(r":iam::\S*?:(role|instance-profile)/", text) is not None and "Statement" not in text


def _named_by(value: Any) -> Iterator[Any]:
    """The roles of a property that has one, a list, or one for each of several purposes."""
    match value:
        case list():
            yield from value
        case dict() if not is_computed(value):
            yield from (each for each in value.values() if isinstance(each, str) or is_computed(each))
            yield from _roles(value)
        case _:
            yield value


def _is_public(type_: str, properties: Json, texts: Callable[[Any], tuple[str, ...]]) -> bool:
    """Whether something answers everybody."""
    match type_:
        case "AWS::Lambda::Url":
            return set(texts(properties.get("AuthType"))) != {"AWS_IAM"}
        case "AWS::ApiGatewayV2::Route":
            return _is_open(properties.get("AuthorizationType"), texts)
        case "AWS::ApiGatewayV2::Api":
            return "Target" in properties
        case "AWS::ApiGateway::Method":
            return _is_open(properties.get("AuthorizationType"), texts) and not _answers_by_itself(properties)
        case "AWS::S3::Bucket":
            access = texts(properties.get("AccessControl"))
            return any(text.startswith(("Public", "Authenticated")) or is_unread(text) for text in access)
        case _:
            return False


def _answers_by_itself(properties: Json) -> bool:
    """Whether a method calls nobody: the answer to a browser that asks what it may send."""
    integration = properties.get("Integration")
    return not isinstance(integration, dict) or integration.get("Type") == "MOCK"


def _is_open(kind: Any, texts: Callable[[Any], tuple[str, ...]]) -> bool:
    """Whether a route may require no authentication."""
    kinds = texts(kind)
    return not kinds or may_be_absent(kind) or any(each == "NONE" or is_unread(each) for each in kinds)


def bare(text: str) -> str:
    """A name of the template without the braces around it."""
    found = re.fullmatch(r"\$\{([A-Za-z0-9]+)(?:\.Arn)?\}", text)
    return found.group(1) if found else text
