"""What a unit's ``stack.py`` can read about the unit, and what it can ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.environment import Environment
from multi_env_lambda.model.project import Project
from multi_env_lambda.plan.template.parts import Json, get_att, logical_id, ref

__all__ = ["Context", "Requests"]


@attrs.frozen
class Requests:
    """What ``extend`` asked for, in order; applied when it has returned."""

    grants: list[tuple[str, Json]] = attrs.field(factory=list)
    variables: list[tuple[str, str, Any]] = attrs.field(factory=list)
    merges: list[tuple[str, Mapping[str, Any]]] = attrs.field(factory=list)


@attrs.frozen(kw_only=True)
class Context:
    """The second argument of ``extend(template, context)``.

    The references are CloudFormation's own (``{"Ref": …}``), and work wherever cottonformation accepts a string.
    """

    project: Project
    environment: Environment
    bucket: str
    where: str
    requests: Requests = attrs.field(factory=Requests, repr=False)

    def function(self, key: str) -> Json:
        """A reference to a function; its value is the function's name."""
        return ref(self._function(key, "Function"))

    def function_arn(self, key: str) -> Json:
        """The ARN of a function without an alias: for permissions, not for invoking it."""
        return get_att(self._function(key, "Function"), "Arn")

    def alias(self, key: str) -> Json:
        """The ARN of a function's alias ``live``: the target for events and other callers."""
        return ref(self._function(key, "Alias"))

    def job(self, key: str) -> Json:
        """A reference to a Glue job; its value is the job's name."""
        if key not in self._jobs:
            raise self._unknown(key, self._jobs)
        return ref(logical_id(key, "Job"))

    def role(self, key: str) -> Json:
        """A reference to the role of a function, or of a job; its value is the role's name."""
        return ref(self._role(key))

    def role_arn(self, key: str) -> Json:
        return get_att(self._role(key), "Arn")

    def allow(self, key: str, actions: Iterable[str], resources: Iterable[Any]) -> None:
        """Allow a function or a job actions on resources (ARNs, or references to them)."""
        named = list(resources)
        if isinstance(actions, str) or not named or any(hasattr(resource, "AWS_OBJECT_TYPE") for resource in named):
            raise ConfigurationError(
                self.where,
                f"context.allow({key!r}, …): actions must be a list of strings, and resources a list of ARNs",
                hint="write [bucket.rv_Arn] instead of [bucket], and at least one of each",
            )
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": named}
        self.requests.grants.append((self._role(key), statement))

    def set_environment(self, key: str, name: str, value: Any) -> None:
        """Give a function an environment variable: a text, or a reference to something that ``extend`` added."""
        self.requests.variables.append((self._function(key, "Function"), name, value))

    def merge(self, logical_id: str, body: Mapping[str, Any]) -> None:
        """Change any resource in CloudFormation's own syntax, or add one; None removes a property.

        For what cottonformation does not know: ``merge("CreateFunction", {"Properties": {"RecursiveLoop": "Allow"}})``.
        """
        self.requests.merges.append((logical_id, body))

    @property
    def _functions(self) -> tuple[str, ...]:
        return tuple(function.key for function in self.project.settings[self.environment.name].functions)

    @property
    def _jobs(self) -> tuple[str, ...]:
        return tuple(job.key for job in self.project.settings[self.environment.name].jobs)

    def _function(self, key: str, kind: str) -> str:
        if key not in self._functions:
            raise self._unknown(key, self._functions)
        return logical_id(key, kind)

    def _role(self, key: str) -> str:
        if key in self._functions:
            return logical_id(key, "Role")
        if key in self._jobs:
            return logical_id(key, "JobRole")
        raise self._unknown(key, self._functions + self._jobs)

    def _unknown(self, key: str, known: tuple[str, ...]) -> ConfigurationError:
        return ConfigurationError(
            self.where,
            f"{self.project.name} has no {key!r} in {self.environment.name}",
            hint=f"it has: {', '.join(known) or 'none'}",
        )
