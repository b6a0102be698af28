"""Opens a workspace: reads its files and, on demand, connects to everything outside."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from multi_env_lambda._version import __version__
from multi_env_lambda.api.reading_units import read_tables
from multi_env_lambda.host.folders import workspace_cache
from multi_env_lambda.host.repository import find_root, read_repository
from multi_env_lambda.host.timing import timed
from multi_env_lambda.model.broken import BrokenUnit
from multi_env_lambda.model.ci_stack import JOB_VARIABLE
from multi_env_lambda.model.units import Units
from multi_env_lambda.model.workspace import WorkspaceConfig, read_workspace

if TYPE_CHECKING:
    from multi_env_lambda.aws.session import Sessions
    from multi_env_lambda.host.pace import Paces
    from multi_env_lambda.local.cloud import LocalCloud
    from multi_env_lambda.world import ProgressEvent, World

__all__ = ["LOCAL_BUILD", "Read", "built_here", "connect", "read", "sessions"]

LOCAL_BUILD = "MULTI_ENV_LAMBDA_LOCAL_BUILD"
"""Set in the builds of the local cloud, whose functions run on this machine; ``emulator/builds.py`` has the same."""


@attrs.frozen(kw_only=True)
class Read:
    """What the files of a workspace say. Errors in the root table affect everything; those in a unit only that unit."""

    root: Path
    config: WorkspaceConfig
    projects: Units
    broken: tuple[BrokenUnit, ...]


@timed("step", "read the workspace")
def read(path: Path) -> Read:
    """The folder, settings and units of the workspace that contains ``path``.

    Raises:
        ConfigurationError: there is none, or its root table cannot be read.
    """
    root = find_root(path)
    repository = read_repository(root)
    config = read_workspace(repository.document, where="pyproject.toml")
    projects, broken = read_tables(repository, config)
    return Read(root=root, config=config, projects=projects, broken=broken)


def sessions(cloud: LocalCloud | None, profile: str = "") -> Sessions:
    """New sessions: of the local cloud's user, of the profile, or as boto3 finds credentials. Creating them is free."""
    from multi_env_lambda.aws.access import Profile
    from multi_env_lambda.aws.session import Sessions
    from multi_env_lambda.model.principal import session_name_of, session_of_job

    job = os.environ.get(JOB_VARIABLE, "")
    named = partial(session_of_job, job) if job else session_name_of
    if cloud is None:
        return Sessions(Profile(name=profile) if profile else None, session_name=named)
    from multi_env_lambda.local.config_file import access_of

    return Sessions(access_of(cloud), session_name=named)


def built_here(projects: Units, *, local: bool) -> Units:
    """The units as they are built: for Lambda's machines, or for this one, if the local cloud runs them."""
    if _is_on_aws(local=local):
        return projects
    from multi_env_lambda.local.runtime_substitutes import on_this_machine

    return on_this_machine(projects)


def _is_on_aws(*, local: bool) -> bool:
    return not local and LOCAL_BUILD not in os.environ  # the local cloud does as it is asked


def _at_once(endpoint: str, *, local: bool) -> tuple[int, Paces | None]:
    """How many units may be on their way, and at which pace they begin: only AWS needs one.

    A cloud on this machine, ours or another one, is kept back by nothing but this machine.
    """
    from multi_env_lambda.host.pace import Paces
    from multi_env_lambda.host.parallel import UNITS_AT_ONCE, UNITS_HERE
    from multi_env_lambda.host.proxies import is_here

    return (UNITS_AT_ONCE, Paces()) if _is_on_aws(local=local) and not is_here(endpoint) else (UNITS_HERE, None)


def connect(
    root: Path,
    config: WorkspaceConfig,
    projects: Units,
    broken: tuple[BrokenUnit, ...],
    *,
    cloud: LocalCloud | None,
    profile: str,
    acting: str,
    report: Callable[[ProgressEvent], None],
    said: Callable[[str], None],
) -> World:
    """The handles to everything outside. ``cloud``: the local cloud, if in use. No request is made yet.

    ``acting``: the role in which the caller says that she acts, where `bootstrap` made roles. That is when her
    identity is looked up.
    """
    from multi_env_lambda.aws.bucket import Bucket
    from multi_env_lambda.aws.ledger import Ledger
    from multi_env_lambda.aws.platform import AwsPlatform
    from multi_env_lambda.host.identity import is_dead, now, this_process
    from multi_env_lambda.host.interpreter import find_runtime
    from multi_env_lambda.host.retrying import Retrying
    from multi_env_lambda.make.tree import TreeMaker
    from multi_env_lambda.world import World

    met = sessions(cloud, profile)
    config = _acting(config, met, acting)
    devops = config.devops
    retrying = Retrying(retries=met.retries)
    objects = met.client(devops, "s3")
    store = Bucket(objects, devops.bucket, devops.account_id, retrying=retrying)
    cache = workspace_cache(root) / ("aws" if cloud is None else "local")
    platform = AwsPlatform(met, devops)
    workers, paces = _at_once(objects.meta.endpoint_url, local=cloud is not None)
    return World(
        config=config,
        projects=built_here(projects, local=cloud is not None),
        broken=broken,
        store=store,
        ledger=Ledger(store, cache),
        platform=platform,
        maker=TreeMaker(root=root, cache=cache, config=config, interpreter=find_runtime, fetch=store.get),
        cache=cache,
        library=__version__,
        holder=lambda: this_process(platform.caller()),
        holder_is_dead=is_dead,
        reported=report,
        said=said,
        now=now,
        retries=met.retries,
        endings=met.endings,
        workers=workers,
        paces=paces,
        elsewhere=lambda place: Bucket(met.client(place, "s3"), place.bucket, place.account_id, retrying=retrying),
    )


def _acting(config: WorkspaceConfig, met: Sessions, acting: str) -> WorkspaceConfig:
    """The settings by which the caller reaches the accounts; that is looked up only if `bootstrap` made roles."""
    from multi_env_lambda.model.roles import acting_of

    if config.roles is None:
        return config
    caller = "" if acting == "administrator" else met.caller()
    return config.acting_as(acting_of(config.roles, config.devops.account_id, caller, acting))
