"""A template -> who may do what by it: every policy wherever it stands, and what opens something without a policy.

A policy is whatever has statements with an effect, in any property of any type, also as text: no type has to be known
for its policy to be seen. What is computed is read as far as it can be, and otherwise shown as it is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from multi_env_lambda.model.digest import canonical_json
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.right import Kind, Right

__all__ = ["Place", "place_of", "rights_of"]

Json = Mapping[str, Any]

_NAMED = re.compile(r"\$\{([A-Za-z0-9:.]+)\}")
_HOLDERS = ("Roles", "Users", "Groups", "RoleName", "UserName", "GroupName")
_IDENTITIES = ("AWS::IAM::Role", "AWS::IAM::User", "AWS::IAM::Group")
_VARIABLES = ("Variables", "DefaultArguments", "Tags")
"""What is called as its author likes."""

_NESTED = ("AWS::CloudFormation::Stack", "AWS::CloudFormation::StackSet", "AWS::CloudFormation::Macro")


@attrs.frozen(kw_only=True)
class Place:
    """Where a template becomes a stack."""

    account_id: str
    region: str
    partition: str = "aws"


def place_of(environment: Environment) -> Place:
    """Where the stacks of an environment are."""
    return Place(account_id=environment.account_id, region=environment.region, partition=environment.partition)


def rights_of(template: str | None, place: Place) -> tuple[Right, ...]:
    """Every right that a template gives or denies, in a fixed order; None is no stack."""
    if template is None:
        return ()
    document = json.loads(template)
    reader = _Reader(parameters=document.get("Parameters", {}), place=place)
    found = {right for name, body in document.get("Resources", {}).items() for right in reader.of_resource(name, body)}
    if "Transform" in document:
        found.add(Right(kind="unread", holder="Transform", resources=(canonical_json(document["Transform"]),)))
    return tuple(sorted(found))


@attrs.frozen(kw_only=True)
class _Reader:
    """Reads values of one template; ``parameters`` have defaults, since no deploy gives them another value."""

    parameters: Json
    place: Place

    def of_resource(self, name: str, body: Json) -> Iterator[Right]:
        type_, properties = body["Type"], body.get("Properties", {})
        holders = self._holders(name, type_, properties)
        for path, document in _policies(properties):
            for statement in _each(document["Statement"]):
                if isinstance(statement, dict) and "Effect" in statement:
                    yield self._statement(name, holders, path, statement)
        for arn in self._texts(properties.get("ManagedPolicyArns")) if type_ in _IDENTITIES else ():
            yield Right(kind="managed policy", holder=name, who=holders, resources=(arn,))
        if "PermissionsBoundary" in properties:
            bounds = self._texts(properties["PermissionsBoundary"])
            yield Right(kind="boundary", holder=name, who=holders, resources=bounds)
        for role in _roles(properties):
            yield Right(kind="role", holder=name, who=(name,), resources=self._texts(role))
        if type_ in _NESTED or "Fn::Transform" in canonical_json(properties):
            yield Right(kind="unread", holder=name, resources=(type_,))
        yield from self._without_a_policy(name, type_, properties)

    def _holders(self, name: str, type_: str, properties: Json) -> tuple[str, ...]:
        """Who a policy without principals is about."""
        if type_ in _IDENTITIES or not type_.startswith("AWS::IAM::"):
            return (name,)
        named = [text for key in _HOLDERS for text in self._texts(properties.get(key))]
        return tuple(_bare(text) for text in named) or (f"whoever has {name}",)

    def _statement(self, name: str, holders: tuple[str, ...], path: tuple[str, ...], statement: Json) -> Right:
        principals = tuple(self._principals(statement))
        kind: Kind = "permission" if not principals else "resource policy"
        condition = statement.get("Condition")
        return Right(
            kind="trust" if "AssumeRolePolicyDocument" in path else kind,
            holder=name,
            who=principals or holders,
            effect=str(statement["Effect"]),
            actions=self._listed(statement, "Action"),
            resources=self._listed(statement, "Resource") or (name,),
            condition=canonical_json(condition) if condition else "",
        )

    def _principals(self, statement: Json) -> Iterator[str]:
        for key in ("Principal", "NotPrincipal"):
            for each in _each(statement.get(key)):
                found = each if isinstance(each, dict) and not _is_computed(each) else {"AWS": each}
                for kind, value in found.items():
                    prefix = "everybody but " if key == "NotPrincipal" else ""
                    known = kind in ("AWS", "Service")
                    yield from (f"{prefix}{text if known else f'{kind} {text}'}" for text in self._texts(value))

    def _listed(self, statement: Json, key: str) -> tuple[str, ...]:
        if f"Not{key}" in statement:
            return (f"everything but {', '.join(self._texts(statement[f'Not{key}']))}",)
        return self._texts(statement.get(key))

    def _without_a_policy(self, name: str, type_: str, properties: Json) -> Iterator[Right]:
        """What opens something to somebody, and has no statements."""
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
                yield Right(kind="role", holder=name, who=self._texts(properties.get("Users")), resources=group)
            case _ if _is_public(type_, properties, self._texts):
                keys = ("TargetFunctionArn", "RouteKey", "HttpMethod", "BucketName")
                things = next((self._texts(properties[key]) for key in keys if key in properties), ())
                yield Right(kind="public", holder=name, resources=tuple(map(_bare, things)) or (name,))
            case _:
                return

    def _permission(self, name: str, properties: Json, thing: str) -> Right:
        rest = {key: value for key, value in properties.items() if key not in ("Principal", "Action", thing)}
        return Right(
            kind="resource policy",
            holder=name,
            who=self._texts(properties.get("Principal")),
            actions=self._texts(properties.get("Action")),
            resources=tuple(map(_bare, self._texts(properties.get(thing)))) or (name,),
            condition=canonical_json({key: self._texts(value)[0] for key, value in rest.items()}) if rest else "",
        )

    def _texts(self, value: Any) -> tuple[str, ...]:
        return tuple(self._text(each) for each in _each(value))

    def _text(self, value: Any) -> str:
        match value:
            case str():
                return value
            case {"Ref": str(name)}:
                return self._named(name)
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return f"${{{name}.{attribute}}}"
            case {"Fn::GetAtt": str(path)}:
                return f"${{{path}}}"
            case {"Fn::Sub": str(text)}:
                return self._filled(text, {})
            case {"Fn::Sub": [str(text), dict(values)]}:
                return self._filled(text, values)
            case {"Fn::Join": [str(between), list(parts)]}:
                return between.join(map(self._text, parts))
            case _:
                return canonical_json(value)

    def _filled(self, text: str, values: Json) -> str:
        def fill(found: re.Match[str]) -> str:
            name = found.group(1)
            return self._text(values[name]) if name in values else self._named(name)

        return _NAMED.sub(fill, text)

    def _named(self, name: str) -> str:
        place = self.place
        known = {"AWS::AccountId": place.account_id, "AWS::Region": place.region, "AWS::Partition": place.partition}
        default = self.parameters.get(name, {}).get("Default")
        return known.get(name) or (f"${{{name}}}" if default is None else str(default))


def _each(value: Any) -> Iterator[Any]:
    """The items of a list, or the one thing; of what a condition decides both sides, each as it may become true."""
    match value:
        case None | {"Ref": "AWS::NoValue"}:
            return
        case {"Fn::If": [_, yes, no]}:
            yield from _each(yes)
            yield from _each(no)
        case list():
            for item in value:
                yield from _each(item)
        case _:
            yield value


def _policies(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Json]]:
    """Whatever has statements, with the keys on the way there."""
    match value:
        case {"Statement": _}:
            yield path, value
        case {"Fn::Sub": str(text)} | str(text) if '"Statement"' in text:
            yield from _policies(_loaded(text), path)
        case dict():
            for key, each in value.items():
                yield from _policies(each, (*path, key))
        case list():
            for each in value:
                yield from _policies(each, path)
        case _:
            return


def _loaded(text: str) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        return {"Statement": [{"Effect": "Allow", "Action": [{"Text": text}], "Resource": "*"}]}
    return None if isinstance(found, str) else found


def _roles(value: Any) -> Iterator[Any]:
    """The roles that something is given, at any depth."""
    match value:
        case dict():
            for key, each in value.items():
                if key.endswith(("Role", "RoleArn", "RoleARN")) and not isinstance(each, list):
                    yield each
                elif key not in _VARIABLES:
                    yield from _roles(each)
        case list():
            for each in value:
                yield from _roles(each)
        case _:
            return


def _is_public(type_: str, properties: Json, texts: Any) -> bool:
    """Whether something answers everybody, whoever that is."""
    match type_:
        case "AWS::Lambda::Url":
            return set(texts(properties.get("AuthType"))) != {"AWS_IAM"}
        case "AWS::ApiGatewayV2::Route":
            return "NONE" in (texts(properties.get("AuthorizationType")) or ("NONE",))
        case "AWS::ApiGatewayV2::Api":
            return "Target" in properties
        case "AWS::ApiGateway::Method":
            open_ = "NONE" in (texts(properties.get("AuthorizationType")) or ("NONE",))
            return open_ and properties.get("HttpMethod") != "OPTIONS"
        case "AWS::S3::Bucket":
            return any(text.startswith(("Public", "Authenticated")) for text in texts(properties.get("AccessControl")))
        case _:
            return False


def _is_computed(value: Json) -> bool:
    return any(key == "Ref" or key.startswith("Fn::") for key in value)


def _bare(text: str) -> str:
    """A name of the template without the braces that stand for its value."""
    found = re.fullmatch(r"\$\{([A-Za-z0-9]+)(?:\.Arn)?\}", text)
    return found.group(1) if found else text
