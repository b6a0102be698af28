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
    """The second argument of ``extend(template, context)`` in a unit's ``stack.py``.

    The references are CloudFormation's own (``{"Ref": …}``), and work wherever cottonformation accepts a string.

    >>> context.environment.name, context.environment.account_id, context.environment.region
    ('prod', '555555555555', 'us-east-1')
    >>> context.project.name
    'orders'

    Args:
        project: the unit, with its ``name`` and ``version``.
        environment: the environment that the template is for, with its ``name``, ``account_id`` and ``region``.
        bucket: the artifact bucket in the environment's region.
        where: the file, for errors.
        requests: what ``extend`` has asked for so far.
    """

    project: Project
    environment: Environment
    bucket: str
    where: str
    requests: Requests = attrs.field(factory=Requests, repr=False)

    def function(self, key: str) -> Json:
        """A reference to a function; its value is the function's name.

        >>> context.function("create")
        {'Ref': 'CreateFunction'}

        Args:
            key: the function's key, as in ``[tool.multi_env_lambda.functions.KEY]``.

        Raises:
            ConfigurationError: the unit has no such function in this environment.
        """
        return ref(self._function(key, "Function"))

    def function_arn(self, key: str) -> Json:
        """The ARN of a function without an alias: for permissions, not for invoking it.

        >>> context.function_arn("create")
        {'Fn::GetAtt': ['CreateFunction', 'Arn']}

        Args:
            key: the function's key.

        Raises:
            ConfigurationError: the unit has no such function in this environment.
        """
        return get_att(self._function(key, "Function"), "Arn")

    def alias(self, key: str) -> Json:
        """The ARN of a function's alias ``live``: the target for events and other callers.

        >>> template.add_one(
        ...     awslambda.Permission(
        ...         "CalledByTheBucket",
        ...         rp_Action="lambda:InvokeFunction",
        ...         rp_FunctionName=context.alias("create"),
        ...         rp_Principal="s3.amazonaws.com",
        ...     )
        ... )
        True
        >>> context.alias("create")
        {'Ref': 'CreateAlias'}

        Args:
            key: the function's key.

        Raises:
            ConfigurationError: the unit has no such function in this environment.
        """
        return ref(self._function(key, "Alias"))

    def job(self, key: str) -> Json:
        """A reference to a Glue job; its value is the job's name.

        >>> context.job("nightly")
        {'Ref': 'NightlyJob'}

        Args:
            key: the job's key, as in ``[tool.multi_env_lambda.jobs.KEY]``.

        Raises:
            ConfigurationError: the unit has no such job in this environment.
        """
        if key not in self._jobs:
            raise self._unknown(key, self._jobs)
        return ref(logical_id(key, "Job"))

    def role(self, key: str) -> Json:
        """A reference to the role of a function, or of a job; its value is the role's name.

        >>> template.add_one(
        ...     iam.ManagedPolicy(
        ...         "ReadTheLake",
        ...         rp_PolicyDocument={"Version": "2012-10-17", "Statement": []},
        ...         p_Roles=[context.role("create"), context.role("nightly")],
        ...     )
        ... )
        True
        >>> context.role("nightly")
        {'Ref': 'NightlyJobRole'}

        Args:
            key: the key of the function or of the job.

        Raises:
            ConfigurationError: the unit has neither in this environment.
        """
        return ref(self._role(key))

    def role_arn(self, key: str) -> Json:
        """The ARN of the role of a function, or of a job: for the policy of something else, such as a bucket.

        >>> context.role_arn("create")
        {'Fn::GetAtt': ['CreateRole', 'Arn']}

        Args:
            key: the key of the function or of the job.

        Raises:
            ConfigurationError: the unit has neither in this environment.
        """
        return get_att(self._role(key), "Arn")

    def allow(self, key: str, actions: Iterable[str], resources: Iterable[Any]) -> None:
        """Allow a function or a job actions on resources.

        >>> table = dynamodb.Table("Orders", rp_KeySchema=[dynamodb.PropTableKeySchema("id", "HASH")])
        >>> template.add_one(table)
        True
        >>> context.allow("create", ["dynamodb:PutItem"], [table.rv_Arn])

        Args:
            key: the key of the function or of the job.
            actions: a list, such as ``["s3:GetObject"]``.
            resources: a list of ARNs, or of references to them (``table.rv_Arn``).

        Raises:
            ConfigurationError: the unit has neither in this environment; or one of the two is no list, or empty.
        """
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
        """Give a function an environment variable.

        >>> context.set_environment("create", "TABLE", {"Ref": "Orders"})
        >>> context.set_environment("create", "STAGE", context.environment.name)

        Args:
            key: the function's key.
            name: of the variable.
            value: a text, or a reference to something that ``extend`` added (``table.ref()``).

        Raises:
            ConfigurationError: the unit has no such function in this environment.
        """
        self.requests.variables.append((self._function(key, "Function"), name, value))

    def merge(self, logical_id: str, body: Mapping[str, Any]) -> None:
        """Change any resource in CloudFormation's own syntax, or add one; None removes a property.

        It is for what cottonformation does not know.

        >>> context.merge("CreateFunction", {"Properties": {"RecursiveLoop": "Allow"}})
        >>> context.merge("News", {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "News"}})

        Args:
            logical_id: the resource's name in the template.
            body: what is merged into it, key by key.
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
            settings = self.project.settings[self.environment.name]
            role = next(function.role for function in settings.functions if function.key == key)
            if role is not None:
                what = f"functions.{key} has the role {role}, which exists already: the stack has none for it"
                raise ConfigurationError(self.where, what, hint="allow it in that role itself, or remove `role`")
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
