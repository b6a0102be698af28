"""Where a run tells people something: the host of the repository, and the topic. Both may be absent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote, urlsplit

import attrs

from multi_env_lambda.aws.pull_requests import SESSION, CodeCommit
from multi_env_lambda.aws.session import Sessions
from multi_env_lambda.aws.topic import Topic
from multi_env_lambda.host.bitbucket import is_request as is_request_at_bitbucket
from multi_env_lambda.host.bitbucket import link_of as link_at_bitbucket
from multi_env_lambda.host.bitbucket_api import BITBUCKET_API, AtBitbucket
from multi_env_lambda.host.github import PUBLIC, GitHub
from multi_env_lambda.host.gitlab import is_request as is_request_at_gitlab
from multi_env_lambda.host.gitlab import link_of as link_at_gitlab
from multi_env_lambda.host.gitlab_api import GITLAB_API, AtGitLab
from multi_env_lambda.model.ci_stack import CiStack
from multi_env_lambda.model.codepipeline import STEP_VARIABLE
from multi_env_lambda.model.environment import Devops
from multi_env_lambda.model.roles import Roles
from multi_env_lambda.model.workspace import WorkspaceConfig
from multi_env_lambda.plan.access import topic_arn

__all__ = ["API", "AT_BITBUCKET", "AT_GITLAB", "TOKEN", "Host", "Later", "Nowhere", "Voice", "link_of", "voices"]

TOKEN, API = "GITHUB_TOKEN", "GITHUB_API_URL"
"""Variables of a job at GitHub; a build of CodeBuild may have them as well."""

AT_GITLAB, AT_BITBUCKET = "MULTI_ENV_LAMBDA_GITLAB_TOKEN", "MULTI_ENV_LAMBDA_BITBUCKET_TOKEN"
"""Variables that somebody sets at these hosts, so that only what is merged gets them."""


@attrs.frozen(kw_only=True)
class Nowhere:
    """There is no host, or nothing may be written there."""


@attrs.frozen(kw_only=True)
class Later:
    """This job runs the code of a change, so it may say nothing; it leaves what another job says."""


Host = CodeCommit | GitHub | AtGitLab | AtBitbucket | Later | Nowhere


@attrs.frozen(kw_only=True)
class Voice:
    """Where to say it.

    Args:
        topic: gets subject and text. link: to all that the run has said.
    """

    host: Host = Nowhere()
    topic: Callable[[str, str], None] | None = None
    link: str = ""


def voices(variables: Mapping[str, str]) -> Callable[[WorkspaceConfig], Voice]:
    """By the table of the protected branch. Nothing is asked of anybody yet."""
    own = Sessions()
    comments = Sessions(session_name=lambda _: SESSION)

    def voice(config: WorkspaceConfig) -> Voice:
        stack, roles = config.ci_stack, config.roles
        topic = None
        # A build of what is not merged may not write to people.
        if stack is not None and roles is not None and config.devops.role_name == roles.of_devops("build"):
            topic = Topic(own.client(config.devops, "sns"), topic_arn(config.devops, roles)).publish
        # In a build of the pipeline, its own repository comes first.
        walks = config.codepipeline if STEP_VARIABLE in variables else None
        there = stack if walks is None else walks.source
        if there is not None and roles is not None and there.kind == "CODECOMMIT":
            return Voice(host=_codecommit(comments, config.devops, there, roles), topic=topic, link=link_of(variables))
        return Voice(host=_host(config, variables), topic=topic, link=link_of(variables))

    return voice


def _codecommit(comments: Sessions, devops: Devops, stack: CiStack, roles: Roles) -> CodeCommit:
    place = attrs.evolve(devops, role_name=roles.comments, external_id="", source_identity="")
    author = f"arn:aws:sts::{devops.account_id}:assumed-role/{roles.comments}/{SESSION}"
    return CodeCommit(comments.client(place, "codecommit"), stack.repository, author)


def _host(config: WorkspaceConfig, variables: Mapping[str, str]) -> Host:
    """The one that runs this job, if the table names it and the job has a token for it; else GitHub."""
    gitlab, bitbucket = config.gitlab, config.bitbucket
    if (gitlab is not None and is_request_at_gitlab(variables)) or (
        bitbucket is not None and is_request_at_bitbucket(variables)
    ):
        return Later()
    if gitlab is not None and variables.get(AT_GITLAB) and link_at_gitlab(variables):
        return AtGitLab(
            project=gitlab.project,
            token=variables[AT_GITLAB],
            api=_here(variables.get("CI_API_V4_URL", "")) or GITLAB_API,
        )
    if bitbucket is not None and variables.get(AT_BITBUCKET) and link_at_bitbucket(variables):
        api = _here(variables.get("MULTI_ENV_LAMBDA_BITBUCKET_API", "")) or BITBUCKET_API
        return AtBitbucket(repository=bitbucket.repository, token=variables[AT_BITBUCKET], api=api)
    return _github(config, variables)


def _here(address: str) -> str:
    """An address of this machine, as tests have it: a variable sends these tokens nowhere else."""
    return address if urlsplit(address).hostname == "127.0.0.1" else ""


def _github(config: WorkspaceConfig, variables: Mapping[str, str]) -> GitHub | Nowhere:
    """The repository that the table names, if the job has a token for it."""
    token, name = variables.get(TOKEN, ""), ""
    if config.github is not None:
        name = config.github.repository
    else:
        addresses = (urlsplit(one.repository) for one in config.read_by_builds)
        names = (one.path.strip("/").removesuffix(".git") for one in addresses if one.hostname == "github.com")
        name = next(names, "")
    if not token or name.count("/") != 1:
        return Nowhere()
    return GitHub(repository=name, token=token, api=variables.get(API) or PUBLIC)


def link_of(variables: Mapping[str, str]) -> str:
    """To the page of the build; empty outside of one.

    >>> arn = "arn:aws:codebuild:us-east-1:111111111111:build/acme-build:0a1b"
    >>> link_of({"CODEBUILD_BUILD_ARN": arn}).rpartition("amazonaws")[0]
    ''
    """
    words = variables.get("CODEBUILD_BUILD_ARN", "").split(":", 5)
    if len(words) == 6 and words[5].startswith("build/"):
        build = words[5].removeprefix("build/")
        base = f"https://{quote(words[3])}.console.aws.amazon.com/codesuite/codebuild/{quote(words[4])}"
        return f"{base}/projects/{quote(build.partition(':')[0], safe='')}/build/{quote(build, safe='')}/log"[:400]
    if found := link_at_gitlab(variables) or link_at_bitbucket(variables):
        return found
    run, name = variables.get("GITHUB_RUN_ID", ""), variables.get("GITHUB_REPOSITORY", "")
    server = variables.get("GITHUB_SERVER_URL", "https://github.com")
    return f"{quote(server, safe=':/')}/{quote(name)}/actions/runs/{quote(run)}"[:400] if run and name else ""
