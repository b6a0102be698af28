"""The repository's own table: the devops account, the environments in promotion order, and the common rules."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import attrs

from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.model.bitbucket import Bitbucket, read_bitbucket_table
from multi_env_lambda.model.bounds import read_bounds
from multi_env_lambda.model.ci import BRANCH_PREFIX, CiRules, read_ci
from multi_env_lambda.model.ci_stack import CiStack, read_ci_stack
from multi_env_lambda.model.codepipeline import CodePipeline, read_codepipeline_table
from multi_env_lambda.model.environment import CALLER, DEFAULT_ROLE_NAME, Devops, Environment
from multi_env_lambda.model.github import GitHub, read_github_table
from multi_env_lambda.model.gitlab import GitLab, read_gitlab_table
from multi_env_lambda.model.keys.workspace import WORKSPACE
from multi_env_lambda.model.name import check_bucket
from multi_env_lambda.model.reach import reaching
from multi_env_lambda.model.reading import Table, did_you_mean, enumerated
from multi_env_lambda.model.roles import DEPLOYERS, Acting, Roles, read_roles
from multi_env_lambda.model.sendable import HINT_UNSENDABLE, unsendable
from multi_env_lambda.model.stages import Stage, check_stages, named, no_stage, stages_of
from multi_env_lambda.model.units_folder import DEFAULT_FOLDER, folder_in, read_units_folder, unit_folder
from multi_env_lambda.model.webhook import Webhook, read_webhook_table

__all__ = ["BUILD_CONSTRAINTS", "WorkspaceConfig", "read_workspace", "tool_table"]

BUILD_CONSTRAINTS = "build-constraints.txt"
"""The file at the root that locks the build tools of the units; it is optional."""

_LONGEST_BUCKET = 63
_PROJECT_KEYS = ("runtime", "architecture", "needs", "shared", "versioning", "functions", "jobs", "tags")


@attrs.frozen(kw_only=True)
class WorkspaceConfig:
    """What the root ``pyproject.toml`` says; ``keep`` is how many releases per unit are kept for rolling back.

    ``id`` is in a tag of every stack of this workspace; empty if only the bucket knows it. ``ci``: what pushes and pull
    requests lead to. ``github``: the repository there whose jobs act as roles of a build; ``gitlab``: the
    project there, ``bitbucket``: the repository there; ``codepipeline``: the repository that a pipeline starts with;
    ``webhook``: the receiver of a Git host's events. ``left``: the environments that were removed from the table, if
    the bucket was asked for them; no plan goes there. ``roles``: those that `bootstrap` makes; None: the ``role_name``
    of each account serves everybody. ``units`` is the folder in which the folders of the units are.
    """

    devops: Devops
    environments: tuple[Environment, ...]
    approvals_by_author: bool = False
    keep: int = 10
    id: str = ""
    ci: CiRules = CiRules()
    ci_stack: CiStack | None = None
    github: GitHub | None = None
    gitlab: GitLab | None = None
    bitbucket: Bitbucket | None = None
    codepipeline: CodePipeline | None = None
    webhook: Webhook | None = None
    left: tuple[Environment, ...] = ()
    roles: Roles | None = None
    units: str = DEFAULT_FOLDER

    @property
    def buckets(self) -> tuple[Devops, ...]:
        """The devops account in each region from which artifacts are taken; the first one is written first."""
        others = sorted({environment.region for environment in self.environments} - {self.devops.region})
        return (self.devops, *(self.devops.at(region) for region in others))

    def environment(self, name: str, *, also: tuple[str, ...] = ()) -> Environment:
        """The environment of this name.

        Args:
            also: other places that could have been named instead, for the message.

        Raises:
            ConfigurationError: there is none, or it is the name of a stage.
        """
        for environment in (*self.environments, *self.left):
            if environment.name == name:
                return environment
        if stage := named(self.environments, name):
            raise no_stage(name, stage)
        names = [*(environment.name for environment in self.environments), *also]
        what = f"there is no environment `{name}`; expected {enumerated(names)}"
        raise ConfigurationError("environment", what, hint=did_you_mean(name, names, listed=True))

    def with_roles(self) -> WorkspaceConfig:
        """With a role for each account: in the local cloud nobody has credentials for all of them."""
        places = tuple(attrs.evolve(item, role_name=item.role_name or DEFAULT_ROLE_NAME) for item in self.environments)
        role = self.devops.role_name or DEFAULT_ROLE_NAME
        return attrs.evolve(self, devops=attrs.evolve(self.devops, role_name=role), environments=places)

    @property
    def hosts_with_jobs(self) -> tuple[object, ...]:
        """The services of others that the table names, whose jobs install this library and act as a build."""
        named = (self.github, self.gitlab, self.bitbucket, self.codepipeline)
        return tuple(host for host in named if host is not None)

    def with_people(self, pattern: str) -> WorkspaceConfig:
        """With these people as developers and approvers: those of the local cloud have other names."""
        if self.roles is None:
            return self
        return attrs.evolve(self, roles=attrs.evolve(self.roles, developers=(pattern,), approvers=(pattern,)))

    def acting_as(self, acting: Acting) -> WorkspaceConfig:
        """With the role of each account that this identity has there: where it may not deploy, the one that looks."""
        if self.roles is None or acting == "administrator":
            return self
        devops = attrs.evolve(self.devops, role_name=self.roles.of_devops(acting), external_id="", source_identity="")

        def role_of(place: Environment) -> Environment:
            if not place.prefix:
                return place
            name = place.role_for("deploy" if acting in place.deployed_by else "read")
            return attrs.evolve(place, role_name=name, external_id="", source_identity="", through=devops)

        environments, left = (tuple(map(role_of, places)) for places in (self.environments, self.left))
        return attrs.evolve(self, devops=devops, environments=environments, left=left)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The environments by stage, in promotion order."""
        return stages_of(self.environments)

    @property
    def stage_names(self) -> tuple[str, ...]:
        """The names that the table gives to stages."""
        return tuple(dict.fromkeys(place.stage for place in self.environments if place.stage))

    @property
    def end(self) -> str:
        """The name of the last stage as a target: to reach it is to reach all of its environments."""
        last = self.environments[-1]
        return last.stage or last.name

    @property
    def read_by_builds(self) -> tuple[CiStack, ...]:
        """The repositories that builds in the devops account read."""
        own = None if self.codepipeline is None else self.codepipeline.source
        found = {one.repository: one for one in (own, self.ci_stack) if one is not None}
        return tuple(found.values())

    def reached(self, name: str) -> Stage:
        """What a person names as a target: one environment, or all of a stage.

        Raises:
            ConfigurationError: there is neither.
        """
        return named(self.environments, name) or (self.environment(name),)

    def earlier(self, environment: Environment) -> tuple[Stage, ...]:
        """The stages before that of an environment; of one that left the table, all."""
        stages = self.stages
        names = [[place.name for place in stage] for stage in stages]
        return stages[: next((at for at, stage in enumerate(names) if environment.name in stage), len(stages))]

    def before(self, environment: Environment) -> Stage:
        """The environments of the stage before; none before the first."""
        return (self.earlier(environment) or ((),))[-1]


def tool_table(document: Mapping[str, object], *, where: str, hint: str) -> Table:
    """``[tool.multi_env_lambda]`` of a ``pyproject.toml``; a missing one is refused."""
    tool = Table(where=where, path="", values=document).table("tool")
    if "multi_env_lambda" not in tool.values:
        near = next((name for name in tool.values if name.replace("-", "_").lower() == "multi_env_lambda"), None)
        found = f", found [tool.{near}]" if near else ""
        raise ConfigurationError(where, f"the table [tool.multi_env_lambda] is missing{found}", hint=hint)
    table = tool.table("multi_env_lambda")
    _refuse_what_cannot_be_sent(table)
    return table


def _refuse_what_cannot_be_sent(table: Table) -> None:
    """Here, before anything is built from it: an environment with NUL in it starts no process either.

    The event of a smoke call is in no template, and JSON escapes what is in it.
    """
    found = unsendable(table.values, beside="smoke")
    if found is not None:
        path, character = found
        table.refuse(".".join(map(str, path)), f"a text has {character}", hint=HINT_UNSENDABLE)


def read_workspace(document: Mapping[str, object], *, where: str) -> WorkspaceConfig:
    """The workspace's configuration, from the whole parsed root ``pyproject.toml``."""
    table = tool_table(document, where=where, hint="`multi-env-lambda init` writes it").of(WORKSPACE)
    file = f"{unit_folder(folder_in(table.values), '<name>')}/pyproject.toml"
    elsewhere = {key: f"set that in the unit's own file, {file}" for key in _PROJECT_KEYS}
    table.allow(elsewhere=elsewhere)
    table.require("devops", hint="add [tool.multi_env_lambda.devops] with account_id, region and bucket")
    devops = _devops(table.table("devops"))
    roles = read_roles(table)
    environments = _environments(table, devops, "" if roles is None else roles.prefix)
    _check_buckets(table, devops, environments)
    ci = read_ci(table.table("ci"))
    ci_stack = read_ci_stack(table.table("ci"), has_roles=roles is not None)
    _check_names(table, ci, environments)
    return WorkspaceConfig(
        devops=devops,
        environments=environments,
        approvals_by_author=table.flag("approvals_by_author"),
        keep=table.number("keep"),
        id=table.named_or("id"),
        ci=ci,
        ci_stack=ci_stack,
        github=read_github_table(
            table.table("ci"),
            has_roles=roles is not None,
            approving=[place.name for place in environments if place.approval],
        ),
        gitlab=read_gitlab_table(table.table("ci"), has_roles=roles is not None),
        bitbucket=read_bitbucket_table(table.table("ci"), has_roles=roles is not None),
        codepipeline=read_codepipeline_table(table.table("ci"), has_roles=roles is not None),
        webhook=read_webhook_table(table.table("ci"), ci_stack),
        roles=roles,
        units=read_units_folder(table),
    )


def _devops(table: Table) -> Devops:
    table.allow()
    named = table.table("buckets") if table.has("buckets") else None
    return Devops(
        account_id=table.named("account_id"),
        region=table.named("region"),
        bucket=check_bucket(table, "bucket"),
        buckets={} if named is None else {region: check_bucket(named, region) for region in named.values},
        **_access(table),
    )


def _check_buckets(table: Table, devops: Devops, environments: tuple[Environment, ...]) -> None:
    """The default name of another region's bucket must be one that S3 accepts."""
    for region in sorted({environment.region for environment in environments}):
        name = devops.at(region).bucket
        if len(name) > _LONGEST_BUCKET:
            what = f"the bucket for {region} would be {name}: {len(name)} characters; the limit is {_LONGEST_BUCKET}"
            table.refuse("devops", what, hint=f'name it: `buckets = {{ {region} = "…" }}`')


def _check_names(table: Table, ci: CiRules, environments: tuple[Environment, ...]) -> None:
    """No environment is taken for that of a branch, which goes with it, or is within reach of another one's roles."""
    for place in environments:
        if ci.branches and place.name.startswith(BRANCH_PREFIX):
            what = f"found `{place.name}`, and `{BRANCH_PREFIX}` is what branches' own environments begin with"
            hint = "call it otherwise, or leave `ci.branch_environments` out"
            table.refuse("environments", what, hint=hint)
    for place, other in permutations([one for one in environments if one.prefix], 2):
        ends = place.account_id == other.account_id and place.name.endswith(f"-{other.name}")
        if ends or reaching(f"unit-{place.name}-", place, [other]) is not None:
            what = (
                f"the roles of `{other.name}` are for what is called `*-{other.name}-*`, and so for `*-{place.name}-*`"
            )
            hint = f"rename one of them, or let `{place.name}` have an account of its own"
            table.refuse("environments", what, hint=hint)


def _access(table: Table) -> dict[str, Any]:
    """How to get access to the account: the role, and what its trust policy may require."""
    own = table.values.get("role_name") == ""
    for key in ("external_id", "source_identity") if own else ():
        if table.has(key):
            hint = f'`role_name = ""` means your own credentials; leave `{key}` out, or name the role'
            table.refuse(key, "it is passed to a role, but no role is assumed", hint=hint)
    said = table.values.get("source_identity", False)
    identity = CALLER if said is True else ""
    if not isinstance(said, bool):
        identity = table.named("source_identity")
    return {
        "role_name": "" if own else table.named_or("role_name"),
        "external_id": table.named_or("external_id"),
        "source_identity": identity,
    }


def _environments(table: Table, devops: Devops, prefix: str) -> tuple[Environment, ...]:
    table.require("environments", hint="add [[tool.multi_env_lambda.environments]] once per environment, in order")
    items = table.tables("environments")
    if not items:
        table.refuse("environments", "found none; expected one or more", hint="add the first, for example sandbox")
    found: list[Environment] = []
    for position, item in enumerate(items):
        environment = _environment(item, devops, position, prefix)
        if environment.name in [other.name for other in found]:
            item.refuse("name", f"two environments are called `{environment.name}`", hint="rename one of them")
        found.append(environment)
    check_stages(table, found, devops.name)
    return tuple(found)


def _environment(table: Table, devops: Devops, position: int, prefix: str) -> Environment:
    table.allow()
    name = table.named("name")
    if name == devops.name:
        hint = "the devops account has its own table, [tool.multi_env_lambda.devops]"
        table.refuse("name", f"found `{name}`, which is the account of the artifacts", hint=hint)
    return Environment(
        name=name,
        account_id=table.named("account_id"),
        region=table.named_or("region", default=devops.region),
        position=position,
        stage=table.named_or("stage"),
        approval=table.flag("approval"),
        releases_only=table.flag("releases_only"),
        committed_only=table.flag("committed_only"),
        protect=table.flag("protect"),
        bounds=read_bounds(table),
        prefix=prefix if table.flag("roles") else "",
        deployed_by=_deployed_by(table, prefix),
        **_access(table),
    )


def _deployed_by(table: Table, prefix: str) -> tuple[Acting, ...]:
    if "deployed_by" not in table.values:
        return DEPLOYERS
    if not prefix or not table.flag("roles"):
        hint = "write `[tool.multi_env_lambda.roles]` at the top, or leave `deployed_by` out"
        table.refuse("deployed_by", "one role serves everybody here", hint=hint)
    found = table.texts("deployed_by")
    for word in found:
        if word not in DEPLOYERS:
            table.wrong("deployed_by", allowed=enumerated(DEPLOYERS), hint=did_you_mean(word, DEPLOYERS, listed=True))
    return tuple(one for one in DEPLOYERS if one in found)
