"""A workspace that is planned without credentials, against a copy of the records."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import attrs

from multi_env_lambda._version import __version__
from multi_env_lambda.api.opening import LOCAL_BUILD, read
from multi_env_lambda.aws.ledger import Ledger
from multi_env_lambda.errors import ConfigurationError
from multi_env_lambda.host.identity import now, this_process
from multi_env_lambda.host.interpreter import find_runtime
from multi_env_lambda.local.runtime_substitutes import on_this_machine
from multi_env_lambda.make.tree import TreeMaker
from multi_env_lambda.model.plan_copy import PlanCopy
from multi_env_lambda.operations.copied import CopiedStore, against, no_accounts
from multi_env_lambda.world import ProgressEvent, World

__all__ = ["world_against"]


def world_against(
    path: Path, copy: PlanCopy, folder: Path, *, report: Callable[[ProgressEvent], None], said: Callable[[str], None]
) -> World:
    """The work tree at ``path``, with a copy instead of the bucket and the accounts.

    Args:
        folder: for what is kept meanwhile; nothing else reads it.

    Raises:
        ConfigurationError: the table cannot be read, or is about another workspace than the copy.
    """
    found = read(path)
    if moved := copy.another(found.config):
        what = f"the copy of the records is about {moved}, and the table of this work tree names another"
        raise ConfigurationError("the copy of the records", what, hint="no plan is made of a change that moves it")
    store = CopiedStore(copy)
    maker = TreeMaker(root=found.root, cache=folder, config=found.config, interpreter=find_runtime, fetch=store.get)
    world = World(
        config=found.config,
        projects=on_this_machine(found.projects) if LOCAL_BUILD in os.environ else found.projects,
        broken=found.broken,
        store=store,
        ledger=Ledger(store, folder),
        platform=no_accounts(copy),
        maker=maker,
        cache=folder,
        library=__version__,
        holder=lambda: this_process(""),
        holder_is_dead=lambda _: False,
        reported=report,
        said=said,
        now=now,
    )
    return attrs.evolve(against(world, copy, folder), maker=maker)
