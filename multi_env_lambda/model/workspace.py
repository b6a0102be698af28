"""The repository's own table: the devops account, the environments in promotion order, and the rules for all."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.environment import DEFAULT_ROLE_NAME, Devops, Environment
from multi_env_lambda.model.name import ACCOUNT_ID, ENVIRONMENT_NAME, REGION, ROLE_NAME, WORKSPACE_ID, check_bucket
from multi_env_lambda.model.reading import Table, did_you_mean, enumerated

__all__ = ["WorkspaceConfig", "read_workspace", "tool_table"]

_IN_PROJECT = "that belongs into a unit's own file, projects/<name>/pyproject.toml"
_PROJECT_KEYS = ("runtime", "architecture", "needs", "shared", "versioning", "functions", "jobs", "tags")


@attrs.frozen(kw_only=True)
class WorkspaceConfig:
    """What the root ``pyproject.toml`` says; ``keep`` is how many releases per unit are kept for rolling back.

    ``id`` is what every stack of this workspace carries in a tag; empty where only the bucket knows it.
    """

    devops: Devops
    environments: tuple[Environment, ...]
    approvals_by_author: bool = False
    keep: int = 10
    id: str = ""

    def environment(self, name: str) -> Environment:
        for environment in self.environments:
            if environment.name == name:
                return environment
        names = [environment.name for environment in self.environments]
        what = f"there is no environment `{name}`, allowed is {enumerated(names)}"
        raise ConfigurationError("environment", what, hint=did_you_mean(name, names))

    def before(self, environment: Environment) -> Environment | None:
        """The environment that comes before this one in promotion order."""
        position = self.environments.index(self.environment(environment.name))
        return self.environments[position - 1] if position else None


def tool_table(document: Mapping[str, object], *, where: str, hint: str) -> Table:
    """``[tool.multi_env_lambda]`` of a ``pyproject.toml``; a missing one is refused."""
    tool = Table(where=where, path="", values=document).table("tool")
    if "multi_env_lambda" not in tool.values:
        near = next((name for name in tool.values if name.replace("-", "_").lower() == "multi_env_lambda"), None)
        found = f", found [tool.{near}]" if near else ""
        raise ConfigurationError(where, f"the table [tool.multi_env_lambda] is missing{found}", hint=hint)
    return tool.table("multi_env_lambda")


def read_workspace(document: Mapping[str, object], *, where: str) -> WorkspaceConfig:
    """The whole root ``pyproject.toml``, as it was parsed, into the workspace's configuration."""
    table = tool_table(document, where=where, hint="`multi-env-lambda init` writes it")
    elsewhere = {key: _IN_PROJECT for key in _PROJECT_KEYS}
    table.allow(("id", "devops", "environments", "approvals_by_author", "keep"), elsewhere=elsewhere)
    table.require("devops", hint="add [tool.multi_env_lambda.devops] with account_id, region and bucket")
    devops = _devops(table.table("devops"))
    return WorkspaceConfig(
        devops=devops,
        environments=_environments(table, devops),
        approvals_by_author=table.flag("approvals_by_author", False),
        keep=table.number("keep", 1, 1000, 10),
        id=table.named_or("id", WORKSPACE_ID, ""),
    )


def _devops(table: Table) -> Devops:
    table.allow(("account_id", "region", "bucket", "role_name"))
    return Devops(
        account_id=table.named("account_id", ACCOUNT_ID),
        region=table.named("region", REGION),
        bucket=check_bucket(table, "bucket"),
        role_name=table.named_or("role_name", ROLE_NAME, DEFAULT_ROLE_NAME),
    )


def _environments(table: Table, devops: Devops) -> tuple[Environment, ...]:
    table.require("environments", hint="add [[tool.multi_env_lambda.environments]] once per environment, in order")
    items = table.tables("environments")
    if not items:
        table.refuse("environments", "found none, allowed is one or more", hint="add the first, for example sandbox")
    found: list[Environment] = []
    for position, item in enumerate(items):
        environment = _environment(item, devops, position)
        if environment.name in [other.name for other in found]:
            item.refuse("name", f"two environments are called `{environment.name}`", hint="rename one of them")
        found.append(environment)
    return tuple(found)


def _environment(table: Table, devops: Devops, position: int) -> Environment:
    table.allow(("name", "account_id", "region", "role_name", "approval", "releases_only"))
    name = table.named("name", ENVIRONMENT_NAME)
    if name == devops.name:
        hint = "the devops account has its own table, [tool.multi_env_lambda.devops]"
        table.refuse("name", f"found `{name}`, which is the account of the artifacts", hint=hint)
    return Environment(
        name=name,
        account_id=table.named("account_id", ACCOUNT_ID),
        region=table.named_or("region", REGION, devops.region),
        role_name=table.named_or("role_name", ROLE_NAME, DEFAULT_ROLE_NAME),
        position=position,
        approval=table.flag("approval", False),
        releases_only=table.flag("releases_only", False),
    )
