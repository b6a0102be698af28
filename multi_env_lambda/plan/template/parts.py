"""The vocabulary from which templates are assembled: a resource, a part of a stack, names and references."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from multi_env_lambda.model.artifact import LayerArtifact, LibraryArtifact, RootArtifact, SourceArtifact, build_tag
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.lent import LentLayer
from multi_env_lambda.model.project import Project
from multi_env_lambda.model.settings import Function, Settings

__all__ = [
    "ALIAS",
    "Json",
    "Part",
    "Resource",
    "StackInput",
    "get_att",
    "join_parts",
    "logical_id",
    "ref",
    "tag_list",
]

Json = dict[str, Any]

ALIAS = "live"
"""The alias that everything outside a function targets."""


def logical_id(*words: str) -> str:
    """``("send-mail", "Role")`` → ``SendMailRole``."""
    pieces = (piece for word in words for piece in re.split(r"[^A-Za-z0-9]+", word))
    return "".join(piece[:1].upper() + piece[1:] for piece in pieces)


def ref(target: str) -> Json:
    return {"Ref": target}


def get_att(target: str, attribute: str) -> Json:
    return {"Fn::GetAtt": [target, attribute]}


@attrs.frozen(kw_only=True)
class Resource:
    """One resource in CloudFormation's own syntax. ``made_by`` is the table of the configuration that asked for it."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    made_by: str
    depends_on: tuple[str, ...] = ()
    retain: bool = False

    def body(self) -> Json:
        body: Json = {"Type": self.type}
        if self.properties:
            body["Properties"] = dict(self.properties)
        if self.depends_on:
            body["DependsOn"] = list(self.depends_on)
        if self.retain:
            # Plain Retain would also keep what a rolled back deploy created, and the next attempt would collide with
            # it.
            body["DeletionPolicy"] = "RetainExceptOnCreate"
            body["UpdateReplacePolicy"] = "Retain"
        return body


@attrs.frozen(kw_only=True)
class Part:
    """What one setting adds to a stack: resources, outputs, and statements for the role of its function or job."""

    resources: tuple[Resource, ...] = ()
    statements: tuple[Json, ...] = ()
    outputs: tuple[tuple[str, Json], ...] = ()


def join_parts(parts: Iterable[Part]) -> Part:
    found = tuple(parts)
    return Part(
        resources=tuple(resource for part in found for resource in part.resources),
        statements=tuple(statement for part in found for statement in part.statements),
        outputs=tuple(output for part in found for output in part.outputs),
    )


@attrs.frozen(kw_only=True)
class StackInput:
    """One unit in one environment, with the artifacts that it is to run."""

    project: Project
    environment: Environment
    bucket: str
    source: SourceArtifact
    layer: LayerArtifact | None
    libraries: tuple[LibraryArtifact, ...] = ()
    roots: tuple[RootArtifact, ...] = ()
    lent: LentLayer | None = None

    def wheel_of(self, function: Function) -> SourceArtifact | RootArtifact:
        """The code that a function runs."""
        return next(item for item in self.roots if item.root == function.root) if function.root else self.source

    @property
    def settings(self) -> Settings:
        return self.project.settings[self.environment.name]

    @property
    def where(self) -> str:
        return f"{self.project.folder}/pyproject.toml"

    @property
    def stack_name(self) -> str:
        return self.project.stack_name(self.environment.name)

    @property
    def partition(self) -> str:
        return self.environment.partition

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something in this environment's account and region."""
        place = f"{self.environment.region}:{self.environment.account_id}"
        return f"arn:{self.partition}:{service}:{place}:{resource}"

    @property
    def tags(self) -> Json:
        """The property ``Tags`` of most types; nothing if there are no tags."""
        return tag_list(self.settings.tags)


def made_up_roots(project: Project, digest: str) -> tuple[RootArtifact, ...]:
    """For a template of a unit that is not built, so that it does not matter which bytes the template names."""
    return tuple(
        RootArtifact(
            project=project.name,
            root=root,
            version=project.version_or_none,
            build=build_tag(project.roots, root),
            digest=digest,
            wheel_sha256=digest,
        )
        for root in project.roots
    )


def tag_list(tags: tuple[tuple[str, str], ...]) -> Json:
    return {"Tags": [{"Key": name, "Value": value} for name, value in tags]} if tags else {}
